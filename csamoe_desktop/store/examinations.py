"""What the reader says of an examination as a whole, as it lies in the store: a row an examination.

Which one it is, is told by a hash alone (`ui/examinations.py` makes it); of a patient the row says what the reader typed.
"""

import json
import sqlite3

from csamoe_desktop.report.examination import Examination, examination_from


def get_examination(connection: sqlite3.Connection, key: str) -> Examination:
    """Return what is kept of the examination `key`; a row that is spoilt says nothing.

    Raises:
        sqlite3.Error: the store cannot be read.
    """
    row = connection.execute("SELECT said FROM examination WHERE key = ?", (key,)).fetchone()
    if row is None:
        return Examination()
    try:
        return examination_from(json.loads(row[0]))
    except (ValueError, TypeError, RecursionError):
        return Examination()


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
    connection.execute("INSERT OR REPLACE INTO examination VALUES (?, ?)", (key, said))
