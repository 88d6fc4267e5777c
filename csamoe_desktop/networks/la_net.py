"""LA-Net: a classification network and an auxiliary lesion-aware one (Fan et al., Medical Image Analysis 90, 2023).

Only the abstract was available to us. From it: a lesion-aware network with several attention modules that locate the lesion in
the classification network's multi-scale features; an attention-based classifier that connects the two tasks by using the
location; exchangeable parts; masks for some of the images only, hence two stages of training. The group's earlier paper
(SPIE 12464, 2023) adds that the lesion-aware network is built on top of a given classification network and that both are trained
in turn.

Our own choices for what the abstract leaves open: ResNet-18; channel then spatial attention (Woo et al., CBAM, ECCV 2018,
without its batch norm) on each of its four stages; a narrow top-down path, so that nearly all capacity belongs to the
classifier (the text says asymmetric); attention pooling of stages three and four with scores that are higher on the lesion. The
classifier uses the lesion map without gradient: only outlines train the localisation, so that the two tasks do not compete for
the same weights.

For the two stages of training, `lesion_aware_parameters` and `classification_parameters` divide the network without overlap. The
mask is computed from the backbone's features, so a second stage that changes the backbone must either continue with the mask
loss (on masks and pseudo-masks) or show the outline of the frozen teacher.
"""

from collections.abc import Iterator
from itertools import chain
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import adaptive_avg_pool2d, interpolate

from csamoe_desktop.networks.blocks import ResNet18Stages, Stages, pooled

_REDUCTION = 16
# An untrained classifier prefers a position on the lesion by a factor of e^4, about the 49 positions of stage four.
_FIRST_TRUST = 4.0


class Refined(NamedTuple):
    """The output of channel and spatial attention.

    Attributes:
        features: [B, C, H, W], both weights applied.
        channels: [B, C], the weight of each channel, 0..1.
        places: [B, H, W], the weight of each position, 0..1.
    """

    features: Tensor
    channels: Tensor
    places: Tensor


class ChannelSpatialAttention(nn.Module):
    """Channel attention, then spatial attention on its output, each from mean and maximum."""

    def __init__(self, channels: int, kernel: int = 7) -> None:
        super().__init__()
        hidden = channels // _REDUCTION
        self.bottleneck = nn.Sequential(nn.Linear(channels, hidden), nn.ReLU(), nn.Linear(hidden, channels))
        self.window = nn.Conv2d(2, 1, kernel, padding=kernel // 2)

    def forward(self, features: Tensor) -> Refined:
        """Refine `features`, [B, C, H, W]."""
        channels = torch.sigmoid(self.bottleneck(pooled(features)) + self.bottleneck(features.amax(dim=(2, 3))))
        weighted = features * channels[:, :, None, None]
        summary = torch.cat([weighted.mean(dim=1, keepdim=True), weighted.amax(dim=1, keepdim=True)], dim=1)
        places = torch.sigmoid(self.window(summary))
        return Refined(weighted * places, channels, places.squeeze(1))


class LesionAwareNet(nn.Module):
    """The auxiliary network: attention refines every stage, and a top-down path joins them into one lesion map."""

    def __init__(self, channels: tuple[int, ...], width: int) -> None:
        super().__init__()
        self.attention = nn.ModuleList(ChannelSpatialAttention(count) for count in channels)
        self.narrow = nn.ModuleList(_convolution(count, width, 1) for count in channels)
        self.join = nn.ModuleList(_convolution(width, width, 3) for _ in channels[1:])
        self.lesion = nn.Conv2d(width, 1, 1)

    def forward(self, stages: Stages) -> Tensor:
        """Return the lesion's logits at the first stage's resolution, [B, 1, H/4, W/4]."""
        refined = [
            narrow(attention(stage).features)
            for narrow, attention, stage in zip(self.narrow, self.attention, stages, strict=True)
        ]
        joined = refined.pop()
        for join in self.join:
            shallower = refined.pop()
            joined = join(shallower + _resized(joined, shallower.shape[2:]))
        logits: Tensor = self.lesion(joined)
        return logits


class LocationAttention(nn.Module):
    """Attention pooling of one stage: a learned score of each position, raised by `trust` on the lesion."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        # No bias: it would raise all positions equally, which the softmax cancels.
        self.score = nn.Conv2d(channels, 1, 1, bias=False)
        self.trust = nn.Parameter(torch.tensor(_FIRST_TRUST))

    def forward(self, stage: Tensor, lesion: Tensor) -> tuple[Tensor, Tensor]:
        """`stage` [B, C, h, w] and `lesion` [B, 1, H, W], 0..1 -> vector [B, C] and weights [B, h, w], summing to one."""
        scores = self.score(stage) + self.trust * adaptive_avg_pool2d(lesion, (stage.shape[2], stage.shape[3]))
        places = torch.softmax(scores.flatten(1), dim=1).view_as(scores)
        return (stage * places).sum(dim=(2, 3)), places.squeeze(1)


class LesionReading(NamedTuple):
    """The output of a forward pass; the first five are those of `csamoe.NetworkOutput`, for one expert with a gate share of one.

    Attributes:
        logits: [B, 2], benign and malignant.
        gates: [B, 1], ones.
        stage_attention: [B, 1, 4], zeros.
        features: [B, 1, 512, H/32, W/32], the backbone's last stage.
        fused: [B, 1280], the classified feature: stages three and four on the lesion, stage four everywhere.
        mask_logits: [B, 1, H, W], the lesion at the input's resolution; above zero is lesion.
        places: [B, H/32, W/32], the classifier's attention over positions of the last stage, summing to one.
    """

    logits: Tensor
    gates: Tensor
    stage_attention: Tensor
    features: Tensor
    fused: Tensor
    mask_logits: Tensor
    places: Tensor


class LANet(nn.Module):
    """The network; it needs only the image and predicts the mask itself."""

    expert_names = ("image",)

    def __init__(self, classes: int = 2, width: int = 64) -> None:
        super().__init__()
        self.backbone = ResNet18Stages()
        channels = self.backbone.channels
        self.lesion_aware = LesionAwareNet(channels, width)
        self.third = LocationAttention(channels[2])
        self.fourth = LocationAttention(channels[3])
        self.head = nn.Linear(channels[2] + 2 * channels[3], classes)

    def forward(self, views: Tensor) -> LesionReading:
        """Classify `views`, [B, 1, 3, H, W]."""
        image = views[:, 0]
        stages = self.backbone(image)
        mask_logits = self.locate(stages, image.shape[2:])
        return self.classify(stages, mask_logits)

    def locate(self, stages: Stages, size: torch.Size) -> Tensor:
        """Return the lesion's logits at `size`, [B, 1, H, W]."""
        return _resized(self.lesion_aware(stages), size)

    def outline(self, views: Tensor) -> Tensor:
        """Return the lesion's logits, [B, 1, H, W], for views [B, 1, 3, H, W], without classification."""
        image = views[:, 0]
        return self.locate(self.backbone(image), image.shape[2:])

    def classify(self, stages: Stages, mask_logits: Tensor) -> LesionReading:
        """Classify with the location in `mask_logits`, [B, 1, H, W]; no gradient flows back into the location."""
        lesion = torch.sigmoid(mask_logits.detach())
        third, _ = self.third(stages.third, lesion)
        fourth, places = self.fourth(stages.fourth, lesion)
        fused = torch.cat([third, fourth, pooled(stages.fourth)], dim=1)
        return LesionReading(
            logits=self.head(fused),
            gates=fused.new_ones(len(fused), 1),
            stage_attention=fused.new_zeros(len(fused), 1, 4),
            features=stages.fourth.unsqueeze(1),
            fused=fused,
            mask_logits=mask_logits,
            places=places,
        )

    def lesion_aware_parameters(self) -> Iterator[nn.Parameter]:
        """Return the parameters that the localisation stage trains: those of the auxiliary network."""
        return self.lesion_aware.parameters()

    def classification_parameters(self) -> Iterator[nn.Parameter]:
        """Return the parameters that the classification stage trains: backbone and attention-based classifier."""
        return chain.from_iterable(part.parameters() for part in (self.backbone, self.third, self.fourth, self.head))

    def load_imagenet(self, weights: dict[str, Tensor]) -> None:
        """Load the ImageNet `weights` of a torchvision ResNet-18 into the backbone."""
        self.backbone.load_imagenet(weights)


def _convolution(channels: int, width: int, kernel: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(channels, width, kernel, padding=kernel // 2, bias=False), nn.BatchNorm2d(width), nn.ReLU()
    )


def _resized(features: Tensor, size: torch.Size) -> Tensor:
    return interpolate(features, size=size, mode="bilinear", align_corners=False)
