"""The calipers of an image in the store: the ends of each measured distance, (row, column) in frame pixels."""

import json
import sqlite3

from csamoe_desktop.lesion.calipers import Caliper
from csamoe_desktop.store import sums


def get_calipers(connection: sqlite3.Connection, image: str, frame: int) -> tuple[Caliper, ...]:
    """Return the stored calipers of an image, number 1 first.

    Raises:
        ValueError: the row is spoilt.
        sqlite3.Error: the store cannot be read, or returned another image's row.
    """
    row = sums.select_one(connection, "caliper", {"image": image, "frame": frame})
    if row is None:
        return ()
    try:
        return tuple(
            Caliper((float(top), float(left)), (float(bottom), float(right)))
            for (top, left), (bottom, right) in json.loads(str(row["calipers"]))
        )
    except (TypeError, RecursionError) as problem:
        raise ValueError("stored calipers cannot be read") from problem


def put_calipers(connection: sqlite3.Connection, image: str, frame: int, calipers: tuple[Caliper, ...]) -> None:
    """Replace the stored calipers of an image; call it inside a transaction.

    Raises:
        sqlite3.Error: the store cannot be written.
    """
    if not calipers:
        connection.execute("DELETE FROM caliper WHERE image = ? AND frame = ?", (image, frame))
        return
    ends = json.dumps([[caliper.start, caliper.end] for caliper in calipers])
    sums.insert(connection, "caliper", {"image": image, "frame": frame, "calipers": ends})
