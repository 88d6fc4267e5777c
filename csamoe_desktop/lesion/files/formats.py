"""Reads mask files of other programs as a bool per pixel, with a note on every guess, and writes mask files.

It reads pictures (0/255, 0/1, 16 bits, soft edges, several labels, colours, transparency, inversion), outlines of labelme and
COCO, NumPy arrays and NIfTI images, recognised by content. It writes the same formats, chosen by suffix.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from csamoe_desktop.errors import UserError
from csamoe_desktop.files import write_whole
from csamoe_desktop.lesion.files import annotations, arrays
from csamoe_desktop.lesion.files.json_files import looks_like_json
from csamoe_desktop.lesion.files.levels import Bool, find_lesion, plainly_a_mask
from csamoe_desktop.lesion.files.planes import FramePlace, plane_of
from csamoe_desktop.lesion.regions import nearest
from csamoe_desktop.study.raster import Decoded, decode_picture, picture_kind, read_bytes, tiff_pages
from csamoe_desktop.study.scale import AnyScale


@dataclass(frozen=True, slots=True)
class MaskFormat:
    """A mask format that can be written: its name for the user, and its suffixes, the usual one first."""

    name: str
    suffixes: tuple[str, ...]


FORMATS = (
    MaskFormat("PNG", (".png",)),
    MaskFormat("TIFF", (".tif", ".tiff")),
    MaskFormat("BMP", (".bmp",)),
    MaskFormat("COCO", (".coco.json",)),
    MaskFormat("labelme", (".json",)),
    MaskFormat("NIfTI", (".nii.gz", ".nii")),
    MaskFormat("NumPy", (".npy", ".npz")),
)
"""Every format that can be written; a longer suffix comes before the one that it ends with."""

READ_SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".json", ".nii", ".nii.gz", ".npy", ".npz")
"""The usual suffixes of mask files; the content decides the kind."""


class MaskSizeMismatch(UserError):
    """The mask and the frame differ in size; `mask_shape` and `frame_shape` are (rows, columns)."""

    def __init__(self, mask_shape: tuple[int, int], frame_shape: tuple[int, int]) -> None:
        super().__init__(
            f"The mask is {_size(mask_shape)} pixels, the image {_size(frame_shape)}.",
            "Use the mask that was drawn on this image, or have it resized.",
        )
        self.mask_shape = mask_shape
        self.frame_shape = frame_shape


@dataclass(frozen=True, slots=True, eq=False)
class ReadMask:
    """A mask as read: bool (rows, columns) of the frame, and what was guessed or changed, one sentence each."""

    pixels: Bool
    notes: tuple[str, ...]


def read_mask(
    path: Path,
    frame_shape: Sequence[int] | None,
    resize: bool = False,
    image: str = "",
    frame: FramePlace | None = None,
    another: bool = False,
) -> ReadMask:
    """Return the lesion that a mask file marks on a frame of `frame_shape` (rows, columns).

    Args:
        path: a picture, a labelme or COCO file, a NumPy array or a NIfTI image.
        frame_shape: None accepts the mask in its own size.
        resize: resize a mask of another size by nearest neighbour, with a note.
        image: the frame's file name, to check that the outlines of a labelme or COCO file belong to it; or "".
        frame: the position of the frame in its study, to choose from a stack of masks; None if unknown.
        another: accept outlines of an image with another name, with a note.

    Raises:
        MaskOfAnotherImage: the file names another image for its outlines, and `another` is false.
        MaskSizeMismatch: the mask has another size and `resize` is false.
        UserError: the file cannot be read, is damaged, marks nothing or everything, or is a picture.
    """
    data = read_bytes(path)
    shape = None if frame_shape is None else (frame_shape[0], frame_shape[1])
    if looks_like_json(data):
        pixels, notes = annotations.read_annotations(data, path, shape, image, another)
        _refuse_another_size(pixels.shape, shape, resize)
    else:
        values, notes = _values(data, path, shape, frame)
        _refuse_another_size(values.shape, shape, resize)
        pixels, level_notes = find_lesion(values, path)
        notes += level_notes
    if shape is not None and pixels.shape != shape:
        pixels, size_notes = _resized(pixels, shape)
        notes += size_notes
    return ReadMask(np.ascontiguousarray(pixels), tuple(notes))


def mask_format(path: Path) -> MaskFormat | None:
    """Return the format that the suffix of `path` stands for, or None."""
    name = path.name.lower()
    return next((known for known in FORMATS if name.endswith(known.suffixes)), None)


def is_mask_file(path: Path) -> bool:
    """Return whether a file is certainly a mask, or a file of outlines, and may therefore be overwritten by another."""
    try:
        data = read_bytes(path)
        if looks_like_json(data):
            return annotations.holds_outlines(data)
        return plainly_a_mask(_values(data, path, None)[0])
    except UserError:
        return False


def write_mask(path: Path, pixels: Bool, scale: AnyScale = None, image: str = "") -> None:
    """Write a mask, bool (rows, columns), in the format of the path's suffix; pictures contain 0 and 255.

    Args:
        path: the file to write.
        pixels: the mask.
        scale: of the frame; NIfTI stores the millimetres of the mask.
        image: the frame's file name; labelme and COCO store it.

    Raises:
        UserError: there is no such format, or the file cannot be written; an existing file is then left unchanged.
    """
    name = path.name.lower()
    chosen = mask_format(path)
    if chosen is None:
        suffixes = ", ".join(suffix for known in FORMATS for suffix in known.suffixes)
        raise UserError(f"{path.name} does not have the suffix of a mask format.", f"Use one of these: {suffixes}.")
    match chosen.name:
        case "COCO":
            encoded = annotations.coco(pixels, image)
        case "labelme":
            encoded = annotations.labelme(pixels, image)
        case "NIfTI":
            encoded = arrays.nifti(pixels, scale, compress=name.endswith(".gz"))
        case "NumPy":
            encoded = arrays.npz(pixels) if name.endswith(".npz") else arrays.npy(pixels)
        case _:
            encoded = cv2.imencode(path.suffix.lower(), pixels.astype(np.uint8) * 255)[1].tobytes()
    write_whole(path, lambda temporary: temporary.write_bytes(encoded))


def _values(
    data: bytes, path: Path, shape: tuple[int, int] | None, frame: FramePlace | None = None
) -> tuple[Decoded, list[str]]:
    """Return the values of a picture or an array, and what was guessed."""
    kind = picture_kind(data)
    if kind is not None:
        pages = tiff_pages(data) if kind == "TIFF image" else ()
        return _of_pages(data, path, pages, frame) if len(pages) > 1 else (decode_picture(data, path), [])
    if arrays.array_kind(data) is not None:
        return arrays.read_array(data, path, shape, frame)
    raise UserError(
        f"{path.name} cannot be read as a mask: it is not a PNG, JPEG, BMP or TIFF image, a labelme or COCO file, a NIfTI "
        "image or a NumPy array.",
        "Save the mask as a PNG, white on black, of the same size as the image.",
    )


def _of_pages(
    data: bytes, path: Path, sizes: Sequence[tuple[int, int]], frame: FramePlace | None
) -> tuple[Decoded, list[str]]:
    """Return the page of a TIFF file that belongs to the current frame, and what was guessed.

    Raises:
        UserError: the page cannot be determined, or marks nothing.
    """
    # A page of another size is a thumbnail or another picture.
    pages = [page for page, size in enumerate(sizes) if size == sizes[0]] or [0]
    if len(pages) == 1:
        return decode_picture(data, path), [f"The mask file has {len(sizes)} pages; the first was used."]

    def marks(place: int) -> bool:
        return bool(np.ptp(decode_picture(data, path, pages[place])) > 0)

    place, notes = plane_of(marks, len(pages), "pages", path, frame)
    return decode_picture(data, path, pages[place]), notes


def _refuse_another_size(shape: Sequence[int], frame: tuple[int, int] | None, resize: bool) -> None:
    if frame is not None and tuple(shape[:2]) != frame and not resize:
        raise MaskSizeMismatch((shape[0], shape[1]), frame)


def _resized(pixels: Bool, frame: tuple[int, int]) -> tuple[Bool, list[str]]:
    """Return a mask at the frame's size by nearest neighbour, and notes on the change.

    Raises:
        UserError: the mask is empty at this size.
    """
    (rows, columns), (new_rows, new_columns) = pixels.shape, frame
    notes = [f"The mask was resized from {_size(pixels.shape)} to {_size(frame)} pixels, the size of the image."]
    if abs(rows * new_columns - columns * new_rows) > max(rows * new_columns, 1) * 0.01:
        notes.append("The mask and the image have different proportions: the outline is stretched.")
    pixels = pixels[nearest(rows, new_rows)][:, nearest(columns, new_columns)]
    if not pixels.any():
        raise UserError("The mask is empty at the size of the image.", "Draw the lesion on this image instead.")
    return pixels, notes


def _size(shape: Sequence[int]) -> str:
    return f"{shape[1]} x {shape[0]}"
