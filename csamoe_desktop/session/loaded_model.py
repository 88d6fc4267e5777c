"""The model in memory: loaded once, off the GUI thread, and held until another model or device is needed."""

import threading
from collections.abc import Callable
from time import monotonic
from typing import TYPE_CHECKING

from csamoe_desktop.errors import UserError
from csamoe_desktop.inference.bundle import find_bundle

if TYPE_CHECKING:
    from csamoe_desktop.inference.predictor import Predictor

_CHECK_AGAIN = 5.0
"""Seconds until the folder is checked again: a model may be added or removed while the program runs."""


class LoadedModel:
    """One model at a time. Any worker may request it; the first one loads it, the others wait."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loaded: tuple[tuple[str, str], Predictor] | None = None
        self._needs_outline: dict[str, bool] = {}
        self._missing: tuple[str, str, float] = ("", "", 0.0)

    def needs_outline(self, model: str) -> bool:
        """Return whether the model needs an outline to give a result; True for a model that is missing."""
        if model not in self._needs_outline:
            try:
                self._needs_outline[model] = find_bundle(model).card.needs_outline
            except UserError:
                return True
        return self._needs_outline[model]

    def missing(self, model: str) -> str:
        """Return why the model cannot be used, or ""; cached, as it is read on every refresh of a button."""
        name, reason, until = self._missing
        if name != model or monotonic() > until:
            try:
                find_bundle(model)
            except UserError as problem:
                reason = str(problem)
            else:
                reason = ""
            self._missing = model, reason, monotonic() + _CHECK_AGAIN
        return reason

    def peek(self, model: str, device: str) -> "Predictor | None":
        """Return the model if it is the one in memory, without waiting."""
        loaded = self._loaded
        return loaded[1] if loaded is not None and loaded[0] == (model, device) else None

    def get(self, model: str, device: str, progress: Callable[[float, str], None]) -> "Predictor":
        """Return the model, loading it if necessary; `progress` gets the share done and may stop it by raising.

        Raises:
            UserError: there is no such model or device, or the weights are damaged.
        """
        with self._lock:
            if loaded := self.peek(model, device):
                return loaded
            self._loaded = None
            progress(0.0, "Starting PyTorch")
            # Importing torch takes seconds: it happens here, in a worker, and not at the start.
            from csamoe_desktop.inference.loading import load_predictor

            progress(0.5, "Loading the model")
            predictor = load_predictor(find_bundle(model), device)
            self._loaded = ((model, device), predictor)
            return predictor
