"""Reads the header of a compressed picture without decoding it: size, bit depth and colour space.

Sources: ITU-T T.81 annex B (JPEG), T.871 (JFIF), T.872 6.5.3 (Adobe's marker); ISO 14495-1 annex C (JPEG-LS); ISO 15444-1
annex A and I (JPEG 2000), 15444-15 (HTJ2K).
"""

import struct
from dataclasses import dataclass

_NO_LENGTH = frozenset((0x01, *range(0xD0, 0xD9)))
_FRAMES = frozenset((*range(0xC0, 0xD0), 0xF7)) - {0xC4, 0xC8, 0xCC}
"""Markers of a frame header, including that of JPEG-LS (F7)."""
_LOSSLESS = frozenset((0xC3, 0xC7, 0xCB, 0xCF))
_SOC = b"\xff\x4f\xff\x51"
_JP2 = b"\x00\x00\x00\x0cjP  "
_MOST_TILES = 65_535
_SRGB, _SYCC = 16, 18


@dataclass(frozen=True, slots=True)
class Codestream:
    """A codestream's header.

    Attributes:
        codec: "JPEG", "JPEG-LS" or "JPEG 2000".
        rows, columns, samples, bits: its size, and the bits of a sample.
        signed: whether its samples are signed (only JPEG 2000 tells).
        lossless: JPEG: whether it is coded by prediction (process 14); libraries do not convert its colours.
        colour: the colour space of its three samples, "RGB" or "YBR", if the header tells; else "". For JPEG 2000, the space
            after its own colour transform is undone.
        firm: whether `colour` is certain; the JFIF marker is not proof, as many RGB files have it.
        scans: number of passes over the picture (progressive JPEG).
        highly_tiled: JPEG 2000: whether it has more tiles than any real picture.
    """

    codec: str
    rows: int
    columns: int
    samples: int
    bits: int
    signed: bool = False
    lossless: bool = False
    colour: str = ""
    firm: bool = False
    scans: int = 1
    highly_tiled: bool = False


def read_codestream(data: bytes) -> Codestream | None:
    """Return the codestream header of a frame; None if the codec is unknown or the header is cut off."""
    try:
        if data.startswith(b"\xff\xd8"):
            return _jpeg(data)
        if data.startswith((b"\xff\x4f", _JP2)):
            return _jpeg_2000(data)
    except (struct.error, IndexError, ValueError):
        pass
    return None


def _jpeg(data: bytes) -> Codestream | None:
    place, adobe, jfif = 2, -1, False
    while place + 4 <= len(data):
        if data[place] != 0xFF:
            return None
        marker = data[place + 1]
        if marker == 0xFF or marker in _NO_LENGTH:
            place += 1 if marker == 0xFF else 2
            continue
        (length,) = struct.unpack_from(">H", data, place + 2)
        content = data[place + 4 : place + 2 + length]
        if marker == 0xEE and content.startswith(b"Adobe") and len(content) >= 12:
            adobe = content[11]
        elif marker == 0xE0 and content.startswith(b"JFIF\0"):
            jfif = True
        elif marker in _FRAMES:
            bits, rows, columns, samples = struct.unpack_from(">BHHB", content)
            named = [content[6 + 3 * number] for number in range(samples)]
            subsampled = len({content[7 + 3 * number] for number in range(samples)}) > 1
            lossless = marker in _LOSSLESS
            colour, firm = _jpeg_colour(samples, adobe, jfif, bytes(named), subsampled, lossless or marker == 0xF7)
            codec = "JPEG-LS" if marker == 0xF7 else "JPEG"
            scans = data.count(b"\xff\xda", place)
            return Codestream(codec, rows, columns, samples, bits, False, lossless, colour, firm, scans)
        elif marker == 0xDA:
            return None
        place += 2 + length
    return None


def _jpeg_colour(
    samples: int, adobe: int, jfif: bool, named: bytes, subsampled: bool, lossless: bool
) -> tuple[str, bool]:
    if samples != 3:
        return "", False
    if adobe in (0, 1):
        return ("YBR" if adobe else "RGB"), True
    if named in (b"RGB", b"rgb"):
        return "RGB", True
    # Only colour differences are subsampled, never red and blue.
    if subsampled:
        return "YBR", True
    return ("YBR", False) if jfif and not lossless else ("", False)


def _jpeg_2000(data: bytes) -> Codestream:
    start = data.index(_SOC, 0, 65536)
    (length,) = struct.unpack_from(">H", data, start + 4)
    right, low, left, top, wide, high, _, _, samples = struct.unpack_from(">8IH", data, start + 8)
    parts = struct.unpack_from(f">{3 * samples}B", data, start + 42)
    depth = parts[0]
    rows, columns = low - top, right - left
    tiled = not (wide and high) or (rows // high + 1) * (columns // wide + 1) > _MOST_TILES
    transformed = False
    place = start + 4 + length
    while place + 4 <= len(data) and data[place] == 0xFF and data[place + 1] not in (0x90, 0x93, 0xD9):
        marker, length = data[place + 1], struct.unpack_from(">H", data, place + 2)[0]
        if marker == 0x52:  # COD: the component transform is its SGcod's last byte
            transformed = data[place + 8] == 1
            break
        place += 2 + length
    colour, firm = ("RGB", True) if transformed and samples >= 3 else ("", False)
    if (box := data.find(b"colr", 0, start)) > 0 and data[box + 4] == 1 and not transformed:
        colour_space = struct.unpack_from(">I", data, box + 7)[0]
        colour, firm = {_SRGB: ("RGB", False), _SYCC: ("YBR", True)}.get(colour_space, ("", False))
    bits = max(part & 0x7F for part in parts[::3]) + 1
    return Codestream(
        "JPEG 2000", rows, columns, samples, bits, bool(depth & 0x80), False, colour, firm, 1, highly_tiled=tiled
    )
