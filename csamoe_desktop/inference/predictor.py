"""The interface of a loaded model, without torch: regions in, predictions out."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from csamoe_desktop.errors import UserError
from csamoe_desktop.inference.engine import Device
from csamoe_desktop.lesion.regions import Regions
from csamoe_desktop.networks.cards import ModelCard

if TYPE_CHECKING:
    from csamoe_desktop.inference.cases import Nearest
    from csamoe_desktop.inference.explanation import Explanation


@dataclass(frozen=True, slots=True)
class Prediction:
    """The network's output for one lesion.

    Attributes:
        logits: the logits, in the order of the card's classes.
        probability: the probability of the card's positive class, calibrated with the card's temperature.
        gates: the gate share of each expert in the fused feature, by name; they sum to one.
        stage_attention: the four stage weights of each expert, shallow to deep, by name.
        fused: the feature that the last layers get, float32 (C,); None if the engine does not give it.
    """

    logits: tuple[float, ...]
    probability: float
    gates: dict[str, float]
    stage_attention: dict[str, tuple[float, ...]]
    fused: NDArray[np.float32] | None = field(default=None, compare=False, repr=False)


_ROUNDING = 1e-3
"""The tolerance for a gate share outside 0 to 1."""


class Predictor(Protocol):
    """A model that is loaded and ready to assess lesions."""

    @property
    def card(self) -> ModelCard:
        """The model's card."""

    @property
    def device(self) -> Device:
        """The compute device that it runs on."""

    def predict(self, regions: Sequence[Regions]) -> list[Prediction]:
        """Return a prediction for each lesion; runs in batches.

        Raises:
            UserError: the device ran out of memory.
        """


@runtime_checkable
class Explainer(Predictor, Protocol):
    """A predictor that can also explain its results. An engine may run networks without this."""

    def explain(self, regions: Regions) -> "Explanation":
        """Return the explanation of the result for a lesion.

        Raises:
            UserError: the device ran out of memory.
        """

    def nearest(self, prediction: Prediction) -> "Nearest | None":
        """Return the training images nearest to a prediction; None if the bundle has no training features."""

    def reread(self, regions: Regions, others: Sequence[Regions]) -> list[float]:
        """Return the calibrated probabilities for other outlines (`others`) of the lesion `regions`.

        They must be in the same part of the same frame: an expert that sees the whole image is not run again.

        Raises:
            UserError: the device ran out of memory.
        """


def calibrated(logits: Sequence[float], card: ModelCard) -> float:
    """Return the probability of the card's positive class, 0 to 1: softmax of `logits` divided by the card's temperature.

    Raises:
        UserError: the logits are not one finite number for each class.
    """
    scaled = np.asarray(logits, np.float64) / card.temperature
    if scaled.shape != (len(card.classes),) or not np.isfinite(scaled).all():
        raise no_number(card)
    shares = np.exp(scaled - scaled.max())
    return float(shares[card.classes.index(card.positive)] / shares.sum())


def checked(prediction: Prediction, card: ModelCard) -> Prediction:
    """Return `prediction` after checking that all its numbers are finite and in range.

    Raises:
        UserError: a number is not, or there are not as many as the card says.
    """
    gates = list(prediction.gates.values())
    numbers = [*prediction.logits, prediction.probability, *gates, *_joined(prediction.stage_attention.values())]
    if (
        len(prediction.logits) != len(card.classes)
        or not np.isfinite(numbers).all()
        or not 0 <= prediction.probability <= 1
        or not all(-_ROUNDING <= share <= 1 + _ROUNDING for share in gates)
        or (prediction.fused is not None and not np.isfinite(prediction.fused).all())
    ):
        raise no_number(card)
    return prediction


def no_number(card: ModelCard) -> UserError:
    """Return the error for a network output that is not a valid number."""
    return UserError(
        f"The model {card.name} gave no valid number: its weights or its card are damaged.",
        "Choose another model, or copy the whole folder of this model again.",
    )


def _joined(lists: Iterable[Iterable[float]]) -> list[float]:
    return [number for numbers in lists for number in numbers]
