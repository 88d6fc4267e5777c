"""Recovery of a damaged store: set it aside, recover what can still be read, row by row, and count what is lost."""

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from csamoe_desktop.store import sums
from csamoe_desktop.store.lesions import unpacked
from csamoe_desktop.store.places import uri_of

_MOST_PROBED = 200_000
"""Highest row id that is tried one by one, in case no index or table page leads to the row any more."""


@dataclass(slots=True)
class Rescued:
    """The outcome of a recovery, in rows by table.

    Attributes:
        saved: recovered rows.
        lost: missing rows; None if the damaged store does not show how many there were.
    """

    saved: dict[str, int] = field(default_factory=dict)
    lost: dict[str, int] | None = None

    def words(self) -> str:
        """Return both in a sentence or two."""
        saved = sums.in_words(self.saved) or "nothing"
        if self.lost is None:
            return f"Recovered: {saved}. How much is lost is not known."
        lost = sums.in_words(self.lost)
        return f"Recovered: {saved}. " + (f"Lost: {lost}." if lost else "Nothing is lost.")


def set_aside(file: Path) -> Path:
    """Rename the file in the store's place, with its log and journal, and return the new path.

    The program must have no open connection to it.

    Raises:
        OSError: the file cannot be renamed.
    """
    stamp = datetime.now().strftime("%Y%m%d-%H%M%S")
    endings = ("", *(f"-{number}" for number in range(2, 100)))
    names = (file.with_name(f"{file.stem}-damaged-{stamp}{ending}{file.suffix}") for ending in endings)
    aside = next(name for name in names if not name.exists())
    # The file first: if that fails, its log must stay beside it.
    for part in ("", "-wal", "-shm", "-journal"):
        with suppress(FileNotFoundError):
            Path(f"{file}{part}").rename(f"{aside}{part}")
    return aside


def put_back(aside: Path, file: Path) -> bool:
    """Move a store that was set aside back into its place, because recovery failed; return whether that was done.

    It is not done if the new store already has another window's work in it. The program must have no open connection.
    """
    try:
        if file.exists():
            with closing(sqlite3.connect(uri_of(file.absolute(), "mode=ro"), uri=True, timeout=0.2)) as fresh:
                if any(fresh.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in sums.work_tables(fresh)):
                    return False
        for part in ("", "-wal", "-shm", "-journal"):
            Path(f"{file}{part}").unlink(missing_ok=True)
        # The log first: if that fails, everything is still under one name.
        for part in ("-wal", "-shm", "-journal", ""):
            with suppress(FileNotFoundError):
                Path(f"{aside}{part}").rename(f"{file}{part}")
    except (OSError, sqlite3.Error):
        return False
    return True


def take_over(aside: Path, connection: sqlite3.Connection) -> Rescued:
    """Copy into a new store what can still be read of one that was set aside, of any schema version.

    A row is copied if its checksum is right or, in a store from before checksums, if its values can be read. Any other row
    goes to the table `spoilt` and counts as lost.

    Raises:
        sqlite3.Error: the new store cannot be written (for example, the disk is full); nothing is copied.
    """
    rescued = Rescued()
    tables = sums.work_tables(connection)
    counted: dict[str, int] | None = None
    reached: dict[str, int] = {}
    refused: sqlite3.Error | None = None
    connection.execute("BEGIN IMMEDIATE")
    try:
        with suppress(sqlite3.Error, OSError, UnicodeDecodeError), closing(_open(aside)) as old:
            counted = _counted(old)
            for name in _tables(old):
                try:
                    rows = _rows(old, name)
                except (sqlite3.Error, UnicodeError):
                    # An unreadable table costs only its own rows.
                    rows = []
                reached[name] = len(rows)
                names = sums.columns(old, name.replace('""', '"'))
                for values in rows:
                    try:
                        table = _take(connection, tables, name, names, values)
                    except sqlite3.OperationalError as problem:
                        refused = problem
                        raise
                    if table is not None:
                        rescued.saved[table] = rescued.saved.get(table, 0) + 1
        # What the old store does not give is lost; a failure to write the new one must not count as lost.
        if refused is not None:
            raise refused
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
    total = {name: max(reached.get(name, 0), (counted or {}).get(name, 0)) for name in tables}
    if counted is not None:
        rescued.lost = {name: total[name] - rescued.saved.get(name, 0) for name in tables}
    return rescued


def _open(aside: Path) -> sqlite3.Connection:
    if not aside.is_file():
        # Opening a pipe would block forever.
        raise FileNotFoundError(aside)
    connection = sqlite3.connect(uri_of(aside.absolute(), "mode=ro"), uri=True, timeout=0.2, isolation_level=None)
    try:
        connection.text_factory = lambda raw: raw.decode("utf-8", "surrogateescape")
        # With this SQLite reads intact tables although the schema of others is damaged.
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except (sqlite3.Error, UnicodeDecodeError):
        connection.close()
        raise
    return connection


def _counted(old: sqlite3.Connection) -> dict[str, int] | None:
    """Return the number of rows of each table of the old store, or None if that is not reliable."""
    with suppress(sqlite3.OperationalError):
        return sums.expected(old)
    with suppress(sqlite3.Error):
        # A store from before rows were counted: if it is sound, count them.
        if old.execute("PRAGMA integrity_check(1)").fetchone()[0] == "ok":
            return {name: int(old.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0]) for name in _tables(old)}
    return None


def _tables(old: sqlite3.Connection) -> list[str]:
    names: list[str] = []
    with suppress(sqlite3.Error):
        for (name,) in old.execute("SELECT name FROM sqlite_master WHERE type = 'table'"):
            if isinstance(name, str) and name not in ("tally", "spoilt") and not name.startswith("sqlite_"):
                names.append(name.replace('"', '""'))
    return names


def _rows(old: sqlite3.Connection, table: str) -> list[tuple[object, ...]]:
    """Return the rows of a table that can be read: from both ends, and one by one by row id."""
    rows: dict[int, tuple[object, ...]] = {}
    names = ", ".join(f"c{number}" for number in range(len(sums.columns(old, table.replace('""', '"')))))
    # With new column names, as a damaged column name may not be valid text.
    renamed = f'WITH named(place, {names}) AS (SELECT rowid, * FROM "{table}" NOT INDEXED) SELECT * FROM named'
    whole = True
    for order in ("ASC", "DESC"):
        # The rows behind the damage are read from the other end.
        try:
            for rowid, *row in old.execute(f"{renamed} ORDER BY place {order}"):
                rows[rowid] = tuple(row)
        except sqlite3.Error:
            whole = False
    if not whole:
        for rowid in _places(old, table, rows):
            with suppress(sqlite3.Error):
                for place, *row in old.execute(f"{renamed} WHERE place = ?", (rowid,)):
                    rows[place] = tuple(row)
    return list(rows.values())


def _places(old: sqlite3.Connection, table: str, known: dict[int, tuple[object, ...]]) -> Iterator[int]:
    indexed: set[int] = set()
    with suppress(sqlite3.Error):
        # SQLite may answer this from an index that is still intact.
        for (rowid,) in old.execute(f'SELECT rowid FROM "{table}"'):
            indexed.add(rowid)
    last = min(max((*known, *indexed), default=0) + 100, _MOST_PROBED)
    yield from (rowid for rowid in sorted(indexed | set(range(1, last))) if rowid not in known)


def _take(
    connection: sqlite3.Connection, tables: Sequence[str], name: str, names: Sequence[str], values: tuple[object, ...]
) -> str | None:
    """Write a row of the old table `name` and return the table it was written to; None if the row is not sound."""
    row = dict(zip(names, values, strict=False))
    for table in sorted(tables, key=lambda table: table != name):
        for candidate in (row, _by_place(connection, table, values)):
            # The names of table or columns may be damaged: the checksum still shows which table a row belongs to.
            if candidate and "sum" in candidate and sums.sound(table, candidate):
                return table if _insert(connection, table, candidate) else None
    if "sum" not in row and name in tables and _readable(name, row):
        return name if _insert(connection, name, row) else None
    if row:
        sums.put_aside(connection, name, row)
    return None


def _by_place(connection: sqlite3.Connection, table: str, values: tuple[object, ...]) -> dict[str, object]:
    names = sums.columns(connection, table)
    return dict(zip(names, values, strict=True)) if len(names) == len(values) else {}


def _insert(connection: sqlite3.Connection, table: str, row: dict[str, object]) -> bool:
    known = sums.columns(connection, table)
    whole = {name: value for name, value in row.items() if name in known and name not in ("sum", "number")}
    before = connection.total_changes
    # A row that the new schema rejects counts as lost.
    with suppress(sqlite3.IntegrityError, UnicodeEncodeError):
        sums.insert(connection, table, _filled(connection, table, whole), "IGNORE")
    return connection.total_changes > before


def _filled(connection: sqlite3.Connection, table: str, row: dict[str, object]) -> dict[str, object]:
    """Return a row of an older schema with the defaults of newer columns."""
    filled = dict(row)
    for _, name, _, _, default, _ in connection.execute(f"PRAGMA table_info({table})"):
        if name not in filled and name not in ("sum", "number") and default is not None:
            filled[str(name)] = connection.execute(f"SELECT {default}").fetchone()[0]
    return filled


def _readable(table: str, row: dict[str, object]) -> bool:
    """Return whether the values of a row without a checksum can be read as its table's."""
    try:
        if table in ("lesion", "superseded"):
            unpacked(row)
        for name in ("calipers", "said", "guard", "first", "final"):
            if row.get(name) is not None:
                json.loads(str(row[name]))
        for value in row.values():
            if isinstance(value, str):
                value.encode("utf-8")
        return all(isinstance(row[name], int) for name in ("frame", "lesion", "rows", "columns") if name in row)
    except (ValueError, TypeError, KeyError, RecursionError):
        return False
