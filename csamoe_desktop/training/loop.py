"""The training loop, readable top to bottom (CSA-MoE-Net, section III-A2, is the default recipe).

Every epoch seeds its own order, augmentation and dropout from (seed, epoch), so a run that is killed and resumed from
the last epoch's checkpoint gives the weights an unbroken run gives.
"""

import hashlib
import logging
import random
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler, OneCycleLR, ReduceLROnPlateau
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from tqdm import tqdm

from csamoe_desktop.datasets.folder import Example
from csamoe_desktop.training import checkpoint
from csamoe_desktop.training.batches import batch_count, plain_batches, training_batches
from csamoe_desktop.training.checkpoint import Progress
from csamoe_desktop.training.curves import write_curves
from csamoe_desktop.training.mixstyle import add_mixstyle
from csamoe_desktop.training.recipe import Recipe
from csamoe_desktop.training.tasks import (
    Batch,
    Outlining,
    Reading,
    ReadingAndOutlining,
    Step,
    Task,
    TwoReadings,
)
from csamoe_desktop.training.team import join

_log = logging.getLogger(__name__)

CHECKPOINT = "last.safetensors"
BEST = "best.safetensors"


class Learner(nn.Module):
    """A network and its task as one module, so that every parameter that learns is in it."""

    def __init__(self, network: nn.Module, task: Task) -> None:
        super().__init__()
        self.network = network
        self.task = task

    def forward(self, batch: Batch) -> Step:
        """Return a training batch's loss and score."""
        return self.task.step(self.network, batch)


def train(
    recipe: Recipe,
    network: nn.Module,
    training: Sequence[Example],
    validation: Sequence[Example],
    folder: Path,
    device: torch.device,
    start: str = "random weights",
    show_progress: bool = True,
) -> Progress:
    """Train `network` in place, or go on where `folder` stopped, and leave its best weights in best.safetensors there.

    With the schedule `plateau` the best epoch is that of the highest validation accuracy (or Dice), among equals of the
    lowest validation loss; with `one-cycle` it is the last.
    """
    team, device = join(device)
    origin = {"recipe": recipe.to_dict(), "data": _fingerprint(training, validation), "start": start}
    network.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    task = make_task(recipe, training).to(device)
    average = _average(recipe, network)
    mixing = add_mixstyle(network) if recipe.mixstyle else []
    kept = average.module if average else network
    groups: list[dict[str, Any]] = [{"params": [one for one in network.parameters() if one.requires_grad]}]
    if list(task.parameters()):
        groups.append({"params": list(task.parameters()), "weight_decay": 0.0})
    learner = team.together(Learner(network, task), device)
    optimiser = torch.optim.AdamW(groups, lr=recipe.learning_rate, weight_decay=recipe.weight_decay)
    schedule = _schedule(recipe, optimiser, batch_count(recipe, training))
    progress = Progress()
    if (folder / CHECKPOINT).is_file():
        progress = checkpoint.load(folder / CHECKPOINT, origin, network, task, average, optimiser, schedule)
        _log.info("going on after epoch %d", progress.epochs)
    while not _finished(recipe, progress):
        epoch, started = progress.epochs + 1, time.monotonic()
        seed_everything(recipe.seed, epoch)
        learner.train()
        losses, scores = [], []
        batches = training_batches(recipe, training, epoch, team)
        told = f"epoch {epoch}/{recipe.epochs}"
        for batch in tqdm(batches, told, batch_count(recipe, training), disable=not (show_progress and team.leads)):
            with torch.autocast(device.type, torch.bfloat16, enabled=recipe.bfloat16):
                step = learner(batch.to(device))
            optimiser.zero_grad(set_to_none=True)
            step.loss.backward()
            optimiser.step()
            losses.append(step.loss.item())
            scores.append(step.score)
            rate = optimiser.param_groups[0]["lr"]
            if average:
                average.update_parameters(network)
            if isinstance(schedule, OneCycleLR):
                schedule.step()
        # The others wait here for what the first one finds, so that all schedules go on alike.
        checked = team.told(validate(recipe, task, kept, validation, device) if team.leads else None)
        if isinstance(schedule, ReduceLROnPlateau):
            schedule.step(checked["loss"])
        row = {
            "epoch": epoch,
            "training_loss": float(np.mean(losses)),
            f"training_{task.score}": float(np.mean(scores)),
            **{f"validation_{name}": value for name, value in checked.items()},
            "learning_rate": rate,
        }
        better = _is_better(recipe, f"validation_{task.score}", row, progress)
        progress = Progress(
            history=(*progress.history, row),
            best_epoch=epoch if better else progress.best_epoch,
            seconds=progress.seconds + time.monotonic() - started,
        )
        if not team.leads:
            continue
        if better:
            checkpoint.write_tensors(folder / BEST, kept.state_dict())
        checkpoint.save(folder / CHECKPOINT, origin, progress, network, task, average, optimiser, schedule)
        write_curves(folder, progress)
        _log.info(
            "epoch %d: training loss %.4f, validation %s%s",
            epoch,
            row["training_loss"],
            ", ".join(f"{name} {value:.4f}" for name, value in checked.items()),
            ", the best yet" * better,
        )
    for hook in mixing:
        hook.remove()
    return progress


def validate(
    recipe: Recipe, task: Task, network: nn.Module, examples: Sequence[Example], device: torch.device
) -> dict[str, float]:
    """Return how `network` does on `examples` without augmentation, by `task`'s own measures."""
    network.eval()
    with torch.inference_mode(), torch.autocast(device.type, torch.bfloat16, enabled=recipe.bfloat16):
        return task.measure(network, (batch.to(device) for batch in plain_batches(recipe, examples)))


def make_task(recipe: Recipe, training: Sequence[Example]) -> Task:
    """Return what the recipe's network is taught by."""
    if recipe.task == "outlining":
        return Outlining(recipe.overlap)
    if recipe.task == "reading and outlining":
        return ReadingAndOutlining(recipe.overlap)
    if recipe.task == "two readings":
        return TwoReadings(training)
    return Reading(recipe.classes.index("malignant"), recipe.smoothing)


def seed_everything(seed: int, epoch: int) -> None:
    """Seed random, numpy and torch for one epoch."""
    mixed = int(np.random.SeedSequence((seed, epoch)).generate_state(1)[0])
    random.seed(mixed)
    np.random.seed(mixed)
    torch.manual_seed(mixed)


def _fingerprint(*parts: Sequence[Example]) -> str:
    """Return a hash of which examples are in which part, and of their pixels, masks and labels."""
    whole = hashlib.sha256()
    for part in parts:
        whole.update(b"part")
        for one in part:
            whole.update(f"{one.sample.name}\0{one.target}\0{one.pixels.shape}\n".encode())
            whole.update(one.pixels.tobytes())
            whole.update(np.packbits(one.mask).tobytes())
    return whole.hexdigest()


def _average(recipe: Recipe, network: nn.Module) -> AveragedModel | None:
    if not recipe.average:
        return None
    moving = get_ema_multi_avg_fn(recipe.average)  # type: ignore[no-untyped-call]
    return AveragedModel(network, multi_avg_fn=moving, use_buffers=True)


def _schedule(recipe: Recipe, optimiser: Optimizer, steps: int) -> LRScheduler | ReduceLROnPlateau:
    if recipe.schedule == "one-cycle":
        return OneCycleLR(optimiser, recipe.learning_rate, epochs=recipe.epochs, steps_per_epoch=steps)
    return ReduceLROnPlateau(optimiser, factor=0.5, patience=recipe.plateau, min_lr=recipe.lowest_rate)


def _finished(recipe: Recipe, progress: Progress) -> bool:
    if progress.epochs >= recipe.epochs:
        return True
    early = recipe.schedule == "plateau" and progress.best_epoch > 0
    return early and progress.epochs - progress.best_epoch >= recipe.patience


def _is_better(recipe: Recipe, score: str, row: dict[str, float], progress: Progress) -> bool:
    if recipe.schedule == "one-cycle" or not progress.best_epoch:
        return True
    best = progress.history[progress.best_epoch - 1]
    return (row[score], -row["validation_loss"]) > (best[score], -best["validation_loss"])
