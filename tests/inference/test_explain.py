"""Why: experts left out and alone against forward passes of the same weights, and where each one looked."""

import dataclasses

import numpy as np
import pytest
import torch
from torch import nn

from csamoe_desktop.inference.explain import explained, without
from csamoe_desktop.inference.explanation import attention_on_frame
from csamoe_desktop.inference.predictor import Explainer, calibrated
from csamoe_desktop.inference.tensors import views_tensor
from csamoe_desktop.inference.torch_engine import TorchPredictor
from csamoe_desktop.lesion.regions import Regions, make_regions
from csamoe_desktop.networks.csamoe import CSAMoENet
from csamoe_desktop.networks.fus2net import Fus2Net
from csamoe_desktop.networks.resnet18 import ResNet18


def some_regions(grown: int = 0) -> Regions:
    pixels = np.random.default_rng(0).integers(0, 255, (300, 400), np.uint8)
    mask = np.zeros((300, 400), bool)
    mask[100 - grown : 200 + grown, 120 - grown : 260 + grown] = True
    return make_regions(pixels, mask)


class FixedGate(nn.Module):
    """A gate that gives what it is told."""

    def __init__(self, gates: torch.Tensor) -> None:
        super().__init__()
        self.gates = gates

    def forward(self, vectors: torch.Tensor) -> torch.Tensor:
        return self.gates.expand(len(vectors), -1)


def with_gates(predictor: TorchPredictor, gates: list[float]) -> float:
    """Return the probability of a whole forward pass with these gates in place of the network's."""
    network = predictor._network
    assert isinstance(network, CSAMoENet)
    gate, network.gate = network.gate, FixedGate(torch.tensor([gates]))  # type: ignore[assignment]
    try:
        return predictor.predict([some_regions()])[0].probability
    finally:
        network.gate = gate


def test_leaving_out_is_a_forward_pass_with_that_gate_zero_and_the_others_renormalised(
    predictor: TorchPredictor,
) -> None:
    regions = some_regions()
    gates = list(predictor.predict([regions])[0].gates.values())
    found = predictor.explain(regions)
    assert list(found.left_out) == list(predictor.card.views)
    for place, name in enumerate(predictor.card.views):
        others = [0.0 if one == place else gate / (1 - gates[place]) for one, gate in enumerate(gates)]
        assert found.left_out[name] == pytest.approx(with_gates(predictor, others), abs=1e-4), name
        alone = [float(one == place) for one in range(len(gates))]
        assert found.alone[name] == pytest.approx(with_gates(predictor, alone), abs=1e-4), name


def test_a_gate_of_one_leaves_equal_shares() -> None:
    assert without(torch.tensor([1.0, 0.0, 0.0]), 0).tolist() == [0.0, 0.5, 0.5]
    assert without(torch.tensor([0.5, 0.4, 0.1]), 0).tolist() == pytest.approx([0.0, 0.8, 0.2])


def test_attention_is_the_gradient_of_the_positive_logit_on_the_experts_last_stages(
    predictor: TorchPredictor,
) -> None:
    regions, card = some_regions(), predictor.card
    network = predictor._network
    assert isinstance(network, CSAMoENet)
    with torch.no_grad():
        reading = network(views_tensor(regions, card.views, card.normalisation)[None])
    found = predictor.explain(regions)
    # The logit's change for a small step on one channel, by differences instead of by the program's gradient.
    assert reading.features.shape == (1, 3, 512, 7, 7)
    slopes = torch.zeros(3, 512)
    with torch.no_grad():
        for expert in range(3):
            stepped = reading.features.repeat(512, 1, 1, 1, 1)
            stepped[torch.arange(512), expert, torch.arange(512)] += 0.01
            moved = network.fuse(stepped, reading.stage_attention.repeat(512, 1, 1)).logits[:, 1]
            slopes[expert] = (moved - reading.logits[0, 1]) / 0.01
    for place, name in enumerate(card.views):
        expected = torch.relu((slopes[place][:, None, None] * reading.features[0, place]).sum(0)).numpy()
        if expected.max() > 1e-3:
            np.testing.assert_allclose(found.attention[name], expected / expected.max(), atol=0.05)
        assert found.attention[name].shape == (7, 7)
        assert found.attention[name].max() in (0, pytest.approx(1))


def test_the_network_is_left_as_it_was(predictor: TorchPredictor) -> None:
    before = predictor.predict([some_regions()])[0]
    predictor.explain(some_regions())
    assert predictor.predict([some_regions()])[0] == before
    assert all(parameter.grad is None for parameter in predictor._network.parameters())


def test_a_map_lies_on_its_own_region_only() -> None:
    regions = some_regions()
    everywhere = np.ones((7, 7), np.float32)
    seen = {name: attention_on_frame(everywhere, name, regions, (300, 400)) for name in ("image", "core", "boundary")}
    for attention, region in seen.values():
        assert attention.shape == region.shape == (300, 400)
        np.testing.assert_allclose(attention, region, atol=1e-6)
    assert seen["image"][1].all()
    assert not (seen["core"][1] & seen["boundary"][1]).any()
    assert seen["core"][1][150, 190]
    assert not seen["boundary"][1][150, 190]
    corner = np.zeros((7, 7), np.float32)
    corner[0, 0] = 1
    attention, _ = attention_on_frame(corner, "image", regions, (300, 400))
    assert attention[5, 5] > 0.9
    assert attention[150, 200] == 0


def test_a_single_backbone_has_a_map_and_nothing_to_leave_out(predictor: TorchPredictor) -> None:
    card = dataclasses.replace(predictor.card, views=("image",))
    regions = some_regions()
    views = views_tensor(regions, card.views, card.normalisation)[None]
    torch.manual_seed(0)
    found = explained(ResNet18().eval(), views, card)
    assert (found.left_out, found.alone) == ({}, {})
    assert list(found.attention) == ["image"]
    assert explained(Fus2Net().eval(), views, card).attention == {}


def test_other_contours_are_read_as_alone_but_the_image_is_the_first_ones(predictor: TorchPredictor) -> None:
    assert isinstance(predictor, Explainer)
    first, others = some_regions(), [some_regions(5), some_regions(-7)]
    # On the same frame the image is the same, so keeping its features changes nothing.
    expected = [one.probability for one in predictor.predict(others)]
    assert predictor.reread(first, others) == pytest.approx(expected, abs=1e-4)
    assert predictor.reread(first, []) == []
    # Of another image, the first one's would be kept: shown by giving others a black one.
    black = [dataclasses.replace(one, image=one.image * 0) for one in others]
    network, card = predictor._network, predictor.card
    views = torch.stack([views_tensor(one, card.views, card.normalisation) for one in black])
    views[:, 0] = views_tensor(first, card.views, card.normalisation)[0]
    with torch.inference_mode():
        logits = network(views).logits.tolist()
    assert predictor.reread(first, black) == pytest.approx([calibrated(one, card) for one in logits], abs=1e-4)
