"""Checks whether files belong to the same patient, and whether a patient's dates are possible."""

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
    """A fact on which the files of a report disagree: its field in StudyFacts, and the values."""

    field: str
    values: tuple[str, ...]


def differing(facts: Iterable[StudyFacts]) -> tuple[Differing, ...]:
    """Return the patient facts on which files disagree. A missing fact contradicts nothing; a name with other letter case,
    width or order of its parts is the same name."""
    all_facts = list(facts)
    differences = []
    for field, alike in (("patient_name", _alike), ("patient_id", _closed), ("birth_date", _closed), ("sex", _closed)):
        values: dict[str, str] = {}
        for file_facts in all_facts:
            if value := getattr(file_facts, field):
                values.setdefault(alike(value), value)
        if len(values) > 1:
            differences.append(Differing(field, tuple(values.values())))
    return tuple(differences)


def two_patients(facts: Sequence[StudyFacts]) -> bool:
    """Return whether files are certainly of different patients: by patient ID, or, if a file has none, by name or birth
    date."""
    fields = {difference.field for difference in differing(facts)}
    return "patient_id" in fields or (
        bool(fields & {"patient_name", "birth_date"}) and not all(file_facts.patient_id for file_facts in facts)
    )


def impossible_dates(facts: StudyFacts, today: date) -> tuple[str, ...]:
    """Return the faults of a patient's dates: "birth_date" and "study_date" (not a date), "born_after_study",
    "born_after_today", "study_after_today", "too_old"."""
    born, made = facts.birth_date, facts.study_date
    faults = [name for name, text in (("birth_date", born), ("study_date", made)) if text and not _possible(text)]
    born, made, now = ("" if name in faults else text for name, text in _named(born, made, today))
    # Dates are compared to the precision of the shorter one, which may be only a year.
    if made and _later(made, now):
        faults.append("study_after_today")
    if born and made and _later(born, made):
        faults.append("born_after_study")
    elif born and _later(born, now):
        faults.append("born_after_today")
    if born and int((made or now)[:4]) - int(born[:4]) > MOST_YEARS:
        faults.append("too_old")
    return tuple(faults)


def _named(born: str, made: str, today: date) -> tuple[tuple[str, str], ...]:
    return ("birth_date", born), ("study_date", made), ("", today.isoformat())


def _later(first: str, second: str) -> bool:
    length = min(len(first), len(second))
    return first[:length] > second[:length]


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
    """Return a name in a form that does not depend on letter case, width and the order of its parts."""
    letters = unicodedata.normalize("NFKC", name).casefold()
    return " ".join(sorted(re.findall(r"\w+", letters)))
