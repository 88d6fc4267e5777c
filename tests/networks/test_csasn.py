"""CSASN: the widths the paper is known by, its parts by hand, and its loss by numbers worked out on paper."""

import json
import math
from pathlib import Path

import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from csamoe_desktop.errors import UserError
from csamoe_desktop.networks import torchvision_guard
from csamoe_desktop.networks.blocks import parameter_count
from csamoe_desktop.networks.csasn import CSASN, UNLABELLED, DynamicTaskLoss, ResidualScales

EXPECTED = Path(__file__).parent.parent / "expected" / "csasn_seeded.json"

VIT_BLOCK = 2 * 2 * 768 + 4 * (768 * 768 + 768) + (768 * 3072 + 3072) + (3072 * 768 + 768)
VIT_REST = (768 * 3 * 16 * 16 + 768) + 768 + (14 * 14 + 1) * 768 + 2 * 768


def seeded(blocks: int = 1) -> CSASN:
    torch.manual_seed(42)
    return CSASN(blocks=blocks)


def some_views(count: int = 2) -> torch.Tensor:
    """Return views that need no random numbers: waves of different length a place."""
    places = torch.arange(count * 3 * 224 * 224, dtype=torch.float32)
    return torch.sin(places / 997).view(count, 1, 3, 224, 224)


def settle(network: CSASN, views: torch.Tensor) -> CSASN:
    """Give the batch norms the statistics of `views`: untrained, EfficientNet's output would fade to 1e-15 without."""
    network.eval()
    for part in network.modules():
        if isinstance(part, nn.BatchNorm2d):
            part.momentum = 1.0
            part.train()
    with torch.no_grad():
        network(views)
    return network.eval()


def test_parameter_counts_add_up() -> None:
    network = CSASN()
    assert parameter_count(network.local_branch) == 7_700_994  # torchvision's 9,109,994 less 1408 x 1000 + 1000
    assert parameter_count(network.global_branch) == 4 * VIT_BLOCK + VIT_REST == 29_095_680
    attention = 2 * 2176 * 136 + 136 + 2176 + (2 * 3 * 3 + 1)
    assert parameter_count(network.attention) == attention
    scales = 2176 * 256 + 2 * 256 + (1 + 9 + 9) * 256 * 128 + 3 * 2 * 128 + 384 * 256 + 2 * 256
    assert parameter_count(network.scales) == scales
    heads = 256 * 2 + 2 + 256 * 4 + 4
    assert parameter_count(network) == 7_700_994 + 29_095_680 + attention + scales + heads == 38_672_163


def test_each_block_of_the_vit_adds_the_same() -> None:
    assert parameter_count(CSASN(blocks=2)) - parameter_count(CSASN(blocks=1)) == VIT_BLOCK == 7_087_872


def test_one_image_gives_two_readings() -> None:
    with torch.inference_mode():
        reading = seeded().eval()(some_views())
    assert reading.logits.shape == (2, 2)
    assert reading.second_logits.shape == (2, 4)
    assert reading.gates.tolist() == [[1.0], [1.0]]
    assert reading.stage_attention.shape == (2, 1, 4)
    assert reading.features.shape == (2, 1, 1408 + 768, 7, 7)
    assert reading.fused.shape == (2, 256)
    assert reading.channels.shape == (2, 2176)
    assert reading.places.shape == (2, 7, 7)


def test_the_papers_thyroid_classes_are_an_option() -> None:
    with torch.inference_mode():
        reading = CSASN(classes=4, second_classes=5, blocks=1).eval()(some_views(1))
    assert (reading.logits.shape, reading.second_logits.shape) == ((1, 4), (1, 5))


def test_the_joint_feature_is_local_by_place_and_global_everywhere() -> None:
    views = some_views()
    network = settle(seeded(), views)
    with torch.inference_mode():
        reading = network(views)
        local = network.local_branch(views[:, 0])
        everywhere = network.global_branch(views[:, 0])[:, :, None, None].expand(-1, -1, 7, 7)
    weights = reading.channels[:, :, None, None] * reading.places[:, None]
    torch.testing.assert_close(reading.features[:, 0, :1408], local * weights[:, :1408])
    torch.testing.assert_close(reading.features[:, 0, 1408:], everywhere * weights[:, 1408:])
    assert local.std() > 0.1  # there is something to see in it


def test_the_classifier_is_residual() -> None:
    torch.manual_seed(1)
    scales = ResidualScales(8).eval()
    features = torch.rand(1, 8, 7, 7)
    with torch.inference_mode():
        whole = scales(features)
        nn.init.zeros_(scales.join[1].weight)
        torch.testing.assert_close(scales(features), scales.narrow(features))
    assert not torch.allclose(whole, scales.narrow(features))


def test_the_classifier_sees_three_neighbourhoods() -> None:
    torch.manual_seed(1)
    scales = ResidualScales(8).eval()
    dot = torch.zeros(1, 256, 7, 7)
    dot[..., 3, 3] = 1
    with torch.inference_mode():
        reached = [(look[0](dot) != 0).any(1)[0].nonzero().tolist() for look in scales.neighbourhoods]
    assert reached == [[[y, x] for y in rows for x in rows] for rows in ([3], [2, 3, 4], [1, 3, 5])]


def test_every_parameter_gets_a_gradient() -> None:
    network = seeded().train()
    for part in network.modules():
        if type(part).__name__ == "StochasticDepth":  # EfficientNet's: it may leave a block out of both images
            part.eval()
    loss = DynamicTaskLoss([[2, 1], [1, 1, 1, 1]])
    reading = network(some_views())
    loss((reading.logits, reading.second_logits), (torch.tensor([0, 1]), torch.tensor([2, 3]))).total.backward()
    named = [*network.named_parameters(), *loss.named_parameters()]
    assert [name for name, value in named if value.grad is None or not value.grad.any()] == []


def test_imagenet_starts_both_branches() -> None:
    models = torchvision_guard.torchvision_models()
    torch.manual_seed(0)
    efficientnet = models.efficientnet_b2(weights=None)
    vit = models.VisionTransformer(224, 16, 2, 12, 768, 3072)
    network = seeded(blocks=1)
    network.load_imagenet(efficientnet.state_dict(), vit.state_dict())
    assert torch.equal(network.local_branch[8][0].weight, efficientnet.features[8][0].weight)
    ours, theirs = network.global_branch.encoder, vit.encoder
    assert torch.equal(ours.layers.encoder_layer_0.mlp[0].weight, theirs.layers.encoder_layer_0.mlp[0].weight)
    assert torch.equal(ours.pos_embedding, theirs.pos_embedding)


def test_a_start_of_other_networks_is_refused() -> None:
    network = seeded()
    efficientnet, vit = network.local_branch.state_dict(prefix="features."), network.global_branch.state_dict()
    network.load_imagenet(efficientnet, vit)
    with pytest.raises(UserError, match="not those of an EfficientNet-B2"):
        network.load_imagenet({"fc.weight": torch.zeros(2)}, vit)
    with pytest.raises(UserError, match="not those of an EfficientNet-B2"):
        network.load_imagenet(efficientnet, {})
    with pytest.raises(UserError, match="not those of an EfficientNet-B2"):
        CSASN(blocks=2).load_imagenet(efficientnet, vit)  # it has one block only


def test_seeded_output_is_what_it_was() -> None:
    expected = json.loads(EXPECTED.read_text())
    network = settle(seeded(blocks=2), some_views())
    with torch.inference_mode():
        reading = network(some_views())
    for name in ("logits", "second_logits", "places"):
        torch.testing.assert_close(getattr(reading, name), torch.tensor(expected[name]), rtol=1e-3, atol=1e-3)


# The loss. Logits (0, ln 3) mean probabilities 1/4 and 3/4: a surprise of ln 4 or ln 4/3.
QUARTERS = torch.tensor([[0.0, math.log(3)], [0.0, math.log(3)]])


def test_a_tasks_loss_is_focal_and_class_balanced() -> None:
    # beta 1/2: one image 1/2 : 1/2 = 1, two images 1/2 : 3/4 = 2/3; with a mean of one 1.2 and 0.8.
    loss = DynamicTaskLoss([[1, 2]], beta=0.5, focus=2.0)
    found = loss([QUARTERS], [torch.tensor([0, 1])])
    by_hand = (1.2 * 0.75**2 * math.log(4) + 0.8 * 0.25**2 * math.log(4 / 3)) / 2
    assert by_hand == pytest.approx(0.475067, abs=1e-6)
    assert found.tasks.tolist() == pytest.approx([by_hand])
    assert found.total.item() == pytest.approx(by_hand)  # an untrained task has the weight one


def test_without_focus_and_with_equal_counts_it_is_cross_entropy() -> None:
    torch.manual_seed(1)
    logits, targets = torch.randn(5, 3), torch.tensor([0, 2, 1, 1, 0])
    found = DynamicTaskLoss([[7, 7, 7]], focus=0.0)([logits], [targets])
    torch.testing.assert_close(found.total, cross_entropy(logits, targets))


def test_tasks_are_weighed_by_their_learned_uncertainty() -> None:
    loss = DynamicTaskLoss([[1, 1], [1, 1]], focus=0.0)
    with torch.no_grad():
        loss.free_log_variance[0] = math.log(3)  # 2 tanh(ln 3 / 2) = 1
    found = loss([QUARTERS, QUARTERS], [torch.tensor([0, 0]), torch.tensor([1, 1])])
    assert found.weights.tolist() == pytest.approx([math.exp(-1), 1.0])
    assert found.tasks.tolist() == pytest.approx([math.log(4), math.log(4 / 3)])
    assert found.total.item() == pytest.approx(math.exp(-1) * math.log(4) + 0.5 + math.log(4 / 3))
    found.total.backward()
    # The surer task's log-variance falls, as its loss is under 1/2, the others' rises: d/ds = 1/2 - weight x loss.
    slope = 1 - 0.5**2
    assert loss.free_log_variance.grad is not None
    assert loss.free_log_variance.grad.tolist() == pytest.approx(
        [slope * (0.5 - math.exp(-1) * math.log(4)), 0.5 - math.log(4 / 3)], abs=1e-6
    )


def test_a_tasks_weight_stays_within_bounds() -> None:
    loss = DynamicTaskLoss([[1, 1]])
    with torch.no_grad():
        loss.free_log_variance[0] = -1000
    assert loss([QUARTERS], [torch.tensor([0, 1])]).weights.item() == pytest.approx(math.exp(2))


def test_unlabelled_cases_are_left_out() -> None:
    loss = DynamicTaskLoss([[3, 5]])
    some = loss([QUARTERS], [torch.tensor([0, UNLABELLED])])
    alone = loss([QUARTERS[:1]], [torch.tensor([0])])
    torch.testing.assert_close(some.total, alone.total)


def test_a_task_without_labels_adds_nothing_and_moves_nothing() -> None:
    loss = DynamicTaskLoss([[1, 1], [1, 1, 1]], focus=0.5)
    first, second = QUARTERS.clone().requires_grad_(), torch.zeros(2, 3, requires_grad=True)
    found = loss([first, second], [torch.tensor([0, 1]), torch.tensor([UNLABELLED, UNLABELLED])])
    found.total.backward()
    assert found.tasks[1] == 0
    assert second.grad is not None and not second.grad.any()
    assert first.grad is not None and first.grad.isfinite().all() and first.grad.any()
    assert loss.free_log_variance.grad is not None and loss.free_log_variance.grad[1] == 0


def test_a_perfect_reading_has_a_finite_gradient() -> None:
    logits = torch.tensor([[200.0, -200.0]], requires_grad=True)
    DynamicTaskLoss([[1, 1]], focus=0.5)([logits], [torch.tensor([0])]).total.backward()
    assert logits.grad is not None and logits.grad.isfinite().all()


def test_a_class_without_images_has_no_weight_and_a_task_without_any_is_refused() -> None:
    weights = DynamicTaskLoss([[4, 0, 4]]).get_buffer("class_weights_0")
    assert weights.tolist() == pytest.approx([1.0, 0.0, 1.0])
    with pytest.raises(ValueError, match="without a labelled training image"):
        DynamicTaskLoss([[0, 0]])
