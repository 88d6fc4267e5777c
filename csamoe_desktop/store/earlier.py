"""Replaced outlines: they stay in the store and can be restored as further lesions."""

import sqlite3
from dataclasses import dataclass

from csamoe_desktop.store import sums
from csamoe_desktop.store.lesions import StoredLesion, unpacked


@dataclass(frozen=True, slots=True)
class EarlierOutline:
    """A replaced outline: its lesion's number, when it was stored (ISO 8601, UTC), and the stored lesion."""

    lesion: int
    changed: str
    kept: StoredLesion


def earlier_outlines(connection: sqlite3.Connection, image: str, frame: int) -> list[EarlierOutline]:
    """Return the replaced outlines of an image, newest first; spoilt ones are left out.

    Raises:
        sqlite3.Error: the store cannot be read.
    """
    rows, _ = sums.select(
        connection, "superseded", "WHERE image = ? AND frame = ? ORDER BY number DESC", (image, frame)
    )
    outlines = []
    for row in rows:
        if (row["image"], row["frame"]) != (image, frame):
            continue
        try:
            outlines.append(EarlierOutline(int(str(row["lesion"])), str(row["changed"]), unpacked(row)))
        except ValueError:
            continue
    return outlines
