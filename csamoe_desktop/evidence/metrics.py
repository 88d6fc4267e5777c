"""Figures of a binary classifier with 95 % bootstrap intervals that resample groups, and its calibration."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from csamoe_desktop.networks.cards import CategoryCounts, Figure, Thresholds

Values = NDArray[np.float64]
Flags = NDArray[np.bool_]

BOOTSTRAPS = 2000
BINS = 15


def auc(positive: Flags, score: Values) -> float:
    """Return the area under the ROC curve: the share of positive-negative pairs in the right order, ties half."""
    ranks = _ranks(score)
    count = int(positive.sum())
    rest = len(positive) - count
    if not count or not rest:
        return float("nan")
    return float((ranks[positive].sum() - count * (count + 1) / 2) / (count * rest))


def figures(positive: Flags, probability: Values, threshold: float = 0.5) -> dict[str, float]:
    """Return AUC, accuracy, sensitivity, specificity, precision and F1; nan where a figure is undefined.

    Args:
        positive: bool [N], the truth.
        probability: [N] of being positive.
        threshold: an AI result counts as positive from this probability on.
    """
    called = probability >= threshold
    true_positive = int((called & positive).sum())
    true_negative = int((~called & ~positive).sum())
    return {
        "auc": auc(positive, probability),
        "accuracy": _share(true_positive + true_negative, len(positive)),
        "sensitivity": _share(true_positive, int(positive.sum())),
        "specificity": _share(true_negative, int((~positive).sum())),
        "precision": _share(true_positive, int(called.sum())),
        "f1": _share(2 * true_positive, int(called.sum() + positive.sum())),
    }


def with_intervals(
    positive: Flags,
    probability: Values,
    groups: list[str],
    threshold: float = 0.5,
    seed: int = 42,
    resamples: int = BOOTSTRAPS,
) -> dict[str, Figure]:
    """Return `figures` with the 2.5th and 97.5th percentile over resampled groups (patients), all their images."""
    return resampled_intervals(
        lambda rows: figures(positive[rows], probability[rows], threshold), groups, seed, resamples
    )


def resampled_intervals(
    measure: Callable[[NDArray[np.intp]], dict[str, float]],
    groups: list[str],
    seed: int = 42,
    resamples: int = BOOTSTRAPS,
) -> dict[str, Figure]:
    """Return `measure` of all rows, each value with its 2.5th and 97.5th percentile over resampled groups."""
    names, places = np.unique(np.array(groups), return_inverse=True)
    members = [np.flatnonzero(places == place) for place in range(len(names))]
    draw = np.random.default_rng(seed)
    value = measure(np.arange(len(groups)))
    resampled: dict[str, list[float]] = {name: [] for name in value}
    for _ in range(resamples):
        rows = np.concatenate([members[place] for place in draw.integers(len(names), size=len(names))])
        for name, number in measure(rows).items():
            resampled[name].append(number)
    return {name: Figure(value[name], *_interval(resampled[name])) for name in value}


def by_group(positive: Flags, probability: Values, groups: list[str]) -> tuple[Flags, Values, list[str]]:
    """Return one row for each group: positive where any image is, the mean probability of its images, its name."""
    names = sorted(set(groups))
    where = np.array(groups)
    return (
        np.array([positive[where == name].any() for name in names]),
        np.array([probability[where == name].mean() for name in names]),
        names,
    )


def reliability(positive: Flags, probability: Values, bins: int = BINS) -> tuple[Values, Values, Values]:
    """Return mean probability, share of positives and share of all images in each bin that is not empty.

    The bins are equally wide from 0 to 1; a bin includes its lower edge, the last bin also 1.
    """
    place = np.minimum((probability * bins).astype(np.intp), bins - 1)
    count = np.bincount(place, minlength=bins)
    held = count > 0
    given = np.bincount(place, probability, bins)[held] / count[held]
    true = np.bincount(place, positive, bins)[held] / count[held]
    return given, true, count[held] / len(positive)


def calibration(positive: Flags, probability: Values, bins: int = BINS) -> dict[str, float]:
    """Return the expected calibration error and the Brier score.

    The expected calibration error is the distance between mean probability and share of positives, averaged over the
    bins of `reliability` and weighted by their images (Naeini et al., AAAI 2015). The Brier score is the mean squared
    difference between probability and truth (Brier, 1950).
    """
    given, true, share = reliability(positive, probability, bins)
    return {
        "ece": float((share * np.abs(given - true)).sum()),
        "brier": float(((probability - positive) ** 2).mean()),
    }


def roc(positive: Flags, score: Values, at: Values) -> Values:
    """Return the sensitivity at each false-positive rate of `at`, linearly interpolated; nan without both classes."""
    count, rest = int(positive.sum()), int((~positive).sum())
    if not count or not rest:
        return np.full(len(at), np.nan)
    order = np.argsort(-score, kind="stable")
    # Images of equal score are called together: the curve has a point only where the score changes.
    ends = np.append(np.flatnonzero(np.diff(score[order])), len(order) - 1)
    called = positive[order].cumsum()[ends]
    false = np.concatenate([[0.0], (ends + 1 - called) / rest])
    true = np.concatenate([[0.0], called / count])
    # Where several points share one rate, interp continues from the last, the highest: right for a vertical step.
    return np.asarray(np.interp(at, false, true), np.float64)


def fit_temperature(targets: NDArray[np.intp] | Flags, logits: Values) -> float:
    """Return the temperature (Guo et al., 2017): dividing `logits` [N, classes] by it gives the lowest cross-entropy
    with the classes `targets` [N].

    Found by golden-section search on its logarithm between 1/20 and 20.
    """
    right = np.take_along_axis(logits, targets.astype(np.intp)[:, None], axis=1)

    def loss(log_temperature: float) -> float:
        # Each class's lead over the right class: small numbers, so that nothing overflows.
        leads = (logits - right) / np.exp(log_temperature)
        return float(np.logaddexp.reduce(leads, axis=1).mean())

    return float(np.exp(_golden_section(loss, -np.log(20), np.log(20))))


def choose_thresholds(
    positive: Flags,
    probability: Values,
    sensitivity: float = 0.98,
    specificity: float = 0.95,
    chosen_on: str = "",
    patients: int | None = None,
) -> Thresholds:
    """Return the highest threshold that keeps `sensitivity` and the lowest that keeps `specificity`, with the counts of
    images in each category; `chosen_on` and `patients` describe the images.

    Where the first lies above the second (with a very good classifier), both are set half way between.
    """
    called_malignant = np.sort(probability[positive])
    missed = int(np.floor((1 - sensitivity) * len(called_malignant) + 1e-9))
    below = float(called_malignant[missed])
    called_benign = np.sort(probability[~positive])[::-1]
    false = int(np.floor((1 - specificity) * len(called_benign) + 1e-9))
    above = float(np.nextafter(called_benign[false], 1.0))
    if below > above:
        below = above = (below + above) / 2
    counts = count_categories(positive, probability, below, above, patients)
    return Thresholds(below, above, chosen_on, counts)


def count_categories(
    positive: Flags, probability: Values, below: float, above: float, patients: int | None = None
) -> CategoryCounts:
    """Count the images (of `patients` patients) in the categories that two thresholds divide."""
    low, high = probability < below, probability >= above
    return CategoryCounts(
        positives=int(positive.sum()),
        negatives=int((~positive).sum()),
        missed=int((low & positive).sum()),
        cleared=int((low & ~positive).sum()),
        caught=int((high & positive).sum()),
        false_alarms=int((high & ~positive).sum()),
        patients=patients,
    )


def _share(part: int, whole: int) -> float:
    return part / whole if whole else float("nan")


def _interval(values: list[float]) -> tuple[float, float]:
    defined = [value for value in values if not np.isnan(value)]
    if not defined:
        return float("nan"), float("nan")
    low, high = np.percentile(defined, [2.5, 97.5])
    return float(low), float(high)


def _ranks(values: Values) -> Values:
    """Return ranks from 1; ties share their mean rank."""
    order = np.argsort(values, kind="stable")
    _, inverse, counts = np.unique(values[order], return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    ranks = np.empty(len(values))
    ranks[order] = (last - (counts - 1) / 2)[inverse]
    return ranks


def _golden_section(loss: Callable[[float], float], low: float, high: float, steps: int = 60) -> float:
    ratio = (np.sqrt(5) - 1) / 2
    for _ in range(steps):
        left, right = high - ratio * (high - low), low + ratio * (high - low)
        if loss(left) < loss(right):
            high = right
        else:
            low = left
    return (low + high) / 2
