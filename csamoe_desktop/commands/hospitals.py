"""Leave one hospital out at a time: train on the others, test on it, and print the table."""

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
        help="dataset folder of one hospital; give it once for each hospital",
    )
    parser.add_argument(
        "--where",
        action="append",
        default=[],
        metavar="FOLDER:COLUMN=VALUE",
        help="use only these rows of that folder; may be repeated",
    )
    parser.add_argument(
        "--recipe", default="plus", metavar="NAME", help="training recipe, see docs/training.md (default: plus)"
    )
    parser.add_argument("--start", default="imagenet", metavar="FILE", help="start weights, as for `train`")
    parser.add_argument(
        "--only", action="append", default=[], metavar="NAME", help="leave out only this hospital; may be repeated"
    )
    parser.add_argument(
        "--experts", metavar="NAMES", help="train only these experts, such as image: a third of the time, to try ideas"
    )
    for name in ("epochs", "size", "batch", "seed"):
        parser.add_argument(f"--{name}", type=int, help=f"{name}, instead of the recipe's value")
    parser.add_argument("--float32", action="store_true", help="train without mixed precision")
    parser.add_argument("--outliner", metavar="NAME", help="also test with the best outlines that this model proposes")
    parser.add_argument("--device", choices=DEVICES, default="auto", help="compute device (default: auto)")
    parser.add_argument(
        "--out",
        action="append",
        type=Path,
        required=True,
        metavar="RUNS",
        help="folder of the runs; runs already there are not repeated. Without --data, only their table is printed",
    )


def run(chosen: argparse.Namespace) -> int:
    """Run the command and return the exit status."""
    from csamoe_desktop.training.hospitals import table

    if chosen.data:
        if len(chosen.out) != 1:
            raise UserError("Training needs a single folder for its runs.", "Give --out once, or leave out --data.")
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
        raise UserError(f"There is no recipe {chosen.recipe!r}.", f"The recipes are: {', '.join(RECIPES)}.")
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
            raise UserError(
                f"--where {condition!r} does not start with the name of a --data folder.",
                "Write it as FOLDER:COLUMN=VALUE.",
            )
        conditions[name].append(rest)
    hospitals = {name: where(read_dataset(folder), conditions[name]) for name, folder in folders.items()}
    finder = load_outliner(find_outliner(chosen.outliner), chosen.device) if chosen.outliner else None
    leave_one_out(recipe, hospitals, chosen.out[0], chosen.start, chosen.device, finder, chosen.only, say=logging.info)


def _by_name(folders: list[Path]) -> dict[str, Path]:
    """Return the folders by their names.

    Raises:
        UserError: two folders have the same name; one would silently replace the other.
    """
    named: dict[str, Path] = {}
    for folder in folders:
        name = folder.resolve().name
        if named.setdefault(name, folder) is not folder:
            raise UserError(f"Two folders are called {name}: {named[name]} and {folder}.", "Rename one of them.")
    return named
