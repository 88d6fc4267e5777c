"""Finds which breast a file shows and how the probe was held, and which side a free text names.

Sources: PS3.3 C.7.3.1 and C.7.6.1 (laterality), C.7.6.16.2.8 (frame anatomy), C.7.6.12 (region modifiers).
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from pydicom.dataset import Dataset

LEFT, RIGHT, BOTH = "left", "right", "both sides"

_LETTERS = {"R": RIGHT, "L": LEFT, "B": BOTH}
_MODIFIERS = {
    "24028007": RIGHT,
    "G-A100": RIGHT,
    "7771000": LEFT,
    "G-A101": LEFT,
    "51440002": BOTH,
    "G-A102": BOTH,
}
_TEXTS = {
    "StudyDescription": "study description",
    "SeriesDescription": "series description",
    "ProtocolName": "protocol",
    "BodyPartExamined": "body part",
    "ViewName": "view name",
    "ImageComments": "image comments",
}
_ORGAN = r"(?:breast|mamma|mam|sein|mama|us)"
_NAMED = {
    LEFT: re.compile(
        r"\b(?:left|lt|links|linke[rsnm]?|gauche|izquierd[ao]|esquerd[ao]|sinistr[ao]|sinister|lbreast)\b|左|"
        rf"\b{_ORGAN}[\s_.-]+l\b|\bl[\s_.-]+{_ORGAN}\b|\(l\)",
        re.IGNORECASE,
    ),
    RIGHT: re.compile(
        r"\b(?:right|rt|rechts|rechte[rsnm]?|droite?|derech[ao]|direit[ao]|destr[ao]|dexter|rbreast)\b|右|"
        rf"\b{_ORGAN}[\s_.-]+r\b|\br[\s_.-]+{_ORGAN}\b|\(r\)",
        re.IGNORECASE,
    ),
}
_VIEWS = (
    ("antiradial", re.compile(r"anti-?\s?radial", re.IGNORECASE)),
    ("radial", re.compile(r"radial", re.IGNORECASE)),
    ("transverse", re.compile(r"transvers|axial", re.IGNORECASE)),
    ("longitudinal", re.compile(r"longitudinal|sagittal", re.IGNORECASE)),
)

Text = Callable[[Dataset, str], str]


@dataclass(frozen=True, slots=True)
class SideSaid:
    """A side named in a file: the attribute in words, and "left", "right" or "both sides"."""

    where: str
    side: str


def side_named(text: str) -> str:
    """Return the side that a text names; "" if it names none or both, as it then settles nothing."""
    named = [side for side, form in _NAMED.items() if form.search(text.replace("_", " "))]
    return named[0] if len(named) == 1 else ""


def read_sides(header: Dataset, text: Text) -> tuple[SideSaid, ...]:
    """Return every place in a header that names a side for the whole file; `text` reads an attribute as one line."""
    places = [
        SideSaid(where, _LETTERS.get(text(header, keyword).upper(), ""))
        for keyword, where in (("ImageLaterality", "image laterality"), ("Laterality", "laterality"))
    ]
    shared = next(_items(header, "SharedFunctionalGroupsSequence"), None)
    for region, where in ((header, "region's modifier"), (shared, "frame laterality")):
        places.append(SideSaid(where, "" if region is None else _of_anatomy(region, text)))
    places += [SideSaid(where, side_named(text(header, keyword))) for keyword, where in _TEXTS.items()]
    return tuple(place for place in places if place.side)


def read_frame_sides(header: Dataset, text: Text) -> tuple[str, ...]:
    """Return the side of each frame, "" for a frame without one; empty if no frame has a side."""
    sides = tuple(_of_anatomy(frame, text) for frame in _items(header, "PerFrameFunctionalGroupsSequence"))
    return sides if any(sides) else ()


def read_probe(header: Dataset, text: Text) -> str:
    """Return how the probe was held, in the file's own words, or ""."""
    shared = next(_items(header, "SharedFunctionalGroupsSequence"), None)
    meanings = [
        text(code, "CodeMeaning")
        for group in (header, shared)
        if group is not None
        for keyword in (
            "TransducerPositionSequence",
            "TransducerOrientationSequence",
            "TransducerBeamSteeringCodeSequence",
            "ViewCodeSequence",
        )
        for code in _items(group, keyword)
    ]
    return ", ".join(dict.fromkeys(meaning for meaning in meanings if meaning))


def view_named(text: str) -> str:
    """Return the view (a value of `lesion.description.View`) named by a text on the probe, or ""."""
    return next((view for view, form in _VIEWS if form.search(text)), "")


def _of_anatomy(group: Dataset, text: Text) -> str:
    """Return the side given by a group's frame anatomy or by the modifier of its anatomic region."""
    for anatomy in _items(group, "FrameAnatomySequence"):
        if side := _LETTERS.get(text(anatomy, "FrameLaterality").upper(), "") or _of_anatomy(anatomy, text):
            return side
    for region in _items(group, "AnatomicRegionSequence"):
        for modifier in _items(region, "AnatomicRegionModifierSequence"):
            if side := _MODIFIERS.get(text(modifier, "CodeValue"), "") or side_named(text(modifier, "CodeMeaning")):
                return side
    return ""


def _items(group: Dataset, keyword: str) -> Iterator[Dataset]:
    try:
        yield from (item for item in group.get(keyword) or () if isinstance(item, Dataset))
    except (ValueError, TypeError, LookupError, AttributeError, NotImplementedError):
        # An illegible sequence must not hide the others.
        return
