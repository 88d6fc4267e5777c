"""What a report says of the lesion itself: what it is called, where it lies, its size, its outline and its shape."""

from csamoe_desktop.lesion.calipers import by_source
from csamoe_desktop.lesion.description import Description
from csamoe_desktop.lesion.margin import Margin
from csamoe_desktop.lesion.measure import Size
from csamoe_desktop.lesion.regions import Part
from csamoe_desktop.names import shown_name
from csamoe_desktop.report.content.from_file import filled_in
from csamoe_desktop.report.document import ReportInput
from csamoe_desktop.wording import PLAIN, Wording

Lines = tuple[tuple[str, str], ...]
"""Pairs of label and words."""

_ORDINALS = ("first view", "second view", "third view", "fourth view")


def called(description: Description, number: int, say: Wording = PLAIN) -> str:
    """Return what a lesion is called, as `Description.title` does."""
    return description.name or say("Lesion {number}", number=number)


def place_words(description: Description, say: Wording = PLAIN, from_file: tuple[str, ...] = ()) -> str:
    """Return where a lesion lies, as `Description.place` does, or ""; a side `from_file` is marked as proposed."""
    told = []
    if description.side:
        side = say(f"{description.side.value} breast")
        told.append(say("{what} (from the file)", what=side) if "side" in from_file else side)
    if description.clock:
        told.append(say("{clock} o'clock", clock=description.clock))
    if description.distance_mm is not None:
        told.append(say("{distance} mm from the nipple", distance=f"{description.distance_mm:g}"))
    return say.listed(told)


def described_place(given: ReportInput, say: Wording = PLAIN) -> str:
    """Return where the lesion of a reading lies, its side from the file where the reader has said none, or ""."""
    described, from_file = filled_in(given)
    return place_words(described, say, from_file)


def ordinal(place: int, say: Wording = PLAIN) -> str:
    """Return a view's place (from 0) in words, such as "first view"."""
    return say(_ORDINALS[place]) if place < len(_ORDINALS) else say("view {number}", number=place + 1)


def view_words(description: Description, place: int, say: Wording = PLAIN) -> str:
    """Return which view of a lesion it is, by its place (from 0) among them, such as "first view: radial"."""
    which = ordinal(place, say)
    return say("{ordinal}: {view}", ordinal=which, view=say(description.view.value)) if description.view else which


def lesion_lines(given: ReportInput, size: Size | None, say: Wording = PLAIN) -> Lines:
    """Return what is said of the lesion of a reading; `size` is None where nothing is marked."""
    regions, mask = given.ai_result.regions, given.mask
    if size is None:
        return (
            *_described(given, say),
            (say("Outline"), say("none is marked")),
            (say("Read from"), say("the whole frame, as this model does")),
            *_calipers(given, say),
        )
    author = say(mask.author.value)
    lines = (
        *_described(given, say),
        (say("Size"), size_words(size, say)),
        (say("Size from"), say.told(size.source)),
        *_calipers(given, say),
        (
            say("Outline"),
            say("{author} ({source})", author=author, source=shown_name(mask.source)) if mask.source else author,
        ),
        (say("Read from"), _part_words(regions.part, given.frame.shape, say)),
    )
    if not given.ai_result.card.needs_outline:
        return lines
    side = regions.image.shape[0]
    eroded = (
        say("outline eroded {times}", times=_times(regions.erosions, say))
        if regions.erosions
        else say("the outline itself, not eroded")
    )
    core = say("{how}, {count} px at {side} x {side}", how=eroded, count=int(regions.core.sum()), side=side)
    boundary = say(
        "dilated {times}, less the lesion, {count} px",
        times=_times(regions.dilations, say),
        count=int(regions.boundary.sum()),
    )
    return (*lines, (say("Core"), core), (say("Boundary"), boundary))


def size_words(size: Size, say: Wording = PLAIN) -> str:
    """Return diameters and area, and of which piece of the outline they are where it has several, or holes."""
    told = [say("{diameters}, area {area}", diameters=size.diameters(), area=size.area_words())]
    if size.pieces > 1:
        told.append(say("of the largest of {pieces} pieces", pieces=size.pieces))
    if size.holes:
        told.append(say("holes in it: {holes}", holes=size.holes))
    return say.listed(told)


def shape_lines(size: Size, margin: Margin, say: Wording = PLAIN) -> Lines:
    """Return what is said of the outline's shape."""
    return (
        (say("To the skin"), say.told(size.height_words())),
        (say("Perimeter"), say.told(size.outline_words().removeprefix("perimeter "))),
        (say("Margin"), say.told(margin.words())),
        (say("Radial length"), say.told(margin.radial_words())),
    )


def _described(given: ReportInput, say: Wording) -> Lines:
    """Return what the reader said of the lesion, and what the file says where the reader has not; of one that is the
    image's only one, and of which nothing was said, no line."""
    described, from_file = filled_in(given)
    view = say(described.view.value) if described.view else ""
    told = (
        (say("Called"), called(described, given.number, say) if given.description.said or given.number > 1 else ""),
        (say("Place"), place_words(described, say, from_file)),
        (say("View"), say("{what} (from the file)", what=view) if view and "view" in from_file else view),
    )
    return tuple((label, words) for label, words in told if words)


def _calipers(given: ReportInput, say: Wording) -> Lines:
    """Return the distances measured by hand, or no line where none was."""
    if not given.calipers:
        return ()
    told = (
        say("{what} ({source})", what=what, source=say.told(spacing.words))
        for what, spacing in by_source(given.calipers, given.frame.scale)
    )
    return ((say("Calipers"), say.listed(told)),)


def _part_words(part: Part, frame_shape: tuple[int, int], say: Wording) -> str:
    if part == (0, 0, *frame_shape):
        return say("the whole frame")
    return say(
        "a part of {width} x {height} px around the lesion", width=part.right - part.left, height=part.bottom - part.top
    )


def _times(count: int, say: Wording) -> str:
    return say("once") if count == 1 else say("{count} times", count=count)
