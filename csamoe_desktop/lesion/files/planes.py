"""Finds the plane of a stack of masks that belongs to the current frame, and the orientation of a NIfTI image.

In a NIfTI header (nifti1.h, "3D image orientation") +x points to the patient's right, +y to the front, +z up. ITK writes an
image as displayed with x to the left and y to the back: columns to the right, rows downwards.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from csamoe_desktop.errors import UserError

_ALONG = 0.98
"""Minimum cosine between an axis and an axis of the image: about 11 degrees of tilt."""

_MOST_LOOKED_AT = 100
"""Most planes examined for a still image, as later pages of a TIFF take longer to read."""


@dataclass(frozen=True, slots=True)
class FramePlace:
    """The position of a frame in its study: `index` from 0, of `count`."""

    index: int
    count: int


def plane_of(
    marks: Callable[[int], bool], count: int, what: str, path: Path, frame: FramePlace | None
) -> tuple[int, list[str]]:
    """Return the index (from 0) of the plane or page of a mask file that belongs to `frame`, and what was guessed.

    If the study has as many frames as the file has planes, they match one to one. For a still image, the only marked plane
    is used.

    Args:
        marks: whether anything is marked on a plane; called no more often than necessary.
        count: the number of planes.
        what: "planes" or "pages".
        path: the file, named in error messages.
        frame: None if it is not known.

    Raises:
        UserError: the plane cannot be determined, or marks nothing.
    """
    plane = what.removesuffix("s")
    if frame is not None and frame.count > 1:
        if frame.count != count:
            raise UserError(
                f"{path.name} has {count} {what} but the image has {frame.count} frames; the {plane} of this frame cannot "
                "be determined.",
                f"Save the {plane} that belongs to this frame in a separate file.",
            )
        if not marks(frame.index):
            raise UserError(
                f"{path.name} marks nothing on {plane} {frame.index + 1}, which belongs to this frame.",
                "Go to a frame on which it marks a lesion, and import it there.",
            )
        return frame.index, [f"The mask file has {count} {what}; number {frame.index + 1}, this frame's, was used."]
    if count > _MOST_LOOKED_AT:
        raise UserError(
            f"{path.name} has {count} {what}; the {plane} of this image cannot be determined.",
            f"Save the {plane} that belongs to this image in a separate file.",
        )
    marked = [place for place in range(count) if marks(place)]
    if len(marked) > 1:
        raise UserError(
            f"{path.name} marks something on {len(marked)} of its {count} {what}.",
            f"Save the {plane} that belongs to this image in a separate file.",
        )
    place = marked[0] if marked else 0
    return place, [f"Of the file's {count} {what} only number {place + 1} is marked; it was used."]


class AsStored(Enum):
    """An orientation under which an image is used as stored."""

    UPRIGHT = auto()
    """As ITK writes it: columns, then rows, as displayed."""
    UNKNOWN = auto()
    """None, or the unit matrix, which programs write if they do not know the orientation."""


@dataclass(frozen=True, slots=True)
class Orientation:
    """How a stored plane (first axis, second axis) becomes (rows, columns): whether the first axis is the rows, and whether
    columns and rows are reversed."""

    rows_first: bool
    columns_back: bool
    rows_back: bool

    def oriented(self, stored: NDArray[np.generic]) -> NDArray[np.generic]:
        """Return a stored plane as (rows, columns) of the image."""
        plane = stored if self.rows_first else stored.T
        return plane[:: -1 if self.rows_back else 1, :: -1 if self.columns_back else 1]


def orientation(image: Any, axes: tuple[int, int]) -> Orientation | AsStored | None:
    """Return the orientation of the plane of two `axes` of a nibabel image; None if it is oblique or perpendicular to the
    picture."""
    affine = np.asarray(image.affine, float)
    header = image.header
    if not (int(header["qform_code"]) or int(header["sform_code"])) or np.array_equal(affine[:3, :3], np.eye(3)):
        return AsStored.UNKNOWN
    directions = []
    if max(axes) > 2:
        return None
    for axis in axes:
        column = affine[:3, axis]
        length = float(np.linalg.norm(column))
        if not np.isfinite(length) or length == 0:
            return None
        along = int(np.argmax(np.abs(column)))
        if along == 2 or abs(column[along]) < _ALONG * length:
            return None
        # An upright image runs along negative x and y.
        directions.append((along, column[along] > 0))
    if directions[0][0] == directions[1][0]:
        return None
    rows_first = directions[0][0] == 1
    (_, columns_back), (_, rows_back) = directions[::-1] if rows_first else directions
    found = Orientation(rows_first, bool(columns_back), bool(rows_back))
    return AsStored.UPRIGHT if found == Orientation(False, False, False) else found
