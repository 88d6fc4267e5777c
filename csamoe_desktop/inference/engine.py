"""Where a network runs: what the user asks for, what there is, and what is said when the two differ."""

import platform
from dataclasses import dataclass

from csamoe_desktop.errors import UserError

DEVICES = ("auto", "cpu", "cuda", "mps")


@dataclass(frozen=True, slots=True)
class Device:
    """A device really used.

    Attributes:
        kind: cpu, cuda or mps, as torch names it.
        words: as the status bar and the report say it, such as "CPU" or "GPU: NVIDIA H200".
    """

    kind: str
    words: str


def choose_device(asked: str = "auto") -> Device:
    """Return the device to run on; `auto` takes a GPU where there is one. Loads torch.

    Raises:
        UserError: a device was asked for by name that this machine does not have, or that is no device.
    """
    if asked not in DEVICES:
        raise UserError(f"There is no device {asked!r}.", f"Choose one of {', '.join(DEVICES)}.")
    import torch

    there = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if asked == "auto":
        asked = next(kind for kind in ("cuda", "mps", "cpu") if there[kind])
    if not there[asked]:
        raise UserError(
            f"This computer has no {asked.upper()} device that PyTorch can use.",
            "Choose the device auto or cpu, or install the GPU's driver and a PyTorch built for it.",
        )
    if asked == "cuda":
        return Device(asked, f"GPU: {torch.cuda.get_device_name()} (float32)")
    return Device(asked, "GPU: Apple (float32)" if asked == "mps" else f"CPU: {_processor()} (float32)")


def _processor() -> str:
    return platform.processor() or platform.machine()
