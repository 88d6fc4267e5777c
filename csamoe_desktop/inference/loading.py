"""The one way to a model that is ready to run: the engine is loaded when it is needed, and refused in words where it cannot be.

Importing PyTorch takes seconds, so it happens here, in the worker that needs it, never as the window opens.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from csamoe_desktop.errors import UserError
from csamoe_desktop.inference.bundle import Bundle

if TYPE_CHECKING:
    from csamoe_desktop.inference.outliner import Outliner
    from csamoe_desktop.inference.torch_engine import TorchPredictor

_log = logging.getLogger(__name__)


def load_predictor(bundle: Bundle, device: str = "auto") -> "TorchPredictor":
    """Return the model of `bundle`, ready to read on the device asked for.

    Raises:
        UserError: PyTorch is missing or broken; or as `torch_engine.load_predictor`.
    """
    with _engine():
        from csamoe_desktop.inference import torch_engine
    return torch_engine.load_predictor(bundle, device)


def load_outliner(bundle: Bundle, device: str = "auto") -> "Outliner":
    """Return the outlining network of `bundle`, ready on the device asked for.

    Raises:
        UserError: PyTorch is missing or broken; or as `outliner.load_outliner`.
    """
    with _engine():
        from csamoe_desktop.inference import outliner
    return outliner.load_outliner(bundle, device)


@contextmanager
def _engine() -> Iterator[None]:
    """Turn a PyTorch that cannot be imported (missing, half installed, a library of its lacking) into a refusal."""
    try:
        yield
    except MemoryError as problem:
        raise UserError(
            "There is not enough memory to load PyTorch.", "Close other programs, and try again."
        ) from problem
    except (ImportError, OSError, RuntimeError, AttributeError) as problem:
        _log.error("PyTorch could not be loaded", exc_info=problem)
        raise UserError(
            f"PyTorch, which runs the models, could not be loaded ({type(problem).__name__}).",
            "Install the program again. Until then you can open, mark and measure; nothing that you marked is lost.",
        ) from problem
