"""Assessments in the store: one row per assessment of a lesion (first assessment, AI result, final assessment), and pathology.

A row holds no patient name, number or date: a lesion is identified only by the hash of its image.
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
"""Seconds to wait for another program's lock."""

_COLUMNS = (
    "sitting, image, frame, lesion, begun, asked, skipped, first, first_seconds, category, probability, ai_seconds, "
    "model, weights_sha256, mask_sha256, final, final_seconds, guard"
)


class Pathology(StrEnum):
    """The pathology of a lesion."""

    UNKNOWN = ""
    BENIGN = "benign"
    MALIGNANT = "malignant"


@dataclass(frozen=True, slots=True)
class StoredResult:
    """The AI result in a row, with its model and the hash of the outline's pixels."""

    category: Category
    probability: float
    model: str
    weights_sha256: str
    mask_sha256: str
    guard: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Sitting:
    """One stored assessment of a lesion, with its AI result.

    Attributes:
        sitting: the row's unique id; a later state of the same assessment replaces the row.
        key: the lesion.
        begun: when it began, in ISO 8601, to the second, UTC.
        record: first and final assessment, whether the first one was asked for, and the times.
        ai: the AI result; None if there was none.
        pathology: the lesion's pathology; read only, `set_pathology` writes it.
        identity: the id that the views of one lesion share (`Description.identity`); "" if not known. It belongs to the
            lesion, not to the row: two outlines may be linked long after they were assessed.
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
        """The id of the lesion, common to all its views."""
        return self.identity or self.key


class AssessmentStore:
    """The rows in the store's `file`, and the queue of rows to be written there; thread-safe."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self._queue: dict[str, Sitting] = {}
        self._guard = Lock()
        self._writing = Lock()

    def keep(self, sitting: Sitting) -> None:
        """Put a row in the queue, replacing an older state of the same assessment; `write` empties the queue."""
        with self._guard:
            self._queue[sitting.sitting] = sitting

    @property
    def work_to_do(self) -> bool:
        """Whether rows wait."""
        with self._guard:
            return bool(self._queue)

    @property
    def waiting(self) -> int:
        """The number of rows not stored yet."""
        with self._guard:
            return len(self._queue)

    def write(self) -> None:
        """Write the queue.

        Raises:
            UserError: rows could not be written; they keep waiting.
        """
        with self._writing:
            with self._guard:
                batch = dict(self._queue)
            if not batch:
                return
            rows, problem = _rows(batch)

            def put(connection: sqlite3.Connection) -> None:
                for row in rows.values():
                    sums.insert(connection, "reading", _with_ai_result(connection, row))

            if rows:
                self._write(put, database.KEEP_ASSESSMENTS)
            with self._guard:
                for name in rows:
                    # A newer state that came meanwhile keeps waiting.
                    if self._queue.get(name) is batch[name]:
                        del self._queue[name]
            if problem is not None:
                raise UserError(
                    f"{len(batch) - len(rows)} of your assessments could not be stored: something went wrong inside the "
                    "program.",
                    "The others are stored. The program tries again with the next assessment.",
                ) from problem

    def set_pathology(self, key: LesionKey, pathology: Pathology) -> None:
        """Write the pathology of a lesion; it applies to all its assessments, in every view.

        Raises:
            UserError: it cannot be written.
        """
        keys = {key}
        with suppress(UserError):
            sittings = self.all()
            lesion = next((sitting.lesion for sitting in sittings if sitting.key == key), key)
            keys |= {sitting.key for sitting in sittings if sitting.lesion == lesion}

        def put(connection: sqlite3.Connection) -> None:
            for view in keys:
                where = {"image": view.image, "frame": view.frame, "lesion": view.lesion}
                statement = "DELETE FROM pathology WHERE image = ? AND frame = ? AND lesion = ?"
                connection.execute(statement, tuple(where.values()))
                if pathology is not Pathology.UNKNOWN:
                    sums.insert(connection, "pathology", {**where, "found": pathology.value})

        with self._writing:
            self._write(put, database.KEEP_PATHOLOGY)

    def all(self) -> list[Sitting]:
        """Return all assessments, including those in the queue, newest first; a spoilt row is left out and logged.

        Raises:
            UserError: the store cannot be read.
        """
        by_id: dict[str, Sitting] = {}
        pathology: dict[LesionKey, Pathology] = {}
        identities: dict[LesionKey, str] = {}
        try:
            connection = database.open_to_read(self.file, _WAIT_TO_READ)
            if connection is not None:
                with closing(connection):
                    known_pathology, spoilt = sums.select(connection, "pathology", "NOT INDEXED")
                    for row in known_pathology:
                        with suppress(ValueError):
                            key = LesionKey(str(row["image"]), int(str(row["frame"])), int(str(row["lesion"])))
                            pathology[key] = Pathology(str(row["found"]))
                    identities = _identities(connection)
                    rows, others = sums.select(connection, "reading", "NOT INDEXED")
                    if spoilt or others:
                        # They are counted and set aside when the whole store is checked.
                        _log.warning("%d rows are not as they were written and are left out", spoilt + others)
                    for row in rows:
                        try:
                            by_id[str(row["sitting"])] = _sitting(tuple(row[name] for name in _COLUMNS.split(", ")))
                        except (ValueError, TypeError, UserError) as problem:
                            _log.warning("a stored assessment is left out: %s", problem)
        except (OSError, sqlite3.Error) as problem:
            raise database.refusal(self.file, problem, database.SHOW_ASSESSMENTS) from problem
        with self._guard:
            waiting = list(self._queue.values())
        for sitting in waiting:
            before = by_id.get(sitting.sitting)
            if sitting.ai is None and before is not None:
                sitting = dataclasses.replace(sitting, ai=before.ai)
            by_id[sitting.sitting] = sitting
        # The lesion's row has the newer identity: outlines may be linked long after they were assessed.
        identified = [
            dataclasses.replace(sitting, identity=identities.get(sitting.key) or sitting.identity)
            for sitting in by_id.values()
        ]
        # The pathology of one view is the pathology of the lesion.
        of_lesion = {sitting.lesion: pathology[sitting.key] for sitting in identified if sitting.key in pathology}
        complete = [
            dataclasses.replace(
                sitting,
                pathology=pathology.get(sitting.key) or of_lesion.get(sitting.lesion, Pathology.UNKNOWN),
            )
            for sitting in identified
        ]
        return sorted(complete, key=lambda sitting: (sitting.begun, sitting.sitting), reverse=True)

    def _write(self, put: Callable[[sqlite3.Connection], object], wanted: database.Wanted) -> None:
        """Call `put` in one transaction on a new connection, so that a file that was set aside or replaced meanwhile is not
        written to."""
        try:
            with closing(database.open_to_write(self.file, _WAIT_TO_WRITE)) as connection:
                connection.execute("BEGIN IMMEDIATE")
                put(connection)
                connection.execute("COMMIT")
        except (OSError, sqlite3.Error) as problem:
            raise database.refusal(self.file, problem, wanted) from problem


_AI_COLUMNS = ("category", "probability", "ai_seconds", "model", "weights_sha256", "mask_sha256", "guard")


def _with_ai_result(connection: sqlite3.Connection, row: dict[str, object]) -> dict[str, object]:
    """Return a row with the AI result of the stored row if it has none: an assessment that is continued on another day keeps
    its earlier AI result until there is a new one."""
    if row["category"] is not None:
        return row
    with suppress(ValueError):
        before = sums.select_one(connection, "reading", {"sitting": row["sitting"]})
        if before is not None:
            return {**row, **{name: before[name] for name in _AI_COLUMNS}}
    return row


def _rows(batch: dict[str, Sitting]) -> tuple[dict[str, dict[str, object]], Exception | None]:
    """Return the rows that can be written, by id, and the reason for the others; one that fails does not block the rest."""
    rows: dict[str, dict[str, object]] = {}
    problem: Exception | None = None
    for name, sitting in batch.items():
        try:
            rows[name] = dict(zip(_COLUMNS.split(", "), _row(sitting), strict=True))
        except Exception as refused:  # noqa: BLE001 - any fault
            _log.error("an assessment cannot be written", exc_info=refused)
            problem = refused
    return rows, problem


def _row(sitting: Sitting) -> tuple[object, ...]:
    record, ai = sitting.record, sitting.ai
    return (
        sitting.sitting, sitting.key.image, sitting.key.frame, sitting.key.lesion, sitting.begun,
        int(record.asked), int(record.skipped), _as_json(record.first), record.first_seconds,
        ai.category.value if ai else None, ai.probability if ai else None, record.ai_seconds,
        ai.model if ai else None, ai.weights_sha256 if ai else None, ai.mask_sha256 if ai else None,
        None if record.final.untouched else _as_json(record.final), record.final_seconds,
        lossless_json(list(ai.guard) if ai else []),
    )  # fmt: skip


def _identities(connection: sqlite3.Connection) -> dict[LesionKey, str]:
    """Return the identity of each stored lesion, which its views share."""
    identities = {}
    for image, frame, lesion, described in connection.execute(
        "SELECT image, frame, lesion, described FROM lesion WHERE described != ''"
    ):
        with suppress(ValueError, TypeError, KeyError):
            identities[LesionKey(image, frame, lesion)] = str(json.loads(described)["description"]["identity"])
    return identities


def _sitting(row: tuple[object, ...]) -> Sitting:
    (sitting, image, frame, lesion, begun, asked, skipped, first, first_seconds, category, probability, ai_seconds,
     model, weights, mask, final, final_seconds, guard) = row  # fmt: skip
    key = LesionKey(str(image), int(str(frame)), int(str(lesion)))
    ai = None
    if category is not None:
        value, warnings = _number(probability), tuple(map(str, json.loads(str(guard))))
        if value is None or not 0 <= value <= 1:
            raise ValueError(f"a probability of {probability!r}")
        ai = StoredResult(Category(str(category)), value, str(model), str(weights), str(mask), warnings)
    record = AssessmentRecord(
        first=_assessment(first),
        final=_assessment(final) or Assessment(),
        asked=bool(asked),
        skipped=bool(skipped),
        first_seconds=_number(first_seconds),
        ai_seconds=_number(ai_seconds),
        final_seconds=_number(final_seconds),
    )
    return Sitting(str(sitting), key, str(begun), record, ai)


def _as_json(assessment: Assessment | None) -> str | None:
    return None if assessment is None else lossless_json(assessment.to_dict())


def _assessment(text: object) -> Assessment | None:
    return None if text is None else assessment_from(json.loads(str(text)))


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None
