"""The tasks that networks are trained for: one class per kind of task, with its loss and its validation figures."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

from csamoe_desktop.datasets.folder import Example
from csamoe_desktop.errors import UserError
from csamoe_desktop.evidence.metrics import auc
from csamoe_desktop.networks.csasn import UNLABELLED, DynamicTaskLoss

BIRADS = ("2", "3", "4", "5")


class Batch(NamedTuple):
    """A batch of examples as tensors.

    Attributes:
        views: [B, E, 3, size, size], the inputs of the experts.
        masks: [B, 1, size, size], 0 or 1.
        targets: [B], the class of each example.
        birads: [B], the index of its BI-RADS category in BIRADS, or UNLABELLED.
    """

    views: Tensor
    masks: Tensor
    targets: Tensor
    birads: Tensor

    def to(self, device: torch.device) -> "Batch":
        """Return the batch on `device`."""
        return Batch(*(tensor.to(device) for tensor in self))


class Step(NamedTuple):
    """The result of a batch: the loss, and the score that is logged (accuracy or Dice)."""

    loss: Tensor
    score: float


class Task(nn.Module):
    """A kind of task. It is a module because a loss can have trainable parameters.

    `score` names the figure that selects the best epoch; higher is better, and a tie goes to the lower loss.
    """

    score = "accuracy"

    def step(self, network: nn.Module, batch: Batch) -> Step:
        """Return the loss of a training batch, with its graph."""
        raise NotImplementedError

    def measure(self, network: nn.Module, batches: Iterable[Batch]) -> dict[str, float]:
        """Return loss, score and further figures over the validation examples."""
        raise NotImplementedError


class Classifying(Task):
    """Classification: cross-entropy, plus the network's own L2 penalty if it has one."""

    def __init__(self, positive: int = 1, smoothing: float = 0.0) -> None:
        super().__init__()
        self.positive = positive
        self.smoothing = smoothing

    def step(self, network: nn.Module, batch: Batch) -> Step:
        logits = _read(network, batch).logits.float()
        loss = cross_entropy(logits, batch.targets, label_smoothing=self.smoothing)
        if hasattr(network, "l2_penalty"):
            loss = loss + network.l2_penalty()  # type: ignore[operator]
        return Step(loss, _accuracy(logits, batch.targets))

    def measure(self, network: nn.Module, batches: Iterable[Batch]) -> dict[str, float]:
        logits, targets, gates = [], [], []
        for batch in batches:
            reading = _read(network, batch)
            logits.append(reading.logits.float().cpu())
            gates.append(reading.gates.float().cpu())
            targets.append(batch.targets.cpu())
        all_logits, all_targets = torch.cat(logits), torch.cat(targets)
        probability = torch.softmax(all_logits.double(), 1)[:, self.positive]
        shares = torch.cat(gates).mean(0).tolist()
        names = network.expert_names
        return {
            "loss": float(cross_entropy(all_logits, all_targets)),
            "accuracy": _accuracy(all_logits, all_targets),
            "auc": auc((all_targets == self.positive).numpy(), probability.numpy()),
            **({f"gate_{name}": share for name, share in zip(names, shares, strict=True)} if len(names) > 1 else {}),  # type: ignore[arg-type]
        }


class Outlining(Task):
    """Outlining: binary cross-entropy per pixel, plus `overlap` times one minus the soft Dice."""

    score = "dice"

    def __init__(self, overlap: float = 0.0) -> None:
        super().__init__()
        self.overlap = overlap

    def step(self, network: nn.Module, batch: Batch) -> Step:
        logits = network.outline(batch.views).float()  # type: ignore[operator]
        return Step(outline_loss(logits, batch.masks, self.overlap), float(dice(logits > 0, batch.masks > 0).mean()))

    def measure(self, network: nn.Module, batches: Iterable[Batch]) -> dict[str, float]:
        losses, overlaps = [], []
        for batch in batches:
            logits = network.outline(batch.views).float()  # type: ignore[operator]
            losses += [float(outline_loss(logits, batch.masks, self.overlap))] * len(logits)
            overlaps += dice(logits > 0, batch.masks > 0).tolist()
        return {"loss": float(np.mean(losses)), "dice": float(np.mean(overlaps))}


class ReadingAndOutlining(Classifying):
    """Classification and outlining in one pass: LA-Net's second stage. The accuracy selects the best epoch."""

    def __init__(self, overlap: float = 1.0) -> None:
        super().__init__()
        self.overlap = overlap

    def step(self, network: nn.Module, batch: Batch) -> Step:
        reading = network(batch.views)
        logits = reading.logits.float()
        loss = cross_entropy(logits, batch.targets)
        loss = loss + outline_loss(reading.mask_logits.float(), batch.masks, self.overlap)
        return Step(loss, _accuracy(logits, batch.targets))


class TwoReadings(Classifying):
    """Malignancy and BI-RADS category together, weighted as in CSASN's loss.

    Raises:
        UserError: no example has a BI-RADS category.
    """

    def __init__(self, examples: Sequence[Example]) -> None:
        super().__init__()
        first = [sum(example.target == target for example in examples) for target in (0, 1)]
        second = [birads_of(example) for example in examples]
        if all(index == UNLABELLED for index in second):
            raise UserError(
                "No training image has a BI-RADS category from 2 to 5, which the second task needs.",
                "Add a column birads to labels.csv, or choose another recipe.",
            )
        self.weighing = DynamicTaskLoss([first, [second.count(index) for index in range(len(BIRADS))]])

    def step(self, network: nn.Module, batch: Batch) -> Step:
        reading = network(batch.views)
        losses = self.weighing([reading.logits, reading.second_logits], [batch.targets, batch.birads])
        return Step(losses.total, _accuracy(reading.logits, batch.targets))


def outline_loss(logits: Tensor, masks: Tensor, overlap: float) -> Tensor:
    """Return the cross-entropy of the pixels plus `overlap` times one minus the soft Dice, each averaged over the images."""
    loss = binary_cross_entropy_with_logits(logits, masks)
    if not overlap:
        return loss
    shares = torch.sigmoid(logits)
    numerator = 2 * (shares * masks).sum((1, 2, 3)) + 1
    denominator = shares.sum((1, 2, 3)) + masks.sum((1, 2, 3)) + 1
    return loss + overlap * (1 - numerator / denominator).mean()


def dice(predicted: Tensor, target: Tensor) -> Tensor:
    """Return 2 |A and B| / (|A| + |B|) of each image, [B]; 1 if both masks are empty."""
    both = (predicted & target).sum((1, 2, 3))
    sizes = predicted.sum((1, 2, 3)) + target.sum((1, 2, 3))
    return torch.where(sizes > 0, 2 * both / sizes.clamp(min=1), 1.0)


def birads_of(example: Example) -> int:
    """Return the index of the example's BI-RADS category in BIRADS, or UNLABELLED."""
    category = example.sample.columns.get("birads", "")
    return BIRADS.index(category) if category in BIRADS else UNLABELLED


def _read(network: nn.Module, batch: Batch):  # type: ignore[no-untyped-def]  # each network has its own output class
    if getattr(network, "needs_mask", False):
        return network(batch.views, batch.masks)
    return network(batch.views)


def _accuracy(logits: Tensor, targets: Tensor) -> float:
    return float((logits.argmax(1) == targets).float().mean())
