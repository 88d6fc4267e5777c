"""A lesion in the store: its mask without loss, the mask's author, and the reader's description, comment and assessment."""

import json
import secrets
import sqlite3
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from csamoe_desktop.lesion.description import Description
from csamoe_desktop.lesion.mask import Author, LesionMask
from csamoe_desktop.names import lossless_json
from csamoe_desktop.store import sums

_WHERE = "WHERE image = ? AND frame = ? AND lesion = ?"


@dataclass(frozen=True, slots=True)
class LesionKey:
    """The key of a lesion's row.

    Attributes:
        image: the hash of the image, independent of the file's path and name.
        frame: its index in the study, from 0.
        lesion: its number on this frame, from 1.
    """

    image: str
    frame: int
    lesion: int = 1


@dataclass(frozen=True, slots=True)
class StoredLesion:
    """A lesion to be stored: `bits` are the mask's pixels row by row, eight per byte; `rows` and `columns` are its shape."""

    rows: int
    columns: int
    bits: bytes
    author: Author
    source: str
    notes: tuple[str, ...]
    comment: str
    description: Description | None = None
    locked: bool = False
    stored_sitting: dict[str, Any] | None = None
    """The reader's assessment in the form of `ReaderSitting.to_dict`; None if there is none."""

    @property
    def marked(self) -> bool:
        """Whether any pixel is set."""
        return any(self.bits)

    @property
    def described(self) -> bool:
        """Whether the reader has given a name or a location."""
        return self.description is not None and self.description.said

    @property
    def nothing(self) -> bool:
        """Whether there is nothing to store."""
        return not (self.comment or self.described or self.marked or self.stored_sitting)

    def mask(self) -> LesionMask:
        """Return the mask, its pixels bool (rows, columns)."""
        flat = np.unpackbits(np.frombuffer(self.bits, np.uint8), count=self.rows * self.columns)
        pixels: NDArray[np.bool_] = flat.astype(bool).reshape(self.rows, self.columns)
        return LesionMask(pixels, self.author, self.source, self.notes)


def packed(
    mask: LesionMask,
    comment: str,
    description: Description | None = None,
    locked: bool = False,
    stored_sitting: dict[str, Any] | None = None,
) -> StoredLesion:
    """Return a lesion in its stored form; the pixels of `mask` may change afterwards."""
    rows, columns = mask.pixels.shape
    bits = np.packbits(mask.pixels).tobytes()
    return StoredLesion(
        rows, columns, bits, mask.author, mask.source, mask.notes, comment, description, locked, stored_sitting
    )


def nothing_of(shape: tuple[int, ...]) -> StoredLesion:
    """Return the empty stored form of a deleted lesion, for an image of this shape."""
    rows, columns = shape
    return StoredLesion(rows, columns, bytes((rows * columns + 7) // 8), Author.NONE, "", (), "")


def numbers(connection: sqlite3.Connection, image: str, frame: int) -> tuple[tuple[int, ...], int]:
    """Return the numbers of the stored lesions of an image, and the highest number ever used there, or 0.

    Raises:
        sqlite3.Error: the store cannot be read.
    """
    by_table = [
        [
            number
            for (number,) in connection.execute(
                f"SELECT DISTINCT lesion FROM {table} WHERE image = ? AND frame = ? ORDER BY lesion", (image, frame)
            )
        ]
        for table in ("lesion", "superseded", "reading")
    ]
    if not all(isinstance(number, int) for column in by_table for number in column):
        raise sums.Misled("a lesion's number is not a number")
    return tuple(by_table[0]), max((number for column in by_table for number in column), default=0)


def get(connection: sqlite3.Connection, key: LesionKey) -> tuple[StoredLesion, str] | None:
    """Return the lesion stored under `key` and its edition; None if there is none.

    Raises:
        ValueError: the row exists but is spoilt.
        sqlite3.Error: the store cannot be read, or returned another lesion's row.
    """
    row = sums.select_one(connection, "lesion", {"image": key.image, "frame": key.frame, "lesion": key.lesion})
    return None if row is None else (unpacked(row), str(row["edition"]))


def unpacked(row: Mapping[str, Any]) -> StoredLesion:
    """Return the lesion in a row of `lesion` or `superseded`.

    Raises:
        ValueError: the row is spoilt.
    """
    try:
        rows, columns, bits = row["rows"], row["columns"], zlib.decompress(row["pixels"])
        if len(bits) != (rows * columns + 7) // 8:
            raise ValueError(f"{len(bits)} bytes for {rows} x {columns} pixels")
        # The earliest schemas had no description.
        described = row.get("described", "")
        details = json.loads(described) if described else {}
        description = Description.from_dict(details["description"]) if "description" in details else None
        notes, locked = tuple(map(str, json.loads(row["notes"]))), bool(details.get("locked"))
        author, source, comment = Author(row["author"]), row["source"], row["comment"]
        stored_sitting = dict(details["assessed"]) if details.get("assessed") else None
        return StoredLesion(rows, columns, bits, author, source, notes, comment, description, locked, stored_sitting)
    except (ValueError, TypeError, KeyError, RecursionError, zlib.error) as problem:
        raise ValueError(f"a stored outline cannot be read: {problem}") from problem


def put(connection: sqlite3.Connection, key: LesionKey, kept: StoredLesion, seen: str | None) -> str | None:
    """Store a lesion in the place of the one that was there; call it inside a transaction.

    `seen` is the edition that the work started from or that this program wrote last. If the store has another edition (a
    second window wrote it, or it could not be read when its image was opened), that one is moved to `superseded`, because
    the user has not seen it.

    Returns:
        The edition written, or None if there was nothing to store and no row is left.

    Raises:
        sqlite3.Error: the store cannot be written.
    """
    where = {"image": key.image, "frame": key.frame, "lesion": key.lesion}
    set_unseen_aside(connection, key, seen)
    if kept.nothing:
        connection.execute(f"DELETE FROM lesion {_WHERE}", tuple(where.values()))
        return None
    edition = secrets.token_hex(8)
    details: dict[str, Any] = {}
    if kept.description is not None:
        details = {"description": kept.description.to_dict(), "locked": kept.locked}
    if kept.stored_sitting is not None:
        details["assessed"] = kept.stored_sitting
    row = {
        **where,
        "rows": kept.rows,
        "columns": kept.columns,
        "pixels": zlib.compress(kept.bits, 6),
        "author": kept.author.value,
        "source": kept.source,
        "notes": json.dumps(kept.notes, ensure_ascii=False),
        "comment": kept.comment,
        "changed": datetime.now(UTC).isoformat(timespec="seconds"),
        "edition": edition,
        "described": lossless_json(details) if details else "",
    }
    sums.insert(connection, "lesion", row)
    return edition


def set_unseen_aside(connection: sqlite3.Connection, key: LesionKey, seen: str | None) -> None:
    """Move the row under `key` to `superseded` if its edition is not `seen`, or to `spoilt` if it is spoilt."""
    where = (key.image, key.frame, key.lesion)
    good, spoilt = sums.select(connection, "lesion", _WHERE, where)
    if spoilt:
        sums.move_row(connection, "lesion", _WHERE, where)
    for row in good:
        if (row["image"], row["frame"], row["lesion"]) != where:
            raise sums.Misled("the index of lesion is damaged")
        if row["edition"] != seen:
            sums.insert(connection, "superseded", {name: value for name, value in row.items() if name != "sum"})
