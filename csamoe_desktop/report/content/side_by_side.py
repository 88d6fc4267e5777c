"""Several models' readings of one lesion side by side: a row each, whether they agree, and the table as text."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from csamoe_desktop.assess import AIResult, Category, assess, categorise
from csamoe_desktop.errors import UserError
from csamoe_desktop.inference.bundle import Bundle
from csamoe_desktop.inference.predictor import Predictor
from csamoe_desktop.networks.cards import ModelCard, Thresholds
from csamoe_desktop.report.content.reasons import probability_words
from csamoe_desktop.report.content.sections import MANAGEMENT, NOTICE, ROUTING, Scale
from csamoe_desktop.study.model import Frame

NEEDS_OUTLINE = "It needs an outline, and none is marked."
CAUTION = (
    "Each category is by the model's own thresholds. The models learned from much the same images, so their agreement "
    "is not a second proof."
)
HEADINGS = ("Model", "Category", "Probability", "Benign below / suspicious from", "Gates", "Device")


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """One model's reading, or in one sentence why there is none (`unread`)."""

    card: ModelCard
    ai_result: AIResult | None = None
    unread: str = ""

    @property
    def model(self) -> str:
        """The model's name and version."""
        return f"{self.card.name} {self.card.version}"


def read_row(bundle: Bundle, frame: Frame, mask: NDArray[np.bool_] | None, load: Callable[[Bundle], Predictor]) -> Row:
    """Return the row of one model for the lesion `mask` (bool, the frame's shape; None: none is marked) on `frame`.

    `load` makes the model ready. What it, or the reading, refuses is said in the row: the other models go on.
    """
    card = bundle.card
    if mask is None and card.needs_outline:
        return Row(card, unread=NEEDS_OUTLINE)
    try:
        return Row(card, assess(frame, mask, load(bundle)))
    except UserError as problem:
        return Row(card, unread=problem.message)


def agreement(rows: Sequence[Row]) -> str:
    """Return in one sentence whether the models agree in category."""
    by_category: dict[Category, list[str]] = {}
    for row in rows:
        if row.ai_result is not None:
            by_category.setdefault(row.ai_result.category, []).append(row.card.name)
    count = sum(map(len, by_category.values()))
    if not count:
        return "No model has read it."
    if len(by_category) == 1:
        category = next(iter(by_category))
        if count == 1:
            return f"One model has read it: {category}."
        return f"{'Both' if count == 2 else f'All {count}'} models agree: {category}."
    # From the graver category down, as the reader must look at that first.
    told = [
        f"{category} by {', '.join(by_category[category])}"
        for category in reversed(Category)
        if category in by_category
    ]
    return f"The models do not agree: {'; '.join(told)}."


def scales(rows: Sequence[Row]) -> list[Scale | None]:
    """Return each row's probability between its thresholds; all with as many digits as keep every row's written numbers
    from contradicting its category, so that they can be compared down the column."""
    digits = next((digits for digits in (2, 3) if all(_told_truly(row, digits) for row in rows)), 4)
    return [None if row.ai_result is None else _scale(row.ai_result, digits) for row in rows]


def gate_words(ai_result: AIResult) -> tuple[str, ...]:
    """Return each expert's share, such as "core 32 %"; nothing where one expert reads alone."""
    gates = ai_result.prediction.gates
    return tuple(f"{name} {100 * share:.0f} %" for name, share in gates.items()) if len(gates) > 1 else ()


def table_text(rows: Sequence[Row], of: str, notes: Sequence[str] = ()) -> str:
    """Return the comparison as plain text, its columns lined up by blanks: what was read (`of`), whether the models agree,
    the rows, what was not read and why, and the caution."""
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
    said = [of, agreement(rows), ""]
    if len(lines) > 1:
        wide = [max(len(line[place]) for line in lines) for place in range(len(HEADINGS))]
        said += [
            "  ".join(cell.ljust(width) for cell, width in zip(line, wide, strict=True)).rstrip() for line in lines
        ]
        said.append("")
    unread = [f"{row.model} has not read it. {row.unread}".rstrip() for row in rows if row.ai_result is None]
    warned = [
        f"{row.model}: {warning}" for row in rows if row.ai_result is not None for warning in row.ai_result.warnings
    ]
    for part in (unread, warned, list(notes)):
        said += part
    if unread or warned or notes:
        said.append("")
    return "\n".join([*said, CAUTION, ROUTING, f"{NOTICE}. {MANAGEMENT}."])


def _told_truly(row: Row, digits: int) -> bool:
    if row.ai_result is None:
        return True
    probability, thresholds = row.ai_result.prediction.probability, row.card.thresholds
    written = Thresholds(round(thresholds.benign_below, digits), round(thresholds.suspicious_from, digits))
    inside = 0 < written.benign_below and written.suspicious_from < 1
    return inside and categorise(round(probability, digits), written) == row.ai_result.category


def _scale(ai_result: AIResult, digits: int) -> Scale:
    probability, thresholds = ai_result.prediction.probability, ai_result.card.thresholds
    return Scale(
        probability=probability,
        benign_below=thresholds.benign_below,
        suspicious_from=thresholds.suspicious_from,
        probability_words=probability_words(probability, digits),
        benign_below_words=f"{thresholds.benign_below:.{digits}f}",
        suspicious_from_words=f"{thresholds.suspicious_from:.{digits}f}",
    )
