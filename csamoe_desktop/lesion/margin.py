"""Describes a lesion's margin in dimensionless numbers: how smooth, round or jagged its outline is.

They describe the outer outline of the largest piece (8-connected), with holes filled and other pieces left out; `pieces` is
their number. Where row and column spacing differ, everything is computed in millimetres; without millimetres, pixels have the
aspect ratio that the file gives, or are square.

- Circularity 4 pi A / P^2 (Cox, J Paleontol 1:179, 1927): 1 for a circle, less the longer or more jagged the outline.
- Solidity A / A_hull, convexity P_hull / P (Chang et al., Breast Cancer Res Treat 89:179, 2005): 1 for a convex outline;
  lobulation lowers the first, spiculation rather the second.
- Radial length (Kilday et al., IEEE Trans Med Imaging 12:664, 1993): the outline's distance from its centroid divided by
  the largest one. Its mean; its standard deviation; the entropy -sum p ln p of its histogram of 100 bins from 0 to 1,
  in nats; and the number of crossings of its mean along the outline. It is taken at 512 equidistant points along the outline,
  where Kilday takes every boundary pixel, so that the numbers do not depend on the image's resolution. A crossing counts
  only if it passes the mean by half a pixel on either side, so that a circle of pixels has none.

A is the area of the pixels. P is computed with Crofton's formula (Lehmann and Legland, Insight Journal, 2012): the number of
crossings of the outline by lines in 4 directions (rows, columns, both diagonals of pixels), times the lines' distance,
weighted with the angle that each direction represents. Counting pixel edges would give a circle 4/pi times its length. For
a round outline the result is within 1 %; a straight side along the pixels or their diagonals comes out 5 % too short, one
in between at most 3 % too long. If a piece of a few pixels would come out rounder than a circle, its circularity is set to 1.
"""

from dataclasses import dataclass
from math import atan2, hypot, pi

import cv2
import numpy as np
from numpy.typing import NDArray

from csamoe_desktop.errors import UserError
from csamoe_desktop.lesion.outline import outlines
from csamoe_desktop.study.scale import AnyScale, spacing_of

Bool = NDArray[np.bool_]
Step = NDArray[np.float64]

_POINTS, _BINS = 512, 100


@dataclass(frozen=True, slots=True)
class Margin:
    """A lesion's margin in numbers (see the module); `pieces` is the number of pieces of the mask."""

    circularity: float
    solidity: float
    convexity: float
    radial_mean: float
    radial_deviation: float
    radial_entropy: float
    zero_crossings: int
    pieces: int

    def words(self) -> str:
        """Return the first three numbers, such as "circularity 0.82, solidity 0.95, convexity 0.97"."""
        part = f" (the largest of {self.pieces} pieces)" if self.pieces > 1 else ""
        return f"circularity {self.circularity:.2f}, solidity {self.solidity:.2f}, convexity {self.convexity:.2f}{part}"

    def radial_words(self) -> str:
        """Return the radial length in words, such as "mean 0.81, deviation 0.09, entropy 3.12, 6 crossings of the mean"."""
        return (
            f"mean {self.radial_mean:.2f}, deviation {self.radial_deviation:.2f}, entropy {self.radial_entropy:.2f}, "
            f"{self.zero_crossings} crossings of the mean"
        )


def describe_margin(mask: Bool, scale: AnyScale = None) -> Margin:
    """Return the margin descriptors of `mask`, bool (rows, columns), with the scale of its frame.

    Raises:
        UserError: the mask is empty.
    """
    if not mask.any():
        raise UserError("No lesion is marked, so there is nothing to measure.", "Draw or import an outline first.")
    spacing = spacing_of(scale, mask)
    step = np.array([spacing.row, spacing.column])
    piece, pieces = _largest(cropped(mask))
    piece = filled(piece)
    hull = _hull(piece)
    around = perimeter(piece, step)
    area = float(piece.sum() * step.prod())
    mean, deviation, entropy, crossings = _radial(piece, step)
    return Margin(
        circularity=min(1.0, 4 * pi * area / around**2),
        solidity=float(piece.sum() / hull.sum()),
        convexity=perimeter(hull, step) / around,
        radial_mean=mean,
        radial_deviation=deviation,
        radial_entropy=entropy,
        zero_crossings=crossings,
        pieces=pieces,
    )


def outline_features(mask: Bool, scale: AnyScale = None) -> NDArray[np.float64]:
    """Return the features of an outline alone, float64 [6]: circularity, solidity, convexity, height / width, relative area,
    log area; for a baseline that does not see the image.

    The first three are from `describe_margin`; height and width are those of the box around everything that is marked, in
    millimetres with a `scale`. Relative area is the marked fraction of the frame, 0..1. Log area is the natural logarithm of
    the number of marked pixels, always in pixels, as most data sets have no spacing.

    Raises:
        UserError: the mask is empty.
    """
    spacing = spacing_of(scale, mask)
    margin = describe_margin(mask, spacing)
    inside = cropped(mask)
    pixel = spacing.row / spacing.column
    marked = int(inside.sum())
    return np.array(
        [
            margin.circularity,
            margin.solidity,
            margin.convexity,
            inside.shape[0] / inside.shape[1] * pixel,
            marked / mask.size,
            np.log(marked),
        ],
        np.float64,
    )


def cropped(mask: Bool) -> Bool:
    """Return a mask, bool (rows, columns), cropped to the box around its marked pixels."""
    left, top, width, height = cv2.boundingRect(mask.view(np.uint8))
    return mask[top : top + height, left : left + width]


def filled(mask: Bool) -> Bool:
    """Return a mask, bool (rows, columns), with its holes filled."""
    outside = np.pad(mask, 1).astype(np.uint8)
    # 4-connected: the background does not leak through a corner, as pieces that touch there are one.
    cv2.floodFill(outside, None, (0, 0), 2, flags=4)
    return np.asarray(outside[1:-1, 1:-1] != 2)


def perimeter(mask: Bool, step: Step) -> float:
    """Return the length of all edges of a mask, bool (rows, columns), in the unit of `step` (row, column)."""
    down, across = float(step[0]), float(step[1])
    inside = np.pad(mask, 1)
    slanted = hypot(down, across)
    angle = atan2(down, across)
    # Number of crossings times the distance between lines: along rows, along columns, and along both diagonals.
    along_rows = np.count_nonzero(inside[:, 1:] != inside[:, :-1]) * down
    along_columns = np.count_nonzero(inside[1:] != inside[:-1]) * across
    diagonals = np.count_nonzero(inside[1:, 1:] != inside[:-1, :-1]) + np.count_nonzero(
        inside[1:, :-1] != inside[:-1, 1:]
    )
    # A direction represents half the angle to its neighbours on either side; together they make a half turn.
    for_rows, for_columns, for_diagonals = angle, pi / 2 - angle, pi / 4
    return (
        float(for_rows * along_rows + for_columns * along_columns + for_diagonals * diagonals * down * across / slanted)
        / 2
    )


def _largest(mask: Bool) -> tuple[Bool, int]:
    """Return the largest piece of a mask, cropped to its box, and the number of pieces."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    largest = 1 + int(stats[1:, cv2.CC_STAT_AREA].argmax())
    return cropped(np.asarray(labels == largest)), count - 1


def _hull(mask: Bool) -> Bool:
    """Return the pixels whose centre lies in the convex hull of the mask's pixel centres, or on its edge."""
    rows = np.flatnonzero(mask.any(axis=1))
    left = mask[rows].argmax(axis=1)
    right = mask.shape[1] - 1 - mask[rows][:, ::-1].argmax(axis=1)
    ends = np.concatenate([np.stack([side, rows], axis=1) for side in (left, right)]).astype(np.int32)
    corners = np.asarray(cv2.convexHull(ends), np.int64).reshape(-1, 2)
    # Integers throughout, so that a centre on the hull's edge counts exactly and a convex mask is its own hull.
    first = np.full(mask.shape[0], mask.shape[1], np.int64)
    last = np.full(mask.shape[0], -1, np.int64)
    for (x0, y0), (x1, y1) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        if y0 == y1:
            first[y0], last[y0] = min(first[y0], x0, x1), max(last[y0], x0, x1)
            continue
        (low_x, low), (high_x, high) = ((x0, y0), (x1, y1)) if y0 < y1 else ((x1, y1), (x0, y0))
        crossed = np.arange(low, high + 1)
        over = (crossed - low) * (high_x - low_x)
        first[crossed] = np.minimum(first[crossed], low_x - (-over // (high - low)))
        last[crossed] = np.maximum(last[crossed], low_x + over // (high - low))
    columns = np.arange(mask.shape[1])
    return np.asarray((columns >= first[:, None]) & (columns <= last[:, None]))


def _radial(piece: Bool, step: Step) -> tuple[float, float, float, int]:
    """Return the mean, deviation, entropy and mean crossings of the radial length of a piece without holes."""
    (line,) = outlines(piece, smooth=True)
    rows, columns = np.nonzero(piece)
    centre = (np.array([rows.mean(), columns.mean()]) + 0.5) * step
    points = line[:, ::-1].astype(np.float64) * step
    points = np.concatenate([points, points[:1]])
    walked = np.concatenate([[0.0], np.hypot(*np.diff(points, axis=0).T).cumsum()])
    places = np.arange(_POINTS) * walked[-1] / _POINTS
    even = np.stack([np.interp(places, walked, points[:, axis]) for axis in (0, 1)], axis=1)
    lengths = np.hypot(*(even - centre).T)
    longest = float(lengths.max())
    share = lengths / longest
    mean = float(share.mean())
    parts = np.histogram(share, bins=_BINS, range=(0, 1))[0] / _POINTS
    parts = parts[parts > 0]
    away = share - mean
    sides = np.sign(away[np.abs(away) > 0.5 * step.max() / longest])
    crossings = int(np.count_nonzero(sides != np.roll(sides, 1)))
    return mean, float(share.std()), float((parts * np.log(1 / parts)).sum()), crossings
