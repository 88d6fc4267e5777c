"""What a picture file says of its size, before anything decodes it, and whether decoding it can be trusted to this process."""

import struct
from dataclasses import dataclass

from csamoe_desktop.study.codestream import read_codestream
from csamoe_desktop.study.model import QUICK_VALUES
from csamoe_desktop.study.png import picture_size
from csamoe_desktop.study.tiff import read_pages

_FEW_SCANS = 20
_PLAIN, _RLE_8, _RLE_4, _FIELDS, _ALPHA_FIELDS = 0, 1, 2, 3, 6


@dataclass(frozen=True, slots=True)
class Declared:
    """Rows and columns, bytes that the pixels take as decoded, and whether the file is so plain, and its decoder so sound,
    that it is decoded here: no more memory than that can be taken, and no more than a moment."""

    rows: int
    columns: int
    honest: int
    plain: bool


def declared_size(data: bytes, kind: str, page: int = 0) -> Declared | None:
    """Return what a PNG, JPEG, BMP or TIFF file declares; None where it is damaged, or too short for what it declares."""
    try:
        if kind == "PNG image":
            found = picture_size(data)
            return None if found is None else _declared(*found, True)
        if kind == "JPEG image":
            frame = read_codestream(data)
            if frame is None or frame.codec != "JPEG" or frame.samples not in (1, 3, 4):
                return None
            return _declared(frame.rows, frame.columns, 3, frame.scans <= _FEW_SCANS)
        if kind == "BMP image":
            return _bmp(data)
        pages, _ = read_pages(data)
        one = pages[page]
        return _declared(one.rows, one.columns, one.samples * max(1, one.bits // 8), False)
    except (struct.error, IndexError):
        return None


def _declared(rows: int, columns: int, deep: int, plain: bool) -> Declared | None:
    if rows < 1 or columns < 1:
        return None
    return Declared(rows, columns, 2 * rows * columns * deep, plain and rows * columns <= QUICK_VALUES)


def _bmp(data: bytes) -> Declared | None:
    """Return the size of a BMP (BITMAPINFOHEADER and those after it, or OS/2's BITMAPCOREHEADER)."""
    start, header = struct.unpack_from("<II", data, 10)
    if header == 12:
        columns, rows, _, bits = struct.unpack_from("<HHHH", data, 18)
        method = _PLAIN
    else:
        columns, rows, _, bits, method = struct.unpack_from("<iiHHI", data, 18)
    rows = abs(rows)
    if columns < 1 or bits not in (1, 4, 8, 16, 24, 32):
        return None
    if method in (_RLE_8, _RLE_4):
        # Two bytes stand for 255 pixels at the most.
        needed, plain = 2 * rows * ((columns + 254) // 255), False
    elif method in (_PLAIN, _FIELDS, _ALPHA_FIELDS):
        needed, plain = rows * ((columns * bits + 31) // 32 * 4), True
    else:
        return None
    if not 14 <= start <= len(data) or len(data) - start < needed:
        return None
    return _declared(rows, columns, 4 if bits == 32 else 3, plain)
