"""Contradictions in a report: side, view, sex and dates as given by the files and the reader, and different patients.

Every sentence names both values. The sentences are warnings in the report; the window asks about them before it writes one.
"""

from collections.abc import Iterator, Sequence

from csamoe_desktop.report.content.from_file import file_side_words, filled_in
from csamoe_desktop.report.content.lesion_words import called
from csamoe_desktop.report.document import LesionViews, Report, ReportInput
from csamoe_desktop.study.model import StudyFacts
from csamoe_desktop.study.patients import differing, impossible_dates
from csamoe_desktop.study.sides import BOTH, SideSaid, side_named, view_named
from csamoe_desktop.wording import PLAIN, Wording

_OPPOSED = (frozenset(("radial", "antiradial")), frozenset(("transverse", "longitudinal")))


def contradictions(given: ReportInput, say: Wording = PLAIN, indication: str = "") -> tuple[str, ...]:
    """Return the contradictions within one view, one sentence each, those about the side first."""
    return (
        *_sides(given, indication, say),
        *_views(given, say),
        *_patient(given, say),
    )


def in_document(report: Report, say: Wording = PLAIN) -> tuple[tuple[str, ...], ...]:
    """Return the contradictions of each view in a report: its own, those between the views of its lesion, the patient's."""
    patients = tuple(_differing([view.facts for view in report.readings], say))
    sentences = [[*contradictions(view, say, report.examination.indication), *patients] for view in report.readings]
    for lesion in report.lesions():
        if sides := _of_views(lesion, say):
            for place in lesion.places:
                sentences[place].insert(0, sides)
    return tuple(tuple(dict.fromkeys(of_view)) for of_view in sentences)


def side_question(facts: StudyFacts, frame: int, side: str, say: Wording = PLAIN) -> str:
    """Return the sentence that the reader's side contradicts the file, or ""."""
    if not side or not _against(facts.sides_of(frame), side):
        return ""
    return say(
        "Side mismatch: the reader entered {reader}, the file says {file}. Check which is right.",
        reader=say(side),
        file=file_side_words(facts, frame, say, side),
    )


def _against(file_sides: Sequence[SideSaid], side: str) -> bool:
    return any(entry.side not in (side, BOTH) for entry in file_sides)


def _sides(given: ReportInput, indication: str, say: Wording) -> Iterator[str]:
    facts, frame = given.facts, given.frame.index
    file_sides = facts.sides_of(frame)
    if len({entry.side for entry in file_sides} - {BOTH}) > 1:
        yield say(
            "The file names different sides: {sides}. Check which breast it shows.",
            sides=file_side_words(facts, frame, say),
        )
    if question := side_question(facts, frame, given.description.side, say):
        yield question
    described, _ = filled_in(given)
    for where, text in (
        ("lesion's name", given.description.name),
        ("reader's comment", given.comment),
        ("indication", indication),
    ):
        named = side_named(text)
        if named and described.side and named != described.side:
            yield say(
                "Side mismatch: the side of the lesion is {side}, but the {where} says {other}. Check which is right.",
                side=say(described.side),
                where=say(where),
                other=say(named),
            )


def _views(given: ReportInput, say: Wording) -> Iterator[str]:
    view = view_named(given.facts.probe)
    if frozenset((view, str(given.description.view))) in _OPPOSED:
        yield say(
            "View mismatch: the reader entered {reader}, the file says {file}. Check which is right.",
            reader=say(given.description.view),
            file=given.facts.probe,
        )


def _patient(given: ReportInput, say: Wording) -> Iterator[str]:
    facts = given.facts
    if facts.sex == "male":
        yield say("The file says that the patient is male. Check that this is the right patient.")
    for problem in impossible_dates(facts, given.created.date()):
        born, made = say.date(facts.birth_date), say.date(facts.study_date)
        if problem == "birth_date":
            yield say("The date of birth is not a valid date: {date}.", date=born)
        elif problem == "study_date":
            yield say("The study date is not a valid date: {date}.", date=made)
        elif problem == "born_after_study":
            yield say("The date of birth ({born}) is after the study date ({made}).", born=born, made=made)
        elif problem == "born_after_today":
            yield say("The date of birth ({date}) is in the future.", date=born)
        elif problem == "study_after_today":
            yield say("The study date ({date}) is in the future.", date=made)
        else:
            yield say("According to the date of birth ({date}), the patient is over 120 years old.", date=born)


def _differing(facts: Sequence[StudyFacts], say: Wording) -> Iterator[str]:
    for difference in differing(facts):
        dates = [say.date(value) for value in difference.values]
        values = say("; ").join(say(value) for value in dates)
        if difference.field == "patient_name":
            yield say("The files in this report name different patients: {names}.", names=values)
        elif difference.field == "patient_id":
            yield say("The files in this report have different patient IDs: {numbers}.", numbers=values)
        elif difference.field == "birth_date":
            yield say("The files in this report have different dates of birth: {dates}.", dates=values)
        else:
            yield say("The files in this report give different sexes: {sexes}.", sexes=values)


def _of_views(lesion: LesionViews, say: Wording) -> str:
    """Return the sentence that the views of one lesion are from different sides, or ""."""
    sides: dict[str, list[str]] = {}
    for view in lesion.views:
        side = filled_in(view)[0].side
        if side:
            frame = say("frame {number}", number=view.frame.index + 1) if view.frame_count > 1 else ""
            sides.setdefault(side, []).append(say.listed((view.study_name, frame)))
    if len(sides) < 2:
        return ""
    first = lesion.views[0]
    return say(
        "The views of {lesion} are from different sides: {sides}.",
        lesion=called(first.description, first.number, say),
        sides=say("; ").join(
            say("{what} ({source})", what=say(side), source=say.listed(where)) for side, where in sides.items()
        ),
    )
