"""Leave one hospital out: train on all hospitals but one and test on that one, for each hospital in turn.

The figures of a hospital come from a network that never saw an image of it, with the temperature and thresholds fitted on the
other hospitals. This is what a user in a new hospital gets. The pooled predictions can also be used to fit the temperature and
thresholds of a shipped model.
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
from csamoe_desktop.training.finish import RunDescription, calibrate, uncalibrated_card
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
    """Predictions for one hospital by a network that never saw it, with one kind of outline.

    Attributes:
        hospital: the name of the hospital.
        groups: the group of each image, [N]; groups are never split.
        positive: whether each image is malignant, bool [N].
        logits: [N, 2], benign and malignant.
        probability: the probability of malignancy, with the temperature fitted on the other hospitals, [N].
        benign_below, suspicious_from: the thresholds fitted on the other hospitals.
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
    """Train on all `hospitals` but one and test on that one, for each in turn; runs already in `out` are not repeated.

    Each hospital gets a folder in `out`: `run` (checkpoints, curves), `bundle` and `readings.csv`.

    Args:
        recipe: the recipe of a network for the classes benign and malignant.
        hospitals: the samples of each hospital, by its name.
        out: the folder of the runs.
        start: the start weights, as in `training.starts.load_start`.
        device: the compute device, see `inference.engine`.
        finder: the network that proposes outlines; without it, proposals are not tested.
        only: the hospitals to leave out (default: all).
        say: called with messages about the progress.

    Raises:
        UserError: there are fewer than two hospitals, two hospitals share the name of a group, or a file is damaged.
    """
    if len(hospitals) < 2:
        raise UserError(
            "Leaving one hospital out needs at least two hospitals.", "Give --data for two hospitals or more."
        )
    for left_out in only or hospitals:
        if left_out not in hospitals:
            raise UserError(f"There is no hospital {left_out!r}.", f"The hospitals are: {', '.join(hospitals)}.")
        folder = out / left_out
        if (folder / READINGS).is_file():
            say(f"{left_out}: already done")
            continue
        others = [name for name in hospitals if name != left_out]
        say(f"{left_out} is left out; training on {' and '.join(others)}")
        split = split_for(hospitals, left_out, recipe)
        bundle = _train(recipe, split, folder, start, device, f"{left_out} left out")
        _predict(bundle, split.test, folder / READINGS, device, finder)
        say(f"{left_out}: {len(split.test)} images assessed")


def split_for(hospitals: Mapping[str, Sequence[Sample]], left_out: str, recipe: Recipe) -> Split:
    """Return the split that tests on `left_out` and uses 15 % of the groups of each other hospital for validation.

    Raises:
        UserError: two hospitals share the name of a group.
    """
    train: list[Sample] = []
    validation: list[Sample] = []
    for name, samples in hospitals.items():
        if name != left_out:
            parts = by_share([sample for sample in samples if sample.label in recipe.classes], _VALIDATION, recipe.seed)
            train += parts[0]
            validation += parts[1]
    return Split(train, validation, [sample for sample in hospitals[left_out] if sample.label in recipe.classes])


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
    description = RunDescription(
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


def _predict(bundle: Bundle, samples: Sequence[Sample], table: Path, device: str, finder: Finder | None) -> None:
    predictor = load_predictor(bundle, device)
    rows = []
    for kind in OUTLINE_KINDS:
        if kind == PROPOSAL and finder is None:
            continue
        readings = read_all(predictor, samples, outline=kind, finder=finder if kind == PROPOSAL else None)
        for sample, prediction in zip(readings.samples, readings.predictions, strict=True):
            logits = [repr(float(logit)) for logit in prediction.logits]
            rows.append([sample.name, sample.label, sample.group, kind, *logits, repr(float(prediction.probability))])

    def write(path: Path) -> None:
        with path.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([_COLUMNS, *rows])

    write_whole(table, write)


def read_back(folder: Path, kind: str) -> list[OutsideReadings]:
    """Return the predictions of every hospital in `folder` with outlines of that `kind`, in the order of the names.

    Raises:
        UserError: there are none in `folder`.
    """
    hospitals = []
    for table in sorted(folder.glob(f"*/{READINGS}")):
        with table.open(newline="", encoding="utf-8") as file:
            rows = [row for row in csv.DictReader(file) if row["outline"] == kind]
        if not rows:
            continue
        thresholds = read_card(table.parent / "bundle" / CARD).thresholds
        hospitals.append(
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
    if not hospitals:
        raise UserError(
            f"There are no predictions ({kind}) in {folder}.",
            "Run `csamoe-desktop hospitals` with --data and this --out first.",
        )
    return hospitals


def figures_of(readings: OutsideReadings, resamples: int = 2000) -> dict[str, Figure]:
    """Return AUC, ECE, and the sensitivity and specificity at the thresholds, each with a 95 % interval over groups.

    "sensitivity" is the share of malignant images at or above the benign threshold; "cleared" and "specificity" are the shares
    of benign images below the benign and below the suspicious threshold.
    """

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
    """Return the leave-one-hospital-out table of the runs as Markdown, one row per run, hospital and kind of outline."""
    lines = [
        "| recipe | hospital left out | outlines | images | AUC | ECE "
        + "| malignant at or above the benign threshold | benign below it | benign below the suspicious threshold |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for name, folder in folders.items():
        for kind in kinds:
            try:
                hospitals = read_back(folder, kind)
            except UserError:
                continue
            for readings in hospitals:
                figures = figures_of(readings)
                cells = [figures[key].words() for key in ("auc", "ece", "sensitivity", "cleared", "specificity")]
                start = f"| {name} | {readings.hospital} | {kind} | {len(readings.groups)} | "
                lines.append(start + " | ".join(cells) + " |")
            mean = float(np.mean([auc(readings.positive, readings.probability) for readings in hospitals]))
            lines.append(f"| {name} | mean of {len(hospitals)} | {kind} | | {mean:.3f} | | | | |")
    return "\n".join(lines) + "\n"
