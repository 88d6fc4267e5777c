"""What is waiting to be kept, and the one who writes it: the newest wins for each lesion, and nobody waits for the disk.

Who draws calls `keep`, which only puts a lesion in the queue; `write`, called in a worker, empties it into the store.
What cannot be written stays in the queue, and `find` looks there first: for the running program it is never lost.
"""

import logging
import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from threading import Lock
from typing import TypeVar

from csamoe_desktop.errors import UserError
from csamoe_desktop.lesion.calipers import Caliper
from csamoe_desktop.report.examination import Examination
from csamoe_desktop.store import database, rescue, sums
from csamoe_desktop.store.calipers import get_calipers
from csamoe_desktop.store.earlier import EarlierOutline, earlier_outlines
from csamoe_desktop.store.examinations import get_examination
from csamoe_desktop.store.lesions import KeptLesion, LesionKey, get, numbers
from csamoe_desktop.store.merging import Merged, Merging
from csamoe_desktop.store.presence import Presence, Window

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
        self._suspect = False
        """Whether the store is to be looked through by the next `write`."""
        self._spoilt: list[UserError] = []
        self._prepared = False
        self._merging = Merging()
        self._presence = Presence(file)
        self._entered = False

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
        met = self._damaged is not None or self._afresh is not None or self._suspect
        return met or bool(self._queue or self._measured or self._examinations)

    def find(self, key: LesionKey) -> KeptLesion | None:
        """Return what was kept last under `key`, or None.

        Raises:
            UserError: the store cannot be read, or not this row.
        """
        with self._guard:
            if key in self._queue:
                return self._queue[key]
        found = self._read(lambda connection: get(connection, key), None, "outline")
        if found is None:
            return None
        kept, edition = found
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
        found = self._read(lambda connection: get_calipers(connection, image, frame), none, "caliper")
        return self._merging.saw_calipers((image, frame), found)

    def find_examination(self, key: str) -> Examination:
        """Return what was last said of an examination.

        Raises:
            UserError: the store cannot be read.
        """
        with self._guard:
            if key in self._examinations:
                return self._examinations[key]
        found = self._read(lambda connection: get_examination(connection, key), Examination(), "text")
        return self._merging.saw_examination(key, found)

    def earlier(self, image: str, frame: int) -> list[EarlierOutline]:
        """Return the outlines of an image that had to make way for others, the newest first.

        Raises:
            UserError: the store cannot be read.
        """
        none: list[EarlierOutline] = []
        return self._read(lambda connection: earlier_outlines(connection, image, frame), none)

    def uses(self, image: str, frame: int, number: int) -> None:
        """Note the highest number that a lesion has in this window: none that another window brings gets it."""
        self._merging.uses((image, frame), number)

    @property
    def was_merged(self) -> bool:
        """Whether `merged` has anything to tell."""
        return self._merging.waits

    def merged(self) -> Merged:
        """Return what other windows' work has changed in this one's since the last call; the thread that calls `keep` calls
        this too, and has it so from then on."""
        with self._guard:
            told = self._merging.take()
            for old, new in told.moved.items():
                if old in self._queue:
                    self._queue[new] = self._queue.pop(old)
                self._editions[new] = self._editions.pop(old, None)
        return told

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
        which = _identity(self.file)
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

    def write(self) -> UserError | None:
        """Write all that waits.

        A damaged file is set aside, what can still be read of it taken over, and a fresh one begun.

        Returns:
            What the user is told where another file than before is written to now: what is in memory, also if it was
            written long ago, is to be kept anew then. Else None.

        Raises:
            UserError: it cannot be written; it all goes on waiting.
        """
        with self._writing:
            try:
                if self._damaged is not None:
                    self._afresh = self._begin_afresh(*self._damaged)
                elif self._gone():
                    self._afresh = self._replaced()
                try:
                    self._look_through_if_suspect()
                    self._write_all()
                except sqlite3.Error as problem:
                    if not database.damaged(problem):
                        raise
                    self._afresh = self._begin_afresh(self._which())
                    self._write_all()
            except (OSError, sqlite3.Error) as problem:
                self._stop_writing()
                raise database.refusal(self.file, problem) from problem
            told, self._afresh = self._afresh, None
        return told

    def close(self) -> None:
        """Let go of the file. What still waits is not written: call `write` before."""
        with self._writing, self._reading:
            self._stop_reading()
            self._stop_writing()
            if self._entered:
                self._presence.leave()
                self._entered = False

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
        return _identity(self.file) if self._writer is None else self._written_to

    def _read(self, ask: Callable[[sqlite3.Connection], _T], nothing: _T, what: str = "outline") -> _T:
        """Return what `ask` finds in the store; `nothing` where there is none, or it is damaged, which `write` tells.

        Raises:
            UserError: it cannot be read, or `ask` met a spoilt row.
        """
        self._prepare()
        with self._reading:
            try:
                if self._reader is None:
                    self._reader = database.open_to_read(self.file, _WAIT_TO_READ)
                    self._read_from = _identity(self.file)
                return nothing if self._reader is None else ask(self._reader)
            except ValueError as problem:
                self._suspect = True
                raise UserError(
                    f"The {what} kept for this image is damaged and cannot be shown.",
                    "Draw or write it again; the damaged one stays in the store.",
                ) from problem
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
            if not self._entered and self.file.parent.is_dir():
                self._suspect = self._presence.enter() or self._suspect
                self._entered = True
            self._writer = database.open_to_write(self.file, _WAIT_TO_WRITE)
            self._written_to = _identity(self.file)
            self._prepared = True
        return self._writer

    def _write_all(self) -> None:
        connection = self._connection()
        while True:
            with self._guard:
                batch, seen, measured = dict(self._queue), dict(self._editions), dict(self._measured)
                examinations = dict(self._examinations)
            if not (batch or measured or examinations):
                return
            connection.execute("BEGIN IMMEDIATE")
            self._merging.begin()
            try:
                editions = {key: self._merging.put(connection, key, kept, seen.get(key)) for key, kept in batch.items()}
                for (image, frame), calipers in measured.items():
                    self._merging.put_calipers(connection, image, frame, calipers)
                for name, examination in examinations.items():
                    self._merging.put_examination(connection, name, examination)
                connection.execute("COMMIT")
                self._merging.committed()
            except BaseException:
                with suppress(sqlite3.Error):
                    connection.execute("ROLLBACK")
                raise
            with self._guard:
                self._editions |= editions
                for key, kept in batch.items():
                    # Where a newer one came meanwhile, that goes on waiting.
                    if self._queue.get(key) is kept:
                        del self._queue[key]
                for place, calipers in measured.items():
                    if self._measured.get(place) is calipers:
                        del self._measured[place]
                for name, examination in examinations.items():
                    if self._examinations.get(name) is examination:
                        del self._examinations[name]

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
        why = database.wrong_with(self.file)
        try:
            aside = rescue.set_aside(self.file)
            rescued = rescue.take_over(aside, self._connection())
        except (OSError, sqlite3.Error) as second:
            self._stop_writing()
            self._damaged = (_identity(self.file),)
            raise database.refusal(self.file, second) from second
        self._suspect = False
        self._merging.afresh()
        what = f"could not be used: it {why}" if why else "was damaged"
        return UserError(
            f"The store of your outlines {what}. It was set aside as {aside.name}, and a fresh one was begun.",
            f"{rescued.words()} What is open here is kept anew. What was set aside is in {aside.parent}.",
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


def _identity(file: Path) -> _Identity | None:
    """Return which file has this name, or None where there is none."""
    try:
        told = file.stat()
    except OSError:
        return None
    return told.st_dev, told.st_ino
