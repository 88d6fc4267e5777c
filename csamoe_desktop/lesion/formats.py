"""Mask files: whatever a colleague's program wrote becomes lesion or not, a bool a pixel, with every guess said.

What is understood: 0/255, 0/1, 16 bits, soft or anti-aliased edges, several labels, colours, transparency, inversion.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from csamoe_desktop.errors import UserError
from csamoe_desktop.files import write_whole
from csamoe_desktop.lesion.regions import nearest
from csamoe_desktop.study.raster import Decoded, decode_picture, picture_kind, read_bytes, tiff_pages

Bool = NDArray[np.bool_]
Levels = NDArray[np.float32]

_FEW_VALUES = 32
"""A file of no more values than this is drawn in labels; one of more has soft edges or was compressed."""

_LABEL_SHARE = 0.05
"""In a compressed file, a value is a label where it covers this part of all that is plainly marked."""

_PICTURE_SHARE = 0.3
"""A file in which this part of the pixels is neither dark nor bright, nor an area of one value, is a picture."""


class MaskSizeMismatch(UserError):
    """The mask is not of the frame's size; `mask_shape` and `frame_shape` are (rows, columns)."""

    def __init__(self, mask_shape: tuple[int, int], frame_shape: tuple[int, int]) -> None:
        super().__init__(
            f"The mask is {_size(mask_shape)} pixels, the image {_size(frame_shape)}.",
            "Use the mask that was drawn on this image, or have it resized.",
        )
        self.mask_shape = mask_shape
        self.frame_shape = frame_shape


@dataclass(frozen=True, slots=True, eq=False)
class ReadMask:
    """A mask as it was read: bool (rows, columns) of the frame, and what was guessed or changed, one sentence each."""

    pixels: Bool
    notes: tuple[str, ...]


def read_mask(path: Path, frame_shape: Sequence[int], resize: bool = False) -> ReadMask:
    """Return the lesion that a PNG, JPEG, BMP or TIFF file marks on a frame of `frame_shape` (rows, columns).

    A mask of another size is resized by nearest neighbour if `resize`, and said to be.

    Raises:
        MaskSizeMismatch: the mask has another size and `resize` is false.
        UserError: the file cannot be read, is damaged, marks nothing or everything, or is a picture.
    """
    data = read_bytes(path)
    kind = picture_kind(data)
    if kind is None:
        raise UserError(
            f"{path.name} is not a mask that can be read: it is no PNG, JPEG, BMP or TIFF image.",
            "Save the mask as PNG, white on black, in the image's own size.",
        )
    notes = []
    if kind == "TIFF image" and (pages := len(tiff_pages(data))) > 1:
        notes.append(f"The mask file has {pages} pages; the first was used.")
    levels, level_notes = _levels(decode_picture(data, path))
    notes += level_notes
    rows, columns = frame_shape[0], frame_shape[1]
    if levels.shape != (rows, columns) and not resize:
        raise MaskSizeMismatch((levels.shape[0], levels.shape[1]), (rows, columns))
    pixels, found = _lesion(levels, path)
    notes += found
    if pixels.shape != (rows, columns):
        notes.append(f"The mask was resized from {_size(pixels.shape)} to the image's {_size((rows, columns))} pixels.")
        if abs(pixels.shape[0] * columns - pixels.shape[1] * rows) > max(pixels.shape[0] * columns, 1) * 0.01:
            notes.append("The mask and the image differ in their proportions: the outline is stretched.")
        pixels = pixels[nearest(pixels.shape[0], rows)][:, nearest(pixels.shape[1], columns)]
        if not pixels.any():
            raise UserError(
                "Nothing is left of the mask at the image's size.", "Draw the lesion on this image instead."
            )
    return ReadMask(np.ascontiguousarray(pixels), tuple(notes))


def write_mask(path: Path, pixels: Bool) -> None:
    """Write a mask, bool (rows, columns), as a PNG of 0 and 255.

    Raises:
        UserError: the file cannot be written; what stood there before is untouched.
    """
    encoded = cv2.imencode(".png", pixels.astype(np.uint8) * 255)[1].tobytes()
    write_whole(path, lambda temporary: temporary.write_bytes(encoded))


def _levels(decoded: Decoded) -> tuple[Levels, list[str]]:
    """Return one value a pixel, 0 where the file is darkest: the brightest of its colours, where it is opaque."""
    values = np.nan_to_num(decoded.astype(np.float32), posinf=0.0, neginf=0.0)
    notes = []
    if values.ndim == 2:
        levels = values
    else:
        levels = values[..., :3].max(axis=2)
        alpha = values[..., 3] if values.shape[2] == 4 else None
        if alpha is not None and alpha.min() < alpha.max():
            visible = alpha > alpha.max() / 2
            if not visible.any() or np.ptp(levels[visible]) == 0:
                levels = alpha
                notes.append("The mask was taken from the file's transparency: what is opaque is lesion.")
            else:
                levels = np.where(visible, levels, 0)
                notes.append("Transparent parts of the mask file count as not marked.")
    return np.asarray(levels - levels.min(), np.float32), notes


def _lesion(levels: Levels, path: Path) -> tuple[Bool, list[str]]:
    """Return what is lesion in a file's levels (0 is its darkest), and what was guessed.

    Raises:
        UserError: nothing is marked, or the file is a picture.
    """
    brightest = float(levels.max())
    if brightest == 0:
        raise UserError(
            f"The mask {path.name} marks nothing: all its pixels are the same.",
            "Choose another mask file, or draw the lesion.",
        )
    labels = _labels(levels)
    between = (levels > 0.1 * brightest) & (levels < 0.9 * brightest) & ~_flat(levels)
    if between.mean() > _PICTURE_SHARE:
        raise UserError(
            f"{path.name} looks like a picture, not a mask: most of it is neither black nor white.",
            "Choose the mask file that belongs to this image: white where the lesion is, black elsewhere.",
        )
    lesion = levels > (labels[0] if labels else brightest) / 2
    notes = []
    if len(labels) > 1:
        notes.append(f"The mask file has {len(labels)} labels; they were united into one lesion.")
    edge = np.concatenate([lesion[0], lesion[-1], lesion[:, 0], lesion[:, -1]])
    if edge.mean() > 0.5 and lesion.mean() > 0.5:
        lesion = ~lesion
        notes.append("The mask file marks the surroundings instead of the lesion; it was inverted.")
    return lesion, notes


def _labels(levels: Levels) -> list[float]:
    """Return the values above 0 that fill areas and are not just the soft edge of one, from low to high."""
    flat = levels[_flat(levels) & (levels > 0)]
    if not flat.size:
        return []
    values, counts = np.unique(flat, return_counts=True)
    if np.unique(levels).size <= _FEW_VALUES:
        return [float(value) for value in values]
    # Values within a tenth of black or white are what compression makes of these two.
    brightest = float(levels.max())
    shares = counts / flat.size
    middle = values[(shares >= _LABEL_SHARE) & (values > 0.1 * brightest) & (values < 0.9 * brightest)]
    return [*(float(value) for value in middle), *([brightest] if values[-1] >= 0.9 * brightest else [])]


def _flat(levels: Levels) -> Bool:
    """Return where a pixel's 3x3 neighbourhood has one value."""
    square = np.ones((3, 3), np.uint8)
    return np.asarray(cv2.erode(levels, square) == cv2.dilate(levels, square))


def _size(shape: Sequence[int]) -> str:
    return f"{shape[1]} x {shape[0]}"
