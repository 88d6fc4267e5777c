"""What a frame's pixels measure: by a DICOM header, or by a line that the user draws along the depth scale.

A header's US Region Calibration (PS3.3 C.8.5.5, see `us_regions`) comes first and holds inside its regions alone; without
it the pixel spacings of PS3.3 10.7 hold everywhere. How high a pixel is for its width is told by either, else by the pixel
aspect ratio (PS3.3 C.7.6.3.1.7). Pixels rather than wrong millimetres: what is implausible, or contradicts itself, is none.
"""

import dataclasses
import math
import re

from pydicom.dataset import Dataset

from csamoe_desktop.errors import UserError
from csamoe_desktop.study.scale import (
    BY_HAND,
    DIFFERENT,
    NOT_CALIBRATED,
    SAME,
    AnyScale,
    Area,
    Region,
    Scale,
    Spacing,
    listed,
    pixels_only,
    scale_from,
)
from csamoe_desktop.study.us_regions import (
    MOST_ASPECT,
    Found,
    find_regions,
    implausible,
    items,
    numbers,
    plausible,
    whole,
)

LEAST_LINE = 20.0
"""Pixels: on a shorter line the width of a scale's mark alone is worth a tenth of the length and more."""
FRAMES_DIFFER = "the frames have different scales"
DISAGREES = 0.05
"""A calibration by hand that differs from the file's by more than this part is said to."""
_UNITS = {"mm": 1.0, "cm": 10.0}
_LENGTH = re.compile(r"(\d+(?:[.,]\d*)?|[.,]\d+)\s*(mm|cm)?", re.IGNORECASE)

_FALLBACKS = (
    ("PixelSpacing", "the file's pixel spacing"),
    ("NominalScannedPixelSpacing", "the file's nominal scanned pixel spacing"),
    ("ImagerPixelSpacing", "the file's imager pixel spacing (at the detector)"),
)
_OF_ALL_FRAMES = (
    "Rows",
    "Columns",
    "PixelAspectRatio",
    "SharedFunctionalGroupsSequence",
    *(keyword for keyword, _ in _FALLBACKS),
)
_CLOSE_RATIO = 0.02
"""An aspect ratio is written in whole numbers: one that differs from the spacings' by less agrees with them."""

Line = tuple[tuple[float, float], tuple[float, float]]


def find_scale(header: Dataset) -> tuple[Scale, tuple[str, ...]]:
    """Return what a header says of its pixels, and what the user should be told about it."""
    aspect, notes = _aspect_ratio(header)
    regions = _agreeing(find_regions(header), header, aspect)
    flat = [one for one in regions if one.lengths]
    used = [one for one in flat if one.spacing]
    refused = [one for one in flat if not one.spacing]
    notes += [f"{_sentence(one.reason)}; sizes there are in pixels." for one in refused]
    spacings = [one.spacing for one in used if one.spacing is not None]
    if used:
        if not all(spacings[0].agrees(one) for one in spacings):
            notes.append("The image has regions of different scale: each holds inside its own region alone.")
        largest = max(used, key=lambda one: one.area.height * one.area.width if one.area else 0.0)
        assert largest.spacing is not None, "a region in use without millimetres"
        shown = largest.spacing.row / largest.spacing.column
        names = listed([part for one in used if (part := one.region(1.0)) is not None])
        elsewhere = pixels_only(f"outside {names}, the calibrated part of the image", shown)
    elif refused and not all(one.silent for one in refused):
        elsewhere = pixels_only(refused[0].reason, aspect or 1.0)
    else:
        elsewhere, more = _fallback(header, aspect)
        notes += more
        if elsewhere.in_mm:
            regions = [one for one in regions if not one.silent]
        elif refused and elsewhere.source == NOT_CALIBRATED:
            elsewhere = dataclasses.replace(elsewhere, source=refused[0].reason)
    parts = [one.region(elsewhere.aspect) for one in regions]
    return Scale(elsewhere, tuple(one for one in parts if one is not None)), tuple(notes)


def find_frame_scales(header: Dataset) -> tuple[tuple[Scale, ...], tuple[str, ...]]:
    """Return what a header says of each frame's pixels where it tells its frames apart, and what the user should be told;
    none where it does not."""
    frames = items(header, "PerFrameFunctionalGroupsSequence")
    found: list[Scale] = []
    notes: list[str] = []
    if not any("PixelMeasuresSequence" in one or "SequenceOfUltrasoundRegions" in one for one in frames):
        return (), ()
    for one in frames:
        own = Dataset()
        for keyword in _OF_ALL_FRAMES:
            if keyword in header:
                own[keyword] = header[keyword]
        if "PixelMeasuresSequence" in one:
            shared = Dataset()
            shared.PixelMeasuresSequence = one.PixelMeasuresSequence
            own.SharedFunctionalGroupsSequence = [shared]
        regions = one if "SequenceOfUltrasoundRegions" in one else header
        if "SequenceOfUltrasoundRegions" in regions:
            own.SequenceOfUltrasoundRegions = regions.SequenceOfUltrasoundRegions
        scale, said = find_scale(own)
        found.append(scale)
        notes += said
    if len(set(found)) > 1:
        notes.append("The frames have different scales; each is measured by its own.")
    return tuple(found), tuple(dict.fromkeys(notes))


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


def by_hand(
    start: tuple[float, float],
    end: tuple[float, float],
    length: float,
    own: Spacing | None = None,
    depth: float | None = None,
) -> Spacing:
    """Return the spacing of a frame on which the line from `start` to `end`, (row, column), is `length` millimetres long.

    Pixels are taken as square, unless the file's `own` spacing says how high they are for their width; where that is in
    millimetres and differs by more than a twentieth, the source says so. `depth` is that of the image in pixels.

    Raises:
        UserError: the line is too short, or no ultrasound image has such pixels.
    """
    pixels = drawn_pixels(start, end)
    down, across = (own.row / own.column, 1.0) if own else (1.0, 1.0)
    step = length / math.hypot((end[0] - start[0]) * down, (end[1] - start[1]) * across)
    if not (plausible(step * down) and plausible(step * across)):
        raise UserError(
            f"{length:g} mm over {pixels:.0f} pixels would make a pixel {step:.3g} mm wide; no ultrasound image has such.",
            "Check the length and its unit.",
        )
    if depth is not None and (why := implausible(step * down, step * across, depth)):
        raise UserError(
            f"{length:g} mm over {pixels:.0f} pixels cannot be: {why}.",
            "Check the length and its unit; an ultrasound image is 10 to 300 mm deep.",
        )
    source = f"{BY_HAND}: {length:g} mm over {pixels:.0f} px"
    return Spacing(step * down, step * across, f"{source}{_against(step * across, own)}")


def file_spacing(scale: AnyScale, line: Line | None = None) -> Spacing:
    """Return what a file's `scale` says where a line by hand is drawn, or, beside the regions, of all that is calibrated."""
    told = scale_from(scale)
    return told.common if line is None or (home := _home(told, line)) is None else home.spacing


def depth_at(scale: AnyScale, line: Line, rows: int) -> float:
    """Return how many pixels the image is deep that a line by hand is drawn on: its region, else the frame of `rows`."""
    home = _home(scale_from(scale), line)
    return float(rows) if home is None else home.area.height


def calibrated_by_hand(scale: AnyScale, line: Line, spacing: Spacing) -> Scale:
    """Return a frame's scale with a line's `spacing` in the place of what the file says.

    A line inside a region is for that region; one beside the regions, as a depth scale often is, for the whole frame.

    Raises:
        UserError: the line lies on a region without lengths, or beside regions of different scale.
    """
    told = scale_from(scale)
    barred = next((one for one in told.regions if not one.lengths and _holds(one, line)), None)
    if barred is not None:
        raise UserError(
            f"The line lies on {barred.name}, which shows no lengths.",
            "Draw along the depth scale of the B-mode image.",
        )
    home = _home(told, line)
    if home is not None:
        kept = (dataclasses.replace(one, spacing=spacing) if one == home else one for one in told.regions)
        # What says nothing, or something else, on the same place is overruled.
        return Scale(told.elsewhere, tuple(one for one in kept if one.spacing is spacing or not _covers(home, one)))
    if told.common.source == DIFFERENT:
        raise UserError(
            "The image has regions of different scale, and the line lies beside them.",
            "Draw it inside the region that it is for.",
        )
    regions = (dataclasses.replace(one, spacing=spacing) if one.lengths else one for one in told.regions)
    return Scale(spacing, tuple(regions))


def _home(scale: Scale, line: Line) -> Region | None:
    """Return the smallest region with lengths that a line lies inside."""
    homes = [one for one in scale.regions if one.lengths and _holds(one, line)]
    return min(homes, key=lambda one: one.area.height * one.area.width, default=None)


def _holds(region: Region, line: Line) -> bool:
    (row0, column0), (row1, column1) = line
    return region.area.holds(Area(min(row0, row1), min(column0, column1), max(row0, row1), max(column0, column1)))


def _covers(home: Region, other: Region) -> bool:
    return other.lengths and home.area.holds(other.area)


def _against(column: float, own: Spacing | None) -> str:
    """Return what is to be said of a width by hand that contradicts the file's own, or ""."""
    share = 0.0 if own is None or not own.in_mm else column / own.column - 1
    if abs(share) <= DISAGREES:
        return ""
    return f", {100 * abs(share):.0f} % {'more' if share > 0 else 'less'} than the file says"


def _aspect_ratio(header: Dataset) -> tuple[float | None, list[str]]:
    """Return how high a pixel is for its width by the pixel aspect ratio, None where it says nothing, and notes."""
    values = numbers(header, "PixelAspectRatio")
    if not values:
        return None, []
    if len(values) == 2 and all(math.isfinite(one) and one > 0 for one in values):
        ratio = values[0] / values[1]
        if 1 / MOST_ASPECT <= ratio <= MOST_ASPECT:
            # 1 to 1 is what the standard leaves out: it is written for want of anything better.
            return (None if math.isclose(ratio, 1.0, rel_tol=SAME) else ratio), []
    return None, ["The file's pixel aspect ratio is not usable; it is ignored."]


def _agreeing(found: list[Found], header: Dataset, aspect: float | None) -> list[Found]:
    """Return the regions without the millimetres of those that the rest of the header contradicts."""
    values = numbers(header, "PixelSpacing")
    usable = len(values) == 2 and values != [1.0, 1.0] and all(plausible(one) for one in values)
    told = Spacing(values[0], values[1], "") if usable else None
    agreeing = []
    for one in found:
        if one.spacing is not None and told is not None and not one.spacing.agrees(told):
            agreeing.append(one.refused("it contradicts the file's pixel spacing"))
        elif one.spacing is not None and not _same_shape(one.spacing, aspect):
            agreeing.append(one.refused("it contradicts the file's pixel aspect ratio"))
        else:
            agreeing.append(one)
    return agreeing


def _same_shape(spacing: Spacing, aspect: float | None) -> bool:
    return aspect is None or math.isclose(spacing.row / spacing.column, aspect, rel_tol=_CLOSE_RATIO)


def _fallback(header: Dataset, aspect: float | None) -> tuple[Spacing, list[str]]:
    """Return the spacing that a header without a usable region gives its pixels, and notes."""
    bare = pixels_only(aspect=aspect or 1.0)
    rows = whole(header, "Rows")
    for holder in (header, *_measures(header)):
        for keyword, source in _FALLBACKS:
            values = numbers(holder, keyword)
            if not values:
                continue
            why = _useless(values, source, rows, aspect)
            if why:
                said = f"{_sentence(why)}; sizes are in pixels."
                return dataclasses.replace(bare, source=why), [said]
            return Spacing(values[0], values[1], source), []
    return bare, []


def _useless(values: list[float], source: str, rows: int | None, aspect: float | None) -> str:
    """Return why a pixel spacing, so called, is no scale of an image of so many rows, or ""."""
    if values == [1.0, 1.0]:
        return f"{source} is exactly 1 mm, as converters write for want of a scale"
    if len(values) != 2 or not all(plausible(value) for value in values):
        return f"{source} is not usable"
    if rows is not None and (why := implausible(values[0], values[1], rows)):
        return f"{source} is not usable: {why}"
    if not _same_shape(Spacing(values[0], values[1], source), aspect):
        return f"{source} contradicts its pixel aspect ratio"
    return ""


def _measures(header: Dataset) -> list[Dataset]:
    """Return the Pixel Measures of an enhanced multi-frame header, where all frames share them."""
    return [
        measures
        for groups in items(header, "SharedFunctionalGroupsSequence")
        for measures in items(groups, "PixelMeasuresSequence")
    ]


def _sentence(source: str) -> str:
    return f"{source[0].upper()}{source[1:]}"
