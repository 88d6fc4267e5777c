"""What is said of a trained model to somebody who chooses one: what it needs, how good it is and on what, its size."""

import math
from dataclasses import dataclass

from csamoe_desktop.networks.cards import Evaluation, Figure, ModelCard

_NAMES = {"auc": "AUC", "dice": "Dice"}


@dataclass(frozen=True, slots=True)
class Measured:
    """A model's leading figure on one set of images: AUC of a reading, Dice of an outline.

    Attributes:
        on: how many images of how many patients.
        data: which images they are, such as "test: held-out patients".
    """

    name: str
    figure: Figure
    on: str
    data: str


def needs(card: ModelCard) -> str:
    """Return what the model asks of the reader, such as "needs an outline"."""
    if card.task == "outlining":
        return "proposes an outline itself, gives no reading"
    if card.needs_outline:
        return "needs an outline"
    whole = "reads the whole image, no outline needed"
    return f"{whole}; proposes an outline itself" if card.proposes_outline else whole


def caution(card: ModelCard) -> str:
    """Return what must be said before somebody relies on the model, or ""."""
    return "reads poorly, as its figures say: to be compared with, not relied on" if card.reads_poorly else ""


def measured(card: ModelCard) -> tuple[Measured, ...]:
    """Return the leading figures of every evaluation that has one, the held-out test first as on the card; what is undefined
    is no figure."""
    return tuple(
        Measured(_NAMES[name], evaluation.metrics[name], _on(evaluation), evaluation.data)
        for evaluation in card.evaluations
        for name in _NAMES
        if name in evaluation.metrics and not math.isnan(evaluation.metrics[name].value)
    )


def outline_words(evaluation: Evaluation) -> str:
    """Return the figures beside the mean Dice, such as "median 0.912, IoU 0.790, 2.1 % missed"; "" where there are none."""
    metrics = {name: figure for name, figure in evaluation.metrics.items() if not math.isnan(figure.value)}
    said = []
    for name, words in (("dice_median", "median {:.3f}"), ("iou", "IoU {:.3f}")):
        if name in metrics:
            said.append(words.format(metrics[name].value))
    if "missed" in metrics:
        said.append(f"{100 * metrics['missed'].value:.1f} % missed")
    return ", ".join(said)


def size_words(size: int) -> str:
    """Return a file's size (bytes) for a person, such as "69.7 MB"."""
    return f"{size / 1e6:.1f} MB"


def parameters_words(count: int) -> str:
    """Return how many parameters a network has, such as "34.8 million parameters"."""
    return f"{count / 1e6:.1f} million parameters"


def _on(evaluation: Evaluation) -> str:
    # Where the data has no patients, its groups are near-identical images.
    groups = "patients" if "patient" in evaluation.data else "groups"
    return f"{evaluation.images} images of {evaluation.groups} {groups}"
