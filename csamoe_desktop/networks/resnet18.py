"""ResNet-18 on the whole image: the baseline of CSA-MoE-Net's Table II."""

from torch import Tensor, nn

from csamoe_desktop.networks.blocks import ResNet18Stages, pooled
from csamoe_desktop.networks.csamoe import Reading


class ResNet18(nn.Module):
    """One backbone and one linear layer, reading as CSA-MoE-Net does with a single expert of gate one."""

    expert_names = ("image",)

    def __init__(self, classes: int = 2) -> None:
        super().__init__()
        self.backbone = ResNet18Stages()
        self.head = nn.Linear(self.backbone.channels[-1], classes)

    def forward(self, views: Tensor) -> Reading:
        """Read `views`, [B, 1, 3, 224, 224]."""
        stage = self.backbone(views[:, 0]).fourth
        vector = pooled(stage)
        return Reading(
            logits=self.head(vector),
            gates=vector.new_ones(len(vector), 1),
            stage_attention=vector.new_zeros(len(vector), 1, 4),
            features=stage.unsqueeze(1),
            fused=vector,
        )

    def load_imagenet(self, weights: dict[str, Tensor]) -> None:
        """Start from a torchvision ResNet-18's ImageNet `weights`."""
        self.backbone.load_imagenet(weights)
