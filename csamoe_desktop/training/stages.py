"""Training in two stages: the first stage learns outlines, and the second uses its result.

The first stage of LA-Net is a teacher: the same network, trained on the images with a mask. The other images then get the
teacher's outlines as pseudo-masks, and the second stage starts from the teacher's weights. The first stage of the two-stage
network is a separate U-Net, which becomes part of the second.
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
    """Train `network` by `recipe`, after its first stage if it has one; see `loop.train`.

    Args:
        masks: the share of the groups whose masks the first stage uses.
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
        known = {example.sample.name for example in outlined}
        others = [example for example in training if example.sample.name not in known]
        masks_of = dict(
            zip([example.sample.name for example in others], pseudo_masks(recipe, teacher, others), strict=True)
        )
        training = [
            dataclasses.replace(example, mask=masks_of.get(example.sample.name, example.mask)) for example in training
        ]
    else:
        network.load_segmenter(teacher.state_dict())  # type: ignore[operator]
    _log.info("second stage: classes")
    after = train(
        recipe, network, training, validation, folder, device, f"its first stage, from {start}", show_progress
    )
    return dataclasses.replace(after, seconds=before.seconds + after.seconds)


def with_masks(examples: Sequence[Example], share: float, seed: int) -> list[Example]:
    """Return the examples of a random `share` of the groups; with the same seed, a larger share includes a smaller one."""
    groups = sorted({example.sample.group for example in examples})
    chosen = set(np.random.default_rng(seed).permutation(groups)[: round(share * len(groups))].tolist())
    return [example for example in examples if example.sample.group in chosen]


def pseudo_masks(recipe: Recipe, teacher: nn.Module, examples: Sequence[Example]) -> list[NDArray[np.bool_]]:
    """Return the masks that `teacher` predicts, bool, each of its frame's shape; empty if it predicts none."""
    teacher.eval()
    device = next(teacher.parameters()).device
    masks = []
    for start in range(0, len(examples), recipe.batch):
        batch = examples[start : start + recipe.batch]
        regions = [whole_image(example.pixels, recipe.size) for example in batch]
        views = torch.stack([views_tensor(image, recipe.views, recipe.normalisation) for image in regions])
        with torch.inference_mode(), torch.autocast(device.type, torch.bfloat16, enabled=recipe.bfloat16):
            logits = teacher.outline(views.to(device)).float().cpu().numpy()  # type: ignore[operator]
        for example, logit in zip(batch, logits, strict=True):
            rows, columns = example.pixels.shape
            mask = cv2.resize(logit[0], (columns, rows), interpolation=cv2.INTER_LINEAR) > 0
            # A speck that falls between the pixels of the network's input would be lost.
            visible = mask[nearest(rows, recipe.size)][:, nearest(columns, recipe.size)].any()
            masks.append(mask if visible else np.zeros_like(mask))
    return masks
