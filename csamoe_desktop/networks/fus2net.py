"""Fus2Net, a small Inception-like network on the whole image (Ma et al., BioMedical Engineering OnLine 20:112, 2021).

The layers and their names follow Table 4 (except that modules 1 and 3 are one class), so that weights, table and code can be
compared line by line. Where the table contradicts itself or leaves something open:

- Rows 3 and 4 give inputs of 3 channels (149x149x3, 147x147x3), but the rows before them have 32 output channels: 32 is used.
- Row 4 keeps 147x147, and rows 11, 12, 20, 22 and 23 keep their size with kernels of 3 and 7: these are padded by half the
  kernel. All other kernels above 1 lose a border (299 -> 149 -> 147, 73 -> 71 -> 35) and are not padded.
- "Block 1 module 2" is the heading of rows 8-14 and again of 15-17. By the text ("Module 3 is similar to Module 1 and replaces
  the maximum pooling layer with the average pooling layer") the second one is module 3.
- Row 27 pools 35x35 to 4x4 with stride 1 and gives no window. Only 32x32 fits all printed figures (35 - 32 + 1 = 4) and is used.
  8x8 windows with stride 8 would also give 4x4, but contradict the printed stride.
- The table ends in "Dropout, Softmax"; the text says two fully connected layers, the last with two neurons, and dropout 0.5
  after the first. The width of the first is not given: 128 here (`width`), with ReLU. Softmax is part of the loss (two neurons,
  cross-entropy), so the network returns logits.
- The scale of the residual is not given. Block 2 has the three branches of Inception-ResNet-v2's 35x35 block with the same
  channels (32 | 32, 32 | 32, 48, 64, then 1x1 to the channels of the input). The authors worked in Keras, whose
  Inception-ResNet-v2 scales that block by 0.17, so that value is used (`scale`). As there, row 25 has no ReLU, and the
  "adjusted input features" of the addition are the unchanged input of the block, since both have 384 channels.
- The convolutions of rows 2-23 have batch norm and ReLU ("we perform batch normalization (BN) on the convolutional layer using
  the ReLU"); the sum of row 26 has its own. None has a bias, because batch norm would remove it.

Preprocessing, outside the network: images are resized bilinearly to 299x299 with three channels (one channel was worse in
Table 1), and each is standardised by its own mean and deviation, x* = (x - mu) / sigma (equation 1).
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn

L2_FACTOR = 0.05
_DROPOUT = 0.5


class Fus2NetReading(NamedTuple):
    """The output of a forward pass, as in `csamoe.NetworkOutput`, for one expert with a gate share of one.

    Attributes:
        logits: [B, 2], benign and malignant.
        gates: [B, 1], ones.
        stage_attention: [B, 1, 4], zeros.
        features: [B, 1, 384, 35, 35], the map after Block 2 that is pooled; used for heat maps.
        fused: [B, width], the first fully connected layer's output, before dropout.
    """

    logits: Tensor
    gates: Tensor
    stage_attention: Tensor
    features: Tensor
    fused: Tensor


class PoolBesideConvolution(nn.Module):
    """Modules 1 and 3 of Block 1 (rows 5-7, 15-17): the map halved by `pool` and by a convolution, concatenated."""

    def __init__(self, pool: nn.Module, channels: int, convolved: int) -> None:
        super().__init__()
        self.pool = pool
        self.convolution = _convolution(channels, convolved, 3, stride=2)

    def forward(self, features: Tensor) -> Tensor:
        return torch.cat([self.pool(features), self.convolution(features)], dim=1)


class SmallBesideLarge(nn.Module):
    """Module 2 of Block 1 (rows 8-14): two branches on the same map, with 3x3 and 9x9 neighbourhoods, concatenated."""

    def __init__(self) -> None:
        super().__init__()
        self.conv2d_5 = _convolution(160, 64, 1)
        self.conv2d_6 = _convolution(64, 96, 3)
        self.conv2d_7 = _convolution(160, 64, 1)
        self.conv2d_8 = _convolution(64, 64, (7, 1), padded=True)
        self.conv2d_9 = _convolution(64, 64, (1, 7), padded=True)
        self.conv2d_10 = _convolution(64, 96, 3)

    def forward(self, features: Tensor) -> Tensor:
        small = self.conv2d_6(self.conv2d_5(features))
        large = self.conv2d_10(self.conv2d_9(self.conv2d_8(self.conv2d_7(features))))
        return torch.cat([small, large], dim=1)


class ScaleResidual(nn.Module):
    """Block 2 (rows 18-26): three branches, concatenated, scaled and added to their input; then batch norm and ReLU."""

    def __init__(self, scale: float) -> None:
        super().__init__()
        self.scale = scale
        self.conv2d_12 = _convolution(384, 32, 1)
        self.conv2d_13 = _convolution(384, 32, 1)
        self.conv2d_14 = _convolution(32, 32, 3, padded=True)
        self.conv2d_15 = _convolution(384, 32, 1)
        self.conv2d_16 = _convolution(32, 48, 3, padded=True)
        self.conv2d_17 = _convolution(48, 64, 3, padded=True)
        self.conv2d_18 = nn.Conv2d(128, 384, 1, bias=False)
        self.after = nn.Sequential(nn.BatchNorm2d(384), nn.ReLU())

    def forward(self, features: Tensor) -> Tensor:
        first = self.conv2d_12(features)
        second = self.conv2d_14(self.conv2d_13(features))
        third = self.conv2d_17(self.conv2d_16(self.conv2d_15(features)))
        residual = self.conv2d_18(torch.cat([first, second, third], dim=1))
        added: Tensor = self.after(features + self.scale * residual)
        return added


class Fus2Net(nn.Module):
    """The network of Fig. 7 and Table 4, for standardised images [B, 1, 3, 299, 299]."""

    expert_names = ("image",)

    def __init__(self, width: int = 128, scale: float = 0.17, classes: int = 2) -> None:
        super().__init__()
        self.conv2d_1 = _convolution(3, 32, 3, stride=2)
        self.conv2d_2 = _convolution(32, 32, 3)
        self.conv2d_3 = _convolution(32, 64, 3, padded=True)
        self.block1 = nn.Sequential(
            PoolBesideConvolution(nn.MaxPool2d(3, stride=2), 64, 96),
            SmallBesideLarge(),
            PoolBesideConvolution(nn.AvgPool2d(3, stride=2), 192, 192),
        )
        self.block2 = ScaleResidual(scale)
        self.pool = nn.AvgPool2d(32, stride=1)
        self.dense = nn.Linear(384 * 4 * 4, width)
        self.dropout = nn.Dropout(_DROPOUT)
        self.head = nn.Linear(width, classes)

    def forward(self, views: Tensor) -> Fus2NetReading:
        """Classify `views`, [B, 1, 3, 299, 299]."""
        stem = self.conv2d_3(self.conv2d_2(self.conv2d_1(views[:, 0])))
        features = self.block2(self.block1(stem))
        fused = torch.relu(self.dense(self.pool(features).flatten(1)))
        return Fus2NetReading(
            logits=self.head(self.dropout(fused)),
            gates=fused.new_ones(len(fused), 1),
            stage_attention=fused.new_zeros(len(fused), 1, 4),
            features=features.unsqueeze(1),
            fused=fused,
        )

    def l2_parameters(self) -> list[Tensor]:
        """Return the weights that the paper regularises, those of the first fully connected layer.

        "After the first fully connected layer, dropout [...] and L2 regularization with a regularization factor of 0.05 are
        used".
        """
        return [self.dense.weight]

    def l2_penalty(self) -> Tensor:
        """Return the penalty that training adds to the loss: 0.05 times the sum of squares, the L2 of Keras.

        The weight decay of an optimiser differs: its gradient is half of this for the same factor.
        """
        return L2_FACTOR * torch.stack([weight.square().sum() for weight in self.l2_parameters()]).sum()


def _convolution(
    channels: int, convolved: int, kernel: int | tuple[int, int], stride: int = 1, padded: bool = False
) -> nn.Sequential:
    height, width = (kernel, kernel) if isinstance(kernel, int) else kernel
    padding = (height // 2, width // 2) if padded else (0, 0)
    return nn.Sequential(
        nn.Conv2d(channels, convolved, (height, width), stride, padding, bias=False),
        nn.BatchNorm2d(convolved),
        nn.ReLU(),
    )
