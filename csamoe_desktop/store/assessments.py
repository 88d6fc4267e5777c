"""The reads in the store: own read, AI reading and final read of a lesion, a row a sitting; and pathology, when it is known.

No name, number or date of a patient is in a row: a lesion is known by the hash of its image alone.
"""

import dataclasses
import json
import logging
import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from threading import Lock

from csamoe_desktop.assess import Category
from csamoe_desktop.errors import UserError
from csamoe_desktop.names import lossless_json
from csamoe_desktop.reader.assessment import Assessment, AssessmentRecord, assessment_from
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
class StoredResult:
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
        identity: what the views of one lesion have in common (`Description.identity`); "" where it is not known. It is the
            lesion's, not the row's: two outlines may be linked long after they were read.
    """

    sitting: str
    key: LesionKey
    begun: str
    record: AssessmentRecord
    ai: StoredResult | None
    pathology: Pathology = Pathology.UNKNOWN
    identity: str = ""

    @property
    def lesion(self) -> str | LesionKey:
        """What tells the lesion from any other, in whichever view."""
        return self.identity or self.key


class AssessmentStore:
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

    @property
    def waiting(self) -> int:
        """How many rows are not in the store yet."""
        with self._guard:
            return len(self._queue)

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
            rows, problem = _rows(batch)

            def put(connection: sqlite3.Connection) -> None:
                for row in rows.values():
                    sums.insert(connection, "reading", _with_ai_reading(connection, row))

            if rows:
                self._write(put, database.KEEP_READS)
            with self._guard:
                for name in rows:
                    # Where a newer state came meanwhile, that goes on waiting.
                    if self._queue.get(name) is batch[name]:
                        del self._queue[name]
            if problem is not None:
                raise UserError(
                    f"{len(batch) - len(rows)} of your reads could not be stored: something went wrong inside the program.",
                    "The others are. They are tried again with the next.",
                ) from problem

    def set_pathology(self, key: LesionKey, found: Pathology) -> None:
        """Write what was found out of a lesion; it holds for every sitting with it, in whichever view.

        Raises:
            UserError: it cannot be written.
        """
        keys = {key}
        with suppress(UserError):
            kept = self.all()
            lesion = next((one.lesion for one in kept if one.key == key), key)
            keys |= {one.key for one in kept if one.lesion == lesion}

        def put(connection: sqlite3.Connection) -> None:
            for one in keys:
                where = {"image": one.image, "frame": one.frame, "lesion": one.lesion}
                statement = "DELETE FROM pathology WHERE image = ? AND frame = ? AND lesion = ?"
                connection.execute(statement, tuple(where.values()))
                if found is not Pathology.UNKNOWN:
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
        identities: dict[LesionKey, str] = {}
        try:
            connection = database.open_to_read(self.file, _WAIT_TO_READ)
            if connection is not None:
                with closing(connection):
                    known_pathology, spoilt = sums.select(connection, "pathology", "NOT INDEXED")
                    for one in known_pathology:
                        with suppress(ValueError):
                            key = LesionKey(str(one["image"]), int(str(one["frame"])), int(str(one["lesion"])))
                            pathology[key] = Pathology(str(one["found"]))
                    identities = _identities(connection)
                    rows, others = sums.select(connection, "reading", "NOT INDEXED")
                    if spoilt or others:
                        # They are counted, and set aside, where the store is looked through.
                        _log.warning("%d rows are not as they were written and are left out", spoilt + others)
                    for row in ([one[name] for name in _COLUMNS.split(", ")] for one in rows):
                        try:
                            found[str(row[0])] = _sitting(tuple(row))
                        except (ValueError, TypeError, UserError) as problem:
                            _log.warning("a kept read is left out: %s", problem)
        except (OSError, sqlite3.Error) as problem:
            raise database.refusal(self.file, problem, database.SHOW_READS) from problem
        with self._guard:
            waiting = list(self._queue.values())
        for sitting in waiting:
            before = found.get(sitting.sitting)
            if sitting.ai is None and before is not None:
                sitting = dataclasses.replace(sitting, ai=before.ai)
            found[sitting.sitting] = sitting
        # The lesion's row is the newer one: outlines are linked long after they were read.
        known = [dataclasses.replace(one, identity=identities.get(one.key) or one.identity) for one in found.values()]
        # What was found out of one view of a lesion was found out of the lesion.
        of_lesion = {one.lesion: pathology[one.key] for one in known if one.key in pathology}
        told = [
            dataclasses.replace(one, pathology=pathology.get(one.key) or of_lesion.get(one.lesion, Pathology.UNKNOWN))
            for one in known
        ]
        return sorted(told, key=lambda one: (one.begun, one.sitting), reverse=True)

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


_OF_THE_AI = ("category", "probability", "ai_seconds", "model", "weights_sha256", "mask_sha256", "guard")


def _with_ai_reading(connection: sqlite3.Connection, row: dict[str, object]) -> dict[str, object]:
    """Return a sitting's row with the AI's reading of the one in the store, where it has none of its own: gone on with on
    another day, a sitting still has that of the first until there is another."""
    if row["category"] is not None:
        return row
    with suppress(ValueError):
        before = sums.one(connection, "reading", {"sitting": row["sitting"]})
        if before is not None:
            return {**row, **{name: before[name] for name in _OF_THE_AI}}
    return row


def _rows(batch: dict[str, Sitting]) -> tuple[dict[str, dict[str, object]], Exception | None]:
    """Return the rows of those sittings that can be written, by their names, and why the others cannot: one that cannot
    keeps none of the others."""
    rows: dict[str, dict[str, object]] = {}
    problem: Exception | None = None
    for name, sitting in batch.items():
        try:
            rows[name] = dict(zip(_COLUMNS.split(", "), _row(sitting), strict=True))
        except Exception as refused:  # noqa: BLE001 - whatever it is
            _log.error("a read cannot be written", exc_info=refused)
            problem = refused
    return rows, problem


def _row(sitting: Sitting) -> tuple[object, ...]:
    record, ai = sitting.record, sitting.ai
    return (
        sitting.sitting, sitting.key.image, sitting.key.frame, sitting.key.lesion, sitting.begun,
        int(record.asked), int(record.skipped), _told(record.first), record.first_seconds,
        ai.category.value if ai else None, ai.probability if ai else None, record.ai_seconds,
        ai.model if ai else None, ai.weights_sha256 if ai else None, ai.mask_sha256 if ai else None,
        None if record.final.untouched else _told(record.final), record.final_seconds,
        lossless_json(list(ai.guard) if ai else []),
    )  # fmt: skip


def _identities(connection: sqlite3.Connection) -> dict[LesionKey, str]:
    """Return what tells each kept lesion from any other, in whichever view."""
    found = {}
    for image, frame, lesion, said in connection.execute(
        "SELECT image, frame, lesion, described FROM lesion WHERE described != ''"
    ):
        with suppress(ValueError, TypeError, KeyError):
            found[LesionKey(image, frame, lesion)] = str(json.loads(said)["description"]["identity"])
    return found


def _sitting(row: tuple[object, ...]) -> Sitting:
    (sitting, image, frame, lesion, begun, asked, skipped, first, first_seconds, category, probability, ai_seconds,
     model, weights, mask, final, final_seconds, guard) = row  # fmt: skip
    key = LesionKey(str(image), int(str(frame)), int(str(lesion)))
    ai = None
    if category is not None:
        share, said = _number(probability), tuple(map(str, json.loads(str(guard))))
        if share is None or not 0 <= share <= 1:
            raise ValueError(f"a probability of {probability!r}")
        ai = StoredResult(Category(str(category)), share, str(model), str(weights), str(mask), said)
    record = AssessmentRecord(
        first=_read(first),
        final=_read(final) or Assessment(),
        asked=bool(asked),
        skipped=bool(skipped),
        first_seconds=_number(first_seconds),
        ai_seconds=_number(ai_seconds),
        final_seconds=_number(final_seconds),
    )
    return Sitting(str(sitting), key, str(begun), record, ai)


def _told(read: Assessment | None) -> str | None:
    return None if read is None else lossless_json(read.to_dict())


def _read(told: object) -> Assessment | None:
    return None if told is None else assessment_from(json.loads(str(told)))


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None
