"""The U-Net against section II-B of the two-stage paper: blocks, shapes, counts, a seeded output."""

import json
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits

from csamoe_desktop.networks.blocks import parameter_count
from csamoe_desktop.networks.unet import Segmentation, UNet

EXPECTED = Path(__file__).parent.parent / "expected" / "unet_seeded.json"


def seeded() -> UNet:
    torch.manual_seed(42)
    return UNet()


def some_images(count: int = 2) -> Tensor:
    """Return images that need no random numbers: one long wave in 0..1, cut into pieces."""
    places = torch.arange(count * 128 * 128, dtype=torch.float32)
    return (torch.sin(places / 97).view(count, 1, 128, 128) + 1) / 2


def settle(network: nn.Module, images: Tensor) -> None:
    """Give every batch norm the statistics of `images`, as training would; untrained ones let the signal die out."""
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = 1.0
            module.train()
    with torch.no_grad():
        network(images)
    network.eval()


def shapes_of(blocks: nn.ModuleList, network: UNet) -> list[tuple[int, ...]]:
    seen: list[tuple[int, ...]] = []
    for block in blocks:
        block.register_forward_hook(lambda _, __, found: seen.append(tuple(found.shape[1:])))
    with torch.inference_mode():
        network(some_images(1))
    return seen


def test_five_blocks_contract() -> None:
    network = seeded().eval()
    assert shapes_of(network.contracting, network) == [
        (16, 128, 128),
        (32, 64, 64),
        (64, 32, 32),
        (128, 16, 16),
        (256, 8, 8),
    ]


def test_four_blocks_expand_by_transposed_convolutions() -> None:
    network = seeded().eval()
    assert shapes_of(network.upward, network) == [(128, 16, 16), (64, 32, 32), (32, 64, 64), (16, 128, 128)]
    network = seeded().eval()
    assert shapes_of(network.expanding, network) == [(128, 16, 16), (64, 32, 32), (32, 64, 64), (16, 128, 128)]
    assert [(type(up), up.kernel_size) for up in network.upward] == [(nn.ConvTranspose2d, (3, 3))] * 4


def test_every_expanding_block_sees_the_contracting_block_of_its_size() -> None:
    network = seeded().eval()
    kept: list[Tensor] = []
    met: list[Tensor] = []
    for block in network.contracting:
        block.register_forward_hook(lambda _, __, found: kept.append(found))
    for block in network.expanding:
        block.register_forward_pre_hook(lambda _, given: met.append(given[0]))
    with torch.inference_mode():
        network(some_images(1))
    for skipped, given in zip(reversed(kept[:-1]), met, strict=True):
        torch.testing.assert_close(given[:, skipped.shape[1] :], skipped)


def test_each_block_is_two_convolutions_each_with_batch_norm_and_relu() -> None:
    network = UNet()
    for block in [*network.contracting, *network.expanding]:
        assert [type(layer) for layer in block] == 2 * [nn.Conv2d, nn.BatchNorm2d, nn.ReLU]
        assert [layer.kernel_size for layer in block if isinstance(layer, nn.Conv2d)] == [(3, 3), (3, 3)]


def test_parameter_count_to_the_last_one() -> None:
    def block(before: int, after: int) -> int:
        return 9 * before * after + 9 * after * after + 2 * 2 * after  # two kernels, two batch norms

    def upward(before: int, after: int) -> int:
        return 9 * before * after + after

    contracting = block(1, 16) + block(16, 32) + block(32, 64) + block(64, 128) + block(128, 256)
    rising = upward(256, 128) + upward(128, 64) + upward(64, 32) + upward(32, 16)
    expanding = block(256, 128) + block(128, 64) + block(64, 32) + block(32, 16)
    by_hand = contracting + rising + expanding + (16 + 1)
    assert by_hand == 2_159_889
    assert parameter_count(UNet()) == by_hand


def test_a_segmentation_is_a_mask_of_the_images_size() -> None:
    network = seeded().eval()
    with torch.inference_mode():
        found = network(some_images())
        wider = network(torch.zeros(1, 1, 64, 96))
    assert isinstance(found, Segmentation)
    assert found.mask_logits.shape == (2, 1, 128, 128)
    assert found.deepest.shape == (2, 256, 8, 8)
    assert wider.mask_logits.shape == (1, 1, 64, 96)
    # Logits, not the paper's sigmoid: values below zero are there.
    assert found.mask_logits.min() < 0


def test_an_outline_is_the_mask_of_the_views_first_channel() -> None:
    network = seeded().eval()
    views = some_images().unsqueeze(1).expand(-1, -1, 3, -1, -1)
    with torch.inference_mode():
        assert torch.equal(network.outline(views), network(some_images()).mask_logits)


def test_nine_dropouts_of_a_tenth_work_in_training_and_rest_when_reading() -> None:
    network = seeded().eval()
    dropouts = [module for module in network.modules() if isinstance(module, nn.Dropout)]
    assert [dropout.p for dropout in dropouts] == [0.1] * 9
    small = some_images(1)[:, :, :32, :32]
    with torch.inference_mode():
        at_rest = network(small).mask_logits
        assert torch.equal(network(small).mask_logits, at_rest)
        for dropout in dropouts:
            dropout.train()
            assert not torch.equal(network(small).mask_logits, at_rest)
            dropout.eval()


def test_every_parameter_gets_a_gradient() -> None:
    network = seeded().train()
    masks = (some_images() > 0.5).float()
    binary_cross_entropy_with_logits(network(some_images()).mask_logits, masks).backward()
    without = [name for name, value in network.named_parameters() if value.grad is None or not value.grad.any()]
    assert without == []


@pytest.mark.parametrize("field", ["mask_logits", "deepest"])
def test_seeded_output_is_what_it_was(field: str) -> None:
    expected = json.loads(EXPECTED.read_text())
    network = seeded().eval()
    settle(network, some_images())
    with torch.inference_mode():
        found = network(some_images())
    every = {"mask_logits": found.mask_logits[:, 0, ::32, ::32], "deepest": found.deepest[:, ::64, 3, ::4]}[field]
    torch.testing.assert_close(every, torch.tensor(expected[field]), rtol=1e-3, atol=1e-4)
