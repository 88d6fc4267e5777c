"""Writing to the store row by row: one that cannot be written, for whatever reason, keeps none of the others."""

import logging
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from csamoe_desktop.errors import UserError

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """What waits for one row: in which queue and under which key, its value, and what writes it inside a transaction."""

    queue: dict[Any, Any]
    place: object
    value: object
    write: Callable[[sqlite3.Connection], object]

    def done(self) -> None:
        """Take it out of its queue; where a newer value came meanwhile, that goes on waiting."""
        if self.queue.get(self.place) is self.value:
            del self.queue[self.place]


class RowsLeft(Exception):
    """`count` rows could not be written; the file is in order, and the others are in it."""

    def __init__(self, count: int) -> None:
        super().__init__(f"{count} rows could not be written")
        self.count = count


def write_rows(connection: sqlite3.Connection, rows: Sequence[Row]) -> tuple[dict[Row, object], dict[Row, Exception]]:
    """Write rows in one transaction; return those that were written, with what their `write` returned, and those that could
    not be, with the reason.

    Raises:
        OSError, sqlite3.Error: the file cannot be written; nothing is.
    """
    written: dict[Row, object] = {}
    refused: dict[Row, Exception] = {}
    connection.execute("BEGIN IMMEDIATE")
    try:
        for row in rows:
            connection.execute("SAVEPOINT one_row")
            try:
                written[row] = row.write(connection)
            except Exception as problem:
                if _of_the_file(problem):
                    raise
                _log.error("a row of the store cannot be written: %s", type(problem).__name__)
                connection.execute("ROLLBACK TO one_row")
                refused[row] = problem
            connection.execute("RELEASE one_row")
        connection.execute("COMMIT")
    except BaseException:
        with suppress(sqlite3.Error):
            connection.execute("ROLLBACK")
        raise
    return written, refused


def not_kept(problem: Exception) -> UserError:
    """Return in words that something is not kept for a fault of the program."""
    if isinstance(problem, RowsLeft):
        rows = "One outline or note" if problem.count == 1 else f"{problem.count} outlines or notes"
        return UserError(
            f"{rows} could not be stored: something went wrong inside the program.",
            "All the others are. Export a report of what you need; it is tried again as long as the program runs.",
        )
    _log.error("fault in storing", exc_info=problem)
    return UserError(
        f"Your outlines are not kept at the moment: something went wrong inside the program ({type(problem).__name__}).",
        "You can go on drawing; it is tried again every few seconds.",
    )


def _of_the_file(problem: Exception) -> bool:
    """Return whether it is the file that cannot be written, and not this row alone."""
    of_a_row = (sqlite3.IntegrityError, sqlite3.DataError, sqlite3.InterfaceError, sqlite3.ProgrammingError)
    return isinstance(problem, OSError | sqlite3.Error) and not isinstance(problem, of_a_row)
