"""The page of one dataset in docs/results: the tables and figures of each of its sets, then two views of one lesion."""

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from csamoe_desktop.datasets.protocols import PROTOCOLS
from csamoe_desktop.evidence import result_figures as draw
from csamoe_desktop.evidence import result_tables as tables
from csamoe_desktop.evidence import view_tables
from csamoe_desktop.evidence.records import KINDS, ReadImage, RunRecord, SetRecord
from csamoe_desktop.evidence.result_tables import Outlines, Read
from csamoe_desktop.networks.cards import ModelCard

_TITLES = {"busbra": "BUS-BRA", "busi": "BUSI", "oasbud": "OASBUD"}
_RESERVED = ("readme", "outlines", "outside", "training")

_LEGEND = (
    "† marks a model that was trained on images of the set: its figures there are not a test. Rows named *outline "
    "only* see no image. See [How to read the tables](README.md#how-to-read-the-tables)."
)
_EXCHANGED = (
    "The same models, given other outlines in place of the readers' own: an ellipse of the same centre, second "
    "moments and area; the convex hull; and the program's own first proposal, whether or not it lies on the lesion. A "
    "loss of AUC is paired, on the images that have both outlines."
)


def data_title(data: str) -> str:
    """Return what a dataset is called, such as "BUS-BRA" for the folder busbra."""
    return _TITLES.get(data.lower(), data)


def file_of(data: str) -> str:
    """Return the name of a dataset's page."""
    name = re.sub(r"[^a-z0-9.-]+", "-", data.lower()).strip(".-") or "data"
    return f"{name}-data.md" if name in _RESERVED else f"{name}.md"


def protocol_of(card: ModelCard) -> str:
    """Return the name in PROTOCOLS by which a model's data was split, or "other"; by the first words on its card."""
    start = _start(card.training.split)
    return next((name for name, protocol in PROTOCOLS.items() if _start(protocol.words) == start), "other")


def data_page(
    data: str,
    sets: Mapping[str, SetRecord],
    runs: Sequence[RunRecord],
    outlines: Outlines,
    folder: Path,
    resamples: int,
    figures: bool = True,
) -> list[str]:
    """Return the lines of the page on one dataset, and draw its figures into `folder`.

    Args:
        data: the dataset folder's name.
        sets: its sets, by name.
        runs: all runs.
        outlines: the recorded outlines, by dataset.
        folder: where the page and its figures lie.
        resamples: of the bootstrap.
        figures: whether the figures are drawn too.
    """
    lines = [f"# Results on {data_title(data)}", "", *_contents(sets, runs), "", _LEGEND]
    for name, record in sets.items():
        lines += ["", *_set(name, record, runs, outlines, folder, resamples, figures)]
    views: list[str] = []
    for name in sets:
        reads = [read for run in runs if (read := tables.read_of(run, name)) is not None]
        if section := view_tables.section(data, name, reads, resamples):
            views += ["", *section]
    return [*lines, "", *view_tables.introduction(), *views] if views else lines


def picture(file: Path, words: str) -> str:
    """Return the line that shows a figure lying beside the page."""
    return f"![{words}]({file.name})"


def _start(words: str) -> list[str]:
    return [word.strip(",:") for word in words.split()[:2]]


def _contents(sets: Mapping[str, SetRecord], runs: Sequence[RunRecord]) -> list[str]:
    """Return a table of the sets: what they are and how many models were measured on each."""
    rows = []
    for name, record in sets.items():
        measured = [run for run in runs if run.read(name)]
        rows.append((f"[{name}](#{name.lower().replace('.', '')})", record.words(), str(len(measured))))
    return tables.table(("set", "images", "models measured"), rows)


def _set(
    name: str,
    record: SetRecord,
    runs: Sequence[RunRecord],
    outlines: Outlines,
    folder: Path,
    resamples: int,
    figures: bool,
) -> list[str]:
    """Return the part of the page on one set."""
    by_kind = {run.name: _kinds(run, name) for run in runs if run.read(name)}
    reads = [kinds["reader"] for kinds in by_kind.values()]
    if not reads:
        return [f"## {name}", "", "No AI results with the readers' outlines are recorded for this set."]
    largest = max(reads, key=lambda read: len(read.rows))
    images = [row.image for row in largest.rows]
    plain = tables.baselines(outlines, record.data, images)
    for read in plain:
        by_kind[read.name] = {
            kind: other
            for kind in KINDS
            for other in tables.baselines(outlines, record.data, images, kind)
            if other.name == read.name
        }
    malignant = int(largest.positive.sum())
    lines = [
        f"## {name}",
        "",
        f"{record.words()}: {len(images)} images of {len(set(largest.groups))} groups, {malignant} malignant.",
    ]
    for protocol in [*PROTOCOLS, "other"]:
        trained = [read for read in reads if read.card and protocol_of(read.card) == protocol]
        if trained:
            words = PROTOCOLS[protocol].words if protocol in PROTOCOLS else "as their cards say"
            lines += ["", f"### {name}, trained by the protocol {protocol}", "", f"Split {words}.", ""]
            lines += tables.main_table([*trained, *plain], resamples)
    if not plain:
        lines += ["", "No outlines are recorded for the outline-only rows (`csamoe-desktop record --only-outlines`)."]
    lines += ["", *birads] if (birads := tables.birads_table(reads, resamples)) else []
    if classes := tables.classes_table(runs, name, resamples):
        lines += ["", f"### {name}, all classes", "", *classes]
    if exchanged := tables.exchange_table(by_kind, resamples):
        lines += ["", f"### {name}, other outlines", "", *_exchange_words(name, runs), "", *exchanged]
    lines += ["", f"### {name}, at the cards' thresholds", "", *tables.threshold_table(reads, resamples)]
    lines += ["", f"### {name}, calibration", ""]
    lines += [
        "ECE: expected calibration error over 15 bins of equal width, before and after the card's temperature.",
        "",
    ]
    lines += tables.calibration_table([*reads, *plain], resamples)
    lines += _subgroups(name, [*reads, *plain], largest, resamples)
    return [*lines, *_pictures(name, runs, reads, plain, folder, resamples, figures)]


def _kinds(run: RunRecord, name: str) -> dict[str, Read]:
    return {kind: read for kind in KINDS if (read := tables.read_of(run, name, kind)) is not None}


def _exchange_words(name: str, runs: Sequence[RunRecord]) -> list[str]:
    lines = [_EXCHANGED]
    for run in runs:
        if name in run.sets:
            lines += [f"{run.name}: {sentence}" for sentence in run.sets[name].left_out.get("proposal", ())]
    return lines


def _subgroups(name: str, reads: Sequence[Read], largest: Read, resamples: int) -> list[str]:
    rows = [row for row in largest.rows if isinstance(row, ReadImage)]
    by_size, sizes = tables.size_parts(rows)
    kinds: list[tuple[str, Callable[[ReadImage], str], Sequence[str]]] = [
        ("BI-RADS category", lambda row: row.birads, sorted({row.birads for row in rows} - {""})),
        ("lesion size (thirds, by share of the frame)", by_size, sizes),
        ("device", lambda row: row.device, sorted({row.device for row in rows} - {""})),
    ]
    lines: list[str] = []
    for title, part, order in kinds:
        if order:
            lines += ["", f"### {name}, AUC by {title}", "", *tables.subgroup_table(reads, part, order, resamples)]
    return lines


def _pictures(
    name: str,
    runs: Sequence[RunRecord],
    reads: Sequence[Read],
    plain: Sequence[Read],
    folder: Path,
    resamples: int,
    figures: bool,
) -> list[str]:
    curve, bars, dots = (folder / file for file in (f"roc-{name}.svg", f"reliability-{name}.svg", f"tsne-{name}.png"))
    by_name = {read.name: read for read in reads}
    fused = {
        run.name: (run.fused[name], by_name[run.name]) for run in runs if name in run.fused and run.name in by_name
    }
    lines = ["", f"### {name}, figures", "", picture(curve, f"ROC curves, {name}"), ""]
    lines.append(picture(bars, f"Reliability diagrams, {name}"))
    if fused:
        lines += ["", picture(dots, f"t-SNE of the fused features, {name}")]
    if figures:
        draw.draw_rocs(curve, reads, plain[0] if plain else None, resamples)
        draw.draw_reliability(bars, reads)
        if fused:
            draw.draw_maps(dots, fused)
    return lines
