"""What the pixels of a frame measure, and where on it: the one place that decides between millimetres and pixels.

A calibration holds inside its own region (US Region Calibration, PS3.3 C.8.5.5): beyond it, and across two regions,
lengths are in pixels, and it is said why. Pixels rather than wrong millimetres.

Areas and places are (row, column) on the frame's pixel edges: pixel (0, 0) covers 0..1 in both.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

BY_HAND = "calibrated by hand"
"""What the source of a spacing given by the user begins with."""
NOT_CALIBRATED = "the image is not calibrated"
DIFFERENT = "the image has regions of different scale"

_MOST_TOLD = 3
SAME = 0.01
"""Spacings that differ by less than this part are one, and pixels that are square but for it are square."""

Place = tuple[float, float]
Where = NDArray[np.bool_] | tuple[float, float, float, float] | tuple[Place, Place]
"""A mask of the frame's shape; a box (top, left, bottom, right), half-open; or a line by both its ends (row, column)."""


class Area(NamedTuple):
    """A rectangle of a frame, half-open."""

    top: float
    left: float
    bottom: float
    right: float

    def holds(self, other: "Area") -> bool:
        """Return whether `other` lies inside it."""
        return (
            self.top <= other.top
            and self.left <= other.left
            and other.bottom <= self.bottom
            and other.right <= self.right
        )

    def shared(self, other: "Area") -> "Area":
        """Return what both cover; where that is nothing, its height or width is not above nought."""
        return Area(
            max(self.top, other.top),
            max(self.left, other.left),
            min(self.bottom, other.bottom),
            min(self.right, other.right),
        )

    @property
    def height(self) -> float:
        """From top to bottom."""
        return self.bottom - self.top

    @property
    def width(self) -> float:
        """From left to right."""
        return self.right - self.left


@dataclass(frozen=True, slots=True)
class Spacing:
    """What a pixel counts down (row) and across (column): millimetres, or widths of a pixel where these are not known.

    Attributes:
        row, column: in mm, or in pixel widths (`column` is 1 then).
        source: where the millimetres come from, or why there are none, in words.
        in_mm: whether there are millimetres.
    """

    row: float
    column: float
    source: str
    in_mm: bool = True

    @property
    def unit(self) -> str:
        """The unit of lengths: "mm" or "px"."""
        return "mm" if self.in_mm else "px"

    @property
    def aspect(self) -> float:
        """How high a pixel is for its width; exactly 1 where it is square but for rounding."""
        ratio = self.row / self.column
        return 1.0 if math.isclose(ratio, 1.0, rel_tol=SAME) else ratio

    @property
    def by_hand(self) -> bool:
        """Whether the user gave it, by drawing along the depth scale."""
        return self.in_mm and self.source.startswith(BY_HAND)

    @property
    def words(self) -> str:
        """Where it comes from, such as "calibrated from region 1" or "calibrated by hand: 40 mm over 312 px", or why
        there are no millimetres, such as "the image is not calibrated"."""
        if self.in_mm:
            return self.source if self.by_hand else f"calibrated from {self.source}"
        shape = f"; a pixel is {self.aspect:.3g} times as high as wide, and lengths are in its widths"
        return self.source if self.aspect == 1 else f"{self.source}{shape}"

    @property
    def per_pixel(self) -> str:
        """The millimetres of a pixel, such as "0.1 mm/px", or across and down where they differ: "0.08 × 0.07 mm/px"."""
        row, column = f"{self.row:.4g}", f"{self.column:.4g}"
        return f"{column if row == column else f'{column} × {row}'} mm/px"

    def agrees(self, other: "Spacing") -> bool:
        """Return whether both say the same of a pixel."""
        return (
            self.in_mm == other.in_mm
            and math.isclose(self.row, other.row, rel_tol=SAME)
            and math.isclose(self.column, other.column, rel_tol=SAME)
        )


def pixels_only(reason: str = NOT_CALIBRATED, aspect: float = 1.0) -> Spacing:
    """Return the spacing of pixels without millimetres, so high for their width."""
    return Spacing(aspect, 1.0, reason, in_mm=False)


_NO_MILLIMETRES = pixels_only()


@dataclass(frozen=True, slots=True)
class Region:
    """A part of the frame with a spacing of its own, called such as "region 1"; without millimetres its source says why.

    `lengths` is whether there can be any on it: not on an M-mode or a spectrum.
    """

    name: str
    area: Area
    spacing: Spacing
    lengths: bool = True


@dataclass(frozen=True, slots=True)
class Scale:
    """What a frame's pixels measure.

    Attributes:
        elsewhere: the spacing outside all regions: of the whole frame where there are none.
        regions: the parts that have a spacing of their own; they may overlap where they agree.
    """

    elsewhere: Spacing = _NO_MILLIMETRES
    regions: tuple[Region, ...] = ()

    def of(self, where: Where | None) -> Spacing:
        """Return what a pixel counts for a mask, a box or a line; for an empty mask, or None, on the whole of the frame.

        In millimetres only where all of it lies on one calibrated region and on no other that differs.
        """
        if not self.regions:
            return self.elsewhere
        box = _around(where)
        if where is None or box is None:
            return self._pixels(_ACROSS_ALL) if self.elsewhere.in_mm else self.elsewhere
        touched = [one for one in self.regions if _touches(one.area, where, box)]
        if not touched:
            return self.elsewhere
        calibrated = [one for one in touched if one.spacing.in_mm]
        home = next((one for one in calibrated if one.area.holds(box)), None)
        other = next((one for one in touched if not one.spacing.in_mm), None)
        if other is not None:
            if home is None and other.area.holds(box):
                return other.spacing
            return self._pixels(f"partly on {other.name}, which is not calibrated")
        if any(not calibrated[0].spacing.agrees(one.spacing) for one in calibrated):
            return self._pixels(f"across {listed(calibrated)}, which differ in scale")
        if home is not None:
            return home.spacing
        if len(calibrated) > 1:
            return self._pixels(f"across {listed(calibrated)}, which are images of their own")
        return self._pixels(f"partly outside {listed(calibrated)}, the calibrated part of the image")

    def region_of(self, spacing: Spacing) -> str:
        """Return what the regions are called that have this spacing, such as "region 1", or ""."""
        return listed([one for one in self.regions if one.spacing.in_mm and one.spacing.agrees(spacing)])

    def areas_of(self, spacing: Spacing) -> tuple[Area, ...]:
        """Return where alone this spacing holds; nothing where that is everywhere outside other regions."""
        if self.elsewhere.in_mm and self.elsewhere.agrees(spacing):
            return ()
        return tuple(one.area for one in self.regions if one.spacing.in_mm and one.spacing.agrees(spacing))

    @property
    def aspect(self) -> float:
        """How high a pixel is for its width as the frame as a whole is shown."""
        return self.elsewhere.aspect

    @property
    def common(self) -> Spacing:
        """The spacing of all that is calibrated where that is one; else pixels, and why."""
        told = [one.spacing for one in self.regions if one.spacing.in_mm]
        if self.elsewhere.in_mm:
            told.append(self.elsewhere)
        if not told:
            return self.elsewhere
        if all(told[0].agrees(one) for one in told):
            return told[0]
        return self._pixels(DIFFERENT)

    @property
    def by_hand(self) -> bool:
        """Whether the user gave any of its millimetres."""
        return self.elsewhere.by_hand or any(one.spacing.by_hand for one in self.regions)

    @property
    def calibrated(self) -> bool:
        """Whether there are millimetres anywhere on the frame."""
        return self.elsewhere.in_mm or any(one.spacing.in_mm for one in self.regions)

    def words(self) -> str:
        """Return what a pixel measures, where, and where that comes from, such as "0.1 mm/px from region 1 (x 0 to 319, y 0
        to 239 only)", or why there are no millimetres."""
        spacing = self.common
        if not spacing.in_mm:
            each = [f"{one.spacing.per_pixel} in {one.name}" for one in self.regions if one.spacing.in_mm]
            return f"several scales: {', '.join(each)}" if each else f"no millimetres: {spacing.words}"
        return f"{spacing.per_pixel}{f', {spacing.source}' if spacing.by_hand else f' from {spacing.source}'}"

    def part_words(self, shape: tuple[int, int]) -> str:
        """Return where alone of a frame of this shape (rows, columns) there are millimetres, by its pixels, such as "x 0 to
        319, y 0 to 239 only"; nothing where they are everywhere, or nowhere."""
        if self.elsewhere.in_mm or not self.common.in_mm or self.of((0, 0, *shape)).in_mm:
            return ""
        areas = [one.area for one in self.regions if one.spacing.in_mm]
        if len(areas) > _MOST_TOLD:
            return f"in {len(areas)} regions only"
        told = (f"x {one.left} to {one.right - 1}, y {one.top} to {one.bottom - 1}" for one in areas)
        return f"{' and '.join(told)} only" if areas else ""

    def _pixels(self, reason: str) -> Spacing:
        return pixels_only(reason, self.aspect)


UNCALIBRATED = Scale()
"""The scale of a frame of which nothing is known."""
AnyScale = Scale | Spacing | None
"""What holds on a frame: its scale, or one spacing everywhere, or nothing."""
_ACROSS_ALL = "the image as a whole has no one scale"


def scale_from(told: AnyScale) -> Scale:
    """Return a scale as it is, a spacing as the scale of the whole frame, None as a scale without millimetres."""
    return told if isinstance(told, Scale) else UNCALIBRATED if told is None else Scale(told)


def spacing_of(told: AnyScale, where: Where | None) -> Spacing:
    """Return what a pixel counts for a mask, box or line, by a scale, a spacing or nothing; see `Scale.of`."""
    return told if isinstance(told, Spacing) else scale_from(told).of(where)


def _around(where: Where | None) -> Area | None:
    """Return the box around a mask, box or line; None around an empty mask."""
    if where is None:
        return None
    if isinstance(where, np.ndarray):
        down, across = np.flatnonzero(where.any(axis=1)), np.flatnonzero(where.any(axis=0))
        return Area(int(down[0]), int(across[0]), int(down[-1]) + 1, int(across[-1]) + 1) if down.size else None
    if len(where) == 4:
        return Area(*where)
    (row0, column0), (row1, column1) = where
    return Area(min(row0, row1), min(column0, column1), max(row0, row1), max(column0, column1))


def _touches(area: Area, where: Where, box: Area) -> bool:
    """Return whether a mask, box or line has anything in `area`, by more than its edge."""
    shared = area.shared(box)
    if isinstance(where, np.ndarray):
        if shared.height <= 0 or shared.width <= 0:
            return False
        rows, columns = slice(int(shared.top), int(shared.bottom)), slice(int(shared.left), int(shared.right))
        return bool(where[rows, columns].any())
    if len(where) == 4:
        return shared.height > 0 and shared.width > 0
    return _crosses(area, *where)


def _crosses(area: Area, start: tuple[float, float], end: tuple[float, float]) -> bool:
    """Return whether more than a point of a line lies in `area`, or all of a line that is a point (Liang and Barsky)."""
    first, last = 0.0, 1.0
    for here, there, low, high in zip(start, end, (area.top, area.left), (area.bottom, area.right), strict=True):
        way = there - here
        if way == 0:
            if not low <= here <= high:
                return False
            continue
        enters, leaves = sorted(((low - here) / way, (high - here) / way))
        first, last = max(first, enters), min(last, leaves)
    return first < last


def listed(regions: Sequence[Region]) -> str:
    """Return what regions are called together, such as "region 1" or "regions 1, 2"."""
    if len(regions) == 1:
        return regions[0].name
    return f"regions {', '.join(one.name.removeprefix('region ') for one in regions)}"
