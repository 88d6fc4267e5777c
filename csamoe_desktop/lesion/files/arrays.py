"""Masks kept as arrays: NumPy's .npy and .npz, and NIfTI-1 and -2 (.nii, .nii.gz) through nibabel.

NIfTI names its first axis x and its second y (nifti1.h, "3D image orientation"): columns and rows of an image, as ITK
and ITK-SNAP store it. A header that says otherwise is honoured (`orientation`). Files made with nibabel from an image's
array have rows first instead, under an orientation that says nothing; the image's own shape decides then.
"""

import gzip
import io
import logging
import struct
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from csamoe_desktop.errors import UserError
from csamoe_desktop.lesion.files.levels import Bool
from csamoe_desktop.lesion.files.planes import FramePlace, Unsaid, orientation, plane_of
from csamoe_desktop.study.quiet import without_warnings
from csamoe_desktop.study.raster import Decoded
from csamoe_desktop.study.scale import AnyScale, spacing_of

_NPY, _ZIP, _GZIP = b"\x93NUMPY", b"PK\x03\x04", b"\x1f\x8b"
_HEADER_SIZES = {348: "n+1", 540: "n+2"}
_MOST_BYTES = 2**29
"""Of a file once it is unpacked: no mask of one frame comes near, and a small file could fill the memory otherwise."""


def array_kind(data: bytes) -> str | None:
    """Return what the file that holds `data` is: "npy", "npz", "nifti", or None."""
    if data.startswith(_NPY):
        return "npy"
    if data.startswith(_ZIP):
        return "npz"
    return "nifti" if data.startswith(_GZIP) or _header_size(data) else None


def read_array(
    data: bytes, path: Path, frame_shape: Sequence[int] | None, frame: FramePlace | None = None
) -> tuple[Decoded, list[str]]:
    """Return the values of a .npy, .npz or NIfTI file as (rows, columns), or (rows, columns, 3 or 4) of colours, and
    what was guessed. `frame_shape` (rows, columns) is what the mask is expected to have and `frame` where it is in its
    study, if that is known.

    Raises:
        UserError: the file is damaged, holds no real numbers, or marks more than one plane.
    """
    kind = array_kind(data)
    try:
        with without_warnings():
            if kind == "nifti":
                return _from_nifti(data, path, frame_shape, frame)
            return _from_numpy(data, path, frame) if kind == "npy" else _from_npz(data, path, frame)
    except UserError:
        raise
    except Exception as problem:  # these readers raise almost anything on damaged data
        raise _damaged(path) from problem


def npy(pixels: Bool) -> bytes:
    """Return a .npy file of a mask, bool (rows, columns)."""
    out = io.BytesIO()
    np.save(out, pixels, allow_pickle=False)
    return out.getvalue()


def npz(pixels: Bool) -> bytes:
    """Return a compressed .npz file that holds a mask under the name "mask"."""
    out = io.BytesIO()
    np.savez_compressed(out, mask=pixels)
    return out.getvalue()


def nifti(pixels: Bool, scale: AnyScale, compress: bool) -> bytes:
    """Return a NIfTI-1 file of a mask: uint8 (columns, rows, 1), with the orientation under which ITK, which looks along
    the negated x and y, sees columns to the right and rows downwards. Without millimetres a pixel is 1 of no unit wide."""
    import nibabel

    spacing = spacing_of(scale, pixels)
    down, across = spacing.row, spacing.column
    affine = np.diag([-across, -down, 1.0, 1.0])
    new: Any = nibabel.Nifti1Image  # nibabel's own calls are not all typed
    image = new(np.ascontiguousarray(pixels.T[..., None]).astype(np.uint8), affine)
    image.set_qform(affine, code=1)
    image.set_sform(affine, code=1)
    image.header.set_xyzt_units("mm" if spacing.in_mm else "unknown")
    image.header["descrip"] = b"lesion mask, columns x rows x 1"
    written: bytes = image.to_bytes()
    return gzip.compress(written, mtime=0) if compress else written


def _from_numpy(data: bytes, path: Path, frame: FramePlace | None) -> tuple[Decoded, list[str]]:
    values = np.load(io.BytesIO(data), allow_pickle=False)
    _refuse_what_is_not_a_number(values, path)
    if values.ndim == 3 and values.shape[2] in (3, 4) and min(values.shape[:2]) > 4:
        return values, []
    if values.ndim > 2 and values.shape[-1] == 1:
        values = values[..., 0]
    if values.ndim < 2:
        raise UserError(
            f"The array in {path.name} has {values.ndim} dimensions; a mask has rows and columns.",
            "Save the mask as a two-dimensional array.",
        )
    return _plane(values.reshape(-1, *values.shape[-2:]), path, frame)


def _from_npz(data: bytes, path: Path, frame: FramePlace | None) -> tuple[Decoded, list[str]]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = [one for one in archive.infolist() if one.filename.endswith(".npy")]
        if not members:
            raise UserError(f"{path.name} holds no array.", "Choose the mask file that belongs to this image.")
        named = [one for one in members if Path(one.filename).stem.lower() in ("mask", "lesion", "segmentation")]
        chosen = members if len(members) == 1 else named
        if len(chosen) != 1:
            names = ", ".join(Path(one.filename).stem for one in members[:8])
            raise UserError(
                f"{path.name} holds {len(members)} arrays ({names}), and which one is the mask cannot be told.",
                'Save the mask in a file of its own, or under the name "mask".',
            )
        if chosen[0].file_size > _MOST_BYTES:
            raise _too_large(path)
        values, notes = _from_numpy(archive.read(chosen[0]), path, frame)
    if len(members) > 1:
        stem = Path(chosen[0].filename).stem
        notes.append(f'The mask file has {len(members)} arrays; the one named "{stem}" was used.')
    return values, notes


def _from_nifti(
    data: bytes, path: Path, frame_shape: Sequence[int] | None, frame: FramePlace | None
) -> tuple[Decoded, list[str]]:
    if data.startswith(_GZIP):
        data = _unpacked(data, path)
    size = _header_size(data)
    if size is None:
        raise UserError(f"{path.name} is not a mask that can be read: what is packed in it is no NIfTI image.", _KINDS)
    import nibabel

    # Its own handler writes to the terminal what it mends in a header.
    logging.getLogger("nibabel.global").setLevel(logging.CRITICAL)
    image: Any = (nibabel.Nifti1Image if size == 348 else nibabel.Nifti2Image).from_bytes(data)
    shape, dtype = image.shape, image.get_data_dtype()
    # It reserves what the header claims before it reads.
    if np.prod([float(length) for length in shape]) * dtype.itemsize > len(data):
        raise _damaged(path)
    values = np.asanyarray(image.dataobj)
    _refuse_what_is_not_a_number(values, path)
    axes = [axis for axis, length in enumerate(values.shape) if length > 1]
    axes = [*axes, *(axis for axis in range(3) if axis not in axes)][:2]
    lengths = [values.shape[axis] if axis < values.ndim else 1 for axis in axes]
    if axes[0] > axes[1]:
        axes, lengths = axes[::-1], lengths[::-1]
    stored, notes = _plane(np.moveaxis(values.reshape(*lengths, -1), 2, 0), path, frame)
    rows_first = frame_shape is not None and stored.shape == tuple(frame_shape) and stored.shape[0] != stored.shape[1]
    lies = orientation(image, (axes[0], axes[1]))
    if isinstance(lies, Unsaid):
        if rows_first:
            notes.append(
                "The file stores rows before columns, against the NIfTI standard; it was taken so, as it fits."
            )
        elif lies is Unsaid.NOTHING:
            notes.append(
                "The file's orientation is that of a body scan and was not applied: its first axis was taken as columns, "
                "its second as rows. Check that the outline lies on the lesion."
            )
        return stored if rows_first else stored.T, notes
    if lies is None:
        raise UserError(
            f"{path.name} lies across the image or at an angle to it, as its orientation says.",
            "Save the mask in the image's own plane, or as PNG, white on black, in the image's own size.",
        )
    notes.append("The outline was turned as the mask file's orientation says. Check that it lies on the lesion.")
    return lies.turned(stored), notes


def _unpacked(data: bytes, path: Path) -> bytes:
    """Return what a gzip file holds, all its members one after the other (RFC 1952, 2.2); what follows them is no part.

    Raises:
        UserError: it is damaged, or would take too much memory.
    """
    parts, size = [], 0
    while data.startswith(_GZIP):
        unpacking = zlib.decompressobj(wbits=31)
        parts.append(unpacking.decompress(data, _MOST_BYTES - size + 1))
        size += len(parts[-1])
        if size > _MOST_BYTES or unpacking.unconsumed_tail:
            raise _too_large(path)
        if not unpacking.eof:
            raise _damaged(path)
        data = unpacking.unused_data.lstrip(b"\0")
    return b"".join(parts)


def _plane(stack: NDArray[np.generic], path: Path, frame: FramePlace | None) -> tuple[Decoded, list[str]]:
    """Return the one plane of (planes, rows, columns) that belongs to the frame at hand.

    Raises:
        UserError: it cannot be told which is this frame's, or it marks nothing.
    """
    if len(stack) == 1:
        return stack[0], []
    place, notes = plane_of(lambda place: bool(stack[place].any()), len(stack), "planes", path, frame)
    return stack[place], notes


def _refuse_what_is_not_a_number(values: NDArray[np.generic], path: Path) -> None:
    if values.dtype.kind not in "buif" or not values.size:
        raise UserError(
            f"{path.name} holds no numbers that could be a mask ({values.dtype}, {values.size} values).",
            "Save the mask as an array of 0 and 1.",
        )


def _header_size(data: bytes) -> int | None:
    """Return the size of the NIfTI header that `data` begins with, 348 or 540 (NIfTI-2), or None."""
    if len(data) < 348:
        return None
    for order in "<>":
        (size,) = struct.unpack_from(f"{order}i", data)
        magic = _HEADER_SIZES.get(size)
        if magic and magic.encode() == (data[344:347] if size == 348 else data[4:7]):
            return int(size)
    return None


def _too_large(path: Path) -> UserError:
    return UserError(f"{path.name} unpacks to more than 512 MB, far more than a mask takes.", _KINDS)


def _damaged(path: Path) -> UserError:
    return UserError(
        f"{path.name} is damaged or incomplete: its values cannot be read.",
        "Copy or export it again from where it came from.",
    )


_KINDS = "Choose the mask file that belongs to this image."
