"""The three backbones of CSA-MoE-Net's Table IV; each gives four stages for cross-stage attention.

The paper says (section III-B4) that VGG-16 and DenseNet-121 replaced ResNet-18 "with only channel dimension adaptation", but
not which of their feature maps are the four stages. Here the stages of all three are the maps at 1/4, 1/8, 1/16 and 1/32 of the
input (56, 28, 14 and 7 for 224), as for ResNet-18.
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

    VGG-16 has five blocks for four stages. Block 1 is left out: at half the input's size it corresponds to ResNet-18's stem,
    whose output is not a stage either. A block includes its max-pooling, so the last stage is the map that VGG's own
    classifier gets.
    """

    channels = (128, 256, 512, 512)

    def __init__(self) -> None:
        super().__init__()
        vgg = torchvision_guard.torchvision_models().vgg
        # Building a whole VGG-16 would initialise its classifier, eight times as large, only to discard it.
        self.features: nn.Module = vgg.make_layers(vgg.cfgs["D"])
        for layer in self.features.children():
            if isinstance(layer, nn.Conv2d):  # initialised as in torchvision
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
        """Load the parameters of a torchvision VGG-16, without its classifier.

        Raises:
            UserError: the weights are not those of a VGG-16.
        """
        _load_features(self.features, weights, "VGG-16", "vgg16")


class DenseNet121Stages(nn.Module):
    """torchvision's DenseNet-121 without its classifier: the outputs of its four dense blocks.

    [B,3,224,224] -> [B,256,56,56], [B,512,28,28], [B,1024,14,14], [B,1024,7,7].

    The output of a block is taken before its transition halves channels and size, so that all features of the block are
    included. As in DenseNet-121 itself, only the last output is normalised (norm5) and rectified; the others are normalised by
    the layer that follows, the transition or here the attention's projections.
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
        """Load the parameters of a torchvision DenseNet-121, without its classifier.

        Raises:
            UserError: the weights are not those of a DenseNet-121.
        """
        renamed = {_current_name(name): value for name, value in weights.items()}
        _load_features(self.features, renamed, "DenseNet-121", "densenet121")


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
    own = {
        key.removeprefix("features."): value.float() if value.is_floating_point() else value
        for key, value in weights.items()
        if not key.startswith("classifier.")
    }
    try:
        features.load_state_dict(own)
    except RuntimeError as problem:
        raise UserError(
            f"The start weights are not those of a {title}.", f"Give torchvision's {name} as a safetensors file."
        ) from problem


def _current_name(name: str) -> str:
    # torchvision's file still uses older names: denselayer1.norm.1 instead of today's denselayer1.norm1.
    return re.sub(r"(denselayer\d+\.(?:norm|conv))\.([12])\.", r"\1\2.", name)
