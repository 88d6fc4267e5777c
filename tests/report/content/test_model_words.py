"""What is said of a model to somebody who chooses one."""

import dataclasses

import pytest

from csamoe_desktop.inference.bundle import find_bundle
from csamoe_desktop.networks.cards import Builder, Evaluation, Figure, ModelCard
from csamoe_desktop.report.content.model_words import (
    caution,
    measured,
    needs,
    outline_words,
    parameters_words,
    size_words,
)


@pytest.fixture
def card() -> ModelCard:
    return find_bundle("csamoe-resnet18").card


def test_each_kind_says_what_it_needs(card: ModelCard) -> None:
    whole = dataclasses.replace(card, views=("image",), field=None, builder=Builder("resnet18"))
    assert needs(card) == "needs an outline"
    assert needs(dataclasses.replace(whole, field=2.2)) == "needs an outline"
    assert needs(whole) == "assesses the whole image, no outline needed"
    both = needs(dataclasses.replace(whole, builder=Builder("la-net")))
    assert "no outline needed" in both
    assert "also proposes outlines" in both
    assert needs(dataclasses.replace(whole, task="outlining")) == "proposes outlines, gives no AI result"


def test_auc_and_dice_are_found_where_they_are(card: ModelCard) -> None:
    figure = Figure(0.9, 0.8, 0.95)
    card = dataclasses.replace(
        card,
        evaluations=(
            Evaluation("test: held-out patients", 30, 20, {"auc": figure, "dice": figure}),
            Evaluation("validation", 9, 9, {"accuracy": figure}),
            Evaluation("another hospital", 50, 40, {"dice": figure}),
        ),
    )
    assert [(one.name, one.on, one.data) for one in measured(card)] == [
        ("AUC", "30 images of 20 patients", "test: held-out patients"),
        ("Dice", "30 images of 20 patients", "test: held-out patients"),
        ("Dice", "50 images of 40 groups", "another hospital"),
    ]


def test_what_stands_beside_the_dice(card: ModelCard) -> None:
    figures = {"dice_median": Figure(0.9123, 0, 1), "iou": Figure(0.79, 0, 1), "missed": Figure(0.021, 0, 1)}
    assert outline_words(Evaluation("test", 3, 3, figures)) == "median 0.912, IoU 0.790, 2.1 % missed"
    assert outline_words(Evaluation("test", 3, 3, {})) == ""
    assert (size_words(69_700_000), parameters_words(34_820_357)) == ("69.7 MB", "34.8 million parameters")


def test_a_model_that_is_hardly_better_than_chance_is_said_to_be(card: ModelCard) -> None:
    def tested(low: float) -> ModelCard:
        metrics = {"auc": Figure(low + 0.05, low, low + 0.1)}
        return dataclasses.replace(card, evaluations=(Evaluation("test", 100, 90, metrics),))

    assert caution(card) == caution(tested(0.76)) == ""
    assert caution(tested(0.74)).startswith("poor test results")
    assert caution(dataclasses.replace(tested(0.74), task="outlining")) == ""
    assert caution(dataclasses.replace(card, evaluations=())) == ""
