"""The store's file: SQLite, its schema in numbered steps, how it is opened, and what can go wrong.

It is in write-ahead mode (sqlite.org/wal.html), on a network drive, where that does not work, with a rollback journal. A
process that is killed leaves either whole: what was committed is in it, the rest was never there.
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
    """What the store was to do: in words that it was not done, and what the user can do until it is."""

    undone: str
    meanwhile: str


KEEP_OUTLINES = Wanted(
    "Your outlines are not kept at the moment", "You can go on drawing; what waits in memory is kept as soon as"
)
KEEP_READS = Wanted(
    "Your reads are not kept at the moment", "You can go on reading; what waits in memory is kept as soon as"
)
KEEP_PATHOLOGY = Wanted("The pathology was not kept", "Choose it again as soon as")
SHOW_READS = Wanted("The reads kept on this computer cannot be shown at the moment", "Look again as soon as")


class Unusable(sqlite3.OperationalError):
    """What lies at the store's place is no store that can be used; only a fresh one helps. It says why."""


def open_to_write(file: Path, seconds: float) -> sqlite3.Connection:
    """Return a connection that may write, the file made or brought to the schema in use where need be.

    Args:
        file: the store's file.
        seconds: how long it waits for another program's lock.

    Raises:
        OSError, sqlite3.Error: it cannot be opened, made or written to; `damaged` and `refusal` say more.
        UserError: a newer version of the program has written it.
    """
    make_private_folder(file.parent)
    if not file.exists():
        _begin(file)
    if why := wrong_with(file):
        raise Unusable(why)
    return _patiently(lambda: _writer(file, seconds), seconds)


def open_to_read(file: Path, seconds: float) -> sqlite3.Connection | None:
    """Return a connection that only reads; None where there is no file, or an older program's or nothing in it.

    Raises:
        sqlite3.Error: it cannot be opened, or is no store.
        UserError: a newer version of the program has written it.
    """
    if not file.is_file():
        return None
    try:
        return _patiently(lambda: _reader(file, seconds, "mode=ro"), seconds)
    except sqlite3.OperationalError:
        # In a folder where nothing may be written there is no place for the lock either; if all is in the one file,
        # it can be read without.
        if os.access(file.parent, os.W_OK) or Path(f"{file}-wal").exists():
            raise
        return _reader(file, seconds, "mode=ro&immutable=1")


def wrong_with(file: Path) -> str:
    """Return why what lies at the store's place cannot be one, in words that follow "it"; "" where nothing shows that."""
    try:
        told = file.stat()
    except OSError:
        return ""
    if stat.S_ISDIR(told.st_mode):
        return "is a folder"
    if not stat.S_ISREG(told.st_mode):
        return "is no plain file"
    if not told.st_size and not Path(f"{file}-wal").exists():
        # `_begin` puts none there before its schema is in it.
        return "is empty"
    # Where the folder may not be written to either, no other can be begun: then it is read as it is.
    if not os.access(file, os.W_OK) and os.access(file.parent, os.W_OK):
        return "may not be written to"
    return ""


_Opened = TypeVar("_Opened")


def _patiently(attempt: Callable[[], _Opened], seconds: float) -> _Opened:
    """Return what `attempt` does, tried again while another program has the file locked: not every lock that is met in
    opening is waited for by SQLite itself."""
    until = time.monotonic() + seconds
    while True:
        try:
            return attempt()
        except sqlite3.Error as problem:
            if _code(problem) not in _LOCKED or time.monotonic() >= until:
                raise
            time.sleep(0.02)


def _begin(file: Path) -> None:
    """Put a fresh store in its place, whole from its first moment: whoever comes at the same time finds this or theirs."""
    # A link that leads nowhere yet leads to where it belongs.
    file = Path(os.path.realpath(file))
    draft = file.with_name(f"{file.name}.{os.getpid()}-{secrets.token_hex(4)}.new")
    # The user's own: comments may say more of a patient than they should.
    os.close(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    try:
        _writer(draft, 1.0, in_log=not on_network(file)).close()
        with suppress(FileExistsError):
            try:
                draft.hardlink_to(file)
            except FileExistsError:
                raise
            except OSError:
                # Some drives know no second name for a file. On Windows this refuses where there is one meanwhile.
                if not file.exists():
                    draft.rename(file)
    finally:
        for part in ("", "-wal", "-shm", "-journal"):
            Path(f"{draft}{part}").unlink(missing_ok=True)


def _connect(file: Path, seconds: float, how: str) -> sqlite3.Connection:
    connection = sqlite3.connect(
        uri_of(file.absolute(), how), uri=True, timeout=seconds, isolation_level=None, check_same_thread=False
    )
    # A text with a flipped bit may be no text any more: its row is found to be spoilt, and the others are read.
    connection.text_factory = lambda told: told.decode("utf-8", "surrogateescape")
    return connection


def _writer(file: Path, seconds: float, in_log: bool | None = None) -> sqlite3.Connection:
    connection = _connect(file, seconds, "mode=rw")
    with _closed_on_a_fault(connection):
        _recognise(connection)
        _choose_journal(connection, not on_network(file) if in_log is None else in_log)
        # A commit then outlives a power cut too; it is waited for in the worker only.
        connection.execute("PRAGMA synchronous = FULL")
        # What was deleted is gone, and no damage can lead to it; and a row that is replaced counts as deleted.
        connection.execute("PRAGMA secure_delete = ON")
        connection.execute("PRAGMA recursive_triggers = ON")
        sums.teach(connection)
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
        # A damaged name in the schema spoils even the sentence in which SQLite says so.
        raise Unusable("is damaged") from problem
    except BaseException:
        connection.close()
        raise


def _choose_journal(connection: sqlite3.Connection, in_log: bool) -> None:
    """Have changes written to a log beside the file where that works, else into a rollback journal."""
    mode = "wal" if in_log else "delete"
    if connection.execute("PRAGMA journal_mode").fetchone()[0] == mode:
        return
    try:
        connection.execute(f"PRAGMA journal_mode = {mode}")
    except sqlite3.OperationalError as problem:
        if _code(problem) not in (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PROTOCOL):
            raise
        connection.execute("PRAGMA journal_mode = delete")


def _reader(file: Path, seconds: float, how: str) -> sqlite3.Connection | None:
    connection = _connect(file, seconds, how)
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
    # A newer program's store has its number in a second place too; else it is this number that is damaged.
    told: dict[str, int] | None = None
    with suppress(sqlite3.OperationalError):
        told = sums.expected(connection)
    if told is None or told["schema"] != version:
        raise Unusable(f"says it is of version {version}")
    raise UserError(
        "The outlines and reads kept on this computer were written by a newer version of the program.",
        "Use that version; this one leaves them alone, and keeps nothing.",
    )


def _recognise(connection: sqlite3.Connection) -> None:
    """See to it that the file is this program's, and of the version it says, before anything in it changes.

    Raises:
        Unusable: it is not.
    """
    version = _version(connection)
    if version < len(MIGRATIONS) and _schema_there(connection) != _schema_of(MIGRATIONS[:version]):
        raise Unusable("is not a store of this program, or not of the version it says")


def _migrate(connection: sqlite3.Connection) -> None:
    if _version(connection) == len(MIGRATIONS):
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        # Another window may have come first.
        version = _version(connection)
        if version and connection.execute("PRAGMA integrity_check(1)").fetchone()[0] != "ok":
            # The checksums of damaged rows would call them sound.
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
            # It lacks what its version has, or has it already.
            raise Unusable(f"is not of the version it says ({problem})") from problem
        raise


def _probe(connection: sqlite3.Connection, file: Path) -> None:
    """See to it that a file that may be written to can be: a damaged header can forbid it."""
    try:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("ROLLBACK")
    except sqlite3.OperationalError as problem:
        if _code(problem) == sqlite3.SQLITE_READONLY and os.access(file, os.W_OK) and os.access(file.parent, os.W_OK):
            raise Unusable("is damaged") from problem
        raise


def _check_schema(connection: sqlite3.Connection) -> None:
    """See to it that every table has the columns that the program uses.

    Raises:
        Unusable: it has not.
    """
    there, wanted = _schema_there(connection), _schema_of(MIGRATIONS)
    for name, columns in wanted.items():
        if there.get(name) != columns:
            raise Unusable(f"lacks what a store has ({name})")


def _schema_there(connection: sqlite3.Connection) -> dict[str, tuple[object, ...]]:
    try:
        return _schema(connection)
    except sqlite3.OperationalError as problem:
        if _code(problem) == sqlite3.SQLITE_ERROR:
            raise Unusable(f"cannot be read ({problem})") from problem
        raise


def _schema(connection: sqlite3.Connection) -> dict[str, tuple[object, ...]]:
    """Return the tables with their columns, and the triggers with what they do."""
    told: dict[str, tuple[object, ...]] = {}
    for kind, name, sql in connection.execute("SELECT type, name, sql FROM sqlite_master").fetchall():
        if kind == "table" and not name.startswith("sqlite_"):
            told[name] = tuple(tuple(row) for row in connection.execute(f'PRAGMA table_info("{name}")'))
        elif kind == "trigger":
            told[name] = (sql,)
    return told


@cache
def _schema_of(migrations: tuple[tuple[str, ...], ...]) -> dict[str, tuple[object, ...]]:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        sums.teach(connection)
        for step in migrations:
            for statement in step:
                connection.execute(statement)
        return _schema(connection)


def damaged(problem: BaseException) -> bool:
    """Return whether the file is no sound database any more, or no store, and only a fresh one helps."""
    if isinstance(problem, Unusable | sums.Misled):
        return True
    return isinstance(problem, sqlite3.Error) and _code(problem) in _DAMAGED


def refusal(file: Path, problem: OSError | sqlite3.Error, wanted: Wanted = KEEP_OUTLINES) -> UserError:
    """Return in words why the store could not be read or written for what was wanted of it."""
    code = _code(problem) if isinstance(problem, sqlite3.Error) else 0
    if code in _LOCKED:
        return UserError(f"{wanted.undone}: another program has locked {file}.", f"{wanted.meanwhile} it lets go.")
    if code == sqlite3.SQLITE_FULL:
        return UserError(
            f"{wanted.undone}: the disk is full.",
            f"{wanted.meanwhile} there is room on the disk of {file.parent}.",
        )
    why = problem.strerror if isinstance(problem, OSError) else str(problem)
    return UserError(
        f"{wanted.undone}: {file} cannot be read or written ({why}).",
        f"{wanted.meanwhile} that can be written to.",
    )


def _code(problem: sqlite3.Error) -> int:
    """Return SQLite's primary result code; the higher bytes only say more of it."""
    return int(getattr(problem, "sqlite_errorcode", 0)) & 0xFF
