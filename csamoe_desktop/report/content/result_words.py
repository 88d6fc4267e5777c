"""An AI result in words: category, probability on its scale, gate shares, reasons. Report and window show the same."""

from dataclasses import dataclass

from csamoe_desktop.assess import AIResult, Category, ContourRange, categorise
from csamoe_desktop.networks.cards import ModelCard, Thresholds
from csamoe_desktop.report.content.blocks import GateShare, ProbabilityMarks
from csamoe_desktop.report.content.letters import capital, card_words, clean
from csamoe_desktop.report.content.reasons import (
    EXPERTS,
    Reasons,
    change_words,
    probability_words,
    range_words,
    reasons,
)
from csamoe_desktop.wording import PLAIN, Wording

ROUTING = "A gate share is routing, not evidence: it says how much weight an expert had, not what it found."


@dataclass(frozen=True, slots=True)
class ResultWords:
    """An AI result in words.

    Attributes:
        category: with its first letter capitalised.
        positive: the event that the probability refers to, such as "malignancy".
        scale: the probability and the thresholds, as numbers and as text.
        thresholds: the thresholds in a sentence.
        gates: the gate shares, in the order image, core, boundary.
        reasons: why the result came out so, and how sure it is.
    """

    category: str
    positive: str
    scale: ProbabilityMarks
    thresholds: str
    gates: tuple[GateShare, ...]
    reasons: Reasons


def result_words(ai_result: AIResult, prevalence: float | None = None, say: Wording = PLAIN) -> ResultWords:
    """Return an AI result in words; `prevalence`: the malignancy rate at the reader's site, 0..1, or None."""
    card, prediction = ai_result.card, ai_result.prediction
    scale, digits = make_scale(prediction.probability, ai_result.category, card.thresholds, ai_result.contour, say)
    return ResultWords(
        category=capital(say(ai_result.category.value)),
        positive=positive_words(card, say),
        scale=scale,
        thresholds=thresholds_words(scale, card.thresholds, say),
        gates=tuple(_gate(ai_result, name, say) for name in sorted(prediction.gates, key=_expert_order)),
        reasons=reasons(ai_result, digits, prevalence, say),
    )


def warning_words(ai_result: AIResult, notes: tuple[str, ...], say: Wording = PLAIN) -> tuple[str, ...]:
    """Return the warnings of an AI result and the notes on how study and outline were read, each once."""
    return tuple(dict.fromkeys(say.translate(clean(note)) for note in (*ai_result.warnings, *notes)))


def make_scale(
    probability: float,
    category: Category,
    thresholds: Thresholds,
    contour: ContourRange | None = None,
    say: Wording = PLAIN,
    digits: int | None = None,
) -> tuple[ProbabilityMarks, int]:
    """Return the scale and the number of decimals it is written with; `digits` None: as many as needed for the printed
    numbers to agree with the category."""
    below, above = thresholds.benign_below, thresholds.suspicious_from
    digits = _digits(probability, category, thresholds) if digits is None else digits
    scale = ProbabilityMarks(
        probability=probability,
        benign_below=below,
        suspicious_from=above,
        probability_words=probability_words(probability, digits),
        benign_below_words=f"{below:.{digits}f}",
        suspicious_from_words=f"{above:.{digits}f}",
        reach=(contour.low, contour.high) if contour else None,
        reach_words=range_words(contour, digits, say) if contour else "",
    )
    return scale, digits


def _digits(probability: float, category: Category, thresholds: Thresholds) -> int:
    for digits in (2, 3):
        written = Thresholds(round(thresholds.benign_below, digits), round(thresholds.suspicious_from, digits))
        agrees = categorise(round(probability, digits), written) == category
        if agrees and written.benign_below > 0 and written.suspicious_from < 1:
            return digits
    return 4


def positive_words(card: ModelCard, say: Wording) -> str:
    """Return the name of the event that a model's probability refers to, such as "malignancy"."""
    return say("malignancy") if card.positive == "malignant" else card.positive


def thresholds_words(scale: ProbabilityMarks, thresholds: Thresholds, say: Wording) -> str:
    below, above = scale.benign_below_words, scale.suspicious_from_words
    ranges = say("likely benign below {below}, suspicious from {above}", below=below, above=above)
    return ranges + (
        say("; chosen on {images}", images=card_words(thresholds.chosen_on, say)) if thresholds.chosen_on else ""
    )


def _gate(ai_result: AIResult, name: str, say: Wording) -> GateShare:
    prediction, explanation = ai_result.prediction, ai_result.explanation
    share, stages = prediction.gates[name], prediction.stage_attention.get(name, ())
    left_out = explanation.left_out.get(name) if explanation else None
    return GateShare(
        expert=say(EXPERTS[name]) if name in EXPERTS else name.capitalize(),
        share=share,
        words=f"{100 * share:.0f} %",
        left_out="" if left_out is None else change_words(left_out, prediction.probability),
        stages=" ".join(f"{stage:.2f}" for stage in stages) if any(stages) else "",
    )


def _expert_order(name: str) -> tuple[int, str]:
    order = list(EXPERTS)
    return (order.index(name) if name in order else len(order)), name
