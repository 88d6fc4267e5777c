"""Count a model's categories on a hospital that was not in its training, and store the counts on its card."""

import argparse
import dataclasses
from pathlib import Path

from tqdm import tqdm

from csamoe_desktop.errors import UserError
from csamoe_desktop.files import write_whole
from csamoe_desktop.inference.bundle import CARD, find_bundle
from csamoe_desktop.inference.engine import DEVICES
from csamoe_desktop.networks.cards import OutsideCounts


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("--model", required=True, metavar="NAME", help="a model bundle in model_weights")
    parser.add_argument("--data", type=Path, required=True, metavar="FOLDER", help="the hospital's dataset folder")
    parser.add_argument(
        "--where", action="append", default=[], metavar="COLUMN=VALUE", help="use only these rows; may be repeated"
    )
    parser.add_argument(
        "--hospital", required=True, metavar="WORDS", help="name of the hospital; replaces earlier counts of this name"
    )
    parser.add_argument("--device", choices=DEVICES, default="auto", help="compute device (default: auto)")


def run(chosen: argparse.Namespace) -> int:
    """Run the command and return the exit status."""
    from csamoe_desktop.datasets.folder import read_dataset, where

    bundle = find_bundle(chosen.model)
    card = bundle.card
    if card.task != "reading":
        raise UserError(
            f"{card.name} only proposes outlines and has no categories.", "Choose a model that assesses lesions."
        )
    samples = where(read_dataset(chosen.data), chosen.where)
    # Importing torch takes seconds, so the folder is checked first.
    from csamoe_desktop.evidence.evaluate import read_all
    from csamoe_desktop.evidence.metrics import count_categories
    from csamoe_desktop.inference.loading import load_predictor

    with tqdm(total=len(samples), desc="assessing", unit="image", disable=None) as bar:
        readings = read_all(load_predictor(bundle, chosen.device), samples, bar.update)
    thresholds = card.thresholds
    counts = count_categories(
        readings.positive, readings.probability, thresholds.benign_below, thresholds.suspicious_from
    )
    others = tuple(entry for entry in thresholds.outside if entry.hospital != chosen.hospital)
    outside = (*others, OutsideCounts(chosen.hospital, counts))
    new_card = dataclasses.replace(card, thresholds=dataclasses.replace(thresholds, outside=outside))
    write_whole(bundle.folder / CARD, lambda path: path.write_text(new_card.to_json(), encoding="utf-8"))
    print(
        f"{card.name} on {chosen.hospital}: {counts.missed} of {counts.positives} {card.positive} images were assessed as "
        f"likely benign; of {counts.negatives} others, {counts.false_alarms} as suspicious and {counts.cleared} as likely "
        "benign"
    )
    return 0
