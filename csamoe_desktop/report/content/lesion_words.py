"""The report's lines about the lesion: name, location, view, size, outline and shape."""

from csamoe_desktop.lesion.calipers import by_source
from csamoe_desktop.lesion.description import Description
from csamoe_desktop.lesion.margin import Margin
from csamoe_desktop.lesion.measure import Size
from csamoe_desktop.lesion.regions import Part, Regions
from csamoe_desktop.names import shown_name
from csamoe_desktop.report.content.from_file import filled_in
from csamoe_desktop.report.document import ReportInput
from csamoe_desktop.wording import PLAIN, Wording

Lines = tuple[tuple[str, str], ...]
"""Pairs of label and value."""

_ORDINALS = ("first view", "second view", "third view", "fourth view")


def called(description: Description, number: int, say: Wording = PLAIN) -> str:
    """Return the name of a lesion, as `Description.title` does."""
    return description.name or say("Lesion {number}", number=number)


def place_words(description: Description, say: Wording = PLAIN, from_file: tuple[str, ...] = ()) -> str:
    """Return the location of a lesion, as `Description.place` does, or ""; a side `from_file` is marked as such."""
    parts = []
    if description.side:
        side = say(f"{description.side.value} breast")
        parts.append(say("{what} (from the file)", what=side) if "side" in from_file else side)
    if description.clock:
        parts.append(say("{clock} o'clock", clock=description.clock))
    if description.distance_mm is not None:
        parts.append(say("{distance} mm from the nipple", distance=f"{description.distance_mm:g}"))
    return say.listed(parts)


def described_place(given: ReportInput, say: Wording = PLAIN) -> str:
    """Return the location of a view's lesion, the side from the file where the reader has given none, or ""."""
    described, from_file = filled_in(given)
    return place_words(described, say, from_file)


def ordinal(place: int, say: Wording = PLAIN) -> str:
    """Return the name of the view with index `place` (from 0), such as "first view"."""
    return say(_ORDINALS[place]) if place < len(_ORDINALS) else say("view {number}", number=place + 1)


def view_words(description: Description, place: int, say: Wording = PLAIN) -> str:
    """Return the name of the view with index `place` (from 0) and its plane, such as "first view: radial"."""
    which = ordinal(place, say)
    return say("{ordinal}: {view}", ordinal=which, view=say(description.view.value)) if description.view else which


def lesion_lines(given: ReportInput, size: Size | None, say: Wording = PLAIN) -> Lines:
    """Return the lines about the lesion of a view; `size` is None where there is no outline."""
    regions, mask = given.ai_result.regions, given.mask
    if size is None:
        return (
            *_described(given, say),
            (say("Outline"), say("not marked")),
            (say("Area assessed"), say("the whole frame: this model needs no outline")),
            *_calipers(given, say),
        )
    author = say(mask.author.value)
    lines = (
        *_described(given, say),
        (say("Size"), size_words(size, say)),
        (say("Size from"), say.translate(size.source)),
        *_calipers(given, say),
        (
            say("Outline"),
            say("{author} ({source})", author=author, source=shown_name(mask.source)) if mask.source else author,
        ),
        (say("Area assessed"), _part_words(regions.part, given.frame.shape, say)),
    )
    if not given.ai_result.card.needs_outline:
        return lines
    return (*lines, (say("Core"), core_words(regions, say)), (say("Boundary"), boundary_words(regions, say)))


def core_words(regions: Regions, say: Wording = PLAIN) -> str:
    """Return how the core was made from the outline, and its size in pixels of the network's input."""
    side = regions.image.shape[0]
    eroded = (
        say("outline eroded {times}", times=_times(regions.erosions, say))
        if regions.erosions
        else say("the outline itself, not eroded")
    )
    return say("{how}, {count} px at {side} x {side}", how=eroded, count=int(regions.core.sum()), side=side)


def boundary_words(regions: Regions, say: Wording = PLAIN) -> str:
    """Return how the boundary was made from the outline, and its size in pixels of the network's input."""
    return say(
        "dilated {times}, minus the lesion, {count} px",
        times=_times(regions.dilations, say),
        count=int(regions.boundary.sum()),
    )


def size_words(size: Size, say: Wording = PLAIN) -> str:
    """Return diameters and area; and, where the outline has several pieces or holes, which piece was measured."""
    parts = [say("{diameters}, area {area}", diameters=size.diameters(), area=size.area_words())]
    if size.pieces > 1:
        parts.append(say("of the largest of {pieces} pieces", pieces=size.pieces))
    if size.holes:
        parts.append(say("holes: {holes}", holes=size.holes))
    return say.listed(parts)


def shape_lines(size: Size, margin: Margin, say: Wording = PLAIN) -> Lines:
    """Return the lines about the shape of the outline."""
    return (
        (say("Relative to skin"), say.translate(size.height_words())),
        (say("Perimeter"), say.translate(size.outline_words().removeprefix("perimeter "))),
        (say("Margin"), say.translate(margin.words())),
        (say("Radial length"), say.translate(margin.radial_words())),
    )


def _described(given: ReportInput, say: Wording) -> Lines:
    """Return name, location and view as the reader or else the file gives them; no name for the only lesion of an image
    without a description."""
    described, from_file = filled_in(given)
    view = say(described.view.value) if described.view else ""
    lines = (
        (say("Name"), called(described, given.number, say) if given.description.said or given.number > 1 else ""),
        (say("Location"), place_words(described, say, from_file)),
        (say("View"), say("{what} (from the file)", what=view) if view and "view" in from_file else view),
    )
    return tuple((label, value) for label, value in lines if value)


def _calipers(given: ReportInput, say: Wording) -> Lines:
    """Return the line of the caliper distances; no line where there are none."""
    if not given.calipers:
        return ()
    distances = (
        say("{what} ({source})", what=distance, source=say.translate(spacing.words))
        for distance, spacing in by_source(given.calipers, given.frame.scale)
    )
    return ((say("Calipers"), say.listed(distances)),)


def _part_words(part: Part, frame_shape: tuple[int, int], say: Wording) -> str:
    if part == (0, 0, *frame_shape):
        return say("the whole frame")
    return say("{width} x {height} px around the lesion", width=part.right - part.left, height=part.bottom - part.top)


def _times(count: int, say: Wording) -> str:
    return say("once") if count == 1 else say("{count} times", count=count)
