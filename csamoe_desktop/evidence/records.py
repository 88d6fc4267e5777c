"""Run records: what is kept of a trained network beside the code, so that every reported figure can be made again.

A folder a run, with

- card.json: the card of its bundle, also where the weights are not shipped;
- curves.csv, and curves-first.csv of a first stage: a row an epoch, as the loop wrote them;
- readings-SET.csv: a row an image and outline (reader, ellipse, hull, proposal) of each set that was read;
- fused-SET.npy: float16, what the network's last layers saw of the same images, for the t-SNE;
- sets.json: where each set's images come from, and what was left out.

Beside the runs, outlines-SET.csv in the folder `outline-only` holds what the outlines alone tell of a dataset.
"""

import csv
import dataclasses
import io
import json
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from csamoe_desktop.errors import UserError
from csamoe_desktop.files import write_whole
from csamoe_desktop.inference.bundle import CARD
from csamoe_desktop.networks.cards import ModelCard, read_card

KINDS = ("reader", "ellipse", "hull", "proposal")
OUTLINE_ONLY = "outline-only"
SETS = "sets.json"
CURVES, FIRST_CURVES = "curves.csv", "curves-first.csv"
FEATURES = ("circularity", "solidity", "convexity", "height_to_width", "relative_area", "log_area")
_DAMAGED = "Record it again, see `csamoe-desktop record --help`."
Row = TypeVar("Row", "ReadImage", "OutlineRow")


@dataclass(frozen=True, slots=True)
class ReadImage:
    """What a network said of an image.

    Attributes:
        image, label, group: as labels.csv says.
        outline: one of KINDS, whose outline was read.
        probability: of the card's positive class, calibrated.
        logits: in the order of the card's classes.
        birads, device: as labels.csv says; empty where it does not.
        size: of the frame, "rows x columns" in pixels.
        area_fraction: the part of the frame that the reader's outline covers; 0 without a lesion.
    """

    image: str
    label: str
    group: str
    outline: str
    probability: float
    logits: tuple[float, ...]
    birads: str
    size: str
    device: str
    area_fraction: float


@dataclass(frozen=True, slots=True)
class OutlineRow:
    """The six numbers of `margin.outline_features` of one outline, in the order of FEATURES."""

    image: str
    label: str
    group: str
    outline: str
    features: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class SetRecord:
    """Where a set's images come from.

    Attributes:
        data: the dataset folder's name.
        where: the conditions its rows met.
        seen: the network was trained on images of this set, so its figures are no test.
        left_out: by kind of outline, one sentence each.
    """

    data: str
    where: tuple[str, ...]
    seen: bool = False
    left_out: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def words(self) -> str:
        """Return what the set is, such as "busbra, fold=1"."""
        return ", ".join([self.data, *self.where])


@dataclass(frozen=True, slots=True, eq=False)
class RunRecord:
    """A run as it is recorded: its folder's name, card, curves (columns in their order), and readings by set."""

    name: str
    card: ModelCard
    curves: Mapping[str, NDArray[np.float64]]
    sets: Mapping[str, SetRecord]
    readings: Mapping[str, tuple[ReadImage, ...]]
    fused: Mapping[str, NDArray[np.float16]]

    def read(self, name: str, outline: str = "reader") -> tuple[ReadImage, ...]:
        """Return the rows of one set and kind of outline; none where it was not recorded."""
        return tuple(row for row in self.readings.get(name, ()) if row.outline == outline)


def read_runs(folder: Path) -> list[RunRecord]:
    """Return the runs recorded in `folder`, by name.

    Raises:
        UserError: there is none, or one is damaged.
    """
    found = [read_run(file.parent) for file in sorted(folder.glob(f"*/{CARD}"))]
    if not found:
        raise UserError(f"No run is recorded in {folder}.", "Record one, see `csamoe-desktop record --help`.")
    return found


def read_run(folder: Path) -> RunRecord:
    """Return the run recorded in `folder`.

    Raises:
        UserError: its card, or one of its files, is damaged or missing.
    """
    sets = _read_sets(folder / SETS)
    readings, fused = {}, {}
    for name in sets:
        readings[name] = tuple(_read_rows(folder / f"readings-{name}.csv", ReadImage))
        file = folder / f"fused-{name}.npy"
        if file.is_file():
            fused[name] = _read_fused(file, len([row for row in readings[name] if row.outline == KINDS[0]]))
    return RunRecord(folder.name, read_card(folder / CARD), _read_curves(folder / CURVES), sets, readings, fused)


def read_outlines(folder: Path) -> dict[str, tuple[OutlineRow, ...]]:
    """Return the outlines' numbers recorded beside the runs in `folder`, by dataset.

    Raises:
        UserError: a file is damaged.
    """
    return {
        file.stem.removeprefix("outlines-"): tuple(_read_rows(file, OutlineRow))
        for file in sorted((folder / OUTLINE_ONLY).glob("outlines-*.csv"))
    }


def write_card(folder: Path, card: ModelCard) -> None:
    """Write the card of the run in `folder`.

    Raises:
        UserError: the folder holds the record of other weights, or cannot be written.
    """
    file = folder / CARD
    if file.is_file() and read_card(file).sha256 != card.sha256:
        raise UserError(
            f"{folder} holds the record of other weights.", "Choose another folder, or delete this one and record anew."
        )
    write_whole(file, lambda path: path.write_text(card.to_json(), encoding="utf-8"))


def copy_curves(run: Path, folder: Path) -> None:
    """Copy the curves of the loop's folder `run`, and of a first stage in it, into the record `folder`.

    Raises:
        UserError: the run has no curves.
    """
    if not (run / CURVES).is_file():
        raise UserError(f"{run} has no {CURVES}.", "Give the folder that `csamoe-desktop train --out` wrote.")
    _read_curves(run / CURVES)
    for source, name in ((run / CURVES, CURVES), (run / "first" / CURVES, FIRST_CURVES)):
        if source.is_file():
            write_whole(folder / name, lambda path, source=source: shutil.copyfile(source, path))  # type: ignore[misc]


def write_readings(
    folder: Path,
    name: str,
    outline: str,
    rows: Sequence[ReadImage],
    told: SetRecord,
    fused: NDArray[np.float16] | None = None,
) -> None:
    """Write the rows of one set and kind of outline; those of the other kinds stay. `fused` is of the same images.

    Raises:
        UserError: another set is recorded under this name, or a file is damaged or cannot be written.
    """
    sets = _read_sets(folder / SETS)
    before = sets.get(name, told)
    if (before.data, before.where) != (told.data, told.where):
        raise UserError(
            f"The set {name} of {folder.name} is recorded as {before.words()}, not {told.words()}.",
            "Choose another name for the set.",
        )
    file = folder / f"readings-{name}.csv"
    kept = [row for row in _read_rows(file, ReadImage) if row.outline != outline] if file.is_file() else []
    _write_rows(file, [*kept, *rows])
    if fused is not None:
        write_whole(folder / f"fused-{name}.npy", lambda path: _save(path, fused))
    told = dataclasses.replace(told, seen=told.seen or before.seen, left_out={**before.left_out, **told.left_out})
    text = json.dumps({one: dataclasses.asdict(sets[one]) for one in sets} | {name: dataclasses.asdict(told)}, indent=1)
    write_whole(folder / SETS, lambda path: path.write_text(text + "\n", encoding="utf-8"))


def write_outlines(folder: Path, name: str, outline: str, rows: Sequence[OutlineRow]) -> None:
    """Write the outlines' numbers of a dataset beside the runs in `folder`; those of other kinds of outline stay.

    Raises:
        UserError: a file is damaged or cannot be written.
    """
    file = folder / OUTLINE_ONLY / f"outlines-{name}.csv"
    kept = [row for row in _read_rows(file, OutlineRow) if row.outline != outline] if file.is_file() else []
    _write_rows(file, [*kept, *rows])


def compressed(fused: NDArray[np.float64], width: int = 50) -> NDArray[np.float16]:
    """Return [N, width] at most of features [N, C]: their principal components, the first of deviation one.

    So many are kept before a t-SNE also elsewhere (van der Maaten and Hinton, 2008, section 4.2); in half precision a
    set of some hundred images takes some ten kilobytes.
    """
    left, scales, _ = np.linalg.svd(fused - fused.mean(0), full_matrices=False)
    components = (left * scales)[:, :width]
    # The sign of a component is anyone's: the largest part of each is made positive.
    largest = components[np.abs(components).argmax(0), np.arange(components.shape[1])]
    components = components * np.where(largest < 0, -1, 1)
    reduced: NDArray[np.float16] = (components / max(float(components[:, 0].std()), 1e-12)).astype(np.float16)
    return reduced


def _save(path: Path, fused: NDArray[np.float16]) -> None:
    # To the opened file: given a name, numpy would add its own ending to the temporary one.
    with path.open("wb") as opened:
        np.save(opened, fused, allow_pickle=False)


def _read_fused(file: Path, count: int) -> NDArray[np.float16]:
    try:
        fused = np.load(file, allow_pickle=False)
    except (OSError, ValueError, EOFError) as problem:
        raise UserError(f"{file} is no array.", _DAMAGED) from problem
    if fused.ndim != 2 or len(fused) != count:
        raise UserError(f"{file} does not fit the {count} images of its set.", _DAMAGED)
    return np.asarray(fused, np.float16)


def _read_sets(file: Path) -> dict[str, SetRecord]:
    if not file.is_file():
        return {}
    try:
        told: dict[str, dict[str, Any]] = json.loads(file.read_text(encoding="utf-8"))
        return {
            name: SetRecord(
                one["data"],
                tuple(one["where"]),
                bool(one["seen"]),
                {outline: tuple(sentences) for outline, sentences in one["left_out"].items()},
            )
            for name, one in told.items()
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as problem:
        raise UserError(f"{file} could not be read ({problem}).", _DAMAGED) from problem


def _read_curves(file: Path) -> dict[str, NDArray[np.float64]]:
    """Return the columns of a loop's curves; none without a file, and nan where an older run left a place empty."""
    if not file.is_file():
        return {}
    try:
        with file.open(newline="", encoding="utf-8") as opened:
            rows = list(csv.DictReader(opened))
        return {name: np.array([float(row[name] or "nan") for row in rows]) for name in (rows[0] if rows else {})}
    except (OSError, ValueError, KeyError, TypeError, csv.Error) as problem:
        raise UserError(f"{file} holds no curves ({problem}).", _DAMAGED) from problem


def _write_rows(file: Path, rows: Iterable[ReadImage | OutlineRow]) -> None:
    text = io.StringIO(newline="")
    told = [_flat(row) for row in rows]
    writer = csv.DictWriter(text, list(told[0]) if told else [], lineterminator="\n")
    writer.writeheader()
    writer.writerows(told)
    write_whole(file, lambda path: path.write_bytes(text.getvalue().encode()))


def _flat(row: ReadImage | OutlineRow) -> dict[str, str]:
    """Return a row as text: numbers to six digits, features in a column each."""
    flat: dict[str, str] = {}
    for name, value in dataclasses.asdict(row).items():
        if name == "features":
            flat |= {feature: f"{one:.6g}" for feature, one in zip(FEATURES, value, strict=True)}
        elif name == "logits":
            flat[name] = " ".join(f"{one:.6g}" for one in value)
        else:
            flat[name] = value if isinstance(value, str) else f"{value:.6g}"
    return flat


def _read_rows(file: Path, kind: type[Row]) -> list[Row]:
    try:
        with file.open(newline="", encoding="utf-8") as opened:
            return [kind(**_typed(row, kind)) for row in csv.DictReader(opened)]
    except (OSError, ValueError, KeyError, TypeError, AttributeError, csv.Error) as problem:
        raise UserError(f"{file} could not be read ({problem}).", _DAMAGED) from problem


def _typed(row: dict[str, str], kind: type[ReadImage] | type[OutlineRow]) -> dict[str, Any]:
    told: dict[str, Any] = {name: row[name] for name in ("image", "label", "group", "outline")}
    if row["outline"] not in KINDS:
        raise ValueError(f"no outline is called {row['outline']}")
    if kind is OutlineRow:
        return told | {"features": tuple(float(row[name]) for name in FEATURES)}
    return told | {
        "probability": float(row["probability"]),
        "logits": tuple(float(one) for one in row["logits"].split()),
        "birads": row["birads"],
        "size": row["size"],
        "device": row["device"],
        "area_fraction": float(row["area_fraction"]),
    }
