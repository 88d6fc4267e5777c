"""Which plane of a stack of masks belongs to the frame at hand, and how a NIfTI image lies against it.

The orientation in a NIfTI header (nifti1.h, "3D image orientation") has +x to the patient's right, +y to the front, +z up.
ITK writes an image as it is seen with x to the left and y to the back: columns to the right, rows downwards.
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
"""The least share of an axis's direction along one axis of the image: about 11 degrees of tilt."""

_MOST_LOOKED_AT = 100
"""Of a stack on a still image; reading a page of a TIFF takes the longer the further behind it stands."""


@dataclass(frozen=True, slots=True)
class FramePlace:
    """Where a frame is in its study: `index` from 0, of `count`."""

    index: int
    count: int


def plane_of(
    marks: Callable[[int], bool], count: int, what: str, path: Path, frame: FramePlace | None
) -> tuple[int, list[str]]:
    """Return which of a mask file's `count` planes or pages (`what`; from 0) belongs to `frame`, and what was guessed.

    A stack of as many planes as the study has frames has one a frame. Else the one that is marked is taken on a still image.

    Args:
        marks: whether something is marked on one of them; asked no more often than need be.
        frame: None where it is not known.

    Raises:
        UserError: which is this frame's cannot be told, or it marks nothing.
    """
    one = what.removesuffix("s")
    if frame is not None and frame.count > 1:
        if frame.count != count:
            raise UserError(
                f"{path.name} has {count} {what} and the image {frame.count} frames: which {one} is this frame's cannot be "
                "told.",
                f"Save the {one} that belongs to this frame in a file of its own.",
            )
        if not marks(frame.index):
            raise UserError(
                f"{path.name} marks nothing on {one} {frame.index + 1}, which is this frame's.",
                "Go to a frame whose lesion it marks, and import it there.",
            )
        return frame.index, [f"The mask file has {count} {what}; number {frame.index + 1}, this frame's, was used."]
    if count > _MOST_LOOKED_AT:
        raise UserError(
            f"{path.name} has {count} {what}: which of them is this image's cannot be told.",
            f"Save the {one} that belongs to this image in a file of its own.",
        )
    marked = [place for place in range(count) if marks(place)]
    if len(marked) > 1:
        raise UserError(
            f"{path.name} marks something on {len(marked)} of its {count} {what}.",
            f"Save the {one} that belongs to this image in a file of its own.",
        )
    place = marked[0] if marked else 0
    return place, [f"Of the file's {count} {what} only number {place + 1} is marked; it was used."]


class Unsaid(Enum):
    """An orientation that leaves an image as it is stored."""

    UPRIGHT = auto()
    """As ITK writes it: columns, then rows, seen as they are."""
    NOTHING = auto()
    """None is given, or the unit matrix, which programs write that know of none."""


@dataclass(frozen=True, slots=True)
class Lies:
    """How a stored plane (first axis, second axis) becomes (rows, columns): whether the first axis is that of the rows, and
    whether columns and rows run the other way."""

    rows_first: bool
    columns_back: bool
    rows_back: bool

    def turned(self, stored: NDArray[np.generic]) -> NDArray[np.generic]:
        """Return a plane as (rows, columns) of the image."""
        plane = stored if self.rows_first else stored.T
        return plane[:: -1 if self.rows_back else 1, :: -1 if self.columns_back else 1]


def orientation(image: Any, axes: tuple[int, int]) -> Lies | Unsaid | None:
    """Return how the plane of two `axes` of a nibabel image lies against the picture; None where it lies at an angle to it,
    or across it."""
    affine = np.asarray(image.affine, float)
    header = image.header
    if not (int(header["qform_code"]) or int(header["sform_code"])) or np.array_equal(affine[:3, :3], np.eye(3)):
        return Unsaid.NOTHING
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
        # Upright are the negated x and y.
        directions.append((along, column[along] > 0))
    if directions[0][0] == directions[1][0]:
        return None
    rows_first = directions[0][0] == 1
    (_, columns_back), (_, rows_back) = directions[::-1] if rows_first else directions
    lies = Lies(rows_first, bool(columns_back), bool(rows_back))
    return Unsaid.UPRIGHT if lies == Lies(False, False, False) else lies
