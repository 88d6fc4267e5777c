"""The ImageNet starting point, and torchvision beside a torch it was not built for."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from csamoe_desktop.errors import UserError
from csamoe_desktop.networks import torchvision_guard
from csamoe_desktop.networks.blocks import ResNet18Stages, imagenet_resnet18


def test_a_whole_resnet18_starts_the_stages(tmp_path: Path) -> None:
    torch.manual_seed(0)
    resnet = torchvision_guard.torchvision_models().resnet18(weights=None)
    file = tmp_path / "resnet18.safetensors"
    save_file(resnet.state_dict(), file)
    stages = ResNet18Stages()
    stages.load_imagenet(imagenet_resnet18(file))
    image = torch.rand(1, 3, 64, 64)
    resnet.eval()
    stages.eval()
    with torch.inference_mode():
        whole = resnet(image)
        ours = resnet.fc(stages(image).fourth.mean((2, 3)))
    torch.testing.assert_close(ours, whole)


def test_half_precision_starts_are_taken_as_float32(tmp_path: Path) -> None:
    file = tmp_path / "resnet18.safetensors"
    state = torchvision_guard.torchvision_models().resnet18(weights=None).state_dict()
    save_file({name: value.half() if value.ndim > 1 else value for name, value in state.items()}, file)
    stages = ResNet18Stages()
    stages.load_imagenet(imagenet_resnet18(file))
    assert all(value.dtype == torch.float32 for value in stages.parameters())


def test_a_start_that_is_no_resnet18_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "other.safetensors"
    save_file({"layer": torch.zeros(2)}, file)
    with pytest.raises(UserError, match="not those of a ResNet-18"):
        ResNet18Stages().load_imagenet(imagenet_resnet18(file))


def test_a_start_that_is_no_safetensors_file_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "broken.safetensors"
    file.write_bytes(b"not tensors")
    with pytest.raises(UserError, match="could not be read"):
        imagenet_resnet18(file)
    with pytest.raises(UserError, match="could not be read"):
        imagenet_resnet18(tmp_path / "missing.safetensors")


def test_torchvision_is_there_whatever_its_operators() -> None:
    assert hasattr(torchvision_guard.torchvision_models(), "resnet18")
    # A second call finds the same module: nothing is dropped and imported anew.
    assert torchvision_guard.torchvision_models() is torchvision_guard.torchvision_models()
