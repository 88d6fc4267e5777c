"""The report as JSON: what the paper says, the figures behind it, the outlines themselves, and the hashes by which all of it
can be checked again (`csamoe-desktop verify`, which reads it by `json_reading`).

The same input gives the same bytes. `parts_sha256` has a hash of each part, as JSON without blanks and with sorted keys, and
`content_sha256` one of all the rest: they find what of a report was changed. `signature` (see `signing`) finds also what was
changed by somebody who made the hashes anew. Each of `readings` has its own `parts_sha256`. Format 1 held one reading, whose
parts stood at the top.
"""

import dataclasses
import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from csamoe_desktop import __version__
from csamoe_desktop.errors import UserError
from csamoe_desktop.files import write_whole
from csamoe_desktop.lesion.files.run_lengths import compressed, runs
from csamoe_desktop.names import shown_name, writable
from csamoe_desktop.read_views import CombinedResult, read_views
from csamoe_desktop.report.content.blocks import Line, ReportContent, Section
from csamoe_desktop.report.content.from_file import filled_in
from csamoe_desktop.report.content.lesion_size import LesionSize, lesion_size
from csamoe_desktop.report.content.sections import clean
from csamoe_desktop.report.content.views import LesionContent, document_content
from csamoe_desktop.report.document import Report, ReportInput, as_report
from csamoe_desktop.report.signing import SIGNATURE, signature_of
from csamoe_desktop.wording import load_wording

FORMAT = "csamoe-desktop report"
FORMAT_VERSION = 2
HASHES = ("parts_sha256", "content_sha256")


def report_dict(given: ReportInput | Report) -> dict[str, Any]:
    """Return the report of `given`, not signed.

    Raises:
        UserError: a mask is empty, or the template of its language is not in order.
    """
    report = as_report(given)
    if report.own_only:
        raise UserError("A JSON report holds the AI's reading.", "Choose PDF or text for the own assessment alone.")
    lesions, said = report.lesions(), document_content(report, load_wording(report.language))
    contents = {
        place: one
        for lesion, words in zip(lesions, said.lesions, strict=True)
        for place, one in zip(lesion.places, words.views, strict=True)
    }
    together = [
        _together(lesion.places, lesion_size(lesion.views), words, _read_together(lesion.views))
        for lesion, words in zip(lesions, said.lesions, strict=True)
        if lesion.several
    ]
    told = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "program": __version__,
        "created": report.readings[0].created.isoformat(timespec="seconds"),
        "language": report.language,
        "institution": report.letterhead.institution,
        "title": said.title,
        "examination": {
            **{name: clean(told, keep_lines=True) for name, told in report.examination.to_dict().items()},
            "words": _words(said.examination),
        },
        "left_out": [
            {
                **one.description.to_dict(),
                "number": one.number,
                "study": shown_name(one.study_name),
                "frame": one.frame + 1,
                "chosen": one.chosen,
            }
            for one in report.left_out
        ],
        "readings": [_reading(one, contents[place]) for place, one in enumerate(report.readings)],
        "together": together,
    }
    return _hashed(writable(told))


def write_json(path: Path, given: ReportInput | Report) -> str:
    """Write the report of `given` to `path`, signed, and return in words why it could not be signed, or "".

    Raises:
        UserError: a mask is empty, a figure is not finite, or the file cannot be written; what stood at `path` is then
            untouched.
    """
    try:
        told, unsigned = signed(report_dict(given))
        text = json.dumps(told, ensure_ascii=False, indent=2, allow_nan=False) + "\n"
    except ValueError as problem:
        raise UserError(
            "The report was not written: one of its figures is no number.", "Assess again, and report that reading."
        ) from problem
    write_whole(path, lambda temporary: temporary.write_text(text, encoding="utf-8", newline="\n"))
    return unsigned


def signed(told: dict[str, Any]) -> tuple[dict[str, Any], str]:
    """Return the report with its signature; where it cannot be signed, as it is, and why not."""
    try:
        signature = signature_of(told)
    except UserError as problem:
        return told, f"The report is not signed. {problem}"
    return _hashed({name: part for name, part in told.items() if name not in HASHES} | {SIGNATURE: signature}), ""


def _hashed(told: dict[str, Any]) -> dict[str, Any]:
    """Return a report with the hashes of its parts, and of all of it."""
    with_parts = {**told, "parts_sha256": parts_sha256(told)}
    return {**with_parts, "content_sha256": content_sha256(with_parts)}


def _reading(given: ReportInput, said: ReportContent) -> dict[str, Any]:
    ai_result, frame = given.ai_result, given.frame
    card = ai_result.card
    described, from_file = filled_in(given)
    spacing = frame.scale.of(given.mask.pixels)
    told: dict[str, Any] = {
        "image": {
            "study": shown_name(given.study_name),
            "instance_uid": given.facts.instance_uid,
            "frame": frame.index + 1,
            "frames": given.frame_count,
            "shape": list(frame.pixels.shape),
            "sha256": pixels_sha256(frame.pixels),
            "spacing_mm": [spacing.row, spacing.column] if spacing.in_mm else None,
            "pixel_aspect": spacing.aspect,
            "scale": spacing.words,
        },
        "mask": {
            "sha256": pixels_sha256(given.mask.pixels),
            "size": list(given.mask.pixels.shape),
            "counts": compressed(runs(given.mask.pixels)),
            "author": given.mask.author.value,
            "source": shown_name(given.mask.source) if given.mask.source else "",
            "notes": list(given.mask.notes),
        },
        "model": {
            "name": card.name,
            "version": card.version,
            "weights_sha256": card.sha256,
            "trained_on": card.training.data,
            "data_sha256": card.training.data_sha256,
            "temperature": card.temperature,
            "thresholds": dataclasses.asdict(card.thresholds),
        },
        "reading": ai_result.to_dict(),
        "own_read": None if given.reads is None else given.reads.to_dict(),
        "description": {**given.description.to_dict(), "number": given.number},
        "entered_by_user": {name: getattr(given.facts, name) for name in given.facts.entered},
        "from_file": {name: str(getattr(described, name)) for name in from_file},
        "contradictions": list(said.contradictions),
        "reader_and_ai_differ": bool(said.differs),
        "reader": said.reader,
        "comment": given.comment,
        "words": _words(said),
    }
    told = writable(told)
    return {**told, "parts_sha256": parts_sha256(told)}


def _read_together(views: tuple[ReportInput, ...]) -> CombinedResult | None:
    if len({one.ai_result.card.sha256 for one in views}) > 1:
        return None
    return read_views([one.ai_result for one in views])


def _together(
    places: tuple[int, ...], size: LesionSize | None, said: LesionContent, together: CombinedResult | None
) -> dict[str, Any]:
    """Return what the views of one lesion come to; `readings` has their places among the report's, from 1."""
    return {
        "readings": [place + 1 for place in places],
        "size": None if size is None else dataclasses.asdict(size),
        "reading": None
        if together is None
        else {
            "probability": together.probability,
            "category": together.category.value,
            "single": list(together.single),
            "categories": [one.value for one in together.categories],
        },
        "words": {
            "title": said.title,
            "findings": _words(said.findings),
            "together": None if said.together is None else _words(said.together),
            "apart": said.apart,
        },
    }


def pixels_sha256(pixels: NDArray[np.generic]) -> str:
    """Return the hash of an array's shape, kind and values, whatever file they came from."""
    digest = hashlib.sha256(f"{pixels.dtype.str} {list(pixels.shape)} ".encode())
    digest.update(np.ascontiguousarray(pixels).tobytes())
    return digest.hexdigest()


def content_sha256(told: Any) -> str:
    """Return the hash of a report's content, or of a part of it."""
    canonical = json.dumps(told, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode("utf-8", "surrogatepass")).hexdigest()


def parts_sha256(told: dict[str, Any]) -> dict[str, str]:
    """Return the hash of each part of a report, or of one of its readings."""
    return {name: content_sha256(part) for name, part in told.items() if name not in HASHES}


def _words(part: Any) -> Any:
    """Return what the report says as JSON knows it; a section is an object of its lines."""
    if isinstance(part, Section):
        return {"title": part.title, "lines": [_words(line) for line in part.lines]}
    if isinstance(part, Line):
        return [part.label, part.value]
    if dataclasses.is_dataclass(part) and not isinstance(part, type):
        return {one.name: _words(getattr(part, one.name)) for one in dataclasses.fields(part)}
    return [_words(one) for one in part] if isinstance(part, tuple) else part
