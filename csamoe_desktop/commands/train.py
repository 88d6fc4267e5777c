"""Train a network on a dataset folder with a named recipe and protocol, and write its model bundle."""

import argparse
import dataclasses
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

from csamoe_desktop.commands.training_data import add_data_arguments, read_split
from csamoe_desktop.errors import UserError
from csamoe_desktop.files import check_output_folder
from csamoe_desktop.inference.engine import DEVICES, choose_device
from csamoe_desktop.names import shown_name

if TYPE_CHECKING:
    from csamoe_desktop.datasets.splits import Split
    from csamoe_desktop.training.recipe import Recipe


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    data = parser.add_argument_group("data")
    add_data_arguments(data)
    data.add_argument("--data-words", help="text on the card that describes the data (default: folders and counts)")
    recipe = parser.add_argument_group("recipe")
    recipe.add_argument(
        "--recipe", default="paper", metavar="NAME", help="training recipe, see docs/training.md (default: paper)"
    )
    recipe.add_argument(
        "--masks",
        type=float,
        default=1.0,
        metavar="S",
        help="la-net: share of the groups whose masks the first stage uses (default: 1)",
    )
    recipe.add_argument(
        "--start",
        default="imagenet",
        metavar="FILE",
        help="start weights: a safetensors file with the ImageNet weights of torchvision's network; `imagenet` downloads "
        "them from torchvision and checks their hash; `none` starts at random (default: imagenet, if the network has it)",
    )
    for name in ("epochs", "patience"):
        recipe.add_argument(
            f"--{name}", type=int, help=f"{name}, instead of the recipe's value; of the second stage, if there are two"
        )
    recipe.add_argument(
        "--learning-rate",
        type=float,
        help="learning rate, instead of the recipe's value; of the second stage, if there are two",
    )
    for name in ("batch", "seed"):
        recipe.add_argument(f"--{name}", type=int, help=f"{name}, instead of the recipe's value")
    recipe.add_argument("--float32", action="store_true", help="train without mixed precision")
    parser.add_argument("--device", choices=DEVICES, default="auto", help="compute device (default: auto)")
    parser.add_argument(
        "--out",
        type=Path,
        required=True,
        metavar="RUN",
        help="folder for checkpoints; a run already there is continued",
    )
    parser.add_argument("--bundle", type=Path, metavar="FOLDER", help="folder for the bundle (default: RUN/bundle)")
    parser.add_argument(
        "--storage", choices=("float16", "int8"), default="float16", help="number format of the bundle's weights"
    )
    parser.add_argument("--title", help="title of the model on its card")
    parser.add_argument(
        "--licence", default="not stated", help="licence on the card; the licence of the start weights also applies"
    )


def _check_outputs(chosen: argparse.Namespace) -> None:
    """Refuse to write into the data.

    Raises:
        UserError: an output folder is one of the data folders.
    """
    data = [folder for folder in (chosen.data, chosen.also, chosen.test_data) if folder]
    for folder in (chosen.out, chosen.bundle):
        if folder is not None:
            check_output_folder(folder, data)


def run(chosen: argparse.Namespace) -> int:
    """Run the command and return the exit status."""
    import torch

    from csamoe_desktop.datasets.folder import read_examples
    from csamoe_desktop.datasets.protocols import PROTOCOLS
    from csamoe_desktop.networks.build import build
    from csamoe_desktop.training.finish import RunDescription, write_bundle
    from csamoe_desktop.training.loop import seed_everything
    from csamoe_desktop.training.stages import train_stages
    from csamoe_desktop.training.starts import load_start

    logging.basicConfig(level=logging.INFO, format="%(message)s")
    _check_outputs(chosen)
    recipe = chosen_recipe(chosen)
    split = read_split(chosen, recipe.classes, recipe.seed)
    seed_everything(recipe.seed, 0)
    network = build(recipe.builder)
    start = load_start(recipe.builder, network, chosen.start)
    device = choose_device(chosen.device)
    print(f"{len(split.train)} training, {len(split.validation)} validation, {len(split.test)} test images")
    print(
        f"Training on {device.words}. You can stop at any time; the same command continues from the last full epoch.",
        flush=True,
    )
    progress = train_stages(
        recipe,
        network,
        read_examples(split.train, recipe.classes),
        read_examples(split.validation, recipe.classes),
        chosen.out,
        torch.device(device.kind),
        start,
        chosen.masks,
    )
    folder = chosen.bundle or chosen.out / "bundle"
    also = f", and {shown_name(chosen.also.name)} for training and validation only" if chosen.also else ""
    if chosen.also_protocol:
        also = f", and {shown_name(chosen.also.name)} {PROTOCOLS[chosen.also_protocol].words}"
    description = RunDescription(
        name=folder.name,
        title=chosen.title or f"{recipe.builder.network}, recipe {chosen.recipe}",
        version="1.0",
        data=chosen.data_words or _counts(chosen, split),
        split=f"{_split_words(chosen)}{also} ({len(split.train)} / {len(split.validation)} / {len(split.test)} images)",
        # A second folder may group its images differently, such as by sets of near-duplicates.
        groups="groups" if chosen.also else PROTOCOLS[chosen.protocol].groups,
        tested=PROTOCOLS[chosen.protocol].tested,
        second_tested=f"{PROTOCOLS[chosen.also_protocol].tested} of {shown_name(chosen.also.name)}"
        if chosen.also_protocol
        else "",
        start=start,
        licence=chosen.licence,
        storage=chosen.storage,
    )
    bundle = write_bundle(description, recipe, progress, split, chosen.out, folder)
    print(f"best epoch {progress.best_epoch} of {progress.epochs}; bundle in {bundle.folder}")
    return 0


def _counts(chosen: argparse.Namespace, split: "Split") -> str:
    """Return the default text on the card that describes the data: folders, images and groups."""
    samples = [*split.train, *split.validation, *split.test]
    folders = " and ".join(shown_name(folder.name) for folder in (chosen.data, chosen.also) if folder)
    return f"{folders}: {len(samples)} images of {len({sample.group for sample in samples})} groups"


def _split_words(chosen: argparse.Namespace) -> str:
    from csamoe_desktop.datasets.protocols import PROTOCOLS

    if chosen.protocol == "patient":
        return (
            f"by patient: fold {chosen.test_fold} held out for testing, {chosen.validation_share:.0%} of the other "
            "folds' patients for validation, the rest for training"
        )
    return PROTOCOLS[chosen.protocol].words


def chosen_recipe(chosen: argparse.Namespace) -> "Recipe":
    """Return the named recipe with the changes that the arguments ask for.

    Raises:
        UserError: there is no recipe of that name.
    """
    from csamoe_desktop.training.recipes import RECIPES

    if chosen.recipe not in RECIPES:
        raise UserError(f"There is no recipe {chosen.recipe!r}.", f"The recipes are: {', '.join(RECIPES)}.")

    def given(*names: str) -> dict[str, Any]:
        return {name: getattr(chosen, name) for name in names if getattr(chosen, name) is not None}

    recipe = RECIPES[chosen.recipe]
    both_stages = {"bfloat16": not chosen.float32, **given("batch", "seed")}
    return dataclasses.replace(
        recipe,
        **both_stages,
        **given("epochs", "patience", "learning_rate"),
        first=dataclasses.replace(recipe.first, **both_stages) if recipe.first else None,
    )
