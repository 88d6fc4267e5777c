"""Figures against scikit-learn's, intervals, calibration and thresholds."""

import numpy as np
import pytest
from sklearn import metrics as sklearn_metrics
from sklearn.calibration import calibration_curve

from csamoe_desktop.evidence import metrics


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


@pytest.mark.parametrize("seed", range(3))
def test_calibration_equals_scikit_learns(seed: int) -> None:
    draw = np.random.default_rng(seed)
    probability = draw.beta(0.6, 0.9, 400)
    positive = draw.random(400) < probability**1.5
    found = metrics.calibration(positive, probability)
    assert found["brier"] == pytest.approx(sklearn_metrics.brier_score_loss(positive, probability))
    true, said = calibration_curve(positive, probability, n_bins=15, strategy="uniform")
    share = np.histogram(probability, np.linspace(0, 1, 16))[0] / 400
    assert found["ece"] == pytest.approx((share[share > 0] * np.abs(true - said)).sum())
    assert metrics.reliability(positive, probability)[0] == pytest.approx(said)


def test_calibration_of_the_extremes_is_in_a_bin() -> None:
    right = metrics.calibration(np.array([False, True]), np.array([0.0, 1.0]))
    wrong = metrics.calibration(np.array([True, False]), np.array([0.0, 1.0]))
    assert right == {"ece": 0.0, "brier": 0.0}
    assert wrong == {"ece": 1.0, "brier": 1.0}


@pytest.mark.parametrize("seed", range(3))
def test_the_curve_is_scikit_learns_and_its_area_the_auc(seed: int) -> None:
    positive, score = made(seed=seed)
    false, true, _ = sklearn_metrics.roc_curve(positive, score, drop_intermediate=False)
    at = np.linspace(0, 1, 20001)
    curve = metrics.roc(positive, score, at)
    assert np.trapezoid(curve, at) == pytest.approx(metrics.auc(positive, score), abs=1e-3)
    steps = np.flatnonzero(np.diff(false, append=2) > 0)
    assert metrics.roc(positive, score, false[steps]) == pytest.approx(true[steps])
    assert np.isnan(metrics.roc(np.array([True]), np.array([0.5]), at)).all()


def test_fewer_resamples_give_nearly_the_same_interval() -> None:
    positive, score = made()
    groups = [str(row // 3) for row in range(len(score))]
    many = metrics.with_intervals(positive, score, groups)["auc"]
    few = metrics.with_intervals(positive, score, groups, resamples=400)["auc"]
    assert (few.value, few.low, few.high) == pytest.approx((many.value, many.low, many.high), abs=0.02)
    assert few.low != many.low


def test_thresholds_say_how_the_images_fell_on_the_categories() -> None:
    positive, score = made(500)
    thresholds = metrics.choose_thresholds(positive, score, patients=77)
    counts = thresholds.counts
    assert counts is not None
    assert (counts.positives, counts.negatives, counts.patients) == (positive.sum(), (~positive).sum(), 77)
    below, above = score < thresholds.benign_below, score >= thresholds.suspicious_from
    assert (counts.missed, counts.cleared) == ((below & positive).sum(), (below & ~positive).sum())
    assert (counts.caught, counts.false_alarms) == ((above & positive).sum(), (above & ~positive).sum())
    assert counts.missed / counts.positives <= 0.02
    assert counts.false_alarms / counts.negatives <= 0.05
