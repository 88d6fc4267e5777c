"""LA-Net: a classification network and an auxiliary lesion-aware one (Fan et al., Medical Image Analysis 90, 2023).

The text at hand is the abstract. From it: a lesion-aware network with several attention modules that find the lesion
on the classification network's multi-scale features; an attention-based classifier that ties the two tasks together
by using the location; parts that can be exchanged; masks for some of the images only, hence two stages of training.
The group's earlier paper (SPIE 12464, 2023) adds that the lesion-aware network stands on top of a given classification
network and that both are trained in turn.

Ours, where the abstract is silent: ResNet-18; channel then spatial attention (Woo et al., CBAM, ECCV 2018, without its
batch norm) on each of its four stages; a narrow top-down path, so that nearly all capacity stays with the classifier
(the text says asymmetric); attention pooling of stages three and four whose scores are raised where the lesion is.
The classifier takes the lesion without its gradient: outlines alone teach where the lesion is, whatever would help
to name it, which keeps the two tasks from pulling at the same weights.

For the two stages of training: `lesion_aware_parameters` and `classification_parameters` divide the network, nothing is
in both. The mask is read off the backbone's features, so a second stage that moves the backbone must either
go on with the mask loss (on masks and pseudo-masks) or show the outline of the frozen teacher.
"""

from collections.abc import Iterator
from itertools import chain
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import adaptive_avg_pool2d, interpolate

from csamoe_desktop.networks.blocks import ResNet18Stages, Stages, pooled

_REDUCTION = 16
# How much an untrained classifier prefers a place on the lesion to one beside it: e^4, about the 49 places of stage four.
_FIRST_TRUST = 4.0


class Refined(NamedTuple):
    """What channel and spatial attention hand on.

    Attributes:
        features: [B, C, H, W], both weights applied.
        channels: [B, C], each channel's weight, 0..1.
        places: [B, H, W], each place's weight, 0..1.
    """

    features: Tensor
    channels: Tensor
    places: Tensor


class ChannelSpatialAttention(nn.Module):
    """Channel attention, then spatial attention on what it lets through, each from mean and maximum."""

    def __init__(self, channels: int, kernel: int = 7) -> None:
        super().__init__()
        hidden = channels // _REDUCTION
        self.bottleneck = nn.Sequential(nn.Linear(channels, hidden), nn.ReLU(), nn.Linear(hidden, channels))
        self.window = nn.Conv2d(2, 1, kernel, padding=kernel // 2)

    def forward(self, features: Tensor) -> Refined:
        """Refine `features`, [B, C, H, W]."""
        channels = torch.sigmoid(self.bottleneck(pooled(features)) + self.bottleneck(features.amax(dim=(2, 3))))
        weighed = features * channels[:, :, None, None]
        seen = torch.cat([weighed.mean(dim=1, keepdim=True), weighed.amax(dim=1, keepdim=True)], dim=1)
        places = torch.sigmoid(self.window(seen))
        return Refined(weighed * places, channels, places.squeeze(1))


class LesionAwareNet(nn.Module):
    """The auxiliary network: attention refines every stage, a top-down path joins them into one lesion map."""

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
        found: Tensor = self.lesion(joined)
        return found


class LocationAttention(nn.Module):
    """Attention pooling of one stage: a learned score of each place, raised by `trust` where the lesion is."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        # No bias: it would raise all places alike, which a softmax takes out again.
        self.score = nn.Conv2d(channels, 1, 1, bias=False)
        self.trust = nn.Parameter(torch.tensor(_FIRST_TRUST))

    def forward(self, stage: Tensor, lesion: Tensor) -> tuple[Tensor, Tensor]:
        """`stage` [B, C, h, w] and `lesion` [B, 1, H, W], 0..1 -> vector [B, C] and places [B, h, w], summing to one."""
        scores = self.score(stage) + self.trust * adaptive_avg_pool2d(lesion, (stage.shape[2], stage.shape[3]))
        places = torch.softmax(scores.flatten(1), dim=1).view_as(scores)
        return (stage * places).sum(dim=(2, 3)), places.squeeze(1)


class LesionReading(NamedTuple):
    """Everything a forward pass finds; the first five are what `csamoe.Reading` has, for one expert of gate one.

    Attributes:
        logits: [B, 2], benign and malignant.
        gates: [B, 1], ones.
        stage_attention: [B, 1, 4], zeros.
        features: [B, 1, 512, H/32, W/32], the backbone's last stage.
        fused: [B, 1280], what is classified: stages three and four on the lesion, stage four everywhere.
        mask_logits: [B, 1, H, W], the lesion at the input's resolution; above zero is lesion.
        places: [B, H/32, W/32], where in the last stage the classifier looks, summing to one.
    """

    logits: Tensor
    gates: Tensor
    stage_attention: Tensor
    features: Tensor
    fused: Tensor
    mask_logits: Tensor
    places: Tensor


class LANet(nn.Module):
    """The network; it needs the image alone and proposes the mask itself."""

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
        """Read `views`, [B, 1, 3, H, W]."""
        image = views[:, 0]
        stages = self.backbone(image)
        mask_logits = self.locate(stages, image.shape[2:])
        return self.classify(stages, mask_logits)

    def locate(self, stages: Stages, size: torch.Size) -> Tensor:
        """Return the lesion's logits at `size`, [B, 1, H, W]."""
        return _resized(self.lesion_aware(stages), size)

    def outline(self, views: Tensor) -> Tensor:
        """Return the lesion's logits, [B, 1, H, W], from views [B, 1, 3, H, W]; nothing is classified."""
        image = views[:, 0]
        return self.locate(self.backbone(image), image.shape[2:])

    def classify(self, stages: Stages, mask_logits: Tensor) -> LesionReading:
        """Classify with the location in `mask_logits`, [B, 1, H, W], which gets no gradient from it."""
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
        """Return what the localisation stage trains: the auxiliary network."""
        return self.lesion_aware.parameters()

    def classification_parameters(self) -> Iterator[nn.Parameter]:
        """Return what the classification stage trains: the backbone and the attention-based classifier."""
        return chain.from_iterable(part.parameters() for part in (self.backbone, self.third, self.fourth, self.head))

    def load_imagenet(self, weights: dict[str, Tensor]) -> None:
        """Start the backbone from a torchvision ResNet-18's ImageNet `weights`."""
        self.backbone.load_imagenet(weights)


def _convolution(channels: int, width: int, kernel: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(channels, width, kernel, padding=kernel // 2, bias=False), nn.BatchNorm2d(width), nn.ReLU()
    )


def _resized(features: Tensor, size: torch.Size) -> Tensor:
    return interpolate(features, size=size, mode="bilinear", align_corners=False)
