"""Reads and writes masks as arrays: NumPy's .npy and .npz, and NIfTI-1 and -2 (.nii, .nii.gz) through nibabel.

The first axis of NIfTI is x and the second y (nifti1.h, "3D image orientation"): columns and rows of an image, as ITK and
ITK-SNAP store it. A header with another orientation is followed (`orientation`). Files made with nibabel from an image's
array have rows first, without a meaningful orientation; then the shape of the current image decides.
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
from csamoe_desktop.lesion.files.planes import AsStored, FramePlace, orientation, plane_of
from csamoe_desktop.study.quiet import without_warnings
from csamoe_desktop.study.raster import Decoded
from csamoe_desktop.study.scale import AnyScale, spacing_of

_NPY, _ZIP, _GZIP = b"\x93NUMPY", b"PK\x03\x04", b"\x1f\x8b"
_HEADER_SIZES = {348: "n+1", 540: "n+2"}
_MASK_NAMES = ("mask", "lesion", "segmentation")
_MOST_BYTES = 2**29
"""Maximum size of an unpacked file, far above that of any mask of a frame; protects against small files that fill the memory."""


def array_kind(data: bytes) -> str | None:
    """Return the kind of array file that `data` is: "npy", "npz", "nifti", or None."""
    if data.startswith(_NPY):
        return "npy"
    if data.startswith(_ZIP):
        return "npz"
    return "nifti" if data.startswith(_GZIP) or _header_size(data) else None


def read_array(
    data: bytes, path: Path, frame_shape: Sequence[int] | None, frame: FramePlace | None = None
) -> tuple[Decoded, list[str]]:
    """Return the values of a .npy, .npz or NIfTI file as (rows, columns), or (rows, columns, 3 or 4) of colours, and
    what was guessed. `frame_shape` (rows, columns) is the expected shape of the mask and `frame` the position of the frame
    in its study, if known.

    Raises:
        UserError: the file is damaged, does not contain real numbers, or marks more than one plane.
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
    """Return a compressed .npz file with the mask under the name "mask"."""
    out = io.BytesIO()
    np.savez_compressed(out, mask=pixels)
    return out.getvalue()


def nifti(pixels: Bool, scale: AnyScale, compress: bool) -> bytes:
    """Return a NIfTI-1 file of a mask: uint8 (columns, rows, 1), with the orientation under which ITK, which negates x and y,
    shows columns to the right and rows downwards. Without millimetres, a pixel is 1 wide, without a unit."""
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
        members = [member for member in archive.infolist() if member.filename.endswith(".npy")]
        if not members:
            raise UserError(f"{path.name} contains no array.", "Choose the mask file that belongs to this image.")
        named = [member for member in members if Path(member.filename).stem.lower() in _MASK_NAMES]
        chosen = members if len(members) == 1 else named
        if len(chosen) != 1:
            names = ", ".join(Path(member.filename).stem for member in members[:8])
            raise UserError(
                f"{path.name} contains {len(members)} arrays ({names}); the mask cannot be identified.",
                'Save the mask in a separate file, or under the name "mask".',
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
        raise UserError(f"{path.name} cannot be read as a mask: it does not contain a NIfTI image.", _KINDS)
    import nibabel

    # nibabel's handler writes to the terminal about repaired headers.
    logging.getLogger("nibabel.global").setLevel(logging.CRITICAL)
    image: Any = (nibabel.Nifti1Image if size == 348 else nibabel.Nifti2Image).from_bytes(data)
    shape, dtype = image.shape, image.get_data_dtype()
    # nibabel allocates what the header declares before it reads.
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
    plane = orientation(image, (axes[0], axes[1]))
    if isinstance(plane, AsStored):
        if rows_first:
            notes.append(
                "The file stores rows before columns, against the NIfTI standard; it was read that way, as it fits the image."
            )
        elif plane is AsStored.UNKNOWN:
            notes.append(
                "The file's orientation is that of a body scan and was not applied: its first axis was read as columns, "
                "its second as rows. Check that the outline is on the lesion."
            )
        return stored if rows_first else stored.T, notes
    if plane is None:
        raise UserError(
            f"{path.name} is not in the plane of the image, according to its orientation.",
            "Save the mask in the plane of the image, or as a PNG, white on black, of the same size as the image.",
        )
    notes.append(
        "The outline was reoriented (rotated or mirrored) according to the mask file's orientation. Check that it is on "
        "the lesion."
    )
    return plane.oriented(stored), notes


def _unpacked(data: bytes, path: Path) -> bytes:
    """Return the content of a gzip file, all members in sequence (RFC 1952, 2.2), without trailing data.

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
    """Return the plane of (planes, rows, columns) that belongs to the current frame.

    Raises:
        UserError: the plane cannot be determined, or marks nothing.
    """
    if len(stack) == 1:
        return stack[0], []
    place, notes = plane_of(lambda place: bool(stack[place].any()), len(stack), "planes", path, frame)
    return stack[place], notes


def _refuse_what_is_not_a_number(values: NDArray[np.generic], path: Path) -> None:
    if values.dtype.kind not in "buif" or not values.size:
        raise UserError(
            f"{path.name} contains no numbers that could be a mask ({values.dtype}, {values.size} values).",
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
    return UserError(f"{path.name} unpacks to more than 512 MB, far more than a mask needs.", _KINDS)


def _damaged(path: Path) -> UserError:
    return UserError(
        f"{path.name} is damaged or incomplete: its values cannot be read.",
        "Copy or export it again from its source.",
    )


_KINDS = "Choose the mask file that belongs to this image."
