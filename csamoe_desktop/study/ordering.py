"""The order in which the images of a folder are listed: by patient, examination, series and instance, as their headers say.

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
    """Where an image belongs, as its header says; empty or 0 where it says nothing."""

    patient: str = ""
    study_date: str = ""
    study: str = ""
    series_number: int = 0
    series: str = ""
    instance_number: int = 0

    def key(self) -> tuple[object, ...]:
        """Return what images are sorted by: a patient's newest examination first, its series and instances by number."""
        newest_first = tuple(-int(digit) for digit in self.study_date) or (1,)
        return (self.patient, newest_first, self.study, self.series_number, self.series, self.instance_number)


def by_examination(
    files: Sequence[Path], is_dicom: Callable[[Path], bool], looking: Callable[[float], object] = lambda share: None
) -> tuple[Path, ...]:
    """Return `files` with the DICOM images by patient, examination (newest first), series and instance; where headers say
    nothing or the same, the order given stays. All others keep their places, and the DICOM images share theirs.

    Args:
        files: plain files.
        is_dicom: whether one of them is DICOM.
        looking: told the share that is done, 0 to 1, for each file; may stop it by raising.
    """
    keys: dict[int, tuple[object, ...]] = {}
    for number, file in enumerate(files):
        looking(number / len(files))
        if is_dicom(file):
            keys[number] = place_of(file).key()
    ordered = list(files)
    for place, number in zip(keys, sorted(keys, key=lambda one: keys[one]), strict=True):
        ordered[place] = files[number]
    return tuple(ordered)


def place_of(file: Path) -> Place:
    """Return where a DICOM file belongs; an unreadable header says nothing."""
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
    except Exception:  # noqa: BLE001 - pydicom raises almost anything; opening the file says what is wrong
        return Place()


def _text(header: Dataset, keyword: str) -> str:
    try:
        return str(header.get(keyword) or "")
    except (ValueError, TypeError, LookupError, AttributeError, NotImplementedError):
        return ""


def _number(header: Dataset, keyword: str) -> int:
    found = re.fullmatch(r"\s*([+-]?[0-9]{1,12})(\.0*)?\s*", _text(header, keyword))
    return int(found[1]) if found else 0
