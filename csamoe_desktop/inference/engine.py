"""The compute device that a network runs on: chosen by the user, checked against the machine."""

import platform
from dataclasses import dataclass

from csamoe_desktop.errors import UserError

DEVICES = ("auto", "cpu", "cuda", "mps")


@dataclass(frozen=True, slots=True)
class Device:
    """A compute device that is in use.

    Attributes:
        kind: cpu, cuda or mps, as torch names it.
        words: its name in the status bar and the report, such as "CPU" or "GPU: NVIDIA H200".
    """

    kind: str
    words: str


def choose_device(asked: str = "auto") -> Device:
    """Return the device to run on; `auto` chooses a GPU if there is one. Loads torch.

    Raises:
        UserError: there is no device of that name, or this machine does not have it.
    """
    if asked not in DEVICES:
        raise UserError(f"There is no compute device {asked!r}.", f"Choose one of {', '.join(DEVICES)}.")
    import torch

    available = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if asked == "auto":
        asked = next(kind for kind in ("cuda", "mps", "cpu") if available[kind])
    if not available[asked]:
        raise UserError(
            f"This computer has no {asked.upper()} device that PyTorch can use.",
            "Choose the compute device auto or cpu, or install the GPU driver and a PyTorch built for it.",
        )
    if asked == "cuda":
        return Device(asked, f"GPU: {torch.cuda.get_device_name()} (float32)")
    return Device(asked, "GPU: Apple (float32)" if asked == "mps" else f"CPU: {_processor()} (float32)")


def _processor() -> str:
    return platform.processor() or platform.machine()
