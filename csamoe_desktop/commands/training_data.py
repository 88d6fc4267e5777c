"""Which images are trained on and which are held out, as the commands are told it."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from csamoe_desktop.errors import UserError

if TYPE_CHECKING:
    from csamoe_desktop.datasets.splits import Split


def add_data_arguments(data: "argparse._ArgumentGroup") -> None:
    """Add the arguments that `read_split` looks at."""
    data.add_argument("--data", type=Path, required=True, metavar="FOLDER", help="labels.csv, images and masks")
    data.add_argument("--where", action="append", default=[], metavar="COLUMN=VALUE", help="only these of its rows")
    data.add_argument(
        "--protocol",
        default="patient",
        metavar="NAME",
        help="paper: by image, 70/15/15; patient: a fold held out (default); group: by group, 70/15/15; cross: --test-data",
    )
    data.add_argument("--test-fold", default="1", metavar="K", help="held out for testing (default: 1)")
    data.add_argument("--validation-share", type=float, default=0.15, metavar="S", help="of the other groups")
    data.add_argument("--also", type=Path, metavar="FOLDER", help="a second folder, for training and validation only")
    data.add_argument(
        "--also-where", action="append", default=[], metavar="COLUMN=VALUE", help="only these of its rows"
    )
    data.add_argument(
        "--also-protocol",
        metavar="NAME",
        help="split the second folder by this protocol, and keep its test part out (default: train on all of it)",
    )
    data.add_argument("--test-data", type=Path, metavar="FOLDER", help="the other hospital of the protocol cross")
    data.add_argument(
        "--test-where", action="append", default=[], metavar="COLUMN=VALUE", help="only these of its rows"
    )


def read_split(chosen: argparse.Namespace, classes: Sequence[str], seed: int) -> "Split":
    """Return the samples of those classes in the folders, split.

    Raises:
        UserError: a folder cannot be used, or a part of the split is empty.
    """
    from csamoe_desktop.datasets.folder import Sample, read_dataset, where
    from csamoe_desktop.datasets.protocols import split_by
    from csamoe_desktop.datasets.splits import Split, by_share

    def read(folder: Path, conditions: list[str]) -> list[Sample]:
        return [one for one in where(read_dataset(folder), conditions) if one.label in classes]

    if chosen.also_protocol and chosen.also is None:
        raise UserError("--also-protocol splits a second folder, and none is given.", "Give it with --also.")
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
