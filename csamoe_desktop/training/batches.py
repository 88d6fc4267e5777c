"""Turn examples into batches of tensors, with augmentation for training or without."""

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
    """Return the number of batches in an epoch; a smaller last batch counts only if batch norm can use it (2 images or more)."""
    shown = len(examples) // len(recipe.classes) * len(recipe.classes) if recipe.balance else len(examples)
    return shown // recipe.batch + (shown % recipe.batch > 1)


def training_batches(recipe: Recipe, examples: Sequence[Example], epoch: int, team: Team) -> Iterator[Batch]:
    """Yield this process's share of each batch of an epoch.

    The random draws for an image depend only on the seed, the epoch and the image's place in the epoch, so that the images are
    the same for any number of processes.
    """
    order = _order(recipe, examples, np.random.default_rng((recipe.seed, epoch)))
    for number in range(batch_count(recipe, examples)):
        places = team.share(range(number * recipe.batch, min((number + 1) * recipe.batch, len(order))))
        batch = [examples[order[place]] for place in places]
        draws = [np.random.default_rng((recipe.seed, epoch, place)) for place in places]
        regions = [_augmented(recipe, example, examples, draw) for example, draw in zip(batch, draws, strict=True)]
        yield _batch(recipe, batch, regions)


def plain_batches(recipe: Recipe, examples: Sequence[Example]) -> Iterator[Batch]:
    """Yield all examples in their order, without augmentation."""
    for start in range(0, len(examples), recipe.batch):
        batch = examples[start : start + recipe.batch]
        yield _batch(recipe, batch, [_plain(recipe, example) for example in batch])


def _order(recipe: Recipe, examples: Sequence[Example], draw: np.random.Generator) -> NDArray[np.intp]:
    """Return the places of the examples that an epoch shows, in order.

    Each example is shown once; with balance, each class (or hospital) is shown equally often.
    """
    if recipe.balance:
        targets = np.array([example.target for example in examples])
        kinds = [np.flatnonzero(targets == target) for target in range(len(recipe.classes))]
    elif recipe.balance_hospitals:
        names = np.array([example.sample.hospital for example in examples])
        kinds = [np.flatnonzero(names == name) for name in sorted(set(names.tolist()))]
    else:
        return draw.permutation(len(examples))
    share = len(examples) // len(kinds)
    shown = [np.resize(draw.permutation(places), share) for places in kinds if len(places)]
    # The remainder is drawn from all hospitals, so that an epoch is as long as without balance.
    remainder = len(examples) - share * len(kinds) if recipe.balance_hospitals else 0
    rest = draw.permutation(len(examples))[:remainder]
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
    """Draw up to 8 examples and return the first from another hospital, or else the last."""
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
