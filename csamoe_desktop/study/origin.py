"""Reads from a DICOM header what was examined, and how. The guard uses it to check that the image shows a breast.

Sources: PS3.3 C.7.2.1, C.7.3.1, C.7.6.12 (anatomy), C.8.5.5 (ultrasound regions), C.8.5.6.
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
    """One description in the file: the attribute in words, and its text."""

    where: str
    text: str


@dataclass(frozen=True, slots=True)
class Origin:
    """What was examined, according to the file; empty where the file does not say, and for every file that is not DICOM.

    Attributes:
        descriptions: of study, series, procedure, body part and view.
        presets: the presets of the scanner or transducer.
        codes: of the regions and structures examined (SNOMED).
        modality: DICOM's abbreviation, such as "US".
        transducer: its type in DICOM's terms, such as "SECTOR_PHASED".
        traces: physiological curves in the image, such as "an ECG trace".
        parts: parts of the image that are not B-mode, such as "an M-mode".
        depth_mm: the depth of the image, or None.
        heart_rate: whether the file records a heart rate.
        species: the patient's species if the patient is an animal, or "".
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


UNKNOWN_ORIGIN = Origin()
"""The origin of a file that does not describe it."""


def read_origin(header: Dataset, text: Callable[[Dataset, str], str]) -> Origin:
    """Return the origin that a header describes; `text` reads an attribute as one line, in the header's character set.

    Illegible attributes count as absent.
    """
    places = [header, *_items(header, "RequestAttributesSequence")]
    regions = _items(header, "SequenceOfUltrasoundRegions")
    codes = [(where, item) for place in places for name, where in _CODES.items() for item in _items(place, name)]
    coded = [Said(where, meaning) for where, item in codes if (meaning := text(item, "CodeMeaning"))]
    return Origin(
        descriptions=(*_descriptions(places, _DESCRIPTIONS, text), *coded),
        presets=_descriptions([header], _PRESETS, text),
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


def _descriptions(
    places: list[Dataset], known: dict[str, str], text: Callable[[Dataset, str], str]
) -> tuple[Said, ...]:
    descriptions = (Said(where, text(place, name)) for place in places for name, where in known.items())
    return tuple(dict.fromkeys(description for description in descriptions if description.text))


def _items(header: Dataset, name: str) -> list[Dataset]:
    try:
        return [item for item in header.get(name) or [] if isinstance(item, Dataset)]
    except (ValueError, TypeError, LookupError, AttributeError, NotImplementedError):
        return []


def _numbers(item: Dataset, name: str) -> list[float]:
    try:
        value = item.get(name)
        values = [value] if isinstance(value, str | int | float) else list(value or [])
        return [number for number in map(float, values) if math.isfinite(number)]
    except (ValueError, TypeError, LookupError, AttributeError, NotImplementedError):
        return []


def _whole(item: Dataset, name: str) -> int:
    numbers = _numbers(item, name)
    return int(numbers[0]) if numbers else -1


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
    """Return the depth of the deepest 2D region, else the scanner's depth setting, in millimetres."""
    depths = []
    for region in regions:
        two_dimensional = _whole(region, "RegionSpatialFormat") == _TWO_DIMENSIONAL
        if not two_dimensional or _whole(region, "RegionDataType") not in _TISSUE_OR_FLOW:
            continue
        ends = [_numbers(region, f"RegionLocation{name}") for name in ("MinY0", "MaxY1")]
        step = _numbers(region, "PhysicalDeltaY")
        if all(ends) and step and _whole(region, "PhysicalUnitsYDirection") == _CENTIMETRES:
            depths.append(abs(step[0]) * 10 * (ends[1][0] - ends[0][0]))
    depths = [depth for depth in depths if depth > 0] or [
        depth for depth in _numbers(header, "DepthOfScanField") if depth > 0
    ]
    return max(depths, default=None)


def _breed(header: Dataset, text: Callable[[Dataset, str], str]) -> str:
    coded = [text(item, "CodeMeaning") for item in _items(header, "PatientSpeciesCodeSequence")]
    return next((name for name in (*coded, text(header, "PatientBreedDescription")) if name), "")


def _age(age: str, born: str, studied: str) -> float | None:
    """Return the age in years, from the file's age ("045Y", "018M") or else from the dates."""
    per_year = {"Y": 1.0, "M": 12.0, "W": 52.18, "D": 365.25}
    unit = age[-1:].upper()
    if unit in per_year and age[:-1].isdecimal():
        return int(age[:-1]) / per_year[unit]
    try:
        days = (date.fromisoformat(studied) - date.fromisoformat(born)).days
    except ValueError:
        return None
    return days / 365.25 if days >= 0 else None
