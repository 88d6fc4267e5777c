"""What networks are taught by, against numbers worked out by hand, on networks small enough to do so."""

import dataclasses
import math
from pathlib import Path

import pytest
import torch
from sklearn.metrics import roc_auc_score
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

from csamoe_desktop.datasets.folder import Example, Sample
from csamoe_desktop.errors import UserError
from csamoe_desktop.networks import csamoe
from csamoe_desktop.networks.csasn import UNLABELLED, DynamicTaskLoss
from csamoe_desktop.training.tasks import (
    Batch,
    Classifying,
    Outlining,
    ReadingAndOutlining,
    TwoReadings,
    birads_of,
    dice,
    outline_loss,
)


class Bright(nn.Module):
    """Reads a view's mean against a threshold, outlines what is above it; its experts' gates are `shares`."""

    def __init__(self, *names: str, shares: tuple[float, ...] = (1.0,), penalty: float = 0.0) -> None:
        super().__init__()
        self.expert_names = names or ("image",)
        self.shares = shares
        self.threshold = nn.Parameter(torch.tensor(0.5))
        if penalty:
            self.l2_penalty = lambda: penalty * self.threshold**2

    def forward(self, views: Tensor) -> csamoe.NetworkOutput:
        logit = views.mean((1, 2, 3, 4)) - self.threshold
        gates = torch.tensor([self.shares]).expand(len(views), -1)
        nothing = views.new_zeros(len(views), 1, 4)
        return csamoe.NetworkOutput(torch.stack([-logit, logit], 1), gates, nothing, views, nothing)

    def outline(self, views: Tensor) -> Tensor:
        return views[:, 0, :1] - self.threshold


class MaskReader(Bright):
    """Reads nothing but the mask's area."""

    needs_mask = True

    def forward(self, views: Tensor, mask: Tensor) -> csamoe.NetworkOutput:  # type: ignore[override]
        return super().forward(mask.unsqueeze(1) * 2)


def a_batch(levels: list[float], targets: list[int], experts: int = 1, lit: int = 8) -> Batch:
    """Return one 4 x 4 image a level; the mask is its first `lit` pixels."""
    views = torch.tensor(levels).view(-1, 1, 1, 1, 1).expand(-1, experts, 3, 4, 4)
    masks = torch.zeros(len(levels), 1, 16)
    masks[..., :lit] = 1
    return Batch(views, masks.view(-1, 1, 4, 4), torch.tensor(targets), torch.full((len(levels),), UNLABELLED))


def some_examples(*birads: str | None) -> list[Example]:
    nothing = torch.zeros(4, 4, dtype=torch.uint8).numpy()
    return [
        Example(
            Sample(Path("a"), Path("a"), "benign", "P", {} if category is None else {"birads": category}),
            nothing,
            nothing > 0,
            number % 2,
        )
        for number, category in enumerate(birads)
    ]


def test_dice_by_hand() -> None:
    found, wanted = torch.zeros(4, 1, 2, 3, dtype=torch.bool), torch.zeros(4, 1, 2, 3, dtype=torch.bool)
    found[0, 0, 0, :2] = True
    wanted[0, 0, :, 1] = wanted[0, 0, 1, 0] = True  # 2 and 3 pixels, one in both
    found[1], wanted[1] = True, True
    found[2, 0, 0, 0] = True  # something where nothing is
    assert dice(found, wanted).tolist() == pytest.approx([2 / 5, 1, 0, 1])


def test_the_outline_loss_by_hand() -> None:
    logits, masks = torch.zeros(1, 1, 2, 2), torch.tensor([[[[1.0, 1.0], [0.0, 0.0]]]])
    assert outline_loss(logits, masks, 0.0).item() == pytest.approx(math.log(2))
    # Halves everywhere: 2 * (0.5 + 0.5) + 1 of 4 * 0.5 + 2 + 1.
    assert outline_loss(logits, masks, 1.0).item() == pytest.approx(math.log(2) + 1 - 3 / 5)
    assert outline_loss(logits, masks, 0.5).item() == pytest.approx(math.log(2) + 0.5 * (1 - 3 / 5))
    sure = 40 * (masks * 2 - 1)
    assert outline_loss(sure, masks, 1.0).item() == pytest.approx(0, abs=1e-6)
    assert outline_loss(torch.full_like(masks, -40), masks * 0, 1.0).item() == pytest.approx(0, abs=1e-6)


def test_a_reading_step_is_cross_entropy_and_the_networks_own_penalty() -> None:
    batch = a_batch([0.0, 1.0], [0, 0])
    plain = Classifying().step(Bright(), batch)
    # Logits (0.5, -0.5) and (-0.5, 0.5), both benign.
    by_hand = (math.log(1 + math.exp(-1)) + math.log(1 + math.exp(1))) / 2
    assert plain.loss.item() == pytest.approx(by_hand)
    assert plain.score == 0.5
    penalised = Classifying().step(Bright(penalty=0.2), batch)
    assert penalised.loss.item() == pytest.approx(by_hand + 0.2 * 0.25)
    penalised.loss.backward()  # type: ignore[no-untyped-call]


def test_a_pass_is_measured_over_all_images_whatever_the_batches() -> None:
    levels, targets = [0.1, 0.7, 0.4, 0.9, 0.6], [0, 1, 1, 1, 0]
    batches = [a_batch(levels[:3], targets[:3]), a_batch(levels[3:], targets[3:])]
    with torch.inference_mode():
        found = Classifying().measure(Bright(), batches)
    logits = torch.tensor([[0.5 - level, level - 0.5] for level in levels])
    assert found.keys() == {"loss", "accuracy", "auc"}  # one expert: its gate says nothing
    assert found["loss"] == pytest.approx(cross_entropy(logits, torch.tensor(targets)).item())
    assert found["accuracy"] == pytest.approx(3 / 5)
    assert found["auc"] == pytest.approx(roc_auc_score(targets, levels))
    with torch.inference_mode():
        assert Classifying(positive=0).measure(Bright(), batches)["auc"] == pytest.approx(found["auc"])


def test_the_mean_gate_of_each_expert_is_recorded() -> None:
    network = Bright("image", "core", shares=(0.75, 0.25))
    with torch.inference_mode():
        found = Classifying().measure(network, [a_batch([0.1, 0.9], [0, 1], experts=2)])
    assert (found["gate_image"], found["gate_core"]) == pytest.approx((0.75, 0.25))


def test_a_network_that_needs_the_mask_is_given_it() -> None:
    full, empty = a_batch([0.0], [1], lit=16), a_batch([0.0], [1], lit=0)
    assert Classifying().step(MaskReader(), full).score == 1.0
    assert Classifying().step(MaskReader(), empty).score == 0.0
    with torch.inference_mode():
        assert Classifying().measure(MaskReader(), [full, empty])["accuracy"] == 0.5


def test_outlines_are_scored_by_dice_a_mean_over_the_images() -> None:
    # Where the image is bright everything is outlined: 2 * 8 / (16 + 8); where it is dark nothing is.
    bright, dark = a_batch([1.0], [0]), a_batch([0.0, 0.0], [0, 0])
    assert Outlining().step(Bright(), bright).score == pytest.approx(2 / 3)
    with torch.inference_mode():
        found = Outlining(overlap=1.0).measure(Bright(), [bright, dark])
        losses = [float(outline_loss(Bright().outline(one.views), one.masks, 1.0)) for one in (bright, dark)]
    assert found == pytest.approx({"loss": (losses[0] + 2 * losses[1]) / 3, "dice": 2 / 9})
    assert Outlining.score == "dice"


def test_reading_and_outlining_adds_both_losses() -> None:
    class Both(Bright):
        def forward(self, views: Tensor):  # type: ignore[no-untyped-def,override]
            reading = super().forward(views)._asdict()
            kind = dataclasses.make_dataclass("Both", [*reading, "mask_logits"])
            return kind(**reading, mask_logits=self.outline(views))

    batch = a_batch([0.9, 0.2], [1, 1])
    found = ReadingAndOutlining(overlap=0.0).step(Both(), batch)
    logits = torch.tensor([[-0.4, 0.4], [0.3, -0.3]])
    outline = torch.tensor([0.4, -0.3]).view(2, 1, 1, 1).expand(-1, 1, 4, 4)
    by_hand = cross_entropy(logits, batch.targets) + binary_cross_entropy_with_logits(outline, batch.masks)
    assert found.loss.item() == pytest.approx(by_hand.item())
    assert found.score == 0.5


def test_two_readings_are_weighed_by_the_training_images_counts() -> None:
    class Two(Bright):
        def forward(self, views: Tensor):  # type: ignore[no-untyped-def,override]
            reading = super().forward(views)._asdict()
            kind = dataclasses.make_dataclass("Two", [*reading, "second_logits"])
            return kind(**reading, second_logits=views[:, 0, 0, 0, :1] * torch.arange(4.0))

    task = TwoReadings(some_examples("2", "4", "4", "", None, "5"))
    batch = a_batch([0.9, 0.2], [1, 0])._replace(birads=torch.tensor([2, UNLABELLED]))
    found = task.step(Two(), batch)
    weighing = DynamicTaskLoss([[3, 3], [1, 0, 2, 1]])
    reading = Two()(batch.views)
    by_hand = weighing([reading.logits, reading.second_logits], [batch.targets, batch.birads]).total
    assert found.loss.item() == pytest.approx(by_hand.item())
    assert [name for name, _ in task.named_parameters()] == ["weighing.free_log_variance"]


def test_categories_have_their_places() -> None:
    assert [birads_of(one) for one in some_examples("2", "3", "4", "5", "6", "", None)] == [0, 1, 2, 3] + 3 * [
        UNLABELLED
    ]


def test_two_readings_without_any_category_are_refused() -> None:
    with pytest.raises(UserError, match="No training image has a BI-RADS category"):
        TwoReadings(some_examples(None, "0", ""))
