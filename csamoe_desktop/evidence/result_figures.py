"""The figures of docs/results: training curves, ROC curves, reliability diagrams, and maps of the fused features.

The same records give the same bytes: everything random is seeded, no date is written, and the user's own matplotlib
settings are ignored. The colours are Okabe and Ito's palette for colour blindness; each comes with a line style or
marker of its own.
"""

import importlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from csamoe_desktop.errors import UserError
from csamoe_desktop.evidence.metrics import auc, reliability, resampled_intervals, roc
from csamoe_desktop.evidence.result_tables import Read
from csamoe_desktop.files import write_whole

Values = NDArray[np.float64]

_BLACK, _ORANGE, _SKY, _GREEN, _BLUE, _RED = "#000000", "#E69F00", "#56B4E9", "#009E73", "#0072B2", "#D55E00"
# As on the screen: the core sky blue, the boundary orange.
_EXPERTS = {"image": _GREEN, "core": _SKY, "boundary": _ORANGE}
_ACROSS = 3
_RATES = np.linspace(0, 1, 101)


def needed(name: str) -> Any:
    """Return a module that only this command needs.

    Raises:
        UserError: it is not installed.
    """
    try:
        return importlib.import_module(name)
    except ImportError as problem:
        raise UserError(
            f"The figures need {name.split('.')[0]}, which is not installed.", "pip install csamoe-desktop[results]"
        ) from problem


def has_curves(curves: Mapping[str, Values]) -> bool:
    """Return whether there is anything to draw of a run's training curves."""
    return "epoch" in curves


def draw_curves(file: Path, name: str, curves: Mapping[str, Values]) -> None:
    """Draw loss, accuracy (or Dice) and gate shares by epoch, training solid and validation dashed, as in figures 3 to
    6 of the CSA-MoE-Net paper. Columns that an older run does not have are left out."""
    score = "dice" if any(column.endswith("_dice") for column in curves) else "accuracy"
    parts = {"loss": ("loss",), score: (score,), "gates": tuple(f"gate_{expert}" for expert in _EXPERTS)}
    shown = {title: _lines(curves, ends) for title, ends in parts.items()}
    shown = {title: lines for title, lines in shown.items() if lines}
    with _drawing() as figures:
        figure = figures.Figure(figsize=(4 * len(shown), 3), layout="constrained")
        for axes, (title, lines) in zip(figure.subplots(1, len(shown), squeeze=False)[0], shown.items(), strict=True):
            for label, colour, style, values in lines:
                axes.plot(curves["epoch"], values, style, color=colour, label=label)
            axes.set(xlabel="epoch", title=title)
            axes.legend(fontsize=7)
        figure.suptitle(name)
        _save(figure, file)


def draw_rocs(file: Path, reads: Sequence[Read], baseline: Read | None, resamples: int) -> None:
    """Draw one ROC curve a model with its 95 % band, patients resampled, and the outline-only baseline dashed."""
    with _drawing() as figures:
        figure, places = _grid(figures, len(reads))
        for axes, read in zip(places, reads, strict=False):
            low, high = _band(read, resamples)
            area = auc(read.positive, read.probability)
            axes.fill_between(_RATES, low, high, color=_SKY, alpha=0.4, linewidth=0, label="95 % interval")
            axes.plot(_RATES, roc(read.positive, read.probability, _RATES), color=_BLUE, label=f"AUC {area:.3f}")
            if baseline:
                area = auc(baseline.positive, baseline.probability)
                curve = roc(baseline.positive, baseline.probability, _RATES)
                axes.plot(_RATES, curve, "--", color=_RED, label=f"outline only, {area:.3f}")
            axes.plot([0, 1], [0, 1], ":", color=_BLACK, linewidth=0.6)
            axes.set(xlabel="1 - specificity", ylabel="sensitivity", aspect="equal")
            axes.set_title(read.name, fontsize=9)
            axes.legend(fontsize=7, loc="lower right")
        _save(figure, file)


def draw_reliability(file: Path, reads: Sequence[Read]) -> None:
    """Draw the share of malignant images against the probability given, before and after the temperature; 15 bins."""
    with _drawing() as figures:
        figure, places = _grid(figures, len(reads))
        for axes, read in zip(places, reads, strict=False):
            axes.plot([0, 1], [0, 1], ":", color=_BLACK, linewidth=0.6)
            for label, values, style, colour in (
                ("before", read.plain, "s--", _ORANGE),
                ("after", read.probability, "o-", _BLUE),
            ):
                given, true, _ = reliability(read.positive, values)
                axes.plot(given, true, style, color=colour, markersize=3.5, linewidth=1, label=f"{label} temperature")
            axes.set(xlabel="mean probability", ylabel="share malignant", xlim=(0, 1), ylim=(0, 1), aspect="equal")
            axes.set_title(read.name, fontsize=9)
            axes.legend(fontsize=7, loc="upper left")
        _save(figure, file)


def draw_maps(file: Path, fused: Mapping[str, tuple[NDArray[np.float16], Read]]) -> None:
    """Draw a t-SNE of each model's fused features, as in figures 7 and 8 of the CSA-MoE-Net paper: it keeps neighbours,
    not distances."""
    with _drawing() as figures:
        figure, places = _grid(figures, len(fused))
        for axes, (name, (features, read)) in zip(places, fused.items(), strict=False):
            points = embed(features)
            for label, rows, marker, colour in (
                ("not malignant", ~read.positive, "o", _BLUE),
                ("malignant", read.positive, "^", _RED),
            ):
                axes.scatter(*points[rows].T, s=9, marker=marker, color=colour, alpha=0.7, linewidths=0, label=label)
            axes.set(xticks=[], yticks=[])
            axes.set_title(name, fontsize=9)
            axes.legend(fontsize=7)
        _save(figure, file)


def embed(features: NDArray[np.float16]) -> Values:
    """Return the seeded t-SNE of features [N, C] as [N, 2]; with fewer than four images, their first two columns."""
    known = features.astype(np.float64)
    if len(known) < 4:
        return np.pad(known, ((0, 0), (0, 2)))[:, :2]
    tsne = needed("sklearn.manifold").TSNE(perplexity=min(30.0, (len(known) - 1) / 3), random_state=42)
    # More threads add in another order and give another map.
    with needed("threadpoolctl").threadpool_limits(1):
        return np.asarray(tsne.fit_transform(known), np.float64)


def _lines(curves: Mapping[str, Values], ends: Sequence[str]) -> list[tuple[str, str, str, Values]]:
    """Return label, colour, style and values of the columns with these endings."""
    lines = []
    for end in ends:
        expert = end.removeprefix("gate_")
        # Older runs name a gate without its part: it is the validation's.
        columns = {"training": f"training_{end}", "validation": f"validation_{end}", "": end}
        for part, column in columns.items():
            if column in curves:
                label = " ".join(word for word in (expert if expert != end else "", part) if word)
                colour = _EXPERTS.get(expert, _BLUE if part == "training" else _ORANGE)
                lines.append((label, colour, "-" if part == "training" else "--", curves[column]))
    return lines


def _band(read: Read, resamples: int) -> tuple[Values, Values]:
    def curve(rows: NDArray[np.intp]) -> dict[str, float]:
        sensitivity = roc(read.positive[rows], read.probability[rows], _RATES)
        return {str(place): float(value) for place, value in enumerate(sensitivity)}

    figures = resampled_intervals(curve, read.groups, 42, resamples).values()
    return np.array([figure.low for figure in figures]), np.array([figure.high for figure in figures])


def _grid(figures: Any, count: int) -> tuple[Any, list[Any]]:
    across = min(count, _ACROSS)
    down = -(-count // across)
    figure = figures.Figure(figsize=(3.6 * across, 3.4 * down), layout="constrained")
    places = list(figure.subplots(down, across, squeeze=False).flat)
    for unused in places[count:]:
        unused.set_axis_off()
    return figure, places[:count]


@contextmanager
def _drawing() -> Iterator[Any]:
    """Yield matplotlib.figure under matplotlib's default settings, the same on every machine."""
    matplotlib = needed("matplotlib")
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(
            {"svg.hashsalt": "csamoe-desktop", "axes.grid": True, "grid.alpha": 0.3, "font.size": 9}
        )
        yield needed("matplotlib.figure")


def _save(figure: Any, file: Path) -> None:
    kind = file.suffix[1:]
    metadata = {"svg": {"Date": None, "Creator": None}, "png": {"Software": None}}[kind]
    write_whole(file, lambda path: figure.savefig(path, format=kind, dpi=100, metadata=metadata))
