"""The part of a results page on two views of one lesion: what each rule of combining their AI results gives."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import fmean

import numpy as np
from numpy.typing import NDArray

from csamoe_desktop.assess import Category, categorise
from csamoe_desktop.evidence.metrics import Flags, Values, auc, calibration, resampled_intervals
from csamoe_desktop.evidence.records import ReadImage
from csamoe_desktop.evidence.result_tables import NOTHING, RESAMPLES, Read, cell, table
from csamoe_desktop.networks.cards import Figure, Thresholds
from csamoe_desktop.read_views import fuse

SINGLE = "a single view"
IN_USE = "mean of log odds"
RULES: dict[str, Callable[[Sequence[float]], float]] = {
    IN_USE: fuse,
    "mean of probabilities": fmean,
    "maximum": max,
}
_OTHERS = tuple(name for name in RULES if name != IN_USE)

# Only of BUS-BRA is it known that a group's images show one lesion: BUSI's groups, for one, are near-duplicates.
_PAIRED = "busbra"
_HALVES = (
    "BUS-BRA marks the two images of a patient with -l and -r (`side` in its labels.csv says left and right). As far "
    "as the data show, these are the left and the right half of one split screen, not the left and the right breast: "
    "see the counts below each set. In the pairs inspected, the scanner's own lettering, such as MAMA DIREITA (right "
    "breast), runs across the cut. A pair is therefore taken for one lesion in two views. A third caliper in some "
    "pairs suggests that the probe was rotated between the views; the data do not state it."
)
_CHOICE = (
    "The program combines views by the {rule}. Nothing was fitted here, but these pairs were looked at when this rule was "
    "chosen from the three, so for that choice it is not a test. Where the views agree in category, every rule gives "
    "that category. *A single view* counts each view by itself; its intervals are drawn by patient like all others."
)
_FEWER = (
    "The combined probability keeps the temperature that was fitted to single images. The expected calibration error "
    "(ECE) is then taken over half as many AI results and tends to grow from that alone; the Brier score does not."
)
_CATEGORIES = (
    "Categories by the card's thresholds, which were chosen for single images. For the lesions whose views differ in "
    "category: percentages right / indeterminate / wrong. Right is *suspicious* for a malignant lesion and *likely "
    "benign* for a benign one."
)


@dataclass(frozen=True, slots=True, eq=False)
class Viewed:
    """A model's AI results for the lesions that a set shows in several views.

    Attributes:
        name: of the model.
        thresholds: of its card.
        views: the rows of each lesion.
        positive: bool [lesions].
        single: [lesions], the probability of each view.
        fused: by the rule's name, the combined probability, [lesions].
    """

    name: str
    thresholds: Thresholds
    views: tuple[tuple[ReadImage, ...], ...]
    positive: Flags
    single: tuple[Values, ...]
    fused: dict[str, Values]

    @property
    def groups(self) -> list[str]:
        """The group (patient) of each lesion."""
        return [rows[0].group for rows in self.views]

    def called(self, probability: float) -> Category:
        """Return the category of a probability by the model's thresholds."""
        return categorise(probability, self.thresholds)


def introduction() -> list[str]:
    """Return the lines above the sections of the sets."""
    return ["## Two views of one lesion", "", _HALVES, "", _CHOICE.format(rule=IN_USE)]


def section(data: str, name: str, reads: Sequence[Read], resamples: int = RESAMPLES) -> list[str]:
    """Return the section on the set `name` of the dataset `data`; nothing where it is not known to show views."""
    if data != _PAIRED:
        return []
    models = [model for read in reads if (model := viewed(read)) is not None]
    if not models:
        return []
    first = max(models, key=lambda model: len(model.views))
    malignant = int(first.positive.sum())
    return [
        f"### Two views, {name}",
        "",
        f"{name}: {len(first.views)} patients with two images or more of one label, {malignant} of them malignant.",
        "",
        _alike(first),
        "",
        *auc_table(models, resamples),
        "",
        f"Change from the {IN_USE} to another rule, paired by patient:",
        "",
        *_against(models, resamples),
        "",
        f"### Two views, {name}, calibration",
        "",
        _FEWER,
        "",
        *calibration_table(models, resamples),
        "",
        f"### Two views, {name}, where they differ",
        "",
        _CATEGORIES,
        "",
        *disagreement_table(models, resamples),
    ]


def viewed(read: Read) -> Viewed | None:
    """Return a model's AI results for the lesions shown on two images or more: images of one group and label."""
    lesions: dict[tuple[str, str], list[ReadImage]] = {}
    for row in read.rows:
        if isinstance(row, ReadImage):
            lesions.setdefault((row.group, row.label), []).append(row)
    views = tuple(tuple(rows) for rows in lesions.values() if len(rows) > 1)
    if read.card is None or not views:
        return None
    positive = np.array([rows[0].label == read.card.positive for rows in views], bool)
    single = tuple(np.array([row.probability for row in rows]) for rows in views)
    fused = {name: np.array([rule(values.tolist()) for values in single]) for name, rule in RULES.items()}
    return Viewed(read.label, read.card.thresholds, views, positive, single, fused)


def auc_table(models: Sequence[Viewed], resamples: int = RESAMPLES) -> list[str]:
    """Return the AUC of single views and of each rule, its interval drawn by patient."""
    rows = []
    for model in models:
        figures = _measured(model, lambda positive, probability: {"": auc(positive, probability)}, resamples)
        rows.append((model.name, *(cell(figures[rule]) for rule in (SINGLE, *RULES))))
    return table(("model", *(f"AUC, {rule}" for rule in (SINGLE, *RULES))), rows)


def calibration_table(models: Sequence[Viewed], resamples: int = RESAMPLES) -> list[str]:
    """Return Brier score and expected calibration error of single views and of each rule."""
    titles = [f"{title}, {rule}" for title in ("Brier", "ECE") for rule in (SINGLE, *RULES)]
    rows = []
    for model in models:
        figures = _measured(model, calibration, resamples)
        rows.append((model.name, *(cell(figures[rule + key]) for key in ("brier", "ece") for rule in (SINGLE, *RULES))))
    return table(("model", *titles), rows)


def disagreement_table(models: Sequence[Viewed], resamples: int = RESAMPLES) -> list[str]:
    """Return how often the views differ in category, and then how often a single view and each rule are right."""
    rows = []
    for model in models:
        called = [{model.called(probability) for probability in views} for views in model.single]
        differ = np.array([len(categories) > 1 for categories in called])
        opposite = sum({Category.LIKELY_BENIGN, Category.SUSPICIOUS} <= categories for categories in called)
        share = resampled_intervals(
            lambda chosen: {"": float(differ[chosen].mean())},  # noqa: B023
            model.groups,
            42,
            resamples,
        )[""]
        places = np.flatnonzero(differ)
        alone = [(model.positive[place], probability) for place in places for probability in model.single[place]]
        cells = [_right(model, alone)]
        cells += [
            _right(model, [(model.positive[place], fused[place]) for place in places]) for fused in model.fused.values()
        ]
        rows.append((model.name, f"{differ.sum()} of {len(differ)}", cell(share), str(opposite), *cells))
    titles = ("model", "lesions", "share", "likely benign beside suspicious", SINGLE, *RULES)
    return table(titles, rows)


def _against(models: Sequence[Viewed], resamples: int) -> list[str]:
    """Return the paired differences of the other rules from the one in use, as a table and counted in a sentence."""
    titles = [f"{title}, {rule}" for title in ("AUC", "Brier") for rule in _OTHERS]
    rows, better, worse = [], dict.fromkeys(titles, 0), dict.fromkeys(titles, 0)
    for model in models:
        used = model.fused[IN_USE]

        def changes(chosen: NDArray[np.intp], model: Viewed = model, used: Values = used) -> dict[str, float]:
            positive = model.positive[chosen]
            differences = {}
            for rule in _OTHERS:
                other = model.fused[rule][chosen]
                differences[f"AUC, {rule}"] = auc(positive, other) - auc(positive, used[chosen])
                differences[f"Brier, {rule}"] = _brier(positive, other) - _brier(positive, used[chosen])
            return differences

        figures = resampled_intervals(changes, model.groups, 42, resamples)
        rows.append((model.name, *(_change(figures[title]) for title in titles)))
        for title in titles:
            # A higher AUC is better, a higher Brier score worse; an interval that holds 0 is neither.
            figure = figures[title]
            low, high = (figure.low, figure.high) if title.startswith("AUC") else (-figure.high, -figure.low)
            better[title] += low > 0
            worse[title] += high < 0
    counts = [f"{title}, better in {better[title]} and worse in {worse[title]}" for title in titles]
    counted = f"Of {len(models)} models, counting intervals that leave out 0: {'; '.join(counts)}."
    return [*table(("model", *titles), rows), "", counted]


def _measured(model: Viewed, measure: Callable[[Flags, Values], dict[str, float]], resamples: int) -> dict[str, Figure]:
    """Return `measure` of the single views and of each rule; keys are the rule's name followed by `measure`'s key."""
    counts = np.array([len(views) for views in model.single])
    # A patient's views stand together, so that a resample takes or leaves all of them.
    ends = counts.cumsum()
    flat = np.concatenate(model.single)

    def all_of(chosen: NDArray[np.intp]) -> dict[str, float]:
        rows = np.concatenate([np.arange(ends[place] - counts[place], ends[place]) for place in chosen])
        positive = model.positive[chosen]
        of_single = measure(np.repeat(positive, counts[chosen]), flat[rows])
        values = {SINGLE + key: value for key, value in of_single.items()}
        for rule, fused in model.fused.items():
            values |= {rule + key: value for key, value in measure(positive, fused[chosen]).items()}
        return values

    return resampled_intervals(all_of, model.groups, 42, resamples)


def _right(model: Viewed, results: Sequence[tuple[bool, float]]) -> str:
    """Return the percentages right / indeterminate / wrong of truths and probabilities."""
    if not results:
        return NOTHING
    called = [(truth, model.called(probability)) for truth, probability in results]
    right = sum(category is (Category.SUSPICIOUS if truth else Category.LIKELY_BENIGN) for truth, category in called)
    between = sum(category is Category.INDETERMINATE for _, category in called)
    parts = (right, between, len(results) - right - between)
    return " / ".join(f"{100 * part / len(results):.0f}" for part in parts)


def _alike(model: Viewed) -> str:
    """Return in a sentence what the images of a pair have in common, by the record."""
    pairs = [rows[:2] for rows in model.views]
    sizes = [[[int(side) for side in row.size.split("x")] for row in rows] for rows in pairs]
    high = sum(first[0] == second[0] for first, second in sizes)
    wide = [abs(first[1] - second[1]) / max(first[1], second[1]) for first, second in sizes]
    same = sum(rows[0].device == rows[1].device for rows in pairs)
    graded = sum(rows[0].birads == rows[1].birads for rows in pairs)
    areas = np.array([[row.area_fraction for row in rows] for rows in pairs])
    ratio = np.median(areas.max(1) / np.maximum(areas.min(1), 1e-9))
    return (
        f"Of {len(pairs)} pairs {same} come from one scanner, {graded} have one BI-RADS category and {high} one height "
        f"(their widths are {100 * float(np.median(wide)):.1f} % apart in the median), and the lesion's larger outline "
        f"has {ratio:.2f} times the area of its smaller one in the median."
    )


def _change(figure: Figure) -> str:
    """Return a difference with its interval, such as "-0.010 (-0.017 to -0.001)"; a dash would look like a minus."""
    if np.isnan(figure.value):
        return NOTHING
    value, low, high = (f"{round(number, 3) + 0.0:+.3f}" for number in (figure.value, figure.low, figure.high))
    return f"{value} ({low} to {high})"


def _brier(positive: Flags, probability: Values) -> float:
    return float(((probability - positive) ** 2).mean())
