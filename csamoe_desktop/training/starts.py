"""The start weights of a network: ImageNet weights from a file, downloaded from torchvision, or random."""

from pathlib import Path

from torch import Tensor, nn

from csamoe_desktop.errors import UserError
from csamoe_desktop.networks.cards import Builder
from csamoe_desktop.networks.torchvision_guard import torchvision_models

# Networks with one ImageNet backbone, and its torchvision name. CSASN has two, see `load_start`.
_BACKBONES = {
    "resnet18": "resnet18",
    "la-net": "resnet18",
    "mobile-unet": "mobilenet_v2",
    "two-stage": "densenet201",
}
# Networks whose options name the backbone.
_ANY_BACKBONE = ("csa-moe-net", "single-backbone")


def backbone_of(builder: Builder) -> str | None:
    """Return the torchvision name of the network's backbone; None if it does not have exactly one."""
    if builder.network in _ANY_BACKBONE:
        return str(builder.options.get("backbone", "resnet18"))
    return _BACKBONES.get(builder.network)


def load_start(builder: Builder, network: nn.Module, start: str) -> str:
    """Load the start weights into `network`, which `builder` built, and return their description.

    Args:
        start: a safetensors file of torchvision's backbone, `imagenet` (downloads it from torchvision), or `none`.

    Raises:
        UserError: the file is missing or belongs to another network, or the download failed.
    """
    if start == "none":
        return "random weights"
    if builder.network == "csasn" and start == "imagenet":
        network.load_imagenet(downloaded("efficientnet_b2"), downloaded("vit_b_16"))  # type: ignore[operator]
        return "torchvision's ImageNet efficientnet_b2 and vit_b_16"
    backbone = backbone_of(builder)
    if backbone is None:
        if start == "imagenet":
            return "random weights"
        raise UserError(
            f"The network {builder.network} cannot start from a single ImageNet file.",
            "Leave out --start, or give --start none.",
        )
    if start == "imagenet":
        network.load_imagenet(downloaded(backbone))  # type: ignore[operator]
        return f"torchvision's ImageNet {backbone}"
    network.load_imagenet(from_file(Path(start), backbone))  # type: ignore[operator]
    return f"ImageNet weights from {Path(start).name}"


def from_file(file: Path, backbone: str) -> dict[str, Tensor]:
    """Return the tensors of a safetensors file.

    Raises:
        UserError: the file is missing or unreadable.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return load_file(file)
    except (OSError, SafetensorError) as problem:
        raise UserError(
            f"The start weights {file} could not be read.", f"Give a safetensors file of torchvision's {backbone}."
        ) from problem


def downloaded(backbone: str) -> dict[str, Tensor]:
    """Return torchvision's ImageNet weights of `backbone`, downloaded or from its cache.

    Raises:
        UserError: the download failed.
    """
    weights = torchvision_models().get_model_weights(backbone).IMAGENET1K_V1
    try:
        # The only weights that are not safetensors: torchvision's file, checked by its hash and loaded as tensors only.
        state: dict[str, Tensor] = weights.get_state_dict(progress=False, check_hash=True, weights_only=True)
    except (OSError, RuntimeError) as problem:
        raise UserError(
            "The ImageNet weights could not be downloaded.",
            "Give them as a file with --start FILE.safetensors, or start from random weights with --start none.",
        ) from problem
    return state
