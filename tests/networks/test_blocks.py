"""ResNet-18's stages from a whole one, and torchvision beside a torch it was not built for."""

import pytest
import torch

from csamoe_desktop.errors import UserError
from csamoe_desktop.networks import torchvision_guard
from csamoe_desktop.networks.blocks import ResNet18Stages


def test_a_whole_resnet18_starts_the_stages() -> None:
    torch.manual_seed(0)
    resnet = torchvision_guard.torchvision_models().resnet18(weights=None)
    stages = ResNet18Stages()
    stages.load_imagenet(resnet.state_dict())
    image = torch.rand(1, 3, 64, 64)
    resnet.eval()
    stages.eval()
    with torch.inference_mode():
        whole = resnet(image)
        ours = resnet.fc(stages(image).fourth.mean((2, 3)))
    torch.testing.assert_close(ours, whole)


def test_half_precision_starts_are_taken_as_float32() -> None:
    state = torchvision_guard.torchvision_models().resnet18(weights=None).state_dict()
    stages = ResNet18Stages()
    stages.load_imagenet({name: value.half() if value.ndim > 1 else value for name, value in state.items()})
    assert all(value.dtype == torch.float32 for value in stages.parameters())


def test_a_start_that_is_no_resnet18_is_refused() -> None:
    with pytest.raises(UserError, match="not those of a ResNet-18"):
        ResNet18Stages().load_imagenet({"layer": torch.zeros(2)})


def test_torchvision_is_there_whatever_its_operators() -> None:
    assert hasattr(torchvision_guard.torchvision_models(), "resnet18")
    # A second call finds the same module: nothing is dropped and imported anew.
    assert torchvision_guard.torchvision_models() is torchvision_guard.torchvision_models()
