"""Build a network from a card's builder entry; the list of all networks is here."""

from collections.abc import Callable

from torch import nn

from csamoe_desktop.errors import UserError
from csamoe_desktop.networks.cards import Builder
from csamoe_desktop.networks.csamoe import CSAMoENet
from csamoe_desktop.networks.csasn import CSASN
from csamoe_desktop.networks.fus2net import Fus2Net
from csamoe_desktop.networks.la_net import LANet
from csamoe_desktop.networks.mobile_unet import MobileUNet
from csamoe_desktop.networks.resnet18 import ResNet18
from csamoe_desktop.networks.single_backbone import SingleBackbone
from csamoe_desktop.networks.two_stage import TwoStage
from csamoe_desktop.networks.unet import UNet

_NETWORKS: dict[str, Callable[..., nn.Module]] = {
    "csa-moe-net": CSAMoENet,
    "resnet18": ResNet18,
    "single-backbone": SingleBackbone,
    "fus2net": Fus2Net,
    "two-stage": TwoStage,
    "la-net": LANet,
    "csasn": CSASN,
    "unet": UNet,
    "mobile-unet": MobileUNet,
}


def build(builder: Builder) -> nn.Module:
    """Return the untrained network that `builder` describes.

    Raises:
        UserError: this program does not know the network or these options.
    """
    try:
        return _NETWORKS[builder.network](**builder.options)
    except (KeyError, TypeError) as problem:
        raise UserError(
            f"This program cannot build the network {builder.network!r} with {builder.options}.",
            f"It can build {', '.join(_NETWORKS)}. The model may need a newer version of the program.",
        ) from problem
