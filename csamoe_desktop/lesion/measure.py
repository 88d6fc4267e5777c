"""Measures a lesion's size and orientation: diameters, height and width, area, perimeter, angle.

The lesion is the union of its whole pixels: pixel (row, column) covers row..row+1 and column..column+1, so a
diameter runs from pixel corner to pixel corner, and a single pixel is one pixel wide, not zero.

- Longest diameter: between the two corners farthest apart (maximum Feret diameter).
- Diameter across it: the longest line at right angles to it within the convex hull, as a reader places the calipers. Not
  the Feret width, which in a rectangle would be far more than a reader measures.
- Area: the number of pixels, without holes.
- Equivalent diameter: that of the circle of this area, 2 sqrt(A / pi).
- Perimeter: of the outer outlines, by Crofton's formula (see `margin`).
- Height and width: the extent down and across the image; the skin is assumed to run along the image's upper edge.
  Higher than wide is "taller than wide" (Stavros et al., Radiology 196:123, 1995; ACR BI-RADS Atlas 2013, Ultrasound,
  "orientation: not parallel").
- Orientation: the angle between the longest diameter and the skin.

Where row and column spacing differ, angles and lengths are in millimetres. Without millimetres, lengths are in pixel widths,
with the pixel aspect ratio of the file, or square pixels if the file gives none. Of several pieces the largest is measured,
as a stray dot is not part of a lesion; `pieces` and `holes` are their numbers, to be shown next to the size.
"""

from dataclasses import dataclass
from math import atan2, degrees, pi, sqrt

import cv2
import numpy as np
from numpy.typing import NDArray

from csamoe_desktop.errors import UserError
from csamoe_desktop.lesion.corrections import largest_piece
from csamoe_desktop.lesion.margin import cropped, filled, perimeter
from csamoe_desktop.study.scale import AnyScale, Spacing, spacing_of

Points = NDArray[np.float64]
Ends = tuple[tuple[float, float], tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Size:
    """A lesion's size.

    Attributes:
        longest, across: the two diameters, in `unit`.
        height, width: the extent down from the skin and along it, in `unit`.
        perimeter, equivalent: length of the outline and diameter of the circle of the same area, in `unit`.
        angle: of the longest diameter to the skin, in degrees, above -90 up to 90; positive where its right end is deeper.
        area: in `unit` squared.
        unit: "mm", or "px" where the image is not calibrated.
        source: where the scale comes from, or why there are no millimetres, in words.
        pieces, holes: the number of pieces, of which this is the largest, and the number of its holes.
        longest_ends, across_ends: both ends of each diameter as (row, column) in pixel-edge coordinates: (0, 0) is the
            outer corner of the first pixel, (rows, columns) that of the last.
        aspect: a pixel's height over its width.
    """

    longest: float
    across: float
    height: float
    width: float
    perimeter: float
    equivalent: float
    angle: float
    area: float
    unit: str
    source: str
    longest_ends: Ends
    across_ends: Ends
    aspect: float = 1.0
    pieces: int = 1
    holes: int = 0

    @property
    def height_to_width(self) -> float:
        """Height divided by width: above 1 where the lesion is taller than wide."""
        return self.height / self.width

    def words(self) -> str:
        """Return both diameters with their source, such as "14.2 x 9.1 mm (calibrated from region 1)"."""
        return f"{self.diameters()} ({self.source})"

    def diameters(self) -> str:
        """Return both diameters, such as "14.2 x 9.1 mm" or "182 x 116 px"."""
        digits = 1 if self.unit == "mm" else 0
        return f"{self.longest:.{digits}f} x {self.across:.{digits}f} {self.unit}"

    def piece_words(self) -> str:
        """Return the outline's pieces and holes, such as "the largest of 3 pieces, with 2 holes", or ""."""
        parts = [f"the largest of {self.pieces} pieces"] if self.pieces > 1 else []
        if self.holes:
            parts.append("with a hole" if self.holes == 1 else f"with {self.holes} holes")
        return ", ".join(parts)

    def height_words(self) -> str:
        """Return height and width, such as "12.3 mm high, 10.1 mm wide, taller than wide (height / width 1.22)"."""
        ratio = self.height_to_width
        which = "taller than wide" if ratio > 1 else "wider than tall" if ratio < 1 else "as tall as wide"
        square = "" if self.unit == "mm" else f", pixels {aspect_words(self.aspect)}"
        return (
            f"{self._length(self.height)} high, {self._length(self.width)} wide, {which} "
            f"(height / width {ratio:.2f}{square})"
        )

    def outline_words(self) -> str:
        """Return perimeter, equivalent diameter and orientation, such as "perimeter 38.2 mm, equivalent diameter 11.4 mm,
        longest diameter at 12° to the skin"."""
        return (
            f"perimeter {self._length(self.perimeter)}, equivalent diameter {self._length(self.equivalent)}, "
            f"longest diameter at {abs(self.angle):.0f}° to the skin"
        )

    def area_words(self) -> str:
        """Return the area, such as "101.4 mm²" or "16480 px"."""
        return _area_words(self.area, self.unit)

    def _length(self, length: float) -> str:
        return f"{length:.1f} mm" if self.unit == "mm" else f"{length:.0f} px"


def area_words(pixels: int, spacing: Spacing) -> str:
    """Return the area of a number of pixels in words, as `Size.area_words` does, without a mask."""
    return _area_words(pixels * spacing.row * spacing.column, spacing.unit)


def aspect_words(aspect: float) -> str:
    """Return the pixel aspect ratio in words, such as "taken as square" or "2 times as high as wide"."""
    return "taken as square" if aspect == 1 else f"{aspect:.3g} times as high as wide"


def measure(mask: NDArray[np.bool_], scale: AnyScale) -> Size:
    """Return the size of `mask` (bool, rows x columns), in millimetres if its frame's scale has them for it, else in pixel
    widths.

    Raises:
        UserError: the mask is empty.
    """
    if not mask.any():
        raise UserError("No lesion is marked, so there is nothing to measure.", "Draw or import an outline first.")
    spacing = spacing_of(scale, mask)
    step = np.array([spacing.row, spacing.column])
    mask, pieces = largest_piece(mask)
    hull = _hull(mask) * step
    first, second = _farthest(hull)
    ends_across = _across(hull, first, second)
    inside = cropped(mask)
    area = float(inside.sum() * step.prod())
    angle = degrees(atan2(second[0] - first[0], second[1] - first[1]))
    return Size(
        longest=float(np.linalg.norm(second - first)),
        across=float(np.linalg.norm(ends_across[1] - ends_across[0])),
        height=float(inside.shape[0] * step[0]),
        width=float(inside.shape[1] * step[1]),
        perimeter=perimeter(filled(inside), step),
        equivalent=2 * sqrt(area / pi),
        angle=angle - 180 if angle > 90 else angle,
        area=area,
        unit=spacing.unit,
        source=spacing.words,
        longest_ends=_ends(first / step, second / step),
        across_ends=_ends(ends_across[0] / step, ends_across[1] / step),
        aspect=spacing.aspect,
        pieces=pieces,
        holes=_holes(inside),
    )


def _area_words(area: float, unit: str) -> str:
    if unit == "px":
        return f"{area:.0f} px"
    return f"{area:.1f} mm²" if area >= 1 else f"{area:.2g} mm²"


def _holes(piece: NDArray[np.bool_]) -> int:
    """Return the number of holes of a piece; a gap at a corner does not open a hole, as in `margin.filled`."""
    return int(cv2.connectedComponents((filled(piece) & ~piece).astype(np.uint8), connectivity=4)[0]) - 1


def _hull(mask: NDArray[np.bool_]) -> Points:
    """Return the corners [N, 2] (row, column) of the convex hull of the mask's pixels, in order around it."""
    rows = np.flatnonzero(mask.any(axis=1))
    left = mask[rows].argmax(axis=1)
    right = mask.shape[1] - mask[rows][:, ::-1].argmax(axis=1)
    corners = [np.stack([rows + below, side], axis=1) for below in (0, 1) for side in (left, right)]
    hull = cv2.convexHull(np.concatenate(corners).astype(np.int32))
    return np.asarray(hull.reshape(-1, 2), np.float64)


def _farthest(hull: Points) -> tuple[Points, Points]:
    """Return the two corners farthest apart, the upper one (then the left one) first."""
    apart = ((hull[:, None] - hull[None]) ** 2).sum(axis=2)
    row, column = np.unravel_index(apart.argmax(), apart.shape)
    first, second = sorted((hull[row], hull[column]), key=tuple)
    return first, second


def _across(hull: Points, first: Points, second: Points) -> tuple[Points, Points]:
    """Return the ends of the longest chord of `hull` at right angles to the line from `first` to `second`.

    The chord length of a convex shape changes linearly between corners, so the longest chord goes through a corner.
    """
    along = (second - first) / np.linalg.norm(second - first)
    right_angle = np.array([-along[1], along[0]])
    place, height = hull @ along, hull @ right_angle
    next_place, next_height = np.roll(place, -1), np.roll(height, -1)
    longest, ends = -1.0, (first, first)
    for at in np.unique(place):
        crossed = (np.minimum(place, next_place) <= at) & (at <= np.maximum(place, next_place))
        run = np.where(next_place == place, 1.0, next_place - place)
        share = np.where(next_place == place, 0.0, (at - place) / run)
        heights = (height + share * (next_height - height))[crossed]
        if heights.max() - heights.min() > longest + 1e-9:
            longest = heights.max() - heights.min()
            ends = (at * along + heights.min() * right_angle, at * along + heights.max() * right_angle)
    low, high = sorted(ends, key=tuple)
    return low, high


def _ends(first: Points, second: Points) -> Ends:
    return (float(first[0]), float(first[1])), (float(second[0]), float(second[1]))
