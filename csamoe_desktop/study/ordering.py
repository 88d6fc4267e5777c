"""Sorts the images of a folder by patient, examination, series and instance, from their headers.

Sources: PS3.3 C.7.1 to C.7.3 and C.7.6.1 (patient, study, series and image modules). Only a few elements of each header are
read, and no pixels.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pydicom
from pydicom.dataset import Dataset

from csamoe_desktop.study.quiet import without_warnings

_TAGS = [
    "SpecificCharacterSet",
    "PatientID",
    "PatientName",
    "StudyDate",
    "StudyTime",
    "StudyInstanceUID",
    "SeriesNumber",
    "SeriesInstanceUID",
    "InstanceNumber",
]


@dataclass(frozen=True, slots=True)
class Place:
    """Where an image belongs, from its header; missing values are empty or 0."""

    patient: str = ""
    study_date: str = ""
    study: str = ""
    series_number: int = 0
    series: str = ""
    instance_number: int = 0

    def key(self) -> tuple[object, ...]:
        """Return the sort key: a patient's newest examination first, series and instances by number."""
        newest_first = tuple(-int(digit) for digit in self.study_date) or (1,)
        return (self.patient, newest_first, self.study, self.series_number, self.series, self.instance_number)


def by_examination(
    files: Sequence[Path], is_dicom: Callable[[Path], bool], looking: Callable[[float], object] = lambda share: None
) -> tuple[Path, ...]:
    """Return `files` with the DICOM images sorted by patient, examination (newest first), series and instance.

    Images with equal or empty headers stay in the given order. Other files keep their positions; the DICOM images are
    sorted among theirs.

    Args:
        files: regular files.
        is_dicom: whether a file is DICOM.
        looking: called for each file with the progress, 0 to 1; may raise to stop.
    """
    keys: dict[int, tuple[object, ...]] = {}
    for number, file in enumerate(files):
        looking(number / len(files))
        if is_dicom(file):
            keys[number] = place_of(file).key()
    ordered = list(files)
    for place, number in zip(keys, sorted(keys, key=lambda number: keys[number]), strict=True):
        ordered[place] = files[number]
    return tuple(ordered)


def place_of(file: Path) -> Place:
    """Return where a DICOM file belongs; all empty if its header is unreadable."""
    try:
        with without_warnings(), file.open("rb") as opened:
            header = pydicom.dcmread(opened, stop_before_pixels=True, force=True, specific_tags=list(_TAGS))
            return Place(
                patient=_text(header, "PatientID") or _text(header, "PatientName"),
                study_date="".join(re.findall(r"[0-9]", _text(header, "StudyDate") + _text(header, "StudyTime")[:6])),
                study=_text(header, "StudyInstanceUID"),
                series_number=_number(header, "SeriesNumber"),
                series=_text(header, "SeriesInstanceUID"),
                instance_number=_number(header, "InstanceNumber"),
            )
    except Exception:  # noqa: BLE001 - pydicom raises almost anything; the user gets the error when the file is opened
        return Place()


def _text(header: Dataset, keyword: str) -> str:
    try:
        return str(header.get(keyword) or "")
    except (ValueError, TypeError, LookupError, AttributeError, NotImplementedError):
        return ""


def _number(header: Dataset, keyword: str) -> int:
    match = re.fullmatch(r"\s*([+-]?[0-9]{1,12})(\.0*)?\s*", _text(header, keyword))
    return int(match[1]) if match else 0
