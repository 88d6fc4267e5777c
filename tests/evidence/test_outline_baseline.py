"""The outline-only baseline against scikit-learn's logistic regression, and on outlines that differ by their line."""

import cv2
import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from csamoe_desktop.datasets.other_outlines import ellipse, wobble
from csamoe_desktop.evidence.metrics import auc
from csamoe_desktop.evidence.outline_baseline import fit_baseline
from csamoe_desktop.lesion.margin import outline_features


@pytest.mark.parametrize("penalty", [0.1, 1.0, 30.0])
def test_weights_are_scikit_learns(penalty: float) -> None:
    draw = np.random.default_rng(3)
    features = draw.normal(5, [0.1, 1, 3, 10, 0.01, 2], (200, 6))
    positive = draw.random(200) < 1 / (1 + np.exp(-(features[:, 1] - 5 + 0.3 * (features[:, 2] - 5))))
    found = fit_baseline(features, positive, penalty)
    scaled = StandardScaler().fit_transform(features)
    theirs = LogisticRegression(C=1 / penalty, tol=1e-10, max_iter=10_000).fit(scaled, positive)
    assert found.weights[1:] == pytest.approx(theirs.coef_[0], abs=1e-5)
    assert found.weights[0] == pytest.approx(theirs.intercept_[0], abs=1e-5)
    assert found.probability(features) == pytest.approx(theirs.predict_proba(scaled)[:, 1], abs=1e-6)


def test_classes_that_part_wholly_and_features_that_do_not_vary_are_borne() -> None:
    features = np.stack([np.arange(40.0), np.full(40, 7.0)], axis=1)
    positive = np.arange(40) >= 20
    found = fit_baseline(features, positive)
    assert auc(positive, found.probability(features)) == 1
    assert found.weights[2] == 0
    assert np.isfinite(found.weights).all()


def test_it_reads_the_pen_and_nothing_is_left_of_that_with_ellipses() -> None:
    draw = np.random.default_rng(0)
    masks = []
    for number in range(40):
        mask = np.zeros((120, 160), np.uint8)
        axes = (int(draw.integers(20, 40)), int(draw.integers(15, 30)))
        cv2.ellipse(mask, (80, 60), axes, float(draw.uniform(0, 180)), 0, 360, 1, -1)
        masks.append(wobble(mask > 0, draw) if number % 2 else mask > 0)
    positive = np.arange(40) % 2 == 1
    drawn = np.array([outline_features(mask) for mask in masks])
    baseline = fit_baseline(drawn[:20], positive[:20])
    assert auc(positive[20:], baseline.probability(drawn[20:])) > 0.9
    smooth = np.array([outline_features(ellipse(mask)) for mask in masks[20:]])
    assert auc(positive[20:], baseline.probability(smooth)) < 0.8
