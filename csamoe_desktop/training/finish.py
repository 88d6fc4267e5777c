"""From a finished run to a bundle: half-precision weights, calibration on validation, figures on the held-out test."""

import dataclasses
import hashlib
import os
import platform
from pathlib import Path

import torch
from safetensors.torch import load_file

from csamoe_desktop.files import write_whole
from csamoe_desktop.inference.bundle import CARD, WEIGHTS, Bundle
from csamoe_desktop.inference.torch_engine import load_predictor
from csamoe_desktop.networks.blocks import parameter_count
from csamoe_desktop.networks.build import build
from csamoe_desktop.networks.cards import ModelCard, Thresholds, Training
from csamoe_desktop.training.checkpoint import Progress, half_precision, write_tensors
from csamoe_desktop.training.datasets import data_sha256
from csamoe_desktop.training.evaluate import read_all, summarise
from csamoe_desktop.training.loop import BEST, Recipe
from csamoe_desktop.training.metrics import choose_thresholds, fit_temperature
from csamoe_desktop.training.splits import Split

_INTENDED_USE = (
    "A second reading of one marked breast lesion on a B-mode ultrasound image, after the reader's own. Research use "
    "only; not a medical device. Management must not rest solely on this output."
)
_LIMITS = (
    "On a hospital, a scanner or a hand that its training did not see it may do worse than its figures say.",
    "It reads the outline it is given: another line around the same lesion can change the reading.",
    "It knows benign and malignant lesions only. Images without a lesion, colour Doppler, elastography and the axilla "
    + "were not in its training.",
)
_WHOLE_FRAME = (
    "It reads the whole frame without keeping its aspect ratio (as in the paper), so a very wide or tall image, or a "
    "lesion that is small in its frame, looks unlike its training."
)


@dataclasses.dataclass(frozen=True, slots=True)
class Description:
    """What a run cannot know of itself and its card must say; `groups` is what the groups are, such as "patients"."""

    name: str
    title: str
    version: str
    data: str
    split: str
    groups: str
    start: str
    licence: str


def write_bundle(
    description: Description, recipe: Recipe, progress: Progress, split: Split, run: Path, folder: Path
) -> Bundle:
    """Write the bundle of the best epoch of `run` into `folder` and return it.

    Every figure on the card is measured with the half-precision weights that the bundle holds: temperature and
    thresholds on the validation samples, the evaluations on validation and test samples.
    """
    write_tensors(folder / WEIGHTS, half_precision(load_file(run / BEST)))
    samples = [*split.train, *split.validation, *split.test]

    card = ModelCard(
        name=description.name,
        version=description.version,
        title=description.title,
        builder=recipe.builder,
        parameters=parameter_count(build(recipe.builder)),
        views=recipe.views,
        input_size=recipe.size,
        field=recipe.field,
        normalisation=recipe.normalisation,
        classes=("benign", "malignant"),
        positive="malignant",
        temperature=1.0,
        thresholds=Thresholds(0.5, 0.5),
        training=Training(
            data=description.data,
            data_sha256=data_sha256(samples),
            split=description.split,
            seed=recipe.seed,
            start=description.start,
            recipe=recipe.to_dict(),
            epochs=progress.epochs,
            best_epoch=progress.best_epoch,
            hardware=f"{os.cpu_count()} CPU cores, {platform.machine()}, torch {torch.__version__}",
            hours=round(progress.seconds / 3600, 2),
        ),
        evaluations=(),
        intended_use=_INTENDED_USE,
        limits=_LIMITS if recipe.field else (*_LIMITS, _WHOLE_FRAME),
        licence=description.licence,
        sha256=hashlib.sha256((folder / WEIGHTS).read_bytes()).hexdigest(),
    )
    # With the one-cycle schedule the last epoch counts, whatever it does on validation.
    chosen = "best epoch, " if recipe.schedule == "plateau" else ""
    card = _measured(card, folder, split, description.groups, chosen)
    write_whole(folder / CARD, lambda path: path.write_text(card.to_json(), encoding="utf-8"))
    return Bundle(folder, card)


def _measured(card: ModelCard, folder: Path, split: Split, groups: str, chosen: str) -> ModelCard:
    """Return the card with temperature, thresholds and figures measured with the weights in `folder`.

    `groups` names the groups; `chosen` begins the list of what was chosen on the validation samples.
    """
    validation = read_all(load_predictor(Bundle(folder, card), "cpu"), split.validation)
    card = dataclasses.replace(card, temperature=fit_temperature(validation.positive, validation.logits))
    predictor = load_predictor(Bundle(folder, card), "cpu")
    validation = read_all(predictor, split.validation)
    malignant = int(validation.positive.sum())
    chosen_on = (
        f"{len(validation.samples)} validation images of {len(set(validation.groups))} {groups} "
        f"({malignant} malignant, {len(validation.samples) - malignant} benign)"
    )
    return dataclasses.replace(
        card,
        thresholds=choose_thresholds(validation.positive, validation.probability, chosen_on=chosen_on),
        evaluations=(
            summarise(read_all(predictor, split.test), "test: held-out patients"),
            summarise(
                read_all(predictor, split.test, outline="ellipse"),
                "test: held-out patients, outlines replaced by their ellipse",
            ),
            summarise(validation, f"validation: {chosen}temperature and thresholds were chosen on these"),
        ),
    )
