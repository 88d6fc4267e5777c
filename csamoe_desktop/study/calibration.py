"""Millimetres per pixel from a DICOM header: US Region Calibration (PS3.3 C.8.5.5), else the pixel spacings of
PS3.3 10.7; or from a line that the user draws along the depth scale. Pixels rather than wrong millimetres: what is not
plainly a spacing in centimetres or millimetres is none, and so is one of several scales in one image."""

import math
import re
from dataclasses import dataclass

from pydicom.dataset import Dataset

from csamoe_desktop.errors import UserError
from csamoe_desktop.study.model import BY_HAND, Spacing

_TWO_DIMENSIONAL = 1
_TISSUE, _COLOUR_FLOW = 1, 2
_CENTIMETRES = 3
_PLAUSIBLE = (0.001, 10.0)
"""Millimetres per pixel outside these bounds are a mistake in the file."""

_SAME = 0.01
"""Regions whose spacings differ by less than this part agree."""

LEAST_LINE = 20.0
"""Pixels: on a shorter line the width of a scale's mark alone is worth a tenth of the length and more."""
_UNITS = {"mm": 1.0, "cm": 10.0}
_LENGTH = re.compile(r"(\d+(?:[.,]\d*)?|[.,]\d+)\s*(mm|cm)?", re.IGNORECASE)

_FALLBACKS = (
    ("PixelSpacing", "the file's pixel spacing"),
    ("NominalScannedPixelSpacing", "the file's nominal scanned pixel spacing"),
    ("ImagerPixelSpacing", "the file's imager pixel spacing (at the detector)"),
)


@dataclass(frozen=True, slots=True)
class _Region:
    """A calibrated 2D region: its kind of data, spacing and area in pixels."""

    data: int
    spacing: Spacing
    area: int


def find_spacing(header: Dataset) -> tuple[Spacing | None, tuple[str, ...]]:
    """Return the spacing a header gives its pixels, or None, and what the user should be told about it."""
    regions, notes = _regions(header)
    if regions:
        tissue = [region for region in regions if region.data == _TISSUE]
        best = max(tissue or regions, key=lambda region: region.area)
        if not all(_agree(best.spacing, region.spacing) for region in regions):
            return None, (*notes, "The image has regions of different scale; sizes are in pixels.")
        if tissue:
            return best.spacing, tuple(notes)
    for holder in (header, *_measures(header)):
        for keyword, source in _FALLBACKS:
            values = numbers(holder, keyword)
            if not values:
                continue
            if values == [1.0, 1.0]:
                notes.append(
                    f"{_sentence(source)} is exactly 1 mm, as converters write for want of a scale; sizes are in pixels."
                )
                return None, tuple(notes)
            if len(values) == 2 and all(_plausible(value) for value in values):
                return Spacing(values[0], values[1], source), tuple(notes)
            notes.append(f"{_sentence(source)} is not usable; sizes are in pixels.")
            return None, tuple(notes)
    return None, tuple(notes)


def drawn_pixels(start: tuple[float, float], end: tuple[float, float]) -> float:
    """Return the length in pixels of a line along the depth scale, its ends (row, column).

    Raises:
        UserError: it is too short to calibrate by.
    """
    pixels = math.dist(start, end)
    if pixels < LEAST_LINE:
        raise UserError(
            f"The line is {pixels:.0f} pixels long; that is too short to calibrate by.",
            f"Draw along at least {LEAST_LINE:.0f} pixels of the depth scale, better along all of it.",
        )
    return pixels


def millimetres(text: str, unit: str) -> float:
    """Return the length typed, such as "40", "4,5" or "4 cm", in millimetres; `unit` (mm or cm) counts where it names none.

    Raises:
        UserError: it is no length above nought.
    """
    found = _LENGTH.fullmatch(text.strip())
    length = float(found[1].replace(",", ".")) * _UNITS[(found[2] or unit).lower()] if found else 0.0
    if not length:
        raise UserError("This is not a length.", "Type a number above 0, such as 40.")
    return length


def by_hand(start: tuple[float, float], end: tuple[float, float], length: float, own: Spacing | None = None) -> Spacing:
    """Return the spacing of a frame on which the line from `start` to `end`, (row, column), is `length` millimetres long.

    Pixels are taken as square, unless the file's `own` spacing says how high they are for their width.

    Raises:
        UserError: the line is too short, or no ultrasound image has such pixels.
    """
    pixels = drawn_pixels(start, end)
    down, across = (own.row / own.column, 1.0) if own else (1.0, 1.0)
    step = length / math.hypot((end[0] - start[0]) * down, (end[1] - start[1]) * across)
    if not (_plausible(step * down) and _plausible(step * across)):
        raise UserError(
            f"{length:g} mm over {pixels:.0f} pixels would make a pixel {step:.3g} mm wide; no ultrasound image has such.",
            "Check the length and its unit.",
        )
    return Spacing(step * down, step * across, f"{BY_HAND}: {length:g} mm over {pixels:.0f} px")


def _regions(header: Dataset) -> tuple[list[_Region], list[str]]:
    """Return the usable 2D regions of tissue or colour flow, and a note where there is tissue but no usable scale of it."""
    found: list[_Region] = []
    unusable = 0
    for number, item in enumerate(header.get("SequenceOfUltrasoundRegions") or [], start=1):
        data = _whole(item, "RegionDataType")
        if _whole(item, "RegionSpatialFormat") != _TWO_DIMENSIONAL or data not in (_TISSUE, _COLOUR_FLOW):
            continue
        units = (_whole(item, "PhysicalUnitsXDirection"), _whole(item, "PhysicalUnitsYDirection"))
        # Signed: a delta is negative where the axis runs against the rows or columns.
        across, down = (
            abs(values[0]) * 10 if (values := numbers(item, keyword)) else math.nan
            for keyword in ("PhysicalDeltaX", "PhysicalDeltaY")
        )
        if units == (_CENTIMETRES, _CENTIMETRES) and _plausible(across) and _plausible(down):
            found.append(_Region(data, Spacing(down, across, f"region {number}"), _area(item)))
        elif data == _TISSUE:
            unusable += 1
    if unusable and not any(region.data == _TISSUE for region in found):
        return found, ["The file's ultrasound region calibration is not usable (it is not a scale in centimetres)."]
    return found, []


def _measures(header: Dataset) -> list[Dataset]:
    """Return the Pixel Measures of an enhanced multi-frame header, where all frames share them."""
    return [
        measures
        for groups in (header.get("SharedFunctionalGroupsSequence") or [])
        for measures in (groups.get("PixelMeasuresSequence") or [])
    ]


def _area(item: Dataset) -> int:
    corners = [_whole(item, f"RegionLocation{name}") for name in ("MinX0", "MaxX1", "MinY0", "MaxY1")]
    left, right, top, bottom = (corner or 0 for corner in corners)
    return max(right - left, 0) * max(bottom - top, 0)


def _agree(one: Spacing, other: Spacing) -> bool:
    return math.isclose(one.row, other.row, rel_tol=_SAME) and math.isclose(one.column, other.column, rel_tol=_SAME)


def _sentence(source: str) -> str:
    return f"{source[0].upper()}{source[1:]}"


def _plausible(millimetres: float) -> bool:
    return math.isfinite(millimetres) and _PLAUSIBLE[0] <= millimetres <= _PLAUSIBLE[1]


def numbers(item: Dataset, keyword: str) -> list[float]:
    """Return an attribute's numbers; a value that is no number is NaN, an absent attribute no numbers at all."""
    try:
        value = item.get(keyword)
        if value is None or value == "":
            return []
        values = [value] if isinstance(value, str | int | float) else list(value)
        return [float(entry) for entry in values]
    except (ValueError, TypeError):
        return [math.nan]


def _whole(item: Dataset, keyword: str) -> int | None:
    values = numbers(item, keyword)
    return int(values[0]) if values and math.isfinite(values[0]) else None
