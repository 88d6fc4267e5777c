"""What the reader says of an examination as a whole, as it lies in the store: a row an examination.

Which one it is, is told by a hash alone (`session/examinations.py` makes it); of a patient the row says what the reader typed.
"""

import json
import sqlite3

from csamoe_desktop.reader.examination import Examination, examination_from
from csamoe_desktop.store import sums


def get_examination(connection: sqlite3.Connection, key: str) -> Examination:
    """Return what is kept of the examination `key`.

    Raises:
        ValueError: the row is spoilt.
        sqlite3.Error: the store cannot be read, or led to another examination's row.
    """
    row = sums.one(connection, "examination", {"key": key})
    if row is None:
        return Examination()
    try:
        return examination_from(json.loads(str(row["said"])))
    except RecursionError as problem:
        raise ValueError("what is kept of an examination cannot be read") from problem


def put_examination(connection: sqlite3.Connection, key: str, examination: Examination) -> None:
    """Keep this in the place of what was there; call it inside a transaction.

    Raises:
        sqlite3.Error: the store cannot be written.
    """
    if not examination.given:
        connection.execute("DELETE FROM examination WHERE key = ?", (key,))
        return
    # In ASCII: whatever was pasted, no letter of it can keep the transaction from being written.
    said = json.dumps(examination.to_dict())
    sums.insert(connection, "examination", {"key": key, "said": said})
