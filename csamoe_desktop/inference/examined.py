"""Whether it is a lesion of the breast at all: what the file says of what was examined, and how large the outline is.

A network reads an echocardiogram as readily as a breast, so what the file says is asked before it. The rules:

| what | where | alone |
|---|---|---|
| another kind of image than ultrasound | modality | withhold |
| an animal | species, breed | withhold |
| another organ is named | descriptions and codes of study, series, procedure, body part, view | withhold |
| another organ is hinted at | the scanner's preset; "echo" by itself | caution |
| curves of the body | ECG, pulse, phonocardiogram among the image's regions; a heart rate | caution |
| the transducer | phased, curved, for a body cavity | caution |
| the depth | over 120 mm | caution |
| M-mode | among the image's regions | caution |
| Doppler spectrum | among the image's regions | caution |
| a child | under 10 years | caution |
| the outline is long | over 80 mm; over 120 mm | caution; withhold |
| the outline is large | fills more of the image than any the models were measured on | caution |

Two that caution, of the hint, the curves, the transducer, the depth, the M-mode and the length, withhold together. A file
that names the breast anywhere is asked for nothing but its modality, the species and the outline; one that says nothing, for
nothing but the outline. The words stand in resources/guard/organs.json.
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
"""Of a frame whose depth the file does not tell: its whole height, borders and writing among it."""
LONG_MM, TOO_LONG_MM = 80.0, 120.0
LARGE_SHARE = 0.58
"""The largest of BUS-BRA's lesions fills 0.576 of its image, of BUSI's 0.563, of OASBUD's 0.284."""
CHILD = 10.0

_OTHER_MODALITIES = {
    "BI": "biomagnetic imaging",
    "CR": "a radiograph",
    "CT": "computed tomography",
    "DX": "a radiograph",
    "ECG": "an electrocardiogram",
    "ES": "endoscopy",
    "GM": "microscopy",
    "IVOCT": "a view from inside a vessel",
    "IVUS": "ultrasound from inside a vessel",
    "MG": "mammography",
    "MR": "magnetic resonance",
    "NM": "nuclear medicine",
    "OCT": "optical tomography",
    "OP": "an eye photograph",
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
_SURE = "Make sure that this is an image of the breast."


def check_frame(frame: Frame, mask: Bool | None = None) -> tuple[Finding, ...]:
    """Return what the guard sees on a frame and its lesion (bool, the frame's shape, or None): what the file and the outline
    say, then what the pixels do.

    Raises:
        UserError: the table of words is not in order.
    """
    aspect = frame.scale.of(mask).aspect
    seen = guard.inspect(squared(frame.pixels, aspect), None if mask is None else squared(mask, aspect))
    return (*check_origin(frame, mask), *seen)


def check_origin(frame: Frame, mask: Bool | None = None) -> tuple[Finding, ...]:
    """Return what the frame's file, and the outline's size, say against its being a lesion of the breast.

    Raises:
        UserError: the table of words is not in order.
    """
    origin = frame.origin
    signs: dict[str, str] = {}
    found = [*_not_human_ultrasound(origin)]
    length = _length(frame, mask)
    if not names_breast(origin):
        found += _other_organ(origin)
        for sign, finding in _hints(frame):
            found.append(finding)
            if sign:
                signs[finding.rule] = sign
    if length is not None and length > LONG_MM:
        signs["long"] = f"an outline of {length:.0f} mm"
    found += _size(length, mask)
    if len(signs) > 1 and not guard.withheld(tuple(found)):
        found.append(
            Finding(
                "signs",
                Level.WITHHOLD,
                f"This seems to be no image of the breast: it has {' and '.join(signs.values())}.",
            )
        )
    return tuple(found)


def names_breast(origin: Origin) -> bool:
    """Return whether the file says anywhere that the breast was examined."""
    breast = load_organs().breast
    return any(breast.among(one.text) for one in (*origin.descriptions, *origin.presets))


def _not_human_ultrasound(origin: Origin) -> Iterator[Finding]:
    if other := _OTHER_MODALITIES.get(origin.modality):
        yield Finding(
            "modality",
            Level.WITHHOLD,
            f"The file says that this is {other} ({origin.modality}): the models read ultrasound of the breast only.",
        )
    if origin.species and not load_organs().human.among(origin.species):
        yield Finding(
            "species",
            Level.WITHHOLD,
            f"The file says that the patient is an animal ({origin.species}): the models read women's and men's breasts only.",
        )


def _other_organ(origin: Origin) -> list[Finding]:
    organs = load_organs()
    named = _named(origin.descriptions, organs)
    if named is None:
        coded = next((one for one in organs.organs if one.codes & set(origin.codes)), None)
        named = None if coded is None else (coded, Said("code", next(iter(coded.codes & set(origin.codes)))))
    if named is None:
        return []
    organ, said = named
    return [
        Finding(
            "organ",
            Level.WITHHOLD,
            f"The file says that this is an examination of {organ.name}, not of the breast ({said.where}: {said.text}). "
            "The models read the breast only; if it is one, have the file's description corrected.",
        )
    ]


def _named(said: tuple[Said, ...], organs: Organs) -> tuple[Organ, Said] | None:
    return next(((organ, one) for one in said for organ in organs.organs if organ.words.among(one.text)), None)


def _hints(frame: Frame) -> Iterator[tuple[str, Finding]]:
    """Yield each hint with the sign it is among others; "" for one that never withholds."""
    origin, organs = frame.origin, load_organs()
    if hinted := _hinted(origin, organs):
        organ, said = hinted
        words = f"The scanner seems to have been set to {organ.name} ({said.where}: {said.text}). {_SURE}"
        yield f"settings for {organ.name}", Finding("preset", Level.CAUTION, words)
    if trace := next(iter(origin.traces), "a heart rate" if origin.heart_rate else ""):
        words = f"The image has {trace}, as examinations of the heart do. {_SURE}"
        yield trace, Finding("trace", Level.CAUTION, words)
    if kind := _transducer(origin.transducer):
        words = f"The image was made with {kind} transducer, which is hardly used for the breast. {_SURE}"
        yield f"{kind} transducer", Finding("transducer", Level.CAUTION, words)
    if (depth := _deep(frame)) is not None:
        words = f"The image reaches {depth:.0f} mm deep, deeper than the breast does. {_SURE}"
        yield f"a depth of {depth:.0f} mm", Finding("depth", Level.CAUTION, words)
    for part in origin.parts:
        words = (
            f"The image has {part} beside or in place of the B-mode image. Mark the lesion on the B-mode image alone."
        )
        yield (part if "M-mode" in part else ""), Finding("part", Level.CAUTION, words)
    if origin.age is not None and origin.age < CHILD:
        words = f"The patient is a child of {origin.age:.0f} years; the models were measured on none."
        yield "", Finding("child", Level.CAUTION, words)


def _hinted(origin: Origin, organs: Organs) -> tuple[Organ, Said] | None:
    if named := _named(origin.presets, organs):
        return named
    for organ in organs.organs:
        for one in (*origin.presets, *origin.descriptions):
            if organ.hints is not None and organ.hints.among(one.text):
                return organ, one
    return None


def _transducer(kind: str) -> str:
    if kind.startswith(("ENDOCAV", "IV_")):
        return "an endocavity"
    return _TRANSDUCERS.get(kind, "")


def _deep(frame: Frame) -> float | None:
    """Return how deep the image reaches in millimetres, where that is deeper than the breast."""
    if (depth := frame.origin.depth_mm) is not None:
        return depth if depth > DEEP_MM else None
    if frame.spacing is None:
        return None
    depth = frame.shape[0] * frame.spacing.row
    return depth if depth > FRAME_DEEP_MM else None


def _length(frame: Frame, mask: Bool | None) -> float | None:
    """Return the outline's longest diameter in millimetres; None where there is no outline or no scale."""
    if mask is None or not mask.any():
        return None
    size = measure(mask, frame.scale)
    return size.longest if size.unit == "mm" else None


def _size(length: float | None, mask: Bool | None) -> Iterator[Finding]:
    if length is not None and length > TOO_LONG_MM:
        yield Finding(
            "long",
            Level.WITHHOLD,
            f"The outline is {length:.0f} mm long, as no lesion in an image of the breast is. Check what is marked, and the "
            "scale.",
        )
    elif length is not None and length > LONG_MM:
        yield Finding(
            "long",
            Level.CAUTION,
            f"The outline is {length:.0f} mm long; hardly a lesion of the breast is. Check what is marked, and the scale.",
        )
    if mask is not None and mask.mean() > LARGE_SHARE:
        yield Finding(
            "large", Level.CAUTION, "The lesion fills more of its image than any the models were measured on."
        )
