"""Assess one lesion: guard, regions, network, calibration and category, for the window, the command line and the report.

`assess` gives the AI result. `look_closer` adds the explanation and the range over varied outlines, in about four times the
time of `assess`; it is separate so that the AI result can be shown first.
"""

import dataclasses
import statistics
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from csamoe_desktop.errors import UserError
from csamoe_desktop.inference import examined, guard
from csamoe_desktop.inference.cases import Nearest
from csamoe_desktop.inference.explanation import Explanation
from csamoe_desktop.inference.predictor import Explainer, Prediction, Predictor, checked
from csamoe_desktop.lesion.contours import ELLIPSE, other_contours
from csamoe_desktop.lesion.regions import Regions, make_regions, whole_image
from csamoe_desktop.networks.cards import ModelCard, Thresholds
from csamoe_desktop.study.model import Frame

_CONTOURS_AT_ONCE = 4
"""Batch size: small, so that a user who goes on drawing waits only briefly; the image expert is run once per batch."""

_UNLIKE = "The image is unlike the images the model was trained on: it differs from them more than 99 % of the validation images do."

_POOR = (
    "This model distinguishes malignant from benign lesions poorly, as its card says. Use it only to compare models; do not "
    "rely on it."
)


class Category(StrEnum):
    """The category of an AI result, shown before the probability."""

    LIKELY_BENIGN = "likely benign"
    INDETERMINATE = "indeterminate"
    SUSPICIOUS = "suspicious"


class Withheld(UserError):
    """The input guard withholds the AI result: there is no probability, and the message says why."""


@dataclass(frozen=True, slots=True)
class ContourRange:
    """The range of an AI result over varied outlines of the same lesion: how much it depends on the outline.

    Attributes:
        drawn: the calibrated probability with the outline that was drawn.
        others: the calibrated probability with each varied outline, by its name in `lesion.contours`.
    """

    drawn: float
    others: dict[str, float]

    @property
    def low(self) -> float:
        """The lowest probability, including that of the drawn outline."""
        return min(self.drawn, *self.others.values())

    @property
    def high(self) -> float:
        """The highest probability, including that of the drawn outline."""
        return max(self.drawn, *self.others.values())

    @property
    def median(self) -> float:
        """The median probability, including that of the drawn outline."""
        return statistics.median([self.drawn, *self.others.values()])

    @property
    def ellipse(self) -> float | None:
        """The probability with a plain ellipse as the outline; None if the drawn outline is that ellipse."""
        return self.others.get(ELLIPSE)

    def to_dict(self) -> dict[str, Any]:
        """Return it as `assess --json` prints it."""
        return {"low": self.low, "median": self.median, "high": self.high, "others": self.others}


@dataclass(frozen=True, slots=True, eq=False)
class AIResult:
    """What a model gives for one lesion.

    Attributes:
        prediction: the network's output, calibrated.
        category: the category by the card's thresholds.
        regions: the regions that the experts saw.
        card: the model's card.
        device: the compute device that was used, in words.
        warnings: warnings about this result, one sentence each.
        looked_closer: whether `look_closer` has filled in `explanation` and `contour` as far as the model allows.
        explanation: the contribution of each expert; None if the model cannot give it.
        contour: the range over varied outlines; None for a model without an outline.
        nearest: the nearest training images; None if the bundle has no training features.
    """

    prediction: Prediction
    category: Category
    regions: Regions
    card: ModelCard
    device: str
    warnings: tuple[str, ...]
    looked_closer: bool = False
    explanation: Explanation | None = None
    contour: ContourRange | None = None
    nearest: Nearest | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the AI result as `assess --json` prints it."""
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
            "explanation": None if self.explanation is None else self.explanation.to_dict(),
            "contour": None if self.contour is None else self.contour.to_dict(),
            "nearest": None if self.nearest is None else self.nearest.to_dict(),
        }


def categorise(probability: float, thresholds: Thresholds) -> Category:
    """Return the category of a calibrated probability.

    Raises:
        ValueError: it is not between 0 and 1. Without this check, NaN would count as indeterminate, which is a finding.
    """
    if not 0 <= probability <= 1:
        raise ValueError(f"{probability} is not a probability")
    if probability < thresholds.benign_below:
        return Category.LIKELY_BENIGN
    return Category.SUSPICIOUS if probability >= thresholds.suspicious_from else Category.INDETERMINATE


def probability_words(probability: float, digits: int = 2) -> str:
    """Return a probability such as "0.83"; never 0 or 1, as no model is certain: "< 0.01", "> 0.99".

    Raises:
        ValueError: it is not between 0 and 1.
    """
    if not 0 <= probability <= 1:
        raise ValueError(f"{probability} is not a probability")
    least = 10.0**-digits
    written = f"{probability:.{digits}f}"
    if float(written) < least:
        return f"< {least:.{digits}f}"
    return f"> {1 - least:.{digits}f}" if float(written) > 1 - least / 2 else written


@contextmanager
def _enough_memory() -> Iterator[None]:
    """Turn a MemoryError into a UserError; the reader's outline is not affected."""
    try:
        yield
    except MemoryError as problem:
        raise UserError(
            "There is not enough memory to assess this lesion.",
            "Close other programs, then assess again. The outline is not lost.",
        ) from problem


@_enough_memory()
def assess(frame: Frame, mask: NDArray[np.bool_] | None, predictor: Predictor) -> AIResult:
    """Return the AI result for the lesion `mask` (bool, the frame's shape) on `frame`; its warnings include the guard's.

    A model that needs no outline assesses the whole frame, with or without a mask.

    Raises:
        Withheld: the input guard withholds the AI result; the network is not run.
        UserError: the mask is empty, of another size or too small, or the device ran out of memory.
    """
    card = predictor.card
    aspect = _aspect(frame, mask)
    findings = examined.check_frame(frame, mask)
    if why := guard.withheld_because(findings):
        raise Withheld(why)
    if not card.needs_outline:
        regions = whole_image(frame.pixels, card.input_size)
    else:
        outline = np.zeros(frame.shape, bool) if mask is None else mask
        regions = make_regions(frame.pixels, outline, card.input_size, field=card.field, aspect=aspect)
    # The output of every engine is checked: without finite numbers there is no AI result.
    prediction = checked(predictor.predict([regions])[0], card)
    nearest = predictor.nearest(prediction) if isinstance(predictor, Explainer) else None
    unlike = (_UNLIKE,) if nearest is not None and nearest.unlike else ()
    poor = (_POOR,) if card.reads_poorly else ()
    return AIResult(
        prediction=prediction,
        category=categorise(prediction.probability, card.thresholds),
        regions=regions,
        card=card,
        device=predictor.device.words,
        warnings=(*poor, *regions.warnings(), *(finding.sentence for finding in findings), *unlike),
        nearest=nearest,
    )


@_enough_memory()
def look_closer(
    frame: Frame,
    mask: NDArray[np.bool_] | None,
    predictor: Predictor,
    ai_result: AIResult,
    progress: Callable[[float], object] = lambda share: None,
) -> AIResult:
    """Return `ai_result`, given by `predictor` for `mask` on `frame`, with explanation and range over varied outlines added.

    `progress` is called several times with the share that is done, 0 to 1; it may raise an exception to stop.

    Raises:
        ValueError: `ai_result` is from another model.
        UserError: the device ran out of memory.
    """
    if predictor.card.sha256 != ai_result.card.sha256:
        raise ValueError(f"{predictor.card.name} cannot explain a result of {ai_result.card.name}")
    explanation = predictor.explain(ai_result.regions) if isinstance(predictor, Explainer) else None
    contour = None
    progress(0.1)
    if mask is not None and ai_result.card.needs_outline:
        contour = _contour_range(frame, mask, predictor, ai_result, progress)
    return dataclasses.replace(ai_result, looked_closer=True, explanation=explanation, contour=contour)


def _aspect(frame: Frame, mask: NDArray[np.bool_] | None) -> float:
    """Return the height of a pixel divided by its width, at the lesion."""
    return frame.scale.of(mask).aspect


def _contour_range(
    frame: Frame,
    mask: NDArray[np.bool_],
    predictor: Predictor,
    ai_result: AIResult,
    progress: Callable[[float], object],
) -> ContourRange | None:
    card, drawn = ai_result.card, ai_result.regions
    # The input of the image expert must not depend on the outline, so the part of the frame stays fixed. If the model has
    # only that expert, the part is all that an outline changes, so it follows the outline.
    part = None if card.views == ("image",) else drawn.part
    names, others = [], []
    aspect = _aspect(frame, mask)
    for name, other in other_contours(mask, aspect).items():
        try:
            regions = make_regions(frame.pixels, other, card.input_size, field=card.field, part=part, aspect=aspect)
        except UserError:
            continue  # a very small lesion with a tighter outline vanishes at the network's input size
        names.append(name)
        others.append(regions)
    if not others:
        return None
    probabilities: list[float] = []
    for start in range(0, len(others), _CONTOURS_AT_ONCE):
        batch = others[start : start + _CONTOURS_AT_ONCE]
        if isinstance(predictor, Explainer) and part is not None:
            probabilities += predictor.reread(drawn, batch)
        else:
            probabilities += [checked(prediction, card).probability for prediction in predictor.predict(batch)]
        progress(0.1 + 0.9 * len(probabilities) / len(others))
    return ContourRange(ai_result.prediction.probability, dict(zip(names, probabilities, strict=True)))
