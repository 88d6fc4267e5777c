"""LA-Net: what the abstract asks of it, its parts by hand, and the two groups that its two stages of training need."""

import json
from pathlib import Path

import pytest
import torch
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

from csamoe_desktop.networks.blocks import parameter_count
from csamoe_desktop.networks.la_net import ChannelSpatialAttention, LANet, LocationAttention

EXPECTED = Path(__file__).parent.parent / "expected" / "la_net_seeded.json"


def seeded() -> LANet:
    torch.manual_seed(42)
    return LANet()


def some_views(count: int = 2, height: int = 224, width: int = 224) -> torch.Tensor:
    """Return views that need no random numbers: waves of different length a place."""
    places = torch.arange(count * 3 * height * width, dtype=torch.float32)
    return torch.sin(places / 997).view(count, 1, 3, height, width)


def half_masks(count: int, height: int, width: int) -> torch.Tensor:
    """Return masks whose left half is lesion."""
    masks = torch.zeros(count, 1, height, width)
    masks[..., : width // 2] = 1
    return masks


def test_parameter_counts_add_up() -> None:
    attention = sum(2 * c * (c // 16) + c // 16 + c + 2 * 7 * 7 + 1 for c in (64, 128, 256, 512))
    narrow = (64 + 128 + 256 + 512) * 64 + 4 * 2 * 64
    join = 3 * (64 * 64 * 9 + 2 * 64)
    lesion_aware = attention + narrow + join + 64 + 1
    classifier = (256 + 1) + (512 + 1) + (256 + 512 + 512) * 2 + 2
    network = LANet()
    assert parameter_count(network.lesion_aware) == lesion_aware == 217_929
    assert parameter_count(network) == 11_176_512 + lesion_aware + classifier == 11_397_773


def test_the_image_alone_gives_a_reading_and_a_mask() -> None:
    with torch.inference_mode():
        reading = seeded().eval()(some_views())
    assert reading.logits.shape == (2, 2)
    assert reading.gates.tolist() == [[1.0], [1.0]]
    assert reading.stage_attention.shape == (2, 1, 4)
    assert reading.features.shape == (2, 1, 512, 7, 7)
    assert reading.fused.shape == (2, 1280)
    assert reading.mask_logits.shape == (2, 1, 224, 224)
    assert reading.places.shape == (2, 7, 7)
    torch.testing.assert_close(reading.places.sum((1, 2)), torch.ones(2))


@pytest.mark.parametrize(("height", "width"), [(96, 160), (100, 75)])
def test_the_mask_has_the_images_size_whatever_it_is(height: int, width: int) -> None:
    with torch.inference_mode():
        reading = seeded().eval()(some_views(1, height, width))
    assert reading.mask_logits.shape == (1, 1, height, width)


def test_other_classes_can_be_asked_for() -> None:
    with torch.inference_mode():
        assert LANet(classes=3).eval()(some_views(1, 64, 64)).logits.shape == (1, 3)


def test_attention_weighs_channels_then_places() -> None:
    torch.manual_seed(1)
    attention = ChannelSpatialAttention(32, kernel=3)
    features = torch.randn(1, 32, 5, 4)
    with torch.inference_mode():
        refined = attention(features)
        first, _, second = attention.bottleneck

        def answer(summary: torch.Tensor) -> torch.Tensor:
            return second.weight @ (first.weight @ summary + first.bias).clamp(min=0) + second.bias

        mean, most = features[0].mean((1, 2)), features[0].flatten(1).max(1).values
        channels = 1 / (1 + torch.exp(-(answer(mean) + answer(most))))
        weighed = features[0] * channels[:, None, None]
        padded = torch.zeros(2, 7, 6)
        padded[0, 1:-1, 1:-1], padded[1, 1:-1, 1:-1] = weighed.mean(0), weighed.max(0).values
        kernel, bias = attention.window.weight[0], attention.window.bias
        scores = torch.stack([(padded[:, y : y + 3, x : x + 3] * kernel).sum() for y in range(5) for x in range(4)])
        places = 1 / (1 + torch.exp(-(scores + bias))).view(5, 4)
    torch.testing.assert_close(refined.channels[0], channels)
    torch.testing.assert_close(refined.places[0], places)
    torch.testing.assert_close(refined.features[0], weighed * places)


def test_location_raises_the_score_of_its_places() -> None:
    torch.manual_seed(1)
    pooling = LocationAttention(6)
    stage, lesion = torch.rand(1, 6, 2, 2), torch.zeros(1, 1, 8, 8)
    lesion[..., :4, :2] = 1  # half of the first of four places
    with torch.inference_mode():
        vector, places = pooling(stage, lesion)
        scores = (pooling.score.weight[0] * stage[0]).sum(0).flatten() + torch.tensor([0.5 * 4, 0, 0, 0])
        shares = scores.exp() / scores.exp().sum()
        by_hand = (stage[0].flatten(1) * shares).sum(1)
    torch.testing.assert_close(places.flatten(), shares)
    torch.testing.assert_close(vector[0], by_hand)


def test_the_classifier_looks_where_the_lesion_is() -> None:
    network = seeded().eval()
    with torch.inference_mode():
        stages = network.backbone(some_views(1)[:, 0])
        sure = 20 * (2 * half_masks(1, 224, 224) - 1)
        left, right = network.classify(stages, sure), network.classify(stages, -sure)
    assert left.places[..., :3].sum() > 0.7
    assert right.places[..., 4:].sum() > 0.7
    assert not torch.allclose(left.logits, right.logits)


def test_an_outline_is_the_readings_mask() -> None:
    network = seeded().eval()
    with torch.inference_mode():
        torch.testing.assert_close(network.outline(some_views(1, 64, 96)), network(some_views(1, 64, 96)).mask_logits)


def test_each_stage_has_a_say_in_the_mask() -> None:
    network = seeded().eval()
    with torch.inference_mode():
        stages = network.backbone(some_views(1, 64, 64)[:, 0])
        before = network.lesion_aware(stages)
        for name in stages._fields:
            changed = stages._replace(**{name: 2 * getattr(stages, name)})
            assert not torch.allclose(before, network.lesion_aware(changed)), name


def test_every_parameter_gets_a_gradient() -> None:
    network = seeded().train()
    reading = network(some_views(4, 128, 128))
    loss = cross_entropy(reading.logits, torch.tensor([0, 1, 1, 0]))
    loss = loss + binary_cross_entropy_with_logits(reading.mask_logits, half_masks(4, 128, 128))
    loss.backward()
    without = [name for name, value in network.named_parameters() if value.grad is None or not value.grad.any()]
    assert without == []


def test_naming_the_lesion_does_not_move_its_outline() -> None:
    network = seeded().train()
    cross_entropy(network(some_views(2, 64, 64)).logits, torch.tensor([0, 1])).backward()
    assert all(value.grad is None for value in network.lesion_aware_parameters())
    without = [value.shape for value in network.classification_parameters() if value.grad is None]
    assert without == []


def test_the_two_stages_divide_the_parameters() -> None:
    network = LANet()
    localisation = [id(value) for value in network.lesion_aware_parameters()]
    classification = [id(value) for value in network.classification_parameters()]
    assert sorted(localisation + classification) == sorted(id(value) for value in network.parameters())


def test_the_lesion_aware_network_alone_learns_an_outline() -> None:
    network = seeded().train()
    views, masks = some_views(2, 64, 64), torch.zeros(2, 1, 64, 64)
    masks[0, :, 8:40, 24:56] = 1
    masks[1, :, 24:48, 8:32] = 1
    views[:, 0] += masks
    before = [value.clone() for value in network.classification_parameters()]
    optimiser = torch.optim.Adam(network.lesion_aware_parameters(), lr=1e-2)
    for _ in range(20):
        optimiser.zero_grad()
        binary_cross_entropy_with_logits(network(views).mask_logits, masks).backward()
        optimiser.step()
    with torch.inference_mode():
        found = network(views).mask_logits > 0
    dice = 2 * (found & masks.bool()).sum() / (found.sum() + masks.sum())
    assert dice > 0.8
    assert all(torch.equal(*pair) for pair in zip(before, network.classification_parameters(), strict=True))


def test_seeded_output_is_what_it_was() -> None:
    expected = json.loads(EXPECTED.read_text())
    with torch.inference_mode():
        reading = seeded().eval()(some_views())
    torch.testing.assert_close(reading.logits, torch.tensor(expected["logits"]), rtol=1e-3, atol=1e-4)
    torch.testing.assert_close(reading.places, torch.tensor(expected["places"]), rtol=1e-3, atol=1e-4)
    every_32nd = reading.mask_logits[:, 0, ::32, ::32]
    torch.testing.assert_close(every_32nd, torch.tensor(expected["mask_logits_every_32nd"]), rtol=1e-3, atol=1e-4)
