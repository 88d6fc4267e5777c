"""Which decoder reads which compression of DICOM (PS3.5 A.4): one that refuses damaged data and goes on.

GDCM, which pydicom would ask first, throws past Python on damaged data and so ends the whole program. It is left with
what nothing else here decodes: JPEG of more than 8 bits, and JPEG-LS under the newest Python. JPEG of 8 bits, lossless
too (libjpeg-turbo 3), is decoded by Pillow. JPEG 2000 and JPEG-LS first have their size looked at: where damage makes it
huge, the decoders take all memory. For this the program has a plugin of its own in pydicom.
"""

import struct
from io import BytesIO
from typing import cast

from PIL import Image
from pydicom.dataset import Dataset
from pydicom.pixels.decoders import pyjpegls, pylibjpeg
from pydicom.pixels.decoders.base import DecodeRunner, get_decoder
from pydicom.uid import (
    JPEG2000,
    UID,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    JPEGLSNearLossless,
)

_JPEG = (JPEGBaseline8Bit, JPEGExtended12Bit, JPEGLossless, JPEGLosslessSV1)
_JPEG_LS = (JPEGLSLossless, JPEGLSNearLossless)
_JPEG_2000 = (JPEG2000, JPEG2000Lossless)
_OURS = "csamoe_desktop"
_MOST_TILES = 65_535

DECODER_DEPENDENCIES = {
    **dict.fromkeys(_JPEG, ("pillow",)),
    **dict.fromkeys(_JPEG_LS, ("pyjpegls",)),
    **dict.fromkeys(_JPEG_2000, ("pylibjpeg", "pylibjpeg-openjpeg")),
}
"""What pydicom asks of a plugin's module, as is `is_available`."""


def plugin_for(syntax: UID, header: Dataset) -> str:
    """Return the name of the pydicom plugin that is to decode an image; "" leaves it to pydicom."""
    if syntax in _JPEG and header.get("BitsAllocated") != 8:
        return ""
    return _OURS if is_available(syntax) else ""


def is_available(syntax: str) -> bool:
    """Say whether `decode` reads a transfer syntax."""
    if syntax in _JPEG_LS:
        return pyjpegls.is_available(syntax)
    return syntax in _JPEG or (syntax in _JPEG_2000 and pylibjpeg.is_available(syntax))


def decode(encoded: bytes, runner: DecodeRunner) -> bytes | bytearray:
    """Return the samples of one frame, in the colours that `runner` is told of.

    Raises:
        Exception: of many kinds, where the data are damaged.
    """
    if runner.transfer_syntax in _JPEG:
        try:
            return _by_pillow(encoded, runner, as_stored=True)
        except OSError:
            # libjpeg takes it for RGB (by its components' names, say), so that there is nothing to convert.
            return _by_pillow(encoded, runner, as_stored=False)
    _check_size(encoded, runner)
    plugin = pyjpegls if runner.transfer_syntax in _JPEG_LS else pylibjpeg
    return cast(bytes | bytearray, plugin._decode_frame(encoded, runner))


def _by_pillow(encoded: bytes, runner: DecodeRunner, as_stored: bool) -> bytes:
    with Image.open(BytesIO(encoded), formats=("JPEG",)) as image:
        if image.size != (runner.columns, runner.rows):
            raise ValueError("the frame is not of the image's size")
        if image.mode == "RGB" and "adobe_transform" in image.info:
            # The file itself says what its colours are, and Pillow acts on it.
            runner.set_option("photometric_interpretation", "RGB")
        elif as_stored:
            image.draft("YCbCr", image.size)
        return image.tobytes()


def _check_size(encoded: bytes, runner: DecodeRunner) -> None:
    """Raise ValueError or struct.error unless a frame of JPEG 2000 (ISO 15444-1 A.5.1) or JPEG-LS (ISO 14495-1 C.2.2)
    is of the image's size, in not too many tiles."""
    if runner.transfer_syntax in _JPEG_LS:
        rows, columns, samples = struct.unpack_from(">HHB", encoded, encoded.index(b"\xff\xf7") + 5)
    else:
        start = encoded.index(b"\xff\x4f\xff\x51") + 8
        right, low, left, top, wide, high, _, _, samples = struct.unpack_from(">8IH", encoded, start)
        rows, columns = low - top, right - left
        if not (wide and high) or (rows // high + 1) * (columns // wide + 1) > _MOST_TILES:
            raise ValueError("the frame has too many tiles")
    if (rows, columns, samples) != (runner.rows, runner.columns, runner.samples_per_pixel):
        raise ValueError("the frame is not of the image's size")


for _syntax in DECODER_DEPENDENCIES:
    if _OURS not in get_decoder(_syntax).available_plugins:
        get_decoder(_syntax).add_plugin(_OURS, (__name__, decode.__name__))
