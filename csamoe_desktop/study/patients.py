"""Whether files are of one patient, and whether what a file says of a patient can be true."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from csamoe_desktop.study.model import StudyFacts

MOST_YEARS = 120
_DATE = re.compile(r"\d{4}(-\d\d(-\d\d)?)?")


@dataclass(frozen=True, slots=True)
class Differing:
    """Something of which files of one report say different things: its field in StudyFacts, and the values."""

    field: str
    values: tuple[str, ...]


def differing(facts: Iterable[StudyFacts]) -> tuple[Differing, ...]:
    """Return of which facts of the patient the files say different things; what one leaves open contradicts nothing, and
    a name in other letters or another order is the same."""
    told = list(facts)
    found = []
    for field, alike in (("patient_name", _alike), ("patient_id", _closed), ("birth_date", _closed), ("sex", _closed)):
        values: dict[str, str] = {}
        for one in told:
            if value := getattr(one, field):
                values.setdefault(alike(value), value)
        if len(values) > 1:
            found.append(Differing(field, tuple(values.values())))
    return tuple(found)


def two_patients(facts: Sequence[StudyFacts]) -> bool:
    """Return whether files are surely of different patients: by their numbers, or where a file has none, by name or date
    of birth."""
    fields = {one.field for one in differing(facts)}
    return "patient_id" in fields or (
        bool(fields & {"patient_name", "birth_date"}) and not all(one.patient_id for one in facts)
    )


def impossible_dates(facts: StudyFacts, today: date) -> tuple[str, ...]:
    """Return which of these hold: "birth_date" and "study_date" (no dates), "born_after_study", "born_after_today",
    "study_after_today", "too_old"."""
    born, made = facts.birth_date, facts.study_date
    found = [name for name, text in (("birth_date", born), ("study_date", made)) if text and not _possible(text)]
    born, made, now = ("" if name in found else text for name, text in _named(born, made, today))
    # Of two dates the shorter one decides: of a year alone nothing finer follows.
    if made and _later(made, now):
        found.append("study_after_today")
    if born and made and _later(born, made):
        found.append("born_after_study")
    elif born and _later(born, now):
        found.append("born_after_today")
    if born and int((made or now)[:4]) - int(born[:4]) > MOST_YEARS:
        found.append("too_old")
    return tuple(found)


def _named(born: str, made: str, today: date) -> tuple[tuple[str, str], ...]:
    return ("birth_date", born), ("study_date", made), ("", today.isoformat())


def _later(one: str, other: str) -> bool:
    length = min(len(one), len(other))
    return one[:length] > other[:length]


def _possible(text: str) -> bool:
    if not _DATE.fullmatch(text):
        return False
    try:
        date.fromisoformat(f"{text}-01-01"[:10])
    except ValueError:
        return False
    return True


def _closed(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).casefold().split())


def _alike(name: str) -> str:
    """Return what is the same of a name in other cases, widths and orders of its parts."""
    letters = unicodedata.normalize("NFKC", name).casefold()
    return " ".join(sorted(re.findall(r"\w+", letters)))
