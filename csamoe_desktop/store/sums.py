"""A checksum in every row: a row that is not as it was written, or not under its own key, is never shown.

SQLite detects damage to the structure of a file, not to the contents of its rows: a flipped bit may lead from one image's
key to another image's row. Each row of the reader's work therefore has a hash of its table and all its values.
"""

import hashlib
import json
import sqlite3
from collections.abc import Mapping
from datetime import UTC, datetime

WORK = {
    "lesion": "outline",
    "superseded": "earlier outline",
    "reading": "assessment",
    "pathology": "pathology",
    "caliper": "set of calipers",
    "examination": "examination",
}
"""What a row of each table is, for messages; other tables are named as they are."""
_PLURALS = {"pathology": "pathologies", "set of calipers": "sets of calipers"}

_OWN = ("lesion", "superseded", "reading", "pathology", "caliper", "examination", "spoilt", "tally")
_UNSUMMED = ("sum", "number")
"""Columns without a checksum; `number` only identifies rows in tables without a key."""


class Misled(sqlite3.DatabaseError):
    """The file is damaged: it returned another row than requested, or has lost rows."""


def digest(table: str, row: Mapping[str, object]) -> str:
    """Return the checksum of a row of `table`, given by column name; columns that are None are left out."""
    checksum = hashlib.sha256(table.encode())
    for name in sorted(row):
        value = row[name]
        if value is None or name in _UNSUMMED:
            continue
        if isinstance(value, bytes):
            kind, content = b"b", value
        elif isinstance(value, int | float):
            # SQLite returns a whole number in a REAL column as a float.
            kind, content = b"n", repr(float(value)).encode()
        else:
            kind, content = b"t", str(value).encode("utf-8", "surrogatepass")
        checksum.update(b"%s %d %s%d " % (name.encode(), len(name), kind, len(content)))
        checksum.update(content)
    return checksum.hexdigest()[:32]


def add_row_sum(connection: sqlite3.Connection) -> None:
    """Add the SQL function `row_sum(table, name, value, name, value, ...)`, a row's checksum, to this connection."""

    def row_sum(table: str, *pairs: object) -> str:
        return digest(table, {str(pairs[place]): pairs[place + 1] for place in range(0, len(pairs), 2)})

    connection.create_function("row_sum", -1, row_sum, deterministic=True)


def insert(connection: sqlite3.Connection, table: str, row: Mapping[str, object], instead: str = "REPLACE") -> None:
    """Write a row with its checksum; it replaces a row with the same key, or with `instead` "IGNORE" leaves that.

    Raises:
        sqlite3.Error: the row cannot be written.
    """
    whole = {**row, "sum": digest(table, row)}
    columns, places = ", ".join(f'"{name}"' for name in whole), ", ".join("?" * len(whole))
    connection.execute(f"INSERT OR {instead} INTO {table} ({columns}) VALUES ({places})", tuple(whole.values()))


def sound(table: str, row: Mapping[str, object]) -> bool:
    """Return whether a row, including its column `sum`, is as it was written."""
    return row.get("sum") == digest(table, row)


def select(
    connection: sqlite3.Connection, table: str, where: str = "", values: tuple[object, ...] = ()
) -> tuple[list[dict[str, object]], int]:
    """Return the sound rows of `table` that match `where` (an SQL clause), by column, and the number of spoilt ones.

    Raises:
        sqlite3.Error: the rows cannot be read.
    """
    cursor = connection.execute(f"SELECT * FROM {table} {where}", values)
    names = [column[0] for column in cursor.description]
    rows = [dict(zip(names, row, strict=True)) for row in cursor]
    good = [row for row in rows if sound(table, row)]
    return good, len(rows) - len(good)


def select_one(connection: sqlite3.Connection, table: str, key: Mapping[str, object]) -> dict[str, object] | None:
    """Return the row with this key, or None if there is none.

    Raises:
        ValueError: the row exists but is spoilt.
        Misled: the file returned a row with another key.
        sqlite3.Error: the row cannot be read.
    """
    where = " AND ".join(f"{name} = ?" for name in key)
    rows, spoilt = select(connection, table, f"WHERE {where}", tuple(key.values()))
    if spoilt or len(rows) > 1:
        raise ValueError(f"a row of {table} cannot be read: it is not as it was written")
    if rows and any(rows[0][name] != value for name, value in key.items()):
        raise Misled(f"the index of {table} is damaged")
    return rows[0] if rows else None


def work_tables(connection: sqlite3.Connection) -> list[str]:
    """Return the tables with the reader's work, in the order of the schema: those whose rows have a checksum."""
    names = [
        str(name)
        for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY rowid")
        if not str(name).startswith("sqlite_")
    ]
    return [name for name in names if name != "spoilt" and "sum" in columns(connection, name)]


def columns(connection: sqlite3.Connection, table: str) -> list[str]:
    """Return a table's columns in order."""
    quoted = table.replace('"', '""')
    return [str(row[1]) for row in connection.execute(f'PRAGMA table_info("{quoted}")')]


def expected(connection: sqlite3.Connection) -> dict[str, int] | None:
    """Return the number of rows that each table should have, from the table `tally`; None if the tally is damaged."""
    tally = {
        str(kind): entries if isinstance(entries, int) and isinstance(mirror, int) and entries == -mirror else None
        for kind, entries, mirror in connection.execute("SELECT kind, entries, mirror FROM tally")
    }
    valid = {kind: entries for kind, entries in tally.items() if entries is not None and entries >= 0}
    return valid if len(valid) == len(tally) and "schema" in valid else None


def examine(connection: sqlite3.Connection) -> int:
    """Check the whole store in one transaction; return the number of spoilt rows.

    Raises:
        Misled: the file's structure is damaged, or rows are missing.
        sqlite3.Error: the store cannot be read.
    """
    connection.execute("BEGIN")
    try:
        answer = [str(row[0]) for row in connection.execute("PRAGMA integrity_check(20)")]
        if answer != ["ok"]:
            raise Misled(answer[0] if answer else "no answer")
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
    """Move every spoilt row into the table `spoilt`; return the number of moved rows by table.

    Raises:
        sqlite3.Error: the rows cannot be moved.
    """
    moved: dict[str, int] = {}
    connection.execute("BEGIN IMMEDIATE")
    try:
        for table in work_tables(connection):
            for rowid, row in _spoilt(connection, table):
                put_aside(connection, table, row)
                connection.execute(f"DELETE FROM {table} WHERE rowid = ?", (rowid,))
                moved[table] = moved.get(table, 0) + 1
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
    return moved


def move_row(connection: sqlite3.Connection, table: str, where: str, values: tuple[object, ...]) -> None:
    """Move the rows that match `where` into the table `spoilt`; call it inside a transaction.

    Raises:
        sqlite3.Error: the rows cannot be moved.
    """
    cursor = connection.execute(f"SELECT * FROM {table} {where}", values)
    names = [column[0] for column in cursor.description]
    for row in cursor.fetchall():
        put_aside(connection, table, dict(zip(names, row, strict=True)))
    connection.execute(f"DELETE FROM {table} {where}", values)


def put_aside(connection: sqlite3.Connection, table: str, row: Mapping[str, object]) -> None:
    """Write a complete row of `table` into the table `spoilt`, which is never shown."""
    content = json.dumps(
        {name: {"hex": value.hex()} if isinstance(value, bytes) else value for name, value in row.items()}
    )
    found = datetime.now(UTC).isoformat(timespec="seconds")
    insert(connection, "spoilt", {"kind": table, "content": content, "found": found})


def _spoilt(connection: sqlite3.Connection, table: str) -> list[tuple[int, dict[str, object]]]:
    cursor = connection.execute(f"SELECT rowid, * FROM {table} NOT INDEXED")
    names = [column[0] for column in cursor.description][1:]
    whole = ((row[0], dict(zip(names, row[1:], strict=True))) for row in cursor)
    return [(rowid, row) for rowid, row in whole if not sound(table, row)]


def in_words(counted: Mapping[str, int]) -> str:
    """Return counts in words, such as "2 outlines, 1 assessment"; zero counts are left out."""
    return ", ".join(_counted(number, WORK.get(table, table)) for table, number in counted.items() if number > 0)


def _counted(number: int, noun: str) -> str:
    return f"1 {noun}" if number == 1 else f"{number} {_PLURALS.get(noun, f'{noun}s')}"
