"""What a network is taught and measured by: one class a kind of task, for the one loop that trains them all."""

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
    """Some examples as tensors.

    Attributes:
        views: [B, E, 3, size, size], what the experts see.
        masks: [B, 1, size, size], 0 or 1.
        targets: [B], each example's class.
        birads: [B], the place of its BI-RADS category in BIRADS; UNLABELLED where there is none.
    """

    views: Tensor
    masks: Tensor
    targets: Tensor
    birads: Tensor

    def to(self, device: torch.device) -> "Batch":
        """Return the batch on `device`."""
        return Batch(*(tensor.to(device) for tensor in self))


class Step(NamedTuple):
    """What a batch gives: the loss, and the score that a person follows (accuracy, or Dice)."""

    loss: Tensor
    score: float


class Task(nn.Module):
    """A kind of task. A module, because a loss may have parameters that are learned with the network's.

    `score` names what decides between epochs, higher being better; a tie goes to the lower loss.
    """

    score = "accuracy"

    def step(self, network: nn.Module, batch: Batch) -> Step:
        """Return the loss of a training batch, with its graph."""
        raise NotImplementedError

    def measure(self, network: nn.Module, batches: Iterable[Batch]) -> dict[str, float]:
        """Return loss, score and whatever else is told of a pass over the validation examples."""
        raise NotImplementedError


class Reading(Task):
    """Tell the classes apart: cross-entropy, and the network's own penalty where it has one."""

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
        whole, wanted = torch.cat(logits), torch.cat(targets)
        shares = torch.cat(gates).mean(0).tolist()
        names = network.expert_names
        return {
            "loss": float(cross_entropy(whole, wanted)),
            "accuracy": _accuracy(whole, wanted),
            "auc": auc((wanted == self.positive).numpy(), torch.softmax(whole.double(), 1)[:, self.positive].numpy()),
            **({f"gate_{name}": share for name, share in zip(names, shares, strict=True)} if len(names) > 1 else {}),  # type: ignore[arg-type]
        }


class Outlining(Task):
    """Find the lesion: binary cross-entropy of each pixel, and with `overlap` so much of one minus the soft Dice too."""

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


class ReadingAndOutlining(Reading):
    """Both at once, from one pass: LA-Net's second stage. Accuracy of the classes decides."""

    def __init__(self, overlap: float = 1.0) -> None:
        super().__init__()
        self.overlap = overlap

    def step(self, network: nn.Module, batch: Batch) -> Step:
        reading = network(batch.views)
        logits = reading.logits.float()
        loss = cross_entropy(logits, batch.targets)
        loss = loss + outline_loss(reading.mask_logits.float(), batch.masks, self.overlap)
        return Step(loss, _accuracy(logits, batch.targets))


class TwoReadings(Reading):
    """Malignancy and the BI-RADS category together, weighed as CSASN's loss weighs them.

    Raises:
        UserError: no example has a BI-RADS category.
    """

    def __init__(self, examples: Sequence[Example]) -> None:
        super().__init__()
        first = [sum(one.target == target for one in examples) for target in (0, 1)]
        second = [birads_of(one) for one in examples]
        if all(place == UNLABELLED for place in second):
            raise UserError(
                "No training image has a BI-RADS category from 2 to 5, the second task.",
                "Give labels.csv a column birads, or choose another recipe.",
            )
        self.weighing = DynamicTaskLoss([first, [second.count(place) for place in range(len(BIRADS))]])

    def step(self, network: nn.Module, batch: Batch) -> Step:
        reading = network(batch.views)
        losses = self.weighing([reading.logits, reading.second_logits], [batch.targets, batch.birads])
        return Step(losses.total, _accuracy(reading.logits, batch.targets))


def outline_loss(logits: Tensor, masks: Tensor, overlap: float) -> Tensor:
    """Return the pixels' cross-entropy plus `overlap` times one minus the soft Dice, both a mean over the images."""
    loss = binary_cross_entropy_with_logits(logits, masks)
    if not overlap:
        return loss
    shares = torch.sigmoid(logits)
    both = 2 * (shares * masks).sum((1, 2, 3)) + 1
    either = shares.sum((1, 2, 3)) + masks.sum((1, 2, 3)) + 1
    return loss + overlap * (1 - both / either).mean()


def dice(found: Tensor, wanted: Tensor) -> Tensor:
    """Return 2 |A and B| / (|A| + |B|) of each image, [B]; one where both are empty."""
    both = (found & wanted).sum((1, 2, 3))
    sizes = found.sum((1, 2, 3)) + wanted.sum((1, 2, 3))
    return torch.where(sizes > 0, 2 * both / sizes.clamp(min=1), 1.0)


def birads_of(example: Example) -> int:
    """Return the place of the example's BI-RADS category in BIRADS, or UNLABELLED."""
    category = example.sample.columns.get("birads", "")
    return BIRADS.index(category) if category in BIRADS else UNLABELLED


def _read(network: nn.Module, batch: Batch):  # type: ignore[no-untyped-def]  # each network's own reading
    if getattr(network, "needs_mask", False):
        return network(batch.views, batch.masks)
    return network(batch.views)


def _accuracy(logits: Tensor, targets: Tensor) -> float:
    return float((logits.argmax(1) == targets).float().mean())
