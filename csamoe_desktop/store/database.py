"""Opens the store's SQLite file, brings it to the current schema, and explains failures.

The file uses write-ahead logging (sqlite.org/wal.html) or, on a network drive, where that does not work, a rollback journal.
Either survives a killed process: committed data is complete, the rest is absent.
"""

import os
import secrets
import sqlite3
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TypeVar

from csamoe_desktop.errors import UserError
from csamoe_desktop.files import make_private_folder
from csamoe_desktop.store import sums
from csamoe_desktop.store.migrations import MIGRATIONS
from csamoe_desktop.store.places import on_network, uri_of

_TALLIED_FROM = 5
_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_LOCKED = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


@dataclass(frozen=True, slots=True)
class Wanted:
    """The two halves of a message: what was not done, and what the user can do until it works."""

    undone: str
    meanwhile: str


KEEP_OUTLINES = Wanted(
    "Your outlines are not saved at the moment", "You can continue drawing; unsaved work is saved as soon as"
)
KEEP_ASSESSMENTS = Wanted(
    "Your assessments are not saved at the moment", "You can continue working; unsaved work is saved as soon as"
)
KEEP_PATHOLOGY = Wanted("The pathology was not saved", "Choose it again as soon as")
SHOW_ASSESSMENTS = Wanted(
    "The assessments stored on this computer cannot be shown at the moment", "Try again as soon as"
)


class Unusable(sqlite3.OperationalError):
    """The file in the store's place cannot be used as a store and must be replaced; the text says why, to follow "it"."""


def open_to_write(file: Path, seconds: float) -> sqlite3.Connection:
    """Return a connection that can write; create the file or bring it to the current schema if needed.

    Args:
        file: the store's file.
        seconds: how long to wait for another program's lock.

    Raises:
        OSError, sqlite3.Error: the file cannot be opened, created or written to; see `damaged` and `refusal`.
        UserError: a newer version of the program has written the file.
    """
    make_private_folder(file.parent)
    if not file.exists():
        _begin(file)
    if why := wrong_with(file):
        raise Unusable(why)
    return _patiently(lambda: _writer(file, seconds), seconds)


def open_to_read(file: Path, seconds: float) -> sqlite3.Connection | None:
    """Return a read-only connection; None if there is no file, or it has an older schema or is empty.

    Raises:
        sqlite3.Error: the file cannot be opened, or is not a store.
        UserError: a newer version of the program has written the file.
    """
    if not file.is_file():
        return None
    try:
        return _patiently(lambda: _reader(file, seconds, "mode=ro"), seconds)
    except sqlite3.OperationalError:
        # In a read-only folder SQLite cannot create its lock files; without a log beside it, the file can be read alone.
        if os.access(file.parent, os.W_OK) or Path(f"{file}-wal").exists():
            raise
        return _reader(file, seconds, "mode=ro&immutable=1")


def wrong_with(file: Path) -> str:
    """Return why the file in the store's place cannot be a store, in words that follow "it"; "" if nothing is wrong."""
    try:
        status = file.stat()
    except OSError:
        return ""
    if stat.S_ISDIR(status.st_mode):
        return "is a folder"
    if not stat.S_ISREG(status.st_mode):
        return "is not a regular file"
    if not status.st_size and not Path(f"{file}-wal").exists():
        # `_begin` never leaves an empty file in place.
        return "is empty"
    # If the folder is read-only too, no new store can be created: the file is then only read.
    if not os.access(file, os.W_OK) and os.access(file.parent, os.W_OK):
        return "is write-protected"
    return ""


_Opened = TypeVar("_Opened")


def _patiently(attempt: Callable[[], _Opened], seconds: float) -> _Opened:
    """Return the result of `attempt`, retried while another program locks the file: SQLite itself does not wait for every
    lock while opening."""
    until = time.monotonic() + seconds
    while True:
        try:
            return attempt()
        except sqlite3.Error as problem:
            if _code(problem) not in _LOCKED or time.monotonic() >= until:
                raise
            time.sleep(0.02)


def _begin(file: Path) -> None:
    """Create a new, complete store atomically: if two windows do so at once, one file wins."""
    # A dangling symbolic link points to where the store belongs.
    file = Path(os.path.realpath(file))
    draft = file.with_name(f"{file.name}.{os.getpid()}-{secrets.token_hex(4)}.new")
    # Readable only by the user: comments may contain patient data.
    os.close(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    try:
        _writer(draft, 1.0, in_log=not on_network(file)).close()
        with suppress(FileExistsError):
            try:
                draft.hardlink_to(file)
            except FileExistsError:
                raise
            except OSError:
                # Some drives have no hard links. On Windows `rename` refuses if the file exists by now.
                if not file.exists():
                    draft.rename(file)
    finally:
        for part in ("", "-wal", "-shm", "-journal"):
            Path(f"{draft}{part}").unlink(missing_ok=True)


def _connect(file: Path, seconds: float, options: str) -> sqlite3.Connection:
    connection = sqlite3.connect(
        uri_of(file.absolute(), options), uri=True, timeout=seconds, isolation_level=None, check_same_thread=False
    )
    # A flipped bit may make a text invalid: its checksum then marks the row as spoilt, and the others can be read.
    connection.text_factory = lambda raw: raw.decode("utf-8", "surrogateescape")
    return connection


def _writer(file: Path, seconds: float, in_log: bool | None = None) -> sqlite3.Connection:
    connection = _connect(file, seconds, "mode=rw")
    with _closed_on_a_fault(connection):
        _recognise(connection)
        _choose_journal(connection, not on_network(file) if in_log is None else in_log)
        # A commit then also survives a power cut; only the worker waits for it.
        connection.execute("PRAGMA synchronous = FULL")
        # Deleted data is overwritten, so that no damage can lead to it; a replaced row counts as deleted.
        connection.execute("PRAGMA secure_delete = ON")
        connection.execute("PRAGMA recursive_triggers = ON")
        sums.add_row_sum(connection)
        _migrate(connection)
        _check_schema(connection)
        _probe(connection, file)
    return connection


@contextmanager
def _closed_on_a_fault(connection: sqlite3.Connection) -> Iterator[None]:
    try:
        yield
    except UnicodeDecodeError as problem:
        connection.close()
        # A damaged name in the schema makes even SQLite's error message undecodable.
        raise Unusable("is damaged") from problem
    except BaseException:
        connection.close()
        raise


def _choose_journal(connection: sqlite3.Connection, in_log: bool) -> None:
    """Use write-ahead logging if `in_log` is set and it works, else a rollback journal."""
    mode = "wal" if in_log else "delete"
    if connection.execute("PRAGMA journal_mode").fetchone()[0] == mode:
        return
    try:
        connection.execute(f"PRAGMA journal_mode = {mode}")
    except sqlite3.OperationalError as problem:
        if _code(problem) not in (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PROTOCOL):
            raise
        connection.execute("PRAGMA journal_mode = delete")


def _reader(file: Path, seconds: float, options: str) -> sqlite3.Connection | None:
    connection = _connect(file, seconds, options)
    with _closed_on_a_fault(connection):
        usable = _version(connection) == len(MIGRATIONS)
        if usable:
            _check_schema(connection)
    if usable:
        return connection
    connection.close()
    return None


def _version(connection: sqlite3.Connection) -> int:
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if 0 <= version <= len(MIGRATIONS):
        return version
    # A newer program's store has its version in the tally too; if the two differ, this number is damaged.
    tally: dict[str, int] | None = None
    with suppress(sqlite3.OperationalError):
        tally = sums.expected(connection)
    if tally is None or tally["schema"] != version:
        raise Unusable(f"has the unknown version {version}")
    raise UserError(
        "The outlines and assessments stored on this computer were written by a newer version of the program.",
        "Use that version. This version does not change them and saves nothing.",
    )


def _recognise(connection: sqlite3.Connection) -> None:
    """Check, before any change, that the file is a store of this program in the version it states.

    Raises:
        Unusable: it is not.
    """
    version = _version(connection)
    if version < len(MIGRATIONS) and _schema_there(connection) != _schema_of(MIGRATIONS[:version]):
        raise Unusable("is not a store of this program, or not of the version it states")


def _migrate(connection: sqlite3.Connection) -> None:
    if _version(connection) == len(MIGRATIONS):
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        # Another window may have migrated it by now.
        version = _version(connection)
        if version and connection.execute("PRAGMA integrity_check(1)").fetchone()[0] != "ok":
            # New checksums would mark damaged rows as sound.
            raise sums.Misled("it is damaged")
        for step in MIGRATIONS[version:]:
            for statement in step:
                _step(connection, statement)
        number = len(MIGRATIONS)
        if number >= _TALLIED_FROM:
            connection.execute("INSERT OR REPLACE INTO tally VALUES ('schema', ?, ?)", (number, -number))
        connection.execute(f"PRAGMA user_version = {number}")
        connection.execute("COMMIT")
    except BaseException:
        with suppress(sqlite3.Error):
            connection.execute("ROLLBACK")
        raise


def _step(connection: sqlite3.Connection, statement: str) -> None:
    try:
        connection.execute(statement)
    except sqlite3.OperationalError as problem:
        if _code(problem) == sqlite3.SQLITE_ERROR:
            # Something of the stated version is missing, or is there too early.
            raise Unusable(f"is not of the version it states ({problem})") from problem
        raise


def _probe(connection: sqlite3.Connection, file: Path) -> None:
    """Check that a writable file can be written to: a damaged header can prevent it."""
    try:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("ROLLBACK")
    except sqlite3.OperationalError as problem:
        if _code(problem) == sqlite3.SQLITE_READONLY and os.access(file, os.W_OK) and os.access(file.parent, os.W_OK):
            raise Unusable("is damaged") from problem
        raise


def _check_schema(connection: sqlite3.Connection) -> None:
    """Check that the schema has every table, column and trigger that the program uses.

    Raises:
        Unusable: something is missing or different.
    """
    present, required = _schema_there(connection), _schema_of(MIGRATIONS)
    for name, definition in required.items():
        if present.get(name) != definition:
            raise Unusable(f"lacks a required part of its schema ({name})")


def _schema_there(connection: sqlite3.Connection) -> dict[str, tuple[object, ...]]:
    try:
        return _schema(connection)
    except sqlite3.OperationalError as problem:
        if _code(problem) == sqlite3.SQLITE_ERROR:
            raise Unusable(f"cannot be read ({problem})") from problem
        raise


def _schema(connection: sqlite3.Connection) -> dict[str, tuple[object, ...]]:
    """Return the tables with their columns, and the triggers with their SQL."""
    schema: dict[str, tuple[object, ...]] = {}
    for kind, name, sql in connection.execute("SELECT type, name, sql FROM sqlite_master").fetchall():
        if kind == "table" and not name.startswith("sqlite_"):
            schema[name] = tuple(tuple(row) for row in connection.execute(f'PRAGMA table_info("{name}")'))
        elif kind == "trigger":
            schema[name] = (sql,)
    return schema


@cache
def _schema_of(migrations: tuple[tuple[str, ...], ...]) -> dict[str, tuple[object, ...]]:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        sums.add_row_sum(connection)
        for step in migrations:
            for statement in step:
                connection.execute(statement)
        return _schema(connection)


def damaged(problem: BaseException) -> bool:
    """Return whether the file is damaged or not a store, and must be replaced by a new one."""
    if isinstance(problem, Unusable | sums.Misled):
        return True
    return isinstance(problem, sqlite3.Error) and _code(problem) in _DAMAGED


def refusal(file: Path, problem: OSError | sqlite3.Error, wanted: Wanted = KEEP_OUTLINES) -> UserError:
    """Return the message on why the store could not be read or written; `wanted` says what for."""
    code = _code(problem) if isinstance(problem, sqlite3.Error) else 0
    if code in _LOCKED:
        return UserError(
            f"{wanted.undone}: another program has locked {file}.",
            f"{wanted.meanwhile} that program releases the file.",
        )
    if code == sqlite3.SQLITE_FULL:
        return UserError(
            f"{wanted.undone}: the disk is full.",
            f"{wanted.meanwhile} there is room on the disk of {file.parent}.",
        )
    why = problem.strerror if isinstance(problem, OSError) else str(problem)
    return UserError(
        f"{wanted.undone}: {file} cannot be read or written ({why}).",
        f"{wanted.meanwhile} the file is accessible.",
    )


def _code(problem: sqlite3.Error) -> int:
    """Return SQLite's primary result code, without the extended part in the higher bytes."""
    return int(getattr(problem, "sqlite_errorcode", 0)) & 0xFF
