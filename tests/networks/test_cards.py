"""The model card on disk: read as written, refused when it is not one."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from csamoe_desktop import paths
from csamoe_desktop.errors import UserError
from csamoe_desktop.networks.cards import Builder, CategoryCounts, Figure, ModelCard, Normalisation, read_card


@pytest.fixture
def shipped() -> ModelCard:
    return read_card(paths.model_weights() / "csamoe-resnet18" / "card.json")


def test_a_card_is_read_as_it_was_written(shipped: ModelCard, tmp_path: Path) -> None:
    file = tmp_path / "card.json"
    file.write_text(shipped.to_json(), encoding="utf-8")
    assert read_card(file) == shipped


def test_the_shipped_card_says_what_a_reader_must_know(shipped: ModelCard) -> None:
    assert shipped.parameters == 34_820_357
    assert shipped.views == ("image", "core", "boundary")
    assert "by patient" in shipped.training.split
    assert "non-commercial" in shipped.licence
    assert "solely" in shipped.intended_use
    held_out = shipped.evaluations[0]
    assert held_out.data.startswith("test")
    assert (held_out.images, held_out.groups) == (376, 212)
    auc = held_out.metrics["auc"]
    assert isinstance(auc, Figure)
    assert auc.low < auc.value < auc.high
    assert held_out.group_metrics["auc"].value >= 0.94  # below it the bundle is a bug (issue 2, section 3)
    assert 0 < shipped.thresholds.benign_below <= shipped.thresholds.suspicious_from < 1


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"card_version": 99}, "card version 99"),
        ({"surprise": 1}, "surprise"),
        ({"temperature": 0}, "temperature"),
        ({"task": "guessing"}, "unknown task guessing"),
        ({"normalisation": {"mean": [1, 2], "std": [1, 2, 3]}}, "not a model card"),
        ({"thresholds": {}}, "not a model card"),
    ],
)
def test_a_card_of_another_shape_is_refused(
    shipped: ModelCard, tmp_path: Path, change: dict[str, object], said: str
) -> None:
    file = tmp_path / "card.json"
    file.write_text(json.dumps({**dataclasses.asdict(shipped), **change}), encoding="utf-8")
    with pytest.raises(UserError, match=said):
        read_card(file)


@pytest.mark.parametrize("text", ["", "[]", "{", "null", "{}"])
def test_a_file_that_is_no_card_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "card.json"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match="not a model card"):
        read_card(file)


def test_a_missing_card_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no readable card\.json"):
        read_card(tmp_path / "card.json")


def test_a_card_from_before_there_were_tasks_is_a_readers(shipped: ModelCard, tmp_path: Path) -> None:
    told = json.loads(shipped.to_json())
    told.pop("task")
    told["normalisation"].pop("per_image")
    file = tmp_path / "card.json"
    file.write_text(json.dumps(told), encoding="utf-8")
    card = read_card(file)
    assert card == shipped
    assert card.task == "reading"
    assert not card.normalisation.per_image


def test_task_and_normalisation_are_read_as_they_were_written(shipped: ModelCard, tmp_path: Path) -> None:
    card = dataclasses.replace(shipped, task="outlining", normalisation=Normalisation(per_image=True))
    file = tmp_path / "card.json"
    file.write_text(card.to_json(), encoding="utf-8")
    assert read_card(file) == card


@pytest.mark.parametrize(
    ("changes", "needs", "proposes"),
    [
        ({}, True, False),
        ({"views": ("image",)}, False, False),
        ({"views": ("image",), "field": 2.2}, True, False),
        ({"views": ("image",), "builder": Builder("la-net")}, False, True),
        ({"views": ("image",), "builder": Builder("unet"), "task": "outlining"}, False, True),
        ({"views": ("image",), "builder": Builder("two-stage")}, False, True),
        ({"views": ("image",), "builder": Builder("two-stage", {"inputs": "predicted_mask"})}, False, True),
        ({"views": ("image",), "builder": Builder("two-stage", {"inputs": "image"})}, False, False),
        ({"views": ("image",), "builder": Builder("two-stage", {"inputs": "true_mask_and_image"})}, True, False),
    ],
)
def test_a_card_says_whether_an_outline_is_needed_or_proposed(
    shipped: ModelCard, changes: dict[str, object], needs: bool, proposes: bool
) -> None:
    card = dataclasses.replace(shipped, **changes)  # type: ignore[arg-type]
    assert (card.needs_outline, card.proposes_outline) == (needs, proposes)


def test_the_categories_counts_stay_with_the_thresholds(shipped: ModelCard, tmp_path: Path) -> None:
    counts = CategoryCounts(100, 200, 2, 120, 80, 10, 190)
    card = dataclasses.replace(shipped, thresholds=dataclasses.replace(shipped.thresholds, counts=counts))
    file = tmp_path / "card.json"
    file.write_text(card.to_json(), encoding="utf-8")
    assert read_card(file) == card
    told = json.loads(shipped.to_json())
    told["thresholds"].pop("counts", None)
    file.write_text(json.dumps(told), encoding="utf-8")
    assert read_card(file).thresholds.counts is None, "a card of before says nothing"


def test_rates_are_restated_for_another_prevalence() -> None:
    counts = CategoryCounts(positives=100, negatives=200, missed=2, cleared=120, caught=80, false_alarms=10)
    assert counts.false_omission() == pytest.approx(2 / 122)
    assert counts.false_discovery() == pytest.approx(10 / 90)
    assert counts.false_omission(1 / 3) == pytest.approx(counts.false_omission()), "the prevalence it was counted at"
    assert counts.false_discovery(1 / 3) == pytest.approx(counts.false_discovery())
    assert counts.false_omission(0.1) == pytest.approx(0.1 * 0.02 / (0.1 * 0.02 + 0.9 * 0.6))
    assert counts.false_discovery(0.1) == pytest.approx(0.9 * 0.05 / (0.9 * 0.05 + 0.1 * 0.8))
    assert np.isnan(CategoryCounts(10, 10, 0, 0, 5, 0).false_omission(0.1))
