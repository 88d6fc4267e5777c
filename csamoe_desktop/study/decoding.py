"""Decodes frames in a separate process, so that a decoder that crashes, hangs or takes all memory costs one frame only.

The process has a memory limit for each frame and a deadline; a dead or late process is replaced. The decoders of JPEG 2000
and JPEG-LS also hold Python's lock (GIL) for a whole frame: in a thread they would freeze the window.
"""

import contextlib
import importlib
import logging
import multiprocessing
import os
import signal
import traceback
from collections.abc import Callable
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from threading import Lock
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from csamoe_desktop.errors import UserError
from csamoe_desktop.study.limits import limit_for_good, limited_memory

_log = logging.getLogger(__name__)

Decode = Callable[[int], NDArray[np.uint8]]

DEADLINE = 5.0
"""Seconds that a frame may take to decode."""
_UP_WITHIN = 60.0
"""Seconds that a new process may take to start."""
_GONE_WITHIN = 1.0
_LOADED_FIRST = ("csamoe_desktop.study.dicom_pixels", "csamoe_desktop.study.raster")
"""Modules that the process loads before it reports ready, so that the deadline covers the frame alone. Given by name, as
they import this module."""
_AGAIN = "Copy it again from the scanner, the PACS or the CD, or export it uncompressed."


class DecodingProcess:
    """A process that decodes one frame at a time. It can be called from any thread, and is restarted when it ends."""

    def __init__(self, deadline: float = DEADLINE) -> None:
        self._deadline = deadline
        self._lock = Lock()
        self._process: BaseProcess | None = None
        self._connection: Connection | None = None
        self._up = self._closed = False
        self._given: object = None

    def start(self) -> None:
        """Start the process if it does not run, without waiting the second or so until it is up."""
        with self._lock:
            self._start()

    @property
    def up(self) -> bool:
        """Whether the process is running and ready to decode."""
        with self._lock:
            return self._is_up(0.0)

    def pixels(self, decode: Decode, index: int) -> NDArray[np.uint8]:
        """Return `decode(index)`, computed in the process. `decode` is pickled.

        Raises:
            UserError: the frame cannot be decoded, or the process died or was killed while decoding it.
        """
        path = getattr(decode, "path", None)
        what = f"Frame {index + 1}" if path is None else f"Frame {index + 1} of {path.name}"
        return cast(NDArray[np.uint8], self.call(what, decode, "__call__", index))

    def call(self, what: str, target: object, method: str, *arguments: object) -> Any:
        """Return `target.method(*arguments)`, computed in the process.

        Args:
            what: what is decoded, for error messages ("Frame 2 of a.dcm").
            target: pickled, unless it is the target of the call before. Its attribute `decoded_bytes`, if there is one, is the
                number of bytes that the picture takes.
            method: the name of the method.
            arguments: its arguments; pickled.

        Raises:
            UserError: from the method; or the process died, took too long, or needed too much memory.
        """
        with self._lock:
            self._start()
            if not self._is_up(_UP_WITHIN) or self._connection is None:
                raise UserError(
                    f"{what} cannot be decoded: the process that decodes compressed images did not start.",
                    "Close other programs and restart this one. If that does not help, reinstall it.",
                )
            try:
                self._connection.send((None if target is self._given else target, method, arguments))
                self._given = target
                # The process first confirms that it has the target, so that the deadline covers the frame alone.
                late = not self._connection.poll(_UP_WITHIN) or self._connection.recv() is not None
                late = late or not self._connection.poll(self._deadline)
                answer = None if late else self._connection.recv()
            except (EOFError, OSError) as problem:
                _log.warning("the decoding process died while decoding a frame")
                self._replace()
                raise UserError(f"{what} cannot be decoded: its pixel data is damaged.", _AGAIN) from problem
            if late:
                _log.warning("the decoding process missed the deadline of a frame and was replaced")
                self._replace()
                raise UserError(
                    f"{what} could not be decoded within {self._deadline:g} seconds. The file may be damaged or far too "
                    "large, or its drive may not respond.",
                    _AGAIN,
                )
        kind, content = cast(tuple[str, Any], answer)
        if kind == "memory":
            raise UserError(f"{what} cannot be decoded: it needs far more memory than an image of its size.", _AGAIN)
        if kind == "refused":
            raise UserError(*content)
        if kind == "fault":
            raise RuntimeError(content)
        return content

    def close(self) -> None:
        """End the process, even in the middle of a frame; later calls are refused."""
        self._closed = True
        process = self._process
        if process is not None:
            # Without the lock: a thread that waits for a frame holds it, and is released by this.
            with contextlib.suppress(ValueError, AttributeError):
                process.kill()
        if self._lock.acquire(timeout=_GONE_WITHIN):
            try:
                self._end()
            finally:
                self._lock.release()

    def _start(self) -> None:
        if self._process is not None or self._closed:
            return
        # Spawned, as a program with a window and threads cannot be forked safely.
        context = multiprocessing.get_context("spawn")
        try:
            self._connection, theirs = context.Pipe()
            self._process = context.Process(
                target=_serve, args=(theirs, self._deadline), name="decoding frames", daemon=True
            )
            self._process.start()
        except OSError as problem:
            _log.warning("no decoding process could be started: %s", problem)
            self._process = self._connection = None
        else:
            theirs.close()

    def _is_up(self, patience: float) -> bool:
        if not self._up and self._connection is not None:
            try:
                self._up = self._connection.poll(patience) and self._connection.recv() is None
            except (EOFError, OSError):
                _log.warning("the decoding process did not start")
                self._end()
        return self._up

    def _replace(self) -> None:
        self._end()
        self._start()

    def _end(self) -> None:
        if self._connection is not None:
            self._connection.close()
        if self._process is not None:
            with contextlib.suppress(AttributeError):
                self._process.kill()
                self._process.join(_GONE_WITHIN)
            # A process that waits for a dead drive ends only when the drive responds: do not wait for it.
            with contextlib.suppress(ValueError):
                self._process.close()
        self._process = self._connection = self._given = None
        self._up = False


_shared: tuple[int, DecodingProcess] | None = None
_shared_lock = Lock()


def shared() -> DecodingProcess:
    """Return the process shared by all callers without their own; it starts with its first frame and is never closed."""
    global _shared
    with _shared_lock:
        # A process forked from this one must not use its pipe.
        if _shared is None or _shared[0] != os.getpid():
            _shared = os.getpid(), DecodingProcess()
        return _shared[1]


def apart(what: str, target: object, method: str, *arguments: object) -> Any:
    """Return `target.method(*arguments)`, computed in the shared process as by `DecodingProcess.call`.

    In a daemon process, which cannot have children (the decoding process is one), it is computed directly.

    Raises:
        UserError: as for `DecodingProcess.call`.
    """
    if multiprocessing.current_process().daemon:
        return getattr(target, method)(*arguments)
    return shared().call(what, target, method, *arguments)


def _serve(connection: Connection, deadline: float) -> None:
    """Answer calls until the program ends: ("done", result), ("refused", message and hint), ("memory", None) or
    ("fault", traceback)."""
    # Ctrl+C in the terminal is for the program to handle.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _be_silent()
    limit_for_good()
    for module in _LOADED_FIRST:
        importlib.import_module(module)
    target: object = None
    with contextlib.suppress(EOFError, OSError):
        connection.send(None)
        while True:
            given, method, arguments = connection.recv()
            target = target if given is None else given
            connection.send(None)
            with _alarm(deadline):
                answer = _answer(target, method, arguments)
            try:
                connection.send(answer)
            except MemoryError:
                connection.send(("memory", None))


def _answer(target: object, method: str, arguments: tuple[object, ...]) -> tuple[str, object]:
    try:
        with limited_memory(int(getattr(target, "decoded_bytes", 0))):
            return "done", getattr(target, method)(*arguments)
    except UserError as problem:
        cause: BaseException | None = problem
        while cause is not None:
            if isinstance(cause, MemoryError):
                return "memory", None
            cause = cause.__cause__
        return "refused", (problem.message, problem.hint)
    except MemoryError:
        return "memory", None
    except Exception:  # noqa: BLE001 (raised again in the calling process)
        return "fault", traceback.format_exc()


@contextlib.contextmanager
def _alarm(deadline: float) -> Any:
    """End this process if it still decodes long after the deadline: the program that should kill it may be gone."""
    if not hasattr(signal, "setitimer"):
        yield
        return
    signal.setitimer(signal.ITIMER_REAL, 3 * deadline)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def _be_silent() -> None:
    """Discard what libraries write to the terminal about damaged data."""
    with contextlib.suppress(OSError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        for stream in (1, 2):
            os.dup2(nowhere, stream)
