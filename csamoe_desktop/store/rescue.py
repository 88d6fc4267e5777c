"""A store that cannot be used any more: set aside, and what can be read of it taken over, row by row, and counted."""

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
"""Rows are asked for by their place up to this one, should nothing in the file lead to them any more."""


@dataclass(slots=True)
class Rescued:
    """What became of the rows, by their tables.

    Attributes:
        saved: how many were taken over.
        lost: how many are missing; None where the damaged store does not tell how many there were.
    """

    saved: dict[str, int] = field(default_factory=dict)
    lost: dict[str, int] | None = None

    def words(self) -> str:
        """Say both."""
        saved = sums.in_words(self.saved) or "nothing"
        if self.lost is None:
            return f"Taken over: {saved}. How much is lost cannot be told."
        lost = sums.in_words(self.lost)
        return f"Taken over: {saved}. " + (f"Lost: {lost}." if lost else "Nothing is lost.")


def set_aside(file: Path) -> Path:
    """Give what lies at the store's place another name, with what belongs to it, and return that; no connection of ours
    may be open.

    Raises:
        OSError: it cannot be renamed.
    """
    stamp = datetime.now().strftime("%Y%m%d-%H%M%S")
    endings = ("", *(f"-{number}" for number in range(2, 100)))
    names = (file.with_name(f"{file.stem}-damaged-{stamp}{ending}{file.suffix}") for ending in endings)
    aside = next(name for name in names if not name.exists())
    # The file itself first: were it kept from going, its log must stay beside it.
    for part in ("", "-wal", "-shm", "-journal"):
        with suppress(FileNotFoundError):
            Path(f"{file}{part}").rename(f"{aside}{part}")
    return aside


def put_back(aside: Path, file: Path) -> bool:
    """Give what was set aside its place again, as it could not be taken over; no connection of ours may be open.

    Return whether that was done: not where the store begun in its place has work in it by now, another window's.
    """
    try:
        if file.exists():
            with closing(sqlite3.connect(uri_of(file.absolute(), "mode=ro"), uri=True, timeout=0.2)) as fresh:
                if any(fresh.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in sums.work_tables(fresh)):
                    return False
        for part in ("", "-wal", "-shm", "-journal"):
            Path(f"{file}{part}").unlink(missing_ok=True)
        # The log first: were the file kept from going, all of it would still be found under the one name.
        for part in ("-wal", "-shm", "-journal", ""):
            with suppress(FileNotFoundError):
                Path(f"{aside}{part}").rename(f"{file}{part}")
    except (OSError, sqlite3.Error):
        return False
    return True


def take_over(aside: Path, connection: sqlite3.Connection) -> Rescued:
    """Take over into a fresh store what can still be read of one that was set aside, of whatever schema it is.

    A row is taken over if its checksum is right; of a store from before there were checksums, if it can be read as what
    it says it is. One that is neither goes to the table `spoilt`, and counts as lost.

    Raises:
        sqlite3.Error: the fresh store cannot be written (a full disk); nothing is.
    """
    rescued = Rescued()
    tables = sums.work_tables(connection)
    counted: dict[str, int] | None = None
    met: dict[str, int] = {}
    refused: sqlite3.Error | None = None
    connection.execute("BEGIN IMMEDIATE")
    try:
        with suppress(sqlite3.Error, OSError, UnicodeDecodeError), closing(_open(aside)) as old:
            counted = _counted(old)
            for name in _tables(old):
                try:
                    found = _rows(old, name)
                except (sqlite3.Error, UnicodeError):
                    # What can be made of it is nothing: it costs only its own rows.
                    found = []
                met[name] = len(found)
                names = sums.columns(old, name.replace('""', '"'))
                for values in found:
                    try:
                        table = _take(connection, tables, name, names, values)
                    except sqlite3.OperationalError as problem:
                        refused = problem
                        raise
                    if table is not None:
                        rescued.saved[table] = rescued.saved.get(table, 0) + 1
        # What cannot be read of the old one is lost; what the fresh one does not take is not.
        if refused is not None:
            raise refused
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
    there = {name: max(met.get(name, 0), (counted or {}).get(name, 0)) for name in tables}
    if counted is not None:
        rescued.lost = {name: there[name] - rescued.saved.get(name, 0) for name in tables}
    return rescued


def _open(aside: Path) -> sqlite3.Connection:
    if not aside.is_file():
        # A pipe would be waited for without an end.
        raise FileNotFoundError(aside)
    connection = sqlite3.connect(uri_of(aside.absolute(), "mode=ro"), uri=True, timeout=0.2, isolation_level=None)
    try:
        connection.text_factory = lambda told: told.decode("utf-8", "surrogateescape")
        # Tables that can be made sense of are read where others cannot.
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except (sqlite3.Error, UnicodeDecodeError):
        connection.close()
        raise
    return connection


def _counted(old: sqlite3.Connection) -> dict[str, int] | None:
    """Return how many rows each table of the old store had, or None where that cannot be relied upon."""
    with suppress(sqlite3.OperationalError):
        return sums.expected(old)
    with suppress(sqlite3.Error):
        # From before rows were counted: a sound file has what it has.
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
    """Return the rows of a table that can be reached: from both ends, and one by one by their places."""
    found: dict[int, tuple[object, ...]] = {}
    names = ", ".join(f"c{number}" for number in range(len(sums.columns(old, table.replace('""', '"')))))
    # Under names of its own: a column's may be what is damaged, and be no text any more.
    renamed = f'WITH named(place, {names}) AS (SELECT rowid, * FROM "{table}" NOT INDEXED) SELECT * FROM named'
    whole = True
    for order in ("ASC", "DESC"):
        # Where the damage is met, the rows behind it are reached from the other side.
        try:
            for rowid, *row in old.execute(f"{renamed} ORDER BY place {order}"):
                found[rowid] = tuple(row)
        except sqlite3.Error:
            whole = False
    if not whole:
        for rowid in _places(old, table, found):
            with suppress(sqlite3.Error):
                for place, *row in old.execute(f"{renamed} WHERE place = ?", (rowid,)):
                    found[place] = tuple(row)
    return list(found.values())


def _places(old: sqlite3.Connection, table: str, known: dict[int, tuple[object, ...]]) -> Iterator[int]:
    named: set[int] = set()
    with suppress(sqlite3.Error):
        # An index tells it too, where the table has one.
        for (rowid,) in old.execute(f'SELECT rowid FROM "{table}"'):
            named.add(rowid)
    last = min(max((*known, *named), default=0) + 100, _MOST_PROBED)
    yield from (rowid for rowid in sorted(named | set(range(1, last))) if rowid not in known)


def _take(
    connection: sqlite3.Connection, tables: Sequence[str], name: str, names: Sequence[str], values: tuple[object, ...]
) -> str | None:
    """Write a row of the old table `name`, if it is sound, and return into which table; None where it is not."""
    row = dict(zip(names, values, strict=False))
    for table in sorted(tables, key=lambda one: one != name):
        for told in (row, _by_place(connection, table, values)):
            # A name may be what is damaged: a checksum tells whose row it is all the same.
            if told and "sum" in told and sums.sound(table, told):
                return table if _insert(connection, table, told) else None
    if "sum" not in row and name in tables and _readable(name, row):
        return name if _insert(connection, name, row) else None
    if row:
        sums.put_by(connection, name, row)
    return None


def _by_place(connection: sqlite3.Connection, table: str, values: tuple[object, ...]) -> dict[str, object]:
    names = sums.columns(connection, table)
    return dict(zip(names, values, strict=True)) if len(names) == len(values) else {}


def _insert(connection: sqlite3.Connection, table: str, row: dict[str, object]) -> bool:
    known = sums.columns(connection, table)
    whole = {name: value for name, value in row.items() if name in known and name not in ("sum", "number")}
    before = connection.total_changes
    # One that the fresh schema refuses counts as lost.
    with suppress(sqlite3.IntegrityError, UnicodeEncodeError):
        sums.insert(connection, table, _filled(connection, table, whole), "IGNORE")
    return connection.total_changes > before


def _filled(connection: sqlite3.Connection, table: str, row: dict[str, object]) -> dict[str, object]:
    """Return a row of an older schema with what newer columns hold where nothing is said."""
    filled = dict(row)
    for _, name, _, _, default, _ in connection.execute(f"PRAGMA table_info({table})"):
        if name not in filled and name not in ("sum", "number") and default is not None:
            filled[str(name)] = connection.execute(f"SELECT {default}").fetchone()[0]
    return filled


def _readable(table: str, row: dict[str, object]) -> bool:
    """Return whether a row without a checksum is what it says it is, as far as that shows."""
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
