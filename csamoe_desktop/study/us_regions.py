"""Reads the ultrasound regions of a DICOM header: the area of each, and its millimetres per pixel or why it has none.

Source: US Region Calibration, PS3.3 C.8.5.5. Only two-dimensional regions of tissue or colour flow in centimetres are used.
A delta along Y may be negative if the axis points upwards; a negative delta along X is invalid in an image of tissue.
"""

import math
from dataclasses import dataclass, replace

from pydicom.dataset import Dataset

from csamoe_desktop.study.scale import Area, Region, Spacing, pixels_only

TWO_DIMENSIONAL, M_MODE, SPECTRUM = 1, 2, 3
_TISSUE, _COLOUR_FLOW = 1, 2
_CENTIMETRES = 3
_UNITS = {
    1: "percent",
    2: "decibels",
    4: "seconds",
    5: "hertz",
    6: "decibels per second",
    7: "centimetres per second",
    8: "square centimetres",
    9: "square centimetres per second",
    10: "cubic centimetres",
    11: "cubic centimetres per second",
    12: "degrees",
}
PLAUSIBLE = (0.001, 10.0)
"""Bounds of millimetres per pixel; values outside them are errors in the file."""
DEEP = (10.0, 300.0)
"""Minimum and maximum depth of an ultrasound image, in millimetres."""
MOST_ASPECT = 10.0
"""Maximum ratio of a pixel's height and width, either way."""
_EDGE = 1
"""Pixels by which a region may extend beyond the image (some scanners count from 1) or overlap its neighbour."""


@dataclass(frozen=True, slots=True)
class Found:
    """A region of the header.

    Attributes:
        number: its place in the sequence, from 1.
        area: its area; None if that is invalid.
        spacing: its millimetres per pixel, or None.
        why: why it has no millimetres, in words.
        silent: whether it gives no scale at all, so that it contradicts no other scale.
        lengths: whether lengths can be measured on it.
    """

    number: int
    area: Area | None
    spacing: Spacing | None
    why: str = ""
    silent: bool = False
    lengths: bool = True

    @property
    def name(self) -> str:
        """The region's name."""
        return f"region {self.number}"

    @property
    def reason(self) -> str:
        """Why the region has no millimetres, as the source of a spacing."""
        return f"{self.name} gives no scale: {self.why}"

    def refused(self, why: str) -> "Found":
        """Return the region without its millimetres."""
        return replace(self, spacing=None, why=why)

    def region(self, aspect: float) -> Region | None:
        """Return the region as a part of a scale; `aspect` is that of the image's pixels."""
        if self.area is None:
            return None
        return Region(self.name, self.area, self.spacing or pixels_only(self.reason, aspect), self.lengths)


def find_regions(header: Dataset) -> list[Found]:
    """Return the regions of tissue, colour flow, M-mode or spectrum, each checked by itself and against its neighbours."""
    regions = [
        region
        for number, item in enumerate(items(header, "SequenceOfUltrasoundRegions"), start=1)
        if (region := _region(item, number, header)) is not None
    ]
    return _without_needless(_without_contradictions(regions))


def implausible(down: float, across: float, depth: float) -> str:
    """Return why pixels of `down` x `across` millimetres are impossible in an image `depth` pixels deep, or ""."""
    if not (plausible(down) and plausible(across)):
        return f"a pixel would be {across:.3g} mm wide and {down:.3g} mm high"
    if not 1 / MOST_ASPECT <= down / across <= MOST_ASPECT:
        return f"a pixel would be {across:.3g} mm wide and {down:.3g} mm high"
    if not DEEP[0] <= depth * down <= DEEP[1]:
        return f"the image would be {depth * down:.3g} mm deep"
    return ""


def plausible(millimetres: float) -> bool:
    """Return whether a pixel of an ultrasound image can have this size."""
    return math.isfinite(millimetres) and PLAUSIBLE[0] <= millimetres <= PLAUSIBLE[1]


def numbers(item: Dataset, keyword: str) -> list[float]:
    """Return an attribute's numbers; NaN if it is not numeric, empty if it is missing."""
    try:
        value = item.get(keyword)
        if value is None or value == "":
            return []
        values = [value] if isinstance(value, str | int | float) else list(value)
        return [float(entry) for entry in values]
    except (ValueError, TypeError, OverflowError):
        return [math.nan]


def items(holder: Dataset, keyword: str) -> list[Dataset]:
    """Return the items of a sequence; empty if it is missing, damaged or not a sequence."""
    try:
        sequence = holder.get(keyword)
    except Exception:  # noqa: BLE001 (pydicom raises almost anything on a damaged sequence; the image does not need it)
        return []
    if sequence is None or isinstance(sequence, bytes | str | int | float):
        return []
    return [item for item in sequence if isinstance(item, Dataset)]


def whole(item: Dataset, keyword: str) -> int | None:
    """Return an attribute's first number as an int; None if there is none."""
    values = numbers(item, keyword)
    return int(values[0]) if values and math.isfinite(values[0]) else None


def _region(item: Dataset, number: int, header: Dataset) -> Found | None:
    shape, data = whole(item, "RegionSpatialFormat"), whole(item, "RegionDataType")
    if shape not in (TWO_DIMENSIONAL, M_MODE, SPECTRUM) or (shape == TWO_DIMENSIONAL and not data):
        return None
    area, misplaced = _place(item, header)
    if shape != TWO_DIMENSIONAL or data not in (_TISSUE, _COLOUR_FLOW):
        why = {M_MODE: "it is an M-mode", SPECTRUM: "it is a spectrum"}.get(shape, "it shows no tissue")
        return Found(number, area, None, why, lengths=False)
    if area is None:
        return Found(number, None, None, misplaced)
    units = [whole(item, f"PhysicalUnits{axis}Direction") for axis in "XY"]
    if strange := [unit for unit in units if unit != _CENTIMETRES]:
        known = _UNITS.get(strange[0] or 0)
        return Found(number, area, None, f"its unit is {known}" if known else "its unit is not given", silent=not known)
    across, down = (values[0] * 10 if (values := numbers(item, f"PhysicalDelta{axis}")) else math.nan for axis in "XY")
    if not (math.isfinite(across) and math.isfinite(down) and across and down):
        return Found(number, area, None, "the size of its pixels is not given", silent=True)
    if across < 0:
        return Found(number, area, None, "the width of its pixels is negative")
    down = abs(down)
    if why := implausible(down, across, area.height):
        # A colour-flow box may be shallow; it is checked later against the image around it.
        shallow = plausible(down) and plausible(across) and area.height * down < DEEP[0]
        spacing = Spacing(down, across, f"region {number}") if shallow else None
        return Found(number, area, spacing, why)
    return Found(number, area, Spacing(down, across, f"region {number}"))


def _place(item: Dataset, header: Dataset) -> tuple[Area | None, str]:
    """Return a region's area, or None and why it is invalid."""
    corners = [whole(item, f"RegionLocation{name}") for name in ("MinY0", "MinX0", "MaxY1", "MaxX1")]
    if None in corners:
        return None, "its place is not given"
    top, left, bottom, right = (corner or 0 for corner in corners)
    if bottom <= top or right <= left:
        return None, "it is empty"
    rows, columns = whole(header, "Rows"), whole(header, "Columns")
    area = Area(top, left, bottom + 1, right + 1)
    if rows is None or columns is None:
        return area, ""
    inside = area.shared(Area(0, 0, rows, columns))
    if inside.height <= 0 or inside.width <= 0:
        return None, "it lies outside the image"
    if top < 0 or left < 0 or area.bottom > rows + _EDGE or area.right > columns + _EDGE:
        return None, "it extends beyond the image"
    return inside, ""


def _without_contradictions(found: list[Found]) -> list[Found]:
    """Return the regions; those that overlap and differ, and a shallow one without an image around it, lose their
    millimetres."""
    checked: list[Found] = []
    for region in found:
        rivals = [other for other in found if other is not region and _overlap(region, other)]
        against = next((other for other in rivals if _contradicts(region, other)), None)
        around = [other for other in rivals if other.spacing and not other.why and other.area and region.area]
        if region.spacing is None:
            checked.append(region)
        elif against is not None:
            checked.append(region.refused(f"it contradicts {against.name}, which overlaps it"))
        elif region.why and not any(other.area.holds(region.area) for other in around if other.area and region.area):
            checked.append(region.refused(region.why))
        else:
            checked.append(replace(region, why=""))
    return checked


def _without_needless(found: list[Found]) -> list[Found]:
    """Return the regions without those that give no scale and lie inside one that does."""
    return [
        region
        for region in found
        if not (
            region.silent
            and region.area is not None
            and any(other.spacing and other.area and other.area.holds(region.area) for other in found)
        )
    ]


def _overlap(region: Found, other: Found) -> bool:
    if region.area is None or other.area is None:
        return False
    shared = region.area.shared(other.area)
    return shared.height > _EDGE and shared.width > _EDGE


def _contradicts(region: Found, other: Found) -> bool:
    return region.spacing is not None and other.spacing is not None and not region.spacing.agrees(other.spacing)
