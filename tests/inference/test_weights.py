"""Weights on disk: halves exactly, 8 bits within half a step of each channel's scale, and the network reads them again."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from csamoe_desktop.inference.weights import Storage, read_weights, stored
from csamoe_desktop.networks.build import build
from csamoe_desktop.networks.cards import Builder


def a_state() -> dict[str, torch.Tensor]:
    torch.manual_seed(0)
    return {
        "convolution.weight": torch.randn(8, 4, 3, 3) * torch.logspace(-4, 2, 8).view(-1, 1, 1, 1),
        "linear.weight": torch.randn(5, 7),
        "linear.bias": torch.randn(5),
        "nothing.weight": torch.zeros(3, 2),
        "norm.running_var": torch.rand(8) + 0.1,
        "norm.num_batches_tracked": torch.tensor(123),
    }


def again(state: dict[str, torch.Tensor], storage: Storage, folder: Path) -> dict[str, torch.Tensor]:
    file = folder / "weights.safetensors"
    save_file(stored(state, storage), file)
    return read_weights(file)


def test_halves_come_back_exactly_as_float32(tmp_path: Path) -> None:
    state = a_state()
    found = again(state, "float16", tmp_path)
    assert found.keys() == state.keys()
    for name, value in state.items():
        if value.is_floating_point():
            assert found[name].dtype == torch.float32
            assert torch.equal(found[name], value.half().float()), name
    assert found["norm.num_batches_tracked"].item() == 123


def test_eight_bits_are_off_by_half_a_step_at_most(tmp_path: Path) -> None:
    state = a_state()
    found = again(state, "int8", tmp_path)
    assert found.keys() == state.keys()
    for name in ("convolution.weight", "linear.weight", "nothing.weight"):
        steps = state[name].flatten(1).abs().amax(1) / 127
        off = (found[name] - state[name]).flatten(1).abs().amax(1)
        assert (off <= steps * 0.5001 + 1e-12).all(), name
        # A channel's largest value is met, however small the channel beside the others.
        torch.testing.assert_close(found[name].flatten(1).abs().amax(1), state[name].flatten(1).abs().amax(1))
    for name in ("linear.bias", "norm.running_var"):
        assert torch.equal(found[name], state[name].half().float())
    assert found["norm.num_batches_tracked"].dtype == torch.int64


def test_eight_bits_take_a_quarter_of_float32_and_name_their_scales() -> None:
    kept = stored(a_state(), "int8")
    assert kept["convolution.weight"].dtype == torch.int8
    assert kept["convolution.weight.scale"].shape == (8,)
    assert "linear.bias.scale" not in kept


@pytest.mark.parametrize("storage", ["float16", "int8"])
def test_storing_what_was_stored_changes_nothing(storage: Storage, tmp_path: Path) -> None:
    once = again(a_state(), storage, tmp_path)
    twice = again(once, storage, tmp_path)
    for name, value in once.items():
        torch.testing.assert_close(twice[name], value, rtol=1e-6, atol=0, msg=name)


@pytest.mark.parametrize("storage", ["float16", "int8"])
def test_a_network_takes_what_was_stored(storage: Storage, tmp_path: Path) -> None:
    torch.manual_seed(1)
    network = build(Builder("unet", {"width": 2})).eval()
    image = torch.rand(1, 1, 32, 32)
    with torch.inference_mode():
        before = network(image).mask_logits
        network.load_state_dict(again(network.state_dict(), storage, tmp_path))
        after = network(image).mask_logits
    assert not torch.equal(before, after)
    torch.testing.assert_close(after, before, atol=0.1 if storage == "int8" else 1e-2, rtol=0)
