"""Reads a DICOM file's header and locates its pixel data, by its real encoding and not the declared one.

Explicit or implicit VR and the byte order are taken from the data set's first element, as files that declare a wrong
transfer syntax, or none, are common. Sources: PS3.10 section 7, PS3.5.
"""

import io
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.filereader import read_dataset
from pydicom.tag import BaseTag
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from csamoe_desktop.errors import UserError
from csamoe_desktop.study.limits import MOST_UNPACKED

COPY_AGAIN = "Copy it again from the scanner, the PACS or the CD."

_VALUE_KINDS = frozenset(
    b"AE AS AT CS DA DS DT FD FL IS LO LT OB OD OF OL OV OW PN SH SL SQ SS ST SV TM UC UI UL UN UR US UT UV".split()
)
_LONG = frozenset(b"OB OD OF OL OV OW SQ SV UC UN UR UT UV".split())
"""Value representations with a length of four bytes, after two reserved bytes (PS3.5 7.1.2)."""
_PIXELS = {0x7FE00008: "FloatPixelData", 0x7FE00009: "DoubleFloatPixelData", 0x7FE00010: "PixelData"}
_UNDEFINED = 0xFFFFFFFF
_MOST_META = 200
_SLACK, _FIRST = 2**20, 2**22
"""Bytes of a deflated file that are unpacked beyond its pixels, and in the first step."""


@dataclass(frozen=True, slots=True, eq=False)
class DicomFile:
    """The header of a file and the place of its pixel data.

    Attributes:
        header: the data set before the pixels, with `file_meta`.
        syntax: the declared transfer syntax, or the real one if none is declared or the declared one is wrong.
        little: whether the byte order is little-endian.
        memory: the unpacked data set of a deflated file, else None.
        keyword: PixelData, FloatPixelData or DoubleFloatPixelData; "" without pixel data.
        value_kind: the VR of the pixel data, "" if the file does not give it.
        start, length: where the pixel data begins, in the file or in `memory`, and its number of bytes.
        open_ended: whether its length is undefined, as it is in fragments (PS3.5 A.4).
        encapsulated: whether the transfer syntax is an encapsulated one.
        notes: notes for the user on how the file was read.
    """

    header: FileDataset
    syntax: UID
    little: bool
    memory: bytes | None
    keyword: str
    value_kind: str
    start: int
    length: int
    open_ended: bool
    encapsulated: bool
    notes: tuple[str, ...]


def read_file(file: BinaryIO, path: Path, size: int) -> DicomFile:
    """Return the header of an open DICOM file of `size` bytes and the place of its pixel data.

    Raises:
        UserError: the file has no header, or would be far too large when unpacked.
        Exception: of almost any kind, if the header is damaged.
    """
    meta, start = _meta(file)
    syntax = UID(str(meta.get("TransferSyntaxUID") or ""))
    file.seek(start)
    head = file.read(8)
    memory = None
    if syntax == DeflatedExplicitVRLittleEndian and not _looks_written(head):
        file.seek(start)
        memory = _unpacked(file.read(), path)
        file, size, start, head = io.BytesIO(memory), len(memory), 0, memory[:8]
    implicit, little = _written_as(head, syntax)
    file.seek(start)
    data = read_dataset(file, implicit, little, stop_when=_at_pixels)
    if not data:
        raise UserError(f"{path.name} is not a DICOM image: it has no header.", COPY_AGAIN)
    header = FileDataset(path, data, file_meta=meta, is_implicit_VR=implicit, is_little_endian=little)
    written = ImplicitVRLittleEndian if implicit else ExplicitVRLittleEndian if little else ExplicitVRBigEndian
    notes: tuple[str, ...] = ()
    if not syntax:
        syntax = written
    elif _is_known(syntax) and (syntax.is_implicit_VR, syntax.is_little_endian) != (implicit, little):
        notes = (f"The file declares {syntax.name} but is written in {written.name}; it was read as {written.name}.",)
        syntax = syntax if syntax.is_encapsulated else written
    keyword, kind, begin, declared_length = _pixel_element(file, implicit, little)
    length = max(0, min(declared_length, size - begin)) if keyword else 0
    return DicomFile(
        header=header,
        syntax=syntax,
        little=little,
        memory=memory,
        keyword=keyword,
        value_kind=kind,
        start=begin,
        length=length,
        open_ended=declared_length == _UNDEFINED,
        encapsulated=_is_known(syntax) and syntax.is_encapsulated,
        notes=notes,
    )


def whole(header: Dataset, keyword: str) -> int | None:
    """Return an attribute of the header as an int; None if it is missing or illegible."""
    try:
        value = header.get(keyword)
        return None if value is None else int(value)
    except (ValueError, TypeError, LookupError, AttributeError, NotImplementedError, OverflowError):
        return None


def text(header: Dataset, keyword: str) -> str:
    """Return an attribute of the header as text without surrounding spaces; "" if it is missing or illegible."""
    try:
        value = header.get(keyword)
        return "" if value is None else str(value).strip(" \0")
    except (ValueError, TypeError, LookupError, AttributeError, NotImplementedError):
        return ""


def _is_known(syntax: UID) -> bool:
    """Return whether `syntax` is a standard transfer syntax that pydicom knows."""
    return bool(syntax) and not syntax.is_private and syntax.type == "Transfer Syntax"


def _at_pixels(tag: BaseTag, kind: str | None, length: int) -> bool:
    return tag in _PIXELS


def _meta(file: BinaryIO) -> tuple[FileMetaDataset, int]:
    """Return the file meta information, read element by element whatever its declared length, and the data set's start."""
    file.seek(0)
    place = 132 if file.read(132)[128:] == b"DICM" else 0
    first = place
    for _ in range(_MOST_META):
        file.seek(place)
        head = file.read(12)
        if head[:2] != b"\x02\x00" or len(head) < 8:
            break
        if head[4:6] not in _VALUE_KINDS:
            place += 8 + int.from_bytes(head[4:8], "little")
        elif head[4:6] in _LONG:
            place += 12 + int.from_bytes(head[8:12], "little")
        else:
            place += 8 + int.from_bytes(head[6:8], "little")
    meta = FileMetaDataset()
    if place > first:
        file.seek(first)
        head = file.read(6)
        file.seek(first)
        explicit = head[4:6] in _VALUE_KINDS
        for element in read_dataset(file, not explicit, True, bytelength=place - first).values():
            if element.tag.group == 2:
                meta[element.tag] = element
    return meta, place


def _looks_written(head: bytes) -> bool:
    """Return whether `head` begins a plain data set with explicit VR."""
    return len(head) == 8 and head[4:6] in _VALUE_KINDS and (head[1] == 0 or head[0] == 0)


def _written_as(head: bytes, syntax: UID) -> tuple[bool, bool]:
    """Return whether a data set that begins with `head` has implicit VR, and whether it is little-endian."""
    implicit, little = False, True
    if _is_known(syntax):
        implicit, little = syntax.is_implicit_VR, syntax.is_little_endian
    if len(head) < 8:
        return implicit, little
    # Groups are in ascending order, so the first group number is low.
    low_first, high_first = int.from_bytes(head[:2], "little"), int.from_bytes(head[:2], "big")
    if low_first != high_first:
        little = low_first < high_first
    implicit = head[4:6] not in _VALUE_KINDS
    return implicit, little


def _pixel_element(file: BinaryIO, implicit: bool, little: bool) -> tuple[str, str, int, int]:
    """Return the keyword and VR of the pixel data at the current place in `file`, where its value begins, and its declared
    length."""
    order = "little" if little else "big"
    place = file.tell()
    head = file.read(12)
    tag = int.from_bytes(head[:2], order) << 16 | int.from_bytes(head[2:4], order)  # type: ignore[arg-type]
    if tag not in _PIXELS or len(head) < 8:
        return "", "", place, 0
    # Some writers use implicit VR for this element in an explicit file, and the reverse.
    if head[4:6] in _LONG and head[6:8] == b"\0\0" and len(head) == 12:
        kind = head[4:6].decode("ascii")
        return _PIXELS[tag], kind, place + 12, int.from_bytes(head[8:12], order)  # type: ignore[arg-type]
    return _PIXELS[tag], "", place + 8, int.from_bytes(head[4:8], order)  # type: ignore[arg-type]


def _unpacked(packed: bytes, path: Path) -> bytes:
    """Return a deflated data set, unpacked to the end of its pixels and not much further.

    Raises:
        UserError: it would be far too large, or cannot be unpacked.
    """
    for window in (-15, 15):
        inflate = zlib.decompressobj(window)
        try:
            begun = inflate.decompress(packed, _FIRST)
        except zlib.error:
            continue
        if inflate.eof or not inflate.unconsumed_tail:
            return begun
        part = io.BytesIO(begun)
        read_dataset(part, False, True, stop_when=_at_pixels)
        keyword, _, start, length = _pixel_element(part, False, True)
        needed = start + length + _SLACK if keyword and length != _UNDEFINED else MOST_UNPACKED
        if needed > MOST_UNPACKED:
            raise UserError(
                f"{path.name} is too large: {needed / 2**30:.1f} GB when unpacked; up to {MOST_UNPACKED / 2**30:.1f} GB "
                "can be opened.",
                "Export it from the scanner or the PACS uncompressed or as JPEG 2000, and open that file.",
            )
        try:
            rest = inflate.decompress(inflate.unconsumed_tail, max(1, needed - len(begun)))
        except zlib.error:
            rest = b""  # damaged further on; what is there shows how many frames are complete
        return begun + rest
    raise UserError(f"{path.name} is a damaged DICOM file: it cannot be unpacked.", COPY_AGAIN)
