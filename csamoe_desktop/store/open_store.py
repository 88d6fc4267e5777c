"""The store's open file: one connection that writes, one that reads, and the handling of damage.

Reading only records damage; `write`, in a worker, sets the damaged file or rows aside.
"""

import logging
import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from threading import Lock
from typing import TypeVar

from csamoe_desktop.errors import UserError
from csamoe_desktop.store import database, rescue, sums
from csamoe_desktop.store.merging import Merging
from csamoe_desktop.store.presence import Presence, Window

_log = logging.getLogger(__name__)

_T = TypeVar("_T")

_Identity = tuple[int, int]
"""Device and inode, which distinguish a file from another one that now has its name."""

_WAIT_TO_WRITE, _WAIT_TO_READ = 2.0, 0.2
"""Seconds to wait for another program's lock."""


class OpenStore:
    """The store in `file`; thread-safe."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self._writing = Lock()
        self._reading = Lock()
        self._writer: sqlite3.Connection | None = None
        self._reader: sqlite3.Connection | None = None
        self._written_to: _Identity | None = None
        self._read_from: _Identity | None = None
        self._damaged: tuple[_Identity | None] | None = None
        """The file in which reading found damage."""
        self._afresh: UserError | None = None
        """The message that the next successful `write` returns."""
        self._suspect = False
        """Whether the next `write` must check the whole store."""
        self._spoilt: list[UserError] = []
        self._prepared = False
        self._merging = Merging()
        self._presence = Presence(file)
        self._entered = False

    @property
    def needs_attention(self) -> bool:
        """Whether `write` has damage to handle or a message to return, even if nothing waits."""
        return self._damaged is not None or self._afresh is not None or self._suspect

    def close(self) -> None:
        """Close the file. Unsaved work is not written: call `write` before."""
        with self._writing, self._reading:
            self._stop_reading()
            self._stop_writing()
            if self._entered:
                self._presence.leave()
                self._entered = False

    def found_spoilt(self) -> list[UserError]:
        """Return, once, the messages on rows that were set aside because they are damaged."""
        messages, self._spoilt = self._spoilt, []
        return messages

    def look_around(self) -> list[Window]:
        """Renew this window's sign of life, and return the windows that opened this store since the last call."""
        if not self._entered:
            return []
        self._presence.enter()
        return self._presence.newcomers()

    def look_through(self, stop: Callable[[], bool] = lambda: False) -> None:
        """Check the whole store for damage, in the calling thread; the next `write` handles what is found.

        `stop` is called now and then and returns whether to give up.
        """
        which = identity_of(self.file)
        try:
            connection = database.open_to_read(self.file, _WAIT_TO_READ)
            if connection is None:
                return
            with closing(connection):
                connection.set_progress_handler(lambda: int(stop()), 10_000)
                self._suspect = bool(sums.examine(connection)) or self._suspect
        except (OSError, sqlite3.Error, UserError) as problem:
            if database.damaged(problem):
                self._damaged = (which,)

    def _prepare(self) -> None:
        """Open the file once for writing, so that it has the current schema and is checked, or replaced, after an unclean
        end. If that fails, `write` reports why."""
        if self._prepared:
            return
        with self._writing, suppress(OSError, sqlite3.Error, UserError):
            try:
                self._look_through_if_suspect()
            except sqlite3.Error as problem:
                if not database.damaged(problem):
                    raise
                self._afresh = self._begin_afresh(self._which())
        self._prepared = True

    def _look_through_if_suspect(self) -> None:
        """Set damaged rows aside, if there may be any.

        Raises:
            sqlite3.Error: the store is damaged, or cannot be written.
        """
        connection = self._connection()
        if not self._suspect:
            return
        if sums.examine(connection):
            moved = sums.in_words(sums.move_spoilt(connection))
            _log.error("rows are set aside: %s", moved)
            self._spoilt.append(
                UserError(
                    f"A part of the store is damaged: {moved}. Damaged entries are never shown.",
                    "They were set aside inside the store. Everything else in it is intact.",
                )
            )
        self._suspect = False

    def _which(self) -> _Identity | None:
        """Return the identity of the file that writing has just found to be damaged."""
        return identity_of(self.file) if self._writer is None else self._written_to

    def _read(
        self, ask: Callable[[sqlite3.Connection], _T], nothing: _T, noun: str = "outline stored for this image"
    ) -> _T:
        """Return the result of `ask`; `nothing` if there is no store, or it is damaged, which `write` reports.

        Raises:
            UserError: the store cannot be read, or `ask` found a spoilt row.
        """
        self._prepare()
        with self._reading:
            try:
                if self._reader is None:
                    self._reader = database.open_to_read(self.file, _WAIT_TO_READ)
                    self._read_from = identity_of(self.file)
                return nothing if self._reader is None else ask(self._reader)
            except ValueError as problem:
                self._suspect = True
                raise UserError(
                    f"The {noun} is damaged and cannot be shown.",
                    "Draw or enter it again; the damaged entry stays in the store.",
                ) from problem
            except (OSError, sqlite3.Error) as problem:
                which = identity_of(self.file) if self._reader is None else self._read_from
                self._stop_reading()
                if database.damaged(problem):
                    # `write` sets it aside and reports it.
                    self._damaged = (which,)
                    return nothing
                raise database.refusal(self.file, problem) from problem

    def _connection(self) -> sqlite3.Connection:
        if self._writer is None:
            self._writer = database.open_to_write(self.file, _WAIT_TO_WRITE)
            self._written_to = identity_of(self.file)
            self._prepared = True
            if not self._entered:
                # A window that ended without closing the store may have left damage.
                self._suspect = self._presence.enter() or self._suspect
                self._entered = True
        return self._writer

    def _gone(self) -> bool:
        """Close the file if it is no longer the one with this name; return whether that was the case.

        On most systems a file can be removed, or set aside by a second window, while it is open; writes would then go to a
        file without a name.
        """
        if self._written_to is None or self._written_to == identity_of(self.file):
            return False
        with self._reading:
            self._stop_reading()
        self._stop_writing()
        self._written_to = None
        return True

    def _begin_afresh(self, which: _Identity | None) -> UserError:
        """Set the damaged file `which` aside and recover what can be read of it; return the message for the user.

        Raises:
            UserError: the file cannot be set aside.
        """
        with self._reading:
            self._stop_reading()
        self._stop_writing()
        self._damaged = None
        if which != identity_of(self.file):
            # A second window has already done this.
            return self._replaced()
        _log.error("the store is damaged and is set aside")
        why = database.wrong_with(self.file)
        aside: Path | None = None
        try:
            aside = rescue.set_aside(self.file)
            rescued = rescue.take_over(aside, self._connection())
        except (OSError, sqlite3.Error) as second:
            self._stop_writing()
            if aside is not None and not rescue.put_back(aside, self.file):
                return self._not_taken_over(aside, second)
            # The file is back in its place: the next write tries again.
            self._damaged = (identity_of(self.file),)
            raise database.refusal(self.file, second) from second
        self._suspect = False
        self._merging.afresh()
        problem = f"could not be used: it {why}" if why else "was damaged"
        return UserError(
            f"The store of your outlines {problem}. It was set aside as {aside.name}, and a new store was created.",
            f"{rescued.words()} Your open work is saved again. The old store is in {aside.parent}.",
        )

    def _not_taken_over(self, aside: Path, problem: OSError | sqlite3.Error) -> UserError:
        self._merging.afresh()
        why = database.refusal(self.file, problem)
        return UserError(
            f"The store of your outlines was damaged and was set aside as {aside.name}; nothing was recovered from it. "
            f"{why.message}",
            f"Keep the old store, which is in {aside.parent}. {why.hint}",
        )

    def _replaced(self) -> UserError:
        self._merging.afresh()
        return UserError(
            f"The store of your outlines, {self.file}, was removed or replaced while the program ran.",
            "Your open work is saved again.",
        )

    def _stop_reading(self) -> None:
        if self._reader is not None:
            with suppress(sqlite3.Error):
                self._reader.close()
        self._reader = None

    def _stop_writing(self) -> None:
        if self._writer is not None:
            with suppress(sqlite3.Error):
                self._writer.close()
        self._writer = None


def identity_of(file: Path) -> _Identity | None:
    """Return the identity of the file with this name, or None if there is none."""
    try:
        status = file.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino
