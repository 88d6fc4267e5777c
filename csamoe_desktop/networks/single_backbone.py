"""One backbone on the whole image with torchvision's classifier: the baselines of CSA-MoE-Net's Table IV."""

from torch import Tensor, nn

from csamoe_desktop.errors import UserError
from csamoe_desktop.networks import torchvision_guard
from csamoe_desktop.networks.backbones import BackboneName, VGG16Stages, backbone_stages
from csamoe_desktop.networks.csamoe import NetworkOutput


class SingleBackbone(nn.Module):
    """A backbone and torchvision's classifier, with the output of CSA-MoE-Net for a single expert with a gate share of one.

    ResNet-18 and DenseNet-121 have one linear layer on the pooled last stage. VGG-16 has its own three layers on 7x7 positions,
    which are 89 % of its parameters (119.6 of 134.3 M).
    """

    expert_names = ("image",)

    def __init__(self, backbone: BackboneName = "resnet18", classes: int = 2) -> None:
        super().__init__()
        self.backbone = backbone_stages(backbone)
        self.pool = nn.AdaptiveAvgPool2d(7 if isinstance(self.backbone, VGG16Stages) else 1)
        self.head: nn.Linear | nn.Sequential
        if isinstance(self.backbone, VGG16Stages):
            vgg = torchvision_guard.torchvision_models().vgg16(weights=None, num_classes=classes)
            self.head = vgg.classifier
        else:
            self.head = nn.Linear(self.backbone.channels[-1], classes)

    def forward(self, views: Tensor) -> NetworkOutput:
        """Classify `views`, [B, 1, 3, 224, 224]; `fused` is the input of the last linear layer, 4096 values for VGG-16."""
        stage = self.backbone(views[:, 0]).fourth
        vector = self.pool(stage).flatten(1)
        last: nn.Module = self.head
        if isinstance(self.head, nn.Sequential):
            vector, last = self.head[:-1](vector), self.head[-1]
        return NetworkOutput(
            logits=last(vector),
            gates=vector.new_ones(len(vector), 1),
            stage_attention=vector.new_zeros(len(vector), 1, 4),
            features=stage.unsqueeze(1),
            fused=vector,
        )

    def load_imagenet(self, weights: dict[str, Tensor]) -> None:
        """Load the ImageNet `weights` of the same torchvision network; only the last layer stays random.

        Raises:
            UserError: the weights are those of another network.
        """
        self.backbone.load_imagenet(weights)
        if not isinstance(self.head, nn.Sequential):
            return
        last = len(self.head) - 1
        last_layer = {f"{last}.{name}": value for name, value in self.head[-1].state_dict().items()}
        others = {
            name.removeprefix("classifier."): value.float()
            for name, value in weights.items()
            if name.startswith("classifier.") and not name.startswith(f"classifier.{last}.")
        }
        try:
            self.head.load_state_dict(last_layer | others)
        except RuntimeError as problem:
            raise UserError(
                "The start weights do not have the classifier of a VGG-16.",
                "Give torchvision's vgg16 as a safetensors file.",
            ) from problem
