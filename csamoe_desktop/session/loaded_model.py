"""The model in memory: loaded once, off the GUI thread, and kept until another model or device is wanted."""

import threading
from collections.abc import Callable
from time import monotonic
from typing import TYPE_CHECKING

from csamoe_desktop.errors import UserError
from csamoe_desktop.inference.bundle import find_bundle

if TYPE_CHECKING:
    from csamoe_desktop.inference.predictor import Predictor

_LOOK_AGAIN = 5.0
"""Seconds: a model may be copied there, or be taken away, while the program runs."""


class LoadedModel:
    """One model at a time. Any worker may ask for it; the first loads it, the others wait for that."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loaded: tuple[tuple[str, str], Predictor] | None = None
        self._needs_outline: dict[str, bool] = {}
        self._missing: tuple[str, str, float] = ("", "", 0.0)

    def needs_outline(self, model: str) -> bool:
        """Return whether the model reads nothing until a lesion is marked; of one that is not there, that it does."""
        if model not in self._needs_outline:
            try:
                self._needs_outline[model] = find_bundle(model).card.needs_outline
            except UserError:
                return True
        return self._needs_outline[model]

    def missing(self, model: str) -> str:
        """Return why there is no such model to read with, or ""; quick, as it is asked with every refresh of a button."""
        name, why, until = self._missing
        if name != model or monotonic() > until:
            try:
                find_bundle(model)
            except UserError as problem:
                why = str(problem)
            else:
                why = ""
            self._missing = model, why, monotonic() + _LOOK_AGAIN
        return why

    def peek(self, model: str, device: str) -> "Predictor | None":
        """Return the model if it is the one in memory, at once."""
        loaded = self._loaded
        return loaded[1] if loaded is not None and loaded[0] == (model, device) else None

    def get(self, model: str, device: str, progress: Callable[[float, str], None]) -> "Predictor":
        """Return the model, loading it if need be; `progress` is told the share of that and may stop it by raising.

        Raises:
            UserError: there is no such model or device, or the weights are damaged.
        """
        with self._lock:
            if there := self.peek(model, device):
                return there
            self._loaded = None
            progress(0.0, "Starting PyTorch")
            # Importing torch takes seconds: here, where nobody waits for the window.
            from csamoe_desktop.inference.loading import load_predictor

            progress(0.5, "Loading the model")
            predictor = load_predictor(find_bundle(model), device)
            self._loaded = ((model, device), predictor)
            return predictor
