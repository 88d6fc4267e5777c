"""The description of a model for choosing one: what it needs, how well it performs and on which images, its size."""

import math
from dataclasses import dataclass

from csamoe_desktop.networks.cards import Evaluation, Figure, ModelCard

_NAMES = {"auc": "AUC", "dice": "Dice"}


@dataclass(frozen=True, slots=True)
class ModelFigures:
    """A model's main figure on one set of images: AUC of the AI results, Dice of the proposed outlines.

    Attributes:
        on: the number of images and patients.
        data: the set of images, such as "test: held-out patients".
    """

    name: str
    figure: Figure
    on: str
    data: str


def needs(card: ModelCard) -> str:
    """Return what the model needs from the reader, such as "needs an outline"."""
    if card.task == "outlining":
        return "proposes outlines, gives no AI result"
    if card.needs_outline:
        return "needs an outline"
    whole = "assesses the whole image, no outline needed"
    return f"{whole}; also proposes outlines" if card.proposes_outline else whole


def caution(card: ModelCard) -> str:
    """Return the warning about a model with poor figures, or ""."""
    return "poor test results: for comparison only, do not rely on it" if card.reads_poorly else ""


def measured(card: ModelCard) -> tuple[ModelFigures, ...]:
    """Return the main figure of every evaluation that has one, in the order of the card (held-out test first); undefined
    figures (NaN) are left out."""
    return tuple(
        ModelFigures(_NAMES[name], evaluation.metrics[name], _on(evaluation), evaluation.data)
        for evaluation in card.evaluations
        for name in _NAMES
        if name in evaluation.metrics and not math.isnan(evaluation.metrics[name].value)
    )


def outline_words(evaluation: Evaluation) -> str:
    """Return the other figures on outlines, such as "median 0.912, IoU 0.790, 2.1 % missed", or ""."""
    metrics = {name: figure for name, figure in evaluation.metrics.items() if not math.isnan(figure.value)}
    parts = []
    for name, words in (("dice_median", "median {:.3f}"), ("iou", "IoU {:.3f}")):
        if name in metrics:
            parts.append(words.format(metrics[name].value))
    if "missed" in metrics:
        parts.append(f"{100 * metrics['missed'].value:.1f} % missed")
    return ", ".join(parts)


def size_words(size: int) -> str:
    """Return a file size in bytes as text, such as "69.7 MB"."""
    return f"{size / 1e6:.1f} MB"


def parameters_words(count: int) -> str:
    """Return a number of parameters as text, such as "34.8 million parameters"."""
    return f"{count / 1e6:.1f} million parameters"


def _on(evaluation: Evaluation) -> str:
    # Data without patient identifiers is grouped by near-identical images.
    groups = "patients" if "patient" in evaluation.data else "groups"
    return f"{evaluation.images} images of {evaluation.groups} {groups}"
