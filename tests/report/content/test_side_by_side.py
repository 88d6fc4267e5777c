"""What is said of several models' readings of one lesion."""

import dataclasses

import numpy as np
import pytest

from csamoe_desktop.assess import AIResult, categorise
from csamoe_desktop.errors import UserError
from csamoe_desktop.inference.bundle import Bundle, find_bundle
from csamoe_desktop.inference.predictor import Prediction, Predictor
from csamoe_desktop.lesion.regions import whole_image
from csamoe_desktop.networks.cards import Thresholds
from csamoe_desktop.report.content.side_by_side import (
    NEEDS_OUTLINE,
    ModelRow,
    agreement,
    gate_words,
    read_row,
    scales,
    table_text,
)
from csamoe_desktop.study.model import Frame

PIXELS = np.full((40, 60), 90, np.uint8)
FRAME = Frame(PIXELS, 0, None)
ALONE = {"image": 1.0}
THREE = {"image": 0.2, "core": 0.5, "boundary": 0.3}


def row(
    name: str, probability: float, gates: dict[str, float] = ALONE, thresholds: tuple[float, float] = (0.1, 0.6)
) -> ModelRow:
    card = dataclasses.replace(find_bundle("csamoe-resnet18").card, name=name, thresholds=Thresholds(*thresholds))
    prediction = Prediction((0.0, 0.0), probability, gates, {})
    category = categorise(probability, card.thresholds)
    return ModelRow(
        card, AIResult(prediction, category, whole_image(PIXELS), card, "CPU: a processor", ("It is small.",))
    )


def unread(name: str) -> ModelRow:
    return ModelRow(dataclasses.replace(row(name, 0.5).card), unread=NEEDS_OUTLINE)


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([], "No model has given a result."),
        ([unread("a")], "No model has given a result."),
        ([row("a", 0.9), unread("b")], "One model has given a result: suspicious."),
        ([row("a", 0.9), row("b", 0.7)], "Both models agree: suspicious."),
        ([row("a", 0.3), row("b", 0.2), row("c", 0.5)], "All 3 models agree: indeterminate."),
        (
            [row("a", 0.05), row("b", 0.9), row("c", 0.8)],
            "The models do not agree: suspicious by b, c; likely benign by a.",
        ),
    ],
)
def test_agreement_is_said_plainly(rows: list[ModelRow], said: str) -> None:
    assert agreement(rows) == said


def test_one_probability_is_two_categories_by_two_models_thresholds() -> None:
    assert "do not agree" in agreement([row("a", 0.65), row("b", 0.65, thresholds=(0.1, 0.8))])


def test_all_rows_have_the_digits_that_the_closest_needs() -> None:
    far, close = row("a", 0.9), row("b", 0.5963)
    assert [one.probability_words for one in scales([far]) if one] == ["0.90"]
    assert [one.probability_words for one in scales([far, unread("c"), close]) if one] == ["0.900", "0.596"]
    assert scales([unread("c")]) == [None]


def test_gates_are_told_where_there_are_several_experts() -> None:
    several, alone = row("a", 0.9, THREE).ai_result, row("b", 0.9).ai_result
    assert several is not None
    assert alone is not None
    assert gate_words(several) == ("image 20 %", "core 50 %", "boundary 30 %")
    assert gate_words(alone) == ()


def test_the_table_lines_up_and_names_what_was_not_read() -> None:
    rows = [row("a", 0.9, THREE), row("a-longer-name", 0.03), unread("c")]
    lines = table_text(rows, "image.dcm, outline drawn", ["A note."]).splitlines()
    assert lines[0] == "image.dcm, outline drawn"
    heading = next(line for line in lines if line.startswith("Model"))
    told = {line.split()[0]: line for line in lines if line.startswith("a") and " 1.0 " in line}
    for cell, name in (("suspicious", "a"), ("likely benign", "a-longer-name")):
        assert told[name].index(cell) == heading.index("Category")
    for cell, name in (("0.90", "a"), ("0.03", "a-longer-name")):
        assert told[name].index(cell) == heading.index("Probability")
    assert "core 50 %" in told["a"]
    assert "one expert" in told["a-longer-name"]
    assert f"c 1.0 gave no result. {NEEDS_OUTLINE}" in lines
    assert "a 1.0: It is small." in lines
    assert "A note." in lines
    assert "Research use only" in lines[-1]
    assert "\t" not in "".join(lines)


def test_what_a_model_refuses_is_said_in_its_row() -> None:
    bundle = find_bundle("csamoe-resnet18")

    def refused(asked: Bundle) -> Predictor:
        raise UserError(f"{asked.card.name} is damaged.", "Copy it again.")

    assert read_row(bundle, FRAME, None, refused).unread == NEEDS_OUTLINE
    assert read_row(bundle, FRAME, PIXELS > 0, refused).unread == "csamoe-resnet18 is damaged."
