"""Determines the layout of a DICOM image's samples in its bytes (PS3.3 C.7.6.3, PS3.5 8).

If the header contradicts the length of the pixel data or the codestream, the data decides.
"""

import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from csamoe_desktop.errors import UserError
from csamoe_desktop.study.codestream import Codestream
from csamoe_desktop.study.colours import from_422
from csamoe_desktop.study.dicom_file import COPY_AGAIN, DicomFile, text, whole
from csamoe_desktop.study.limits import refuse_too_large

Values = NDArray[Any]
"""Stored values, (rows, columns) or (rows, columns, samples)."""

EXPORT_STILL = "Export it from the scanner or the PACS uncompressed, or as JPEG or JPEG 2000, and open that file."
_GREY = ("MONOCHROME1", "MONOCHROME2")
_COLOUR = ("RGB", "YBR_FULL", "YBR_FULL_422", "YBR_ICT", "YBR_RCT")
_SAMPLES = {**dict.fromkeys(_GREY, 1), "PALETTE COLOR": 1, **dict.fromkeys(_COLOUR, 3), "ARGB": 4}
PHOTOMETRIC = frozenset(_SAMPLES)
"""The photometric interpretations that are supported."""


@dataclass(frozen=True, slots=True)
class Layout:
    """The layout of a frame's samples.

    Attributes:
        rows, columns, samples: the size of the frame, and samples per pixel.
        allocated, stored, high: bits allocated for a sample, bits used, and the position of the highest used bit.
        signed, real: whether the samples are signed; whether they are floats.
        photometric: the photometric interpretation, one of PHOTOMETRIC.
        planar: 1 if all of a frame's reds come before its greens; None if the file does not say.
        little: whether the byte order is little-endian.
        swapped: whether the bytes of each pair are swapped (8-bit samples in big-endian words).
        halved: whether two pixels share a Cb and a Cr.
    """

    rows: int
    columns: int
    samples: int
    allocated: int
    stored: int
    high: int
    signed: bool
    real: bool
    photometric: str
    planar: int | None = 0
    little: bool = True
    swapped: bool = False
    halved: bool = False

    @property
    def frame_bits(self) -> int:
        """Bits that a frame takes uncompressed."""
        if self.halved:
            return self.rows * ((self.columns + 1) // 2) * 32
        return self.rows * self.columns * self.samples * self.allocated


def layout_of(path: Path, kind: str, file: DicomFile) -> tuple[Layout, list[str]]:
    """Return the layout that the header gives, and notes for the user on what was guessed.

    Raises:
        UserError: the header lacks a needed attribute, or has an unsupported photometric interpretation.
    """
    header, notes = file.header, list[str]()
    real = file.keyword != "PixelData"
    rows, columns = (_needed(path, kind, header, keyword) for keyword in ("Rows", "Columns"))
    refuse_too_large(path.name, rows, columns)
    allocated = (
        (64 if file.keyword.startswith("Double") else 32) if real else _needed(path, kind, header, "BitsAllocated")
    )
    photometric, samples = _meaning(path, header, notes)
    stored = whole(header, "BitsStored") or allocated
    if not 0 < allocated <= 64 or real:
        stored = allocated = allocated if real else 8
    stored = min(max(stored, 1), allocated)
    high = whole(header, "HighBit")
    if high is None or not stored - 1 <= high < allocated:
        high = stored - 1
    planar = whole(header, "PlanarConfiguration")
    return Layout(
        rows=rows,
        columns=columns,
        samples=samples,
        allocated=allocated,
        stored=stored,
        high=high,
        signed=whole(header, "PixelRepresentation") == 1,
        real=real,
        photometric=photometric,
        planar=planar if planar in (0, 1) or samples == 1 else None,
        little=file.little,
        swapped=not file.little and allocated == 8 and file.value_kind == "OW",
        halved=photometric == "YBR_FULL_422" and not file.open_ended,
    ), notes


def by_length(layout: Layout, stored: int, declared: int | None) -> tuple[Layout, list[str]]:
    """Return the layout in which `declared` uncompressed frames take `stored` bytes, and notes for the user."""

    def fits(candidate: Layout, frames: int) -> bool:
        return 0 <= stored - (candidate.frame_bits * frames + 7) // 8 <= 1

    frames = declared or 1
    if fits(layout, frames):
        return layout, []
    wide = replace(layout, halved=False)
    if layout.halved and (fits(wide, frames) or (not declared and stored % (3 * layout.rows * layout.columns) <= 1)):
        return wide, []
    if stored >= layout.frame_bits // 8 and stored * 8 % layout.frame_bits < 16:
        return layout, []  # a whole number of frames, though not the declared one
    others = []
    if layout.samples == 3 and layout.allocated == 8:
        others.append((replace(layout, halved=True, photometric="YBR_FULL_422"), "two bytes per pixel (YBR_FULL_422)"))
        grey = replace(layout, samples=1, photometric="MONOCHROME2", halved=False)
        others.append((grey, "one grey byte per pixel"))
    if layout.samples == 1 and layout.allocated == 16 and layout.stored <= 8:
        others.append((replace(layout, allocated=8, high=layout.stored - 1), "one byte per pixel"))
    if layout.samples == 1 and layout.allocated == 8:
        others.append((replace(layout, allocated=16, stored=16, high=15), "two bytes per pixel"))
    for other, words in others:
        if fits(other, frames):
            return other, [f"The header does not match the length of the pixel data; it was read as {words}."]
    return layout, []


def by_codestream(layout: Layout, codestream: Codestream) -> Layout:
    """Return the layout of a compressed frame: the codestream decides the samples, bit depth and sign."""
    if codestream.samples != layout.samples:
        meaning = "MONOCHROME2" if codestream.samples == 1 else "RGB"
        layout = replace(layout, samples=codestream.samples, photometric=meaning)
    stored, high = layout.stored, layout.high
    # A codestream with all allocated bits has the header's stored bits at their own position.
    if codestream.bits != layout.allocated:
        stored, high = codestream.bits, codestream.bits - 1
    allocated = max(layout.allocated, (codestream.bits + 7) // 8 * 8)
    signed = layout.signed or codestream.signed
    return replace(layout, allocated=allocated, stored=stored, high=high, signed=signed, halved=False, planar=0)


def unpack(data: bytes, layout: Layout, first_bit: int = 0) -> Values:
    """Return the samples of an uncompressed frame as stored, unsigned or float.

    Args:
        data: its bytes.
        layout: of the frame.
        first_bit: the bit at which it begins in the first byte (1-bit images).
    """
    rows, columns, samples = layout.rows, layout.columns, layout.samples
    if layout.halved:
        pairs = np.frombuffer(data, np.uint8, layout.frame_bits // 8)
        return from_422(pairs, rows, columns)
    count = rows * columns * samples
    if layout.allocated in (8, 16, 32, 64):
        kind = np.dtype(f"{'f' if layout.real else 'u'}{layout.allocated // 8}").newbyteorder(
            "<" if layout.little else ">"
        )
        values = np.frombuffer(data, kind, count)
    else:
        bits = np.unpackbits(np.frombuffer(data, np.uint8), bitorder="little")[
            first_bit : first_bit + layout.frame_bits
        ]
        weights = (1 << np.arange(layout.allocated)).astype(np.int64)
        values = bits.reshape(count, layout.allocated).astype(np.int64) @ weights
    if samples == 1:
        return values.reshape(rows, columns)
    if layout.planar == 1:
        return np.moveaxis(values.reshape(samples, rows, columns), 0, 2)
    return values.reshape(rows, columns, samples)


def counted(values: Values, layout: Layout) -> Values:
    """Return the used bits of each sample, with their sign, without anything else in it (an overlay, garbage)."""
    if layout.real or values.dtype.kind == "f":
        return values
    if values.dtype.kind == "u" and not layout.signed and layout.stored == values.dtype.itemsize * 8:
        return values
    wide = np.asarray(values, np.int64) if layout.allocated > 31 else np.asarray(values, np.int32)
    wide = (wide >> (layout.high + 1 - layout.stored)) & ((1 << layout.stored) - 1)
    if layout.signed:
        sign = 1 << (layout.stored - 1)
        wide = (wide ^ sign) - sign
    elif layout.stored <= 8:
        return wide.astype(np.uint8)
    return wide


def native_order(values: Values) -> Values:
    """Return values in this machine's byte order."""
    if values.dtype.byteorder in ("=", "|", "<" if sys.byteorder == "little" else ">"):
        return values
    return values.astype(values.dtype.newbyteorder("="))


def _meaning(path: Path, header: Dataset, notes: list[str]) -> tuple[str, int]:
    """Return the photometric interpretation and the samples per pixel, reconciled if the header contradicts itself."""
    declared, samples = text(header, "PhotometricInterpretation").upper(), whole(header, "SamplesPerPixel")
    if declared and declared not in PHOTOMETRIC:
        raise UserError(
            f"{path.name} stores its colours as {declared}, which is not supported.",
            EXPORT_STILL,
        )
    if samples not in (1, 3, 4):
        samples = _SAMPLES.get(declared, 1)
    if _SAMPLES.get(declared) != samples:
        meaning = {1: "MONOCHROME2", 3: "RGB", 4: "ARGB"}[samples]
        notes.append(
            f"The file declares {declared or 'no colour type'} with {samples} sample{'' if samples == 1 else 's'} per pixel; "
            f"it is shown in {'grey' if samples == 1 else 'colour'}."
        )
        return meaning, samples
    return declared, samples


def _needed(path: Path, kind: str, header: Dataset, keyword: str) -> int:
    value = whole(header, keyword)
    if not value or value < 0:
        raise UserError(f"{path.name} cannot be shown: its header ({kind}) lacks {keyword}.", COPY_AGAIN)
    return value
