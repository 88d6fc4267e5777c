"""The three backbones of CSA-MoE-Net's Table IV, each handing out four stages for cross-stage attention.

The paper says (section III-B4) that VGG-16 and DenseNet-121 were put in ResNet-18's place "with only channel dimension
adaptation", not which of their feature maps are the four stages. Here, for all three, the stages are the maps at 1/4,
1/8, 1/16 and 1/32 of the input (56, 28, 14 and 7 for 224): what ResNet-18's four stages are.
"""

import re
from typing import Literal

import torch
from torch import Tensor, nn

from csamoe_desktop.errors import UserError
from csamoe_desktop.networks import torchvision_guard
from csamoe_desktop.networks.blocks import ResNet18Stages, Stages

BackboneName = Literal["resnet18", "vgg16", "densenet121"]


class VGG16Stages(nn.Module):
    """torchvision's VGG-16 (without batch norm) without its classifier: the outputs of blocks 2 to 5, each pooled.

    [B,3,224,224] -> [B,128,56,56], [B,256,28,28], [B,512,14,14], [B,512,7,7].

    VGG-16 has five blocks for four places. Block 1 is left out: at half the input's size it stands where ResNet-18 has
    its stem, whose output is no stage there either. A block is taken with its max-pooling, so the last stage is the
    very map that VGG's own classifier reads.
    """

    channels = (128, 256, 512, 512)

    def __init__(self) -> None:
        super().__init__()
        vgg = torchvision_guard.torchvision_models().vgg
        # Not by building a whole VGG-16: its classifier, eight times as large, would be drawn only to be dropped.
        self.features: nn.Module = vgg.make_layers(vgg.cfgs["D"])
        for layer in self.features.children():
            if isinstance(layer, nn.Conv2d):  # as torchvision starts it
                nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")
                nn.init.zeros_(layer.bias)  # type: ignore[arg-type]

    def forward(self, image: Tensor) -> Stages:
        blocks, features = [], image
        for layer in self.features.children():
            features = layer(features)
            if isinstance(layer, nn.MaxPool2d):
                blocks.append(features)
        _, first, second, third, fourth = blocks
        return Stages(first, second, third, fourth)

    def load_imagenet(self, weights: dict[str, Tensor]) -> None:
        """Take the parameters of a whole torchvision VGG-16 (its classifier is left out).

        Raises:
            UserError: the weights are not a VGG-16's.
        """
        _load_features(self.features, weights, "VGG-16", "vgg16")


class DenseNet121Stages(nn.Module):
    """torchvision's DenseNet-121 without its classifier: the outputs of its four dense blocks.

    [B,3,224,224] -> [B,256,56,56], [B,512,28,28], [B,1024,14,14], [B,1024,7,7].

    A block's output is taken before its transition halves channels and sides, where everything the block found is
    still there. As in DenseNet-121 itself the last one, and it alone, is normalised (norm5) and rectified: what the
    earlier ones hold is normalised by whoever reads it, the transition or here the attention's projections.
    """

    channels = (256, 512, 1024, 1024)

    def __init__(self) -> None:
        super().__init__()
        densenet = torchvision_guard.torchvision_models().densenet121(weights=None)
        self.features: nn.Module = densenet.get_submodule("features")

    def forward(self, image: Tensor) -> Stages:
        blocks, features = [], image
        for name, layer in self.features.named_children():
            features = layer(features)
            if name.startswith("denseblock"):
                blocks.append(features)
        first, second, third, _ = blocks
        return Stages(first, second, third, torch.relu(features))

    def load_imagenet(self, weights: dict[str, Tensor]) -> None:
        """Take the parameters of a whole torchvision DenseNet-121 (its classifier is left out).

        Raises:
            UserError: the weights are not a DenseNet-121's.
        """
        present = {_present_name(name): value for name, value in weights.items()}
        _load_features(self.features, present, "DenseNet-121", "densenet121")


Backbone = ResNet18Stages | VGG16Stages | DenseNet121Stages

BACKBONES: dict[str, type[Backbone]] = {
    "resnet18": ResNet18Stages,
    "vgg16": VGG16Stages,
    "densenet121": DenseNet121Stages,
}


def backbone_stages(name: str) -> Backbone:
    """Return the untrained backbone called `name`.

    Raises:
        UserError: there is no such backbone.
    """
    if name not in BACKBONES:
        raise UserError(f"There is no backbone called {name!r}.", f"Choose one of {', '.join(BACKBONES)}.")
    return BACKBONES[name]()


def _load_features(features: nn.Module, weights: dict[str, Tensor], title: str, name: str) -> None:
    taken = {
        key.removeprefix("features."): value.float() if value.is_floating_point() else value
        for key, value in weights.items()
        if not key.startswith("classifier.")
    }
    try:
        features.load_state_dict(taken)
    except RuntimeError as problem:
        raise UserError(
            f"The starting weights are not those of a {title}.", f"Give torchvision's {name} as a safetensors file."
        ) from problem


def _present_name(name: str) -> str:
    # The file torchvision downloads still has an older naming: denselayer1.norm.1 for today's denselayer1.norm1.
    return re.sub(r"(denselayer\d+\.(?:norm|conv))\.([12])\.", r"\1\2.", name)
