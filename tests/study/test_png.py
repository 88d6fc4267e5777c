"""A PNG reaches libpng whole and plain, or not at all: every pixel the same, and nothing on the terminal."""

import io
import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from csamoe_desktop.study.png import SIGNATURE, plain_png
from csamoe_desktop.study.raster import decode_picture

GREY = (np.arange(13 * 11) % 251).astype(np.uint8).reshape(13, 11)


def chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def png(
    rows: bytes,
    shape: tuple[int, int] = GREY.shape,
    depth: int = 8,
    colour: int = 0,
    interlaced: int = 0,
    before: bytes = b"",
    stream: bytes | None = None,
    end: bytes = chunk(b"IEND", b""),
) -> bytes:
    """A file of filtered rows, with chunks before the data, or with another data stream."""
    head = struct.pack(">IIBBBBB", shape[1], shape[0], depth, colour, 0, 0, interlaced)
    data = zlib.compress(rows) if stream is None else stream
    return SIGNATURE + chunk(b"IHDR", head) + before + chunk(b"IDAT", data) + end


def filtered(pixels: np.ndarray) -> bytes:
    return b"".join(b"\0" + row.tobytes() for row in pixels)


def decoded(data: bytes) -> np.ndarray:
    return decode_picture(data, Path("a.png"))


@pytest.mark.parametrize(
    "pixels",
    [
        GREY,
        GREY.astype(np.uint16) * 200,
        np.dstack([GREY, GREY // 2, 255 - GREY]),
        np.dstack([GREY, GREY // 2, 255 - GREY]).astype(np.uint16) * 100,
        np.dstack([GREY, GREY // 2, 255 - GREY, GREY // 3]),
    ],
    ids=["grey", "grey of 16 bits", "colour", "colour of 16 bits", "with alpha"],
)
def test_the_pixels_stay_the_same(pixels: np.ndarray) -> None:
    order = [2, 1, 0, 3][: pixels.shape[2]] if pixels.ndim == 3 else None
    stored = pixels[..., order] if order else pixels
    data = cv2.imencode(".png", np.ascontiguousarray(stored))[1].tobytes()
    assert np.array_equal(decoded(data), pixels)


@pytest.mark.parametrize("shape", [(13, 11), (8, 8), (1, 1), (5, 1), (1, 6), (3, 40)])
def test_an_interlaced_image_is_read(shape: tuple[int, int], capfd: pytest.CaptureFixture[str]) -> None:
    pixels = np.random.default_rng(1).integers(0, 256, shape, np.uint8)
    starts = ((0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1))
    passes = [pixels[top::down, left::across] for top, left, down, across in starts]
    rows = b"".join(filtered(part) for part in passes if part.size)
    assert np.array_equal(decoded(png(rows, shape, interlaced=1)), pixels)
    assert plain_png(png(rows[:-1], shape, interlaced=1)) is None
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("depth", [1, 2, 4])
def test_few_bits_are_read(depth: int) -> None:
    pixels = np.random.default_rng(1).integers(0, 2**depth, (7, 13), np.uint8)
    bits = np.unpackbits(pixels[..., None], axis=2)[..., 8 - depth :].reshape(7, -1)
    data = png(filtered(np.packbits(bits, axis=1)), pixels.shape, depth)
    assert np.array_equal(decoded(data), pixels * (255 // (2**depth - 1)))


@pytest.mark.parametrize(
    "before",
    [
        chunk(b"iCCP", b"odd\0\0not a profile"),
        chunk(b"gAMA", b"\0"),
        chunk(b"PLTE", b"123456"),
        chunk(b"tRNS", b"12345"),
        chunk(b"tRNS", b"\1\0"),
        chunk(b"eXIf", b"odd"),
        chunk(b"tEXt", b"Comment\0odd")[:-1] + b"!",
    ],
    ids=[
        "profile",
        "gamma",
        "palette of a grey image",
        "transparency",
        "transparent grey",
        "orientation",
        "check sum of a comment",
    ],
)
def test_oddities_beside_the_pixels_are_passed_over_in_silence(
    before: bytes, capfd: pytest.CaptureFixture[str]
) -> None:
    assert np.array_equal(decoded(png(filtered(GREY), before=before)), GREY)
    assert capfd.readouterr() == ("", "")


def test_data_beyond_the_last_row_and_beyond_the_end_are_passed_over_in_silence(
    capfd: pytest.CaptureFixture[str],
) -> None:
    assert np.array_equal(decoded(png(filtered(GREY) + b"more") + b"and more"), GREY)
    assert capfd.readouterr() == ("", "")


def test_a_pixel_beyond_the_palette_is_black(capfd: pytest.CaptureFixture[str]) -> None:
    data = png(
        filtered(np.array([[0, 1, 9]], np.uint8)), (1, 3), colour=3, before=chunk(b"PLTE", b"\x10\x20\x30\xff\xfe\xfd")
    )
    assert decoded(data).tolist() == [[[0x10, 0x20, 0x30], [0xFF, 0xFE, 0xFD], [0, 0, 0]]]
    assert capfd.readouterr() == ("", "")


def test_transparent_entries_of_a_palette_are_transparent() -> None:
    pixels = np.zeros((4, 6), np.uint8)
    pixels[:, 3:] = 1
    image = Image.fromarray(pixels, mode="L").convert("P")
    image.putpalette([9, 8, 7, 6, 5, 4])
    stream = io.BytesIO()
    image.save(stream, "PNG", transparency=0)
    assert decoded(stream.getvalue())[0, [0, 5]].tolist() == [[9, 8, 7, 0], [6, 5, 4, 255]]


WHOLE = png(filtered(GREY))


@pytest.mark.parametrize(
    "damaged",
    [
        SIGNATURE,
        WHOLE[:-5],
        WHOLE[:-12],
        WHOLE[:60] + bytes([WHOLE[60] ^ 1]) + WHOLE[61:],
        WHOLE[:8] + WHOLE[33:],
        png(filtered(GREY)[:-1]),
        png(b"\5" + filtered(GREY)[1:]),
        png(b"", stream=b"not deflated"),
        png(b"", stream=zlib.compress(filtered(GREY))[:-4] + b"\0\0\0\0"),
        png(filtered(GREY), depth=3),
        png(filtered(GREY), colour=5),
        png(filtered(GREY), colour=3),
        png(filtered(GREY), interlaced=2),
        png(filtered(GREY), shape=(0, 11)),
        png(filtered(GREY), shape=(2**31, 2**31)),
    ],
    ids=[
        "nothing in it",
        "cut in its end",
        "no end",
        "a bit of its data flipped",
        "no header",
        "a byte too few",
        "a filter that there is not",
        "not deflated",
        "a check sum of the data",
        "depth",
        "colour type",
        "no palette",
        "interlacing",
        "no rows",
        "too many rows",
    ],
)
def test_what_is_damaged_is_not_handed_on(damaged: bytes) -> None:
    assert plain_png(damaged) is None
