"""Reads the declared size of a picture file before it is decoded, and whether it is safe to decode in this process."""

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
    """The size that a picture file declares.

    Attributes:
        rows, columns: of the picture.
        decoded_bytes: bytes that its pixels take once decoded.
        plain: whether it is safe to decode in this process: quickly, and within `decoded_bytes` of memory.
    """

    rows: int
    columns: int
    decoded_bytes: int
    plain: bool


def declared_size(data: bytes, kind: str, page: int = 0) -> Declared | None:
    """Return the size that a PNG, JPEG, BMP or TIFF file declares; None if it is damaged, or too short for that size."""
    try:
        if kind == "PNG image":
            size = picture_size(data)
            return None if size is None else _declared(*size, True)
        if kind == "JPEG image":
            frame = read_codestream(data)
            if frame is None or frame.codec != "JPEG" or frame.samples not in (1, 3, 4):
                return None
            return _declared(frame.rows, frame.columns, 3, frame.scans <= _FEW_SCANS)
        if kind == "BMP image":
            return _bmp(data)
        pages, _ = read_pages(data)
        tiff_page = pages[page]
        samples, sample_bytes = tiff_page.samples, max(1, tiff_page.bits // 8)
        return _declared(tiff_page.rows, tiff_page.columns, samples * sample_bytes, False)
    except (struct.error, IndexError):
        return None


def _declared(rows: int, columns: int, deep: int, plain: bool) -> Declared | None:
    if rows < 1 or columns < 1:
        return None
    return Declared(rows, columns, 2 * rows * columns * deep, plain and rows * columns <= QUICK_VALUES)


def _bmp(data: bytes) -> Declared | None:
    """Return the size of a BMP (BITMAPINFOHEADER and later headers, or OS/2's BITMAPCOREHEADER)."""
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
        # Two bytes encode at most 255 pixels.
        needed, plain = 2 * rows * ((columns + 254) // 255), False
    elif method in (_PLAIN, _FIELDS, _ALPHA_FIELDS):
        needed, plain = rows * ((columns * bits + 31) // 32 * 4), True
    else:
        return None
    if not 14 <= start <= len(data) or len(data) - start < needed:
        return None
    return _declared(rows, columns, 4 if bits == 32 else 3, plain)
