"""The training loop, readable top to bottom (CSA-MoE-Net, section III-A2, is the default recipe).

Every epoch seeds its own order, augmentation and dropout from (seed, epoch), so a run that is killed and resumed from
the last epoch's checkpoint gives the weights an unbroken run gives.
"""

import csv
import dataclasses
import hashlib
import io
import logging
import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler, OneCycleLR, ReduceLROnPlateau
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from tqdm import tqdm

from csamoe_desktop.files import write_whole
from csamoe_desktop.inference.tensors import views_tensor
from csamoe_desktop.lesion.regions import SIZE, divide, make_regions
from csamoe_desktop.networks.cards import Builder, Normalisation
from csamoe_desktop.training import checkpoint
from csamoe_desktop.training.augment import AUGMENTATIONS
from csamoe_desktop.training.checkpoint import Progress
from csamoe_desktop.training.datasets import Example
from csamoe_desktop.training.metrics import auc

_log = logging.getLogger(__name__)

CHECKPOINT = "last.safetensors"
BEST = "best.safetensors"
CURVES = "curves.csv"


@dataclass(frozen=True, slots=True)
class Recipe:
    """What is trained and how. The defaults are the paper's (which runs all 30 epochs; `patience` only spares those
    after the best that will not count).

    Attributes:
        builder, views, size, field, normalisation: the network and what its experts see.
        augmentation: a name in `augment.AUGMENTATIONS`.
        epochs: at most so many; with the schedule `plateau`, `patience` epochs without a better validation accuracy
            end the run earlier.
        batch, learning_rate, weight_decay: of AdamW (with a weight decay of 0: Adam).
        schedule: `plateau` halves the rate after `plateau` epochs without a lower validation loss, down to
            `lowest_rate`, and the best epoch counts; `one-cycle` raises it to `learning_rate` and lowers it to nothing
            over the whole run, and the last epoch counts.
        average: decay, a step, of the moving average of the weights that is validated and kept; 0: none.
        seed: of random, numpy and torch.
        bfloat16: mixed precision in the forward pass.
    """

    builder: Builder = dataclasses.field(default_factory=lambda: Builder("csa-moe-net"))
    views: tuple[str, ...] = ("image", "core", "boundary")
    size: int = SIZE
    field: float | None = None
    normalisation: Normalisation = dataclasses.field(default_factory=Normalisation)
    augmentation: str = "paper"
    epochs: int = 30
    patience: int = 8
    batch: int = 32
    learning_rate: float = 5e-5
    weight_decay: float = 0.0
    schedule: Literal["plateau", "one-cycle"] = "plateau"
    plateau: int = 3
    lowest_rate: float = 1e-6
    average: float = 0.0
    seed: int = 42
    bfloat16: bool = True

    def to_dict(self) -> dict[str, Any]:
        """Return the recipe as JSON knows it."""
        told: dict[str, Any] = dataclasses.asdict(self)
        told["views"] = list(self.views)
        told["normalisation"] = {name: list(values) for name, values in told["normalisation"].items()}
        return told


@dataclass(frozen=True, slots=True)
class Validation:
    """A pass over the validation images: mean loss, accuracy and AUC."""

    loss: float
    accuracy: float
    auc: float


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

    With the schedule `plateau` the best epoch is that of the highest validation accuracy, among equals of the lowest
    validation loss; with `one-cycle` it is the last.
    """
    origin = {"recipe": recipe.to_dict(), "data": _fingerprint(training, validation), "start": start}
    network.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    average = _average(recipe, network)
    kept = average.module if average else network
    optimiser = torch.optim.AdamW(network.parameters(), lr=recipe.learning_rate, weight_decay=recipe.weight_decay)
    schedule = _schedule(recipe, optimiser, _batch_count(recipe, training))
    progress = Progress()
    if (folder / CHECKPOINT).is_file():
        progress = checkpoint.load(folder / CHECKPOINT, origin, network, average, optimiser, schedule)
        _log.info("going on after epoch %d", progress.epochs)
    while not _finished(recipe, progress):
        epoch, started = progress.epochs + 1, time.monotonic()
        seed_everything(recipe.seed, epoch)
        network.train()
        losses = []
        batches = _batches(recipe, training, epoch)
        for views, targets in tqdm(
            batches, f"epoch {epoch}/{recipe.epochs}", _batch_count(recipe, training), disable=not show_progress
        ):
            with torch.autocast(device.type, torch.bfloat16, enabled=recipe.bfloat16):
                reading = network(views.to(device))
            loss = cross_entropy(reading.logits.float(), targets.to(device))
            optimiser.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            losses.append(loss.item())
            rate = optimiser.param_groups[0]["lr"]
            if average:
                average.update_parameters(network)
            if isinstance(schedule, OneCycleLR):
                schedule.step()
        checked = validate(recipe, kept, validation, device)
        if isinstance(schedule, ReduceLROnPlateau):
            schedule.step(checked.loss)
        row = {
            "epoch": epoch,
            "training_loss": float(np.mean(losses)),
            "validation_loss": checked.loss,
            "validation_accuracy": checked.accuracy,
            "validation_auc": checked.auc,
            "learning_rate": rate,
        }
        better = _is_better(recipe, row, progress)
        progress = Progress(
            history=(*progress.history, row),
            best_epoch=epoch if better else progress.best_epoch,
            seconds=progress.seconds + time.monotonic() - started,
        )
        if better:
            checkpoint.write_tensors(folder / BEST, kept.state_dict())
        checkpoint.save(folder / CHECKPOINT, origin, progress, network, average, optimiser, schedule)
        _write_curves(folder / CURVES, progress)
        _log.info(
            "epoch %d: training loss %.4f, validation loss %.4f, accuracy %.4f, AUC %.4f%s",
            epoch,
            row["training_loss"],
            checked.loss,
            checked.accuracy,
            checked.auc,
            ", the best yet" * better,
        )
    return progress


def validate(recipe: Recipe, network: nn.Module, examples: Sequence[Example], device: torch.device) -> Validation:
    """Return how `network` does on `examples` without augmentation."""
    network.eval()
    logits = []
    with torch.inference_mode(), torch.autocast(device.type, torch.bfloat16, enabled=recipe.bfloat16):
        for start in range(0, len(examples), recipe.batch):
            views = torch.stack([_plain_views(recipe, one) for one in examples[start : start + recipe.batch]])
            logits.append(network(views.to(device)).logits.float().cpu())
    whole = torch.cat(logits)
    targets = torch.tensor([one.target for one in examples])
    return Validation(
        loss=float(cross_entropy(whole, targets)),
        accuracy=float((whole.argmax(1) == targets).float().mean()),
        auc=auc(targets.numpy().astype(bool), torch.softmax(whole.double(), 1)[:, 1].numpy()),
    )


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


def _is_better(recipe: Recipe, row: dict[str, float], progress: Progress) -> bool:
    if recipe.schedule == "one-cycle" or not progress.best_epoch:
        return True
    best = progress.history[progress.best_epoch - 1]
    return (row["validation_accuracy"], -row["validation_loss"]) > (
        best["validation_accuracy"],
        -best["validation_loss"],
    )


def _batch_count(recipe: Recipe, examples: Sequence[Example]) -> int:
    """Whole batches, and a last smaller one only if batch norm can use it (two images or more)."""
    return len(examples) // recipe.batch + (len(examples) % recipe.batch > 1)


def _batches(recipe: Recipe, examples: Sequence[Example], epoch: int) -> Iterator[tuple[Tensor, Tensor]]:
    draw = np.random.default_rng((recipe.seed, epoch))
    order = draw.permutation(len(examples))
    for number in range(_batch_count(recipe, examples)):
        some = [examples[place] for place in order[number * recipe.batch : (number + 1) * recipe.batch]]
        views = torch.stack([_augmented_views(recipe, one, draw) for one in some])
        yield views, torch.tensor([one.target for one in some])


def _augmented_views(recipe: Recipe, example: Example, draw: np.random.Generator) -> Tensor:
    augment = AUGMENTATIONS[recipe.augmentation]
    regions = divide(*augment(example.pixels, example.mask, recipe.size, recipe.field, draw))
    return views_tensor(regions, recipe.views, recipe.normalisation)


def _plain_views(recipe: Recipe, example: Example) -> Tensor:
    regions = make_regions(example.pixels, example.mask, recipe.size, field=recipe.field)
    return views_tensor(regions, recipe.views, recipe.normalisation)


def _write_curves(file: Path, progress: Progress) -> None:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, fieldnames=list(progress.history[0]))
    writer.writeheader()
    writer.writerows(progress.history)
    write_whole(file, lambda path: path.write_bytes(text.getvalue().encode()))
