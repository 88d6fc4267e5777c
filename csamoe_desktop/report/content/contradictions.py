"""What cannot be true together of a report: side, view, sex and dates as the files and the reader say them, and patients.

Every sentence names both values. They stand among a report's warnings, and the window asks about them before it writes one.
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
    """Return what of one reading cannot be true together, one sentence each, the side first."""
    return (
        *_sides(given, indication, say),
        *_views(given, say),
        *_patient(given, say),
    )


def in_document(report: Report, say: Wording = PLAIN) -> tuple[tuple[str, ...], ...]:
    """Return for each reading of a report what cannot be true together: of itself, of its lesion's views, of the patient."""
    patients = tuple(_differing([one.facts for one in report.readings], say))
    found = [[*contradictions(one, say, report.examination.indication), *patients] for one in report.readings]
    for lesion in report.lesions():
        if apart := _of_views(lesion, say):
            for place in lesion.places:
                found[place].insert(0, apart)
    return tuple(tuple(dict.fromkeys(one)) for one in found)


def side_question(facts: StudyFacts, frame: int, side: str, say: Wording = PLAIN) -> str:
    """Return in what the side that the reader gives contradicts the file, in one sentence, or ""."""
    if not side or not _against(facts.sides_of(frame), side):
        return ""
    return say(
        "The side does not agree: the reader says {reader}, the file says {file}.",
        reader=say(side),
        file=file_side_words(facts, frame, say, side),
    )


def _against(told: Sequence[SideSaid], side: str) -> bool:
    return any(one.side not in (side, BOTH) for one in told)


def _sides(given: ReportInput, indication: str, say: Wording) -> Iterator[str]:
    facts, frame = given.facts, given.frame.index
    told = facts.sides_of(frame)
    if len({one.side for one in told} - {BOTH}) > 1:
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
                "The side does not agree: the lesion is said to be {side}, the {where} names {other}.",
                side=say(described.side),
                where=say(where),
                other=say(named),
            )


def _views(given: ReportInput, say: Wording) -> Iterator[str]:
    view = view_named(given.facts.probe)
    if frozenset((view, str(given.description.view))) in _OPPOSED:
        yield say(
            "The view does not agree: the reader says {reader}, the file says {file}.",
            reader=say(given.description.view),
            file=given.facts.probe,
        )


def _patient(given: ReportInput, say: Wording) -> Iterator[str]:
    facts = given.facts
    if facts.sex == "male":
        yield say("The patient is male, as the file says: check that it is the right patient.")
    for found in impossible_dates(facts, given.created.date()):
        born, made = say.date(facts.birth_date), say.date(facts.study_date)
        if found == "birth_date":
            yield say("The date of birth is no date: {date}.", date=born)
        elif found == "study_date":
            yield say("The study date is no date: {date}.", date=made)
        elif found == "born_after_study":
            yield say("The date of birth ({born}) lies after the study date ({made}).", born=born, made=made)
        elif found == "born_after_today":
            yield say("The date of birth ({date}) lies in the future.", date=born)
        elif found == "study_after_today":
            yield say("The study date ({date}) lies in the future.", date=made)
        else:
            yield say("By the date of birth ({date}) the patient would be over 120 years old.", date=born)


def _differing(facts: Sequence[StudyFacts], say: Wording) -> Iterator[str]:
    for one in differing(facts):
        values = [say.date(value) for value in one.values]
        told = say("; ").join(say(value) for value in values)
        if one.field == "patient_name":
            yield say("The files name different patients under one report: {names}.", names=told)
        elif one.field == "patient_id":
            yield say("The files have different patient numbers under one report: {numbers}.", numbers=told)
        elif one.field == "birth_date":
            yield say("The files have different dates of birth under one report: {dates}.", dates=told)
        else:
            yield say("The files name different sexes under one report: {sexes}.", sexes=told)


def _of_views(lesion: LesionViews, say: Wording) -> str:
    """Return that the views of one lesion are of different sides, or ""."""
    sides: dict[str, list[str]] = {}
    for one in lesion.views:
        side = filled_in(one)[0].side
        if side:
            frame = say("frame {number}", number=one.frame.index + 1) if one.frame_count > 1 else ""
            sides.setdefault(side, []).append(say.listed((one.study_name, frame)))
    if len(sides) < 2:
        return ""
    first = lesion.views[0]
    return say(
        "The views of {lesion} are of different sides: {sides}.",
        lesion=called(first.description, first.number, say),
        sides=say("; ").join(
            say("{what} ({source})", what=say(side), source=say.listed(where)) for side, where in sides.items()
        ),
    )
