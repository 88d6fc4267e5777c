"""Outline first, then classify: U-Net and DenseNet-201 (Long, Guan and Holden, sections II-C and III, Table I).

The second stage's three channels are (image, mask, mask), in this order. The text says of the masks "we replicate
each of these images twice and concatenate them with the original ultrasound images to create a 3-channel input";
replicated twice could be two copies or three, and the order is not told. One image and two copies make three, and the
authors' published code (github.com/bininglong/Breast-Ultrasound-Image-Classification) has image, mask, mask. The
predicted mask is the sigmoid's grey values, not thresholded ("single-channel grayscale images"); a true mask is 0 or
1. For Table I's other two inputs the paper is silent: the image alone, or the predicted mask alone, fills all three.

Nothing says that the channels are normalised as ImageNet's; section III-A has grey values in 0..1, the code feeds
those, and so does this. The features (ReLU after the last batch norm, as Keras hands them out) are flattened, not
averaged: "a 3D array" goes into fully connected layers (so the code): 1920 x 4 x 4 for 128x128. One dropout, of 0.05
(section III-B), comes after the third fully connected layer. Softmax belongs to the loss.

The stages are trained one after the other: first a `UNet` by itself, then this network with that one's weights
(`load_segmenter`). So the segmenter stays as it is here, and out of training mode. "The convolutional layers are set
to be non-trainable" holds the features likewise, batch norm included, as in Keras; `frozen_features=False` is for a
start without ImageNet's weights, where holding random features would teach nothing.
"""

import re
from typing import Literal, NamedTuple, Self

import torch
from torch import Tensor, nn

from csamoe_desktop.errors import UserError
from csamoe_desktop.networks.torchvision_guard import torchvision_models
from csamoe_desktop.networks.unet import UNet

CLASSES = ("normal", "benign", "malignant")
SIDE = 128

# The four rows of Table I.
Inputs = Literal["image", "predicted_mask", "predicted_mask_and_image", "true_mask_and_image"]
INPUTS: tuple[Inputs, ...] = ("image", "predicted_mask", "predicted_mask_and_image", "true_mask_and_image")

_FEATURES = 1920 * (SIDE // 32) ** 2
_UNITS = 64
_DROPOUT = 0.05


class TwoStageReading(NamedTuple):
    """What a forward pass finds; the first five are what `csamoe.Reading` has, for one expert of gate one.

    Attributes:
        logits: [B, 3], in the order of CLASSES.
        gates: [B, 1], ones.
        stage_attention: [B, 1, 4], zeros.
        features: [B, 1, 1920, 4, 4], DenseNet-201's last map: where a heat map is taken.
        fused: [B, 64], the third fully connected layer's output, before dropout.
        mask_logits: [B, 1, 128, 128] of the U-Net; None where the inputs have no predicted mask.
        channels: [B, 3, 128, 128], what the second stage saw.
    """

    logits: Tensor
    gates: Tensor
    stage_attention: Tensor
    features: Tensor
    fused: Tensor
    mask_logits: Tensor | None
    channels: Tensor


class TwoStage(nn.Module):
    """Both stages; `inputs` is what the second one sees (Table I). `needs_mask`: a reader's outline must be given."""

    expert_names = ("image",)

    def __init__(
        self,
        inputs: Inputs = "predicted_mask_and_image",
        frozen_features: bool = True,
        segmenter_width: int = 16,
        classes: int = len(CLASSES),
    ) -> None:
        super().__init__()
        if inputs not in INPUTS:
            raise UserError(f"The two-stage network has no inputs called {inputs!r}.", f"It knows {', '.join(INPUTS)}.")
        self.inputs = inputs
        self.needs_mask = inputs == "true_mask_and_image"
        predicts = inputs in ("predicted_mask", "predicted_mask_and_image")
        self.segmenter = UNet(segmenter_width).requires_grad_(False) if predicts else None
        self.frozen_features = frozen_features
        densenet: nn.Module = torchvision_models().densenet201(weights=None)
        self.features = densenet.get_submodule("features").requires_grad_(not frozen_features)
        self.dense = nn.Sequential(
            nn.Linear(_FEATURES, _UNITS),
            nn.ReLU(),
            nn.Linear(_UNITS, _UNITS),
            nn.ReLU(),
            nn.Linear(_UNITS, _UNITS),
            nn.ReLU(),
        )
        self.dropout = nn.Dropout(_DROPOUT)
        self.head = nn.Linear(_UNITS, classes)
        self.train()

    def forward(self, views: Tensor, mask: Tensor | None = None) -> TwoStageReading:
        """Read `views`, [B, 1, 3, 128, 128] in 0..1 (grey: the first channel is taken), with the readers' `mask`,
        [B, 1, 128, 128], 0 or 1, if it is needed.

        Raises:
            ValueError: the mask is needed and missing, or given to a network that would not look at it.
        """
        if (mask is not None) != self.needs_mask:
            raise ValueError(f"inputs={self.inputs!r} {'needs a' if self.needs_mask else 'takes no'} mask")
        image = views[:, 0, :1]
        mask_logits = None
        if self.segmenter is not None:
            mask_logits = self.segmenter(image).mask_logits
            mask = torch.sigmoid(mask_logits)
        channels = self._stack(image, mask)
        features = torch.relu(self.features(channels))
        fused = self.dense(features.flatten(1))
        return TwoStageReading(
            logits=self.head(self.dropout(fused)),
            gates=fused.new_ones(len(fused), 1),
            stage_attention=fused.new_zeros(len(fused), 1, 4),
            features=features.unsqueeze(1),
            fused=fused,
            mask_logits=mask_logits,
            channels=channels,
        )

    def outline(self, views: Tensor) -> Tensor:
        """Return the lesion's logits, [B, 1, 128, 128], from views [B, 1, 3, 128, 128]; nothing is classified.

        Raises:
            ValueError: these inputs have no predicted mask.
        """
        if self.segmenter is None:
            raise ValueError(f"inputs={self.inputs!r} have no first stage")
        return self.segmenter.outline(views)

    def _stack(self, image: Tensor, mask: Tensor | None) -> Tensor:
        if mask is None:
            return torch.cat([image, image, image], dim=1)
        first = mask if self.inputs == "predicted_mask" else image
        return torch.cat([first, mask, mask], dim=1)

    def train(self, mode: bool = True) -> Self:
        """Set training mode, but for what is held: dropout and batch norm there stay as when reading."""
        super().train(mode)
        if self.segmenter is not None:
            self.segmenter.eval()
        if self.frozen_features:
            self.features.eval()
        return self

    def load_segmenter(self, weights: dict[str, Tensor]) -> None:
        """Take the parameters of a trained `UNet`, the first stage.

        Raises:
            UserError: these inputs have no predicted mask, or the weights are not this U-Net's.
        """
        if self.segmenter is None:
            raise UserError(
                f"The two-stage network with inputs {self.inputs!r} has no first stage.",
                "Leave the U-Net's weights out, or choose inputs with a predicted mask.",
            )
        try:
            self.segmenter.load_state_dict(weights)
        except RuntimeError as problem:
            raise UserError(
                "The first stage's weights are not those of this U-Net.",
                "Give the weights of a U-Net trained here, of the same width.",
            ) from problem

    def load_imagenet(self, weights: dict[str, Tensor]) -> None:
        """Start the features from a whole torchvision DenseNet-201's `weights` (its classifier is left out).

        Raises:
            UserError: the weights are not a DenseNet-201's.
        """
        try:
            self.features.load_state_dict(
                {
                    _present_name(name).removeprefix("features."): value
                    for name, value in weights.items()
                    if not name.startswith("classifier.")
                }
            )
        except RuntimeError as problem:
            raise UserError(
                "The starting weights are not those of a DenseNet-201.",
                "Give torchvision's densenet201 as a safetensors file.",
            ) from problem


def _present_name(name: str) -> str:
    # The file torchvision downloads still has an older naming: denselayer1.norm.1 for today's denselayer1.norm1.
    return re.sub(r"(denselayer\d+\.(?:norm|conv))\.([12])\.", r"\1\2.", name)
