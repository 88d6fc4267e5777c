"""Measure a model on a dataset folder: AUC and the rest, with 95 % intervals."""

import argparse
import json
from pathlib import Path

from tqdm import tqdm

from csamoe_desktop.files import write_whole
from csamoe_desktop.inference.bundle import find_bundle
from csamoe_desktop.inference.engine import DEVICES
from csamoe_desktop.networks.cards import Evaluation


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("--model", metavar="NAME", help="a bundle, see `csamoe-desktop models`")
    parser.add_argument(
        "--data", type=Path, required=True, metavar="FOLDER", help="labels.csv (image, mask, label, group) and files"
    )
    parser.add_argument(
        "--where", action="append", default=[], metavar="COLUMN=VALUE", help="only these rows; may be repeated"
    )
    parser.add_argument(
        "--outline",
        choices=("reader", "ellipse", "hull"),
        default="reader",
        help="read each lesion by its reader's outline, or by that outline's ellipse or convex hull (default: reader)",
    )
    parser.add_argument("--device", choices=DEVICES, default="auto")
    parser.add_argument("--json", type=Path, metavar="OUT", help="write figures and each image's probability")


def run(chosen: argparse.Namespace) -> int:
    """Run the command and return the exit status."""
    from csamoe_desktop.training.datasets import read_dataset, where

    samples = where(read_dataset(chosen.data), chosen.where)
    # Importing torch takes seconds: only once the folder has been found good.
    from csamoe_desktop.inference.torch_engine import load_predictor
    from csamoe_desktop.training.evaluate import per_image, read_all, summarise

    predictor = load_predictor(find_bundle(chosen.model), chosen.device)
    with tqdm(total=len(samples), desc="reading", unit="image", disable=None) as bar:
        readings = read_all(predictor, samples, bar.update, chosen.outline)
    outline = [] if chosen.outline == "reader" else [f"outlines replaced by their {chosen.outline}"]
    evaluation = summarise(readings, ", ".join([str(chosen.data), *chosen.where, *outline]))
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
        text = json.dumps(told, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
        write_whole(chosen.json, lambda path: path.write_text(text, encoding="utf-8"))
    return 0


def _table(evaluation: Evaluation) -> str:
    lines = [
        f"{evaluation.data}: {evaluation.images} images of {evaluation.groups} groups, 95 % bootstrap by group",
        f"{'at 0.5':12}  {'by image':24}by group (mean of its images)",
    ]
    for name, figure in evaluation.metrics.items():
        lines.append(f"{name:12}  {figure.words():24}{evaluation.group_metrics[name].words()}")
    return "\n".join(lines)
