"""Which library decodes which compression of DICOM (PS3.5 A.4), one for each and always the same.

| compression | decoder |
|---|---|
| RLE | pylibjpeg-rle |
| JPEG of 8 bits (baseline, extended, lossless) | Pillow (libjpeg-turbo) |
| JPEG lossless of more than 8 bits | GDCM |
| JPEG-LS | CharLS (pyjpegls); GDCM under a Python that it has no wheel for |
| JPEG 2000, HTJ2K | OpenJPEG (pylibjpeg-openjpeg) |

GDCM throws past Python on damaged data, and so ends its process: all of them are called in the decoding process alone
(see `decoding`). What a frame begins with chooses the decoder, not the transfer syntax that the header gives: RLE alone
says nothing of itself.
"""

import importlib.util
import struct
from dataclasses import dataclass
from io import BytesIO

import numpy as np
from PIL import Image
from pydicom.uid import UID, JPEGLossless, JPEGLSLossless

from csamoe_desktop.study.codestream import Codestream, read_codestream
from csamoe_desktop.study.dicom_layout import Layout, Values

_MOST_SCANS = 100
_MOST_SEGMENTS = 15


@dataclass(frozen=True, slots=True, eq=False)
class Decoded:
    """A frame as its decoder gives it.

    Attributes:
        values: (rows, columns) or (rows, columns, samples), no colour converted.
        colour: "RGB" or "YBR", where the codestream says what the samples are; else "".
        firm: whether it says so beyond doubt.
    """

    values: Values
    colour: str = ""
    firm: bool = False


def can_decode(found: Codestream | None, syntax: UID) -> bool:
    """Say whether `decode` reads a frame that begins with `found`, or one of `syntax` where that is None."""
    if found is None:
        return _is_rle(syntax)
    return not (found.codec == "JPEG" and found.bits > 8 and not found.lossless)


def decode(data: bytes, layout: Layout) -> Decoded:
    """Return a frame, of the size that `layout` has.

    Raises:
        Exception: of many kinds, where the data are damaged.
    """
    found = read_codestream(data)
    if found is None:
        return Decoded(_rle(data, layout))
    if (found.rows, found.columns, found.samples) != (layout.rows, layout.columns, layout.samples):
        raise ValueError("the frame is not of the image's size")
    if found.highly_tiled or found.scans > _MOST_SCANS:
        raise ValueError("the frame has too many parts")
    if found.codec == "JPEG":
        if found.bits > 8:
            return Decoded(_by_gdcm(data, layout, found, JPEGLossless), found.colour, found.firm)
        return Decoded(_by_pillow(data), found.colour, found.firm)
    if found.codec == "JPEG-LS":
        return Decoded(_jpeg_ls(data, layout, found), found.colour, found.firm)
    from openjpeg.utils import decode as open_jpeg

    return Decoded(open_jpeg(data), found.colour, found.firm)


def _is_rle(syntax: UID) -> bool:
    return syntax == "1.2.840.10008.1.2.5"


def _by_pillow(data: bytes) -> Values:
    """Return a JPEG's samples as they are coded, without any conversion of colours."""
    try:
        with Image.open(BytesIO(data), formats=("JPEG",)) as image:
            # What libjpeg takes for YCbCr stays YCbCr by this.
            image.draft("YCbCr", image.size)
            return np.asarray(image)
    except OSError:
        # It takes it for RGB (by its components' names, say), and leaves it so.
        with Image.open(BytesIO(data), formats=("JPEG",)) as image:
            return np.asarray(image)


def _jpeg_ls(data: bytes, layout: Layout, found: Codestream) -> Values:
    if importlib.util.find_spec("jpeg_ls") is None:
        return _by_gdcm(data, layout, found, JPEGLSLossless)
    from jpeg_ls import decode_buffer

    samples, about = decode_buffer(data)
    values = np.frombuffer(samples, np.uint8 if found.bits <= 8 else "<u2")
    if found.samples == 1:
        return values.reshape(layout.rows, layout.columns)
    if about["interleave_mode"] == 0:
        return np.moveaxis(values.reshape(found.samples, layout.rows, layout.columns), 0, 2)
    return values.reshape(layout.rows, layout.columns, found.samples)


def _rle(data: bytes, layout: Layout) -> Values:
    """Return a frame of RLE (PS3.5 annex G): a segment for each byte of each sample, the highest first."""
    from rle.rle import decode_segment

    count = struct.unpack_from("<I", data)[0]
    if not 1 <= count <= _MOST_SEGMENTS or count % layout.samples:
        raise ValueError("the frame has an odd number of segments")
    starts = [*struct.unpack_from(f"<{count}I", data, 4), len(data)]
    deep, size = count // layout.samples, layout.rows * layout.columns
    planes = np.zeros((layout.samples, size), np.uint32 if deep > 2 else np.uint16 if deep == 2 else np.uint8)
    for number in range(count):
        if not 64 <= starts[number] <= len(data):
            raise ValueError("a segment is outside the frame")
        end = starts[number + 1] if starts[number + 1] > starts[number] else len(data)
        plain = np.frombuffer(decode_segment(data[starts[number] : end]), np.uint8)
        if len(plain) < size:
            raise ValueError("a segment is too short")
        sample, place = divmod(number, deep)
        planes[sample] |= plain[:size].astype(planes.dtype) << (8 * (deep - 1 - place))
    values = np.moveaxis(planes.reshape(layout.samples, layout.rows, layout.columns), 0, 2)
    return np.ascontiguousarray(values[..., 0] if layout.samples == 1 else values)


def _by_gdcm(data: bytes, layout: Layout, found: Codestream, syntax: UID) -> Values:
    import gdcm

    fragment = gdcm.Fragment()
    fragment.SetByteStringValue(data)
    fragments = gdcm.SequenceOfFragments.New()
    fragments.AddFragment(fragment)
    element = gdcm.DataElement(gdcm.Tag(0x7FE0, 0x0010))
    element.SetValue(fragments.__ref__())
    image = gdcm.Image()
    image.SetNumberOfDimensions(2)
    image.SetDimensions((layout.columns, layout.rows, 1))
    image.SetDataElement(element)
    meaning = gdcm.PhotometricInterpretation.GetPIType("RGB" if found.samples == 3 else "MONOCHROME2")
    image.SetPhotometricInterpretation(gdcm.PhotometricInterpretation(meaning))
    if found.samples > 1:
        image.SetPlanarConfiguration(0)
    image.SetTransferSyntax(gdcm.TransferSyntax(gdcm.TransferSyntax.GetTSType(str(syntax))))
    allocated = 8 if found.bits <= 8 else 16
    image.SetPixelFormat(gdcm.PixelFormat(found.samples, allocated, found.bits, found.bits - 1, 0))
    # Its bytes come as text.
    plain = image.GetBuffer().encode("utf-8", "surrogateescape")
    values = np.frombuffer(plain, np.uint8 if allocated == 8 else "<u2", layout.rows * layout.columns * found.samples)
    return values.reshape(layout.rows, layout.columns, *([found.samples] if found.samples > 1 else []))
