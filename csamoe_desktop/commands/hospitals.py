"""Leave one hospital out: train on the others, read that one, once for each; print the table."""

import argparse
import dataclasses
import logging
from pathlib import Path

from csamoe_desktop.errors import UserError
from csamoe_desktop.files import check_output_folder
from csamoe_desktop.inference.engine import DEVICES


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument(
        "--data",
        action="append",
        type=Path,
        default=[],
        metavar="FOLDER",
        help="a hospital's dataset folder; repeat it",
    )
    parser.add_argument(
        "--where", action="append", default=[], metavar="FOLDER:COLUMN=VALUE", help="only these rows of that folder"
    )
    parser.add_argument("--recipe", default="plus", metavar="NAME", help="see docs/training.md (default: plus)")
    parser.add_argument("--start", default="imagenet", metavar="FILE", help="as for train")
    parser.add_argument("--only", action="append", default=[], metavar="NAME", help="leave out this hospital only")
    parser.add_argument(
        "--experts", metavar="NAMES", help="only these experts, such as image: a third of the time, to compare ideas"
    )
    for name in ("epochs", "size", "batch", "seed"):
        parser.add_argument(f"--{name}", type=int, help="instead of the recipe's")
    parser.add_argument("--float32", action="store_true", help="no mixed precision")
    parser.add_argument("--outliner", metavar="NAME", help="also read the best proposals of this bundle")
    parser.add_argument("--device", choices=DEVICES, default="auto")
    parser.add_argument(
        "--out",
        action="append",
        type=Path,
        required=True,
        metavar="RUNS",
        help="where the runs are kept; what is there is not done again. Without --data only the table of these is printed",
    )


def run(chosen: argparse.Namespace) -> int:
    """Run the command and return the exit status."""
    from csamoe_desktop.training.hospitals import table

    if chosen.data:
        if len(chosen.out) != 1:
            raise UserError("Training needs one place for its runs.", "Give --out once, or leave --data out.")
        check_output_folder(chosen.out[0], chosen.data)
        _train(chosen)
    print(table(_by_name(chosen.out)), end="")
    return 0


def _train(chosen: argparse.Namespace) -> None:
    from csamoe_desktop.datasets.folder import read_dataset, where
    from csamoe_desktop.inference.bundle import find_outliner
    from csamoe_desktop.inference.outliner import load_outliner
    from csamoe_desktop.networks.cards import Builder
    from csamoe_desktop.training.hospitals import leave_one_out
    from csamoe_desktop.training.recipes import RECIPES

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    if chosen.recipe not in RECIPES:
        raise UserError(f"There is no recipe {chosen.recipe!r}.", f"Choose one of {', '.join(RECIPES)}.")
    changes = {name: getattr(chosen, name) for name in ("epochs", "size", "batch", "seed")}
    recipe = dataclasses.replace(
        RECIPES[chosen.recipe],
        bfloat16=not chosen.float32,
        **{name: value for name, value in changes.items() if value is not None},
    )
    if chosen.experts:
        names = tuple(chosen.experts.split(","))
        options = {**recipe.builder.options, "experts": list(names)}
        recipe = dataclasses.replace(recipe, builder=Builder(recipe.builder.network, options), views=names)
    folders = _by_name(chosen.data)
    conditions: dict[str, list[str]] = {name: [] for name in folders}
    for condition in chosen.where:
        name, _, rest = condition.partition(":")
        if name not in conditions or not rest:
            raise UserError(f"{condition!r} names no folder of --data.", "Write it as FOLDER:COLUMN=VALUE.")
        conditions[name].append(rest)
    hospitals = {name: where(read_dataset(folder), conditions[name]) for name, folder in folders.items()}
    finder = load_outliner(find_outliner(chosen.outliner), chosen.device) if chosen.outliner else None
    leave_one_out(recipe, hospitals, chosen.out[0], chosen.start, chosen.device, finder, chosen.only, say=logging.info)


def _by_name(folders: list[Path]) -> dict[str, Path]:
    """Return folders by their names.

    Raises:
        UserError: two have the same: one would take the other's place without a word.
    """
    named: dict[str, Path] = {}
    for folder in folders:
        name = folder.resolve().name
        if named.setdefault(name, folder) is not folder:
            raise UserError(f"Two folders are called {name}: {named[name]} and {folder}.", "Give one another name.")
    return named
