"""The second reading of one lesion: regions, network, calibration and category, as window, command line and report use it."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from csamoe_desktop.inference.predictor import Prediction, Predictor
from csamoe_desktop.lesion.regions import Regions, make_regions
from csamoe_desktop.networks.cards import ModelCard, Thresholds
from csamoe_desktop.study.model import Frame


class Category(StrEnum):
    """The reading in words, led with before the number."""

    LIKELY_BENIGN = "likely benign"
    INDETERMINATE = "indeterminate"
    SUSPICIOUS = "suspicious"


@dataclass(frozen=True, slots=True, eq=False)
class Assessment:
    """A reading.

    Attributes:
        prediction: what the network gave, calibrated.
        category: by the card's thresholds.
        regions: what the experts saw.
        card: of the model that read.
        device: what it really ran on, in words.
        warnings: what the reader should know of this reading, one sentence each.
    """

    prediction: Prediction
    category: Category
    regions: Regions
    card: ModelCard
    device: str
    warnings: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the reading as `assess --json` prints it."""
        regions = self.regions
        return {
            "probability": self.prediction.probability,
            "category": self.category.value,
            "logits": list(self.prediction.logits),
            "gates": self.prediction.gates,
            "stage_attention": {name: list(shares) for name, shares in self.prediction.stage_attention.items()},
            "model": f"{self.card.name} {self.card.version}",
            "weights_sha256": self.card.sha256,
            "device": self.device,
            "regions": {
                "erosions": regions.erosions,
                "dilations": regions.dilations,
                "core_px": int(regions.core.sum()),
                "boundary_px": int(regions.boundary.sum()),
            },
            "warnings": list(self.warnings),
        }


def categorise(probability: float, thresholds: Thresholds) -> Category:
    """Return the category of a calibrated probability."""
    if probability < thresholds.benign_below:
        return Category.LIKELY_BENIGN
    return Category.SUSPICIOUS if probability >= thresholds.suspicious_from else Category.INDETERMINATE


def assess(frame: Frame, mask: NDArray[np.bool_], predictor: Predictor) -> Assessment:
    """Return the reading of the lesion `mask` (bool, the frame's shape) on `frame`.

    Raises:
        UserError: the mask is empty, of another size or too small, or the device ran out of memory.
    """
    card = predictor.card
    regions = make_regions(frame.pixels, mask, card.input_size, field=card.field)
    prediction = predictor.predict([regions])[0]
    return Assessment(
        prediction=prediction,
        category=categorise(prediction.probability, card.thresholds),
        regions=regions,
        card=card,
        device=predictor.device.words,
        warnings=tuple(regions.warnings()),
    )
