"""Reads the page directories of a TIFF or BigTIFF file without decoding the pages (TIFF 6.0, sections 2 and 8)."""

import struct
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from csamoe_desktop.study.limits import MOST_FRAMES

_WIDTH, _LENGTH, _BITS, _COMPRESSION, _MEANING, _SAMPLES, _FORMAT = 256, 257, 258, 259, 262, 277, 339
_WANTED = frozenset((_WIDTH, _LENGTH, _BITS, _COMPRESSION, _MEANING, _SAMPLES, _FORMAT))
_FIELDS = {1: "B", 3: "H", 4: "I", 16: "Q"}
_MOST_ENTRIES = 4096
_MIN_IS_WHITE = 0


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a TIFF file.

    Attributes:
        place: the offset of its directory.
        rows, columns: its size.
        bits, samples: bits per sample and samples per pixel.
        kind: the sample format: unsigned (1), signed (2) or float (3).
        meaning: the photometric interpretation.
    """

    place: int
    rows: int
    columns: int
    bits: int = 1
    samples: int = 1
    kind: int = 1
    meaning: int = 1

    @property
    def inverted(self) -> bool:
        """Whether the lowest value is white."""
        return self.meaning == _MIN_IS_WHITE and self.samples == 1


def read_pages(data: bytes) -> tuple[list[Page], bool]:
    """Return the pages up to the first damaged one, MOST_FRAMES at most, and whether there are more."""
    order = "<" if data[:2] == b"II" else ">"
    big = data[2:4] in (b"+\x00", b"\x00+")
    count_format, offset_format = (order + "Q", order + "Q") if big else (order + "H", order + "I")
    entry = struct.Struct(order + ("HHQ8s" if big else "HHI4s"))
    pages: list[Page] = []
    seen: set[int] = set()
    try:
        (offset,) = struct.unpack_from(offset_format, data, 8 if big else 4)
        while offset and offset not in seen and len(pages) < MOST_FRAMES:
            seen.add(offset)
            (count,) = struct.unpack_from(count_format, data, offset)
            start = offset + struct.calcsize(count_format)
            if count > _MOST_ENTRIES:
                break
            fields = {}
            for tag, kind, number, value in entry.iter_unpack(data[start : start + count * entry.size]):
                if tag in _WANTED:
                    fields[tag] = _first(data, order, kind, number, value)
            sizes = fields[_LENGTH], fields[_WIDTH]
            more = (fields.get(_BITS, 1), fields.get(_SAMPLES, 1), fields.get(_FORMAT, 1), fields.get(_MEANING, 1))
            pages.append(Page(offset, *sizes, *more))
            (offset,) = struct.unpack_from(offset_format, data, start + count * entry.size)
    except (struct.error, KeyError):
        return pages, False
    return pages, bool(offset) and offset not in seen


def only_page(data: bytes, page: Page) -> bytes | bytearray:
    """Return the file with `page` as its first page, as decoders read only that one."""
    big = data[2:4] in (b"+\x00", b"\x00+")
    order = "<" if data[:2] == b"II" else ">"
    name, at = (order + "Q", 8) if big else (order + "I", 4)
    if struct.unpack_from(name, data, at) == (page.place,):
        return data
    redirected = bytearray(data)
    struct.pack_into(name, redirected, at, page.place)
    return redirected


def as_meant(values: NDArray[Any], page: Page) -> NDArray[Any]:
    """Return a grey page's values, as decoded by OpenCV, in the page's own bit depth and with the lowest value black."""
    if values.ndim != 2 or (values.dtype == np.uint8 and page.bits <= 8):
        return values  # OpenCV has already inverted these
    if values.dtype == np.uint16 and page.bits in (10, 12, 14):
        values = values >> (16 - page.bits)
    if not page.inverted:
        return values
    if values.dtype.kind == "f":
        return -values
    if values.dtype.kind == "i":
        return ~values
    return np.asarray((2**page.bits - 1) - values, values.dtype)


def _first(data: bytes, order: str, kind: int, number: int, value: bytes) -> int:
    """Return the first of a field's numbers."""
    name = _FIELDS.get(kind, "I")
    size = struct.calcsize(name)
    if number * size <= len(value):
        first: int = struct.unpack_from(order + name, value)[0]
    else:
        place = int.from_bytes(value, "little" if order == "<" else "big")
        (first,) = struct.unpack_from(order + name, data, place)
    return first
