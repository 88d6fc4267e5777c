"""Decodes compressed DICOM frames (PS3.5 A.4), each compression with one fixed library.

| compression | decoder |
|---|---|
| RLE | pylibjpeg-rle |
| JPEG of 8 bits (baseline, extended, lossless) | Pillow (libjpeg-turbo) |
| JPEG lossless of more than 8 bits | GDCM |
| JPEG-LS | CharLS (pyjpegls); GDCM on Python versions without a pyjpegls wheel |
| JPEG 2000, HTJ2K | OpenJPEG (pylibjpeg-openjpeg) |

On damaged data, GDCM can throw C++ exceptions that end the process, so all decoders run in the decoding process only (see
`decoding`). The first bytes of a frame choose the decoder, not the header's transfer syntax; only RLE has no signature.
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
    """A decoded frame.

    Attributes:
        values: (rows, columns) or (rows, columns, samples), without colour conversion.
        colour: "RGB" or "YBR" if the codestream tells its colour space, else "".
        firm: whether the codestream's colour space is certain.
    """

    values: Values
    colour: str = ""
    firm: bool = False


def can_decode(codestream: Codestream | None, syntax: UID) -> bool:
    """Return whether `decode` can read a frame with this codestream header, or, without one, a frame of `syntax`."""
    if codestream is None:
        return _is_rle(syntax)
    return not (codestream.codec == "JPEG" and codestream.bits > 8 and not codestream.lossless)


def decode(data: bytes, layout: Layout) -> Decoded:
    """Return a decoded frame of the size given by `layout`.

    Raises:
        Exception: of many kinds, if the data is damaged.
    """
    codestream = read_codestream(data)
    if codestream is None:
        return Decoded(_rle(data, layout))
    if (codestream.rows, codestream.columns, codestream.samples) != (layout.rows, layout.columns, layout.samples):
        raise ValueError("the frame is not of the image's size")
    if codestream.highly_tiled or codestream.scans > _MOST_SCANS:
        raise ValueError("the frame has too many parts")
    if codestream.codec == "JPEG":
        if codestream.bits > 8:
            return Decoded(_by_gdcm(data, layout, codestream, JPEGLossless), codestream.colour, codestream.firm)
        return Decoded(_by_pillow(data), codestream.colour, codestream.firm)
    if codestream.codec == "JPEG-LS":
        return Decoded(_jpeg_ls(data, layout, codestream), codestream.colour, codestream.firm)
    from openjpeg.utils import decode as open_jpeg

    return Decoded(open_jpeg(data), codestream.colour, codestream.firm)


def _is_rle(syntax: UID) -> bool:
    return syntax == "1.2.840.10008.1.2.5"


def _by_pillow(data: bytes) -> Values:
    """Return a JPEG's samples as coded, without colour conversion."""
    try:
        with Image.open(BytesIO(data), formats=("JPEG",)) as image:
            # Keeps libjpeg from converting YCbCr to RGB.
            image.draft("YCbCr", image.size)
            return np.asarray(image)
    except OSError:
        # libjpeg regards this one as RGB (for example by its component names) and does not convert it.
        with Image.open(BytesIO(data), formats=("JPEG",)) as image:
            return np.asarray(image)


def _jpeg_ls(data: bytes, layout: Layout, codestream: Codestream) -> Values:
    if importlib.util.find_spec("jpeg_ls") is None:
        return _by_gdcm(data, layout, codestream, JPEGLSLossless)
    from jpeg_ls import decode_buffer

    samples, info = decode_buffer(data)
    values = np.frombuffer(samples, np.uint8 if codestream.bits <= 8 else "<u2")
    if codestream.samples == 1:
        return values.reshape(layout.rows, layout.columns)
    if info["interleave_mode"] == 0:
        return np.moveaxis(values.reshape(codestream.samples, layout.rows, layout.columns), 0, 2)
    return values.reshape(layout.rows, layout.columns, codestream.samples)


def _rle(data: bytes, layout: Layout) -> Values:
    """Return an RLE frame (PS3.5 annex G): one segment for each byte of each sample, the most significant first."""
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


def _by_gdcm(data: bytes, layout: Layout, codestream: Codestream, syntax: UID) -> Values:
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
    meaning = gdcm.PhotometricInterpretation.GetPIType("RGB" if codestream.samples == 3 else "MONOCHROME2")
    image.SetPhotometricInterpretation(gdcm.PhotometricInterpretation(meaning))
    if codestream.samples > 1:
        image.SetPlanarConfiguration(0)
    image.SetTransferSyntax(gdcm.TransferSyntax(gdcm.TransferSyntax.GetTSType(str(syntax))))
    allocated = 8 if codestream.bits <= 8 else 16
    image.SetPixelFormat(gdcm.PixelFormat(codestream.samples, allocated, codestream.bits, codestream.bits - 1, 0))
    # GDCM returns the bytes as text.
    plain = image.GetBuffer().encode("utf-8", "surrogateescape")
    values = np.frombuffer(
        plain, np.uint8 if allocated == 8 else "<u2", layout.rows * layout.columns * codestream.samples
    )
    return values.reshape(layout.rows, layout.columns, *([codestream.samples] if codestream.samples > 1 else []))
