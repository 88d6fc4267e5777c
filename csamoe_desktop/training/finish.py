"""Turn a finished run into a model bundle: half-precision weights, calibration on validation, figures on held-out test data."""

import dataclasses
import hashlib
import os
import platform
from collections.abc import Sequence
from pathlib import Path

import torch
from safetensors.torch import load_file

from csamoe_desktop.datasets.folder import NORMAL, Sample, data_sha256
from csamoe_desktop.datasets.splits import Split
from csamoe_desktop.evidence.evaluate import Readings, read_all, summarise
from csamoe_desktop.evidence.metrics import choose_thresholds, fit_temperature
from csamoe_desktop.evidence.outline_quality import summarise as outlines_summary
from csamoe_desktop.files import write_whole
from csamoe_desktop.inference.bundle import CARD, WEIGHTS, Bundle
from csamoe_desktop.inference.loading import load_outliner, load_predictor
from csamoe_desktop.inference.weights import Storage, stored
from csamoe_desktop.networks.blocks import parameter_count
from csamoe_desktop.networks.build import build
from csamoe_desktop.networks.cards import ModelCard, Thresholds, Training
from csamoe_desktop.training.checkpoint import Progress, write_tensors
from csamoe_desktop.training.loop import BEST
from csamoe_desktop.training.recipe import Recipe

_INTENDED_USE = (
    "A second reading of one marked breast lesion on a B-mode ultrasound image, after the reader's own. Research use "
    "only; not a medical device. Management must not rest solely on this output."
)
_OUTLINES_ONLY = (
    "Proposes outlines of breast lesions on a B-mode ultrasound image, for a reader to accept or correct. It does "
    "not assess lesions. Research use only; not a medical device."
)
_ELSEWHERE = (
    "At hospitals, on scanners and with readers' outlines that were not in its training, it may perform worse than its "
    "figures."
)
_LESIONS_ONLY = (
    "It knows benign and malignant lesions only. Images without a lesion, colour Doppler, elastography and the axilla "
    "were not in its training."
)
_NORMAL_TOO = (
    "It knows normal tissue and benign and malignant lesions only. Colour Doppler, elastography and the axilla were not "
    "in its training."
)
_GIVEN_OUTLINE = "The AI result depends on the outline: another outline of the same lesion can change it."
_EIGHT_BITS = (
    "Its weights are stored in 8 bits, so that all models together stay within 250 MB; the figures were measured with "
    "these weights."
)
_WHOLE_FRAME = (
    "It assesses the whole frame without keeping its aspect ratio (as in the paper), so a very wide or tall image, or a "
    "lesion that is small in its frame, differs from its training images."
)


@dataclasses.dataclass(frozen=True, slots=True)
class RunDescription:
    """The texts on the card that a run cannot derive itself.

    `groups` names the groups, such as "patients"; `tested` names the test samples, such as "held-out patients";
    `second_tested` names those of a second folder.
    """

    name: str
    title: str
    version: str
    data: str
    split: str
    groups: str
    tested: str
    start: str
    licence: str
    storage: Storage = "float16"
    second_tested: str = ""


def write_bundle(
    description: RunDescription, recipe: Recipe, progress: Progress, split: Split, run: Path, folder: Path
) -> Bundle:
    """Write the bundle of the best epoch of `run` into `folder` and return it.

    Every figure on the card is measured with the rounded weights in the bundle: temperature and thresholds on the validation
    samples, the evaluations on validation and test samples.
    """
    card = uncalibrated_card(description, recipe, progress, split, run, folder)
    # With the one-cycle schedule the last epoch is used, regardless of its validation score.
    chosen = "best epoch, " if recipe.schedule == "plateau" else ""
    if card.task == "outlining":
        outliner = load_outliner(Bundle(folder, card), "cpu")
        tests = [(split.test, description.tested)]
        if split.second_test:
            tests.append((split.second_test, description.second_tested))
        measured = []
        for samples, tested in tests:
            measured.append(outlines_summary(outliner, samples, f"test: {tested}, whole frame"))
            boxed = f"test: {tested}, in a box around the lesion"
            measured.append(outlines_summary(outliner, samples, boxed, boxed=True))
        measured.append(outlines_summary(outliner, split.validation, f"validation: {chosen}whole frame"))
        card = dataclasses.replace(card, evaluations=tuple(measured))
    else:
        card = _measured(card, folder, split, description, chosen)
    if recipe.task == "reading and outlining":
        own = f"test: {description.tested}, its own outline on the whole frame"
        outliner = load_outliner(Bundle(folder, card), "cpu")
        own_outlines = outlines_summary(outliner, split.test, own, second_look=False)
        card = dataclasses.replace(card, evaluations=(*card.evaluations, own_outlines))
    write_whole(folder / CARD, lambda path: path.write_text(card.to_json(), encoding="utf-8"))
    return Bundle(folder, card)


def uncalibrated_card(
    description: RunDescription, recipe: Recipe, progress: Progress, split: Split, run: Path, folder: Path
) -> ModelCard:
    """Write the weights of the best epoch of `run` into `folder` and return their card before any measurement.

    The temperature is 1, both thresholds are 0.5, and there are no figures.
    """
    write_tensors(folder / WEIGHTS, stored(load_file(run / BEST), description.storage))
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
        classes=recipe.classes if recipe.task != "outlining" else ("background", "lesion"),
        positive="malignant" if recipe.task != "outlining" else "lesion",
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
        intended_use=_INTENDED_USE if recipe.task != "outlining" else _OUTLINES_ONLY,
        limits=(),
        licence=description.licence,
        sha256=hashlib.sha256((folder / WEIGHTS).read_bytes()).hexdigest(),
        task="outlining" if recipe.task == "outlining" else "reading",
    )
    return dataclasses.replace(card, limits=_limits(recipe, description, card.needs_outline))


def _limits(recipe: Recipe, description: RunDescription, needs_outline: bool) -> tuple[str, ...]:
    limits = [_ELSEWHERE]
    if recipe.task != "outlining":
        if needs_outline:
            limits.append(_GIVEN_OUTLINE)
        limits.append(_NORMAL_TOO if NORMAL in recipe.classes else _LESIONS_ONLY)
    if recipe.field is None:
        limits.append(_WHOLE_FRAME)
    if description.storage == "int8":
        limits.append(_EIGHT_BITS)
    return tuple(limits)


def _measured(card: ModelCard, folder: Path, split: Split, description: RunDescription, chosen: str) -> ModelCard:
    """Return the card with temperature, thresholds and figures measured with the weights in `folder`.

    `chosen` is the beginning of the text that lists what was chosen on the validation samples.
    """
    card, validation = calibrate(card, folder, split.validation, description.groups)
    predictor = load_predictor(Bundle(folder, card), "cpu")
    with_ellipses = (
        (
            summarise(
                read_all(predictor, split.test, outline="ellipse"),
                f"test: {description.tested}, outlines replaced by their ellipse",
            ),
        )
        if card.needs_outline
        else ()
    )
    second = (
        (summarise(read_all(predictor, split.second_test), f"test: {description.second_tested}"),)
        if split.second_test
        else ()
    )
    return dataclasses.replace(
        card,
        evaluations=(
            summarise(read_all(predictor, split.test), f"test: {description.tested}"),
            *with_ellipses,
            *second,
            summarise(validation, f"validation: {chosen}temperature and thresholds were chosen on these"),
        ),
    )


def calibrate(card: ModelCard, folder: Path, samples: Sequence[Sample], groups: str) -> tuple[ModelCard, Readings]:
    """Return the card with temperature and thresholds fitted on `samples`, and the predictions for these samples.

    Args:
        card: the card of the weights.
        folder: the folder of the weights.
        samples: samples that were not used to train the weights.
        groups: the name of their groups, such as "patients".
    """
    uncalibrated = read_all(load_predictor(Bundle(folder, card), "cpu"), samples)
    card = dataclasses.replace(card, temperature=fit_temperature(uncalibrated.targets, uncalibrated.logits))
    readings = read_all(load_predictor(Bundle(folder, card), "cpu"), samples)
    malignant = int(readings.positive.sum())
    others = [name for name in card.classes if name != card.positive]
    thresholds = choose_thresholds(
        readings.positive,
        readings.probability,
        chosen_on=f"{len(readings.samples)} validation images of {len(set(readings.groups))} {groups} "
        f"({malignant} malignant, {len(readings.samples) - malignant} {' or '.join(others)})",
        patients=len(set(readings.groups)) if groups == "patients" else None,
    )
    return dataclasses.replace(card, thresholds=thresholds), readings
