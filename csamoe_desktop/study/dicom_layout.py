"""How a DICOM image's samples lie in its bytes (PS3.3 C.7.6.3, PS3.5 8), from what the header says and what there is.

Where both disagree, the length of the pixel data decides, or the codestream.
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

EXPORT_STILL = "Export it from the scanner or the PACS uncompressed, or as JPEG or JPEG 2000, and open that."
_GREY = ("MONOCHROME1", "MONOCHROME2")
_COLOUR = ("RGB", "YBR_FULL", "YBR_FULL_422", "YBR_ICT", "YBR_RCT")
_SAMPLES = {**dict.fromkeys(_GREY, 1), "PALETTE COLOR": 1, **dict.fromkeys(_COLOUR, 3), "ARGB": 4}
PHOTOMETRIC = frozenset(_SAMPLES)
"""The photometric interpretations whose colours come out right."""


@dataclass(frozen=True, slots=True)
class Layout:
    """The samples of a frame.

    Attributes:
        rows, columns, samples: how many there are.
        allocated, stored, high: the bits that a sample takes, those that count, and the place of the highest of these.
        signed, real: whether the samples are signed; whether they are floats.
        photometric: what they mean, one of PHOTOMETRIC.
        planar: 1 where all of a frame's reds come before its greens; None where the file does not say.
        little: the byte order.
        swapped: whether bytes are in pairs, the second first (8 bits in words, big-endian).
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
    """Return how the header says that the samples lie, and what was guessed.

    Raises:
        UserError: it lacks what is needed, or its colours are stored in a way that is not read.
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


def by_length(layout: Layout, stored: int, said: int | None) -> tuple[Layout, list[str]]:
    """Return the layout under which uncompressed frames, `said` in number, take `stored` bytes, and what to tell of it."""

    def fits(one: Layout, frames: int) -> bool:
        return 0 <= stored - (one.frame_bits * frames + 7) // 8 <= 1

    frames = said or 1
    if fits(layout, frames):
        return layout, []
    wide = replace(layout, halved=False)
    if layout.halved and (fits(wide, frames) or (not said and stored % (3 * layout.rows * layout.columns) <= 1)):
        return wide, []
    if stored >= layout.frame_bits // 8 and stored * 8 % layout.frame_bits < 16:
        return layout, []  # a whole number of frames, if not the one that is said
    others = []
    if layout.samples == 3 and layout.allocated == 8:
        others.append((replace(layout, halved=True, photometric="YBR_FULL_422"), "two bytes a pixel (YBR_FULL_422)"))
        grey = replace(layout, samples=1, photometric="MONOCHROME2", halved=False)
        others.append((grey, "one byte a pixel, grey"))
    if layout.samples == 1 and layout.allocated == 16 and layout.stored <= 8:
        others.append((replace(layout, allocated=8, high=layout.stored - 1), "one byte a pixel"))
    if layout.samples == 1 and layout.allocated == 8:
        others.append((replace(layout, allocated=16, stored=16, high=15), "two bytes a pixel"))
    for other, words in others:
        if fits(other, frames):
            return other, [f"The file says otherwise, but its length is that of {words}; it was read so."]
    return layout, []


def by_codestream(layout: Layout, found: Codestream) -> Layout:
    """Return the layout that a compressed frame has: its codestream decides on samples, depth and sign."""
    if found.samples != layout.samples:
        meaning = "MONOCHROME2" if found.samples == 1 else "RGB"
        layout = replace(layout, samples=found.samples, photometric=meaning)
    stored, high = layout.stored, layout.high
    # One as deep as what is allocated holds the header's bits in their places, others beside them.
    if found.bits != layout.allocated:
        stored, high = found.bits, found.bits - 1
    allocated = max(layout.allocated, (found.bits + 7) // 8 * 8)
    signed = layout.signed or found.signed
    return replace(layout, allocated=allocated, stored=stored, high=high, signed=signed, halved=False, planar=0)


def unpack(data: bytes, layout: Layout, first_bit: int = 0) -> Values:
    """Return the samples of an uncompressed frame as they are stored, unsigned or float.

    Args:
        data: its bytes.
        layout: of the frame.
        first_bit: where it begins in the first byte (1-bit images).
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
    """Return the bits that count, with their sign: what else is in a sample (an overlay, rubbish) goes."""
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
    """Return what the samples mean and how many a pixel has, from what the header has of both."""
    said, samples = text(header, "PhotometricInterpretation").upper(), whole(header, "SamplesPerPixel")
    if said and said not in PHOTOMETRIC:
        raise UserError(
            f"{path.name} stores its colours as {said}, which this program does not read.",
            EXPORT_STILL,
        )
    if samples not in (1, 3, 4):
        samples = _SAMPLES.get(said, 1)
    if _SAMPLES.get(said) != samples:
        meaning = {1: "MONOCHROME2", 3: "RGB", 4: "ARGB"}[samples]
        notes.append(
            f"The file {f'says {said}' if said else 'does not say what its samples mean'}, with {samples} "
            f"sample{'' if samples == 1 else 's'} a pixel; it is shown as {'grey' if samples == 1 else 'colour'}."
        )
        return meaning, samples
    return said, samples


def _needed(path: Path, kind: str, header: Dataset, keyword: str) -> int:
    value = whole(header, keyword)
    if not value or value < 0:
        raise UserError(f"{path.name} is a {kind} without {keyword}: it cannot be shown.", COPY_AGAIN)
    return value
