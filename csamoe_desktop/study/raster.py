"""Opens plain pictures: PNG, BMP and TIFF with OpenCV, JPEG with Pillow. The pages of a TIFF become frames.

They are decoded from bytes, as OpenCV cannot open paths outside the system's code page on Windows. Their "DPI" does not
relate to the body, so these studies have no spacing.
"""

import io
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from csamoe_desktop.errors import UserError
from csamoe_desktop.files import open_plain, reason
from csamoe_desktop.study import decoding
from csamoe_desktop.study.limits import MOST_FILE, MOST_FRAMES, refuse_too_large
from csamoe_desktop.study.model import Study
from csamoe_desktop.study.png import SIGNATURE, plain_png
from csamoe_desktop.study.quiet import without_warnings
from csamoe_desktop.study.sizes import Declared, declared_size
from csamoe_desktop.study.tiff import as_meant, only_page, read_pages

Decoded = NDArray[Any]
"""An image as stored: (rows, columns) or (rows, columns, 3 or 4), RGB or RGBA, in the file's own bit depth."""

# OpenCV writes warnings about a damaged file to the terminal; the user gets a UserError instead.
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
_PALETTE = 3
_MOST_LOOKED_AT = 2**24
"""Number of values that are examined to choose the grey levels."""


def picture_kind(head: bytes) -> str | None:
    """Return the kind of picture that begins with `head` (12 bytes or more), "PNG image" and so on, or None."""
    return next((kind for start, kind in _SIGNATURES if head.startswith(start)), None)


def open_picture(path: Path) -> Study:
    """Return the study of a PNG, JPEG, BMP or TIFF file; its pixels are grey if all channels are equal.

    Raises:
        UserError: the file cannot be read, is of another kind, is damaged, or is far too large.
    """
    data = read_bytes(path)
    kind = picture_kind(data)
    if kind is None:
        raise UserError(f"{path.name} is not a PNG, JPEG, BMP or TIFF image.", "Export the image as PNG or DICOM.")
    pages: tuple[int, ...] = (0,)
    notes = []
    if kind == _TIFF:
        tiff_pages, more = read_pages(data)
        sizes = [(page.rows, page.columns) for page in tiff_pages]
        # A page of another size is a thumbnail or another picture, not a frame.
        pages = tuple(number for number, size in enumerate(sizes) if size == sizes[0]) or (0,)
        if left_out := len(sizes) - len(pages):
            notes.append(f"{left_out} of the file's {len(sizes)} pages differ in size and were left out.")
        if more:
            notes.append(f"The file has more than {MOST_FRAMES:,} pages; only the first {MOST_FRAMES:,} can be shown.")
    declared = _declared(data, path, kind, pages[0])
    shown = _Pages(path, data, kind, pages, declared.decoded_bytes)
    looks = [_look(shown, index, declared.plain) for index in _looked_at(declared, len(pages))]
    levels, words = _levels(looks)
    if looks[0].transparent:
        notes.append("The image is partly transparent; its transparency was ignored.")
    return Study(
        path=path,
        kind=kind if len(pages) == 1 else f"{kind} of {len(pages)} pages",
        frame_count=len(pages),
        rows=looks[0].rows,
        columns=looks[0].columns,
        decode=replace(shown, levels=levels),
        notes=(*notes, *words),
        quick=declared.plain,
        apart=not declared.plain,
    )


def read_bytes(path: Path) -> bytes:
    """Return a file's bytes.

    Raises:
        UserError: there is no such file, or it is empty, not readable or too large.
    """
    try:
        with open_plain(path) as file:
            if (size := os.fstat(file.fileno()).st_size) > MOST_FILE:
                raise UserError(
                    f"{path.name} is too large: {size / 2**30:.1f} GB. A picture file can be up to "
                    f"{MOST_FILE / 2**30:.0f} GB.",
                    "Export the frames that you need and open those.",
                )
            data = file.read()
    except FileNotFoundError as problem:
        raise UserError(f"There is no file {path}.", "Check the name and that the drive is connected.") from problem
    except OSError as problem:
        raise UserError(
            f"{path.name} could not be read: {reason(problem)}.",
            "Check that you have permission to read it and that no other program is using it.",
        ) from problem
    if not data:
        raise UserError(f"{path.name} is empty (0 bytes).", "Copy or export it again from its source.")
    return data


def decode_picture(data: bytes, path: Path, page: int = 0) -> Decoded:
    """Return a page of an image, upright (EXIF orientation applied), with alpha if the file has it.

    Raises:
        UserError: the data is damaged, far too large, or of an unsupported kind; the message names `path`.
    """
    kind = picture_kind(data)
    if kind is None:
        raise _damaged(path)
    declared = _declared(data, path, kind, page)
    picture = _Pages(path, data, kind, (page,), declared.decoded_bytes)
    if declared.plain:
        return picture.stored(0)
    decoded: Decoded = decoding.apart(path.name, picture, "stored", 0)
    return decoded


def _declared(data: bytes, path: Path, kind: str, page: int) -> Declared:
    declared = declared_size(data, kind, page)
    if declared is None:
        raise _damaged(path)
    refuse_too_large(path.name, declared.rows, declared.columns)
    return declared


def _damaged(path: Path) -> UserError:
    return UserError(
        f"{path.name} is damaged or incomplete: its pixels cannot be decoded.",
        "Copy or export it again from its source.",
    )


def _by_pillow(data: bytes | bytearray, kind: str) -> Decoded | None:
    """Return the pixels, decoded with Pillow: OpenCV's libjpeg writes to the terminal about damaged data."""
    try:
        with without_warnings(), Image.open(io.BytesIO(data), formats=(kind,)) as image:
            upright = ImageOps.exif_transpose(image)
            return np.asarray(upright if upright.mode == "L" else upright.convert("RGB"))
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001 (Pillow raises almost anything on damaged data)
        return None


def _by_opencv(data: bytes | bytearray | None) -> Decoded | None:
    if data is None:
        return None
    buffer = np.frombuffer(data, np.uint8)
    stored = _decoded(buffer, cv2.IMREAD_UNCHANGED)
    # UNCHANGED keeps alpha and ignores the orientation; these two flags apply the orientation and drop alpha.
    upright = _decoded(buffer, cv2.IMREAD_ANYCOLOR | cv2.IMREAD_ANYDEPTH)
    if stored is None or upright is None:
        return None
    if upright.ndim == 3:
        upright = np.asarray(cv2.cvtColor(upright, cv2.COLOR_BGR2RGB))
    if stored.ndim == 3 and stored.shape[2] == 4 and stored.shape[:2] == upright.shape[:2]:
        colour = upright if upright.ndim == 3 else np.repeat(upright[..., None], 3, axis=2)
        return np.dstack([colour, stored[..., 3]])
    return upright


def _tiff(data: bytes, number: int) -> Decoded | None:
    pages, _ = read_pages(data)
    if number >= len(pages):
        return None
    page = pages[number]
    alone = only_page(data, page)
    if page.samples == 1 and page.bits in (2, 4) and page.meaning != _PALETTE:
        # OpenCV does not read 2-bit and 4-bit grey.
        return _by_pillow(alone, "TIFF")
    decoded = _by_opencv(alone)
    return None if decoded is None else as_meant(decoded, page)


def tiff_pages(data: bytes) -> list[tuple[int, int]]:
    """Return (rows, columns) of each page of a TIFF or BigTIFF file, up to the first damaged one."""
    return [(page.rows, page.columns) for page in read_pages(data)[0]]


@dataclass(frozen=True, slots=True)
class _Look:
    """A page's properties: its upright size, the dtype and range of its values, and whether any of it is transparent."""

    rows: int
    columns: int
    dtype: str
    low: float
    high: float
    transparent: bool


@dataclass(frozen=True, slots=True, eq=False)
class _Pages:
    """Decodes the pages of a file held in memory, one at a time.

    `levels` are the values shown black and white, None if the values are 8-bit already; `decoded_bytes` is the memory that a
    page takes.
    """

    path: Path
    data: bytes
    kind: str
    pages: tuple[int, ...]
    decoded_bytes: int
    levels: tuple[float, float] | None = None

    def __call__(self, index: int) -> NDArray[np.uint8]:
        pixels = self.stored(index)
        if self.levels is not None:
            low, high = self.levels
            wide = pixels.astype(np.float32 if pixels.dtype.itemsize < 4 else np.float64)
            shown = np.nan_to_num(wide, nan=low, posinf=high, neginf=low)
            pixels = np.clip((shown - low) * (255 / (high - low)) + 0.5, 0, 255).astype(np.uint8)
        if pixels.ndim == 3:
            pixels = pixels[..., :3]
            if (pixels == pixels[..., :1]).all():
                pixels = pixels[..., 0]
        return np.ascontiguousarray(pixels)

    def stored(self, index: int) -> Decoded:
        """Return a page's values, upright.

        Raises:
            UserError: it is damaged.
        """
        if self.kind == _JPEG:
            decoded = _by_pillow(self.data, "JPEG")
        elif self.kind == _TIFF:
            decoded = _tiff(self.data, self.pages[index])
        else:
            decoded = _by_opencv(plain_png(self.data) if self.kind == _PNG else self.data)
        if decoded is None or 0 in decoded.shape:
            raise _damaged(self.path)
        return decoded

    def look(self, index: int) -> _Look:
        """Return a page's properties.

        Raises:
            UserError: it is damaged.
        """
        stored = self.stored(index)
        values = stored[..., :3] if stored.ndim == 3 else stored
        finite = np.isfinite(values)
        ends = (
            (float(np.min(values, where=finite, initial=np.inf)), float(np.max(values, where=finite, initial=-np.inf)))
            if values.dtype.kind == "f"
            else (float(values.min()), float(values.max()))
        )
        transparent = stored.ndim == 3 and stored.shape[2] == 4 and bool((stored[..., 3] != stored[..., 3].max()).any())
        return _Look(stored.shape[0], stored.shape[1], stored.dtype.str, *ends, transparent)


def _look(pages: _Pages, index: int, plain: bool) -> _Look:
    look: _Look = pages.look(index) if plain else decoding.apart(pages.path.name, pages, "look", index)
    return look


def _looked_at(declared: Declared, pages: int) -> list[int]:
    """Return the pages to examine for the grey levels, including the first and the last."""
    most = min(pages, max(3, min(24, _MOST_LOOKED_AT // (declared.rows * declared.columns))))
    return sorted({round(place) for place in np.linspace(0, pages - 1, most)})


def _levels(looks: Sequence[_Look]) -> tuple[tuple[float, float] | None, list[str]]:
    """Return the values shown black and white, None if the values are 8-bit already, and notes for the user."""
    kind = np.dtype(looks[0].dtype)
    if kind == np.uint8:
        return None, []
    low, high = min(look.low for look in looks), max(look.high for look in looks)
    low, high = (low, high) if np.isfinite([low, high]).all() else (0.0, 1.0)
    if low >= 0:
        low, high = 0.0, _top(kind, high)
    elif high <= low:
        high = low + 1
    signed = "signed " if kind.kind == "i" else ""
    return (low, high), [
        f"The file's {signed}{kind.itemsize * 8}-bit values are shown as 8 bits, from {low:g} to {high:g}."
    ]


def _decoded(buffer: NDArray[np.uint8], flags: int) -> Decoded | None:
    try:
        return cv2.imdecode(buffer, flags)
    except cv2.error:
        return None


def _top(kind: np.dtype[Any], brightest: float) -> float:
    """Return the value to show as white: the full scale of 8, 10, 12 or 16 bits that includes the brightest value (as a
    12-bit image stored in 16 bits would otherwise be black), 1 for floats up to 1, else the brightest value."""
    if kind.kind == "f" and brightest <= 1:
        return 1.0
    return next((float(2**bits - 1) for bits in (8, 10, 12, 16) if brightest < 2**bits), max(brightest, 1.0))
