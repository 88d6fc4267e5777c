"""Sentences on how reliable an AI result is: range with other outlines, disagreement of the experts, error rates."""

from dataclasses import dataclass
from math import isnan

from csamoe_desktop.assess import AIResult, Category, ContourRange, categorise
from csamoe_desktop.assess import probability_words as probability_words  # noqa: PLC0414  re-exported
from csamoe_desktop.networks.cards import CategoryCounts, OutsideCounts, Thresholds
from csamoe_desktop.wording import PLAIN, Wording

EXPERTS = {"image": "Whole image", "core": "Tumour core", "boundary": "Boundary"}

_LITTLE, _MUCH = 0.05, 0.2
"""Changes of the probability with a plain ellipse: below the first is "little", from the second on "much"."""


@dataclass(frozen=True, slots=True)
class Reasons:
    """The sentences beside the probability of one AI result, each "" where it does not apply. The field names are JSON keys.

    Attributes:
        disagreement: single experts are on both sides of the thresholds.
        contour: the category depends on the outline.
        ellipse: how much the result depends on the roughness of the outline.
        outside: how often this category was wrong at hospitals used neither for training nor for the thresholds.
        rates: how often this category was wrong on the validation images.
        nearest: the classes of the most similar training images, and how similar they are.
    """

    disagreement: str = ""
    contour: str = ""
    ellipse: str = ""
    outside: str = ""
    rates: str = ""
    nearest: str = ""

    def sentences(self) -> tuple[str, ...]:
        """Return the sentences that apply: cautions first, error rates at other hospitals before those on validation images."""
        sentences = (self.contour, self.disagreement, self.ellipse, self.nearest, self.outside, self.rates)
        return tuple(sentence for sentence in sentences if sentence)


def reasons(ai_result: AIResult, digits: int = 2, prevalence: float | None = None, say: Wording = PLAIN) -> Reasons:
    """Return the sentences on an AI result, with probabilities written to `digits` decimals.

    `prevalence` (0..1) is the malignancy rate at the reader's site, or None where it is not set.
    """
    thresholds = ai_result.card.thresholds
    contour = ai_result.contour
    return Reasons(
        disagreement=_disagreement(ai_result, digits, say),
        contour=_contour(contour, thresholds, digits, say) if contour else "",
        ellipse=_ellipse(contour, thresholds, digits, say) if contour else "",
        outside=" ".join(_outside(ai_result.category, hospital, say) for hospital in thresholds.outside).strip(),
        rates=_rates(ai_result.category, thresholds.counts, prevalence, say) if thresholds.counts else "",
        nearest=_nearest(ai_result, say),
    )


def range_words(contour: ContourRange, digits: int = 2, say: Wording = PLAIN) -> str:
    """Return the range as text, such as "0.71 to 0.90", or one number where both ends read the same."""
    low, high = probability_words(contour.low, digits), probability_words(contour.high, digits)
    return low if low == high else say("{low} to {high}", low=low, high=high)


def change_words(left_out: float, probability: float) -> str:
    """Return the change of the probability without an expert, such as "-0.21"; "0.00" has no sign."""
    written = f"{left_out - probability:+.2f}"
    return written if float(written) else "0.00"


def _contour(contour: ContourRange, thresholds: Thresholds, digits: int, say: Wording) -> str:
    low, high = categorise(contour.low, thresholds), categorise(contour.high, thresholds)
    if low is high:
        return ""
    return say(
        "The category depends on your outline: {low} to {high} ({range}).",
        low=say(low.value),
        high=say(high.value),
        range=range_words(contour, digits, say),
    )


def _ellipse(contour: ContourRange, thresholds: Thresholds, digits: int, say: Wording) -> str:
    if contour.ellipse is None:
        return ""
    change = abs(contour.ellipse - contour.drawn)
    category = categorise(contour.ellipse, thresholds)
    much = change >= _MUCH or category is not categorise(contour.drawn, thresholds)
    how = say("Much") if much else say("Little") if change < _LITTLE else say("Some")
    return say(
        "{how} of the result depends on the roughness of the outline: a plain ellipse gives {number}, {category}.",
        how=how,
        number=probability_words(contour.ellipse, digits),
        category=say(category.value),
    )


def _disagreement(ai_result: AIResult, digits: int, say: Wording) -> str:
    if ai_result.explanation is None:
        return ""
    alone = ai_result.explanation.alone
    sides: dict[Category, list[str]] = {}
    for name in sorted(alone, key=list(EXPERTS).index):
        category = categorise(alone[name], ai_result.card.thresholds)
        words = say(
            "the {expert} ({probability})",
            expert=say(EXPERTS[name].lower()),
            probability=probability_words(alone[name], digits),
        )
        sides.setdefault(category, []).append(words)
    benign, suspicious = sides.get(Category.LIKELY_BENIGN, []), sides.get(Category.SUSPICIOUS, [])
    if not benign or not suspicious:
        return ""
    results = []
    for category, names in ((Category.SUSPICIOUS, suspicious), (Category.LIKELY_BENIGN, benign)):
        gives = "{experts} gives {category}" if len(names) == 1 else "{experts} give {category}"
        results.append(say(gives, experts=say(" and ").join(names), category=say(category.value)))
    return say("The experts disagree. Alone, {sides}.", sides=say.listed(results))


def _nearest(ai_result: AIResult, say: Wording) -> str:
    nearest = ai_result.nearest
    if nearest is None:
        return ""
    far = say("farther away than") if nearest.unlike else say("no farther away than")
    return say(
        "Of the {count} most similar training images, {number} were {what}; "
        "they lie {far} is usual ({distance}; usual up to {limit}).",
        count=nearest.count,
        number=nearest.positive,
        what=say.translate(ai_result.card.positive),
        far=far,
        distance=f"{nearest.distance:.3f}",
        limit=f"{nearest.limit:.3f}",
    )


def _outside(category: Category, hospital: OutsideCounts, say: Wording) -> str:
    """Return how often this category was wrong at a hospital that the model never saw."""
    counts = hospital.counts
    if category is Category.LIKELY_BENIGN and counts.positives:
        return say(
            "At a hospital the model never saw ({hospital}), {wrong} of {of} malignant images were classified as likely benign "
            "({share}).",
            hospital=hospital.hospital,
            wrong=counts.missed,
            of=counts.positives,
            share=_percent(counts.missed / counts.positives),
        )
    if category is Category.SUSPICIOUS and counts.negatives:
        return say(
            "At a hospital the model never saw ({hospital}), {wrong} of {of} benign images were classified as suspicious "
            "({share}).",
            hospital=hospital.hospital,
            wrong=counts.false_alarms,
            of=counts.negatives,
            share=_percent(counts.false_alarms / counts.negatives),
        )
    return ""


def _rates(category: Category, counts: CategoryCounts, prevalence: float | None, say: Wording) -> str:
    """Return how often this category was wrong on the validation images."""
    if category is Category.INDETERMINATE:
        return ""
    if category is Category.LIKELY_BENIGN:
        wrong, of, what = counts.missed, counts.missed + counts.cleared, say("malignant")
        restated = counts.false_omission(prevalence)
    else:
        wrong, of, what = counts.false_alarms, counts.false_alarms + counts.caught, say("benign")
        restated = counts.false_discovery(prevalence)
    if not of:
        return ""
    among = (
        "{positives} of {images} images of {patients} patients" if counts.patients else "{positives} of {images} images"
    )
    single = "Of {of} validation images classified as {category}, {wrong} was {what} ({share}; {among} were malignant)"
    plural = "Of {of} validation images classified as {category}, {wrong} were {what} ({share}; {among} were malignant)"
    sentence = say(
        single if wrong == 1 else plural,
        of=of,
        category=say(category.value),
        wrong=wrong,
        what=what,
        share=_percent(wrong / of),
        among=say(
            among, positives=counts.positives, images=counts.positives + counts.negatives, patients=counts.patients
        ),
    )
    if prevalence is not None and not isnan(restated):
        sentence += say(
            "; at your site's malignancy rate of {prevalence} it would be {share}",
            prevalence=_percent(prevalence),
            share=_percent(restated),
        )
    return say("{sentence}.", sentence=sentence)


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %" if 0 < share < 0.1 else f"{100 * share:.0f} %"
