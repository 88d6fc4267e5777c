"""What a DICOM header says of what was examined and how, beside the patient: for the input guard, which asks whether the
image is one of the breast at all (PS3.3 C.7.2.1, C.7.3.1, C.7.6.12 anatomy, C.8.5.5 ultrasound regions, C.8.5.6).
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date

from pydicom.dataset import Dataset

_DESCRIPTIONS = {
    "StudyDescription": "study description",
    "SeriesDescription": "series description",
    "ProtocolName": "protocol",
    "BodyPartExamined": "body part",
    "ViewName": "view",
    "StageName": "stage",
    "RequestedProcedureDescription": "requested procedure",
    "PerformedProcedureStepDescription": "performed procedure",
    "ScheduledProcedureStepDescription": "scheduled procedure",
    "PerformedProcedureTypeDescription": "performed procedure",
    "AcquisitionProtocolName": "protocol",
}
_PRESETS = {
    "ProcessingFunction": "preset",
}
_CODES = {
    "AnatomicRegionSequence": "anatomic region",
    "PrimaryAnatomicStructureSequence": "anatomic structure",
    "ViewCodeSequence": "view",
    "ProcedureCodeSequence": "procedure",
    "RequestedProcedureCodeSequence": "requested procedure",
    "PerformedProtocolCodeSequence": "protocol",
    "TransducerApplicationCodeSequence": "transducer's application",
}
_TWO_DIMENSIONAL, _M_MODE, _SPECTRAL = 1, 2, 3
_ECG, _PULSE, _PHONOCARDIOGRAM = 10, 11, 12
_SPECTRA = (3, 4)
_TISSUE_OR_FLOW = (1, 2)
_CENTIMETRES = 3


@dataclass(frozen=True, slots=True)
class Said:
    """One description of the file: where it stands, in words, and its text."""

    where: str
    text: str


@dataclass(frozen=True, slots=True)
class Origin:
    """What a file says of what was examined; empty where it says nothing, as every file that is no DICOM does.

    Attributes:
        descriptions: of study, series, procedure, body part and view.
        presets: what the scanner or the transducer was set to.
        codes: of the regions and structures examined (SNOMED).
        modality: as DICOM abbreviates it, such as "US".
        transducer: its kind, in DICOM's words, such as "SECTOR_PHASED".
        traces: physiological curves in the image, such as "an ECG trace".
        parts: parts of the image that are no B-mode, such as "an M-mode".
        depth_mm: how deep the image reaches, or None.
        heart_rate: whether the heart was listened to.
        species: what kind of animal the patient is, or "".
        age: the patient's age in years, or None.
    """

    descriptions: tuple[Said, ...] = ()
    presets: tuple[Said, ...] = ()
    codes: tuple[str, ...] = ()
    modality: str = ""
    transducer: str = ""
    traces: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()
    depth_mm: float | None = None
    heart_rate: bool = False
    species: str = ""
    age: float | None = None


NOWHERE = Origin()
"""Of a file that says nothing of it."""


def read_origin(header: Dataset, text: Callable[[Dataset, str], str]) -> Origin:
    """Return what a header says; `text` reads an attribute as one line, in the header's character set.

    What is illegible counts as not said.
    """
    places = [header, *_items(header, "RequestAttributesSequence")]
    regions = _items(header, "SequenceOfUltrasoundRegions")
    codes = [(where, item) for place in places for name, where in _CODES.items() for item in _items(place, name)]
    coded = [Said(where, meaning) for where, item in codes if (meaning := text(item, "CodeMeaning"))]
    return Origin(
        descriptions=(*_said(places, _DESCRIPTIONS, text), *coded),
        presets=_said([header], _PRESETS, text),
        codes=tuple(code for _, item in codes if (code := text(item, "CodeValue"))),
        modality=text(header, "Modality").upper(),
        transducer=text(header, "TransducerType").upper().replace(" ", "_"),
        traces=tuple(dict.fromkeys(_traces(regions))),
        parts=tuple(dict.fromkeys(_parts(regions))),
        depth_mm=_depth(header, regions),
        heart_rate=any(rate > 0 for rate in _numbers(header, "HeartRate")),
        species=text(header, "PatientSpeciesDescription") or _breed(header, text),
        age=_age(text(header, "PatientAge"), text(header, "PatientBirthDate"), text(header, "StudyDate")),
    )


def _said(places: list[Dataset], known: dict[str, str], text: Callable[[Dataset, str], str]) -> tuple[Said, ...]:
    found = (Said(where, text(place, name)) for place in places for name, where in known.items())
    return tuple(dict.fromkeys(one for one in found if one.text))


def _items(header: Dataset, name: str) -> list[Dataset]:
    try:
        return [item for item in header.get(name) or [] if isinstance(item, Dataset)]
    except (ValueError, TypeError, LookupError, AttributeError, NotImplementedError):
        return []


def _numbers(item: Dataset, name: str) -> list[float]:
    try:
        value = item.get(name)
        values = [value] if isinstance(value, str | int | float) else list(value or [])
        return [one for one in map(float, values) if math.isfinite(one)]
    except (ValueError, TypeError, LookupError, AttributeError, NotImplementedError):
        return []


def _whole(item: Dataset, name: str) -> int:
    found = _numbers(item, name)
    return int(found[0]) if found else -1


def _traces(regions: list[Dataset]) -> Iterator[str]:
    names = {_ECG: "an ECG trace", _PULSE: "a pulse trace", _PHONOCARDIOGRAM: "a phonocardiogram"}
    for region in regions:
        if name := names.get(_whole(region, "RegionDataType")):
            yield name


def _parts(regions: list[Dataset]) -> Iterator[str]:
    for region in regions:
        shape, data = _whole(region, "RegionSpatialFormat"), _whole(region, "RegionDataType")
        if shape == _M_MODE:
            yield "an M-mode"
        elif shape == _SPECTRAL or data in _SPECTRA:
            yield "a Doppler spectrum"


def _depth(header: Dataset, regions: list[Dataset]) -> float | None:
    """Return how deep the deepest 2D region reaches, else the depth that the scanner was set to, in millimetres."""
    found = []
    for region in regions:
        two = _whole(region, "RegionSpatialFormat") == _TWO_DIMENSIONAL
        if not two or _whole(region, "RegionDataType") not in _TISSUE_OR_FLOW:
            continue
        ends = [_numbers(region, f"RegionLocation{name}") for name in ("MinY0", "MaxY1")]
        step = _numbers(region, "PhysicalDeltaY")
        if all(ends) and step and _whole(region, "PhysicalUnitsYDirection") == _CENTIMETRES:
            found.append(abs(step[0]) * 10 * (ends[1][0] - ends[0][0]))
    found = [depth for depth in found if depth > 0] or [
        depth for depth in _numbers(header, "DepthOfScanField") if depth > 0
    ]
    return max(found, default=None)


def _breed(header: Dataset, text: Callable[[Dataset, str], str]) -> str:
    coded = [text(item, "CodeMeaning") for item in _items(header, "PatientSpeciesCodeSequence")]
    return next((one for one in (*coded, text(header, "PatientBreedDescription")) if one), "")


def _age(told: str, born: str, studied: str) -> float | None:
    """Return an age in years, as the file tells it ("045Y", "018M") or as the dates come to."""
    per_year = {"Y": 1.0, "M": 12.0, "W": 52.18, "D": 365.25}
    unit = told[-1:].upper()
    if unit in per_year and told[:-1].isdecimal():
        return int(told[:-1]) / per_year[unit]
    try:
        days = (date.fromisoformat(studied) - date.fromisoformat(born)).days
    except ValueError:
        return None
    return days / 365.25 if days >= 0 else None
