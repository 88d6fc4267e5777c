"""What is waiting to be kept, and the one who writes it: the newest wins for each lesion, and nobody waits for the disk.

Who draws calls `keep`, which only puts a lesion in the queue; `write`, called in a worker, empties it into the store.
What cannot be written stays in the queue, and `find` looks there first: for the running program it is never lost.
"""

import logging
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from threading import Lock
from typing import TypeVar

from csamoe_desktop.errors import UserError
from csamoe_desktop.lesion.calipers import Caliper
from csamoe_desktop.report.examination import Examination
from csamoe_desktop.store import database
from csamoe_desktop.store.calipers import get_calipers, put_calipers
from csamoe_desktop.store.escaped import lesion_escaped, lesion_unescaped
from csamoe_desktop.store.examinations import get_examination, put_examination
from csamoe_desktop.store.lesions import KeptLesion, LesionKey, get, numbers, put
from csamoe_desktop.store.rows import Row, RowsLeft, not_kept, write_rows

_log = logging.getLogger(__name__)

_T = TypeVar("_T")

_Identity = tuple[int, int]
"""Device and inode: what tells a file from another that has its name now."""

_WAIT_TO_WRITE, _WAIT_TO_READ = 2.0, 0.2
"""Seconds for another program's lock."""


class Autosave:
    """The queue in front of the store in `file`, for any thread."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self._queue: dict[LesionKey, KeptLesion] = {}
        self._editions: dict[LesionKey, str | None] = {}
        """Those this program has read or written last."""
        self._measured: dict[tuple[str, int], tuple[Caliper, ...]] = {}
        """The calipers that wait, by image and frame."""
        self._examinations: dict[str, Examination] = {}
        """What waits of what was said of examinations, by their keys."""
        self._guard = Lock()
        """Of the four above; held for a moment only. The two below are taken before it, in this order."""
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
        self._prepared = False

    def keep(self, key: LesionKey, kept: KeptLesion) -> None:
        """Put a lesion in the queue, in the place of an older one there."""
        with self._guard:
            self._queue[key] = kept

    def keep_calipers(self, image: str, frame: int, calipers: tuple[Caliper, ...]) -> None:
        """Put the calipers of an image in the queue, in the place of those there."""
        with self._guard:
            self._measured[image, frame] = calipers

    def keep_examination(self, key: str, examination: Examination) -> None:
        """Put what is said of an examination in the queue, in the place of what is there."""
        with self._guard:
            self._examinations[key] = examination

    @property
    def waiting(self) -> tuple[KeptLesion, ...]:
        """The lesions that are not in the store yet."""
        with self._guard:
            return tuple(self._queue.values())

    @property
    def waiting_notes(self) -> int:
        """How many lesions, images and examinations there are of which something is said, or measured, that is not in the
        store yet."""
        with self._guard:
            said = sum(bool(kept.comment.strip()) or kept.described for kept in self._queue.values())
            measured = sum(bool(calipers) for calipers in self._measured.values())
            return said + measured + sum(one.given for one in self._examinations.values())

    @property
    def work_to_do(self) -> bool:
        """Whether `write` is to be called: something waits, or damage was met in reading."""
        return self._damaged is not None or bool(self._queue or self._measured or self._examinations)

    def find(self, key: LesionKey) -> KeptLesion | None:
        """Return what was kept last under `key`, or None.

        Raises:
            UserError: the store cannot be read, or not this row.
        """
        with self._guard:
            if key in self._queue:
                return self._queue[key]
        try:
            found = self._read(lambda connection: get(connection, key), None)
        except ValueError as problem:
            raise UserError(
                "The outline kept for this image is damaged and cannot be shown.",
                "Draw it again; the damaged one stays in the store.",
            ) from problem
        if found is None:
            return None
        kept, edition = lesion_unescaped(found[0]), found[1]
        with self._guard:
            self._editions[key] = edition
        return kept

    def numbers(self, image: str, frame: int) -> tuple[tuple[int, ...], int]:
        """Return the numbers of the lesions kept of an image, and the highest one ever used there, or 0.

        Raises:
            UserError: the store cannot be read.
        """
        none: tuple[tuple[int, ...], int] = ((), 0)
        there, last = self._read(lambda connection: numbers(connection, image, frame), none)
        with self._guard:
            waiting = [key.lesion for key in self._queue if (key.image, key.frame) == (image, frame)]
        found = tuple(sorted({*there, *waiting}))
        return found, max((last, *found))

    def find_calipers(self, image: str, frame: int) -> tuple[Caliper, ...]:
        """Return the calipers kept of an image, number 1 first.

        Raises:
            UserError: the store cannot be read.
        """
        with self._guard:
            if (image, frame) in self._measured:
                return self._measured[image, frame]
        none: tuple[Caliper, ...] = ()
        return self._read(lambda connection: get_calipers(connection, image, frame), none)

    def find_examination(self, key: str) -> Examination:
        """Return what was last said of an examination.

        Raises:
            UserError: the store cannot be read.
        """
        with self._guard:
            if key in self._examinations:
                return self._examinations[key]
        return self._read(lambda connection: get_examination(connection, key), Examination())

    def write(self) -> UserError | None:
        """Write all that waits.

        A damaged file is set aside, what can still be read of it taken over, and a fresh one begun.

        Returns:
            What the user is told where another file than before is written to now: what is in memory, also if it was
            written long ago, is to be kept anew then. Else None.

        Raises:
            UserError: it, or a part of it, cannot be written, for whatever reason; what cannot goes on waiting.
        """
        with self._writing:
            try:
                if self._damaged is not None:
                    self._afresh = self._begin_afresh(*self._damaged)
                elif self._gone():
                    self._afresh = self._replaced()
                try:
                    self._write_all()
                except sqlite3.Error as problem:
                    if not database.damaged(problem):
                        raise
                    self._afresh = self._begin_afresh(
                        _identity(self.file) if self._writer is None else self._written_to
                    )
                    self._write_all()
            except (OSError, sqlite3.Error) as problem:
                self._stop_writing()
                raise database.refusal(self.file, problem) from problem
            except UserError:
                raise
            except Exception as problem:
                # Whatever it is, it is not kept: that is said, and tried again.
                self._stop_writing()
                raise not_kept(problem) from problem
            told, self._afresh = self._afresh, None
        return told

    def close(self) -> None:
        """Let go of the file. What still waits is not written: call `write` before."""
        with self._writing, self._reading:
            self._stop_reading()
            self._stop_writing()

    def _prepare(self) -> None:
        """Wait until the file was opened once, and so has the schema that is read; why it cannot be, `write` says."""
        if self._prepared:
            return
        with self._writing, suppress(OSError, sqlite3.Error, UserError):
            self._connection()
        self._prepared = True

    def _read(self, ask: Callable[[sqlite3.Connection], _T], nothing: _T) -> _T:
        """Return what `ask` finds in the store; `nothing` where there is none, or it is damaged, which `write` tells.

        Raises:
            UserError: it cannot be read.
            ValueError: `ask` met a spoilt row.
        """
        self._prepare()
        with self._reading:
            try:
                if self._reader is None:
                    self._reader = database.open_to_read(self.file, _WAIT_TO_READ)
                    self._read_from = _identity(self.file)
                return nothing if self._reader is None else ask(self._reader)
            except (OSError, sqlite3.Error) as problem:
                which = _identity(self.file) if self._reader is None else self._read_from
                self._stop_reading()
                if database.damaged(problem):
                    # `write` sets it aside, and tells.
                    self._damaged = (which,)
                    return nothing
                raise database.refusal(self.file, problem) from problem

    def _connection(self) -> sqlite3.Connection:
        if self._writer is None:
            self._writer = database.open_to_write(self.file, _WAIT_TO_WRITE)
            self._written_to = _identity(self.file)
            self._prepared = True
        return self._writer

    def _write_all(self) -> None:
        """Write what waits, each row by itself.

        Raises:
            OSError, sqlite3.Error: the file cannot be written; all of it goes on waiting.
            RowsLeft: some rows could not be written, and go on waiting; the others are.
        """
        connection = self._connection()
        left: dict[object, object] = {}
        while True:
            with self._guard:
                # One that failed is tried again now only if something newer has taken its place.
                rows = [row for row in self._rows() if left.get(row.place) is not row.value]
            if not rows:
                break
            written, refused = write_rows(connection, rows)
            left |= {row.place: row.value for row in refused}
            with self._guard:
                for row, edition in written.items():
                    left.pop(row.place, None)
                    if isinstance(row.place, LesionKey):
                        self._editions[row.place] = None if edition is None else str(edition)
                    row.done()
        if left:
            raise RowsLeft(len(left))

    def _rows(self) -> list[Row]:
        """Return what waits, row by row."""
        return [
            *(
                Row(self._queue, key, kept, partial(_put_lesion, key, kept, self._editions.get(key)))
                for key, kept in self._queue.items()
            ),
            *(
                Row(self._measured, place, calipers, partial(_put_calipers, place, calipers))
                for place, calipers in self._measured.items()
            ),
            *(
                Row(self._examinations, name, said, partial(_put_examination, name, said))
                for name, said in self._examinations.items()
            ),
        ]

    def _gone(self) -> bool:
        """Let go of a file that is no longer the one under this name; return whether it was so.

        On most systems a file can be removed, or set aside by a second window, while it is open, and one would write on
        into what no name leads to.
        """
        if self._written_to is None or self._written_to == _identity(self.file):
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
        if which != _identity(self.file):
            # A second window has done so already.
            return self._replaced()
        _log.error("the store is damaged and is set aside")
        try:
            aside = database.set_aside(self.file)
            saved = database.save_readable(aside, self._connection())
        except (OSError, sqlite3.Error) as second:
            self._stop_writing()
            self._damaged = (_identity(self.file),)
            raise database.refusal(self.file, second) from second
        return UserError(
            f"The store of your outlines was damaged. It was set aside as {aside.name}, and a fresh one was begun.",
            f"{saved} kept outlines and comments could be taken over; what is open here is kept anew. "
            f"The damaged file is in {aside.parent}.",
        )

    def _replaced(self) -> UserError:
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


def _put_lesion(key: LesionKey, kept: KeptLesion, seen: str | None, connection: sqlite3.Connection) -> str | None:
    return put(connection, key, lesion_escaped(kept), seen)


def _put_calipers(place: tuple[str, int], calipers: tuple[Caliper, ...], connection: sqlite3.Connection) -> None:
    put_calipers(connection, *place, calipers)


def _put_examination(name: str, said: Examination, connection: sqlite3.Connection) -> None:
    put_examination(connection, name, said)


def _identity(file: Path) -> _Identity | None:
    """Return which file has this name, or None where there is none."""
    try:
        told = file.stat()
    except OSError:
        return None
    return told.st_dev, told.st_ino
