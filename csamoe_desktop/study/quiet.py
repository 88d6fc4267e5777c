"""Suppresses library warnings about odd files, safely across threads."""

import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

_lock = threading.Lock()
_readers = 0
_filters = warnings.catch_warnings()


@contextmanager
def without_warnings() -> Iterator[None]:
    """Ignore warnings while any thread is inside.

    Python's warning filters belong to the process, and a lock held during a read from a slow share would block every other
    thread. The first thread to enter sets the filter; the last to leave removes it.
    """
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
