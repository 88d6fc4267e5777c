"""The reads in the store: own read, AI reading and final read of a lesion, a row a sitting; and pathology, when it is known.

No name, number or date of a patient is in a row: a lesion is known by the hash of its image alone.
"""

import json
import logging
import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from threading import Lock

from csamoe_desktop.assessment import Category
from csamoe_desktop.errors import UserError
from csamoe_desktop.report.own_read import OwnRead, ReadRecord, own_read_from
from csamoe_desktop.store import database, sums
from csamoe_desktop.store.lesions import LesionKey

_log = logging.getLogger(__name__)

_WAIT_TO_WRITE, _WAIT_TO_READ = 2.0, 0.5
"""Seconds for another program's lock."""

_COLUMNS = (
    "sitting, image, frame, lesion, begun, asked, skipped, first, first_seconds, category, probability, ai_seconds, "
    "model, weights_sha256, mask_sha256, final, final_seconds, guard"
)


class Pathology(StrEnum):
    """What was found out of a lesion in the end."""

    UNKNOWN = ""
    BENIGN = "benign"
    MALIGNANT = "malignant"


@dataclass(frozen=True, slots=True)
class AIReading:
    """The AI's reading in a row: of which model, and of which outline (the hash of its pixels)."""

    category: Category
    probability: float
    model: str
    weights_sha256: str
    mask_sha256: str
    guard: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Sitting:
    """A reader's sitting with one lesion.

    Attributes:
        sitting: what tells it from any other; a later state of the same sitting takes the row's place.
        key: which lesion.
        begun: when, in ISO 8601, to the second, UTC.
        record: first and final read, whether they were asked for, and the times.
        ai: the AI's reading; None where there was none.
        pathology: what was found out of the lesion; read only, `set_pathology` writes it.
    """

    sitting: str
    key: LesionKey
    begun: str
    record: ReadRecord
    ai: AIReading | None
    pathology: Pathology = Pathology.UNKNOWN


class Reads:
    """The rows in the store's `file`, and what waits to be written there; for any thread."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self._queue: dict[str, Sitting] = {}
        self._guard = Lock()
        self._writing = Lock()

    def keep(self, sitting: Sitting) -> None:
        """Put a row in the queue, in the place of an older state of the same sitting there; `write` empties it."""
        with self._guard:
            self._queue[sitting.sitting] = sitting

    @property
    def work_to_do(self) -> bool:
        """Whether rows wait."""
        with self._guard:
            return bool(self._queue)

    def write(self) -> None:
        """Write what waits.

        Raises:
            UserError: it cannot be written; it goes on waiting.
        """
        with self._writing:
            with self._guard:
                batch = dict(self._queue)
            if not batch:
                return
            rows = [dict(zip(_COLUMNS.split(", "), _row(sitting), strict=True)) for sitting in batch.values()]

            def put(connection: sqlite3.Connection) -> None:
                for row in rows:
                    sums.insert(connection, "reading", row)

            self._write(put, database.KEEP_READS)
            with self._guard:
                for name, sitting in batch.items():
                    # Where a newer state came meanwhile, that goes on waiting.
                    if self._queue.get(name) is sitting:
                        del self._queue[name]

    def set_pathology(self, key: LesionKey, found: Pathology) -> None:
        """Write what was found out of a lesion; it holds for every sitting with it.

        Raises:
            UserError: it cannot be written.
        """
        where = {"image": key.image, "frame": key.frame, "lesion": key.lesion}

        def put(connection: sqlite3.Connection) -> None:
            if found is Pathology.UNKNOWN:
                statement = "DELETE FROM pathology WHERE image = ? AND frame = ? AND lesion = ?"
                connection.execute(statement, tuple(where.values()))
            else:
                sums.insert(connection, "pathology", {**where, "found": found.value})

        with self._writing:
            self._write(put, database.KEEP_PATHOLOGY)

    def all(self) -> list[Sitting]:
        """Return every sitting, those that wait too, the newest first; a spoilt row is left out and logged.

        Raises:
            UserError: the store cannot be read.
        """
        found: dict[str, Sitting] = {}
        pathology: dict[LesionKey, Pathology] = {}
        try:
            connection = database.open_to_read(self.file, _WAIT_TO_READ)
            if connection is not None:
                with closing(connection):
                    known, spoilt = sums.select(connection, "pathology", "NOT INDEXED")
                    for one in known:
                        with suppress(ValueError):
                            key = LesionKey(str(one["image"]), int(str(one["frame"])), int(str(one["lesion"])))
                            pathology[key] = Pathology(str(one["found"]))
                    rows, others = sums.select(connection, "reading", "NOT INDEXED")
                    if spoilt or others:
                        # They are counted, and set aside, where the store is looked through.
                        _log.warning("%d rows are not as they were written and are left out", spoilt + others)
                    for row in ([one[name] for name in _COLUMNS.split(", ")] for one in rows):
                        try:
                            found[str(row[0])] = _sitting(tuple(row), pathology)
                        except (ValueError, TypeError, UserError) as problem:
                            _log.warning("a kept read is left out: %s", problem)
        except (OSError, sqlite3.Error) as problem:
            raise database.refusal(self.file, problem, database.SHOW_READS) from problem
        with self._guard:
            waiting = list(self._queue.values())
        for sitting in waiting:
            found[sitting.sitting] = _with_pathology(sitting, pathology)
        return sorted(found.values(), key=lambda one: (one.begun, one.sitting), reverse=True)

    def _write(self, put: Callable[[sqlite3.Connection], object], wanted: database.Wanted) -> None:
        """Do what `put` does in one transaction, on a connection of its own: a file that was set aside or replaced
        meanwhile is thus never written to."""
        try:
            with closing(database.open_to_write(self.file, _WAIT_TO_WRITE)) as connection:
                connection.execute("BEGIN IMMEDIATE")
                put(connection)
                connection.execute("COMMIT")
        except (OSError, sqlite3.Error) as problem:
            raise database.refusal(self.file, problem, wanted) from problem


def _row(sitting: Sitting) -> tuple[object, ...]:
    record, ai = sitting.record, sitting.ai
    return (
        sitting.sitting, sitting.key.image, sitting.key.frame, sitting.key.lesion, sitting.begun,
        int(record.asked), int(record.skipped), _told(record.first), record.first_seconds,
        ai.category.value if ai else None, ai.probability if ai else None, record.ai_seconds,
        ai.model if ai else None, ai.weights_sha256 if ai else None, ai.mask_sha256 if ai else None,
        None if record.final.untouched else _told(record.final), record.final_seconds,
        json.dumps(list(ai.guard) if ai else [], ensure_ascii=False),
    )  # fmt: skip


def _sitting(row: tuple[object, ...], pathology: dict[LesionKey, Pathology]) -> Sitting:
    (sitting, image, frame, lesion, begun, asked, skipped, first, first_seconds, category, probability, ai_seconds,
     model, weights, mask, final, final_seconds, guard) = row  # fmt: skip
    key = LesionKey(str(image), int(str(frame)), int(str(lesion)))
    ai = None
    if category is not None:
        share, said = _number(probability), tuple(map(str, json.loads(str(guard))))
        if share is None or not 0 <= share <= 1:
            raise ValueError(f"a probability of {probability!r}")
        ai = AIReading(Category(str(category)), share, str(model), str(weights), str(mask), said)
    record = ReadRecord(
        first=_read(first),
        final=_read(final) or OwnRead(),
        asked=bool(asked),
        skipped=bool(skipped),
        first_seconds=_number(first_seconds),
        ai_seconds=_number(ai_seconds),
        final_seconds=_number(final_seconds),
    )
    return _with_pathology(Sitting(str(sitting), key, str(begun), record, ai), pathology)


def _with_pathology(sitting: Sitting, pathology: dict[LesionKey, Pathology]) -> Sitting:
    found = pathology.get(sitting.key, Pathology.UNKNOWN)
    return Sitting(sitting.sitting, sitting.key, sitting.begun, sitting.record, sitting.ai, found)


def _told(read: OwnRead | None) -> str | None:
    return None if read is None else json.dumps(read.to_dict(), ensure_ascii=False)


def _read(told: object) -> OwnRead | None:
    return None if told is None else own_read_from(json.loads(str(told)))


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None
