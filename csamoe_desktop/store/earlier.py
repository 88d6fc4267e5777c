"""Outlines that had to make way for others: they are kept, and can be brought back as further lesions."""

import sqlite3
from dataclasses import dataclass

from csamoe_desktop.store import sums
from csamoe_desktop.store.lesions import StoredLesion, unpacked


@dataclass(frozen=True, slots=True)
class EarlierOutline:
    """One of them: the number of the lesion it was, when it was kept (ISO 8601, UTC), and the outline."""

    lesion: int
    changed: str
    kept: StoredLesion


def earlier_outlines(connection: sqlite3.Connection, image: str, frame: int) -> list[EarlierOutline]:
    """Return those of an image, the newest first; a spoilt one is not among them.

    Raises:
        sqlite3.Error: the store cannot be read.
    """
    rows, _ = sums.select(
        connection, "superseded", "WHERE image = ? AND frame = ? ORDER BY number DESC", (image, frame)
    )
    found = []
    for row in rows:
        if (row["image"], row["frame"]) != (image, frame):
            continue
        try:
            found.append(EarlierOutline(int(str(row["lesion"])), str(row["changed"]), unpacked(row)))
        except ValueError:
            continue
    return found
