"""The shipped model against a bare forward pass of the same weights, and its calibration."""

import dataclasses
import math

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from csamoe_desktop.inference.bundle import find_bundle
from csamoe_desktop.inference.engine import Device
from csamoe_desktop.inference.predictor import calibrated
from csamoe_desktop.inference.torch_engine import TorchPredictor
from csamoe_desktop.lesion.regions import Regions, make_regions
from csamoe_desktop.networks.csamoe import CSAMoENet, NetworkOutput


def some_regions(seed: int) -> Regions:
    draw = np.random.default_rng(seed)
    pixels = draw.integers(0, 255, (300, 400), np.uint8)
    mask = np.zeros((300, 400), bool)
    mask[100 + seed : 200, 120:260] = True
    return make_regions(pixels, mask)


def test_a_prediction_is_a_bare_forward_pass(predictor: TorchPredictor) -> None:
    regions = some_regions(0)
    bundle = find_bundle("csamoe-resnet18")
    network = CSAMoENet().eval()
    network.load_state_dict(
        {n: t.float() if t.is_floating_point() else t for n, t in load_file(bundle.weights).items()}
    )
    grey = torch.from_numpy(regions.views()).float() / 255
    mean, std = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    views = (grey[:, None].repeat(1, 3, 1, 1) - mean[None, :, None, None]) / std[None, :, None, None]
    with torch.inference_mode():
        reading = network(views[None])
    expected = torch.softmax(reading.logits[0] / bundle.card.temperature, 0)[1].item()
    found = predictor.predict([regions])[0]
    assert found.probability == pytest.approx(expected, abs=1e-5)
    assert list(found.gates.values()) == pytest.approx(reading.gates[0].tolist(), abs=1e-5)
    assert found.stage_attention["core"] == pytest.approx(reading.stage_attention[0, 1].tolist(), abs=1e-5)


def test_a_lesion_reads_the_same_alone_and_among_others(predictor: TorchPredictor) -> None:
    several = [some_regions(seed) for seed in range(18)]  # more than one batch
    together = predictor.predict(several)
    alone = predictor.predict([several[17]])[0]
    assert together[17].probability == pytest.approx(alone.probability, abs=1e-5)


def test_the_probability_is_calibrated_with_the_cards_temperature(predictor: TorchPredictor) -> None:
    card = dataclasses.replace(predictor.card, temperature=2.0)
    assert calibrated((0.0, 3.0), card) == pytest.approx(1 / (1 + math.exp(-1.5)))
    assert calibrated((800.0, -800.0), card) == pytest.approx(0.0)


def test_the_positive_class_is_the_cards_not_the_second(predictor: TorchPredictor) -> None:
    card = dataclasses.replace(predictor.card, temperature=1.0, classes=("malignant", "benign"))
    assert calibrated((3.0, 0.0), card) == pytest.approx(1 / (1 + math.exp(-3.0)))


def test_a_network_that_needs_the_outline_is_given_it(predictor: TorchPredictor) -> None:
    class Area(nn.Module):
        """Reads the outline's area alone."""

        needs_mask = True

        def forward(self, views: Tensor, mask: Tensor) -> NetworkOutput:
            area = mask.sum((1, 2, 3))
            nothing = views.new_zeros(len(views), 1, 4)
            return NetworkOutput(torch.stack([-area, area], 1), views.new_ones(len(views), 1), nothing, views, nothing)

    card = dataclasses.replace(predictor.card, views=("image",))
    several = [some_regions(0), some_regions(60)]
    found = TorchPredictor(card, Area(), Device("cpu", "CPU")).predict(several)
    assert [one.logits[1] for one in found] == [one.lesion.sum() for one in several]
