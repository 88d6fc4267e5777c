"""CSA-MoE-Net: three experts, cross-stage attention, a gate (Zhai et al., arXiv 2605.25518, section II).

One class for the paper's family: its ResNet-18 and the other two backbones of Table IV, with or without attention (Table II),
and any of the three experts (Table III). With a single expert there is no gate.

About the head: the text (section II-D) describes one fully connected layer with sigmoid. With it the network has 34,491,525
parameters; Table IV says 34.820 M, and 33.958 M without attention. Both counts are matched to the last printed digit
(34,820,357 and 33,958,085) by 512 -> 512 -> 128 -> 2, with batch norm, ReLU and dropout after the first two, and two logits
trained with cross-entropy (which section III-A2 names). That head is the default; `head="linear"` is the head of the text, as
two logits of one layer (sigmoid of their difference).
The paper does not give the dropout rate of the head; the gate's 0.2 is used. For a backbone whose last stage has another width,
only the inputs of gate and head change (`networks/counts.py` has these counts beside the paper's).
"""

from collections.abc import Sequence
from typing import Literal, NamedTuple

import torch
from torch import Tensor, nn

from csamoe_desktop.errors import UserError
from csamoe_desktop.networks.backbones import Backbone, BackboneName, backbone_stages
from csamoe_desktop.networks.cross_stage_attention import CrossStageAttention

EXPERTS = ("image", "core", "boundary")
HEADS = ("table", "linear")
_DROPOUT = 0.2


class NetworkOutput(NamedTuple):
    """The output of a forward pass, for E experts whose last stage has C channels (ResNet-18: 512, 7x7).

    Attributes:
        logits: [B, 2], benign and malignant.
        gates: [B, E], the gate shares, summing to one (equation 10).
        stage_attention: [B, E, 4], each expert's stage weights; zeros without attention.
        features: [B, E, C, 7, 7], each expert's recalibrated last stage.
        fused: [B, C], the fused expert feature (equation 11).
    """

    logits: Tensor
    gates: Tensor
    stage_attention: Tensor
    features: Tensor
    fused: Tensor


class Expert(nn.Module):
    """One expert: a backbone and, with `attention`, the cross-stage attention over its stages."""

    def __init__(self, attention: bool, backbone: str = "resnet18") -> None:
        super().__init__()
        self.backbone: Backbone = backbone_stages(backbone)
        self.attention = CrossStageAttention(self.backbone.channels) if attention else None

    def forward(self, view: Tensor) -> tuple[Tensor, Tensor]:
        """[B,3,224,224] -> last stage [B,C,7,7] and stage weights [B,4]."""
        stages = self.backbone(view)
        if self.attention is None:
            return stages.fourth, stages.fourth.new_zeros(len(view), 4)
        recalibrated = self.attention(stages)
        return recalibrated.features, recalibrated.stage_weights


class CSAMoENet(nn.Module):
    """The network; without `attention` it is the paper's ResNet-MoE, VGG-MoE or DenseNet-MoE.

    Raises:
        UserError: there is no such backbone, head or expert, or an expert is named twice.
    """

    def __init__(
        self,
        attention: bool = True,
        head: Literal["table", "linear"] = "table",
        experts: Sequence[str] = EXPERTS,
        classes: int = 2,
        backbone: BackboneName = "resnet18",
    ) -> None:
        super().__init__()
        self.expert_names = tuple(experts)
        if not self.expert_names or len({*experts} & {*EXPERTS}) < len(self.expert_names):
            raise UserError(
                f"The experts {', '.join(experts) or '(none)'} cannot be used.",
                f"Choose from {', '.join(EXPERTS)}, each once.",
            )
        if head not in HEADS:
            raise UserError(f"There is no head called {head!r}.", f"Choose one of {', '.join(HEADS)}.")
        branches = {name: Expert(attention, backbone) for name in self.expert_names}
        self.experts = nn.ModuleDict(branches)
        width = branches[self.expert_names[0]].backbone.channels[-1]
        self.gate = _gate(width, len(branches)) if len(branches) > 1 else None
        self.head = _table_head(width, classes) if head == "table" else nn.Linear(width, classes)

    def forward(self, views: Tensor) -> NetworkOutput:
        """Classify `views`, [B, E, 3, 224, 224], in the order of `expert_names`."""
        features, stage_weights = zip(
            *(expert(views[:, place]) for place, expert in enumerate(self.experts.values())), strict=True
        )
        return self.fuse(torch.stack(features, dim=1), torch.stack(stage_weights, dim=1))

    def fuse(self, features: Tensor, stage_attention: Tensor) -> NetworkOutput:
        """Gate, fuse and classify the experts' last stages [B, E, C, 7, 7] (equations 10 and 11)."""
        vectors = torch.mean(features, dim=(3, 4))
        gates = vectors.new_ones(len(vectors), 1) if self.gate is None else self.gate(vectors.flatten(1))
        fused = (gates.unsqueeze(2) * vectors).sum(dim=1)
        return NetworkOutput(self.head(fused), gates, stage_attention, features, fused)

    def load_imagenet(self, weights: dict[str, Tensor]) -> None:
        """Load the ImageNet `weights` of torchvision's network into every expert's backbone.

        Raises:
            UserError: the weights are those of another network.
        """
        for expert in self.experts.values():
            expert.backbone.load_imagenet(weights)  # type: ignore[union-attr,operator]


def _gate(width: int, experts: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(width * experts, 64),
        nn.BatchNorm1d(64),
        nn.ReLU(),
        nn.Dropout(_DROPOUT),
        nn.Linear(64, experts),
        nn.Softmax(dim=1),
    )


def _table_head(width: int, classes: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(width, 512),
        nn.BatchNorm1d(512),
        nn.ReLU(),
        nn.Dropout(_DROPOUT),
        nn.Linear(512, 128),
        nn.BatchNorm1d(128),
        nn.ReLU(),
        nn.Dropout(_DROPOUT),
        nn.Linear(128, classes),
    )
