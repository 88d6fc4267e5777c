"""The scale of a frame: the only module that decides between millimetres and pixels.

A calibration holds inside its own region (US Region Calibration, PS3.3 C.8.5.5). Outside it, and across two regions, lengths
are in pixels, with the reason: sizes in pixels are better than wrong millimetres.

Areas and places are (row, column) in pixel-edge coordinates: pixel (0, 0) covers 0..1 in both.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

BY_HAND = "calibrated by hand"
"""The first words of the source of a spacing that the user gave."""
NOT_CALIBRATED = "the image is not calibrated"
DIFFERENT = "the image has regions with different scales"

_MOST_TOLD = 3
SAME = 0.01
"""Spacings that differ by less than this fraction are the same, and pixels that are square to within it are square."""

Place = tuple[float, float]
Where = NDArray[np.bool_] | tuple[float, float, float, float] | tuple[Place, Place]
"""A mask of the frame's shape; a box (top, left, bottom, right), half-open; or a line given by its two ends (row, column)."""


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
        """Return the intersection; if it is empty, its height or width is not above 0."""
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
    """The size of a pixel, down (row) and across (column), in millimetres if these are known, else in pixel widths.

    Attributes:
        row, column: in mm, or in pixel widths (`column` is then 1).
        source: where the millimetres come from, or why there are none, in words.
        in_mm: whether the spacing is in millimetres.
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
        """A pixel's height over its width; exactly 1 if it is square apart from rounding."""
        ratio = self.row / self.column
        return 1.0 if math.isclose(ratio, 1.0, rel_tol=SAME) else ratio

    @property
    def by_hand(self) -> bool:
        """Whether the user gave it, by drawing along the depth scale."""
        return self.in_mm and self.source.startswith(BY_HAND)

    @property
    def words(self) -> str:
        """Where the spacing comes from, such as "calibrated from region 1" or "calibrated by hand: 40 mm over 312 px", or
        why there are no millimetres, such as "the image is not calibrated"."""
        if self.in_mm:
            return self.source if self.by_hand else f"calibrated from {self.source}"
        shape = f"; pixels are {self.aspect:.3g} times as high as wide, and lengths are in pixel widths"
        return self.source if self.aspect == 1 else f"{self.source}{shape}"

    @property
    def per_pixel(self) -> str:
        """Millimetres per pixel, such as "0.1 mm/px", or across × down if they differ: "0.08 × 0.07 mm/px"."""
        row, column = f"{self.row:.4g}", f"{self.column:.4g}"
        return f"{column if row == column else f'{column} × {row}'} mm/px"

    def agrees(self, other: "Spacing") -> bool:
        """Return whether both give the same pixel size."""
        return (
            self.in_mm == other.in_mm
            and math.isclose(self.row, other.row, rel_tol=SAME)
            and math.isclose(self.column, other.column, rel_tol=SAME)
        )


def pixels_only(reason: str = NOT_CALIBRATED, aspect: float = 1.0) -> Spacing:
    """Return a spacing without millimetres; `aspect` is a pixel's height over its width."""
    return Spacing(aspect, 1.0, reason, in_mm=False)


_NO_MILLIMETRES = pixels_only()


@dataclass(frozen=True, slots=True)
class Region:
    """A part of the frame with its own spacing, with a name such as "region 1"; without millimetres, its source says why.

    `lengths` is whether lengths can be measured on it: not on an M-mode or a spectrum.
    """

    name: str
    area: Area
    spacing: Spacing
    lengths: bool = True


@dataclass(frozen=True, slots=True)
class Scale:
    """A frame's scale.

    Attributes:
        elsewhere: the spacing outside all regions; of the whole frame if there are none.
        regions: the parts with their own spacing; they may overlap where they agree.
    """

    elsewhere: Spacing = _NO_MILLIMETRES
    regions: tuple[Region, ...] = ()

    def of(self, where: Where | None) -> Spacing:
        """Return the spacing for a mask, a box or a line; for an empty mask or None, that of the whole frame.

        It is in millimetres only if all of it lies on one calibrated region and on no other region that differs.
        """
        if not self.regions:
            return self.elsewhere
        box = _around(where)
        if where is None or box is None:
            return self._pixels(_ACROSS_ALL) if self.elsewhere.in_mm else self.elsewhere
        touched = [region for region in self.regions if _touches(region.area, where, box)]
        if not touched:
            return self.elsewhere
        calibrated = [region for region in touched if region.spacing.in_mm]
        home = next((region for region in calibrated if region.area.holds(box)), None)
        other = next((region for region in touched if not region.spacing.in_mm), None)
        if other is not None:
            if home is None and other.area.holds(box):
                return other.spacing
            return self._pixels(f"partly on {other.name}, which is not calibrated")
        if any(not calibrated[0].spacing.agrees(region.spacing) for region in calibrated):
            return self._pixels(f"across {listed(calibrated)}, which differ in scale")
        if home is not None:
            return home.spacing
        if len(calibrated) > 1:
            return self._pixels(f"across {listed(calibrated)}, which are separate images")
        return self._pixels(f"partly outside {listed(calibrated)}, the calibrated part of the image")

    def region_of(self, spacing: Spacing) -> str:
        """Return the names of the regions with this spacing, such as "region 1", or ""."""
        return listed([region for region in self.regions if region.spacing.in_mm and region.spacing.agrees(spacing)])

    def areas_of(self, spacing: Spacing) -> tuple[Area, ...]:
        """Return the areas that this spacing is limited to; none if it also holds outside all regions."""
        if self.elsewhere.in_mm and self.elsewhere.agrees(spacing):
            return ()
        return tuple(region.area for region in self.regions if region.spacing.in_mm and region.spacing.agrees(spacing))

    @property
    def aspect(self) -> float:
        """A pixel's height over its width, as the whole frame is shown."""
        return self.elsewhere.aspect

    @property
    def common(self) -> Spacing:
        """The spacing of everything that is calibrated if it is the same, else pixels with the reason."""
        spacings = [region.spacing for region in self.regions if region.spacing.in_mm]
        if self.elsewhere.in_mm:
            spacings.append(self.elsewhere)
        if not spacings:
            return self.elsewhere
        if all(spacings[0].agrees(spacing) for spacing in spacings):
            return spacings[0]
        return self._pixels(DIFFERENT)

    @property
    def by_hand(self) -> bool:
        """Whether any part was calibrated by hand."""
        return self.elsewhere.by_hand or any(region.spacing.by_hand for region in self.regions)

    @property
    def calibrated(self) -> bool:
        """Whether any part of the frame has millimetres."""
        return self.elsewhere.in_mm or any(region.spacing.in_mm for region in self.regions)

    def words(self) -> str:
        """Return the pixel size and its source, such as "0.1 mm/px from region 1", or why there are no millimetres."""
        spacing = self.common
        if not spacing.in_mm:
            each = [f"{region.spacing.per_pixel} in {region.name}" for region in self.regions if region.spacing.in_mm]
            return f"several scales: {', '.join(each)}" if each else f"no millimetres: {spacing.words}"
        return f"{spacing.per_pixel}{f', {spacing.source}' if spacing.by_hand else f' from {spacing.source}'}"

    def part_words(self, shape: tuple[int, int]) -> str:
        """Return the part of a frame of this shape (rows, columns) that the millimetres are limited to, in pixels, such as
        "x 0 to 319, y 0 to 239 only"; "" if they hold everywhere or nowhere."""
        if self.elsewhere.in_mm or not self.common.in_mm or self.of((0, 0, *shape)).in_mm:
            return ""
        areas = [region.area for region in self.regions if region.spacing.in_mm]
        if len(areas) > _MOST_TOLD:
            return f"in {len(areas)} regions only"
        bounds = (f"x {area.left} to {area.right - 1}, y {area.top} to {area.bottom - 1}" for area in areas)
        return f"{' and '.join(bounds)} only" if areas else ""

    def _pixels(self, reason: str) -> Spacing:
        return pixels_only(reason, self.aspect)


UNCALIBRATED = Scale()
"""The scale of a frame without any calibration."""
AnyScale = Scale | Spacing | None
"""A frame's scale, or one spacing for the whole frame, or None without millimetres."""
_ACROSS_ALL = "the image as a whole has no single scale"


def scale_from(given: AnyScale) -> Scale:
    """Return a scale unchanged, a spacing as the scale of the whole frame, None as a scale without millimetres."""
    return given if isinstance(given, Scale) else UNCALIBRATED if given is None else Scale(given)


def spacing_of(given: AnyScale, where: Where | None) -> Spacing:
    """Return the spacing for a mask, box or line by a scale, a spacing or None; see `Scale.of`."""
    return given if isinstance(given, Spacing) else scale_from(given).of(where)


def _around(where: Where | None) -> Area | None:
    """Return the bounding box of a mask, box or line; None for an empty mask."""
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
    """Return whether a mask, box or line overlaps `area` by more than its edge."""
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
    """Return whether a line shares more than a point with `area`; a line that is a point need only lie in it (Liang and
    Barsky)."""
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
    """Return the names of regions together, such as "region 1" or "regions 1, 2"."""
    if len(regions) == 1:
        return regions[0].name
    return f"regions {', '.join(region.name.removeprefix('region ') for region in regions)}"
