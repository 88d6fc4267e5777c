"""The store's file as a window has it open: one connection that writes, one that reads, and what is done about damage.

What reading finds to be wrong is only noted; who writes, in a worker, sets it aside.
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
"""Device and inode: what tells a file from another that has its name now."""

_WAIT_TO_WRITE, _WAIT_TO_READ = 2.0, 0.2
"""Seconds for another program's lock."""


class OpenStore:
    """The store in `file`, for any thread."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self._writing = Lock()
        self._reading = Lock()
        self._writer: sqlite3.Connection | None = None
        self._reader: sqlite3.Connection | None = None
        self._written_to: _Identity | None = None
        self._read_from: _Identity | None = None
        self._damaged: tuple[_Identity | None] | None = None
        """The very file in which reading met damage."""
        self._afresh: UserError | None = None
        """What the next `write` that succeeds has to tell."""
        self._suspect = False
        """Whether the store is to be looked through by who writes next."""
        self._spoilt: list[UserError] = []
        self._prepared = False
        self._merging = Merging()
        self._presence = Presence(file)
        self._entered = False

    @property
    def unwell(self) -> bool:
        """Whether who writes has something to see to, or to tell, even where nothing waits."""
        return self._damaged is not None or self._afresh is not None or self._suspect

    def close(self) -> None:
        """Let go of the file. What still waits is not written: call `write` before."""
        with self._writing, self._reading:
            self._stop_reading()
            self._stop_writing()
            if self._entered:
                self._presence.leave()
                self._entered = False

    def found_spoilt(self) -> list[UserError]:
        """Return what is to be said, once, of rows that were set aside because they are not as they were written."""
        told, self._spoilt = self._spoilt, []
        return told

    def look_around(self) -> list[Window]:
        """Show that this window is there, and return the others on this store that came since the last call."""
        if not self._entered:
            return []
        self._presence.enter()
        return self._presence.newcomers()

    def look_through(self, stop: Callable[[], bool] = lambda: False) -> None:
        """Look through the whole store for damage, in the thread that calls; what is found the next `write` deals with.

        `stop` is asked now and then whether to give up.
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
        """Wait until the file was opened once, and so has the schema that is read, and was looked through after an unclean
        end, or was begun afresh; why it cannot be, `write` says."""
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
        """Set every row aside that is not as it was written, where there may be any.

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
                    f"A part of the store is damaged: {moved}. This is never shown.",
                    "It was set aside inside the store; all else there is as it was written.",
                )
            )
        self._suspect = False

    def _which(self) -> _Identity | None:
        """Return the file that a writer has just found to be damaged."""
        return identity_of(self.file) if self._writer is None else self._written_to

    def _read(
        self, ask: Callable[[sqlite3.Connection], _T], nothing: _T, what: str = "outline kept for this image"
    ) -> _T:
        """Return what `ask` finds in the store; `nothing` where there is none, or it is damaged, which `write` tells.

        Raises:
            UserError: it cannot be read, or `ask` met a spoilt row.
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
                    f"The {what} is damaged and cannot be shown.",
                    "Draw or write it again; the damaged one stays in the store.",
                ) from problem
            except (OSError, sqlite3.Error) as problem:
                which = identity_of(self.file) if self._reader is None else self._read_from
                self._stop_reading()
                if database.damaged(problem):
                    # `write` sets it aside, and tells.
                    self._damaged = (which,)
                    return nothing
                raise database.refusal(self.file, problem) from problem

    def _connection(self) -> sqlite3.Connection:
        if self._writer is None:
            self._writer = database.open_to_write(self.file, _WAIT_TO_WRITE)
            self._written_to = identity_of(self.file)
            self._prepared = True
            if not self._entered:
                # One that has gone without leaving may have left damage.
                self._suspect = self._presence.enter() or self._suspect
                self._entered = True
        return self._writer

    def _gone(self) -> bool:
        """Let go of a file that is no longer the one under this name; return whether it was so.

        On most systems a file can be removed, or set aside by a second window, while it is open, and one would write on
        into what no name leads to.
        """
        if self._written_to is None or self._written_to == identity_of(self.file):
            return False
        with self._reading:
            self._stop_reading()
        self._stop_writing()
        self._written_to = None
        return True

    def _begin_afresh(self, which: _Identity | None) -> UserError:
        """Set the damaged file, `which`, aside and take over what can be read of it; return what the user is told of it.

        Raises:
            UserError: it cannot be set aside.
        """
        with self._reading:
            self._stop_reading()
        self._stop_writing()
        self._damaged = None
        if which != identity_of(self.file):
            # A second window has done so already.
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
            # Tried again: whatever can be read of it is still there.
            self._damaged = (identity_of(self.file),)
            raise database.refusal(self.file, second) from second
        self._suspect = False
        self._merging.afresh()
        what = f"could not be used: it {why}" if why else "was damaged"
        return UserError(
            f"The store of your outlines {what}. It was set aside as {aside.name}, and a fresh one was begun.",
            f"{rescued.words()} What is open here is kept anew. What was set aside is in {aside.parent}.",
        )

    def _not_taken_over(self, aside: Path, problem: OSError | sqlite3.Error) -> UserError:
        self._merging.afresh()
        why = database.refusal(self.file, problem)
        return UserError(
            f"The store of your outlines was damaged and was set aside as {aside.name}; nothing of it was taken over. "
            f"{why.message}",
            f"What was set aside is in {aside.parent}: keep it. {why.hint}",
        )

    def _replaced(self) -> UserError:
        self._merging.afresh()
        return UserError(
            f"The store of your outlines, {self.file}, was removed or replaced while the program ran.",
            "What is open here is kept anew.",
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
    """Return which file has this name, or None where there is none."""
    try:
        told = file.stat()
    except OSError:
        return None
    return told.st_dev, told.st_ino
