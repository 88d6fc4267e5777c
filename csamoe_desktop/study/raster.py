"""Pictures without a header worth trusting: PNG, BMP and TIFF, decoded by OpenCV from bytes, and JPEG, by Pillow.

From bytes, as OpenCV cannot open paths outside the system's code page on Windows. Their "DPI" says nothing of the body,
so these studies have no spacing. The pages of a TIFF are the frames of a study.
"""

import io
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from csamoe_desktop.errors import UserError
from csamoe_desktop.files import reason
from csamoe_desktop.study.model import QUICK_VALUES, Study
from csamoe_desktop.study.png import SIGNATURE, plain_png
from csamoe_desktop.study.quiet import without_warnings

Decoded = NDArray[Any]
"""An image as the file has it: (rows, columns) or (rows, columns, 3 or 4), RGB or RGBA, of the file's own depth."""

# OpenCV writes its complaints about a broken file to the terminal; the user is told by UserError instead.
cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)

_SIGNATURES = (
    (SIGNATURE, "PNG image"),
    (b"\xff\xd8\xff", "JPEG image"),
    (b"BM", "BMP image"),
    (b"II*\x00", "TIFF image"),
    (b"MM\x00*", "TIFF image"),
    (b"II+\x00", "TIFF image"),
    (b"MM\x00+", "TIFF image"),
)
_PNG, _JPEG, _TIFF = "PNG image", "JPEG image", "TIFF image"
_IMAGE_WIDTH, _IMAGE_LENGTH = 256, 257
_FIELD_FORMATS = {3: "H", 4: "I", 16: "Q"}


def picture_kind(head: bytes) -> str | None:
    """Return what a file that begins with `head` (a dozen bytes or more) is, "PNG image" and so on, or None."""
    return next((kind for start, kind in _SIGNATURES if head.startswith(start)), None)


def open_picture(path: Path) -> Study:
    """Return the study of a PNG, JPEG, BMP or TIFF file; its pixels are grey where all channels are equal.

    Raises:
        UserError: the file cannot be read, is none of these, or is damaged.
    """
    data = read_bytes(path)
    kind = picture_kind(data)
    if kind is None:
        raise UserError(f"{path.name} is not a PNG, JPEG, BMP or TIFF image.", "Export the image as PNG or DICOM.")
    pages: tuple[int, ...] = (0,)
    notes = []
    if kind == _TIFF:
        sizes = tiff_pages(data)
        # A page of another size is a thumbnail or another picture, not a frame of this one.
        pages = tuple(page for page, size in enumerate(sizes) if size == sizes[0]) or (0,)
        if left_out := len(sizes) - len(pages):
            notes.append(f"{left_out} of the file's {len(sizes)} pages have another size and were left out.")
    first = decode_picture(data, path, pages[0])
    if first.ndim == 3 and first.shape[2] == 4 and (first[..., 3] != first[..., 3].max()).any():
        notes.append("The image is partly transparent; its transparency was ignored.")
    top = 255.0 if first.dtype == np.uint8 else _top(first)
    if first.dtype != np.uint8:
        notes.append(f"The file's {first.dtype.itemsize * 8}-bit values are shown as 8 bits, from 0 to {top:g}.")
    return Study(
        path=path,
        kind=kind if len(pages) == 1 else f"{kind} of {len(pages)} pages",
        frame_count=len(pages),
        rows=first.shape[0],
        columns=first.shape[1],
        decode=_Pages(path, data, pages, top),
        notes=tuple(notes),
        quick=first.shape[0] * first.shape[1] <= QUICK_VALUES,
    )


def read_bytes(path: Path) -> bytes:
    """Return a file's bytes.

    Raises:
        UserError: there is no such file, it is empty, or it may not be read.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError as problem:
        raise UserError(f"There is no file {path}.", "Check the name, or whether the drive is connected.") from problem
    except OSError as problem:
        raise UserError(
            f"{path.name} could not be read: {reason(problem)}.",
            "Check that you may read it and that no other program holds it.",
        ) from problem
    if not data:
        raise UserError(f"{path.name} is empty (0 bytes).", "Copy or export it again from where it came from.")
    return data


def decode_picture(data: bytes, path: Path, page: int = 0) -> Decoded:
    """Return a page of an image as the eye sees it (EXIF orientation honoured), with alpha where the file has it.

    Raises:
        UserError: the data are damaged or of a kind that is not decoded here; `path` is named in it.
    """
    kind = picture_kind(data)
    decoded = _jpeg(data) if kind == _JPEG else _by_opencv(plain_png(data) if kind == _PNG else data, page)
    if decoded is None or 0 in decoded.shape:
        raise UserError(
            f"{path.name} is damaged or incomplete: its pixels cannot be decoded.",
            "Copy or export it again from where it came from.",
        )
    return decoded


def _jpeg(data: bytes) -> Decoded | None:
    """Return a JPEG's pixels by Pillow: under OpenCV, libjpeg tells the terminal what is damaged."""
    try:
        with without_warnings(), Image.open(io.BytesIO(data), formats=("JPEG",)) as image:
            upright = ImageOps.exif_transpose(image)
            return np.asarray(upright if upright.mode == "L" else upright.convert("RGB"))
    except Exception:  # noqa: BLE001 (Pillow raises almost anything on damaged data)
        return None


def _by_opencv(data: bytes | None, page: int) -> Decoded | None:
    if data is None:
        return None
    buffer = np.frombuffer(data, np.uint8)
    stored = _decoded(buffer, cv2.IMREAD_UNCHANGED, page)
    # UNCHANGED keeps alpha but not the orientation; the other way round for these two together.
    upright = _decoded(buffer, cv2.IMREAD_ANYCOLOR | cv2.IMREAD_ANYDEPTH, page)
    if stored is None or upright is None:
        return None
    if upright.ndim == 3:
        upright = np.asarray(cv2.cvtColor(upright, cv2.COLOR_BGR2RGB))
    if stored.ndim == 3 and stored.shape[2] == 4 and stored.shape[:2] == upright.shape[:2]:
        colour = upright if upright.ndim == 3 else np.repeat(upright[..., None], 3, axis=2)
        return np.dstack([colour, stored[..., 3]])
    return upright


def tiff_pages(data: bytes) -> list[tuple[int, int]]:
    """Return (rows, columns) of each page of a TIFF or BigTIFF file (TIFF 6.0, section 2); as far as it is whole."""
    order = "<" if data[:2] == b"II" else ">"
    big = data[2:4] in (b"+\x00", b"\x00+")
    count_format, entry_size, offset_format = ("Q", 20, "Q") if big else ("H", 12, "I")
    pages: list[tuple[int, int]] = []
    seen: set[int] = set()
    try:
        (offset,) = struct.unpack_from(order + offset_format, data, 8 if big else 4)
        while offset and offset not in seen:
            seen.add(offset)
            (count,) = struct.unpack_from(order + count_format, data, offset)
            start = offset + struct.calcsize(order + count_format)
            sizes = {}
            for entry in range(start, start + count * entry_size, entry_size):
                tag, field_type = struct.unpack_from(order + "HH", data, entry)
                if tag in (_IMAGE_WIDTH, _IMAGE_LENGTH):
                    number = order + _FIELD_FORMATS.get(field_type, "I")
                    (sizes[tag],) = struct.unpack_from(number, data, entry + (12 if big else 8))
            pages.append((sizes[_IMAGE_LENGTH], sizes[_IMAGE_WIDTH]))
            (offset,) = struct.unpack_from(order + offset_format, data, start + count * entry_size)
    except (struct.error, KeyError):
        pass
    return pages


@dataclass(frozen=True, slots=True, eq=False)
class _Pages:
    """Decodes the pages of a file held in memory, one at a time; `top` is the value shown as white."""

    path: Path
    data: bytes
    pages: tuple[int, ...]
    top: float

    def __call__(self, index: int) -> NDArray[np.uint8]:
        pixels = decode_picture(self.data, self.path, self.pages[index])
        if pixels.dtype != np.uint8:
            shown = np.nan_to_num(pixels.astype(np.float32), nan=0.0, posinf=self.top, neginf=0.0)
            pixels = np.clip(shown * (255 / self.top) + 0.5, 0, 255).astype(np.uint8)
        if pixels.ndim == 3:
            pixels = pixels[..., :3]
            if (pixels == pixels[..., :1]).all():
                pixels = pixels[..., 0]
        return np.ascontiguousarray(pixels)


def _decoded(buffer: NDArray[np.uint8], flags: int, page: int) -> Decoded | None:
    try:
        if page == 0:
            return cv2.imdecode(buffer, flags)
        fine, images = cv2.imdecodemulti(buffer, flags, range=(page, page + 1))
        return images[0] if fine and images else None
    except (cv2.error, MemoryError):
        return None


def _top(pixels: Decoded) -> float:
    """Return the value to show as white: full scale of 8, 10, 12 or 16 bits that holds the brightest value (a 12-bit
    image kept in 16 bits would else be black), 1 for floats up to 1, else the brightest value."""
    values = pixels[..., :3] if pixels.ndim == 3 else pixels
    brightest = float(np.max(values, where=np.isfinite(values), initial=0))
    if pixels.dtype.kind == "f" and brightest <= 1:
        return 1.0
    return next((float(2**bits - 1) for bits in (8, 10, 12, 16) if brightest < 2**bits), max(brightest, 1.0))
