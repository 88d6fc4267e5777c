"""The report as JSON: the printed texts, the figures behind them, the outlines, and hashes for verification
(`csamoe-desktop verify`, which reads it with `json_reading`).

The same input gives the same bytes. `parts_sha256` has a hash of each part, as JSON without spaces and with sorted keys, and
`content_sha256` one of all the rest: they show which parts were changed. `signature` (see `signing`) also reveals changes
after which the hashes were recomputed. Each entry of `readings` (one AI result each) has its own `parts_sha256`. Format 1
had one AI result, whose parts were at the top level.
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
from csamoe_desktop.report.content.letters import clean
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
        UserError: a mask is empty, the template of its language is invalid, or the report leaves the AI out.
    """
    report = as_report(given)
    if report.own_only:
        raise UserError(
            "A JSON report contains the AI result.", "Choose PDF or text for a report without the AI result."
        )
    lesions, document = report.lesions(), document_content(report, load_wording(report.language))
    contents = {
        place: view
        for lesion, words in zip(lesions, document.lesions, strict=True)
        for place, view in zip(lesion.places, words.views, strict=True)
    }
    together = [
        _together(lesion.places, lesion_size(lesion.views), words, _read_together(lesion.views))
        for lesion, words in zip(lesions, document.lesions, strict=True)
        if lesion.several
    ]
    entries = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "program": __version__,
        "created": report.readings[0].created.isoformat(timespec="seconds"),
        "language": report.language,
        "institution": report.letterhead.institution,
        "title": document.title,
        "examination": {
            **{name: clean(text, keep_lines=True) for name, text in report.examination.to_dict().items()},
            "words": _words(document.examination),
        },
        "left_out": [
            {
                **left_out.description.to_dict(),
                "number": left_out.number,
                "study": shown_name(left_out.study_name),
                "frame": left_out.frame + 1,
                "chosen": left_out.chosen,
            }
            for left_out in report.left_out
        ],
        "readings": [_reading(view, contents[place]) for place, view in enumerate(report.readings)],
        "together": together,
    }
    return _hashed(writable(entries))


def write_json(path: Path, given: ReportInput | Report) -> str:
    """Write the signed report of `given` to `path`; return a sentence on why it could not be signed, or "".

    Raises:
        UserError: a mask is empty, a figure is not finite, or the file cannot be written; an existing file at `path` is
            then unchanged.
    """
    try:
        entries, unsigned = signed(report_dict(given))
        text = json.dumps(entries, ensure_ascii=False, indent=2, allow_nan=False) + "\n"
    except ValueError as problem:
        raise UserError(
            "The report was not written: one of its figures is not a number.", "Assess again, then write the report."
        ) from problem
    write_whole(path, lambda temporary: temporary.write_text(text, encoding="utf-8", newline="\n"))
    return unsigned


def signed(report: dict[str, Any]) -> tuple[dict[str, Any], str]:
    """Return the report with its signature and ""; or the unchanged report and a sentence on why it was not signed."""
    try:
        signature = signature_of(report)
    except UserError as problem:
        return report, f"The report is not signed. {problem}"
    return _hashed({name: part for name, part in report.items() if name not in HASHES} | {SIGNATURE: signature}), ""


def _hashed(report: dict[str, Any]) -> dict[str, Any]:
    """Return a report with the hashes of its parts and of the whole."""
    with_parts = {**report, "parts_sha256": parts_sha256(report)}
    return {**with_parts, "content_sha256": content_sha256(with_parts)}


def _reading(given: ReportInput, content: ReportContent) -> dict[str, Any]:
    ai_result, frame = given.ai_result, given.frame
    card = ai_result.card
    described, from_file = filled_in(given)
    spacing = frame.scale.of(given.mask.pixels)
    entry: dict[str, Any] = {
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
        "contradictions": list(content.contradictions),
        "reader_and_ai_differ": bool(content.differs),
        "reader": content.reader,
        "comment": given.comment,
        "words": _words(content),
    }
    entry = writable(entry)
    return {**entry, "parts_sha256": parts_sha256(entry)}


def _read_together(views: tuple[ReportInput, ...]) -> CombinedResult | None:
    if len({view.ai_result.card.sha256 for view in views}) > 1:
        return None
    return read_views([view.ai_result for view in views])


def _together(
    places: tuple[int, ...], size: LesionSize | None, content: LesionContent, together: CombinedResult | None
) -> dict[str, Any]:
    """Return the combined result of one lesion's views; `readings` has their numbers in the report, from 1."""
    return {
        "readings": [place + 1 for place in places],
        "size": None if size is None else dataclasses.asdict(size),
        "reading": None
        if together is None
        else {
            "probability": together.probability,
            "category": together.category.value,
            "single": list(together.single),
            "categories": [category.value for category in together.categories],
        },
        "words": {
            "title": content.title,
            "findings": _words(content.findings),
            "together": None if content.together is None else _words(content.together),
            "apart": content.apart,
        },
    }


def pixels_sha256(pixels: NDArray[np.generic]) -> str:
    """Return the hash of an array's shape, dtype and values, independent of the file format."""
    digest = hashlib.sha256(f"{pixels.dtype.str} {list(pixels.shape)} ".encode())
    digest.update(np.ascontiguousarray(pixels).tobytes())
    return digest.hexdigest()


def content_sha256(value: Any) -> str:
    """Return the hash of a report's content, or of a part of it."""
    canonical = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode("utf-8", "surrogatepass")).hexdigest()


def parts_sha256(entry: dict[str, Any]) -> dict[str, str]:
    """Return the hash of each part of a report, or of one of its AI results."""
    return {name: content_sha256(part) for name, part in entry.items() if name not in HASHES}


def _words(part: Any) -> Any:
    """Return a part of the report's content as JSON values; a section becomes an object with its lines."""
    if isinstance(part, Section):
        return {"title": part.title, "lines": [_words(line) for line in part.lines]}
    if isinstance(part, Line):
        return [part.label, part.value]
    if dataclasses.is_dataclass(part) and not isinstance(part, type):
        return {field.name: _words(getattr(part, field.name)) for field in dataclasses.fields(part)}
    return [_words(item) for item in part] if isinstance(part, tuple) else part
