"""What a file proposes of a lesion that the reader has not said: its side and its view; marked as the file's until confirmed."""

import dataclasses

from csamoe_desktop.lesion.description import Description, Side, View
from csamoe_desktop.report.document import ReportInput
from csamoe_desktop.study.model import StudyFacts
from csamoe_desktop.study.sides import view_named
from csamoe_desktop.wording import PLAIN, Wording


def of_file(facts: StudyFacts, frame: int) -> Description:
    """Return what a file proposes as description of a lesion on one of its frames: side and view, where it names one and
    does not contradict itself."""
    sides = {one.side for one in facts.sides_of(frame)}
    only = sides.pop() if len(sides) == 1 else ""
    view = view_named(facts.probe)
    return Description(side=Side(only) if only in (Side.LEFT, Side.RIGHT) else Side.UNSAID, view=View(view))


def filled_in(given: ReportInput) -> tuple[Description, tuple[str, ...]]:
    """Return a reading's description with what the file says where the reader has said nothing, and which fields that is."""
    said, proposed = given.description, of_file(given.facts, given.frame.index)
    new = {name: getattr(proposed, name) for name in ("side", "view") if not getattr(said, name)}
    new = {name: value for name, value in new.items() if value}
    return dataclasses.replace(said, **new), tuple(new)


def file_side_words(facts: StudyFacts, frame: int, say: Wording = PLAIN, but: str = "") -> str:
    """Return the sides that a file names, such as "left (image laterality, study description)", without the side `but`."""
    told: dict[str, list[str]] = {}
    for one in facts.sides_of(frame):
        if one.side != but:
            told.setdefault(one.side, []).append(say(one.where))
    return say("; ").join(
        say("{what} ({source})", what=say(side), source=say.listed(where)) for side, where in told.items()
    )
