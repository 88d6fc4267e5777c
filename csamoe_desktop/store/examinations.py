"""The reader's texts on an examination (indication, comparison, technique) in the store: one row per examination.

An examination is identified only by a hash (made in `session/examinations.py`); the row holds nothing else about the patient
than what the reader typed.
"""

import json
import sqlite3

from csamoe_desktop.reader.examination import Examination, examination_from
from csamoe_desktop.store import sums


def get_examination(connection: sqlite3.Connection, key: str) -> Examination:
    """Return the stored texts of the examination `key`.

    Raises:
        ValueError: the row is spoilt.
        sqlite3.Error: the store cannot be read, or returned another examination's row.
    """
    row = sums.select_one(connection, "examination", {"key": key})
    if row is None:
        return Examination()
    try:
        return examination_from(json.loads(str(row["said"])))
    except RecursionError as problem:
        raise ValueError("the stored texts of an examination cannot be read") from problem


def put_examination(connection: sqlite3.Connection, key: str, examination: Examination) -> None:
    """Replace the stored texts of an examination; call it inside a transaction.

    Raises:
        sqlite3.Error: the store cannot be written.
    """
    if not examination.given:
        connection.execute("DELETE FROM examination WHERE key = ?", (key,))
        return
    # In ASCII, so that no pasted character can make the transaction fail.
    texts = json.dumps(examination.to_dict())
    sums.insert(connection, "examination", {"key": key, "said": texts})
