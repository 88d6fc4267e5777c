"""The arguments that select and split the data for training, shared by several commands."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from csamoe_desktop.errors import UserError

if TYPE_CHECKING:
    from csamoe_desktop.datasets.splits import Split


def add_data_arguments(data: "argparse._ArgumentGroup") -> None:
    """Add the arguments that `read_split` uses."""
    data.add_argument(
        "--data", type=Path, required=True, metavar="FOLDER", help="a dataset folder: labels.csv, images and masks"
    )
    data.add_argument(
        "--where", action="append", default=[], metavar="COLUMN=VALUE", help="use only these rows; may be repeated"
    )
    data.add_argument(
        "--protocol",
        default="patient",
        metavar="NAME",
        help="how to split the data. patient: hold out one fold (default); group: 70/15/15 by group; paper: 70/15/15 by "
        "image; cross: test on --test-data",
    )
    data.add_argument("--test-fold", default="1", metavar="K", help="fold held out for testing (default: 1)")
    data.add_argument(
        "--validation-share",
        type=float,
        default=0.15,
        metavar="S",
        help="share of the other groups used for validation (default: 0.15)",
    )
    data.add_argument("--also", type=Path, metavar="FOLDER", help="a second folder, for training and validation only")
    data.add_argument(
        "--also-where", action="append", default=[], metavar="COLUMN=VALUE", help="use only these rows of --also"
    )
    data.add_argument(
        "--also-protocol",
        metavar="NAME",
        help="split the second folder by this protocol and hold out its test part (default: train on all of it)",
    )
    data.add_argument("--test-data", type=Path, metavar="FOLDER", help="the other hospital, for the protocol cross")
    data.add_argument(
        "--test-where", action="append", default=[], metavar="COLUMN=VALUE", help="use only these rows of --test-data"
    )


def read_split(chosen: argparse.Namespace, classes: Sequence[str], seed: int) -> "Split":
    """Return the samples in the folders that have one of `classes`, split for training, validation and testing.

    Raises:
        UserError: a folder cannot be used, or a part of the split is empty.
    """
    from csamoe_desktop.datasets.folder import Sample, read_dataset, where
    from csamoe_desktop.datasets.protocols import split_by
    from csamoe_desktop.datasets.splits import Split, by_share

    def read(folder: Path, conditions: list[str]) -> list[Sample]:
        return [sample for sample in where(read_dataset(folder), conditions) if sample.label in classes]

    if chosen.also_protocol and chosen.also is None:
        raise UserError("--also-protocol needs a second folder, but none is given.", "Give it with --also.")
    other = read(chosen.test_data, chosen.test_where) if chosen.test_data else []
    samples = read(chosen.data, chosen.where)
    split = split_by(chosen.protocol, samples, other, chosen.test_fold, chosen.validation_share, seed)
    if chosen.also is None:
        return split
    second = read(chosen.also, chosen.also_where)
    if chosen.also_protocol:
        parts = split_by(chosen.also_protocol, second, (), chosen.test_fold, chosen.validation_share, seed)
    else:
        parts = Split(*by_share(second, chosen.validation_share, seed), [])
    return Split(
        [*split.train, *parts.train],
        [*split.validation, *parts.validation],
        split.test,
        split.groups_parted or parts.groups_parted,
        parts.test,
    )
