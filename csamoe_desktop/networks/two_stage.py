"""Outline first, then classify: U-Net and DenseNet-201 (Long, Guan and Holden, sections II-C and III, Table I).

The three channels of the second stage are (image, mask, mask), in this order. The text says of the masks "we replicate each of
these images twice and concatenate them with the original ultrasound images to create a 3-channel input". "Replicated twice"
could mean two copies or three, and the order is not given. One image and two copies make three, and the authors' published code
(github.com/bininglong/Breast-Ultrasound-Image-Classification) has image, mask, mask. The predicted mask has the grey values of
the sigmoid, without a threshold ("single-channel grayscale images"); a true mask is 0 or 1. For the other two inputs of Table I
the paper gives no channels: here the image alone, or the predicted mask alone, fills all three.

The paper does not mention ImageNet normalisation; section III-A has grey values in 0..1, and the code uses them, as here. The
features (ReLU after the last batch norm, as in Keras) are flattened, not averaged: "a 3D array" goes into fully connected layers
(as in the code), 1920 x 4 x 4 for 128x128. One dropout of 0.05 (section III-B) follows the third fully connected layer. Softmax
is part of the loss.

The stages are trained one after the other: first a separate `UNet`, then this network with the weights of the U-Net
(`load_segmenter`). The segmenter is therefore frozen here and stays in evaluation mode. "The convolutional layers are set to be
non-trainable": the features are frozen too, including batch norm, as in Keras. `frozen_features=False` is for a start without
ImageNet weights, as frozen random features would be useless.
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
    """The output of a forward pass; the first five are those of `csamoe.NetworkOutput`, for one expert with a gate share of one.

    Attributes:
        logits: [B, 3], in the order of CLASSES.
        gates: [B, 1], ones.
        stage_attention: [B, 1, 4], zeros.
        features: [B, 1, 1920, 4, 4], DenseNet-201's last map; used for heat maps.
        fused: [B, 64], the third fully connected layer's output, before dropout.
        mask_logits: [B, 1, 128, 128] of the U-Net; None if the inputs have no predicted mask.
        channels: [B, 3, 128, 128], the input of the second stage.
    """

    logits: Tensor
    gates: Tensor
    stage_attention: Tensor
    features: Tensor
    fused: Tensor
    mask_logits: Tensor | None
    channels: Tensor


class TwoStage(nn.Module):
    """Both stages; `inputs` is the input of the second one (Table I). `needs_mask`: the reader's outline must be given."""

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
            raise UserError(
                f"The two-stage network has no inputs called {inputs!r}.", f"Choose one of {', '.join(INPUTS)}."
            )
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
        """Classify `views`, [B, 1, 3, 128, 128] in 0..1 (grey: only the first channel is used).

        `mask` is the readers' masks, [B, 1, 128, 128], 0 or 1, if `needs_mask`.

        Raises:
            ValueError: the mask is needed and missing, or given to a network that does not use it.
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
        """Return the lesion's logits, [B, 1, 128, 128], for views [B, 1, 3, 128, 128], without classification.

        Raises:
            ValueError: the inputs have no predicted mask.
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
        """Set training mode, except for the frozen parts: their dropout and batch norm stay in evaluation mode."""
        super().train(mode)
        if self.segmenter is not None:
            self.segmenter.eval()
        if self.frozen_features:
            self.features.eval()
        return self

    def load_segmenter(self, weights: dict[str, Tensor]) -> None:
        """Load the parameters of a trained `UNet`, the first stage.

        Raises:
            UserError: the inputs have no predicted mask, or the weights do not fit this U-Net.
        """
        if self.segmenter is None:
            raise UserError(
                f"The two-stage network with inputs {self.inputs!r} has no first stage.",
                "Leave out the U-Net's weights, or choose inputs with a predicted mask.",
            )
        try:
            self.segmenter.load_state_dict(weights)
        except RuntimeError as problem:
            raise UserError(
                "The first stage's weights are not those of this U-Net.",
                "Give the weights of a U-Net trained here, of the same width.",
            ) from problem

    def load_imagenet(self, weights: dict[str, Tensor]) -> None:
        """Load the `weights` of a torchvision DenseNet-201 into the features, without its classifier.

        Raises:
            UserError: the weights are not those of a DenseNet-201.
        """
        try:
            self.features.load_state_dict(
                {
                    _current_name(name).removeprefix("features."): value
                    for name, value in weights.items()
                    if not name.startswith("classifier.")
                }
            )
        except RuntimeError as problem:
            raise UserError(
                "The start weights are not those of a DenseNet-201.",
                "Give torchvision's densenet201 as a safetensors file.",
            ) from problem


def _current_name(name: str) -> str:
    # torchvision's file still uses older names: denselayer1.norm.1 instead of today's denselayer1.norm1.
    return re.sub(r"(denselayer\d+\.(?:norm|conv))\.([12])\.", r"\1\2.", name)
