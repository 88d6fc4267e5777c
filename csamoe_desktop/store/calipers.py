"""The distances measured by hand on one image, as they lie in the store: their ends in frame pixels."""

import json
import sqlite3

from csamoe_desktop.lesion.calipers import Caliper
from csamoe_desktop.store import sums


def get_calipers(connection: sqlite3.Connection, image: str, frame: int) -> tuple[Caliper, ...]:
    """Return the calipers kept of an image, number 1 first.

    Raises:
        ValueError: the row is spoilt.
        sqlite3.Error: the store cannot be read, or led to another image's row.
    """
    row = sums.one(connection, "caliper", {"image": image, "frame": frame})
    if row is None:
        return ()
    try:
        return tuple(
            Caliper((float(top), float(left)), (float(bottom), float(right)))
            for (top, left), (bottom, right) in json.loads(str(row["calipers"]))
        )
    except (TypeError, RecursionError) as problem:
        raise ValueError("kept calipers cannot be read") from problem


def put_calipers(connection: sqlite3.Connection, image: str, frame: int, calipers: tuple[Caliper, ...]) -> None:
    """Keep these in the place of those that were there; call it inside a transaction.

    Raises:
        sqlite3.Error: the store cannot be written.
    """
    if not calipers:
        connection.execute("DELETE FROM caliper WHERE image = ? AND frame = ?", (image, frame))
        return
    told = json.dumps([[one.start, one.end] for one in calipers])
    sums.insert(connection, "caliper", {"image": image, "frame": frame, "calipers": told})
