"""From examples to a batch of tensors, augmented for training or as they are."""

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from csamoe_desktop.datasets.folder import Example
from csamoe_desktop.inference.tensors import views_tensor
from csamoe_desktop.lesion.regions import Regions, divide, make_regions, whole_image
from csamoe_desktop.training.appearance import borrow
from csamoe_desktop.training.augment import AUGMENTATIONS
from csamoe_desktop.training.recipe import Recipe
from csamoe_desktop.training.tasks import Batch, birads_of
from csamoe_desktop.training.team import Team


def batch_count(recipe: Recipe, examples: Sequence[Example]) -> int:
    """Return an epoch's batches: whole ones, and a last smaller one only if batch norm can use it (two images or more)."""
    shown = len(examples) // len(recipe.classes) * len(recipe.classes) if recipe.balance else len(examples)
    return shown // recipe.batch + (shown % recipe.batch > 1)


def training_batches(recipe: Recipe, examples: Sequence[Example], epoch: int, team: Team) -> Iterator[Batch]:
    """Return an epoch's batches, this process's share of each.

    What is drawn for an image hangs on seed, epoch and its place in the epoch alone, so that one process and several show
    the same images.
    """
    order = _order(recipe, examples, np.random.default_rng((recipe.seed, epoch)))
    for number in range(batch_count(recipe, examples)):
        places = team.share(range(number * recipe.batch, min((number + 1) * recipe.batch, len(order))))
        some = [examples[order[place]] for place in places]
        draws = [np.random.default_rng((recipe.seed, epoch, place)) for place in places]
        yield _batch(
            recipe, some, [_augmented(recipe, one, examples, draw) for one, draw in zip(some, draws, strict=True)]
        )


def plain_batches(recipe: Recipe, examples: Sequence[Example]) -> Iterator[Batch]:
    """Return all examples in their order, without augmentation."""
    for start in range(0, len(examples), recipe.batch):
        some = examples[start : start + recipe.batch]
        yield _batch(recipe, some, [_plain(recipe, one) for one in some])


def _order(recipe: Recipe, examples: Sequence[Example], draw: np.random.Generator) -> NDArray[np.intp]:
    """Return which examples an epoch shows, in order: all once; balanced, as many of each class (or hospital), an even
    share of each."""
    if recipe.balance:
        kinds = [np.flatnonzero([one.target == target for one in examples]) for target in range(len(recipe.classes))]
    elif recipe.balance_hospitals:
        names = np.array([one.sample.hospital for one in examples])
        kinds = [np.flatnonzero(names == name) for name in sorted(set(names.tolist()))]
    else:
        return draw.permutation(len(examples))
    most = len(examples) // len(kinds)
    shown = [np.resize(draw.permutation(places), most) for places in kinds if len(places)]
    # What does not divide evenly is drawn from all, so that an epoch is as long as without balance.
    left = len(examples) - most * len(kinds) if recipe.balance_hospitals else 0
    rest = draw.permutation(len(examples))[:left]
    return draw.permutation(np.concatenate([*shown, rest]))


def _batch(recipe: Recipe, examples: Sequence[Example], regions: Sequence[Regions]) -> Batch:
    return Batch(
        views=torch.stack([views_tensor(one, recipe.views, recipe.normalisation) for one in regions]),
        masks=torch.from_numpy(np.stack([one.lesion for one in regions])).float().unsqueeze(1),
        targets=torch.tensor([one.target for one in examples]),
        birads=torch.tensor([birads_of(one) for one in examples]),
    )


def _augmented(recipe: Recipe, example: Example, examples: Sequence[Example], draw: np.random.Generator) -> Regions:
    augment = AUGMENTATIONS[recipe.augmentation]
    pixels = example.pixels
    if recipe.borrowed_look and draw.random() < recipe.borrowed_look:
        pixels = borrow(pixels, _of_another_hospital(example, examples, draw).pixels, draw)
    return divide(*augment(pixels, example.mask, recipe.size, recipe.field, draw))


def _of_another_hospital(example: Example, examples: Sequence[Example], draw: np.random.Generator) -> Example:
    """Return one of a few drawn examples that is of another hospital; the last of them where none is."""
    other = example
    for place in draw.integers(len(examples), size=8):
        other = examples[place]
        if other.sample.hospital != example.sample.hospital:
            break
    return other


def _plain(recipe: Recipe, example: Example) -> Regions:
    if not example.mask.any():
        return whole_image(example.pixels, recipe.size)
    return make_regions(example.pixels, example.mask, recipe.size, field=recipe.field)
