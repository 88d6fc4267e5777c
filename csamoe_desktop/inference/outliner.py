"""A network that proposes outlines: gives the logit of each pixel being lesion, for a frame or parts of it."""

from collections.abc import Sequence

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from csamoe_desktop.inference.bundle import Bundle
from csamoe_desktop.inference.engine import Device
from csamoe_desktop.inference.predictor import no_number
from csamoe_desktop.inference.tensors import views_tensor
from csamoe_desktop.inference.torch_engine import load_network, running
from csamoe_desktop.lesion.regions import Part, fit_image, whole_image
from csamoe_desktop.networks.cards import ModelCard

Gray = NDArray[np.uint8]


class Outliner:
    """An outlining network in evaluation mode on a device."""

    def __init__(self, card: ModelCard, network: nn.Module, device: Device) -> None:
        self.card = card
        self.device = device
        with running(card, device):
            self._network = network.eval().to(device.kind)
            self._network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def logits(self, pixels: Gray, parts: Sequence[Part] | None = None) -> list[NDArray[np.float32]]:
        """Return the lesion logits for each part of a frame (None: the whole frame), float32, at the size of the part.

        Raises:
            UserError: the device ran out of memory, or the network gave numbers that are not finite.
        """
        card = self.card
        whole = Part(0, 0, *pixels.shape[:2])
        parts = list(parts) if parts is not None else [whole]
        views = torch.stack(
            [
                views_tensor(
                    whole_image(fit_image(pixels, part, card.input_size), card.input_size),
                    card.views,
                    card.normalisation,
                )
                for part in parts
            ]
        )
        with running(card, self.device), torch.inference_mode():
            batch = self._network.outline(views.to(self.device.kind)).float().cpu().numpy()  # type: ignore[operator]
        if not np.isfinite(batch).all():
            raise no_number(card)
        return [
            np.asarray(
                cv2.resize(logits[0], (part.right - part.left, part.bottom - part.top), interpolation=cv2.INTER_LINEAR),
                np.float32,
            )
            for logits, part in zip(batch, parts, strict=True)
        ]


def load_outliner(bundle: Bundle, asked_device: str = "auto") -> Outliner:
    """Return the outlining network of `bundle`, ready on the device.

    Raises:
        UserError: the weights are missing, damaged or do not fit the card, or the device does not exist.
    """
    network, device = load_network(bundle, asked_device)
    return Outliner(bundle.card, network, device)
