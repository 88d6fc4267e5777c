"""What is waiting to be kept, and the one who writes it: the newest wins for each lesion, and nobody waits for the disk.

Who draws calls `keep`, which only puts a lesion in the queue; `write`, called in a worker, empties it into the store.
What cannot be written stays in the queue, and `find` looks there first: for the running program it is never lost.
"""

import dataclasses
import sqlite3
from functools import partial
from pathlib import Path
from threading import Lock

from csamoe_desktop.errors import UserError
from csamoe_desktop.lesion.calipers import Caliper
from csamoe_desktop.reader.examination import Examination
from csamoe_desktop.store import database
from csamoe_desktop.store.calipers import get_calipers
from csamoe_desktop.store.earlier import EarlierOutline, earlier_outlines
from csamoe_desktop.store.escaped import lesion_escaped, lesion_unescaped
from csamoe_desktop.store.examinations import get_examination
from csamoe_desktop.store.lesions import LesionKey, StoredLesion, get, numbers
from csamoe_desktop.store.merging import Merged, Merging
from csamoe_desktop.store.open_store import OpenStore
from csamoe_desktop.store.rows import Row, RowsLeft, not_kept, write_rows


class Autosave(OpenStore):
    """The queue in front of the store in `file`, for any thread."""

    def __init__(self, file: Path) -> None:
        self._queue: dict[LesionKey, StoredLesion] = {}
        self._editions: dict[LesionKey, str | None] = {}
        """Those this program has read or written last."""
        self._measured: dict[tuple[str, int], tuple[Caliper, ...]] = {}
        """The calipers that wait, by image and frame."""
        self._examinations: dict[str, Examination] = {}
        """What waits of what was said of examinations, by their keys."""
        self._guard = Lock()
        """Of the four above; held for a moment only. The two of `OpenStore` are taken before it, in this order."""
        super().__init__(file)

    def keep(self, key: LesionKey, kept: StoredLesion) -> None:
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
    def waiting(self) -> tuple[StoredLesion, ...]:
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
        return self.unwell or bool(self._queue or self._measured or self._examinations)

    def find(self, key: LesionKey) -> StoredLesion | None:
        """Return what was kept last under `key`, or None.

        Raises:
            UserError: the store cannot be read, or not this row.
        """
        with self._guard:
            if key in self._queue:
                return self._queue[key]
        found = self._read(lambda connection: get(connection, key), None)
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
        found = self._read(
            lambda connection: get_calipers(connection, image, frame), none, "row of calipers kept for this image"
        )
        return self._merging.saw_calipers((image, frame), found)

    def find_examination(self, key: str) -> Examination:
        """Return what was last said of an examination.

        Raises:
            UserError: the store cannot be read.
        """
        with self._guard:
            if key in self._examinations:
                return self._examinations[key]
        found = self._read(
            lambda connection: get_examination(connection, key), Examination(), "text kept of this examination"
        )
        return self._merging.saw_examination(key, found)

    def earlier(self, image: str, frame: int) -> list[EarlierOutline]:
        """Return the outlines of an image that had to make way for others, the newest first.

        Raises:
            UserError: the store cannot be read.
        """
        none: list[EarlierOutline] = []
        found = self._read(lambda connection: earlier_outlines(connection, image, frame), none)
        return [dataclasses.replace(one, kept=lesion_unescaped(one.kept)) for one in found]

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
            except UserError:
                raise
            except Exception as problem:
                # Whatever it is, it is not kept: that is said, and tried again.
                self._stop_writing()
                raise not_kept(problem) from problem
            told, self._afresh = self._afresh, None
        return told

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
            self._merging.begin()
            written, refused = write_rows(connection, rows)
            self._merging.committed()
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
        merging = self._merging
        return [
            *(
                Row(self._queue, key, kept, partial(_put_lesion, merging, key, kept, self._editions.get(key)))
                for key, kept in self._queue.items()
            ),
            *(
                Row(self._measured, place, calipers, partial(_put_calipers, merging, place, calipers))
                for place, calipers in self._measured.items()
            ),
            *(
                Row(self._examinations, name, said, partial(_put_examination, merging, name, said))
                for name, said in self._examinations.items()
            ),
        ]


def _put_lesion(
    merging: Merging, key: LesionKey, kept: StoredLesion, seen: str | None, connection: sqlite3.Connection
) -> str | None:
    return merging.put(connection, key, lesion_escaped(kept), seen)


def _put_calipers(
    merging: Merging, place: tuple[str, int], calipers: tuple[Caliper, ...], connection: sqlite3.Connection
) -> None:
    merging.put_calipers(connection, *place, calipers)


def _put_examination(merging: Merging, name: str, said: Examination, connection: sqlite3.Connection) -> None:
    merging.put_examination(connection, name, said)
