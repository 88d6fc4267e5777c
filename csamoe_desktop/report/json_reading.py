"""A JSON report read back, as far as it can be checked again; of the format written today and of the one before.

Whoever made the file may have meant harm: nothing in it is a path, every number is one and in its range, and what it says is
cut to a line before it is shown.
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
"""Of all outlines of a report: few bytes can say a large one."""
_MOST_READINGS = 1000
_HASH = re.compile(r"[0-9a-f]{64}")
_ROUNDING = 1e-5
_FIRST_FORMAT = 1


@dataclass(frozen=True, slots=True, eq=False)
class ReadingToCheck:
    """What of one reading in a JSON report can be checked again.

    Attributes:
        title: what it is called in the report where that has several readings, or "".
        study_name, frame: the image's file, without its folder, and the frame from 1.
        shape: of the image: rows, columns and, in colour, channels.
        image_sha256, mask_sha256: of the pixels.
        mask: the outline, bool (rows, columns).
        model, version, weights_sha256, temperature, thresholds: what read.
        probability, category, gates: what it read.
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
    """What the report says of the views of one lesion read together: their places among its readings (from 0), the
    probability of each, and the one of all with its category."""

    readings: tuple[int, ...]
    single: tuple[float, ...]
    probability: float
    category: Category


@dataclass(frozen=True, slots=True, eq=False)
class ReportToCheck:
    """What of a JSON report can be checked again.

    Attributes:
        program: the version that wrote it.
        changed: the parts that have not the hash they had when it was written; of a part added since, its name.
        readings: in its order, at least one.
        together: of each lesion whose views were read together.
        signed: whose signature it has.
    """

    program: str
    changed: tuple[str, ...]
    readings: tuple[ReadingToCheck, ...]
    together: tuple[ViewsToCheck, ...]
    signed: Signed


def read_json(path: Path, known: Sequence[PublicKey] = ()) -> ReportToCheck:
    """Return the report in the file `path`; `known` are the keys that are trusted beside this installation's.

    Raises:
        UserError: it cannot be read, is no plain file, or is no report of a format known here.
    """
    try:
        told = read_strictly(path, _MOST_BYTES)
        if told["format"] != FORMAT:
            raise ValueError("it is something else")
        version = told["format_version"]
        if isinstance(version, bool) or version not in (_FIRST_FORMAT, FORMAT_VERSION):
            raise UserError(
                f"{path} is a report of format {one_line(str(version), 40)}.",
                f"This version of the program knows formats {_FIRST_FORMAT} to {FORMAT_VERSION}.",
            )
        program, signed = _text(told["program"]), check_signature(told, list(known))
        if version == _FIRST_FORMAT:
            return ReportToCheck(program, _changed(told), _readings([told], [""]), (), signed)
        several = len(told["readings"]) > 1
        titles = [_text(one["words"]["heading"]) if several else "" for one in told["readings"]]
        readings = _readings(told["readings"], titles)
        together = tuple(_together(one, len(readings)) for one in told["together"] if one["reading"] is not None)
        return ReportToCheck(program, _changed_in_all(told), readings, together, signed)
    except OSError as problem:
        raise UserError(f"{path} could not be read: {reason(problem)}.", "Name the report's JSON file.") from problem
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError, MemoryError) as problem:
        why = f": {one_line(str(problem), 120)}" if isinstance(problem, ValueError) and str(problem) else ""
        raise UserError(
            f"{path} is no JSON report of this program{why}.",
            "Name a file that `Export report` or `assess --report` wrote.",
        ) from problem


def _readings(told: list[dict[str, Any]], titles: list[str]) -> tuple[ReadingToCheck, ...]:
    if not 1 <= len(told) <= _MOST_READINGS:
        raise ValueError(f"it has {len(told)} readings")
    sizes = [[_whole(length, 1) for length in one["mask"]["size"]] for one in told]
    if any(len(size) != 2 for size in sizes) or sum(rows * columns for rows, columns in sizes) > _MOST_PIXELS:
        raise ValueError("its outlines are too large")
    return tuple(_reading(one, title) for one, title in zip(told, titles, strict=True))


def _reading(told: dict[str, Any], title: str) -> ReadingToCheck:
    image, mask, model, reading = (told[part] for part in ("image", "mask", "model", "reading"))
    rows, columns = mask["size"]
    low, high = (_number(model["thresholds"][name], 0, 1) for name in ("benign_below", "suspicious_from"))
    if low > high:
        raise ValueError("its thresholds are the wrong way round")
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
        probability=_number(reading["probability"], 0, 1),
        category=Category(reading["category"]),
        gates={name: _number(share, 0, 1 + _ROUNDING) for name, share in reading["gates"].items()},
    )


def _together(told: dict[str, Any], count: int) -> ViewsToCheck:
    places, reading = tuple(_whole(number, 1) - 1 for number in told["readings"]), told["reading"]
    if not all(place < count for place in places) or len(places) < 2:
        raise ValueError("it has views of readings that it does not have")
    single = tuple(_number(one, 0, 1) for one in reading["single"])
    if len(single) != len(places):
        raise ValueError(f"{len(single)} probabilities of {len(places)} views")
    return ViewsToCheck(places, single, _number(reading["probability"], 0, 1), Category(reading["category"]))


def _text(told: object) -> str:
    if not isinstance(told, str):
        raise TypeError("what should be text is none")
    return told


def _number(told: Any, low: float, high: float) -> float:
    if not is_number(told, low, high):
        raise ValueError(f"a figure of {one_line(str(told), 40)}")
    return float(told)


def _whole(told: Any, low: int) -> int:
    if not is_count(told, low):
        raise ValueError(f"a count of {one_line(str(told), 40)}")
    return int(told)


def _hash(told: object) -> str:
    text = _text(told)
    if not _HASH.fullmatch(text):
        raise ValueError("a hash that is none")
    return text


def _changed(told: dict[str, Any]) -> tuple[str, ...]:
    """Return the parts of a report that were changed, added or taken away since it was written."""
    changed = _changed_parts(told)
    whole = content_sha256({name: part for name, part in told.items() if name != "content_sha256"})
    # Where each part has its hash and the whole has not, the hashes themselves were changed.
    return tuple(changed) or (() if told["content_sha256"] == whole else ("the hashes",))


def _changed_parts(told: dict[str, Any]) -> list[str]:
    """Return the parts of a report, or of one of its readings, that have not the hash they had."""
    parts, hashes = {name: part for name, part in told.items() if name not in HASHES}, told["parts_sha256"]
    changed = [name for name, part in parts.items() if hashes.get(name) != content_sha256(part)]
    return changed + [str(name) for name in hashes if name not in parts]


def _changed_in_all(told: dict[str, Any]) -> tuple[str, ...]:
    """Return the parts of a report of several readings that were changed; of a reading's parts, of which it is."""
    readings = told["readings"]
    found: list[str] = []
    for name in _changed(told):
        if name != "readings":
            found.append(name)
            continue
        inside = [
            part if len(readings) == 1 else f"{part} of reading {number}"
            for number, one in enumerate(readings, 1)
            for part in _changed_parts(one)
        ]
        # One was taken away or added, or its own hashes were made anew.
        found += inside or ["readings"]
    return tuple(found)
