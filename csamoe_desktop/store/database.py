"""The store's file: SQLite in write-ahead mode (sqlite.org/wal.html), its schema in numbered steps, and what can go wrong.

A process that is killed leaves such a file whole: what was committed is in it, the rest was never there.
"""

import os
import sqlite3
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from csamoe_desktop.errors import UserError
from csamoe_desktop.files import make_private_folder

_COLUMNS = """
    image TEXT NOT NULL, frame INTEGER NOT NULL, lesion INTEGER NOT NULL DEFAULT 1,
    rows INTEGER NOT NULL, columns INTEGER NOT NULL, pixels BLOB NOT NULL,
    author TEXT NOT NULL, source TEXT NOT NULL, notes TEXT NOT NULL, comment TEXT NOT NULL,
    changed TEXT NOT NULL, edition TEXT NOT NULL
"""

MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        f"CREATE TABLE lesion ({_COLUMNS}, PRIMARY KEY (image, frame, lesion))",
        # Rows that had to make way unseen: see `lesions.put`.
        f"CREATE TABLE superseded (number INTEGER PRIMARY KEY, {_COLUMNS})",
    ),
    (
        # One row a sitting with a lesion: see `reads`.
        """CREATE TABLE reading (
            sitting TEXT PRIMARY KEY, image TEXT NOT NULL, frame INTEGER NOT NULL, lesion INTEGER NOT NULL,
            begun TEXT NOT NULL, asked INTEGER NOT NULL, skipped INTEGER NOT NULL,
            first TEXT, first_seconds REAL,
            category TEXT, probability REAL, ai_seconds REAL, model TEXT, weights_sha256 TEXT, mask_sha256 TEXT,
            final TEXT, final_seconds REAL, guard TEXT NOT NULL
        )""",
        """CREATE TABLE pathology (
            image TEXT NOT NULL, frame INTEGER NOT NULL, lesion INTEGER NOT NULL, found TEXT NOT NULL,
            PRIMARY KEY (image, frame, lesion)
        )""",
    ),
    (
        # What a lesion is called and where it lies: see `lesions`.
        *(f"ALTER TABLE {table} ADD COLUMN described TEXT NOT NULL DEFAULT ''" for table in ("lesion", "superseded")),
        # One row an image: see `calipers`.
        """CREATE TABLE caliper (
            image TEXT NOT NULL, frame INTEGER NOT NULL, calipers TEXT NOT NULL, PRIMARY KEY (image, frame)
        )""",
    ),
    (
        # Indication, comparison and technique, a row an examination: see `examinations`.
        "CREATE TABLE examination (key TEXT PRIMARY KEY, said TEXT NOT NULL)",
    ),
)
"""What leads from each schema to the next, never changed once released; the last one's number is in `user_version`."""

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
    with suppress(FileExistsError):
        # The user's own: comments may say more of a patient than they should.
        os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    connection = sqlite3.connect(file, timeout=seconds, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        # A commit then outlives a power cut too; it is waited for in the worker only.
        connection.execute("PRAGMA synchronous = FULL")
        _migrate(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def open_to_read(file: Path, seconds: float) -> sqlite3.Connection | None:
    """Return a connection that only reads; None where there is no file, or an older program's or nothing in it.

    Raises:
        sqlite3.Error: it cannot be opened.
        UserError: a newer version of the program has written it.
    """
    if not file.is_file():
        return None
    try:
        return _reader(file, seconds, "mode=ro")
    except sqlite3.OperationalError:
        # In a folder where nothing may be written there is no place for the lock either; if all is in the one file,
        # it can be read without.
        if os.access(file.parent, os.W_OK) or Path(f"{file}-wal").exists():
            raise
        return _reader(file, seconds, "mode=ro&immutable=1")


def _reader(file: Path, seconds: float, how: str) -> sqlite3.Connection | None:
    uri = f"{file.absolute().as_uri()}?{how}"
    connection = sqlite3.connect(uri, uri=True, timeout=seconds, isolation_level=None, check_same_thread=False)
    try:
        usable = _version(connection) == len(MIGRATIONS)
    except BaseException:
        connection.close()
        raise
    if usable:
        return connection
    connection.close()
    return None


def _version(connection: sqlite3.Connection) -> int:
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if version > len(MIGRATIONS):
        raise UserError(
            "The outlines and reads kept on this computer were written by a newer version of the program.",
            "Use that version; this one leaves them alone, and keeps nothing.",
        )
    return version


def _migrate(connection: sqlite3.Connection) -> None:
    if _version(connection) == len(MIGRATIONS):
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        # Another window may have come first.
        for step in MIGRATIONS[_version(connection) :]:
            for statement in step:
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
        connection.execute("COMMIT")
    except BaseException:
        with suppress(sqlite3.Error):
            connection.execute("ROLLBACK")
        raise


def damaged(problem: BaseException) -> bool:
    """Return whether the file is no sound database any more, and only a fresh one helps."""
    return isinstance(problem, sqlite3.Error) and _code(problem) in _DAMAGED


def set_aside(file: Path) -> Path:
    """Give a damaged file another name, with what belongs to it, and return that; no connection of ours may be open.

    Raises:
        OSError: it cannot be renamed.
    """
    stamp = datetime.now().strftime("%Y%m%d-%H%M%S")
    endings = ("", *(f"-{number}" for number in range(2, 100)))
    names = (file.with_name(f"{file.stem}-damaged-{stamp}{ending}{file.suffix}") for ending in endings)
    aside = next(name for name in names if not name.exists())
    # The file itself first: were it kept from going, its log must stay beside it.
    for part in ("", "-wal", "-shm"):
        with suppress(FileNotFoundError):
            Path(f"{file}{part}").rename(f"{aside}{part}")
    return aside


def save_readable(aside: Path, connection: sqlite3.Connection) -> int:
    """Take over into a fresh store what can still be read of a damaged one; return how many rows that was."""
    before = connection.total_changes
    for order in ("ASC", "DESC"):
        # From both ends: where the damage is met, the rows behind it are reached from the other side.
        with suppress(sqlite3.Error, UserError):
            damaged_one = open_to_read(aside, 0)
            if damaged_one is None:
                continue
            with closing(damaged_one):
                for row in damaged_one.execute(f"SELECT * FROM lesion ORDER BY rowid {order}"):
                    connection.execute(f"INSERT OR IGNORE INTO lesion VALUES ({', '.join('?' * len(row))})", row)
    saved = connection.total_changes - before
    for table in ("reading", "pathology", "caliper", "examination"):
        with suppress(sqlite3.Error, UserError):
            damaged_one = open_to_read(aside, 0)
            if damaged_one is None:
                continue
            with closing(damaged_one):
                for row in damaged_one.execute(f"SELECT * FROM {table}"):
                    connection.execute(f"INSERT OR IGNORE INTO {table} VALUES ({', '.join('?' * len(row))})", row)
    return saved


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
