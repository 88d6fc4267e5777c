"""docs/results/README.md: the main findings and one table, then how to read the other pages."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from csamoe_desktop.datasets.protocols import PROTOCOLS
from csamoe_desktop.evidence import result_tables as tables
from csamoe_desktop.evidence.metrics import auc
from csamoe_desktop.evidence.model_pages import MODELS
from csamoe_desktop.evidence.papers import PAPERS
from csamoe_desktop.evidence.records import RunRecord, SetRecord
from csamoe_desktop.evidence.result_tables import NOTHING, Outlines, Read, cell
from csamoe_desktop.evidence.set_pages import protocol_of
from csamoe_desktop.evidence.view_tables import IN_USE, viewed
from csamoe_desktop.inference.bundle import DEFAULT, OUTLINER
from csamoe_desktop.networks.cards import POOR_BELOW, ModelCard

_TABLES = """\
A cell gives a figure and, in brackets, its 95 % interval: the 2.5th and 97.5th percentiles of {many:,} bootstrap
resamples ({few:,} in the smaller tables). Groups are resampled, not images; a group is a patient where the data names
patients. Accuracy, sensitivity, specificity, precision and F1 are at a calibrated probability of 0.5 unless a table
says otherwise.

A model marked † was trained on images of the set: its figures there are not a test.

Rows named *outline only* see no image. They are a logistic regression on six numbers of the outline (circularity,
solidity, convexity, height / width, relative area, log area), fitted to the readers' outlines of patients who are not
in the test. Readers draw malignant lesions with a rougher line, so a model that is not clearly better may be judging
the line and not the tissue.
"""

_PAPERS = (
    "The papers' own figures stand in italics under each model. They were measured on other data and cannot be "
    "compared with ours:"
)


@dataclass(frozen=True, slots=True, eq=False)
class _Set:
    """What was measured on a set: by the model's name, then by kind of outline; and the outline-only rows."""

    name: str
    models: Mapping[str, Mapping[str, Read]]
    outline_only: Sequence[Read]


def summary_page(
    runs: Sequence[RunRecord],
    sets: Mapping[str, SetRecord],
    outlines: Outlines,
    cards: Sequence[ModelCard],
    pages: Mapping[str, str],
    resamples: int,
) -> list[str]:
    """Return the lines of the first page.

    Args:
        runs: all runs.
        sets: their sets, by name.
        outlines: the recorded outlines, by dataset.
        cards: of the installed models.
        pages: the titles of the other pages, by file name.
        resamples: of the bootstrap.
    """
    measured = [_measured(name, record, runs, outlines) for name, record in sets.items()]
    measured = [part for part in measured if part.models]
    recorded = {run.card.sha256 for run in runs}
    shipped = [card for card in cards if card.sha256 in recorded]
    lines = ["# Results"]
    if findings := _findings(measured, runs, shipped, resamples):
        lines += ["", "## Main findings", "", *(f"- {finding}" for finding in findings)]
    if measured:
        lines += ["", "## The models side by side", "", *_comparison(measured, runs, shipped, resamples)]
    lines += ["", "## Pages", "", *(f"- [{title}]({file})" for file, title in pages.items())]
    if cards:
        linked = ", ".join(f"[{card.name}](../{MODELS}/{card.name}.md)" for card in cards)
        lines += [f"- One page for each model in the program: {linked}"]
    text = _TABLES.format(many=2 * resamples, few=resamples)
    lines += ["", "## How to read the tables", "", *text.rstrip().splitlines()]
    lines += ["", "## The papers' own figures", "", _PAPERS, ""]
    return [*lines, *(f"- {paper.title}: {paper.data}" for paper in PAPERS.values())]


def _measured(name: str, record: SetRecord, runs: Sequence[RunRecord], outlines: Outlines) -> _Set:
    models: dict[str, dict[str, Read]] = {}
    for run in runs:
        for kind in ("reader", "ellipse"):
            if (read := tables.read_of(run, name, kind)) is not None:
                models.setdefault(run.name, {})[kind] = read
    models = {model: kinds for model, kinds in models.items() if "reader" in kinds}
    if not models:
        return _Set(name, {}, ())
    largest = max((kinds["reader"] for kinds in models.values()), key=lambda read: len(read.rows))
    return _Set(name, models, tables.baselines(outlines, record.data, [row.image for row in largest.rows]))


def _findings(
    measured: Sequence[_Set], runs: Sequence[RunRecord], shipped: Sequence[ModelCard], resamples: int
) -> list[str]:
    """Return the main findings, one paragraph each; only those that the records hold."""
    findings = [_on_default(part, resamples) for part in measured]
    findings.append(_on_outlines(measured, resamples))
    findings.append(_on_ellipses(measured))
    findings.append(_on_outside(shipped))
    findings.append(_on_poor(shipped))
    findings.append(_on_views(measured, resamples))
    findings += [_on_proposals(card) for card in shipped if card.name == OUTLINER]
    return [finding for finding in findings if finding]


def _on_default(part: _Set, resamples: int) -> str:
    read = part.models.get(DEFAULT, {}).get("reader")
    if read is None or read.seen:
        return ""
    protocol = protocol_of(read.card) if read.card else ""
    groups = PROTOCOLS[protocol].groups if protocol in PROTOCOLS else "groups"
    sentence = (
        f"The default model, `{DEFAULT}`, reaches an AUC of {cell(tables.auc_of(read, 2 * resamples))} on "
        f"{len(read.rows)} images of {len(set(read.groups))} {groups} kept out of its training ({part.name})."
    )
    if birads := tables.birads_auc([read], resamples):
        sentence += f" The radiologists' BI-RADS categories of the same images reach {cell(birads)}."
    return sentence


def _on_outlines(measured: Sequence[_Set], resamples: int) -> str:
    """Return how the models compare with the outline alone, on the set that most models were measured on."""
    known = [part for part in measured if part.outline_only]
    if not known:
        return ""
    part = max(known, key=lambda part: len(part.models))
    baseline = part.outline_only[0]
    gains = [
        tables.lost(kinds["reader"], baseline, resamples) for kinds in part.models.values() if not kinds["reader"].seen
    ]
    better, worse = sum(gain.low > 0 for gain in gains), sum(gain.high < 0 for gain in gains)
    return (
        f"The outline alone, without the image, reaches {cell(tables.auc_of(baseline, 2 * resamples))} on {part.name}. "
        f"Of {len(gains)} models measured there {_count(better, 'is', 'are')} clearly better and "
        f"{_count(worse, 'is', 'are')} clearly worse (the 95 % interval of the paired difference in AUC leaves out 0). "
        "A model that is given the reader's outline and is not clearly better may be judging the line and not the "
        "tissue."
    )


def _on_ellipses(measured: Sequence[_Set]) -> str:
    changes = [
        f"`{model}` on {part.name} from {_area(kinds['reader']):.3f} to {_area(kinds['ellipse']):.3f}"
        for part in measured
        for model, kinds in part.models.items()
        if "ellipse" in kinds
    ]
    if not changes:
        return ""
    return f"With plain ellipses in place of the readers' outlines the AUC changes: {'; '.join(changes)}."


def _on_outside(shipped: Sequence[ModelCard]) -> str:
    rates = []
    for card in shipped:
        for outside in card.thresholds.outside:
            rate = f"`{card.name}` {outside.counts.missed} of {outside.counts.positives} in {outside.hospital}"
            if (counts := card.thresholds.counts) is not None:
                rate += f" ({counts.missed} of {counts.positives} on its own validation images)"
            rates.append(rate)
    if not rates:
        return ""
    return (
        "In a hospital that the models were not trained on, malignant images that a model called likely benign: "
        f"{'; '.join(rates)}."
    )


def _on_poor(shipped: Sequence[ModelCard]) -> str:
    poor = [f"`{card.name}`" for card in shipped if card.reads_poorly]
    if not poor:
        return ""
    return (
        f"Do not rely on {' or '.join(poor)}: the lower end of the interval of the AUC on held-out images is below "
        f"{POOR_BELOW}."
    )


def _on_views(measured: Sequence[_Set], resamples: int) -> str:
    for part in measured:
        read = part.models.get(DEFAULT, {}).get("reader")
        lesions = viewed(read) if read is not None and not read.seen else None
        if lesions is not None:
            single = np.concatenate(lesions.single)
            twice = np.repeat(lesions.positive, [len(views) for views in lesions.single])
            return (
                f"Combining two views of one lesion by the {IN_USE} changes the AUC of `{DEFAULT}` on "
                f"{len(lesions.views)} lesions ({part.name}) from {auc(twice, single):.3f} to "
                f"{auc(lesions.positive, lesions.fused[IN_USE]):.3f}."
            )
    return ""


def _on_proposals(card: ModelCard) -> str:
    tests = [
        f"Dice {cell(evaluation.metrics['dice'])}, {100 * evaluation.metrics['missed'].value:.1f} % of the lesions "
        f"missed ({evaluation.data.removeprefix('test: ')})"
        for evaluation in card.evaluations
        if evaluation.data.startswith("test") and {"dice", "missed"} <= set(evaluation.metrics)
    ]
    return f"Outlines proposed by `{card.name}`: {'; '.join(tests)}." if tests else ""


def _comparison(
    measured: Sequence[_Set], runs: Sequence[RunRecord], shipped: Sequence[ModelCard], resamples: int
) -> list[str]:
    """Return a table of the installed models (of all, where none is installed): their AUC on each set."""
    names = {run.name for run in runs if run.card.sha256 in {card.sha256 for card in shipped}}
    names = names & {model for part in measured for model in part.models} or {run.name for run in runs}
    columns = [
        (part, kind)
        for part in measured
        for kind in ("reader", "ellipse")
        if any(kind in kinds for model, kinds in part.models.items() if model in names)
    ]
    hospitals = sorted(
        {outside.hospital for run in runs for outside in run.card.thresholds.outside if run.name in names}
    )
    rows = []
    for run in runs:
        if run.name in names:
            reads = [part.models.get(run.name, {}).get(kind) for part, kind in columns]
            missed = {outside.hospital: outside.counts for outside in run.card.thresholds.outside}
            cells = [
                f"{missed[hospital].missed} of {missed[hospital].positives}" if hospital in missed else NOTHING
                for hospital in hospitals
            ]
            if any(reads):
                rows.append((run.name, *(_auc_cell(read, resamples) for read in reads), *cells))
    baselines = [part.outline_only[0] if kind == "reader" and part.outline_only else None for part, kind in columns]
    empty = [NOTHING] * len(hospitals)
    if any(baselines):
        rows.append(("*outline only*", *(_auc_cell(read, resamples) for read in baselines), *empty))
    graded = [
        tables.birads_auc([kinds["reader"] for kinds in part.models.values()], resamples) if kind == "reader" else None
        for part, kind in columns
    ]
    if any(graded):
        rows.append(("*radiologists' BI-RADS*", *(cell(figure) if figure else NOTHING for figure in graded), *empty))
    titles = [f"AUC, {part.name}" + (", ellipses" if kind == "ellipse" else "") for part, kind in columns]
    titles += [f"malignant images called likely benign, {hospital}" for hospital in hospitals]
    return tables.table(("model", *titles), rows)


def _auc_cell(read: Read | None, resamples: int) -> str:
    if read is None:
        return NOTHING
    return cell(tables.auc_of(read, 2 * resamples)) + (" †" if read.seen else "")


def _area(read: Read) -> float:
    return auc(read.positive, read.probability)


def _count(number: int, single: str, several: str) -> str:
    return f"{number or 'none'} {single if number == 1 else several}"
