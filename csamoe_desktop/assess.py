"""The second reading of one lesion: regions, network, calibration and category, as window, command line and report use it.

`assess` gives the reading; `look_closer` adds, in about the time of four more, why it came out so and how much of it hangs
on the contour. They are two, so that the reading is there first.
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
"""So few, because a user who goes on drawing does not wait for the rest; the image expert is run once for each lot."""

_UNLIKE = "The image is unlike those the model was trained on: it lies farther from them than 99 % of those held back."

_POOR = "This model tells malignant from benign poorly, as its card says: compare it with others, do not rely on it."


class Category(StrEnum):
    """The reading in words, led with before the number."""

    LIKELY_BENIGN = "likely benign"
    INDETERMINATE = "indeterminate"
    SUSPICIOUS = "suspicious"


class Withheld(UserError):
    """The input guard forbids a reading: there is no number, and the message says why."""


@dataclass(frozen=True, slots=True)
class ContourRange:
    """What the reading is when another hand holds the pen.

    Attributes:
        drawn: the calibrated probability of the contour that was read.
        others: that of each other contour, by its name in `lesion.contours`.
    """

    drawn: float
    others: dict[str, float]

    @property
    def low(self) -> float:
        """The lowest of all, the drawn one among them."""
        return min(self.drawn, *self.others.values())

    @property
    def high(self) -> float:
        """The highest of all, the drawn one among them."""
        return max(self.drawn, *self.others.values())

    @property
    def median(self) -> float:
        """The median of all, the drawn one among them."""
        return statistics.median([self.drawn, *self.others.values()])

    @property
    def ellipse(self) -> float | None:
        """That of the plain ellipse in the contour's place; None where the contour is that ellipse."""
        return self.others.get(ELLIPSE)

    def to_dict(self) -> dict[str, Any]:
        """Return it as `assess --json` prints it."""
        return {"low": self.low, "median": self.median, "high": self.high, "others": self.others}


@dataclass(frozen=True, slots=True, eq=False)
class AIResult:
    """A reading.

    Attributes:
        prediction: what the network gave, calibrated.
        category: by the card's thresholds.
        regions: what the experts saw.
        card: of the model that read.
        device: what it really ran on, in words.
        warnings: what the reader should know of this reading, one sentence each.
        looked_closer: `look_closer` has been here, and has found what of the next two there is to find.
        explanation: why; None for a model that cannot say.
        contour: how much hangs on the contour; None for a model that reads none.
        nearest: what the nearest training images were; None for a model that keeps none.
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
            "explanation": None if self.explanation is None else self.explanation.to_dict(),
            "contour": None if self.contour is None else self.contour.to_dict(),
            "nearest": None if self.nearest is None else self.nearest.to_dict(),
        }


def categorise(probability: float, thresholds: Thresholds) -> Category:
    """Return the category of a calibrated probability.

    Raises:
        ValueError: it is none. Not a number would else pass for indeterminate, which is a finding.
    """
    if not 0 <= probability <= 1:
        raise ValueError(f"{probability} is no probability")
    if probability < thresholds.benign_below:
        return Category.LIKELY_BENIGN
    return Category.SUSPICIOUS if probability >= thresholds.suspicious_from else Category.INDETERMINATE


def probability_words(probability: float, digits: int = 2) -> str:
    """Return a probability such as "0.83"; never 0 or 1, which no model can know: "< 0.01", "> 0.99".

    Raises:
        ValueError: it is none.
    """
    if not 0 <= probability <= 1:
        raise ValueError(f"{probability} is no probability")
    least = 10.0**-digits
    written = f"{probability:.{digits}f}"
    if float(written) < least:
        return f"< {least:.{digits}f}"
    return f"> {1 - least:.{digits}f}" if float(written) > 1 - least / 2 else written


@contextmanager
def _enough_memory() -> Iterator[None]:
    """Turn memory that runs out, wherever it does, into a refusal; what the reader marked is not touched by it."""
    try:
        yield
    except MemoryError as problem:
        raise UserError(
            "There is not enough memory to read this lesion.",
            "Close other programs, then assess again; the outline is kept.",
        ) from problem


@_enough_memory()
def assess(frame: Frame, mask: NDArray[np.bool_] | None, predictor: Predictor) -> AIResult:
    """Return the reading of the lesion `mask` (bool, the frame's shape) on `frame`, the guard's cautions among its warnings.

    A model that needs no outline reads the whole frame, marked or not.

    Raises:
        Withheld: the input guard forbids it; the network is not run.
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
    # Any engine's answer is looked at: a reading is made of finite numbers, or there is none.
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
        warnings=(*poor, *regions.warnings(), *(one.sentence for one in findings), *unlike),
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
    """Return `ai_result`, which `predictor` gave of `mask` on `frame`, with its explanation and its contour's range.

    `progress` is told the share that is done, several times, and may stop it by raising.

    Raises:
        ValueError: another model gave it.
        UserError: the device ran out of memory.
    """
    if predictor.card.sha256 != ai_result.card.sha256:
        raise ValueError(f"{predictor.card.name} cannot say why {ai_result.card.name} reads so")
    explanation = predictor.explain(ai_result.regions) if isinstance(predictor, Explainer) else None
    contour = None
    progress(0.1)
    if mask is not None and ai_result.card.needs_outline:
        contour = _contour_range(frame, mask, predictor, ai_result, progress)
    return dataclasses.replace(ai_result, looked_closer=True, explanation=explanation, contour=contour)


def _aspect(frame: Frame, mask: NDArray[np.bool_] | None) -> float:
    """Return how high a pixel is for its width where the lesion is."""
    return frame.scale.of(mask).aspect


def _contour_range(
    frame: Frame,
    mask: NDArray[np.bool_],
    predictor: Predictor,
    ai_result: AIResult,
    progress: Callable[[float], object],
) -> ContourRange | None:
    card, drawn = ai_result.card, ai_result.regions
    # An expert of the whole image sees the same whatever the line, so its part stays; where it is alone, all that a
    # contour changes is that part.
    part = None if card.views == ("image",) else drawn.part
    names, others = [], []
    aspect = _aspect(frame, mask)
    for name, other in other_contours(mask, aspect).items():
        try:
            regions = make_regions(frame.pixels, other, card.input_size, field=card.field, part=part, aspect=aspect)
        except UserError:
            continue  # a lesion of few pixels, drawn closer, is gone at the network's size
        names.append(name)
        others.append(regions)
    if not others:
        return None
    read: list[float] = []
    for start in range(0, len(others), _CONTOURS_AT_ONCE):
        some = others[start : start + _CONTOURS_AT_ONCE]
        if isinstance(predictor, Explainer) and part is not None:
            read += predictor.reread(drawn, some)
        else:
            read += [checked(one, card).probability for one in predictor.predict(some)]
        progress(0.1 + 0.9 * len(read) / len(others))
    return ContourRange(ai_result.prediction.probability, dict(zip(names, read, strict=True)))
