"""Reading of JSON reports for verification, in the present and the previous format.

The file is untrusted: nothing in it is used as a path, every number is checked for type and range, and its texts are cut to
one line before they are shown.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from csamoe_desktop.assess import Category
from csamoe_desktop.errors import UserError
from csamoe_desktop.files import reason
from csamoe_desktop.lesion.files.run_lengths import counts_of, drawn
from csamoe_desktop.report.json_report import FORMAT, FORMAT_VERSION, HASHES, content_sha256
from csamoe_desktop.report.signing import PublicKey, Signed, check_signature
from csamoe_desktop.untrusted import is_count, is_number, one_line
from csamoe_desktop.untrusted import read_json as read_strictly

_MOST_BYTES = 50_000_000
_MOST_PIXELS = 400_000_000
"""In all outlines of a report together: a few bytes can describe a very large one."""
_MOST_READINGS = 1000
_HASH = re.compile(r"[0-9a-f]{64}")
_ROUNDING = 1e-5
_FIRST_FORMAT = 1


@dataclass(frozen=True, slots=True, eq=False)
class ReadingToCheck:
    """The verifiable part of one AI result in a JSON report.

    Attributes:
        title: its heading in a report on several views, or "".
        study_name, frame: the image's file name, without its folder, and the frame from 1.
        shape: of the image: rows, columns and, in colour, channels.
        image_sha256, mask_sha256: hashes of the pixels.
        mask: the outline's mask, bool (rows, columns).
        model, version, weights_sha256, temperature, thresholds: the model.
        probability, category, gates: the AI result.
    """

    title: str
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


@dataclass(frozen=True, slots=True, eq=False)
class ViewsToCheck:
    """The combined result of one lesion's views: their indices (from 0) among `readings`, the probability of each view, and
    the combined probability and category."""

    readings: tuple[int, ...]
    single: tuple[float, ...]
    probability: float
    category: Category


@dataclass(frozen=True, slots=True, eq=False)
class ReportToCheck:
    """The verifiable part of a JSON report.

    Attributes:
        program: the program version that wrote it.
        changed: the names of the parts whose hash does not match, and of parts added or removed since.
        readings: the AI results in the order of the report, at least one.
        together: the combined result of each lesion with several views.
        signed: the result of the signature check.
    """

    program: str
    changed: tuple[str, ...]
    readings: tuple[ReadingToCheck, ...]
    together: tuple[ViewsToCheck, ...]
    signed: Signed


def read_json(path: Path, known: Sequence[PublicKey] = ()) -> ReportToCheck:
    """Return the report in the file `path`; `known` are the trusted keys in addition to this installation's.

    Raises:
        UserError: the file cannot be read, is not a regular file, or is not a report of a known format.
    """
    try:
        report = read_strictly(path, _MOST_BYTES)
        if report["format"] != FORMAT:
            raise ValueError("it has another format")
        version = report["format_version"]
        if isinstance(version, bool) or version not in (_FIRST_FORMAT, FORMAT_VERSION):
            raise UserError(
                f"{path} is a report of format {one_line(str(version), 40)}.",
                f"This version of the program reads formats {_FIRST_FORMAT} to {FORMAT_VERSION}.",
            )
        program, signed = _text(report["program"]), check_signature(report, list(known))
        if version == _FIRST_FORMAT:
            return ReportToCheck(program, _changed(report), _readings([report], [""]), (), signed)
        several = len(report["readings"]) > 1
        titles = [_text(entry["words"]["heading"]) if several else "" for entry in report["readings"]]
        readings = _readings(report["readings"], titles)
        together = tuple(
            _together(entry, len(readings)) for entry in report["together"] if entry["reading"] is not None
        )
        return ReportToCheck(program, _changed_in_all(report), readings, together, signed)
    except OSError as problem:
        raise UserError(
            f"{path} could not be read: {reason(problem)}.", "Give the JSON file of the report."
        ) from problem
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError, MemoryError) as problem:
        why = f": {one_line(str(problem), 120)}" if isinstance(problem, ValueError) and str(problem) else ""
        raise UserError(
            f"{path} is not a JSON report of this program{why}.",
            "Give a JSON file written by `Export report` or `assess --report`.",
        ) from problem


def _readings(entries: list[dict[str, Any]], titles: list[str]) -> tuple[ReadingToCheck, ...]:
    if not 1 <= len(entries) <= _MOST_READINGS:
        raise ValueError(f"it has {len(entries)} AI results")
    sizes = [[_whole(length, 1) for length in entry["mask"]["size"]] for entry in entries]
    if any(len(size) != 2 for size in sizes) or sum(rows * columns for rows, columns in sizes) > _MOST_PIXELS:
        raise ValueError("its outlines are too large")
    return tuple(_reading(entry, title) for entry, title in zip(entries, titles, strict=True))


def _reading(entry: dict[str, Any], title: str) -> ReadingToCheck:
    image, mask, model, ai_result = (entry[part] for part in ("image", "mask", "model", "reading"))
    rows, columns = mask["size"]
    low, high = (_number(model["thresholds"][name], 0, 1) for name in ("benign_below", "suspicious_from"))
    if low > high:
        raise ValueError("its thresholds are in the wrong order")
    return ReadingToCheck(
        title=title,
        study_name=Path(_text(image["study"])).name,
        frame=_whole(image["frame"], 1),
        shape=tuple(_whole(length, 1) for length in image["shape"]),
        image_sha256=_hash(image["sha256"]),
        mask_sha256=_hash(mask["sha256"]),
        mask=drawn(counts_of(mask["counts"]), (rows, columns)),
        model=_text(model["name"]),
        version=_text(model["version"]),
        weights_sha256=_hash(model["weights_sha256"]),
        temperature=_number(model["temperature"], 0, math.inf),
        thresholds=(low, high),
        probability=_number(ai_result["probability"], 0, 1),
        category=Category(ai_result["category"]),
        gates={name: _number(share, 0, 1 + _ROUNDING) for name, share in ai_result["gates"].items()},
    )


def _together(entry: dict[str, Any], count: int) -> ViewsToCheck:
    places, combined = tuple(_whole(number, 1) - 1 for number in entry["readings"]), entry["reading"]
    if not all(place < count for place in places) or len(places) < 2:
        raise ValueError("it combines views that it does not have")
    single = tuple(_number(probability, 0, 1) for probability in combined["single"])
    if len(single) != len(places):
        raise ValueError(f"{len(single)} probabilities for {len(places)} views")
    return ViewsToCheck(places, single, _number(combined["probability"], 0, 1), Category(combined["category"]))


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("a text is missing")
    return value


def _number(value: Any, low: float, high: float) -> float:
    if not is_number(value, low, high):
        raise ValueError(f"invalid number {one_line(str(value), 40)}")
    return float(value)


def _whole(value: Any, low: int) -> int:
    if not is_count(value, low):
        raise ValueError(f"invalid count {one_line(str(value), 40)}")
    return int(value)


def _hash(value: object) -> str:
    text = _text(value)
    if not _HASH.fullmatch(text):
        raise ValueError("invalid hash")
    return text


def _changed(report: dict[str, Any]) -> tuple[str, ...]:
    """Return the parts of a report that were changed, added or removed since it was written."""
    changed = _changed_parts(report)
    whole = content_sha256({name: part for name, part in report.items() if name != "content_sha256"})
    # If every part matches its hash and the whole does not, the hashes themselves were changed.
    return tuple(changed) or (() if report["content_sha256"] == whole else ("the hashes",))


def _changed_parts(entry: dict[str, Any]) -> list[str]:
    """Return the parts of a report, or of one of its AI results, that do not match their hash."""
    parts, hashes = {name: part for name, part in entry.items() if name not in HASHES}, entry["parts_sha256"]
    changed = [name for name, part in parts.items() if hashes.get(name) != content_sha256(part)]
    return changed + [str(name) for name in hashes if name not in parts]


def _changed_in_all(report: dict[str, Any]) -> tuple[str, ...]:
    """Return the changed parts of a report of the present format; parts of one AI result with its number."""
    readings = report["readings"]
    changed: list[str] = []
    for name in _changed(report):
        if name != "readings":
            changed.append(name)
            continue
        inside = [
            part if len(readings) == 1 else f"{part} of view {number}"
            for number, entry in enumerate(readings, 1)
            for part in _changed_parts(entry)
        ]
        # An entry was removed or added, or its hashes were recomputed.
        changed += inside or ["readings"]
    return tuple(changed)
