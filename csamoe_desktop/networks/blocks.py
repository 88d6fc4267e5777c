"""Building blocks that several networks share: ResNet-18 as four stages, parameter counting and global pooling."""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from csamoe_desktop.errors import UserError
from csamoe_desktop.networks import torchvision_guard


class Stages(NamedTuple):
    """The outputs of a backbone's four stages, [B, channels, height, width], shallow to deep."""

    first: Tensor
    second: Tensor
    third: Tensor
    fourth: Tensor


class ResNet18Stages(nn.Module):
    """torchvision's ResNet-18 without its classifier; gives the stages F1..F4.

    [B,3,224,224] -> [B,64,56,56], [B,128,28,28], [B,256,14,14], [B,512,7,7].
    """

    channels = (64, 128, 256, 512)

    def __init__(self) -> None:
        super().__init__()
        resnet = torchvision_guard.torchvision_models().resnet18(weights=None)
        self.stem = nn.Sequential(resnet.conv1, resnet.bn1, resnet.relu, resnet.maxpool)
        self.layer1 = resnet.layer1
        self.layer2 = resnet.layer2
        self.layer3 = resnet.layer3
        self.layer4 = resnet.layer4

    def forward(self, image: Tensor) -> Stages:
        first = self.layer1(self.stem(image))
        second = self.layer2(first)
        third = self.layer3(second)
        return Stages(first, second, third, self.layer4(third))

    def load_imagenet(self, weights: dict[str, Tensor]) -> None:
        """Load the parameters of a torchvision ResNet-18, without fc.

        Raises:
            UserError: the weights are not those of a ResNet-18.
        """
        renamed = {}
        for name, tensor in weights.items():
            if name.startswith("fc."):
                continue
            name = name.replace("conv1.", "stem.0.", 1) if name.startswith("conv1.") else name
            name = name.replace("bn1.", "stem.1.", 1) if name.startswith("bn1.") else name
            renamed[name] = tensor.float() if tensor.is_floating_point() else tensor
        try:
            self.load_state_dict(renamed)
        except RuntimeError as problem:
            raise UserError(
                "The start weights are not those of a ResNet-18.",
                "Give torchvision's resnet18 as a safetensors file.",
            ) from problem


def parameter_count(network: nn.Module) -> int:
    """Return the number of trainable values in `network`."""
    return sum(parameter.numel() for parameter in network.parameters())


def pooled(stage: Tensor) -> Tensor:
    """Return the global average of [B, C, H, W] as [B, C] (equation 4)."""
    return torch.mean(stage, dim=(2, 3))
