"""How smooth, round or jagged a lesion's outline is, in numbers without a unit.

Described is the outer outline of the largest piece (8-connected): its holes are filled, as a margin has none, and other
pieces left out, as the figures speak of one closed line. `pieces` says how many there were. Where row and column spacing
differ, everything is computed in millimetres; without millimetres a pixel is as high for its width as the file says, or square.

- Circularity 4 pi A / P^2 (Cox, J Paleontol 1:179, 1927): 1 for a circle, less the longer or more jagged the outline.
- Solidity A / A_hull, convexity P_hull / P (Chang et al., Breast Cancer Res Treat 89:179, 2005): 1 for a convex outline;
  lobulation lowers the first, spiculation rather the second.
- Radial length (Kilday et al., IEEE Trans Med Imaging 12:664, 1993): the outline's distance from its centroid divided by
  the largest one. Its mean; its standard deviation; the entropy -sum p ln p of its histogram of 100 bins from 0 to 1,
  in nats; and how often it crosses its mean on the way round. Taken at 512 points equally far apart along the outline,
  where Kilday takes every boundary pixel, so that the figures do not hang on the image's resolution; and a crossing
  counts only if half a pixel is passed on either side, so that a circle of pixels has none.

A is the area of the pixels. P is by Crofton's formula (Lehmann and Legland, Insight Journal, 2012): how often lines
in 4 directions (rows, columns, both diagonals of pixels) cross the outline, times the lines' distance, weighted with
the angle that each direction stands for. Counting the pixels' edges would give a circle 4/pi times its length. For a
round outline this is within 1 %; a straight side along the pixels or their diagonals is told 5 % short, one in between
at most 3 % long. Where a piece of a few pixels would come out rounder than a circle, its circularity is told as 1.
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
    """A lesion's outline in numbers, as the module says; `pieces` is how many pieces the mask has."""

    circularity: float
    solidity: float
    convexity: float
    radial_mean: float
    radial_deviation: float
    radial_entropy: float
    zero_crossings: int
    pieces: int

    def words(self) -> str:
        """Return the first three, such as "circularity 0.82, solidity 0.95, convexity 0.97"."""
        of = f" (the largest of {self.pieces} pieces)" if self.pieces > 1 else ""
        return f"circularity {self.circularity:.2f}, solidity {self.solidity:.2f}, convexity {self.convexity:.2f}{of}"

    def radial_words(self) -> str:
        """Return the radial length, such as "mean 0.81, deviation 0.09, entropy 3.12, 6 crossings of the mean"."""
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
    """Return what an outline alone tells, float64 [6]: circularity, solidity, convexity, height / width, relative area,
    log area; for a baseline that sees no image.

    The first three are those of `describe_margin`; height and width those of the box around all that is marked, with
    `scale` in millimetres. Relative area is the marked part of the frame, 0..1; log area the natural logarithm of the
    marked pixels' number, which stays in pixels also where there is a spacing, as in most data sets there is none.

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
    """Return the part of a mask, bool (rows, columns), in the box around what is marked."""
    left, top, width, height = cv2.boundingRect(mask.view(np.uint8))
    return mask[top : top + height, left : left + width]


def filled(mask: Bool) -> Bool:
    """Return a mask, bool (rows, columns), with what its pieces enclose."""
    outside = np.pad(mask, 1).astype(np.uint8)
    # Through a gap at a corner nothing gets out, as pieces that touch there are one.
    cv2.floodFill(outside, None, (0, 0), 2, flags=4)
    return np.asarray(outside[1:-1, 1:-1] != 2)


def perimeter(mask: Bool, step: Step) -> float:
    """Return the length of all edges of a mask, bool (rows, columns), in the unit of `step` (row, column)."""
    down, across = float(step[0]), float(step[1])
    inside = np.pad(mask, 1)
    slanted = hypot(down, across)
    angle = atan2(down, across)
    # How often lines are crossed, and how far apart these lines are: across and down the rows, and on both diagonals.
    along_rows = np.count_nonzero(inside[:, 1:] != inside[:, :-1]) * down
    along_columns = np.count_nonzero(inside[1:] != inside[:-1]) * across
    diagonals = np.count_nonzero(inside[1:, 1:] != inside[:-1, :-1]) + np.count_nonzero(
        inside[1:, :-1] != inside[:-1, 1:]
    )
    # A direction stands for half the way to its neighbours on either side; together they make a half turn.
    for_rows, for_columns, for_diagonals = angle, pi / 2 - angle, pi / 4
    return (
        float(for_rows * along_rows + for_columns * along_columns + for_diagonals * diagonals * down * across / slanted)
        / 2
    )


def _largest(mask: Bool) -> tuple[Bool, int]:
    """Return the largest piece of a mask in the box around it, and how many pieces there are."""
    count, numbered, told, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    number = 1 + int(told[1:, cv2.CC_STAT_AREA].argmax())
    return cropped(np.asarray(numbered == number)), count - 1


def _hull(mask: Bool) -> Bool:
    """Return the pixels whose centre lies in the convex hull of the mask's pixel centres, or on its edge."""
    rows = np.flatnonzero(mask.any(axis=1))
    left = mask[rows].argmax(axis=1)
    right = mask.shape[1] - 1 - mask[rows][:, ::-1].argmax(axis=1)
    ends = np.concatenate([np.stack([side, rows], axis=1) for side in (left, right)]).astype(np.int32)
    corners = np.asarray(cv2.convexHull(ends), np.int64).reshape(-1, 2)
    # Whole numbers throughout: a centre on the hull's edge is exactly on it, so a convex mask is its own hull.
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
    """Return mean, deviation, entropy and crossings of the radial length of a piece without holes."""
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
