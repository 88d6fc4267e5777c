"""The ultrasound regions of a DICOM header: where each lies, and its millimetres per pixel, or why it has none.

Source: US Region Calibration, PS3.3 C.8.5.5. Counted are two-dimensional regions of tissue or colour flow in centimetres.
A delta along Y may be negative, where the axis runs upwards; along X none does in an image of tissue.
"""

import math
from dataclasses import dataclass, replace

from pydicom.dataset import Dataset

from csamoe_desktop.study.scale import Area, Region, Spacing, pixels_only

TWO_DIMENSIONAL, M_MODE, SPECTRUM = 1, 2, 3
_TISSUE, _COLOUR_FLOW = 1, 2
_CENTIMETRES = 3
_UNITS = {
    1: "per cent",
    2: "decibels",
    4: "seconds",
    5: "hertz",
    6: "decibels a second",
    7: "centimetres a second",
    8: "square centimetres",
    9: "square centimetres a second",
    10: "cubic centimetres",
    11: "cubic centimetres a second",
    12: "degrees",
}
PLAUSIBLE = (0.001, 10.0)
"""Millimetres per pixel outside these bounds are a mistake in the file."""
DEEP = (10.0, 300.0)
"""Millimetres: an ultrasound image is at least and at most so deep."""
MOST_ASPECT = 10.0
"""No pixel is so many times as high as wide, or as wide as high."""
_EDGE = 1
"""Pixels that a region may reach beyond the image, as some scanners count them from 1, or share with its neighbour."""


@dataclass(frozen=True, slots=True)
class Found:
    """A region as the header has it.

    Attributes:
        number: its place in the sequence, from 1.
        area: where it lies; None where that cannot be.
        spacing: its millimetres per pixel, or None.
        why: in words, why there are none.
        silent: it tells nothing of lengths, so it contradicts nothing that does.
        lengths: there can be lengths on it.
    """

    number: int
    area: Area | None
    spacing: Spacing | None
    why: str = ""
    silent: bool = False
    lengths: bool = True

    @property
    def name(self) -> str:
        """What it is called."""
        return f"region {self.number}"

    @property
    def reason(self) -> str:
        """Why there are no millimetres on it, as a source says it."""
        return f"{self.name} gives no scale: {self.why}"

    def refused(self, why: str) -> "Found":
        """Return it without its millimetres."""
        return replace(self, spacing=None, why=why)

    def region(self, aspect: float) -> Region | None:
        """Return it as a part of a scale; `aspect` is that of the image's pixels."""
        if self.area is None:
            return None
        return Region(self.name, self.area, self.spacing or pixels_only(self.reason, aspect), self.lengths)


def find_regions(header: Dataset) -> list[Found]:
    """Return the regions that are of tissue, colour flow, M-mode or spectrum, each judged by itself and by its neighbours."""
    found = [
        one
        for number, item in enumerate(items(header, "SequenceOfUltrasoundRegions"), start=1)
        if (one := _found(item, number, header)) is not None
    ]
    return _without_needless(_without_contradictions(found))


def implausible(down: float, across: float, depth: float) -> str:
    """Return why no ultrasound image that is `depth` pixels deep has pixels of so many millimetres, or ""."""
    if not (plausible(down) and plausible(across)):
        return f"a pixel would be {across:.3g} mm wide and {down:.3g} mm high"
    if not 1 / MOST_ASPECT <= down / across <= MOST_ASPECT:
        return f"a pixel would be {across:.3g} mm wide and {down:.3g} mm high"
    if not DEEP[0] <= depth * down <= DEEP[1]:
        return f"the image would be {depth * down:.3g} mm deep"
    return ""


def plausible(millimetres: float) -> bool:
    """Return whether a pixel of an ultrasound image may be so large."""
    return math.isfinite(millimetres) and PLAUSIBLE[0] <= millimetres <= PLAUSIBLE[1]


def numbers(item: Dataset, keyword: str) -> list[float]:
    """Return an attribute's numbers; a value that is no number is NaN, an absent attribute no numbers at all."""
    try:
        value = item.get(keyword)
        if value is None or value == "":
            return []
        values = [value] if isinstance(value, str | int | float) else list(value)
        return [float(entry) for entry in values]
    except (ValueError, TypeError, OverflowError):
        return [math.nan]


def items(holder: Dataset, keyword: str) -> list[Dataset]:
    """Return the items of a sequence; none where it is absent, damaged, or none at all."""
    try:
        found = holder.get(keyword)
    except Exception:  # noqa: BLE001 (pydicom raises almost anything on a damaged sequence; the image is sound without it)
        return []
    if found is None or isinstance(found, bytes | str | int | float):
        return []
    return [one for one in found if isinstance(one, Dataset)]


def whole(item: Dataset, keyword: str) -> int | None:
    """Return an attribute's first number as a whole one; None where there is none."""
    values = numbers(item, keyword)
    return int(values[0]) if values and math.isfinite(values[0]) else None


def _found(item: Dataset, number: int, header: Dataset) -> Found | None:
    shape, data = whole(item, "RegionSpatialFormat"), whole(item, "RegionDataType")
    if shape not in (TWO_DIMENSIONAL, M_MODE, SPECTRUM) or (shape == TWO_DIMENSIONAL and not data):
        return None
    area, misplaced = _place(item, header)
    if shape != TWO_DIMENSIONAL or data not in (_TISSUE, _COLOUR_FLOW):
        what = {M_MODE: "it is an M-mode", SPECTRUM: "it is a spectrum"}.get(shape, "it shows no tissue")
        return Found(number, area, None, what, lengths=False)
    if area is None:
        return Found(number, None, None, misplaced)
    units = [whole(item, f"PhysicalUnits{axis}Direction") for axis in "XY"]
    if strange := [one for one in units if one != _CENTIMETRES]:
        known = _UNITS.get(strange[0] or 0)
        return Found(number, area, None, f"its unit is {known}" if known else "its unit is not given", silent=not known)
    across, down = (values[0] * 10 if (values := numbers(item, f"PhysicalDelta{axis}")) else math.nan for axis in "XY")
    if not (math.isfinite(across) and math.isfinite(down) and across and down):
        return Found(number, area, None, "the size of its pixels is not given", silent=True)
    if across < 0:
        return Found(number, area, None, "the width of its pixels is negative")
    down = abs(down)
    if why := implausible(down, across, area.height):
        # A box of colour flow may be shallow: that it agrees with the image around it is seen later.
        shallow = plausible(down) and plausible(across) and area.height * down < DEEP[0]
        kept = Spacing(down, across, f"region {number}") if shallow else None
        return Found(number, area, kept, why)
    return Found(number, area, Spacing(down, across, f"region {number}"))


def _place(item: Dataset, header: Dataset) -> tuple[Area | None, str]:
    """Return where a region lies, or why that cannot be."""
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
        return None, "it reaches beyond the image"
    return inside, ""


def _without_contradictions(found: list[Found]) -> list[Found]:
    """Return the regions, without the millimetres of those that overlap and differ, and of a shallow one by itself."""
    judged: list[Found] = []
    for one in found:
        rivals = [other for other in found if other is not one and _overlap(one, other)]
        against = next((other for other in rivals if _contradicts(one, other)), None)
        around = [other for other in rivals if other.spacing and not other.why and other.area and one.area]
        if one.spacing is None:
            judged.append(one)
        elif against is not None:
            judged.append(one.refused(f"it contradicts {against.name}, which overlaps it"))
        elif one.why and not any(other.area.holds(one.area) for other in around if other.area and one.area):
            judged.append(one.refused(one.why))
        else:
            judged.append(replace(one, why=""))
    return judged


def _without_needless(found: list[Found]) -> list[Found]:
    """Return the regions, but for those that say nothing of lengths where another one does."""
    return [
        one
        for one in found
        if not (
            one.silent
            and one.area is not None
            and any(other.spacing and other.area and other.area.holds(one.area) for other in found)
        )
    ]


def _overlap(one: Found, other: Found) -> bool:
    if one.area is None or other.area is None:
        return False
    shared = one.area.shared(other.area)
    return shared.height > _EDGE and shared.width > _EDGE


def _contradicts(one: Found, other: Found) -> bool:
    return one.spacing is not None and other.spacing is not None and not one.spacing.agrees(other.spacing)
