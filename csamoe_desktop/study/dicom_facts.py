"""Reads the patient and study facts of a DICOM header as text to show.

Sources: PS3.3 C.7; names PS3.5 6.2.1; character sets PS3.3 C.12.1.1.2.
"""

import re
import unicodedata
from collections.abc import Sequence

from pydicom.dataset import Dataset
from pydicom.valuerep import PersonName

from csamoe_desktop.names import shown
from csamoe_desktop.study.character_sets import decoded
from csamoe_desktop.study.model import StudyFacts
from csamoe_desktop.study.sides import read_frame_sides, read_probe, read_sides

_SEXES = {"F": "female", "M": "male", "O": "other"}
_SILENT = frozenset("\0\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Padding and marks of writing direction; right-to-left names are shown correctly without these."""
_IDEOGRAPHIC = ("CJK ", "HANGUL ", "HIRAGANA ", "KATAKANA ", "KATAKANA-", "HALFWIDTH KATAKANA", "IDEOGRAPHIC ")
_DATE = re.compile(r"(\d{4})[.\-/]?(\d{2})[.\-/]?(\d{2})")


def read_facts(header: Dataset) -> StudyFacts:
    """Return a header's patient and study facts; missing and illegible ones are empty."""
    maker, model = _text(header, "Manufacturer"), _text(header, "ManufacturerModelName")
    sex = _text(header, "PatientSex")
    sides = read_sides(header, _text)
    return StudyFacts(
        patient_name=readable_name(_text(header, "PatientName")),
        patient_id=_text(header, "PatientID"),
        birth_date=_date(header, "PatientBirthDate"),
        sex=_SEXES.get(sex.upper(), sex),
        study_date=_date(header, "StudyDate", "AcquisitionDate", "ContentDate"),
        study_description=_text(header, "StudyDescription"),
        accession=_text(header, "AccessionNumber"),
        laterality=next((place.side for place in sides if place.where.endswith(("laterality", "modifier"))), ""),
        institution=_text(header, "InstitutionName"),
        device=model if model.casefold().startswith(maker.casefold()) else f"{maker} {model}".strip(),
        study_uid=_text(header, "StudyInstanceUID"),
        series_uid=_text(header, "SeriesInstanceUID"),
        instance_uid=_text(header, "SOPInstanceUID"),
        body_part=_text(header, "BodyPartExamined"),
        probe=read_probe(header, _text),
        sides=sides,
        frame_sides=read_frame_sides(header, _text),
    )


def text_of(header: Dataset, keyword: str) -> str:
    """Return an attribute as one line of text, several values joined by commas; "" if it is missing or illegible."""
    return _text(header, keyword)


def readable_name(name: str) -> str:
    """Return a DICOM person name (Family^Given^Middle^Prefix^Suffix=ideographic=phonetic) in the usual written form:
    "Family, Prefix Given Middle, Suffix", then the ideographic form in brackets; Han and Hangul names without comma."""
    groups = [_written(group) for group in name.split("=")[:2]]
    latin, ideographic = (*groups, "")[:2]
    if latin and ideographic and latin != ideographic:
        return f"{latin} ({ideographic})"
    return latin or ideographic


def _written(group: str) -> str:
    family, given, middle, prefix, suffix = (*(part.strip() for part in group.split("^")), "", "", "", "", "")[:5]
    if _is_ideographic(family + given):
        return f"{family}{given}{middle}"
    first = " ".join(part for part in (prefix, given, middle) if part)
    return ", ".join(part for part in (family, first, suffix) if part)


def _is_ideographic(text: str) -> bool:
    letters = [letter for letter in text if letter.isalpha()]
    return bool(letters) and all(unicodedata.name(letter, "").startswith(_IDEOGRAPHIC) for letter in letters)


def _text(header: Dataset, keyword: str) -> str:
    """Return an attribute as one line of text, several values joined by commas."""
    try:
        given = header.get_item(keyword)
        if given is None:
            return ""
        # pydicom decodes an element when it is first accessed, but keeps the bytes of a name.
        value: object = given.value
        if isinstance(value, PersonName) and value.original_string:
            value = bytes(value.original_string)
        if isinstance(value, bytes):
            values = decoded(value, _character_sets(header)).split("\\")
        elif isinstance(value, Sequence) and not isinstance(value, str):
            values = [str(entry) for entry in value]
        else:
            values = ["" if value is None else str(value)]
    except (ValueError, TypeError, LookupError, AttributeError, NotImplementedError):
        # An illegible value must not hide the other facts.
        return ""
    text = ", ".join(values) if len(values) > 1 else values[0]
    return " ".join(shown("".join(letter for letter in text if letter not in _SILENT), keep_lines=True).split())


def _character_sets(header: Dataset) -> list[str]:
    """Return the header's declared character sets, as the file has them."""
    given = header.get_item("SpecificCharacterSet")
    value: object = None if given is None else given.value
    if isinstance(value, bytes):
        return value.decode("latin-1").split("\\")
    return [value] if isinstance(value, str) else [str(term) for term in value] if isinstance(value, Sequence) else []


def _date(header: Dataset, *keywords: str) -> str:
    """Return the header's first date as YYYY-MM-DD, or unchanged if it is not a date."""
    for keyword in keywords:
        if text := _text(header, keyword):
            match = _DATE.fullmatch(text)
            return "-".join(match.groups()) if match else text
    return ""
