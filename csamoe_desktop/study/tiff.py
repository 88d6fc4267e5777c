"""The pages of a TIFF or BigTIFF file: what each says of its samples, found without decoding (TIFF 6.0, sections 2 and 8)."""

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
    """A page: where its directory lies, rows and columns, the bits and number of samples of a pixel, whether these are
    unsigned (1), signed (2) or floats (3), and its photometric interpretation."""

    place: int
    rows: int
    columns: int
    bits: int = 1
    samples: int = 1
    kind: int = 1
    meaning: int = 1

    @property
    def inverted(self) -> bool:
        """Whether the least value is white."""
        return self.meaning == _MIN_IS_WHITE and self.samples == 1


def read_pages(data: bytes) -> tuple[list[Page], bool]:
    """Return the pages as far as the file is whole, MOST_FRAMES at most, and whether there are more."""
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
            found = {}
            for tag, kind, number, value in entry.iter_unpack(data[start : start + count * entry.size]):
                if tag in _WANTED:
                    found[tag] = _first(data, order, kind, number, value)
            sizes = found[_LENGTH], found[_WIDTH]
            more = (found.get(_BITS, 1), found.get(_SAMPLES, 1), found.get(_FORMAT, 1), found.get(_MEANING, 1))
            pages.append(Page(offset, *sizes, *more))
            (offset,) = struct.unpack_from(offset_format, data, start + count * entry.size)
    except (struct.error, KeyError):
        return pages, False
    return pages, bool(offset) and offset not in seen


def only_page(data: bytes, page: Page) -> bytes | bytearray:
    """Return a file that begins with a page: its directory is the first that is read, however many come before it."""
    big = data[2:4] in (b"+\x00", b"\x00+")
    order = "<" if data[:2] == b"II" else ">"
    name, at = (order + "Q", 8) if big else (order + "I", 4)
    if struct.unpack_from(name, data, at) == (page.place,):
        return data
    turned = bytearray(data)
    struct.pack_into(name, turned, at, page.place)
    return turned


def as_meant(values: NDArray[Any], page: Page) -> NDArray[Any]:
    """Return a grey page's values as OpenCV decodes them with the least one black, and of the depth that the page has."""
    if values.ndim != 2 or (values.dtype == np.uint8 and page.bits <= 8):
        return values  # shown the right way round there already
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
        found: int = struct.unpack_from(order + name, value)[0]
    else:
        place = int.from_bytes(value, "little" if order == "<" else "big")
        (found,) = struct.unpack_from(order + name, data, place)
    return found
