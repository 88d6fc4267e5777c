"""Two or more views of one lesion read together: one probability, its category, and whether the views agree."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from csamoe_desktop.assess import AIResult, Category, categorise, probability_words
from csamoe_desktop.networks.cards import Thresholds

_CERTAIN = 1e-6


@dataclass(frozen=True, slots=True)
class CombinedResult:
    """The reading of all views of one lesion.

    Attributes:
        probability: of the positive class, fused.
        category: by the thresholds of the model that read them.
        single: the probability of each view, in the order given.
        categories: the category of each.
        thresholds: of the model that read them.
    """

    probability: float
    category: Category
    single: tuple[float, ...]
    categories: tuple[Category, ...]
    thresholds: Thresholds

    @property
    def agree(self) -> bool:
        """Whether every view is in one category."""
        return len(set(self.categories)) == 1

    @property
    def digits(self) -> int:
        """So many digits keep every number, written beside the thresholds, from contradicting its category."""
        both = self.thresholds
        told = [*zip(self.single, self.categories, strict=True), (self.probability, self.category)]
        for digits in (2, 3):
            written = Thresholds(round(both.benign_below, digits), round(both.suspicious_from, digits))
            agrees = all(categorise(round(probability, digits), written) is category for probability, category in told)
            if agrees and 0 < written.benign_below and written.suspicious_from < 1:
                return digits
        return 4

    def words(self, probability: float) -> str:
        """Return one of its probabilities as it is written here, such as "0.84"."""
        return probability_words(probability, self.digits)

    def sentence(self, names: Sequence[str] = (), of: int = 0) -> str:
        """Return in one sentence what the views come to, and whether they agree.

        Args:
            names: what each view is called; `view_names` if nothing is given.
            of: how many views there are, where not all of them have been read.
        """
        count = len(self.single)
        names = names or view_names(count)
        numbers = [self.words(one) for one in self.single]
        fused = self.words(self.probability)
        if count == 1:
            return f"{f'1 of {of} views' if of > 1 else 'One view'}: {self.category}, {fused}."
        if not self.agree:
            called = ["this one" if name == THIS else name for name in names]
            told = [
                f"{name} {'is ' if not place else ''}{category} ({number})"
                for place, (name, category, number) in enumerate(zip(called, self.categories, numbers, strict=True))
            ]
            return f"The views disagree: {', '.join(told)}; together {self.category} ({fused})."
        whose = f"{count} of {of} views" if of > count else "Both views" if count == 2 else f"All {count} views"
        told = [f"{name} {number}" for name, number in zip(names, numbers, strict=True)]
        return f"{whose}: {self.category}, {fused} ({', '.join(told)})."


THIS = "this view"


def view_names(count: int) -> tuple[str, ...]:
    """Return what the views of a lesion are called, the one in view first."""
    return (THIS, "the other") if count == 2 else (THIS, *(f"view {number}" for number in range(2, count + 1)))[:count]


def fuse(probabilities: Sequence[float]) -> float:
    """Return the probability that several views give together: the mean of their log odds, never outside of theirs.

    On BUS-BRA's pairs (docs/results/busbra.md, "Two views of one lesion") neither the mean of the probabilities nor their maximum
    is clearly better for any network, by AUC or Brier score; the maximum is clearly worse for some, and mostly less often
    right where the views differ. Of the two means this one weighs alike what lies apart at the ends of the scale, as the
    network's own logits do: from 0.001 to 0.02 is as far as from 0.98 to 0.999. The odds are not multiplied, as if the
    views were independent: they are of one lesion.

    Raises:
        ValueError: there are none, or one is no probability.
    """
    if not probabilities:
        raise ValueError("no view is given")
    if not all(0 <= one <= 1 for one in probabilities):
        raise ValueError(f"{list(probabilities)} are not all probabilities")
    odds = [math.log(one / (1 - one)) for one in (min(max(p, _CERTAIN), 1 - _CERTAIN) for p in probabilities)]
    fused = 1 / (1 + math.exp(-sum(odds) / len(odds)))
    # The last digit of a float must not move views that agree across a threshold.
    return min(max(fused, min(probabilities)), max(probabilities))


def read_views(results: Sequence[AIResult]) -> CombinedResult:
    """Return what the assessments of several views of one lesion come to, all by one model.

    Raises:
        ValueError: there are none, or another model has read one of them.
    """
    if len({one.card.sha256 for one in results}) != 1:
        raise ValueError("views read by different models are not read together")
    single = tuple(one.prediction.probability for one in results)
    fused = fuse(single)
    thresholds = results[0].card.thresholds
    return CombinedResult(
        probability=fused,
        category=categorise(fused, thresholds),
        single=single,
        categories=tuple(one.category for one in results),
        thresholds=thresholds,
    )
