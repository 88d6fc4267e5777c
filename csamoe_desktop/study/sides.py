"""Which breast a file says it shows, wherever it says so (PS3.3 C.7.3.1 and C.7.6.1 laterality, C.7.6.16.2.8 frame anatomy,
C.7.6.12 region modifiers), how the probe was held, and which side a text in words names.
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
    """One place of a file that names a side: where, in words, and "left", "right" or "both sides"."""

    where: str
    side: str


def side_named(text: str) -> str:
    """Return the side that a text names, "" where it names none or both: of such a text nothing follows."""
    named = [side for side, form in _NAMED.items() if form.search(text.replace("_", " "))]
    return named[0] if len(named) == 1 else ""


def read_sides(header: Dataset, text: Text) -> tuple[SideSaid, ...]:
    """Return every place of a header that names a side for the whole file; `text` reads an attribute as one line."""
    found = [
        SideSaid(where, _LETTERS.get(text(header, keyword).upper(), ""))
        for keyword, where in (("ImageLaterality", "image laterality"), ("Laterality", "laterality"))
    ]
    shared = next(_items(header, "SharedFunctionalGroupsSequence"), None)
    for region, where in ((header, "region's modifier"), (shared, "frame laterality")):
        found.append(SideSaid(where, "" if region is None else _of_anatomy(region, text)))
    found += [SideSaid(where, side_named(text(header, keyword))) for keyword, where in _TEXTS.items()]
    return tuple(one for one in found if one.side)


def read_frame_sides(header: Dataset, text: Text) -> tuple[str, ...]:
    """Return the side of each frame, "" where a frame says none; empty where no frame says one."""
    sides = tuple(_of_anatomy(one, text) for one in _items(header, "PerFrameFunctionalGroupsSequence"))
    return sides if any(sides) else ()


def read_probe(header: Dataset, text: Text) -> str:
    """Return how the file says the probe was held, in its own words, or ""."""
    shared = next(_items(header, "SharedFunctionalGroupsSequence"), None)
    told = [
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
    return ", ".join(dict.fromkeys(one for one in told if one))


def view_named(text: str) -> str:
    """Return the view (a value of `lesion.description.View`) that words on the probe name, or ""."""
    return next((view for view, form in _VIEWS if form.search(text)), "")


def _of_anatomy(group: Dataset, text: Text) -> str:
    """Return the side that a group's frame anatomy, or its anatomic region's modifier, names."""
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
        yield from (one for one in group.get(keyword) or () if isinstance(one, Dataset))
    except (ValueError, TypeError, LookupError, AttributeError, NotImplementedError):
        # An illegible sequence costs only itself.
        return
