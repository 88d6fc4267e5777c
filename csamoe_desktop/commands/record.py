"""Record a trained model's card, training curves and results on a data set, for `csamoe-desktop results`."""

import argparse
import re
from pathlib import Path
from typing import TYPE_CHECKING

from tqdm import tqdm

from csamoe_desktop.errors import UserError
from csamoe_desktop.files import check_output_folder
from csamoe_desktop.inference.bundle import CARD, Bundle, find_bundle
from csamoe_desktop.inference.engine import DEVICES
from csamoe_desktop.names import shown_name
from csamoe_desktop.networks.cards import read_card

if TYPE_CHECKING:
    from csamoe_desktop.datasets.folder import Sample
    from csamoe_desktop.evidence.recording import Proposer

_HOW_TO_NAME = "Name it with letters, digits, dots and hyphens, such as busbra-fold1."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--bundle", type=Path, metavar="FOLDER", help="the trained model: card.json and weights")
    source.add_argument(
        "--only-outlines",
        action="store_true",
        help="record features of the outlines alone, for the outline-only baseline",
    )
    parser.add_argument(
        "--run", type=Path, metavar="RUN", dest="training_run", help="folder of `train --out`, to copy its curves"
    )
    parser.add_argument(
        "--data", type=Path, metavar="FOLDER", help="data set to assess; without it, only card and curves are recorded"
    )
    parser.add_argument(
        "--where", action="append", default=[], metavar="COLUMN=VALUE", help="use only these rows; may be repeated"
    )
    parser.add_argument(
        "--test-of",
        choices=("paper", "group"),
        help="use only the test images of this protocol, of the model's classes",
    )
    parser.add_argument("--set", metavar="NAME", dest="set_name", help="name of the data set, such as busbra-fold1")
    parser.add_argument(
        "--outline",
        choices=("reader", "ellipse", "hull", "proposal"),
        default="reader",
        help="which outline to use; each kind is recorded separately (default: reader)",
    )
    parser.add_argument(
        "--outliner", metavar="FOLDER", help="the model that proposes outlines: its bundle's folder, or its name"
    )
    parser.add_argument(
        "--seen", action="store_true", help="mark in the tables that the model was trained on this data set"
    )
    parser.add_argument("--device", choices=DEVICES, default="auto", help="compute device (default: auto)")
    parser.add_argument(
        "--out",
        type=Path,
        required=True,
        metavar="RECORD",
        help="folder of the record, docs/results/runs/NAME; with --only-outlines the folder of all runs, docs/results/runs",
    )


def run(chosen: argparse.Namespace) -> int:
    """Run the command and return the exit status."""
    _check(chosen)
    check_output_folder(chosen.out, [folder for folder in (chosen.data, chosen.bundle, chosen.training_run) if folder])
    from csamoe_desktop.datasets.folder import read_dataset, where
    from csamoe_desktop.datasets.protocols import split_by
    from csamoe_desktop.evidence.records import SetRecord, compressed, copy_curves, write_card, write_readings

    samples = where(read_dataset(chosen.data), chosen.where) if chosen.data else []
    if chosen.only_outlines:
        return _only_outlines(chosen, samples)
    bundle = Bundle(chosen.bundle, read_card(chosen.bundle / CARD))
    conditions = tuple(chosen.where)
    if samples and chosen.test_of:
        known = [sample for sample in samples if sample.label in bundle.card.classes]
        samples = split_by(chosen.test_of, known).test
        conditions = (*conditions, f"the test images of the protocol {chosen.test_of}")
    # Assess before anything is written, so that a failure leaves the record unchanged.
    if samples:
        from csamoe_desktop.evidence.recording import read_set

        with tqdm(total=len(samples), desc="assessing", unit="image", disable=None) as bar:
            proposer = _proposer(chosen)
            rows, fused, left_out = read_set(bundle, samples, chosen.outline, proposer, chosen.device, bar.update)
    write_card(chosen.out, bundle.card)
    if chosen.training_run:
        copy_curves(chosen.training_run, chosen.out)
    if not samples:
        print(f"{bundle.card.name}: the card is recorded in {chosen.out}")
        return 0
    data = shown_name(chosen.data.resolve().name)
    # `train --also` writes this text on the card.
    seen = chosen.seen or f", and {data} for training" in bundle.card.training.split
    record = SetRecord(data, conditions, seen, {chosen.outline: left_out})
    features = compressed(fused) if chosen.outline == "reader" else None
    write_readings(chosen.out, chosen.set_name, chosen.outline, rows, record, features)
    print(
        f"{bundle.card.name}: {len(rows)} images of {chosen.set_name} ({chosen.outline}) are recorded in {chosen.out}"
    )
    for sentence in left_out:
        print(sentence)
    return 0


def _check(chosen: argparse.Namespace) -> None:
    if chosen.data and not chosen.only_outlines and not chosen.set_name:
        raise UserError("The data set has no name.", "Give one with --set, such as busbra-fold1.")
    if chosen.set_name and not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9.-]*", chosen.set_name):
        raise UserError(f"A data set cannot be called {chosen.set_name!r}.", _HOW_TO_NAME)
    if chosen.only_outlines and not chosen.data:
        raise UserError("--only-outlines needs a dataset folder.", "Give it with --data.")
    if chosen.data and chosen.outline == "proposal" and not chosen.outliner:
        raise UserError("--outline proposal needs a model that proposes outlines.", "Give it with --outliner.")


def _only_outlines(chosen: argparse.Namespace, samples: "list[Sample]") -> int:
    from csamoe_desktop.evidence.recording import read_outlines_of
    from csamoe_desktop.evidence.records import write_outlines

    with tqdm(total=len(samples), desc="outlines", unit="image", disable=None) as bar:
        rows = read_outlines_of(samples, chosen.outline, _proposer(chosen), bar.update)
    # The baseline finds the outlines of a network's images by the name of the folder.
    data = shown_name(chosen.data.resolve().name)
    write_outlines(chosen.out, data, chosen.outline, rows)
    print(f"{len(rows)} outlines of {len(samples)} images of {data} ({chosen.outline}) are recorded")
    return 0


def _proposer(chosen: argparse.Namespace) -> "Proposer | None":
    """Return the function that proposes outlines, or None unless `--outline proposal` is given.

    Raises:
        UserError: the bundle proposes no outlines, or is damaged.
    """
    if chosen.outline != "proposal":
        return None
    from csamoe_desktop.evidence.recording import proposer_of
    from csamoe_desktop.inference.loading import load_outliner

    folder = Path(chosen.outliner)
    bundle = Bundle(folder, read_card(folder / CARD)) if folder.is_dir() else find_bundle(chosen.outliner)
    if not bundle.card.proposes_outline:
        raise UserError(
            f"{bundle.card.name} proposes no outlines.", "Choose a model that does, such as unet-mobilenet."
        )
    return proposer_of(load_outliner(bundle, chosen.device))
