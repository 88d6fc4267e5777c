"""Run a model bundle with PyTorch: check and load the weights, assess lesions in float32."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import torch
from safetensors import SafetensorError
from torch import nn

from csamoe_desktop.errors import UserError
from csamoe_desktop.inference.bundle import Bundle, check_weights
from csamoe_desktop.inference.cases import KnownCases, Nearest, foreign_cases, read_cases
from csamoe_desktop.inference.engine import Device, choose_device
from csamoe_desktop.inference.explain import explained, reread_logits
from csamoe_desktop.inference.explanation import Explanation
from csamoe_desktop.inference.predictor import Prediction, calibrated, checked
from csamoe_desktop.inference.tensors import views_tensor
from csamoe_desktop.inference.weights import read_weights
from csamoe_desktop.lesion.regions import Regions
from csamoe_desktop.networks.blocks import parameter_count
from csamoe_desktop.networks.build import build
from csamoe_desktop.networks.cards import ModelCard

_log = logging.getLogger(__name__)

_BATCH = 16


class TorchPredictor:
    """A network in evaluation mode on a device."""

    def __init__(self, card: ModelCard, network: nn.Module, device: Device, cases: KnownCases | None = None) -> None:
        self.card = card
        self._cases = cases
        self.device = device
        # The device name promises float32; by default, Ampere and later GPUs use TF32 (10-bit mantissa) for convolutions.
        torch.backends.cudnn.allow_tf32 = False
        with running(card, device):
            self._network = network.eval().to(device.kind)
            self._network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def predict(self, regions: Sequence[Regions]) -> list[Prediction]:
        """Return a prediction for each lesion; see `inference.predictor.Predictor`."""
        predictions: list[Prediction] = []
        for start in range(0, len(regions), _BATCH):
            predictions += self._predict_batch(regions[start : start + _BATCH])
        return predictions

    def explain(self, regions: Regions) -> Explanation:
        """Return the explanation of a result; see `inference.predictor.Explainer`."""
        with running(self.card, self.device):
            return explained(self._network, self._views(regions)[None].to(self.device.kind), self.card)

    def nearest(self, prediction: Prediction) -> Nearest | None:
        """Return the nearest training images; see `inference.predictor.Explainer`."""
        if self._cases is None or prediction.fused is None:
            return None
        if prediction.fused.shape != (self._cases.width,):
            raise foreign_cases(self.card)
        return self._cases.nearest(prediction.fused)

    def reread(self, regions: Regions, others: Sequence[Regions]) -> list[float]:
        """Return the probabilities for other outlines of a lesion; see `inference.predictor.Explainer`."""
        if not others:
            return []
        with running(self.card, self.device):
            first = self._views(regions)[None].to(self.device.kind)
            batch = reread_logits(self._network, first, [self._views(other) for other in others])
        if batch is None:
            return [prediction.probability for prediction in self.predict(others)]
        return [calibrated(logits, self.card) for logits in batch]

    def _views(self, regions: Regions) -> torch.Tensor:
        return views_tensor(regions, self.card.views, self.card.normalisation)

    def _masks(self, regions: Sequence[Regions]) -> list[torch.Tensor]:
        """Return the outlines as one tensor [B, 1, size, size] for a network that needs them beside the views, else []."""
        if not getattr(self._network, "needs_mask", False):
            return []
        lesions = np.stack([sample.lesion for sample in regions])
        return [torch.from_numpy(lesions).float().unsqueeze(1).to(self.device.kind)]

    def _predict_batch(self, regions: Sequence[Regions]) -> list[Prediction]:
        card = self.card
        views = torch.stack([self._views(sample) for sample in regions])
        with running(card, self.device), torch.inference_mode():
            reading = self._network(views.to(self.device.kind), *self._masks(regions))
        if reading.gates.shape[1] != len(card.views):
            raise does_not_fit(card)
        return [
            checked(
                Prediction(
                    logits=tuple(logits),
                    probability=calibrated(logits, card),
                    gates=dict(zip(card.views, gates, strict=True)),
                    stage_attention={name: tuple(shares) for name, shares in zip(card.views, stages, strict=True)},
                    fused=fused,
                ),
                card,
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
def running(card: ModelCard, device: Device) -> Iterator[None]:
    """Turn the errors of torch for missing memory, and for a card that does not fit its network, into UserErrors.

    PyTorch raises a RuntimeError for nearly everything; on the CPU only the message shows that memory ran out.
    """
    try:
        yield
    except (torch.OutOfMemoryError, MemoryError) as problem:
        raise _no_memory(device) from problem
    except (RuntimeError, IndexError, ValueError) as problem:
        message = str(problem)
        if "allocate memory" in message or "not enough memory" in message or "out of memory" in message:
            raise _no_memory(device) from problem
        # Without a log handler, Python would print the traceback above the message.
        if _log.hasHandlers():
            _log.error("the network of %s did not run", card.name, exc_info=problem)
        raise does_not_fit(card) from problem


def _no_memory(device: Device) -> UserError:
    hint = (
        "Close other programs, then assess again. The outline is not lost."
        if device.kind == "cpu"
        else "Close other programs that use this device, or choose CPU as the compute device."
    )
    return UserError(f"The compute device ran out of memory ({device.words}).", hint)


def does_not_fit(card: ModelCard) -> UserError:
    """Return the error for a model whose network does not match its card."""
    return UserError(
        f"The model {card.name} cannot run: its network is not the one that its card describes.",
        "Choose another model, or copy the whole folder of this model again.",
    )


def load_predictor(bundle: Bundle, asked_device: str = "auto") -> TorchPredictor:
    """Return the model of `bundle`, ready to assess lesions on the device.

    Raises:
        UserError: the weights are missing, damaged or do not fit the card, or the device does not exist.
    """
    card = bundle.card
    if card.task != "reading":
        raise UserError(
            f"{card.name} only proposes outlines and does not assess lesions.", "Choose a model that assesses lesions."
        )
    network, device = load_network(bundle, asked_device)
    return TorchPredictor(card, network, device, read_cases(bundle))


def load_network(bundle: Bundle, asked_device: str = "auto") -> tuple[nn.Module, Device]:
    """Return the network of `bundle` with its weights, on the CPU, and the device to run it on.

    Raises:
        UserError: as `load_predictor`.
    """
    card = bundle.card
    device = choose_device(asked_device)
    check_weights(bundle)
    _check_size(bundle)
    with running(card, device):
        network = build(card.builder)
    if tuple(getattr(network, "expert_names", card.views)) != card.views:
        raise does_not_fit(card)
    try:
        weights = read_weights(bundle.weights)
        # load_state_dict silently converts integers to floats and floats to integers.
        for name, tensor in network.state_dict().items():
            if weights[name].is_floating_point() != tensor.is_floating_point():
                raise TypeError(f"{name} has another type")
        network.load_state_dict(weights)
    except MemoryError as problem:
        raise _no_memory(device) from problem
    except (SafetensorError, RuntimeError, KeyError, ValueError, TypeError, OSError) as problem:
        raise _other_weights(card) from problem
    if not _sound(network):
        raise UserError(
            f"The weights of {card.name} are damaged: some are not valid numbers.", "Copy the whole model folder again."
        )
    if parameter_count(network) != card.parameters:
        raise UserError(
            f"The card of {card.name} says {card.parameters:,} parameters, but the network has "
            f"{parameter_count(network):,}.",
            "Copy the whole model folder again, or update the program.",
        )
    return network, device


def _other_weights(card: ModelCard) -> UserError:
    return UserError(
        f"The weights of {card.name} do not fit the network on its card.", "Copy the whole model folder again."
    )


def _check_size(bundle: Bundle) -> None:
    """Check that the network is not larger than its weights file before memory is allocated for it.

    Raises:
        UserError: the card says more parameters than the file has bytes, or its options build a network of another size.
    """
    card = bundle.card
    has_numbers = any(
        isinstance(option, int | float) and not isinstance(option, bool) for option in card.builder.options.values()
    )
    if card.parameters > bundle.size:
        raise _other_weights(card)
    if has_numbers:
        with running(card, Device("cpu", "CPU")), torch.device("meta"):  # shapes only, no memory
            size = parameter_count(build(card.builder))
        if size != card.parameters:
            raise does_not_fit(card)


def _sound(network: nn.Module) -> bool:
    """Return whether all weights are finite and no variance is negative."""
    for name, tensor in network.state_dict().items():
        if tensor.is_floating_point() and not bool(torch.isfinite(tensor).all()):
            return False
        if name.endswith("running_var") and bool((tensor < 0).any()):
            return False
    return True
