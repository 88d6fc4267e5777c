"""Side and view of a lesion taken from the file where the reader has given none, marked as such until confirmed."""

import dataclasses

from csamoe_desktop.lesion.description import Description, Side, View
from csamoe_desktop.report.document import ReportInput
from csamoe_desktop.study.model import StudyFacts
from csamoe_desktop.study.sides import view_named
from csamoe_desktop.wording import PLAIN, Wording


def of_file(facts: StudyFacts, frame: int) -> Description:
    """Return the description that a file suggests for a lesion on one of its frames: side and view, where the file gives
    them without contradiction."""
    sides = {entry.side for entry in facts.sides_of(frame)}
    agreed = sides.pop() if len(sides) == 1 else ""
    view = view_named(facts.probe)
    return Description(side=Side(agreed) if agreed in (Side.LEFT, Side.RIGHT) else Side.UNSAID, view=View(view))


def filled_in(given: ReportInput) -> tuple[Description, tuple[str, ...]]:
    """Return the description of a view, its empty side and view filled in from the file, and the names of those fields."""
    described, suggested = given.description, of_file(given.facts, given.frame.index)
    new = {name: getattr(suggested, name) for name in ("side", "view") if not getattr(described, name)}
    new = {name: value for name, value in new.items() if value}
    return dataclasses.replace(described, **new), tuple(new)


def file_side_words(facts: StudyFacts, frame: int, say: Wording = PLAIN, but: str = "") -> str:
    """Return the sides in a file, such as "left (image laterality, study description)", except the side `but`."""
    sides: dict[str, list[str]] = {}
    for entry in facts.sides_of(frame):
        if entry.side != but:
            sides.setdefault(entry.side, []).append(say(entry.where))
    return say("; ").join(
        say("{what} ({source})", what=say(side), source=say.listed(where)) for side, where in sides.items()
    )
