"""ResNet-18 on the whole image: the baseline of CSA-MoE-Net's Table II."""

from csamoe_desktop.networks.single_backbone import SingleBackbone


class ResNet18(SingleBackbone):
    """The network `resnet18` of the bundles: weights `backbone.*` and one linear layer `head.*`."""

    def __init__(self, classes: int = 2) -> None:
        super().__init__("resnet18", classes)
