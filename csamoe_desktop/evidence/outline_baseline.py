"""The outline-only baseline: a logistic regression on six numbers of the outline, which never sees the image.

Readers draw malignant lesions with a rougher line, so a network that is given their outlines must do better than this.
The numbers are those of `margin.outline_features`; the regression is scikit-learn's default (L2, C = 1) on standardised
features, fitted by Newton's method.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]

_STEPS = 100


@dataclass(frozen=True, slots=True, eq=False)
class OutlineBaseline:
    """A fitted regression: `middle` and `deviation` [F] standardise the features; `weights` [F + 1] begin with the
    constant."""

    middle: Values
    deviation: Values
    weights: Values

    def probability(self, features: Values) -> Values:
        """Return the probability of being positive, [N], of `features`, [N, F]."""
        return _sigmoid(_with_constant((features - self.middle) / self.deviation) @ self.weights)


def fit_baseline(features: Values, positive: NDArray[np.bool_], penalty: float = 1.0) -> OutlineBaseline:
    """Return the regression of `positive`, bool [N] with both classes, on `features`, [N, F].

    It minimises the sum of the images' cross-entropies plus half of `penalty` times the sum of the squared weights,
    without the constant's. A feature that does not vary gets no weight.
    """
    middle, deviation = features.mean(0), features.std(0)
    deviation = np.where(deviation > 0, deviation, 1.0)
    known = _with_constant((features - middle) / deviation)
    truth = positive.astype(np.float64)
    shrink = np.append(0.0, np.full(features.shape[1], penalty))
    weights = np.zeros(known.shape[1])

    def loss(of: Values) -> float:
        sums = known @ of
        return float((np.logaddexp(0, sums) - truth * sums).sum() + (shrink * of**2).sum() / 2)

    for _ in range(_STEPS):
        probability = _sigmoid(known @ weights)
        slope = known.T @ (probability - truth) + shrink * weights
        curve = (known.T * (probability * (1 - probability))) @ known + np.diag(shrink)
        step = np.linalg.solve(curve, slope)
        # Far from the minimum a full Newton step can overshoot.
        while loss(weights - step) > loss(weights) and np.abs(step).max() > 1e-12:
            step = step / 2
        weights = weights - step
        if np.abs(step).max() < 1e-10:
            break
    return OutlineBaseline(middle, deviation, weights)


def _with_constant(features: Values) -> Values:
    return np.concatenate([np.ones((len(features), 1)), features], axis=1)


def _sigmoid(sums: Values) -> Values:
    return np.asarray(np.exp(-np.logaddexp(0, -sums)), np.float64)
