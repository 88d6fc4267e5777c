"""docs/results and docs/models: their pages and figures, written from run records and model cards; no figure is typed
by hand."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from csamoe_desktop.errors import UserError
from csamoe_desktop.evidence import result_figures as draw
from csamoe_desktop.evidence import result_tables as tables
from csamoe_desktop.evidence.model_pages import MODELS, model_page, outside_page
from csamoe_desktop.evidence.records import RunRecord, SetRecord, read_outlines, read_runs
from csamoe_desktop.evidence.set_pages import data_page, data_title, file_of, picture, protocol_of
from csamoe_desktop.evidence.summary import summary_page
from csamoe_desktop.files import check_output, write_whole
from csamoe_desktop.inference.bundle import bundles

RESULTS, SUMMARY = "results", "README.md"
_OUTLINES, _OUTSIDE, _TRAINING = "outlines.md", "outside.md", "training.md"
_DRAWN = ("curves-*.svg", "roc-*.svg", "reliability-*.svg", "tsne-*.png")

_MARK = "Written by `csamoe-desktop results` from "
_FROM_RECORDS = _MARK + "the run records in docs/results/runs; change those, not this page."
_FROM_CARD = _MARK + "model_weights/{name}/card.json; change that, not this page."

_OUTLINES_INTRO = (
    "Dice and IoU compare a proposed outline with the reader's outline of the same lesion; a lesion is missed where "
    "the IoU is below 0.1. The figures are those on the models' cards. LA-Net is measured by the outline that it makes "
    "on the way to its result."
)


def write_results(
    folder: Path,
    out: Path,
    progress: Callable[[str], object] = lambda sentence: None,
    resamples: int = tables.RESAMPLES,
    figures: bool = True,
) -> Path:
    """Write the folders results/ and models/ into `out` from the records in `folder` and the installed models' cards.

    Args:
        folder: the run records.
        out: where the two folders are written; pages of an earlier run that no longer belong there are removed.
        progress: called with one sentence for each step.
        resamples: of the bootstrap; the main tables take twice as many.
        figures: whether the figures are drawn too; without, those there stay as they are.

    Returns:
        The path of the first page.

    Raises:
        UserError: there are no records, one is damaged, two runs use one set name for different images, a page would
            replace a file of another kind, or matplotlib or scikit-learn is missing.
    """
    runs, outlines = read_runs(folder), read_outlines(folder)
    sets = _sets(runs)
    by_data: dict[str, dict[str, SetRecord]] = {}
    for name, record in sets.items():
        by_data.setdefault(record.data, {})[name] = record
    cards = [bundle.card for bundle in bundles()]
    results, models = out / RESULTS, out / MODELS
    names = [SUMMARY, _OUTLINES, _OUTSIDE, _TRAINING, *(file_of(data) for data in by_data)]
    for page in (*(results / name for name in names), *(models / f"{card.name}.md" for card in cards)):
        check_output(page, (), is_results)
    if figures:
        for name in ("matplotlib", "sklearn", "threadpoolctl"):
            draw.needed(name)
        for old in [file for pattern in _DRAWN for file in results.glob(pattern)]:
            old.unlink()
    pages: dict[Path, list[str]] = {}
    titles = {}
    for data, of_data in by_data.items():
        progress(f"{data}: tables and figures")
        pages[results / file_of(data)] = data_page(data, of_data, runs, outlines, results, resamples, figures)
        titles[file_of(data)] = f"Results on {data_title(data)}"
    if outside := outside_page(cards):
        pages[results / _OUTSIDE], titles[_OUTSIDE] = outside, outside[0].removeprefix("# ")
    if proposed := tables.localisation_table(runs):
        titles[_OUTLINES] = "Proposed outlines"
        pages[results / _OUTLINES] = [f"# {titles[_OUTLINES]}", "", _OUTLINES_INTRO, "", *proposed]
    progress("training runs and their curves")
    titles[_TRAINING] = "Training runs"
    pages[results / _TRAINING] = [f"# {titles[_TRAINING]}", "", *_training(runs, results, figures)]
    progress("summary and models")
    pages[results / SUMMARY] = summary_page(runs, sets, outlines, cards, titles, resamples)
    _write(pages, _FROM_RECORDS)
    for card in cards:
        _write({models / f"{card.name}.md": model_page(card)}, _FROM_CARD.format(name=card.name))
    _remove_old(results, pages)
    _remove_old(models, {models / f"{card.name}.md" for card in cards})
    return results / SUMMARY


def is_results(file: Path) -> bool:
    """Return whether a file is a page that `write_results` has written."""
    with suppress(OSError, UnicodeError), file.open(encoding="utf-8") as opened:
        return opened.readline().startswith("# ") and opened.readline() == "\n" and opened.readline().startswith(_MARK)
    return False


def _write(pages: Mapping[Path, Sequence[str]], source: str) -> None:
    """Write pages of lines, each with a sentence on where it comes from below its heading."""
    for page, (heading, *lines) in pages.items():
        text = "\n".join([heading, "", source, *lines]) + "\n"
        write_whole(page, lambda path, text=text: path.write_text(text, encoding="utf-8"))  # type: ignore[misc]


def _remove_old(folder: Path, written: Iterable[Path]) -> None:
    """Remove the pages of an earlier run that were not written again."""
    for page in sorted(set(folder.glob("*.md")) - set(written)):
        if is_results(page):
            page.unlink()


def _sets(runs: Sequence[RunRecord]) -> dict[str, SetRecord]:
    """Return every set of any run, by name.

    Raises:
        UserError: two runs use one name for different images.
    """
    sets: dict[str, tuple[SetRecord, str]] = {}
    for run in runs:
        for name, record in run.sets.items():
            before, by = sets.setdefault(name, (record, run.name))
            if before.words() != record.words():
                raise UserError(
                    f"The set {name} is {before.words()} in {by}, but {record.words()} in {run.name}.",
                    "Record one of them again under another name.",
                )
    return {name: sets[name][0] for name in sorted(sets)}


def _training(runs: Sequence[RunRecord], results: Path, figures: bool) -> list[str]:
    """Return the lines on how each model was trained, which of the papers' rows were not, and the curves."""
    lines = _runs(runs)
    if missing := tables.not_trained_table(runs):
        lines += ["", "## Rows of the papers that were not trained", "", *missing]
    lines += [
        "",
        "## Training curves",
        "",
        "Loss, accuracy or Dice, and gate shares by epoch: training solid, validation",
    ]
    lines[-1] += " dashed."
    for run in runs:
        file = results / f"curves-{run.name}.svg"
        if draw.has_curves(run.curves):
            if figures:
                draw.draw_curves(file, run.name, run.curves)
            lines += ["", picture(file, f"Training curves of {run.name}")]
    return lines


def _runs(runs: Sequence[RunRecord]) -> list[str]:
    shipped = {bundle.card.sha256 for bundle in bundles()}
    titles = (
        "run",
        "model",
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
