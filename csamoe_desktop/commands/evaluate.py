"""Measure a model on a dataset folder: AUC of readings, Dice of proposed outlines, with 95 % intervals."""

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
    "false_outlines": "false outlines an image",
    "false_outlines_normal": "  an image without a lesion",
}
"""The Dice table's rows, by the names that `training.outlines` gives its figures."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("--model", metavar="NAME", help="a bundle, see `csamoe-desktop models`")
    parser.add_argument(
        "--data", type=Path, required=True, metavar="FOLDER", help="labels.csv (image, mask, label, group) and files"
    )
    parser.add_argument(
        "--where", action="append", default=[], metavar="COLUMN=VALUE", help="only these rows; may be repeated"
    )
    parser.add_argument("--test-of", metavar="NAME", help="only the test images of this training protocol")
    parser.add_argument(
        "--outline",
        choices=("reader", "ellipse", "hull", "proposal"),
        default="reader",
        help="read each lesion by its reader's outline, by that outline's ellipse or convex hull, or by the program's "
        "own best proposal (default: reader)",
    )
    parser.add_argument("--device", choices=DEVICES, default="auto")
    parser.add_argument("--json", type=Path, metavar="OUT", help="write figures and each image's probability")


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
    return _evaluate_readings(chosen, bundle, samples)


def _data_words(chosen: argparse.Namespace) -> str:
    part = [f"the test images of the protocol {chosen.test_of}"] if chosen.test_of else []
    return ", ".join([str(chosen.data), *chosen.where, *part])


def _evaluate_readings(chosen: argparse.Namespace, bundle: Bundle, samples: "list[Sample]") -> int:
    if chosen.outline != "reader" and not bundle.card.needs_outline:
        raise UserError(
            f"{bundle.card.name} reads the whole image: there is no outline to replace.", "Leave --outline away."
        )
    # Importing torch takes seconds: only once the folder has been found good.
    from csamoe_desktop.evidence.evaluate import per_image, read_all, summarise
    from csamoe_desktop.inference.loading import load_outliner, load_predictor

    predictor = load_predictor(bundle, chosen.device)
    outliner = load_outliner(find_outliner(), chosen.device) if chosen.outline == "proposal" else None
    with tqdm(total=len(samples), desc="reading", unit="image", disable=None) as bar:
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
        told = {
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
            told |= {"outlines_sha256": outliner.card.sha256}
        _write(chosen.json, told)
    return 0


def _evaluate_outlines(chosen: argparse.Namespace, bundle: Bundle, samples: "list[Sample]") -> int:
    """Print the Dice table: what is proposed on the whole frame, and in one box."""
    if chosen.outline != "reader":
        raise UserError(
            f"{bundle.card.name} proposes outlines and reads none.", "Give --model a reading model, or no --outline."
        )
    from csamoe_desktop.evidence.outline_quality import figures_of, outline_all, per_image
    from csamoe_desktop.inference.loading import load_outliner

    outliner = load_outliner(bundle, chosen.device)
    data = _data_words(chosen)
    found, measured = {}, {}
    for way, boxed in (("automatic", False), ("one box", True)):
        with tqdm(total=len(samples), desc=way, unit="image", disable=None) as bar:
            found[way] = outline_all(outliner, samples, boxed, bar.update)
        measured[way] = figures_of(found[way], f"{data}, {way}")
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
                        "images": per_image(found[way]),
                        "image_count": measured[way].images,
                    }
                    for way in found
                },
            },
        )
    return 0


def _is_figures(file: Path) -> bool:
    """Return whether a file is what this command has written before."""
    with suppress(OSError):
        with file.open("rb") as opened:
            head = opened.read(1000)
        return head.startswith(b"{") and b'"weights_sha256"' in head
    return False


def _write(file: Path, told: dict[str, Any]) -> None:
    text = lossless_json(told, indent=1, allow_nan=False) + "\n"
    write_whole(file, lambda path: path.write_text(text, encoding="utf-8"))


def _table(evaluation: Evaluation) -> str:
    lines = [
        f"{evaluation.data}: {evaluation.images} images of {evaluation.groups} groups, 95 % bootstrap by group",
        f"{'at 0.5':12}  {'by image':24}by group (mean of its images)",
    ]
    for name, figure in evaluation.metrics.items():
        lines.append(f"{name:12}  {figure.words():24}{evaluation.group_metrics[name].words()}")
    return "\n".join(lines)


def _outline_table(data: str, measured: dict[str, Evaluation]) -> str:
    """Return a row for each figure, a column for each way of proposing."""
    first = next(iter(measured.values()))
    lines = [
        f"{data}: {first.images} images with a lesion of {first.groups} groups, 95 % bootstrap by group",
        f"{'':28}" + "".join(f"{way:26}" for way in measured).rstrip(),
    ]
    for name, words in _OUTLINE_ROWS.items():
        figures = [one.metrics.get(name) for one in measured.values()]
        if any(figures):
            told = "".join(f"{'' if figure is None else figure.words():26}" for figure in figures)
            lines.append(f"{words:28}{told}".rstrip())
    return "\n".join(lines)
