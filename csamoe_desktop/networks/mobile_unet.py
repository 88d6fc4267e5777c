"""A U-Net on an ImageNet encoder, which proposes outlines (Ronneberger et al., MICCAI 2015; MobileNetV2, CVPR 2018).

The paper's U-Net (`unet.py`) starts from random weights and sees 128 x 128 pixels. A pretrained encoder gives better outlines
after an hour on two cores than that network after a day. MobileNetV2 is the smallest well-maintained encoder, and its weights are
free for any use (Apache-2.0). Its last convolution, 320 -> 1280, is left out because the decoder narrows immediately.
"""

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate

from csamoe_desktop.errors import UserError
from csamoe_desktop.networks.torchvision_guard import torchvision_models
from csamoe_desktop.networks.unet import Segmentation

# The parts of MobileNetV2's features, divided where the map is halved: first layer, end, and channels at the end.
_PARTS = ((0, 2, 16), (2, 4, 24), (4, 7, 32), (7, 14, 96), (14, 18, 320))


class MobileUNet(nn.Module):
    """The network, for normalised images [B, 3, H, W] with H and W multiples of 32."""

    def __init__(self, widths: tuple[int, int, int, int] = (128, 64, 48, 32)) -> None:
        super().__init__()
        features = torchvision_models().mobilenet_v2(weights=None).features
        self.contracting = nn.ModuleList(features[begin:end] for begin, end, _ in _PARTS)
        skipped = [channels for _, _, channels in _PARTS[-2::-1]]
        below = [_PARTS[-1][2], *widths[:-1]]
        self.expanding = nn.ModuleList(
            _two_convolutions(deep + beside, width) for deep, beside, width in zip(below, skipped, widths, strict=True)
        )
        self.head = nn.Conv2d(widths[-1], 1, 1)

    def forward(self, image: Tensor) -> Segmentation:
        features, skipped = image, []
        for part in self.contracting:
            features = part(features)
            skipped.append(features)
        deepest = skipped.pop()
        features = deepest
        for block in self.expanding:
            beside = skipped.pop()
            features = block(torch.cat([_resized(features, beside.shape[2:]), beside], dim=1))
        return Segmentation(_resized(self.head(features), image.shape[2:]), deepest)

    def outline(self, views: Tensor) -> Tensor:
        """Return the lesion's logits, [B, 1, H, W], for views [B, 1, 3, H, W]."""
        return self(views[:, 0]).mask_logits  # type: ignore[no-any-return]

    def load_imagenet(self, weights: dict[str, Tensor]) -> None:
        """Load the `weights` of a torchvision MobileNetV2 into the contracting path, without its last parts.

        Raises:
            UserError: the weights are not those of a MobileNetV2.
        """
        renamed = {}
        for name, value in weights.items():
            if not name.startswith("features."):
                continue
            place, rest = name.removeprefix("features.").split(".", 1)
            for number, (begin, end, _) in enumerate(_PARTS):
                if begin <= int(place) < end:
                    renamed[f"{number}.{place}.{rest}"] = value.float() if value.is_floating_point() else value
        try:
            self.contracting.load_state_dict(renamed)
        except RuntimeError as problem:
            raise UserError(
                "The start weights are not those of a MobileNetV2.",
                "Give torchvision's mobilenet_v2 as a safetensors file.",
            ) from problem


def _two_convolutions(channels: int, convolved: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(channels, convolved, 3, padding=1, bias=False),
        nn.BatchNorm2d(convolved),
        nn.ReLU(),
        nn.Conv2d(convolved, convolved, 3, padding=1, bias=False),
        nn.BatchNorm2d(convolved),
        nn.ReLU(),
    )


def _resized(features: Tensor, size: torch.Size) -> Tensor:
    return interpolate(features, size=size, mode="bilinear", align_corners=False)
