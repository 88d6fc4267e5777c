"""The U-Net that outlines the lesion, first stage of the two-stage network (Long, Guan and Holden, section II-B).

Five contracting blocks, four expanding ones, batch norm, dropout 0.1, transposed convolutions (chosen over bilinear upsampling in
section III-B), trained at 128x128 with binary cross-entropy, Adam at 1e-3, about 50 epochs. Where the text is open or
contradicts itself, the authors' published code (github.com/bininglong/Breast-Ultrasound-Image-Classification) helped to decide:

- Channels are not given. The code has 16, 32, 64, 128, 256, a quarter of Ronneberger's: `width` 16.
- The text says that each of the five contracting blocks ends in max-pooling. Four doublings cannot undo five halvings, so the
  fifth and deepest block is not pooled, but has its dropout (as in the code and in Ronneberger's U-Net).
- Batch norm and ReLU follow each of the two convolutions, not the pair (as in the code). These convolutions have no bias, because
  batch norm would remove it.
- In the expanding path, dropout is between the concatenation and the convolutions, as in the text. The code computes it there but
  does not use the result.
- The text has single-channel grey images (section III-A), the code three equal channels: one channel is used.
- The sigmoid of the last layer is part of the loss (BCE with logits), so the network returns logits.
"""

from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor, nn

_DROPOUT = 0.1


class Segmentation(NamedTuple):
    """The output of a forward pass.

    Attributes:
        mask_logits: [B, 1, H, W], above zero where lesion is more likely than not.
        deepest: [B, 16 * width, H / 16, W / 16], the last contracting block's features, after dropout.
    """

    mask_logits: Tensor
    deepest: Tensor


class UNet(nn.Module):
    """The network, for grey images [B, 1, H, W] in 0..1; 128x128 in the paper, but any multiples of 16 work."""

    def __init__(self, width: int = 16) -> None:
        super().__init__()
        channels = [width * 2**depth for depth in range(5)]
        self.contracting = nn.ModuleList(_two_convolutions(before, after) for before, after in pairwise([1, *channels]))
        self.pool = nn.MaxPool2d(2)
        # After each contracting block; as in Keras, dropout sets single values to zero, not whole channels.
        self.contracting_dropout = nn.ModuleList(nn.Dropout(_DROPOUT) for _ in channels)
        shallower = channels[-2::-1]
        self.upward = nn.ModuleList(
            nn.ConvTranspose2d(2 * count, count, 3, stride=2, padding=1, output_padding=1) for count in shallower
        )
        self.expanding_dropout = nn.ModuleList(nn.Dropout(_DROPOUT) for _ in shallower)
        self.expanding = nn.ModuleList(_two_convolutions(2 * count, count) for count in shallower)
        self.head = nn.Conv2d(width, 1, 1)

    def forward(self, image: Tensor) -> Segmentation:
        features, skipped = image, []
        for depth, (block, drop) in enumerate(zip(self.contracting, self.contracting_dropout, strict=True)):
            features = block(features)
            if depth < len(self.upward):
                skipped.append(features)
                features = self.pool(features)
            features = drop(features)
        deepest = features
        for up, drop, block in zip(self.upward, self.expanding_dropout, self.expanding, strict=True):
            features = block(drop(torch.cat([up(features), skipped.pop()], dim=1)))
        return Segmentation(self.head(features), deepest)

    def outline(self, views: Tensor) -> Tensor:
        """Return the lesion's logits, [B, 1, H, W], for grey views [B, 1, 3, H, W] in 0..1."""
        return self(views[:, 0, :1]).mask_logits  # type: ignore[no-any-return]


def _two_convolutions(channels: int, convolved: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(channels, convolved, 3, padding=1, bias=False),
        nn.BatchNorm2d(convolved),
        nn.ReLU(),
        nn.Conv2d(convolved, convolved, 3, padding=1, bias=False),
        nn.BatchNorm2d(convolved),
        nn.ReLU(),
    )
