"""Fus2Net against its paper: every row of Table 4, the regularisation of section "Training", a seeded output."""

import json
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from csamoe_desktop.networks.blocks import parameter_count
from csamoe_desktop.networks.fus2net import Fus2Net, Fus2NetReading, ScaleResidual

EXPECTED = Path(__file__).parent.parent / "expected" / "fus2net_seeded.json"

# Table 4 as printed, in its own order (height, width, channels), but for the inputs of rows 3 and 4 (32 channels, not
# 3) and for row 27's window, which is not given; a concatenation or sum is the module that ends in it.
TABLE_4 = [
    (2, "conv2d_1", (299, 299, 3), (149, 149, 32), (3, 3), (2, 2)),
    (3, "conv2d_2", (149, 149, 32), (147, 147, 32), (3, 3), (1, 1)),
    (4, "conv2d_3", (147, 147, 32), (147, 147, 64), (3, 3), (1, 1)),
    (5, "block1.0.pool", (147, 147, 64), (73, 73, 64), (3, 3), (2, 2)),
    (6, "block1.0.convolution", (147, 147, 64), (73, 73, 96), (3, 3), (2, 2)),
    (7, "block1.0", (147, 147, 64), (73, 73, 160), None, None),
    (8, "block1.1.conv2d_5", (73, 73, 160), (73, 73, 64), (1, 1), (1, 1)),
    (9, "block1.1.conv2d_6", (73, 73, 64), (71, 71, 96), (3, 3), (1, 1)),
    (10, "block1.1.conv2d_7", (73, 73, 160), (73, 73, 64), (1, 1), (1, 1)),
    (11, "block1.1.conv2d_8", (73, 73, 64), (73, 73, 64), (7, 1), (1, 1)),
    (12, "block1.1.conv2d_9", (73, 73, 64), (73, 73, 64), (1, 7), (1, 1)),
    (13, "block1.1.conv2d_10", (73, 73, 64), (71, 71, 96), (3, 3), (1, 1)),
    (14, "block1.1", (73, 73, 160), (71, 71, 192), None, None),
    (15, "block1.2.pool", (71, 71, 192), (35, 35, 192), (3, 3), (2, 2)),
    (16, "block1.2.convolution", (71, 71, 192), (35, 35, 192), (3, 3), (2, 2)),
    (17, "block1.2", (71, 71, 192), (35, 35, 384), None, None),
    (18, "block2.conv2d_12", (35, 35, 384), (35, 35, 32), (1, 1), (1, 1)),
    (19, "block2.conv2d_13", (35, 35, 384), (35, 35, 32), (1, 1), (1, 1)),
    (20, "block2.conv2d_14", (35, 35, 32), (35, 35, 32), (3, 3), (1, 1)),
    (21, "block2.conv2d_15", (35, 35, 384), (35, 35, 32), (1, 1), (1, 1)),
    (22, "block2.conv2d_16", (35, 35, 32), (35, 35, 48), (3, 3), (1, 1)),
    (23, "block2.conv2d_17", (35, 35, 48), (35, 35, 64), (3, 3), (1, 1)),
    # Row 24, the concatenation to 35x35x128, is row 25's input.
    (25, "block2.conv2d_18", (35, 35, 128), (35, 35, 384), (1, 1), (1, 1)),
    (26, "block2", (35, 35, 384), (35, 35, 384), None, None),
    (27, "pool", (35, 35, 384), (4, 4, 384), None, (1, 1)),
]


def seeded() -> Fus2Net:
    torch.manual_seed(42)
    return Fus2Net()


def some_views(count: int = 2) -> Tensor:
    """Return views that need no random numbers: one long wave of mean near 0, as equation 1 has it, cut."""
    places = torch.arange(count * 3 * 299 * 299, dtype=torch.float32)
    return torch.sin(places / 97).view(count, 1, 3, 299, 299)


def settle(network: nn.Module, views: Tensor) -> None:
    """Give every batch norm the statistics of `views`, as training would; untrained ones let the signal die out."""
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = 1.0
            module.train()
    with torch.no_grad():
        network(views)
    network.eval()


def height_width_channels(tensor: Tensor) -> tuple[int, ...]:
    return tensor.shape[2], tensor.shape[3], tensor.shape[1]


def pair(size: int | tuple[int, ...]) -> tuple[int, ...]:
    return (size, size) if isinstance(size, int) else size


def test_every_row_of_table_4_has_its_shapes_kernel_and_stride() -> None:
    network = seeded().eval()
    seen: dict[str, tuple[tuple[int, ...], tuple[int, ...]]] = {}

    def note(name: str, module: nn.Module) -> None:
        module.register_forward_hook(
            lambda _, given, found: seen.update({name: (height_width_channels(given[0]), height_width_channels(found))})
        )

    for _, name, *_ in TABLE_4:
        note(name, network.get_submodule(name))
    with torch.inference_mode():
        network(some_views(1))
    for row, name, given, found, kernel, stride in TABLE_4:
        assert seen[name] == (given, found), f"row {row}, {name}"
        module = network.get_submodule(name)
        layer = module[0] if isinstance(module, nn.Sequential) else module
        if kernel is not None:
            assert pair(layer.kernel_size) == kernel, f"row {row}, {name}"
        if stride is not None:
            assert pair(layer.stride) == stride, f"row {row}, {name}"


def test_module_1_pools_by_maximum_and_module_3_by_average() -> None:
    network = Fus2Net()
    assert isinstance(network.block1[0].pool, nn.MaxPool2d)
    assert isinstance(network.block1[2].pool, nn.AvgPool2d)
    assert isinstance(network.pool, nn.AvgPool2d)


def test_parameter_count_to_the_last_one() -> None:
    stem = 9 * 3 * 32 + 9 * 32 * 32 + 9 * 32 * 64
    module_1 = 9 * 64 * 96
    module_2 = 2 * (160 * 64) + 2 * (7 * 64 * 64) + 2 * (9 * 64 * 96)
    module_3 = 9 * 192 * 192
    branches = 3 * (384 * 32) + 9 * 32 * 32 + 9 * 32 * 48 + 9 * 48 * 64
    back_to_384 = 128 * 384
    # Weight and bias of each batch norm: one for a convolution's every channel, and the sum's 384.
    normalised = (32 + 32 + 64) + 96 + (64 + 96 + 64 + 64 + 64 + 96) + 192 + (32 + 32 + 32 + 32 + 48 + 64) + 384
    head = (4 * 4 * 384) * 128 + 128 + 128 * 2 + 2
    by_hand = stem + module_1 + module_2 + module_3 + branches + back_to_384 + 2 * normalised + head
    assert by_hand == 1_530_498
    assert parameter_count(Fus2Net()) == by_hand


def test_the_residual_is_scaled_and_added_to_the_input() -> None:
    torch.manual_seed(1)
    block = ScaleResidual(scale=0.5).eval()
    features = torch.randn(1, 384, 5, 5)
    with torch.inference_mode():
        branches = torch.cat(
            [
                block.conv2d_12(features),
                block.conv2d_14(block.conv2d_13(features)),
                block.conv2d_17(block.conv2d_16(block.conv2d_15(features))),
            ],
            dim=1,
        )
        added = features + 0.5 * torch.einsum("oi,bihw->bohw", block.conv2d_18.weight[:, :, 0, 0], branches)
        # An untrained batch norm at rest divides by sqrt(1 + eps).
        by_hand = (added / (1 + 1e-5) ** 0.5).clamp(min=0)
        torch.testing.assert_close(block(features), by_hand, rtol=1e-4, atol=1e-5)


def test_a_reading_hands_out_everything_the_screen_shows() -> None:
    network = seeded().eval()
    with torch.inference_mode():
        reading = network(some_views(1))
        by_hand = network.head(reading.fused)
    assert isinstance(reading, Fus2NetReading)
    assert reading.logits.shape == (1, 2)
    assert reading.gates.tolist() == [[1.0]]
    assert reading.stage_attention.tolist() == [[[0.0] * 4]]
    assert reading.features.shape == (1, 1, 384, 35, 35)
    assert reading.fused.shape == (1, 128)
    torch.testing.assert_close(by_hand, reading.logits)


def test_dropout_is_a_half_after_the_first_connected_layer_and_only_in_training() -> None:
    network = seeded()
    assert [module.p for module in network.modules() if isinstance(module, nn.Dropout)] == [0.5]
    network.eval()
    with torch.inference_mode():
        first, second = network(some_views(1)), network(some_views(1))
        assert torch.equal(first.logits, second.logits)
        network.dropout.train()
        dropped = network(some_views(1))
    assert torch.equal(dropped.fused, first.fused)
    assert not torch.equal(dropped.logits, first.logits)


def test_l2_is_a_twentieth_of_the_first_connected_layers_squares() -> None:
    network = seeded()
    penalty = network.l2_penalty()
    torch.testing.assert_close(penalty, 0.05 * network.dense.weight.square().sum())
    penalty.backward()
    with_gradient = [name for name, value in network.named_parameters() if value.grad is not None]
    assert with_gradient == ["dense.weight"]
    torch.testing.assert_close(network.dense.weight.grad, 0.1 * network.dense.weight.detach())


def test_every_parameter_gets_a_gradient() -> None:
    network = seeded().train()
    cross_entropy(network(some_views(2)).logits, torch.tensor([0, 1])).backward()
    without = [name for name, value in network.named_parameters() if value.grad is None or not value.grad.any()]
    assert without == []


@pytest.mark.parametrize(("field", "every"), [("logits", 1), ("fused", 16)])
def test_seeded_output_is_what_it_was(field: str, every: int) -> None:
    expected = json.loads(EXPECTED.read_text())
    network = seeded().eval()
    settle(network, some_views())
    with torch.inference_mode():
        found = getattr(network(some_views()), field)[:, ::every]
    torch.testing.assert_close(found, torch.tensor(expected[field]), rtol=1e-3, atol=1e-4)
