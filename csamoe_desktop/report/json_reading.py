"""A JSON report read back, as far as it can be checked again; of the format written today and of the one before."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from csamoe_desktop.assessment import Category
from csamoe_desktop.errors import UserError
from csamoe_desktop.files import reason
from csamoe_desktop.lesion.run_lengths import counts_of, drawn
from csamoe_desktop.report.json_report import FORMAT, FORMAT_VERSION, HASHES, content_sha256

_MOST_BYTES = 50_000_000
_MOST_PIXELS = 400_000_000
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
    """

    program: str
    changed: tuple[str, ...]
    readings: tuple[ReadingToCheck, ...]
    together: tuple[ViewsToCheck, ...] = ()


def read_json(path: Path) -> ReportToCheck:
    """Return the report in the file `path`.

    Raises:
        UserError: it cannot be read, or is no report of a format known here.
    """
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise ValueError("it is too large")
        told = json.loads(path.read_text(encoding="utf-8"))
        if told["format"] != FORMAT:
            raise ValueError("it is something else")
        if told["format_version"] not in (_FIRST_FORMAT, FORMAT_VERSION):
            raise UserError(
                f"{path} is a report of format {told['format_version']}.",
                f"This version of the program knows formats {_FIRST_FORMAT} to {FORMAT_VERSION}.",
            )
        if told["format_version"] == _FIRST_FORMAT:
            return ReportToCheck(str(told["program"]), _changed(told), (_reading(told, ""),))
        several = len(told["readings"]) > 1
        readings = tuple(_reading(one, str(one["words"]["heading"]) if several else "") for one in told["readings"])
        if not readings:
            raise ValueError("it has no reading")
        together = tuple(_together(one, len(readings)) for one in told["together"] if one["reading"] is not None)
        return ReportToCheck(str(told["program"]), _changed_in_all(told), readings, together)
    except OSError as problem:
        raise UserError(f"{path} could not be read: {reason(problem)}.", "Name the report's JSON file.") from problem
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError) as problem:
        raise UserError(
            f"{path} is no JSON report of this program.", "Name a file that `Export report` or `assess --report` wrote."
        ) from problem


def _reading(told: dict[str, Any], title: str) -> ReadingToCheck:
    image, mask, model, reading = (told[part] for part in ("image", "mask", "model", "reading"))
    rows, columns = (int(length) for length in mask["size"])
    if rows * columns > _MOST_PIXELS:
        raise ValueError("its outline is too large")
    return ReadingToCheck(
        title=title,
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


def _together(told: dict[str, Any], count: int) -> ViewsToCheck:
    places, reading = tuple(int(number) - 1 for number in told["readings"]), told["reading"]
    if not all(0 <= place < count for place in places) or len(places) < 2:
        raise ValueError(f"views {told['readings']} of {count} readings")
    single = tuple(map(float, reading["single"]))
    if len(single) != len(places):
        raise ValueError(f"{len(single)} probabilities of {len(places)} views")
    return ViewsToCheck(places, single, float(reading["probability"]), Category(reading["category"]))


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
