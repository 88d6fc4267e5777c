"""A checksum in every row: what is read was written so, under this very key, or it is not shown.

SQLite finds damage in how a file is built, not in what its rows say: a flipped bit may lead from one image's key to
another image's row. Each row of the reader's work therefore carries a hash of its table and of all that is in it.
"""

import hashlib
import json
import sqlite3
from collections.abc import Mapping
from datetime import UTC, datetime

WORK = {
    "lesion": "outline",
    "superseded": "earlier outline",
    "reading": "read",
    "pathology": "pathology",
    "caliper": "image's calipers",
    "examination": "examination",
}
"""What the reader's tables hold, in the singular; a table that is not here is named as it is."""

_OWN = ("lesion", "superseded", "reading", "pathology", "caliper", "examination", "spoilt", "tally")
_UNSUMMED = ("sum", "number")
"""`number` is only the place of a row that no key leads to."""


class Misled(sqlite3.DatabaseError):
    """The file led to another row than the one asked for, or has lost some: it is damaged."""


def digest(table: str, row: Mapping[str, object]) -> str:
    """Return the checksum of a row of `table`, by its columns' names; a column without a value counts as none."""
    told = hashlib.sha256(table.encode())
    for name in sorted(row):
        value = row[name]
        if value is None or name in _UNSUMMED:
            continue
        if isinstance(value, bytes):
            kind, content = b"b", value
        elif isinstance(value, int | float):
            # SQLite gives a whole number of a REAL column back as a float.
            kind, content = b"n", repr(float(value)).encode()
        else:
            kind, content = b"t", str(value).encode("utf-8", "surrogatepass")
        told.update(b"%s %d %s%d " % (name.encode(), len(name), kind, len(content)))
        told.update(content)
    return told.hexdigest()[:32]


def teach(connection: sqlite3.Connection) -> None:
    """Let SQL on this connection make a row's checksum: `row_sum(table, name, value, name, value, ...)`."""

    def row_sum(table: str, *told: object) -> str:
        return digest(table, {str(told[place]): told[place + 1] for place in range(0, len(told), 2)})

    connection.create_function("row_sum", -1, row_sum, deterministic=True)


def insert(connection: sqlite3.Connection, table: str, row: Mapping[str, object], instead: str = "REPLACE") -> None:
    """Write a row with its checksum in the place of what has its key (`instead`: "IGNORE" leaves that).

    Raises:
        sqlite3.Error: it cannot be written.
    """
    whole = {**row, "sum": digest(table, row)}
    columns, places = ", ".join(f'"{name}"' for name in whole), ", ".join("?" * len(whole))
    connection.execute(f"INSERT OR {instead} INTO {table} ({columns}) VALUES ({places})", tuple(whole.values()))


def sound(table: str, row: Mapping[str, object]) -> bool:
    """Return whether a row with its column `sum` is as it was written."""
    return row.get("sum") == digest(table, row)


def select(
    connection: sqlite3.Connection, table: str, where: str = "", values: tuple[object, ...] = ()
) -> tuple[list[dict[str, object]], int]:
    """Return the sound rows of `table` that `where` (an SQL clause) leads to, by column, and how many others there are.

    Raises:
        sqlite3.Error: they cannot be read.
    """
    cursor = connection.execute(f"SELECT * FROM {table} {where}", values)
    names = [one[0] for one in cursor.description]
    rows = [dict(zip(names, row, strict=True)) for row in cursor]
    good = [row for row in rows if sound(table, row)]
    return good, len(rows) - len(good)


def one(connection: sqlite3.Connection, table: str, key: Mapping[str, object]) -> dict[str, object] | None:
    """Return the row with this key, or None where there is none.

    Raises:
        ValueError: it is there, and spoilt.
        Misled: the file led to the row of another key.
        sqlite3.Error: it cannot be read.
    """
    where = " AND ".join(f"{name} = ?" for name in key)
    rows, spoilt = select(connection, table, f"WHERE {where}", tuple(key.values()))
    if spoilt or len(rows) > 1:
        raise ValueError(f"a row of {table} cannot be read: it is not as it was written")
    if rows and any(rows[0][name] != value for name, value in key.items()):
        raise Misled(f"the index of {table} is damaged")
    return rows[0] if rows else None


def work_tables(connection: sqlite3.Connection) -> list[str]:
    """Return the tables that hold a reader's work, as the schema has them: those whose rows carry a checksum."""
    names = [
        str(name)
        for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY rowid")
        if not str(name).startswith("sqlite_")
    ]
    return [name for name in names if name != "spoilt" and "sum" in columns(connection, name)]


def columns(connection: sqlite3.Connection, table: str) -> list[str]:
    """Return a table's columns in their order."""
    quoted = table.replace('"', '""')
    return [str(row[1]) for row in connection.execute(f'PRAGMA table_info("{quoted}")')]


def expected(connection: sqlite3.Connection) -> dict[str, int] | None:
    """Return how many rows each table should have, as the store has counted them; None where that count is spoilt."""
    told = {
        str(kind): entries if isinstance(entries, int) and isinstance(mirror, int) and entries == -mirror else None
        for kind, entries, mirror in connection.execute("SELECT kind, entries, mirror FROM tally")
    }
    found = {kind: entries for kind, entries in told.items() if entries is not None and entries >= 0}
    return found if len(found) == len(told) and "schema" in found else None


def examine(connection: sqlite3.Connection) -> int:
    """Look through the whole store as it is at this moment; return how many of its rows are spoilt.

    Raises:
        Misled: it is not built as it should be, or rows are missing.
        sqlite3.Error: it cannot be read.
    """
    connection.execute("BEGIN")
    try:
        told = [str(row[0]) for row in connection.execute("PRAGMA integrity_check(20)")]
        if told != ["ok"]:
            raise Misled(told[0] if told else "no answer")
        counted, spoilt = expected(connection), 0
        if counted is None:
            raise Misled("the count of its rows is damaged")
        for table in work_tables(connection):
            if connection.execute(f"SELECT count(*) FROM {table} NOT INDEXED").fetchone()[0] != counted.get(table):
                raise Misled(f"rows of {table} are missing")
            spoilt += len(_spoilt(connection, table))
        return spoilt
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def move_spoilt(connection: sqlite3.Connection) -> dict[str, int]:
    """Move every row that is not as it was written into the table `spoilt`; return how many, by their tables.

    Raises:
        sqlite3.Error: that cannot be done.
    """
    moved: dict[str, int] = {}
    connection.execute("BEGIN IMMEDIATE")
    try:
        for table in work_tables(connection):
            for rowid, row in _spoilt(connection, table):
                put_by(connection, table, row)
                connection.execute(f"DELETE FROM {table} WHERE rowid = ?", (rowid,))
                moved[table] = moved.get(table, 0) + 1
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
    return moved


def move_row(connection: sqlite3.Connection, table: str, where: str, values: tuple[object, ...]) -> None:
    """Move the rows that `where` leads to into the table `spoilt`; call it inside a transaction.

    Raises:
        sqlite3.Error: that cannot be done.
    """
    cursor = connection.execute(f"SELECT * FROM {table} {where}", values)
    names = [one[0] for one in cursor.description]
    for row in cursor.fetchall():
        put_by(connection, table, dict(zip(names, row, strict=True)))
    connection.execute(f"DELETE FROM {table} {where}", values)


def put_by(connection: sqlite3.Connection, table: str, row: Mapping[str, object]) -> None:
    """Write a spoilt row of `table`, whole, into the table `spoilt`, where nothing shows it."""
    told = json.dumps(
        {name: {"hex": value.hex()} if isinstance(value, bytes) else value for name, value in row.items()}
    )
    found = datetime.now(UTC).isoformat(timespec="seconds")
    insert(connection, "spoilt", {"kind": table, "content": told, "found": found})


def _spoilt(connection: sqlite3.Connection, table: str) -> list[tuple[int, dict[str, object]]]:
    cursor = connection.execute(f"SELECT rowid, * FROM {table} NOT INDEXED")
    names = [one[0] for one in cursor.description][1:]
    whole = ((row[0], dict(zip(names, row[1:], strict=True))) for row in cursor)
    return [(rowid, row) for rowid, row in whole if not sound(table, row)]


def in_words(counted: Mapping[str, int]) -> str:
    """Return such as "2 outlines, 1 read"; what is none of them is left out."""
    return ", ".join(_counted(number, WORK.get(table, table)) for table, number in counted.items() if number > 0)


def _counted(number: int, what: str) -> str:
    if number == 1:
        return f"1 {what}"
    return f"{number} {what if what.endswith('s') else 'pathologies' if what == 'pathology' else f'{what}s'}"
