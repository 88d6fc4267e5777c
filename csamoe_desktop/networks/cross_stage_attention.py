"""Cross-stage attention: four stages weight the channels of the last one (CSA-MoE-Net, equations 4-9)."""

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn

from csamoe_desktop.networks.blocks import Stages, pooled


class Recalibrated(NamedTuple):
    """The output of the attention.

    Attributes:
        features: the last stage with its channels recalibrated, [B, C4, H4, W4] (equation 9).
        stage_weights: the share of each stage, [B, 4], summing to one (equation 6).
    """

    features: Tensor
    stage_weights: Tensor


class CrossStageAttention(nn.Module):
    """Equations 4-9. Key and value projections have no bias, the bottleneck has one; this matches the counts of Table IV."""

    def __init__(self, channels: tuple[int, int, int, int], width: int = 128, bottleneck: int = 64) -> None:
        super().__init__()
        self.keys = nn.ModuleList(nn.Linear(count, width, bias=False) for count in channels)
        self.values = nn.ModuleList(nn.Linear(count, width, bias=False) for count in channels)
        self.query = nn.Parameter(torch.empty(1, width))
        nn.init.normal_(self.query, std=1 / math.sqrt(width))
        self.down = nn.Linear(width, bottleneck)
        self.up = nn.Linear(bottleneck, channels[-1])

    def forward(self, stages: Stages) -> Recalibrated:
        summaries = [pooled(stage) for stage in stages]  # equation 4
        keys = torch.stack([project(z) for project, z in zip(self.keys, summaries, strict=True)], dim=1)
        values = torch.stack([project(z) for project, z in zip(self.values, summaries, strict=True)], dim=1)
        scores = (keys @ self.query.T).squeeze(2) / math.sqrt(keys.shape[2])
        weights = torch.softmax(scores, dim=1)  # equation 6
        blended = (weights.unsqueeze(2) * values).sum(dim=1)  # equation 7
        channel_weights = torch.sigmoid(self.up(torch.relu(self.down(blended))))  # equation 8
        return Recalibrated(stages.fourth * channel_weights[:, :, None, None], weights)  # equation 9
