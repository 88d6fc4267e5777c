"""The U-Net on MobileNetV2: its encoder is torchvision's, its shapes, counts, gradients and starting weights."""

import pytest
import torch

from csamoe_desktop.errors import UserError
from csamoe_desktop.networks.blocks import parameter_count
from csamoe_desktop.networks.mobile_unet import MobileUNet
from csamoe_desktop.networks.torchvision_guard import torchvision_models


def seeded() -> MobileUNet:
    torch.set_num_threads(1)
    torch.manual_seed(42)
    return MobileUNet()


@pytest.mark.parametrize(("height", "width"), [(64, 64), (96, 160)])
def test_a_mask_has_the_images_size(height: int, width: int) -> None:
    network = seeded().eval()
    with torch.inference_mode():
        found = network(torch.rand(2, 3, height, width))
        outline = network.outline(torch.rand(2, 1, 3, height, width))
    assert found.mask_logits.shape == outline.shape == (2, 1, height, width)
    assert found.deepest.shape == (2, 320, height // 32, width // 32)


def test_parameter_count_to_the_last_one() -> None:
    with torch.device("meta"):
        whole = torchvision_models().mobilenet_v2(weights=None)
    encoder = parameter_count(whole.features) - parameter_count(whole.features[18])

    def block(before: int, after: int) -> int:
        return 9 * before * after + 9 * after * after + 2 * 2 * after

    decoder = block(320 + 96, 128) + block(128 + 32, 64) + block(64 + 24, 48) + block(48 + 16, 32) + 32 + 1
    assert parameter_count(MobileUNet()) == encoder + decoder == 2_654_945


def test_every_parameter_gets_a_gradient() -> None:
    network = seeded().train()
    network(torch.rand(2, 3, 64, 64)).mask_logits.square().mean().backward()
    assert [name for name, value in network.named_parameters() if value.grad is None or not value.grad.any()] == []


def test_the_contracting_path_is_a_whole_mobilenets_features() -> None:
    torch.manual_seed(0)
    mobilenet = torchvision_models().mobilenet_v2(weights=None).eval()
    network = seeded()
    network.load_imagenet(
        {name: value.half() if value.ndim > 1 else value for name, value in mobilenet.state_dict().items()}
    )
    network.eval()
    image = torch.rand(1, 3, 64, 64)
    with torch.inference_mode():
        found = network(image).deepest
        for value in mobilenet.parameters():
            value.copy_(value.half() if value.ndim > 1 else value)
        expected = mobilenet.features[:18](image)
    torch.testing.assert_close(found, expected)


def test_weights_of_another_network_are_refused() -> None:
    with pytest.raises(UserError, match="not those of a MobileNetV2"):
        seeded().load_imagenet({"features.0.0.weight": torch.zeros(2)})
