"""docs/results.md and its figures, written from the run records alone: no figure is typed by hand."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from csamoe_desktop.datasets.protocols import PROTOCOLS
from csamoe_desktop.errors import UserError
from csamoe_desktop.evidence import result_figures as draw
from csamoe_desktop.evidence import result_tables as tables
from csamoe_desktop.evidence import view_tables
from csamoe_desktop.evidence.papers import PAPERS
from csamoe_desktop.evidence.records import KINDS, ReadImage, RunRecord, SetRecord, read_outlines, read_runs
from csamoe_desktop.evidence.result_tables import Outlines, Read
from csamoe_desktop.files import write_whole
from csamoe_desktop.inference.bundle import bundles
from csamoe_desktop.networks.cards import ModelCard

DOCUMENT, FIGURES = "results.md", "results"
_DRAWN = ("curves-*.svg", "roc-*.svg", "reliability-*.svg", "tsne-*.png")

_HEADING = "# Results\n\nWritten by `csamoe-desktop results`"

_ABOUT = """\
# Results

Written by `csamoe-desktop results` from the run records in docs/runs; change those, not this page.

A cell is a figure with its 95 % interval in brackets: 2.5th and 97.5th percentile over {many:,} bootstrap resamples ({few:,}
in the smaller tables) of groups, which are patients where the data names them. Accuracy and the rest are at a calibrated
probability of 0.5 unless said otherwise. A network marked † was trained on images of the set: its figures there are no
test. In every table the rows *outline only* see no image: a logistic regression on six numbers of the outline
(circularity, solidity, convexity, height / width, relative area, log area), fitted on the readers' outlines of patients
who are not in the test. A network that is not clearly better may be reading the pen.

The papers' own figures stand under each network, and cannot be compared with ours without this:
"""

_EXCHANGED = (
    "The same networks with the readers' outlines replaced by their ellipse (same centre, moments and area), their convex "
    "hull, and the program's own surest proposal, whatever it lies on. What is lost is paired, on the images that have "
    "both outlines."
)


def write_results(
    folder: Path, out: Path, told: Callable[[str], object] = lambda sentence: None, resamples: int = tables.RESAMPLES
) -> Path:
    """Write results.md and results/ into `out` from the records in `folder`, and return the page's path.

    `told` hears, one sentence each, what is being done.

    Raises:
        UserError: there are no records, one is damaged, two runs mean different images by one set's name, or matplotlib
            or scikit-learn is missing.
    """
    runs, outlines = read_runs(folder), read_outlines(folder)
    sets = _sets(runs)
    for name in ("matplotlib", "sklearn", "threadpoolctl"):
        draw.needed(name)
    figures = out / FIGURES
    for old in [file for pattern in _DRAWN for file in figures.glob(pattern)]:
        old.unlink()
    lines = _ABOUT.format(many=2 * resamples, few=resamples).splitlines()
    lines += ["", *(f"- {paper.title}: {paper.data}" for paper in PAPERS.values())]
    for name, one in sets.items():
        told(f"{name}: tables and figures")
        lines += ["", *_set(name, one, runs, outlines, figures, resamples)]
    for name, one in sets.items():
        reads = [read for run in runs if (read := tables.read_of(run, name)) is not None]
        if views := view_tables.section(one.data, name, reads, resamples):
            lines += ["", *views]
    if localised := tables.localisation_table(runs):
        lines += ["", "## Outlines found", ""]
        lines += ["Dice and IoU with the readers' outlines, as the networks' cards have them.", "", *localised]
    lines += ["", "## Runs", "", *_runs(runs)]
    if missing := tables.not_trained_table(runs):
        lines += ["", "## What was not trained", "", *missing]
    told("curves over epochs")
    lines += ["", "## Over epochs", "", "Training solid, validation dashed."]
    for run in runs:
        file = figures / f"curves-{run.name}.svg"
        if draw.draw_curves(file, run.name, run.curves):
            lines += ["", _picture(file, f"curves of {run.name}")]
    page = out / DOCUMENT
    write_whole(page, lambda path: path.write_text("\n".join(lines) + "\n", encoding="utf-8"))
    return page


def is_results(file: Path) -> bool:
    """Return whether a file is a page that `write_results` has written."""
    with suppress(OSError, UnicodeError), file.open(encoding="utf-8") as opened:
        return bool(opened.read(len(_HEADING)) == _HEADING)
    return False


def protocol_of(card: ModelCard) -> str:
    """Return by which of PROTOCOLS a network's data was split, or "other": told by the first words on its card."""
    start = _start(card.training.split)
    return next((name for name, protocol in PROTOCOLS.items() if _start(protocol.words) == start), "other")


def _start(words: str) -> list[str]:
    return [word.strip(",:") for word in words.split()[:2]]


def _sets(runs: Sequence[RunRecord]) -> dict[str, SetRecord]:
    """Return every set that any run read, by name.

    Raises:
        UserError: two runs mean different images by one name.
    """
    found: dict[str, tuple[SetRecord, str]] = {}
    for run in runs:
        for name, one in run.sets.items():
            before, by = found.setdefault(name, (one, run.name))
            if before.words() != one.words():
                raise UserError(
                    f"The set {name} is {before.words()} in {by}, but {one.words()} in {run.name}.",
                    "Record one of them again under another name.",
                )
    return {name: found[name][0] for name in sorted(found)}


def _set(
    name: str, one: SetRecord, runs: Sequence[RunRecord], outlines: Outlines, figures: Path, resamples: int
) -> list[str]:
    """Return the part of the page that is about one set."""
    by_kind = {run.name: _kinds(run, name) for run in runs if run.read(name)}
    reads = [kinds["reader"] for kinds in by_kind.values()]
    if not reads:
        return [f"## {name}", "", "Nobody has read it with the readers' outlines."]
    largest = max(reads, key=lambda read: len(read.rows))
    images = [row.image for row in largest.rows]
    plain = tables.baselines(outlines, one.data, images)
    for read in plain:
        by_kind[read.name] = {
            kind: other
            for kind in KINDS
            for other in tables.baselines(outlines, one.data, images, kind)
            if other.name == read.name
        }
    malignant = int(largest.positive.sum())
    lines = [
        f"## {name}",
        "",
        f"{one.words()}: {len(images)} images of {len(set(largest.groups))} groups, {malignant} malignant.",
    ]
    for protocol in [*PROTOCOLS, "other"]:
        trained = [read for read in reads if read.card and protocol_of(read.card) == protocol]
        if trained:
            words = PROTOCOLS[protocol].words if protocol in PROTOCOLS else "as their cards say"
            lines += ["", f"### {name}, trained by the protocol {protocol}", "", f"Split {words}.", ""]
            lines += tables.main_table([*trained, *plain], resamples)
    if not plain:
        lines += ["", "No outlines are recorded for the baseline here (`csamoe-desktop record --only-outlines`)."]
    lines += ["", *birads] if (birads := tables.birads_table(reads, resamples)) else []
    if classes := tables.classes_table(runs, name, resamples):
        lines += ["", f"### {name}, all classes", "", *classes]
    if exchanged := tables.exchange_table(by_kind, resamples):
        lines += ["", f"### {name}, other outlines", "", *_exchange_words(name, runs), "", *exchanged]
    lines += ["", f"### {name}, at the cards' thresholds", "", *tables.threshold_table(reads, resamples)]
    lines += ["", f"### {name}, calibration", "", "Expected calibration error: 15 bins of equal width.", ""]
    lines += tables.calibration_table([*reads, *plain], resamples)
    lines += _subgroups(name, [*reads, *plain], largest, resamples)
    return [*lines, *_pictures(name, runs, reads, plain, figures, resamples)]


def _kinds(run: RunRecord, name: str) -> dict[str, Read]:
    return {kind: read for kind in KINDS if (read := tables.read_of(run, name, kind)) is not None}


def _exchange_words(name: str, runs: Sequence[RunRecord]) -> list[str]:
    said = [_EXCHANGED]
    for run in runs:
        if name in run.sets:
            sentences = [one for kind in KINDS for one in run.sets[name].left_out.get(kind, ()) if kind == "proposal"]
            said += [f"{run.name}: {one}" for one in sentences]
    return said


def _subgroups(name: str, reads: Sequence[Read], largest: Read, resamples: int) -> list[str]:
    rows = [row for row in largest.rows if isinstance(row, ReadImage)]
    by_size, sizes = tables.size_parts(rows)
    kinds: list[tuple[str, Callable[[ReadImage], str], Sequence[str]]] = [
        ("BI-RADS category", lambda row: row.birads, sorted({row.birads for row in rows} - {""})),
        ("lesion size (thirds, by the part of the frame)", by_size, sizes),
        ("device", lambda row: row.device, sorted({row.device for row in rows} - {""})),
    ]
    lines: list[str] = []
    for title, part, order in kinds:
        if order:
            lines += ["", f"### {name}, AUC by {title}", "", *tables.subgroup_table(reads, part, order, resamples)]
    return lines


def _pictures(
    name: str, runs: Sequence[RunRecord], reads: Sequence[Read], plain: Sequence[Read], figures: Path, resamples: int
) -> list[str]:
    curve, bars, dots = (figures / file for file in (f"roc-{name}.svg", f"reliability-{name}.svg", f"tsne-{name}.png"))
    draw.draw_rocs(curve, reads, plain[0] if plain else None, resamples)
    draw.draw_reliability(bars, reads)
    lines = ["", f"### {name}, figures", "", _picture(curve, f"ROC curves, {name}"), ""]
    lines.append(_picture(bars, f"reliability, {name}"))
    known = {read.name: read for read in reads}
    fused = {run.name: (run.fused[name], known[run.name]) for run in runs if name in run.fused and run.name in known}
    if fused:
        draw.draw_maps(dots, fused)
        lines += ["", _picture(dots, f"t-SNE of the fused features, {name}")]
    return lines


def _picture(file: Path, words: str) -> str:
    return f"![{words}]({FIGURES}/{file.name})"


def _runs(runs: Sequence[RunRecord]) -> list[str]:
    shipped = {bundle.card.sha256 for bundle in bundles()}
    titles = (
        "run",
        "network",
        "parameters",
        "protocol",
        "seed",
        "start",
        "epochs (best)",
        "hardware",
        "hours",
        "shipped",
    )
    return tables.table(
        titles,
        [
            (
                run.name,
                run.card.title,
                f"{run.card.parameters:,}",
                protocol_of(run.card),
                str(run.card.training.seed),
                run.card.training.start,
                f"{run.card.training.epochs} ({run.card.training.best_epoch})",
                run.card.training.hardware,
                f"{run.card.training.hours:.2f}",
                "yes" if run.card.sha256 in shipped else "no",
            )
            for run in runs
        ],
    )
