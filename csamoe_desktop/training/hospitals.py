"""Leave one hospital out: train on all hospitals but one, read that one, once for each, by a named recipe.

What is reported of a hospital was read by a network that never saw an image of it, with the temperature and the thresholds
fitted on the hospitals it did see: what a user in the next hospital gets. Pooled, these readings are also what
temperature and thresholds of a shipped model may be fitted on.
"""

import csv
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from csamoe_desktop.datasets.folder import Sample, read_examples
from csamoe_desktop.datasets.other_outlines import PROPOSAL
from csamoe_desktop.datasets.splits import Split, by_share
from csamoe_desktop.errors import UserError
from csamoe_desktop.evidence.evaluate import read_all
from csamoe_desktop.evidence.metrics import auc, calibration, resampled_intervals
from csamoe_desktop.files import write_whole
from csamoe_desktop.inference.bundle import CARD, Bundle
from csamoe_desktop.inference.torch_engine import load_predictor
from csamoe_desktop.lesion.propose import Finder
from csamoe_desktop.networks.build import build
from csamoe_desktop.networks.cards import Figure, read_card
from csamoe_desktop.training.finish import Description, calibrate, uncalibrated_card
from csamoe_desktop.training.loop import seed_everything
from csamoe_desktop.training.recipe import Recipe
from csamoe_desktop.training.stages import train_stages
from csamoe_desktop.training.starts import load_start

OUTLINE_KINDS = ("reader", "ellipse", PROPOSAL)
READINGS = "readings.csv"
_COLUMNS = ("image", "label", "group", "outline", "logit_benign", "logit_malignant", "probability")
_VALIDATION = 0.15
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class OutsideReadings:
    """Readings of one hospital by a network that never saw it, with one kind of outline.

    Attributes:
        hospital: its name.
        groups: of each image, [N]; never parted.
        positive: whether it is malignant, bool [N].
        logits: [N, 2], benign and malignant.
        probability: of malignancy, with the temperature of the hospitals that were seen, [N].
        benign_below, suspicious_from: the thresholds fitted on the hospitals that were seen.
    """

    hospital: str
    groups: list[str]
    positive: NDArray[np.bool_]
    logits: NDArray[np.float64]
    probability: NDArray[np.float64]
    benign_below: float
    suspicious_from: float


def leave_one_out(
    recipe: Recipe,
    hospitals: Mapping[str, Sequence[Sample]],
    out: Path,
    start: str,
    device: str = "auto",
    finder: Finder | None = None,
    only: Sequence[str] = (),
    say: Callable[[str], object] = lambda words: None,
) -> None:
    """Train on all `hospitals` but one and read that one, for each of them; what `out` holds already is not done again.

    Each hospital gets a folder in `out`: `run` (checkpoints, curves), `bundle` and `readings.csv`.

    Args:
        recipe: of a network that reads benign and malignant.
        hospitals: the samples of each, by its name.
        out: where the runs are kept.
        start: as `training.starts.load_start` takes it.
        device: asked for, see `inference.engine`.
        finder: what proposes outlines; without it no readings of proposals.
        only: the hospitals to leave out; all where it is empty.
        say: told in words what is done.

    Raises:
        UserError: there are fewer than two hospitals, one shares a group's name with another, or a file is damaged.
    """
    if len(hospitals) < 2:
        raise UserError("One hospital cannot be left out of one.", "Give --data for two hospitals or more.")
    for left_out in only or hospitals:
        if left_out not in hospitals:
            raise UserError(f"There is no hospital {left_out!r}.", f"Choose from {', '.join(hospitals)}.")
        folder = out / left_out
        if (folder / READINGS).is_file():
            say(f"{left_out}: read already")
            continue
        seen = [name for name in hospitals if name != left_out]
        say(f"{left_out} is left out; training on {' and '.join(seen)}")
        split = split_for(hospitals, left_out, recipe)
        bundle = _train(recipe, split, folder, start, device, f"{left_out} left out")
        _read(bundle, split.test, folder / READINGS, device, finder)
        say(f"{left_out}: {len(split.test)} images read")


def split_for(hospitals: Mapping[str, Sequence[Sample]], left_out: str, recipe: Recipe) -> Split:
    """Return the split that tests on `left_out` and holds 15 % of each other hospital's groups for validation.

    Raises:
        UserError: a group of one hospital has the name of another's.
    """
    train: list[Sample] = []
    validation: list[Sample] = []
    for name, samples in hospitals.items():
        if name != left_out:
            parts = by_share([one for one in samples if one.label in recipe.classes], _VALIDATION, recipe.seed)
            train += parts[0]
            validation += parts[1]
    return Split(train, validation, [one for one in hospitals[left_out] if one.label in recipe.classes])


def _train(recipe: Recipe, split: Split, folder: Path, start: str, device: str, words: str) -> Bundle:
    from csamoe_desktop.inference.engine import choose_device

    target = folder / "bundle"
    if (target / CARD).is_file():
        return Bundle(target, read_card(target / CARD))
    seed_everything(recipe.seed, 0)
    network = build(recipe.builder)
    origin = load_start(recipe.builder, network, start)
    progress = train_stages(
        recipe,
        network,
        read_examples(split.train, recipe.classes),
        read_examples(split.validation, recipe.classes),
        folder / "run",
        torch.device(choose_device(device).kind),
        origin,
        show_progress=False,
    )
    description = Description(
        name=f"without-{folder.name.lower()}",
        title=f"{recipe.builder.network}, {words}",
        version="0",
        data=f"{len(split.train) + len(split.validation)} images of the other hospitals",
        split=f"by hospital: {words}",
        groups="groups",
        tested="another hospital",
        start=origin,
        licence="not for shipping",
    )
    card = uncalibrated_card(description, recipe, progress, split, folder / "run", target)
    card, _ = calibrate(card, target, split.validation, "groups")
    write_whole(target / CARD, lambda path: path.write_text(card.to_json(), encoding="utf-8"))
    return Bundle(target, card)


def _read(bundle: Bundle, samples: Sequence[Sample], table: Path, device: str, finder: Finder | None) -> None:
    predictor = load_predictor(bundle, device)
    rows = []
    for kind in OUTLINE_KINDS:
        if kind == PROPOSAL and finder is None:
            continue
        readings = read_all(predictor, samples, outline=kind, finder=finder if kind == PROPOSAL else None)
        for sample, one in zip(readings.samples, readings.predictions, strict=True):
            logits = [repr(float(value)) for value in one.logits]
            rows.append([sample.name, sample.label, sample.group, kind, *logits, repr(float(one.probability))])

    def write(path: Path) -> None:
        with path.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([_COLUMNS, *rows])

    write_whole(table, write)


def read_back(folder: Path, kind: str) -> list[OutsideReadings]:
    """Return the readings of every hospital in `folder` that was read with outlines of that `kind`, by name.

    Raises:
        UserError: `folder` holds none.
    """
    found = []
    for table in sorted(folder.glob(f"*/{READINGS}")):
        with table.open(newline="", encoding="utf-8") as file:
            rows = [row for row in csv.DictReader(file) if row["outline"] == kind]
        if not rows:
            continue
        thresholds = read_card(table.parent / "bundle" / CARD).thresholds
        found.append(
            OutsideReadings(
                table.parent.name,
                [row["group"] for row in rows],
                np.array([row["label"] == "malignant" for row in rows]),
                np.array([[float(row["logit_benign"]), float(row["logit_malignant"])] for row in rows]),
                np.array([float(row["probability"]) for row in rows]),
                thresholds.benign_below,
                thresholds.suspicious_from,
            )
        )
    if not found:
        raise UserError(
            f"{folder} holds no readings ({kind}).", "Run `csamoe-desktop hospitals` with --out there first."
        )
    return found


def figures_of(readings: OutsideReadings, resamples: int = 2000) -> dict[str, Figure]:
    """Return AUC, ECE, sensitivity at the "likely benign" threshold and specificity at the "suspicious" one, each with a
    95 % interval over groups."""

    def measure(rows: NDArray[np.intp]) -> dict[str, float]:
        positive, probability = readings.positive[rows], readings.probability[rows]
        with np.errstate(invalid="ignore"):
            return {
                "auc": auc(positive, probability),
                "ece": calibration(positive, probability)["ece"],
                "sensitivity": float(np.mean(probability[positive] >= readings.benign_below))
                if positive.any()
                else np.nan,
                "cleared": float(np.mean(probability[~positive] < readings.benign_below))
                if (~positive).any()
                else np.nan,
                "specificity": float(np.mean(probability[~positive] < readings.suspicious_from))
                if (~positive).any()
                else np.nan,
            }

    return resampled_intervals(measure, readings.groups, resamples=resamples)


def table(folders: Mapping[str, Path], kinds: Sequence[str] = OUTLINE_KINDS) -> str:
    """Return the leave-one-hospital-out table of named runs as Markdown, a row a run, hospital and kind of outline."""
    lines = [
        "| recipe | hospital left out | outlines | images | AUC | ECE "
        + "| malignant at or above the benign threshold | benign below it | benign below the suspicious threshold |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for name, folder in folders.items():
        for kind in kinds:
            try:
                each = read_back(folder, kind)
            except UserError:
                continue
            for one in each:
                figures = figures_of(one)
                cells = [figures[key].words() for key in ("auc", "ece", "sensitivity", "cleared", "specificity")]
                lines.append(f"| {name} | {one.hospital} | {kind} | {len(one.groups)} | " + " | ".join(cells) + " |")
            mean = float(np.mean([auc(one.positive, one.probability) for one in each]))
            lines.append(f"| {name} | mean of {len(each)} | {kind} | | {mean:.3f} | | | | |")
    return "\n".join(lines) + "\n"
