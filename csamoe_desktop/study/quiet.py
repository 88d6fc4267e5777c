"""Keeping a library's warnings about odd files to itself, while other threads read too."""

import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

_lock = threading.Lock()
_readers = 0
_filters = warnings.catch_warnings()


@contextmanager
def without_warnings() -> Iterator[None]:
    """Ignore warnings as long as any thread is inside: Python's filters are the process's, and a lock held through a
    read from a slow share would stop every other reader. The first to come sets the filter, the last to go takes it away."""
    global _readers, _filters
    with _lock:
        _readers += 1
        if _readers == 1:
            _filters = warnings.catch_warnings()
            _filters.__enter__()
            warnings.simplefilter("ignore")
    try:
        yield
    finally:
        with _lock:
            _readers -= 1
            if _readers == 0:
                _filters.__exit__(None, None, None)
