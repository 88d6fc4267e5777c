"""Writes to the store row by row, so that a row that cannot be written does not block the others."""

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
    """A row waiting to be written: its queue, its key there, its value, and the function that writes it in a transaction."""

    queue: dict[Any, Any]
    place: object
    value: object
    write: Callable[[sqlite3.Connection], object]

    def done(self) -> None:
        """Remove it from its queue; a newer value that came meanwhile keeps waiting."""
        if self.queue.get(self.place) is self.value:
            del self.queue[self.place]


class RowsLeft(Exception):
    """`count` rows could not be written; the file is usable, and the other rows are in it."""

    def __init__(self, count: int) -> None:
        super().__init__(f"{count} rows could not be written")
        self.count = count


def write_rows(connection: sqlite3.Connection, rows: Sequence[Row]) -> tuple[dict[Row, object], dict[Row, Exception]]:
    """Write rows in one transaction; return the written rows with the results of `write`, and the failed ones with the
    reason.

    Raises:
        OSError, sqlite3.Error: the file cannot be written; no row is written.
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
                if _concerns_the_file(problem):
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


def not_stored(problem: Exception) -> UserError:
    """Return the message that something could not be stored because of a fault in the program."""
    if isinstance(problem, RowsLeft):
        rows = "One outline or note" if problem.count == 1 else f"{problem.count} outlines or notes"
        return UserError(
            f"{rows} could not be stored: something went wrong inside the program.",
            "All others are stored. Export a report of what you need; the program keeps trying to store the rest.",
        )
    _log.error("fault in storing", exc_info=problem)
    return UserError(
        f"Your outlines are not saved at the moment: something went wrong inside the program ({type(problem).__name__}).",
        "You can continue drawing; the program tries again every few seconds.",
    )


def _concerns_the_file(problem: Exception) -> bool:
    """Return whether the whole file cannot be written, not only this row."""
    of_a_row = (sqlite3.IntegrityError, sqlite3.DataError, sqlite3.InterfaceError, sqlite3.ProgrammingError)
    return isinstance(problem, OSError | sqlite3.Error) and not isinstance(problem, of_a_row)
