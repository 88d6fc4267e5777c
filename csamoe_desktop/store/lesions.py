"""One lesion on one image as it lies in the store: its mask without loss, who made it, and what the reader says of it."""

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
    """What a row is found by.

    Attributes:
        image: the hash of the image, wherever its file is and whatever it is called.
        frame: its place in the study, from 0.
        lesion: its number on this frame, from 1.
    """

    image: str
    frame: int
    lesion: int = 1


@dataclass(frozen=True, slots=True)
class StoredLesion:
    """A lesion to be kept: `bits` are the mask's pixels row by row, eight a byte, `rows` and `columns` its shape."""

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
    """The reader's assessment as `ReaderSitting.to_dict` tells it; None where nothing was said."""

    @property
    def marked(self) -> bool:
        """Whether any pixel is set."""
        return any(self.bits)

    @property
    def described(self) -> bool:
        """Whether the reader has said what it is called or where it lies."""
        return self.description is not None and self.description.said

    @property
    def nothing(self) -> bool:
        """Whether there is nothing to keep."""
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
    """Return `mask` (its pixels may change afterwards) and what the reader says of it as they are kept."""
    rows, columns = mask.pixels.shape
    bits = np.packbits(mask.pixels).tobytes()
    return StoredLesion(
        rows, columns, bits, mask.author, mask.source, mask.notes, comment, description, locked, stored_sitting
    )


def nothing_of(shape: tuple[int, ...]) -> StoredLesion:
    """Return what is kept of a lesion that was deleted, on an image of this shape: nothing."""
    rows, columns = shape
    return StoredLesion(rows, columns, bytes((rows * columns + 7) // 8), Author.NONE, "", (), "")


def numbers(connection: sqlite3.Connection, image: str, frame: int) -> tuple[tuple[int, ...], int]:
    """Return the numbers of the lesions kept of an image, and the highest one that was ever used there, or 0.

    Raises:
        sqlite3.Error: the store cannot be read.
    """
    found = [
        [
            number
            for (number,) in connection.execute(
                f"SELECT DISTINCT lesion FROM {table} WHERE image = ? AND frame = ? ORDER BY lesion", (image, frame)
            )
        ]
        for table in ("lesion", "superseded", "reading")
    ]
    if not all(isinstance(number, int) for each in found for number in each):
        raise sums.Misled("a lesion's number is none")
    return tuple(found[0]), max((number for each in found for number in each), default=0)


def get(connection: sqlite3.Connection, key: LesionKey) -> tuple[StoredLesion, str] | None:
    """Return the lesion kept under `key` and which edition of it this is; None where there is none.

    Raises:
        ValueError: the row is there but spoilt.
        sqlite3.Error: the store cannot be read, or led to another lesion's row.
    """
    row = sums.one(connection, "lesion", {"image": key.image, "frame": key.frame, "lesion": key.lesion})
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
        said = json.loads(described) if described else {}
        description = Description.from_dict(said["description"]) if "description" in said else None
        told, locked = tuple(map(str, json.loads(row["notes"]))), bool(said.get("locked"))
        author, source, comment = Author(row["author"]), row["source"], row["comment"]
        stored_sitting = dict(said["assessed"]) if said.get("assessed") else None
        return StoredLesion(rows, columns, bits, author, source, told, comment, description, locked, stored_sitting)
    except (ValueError, TypeError, KeyError, RecursionError, zlib.error) as problem:
        raise ValueError(f"a kept outline cannot be read: {problem}") from problem


def put(connection: sqlite3.Connection, key: LesionKey, kept: StoredLesion, seen: str | None) -> str | None:
    """Keep a lesion in the place of the one that was there; call it inside a transaction.

    `seen` is the edition that the work began from or this program wrote last. Is it another one that lies there (a
    second window wrote it, or it could not be read when its image was opened), that one is moved to `superseded`:
    nobody has seen it go.

    Returns:
        The edition written, or None where there was nothing to keep and no row is left.

    Raises:
        sqlite3.Error: the store cannot be written.
    """
    where = {"image": key.image, "frame": key.frame, "lesion": key.lesion}
    make_way(connection, key, seen)
    if kept.nothing:
        connection.execute(f"DELETE FROM lesion {_WHERE}", tuple(where.values()))
        return None
    edition = secrets.token_hex(8)
    said: dict[str, Any] = {}
    if kept.description is not None:
        said = {"description": kept.description.to_dict(), "locked": kept.locked}
    if kept.stored_sitting is not None:
        said["assessed"] = kept.stored_sitting
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
        "described": lossless_json(said) if said else "",
    }
    sums.insert(connection, "lesion", row)
    return edition


def make_way(connection: sqlite3.Connection, key: LesionKey, seen: str | None) -> None:
    """Move the row that lies under `key`, if it is another edition than `seen`, to `superseded`; a spoilt one to `spoilt`."""
    where = (key.image, key.frame, key.lesion)
    good, spoilt = sums.select(connection, "lesion", _WHERE, where)
    if spoilt:
        sums.move_row(connection, "lesion", _WHERE, where)
    for row in good:
        if (row["image"], row["frame"], row["lesion"]) != where:
            raise sums.Misled("the index of lesion is damaged")
        if row["edition"] != seen:
            sums.insert(connection, "superseded", {name: value for name, value in row.items() if name != "sum"})
