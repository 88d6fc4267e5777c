"""Combine the AI results of several views of one lesion: one probability, its category, and whether the views agree."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from csamoe_desktop.assess import AIResult, Category, categorise, probability_words
from csamoe_desktop.networks.cards import Thresholds

_CERTAIN = 1e-6
"""Probabilities are clipped to this distance from 0 and 1, so that their log odds are finite."""


@dataclass(frozen=True, slots=True)
class CombinedResult:
    """The combined AI result of all views of one lesion.

    Attributes:
        probability: the combined probability of the positive class.
        category: the category of `probability` by the model's thresholds.
        single: the probability of each view, in the order given.
        categories: the category of each view.
        thresholds: the model's thresholds.
    """

    probability: float
    category: Category
    single: tuple[float, ...]
    categories: tuple[Category, ...]
    thresholds: Thresholds

    @property
    def agree(self) -> bool:
        """Whether all views have the same category."""
        return len(set(self.categories)) == 1

    @property
    def digits(self) -> int:
        """How many digits to write, so that no rounded probability contradicts its category beside rounded thresholds."""
        exact = self.thresholds
        shown = [*zip(self.single, self.categories, strict=True), (self.probability, self.category)]
        for digits in (2, 3):
            written = Thresholds(round(exact.benign_below, digits), round(exact.suspicious_from, digits))
            agrees = all(categorise(round(probability, digits), written) is category for probability, category in shown)
            if agrees and written.benign_below > 0 and written.suspicious_from < 1:
                return digits
        return 4

    def words(self, probability: float) -> str:
        """Return one of the probabilities as text with `digits` digits, such as "0.84"."""
        return probability_words(probability, self.digits)

    def sentence(self, names: Sequence[str] = (), of: int = 0) -> str:
        """Return the combined result and whether the views agree, in one sentence.

        Args:
            names: the name of each view (default: `view_names`).
            of: the number of all views, if some have not been assessed.
        """
        count = len(self.single)
        names = names or view_names(count)
        numbers = [self.words(probability) for probability in self.single]
        fused = self.words(self.probability)
        if count == 1:
            return f"{f'1 of {of} views' if of > 1 else 'One view'}: {self.category}, {fused}."
        if not self.agree:
            parts = [
                f"{name} {'is ' if not place else ''}{category} ({number})"
                for place, (name, category, number) in enumerate(zip(names, self.categories, numbers, strict=True))
            ]
            return f"The views disagree: {', '.join(parts)}. Combined: {self.category} ({fused})."
        views = f"{count} of {of} views" if of > count else "Both views" if count == 2 else f"All {count} views"
        parts = [f"{name} {number}" for name, number in zip(names, numbers, strict=True)]
        return f"{views}: {self.category}, {fused} ({', '.join(parts)})."


THIS = "this view"


def view_names(count: int) -> tuple[str, ...]:
    """Return the names of a lesion's views, the view on the screen first."""
    return (THIS, "the other") if count == 2 else (THIS, *(f"view {number}" for number in range(2, count + 1)))[:count]


def fuse(probabilities: Sequence[float]) -> float:
    """Return the combined probability of several views: the mean of their log odds, clipped to the range of the views.

    On BUS-BRA's pairs (docs/results/busbra.md, "Two views of one lesion"), neither the mean of the probabilities nor their maximum
    is clearly better for any network, by AUC or Brier score. The maximum is clearly worse for some networks, and mostly less
    often right where the views differ. Of the two means, that of the log odds gives equal weight to equal steps at the ends of
    the scale, as the network's logits do: 0.001 to 0.02 is as far as 0.98 to 0.999. The odds are not multiplied, because
    views of one lesion are not independent.

    Raises:
        ValueError: there are no probabilities, or one is not between 0 and 1.
    """
    if not probabilities:
        raise ValueError("no view is given")
    if not all(0 <= probability <= 1 for probability in probabilities):
        raise ValueError(f"{list(probabilities)} are not all probabilities")
    clipped = [min(max(probability, _CERTAIN), 1 - _CERTAIN) for probability in probabilities]
    log_odds = [math.log(probability / (1 - probability)) for probability in clipped]
    fused = 1 / (1 + math.exp(-sum(log_odds) / len(log_odds)))
    # Rounding must not move the result of views that agree across a threshold.
    return min(max(fused, min(probabilities)), max(probabilities))


def read_views(results: Sequence[AIResult]) -> CombinedResult:
    """Return the combined AI result of several views of one lesion, all assessed by the same model.

    Raises:
        ValueError: there are no results, or they are from different models.
    """
    if len({result.card.sha256 for result in results}) != 1:
        raise ValueError("results of different models cannot be combined")
    single = tuple(result.prediction.probability for result in results)
    fused = fuse(single)
    thresholds = results[0].card.thresholds
    return CombinedResult(
        probability=fused,
        category=categorise(fused, thresholds),
        single=single,
        categories=tuple(result.category for result in results),
        thresholds=thresholds,
    )
