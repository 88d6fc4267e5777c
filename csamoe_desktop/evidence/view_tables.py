"""The part of docs/results.md on two views of one lesion read together: what each way of fusing them gives, and costs."""

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

# Of other datasets it is not known: BUSI's groups, for one, are near-duplicates of an image and no views of a lesion.
_PAIRED = "busbra"
_HALVES = (
    "BUS-BRA names the images of a patient who has two of them -l and -r (`side` in its labels.csv says left and right). "
    "As far as the data show, these are the left and the right half of one split screen, not the left and the right "
    "breast: {alike} In the pairs looked at, the scanner's own lettering, such as MAMA DIREITA (right breast), runs on "
    "across the cut. A pair is therefore taken for one lesion in two views. That the probe was turned between them is "
    "suggested by the third caliper some carry, and said nowhere."
)
_CHOICE = (
    "The program fuses by the {rule}. Nothing was fitted here, but this fold was looked at when one of the three rules was "
    "chosen, so for that choice it is no test. Where the views agree in category, every one of the rules gives that "
    "category too. A single view is each of them, counted by itself, its intervals drawn by patient as all others."
)
_FEWER = (
    "The fused number keeps the temperature that was fitted to single images. The expected calibration error is of half as "
    "many readings once two are fused, and tends to grow from that alone; the Brier score does not."
)
_CATEGORIES = (
    "By the card's thresholds, which were chosen for single images. Where the views differ in category: the percentage "
    "right / indeterminate / wrong. Right is *suspicious* of a malignant lesion and *likely benign* of a benign one."
)


@dataclass(frozen=True, slots=True, eq=False)
class Viewed:
    """What a network said of the lesions that a set shows in several views.

    Attributes:
        name: of the network.
        thresholds: of its card.
        views: the rows of each lesion.
        positive: bool [lesions].
        single: [lesions], the probability of each view.
        fused: by the rule's name, [lesions].
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
        """Return the category of a probability by the network's thresholds."""
        return categorise(probability, self.thresholds)


def section(data: str, name: str, reads: Sequence[Read], resamples: int = RESAMPLES) -> list[str]:
    """Return the section on the set `name` of the dataset `data`; nothing where it is not known to show views."""
    if data != _PAIRED:
        return []
    seen = [one for read in reads if (one := viewed(read)) is not None]
    if not seen:
        return []
    first = max(seen, key=lambda one: len(one.views))
    malignant = int(first.positive.sum())
    lines = [
        "## Two views read together",
        "",
        f"{name}: {len(first.views)} patients with two images or more of one label, {malignant} of them malignant.",
        "",
        _HALVES.format(alike=_alike(first)),
        "",
        _CHOICE.format(rule=IN_USE),
        "",
        *auc_table(seen, resamples),
        "",
        f"What another rule changes against the {IN_USE}, paired by patient:",
        "",
        *_against(seen, resamples),
        "",
        "### Two views, calibration",
        "",
        _FEWER,
        "",
        *calibration_table(seen, resamples),
        "",
        "### Two views, where they differ",
        "",
        _CATEGORIES,
        "",
        *disagreement_table(seen, resamples),
    ]
    return lines


def viewed(read: Read) -> Viewed | None:
    """Return what a network said of the lesions it has two images or more of: images of one group and label."""
    lesions: dict[tuple[str, str], list[ReadImage]] = {}
    for row in read.rows:
        if isinstance(row, ReadImage):
            lesions.setdefault((row.group, row.label), []).append(row)
    views = tuple(tuple(rows) for rows in lesions.values() if len(rows) > 1)
    if read.card is None or not views:
        return None
    positive = np.array([rows[0].label == read.card.positive for rows in views], bool)
    single = tuple(np.array([row.probability for row in rows]) for rows in views)
    fused = {name: np.array([rule(one.tolist()) for one in single]) for name, rule in RULES.items()}
    return Viewed(read.label, read.card.thresholds, views, positive, single, fused)


def auc_table(seen: Sequence[Viewed], resamples: int = RESAMPLES) -> list[str]:
    """Return the AUC of single views and of each rule, its interval drawn by patient."""
    rows = []
    for one in seen:
        found = _measured(one, lambda positive, said: {"": auc(positive, said)}, resamples)
        rows.append((one.name, *(cell(found[how]) for how in (SINGLE, *RULES))))
    return table(("network", *(f"AUC, {how}" for how in (SINGLE, *RULES))), rows)


def calibration_table(seen: Sequence[Viewed], resamples: int = RESAMPLES) -> list[str]:
    """Return Brier score and expected calibration error of single views and of each rule."""
    titles = [f"{title}, {how}" for title in ("Brier", "ECE") for how in (SINGLE, *RULES)]
    rows = []
    for one in seen:
        found = _measured(one, calibration, resamples)
        rows.append((one.name, *(cell(found[how + key]) for key in ("brier", "ece") for how in (SINGLE, *RULES))))
    return table(("network", *titles), rows)


def disagreement_table(seen: Sequence[Viewed], resamples: int = RESAMPLES) -> list[str]:
    """Return how often the views differ in category, and what is right then: a single view, or each rule's."""
    rows = []
    for one in seen:
        called = [{one.called(said) for said in views} for views in one.single]
        differ = np.array([len(categories) > 1 for categories in called])
        opposite = sum({Category.LIKELY_BENIGN, Category.SUSPICIOUS} <= categories for categories in called)
        share = resampled_intervals(
            lambda chosen: {"": float(differ[chosen].mean())},  # noqa: B023
            one.groups,
            42,
            resamples,
        )[""]
        places = np.flatnonzero(differ)
        alone = [(one.positive[place], said) for place in places for said in one.single[place]]
        told = [_right(one, alone)]
        told += [_right(one, [(one.positive[place], fused[place]) for place in places]) for fused in one.fused.values()]
        rows.append((one.name, f"{differ.sum()} of {len(differ)}", cell(share), str(opposite), *told))
    titles = ("network", "lesions", "share", "likely benign beside suspicious", SINGLE, *RULES)
    return table(titles, rows)


def _against(seen: Sequence[Viewed], resamples: int) -> list[str]:
    """Return the paired differences of the other rules from the one in use, in a table and counted in a sentence."""
    titles = [f"{title}, {rule}" for title in ("AUC", "Brier") for rule in _OTHERS]
    rows, better, worse = [], dict.fromkeys(titles, 0), dict.fromkeys(titles, 0)
    for one in seen:
        used = one.fused[IN_USE]

        def changes(chosen: NDArray[np.intp], one: Viewed = one, used: Values = used) -> dict[str, float]:
            positive = one.positive[chosen]
            found = {}
            for rule in _OTHERS:
                other = one.fused[rule][chosen]
                found[f"AUC, {rule}"] = auc(positive, other) - auc(positive, used[chosen])
                found[f"Brier, {rule}"] = _brier(positive, other) - _brier(positive, used[chosen])
            return found

        found = resampled_intervals(changes, one.groups, 42, resamples)
        rows.append((one.name, *(_change(found[title]) for title in titles)))
        for title in titles:
            # A higher AUC is better, a higher Brier score worse; an interval that holds 0 is neither.
            low, high = (found[title].low, found[title].high) if title.startswith("AUC") else _turned(found[title])
            better[title] += low > 0
            worse[title] += high < 0
    told = [f"{title}, better in {better[title]} and worse in {worse[title]}" for title in titles]
    counted = f"Of {len(seen)} networks, by intervals that leave out 0: {'; '.join(told)}."
    return [*table(("network", *titles), rows), "", counted]


def _measured(one: Viewed, measure: Callable[[Flags, Values], dict[str, float]], resamples: int) -> dict[str, Figure]:
    """Return what `measure` says of the single views and of each rule, its key behind the rule's name."""
    counts = np.array([len(views) for views in one.single])
    # A patient's views stand together, so that a resample takes them or leaves them as one.
    ends = counts.cumsum()
    flat = np.concatenate(one.single)

    def all_of(chosen: NDArray[np.intp]) -> dict[str, float]:
        rows = np.concatenate([np.arange(ends[place] - counts[place], ends[place]) for place in chosen])
        positive = one.positive[chosen]
        found = {SINGLE + key: value for key, value in measure(np.repeat(positive, counts[chosen]), flat[rows]).items()}
        for rule, fused in one.fused.items():
            found |= {rule + key: value for key, value in measure(positive, fused[chosen]).items()}
        return found

    return resampled_intervals(all_of, one.groups, 42, resamples)


def _right(one: Viewed, told: Sequence[tuple[bool, float]]) -> str:
    """Return the percentages right / indeterminate / wrong of truths and probabilities."""
    if not told:
        return NOTHING
    called = [(truth, one.called(said)) for truth, said in told]
    right = sum(category is (Category.SUSPICIOUS if truth else Category.LIKELY_BENIGN) for truth, category in called)
    between = sum(category is Category.INDETERMINATE for _, category in called)
    return " / ".join(f"{100 * part / len(told):.0f}" for part in (right, between, len(told) - right - between))


def _alike(one: Viewed) -> str:
    """Return in a sentence what the images of a pair have in common, as the record tells it."""
    pairs = [rows[:2] for rows in one.views]
    sizes = [[[int(side) for side in row.size.split("x")] for row in rows] for rows in pairs]
    high = sum(first[0] == second[0] for first, second in sizes)
    wide = [abs(first[1] - second[1]) / max(first[1], second[1]) for first, second in sizes]
    same = sum(rows[0].device == rows[1].device for rows in pairs)
    graded = sum(rows[0].birads == rows[1].birads for rows in pairs)
    areas = np.array([[row.area_fraction for row in rows] for rows in pairs])
    ratio = np.median(areas.max(1) / np.maximum(areas.min(1), 1e-9))
    return (
        f"of {len(pairs)} pairs {same} come from one scanner, {graded} have one BI-RADS category and {high} one height "
        f"(their widths are {100 * float(np.median(wide)):.1f} % apart in the median), and the lesion's larger outline "
        f"has {ratio:.2f} times the area of its smaller one in the median."
    )


def _change(figure: Figure) -> str:
    """Return a difference with its interval, such as "-0.010 (-0.017 to -0.001)"; a dash between would be a minus."""
    if np.isnan(figure.value):
        return NOTHING
    value, low, high = (f"{round(one, 3) + 0.0:+.3f}" for one in (figure.value, figure.low, figure.high))
    return f"{value} ({low} to {high})"


def _brier(positive: Flags, said: Values) -> float:
    return float(((said - positive) ** 2).mean())


def _turned(figure: Figure) -> tuple[float, float]:
    return -figure.high, -figure.low
