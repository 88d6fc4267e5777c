"""Why a reading came out so and how sure it is, in sentences: the contour's range, the experts' disagreement, the rates."""

from dataclasses import dataclass
from math import isnan

from csamoe_desktop.assess import AIResult, Category, ContourRange, categorise
from csamoe_desktop.assess import probability_words as probability_words  # noqa: PLC0414  known from here too
from csamoe_desktop.networks.cards import CategoryCounts, OutsideCounts, Thresholds
from csamoe_desktop.wording import PLAIN, Wording

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
        outside: how often this category was wrong in hospitals that neither training nor thresholds ever saw.
        rates: how often this category was wrong on the validation images.
        nearest: what the nearest training images were.
    """

    disagreement: str = ""
    contour: str = ""
    ellipse: str = ""
    outside: str = ""
    rates: str = ""
    nearest: str = ""

    def sentences(self) -> tuple[str, ...]:
        """Return all there are; the cautions first, and what was seen elsewhere before what was seen at home."""
        all_of_them = (self.contour, self.disagreement, self.ellipse, self.nearest, self.outside, self.rates)
        return tuple(one for one in all_of_them if one)


def reasons(ai_result: AIResult, digits: int = 2, prevalence: float | None = None, say: Wording = PLAIN) -> Reasons:
    """Return what is said of a reading, probabilities written with so many digits.

    `prevalence` (0..1) is the share of malignant lesions where the program is used, or None where it was not given.
    """
    thresholds = ai_result.card.thresholds
    contour = ai_result.contour
    return Reasons(
        disagreement=_disagreement(ai_result, digits, say),
        contour=_contour(contour, thresholds, digits, say) if contour else "",
        ellipse=_ellipse(contour, thresholds, digits, say) if contour else "",
        outside=" ".join(_outside(ai_result.category, one, say) for one in thresholds.outside).strip(),
        rates=_rates(ai_result.category, thresholds.counts, prevalence, say) if thresholds.counts else "",
        nearest=_nearest(ai_result, say),
    )


def range_words(contour: ContourRange, digits: int = 2, say: Wording = PLAIN) -> str:
    """Return the range, such as "0.71 to 0.90", or one number where both ends are written alike."""
    low, high = probability_words(contour.low, digits), probability_words(contour.high, digits)
    return low if low == high else say("{low} to {high}", low=low, high=high)


def change_words(left_out: float, probability: float) -> str:
    """Return what leaving an expert out does to the probability, such as "-0.21"; "0.00" has no sign."""
    written = f"{left_out - probability:+.2f}"
    return written if float(written) else "0.00"


def _contour(contour: ContourRange, thresholds: Thresholds, digits: int, say: Wording) -> str:
    low, high = categorise(contour.low, thresholds), categorise(contour.high, thresholds)
    if low is high:
        return ""
    return say(
        "The category depends on your contour: {low} to {high} ({range}).",
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
        "{how} of it hangs on the roughness of the line: a plain ellipse in its place reads {number}, {category}.",
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
    told = []
    for category, names in ((Category.SUSPICIOUS, suspicious), (Category.LIKELY_BENIGN, benign)):
        read = "{experts} reads {category}" if len(names) == 1 else "{experts} read {category}"
        told.append(say(read, experts=say(" and ").join(names), category=say(category.value)))
    return say("The experts disagree: alone, {sides}.", sides=say.listed(told))


def _nearest(ai_result: AIResult, say: Wording) -> str:
    nearest = ai_result.nearest
    if nearest is None:
        return ""
    far = say("farther away than") if nearest.unlike else say("no farther away than")
    return say(
        "Of the {count} training images it resembles most, {number} were {what}; "
        "they lie {far} is usual ({distance}; usual up to {limit}).",
        count=nearest.count,
        number=nearest.positive,
        what=say.told(ai_result.card.positive),
        far=far,
        distance=f"{nearest.distance:.3f}",
        limit=f"{nearest.limit:.3f}",
    )


def _outside(category: Category, one: OutsideCounts, say: Wording) -> str:
    """Return how many images of a hospital that the model never saw this category was wrong for."""
    counts = one.counts
    if category is Category.LIKELY_BENIGN and counts.positives:
        return say(
            "In a hospital it never saw ({hospital}), {wrong} of {of} malignant images were read likely benign ({share}).",
            hospital=one.hospital,
            wrong=counts.missed,
            of=counts.positives,
            share=_percent(counts.missed / counts.positives),
        )
    if category is Category.SUSPICIOUS and counts.negatives:
        return say(
            "In a hospital it never saw ({hospital}), {wrong} of {of} benign images were read suspicious ({share}).",
            hospital=one.hospital,
            wrong=counts.false_alarms,
            of=counts.negatives,
            share=_percent(counts.false_alarms / counts.negatives),
        )
    return ""


def _rates(category: Category, counts: CategoryCounts, prevalence: float | None, say: Wording) -> str:
    """Return how often readings of this category were wrong on the validation images."""
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
    one = "Of {of} validation images read {category}, {wrong} was {what} ({share}; {among} were malignant)"
    more = "Of {of} validation images read {category}, {wrong} were {what} ({share}; {among} were malignant)"
    said = say(
        one if wrong == 1 else more,
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
        said += say(
            "; with {prevalence} malignant, as you gave for your own, it would be {share}",
            prevalence=_percent(prevalence),
            share=_percent(restated),
        )
    return say("{sentence}.", sentence=said)


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %" if 0 < share < 0.1 else f"{100 * share:.0f} %"
