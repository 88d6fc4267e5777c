"""The report as JSON: what the paper says, the figures behind it, the outline itself, and the hashes by which all of it can be
checked again (`csamoe-desktop verify`).

The same input gives the same bytes. `content_sha256` is over all the rest, as JSON without blanks and with sorted keys: it
finds a report that was changed, but is no signature.
"""

import dataclasses
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from csamoe_desktop import __version__
from csamoe_desktop.assessment import Category
from csamoe_desktop.errors import UserError
from csamoe_desktop.files import reason, write_whole
from csamoe_desktop.lesion.run_lengths import compressed, counts_of, drawn, runs
from csamoe_desktop.report.content import Line, ReportInput, Section, content

FORMAT = "csamoe-desktop report"
FORMAT_VERSION = 1
_MOST_BYTES = 50_000_000


def report_dict(given: ReportInput) -> dict[str, Any]:
    """Return the report of `given`.

    Raises:
        UserError: the mask is empty.
    """
    said, assessment, frame = content(given), given.assessment, given.frame
    card = assessment.card
    told = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "program": __version__,
        "created": given.created.isoformat(timespec="seconds"),
        "image": {
            "study": given.study_name,
            "instance_uid": given.facts.instance_uid,
            "frame": frame.index + 1,
            "frames": given.frame_count,
            "shape": list(frame.pixels.shape),
            "sha256": pixels_sha256(frame.pixels),
            "spacing_mm": None if frame.spacing is None else [frame.spacing.row, frame.spacing.column],
        },
        "mask": {
            "sha256": pixels_sha256(given.mask.pixels),
            "size": list(given.mask.pixels.shape),
            "counts": compressed(runs(given.mask.pixels)),
            "author": given.mask.author.value,
            "source": given.mask.source,
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
        "reading": assessment.to_dict(),
        "own_read": None if given.reads is None else given.reads.to_dict(),
        "reader": said.reader,
        "comment": given.comment,
        "words": _words(said),
    }
    return {**told, "content_sha256": content_sha256(told)}


def write_json(path: Path, given: ReportInput) -> None:
    """Write the report of `given` to `path`.

    Raises:
        UserError: the mask is empty, or the file cannot be written; what stood at `path` is then untouched.
    """
    text = json.dumps(report_dict(given), ensure_ascii=False, indent=2) + "\n"
    write_whole(path, lambda temporary: temporary.write_text(text, encoding="utf-8"))


@dataclass(frozen=True, slots=True, eq=False)
class ReportToCheck:
    """What of a JSON report can be checked again.

    Attributes:
        unchanged: its content has the hash that it names.
        study_name, frame: the image's file, without its folder, and the frame from 1.
        image_sha256, mask_sha256: of the pixels.
        mask: the outline, bool (rows, columns).
        model, weights_sha256: what read.
        probability, category, gates: what it read.
    """

    unchanged: bool
    study_name: str
    frame: int
    image_sha256: str
    mask_sha256: str
    mask: NDArray[np.bool_]
    model: str
    weights_sha256: str
    probability: float
    category: Category
    gates: dict[str, float]


def read_json(path: Path) -> ReportToCheck:
    """Return the report in the file `path`.

    Raises:
        UserError: it cannot be read, or is no report of this format.
    """
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise ValueError("it is too large")
        told = json.loads(path.read_text(encoding="utf-8"))
        if told["format"] != FORMAT:
            raise ValueError("it is something else")
        if told["format_version"] != FORMAT_VERSION:
            raise UserError(
                f"{path} is a report of format {told['format_version']}.",
                f"This version of the program knows format {FORMAT_VERSION}.",
            )
        image, mask, model, reading = (told[part] for part in ("image", "mask", "model", "reading"))
        rows, columns = (int(length) for length in mask["size"])
        rest = {name: value for name, value in told.items() if name != "content_sha256"}
        return ReportToCheck(
            unchanged=told["content_sha256"] == content_sha256(rest),
            study_name=Path(str(image["study"])).name,
            frame=int(image["frame"]),
            image_sha256=str(image["sha256"]),
            mask_sha256=str(mask["sha256"]),
            mask=drawn(counts_of(mask["counts"]), (rows, columns)),
            model=str(model["name"]),
            weights_sha256=str(model["weights_sha256"]),
            probability=float(reading["probability"]),
            category=Category(reading["category"]),
            gates={str(name): float(share) for name, share in reading["gates"].items()},
        )
    except OSError as problem:
        raise UserError(f"{path} could not be read: {reason(problem)}.", "Name the report's JSON file.") from problem
    except (ValueError, KeyError, TypeError, AttributeError) as problem:
        raise UserError(
            f"{path} is no JSON report of this program.", "Name a file that `Export report` or `assess --report` wrote."
        ) from problem


def pixels_sha256(pixels: NDArray[np.generic]) -> str:
    """Return the hash of an array's shape, kind and values, whatever file they came from."""
    digest = hashlib.sha256(f"{pixels.dtype.str} {list(pixels.shape)} ".encode())
    digest.update(np.ascontiguousarray(pixels).tobytes())
    return digest.hexdigest()


def content_sha256(told: dict[str, Any]) -> str:
    """Return the hash of a report's content."""
    canonical = json.dumps(told, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode("utf-8", "surrogatepass")).hexdigest()


def _words(part: Any) -> Any:
    """Return what the report says as JSON knows it; a section is an object of its lines."""
    if isinstance(part, Section):
        return {"title": part.title, "lines": [_words(line) for line in part.lines]}
    if isinstance(part, Line):
        return [part.label, part.value]
    if dataclasses.is_dataclass(part) and not isinstance(part, type):
        return {one.name: _words(getattr(part, one.name)) for one in dataclasses.fields(part)}
    return [_words(one) for one in part] if isinstance(part, tuple) else part
