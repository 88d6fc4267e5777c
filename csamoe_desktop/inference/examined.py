"""The guard's rules on whether this is a lesion of the breast at all: the file's metadata and the size of the outline.

A network gives a result for an echocardiogram as readily as for a breast, so the file's metadata are checked first:

| finding | source | effect on its own |
|---|---|---|
| another kind of image than ultrasound | modality | withhold |
| an animal | species, breed | withhold |
| another organ is named | descriptions and codes of study, series, procedure, body part, view | withhold |
| a hint at another organ | the scanner's preset; "echo" by itself | caution |
| a physiological trace | ECG, pulse, phonocardiogram among the image's regions; a heart rate | caution |
| the transducer | phased, curved, endocavity | caution |
| the depth | over 120 mm | caution |
| M-mode | among the image's regions | caution |
| Doppler spectrum | among the image's regions | caution |
| a child | under 10 years | caution |
| a long outline | over 80 mm; over 120 mm | caution; withhold |
| a large outline | fills more of the image than any lesion the models were tested on | caution |

Two cautions from the hint, the trace, the transducer, the depth, the M-mode and the length withhold together. If the file names
the breast anywhere, only the modality, the species and the outline are checked; if the file has no metadata, only the outline.
The words are in resources/guard/organs.json.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from csamoe_desktop.inference import guard
from csamoe_desktop.inference.guard import Finding, Level
from csamoe_desktop.inference.organs import Organ, Organs, load_organs
from csamoe_desktop.lesion.measure import measure
from csamoe_desktop.lesion.regions import squared
from csamoe_desktop.study.model import Frame
from csamoe_desktop.study.origin import Origin, Said

Bool = NDArray[np.bool_]

DEEP_MM = 120.0
FRAME_DEEP_MM = 150.0
"""Limit for a frame whose file gives no depth: its whole height counts, including borders and text."""
LONG_MM, TOO_LONG_MM = 80.0, 120.0
LARGE_SHARE = 0.58
"""The largest lesion of BUS-BRA fills 0.576 of its image, that of BUSI 0.563, that of OASBUD 0.284."""
CHILD = 10.0
"""Years."""

_OTHER_MODALITIES = {
    "BI": "biomagnetic imaging",
    "CR": "a radiograph",
    "CT": "computed tomography",
    "DX": "a radiograph",
    "ECG": "an electrocardiogram",
    "ES": "endoscopy",
    "GM": "microscopy",
    "IVOCT": "intravascular optical coherence tomography",
    "IVUS": "intravascular ultrasound",
    "MG": "mammography",
    "MR": "magnetic resonance",
    "NM": "nuclear medicine",
    "OCT": "optical coherence tomography",
    "OP": "an ophthalmic photograph",
    "PT": "positron emission tomography",
    "PX": "a radiograph",
    "RF": "fluoroscopy",
    "RG": "a radiograph",
    "SM": "microscopy",
    "TG": "thermography",
    "XA": "angiography",
    "XC": "a photograph",
}
_TRANSDUCERS = {"SECTOR_PHASED": "a phased sector", "CURVED_LINEAR": "a curved"}
_CHECK_ORGAN = "Check that this is an image of the breast."


def check_frame(frame: Frame, mask: Bool | None = None) -> tuple[Finding, ...]:
    """Return the guard's findings for a frame and its lesion (bool, the frame's shape, or None).

    Those from the file and the size of the outline come first, then those from the pixels.

    Raises:
        UserError: the table of words is damaged.
    """
    aspect = frame.scale.of(mask).aspect
    pixel_findings = guard.inspect(squared(frame.pixels, aspect), None if mask is None else squared(mask, aspect))
    return (*check_origin(frame, mask), *pixel_findings)


def check_origin(frame: Frame, mask: Bool | None = None) -> tuple[Finding, ...]:
    """Return the findings, from the file and the size of the outline, that this is not a lesion of the breast.

    Raises:
        UserError: the table of words is damaged.
    """
    origin = frame.origin
    signs: dict[str, str] = {}
    findings = [*_not_human_ultrasound(origin)]
    length = _length(frame, mask)
    if not names_breast(origin):
        findings += _other_organ(origin)
        for sign, finding in _hints(frame):
            findings.append(finding)
            if sign:
                signs[finding.rule] = sign
    if length is not None and length > LONG_MM:
        signs["long"] = f"an outline of {length:.0f} mm"
    findings += _size(length, mask)
    if len(signs) > 1 and not guard.withheld(tuple(findings)):
        findings.append(
            Finding(
                "signs",
                Level.WITHHOLD,
                f"This does not seem to be an image of the breast: it has {' and '.join(signs.values())}.",
            )
        )
    return tuple(findings)


def names_breast(origin: Origin) -> bool:
    """Return whether the file names the breast anywhere."""
    breast = load_organs().breast
    return any(breast.among(description.text) for description in (*origin.descriptions, *origin.presets))


def _not_human_ultrasound(origin: Origin) -> Iterator[Finding]:
    if other := _OTHER_MODALITIES.get(origin.modality):
        yield Finding(
            "modality",
            Level.WITHHOLD,
            f"The file says that this is {other} ({origin.modality}). The models assess breast ultrasound only.",
        )
    if origin.species and not load_organs().human.among(origin.species):
        yield Finding(
            "species",
            Level.WITHHOLD,
            f"The file says that the patient is an animal ({origin.species}). The models assess human breasts only.",
        )


def _other_organ(origin: Origin) -> list[Finding]:
    organs = load_organs()
    named = _named(origin.descriptions, organs)
    if named is None:
        coded = next((organ for organ in organs.organs if organ.codes & set(origin.codes)), None)
        named = None if coded is None else (coded, Said("code", next(iter(coded.codes & set(origin.codes)))))
    if named is None:
        return []
    organ, description = named
    return [
        Finding(
            "organ",
            Level.WITHHOLD,
            f"The file says that this is an examination of {organ.name}, not of the breast ({description.where}: "
            f"{description.text}). The models assess the breast only. If this is a breast examination, have the "
            "description in the file corrected.",
        )
    ]


def _named(descriptions: tuple[Said, ...], organs: Organs) -> tuple[Organ, Said] | None:
    """Return the first organ that a description names, and that description."""
    return next(
        (
            (organ, description)
            for description in descriptions
            for organ in organs.organs
            if organ.words.among(description.text)
        ),
        None,
    )


def _hints(frame: Frame) -> Iterator[tuple[str, Finding]]:
    """Yield for each hint the words that name it in a combined warning ("" if it never withholds) and its finding."""
    origin, organs = frame.origin, load_organs()
    if hinted := _hinted(origin, organs):
        organ, description = hinted
        words = (
            f"The scanner seems to have been set for {organ.name} ({description.where}: {description.text}). "
            f"{_CHECK_ORGAN}"
        )
        yield f"settings for {organ.name}", Finding("preset", Level.CAUTION, words)
    if trace := next(iter(origin.traces), "a heart rate" if origin.heart_rate else ""):
        words = f"The image has {trace}, as in examinations of the heart. {_CHECK_ORGAN}"
        yield trace, Finding("trace", Level.CAUTION, words)
    if kind := _transducer(origin.transducer):
        words = f"The image was made with {kind} transducer, which is rarely used for the breast. {_CHECK_ORGAN}"
        yield f"{kind} transducer", Finding("transducer", Level.CAUTION, words)
    if (depth := _deep(frame)) is not None:
        words = f"The image is {depth:.0f} mm deep, deeper than the breast. {_CHECK_ORGAN}"
        yield f"a depth of {depth:.0f} mm", Finding("depth", Level.CAUTION, words)
    for part in origin.parts:
        words = f"The frame has {part} beside or instead of the B-mode image. Mark the lesion on a B-mode image only."
        yield (part if "M-mode" in part else ""), Finding("part", Level.CAUTION, words)
    if origin.age is not None and origin.age < CHILD:
        words = f"The patient is a child (age {origin.age:.0f}); the models were not tested on children."
        yield "", Finding("child", Level.CAUTION, words)


def _hinted(origin: Origin, organs: Organs) -> tuple[Organ, Said] | None:
    if named := _named(origin.presets, organs):
        return named
    for organ in organs.organs:
        for description in (*origin.presets, *origin.descriptions):
            if organ.hints is not None and organ.hints.among(description.text):
                return organ, description
    return None


def _transducer(kind: str) -> str:
    if kind.startswith(("ENDOCAV", "IV_")):
        return "an endocavity"
    return _TRANSDUCERS.get(kind, "")


def _deep(frame: Frame) -> float | None:
    """Return the depth of the image in millimetres if it is deeper than the breast, else None."""
    if (depth := frame.origin.depth_mm) is not None:
        return depth if depth > DEEP_MM else None
    if frame.spacing is None:
        return None
    depth = frame.shape[0] * frame.spacing.row
    return depth if depth > FRAME_DEEP_MM else None


def _length(frame: Frame, mask: Bool | None) -> float | None:
    """Return the outline's longest diameter in millimetres; None if there is no outline or no scale."""
    if mask is None or not mask.any():
        return None
    size = measure(mask, frame.scale)
    return size.longest if size.unit == "mm" else None


def _size(length: float | None, mask: Bool | None) -> Iterator[Finding]:
    if length is not None and length > TOO_LONG_MM:
        yield Finding(
            "long",
            Level.WITHHOLD,
            f"The outline is {length:.0f} mm long, too long for a lesion in a breast image. Check the outline and the scale.",
        )
    elif length is not None and length > LONG_MM:
        yield Finding(
            "long",
            Level.CAUTION,
            f"The outline is {length:.0f} mm long; breast lesions are rarely so long. Check the outline and the scale.",
        )
    if mask is not None and mask.mean() > LARGE_SHARE:
        yield Finding(
            "large",
            Level.CAUTION,
            "The lesion fills a larger part of the image than any lesion the models were tested on.",
        )
