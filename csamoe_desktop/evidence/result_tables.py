"""The tables of docs/results: each model's figures beside the papers' own and the outline-only baseline."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from csamoe_desktop.evidence.metrics import auc, by_group, calibration, figures, resampled_intervals, with_intervals
from csamoe_desktop.evidence.outline_baseline import fit_baseline
from csamoe_desktop.evidence.papers import PAPERS, ROWS, PaperRow, row_of
from csamoe_desktop.evidence.records import OutlineRow, ReadImage, RunRecord
from csamoe_desktop.networks.cards import Figure, ModelCard

Values = NDArray[np.float64]
Outlines = Mapping[str, Sequence[OutlineRow]]

METRICS = ("auc", "accuracy", "sensitivity", "specificity", "precision", "f1")
_TITLES = {"auc": "AUC", "f1": "F1", "dice": "Dice", "iou": "IoU"}
# Enough for a 95 % interval to two digits; the main tables take twice as many.
RESAMPLES = 1000
# A baseline fitted to fewer outlines of either class is meaningless.
_LEAST_OUTLINES = 20
NOTHING = "–"
_POSITIVE = "malignant"


@dataclass(frozen=True, slots=True, eq=False)
class Read:
    """The AI results of a model, or of the baseline, on a set.

    Attributes:
        name: of the row in the tables.
        rows: the images.
        positive: bool [N].
        probability: [N], calibrated.
        plain: [N], from the logits before the temperature; for the baseline the same as `probability`.
        card: None for the baseline.
        seen: the model was trained on these images.
    """

    name: str
    rows: Sequence[ReadImage | OutlineRow]
    positive: NDArray[np.bool_]
    probability: Values
    plain: Values
    card: ModelCard | None = None
    seen: bool = False

    @property
    def groups(self) -> list[str]:
        """The group (patient) of each image."""
        return [row.group for row in self.rows]

    @property
    def label(self) -> str:
        """The row's name, marked where its figures are not a test."""
        return f"{self.name} †" if self.seen else self.name


def read_of(run: RunRecord, name: str, outline: str = "reader") -> Read | None:
    """Return the AI results of `run` on a set with one kind of outline, or None where they were not recorded."""
    rows = run.read(name, outline)
    if not rows:
        return None
    place = run.card.classes.index(run.card.positive)
    positive = np.array([row.label == run.card.positive for row in rows])
    return Read(
        run.name,
        rows,
        positive,
        np.array([row.probability for row in rows]),
        _softmax(np.array([row.logits for row in rows]))[:, place],
        run.card,
        run.sets[name].seen,
    )


def baselines(outlines: Outlines, data: str, images: Iterable[str], outline: str = "reader") -> list[Read]:
    """Return the outline-only baselines on `images` of the dataset `data`, one fitted on each recorded dataset.

    Each is fitted to the readers' outlines of all images, except those of the groups that are tested.
    """
    wanted = set(images)
    tested = [row for row in outlines.get(data, ()) if row.outline == outline and row.image in wanted]
    held_out = {row.group for row in outlines.get(data, ()) if row.image in wanted}
    reads = []
    for source, rows in outlines.items():
        known = [row for row in rows if row.outline == "reader" and not (source == data and row.group in held_out)]
        truth = _malignant(known)
        if not tested or min(truth.sum(), (~truth).sum()) < _LEAST_OUTLINES:
            continue
        fitted = fit_baseline(np.array([row.features for row in known]), truth)
        probability = fitted.probability(np.array([row.features for row in tested]))
        name = f"*outline only, fitted on {len(known)} of {source}*"
        reads.append(Read(name, tested, _malignant(tested), probability, probability))
    return reads


def main_table(reads: Sequence[Read], resamples: int = RESAMPLES) -> list[str]:
    """Return AUC and the figures at 0.5 with 95 % intervals, the paper's own figures under each model."""
    lines = _head("model", "images / groups", *(_TITLES.get(name, name) for name in METRICS), "AUC by group")
    for read in reads:
        measured = with_intervals(read.positive, read.probability, read.groups, resamples=2 * resamples)
        positive, probability, names = by_group(read.positive, read.probability, read.groups)
        grouped = _auc_of(positive, probability, names, resamples)
        lines.append(
            _line(
                read.label,
                f"{len(read.rows)} / {len(names)}",
                *(cell(measured[name]) for name in METRICS),
                cell(grouped),
            )
        )
        if read.card and (row := ROWS.get(row_of(read.card.builder))) and row.metrics:
            lines.append(_line(_of_paper(row), NOTHING, *(_printed(row, name) for name in METRICS), NOTHING))
    return lines


def birads_table(reads: Sequence[Read], resamples: int = RESAMPLES) -> list[str]:
    """Return a sentence with the AUC of the radiologists' BI-RADS categories where every image has one, else
    nothing."""
    figure = birads_auc(reads, resamples)
    if figure is None:
        return []
    count = next(len(read.rows) for read in reads if _categories(read))
    return [f"The radiologists' BI-RADS categories of the same {count} images: AUC {cell(figure)}."]


def birads_auc(reads: Sequence[Read], resamples: int = RESAMPLES) -> Figure | None:
    """Return the AUC of the radiologists' BI-RADS categories on the first of `reads` whose images all have one."""
    for read in reads:
        if given := _categories(read):
            ranks = {category: float(rank) for rank, category in enumerate(sorted(set(given)))}
            score = np.array([ranks[category] for category in given])
            return _auc_of(read.positive, score, read.groups, resamples)
    return None


def auc_of(read: Read, resamples: int = RESAMPLES) -> Figure:
    """Return the AUC with its interval."""
    return _auc_of(read.positive, read.probability, read.groups, resamples)


def exchange_table(reads: Mapping[str, Mapping[str, Read]], resamples: int = RESAMPLES) -> list[str]:
    """Return the AUC of each model (first key) by kind of outline (second), and the paired loss against the
    readers'."""
    kinds = ("reader", "ellipse", "hull", "proposal")
    lines = _head("model", *(f"AUC, {kind}" for kind in kinds), *(f"lost by {kind}" for kind in kinds[1:]))
    for by_kind in reads.values():
        if len(by_kind) < 2 or "reader" not in by_kind:
            continue
        cells = [
            cell(auc_of(by_kind[kind], resamples)) + _of_all(by_kind[kind], by_kind["reader"])
            if kind in by_kind
            else NOTHING
            for kind in kinds
        ]
        losses = [
            cell(lost(by_kind["reader"], by_kind[kind], resamples)) if kind in by_kind else NOTHING
            for kind in kinds[1:]
        ]
        lines.append(_line(by_kind["reader"].label, *cells, *losses))
    return lines if len(lines) > 2 else []


def threshold_table(reads: Sequence[Read], resamples: int = RESAMPLES) -> list[str]:
    """Return the figures at both thresholds of each card."""
    names = METRICS[1:]
    lines = _head("model", "called malignant from", *(_TITLES.get(name, name) for name in names))
    for read in reads:
        if read.card is None:
            continue
        both = read.card.thresholds
        for words, threshold in (("benign below", both.benign_below), ("suspicious from", both.suspicious_from)):
            measured = with_intervals(read.positive, read.probability, read.groups, threshold, resamples=resamples)
            lines.append(_line(read.label, f"{threshold:.3f} ({words})", *(cell(measured[name]) for name in names)))
    return lines


def calibration_table(reads: Sequence[Read], resamples: int = RESAMPLES) -> list[str]:
    """Return expected calibration error and Brier score before and after the card's temperature."""
    lines = _head("model", "temperature", "ECE before", "ECE after", "Brier before", "Brier after")
    for read in reads:

        def both(rows: NDArray[np.intp], read: Read = read) -> dict[str, float]:
            before = calibration(read.positive[rows], read.plain[rows])
            after = calibration(read.positive[rows], read.probability[rows])
            return {f"{name} before": before[name] for name in before} | {
                f"{name} after": after[name] for name in after
            }

        measured = resampled_intervals(both, read.groups, 42, resamples)
        after = [cell(measured["ece after"]), cell(measured["brier after"])]
        if read.card is None:
            lines.append(_line(read.label, NOTHING, NOTHING, after[0], NOTHING, after[1]))
            continue
        before = [cell(measured["ece before"]), cell(measured["brier before"])]
        lines.append(_line(read.label, f"{read.card.temperature:.3f}", before[0], after[0], before[1], after[1]))
    return lines


def subgroup_table(
    reads: Sequence[Read], part: Callable[[ReadImage], str], order: Sequence[str], resamples: int = RESAMPLES
) -> list[str]:
    """Return the AUC in each subgroup of `order`; `part` names the subgroup of an image from a model's row on it."""
    facts = {row.image: part(row) for read in reads for row in read.rows if isinstance(row, ReadImage)}
    largest = max(reads, key=lambda read: len(read.rows))
    held = {name: np.array([facts.get(row.image) == name for row in largest.rows]) for name in order}
    counts = [f"{int(rows.sum())} ({int((rows & largest.positive).sum())})" for rows in held.values()]
    lines = [*_head("model", *order), _line("images (malignant)", *counts)]
    for read in reads:
        cells = []
        for name in order:
            rows = np.flatnonzero([facts.get(row.image) == name for row in read.rows])
            groups = [read.groups[row] for row in rows]
            cells.append(
                cell(_auc_of(read.positive[rows], read.probability[rows], groups, resamples)) if len(rows) else NOTHING
            )
        lines.append(_line(read.label, *cells))
    return lines


def size_parts(rows: Sequence[ReadImage]) -> tuple[Callable[[ReadImage], str], tuple[str, ...]]:
    """Return a function that sorts images into thirds of `rows` by the share of the frame the lesion covers, and their
    names."""
    low, high = np.quantile([row.area_fraction for row in rows if row.area_fraction > 0] or [0.0], [1 / 3, 2 / 3])
    names = (f"small (to {low:.1%})", "middle", f"large (from {high:.1%})")

    def part(row: ReadImage) -> str:
        if not row.area_fraction:
            return ""
        return names[0] if row.area_fraction <= low else names[2] if row.area_fraction > high else names[1]

    return part, names


def classes_table(runs: Sequence[RunRecord], name: str, resamples: int = RESAMPLES) -> list[str]:
    """Return, for models of more than two classes, accuracy over all of them and precision / recall / F1 of each."""
    lines: list[str] = []
    for run in runs:
        rows = run.read(name)
        classes = run.card.classes
        if len(classes) < 3 or not rows:
            continue
        if not lines:
            lines = _head("model", "accuracy", *(f"{label}: precision / recall / F1" for label in classes))
        truth = np.array([classes.index(row.label) for row in rows])
        called = np.array([row.logits for row in rows]).argmax(1)
        measured = resampled_intervals(
            lambda chosen: {"accuracy": float((truth[chosen] == called[chosen]).mean())},  # noqa: B023
            [row.group for row in rows],
            42,
            resamples,
        )
        each = [figures(truth == place, (called == place).astype(np.float64)) for place in range(len(classes))]
        cells = [" / ".join(_plain(label[key]) for key in ("precision", "sensitivity", "f1")) for label in each]
        lines.append(_line(run.name, cell(measured["accuracy"]), *cells))
        if (row := ROWS.get(row_of(run.card.builder))) and row.metrics:
            malignant = " / ".join(_printed(row, key) for key in ("precision", "sensitivity", "f1"))
            theirs = [malignant if label == run.card.positive else NOTHING for label in classes]
            lines.append(_line(_of_paper(row), _printed(row, "accuracy"), *theirs))
    return lines


def localisation_table(runs: Sequence[RunRecord]) -> list[str]:
    """Return how well the proposed outlines match the readers', from the evaluations on the cards."""
    names = ("dice", "dice_median", "dice_10th_percentile", "iou", "missed")
    titles = ("Dice", "median", "10th percentile", "IoU", "missed")
    lines = _head("model", "measured on", "images / groups", *titles)
    for run in runs:
        for evaluation in run.card.evaluations:
            metrics = evaluation.metrics
            if "dice" in metrics:
                cells = [cell(metrics[name]) if name in metrics else NOTHING for name in names]
                counts = f"{evaluation.images} / {evaluation.groups}"
                lines.append(_line(run.name, evaluation.data, counts, *cells))
    return lines if len(lines) > 2 else []


def not_trained_table(runs: Sequence[RunRecord]) -> list[str]:
    """Return the rows of the papers for which no run is recorded, each with the reason."""
    recorded = {row_of(run.card.builder) for run in runs}
    lines = _head("row", "paper", "why not")
    for name, row in ROWS.items():
        if name not in recorded:
            lines.append(
                _line(f"{row.name} ({row.table})", PAPERS[row.paper].title, row.not_here or "not recorded yet")
            )
    return lines if len(lines) > 2 else []


def table(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Return a table of plain cells."""
    return [*_head(*titles), *(_line(*row) for row in rows)]


def cell(figure: Figure) -> str:
    """Return a figure with its interval, such as "0.948 (0.912–0.979)"."""
    if np.isnan(figure.value):
        return NOTHING
    return f"{figure.value:.3f} ({figure.low:.3f}–{figure.high:.3f})"


def metric_title(name: str) -> str:
    """Return how a figure is called in a table, such as "AUC" for auc."""
    return _TITLES.get(name, name.replace("_", " "))


def lost(reader: Read, other: Read, resamples: int = RESAMPLES) -> Figure:
    """Return by how much the AUC of `other` lies below that of `reader`, paired on the images that both have."""
    places = {row.image: place for place, row in enumerate(reader.rows)}
    of_other = np.array([place for place, row in enumerate(other.rows) if row.image in places])
    of_reader = np.array([places[other.rows[place].image] for place in of_other])

    def difference(rows: NDArray[np.intp]) -> dict[str, float]:
        before = auc(reader.positive[of_reader[rows]], reader.probability[of_reader[rows]])
        return {"lost": before - auc(other.positive[of_other[rows]], other.probability[of_other[rows]])}

    return resampled_intervals(difference, [other.groups[place] for place in of_other], 42, resamples)["lost"]


def _head(*titles: str) -> list[str]:
    return [_line(*titles), "|" + "|".join("---" for _ in titles) + "|"]


def _line(*cells: str) -> str:
    # A bar in a name from a user's folder would end the cell.
    return "| " + " | ".join(text.replace("|", "/") for text in cells) + " |"


def _of_paper(row: PaperRow) -> str:
    return f"↳ *paper: {row.name}, {row.table}*"


def _printed(row: PaperRow, name: str) -> str:
    if name not in row.metrics:
        return NOTHING
    spread = f" ± {row.deviations[name]:.3f}" if name in row.deviations else ""
    return f"*{row.metrics[name]:.3f}{spread}*"


def _plain(value: float) -> str:
    return NOTHING if np.isnan(value) else f"{value:.3f}"


def _auc_of(positive: NDArray[np.bool_], probability: Values, groups: list[str], resamples: int) -> Figure:
    return resampled_intervals(lambda rows: {"auc": auc(positive[rows], probability[rows])}, groups, 42, resamples)[
        "auc"
    ]


def _categories(read: Read) -> list[str]:
    """Return the BI-RADS category of each image, nothing where any image has none."""
    given = [row.birads for row in read.rows if isinstance(row, ReadImage)]
    return given if all(given) else []


def _of_all(read: Read, reader: Read) -> str:
    return f" of {len(read.rows)} images" if len(read.rows) != len(reader.rows) else ""


def _malignant(rows: Sequence[OutlineRow]) -> NDArray[np.bool_]:
    return np.array([row.label == _POSITIVE for row in rows], bool)


def _softmax(logits: Values) -> Values:
    shares = np.exp(logits - logits.max(1, keepdims=True))
    return np.asarray(shares / shares.sum(1, keepdims=True), np.float64)
