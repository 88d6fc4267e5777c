"""MixStyle: other images' means and deviations while training, nothing at all while reading."""

import pytest
import torch

from csamoe_desktop.networks.build import build
from csamoe_desktop.networks.cards import Builder
from csamoe_desktop.training.mixstyle import add_mixstyle, mix


def test_each_image_keeps_its_pattern_and_takes_a_style_between_two() -> None:
    torch.manual_seed(3)
    features = torch.randn(4, 8, 6, 6) * torch.tensor([1.0, 2.0, 3.0, 4.0]).view(4, 1, 1, 1)
    mixed = mix(features)
    deviation = features.std(dim=(2, 3))
    assert (mixed.std(dim=(2, 3)) <= deviation.max(0).values + 1e-4).all()
    assert (mixed.std(dim=(2, 3)) >= deviation.min(0).values - 1e-4).all()
    for own, made in zip(features.flatten(2).flatten(0, 1), mixed.flatten(2).flatten(0, 1), strict=True):
        assert torch.corrcoef(torch.stack([own, made]))[0, 1] > 0.999


def test_a_network_that_reads_is_left_alone() -> None:
    torch.manual_seed(0)
    network = build(Builder("csa-moe-net"))
    views = torch.randn(3, 3, 3, 64, 64)
    network.eval()
    before = network(views).logits
    hooks = add_mixstyle(network)
    assert len(hooks) == 6  # two stages of three experts
    assert torch.equal(network(views).logits, before)
    stage = network.get_submodule("experts.image.backbone.layer1")
    stage.train()
    torch.manual_seed(1)
    given = torch.randn(3, 64, 16, 16)
    made = [stage(given) for _ in range(8)]
    assert any(not torch.equal(one, made[0]) for one in made)
    for hook in hooks:
        hook.remove()
    assert torch.equal(stage(given), stage(given))


def test_a_network_without_such_stages_is_refused() -> None:
    with pytest.raises(ValueError, match="stages"):
        add_mixstyle(torch.nn.Linear(2, 2))
