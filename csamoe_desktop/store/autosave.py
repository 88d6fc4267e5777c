"""The queue of unsaved work in front of the store: the newest state of each lesion wins, and drawing never waits for the disk.

`keep` only puts a lesion in the queue; `write`, called in a worker, writes the queue to the store. What cannot be written
stays in the queue, and `find` looks there first, so that the running program never loses it.
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
from csamoe_desktop.store.rows import Row, RowsLeft, not_stored, write_rows


class Autosave(OpenStore):
    """The queue in front of the store in `file`; thread-safe."""

    def __init__(self, file: Path) -> None:
        self._queue: dict[LesionKey, StoredLesion] = {}
        self._editions: dict[LesionKey, str | None] = {}
        """The edition of each lesion that this program last read or wrote."""
        self._measured: dict[tuple[str, int], tuple[Caliper, ...]] = {}
        """The calipers waiting to be written, by image and frame."""
        self._examinations: dict[str, Examination] = {}
        """The examination texts waiting to be written, by key."""
        self._guard = Lock()
        """Guards the four above and is held only briefly; the two locks of `OpenStore` are taken before it, in this order."""
        super().__init__(file)

    def keep(self, key: LesionKey, kept: StoredLesion) -> None:
        """Put a lesion in the queue, replacing an older state there."""
        with self._guard:
            self._queue[key] = kept

    def keep_calipers(self, image: str, frame: int, calipers: tuple[Caliper, ...]) -> None:
        """Put the calipers of an image in the queue, replacing an older state there."""
        with self._guard:
            self._measured[image, frame] = calipers

    def keep_examination(self, key: str, examination: Examination) -> None:
        """Put an examination's texts in the queue, replacing an older state there."""
        with self._guard:
            self._examinations[key] = examination

    @property
    def waiting(self) -> tuple[StoredLesion, ...]:
        """The lesions that are not stored yet."""
        with self._guard:
            return tuple(self._queue.values())

    @property
    def waiting_notes(self) -> int:
        """The number of unsaved notes: lesions with a comment or description, images with calipers, examinations with
        texts."""
        with self._guard:
            described = sum(bool(kept.comment.strip()) or kept.described for kept in self._queue.values())
            measured = sum(bool(calipers) for calipers in self._measured.values())
            return described + measured + sum(texts.given for texts in self._examinations.values())

    @property
    def work_to_do(self) -> bool:
        """Whether `write` must be called: something waits, or reading found damage."""
        return self.needs_attention or bool(self._queue or self._measured or self._examinations)

    def find(self, key: LesionKey) -> StoredLesion | None:
        """Return the latest state of the lesion `key`, or None.

        Raises:
            UserError: the store, or this row, cannot be read.
        """
        with self._guard:
            if key in self._queue:
                return self._queue[key]
        stored = self._read(lambda connection: get(connection, key), None)
        if stored is None:
            return None
        kept, edition = lesion_unescaped(stored[0]), stored[1]
        with self._guard:
            self._editions[key] = edition
        return kept

    def numbers(self, image: str, frame: int) -> tuple[tuple[int, ...], int]:
        """Return the numbers of the stored lesions of an image, and the highest number ever used there, or 0.

        Raises:
            UserError: the store cannot be read.
        """
        none: tuple[tuple[int, ...], int] = ((), 0)
        stored, last = self._read(lambda connection: numbers(connection, image, frame), none)
        with self._guard:
            waiting = [key.lesion for key in self._queue if (key.image, key.frame) == (image, frame)]
        all_numbers = tuple(sorted({*stored, *waiting}))
        return all_numbers, max((last, *all_numbers))

    def find_calipers(self, image: str, frame: int) -> tuple[Caliper, ...]:
        """Return the stored calipers of an image, number 1 first.

        Raises:
            UserError: the store cannot be read.
        """
        with self._guard:
            if (image, frame) in self._measured:
                return self._measured[image, frame]
        none: tuple[Caliper, ...] = ()
        calipers = self._read(
            lambda connection: get_calipers(connection, image, frame), none, "set of calipers stored for this image"
        )
        return self._merging.saw_calipers((image, frame), calipers)

    def find_examination(self, key: str) -> Examination:
        """Return the latest texts of an examination.

        Raises:
            UserError: the store cannot be read.
        """
        with self._guard:
            if key in self._examinations:
                return self._examinations[key]
        examination = self._read(
            lambda connection: get_examination(connection, key), Examination(), "text stored for this examination"
        )
        return self._merging.saw_examination(key, examination)

    def earlier(self, image: str, frame: int) -> list[EarlierOutline]:
        """Return the replaced outlines of an image, newest first.

        Raises:
            UserError: the store cannot be read.
        """
        none: list[EarlierOutline] = []
        outlines = self._read(lambda connection: earlier_outlines(connection, image, frame), none)
        return [dataclasses.replace(outline, kept=lesion_unescaped(outline.kept)) for outline in outlines]

    def uses(self, image: str, frame: int, number: int) -> None:
        """Record a lesion number that this window uses, so that a lesion from another window does not get it."""
        self._merging.uses((image, frame), number)

    @property
    def was_merged(self) -> bool:
        """Whether `merged` has anything to return."""
        return self._merging.waits

    def merged(self) -> Merged:
        """Return how other windows have changed this window's work since the last call.

        Call it in the thread that calls `keep`; the changes count as known to this window from then on.
        """
        with self._guard:
            changes = self._merging.take()
            for old, new in changes.moved.items():
                if old in self._queue:
                    self._queue[new] = self._queue.pop(old)
                self._editions[new] = self._editions.pop(old, None)
        return changes

    def write(self) -> UserError | None:
        """Write everything that waits.

        A damaged file is set aside, what can still be read is recovered, and a new store is created.

        Returns:
            The message for the user if a new file is written to now, else None. After such a message everything in memory
            must be passed to `keep` again, even if it was written before.

        Raises:
            UserError: something could not be written, for whatever reason; it keeps waiting.
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
                # Any other fault: report it and try again.
                self._stop_writing()
                raise not_stored(problem) from problem
            message, self._afresh = self._afresh, None
        return message

    def _write_all(self) -> None:
        """Write everything that waits, row by row.

        Raises:
            OSError, sqlite3.Error: the file cannot be written; everything keeps waiting.
            RowsLeft: some rows could not be written and keep waiting; the others are written.
        """
        connection = self._connection()
        left: dict[object, object] = {}
        while True:
            with self._guard:
                # Retry a failed row now only if a newer value has replaced it.
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
        """Return what waits as rows to write."""
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
                Row(self._examinations, name, texts, partial(_put_examination, merging, name, texts))
                for name, texts in self._examinations.items()
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


def _put_examination(merging: Merging, name: str, texts: Examination, connection: sqlite3.Connection) -> None:
    merging.put_examination(connection, name, texts)
