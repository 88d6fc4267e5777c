"""The report as JSON: what the paper says, the figures behind it, the outline itself, and the hashes by which all of it can be
checked again (`csamoe-desktop verify`).

The same input gives the same bytes. `parts_sha256` has a hash of each part, as JSON without blanks and with sorted keys, and
`content_sha256` one of all the rest: they find what of a report was changed, but are no signature.
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
_MOST_PIXELS = 400_000_000
_HASHES = ("parts_sha256", "content_sha256")


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
    told["parts_sha256"] = {name: content_sha256(part) for name, part in told.items()}
    return {**told, "content_sha256": content_sha256(told)}


def write_json(path: Path, given: ReportInput) -> None:
    """Write the report of `given` to `path`.

    Raises:
        UserError: the mask is empty, or the file cannot be written; what stood at `path` is then untouched.
    """
    text = json.dumps(report_dict(given), ensure_ascii=False, indent=2) + "\n"
    write_whole(path, lambda temporary: temporary.write_text(text, encoding="utf-8", newline="\n"))


@dataclass(frozen=True, slots=True, eq=False)
class ReportToCheck:
    """What of a JSON report can be checked again.

    Attributes:
        program: the version that wrote it.
        changed: the parts that have not the hash they had when it was written; of a part added since, its name.
        study_name, frame: the image's file, without its folder, and the frame from 1.
        shape: of the image: rows, columns and, in colour, channels.
        image_sha256, mask_sha256: of the pixels.
        mask: the outline, bool (rows, columns).
        model, version, weights_sha256, temperature, thresholds: what read.
        probability, category, gates: what it read.
    """

    program: str
    changed: tuple[str, ...]
    study_name: str
    frame: int
    shape: tuple[int, ...]
    image_sha256: str
    mask_sha256: str
    mask: NDArray[np.bool_]
    model: str
    version: str
    weights_sha256: str
    temperature: float
    thresholds: tuple[float, float]
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
        if rows * columns > _MOST_PIXELS:
            raise ValueError("its outline is too large")
        return ReportToCheck(
            program=str(told["program"]),
            changed=_changed(told),
            study_name=Path(str(image["study"])).name,
            frame=int(image["frame"]),
            shape=tuple(map(int, image["shape"])),
            image_sha256=str(image["sha256"]),
            mask_sha256=str(mask["sha256"]),
            mask=drawn(counts_of(mask["counts"]), (rows, columns)),
            model=str(model["name"]),
            version=str(model["version"]),
            weights_sha256=str(model["weights_sha256"]),
            temperature=float(model["temperature"]),
            thresholds=(float(model["thresholds"]["benign_below"]), float(model["thresholds"]["suspicious_from"])),
            probability=float(reading["probability"]),
            category=Category(reading["category"]),
            gates={str(name): float(share) for name, share in reading["gates"].items()},
        )
    except OSError as problem:
        raise UserError(f"{path} could not be read: {reason(problem)}.", "Name the report's JSON file.") from problem
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as problem:
        raise UserError(
            f"{path} is no JSON report of this program.", "Name a file that `Export report` or `assess --report` wrote."
        ) from problem


def pixels_sha256(pixels: NDArray[np.generic]) -> str:
    """Return the hash of an array's shape, kind and values, whatever file they came from."""
    digest = hashlib.sha256(f"{pixels.dtype.str} {list(pixels.shape)} ".encode())
    digest.update(np.ascontiguousarray(pixels).tobytes())
    return digest.hexdigest()


def _changed(told: dict[str, Any]) -> tuple[str, ...]:
    """Return the parts of a report that were changed, added or taken away since it was written."""
    parts, hashes = {name: part for name, part in told.items() if name not in _HASHES}, told["parts_sha256"]
    changed = [name for name, part in parts.items() if hashes.get(name) != content_sha256(part)]
    changed += [str(name) for name in hashes if name not in parts]
    whole = content_sha256({name: part for name, part in told.items() if name != "content_sha256"})
    # Where each part has its hash and the whole has not, the hashes themselves were changed.
    return tuple(changed) or (() if told["content_sha256"] == whole else ("the hashes",))


def content_sha256(told: Any) -> str:
    """Return the hash of a report's content, or of a part of it."""
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
