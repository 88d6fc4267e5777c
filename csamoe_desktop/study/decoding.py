"""Frames decoded in a process of their own: the decoders of JPEG 2000 and JPEG-LS hold Python's lock (GIL) from a frame's
beginning to its end, so that in a thread they would stop the window as surely as if it decoded itself.

What a decoder does to its process on damaged data it does there, too.
"""

import contextlib
import logging
import multiprocessing
import signal
import traceback
from collections.abc import Callable
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from threading import Lock
from typing import cast

import numpy as np
from numpy.typing import NDArray

from csamoe_desktop.errors import UserError

_log = logging.getLogger(__name__)

Decode = Callable[[int], NDArray[np.uint8]]

_UP_WITHIN = 30.0
"""Seconds that a process started anew may take."""


class DecodingProcess:
    """One process, which decodes one frame at a time; asked from any thread, and started anew where it ended."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._process: BaseProcess | None = None
        self._connection: Connection | None = None
        self._up = self._died = self._closed = False
        self._given: Decode | None = None

    def start(self) -> None:
        """Start the process where it does not run; it is up in a second or so, and not waited for."""
        with self._lock:
            self._start()

    @property
    def up(self) -> bool:
        """Whether the process runs and decodes."""
        with self._lock:
            return self._is_up()

    def pixels(self, decode: Decode, index: int) -> NDArray[np.uint8]:
        """Return `decode(index)`, found there; until the process is up, here. `decode` is pickled.

        Raises:
            UserError: the frame cannot be decoded; so too where the process ended over it.
        """
        with self._lock:
            self._start()
            if not self._is_up(_UP_WITHIN if self._died else 0.0) or self._connection is None:
                return decode(index)
            try:
                self._connection.send((None if decode is self._given else decode, index))
                self._given = decode
                answer = self._connection.recv()
            except (EOFError, OSError) as problem:
                _log.warning("the decoding process ended over a frame")
                self._end()
                self._died = True
                raise UserError(
                    f"Frame {index + 1} cannot be decoded: its pixel data are damaged.",
                    "Copy it again from the scanner, the PACS or the CD, or export it uncompressed.",
                ) from problem
        if isinstance(answer, np.ndarray):
            return cast(NDArray[np.uint8], answer)
        if isinstance(answer, tuple):
            raise UserError(*answer)
        raise RuntimeError(answer)

    def close(self) -> None:
        """End the process; what is asked from now on is decoded here."""
        with self._lock:
            self._closed = True
            self._end()

    def _start(self) -> None:
        if self._process is not None or self._closed:
            return
        # Not forked: a copy of a program with a window and threads would not live.
        context = multiprocessing.get_context("spawn")
        try:
            self._connection, theirs = context.Pipe()
            self._process = context.Process(target=_serve, args=(theirs,), name="decoding frames", daemon=True)
            self._process.start()
        except OSError as problem:
            _log.warning("no decoding process could be started: %s", problem)
            self._process = self._connection = None
            self._closed = True
        else:
            theirs.close()

    def _is_up(self, patience: float = 0.0) -> bool:
        if not self._up and self._connection is not None:
            try:
                self._up = self._connection.poll(patience) and self._connection.recv() is None
            except (EOFError, OSError):
                _log.warning("the decoding process did not come up")
                self._end()
                self._closed = True
        return self._up

    def _end(self) -> None:
        if self._connection is not None:
            self._connection.close()
        if self._process is not None:
            self._process.terminate()
            self._process.join()
            self._process.close()
        self._process = self._connection = self._given = None
        self._up = False


def _serve(connection: Connection) -> None:
    """Decode what is asked for until the program is gone: an array, or a refusal's message and hint, or a fault's text."""
    # Ctrl+C in the terminal is the program's.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    decode: Decode | None = None
    answer: object = None
    with contextlib.suppress(EOFError, OSError):
        connection.send(None)
        while True:
            given, index = connection.recv()
            decode = given or decode
            try:
                answer = None if decode is None else decode(index)
            except UserError as problem:
                answer = (problem.message, problem.hint)
            except Exception:  # noqa: BLE001 (told where it is asked)
                answer = traceback.format_exc()
            connection.send(answer)
