"""Networks that are trained in two stages: who outlines first, and what the second stage takes from it.

LA-Net's first stage is a teacher, the same network on the images that have a mask; the masks of all others are then the
teacher's (pseudo-masks), and the second stage goes on from its weights. The two-stage network's first stage is a U-Net of
its own, which the second one carries inside.
"""

import dataclasses
import logging
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file
from torch import nn

from csamoe_desktop.datasets.folder import Example
from csamoe_desktop.inference.tensors import views_tensor
from csamoe_desktop.lesion.regions import nearest, whole_image
from csamoe_desktop.networks.build import build
from csamoe_desktop.training.checkpoint import Progress
from csamoe_desktop.training.loop import BEST, seed_everything, train
from csamoe_desktop.training.recipe import Recipe

_log = logging.getLogger(__name__)
FIRST = "first"


def train_stages(
    recipe: Recipe,
    network: nn.Module,
    training: Sequence[Example],
    validation: Sequence[Example],
    folder: Path,
    device: torch.device,
    start: str,
    masks: float = 1.0,
    show_progress: bool = True,
) -> Progress:
    """Train `network` by `recipe`, its first stage before it where there is one; see `loop.train`.

    Args:
        masks: the share of the groups whose masks the first stage may see.
    """
    if recipe.first is None:
        return train(recipe, network, training, validation, folder, device, start, show_progress)
    teaches_itself = recipe.first.builder == recipe.builder
    if teaches_itself:
        teacher = network
    else:
        seed_everything(recipe.first.seed, 0)
        teacher = build(recipe.first.builder)
    outlined = with_masks(training, masks, recipe.seed)
    _log.info("first stage: outlines, from %d of %d images", len(outlined), len(training))
    before = train(
        recipe.first,
        teacher,
        outlined,
        validation,
        folder / FIRST,
        device,
        start if teaches_itself else "random weights",
        show_progress,
    )
    teacher.load_state_dict(load_file(folder / FIRST / BEST))
    if teaches_itself:
        known = {one.sample.name for one in outlined}
        others = [one for one in training if one.sample.name not in known]
        guessed = dict(zip([one.sample.name for one in others], pseudo_masks(recipe, teacher, others), strict=True))
        training = [
            dataclasses.replace(one, mask=guessed[one.sample.name]) if one.sample.name in guessed else one
            for one in training
        ]
    else:
        network.load_segmenter(teacher.state_dict())  # type: ignore[operator]
    _log.info("second stage: classes")
    after = train(
        recipe, network, training, validation, folder, device, f"its first stage, from {start}", show_progress
    )
    return dataclasses.replace(after, seconds=before.seconds + after.seconds)


def with_masks(examples: Sequence[Example], share: float, seed: int) -> list[Example]:
    """Return the examples of a `share` of the groups, drawn by `seed`; a larger share holds every smaller one."""
    groups = sorted({one.sample.group for one in examples})
    kept = set(np.random.default_rng(seed).permutation(groups)[: round(share * len(groups))].tolist())
    return [one for one in examples if one.sample.group in kept]


def pseudo_masks(recipe: Recipe, teacher: nn.Module, examples: Sequence[Example]) -> list[NDArray[np.bool_]]:
    """Return the outlines `teacher` finds, bool, each of its frame's shape; empty where it finds none."""
    teacher.eval()
    device = next(teacher.parameters()).device
    found = []
    for start in range(0, len(examples), recipe.batch):
        some = examples[start : start + recipe.batch]
        views = torch.stack(
            [views_tensor(whole_image(one.pixels, recipe.size), recipe.views, recipe.normalisation) for one in some]
        )
        with torch.inference_mode(), torch.autocast(device.type, torch.bfloat16, enabled=recipe.bfloat16):
            logits = teacher.outline(views.to(device)).float().cpu().numpy()  # type: ignore[operator]
        for one, its in zip(some, logits, strict=True):
            rows, columns = one.pixels.shape
            mask = cv2.resize(its[0], (columns, rows), interpolation=cv2.INTER_LINEAR) > 0
            # A speck that falls between the network's pixels could not be read again.
            seen = mask[nearest(rows, recipe.size)][:, nearest(columns, recipe.size)].any()
            found.append(mask if seen else np.zeros_like(mask))
    return found
