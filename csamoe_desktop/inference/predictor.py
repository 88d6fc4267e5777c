"""What a loaded model answers, free of torch: regions in, predictions out."""

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
    """What the network says of one lesion.

    Attributes:
        logits: as the network gives them, in the order of the card's classes.
        probability: of the card's positive class, calibrated with the card's temperature.
        gates: each expert's share in the fused feature, by name, summing to one.
        stage_attention: each expert's four stage weights, shallow to deep, by name.
        fused: what the last layers saw, float32 (C,); None from an engine that does not tell.
    """

    logits: tuple[float, ...]
    probability: float
    gates: dict[str, float]
    stage_attention: dict[str, tuple[float, ...]]
    fused: NDArray[np.float32] | None = field(default=None, compare=False, repr=False)


_ROUNDING = 1e-3


class Predictor(Protocol):
    """A model that is loaded and ready to read."""

    @property
    def card(self) -> ModelCard:
        """The model's card."""

    @property
    def device(self) -> Device:
        """What it really runs on."""

    def predict(self, regions: Sequence[Regions]) -> list[Prediction]:
        """Read lesions, in batches.

        Raises:
            UserError: the device ran out of memory.
        """


@runtime_checkable
class Explainer(Predictor, Protocol):
    """A predictor that can also say why. An engine that only runs a network need not be one."""

    def explain(self, regions: Regions) -> "Explanation":
        """Say why it reads a lesion as it does.

        Raises:
            UserError: the device ran out of memory.
        """

    def nearest(self, prediction: Prediction) -> "Nearest | None":
        """Return what the nearest known cases of a reading were; None where the bundle keeps none."""

    def reread(self, regions: Regions, others: Sequence[Regions]) -> list[float]:
        """Return the calibrated probabilities of other contours of the lesion `regions` in the same part of the same
        frame; where an expert sees the whole image, it is not run again.

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
    """Return `prediction`, every number of which is finite and in its range.

    Raises:
        UserError: one is not, or they are not as many as the card says.
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
    """Return the refusal of a reading that came to no number."""
    return UserError(
        f"The model {card.name} came to no number here: its weights or its card are damaged.",
        "Choose another model, and copy this model's whole folder again.",
    )


def _joined(lists: Iterable[Iterable[float]]) -> list[float]:
    return [number for one in lists for number in one]
