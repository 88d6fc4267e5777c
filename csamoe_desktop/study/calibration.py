"""Finds a frame's scale: from the DICOM header, or from a line that the user draws along the depth scale.

A header's US Region Calibration (PS3.3 C.8.5.5, see `us_regions`) comes first and holds only inside its regions; without it,
the pixel spacings of PS3.3 10.7 hold on the whole frame. Either gives the pixel's aspect ratio, else the attribute of that
name does (PS3.3 C.7.6.3.1.7). An implausible or contradictory scale is rejected: sizes in pixels are better than wrong
millimetres.
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
"""Pixels. On a shorter line, the width of a tick mark alone is a tenth of the length or more."""
FRAMES_DIFFER = "the frames have different scales"
DISAGREES = 0.05
"""A calibration by hand that differs from the file's by more than this fraction is marked as such."""
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
"""An aspect ratio is given in whole numbers: it agrees with the spacings if it differs by less than this."""

Line = tuple[tuple[float, float], tuple[float, float]]


def find_scale(header: Dataset) -> tuple[Scale, tuple[str, ...]]:
    """Return the scale that a header gives, and notes for the user."""
    aspect, notes = _aspect_ratio(header)
    regions = _agreeing(find_regions(header), header, aspect)
    measurable = [region for region in regions if region.lengths]
    used = [region for region in measurable if region.spacing]
    refused = [region for region in measurable if not region.spacing]
    notes += [f"{_sentence(region.reason)}; sizes there are in pixels." for region in refused]
    spacings = [region.spacing for region in used if region.spacing is not None]
    if used:
        if not all(spacings[0].agrees(spacing) for spacing in spacings):
            notes.append("The image has regions with different scales; each scale applies only inside its own region.")
        largest = max(used, key=lambda region: region.area.height * region.area.width if region.area else 0.0)
        assert largest.spacing is not None, "a region in use without millimetres"
        shown = largest.spacing.row / largest.spacing.column
        names = listed([part for region in used if (part := region.region(1.0)) is not None])
        elsewhere = pixels_only(f"outside {names}, the calibrated part of the image", shown)
    elif refused and not all(region.silent for region in refused):
        elsewhere = pixels_only(refused[0].reason, aspect or 1.0)
    else:
        elsewhere, more = _fallback(header, aspect)
        notes += more
        if elsewhere.in_mm:
            regions = [region for region in regions if not region.silent]
        elif refused and elsewhere.source == NOT_CALIBRATED:
            elsewhere = dataclasses.replace(elsewhere, source=refused[0].reason)
    parts = [region.region(elsewhere.aspect) for region in regions]
    return Scale(elsewhere, tuple(part for part in parts if part is not None)), tuple(notes)


def find_frame_scales(header: Dataset) -> tuple[tuple[Scale, ...], tuple[str, ...]]:
    """Return the scale of each frame and notes for the user; both empty if the header gives no scales per frame."""
    frames = items(header, "PerFrameFunctionalGroupsSequence")
    scales: list[Scale] = []
    notes: list[str] = []
    if not any("PixelMeasuresSequence" in frame or "SequenceOfUltrasoundRegions" in frame for frame in frames):
        return (), ()
    for frame in frames:
        own = Dataset()
        for keyword in _OF_ALL_FRAMES:
            if keyword in header:
                own[keyword] = header[keyword]
        if "PixelMeasuresSequence" in frame:
            shared = Dataset()
            shared.PixelMeasuresSequence = frame.PixelMeasuresSequence
            own.SharedFunctionalGroupsSequence = [shared]
        regions = frame if "SequenceOfUltrasoundRegions" in frame else header
        if "SequenceOfUltrasoundRegions" in regions:
            own.SequenceOfUltrasoundRegions = regions.SequenceOfUltrasoundRegions
        scale, frame_notes = find_scale(own)
        scales.append(scale)
        notes += frame_notes
    if len(set(scales)) > 1:
        notes.append("The frames have different scales; each frame is measured with its own scale.")
    return tuple(scales), tuple(dict.fromkeys(notes))


def drawn_pixels(start: tuple[float, float], end: tuple[float, float]) -> float:
    """Return the length in pixels of a line along the depth scale, its ends (row, column).

    Raises:
        UserError: it is too short for a calibration.
    """
    pixels = math.dist(start, end)
    if pixels < LEAST_LINE:
        raise UserError(
            f"The line is too short to calibrate with: {pixels:.0f} pixels.",
            f"Draw it along at least {LEAST_LINE:.0f} pixels of the depth scale, if possible along all of it.",
        )
    return pixels


def millimetres(text: str, unit: str) -> float:
    """Return a typed length, such as "40", "4,5" or "4 cm", in millimetres; without a unit it is in `unit` (mm or cm).

    Raises:
        UserError: it is not a length above 0.
    """
    match = _LENGTH.fullmatch(text.strip())
    length = float(match[1].replace(",", ".")) * _UNITS[(match[2] or unit).lower()] if match else 0.0
    if not length:
        raise UserError("This is not a length.", "Enter a number above 0, such as 40.")
    return length


def by_hand(
    start: tuple[float, float],
    end: tuple[float, float],
    length: float,
    own: Spacing | None = None,
    depth: float | None = None,
) -> Spacing:
    """Return the spacing of a frame on which the line from `start` to `end`, (row, column), is `length` millimetres long.

    Pixels are taken as square unless the file's `own` spacing gives their aspect ratio. If `own` is in millimetres and the
    result differs from it by more than a twentieth, the source says so. `depth` is the depth of the image in pixels.

    Raises:
        UserError: the line is too short, or the pixel size is impossible for an ultrasound image.
    """
    pixels = drawn_pixels(start, end)
    down, across = (own.row / own.column, 1.0) if own else (1.0, 1.0)
    step = length / math.hypot((end[0] - start[0]) * down, (end[1] - start[1]) * across)
    if not (plausible(step * down) and plausible(step * across)):
        raise UserError(
            f"{length:g} mm over {pixels:.0f} pixels is not possible in an ultrasound image: a pixel would be {step:.3g} "
            "mm wide.",
            "Check the length and its unit.",
        )
    if depth is not None and (why := implausible(step * down, step * across, depth)):
        raise UserError(
            f"{length:g} mm over {pixels:.0f} pixels is not possible: {why}.",
            "Check the length and its unit; an ultrasound image is 10 to 300 mm deep.",
        )
    source = f"{BY_HAND}: {length:g} mm over {pixels:.0f} px"
    return Spacing(step * down, step * across, f"{source}{_against(step * across, own)}")


def file_spacing(scale: AnyScale, line: Line | None = None) -> Spacing:
    """Return the file's spacing where a calibration line is drawn; outside its regions, or without a line, the spacing
    common to all that is calibrated."""
    file_scale = scale_from(scale)
    return file_scale.common if line is None or (home := _home(file_scale, line)) is None else home.spacing


def depth_at(scale: AnyScale, line: Line, rows: int) -> float:
    """Return the depth in pixels of the image that a calibration line is drawn on: its region, else the frame (`rows`)."""
    home = _home(scale_from(scale), line)
    return float(rows) if home is None else home.area.height


def calibrated_by_hand(scale: AnyScale, line: Line, spacing: Spacing) -> Scale:
    """Return a frame's scale with the `spacing` of a calibration line in place of the file's.

    A line inside a region calibrates that region; a line outside all regions, where a depth scale often is, calibrates the
    whole frame.

    Raises:
        UserError: the line lies on a region without lengths, or outside regions with different scales.
    """
    file_scale = scale_from(scale)
    without_lengths = next(
        (region for region in file_scale.regions if not region.lengths and _holds(region, line)), None
    )
    if without_lengths is not None:
        raise UserError(
            f"The line lies on {without_lengths.name}, where lengths cannot be measured.",
            "Draw along the depth scale of the B-mode image.",
        )
    home = _home(file_scale, line)
    if home is not None:
        replaced = (
            dataclasses.replace(region, spacing=spacing) if region == home else region for region in file_scale.regions
        )
        # The calibration by hand overrides other regions inside its own.
        regions = tuple(region for region in replaced if region.spacing is spacing or not _covers(home, region))
        return Scale(file_scale.elsewhere, regions)
    if file_scale.common.source == DIFFERENT:
        raise UserError(
            "The image has regions with different scales, and the line lies outside them.",
            "Draw the line inside the region that you want to calibrate.",
        )
    return Scale(
        spacing,
        tuple(
            dataclasses.replace(region, spacing=spacing) if region.lengths else region for region in file_scale.regions
        ),
    )


def _home(scale: Scale, line: Line) -> Region | None:
    """Return the smallest region with lengths that contains a line."""
    homes = [region for region in scale.regions if region.lengths and _holds(region, line)]
    return min(homes, key=lambda region: region.area.height * region.area.width, default=None)


def _holds(region: Region, line: Line) -> bool:
    (row0, column0), (row1, column1) = line
    return region.area.holds(Area(min(row0, row1), min(column0, column1), max(row0, row1), max(column0, column1)))


def _covers(home: Region, other: Region) -> bool:
    return other.lengths and home.area.holds(other.area)


def _against(column: float, own: Spacing | None) -> str:
    """Return how a pixel width by hand differs from the file's, in words; "" if it agrees."""
    share = 0.0 if own is None or not own.in_mm else column / own.column - 1
    if abs(share) <= DISAGREES:
        return ""
    return f", {100 * abs(share):.0f} % {'more' if share > 0 else 'less'} than the file says"


def _aspect_ratio(header: Dataset) -> tuple[float | None, list[str]]:
    """Return a pixel's height over its width by the pixel aspect ratio, None if it is missing or 1, and notes."""
    values = numbers(header, "PixelAspectRatio")
    if not values:
        return None, []
    if len(values) == 2 and all(math.isfinite(value) and value > 0 for value in values):
        ratio = values[0] / values[1]
        if 1 / MOST_ASPECT <= ratio <= MOST_ASPECT:
            # The standard omits a ratio of 1 to 1: files that give it do so for want of a better value.
            return (None if math.isclose(ratio, 1.0, rel_tol=SAME) else ratio), []
    return None, ["The file's pixel aspect ratio is invalid and was ignored."]


def _agreeing(found: list[Found], header: Dataset, aspect: float | None) -> list[Found]:
    """Return the regions; those that contradict the rest of the header lose their millimetres."""
    values = numbers(header, "PixelSpacing")
    usable = len(values) == 2 and values != [1.0, 1.0] and all(plausible(value) for value in values)
    declared = Spacing(values[0], values[1], "") if usable else None
    agreeing = []
    for region in found:
        if region.spacing is not None and declared is not None and not region.spacing.agrees(declared):
            agreeing.append(region.refused("it contradicts the file's pixel spacing"))
        elif region.spacing is not None and not _same_shape(region.spacing, aspect):
            agreeing.append(region.refused("it contradicts the file's pixel aspect ratio"))
        else:
            agreeing.append(region)
    return agreeing


def _same_shape(spacing: Spacing, aspect: float | None) -> bool:
    return aspect is None or math.isclose(spacing.row / spacing.column, aspect, rel_tol=_CLOSE_RATIO)


def _fallback(header: Dataset, aspect: float | None) -> tuple[Spacing, list[str]]:
    """Return the spacing given by a header without a usable region, and notes."""
    bare = pixels_only(aspect=aspect or 1.0)
    rows = whole(header, "Rows")
    for holder in (header, *_measures(header)):
        for keyword, source in _FALLBACKS:
            values = numbers(holder, keyword)
            if not values:
                continue
            why = _why_invalid(values, source, rows, aspect)
            if why:
                note = f"{_sentence(why)}; sizes are in pixels."
                return dataclasses.replace(bare, source=why), [note]
            return Spacing(values[0], values[1], source), []
    return bare, []


def _why_invalid(values: list[float], source: str, rows: int | None, aspect: float | None) -> str:
    """Return why the pixel spacing named `source` cannot be the scale of an image with `rows` rows, or ""."""
    if values == [1.0, 1.0]:
        return f"{source} is exactly 1 mm, the value that converters write if they do not know the scale"
    if len(values) != 2 or not all(plausible(value) for value in values):
        return f"{source} is invalid"
    if rows is not None and (why := implausible(values[0], values[1], rows)):
        return f"{source} is invalid: {why}"
    if not _same_shape(Spacing(values[0], values[1], source), aspect):
        return f"{source} contradicts its pixel aspect ratio"
    return ""


def _measures(header: Dataset) -> list[Dataset]:
    """Return the Pixel Measures that all frames of an enhanced multi-frame header share."""
    return [
        measures
        for groups in items(header, "SharedFunctionalGroupsSequence")
        for measures in items(groups, "PixelMeasuresSequence")
    ]


def _sentence(source: str) -> str:
    return f"{source[0].upper()}{source[1:]}"
