"""Load models, and PyTorch with them; raise a UserError if PyTorch cannot be imported.

Importing PyTorch takes seconds, so it happens here, in the worker that needs it, and never while the window opens.
"""

import logging
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from csamoe_desktop.errors import UserError
from csamoe_desktop.inference.bundle import Bundle

if TYPE_CHECKING:
    from csamoe_desktop.inference.outliner import Outliner
    from csamoe_desktop.inference.torch_engine import TorchPredictor

_log = logging.getLogger(__name__)

_ENGINE = ("torch", "torchvision")


def load_predictor(bundle: Bundle, device: str = "auto") -> "TorchPredictor":
    """Return the model of `bundle`, ready to assess lesions on the device.

    Raises:
        UserError: PyTorch is missing or broken; or as `torch_engine.load_predictor`.
    """
    with _engine():
        from csamoe_desktop.inference import torch_engine
    return torch_engine.load_predictor(bundle, device)


def load_outliner(bundle: Bundle, device: str = "auto") -> "Outliner":
    """Return the outlining network of `bundle`, ready on the device.

    Raises:
        UserError: PyTorch is missing or broken; or as `outliner.load_outliner`.
    """
    with _engine():
        from csamoe_desktop.inference import outliner
    return outliner.load_outliner(bundle, device)


@contextmanager
def _engine() -> Iterator[None]:
    """Turn a failed import of PyTorch (missing, half installed, a library missing) into a UserError."""
    try:
        yield
    except MemoryError as problem:
        raise UserError(
            "There is not enough memory to load PyTorch.", "Close other programs and try again."
        ) from problem
    except (ImportError, OSError, RuntimeError, AttributeError) as problem:
        raise engine_missing(problem) from problem


def engine_missing(problem: BaseException) -> UserError:
    """Return the error for a PyTorch that cannot be imported, and log the cause."""
    # Without a log handler, Python would print the traceback above the message.
    if _log.hasHandlers():
        _log.error("PyTorch could not be loaded", exc_info=problem)
    return UserError(
        f"PyTorch, which runs the models, could not be loaded ({type(problem).__name__}).",
        "Install the program again. Until then you can open studies, outline and measure lesions; your outlines are not lost.",
    )


def is_of_the_engine(problem: BaseException) -> bool:
    """Return whether `problem` comes from importing PyTorch: it is missing, or a library that it needs is missing."""
    missing = getattr(problem, "name", None) if isinstance(problem, ImportError) else None
    if missing and missing.split(".")[0] in _ENGINE:
        return True
    frames = (Path(frame.f_code.co_filename) for frame, _ in traceback.walk_tb(problem.__traceback__))
    return any(file.name == "__init__.py" and file.parent.name in _ENGINE for file in frames)
