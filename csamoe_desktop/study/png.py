"""Checks a PNG file and reduces it to what its pixels need, before libpng reads it (PNG, third edition, W3C 2025).

libpng writes warnings to the terminal, even about good files (for example, about a colour profile). The reduced file
causes none: complete chunks in order, and a data stream of the right length.
"""

import struct
import zlib

import numpy as np

from csamoe_desktop.study.limits import MOST_PIXELS

SIGNATURE = b"\x89PNG\r\n\x1a\n"

_SAMPLES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
"""Samples per pixel, by colour type: grey, RGB, palette, grey with alpha, RGB with alpha."""

_DEPTHS = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}
_PALETTE = 3
_NEEDED = (b"IHDR", b"PLTE", b"tRNS", b"eXIf", b"IDAT")
_LONGEST = 1_000_000
"""Rows or columns: libpng's limit."""

_LAST_FILTER = 4
_PASSES = ((0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1))
"""First row, first column, step down and step across of each pass of an interlaced image (section 8.1)."""


def picture_size(data: bytes) -> tuple[int, int, int] | None:
    """Return rows, columns and bytes per pixel as a PNG's header declares them; None if it has no header."""
    if data[12:16] != b"IHDR" or len(data) < 33:
        return None
    columns, rows, depth, colour = struct.unpack_from(">IIBB", data, 16)
    return rows, columns, (3 if colour == _PALETTE else _SAMPLES.get(colour, 4)) * (2 if depth == 16 else 1)


def plain_png(data: bytes) -> bytes | None:
    """Return a PNG with only the pixels, transparency and orientation of `data`; None if it is damaged."""
    chunks = _chunks(data)
    if chunks is None or len(chunks.get(b"IHDR", b"")) != 13:
        return None
    columns, rows, depth, colour, compression, filtering, interlaced = struct.unpack(">IIBBBBB", chunks[b"IHDR"])
    if depth not in _DEPTHS.get(colour, ()) or (compression, filtering) != (0, 0) or interlaced > 1:
        return None
    if not (0 < rows <= _LONGEST and 0 < columns <= _LONGEST and rows * columns <= MOST_PIXELS):
        return None
    pixels = _inflated(chunks.get(b"IDAT", b""), _passes(rows, columns, depth * _SAMPLES[colour], interlaced))
    if pixels is None or (colour == _PALETTE and not chunks.get(b"PLTE")):
        return None
    needed = [(b"IHDR", chunks[b"IHDR"])]
    if colour == _PALETTE:
        # Decoders show a pixel beyond the palette as black.
        needed.append((b"PLTE", chunks[b"PLTE"][: 3 << depth].ljust(3 << depth, b"\0")))
    if clear := _transparent(chunks.get(b"tRNS", b""), depth, colour):
        needed.append((b"tRNS", clear))
    if chunks.get(b"eXIf", b"").startswith((b"II*\0", b"MM\0*")):
        needed.append((b"eXIf", chunks[b"eXIf"]))
    needed += [(b"IDAT", zlib.compress(pixels, 0)), (b"IEND", b"")]
    return SIGNATURE + b"".join(_chunk(name, content) for name, content in needed)


def _chunks(data: bytes) -> dict[bytes, bytes] | None:
    """Return the contents of the chunks that are needed; None if one of them is damaged or the end chunk is missing."""
    contents: dict[bytes, list[bytes]] = {}
    place = len(SIGNATURE)
    while place + 12 <= len(data):
        length, name = struct.unpack_from(">I4s", data, place)
        end = place + 8 + length
        if end + 4 > len(data):
            return None
        content = data[place + 8 : end]
        if name in (*_NEEDED, b"IEND") and struct.unpack_from(">I", data, end) != (zlib.crc32(name + content),):
            return None
        if name == b"IEND":
            return {name: b"".join(parts) if name == b"IDAT" else parts[0] for name, parts in contents.items()}
        if name in _NEEDED:
            contents.setdefault(name, []).append(content)
        place = end + 4
    return None


def _transparent(content: bytes, depth: int, colour: int) -> bytes:
    """Return the transparent grey, colour or palette entries if they are valid, else nothing."""
    if colour == _PALETTE:
        return content[: 1 << depth]
    if len(content) != {0: 2, 2: 6}.get(colour):
        return b""
    return content if max(struct.unpack(f">{len(content) // 2}H", content)) >> depth == 0 else b""


def _passes(rows: int, columns: int, bits: int, interlaced: int) -> list[tuple[int, int]]:
    """Return the rows of each pass, and the bytes of a row including its filter byte."""
    steps = _PASSES if interlaced else ((0, 0, 1, 1),)
    sizes = [(-((top - rows) // down), -((left - columns) // across)) for top, left, down, across in steps]
    return [(high, 1 + (wide * bits + 7) // 8) for high, wide in sizes if high > 0 and wide > 0]


def _inflated(stream: bytes, passes: list[tuple[int, int]]) -> bytes | None:
    """Return the filtered rows of all passes; None if the stream is damaged, too short, or has an unknown filter."""
    length = sum(rows * wide for rows, wide in passes)
    try:
        inflate = zlib.decompressobj()
        # One byte more than needed, so that the end of the stream is reached and its checksum verified.
        pixels = inflate.decompress(stream, length + 1)[:length]
    except (zlib.error, MemoryError):
        return None
    place = 0
    for rows, wide in passes:
        filters = np.frombuffer(pixels[place : place + rows * wide], np.uint8)[::wide]
        if len(pixels) < place + rows * wide or filters.max() > _LAST_FILTER:
            return None
        place += rows * wide
    return pixels


def _chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
