"""What a loaded model answers, free of torch: regions in, predictions out."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from csamoe_desktop.inference.engine import Device
from csamoe_desktop.lesion.regions import Regions
from csamoe_desktop.networks.cards import ModelCard


@dataclass(frozen=True, slots=True)
class Prediction:
    """What the network says of one lesion.

    Attributes:
        logits: as the network gives them, in the order of the card's classes.
        probability: of the card's positive class, calibrated with the card's temperature.
        gates: each expert's share in the fused feature, by name, summing to one.
        stage_attention: each expert's four stage weights, shallow to deep, by name.
    """

    logits: tuple[float, ...]
    probability: float
    gates: dict[str, float]
    stage_attention: dict[str, tuple[float, ...]]


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


def calibrated(logits: Sequence[float], card: ModelCard) -> float:
    """Return the probability of the card's positive class: softmax of `logits` divided by the card's temperature."""
    scaled = np.asarray(logits, np.float64) / card.temperature
    shares = np.exp(scaled - scaled.max())
    return float(shares[card.classes.index(card.positive)] / shares.sum())
