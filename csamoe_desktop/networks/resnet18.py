"""ResNet-18 on the whole image: the baseline of CSA-MoE-Net's Table II."""

from csamoe_desktop.networks.single_backbone import SingleBackbone


class ResNet18(SingleBackbone):
    """The single backbone that the program's bundles call resnet18: `backbone.*` and one linear layer `head.*`."""

    def __init__(self, classes: int = 2) -> None:
        super().__init__("resnet18", classes)
