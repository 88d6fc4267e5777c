"""Figures against scikit-learn's, intervals, calibration and thresholds."""

import numpy as np
import pytest
from sklearn import metrics as sklearn_metrics

from csamoe_desktop.training import metrics


def made(count: int = 300, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return labels and probabilities with ties."""
    draw = np.random.default_rng(seed)
    positive = draw.random(count) < 0.35
    score = np.round(np.clip(draw.normal(0.35 + 0.3 * positive, 0.2), 0, 1), 2)
    return positive, score


@pytest.mark.parametrize("seed", range(5))
def test_figures_equal_scikit_learns(seed: int) -> None:
    positive, score = made(seed=seed)
    called = score >= 0.4
    found = metrics.figures(positive, score, 0.4)
    assert found["auc"] == pytest.approx(sklearn_metrics.roc_auc_score(positive, score))
    assert found["accuracy"] == pytest.approx(sklearn_metrics.accuracy_score(positive, called))
    assert found["sensitivity"] == pytest.approx(sklearn_metrics.recall_score(positive, called))
    assert found["specificity"] == pytest.approx(sklearn_metrics.recall_score(~positive, ~called))
    assert found["precision"] == pytest.approx(sklearn_metrics.precision_score(positive, called))
    assert found["f1"] == pytest.approx(sklearn_metrics.f1_score(positive, called))


def test_a_figure_without_its_class_is_nan() -> None:
    found = metrics.figures(np.array([True, True]), np.array([0.2, 0.9]))
    assert np.isnan(found["auc"])
    assert np.isnan(found["specificity"])
    assert found["sensitivity"] == 0.5
    figure = metrics.with_intervals(np.array([True, True]), np.array([0.2, 0.9]), ["A", "B"])["auc"]
    assert figure.to_dict() == {"value": None, "low": None, "high": None}
    assert figure.words() == "undefined"


def test_intervals_hold_the_value_and_widen_with_fewer_patients() -> None:
    positive, score = made()
    single = metrics.with_intervals(positive, score, [str(row) for row in range(len(score))])
    # Ten images a patient, all alike: a tenth of the information.
    rows = np.repeat(np.arange(30), 10)
    few = metrics.with_intervals(positive[rows], score[rows], [str(row) for row in rows])
    for name, figure in single.items():
        assert figure.low < figure.value < figure.high, name
    assert few["auc"].high - few["auc"].low > 1.5 * (single["auc"].high - single["auc"].low)


def test_groups_take_the_mean_of_their_images() -> None:
    positive, probability, names = metrics.by_group(
        np.array([True, True, False]), np.array([0.5, 0.9, 0.2]), ["B", "B", "A"]
    )
    assert names == ["A", "B"]
    assert positive.tolist() == [False, True]
    assert probability.tolist() == pytest.approx([0.2, 0.7])


@pytest.mark.parametrize("true_temperature", [0.5, 1.0, 3.0])
def test_the_temperature_is_found_again(true_temperature: float) -> None:
    draw = np.random.default_rng(1)
    margin = draw.normal(0, 2, 20_000)
    positive = draw.random(20_000) < 1 / (1 + np.exp(-margin))
    logits = np.stack([np.zeros_like(margin), margin * true_temperature], axis=1)
    assert metrics.fit_temperature(positive, logits) == pytest.approx(true_temperature, rel=0.05)


def test_thresholds_keep_what_they_promise() -> None:
    positive, score = made(2000)
    thresholds = metrics.choose_thresholds(positive, score)
    assert (score[positive] >= thresholds.benign_below).mean() >= 0.98
    assert (score[~positive] < thresholds.suspicious_from).mean() >= 0.95
    # and no better pair does
    assert (score[positive] >= thresholds.benign_below + 0.011).mean() < 0.98
    assert (score[~positive] < thresholds.suspicious_from - 0.011).mean() < 0.95


def test_thresholds_of_a_perfect_classifier_meet() -> None:
    positive = np.array([False] * 50 + [True] * 50)
    thresholds = metrics.choose_thresholds(positive, np.linspace(0, 1, 100))
    assert thresholds.benign_below == thresholds.suspicious_from
    assert 0.4 < thresholds.benign_below < 0.6
