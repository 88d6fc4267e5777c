"""Train a network on a dataset folder with folds, and write its bundle."""

import argparse
import dataclasses
import logging
from pathlib import Path
from typing import TYPE_CHECKING

from csamoe_desktop.errors import UserError
from csamoe_desktop.inference.engine import DEVICES, choose_device

if TYPE_CHECKING:
    from csamoe_desktop.training.loop import Recipe
    from csamoe_desktop.training.splits import Split


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    data = parser.add_argument_group("data")
    data.add_argument("--data", type=Path, required=True, metavar="FOLDER", help="labels.csv with a column fold")
    data.add_argument("--test-fold", default="1", metavar="K", help="held out for testing (default: 1)")
    data.add_argument("--validation-share", type=float, default=0.15, metavar="S", help="of the other groups")
    data.add_argument("--also", type=Path, metavar="FOLDER", help="a second folder, for training and validation only")
    data.add_argument(
        "--also-where", action="append", default=[], metavar="COLUMN=VALUE", help="only these of its rows"
    )
    data.add_argument("--data-words", help="what the card says of the data (default: its folders and counts)")
    recipe = parser.add_argument_group("recipe")
    recipe.add_argument("--recipe", choices=("paper", "plus"), default="paper")
    recipe.add_argument("--network", choices=("csa-moe-net", "resnet18"), default="csa-moe-net")
    recipe.add_argument(
        "--start",
        default="imagenet",
        metavar="FILE",
        help="ImageNet weights of torchvision's resnet18 as safetensors; `imagenet` downloads torchvision's, checked "
        "against their hash; `none` starts at random (default: imagenet)",
    )
    for name in ("epochs", "patience", "batch", "seed"):
        recipe.add_argument(f"--{name}", type=int, help="instead of the recipe's")
    recipe.add_argument("--learning-rate", type=float, help="instead of the recipe's")
    recipe.add_argument("--float32", action="store_true", help="no mixed precision")
    parser.add_argument("--device", choices=DEVICES, default="auto")
    parser.add_argument("--out", type=Path, required=True, metavar="RUN", help="checkpoints; an old run there goes on")
    parser.add_argument("--bundle", type=Path, metavar="FOLDER", help="where the bundle goes (default: RUN/bundle)")
    parser.add_argument("--title", help="what the card calls the model")
    parser.add_argument("--licence", default="not stated", help="what the card says of it; mind that of the start")


def run(chosen: argparse.Namespace) -> int:
    """Run the command and return the exit status."""
    import torch

    from csamoe_desktop.networks.blocks import imagenet_resnet18
    from csamoe_desktop.networks.build import build
    from csamoe_desktop.training.datasets import read_examples
    from csamoe_desktop.training.finish import Description, write_bundle
    from csamoe_desktop.training.loop import seed_everything, train

    logging.basicConfig(level=logging.INFO, format="%(message)s")
    recipe = _recipe(chosen)
    split = _split(chosen, recipe.seed)
    seed_everything(recipe.seed, 0)
    network = build(recipe.builder)
    if chosen.start != "none":
        file = None if chosen.start == "imagenet" else Path(chosen.start)
        network.load_imagenet(imagenet_resnet18(file))  # type: ignore[operator]
    start = {"none": "random weights", "imagenet": "torchvision's ImageNet ResNet-18"}.get(
        chosen.start, f"ImageNet weights from {Path(chosen.start).name}"
    )
    device = choose_device(chosen.device)
    print(f"{len(split.train)} training, {len(split.validation)} validation, {len(split.test)} test images")
    print(f"on {device.words}; stop at any time, the same command goes on after the last whole epoch", flush=True)
    progress = train(
        recipe,
        network,
        read_examples(split.train, "malignant", "benign"),
        read_examples(split.validation, "malignant", "benign"),
        chosen.out,
        torch.device(device.kind),
        start,
    )
    folder = chosen.bundle or chosen.out / "bundle"
    also = f", and {chosen.also.name} for training and validation only" if chosen.also else ""
    description = Description(
        name=folder.name,
        title=chosen.title or {"csa-moe-net": "CSA-MoE-Net", "resnet18": "ResNet-18"}[chosen.network],
        version="1.0",
        data=chosen.data_words or _counts(chosen, split),
        split=(
            f"by patient: fold {chosen.test_fold} held out for testing, {chosen.validation_share:.0%} of the other "
            f"folds' patients for validation, the rest for training{also} "
            f"({len(split.train)} / {len(split.validation)} / {len(split.test)} images)"
        ),
        # A second folder may group by something else, such as sets of near-duplicates.
        groups="groups" if chosen.also else "patients",
        start=start,
        licence=chosen.licence,
    )
    bundle = write_bundle(description, recipe, progress, split, chosen.out, folder)
    print(f"best epoch {progress.best_epoch} of {progress.epochs}; bundle in {bundle.folder}")
    return 0


def _counts(chosen: argparse.Namespace, split: "Split") -> str:
    """Return the data in words, where nobody gave better ones."""
    samples = [*split.train, *split.validation, *split.test]
    folders = " and ".join(folder.name for folder in (chosen.data, chosen.also) if folder)
    return f"{folders}: {len(samples)} images of {len({sample.group for sample in samples})} groups"


def _recipe(chosen: argparse.Namespace) -> "Recipe":
    """Return the named recipe with what the arguments change in it."""
    from csamoe_desktop.networks.cards import Builder
    from csamoe_desktop.training.recipes import RECIPES

    names = ("epochs", "patience", "batch", "seed", "learning_rate")
    changes = {name: getattr(chosen, name) for name in names if getattr(chosen, name) is not None}
    if chosen.network == "resnet18":
        changes |= {"builder": Builder("resnet18"), "views": ("image",)}
    return dataclasses.replace(RECIPES[chosen.recipe], bfloat16=not chosen.float32, **changes)


def _split(chosen: argparse.Namespace, seed: int) -> "Split":
    """Return the samples of the folders, split.

    Raises:
        UserError: a folder cannot be used, or a part of the split is empty.
    """
    from csamoe_desktop.training.datasets import read_dataset, where
    from csamoe_desktop.training.splits import Split, by_fold, by_share

    samples = read_dataset(chosen.data)
    if "fold" not in samples[0].columns:
        raise UserError(f"{chosen.data}/labels.csv has no column fold.", "Number the folds there, each group in one.")
    split = by_fold(samples, chosen.test_fold, chosen.validation_share, seed)
    if not (split.train and split.validation and split.test):
        raise UserError(
            f"Fold {chosen.test_fold} and a validation share of {chosen.validation_share} leave a part empty.",
            "Choose a fold that labels.csv has, and a share between 0 and 1.",
        )
    if chosen.also is None:
        return split
    more = [
        sample
        for sample in where(read_dataset(chosen.also), chosen.also_where)
        if sample.label in ("benign", "malignant")
    ]
    train, validation = by_share(more, chosen.validation_share, seed)
    return Split([*split.train, *train], [*split.validation, *validation], split.test)
