"""Decoding in a process of its own: what a decoder does to its process on damaged data (end it, take all memory, never come
back) it does there, and costs one frame.

The process has a limit of memory for each frame and a deadline; one that is dead or late is replaced. The decoders of
JPEG 2000 and JPEG-LS moreover hold Python's lock (GIL) from a frame's beginning to its end, so that in a thread they would
stop the window as surely as if it decoded itself.
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
"""Seconds that a frame may take."""
_UP_WITHIN = 60.0
"""Seconds that a process started anew may take."""
_GONE_WITHIN = 1.0
_LOADED_FIRST = ("csamoe_desktop.study.dicom_pixels", "csamoe_desktop.study.raster")
"""What the process loads before it says that it is up, as a frame's deadline is for the frame. By name: they import this."""
_AGAIN = "Copy it again from the scanner, the PACS or the CD, or export it uncompressed."


class DecodingProcess:
    """One process, which decodes one frame at a time; asked from any thread, and started anew where it ended."""

    def __init__(self, deadline: float = DEADLINE) -> None:
        self._deadline = deadline
        self._lock = Lock()
        self._process: BaseProcess | None = None
        self._connection: Connection | None = None
        self._up = self._closed = False
        self._given: object = None

    def start(self) -> None:
        """Start the process where it does not run; it is up in a second or so, and not waited for."""
        with self._lock:
            self._start()

    @property
    def up(self) -> bool:
        """Whether the process runs and decodes."""
        with self._lock:
            return self._is_up(0.0)

    def pixels(self, decode: Decode, index: int) -> NDArray[np.uint8]:
        """Return `decode(index)`, found there. `decode` is pickled.

        Raises:
            UserError: the frame cannot be decoded; so too where the process ended over it, or was ended.
        """
        path = getattr(decode, "path", None)
        what = f"Frame {index + 1}" if path is None else f"Frame {index + 1} of {path.name}"
        return cast(NDArray[np.uint8], self.call(what, decode, "__call__", index))

    def call(self, what: str, target: object, method: str, *arguments: object) -> Any:
        """Return `target.method(*arguments)`, found there. All is pickled, `target` only where it is not that of the call
        before; `what` is decoded there ("Frame 2 of a.dcm"), for the refusals. Its attribute `honest` may say how many bytes
        the picture takes.

        Raises:
            UserError: of the method; or the process ended over it, took too long, or needed too much memory.
        """
        with self._lock:
            self._start()
            if not self._is_up(_UP_WITHIN) or self._connection is None:
                raise UserError(
                    f"{what} cannot be decoded: the process that decodes compressed images could not be started.",
                    "Close other programs and start this one again. If it stays so, install it again.",
                )
            try:
                self._connection.send((None if target is self._given else target, method, arguments))
                self._given = target
                # First that it has what it needs: the deadline is for the frame alone.
                late = not self._connection.poll(_UP_WITHIN) or self._connection.recv() is not None
                late = late or not self._connection.poll(self._deadline)
                answer = None if late else self._connection.recv()
            except (EOFError, OSError) as problem:
                _log.warning("the decoding process ended over a frame")
                self._replace()
                raise UserError(f"{what} cannot be decoded: its pixel data are damaged.", _AGAIN) from problem
            if late:
                _log.warning("the decoding process did not come back from a frame and was replaced")
                self._replace()
                raise UserError(
                    f"{what} was given up: it was not decoded within {self._deadline:g} seconds. It is damaged, far too "
                    "large, or its drive does not answer.",
                    _AGAIN,
                )
        kind, content = cast(tuple[str, Any], answer)
        if kind == "memory":
            raise UserError(f"{what} cannot be decoded: it takes far more memory than its size allows.", _AGAIN)
        if kind == "refused":
            raise UserError(*content)
        if kind == "fault":
            raise RuntimeError(content)
        return content

    def close(self) -> None:
        """End the process, in the middle of a frame too; what is asked from now on is refused."""
        self._closed = True
        process = self._process
        if process is not None:
            # Without the lock: whoever waits for a frame holds it, and comes back by this.
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
        # Not forked: a copy of a program with a window and threads would not live.
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
                _log.warning("the decoding process did not come up")
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
            # One that waits for a dead drive goes only when the drive comes back: it is left to itself.
            with contextlib.suppress(ValueError):
                self._process.close()
        self._process = self._connection = self._given = None
        self._up = False


_shared: tuple[int, DecodingProcess] | None = None
_shared_lock = Lock()


def shared() -> DecodingProcess:
    """Return the process that decodes for whoever has none of their own; started by its first frame, and never closed."""
    global _shared
    with _shared_lock:
        # A process that was forked from this one must not talk into its pipe.
        if _shared is None or _shared[0] != os.getpid():
            _shared = os.getpid(), DecodingProcess()
        return _shared[1]


def apart(what: str, target: object, method: str, *arguments: object) -> Any:
    """Return `target.method(*arguments)`, found in the shared process, as `DecodingProcess.call` does; here where this is
    such a process already, or another one's helper, which may have none.

    Raises:
        UserError: as there.
    """
    if multiprocessing.current_process().daemon:
        return getattr(target, method)(*arguments)
    return shared().call(what, target, method, *arguments)


def _serve(connection: Connection, deadline: float) -> None:
    """Answer calls until the program is gone: ("done", result), ("refused", message and hint), ("memory", None) or
    ("fault", its text)."""
    # Ctrl+C in the terminal is the program's.
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
        with limited_memory(int(getattr(target, "honest", 0))):
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
    except Exception:  # noqa: BLE001 (told where it is asked)
        return "fault", traceback.format_exc()


@contextlib.contextmanager
def _alarm(deadline: float) -> Any:
    """End this process where it is still at it long after the deadline: the program that would end it may be gone."""
    if not hasattr(signal, "setitimer"):
        yield
        return
    signal.setitimer(signal.ITIMER_REAL, 3 * deadline)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def _be_silent() -> None:
    """Send what libraries write to the terminal about damaged data to nowhere."""
    with contextlib.suppress(OSError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        for stream in (1, 2):
            os.dup2(nowhere, stream)
