"""Views of one lesion read together: the fused number, its category, and the sentence that says it."""

import dataclasses
import re
from collections.abc import Callable

import numpy as np
import pytest

from csamoe_desktop.assess import AIResult, Category, categorise
from csamoe_desktop.inference.bundle import find_bundle
from csamoe_desktop.inference.predictor import Prediction
from csamoe_desktop.lesion.regions import Regions, whole_image
from csamoe_desktop.networks.cards import ModelCard, Thresholds
from csamoe_desktop.read_views import CombinedResult, fuse, read_views, view_names

Read = Callable[..., CombinedResult]

THRESHOLDS = Thresholds(0.12, 0.71)
BENIGN, BETWEEN, SUSPICIOUS = Category.LIKELY_BENIGN, Category.INDETERMINATE, Category.SUSPICIOUS


@pytest.fixture(scope="module")
def card() -> ModelCard:
    return dataclasses.replace(find_bundle("csamoe-resnet18").card, thresholds=THRESHOLDS)


@pytest.fixture(scope="module")
def regions() -> Regions:
    return whole_image(np.zeros((32, 32), np.uint8), 32)


def of(card: ModelCard, regions: Regions, *probabilities: float) -> list[AIResult]:
    """Return a reading of each probability by one model."""
    return [
        AIResult(
            Prediction((0.0, 0.0), probability, {}, {}),
            categorise(probability, card.thresholds),
            regions,
            card,
            "CPU",
            (),
        )
        for probability in probabilities
    ]


@pytest.fixture
def together(card: ModelCard, regions: Regions) -> Read:
    """Return a function that reads these probabilities together, by a card of these thresholds."""

    def read(*probabilities: float, thresholds: Thresholds = THRESHOLDS) -> CombinedResult:
        return read_views(of(dataclasses.replace(card, thresholds=thresholds), regions, *probabilities))

    return read


def test_the_fused_number_is_the_mean_of_the_log_odds() -> None:
    # The odds are 1:9 and 9:1, then 1:4 and 4:1 and 1:1; 0.9 and 0.5 have odds of 9 and 1, whose root is 3.
    assert fuse([0.1, 0.9]) == pytest.approx(0.5)
    assert fuse([0.2, 0.8, 0.5]) == pytest.approx(0.5)
    assert fuse([0.9, 0.5]) == pytest.approx(0.75)
    with pytest.raises(ValueError, match="no view"):
        fuse([])


def test_what_is_certain_does_not_settle_it_alone() -> None:
    assert fuse([0.0, 1.0]) == pytest.approx(0.5)
    assert 0.5 < fuse([1.0, 0.5]) < 1
    assert fuse([0.0, 0.0]) == pytest.approx(0, abs=1e-5)
    assert fuse([1.0, 1.0, 1.0]) == pytest.approx(1, abs=1e-5)


def test_views_on_a_threshold_keep_their_category() -> None:
    # Through logarithm and back a float may lose its last digit, and with it the category.
    for threshold in np.linspace(0.01, 0.99, 197).tolist():
        for count in (1, 2, 3):
            assert fuse([threshold] * count) == threshold


def test_the_category_is_by_the_models_own_thresholds(together: Read) -> None:
    read = together(0.08, 0.83)
    assert (read.category, read.categories, read.agree) == (BETWEEN, (BENIGN, SUSPICIOUS), False)
    assert read.single == (0.08, 0.83)
    assert together(0.08, 0.83, thresholds=Thresholds(0.05, 0.3)).category is SUSPICIOUS
    assert together(0.91, 0.72).agree


def test_views_read_by_different_models_are_refused(card: ModelCard, regions: Regions) -> None:
    other = dataclasses.replace(card, sha256="0" * 64)
    with pytest.raises(ValueError, match="different models"):
        read_views([*of(card, regions, 0.5), *of(other, regions, 0.5)])
    with pytest.raises(ValueError, match="different models"):
        read_views([])


def test_views_that_agree_are_said_with_the_number_of_each(together: Read) -> None:
    assert together(0.91, 0.72).sentence() == "Both views: suspicious, 0.84 (this view 0.91, the other 0.72)."
    assert (
        together(0.03, 0.06, 0.02).sentence()
        == "All 3 views: likely benign, 0.03 (this view 0.03, view 2 0.06, view 3 0.02)."
    )


def test_views_that_disagree_are_said_with_the_category_of_each(together: Read) -> None:
    assert (
        together(0.08, 0.83).sentence()
        == "The views disagree: this view is likely benign (0.08), the other suspicious (0.83). "
        "Combined: indeterminate (0.39)."
    )
    assert (
        together(0.3, 0.83, 0.08).sentence()
        == "The views disagree: this view is indeterminate (0.30), view 2 suspicious (0.83), view 3 likely benign (0.08). "
        "Combined: indeterminate (0.36)."
    )


def test_one_view_stands_alone(together: Read) -> None:
    read = together(0.91)
    assert (read.probability, read.agree) == (0.91, True)
    assert read.sentence() == "One view: suspicious, 0.91."
    assert read.sentence(of=3) == "1 of 3 views: suspicious, 0.91."


def test_views_not_read_are_not_passed_over(together: Read) -> None:
    names = view_names(3)
    said = together(0.91, 0.72).sentence((names[0], names[2]), of=3)
    assert said == "2 of 3 views: suspicious, 0.84 (this view 0.91, view 3 0.72)."
    assert "view 2 is likely benign (0.08), view 3 suspicious (0.83)" in together(0.08, 0.83).sentence(names[1:], of=3)


def test_each_view_has_a_name() -> None:
    assert [len(view_names(count)) for count in range(5)] == [0, 1, 2, 3, 4]
    assert len(set(view_names(4))) == 4


def test_no_model_is_certain(together: Read) -> None:
    assert together(1.0, 1.0).sentence() == "Both views: suspicious, > 0.99 (this view > 0.99, the other > 0.99)."
    assert together(0.0, 0.0).sentence() == "Both views: likely benign, < 0.01 (this view < 0.01, the other < 0.01)."


@pytest.mark.parametrize(
    ("probabilities", "thresholds"),
    [
        # The first, the second, and only the fused one would be written as the threshold it lies below.
        ((0.708, 0.3), Thresholds(0.12, 0.71)),
        ((0.95, 0.1198), Thresholds(0.12, 0.71)),
        ((0.8, 0.5907), Thresholds(0.12, 0.71)),
        # A threshold that two digits would write as 0, or as 1.
        ((0.5, 0.6), Thresholds(0.004, 0.71)),
        ((0.5, 0.6), Thresholds(0.12, 0.996)),
    ],
)
def test_what_is_written_never_contradicts_the_category(
    together: Read, probabilities: tuple[float, ...], thresholds: Thresholds
) -> None:
    read = together(*probabilities, thresholds=thresholds)
    assert read.digits > 2
    written = Thresholds(round(thresholds.benign_below, read.digits), round(thresholds.suspicious_from, read.digits))
    assert written.benign_below > 0
    assert written.suspicious_from < 1
    told = [float(one) for one in re.findall(r"\d\.\d+", read.sentence())]
    ordered = [read.probability, *read.single] if read.agree else [*read.single, read.probability]
    assert len(told) == len(ordered)
    for number, probability in zip(told, ordered, strict=True):
        assert categorise(number, written) is categorise(probability, thresholds)


def test_two_digits_do_where_they_can(together: Read) -> None:
    assert together(0.91, 0.72).digits == 2
