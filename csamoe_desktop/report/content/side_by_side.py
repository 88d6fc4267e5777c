"""Comparison of several models on one lesion: a row per model, whether they agree, and the table as text."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from csamoe_desktop.assess import AIResult, Category, assess, categorise
from csamoe_desktop.errors import UserError
from csamoe_desktop.inference.bundle import Bundle
from csamoe_desktop.inference.predictor import Predictor
from csamoe_desktop.networks.cards import ModelCard, Thresholds
from csamoe_desktop.report.content.blocks import MANAGEMENT, NOTICE, ProbabilityMarks
from csamoe_desktop.report.content.reasons import probability_words
from csamoe_desktop.report.content.result_words import ROUTING
from csamoe_desktop.study.model import Frame

NEEDS_OUTLINE = "This model needs an outline, and there is none."
CAUTION = (
    "Each category uses the model's own thresholds. The models were trained on largely the same images, so their "
    "agreement is not independent evidence."
)
HEADINGS = (
    "Model",
    "Category",
    "Probability of malignancy",
    "Benign below / suspicious from",
    "Gate shares",
    "Compute device",
)


@dataclass(frozen=True, slots=True, eq=False)
class ModelRow:
    """The AI result of one model, or one sentence on why there is none (`unread`)."""

    card: ModelCard
    ai_result: AIResult | None = None
    unread: str = ""

    @property
    def model(self) -> str:
        """The model's name and version."""
        return f"{self.card.name} {self.card.version}"


def read_row(
    bundle: Bundle, frame: Frame, mask: NDArray[np.bool_] | None, load: Callable[[Bundle], Predictor]
) -> ModelRow:
    """Return the row of one model for the lesion `mask` (bool, the frame's shape; None: no outline) on `frame`.

    `load` loads the model. If loading or assessing is refused, the row has the reason, so that other models can go on.
    """
    card = bundle.card
    if mask is None and card.needs_outline:
        return ModelRow(card, unread=NEEDS_OUTLINE)
    try:
        return ModelRow(card, assess(frame, mask, load(bundle)))
    except UserError as problem:
        return ModelRow(card, unread=problem.message)


def agreement(rows: Sequence[ModelRow]) -> str:
    """Return in one sentence whether the models agree in category."""
    by_category: dict[Category, list[str]] = {}
    for row in rows:
        if row.ai_result is not None:
            by_category.setdefault(row.ai_result.category, []).append(row.card.name)
    count = sum(map(len, by_category.values()))
    if not count:
        return "No model has given a result."
    if len(by_category) == 1:
        category = next(iter(by_category))
        if count == 1:
            return f"One model has given a result: {category}."
        return f"{'Both' if count == 2 else f'All {count}'} models agree: {category}."
    # The most suspicious category first.
    groups = [
        f"{category} by {', '.join(by_category[category])}"
        for category in reversed(Category)
        if category in by_category
    ]
    return f"The models do not agree: {'; '.join(groups)}."


def scales(rows: Sequence[ModelRow]) -> list[ProbabilityMarks | None]:
    """Return the scale of each row; all with the same number of decimals, as many as needed for every row's printed numbers
    to agree with its category."""
    digits = next((digits for digits in (2, 3) if all(_agrees_as_printed(row, digits) for row in rows)), 4)
    return [None if row.ai_result is None else _scale(row.ai_result, digits) for row in rows]


def gate_words(ai_result: AIResult) -> tuple[str, ...]:
    """Return each expert's gate share, such as "core 32 %"; none where the model has one expert."""
    gates = ai_result.prediction.gates
    return tuple(f"{name} {100 * share:.0f} %" for name, share in gates.items()) if len(gates) > 1 else ()


def table_text(rows: Sequence[ModelRow], of: str, notes: Sequence[str] = ()) -> str:
    """Return the comparison as plain text with aligned columns: the image and lesion (`of`), whether the models agree, the
    rows, the models without a result and why, warnings, notes and the caution."""
    lines = [HEADINGS]
    for row, scale in zip(rows, scales(rows), strict=True):
        if row.ai_result is not None and scale is not None:
            lines.append(
                (
                    row.model,
                    row.ai_result.category.value,
                    scale.probability_words,
                    f"{scale.benign_below_words} / {scale.suspicious_from_words}",
                    ", ".join(gate_words(row.ai_result)) or "one expert",
                    row.ai_result.device,
                )
            )
    text = [of, agreement(rows), ""]
    if len(lines) > 1:
        widths = [max(len(line[place]) for line in lines) for place in range(len(HEADINGS))]
        text += [
            "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
        ]
        text.append("")
    unread = [f"{row.model} gave no result. {row.unread}".rstrip() for row in rows if row.ai_result is None]
    warned = [
        f"{row.model}: {warning}" for row in rows if row.ai_result is not None for warning in row.ai_result.warnings
    ]
    for part in (unread, warned, list(notes)):
        text += part
    if unread or warned or notes:
        text.append("")
    return "\n".join([*text, CAUTION, ROUTING, f"{NOTICE}. {MANAGEMENT}."])


def _agrees_as_printed(row: ModelRow, digits: int) -> bool:
    if row.ai_result is None:
        return True
    probability, thresholds = row.ai_result.prediction.probability, row.card.thresholds
    written = Thresholds(round(thresholds.benign_below, digits), round(thresholds.suspicious_from, digits))
    inside = written.benign_below > 0 and written.suspicious_from < 1
    return inside and categorise(round(probability, digits), written) == row.ai_result.category


def _scale(ai_result: AIResult, digits: int) -> ProbabilityMarks:
    probability, thresholds = ai_result.prediction.probability, ai_result.card.thresholds
    return ProbabilityMarks(
        probability=probability,
        benign_below=thresholds.benign_below,
        suspicious_from=thresholds.suspicious_from,
        probability_words=probability_words(probability, digits),
        benign_below_words=f"{thresholds.benign_below:.{digits}f}",
        suspicious_from_words=f"{thresholds.suspicious_from:.{digits}f}",
    )
