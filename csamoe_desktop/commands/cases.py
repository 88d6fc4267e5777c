"""Keep in a bundle the cases it was trained on, as its network sees them, and count its categories on validation."""

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
    """Add the command's arguments: the data as `train` was given them."""
    parser.add_argument("--model", required=True, metavar="NAME", help="a bundle in model_weights")
    add_data_arguments(parser.add_argument_group("data, as `train` was given them"))
    parser.add_argument("--device", choices=DEVICES, default="auto")


def run(chosen: argparse.Namespace) -> int:
    """Run the command and return the exit status."""
    bundle = find_typed(chosen.model)
    card = bundle.card
    split = read_split(chosen, card.classes, card.training.seed)
    # Importing torch takes seconds: only once the folders have been found good.
    from csamoe_desktop.datasets.folder import data_sha256
    from csamoe_desktop.evidence.evaluate import Readings, read_all
    from csamoe_desktop.evidence.metrics import count_categories
    from csamoe_desktop.inference.cases import KnownCases, write_cases
    from csamoe_desktop.inference.loading import load_predictor

    if data_sha256([*split.train, *split.validation, *split.test, *split.second_test]) != card.training.data_sha256:
        raise UserError(
            f"These are not the images that {card.name} was trained on.",
            f"Give the data as its training was given them: {card.training.data}; {card.training.split}.",
        )
    predictor = load_predictor(bundle, chosen.device)
    with tqdm(total=len(split.train) + len(split.validation), desc="reading", unit="image", disable=None) as bar:
        train = read_all(predictor, split.train, bar.update)
        validation = read_all(predictor, split.validation, bar.update)

    def features(readings: Readings) -> np.ndarray:
        return np.array([one.fused for one in readings.predictions], np.float32)

    known = KnownCases(features(train), train.positive)
    distances = [known.nearest(feature).distance for feature in features(validation)]
    limit = float(np.quantile(distances, 0.99))
    file = write_cases(bundle, features(train), train.positive, limit)
    thresholds = card.thresholds
    # With a second folder the groups are not all patients, and the card says so.
    patients = len(set(validation.groups)) if " patients (" in thresholds.chosen_on else None
    counts = count_categories(
        validation.positive, validation.probability, thresholds.benign_below, thresholds.suspicious_from, patients
    )
    whole = dataclasses.replace(card, thresholds=dataclasses.replace(thresholds, counts=counts))
    write_whole(bundle.folder / CARD, lambda path: path.write_text(whole.to_json(), encoding="utf-8"))
    print(f"{file}: {len(known)} training images, {int(train.positive.sum())} of them {card.positive}")
    print(f"99 % of {len(distances)} validation images lie within {limit:.4f} of their nearest")
    print(
        f"of them, {counts.missed + counts.cleared} were read likely benign ({counts.missed} {card.positive}), "
        f"{counts.caught + counts.false_alarms} suspicious ({counts.false_alarms} not {card.positive})"
    )
    return 0
