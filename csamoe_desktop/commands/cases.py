"""Store the features of a model's training images in its bundle, and its error counts on the validation images."""

import argparse
import dataclasses

import numpy as np
from tqdm import tqdm

from csamoe_desktop.commands.training_data import add_data_arguments, read_split
from csamoe_desktop.errors import UserError
from csamoe_desktop.files import write_whole
from csamoe_desktop.inference.bundle import CARD, find_typed
from csamoe_desktop.inference.engine import DEVICES


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("--model", required=True, metavar="NAME", help="a model bundle in model_weights")
    add_data_arguments(parser.add_argument_group("data: the same arguments as for `train`"))
    parser.add_argument("--device", choices=DEVICES, default="auto", help="compute device (default: auto)")


def run(chosen: argparse.Namespace) -> int:
    """Run the command and return the exit status."""
    bundle = find_typed(chosen.model)
    card = bundle.card
    split = read_split(chosen, card.classes, card.training.seed)
    # Importing torch takes seconds, so the folders are checked first.
    from csamoe_desktop.datasets.folder import data_sha256
    from csamoe_desktop.evidence.evaluate import Readings, read_all
    from csamoe_desktop.evidence.metrics import count_categories
    from csamoe_desktop.inference.cases import KnownCases, write_cases
    from csamoe_desktop.inference.loading import load_predictor

    if data_sha256([*split.train, *split.validation, *split.test, *split.second_test]) != card.training.data_sha256:
        raise UserError(
            f"These are not the images that {card.name} was trained on.",
            f"Give the data that it was trained on: {card.training.data}; {card.training.split}.",
        )
    predictor = load_predictor(bundle, chosen.device)
    with tqdm(total=len(split.train) + len(split.validation), desc="assessing", unit="image", disable=None) as bar:
        train = read_all(predictor, split.train, bar.update)
        validation = read_all(predictor, split.validation, bar.update)

    def features(readings: Readings) -> np.ndarray:
        return np.array([prediction.fused for prediction in readings.predictions], np.float32)

    known = KnownCases(features(train), train.positive)
    distances = [known.nearest(feature).distance for feature in features(validation)]
    limit = float(np.quantile(distances, 0.99))
    file = write_cases(bundle, features(train), train.positive, limit)
    thresholds = card.thresholds
    # With a second folder some groups are not patients; the card's text shows which case it is.
    patients = len(set(validation.groups)) if " patients (" in thresholds.chosen_on else None
    counts = count_categories(
        validation.positive, validation.probability, thresholds.benign_below, thresholds.suspicious_from, patients
    )
    new_card = dataclasses.replace(card, thresholds=dataclasses.replace(thresholds, counts=counts))
    write_whole(bundle.folder / CARD, lambda path: path.write_text(new_card.to_json(), encoding="utf-8"))
    print(f"{file}: {len(known)} training images, {int(train.positive.sum())} of them {card.positive}")
    print(f"{len(distances)} validation images: 99 % are within {limit:.4f} of their nearest training images")
    print(
        f"{counts.missed + counts.cleared} were assessed as likely benign ({counts.missed} {card.positive}), "
        f"{counts.caught + counts.false_alarms} as suspicious ({counts.false_alarms} not {card.positive})"
    )
    return 0
