"""Why a reading came out so and how sure it is, in sentences: the contour's range, the experts' disagreement, the rates."""

from dataclasses import dataclass
from math import isnan

from csamoe_desktop.assessment import Assessment, Category, ContourRange, categorise
from csamoe_desktop.networks.cards import CategoryCounts, Thresholds

EXPERTS = {"image": "Whole image", "core": "Tumour core", "boundary": "Boundary"}

_LITTLE, _MUCH = 0.05, 0.2
"""Changes of the probability by the roughness of the line that are called little, and much."""


@dataclass(frozen=True, slots=True)
class Reasons:
    """What is said of one reading beside its number; "" where there is nothing to say.

    Attributes:
        disagreement: the experts fall on both sides of the thresholds.
        contour: the category depends on the contour.
        ellipse: how much hangs on the roughness of the line.
        rates: how often this category was wrong on the validation images.
        nearest: what the nearest training images were.
    """

    disagreement: str = ""
    contour: str = ""
    ellipse: str = ""
    rates: str = ""
    nearest: str = ""

    def sentences(self) -> tuple[str, ...]:
        """Return all there are; the cautions first."""
        return tuple(one for one in (self.contour, self.disagreement, self.ellipse, self.nearest, self.rates) if one)


def reasons(assessment: Assessment, digits: int = 2, prevalence: float | None = None) -> Reasons:
    """Return what is said of a reading, probabilities written with so many digits.

    `prevalence` (0..1) is the share of malignant lesions where the program is used, or None where it was not given.
    """
    thresholds = assessment.card.thresholds
    contour = assessment.contour
    return Reasons(
        disagreement=_disagreement(assessment, digits),
        contour=_contour(contour, thresholds, digits) if contour else "",
        ellipse=_ellipse(contour, thresholds, digits) if contour else "",
        rates=_rates(assessment.category, thresholds.counts, prevalence) if thresholds.counts else "",
        nearest=_nearest(assessment),
    )


def probability_words(probability: float, digits: int = 2) -> str:
    """Return a probability such as "0.83"; never 0 or 1, which no model can know: "< 0.01", "> 0.99"."""
    least = 10.0**-digits
    written = f"{probability:.{digits}f}"
    if float(written) < least:
        return f"< {least:.{digits}f}"
    return f"> {1 - least:.{digits}f}" if float(written) > 1 - least / 2 else written


def range_words(contour: ContourRange, digits: int = 2) -> str:
    """Return the range, such as "0.71 to 0.90", or one number where both ends are written alike."""
    low, high = probability_words(contour.low, digits), probability_words(contour.high, digits)
    return low if low == high else f"{low} to {high}"


def change_words(left_out: float, probability: float) -> str:
    """Return what leaving an expert out does to the probability, such as "-0.21"; "0.00" has no sign."""
    written = f"{left_out - probability:+.2f}"
    return written if float(written) else "0.00"


def _contour(contour: ContourRange, thresholds: Thresholds, digits: int) -> str:
    low, high = categorise(contour.low, thresholds), categorise(contour.high, thresholds)
    if low is high:
        return ""
    return f"The category depends on your contour: {low} to {high} ({range_words(contour, digits)})."


def _ellipse(contour: ContourRange, thresholds: Thresholds, digits: int) -> str:
    if contour.ellipse is None:
        return ""
    change = abs(contour.ellipse - contour.drawn)
    category = categorise(contour.ellipse, thresholds)
    much = change >= _MUCH or category is not categorise(contour.drawn, thresholds)
    how = "Much" if much else "Little" if change < _LITTLE else "Some"
    number = probability_words(contour.ellipse, digits)
    return f"{how} of it hangs on the roughness of the line: a plain ellipse in its place reads {number}, {category}."


def _disagreement(assessment: Assessment, digits: int) -> str:
    if assessment.explanation is None:
        return ""
    alone = assessment.explanation.alone
    sides: dict[Category, list[str]] = {}
    for name in sorted(alone, key=list(EXPERTS).index):
        category = categorise(alone[name], assessment.card.thresholds)
        words = f"the {EXPERTS[name].lower()} ({probability_words(alone[name], digits)})"
        sides.setdefault(category, []).append(words)
    benign, suspicious = sides.get(Category.LIKELY_BENIGN, []), sides.get(Category.SUSPICIOUS, [])
    if not benign or not suspicious:
        return ""
    told = (
        f"{' and '.join(names)} {'reads' if len(names) == 1 else 'read'} {category}"
        for category, names in ((Category.SUSPICIOUS, suspicious), (Category.LIKELY_BENIGN, benign))
    )
    return f"The experts disagree: alone, {', '.join(told)}."


def _nearest(assessment: Assessment) -> str:
    nearest = assessment.nearest
    if nearest is None:
        return ""
    far = "farther away than" if nearest.unlike else "no farther away than"
    return (
        f"Of the {nearest.count} training images it resembles most, {nearest.positive} were {assessment.card.positive}; "
        f"they lie {far} is usual ({nearest.distance:.3f}; usual up to {nearest.limit:.3f})."
    )


def _rates(category: Category, counts: CategoryCounts, prevalence: float | None) -> str:
    """Return how often readings of this category were wrong on the validation images."""
    if category is Category.INDETERMINATE:
        return ""
    if category is Category.LIKELY_BENIGN:
        wrong, of, what = counts.missed, counts.missed + counts.cleared, "malignant"
        restated = counts.false_omission(prevalence)
    else:
        wrong, of, what = counts.false_alarms, counts.false_alarms + counts.caught, "benign"
        restated = counts.false_discovery(prevalence)
    if not of:
        return ""
    patients = f" of {counts.patients} patients" if counts.patients else ""
    said = (
        f"Of {of} validation images read {category}, {wrong} {'was' if wrong == 1 else 'were'} {what} "
        f"({_percent(wrong / of)}; {counts.positives} of {counts.positives + counts.negatives} images{patients} "
        "were malignant)"
    )
    if prevalence is not None and not isnan(restated):
        said += f"; with {_percent(prevalence)} malignant, as you gave for your own, it would be {_percent(restated)}"
    return f"{said}."


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %" if 0 < share < 0.1 else f"{100 * share:.0f} %"
