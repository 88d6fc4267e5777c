"""Two or more views of one lesion read together: one probability, its category, and whether the views agree."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from csamoe_desktop.assessment import Assessment, Category, categorise

_CERTAIN = 1e-6


@dataclass(frozen=True, slots=True)
class Together:
    """The reading of all views of one lesion.

    Attributes:
        probability: of the positive class, fused.
        category: by the thresholds of the model that read them.
        single: the probability of each view, in the order given.
        categories: the category of each.
    """

    probability: float
    category: Category
    single: tuple[float, ...]
    categories: tuple[Category, ...]

    @property
    def agree(self) -> bool:
        """Whether every view is in one category."""
        return len(set(self.categories)) == 1


def fuse(probabilities: Sequence[float]) -> float:
    """Return the probability that several views give together: the mean of their log odds.

    Raises:
        ValueError: there are none.
    """
    if not probabilities:
        raise ValueError("no view is given")
    odds = [math.log(one / (1 - one)) for one in (min(max(p, _CERTAIN), 1 - _CERTAIN) for p in probabilities)]
    return 1 / (1 + math.exp(-sum(odds) / len(odds)))


def read_together(assessments: Sequence[Assessment]) -> Together:
    """Return what the assessments of several views of one lesion come to, all by one model.

    Raises:
        ValueError: there are none, or another model has read one of them.
    """
    if len({one.card.sha256 for one in assessments}) != 1:
        raise ValueError("views read by different models are not read together")
    single = tuple(one.prediction.probability for one in assessments)
    fused = fuse(single)
    return Together(
        probability=fused,
        category=categorise(fused, assessments[0].card.thresholds),
        single=single,
        categories=tuple(one.category for one in assessments),
    )
