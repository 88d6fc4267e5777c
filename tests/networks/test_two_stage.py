"""The two-stage network against its paper: inputs of Table I, shapes, counts, what is held, a seeded output."""

import json
import re
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from csamoe_desktop.errors import UserError
from csamoe_desktop.networks.blocks import parameter_count
from csamoe_desktop.networks.torchvision_guard import torchvision_models
from csamoe_desktop.networks.two_stage import CLASSES, INPUTS, TwoStage, TwoStageReading
from csamoe_desktop.networks.unet import UNet

EXPECTED = Path(__file__).parent.parent / "expected" / "two_stage_seeded.json"


def seeded(**options: object) -> TwoStage:
    torch.manual_seed(42)
    return TwoStage(**options)  # type: ignore[arg-type]


def some_images(count: int = 2) -> Tensor:
    """Return images that need no random numbers: one long wave in 0..1, cut into pieces."""
    places = torch.arange(count * 128 * 128, dtype=torch.float32)
    return (torch.sin(places / 97).view(count, 1, 128, 128) + 1) / 2


def some_views(count: int = 2) -> Tensor:
    """Return the same images as the one expert's view, their grey in three channels."""
    return some_images(count).unsqueeze(1).expand(-1, -1, 3, -1, -1)


def settle(network: nn.Module, views: Tensor) -> None:
    """Give every batch norm the statistics of `views`, as training would; untrained ones let the signal die out."""
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = 1.0
            module.train()
    with torch.no_grad():
        network(views)
    network.eval()


def some_masks(count: int = 2) -> Tensor:
    masks = torch.zeros(count, 1, 128, 128)
    masks[:, :, 40:90, 30:100] = 1
    return masks


def count_densenet201_features() -> int:
    """Count DenseNet-201 without its classifier by hand (Huang et al., Table 1: 6, 12, 48, 32 layers, growth 32)."""
    channels, total = 64, 3 * 64 * 7 * 7 + 2 * 64
    for place, layers in enumerate((6, 12, 48, 32)):
        for _ in range(layers):
            total += 2 * channels + channels * 128 + 2 * 128 + 128 * 32 * 3 * 3
            channels += 32
        if place < 3:
            total += 2 * channels + channels * (channels // 2)
            channels //= 2
    assert channels == 1920
    return total + 2 * channels


def test_parameter_count_to_the_last_one() -> None:
    features = count_densenet201_features()
    connected = (1920 * 4 * 4) * 64 + 64 + 2 * (64 * 64 + 64) + 64 * 3 + 3
    segmenter = 2_159_889  # derived in test_unet.py
    assert features == 18_092_928
    assert connected == 1_974_659
    network = TwoStage()
    assert parameter_count(network) == features + connected + segmenter == 22_227_476
    assert sum(value.numel() for value in network.parameters() if value.requires_grad) == connected
    assert parameter_count(TwoStage("image")) == features + connected


def test_a_reading_hands_out_everything_the_screen_shows() -> None:
    network = seeded().eval()
    with torch.inference_mode():
        reading = network(some_views())
        again = network(some_views())
        by_hand = network.head(reading.fused)
    assert isinstance(reading, TwoStageReading)
    assert CLASSES == ("normal", "benign", "malignant")
    assert reading.logits.shape == (2, 3)
    assert reading.mask_logits.shape == (2, 1, 128, 128)
    assert reading.channels.shape == (2, 3, 128, 128)
    assert reading.gates.tolist() == [[1.0], [1.0]]
    assert reading.stage_attention.shape == (2, 1, 4)
    assert reading.features.shape == (2, 1, 1920, 4, 4)
    assert reading.features.min() >= 0
    assert reading.fused.shape == (2, 64)
    torch.testing.assert_close(by_hand, reading.logits)
    assert torch.equal(again.logits, reading.logits)


@pytest.mark.parametrize("inputs", INPUTS)
def test_the_second_stage_sees_the_channels_of_table_1(inputs: str) -> None:
    network = seeded(inputs=inputs).eval()
    image, views, mask = some_images(1), some_views(1), some_masks(1)
    with torch.inference_mode():
        reading = network(views, mask) if network.needs_mask else network(views)
        predicted = None if network.segmenter is None else torch.sigmoid(network.segmenter(image).mask_logits)
    if predicted is None:
        assert reading.mask_logits is None
        predicted = torch.full_like(image, torch.nan)  # in none of these inputs
    else:
        torch.testing.assert_close(torch.sigmoid(reading.mask_logits), predicted)
    expected = {
        "image": [image, image, image],
        "predicted_mask": [predicted, predicted, predicted],
        "predicted_mask_and_image": [image, predicted, predicted],
        "true_mask_and_image": [image, mask, mask],
    }[inputs]
    torch.testing.assert_close(reading.channels, torch.cat(expected, dim=1))


def test_a_mask_is_asked_for_only_where_it_is_looked_at() -> None:
    with pytest.raises(ValueError, match="needs a mask"):
        TwoStage("true_mask_and_image")(some_views(1))
    with pytest.raises(ValueError, match="takes no mask"):
        TwoStage("image")(some_views(1), some_masks(1))


def test_unknown_inputs_are_refused() -> None:
    with pytest.raises(UserError, match="no inputs called 'both'"):
        seeded(inputs="both")


def test_three_layers_of_64_one_dropout_of_a_twentieth() -> None:
    network = TwoStage("image")
    layers = [(layer.in_features, layer.out_features) for layer in network.dense if isinstance(layer, nn.Linear)]
    assert layers == [(30_720, 64), (64, 64), (64, 64)]
    assert network.dropout.p == 0.05
    # With everything dropped after the third layer, the last one has only its bias to say.
    network.dropout.p = 1.0
    with torch.inference_mode():
        torch.testing.assert_close(network(some_views(1)).logits[0], network.head.bias)


def test_benign_and_malignant_alone_are_two_classes() -> None:
    assert TwoStage("image", classes=2).head.out_features == 2


def test_what_is_held_does_not_move_in_training() -> None:
    network = seeded().train()
    assert network.segmenter is not None
    held = {
        name: value.clone()
        for name, value in network.state_dict().items()
        if name.startswith(("segmenter", "features"))
    }
    reading = network(some_views())
    cross_entropy(reading.logits, torch.tensor([0, 2])).backward()
    for name, value in network.state_dict().items():
        if name in held:
            assert torch.equal(value, held[name]), name
    # The first stage's dropout rests as well: the mask is the one that reading will show.
    assert torch.equal(reading.mask_logits, network.segmenter.eval()(some_images()).mask_logits)
    with_gradient = {name.split(".")[0] for name, value in network.named_parameters() if value.grad is not None}
    assert with_gradient == {"dense", "head"}
    assert network.dropout.training


@pytest.mark.parametrize("frozen", [True, False])
def test_every_parameter_that_is_trained_gets_a_gradient(frozen: bool) -> None:
    network = seeded(inputs="image", frozen_features=frozen).train()
    cross_entropy(network(some_views(2)).logits, torch.tensor([0, 2])).backward()
    trained = {name: value for name, value in network.named_parameters() if value.requires_grad}
    assert any(name.startswith("features.") for name in trained) is not frozen
    assert [name for name, value in trained.items() if value.grad is None or not value.grad.any()] == []


def test_the_first_stage_is_a_trained_unet() -> None:
    torch.manual_seed(7)
    trained = UNet().eval()
    network = seeded().eval()
    network.load_segmenter(trained.state_dict())
    with torch.inference_mode():
        torch.testing.assert_close(network(some_views(1)).mask_logits, trained(some_images(1)).mask_logits)


def test_its_outline_is_the_first_stages() -> None:
    network = seeded().eval()
    with torch.inference_mode():
        torch.testing.assert_close(network.outline(some_views(1)), network(some_views(1)).mask_logits)
    with pytest.raises(ValueError, match="have no first stage"):
        seeded(inputs="image").outline(some_views(1))


def test_a_first_stage_that_does_not_fit_is_refused() -> None:
    with pytest.raises(UserError, match="not those of this U-Net"):
        TwoStage().load_segmenter(UNet(width=8).state_dict())
    with pytest.raises(UserError, match="has no first stage"):
        TwoStage("image").load_segmenter(UNet().state_dict())


def test_the_features_start_from_a_whole_densenet201() -> None:
    torch.manual_seed(3)
    densenet = torchvision_models().densenet201(weights=None).eval()
    # As in the file that torchvision downloads: denselayer1.norm.1.weight.
    older = {
        re.sub(r"(denselayer\d+)\.(norm|conv)([12])\.", r"\1.\2.\3.", name): value
        for name, value in densenet.state_dict().items()
    }
    assert "features.denseblock1.denselayer1.norm.1.weight" in older
    network = seeded(inputs="image").eval()
    for weights in (older, densenet.state_dict()):
        network.features.apply(lambda part: part.reset_parameters() if hasattr(part, "reset_parameters") else None)
        network.load_imagenet(weights)
        with torch.inference_mode():
            reading = network(some_views(1))
            # torchvision's own way to its 1000 classes, from our features.
            ours = densenet.classifier(reading.features[:, 0].mean((2, 3)))
            torch.testing.assert_close(ours, densenet(reading.channels))


def test_a_start_that_is_no_densenet201_is_refused() -> None:
    with pytest.raises(UserError, match="not those of a DenseNet-201"):
        TwoStage("image").load_imagenet({"features.conv0.weight": torch.zeros(64, 3, 7, 7)})


def test_seeded_output_is_what_it_was() -> None:
    expected = json.loads(EXPECTED.read_text())
    network = seeded().eval()
    settle(network, some_views())
    with torch.inference_mode():
        reading = network(some_views())
    for field, found in [
        ("logits", reading.logits),
        ("mask_logits", reading.mask_logits[:, 0, ::32, ::32]),
        ("fused", reading.fused[:, ::8]),
    ]:
        torch.testing.assert_close(found, torch.tensor(expected[field]), rtol=1e-3, atol=1e-4, msg=field)
