"""Run records: everything measured on a trained model, stored beside the code so that each figure can be made again.

One folder a run, with

- card.json: the model's card. A model in model_weights has its one card there; its record holds weights.sha256 instead,
  the SHA-256 of the weights it was made with;
- curves.csv, and curves-first.csv for a first stage: one row an epoch, as the training loop wrote them;
- readings-SET.csv: one row an image and kind of outline (reader, ellipse, hull, proposal), with the model's AI result;
- fused-SET.npy: float16, the network's fused features of the same images, for the t-SNE;
- sets.json: where each set's images come from, and which were left out.

Beside the runs, outlines-SET.csv in the folder `outline-only` holds the six numbers of each outline of a dataset.
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
from csamoe_desktop.inference.bundle import CARD, find_bundle, is_installed
from csamoe_desktop.networks.cards import ModelCard, read_card

KINDS = ("reader", "ellipse", "hull", "proposal")
OUTLINE_ONLY = "outline-only"
SETS = "sets.json"
WEIGHTS_HASH = "weights.sha256"
CURVES, FIRST_CURVES = "curves.csv", "curves-first.csv"
FEATURES = ("circularity", "solidity", "convexity", "height_to_width", "relative_area", "log_area")
_DAMAGED = "Record it again, see `csamoe-desktop record --help`."
Row = TypeVar("Row", "ReadImage", "OutlineRow")


@dataclass(frozen=True, slots=True)
class ReadImage:
    """A model's AI result for one image.

    Attributes:
        image, label, group: from labels.csv.
        outline: one of KINDS, the outline that the model was given.
        probability: of the card's positive class, calibrated.
        logits: in the order of the card's classes.
        birads, device: from labels.csv; empty where it has none.
        size: of the frame, "rows x columns" in pixels.
        area_fraction: the share of the frame that the reader's outline covers; 0 without a lesion.
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
        seen: the model was trained on images of this set, so its figures there are not a test.
        left_out: by kind of outline, which images were left out, one sentence each.
    """

    data: str
    where: tuple[str, ...]
    seen: bool = False
    left_out: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def words(self) -> str:
        """Return the set in words, such as "busbra, fold=1"."""
        return ", ".join([self.data, *self.where])


@dataclass(frozen=True, slots=True, eq=False)
class RunRecord:
    """A recorded run: its folder's name, card, curves (columns in their order), and AI results by set."""

    name: str
    card: ModelCard
    curves: Mapping[str, NDArray[np.float64]]
    sets: Mapping[str, SetRecord]
    readings: Mapping[str, tuple[ReadImage, ...]]
    fused: Mapping[str, NDArray[np.float16]]

    def read(self, name: str, outline: str = "reader") -> tuple[ReadImage, ...]:
        """Return the rows of one set and kind of outline; none where they were not recorded."""
        return tuple(row for row in self.readings.get(name, ()) if row.outline == outline)


def read_runs(folder: Path) -> list[RunRecord]:
    """Return the runs recorded in `folder`, by name.

    Raises:
        UserError: there is none, or one is damaged.
    """
    folders = sorted({file.parent for name in (CARD, WEIGHTS_HASH) for file in folder.glob(f"*/{name}")})
    if not folders:
        raise UserError(f"No run is recorded in {folder}.", "Record one, see `csamoe-desktop record --help`.")
    return [read_run(run) for run in folders]


def read_run(folder: Path) -> RunRecord:
    """Return the run recorded in `folder`.

    Raises:
        UserError: its card, or one of its files, is damaged or missing; or the installed model has other weights.
    """
    sets = _read_sets(folder / SETS)
    readings, fused = {}, {}
    for name in sets:
        readings[name] = tuple(_read_rows(folder / f"readings-{name}.csv", ReadImage))
        file = folder / f"fused-{name}.npy"
        if file.is_file():
            fused[name] = _read_fused(file, len([row for row in readings[name] if row.outline == KINDS[0]]))
    return RunRecord(folder.name, _read_card(folder), _read_curves(folder / CURVES), sets, readings, fused)


def read_outlines(folder: Path) -> dict[str, tuple[OutlineRow, ...]]:
    """Return the numbers of the outlines recorded beside the runs in `folder`, by dataset.

    Raises:
        UserError: a file is damaged.
    """
    return {
        file.stem.removeprefix("outlines-"): tuple(_read_rows(file, OutlineRow))
        for file in sorted((folder / OUTLINE_ONLY).glob("outlines-*.csv"))
    }


def write_card(folder: Path, card: ModelCard) -> None:
    """Write the card of the run in `folder`, or the hash of the weights where model_weights has the card already: of a
    model installed under the folder's name.

    Raises:
        UserError: the folder holds the record of other weights, or cannot be written.
    """
    if _recorded_weights(folder) not in ("", card.sha256):
        raise UserError(
            f"{folder} holds the record of other weights.", "Choose another folder, or delete this one and record anew."
        )
    installed = is_installed(folder.name)
    if installed is not None and installed.card.sha256 == card.sha256:
        write_whole(folder / WEIGHTS_HASH, lambda path: path.write_text(f"{card.sha256}\n", encoding="utf-8"))
        (folder / CARD).unlink(missing_ok=True)
    else:
        write_whole(folder / CARD, lambda path: path.write_text(card.to_json(), encoding="utf-8"))
        (folder / WEIGHTS_HASH).unlink(missing_ok=True)


def copy_curves(run: Path, folder: Path) -> None:
    """Copy the curves from the training folder `run`, and those of its first stage, into the record `folder`.

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
    record: SetRecord,
    fused: NDArray[np.float16] | None = None,
) -> None:
    """Write the rows of one set and kind of outline; rows of other kinds stay. `fused`: features of the same images,
    [N, C].

    Raises:
        UserError: another set is recorded under this name, or a file is damaged or cannot be written.
    """
    sets = _read_sets(folder / SETS)
    before = sets.get(name, record)
    if (before.data, before.where) != (record.data, record.where):
        raise UserError(
            f"The set {name} of {folder.name} is recorded as {before.words()}, not {record.words()}.",
            "Choose another name for the set.",
        )
    file = folder / f"readings-{name}.csv"
    others = [row for row in _read_rows(file, ReadImage) if row.outline != outline] if file.is_file() else []
    _write_rows(file, [*others, *rows])
    if fused is not None:
        write_whole(folder / f"fused-{name}.npy", lambda path: _save(path, fused))
    left_out = {**before.left_out, **record.left_out}
    sets[name] = dataclasses.replace(record, seen=record.seen or before.seen, left_out=left_out)
    text = json.dumps({name: dataclasses.asdict(record) for name, record in sets.items()}, indent=1)
    write_whole(folder / SETS, lambda path: path.write_text(text + "\n", encoding="utf-8"))


def write_outlines(folder: Path, name: str, outline: str, rows: Sequence[OutlineRow]) -> None:
    """Write the numbers of a dataset's outlines beside the runs in `folder`; rows of other kinds of outline stay.

    Raises:
        UserError: a file is damaged or cannot be written.
    """
    file = folder / OUTLINE_ONLY / f"outlines-{name}.csv"
    others = [row for row in _read_rows(file, OutlineRow) if row.outline != outline] if file.is_file() else []
    _write_rows(file, [*others, *rows])


def compressed(fused: NDArray[np.float64], width: int = 50) -> NDArray[np.float16]:
    """Return the first `width` principal components of features [N, C], scaled so that the first has a deviation of
    one.

    t-SNE is usually given about 50 components (van der Maaten and Hinton, 2008, section 4.2). In half precision a set
    of a few hundred images takes some ten kilobytes.
    """
    left, scales, _ = np.linalg.svd(fused - fused.mean(0), full_matrices=False)
    components = (left * scales)[:, :width]
    # The sign of a component is arbitrary: make the largest entry of each positive.
    largest = components[np.abs(components).argmax(0), np.arange(components.shape[1])]
    components = components * np.where(largest < 0, -1, 1)
    reduced: NDArray[np.float16] = (components / max(float(components[:, 0].std()), 1e-12)).astype(np.float16)
    return reduced


def _save(path: Path, fused: NDArray[np.float16]) -> None:
    # Into an open file: given a name, NumPy would append .npy to the temporary name.
    with path.open("wb") as opened:
        np.save(opened, fused, allow_pickle=False)


def _read_fused(file: Path, count: int) -> NDArray[np.float16]:
    try:
        fused = np.load(file, allow_pickle=False)
    except (OSError, ValueError, EOFError) as problem:
        raise UserError(f"{file} is not an array.", _DAMAGED) from problem
    if fused.ndim != 2 or len(fused) != count:
        raise UserError(f"{file} does not match the {count} images of its set.", _DAMAGED)
    return np.asarray(fused, np.float16)


def _read_card(folder: Path) -> ModelCard:
    if (folder / CARD).is_file() or not (folder / WEIGHTS_HASH).is_file():
        return read_card(folder / CARD)
    card = find_bundle(folder.name).card
    if card.sha256 != _recorded_weights(folder):
        raise UserError(f"{folder} was recorded with other weights than those of the model {card.name}.", _DAMAGED)
    return card


def _recorded_weights(folder: Path) -> str:
    """Return the SHA-256 of the weights that a record was made with, "" without a record."""
    if (folder / CARD).is_file():
        return read_card(folder / CARD).sha256
    try:
        return (folder / WEIGHTS_HASH).read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeError) as problem:
        raise UserError(f"{folder / WEIGHTS_HASH} could not be read ({problem}).", _DAMAGED) from problem


def _read_sets(file: Path) -> dict[str, SetRecord]:
    if not file.is_file():
        return {}
    try:
        entries: dict[str, dict[str, Any]] = json.loads(file.read_text(encoding="utf-8"))
        return {
            name: SetRecord(
                entry["data"],
                tuple(entry["where"]),
                bool(entry["seen"]),
                {outline: tuple(sentences) for outline, sentences in entry["left_out"].items()},
            )
            for name, entry in entries.items()
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as problem:
        raise UserError(f"{file} could not be read ({problem}).", _DAMAGED) from problem


def _read_curves(file: Path) -> dict[str, NDArray[np.float64]]:
    """Return the columns of the training curves; none without a file, nan where an older run left a cell empty."""
    if not file.is_file():
        return {}
    try:
        with file.open(newline="", encoding="utf-8") as opened:
            rows = list(csv.DictReader(opened))
        return {name: np.array([float(row[name] or "nan") for row in rows]) for name in (rows[0] if rows else {})}
    except (OSError, ValueError, KeyError, TypeError, csv.Error) as problem:
        raise UserError(f"{file} could not be read as curves ({problem}).", _DAMAGED) from problem


def _write_rows(file: Path, rows: Iterable[ReadImage | OutlineRow]) -> None:
    text = io.StringIO(newline="")
    cells = [_flat(row) for row in rows]
    writer = csv.DictWriter(text, list(cells[0]) if cells else [], lineterminator="\n")
    writer.writeheader()
    writer.writerows(cells)
    write_whole(file, lambda path: path.write_bytes(text.getvalue().encode()))


def _flat(row: ReadImage | OutlineRow) -> dict[str, str]:
    """Return a row as text: numbers to six digits, each feature in its own column."""
    flat: dict[str, str] = {}
    for name, value in dataclasses.asdict(row).items():
        if name == "features":
            flat |= {feature: f"{number:.6g}" for feature, number in zip(FEATURES, value, strict=True)}
        elif name == "logits":
            flat[name] = " ".join(f"{logit:.6g}" for logit in value)
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
    values: dict[str, Any] = {name: row[name] for name in ("image", "label", "group", "outline")}
    if row["outline"] not in KINDS:
        raise ValueError(f"no kind of outline is called {row['outline']}")
    if kind is OutlineRow:
        return values | {"features": tuple(float(row[name]) for name in FEATURES)}
    return values | {
        "probability": float(row["probability"]),
        "logits": tuple(float(logit) for logit in row["logits"].split()),
        "birads": row["birads"],
        "size": row["size"],
        "device": row["device"],
        "area_fraction": float(row["area_fraction"]),
    }
