"""The training loop (CSA-MoE-Net, section III-A2, is the default recipe).

Every epoch seeds its order, augmentation and dropout from (seed, epoch), so that a run that is killed and resumed from the
checkpoint of the last epoch gives the same weights as an uninterrupted run.
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
    Classifying,
    Outlining,
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
    """A network and its task as one module that has all trainable parameters."""

    def __init__(self, network: nn.Module, task: Task) -> None:
        super().__init__()
        self.network = network
        self.task = task

    def forward(self, batch: Batch) -> Step:
        """Return the loss and the score of a training batch."""
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
    """Train `network` in place, or continue the run in `folder`; write the best weights to best.safetensors there.

    With the schedule `plateau`, the best epoch is the one with the highest validation accuracy (or Dice), and among equals the
    one with the lowest validation loss; with `one-cycle` it is the last epoch.
    """
    team, device = join(device)
    origin = {"recipe": recipe.to_dict(), "data": _fingerprint(training, validation), "start": start}
    network.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    task = make_task(recipe, training).to(device)
    average = _average(recipe, network)
    mixing = add_mixstyle(network) if recipe.mixstyle else []
    result = average.module if average else network
    trainable = [parameter for parameter in network.parameters() if parameter.requires_grad]
    groups: list[dict[str, Any]] = [{"params": trainable}]
    if list(task.parameters()):
        groups.append({"params": list(task.parameters()), "weight_decay": 0.0})
    learner = team.together(Learner(network, task), device)
    optimiser = torch.optim.AdamW(groups, lr=recipe.learning_rate, weight_decay=recipe.weight_decay)
    schedule = _schedule(recipe, optimiser, batch_count(recipe, training))
    progress = Progress()
    if (folder / CHECKPOINT).is_file():
        progress = checkpoint.load(folder / CHECKPOINT, origin, network, task, average, optimiser, schedule)
        _log.info("continuing after epoch %d", progress.epochs)
    while not _finished(recipe, progress):
        epoch, started = progress.epochs + 1, time.monotonic()
        seed_everything(recipe.seed, epoch)
        learner.train()
        losses, scores = [], []
        batches = training_batches(recipe, training, epoch, team)
        label = f"epoch {epoch}/{recipe.epochs}"
        for batch in tqdm(batches, label, batch_count(recipe, training), disable=not (show_progress and team.leads)):
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
        # The other processes wait here for the figures of the first one, so that all schedules stay in step.
        figures = team.broadcast(validate(recipe, task, result, validation, device) if team.leads else None)
        if isinstance(schedule, ReduceLROnPlateau):
            schedule.step(figures["loss"])
        row = {
            "epoch": epoch,
            "training_loss": float(np.mean(losses)),
            f"training_{task.score}": float(np.mean(scores)),
            **{f"validation_{name}": value for name, value in figures.items()},
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
            checkpoint.write_tensors(folder / BEST, result.state_dict())
        checkpoint.save(folder / CHECKPOINT, origin, progress, network, task, average, optimiser, schedule)
        write_curves(folder, progress)
        _log.info(
            "epoch %d: training loss %.4f, validation %s%s",
            epoch,
            row["training_loss"],
            ", ".join(f"{name} {value:.4f}" for name, value in figures.items()),
            ", the best so far" * better,
        )
    for hook in mixing:
        hook.remove()
    return progress


def validate(
    recipe: Recipe, task: Task, network: nn.Module, examples: Sequence[Example], device: torch.device
) -> dict[str, float]:
    """Return the figures of `task` for `network` on `examples`, without augmentation."""
    network.eval()
    with torch.inference_mode(), torch.autocast(device.type, torch.bfloat16, enabled=recipe.bfloat16):
        return task.measure(network, (batch.to(device) for batch in plain_batches(recipe, examples)))


def make_task(recipe: Recipe, training: Sequence[Example]) -> Task:
    """Return the task that the recipe names."""
    if recipe.task == "outlining":
        return Outlining(recipe.overlap)
    if recipe.task == "reading and outlining":
        return ReadingAndOutlining(recipe.overlap)
    if recipe.task == "two readings":
        return TwoReadings(training)
    return Classifying(recipe.classes.index("malignant"), recipe.smoothing)


def seed_everything(seed: int, epoch: int) -> None:
    """Seed random, numpy and torch for one epoch."""
    mixed = int(np.random.SeedSequence((seed, epoch)).generate_state(1)[0])
    random.seed(mixed)
    np.random.seed(mixed)
    torch.manual_seed(mixed)


def _fingerprint(*parts: Sequence[Example]) -> str:
    """Return a hash over the examples of each part: names, pixels, masks and labels."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(b"part")
        for example in part:
            digest.update(f"{example.sample.name}\0{example.target}\0{example.pixels.shape}\n".encode())
            digest.update(example.pixels.tobytes())
            digest.update(np.packbits(example.mask).tobytes())
    return digest.hexdigest()


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
