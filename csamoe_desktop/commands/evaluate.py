"""Measure a model on a dataset folder: AUC of its AI results, or Dice of its outlines, with 95 % intervals."""

import argparse
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tqdm import tqdm

from csamoe_desktop.errors import UserError
from csamoe_desktop.files import check_output, write_whole
from csamoe_desktop.inference.bundle import Bundle, find_outliner, find_typed
from csamoe_desktop.inference.engine import DEVICES
from csamoe_desktop.names import lossless_json
from csamoe_desktop.networks.cards import Evaluation

if TYPE_CHECKING:
    from csamoe_desktop.datasets.folder import Sample

_OUTLINE_ROWS = {
    "dice": "Dice, mean",
    "dice_median": "Dice, median",
    "dice_10th_percentile": "Dice, 10th percentile",
    "iou": "IoU, mean",
    "missed": "missed lesions, share",
    "false_outlines": "false outlines per image",
    "false_outlines_normal": "  per image without a lesion",
}
"""The rows of the Dice table, by the names of the figures in `evidence.outline_quality`."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("--model", metavar="NAME", help="the model to measure; `csamoe-desktop models` lists them")
    parser.add_argument(
        "--data",
        type=Path,
        required=True,
        metavar="FOLDER",
        help="a dataset folder: labels.csv (image, mask, label, group) and the files it names",
    )
    parser.add_argument(
        "--where", action="append", default=[], metavar="COLUMN=VALUE", help="use only these rows; may be repeated"
    )
    parser.add_argument("--test-of", metavar="NAME", help="use only the test images of this training protocol")
    parser.add_argument(
        "--outline",
        choices=("reader", "ellipse", "hull", "proposal"),
        default="reader",
        help="assess each lesion with the reader's outline, with the ellipse or the convex hull of that outline, or with "
        "the program's best proposal (default: reader)",
    )
    parser.add_argument("--device", choices=DEVICES, default="auto", help="compute device (default: auto)")
    parser.add_argument("--json", type=Path, metavar="OUT", help="write the figures and the probability of each image")


def run(chosen: argparse.Namespace) -> int:
    """Run the command and return the exit status."""
    from csamoe_desktop.datasets.folder import files_of, read_dataset, where
    from csamoe_desktop.datasets.protocols import split_by

    rows = read_dataset(chosen.data)
    if chosen.json:
        check_output(chosen.json, files_of(chosen.data, rows), _is_figures)
    samples = where(rows, chosen.where)
    if chosen.test_of:
        samples = split_by(chosen.test_of, samples).test
    bundle = find_typed(chosen.model)
    if bundle.card.task == "outlining":
        return _evaluate_outlines(chosen, bundle, samples)
    return _evaluate_assessments(chosen, bundle, samples)


def _data_words(chosen: argparse.Namespace) -> str:
    part = [f"the test images of the protocol {chosen.test_of}"] if chosen.test_of else []
    return ", ".join([str(chosen.data), *chosen.where, *part])


def _evaluate_assessments(chosen: argparse.Namespace, bundle: Bundle, samples: "list[Sample]") -> int:
    """Print the AUC table, by image and by group."""
    if chosen.outline != "reader" and not bundle.card.needs_outline:
        raise UserError(
            f"{bundle.card.name} assesses the whole image, so there is no outline to replace.", "Leave out --outline."
        )
    # Importing torch takes seconds, so the folder is checked first.
    from csamoe_desktop.evidence.evaluate import per_image, read_all, summarise
    from csamoe_desktop.inference.loading import load_outliner, load_predictor

    predictor = load_predictor(bundle, chosen.device)
    outliner = load_outliner(find_outliner(), chosen.device) if chosen.outline == "proposal" else None
    with tqdm(total=len(samples), desc="assessing", unit="image", disable=None) as bar:
        readings = read_all(predictor, samples, bar.update, chosen.outline, outliner)
    outline = []
    if outliner is not None:
        outline = [f"outlines proposed by {outliner.card.name} {outliner.card.version}"]
    elif chosen.outline != "reader":
        outline = [f"outlines replaced by their {chosen.outline}"]
    evaluation = summarise(readings, ", ".join([_data_words(chosen), *outline]))
    print(f"{predictor.card.name} {predictor.card.version} on {predictor.device.words}")
    print(_table(evaluation))
    for sentence in readings.left_out:
        print(sentence)
    if chosen.json:
        document = {
            "model": f"{predictor.card.name} {predictor.card.version}",
            "weights_sha256": predictor.card.sha256,
            "device": predictor.device.words,
            "outline": chosen.outline,
            **evaluation.to_dict(),
            "left_out": list(readings.left_out),
            "images": per_image(readings),
            "image_count": evaluation.images,
        }
        if outliner is not None:
            document |= {"outlines_sha256": outliner.card.sha256}
        _write(chosen.json, document)
    return 0


def _evaluate_outlines(chosen: argparse.Namespace, bundle: Bundle, samples: "list[Sample]") -> int:
    """Print the Dice table, for outlines proposed on the whole frame and in one box."""
    if chosen.outline != "reader":
        raise UserError(
            f"{bundle.card.name} only proposes outlines and does not assess lesions.",
            "Choose another --model, or leave out --outline.",
        )
    from csamoe_desktop.evidence.outline_quality import figures_of, outline_all, per_image
    from csamoe_desktop.inference.loading import load_outliner

    outliner = load_outliner(bundle, chosen.device)
    data = _data_words(chosen)
    proposals, measured = {}, {}
    for way, boxed in (("automatic", False), ("one box", True)):
        with tqdm(total=len(samples), desc=way, unit="image", disable=None) as bar:
            proposals[way] = outline_all(outliner, samples, boxed, bar.update)
        measured[way] = figures_of(proposals[way], f"{data}, {way}")
    print(f"{outliner.card.name} {outliner.card.version} on {outliner.device.words}")
    print(_outline_table(data, measured))
    if chosen.json:
        _write(
            chosen.json,
            {
                "model": f"{outliner.card.name} {outliner.card.version}",
                "weights_sha256": outliner.card.sha256,
                "device": outliner.device.words,
                **{
                    way.replace(" ", "_"): {
                        **measured[way].to_dict(),
                        "images": per_image(proposals[way]),
                        "image_count": measured[way].images,
                    }
                    for way in proposals
                },
            },
        )
    return 0


def _is_figures(file: Path) -> bool:
    """Return whether a file was written by this command, so that it may be overwritten."""
    with suppress(OSError):
        with file.open("rb") as opened:
            head = opened.read(1000)
        return head.startswith(b"{") and b'"weights_sha256"' in head
    return False


def _write(file: Path, document: dict[str, Any]) -> None:
    text = lossless_json(document, indent=1, allow_nan=False) + "\n"
    write_whole(file, lambda path: path.write_text(text, encoding="utf-8"))


def _table(evaluation: Evaluation) -> str:
    lines = [
        f"{evaluation.data}: {evaluation.images} images of {evaluation.groups} groups, 95 % bootstrap intervals by group",
        f"{'at 0.5':12}  {'by image':24}by group (mean of its images)",
    ]
    for name, figure in evaluation.metrics.items():
        lines.append(f"{name:12}  {figure.words():24}{evaluation.group_metrics[name].words()}")
    return "\n".join(lines)


def _outline_table(data: str, measured: dict[str, Evaluation]) -> str:
    """Return the table as text: a row for each figure, a column for each way of proposing outlines."""
    first = next(iter(measured.values()))
    lines = [
        f"{data}: {first.images} images with a lesion of {first.groups} groups, 95 % bootstrap intervals by group",
        f"{'':28}" + "".join(f"{way:26}" for way in measured).rstrip(),
    ]
    for name, words in _OUTLINE_ROWS.items():
        figures = [evaluation.metrics.get(name) for evaluation in measured.values()]
        if any(figures):
            cells = "".join(f"{'' if figure is None else figure.words():26}" for figure in figures)
            lines.append(f"{words:28}{cells}".rstrip())
    return "\n".join(lines)
