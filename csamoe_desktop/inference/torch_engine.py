"""A bundle run by PyTorch: weights checked and loaded, lesions read in float32."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import torch
from safetensors import SafetensorError
from torch import nn

from csamoe_desktop.errors import UserError
from csamoe_desktop.inference.bundle import Bundle, check_weights
from csamoe_desktop.inference.cases import KnownCases, Nearest, read_cases
from csamoe_desktop.inference.engine import Device, choose_device
from csamoe_desktop.inference.explain import Explanation, explained, reread_logits
from csamoe_desktop.inference.predictor import Prediction, calibrated
from csamoe_desktop.inference.tensors import views_tensor
from csamoe_desktop.inference.weights import read_weights
from csamoe_desktop.lesion.regions import Regions
from csamoe_desktop.networks.blocks import parameter_count
from csamoe_desktop.networks.build import build
from csamoe_desktop.networks.cards import ModelCard

_BATCH = 16


class TorchPredictor:
    """A network in evaluation mode on a device."""

    def __init__(self, card: ModelCard, network: nn.Module, device: Device, cases: KnownCases | None = None) -> None:
        self.card = card
        self._cases = cases
        self.device = device
        # float32 is said, so float32 it is: an Ampere or later GPU would take 10 bits of mantissa for convolutions.
        torch.backends.cudnn.allow_tf32 = False
        with memory_refused(device):
            self._network = network.eval().to(device.kind)
            self._network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def predict(self, regions: Sequence[Regions]) -> list[Prediction]:
        """Read lesions; see `inference.predictor.Predictor`."""
        found: list[Prediction] = []
        for start in range(0, len(regions), _BATCH):
            found += self._predict_batch(regions[start : start + _BATCH])
        return found

    def explain(self, regions: Regions) -> Explanation:
        """Say why; see `inference.predictor.Explainer`."""
        with memory_refused(self.device):
            return explained(self._network, self._views(regions)[None].to(self.device.kind), self.card)

    def nearest(self, prediction: Prediction) -> Nearest | None:
        """Say what was nearest; see `inference.predictor.Explainer`."""
        return None if self._cases is None or prediction.fused is None else self._cases.nearest(prediction.fused)

    def reread(self, regions: Regions, others: Sequence[Regions]) -> list[float]:
        """Read other contours of a lesion; see `inference.predictor.Explainer`."""
        if not others:
            return []
        with memory_refused(self.device):
            first = self._views(regions)[None].to(self.device.kind)
            logits = reread_logits(self._network, first, [self._views(one) for one in others])
        if logits is None:
            return [one.probability for one in self.predict(others)]
        return [calibrated(one, self.card) for one in logits]

    def _views(self, regions: Regions) -> torch.Tensor:
        return views_tensor(regions, self.card.views, self.card.normalisation)

    def _masks(self, regions: Sequence[Regions]) -> list[torch.Tensor]:
        """Return the readers' outlines, [B, 1, size, size], for a network that takes them beside the views."""
        if not getattr(self._network, "needs_mask", False):
            return []
        lesions = np.stack([one.lesion for one in regions])
        return [torch.from_numpy(lesions).float().unsqueeze(1).to(self.device.kind)]

    def _predict_batch(self, regions: Sequence[Regions]) -> list[Prediction]:
        card = self.card
        views = torch.stack([self._views(one) for one in regions])
        with memory_refused(self.device), torch.inference_mode():
            reading = self._network(views.to(self.device.kind), *self._masks(regions))
        return [
            Prediction(
                logits=tuple(logits),
                probability=calibrated(logits, card),
                gates=dict(zip(card.views, gates, strict=True)),
                stage_attention={name: tuple(shares) for name, shares in zip(card.views, stages, strict=True)},
                fused=fused,
            )
            for logits, gates, stages, fused in zip(
                reading.logits.tolist(),
                reading.gates.tolist(),
                reading.stage_attention.tolist(),
                reading.fused.float().cpu().numpy(),
                strict=True,
            )
        ]


@contextmanager
def memory_refused(device: Device) -> Iterator[None]:
    """Turn torch's out-of-memory, which is a RuntimeError, into a refusal."""
    try:
        yield
    except torch.OutOfMemoryError as problem:
        raise UserError(
            f"The {device.words} ran out of memory.",
            "Close other programs that use it, or choose the device cpu.",
        ) from problem


def load_predictor(bundle: Bundle, asked_device: str = "auto") -> TorchPredictor:
    """Return the model of `bundle`, ready to read on the device asked for.

    Raises:
        UserError: the weights are missing, damaged or do not fit the card, or there is no such device.
    """
    card = bundle.card
    if card.task != "reading":
        raise UserError(
            f"{card.name} outlines lesions and reads none.", "Choose another model to read; this one proposes outlines."
        )
    network, device = load_network(bundle, asked_device)
    return TorchPredictor(card, network, device, read_cases(bundle))


def load_network(bundle: Bundle, asked_device: str = "auto") -> tuple[nn.Module, Device]:
    """Return the network of `bundle` with its weights, on the CPU, and the device asked for.

    Raises:
        UserError: as `load_predictor`.
    """
    card = bundle.card
    device = choose_device(asked_device)
    check_weights(bundle)
    network = build(card.builder)
    try:
        network.load_state_dict(read_weights(bundle.weights))
    except (SafetensorError, RuntimeError) as problem:
        raise UserError(
            f"The weights of {card.name} do not fit the network on its card.", "Copy the whole model folder again."
        ) from problem
    if parameter_count(network) != card.parameters:
        raise UserError(
            f"The card of {card.name} says {card.parameters:,} parameters, the network has {parameter_count(network):,}.",
            "Copy the whole model folder again, or update the program.",
        )
    return network, device
