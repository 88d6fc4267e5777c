"""The drawing tools as pure functions: each returns the pixels of a frame that it covers.

Places are continuous (row, column) on the frame: pixel (0, 0) covers 0..1 in both, its centre is (0.5, 0.5).
The polygon is filled by the non-zero winding rule (Foley et al., Computer Graphics, section 3.5).
"""

from collections.abc import Sequence
from math import ceil, floor
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Bool = NDArray[np.bool_]
Place = tuple[float, float]


class Box(NamedTuple):
    """Rows top..bottom and columns left..right of a frame, half-open."""

    top: int
    left: int
    bottom: int
    right: int

    @property
    def empty(self) -> bool:
        """Whether the box contains no pixel."""
        return self.bottom <= self.top or self.right <= self.left

    @property
    def slices(self) -> tuple[slice, slice]:
        """The slices of the box in an array of the frame's shape."""
        return slice(self.top, self.bottom), slice(self.left, self.right)

    def joined(self, other: "Box | None") -> "Box":
        """Return the smallest box around both; an empty box is ignored."""
        if other is None or other.empty:
            return self
        if self.empty:
            return other
        return Box(
            min(self.top, other.top),
            min(self.left, other.left),
            max(self.bottom, other.bottom),
            max(self.right, other.right),
        )


NOWHERE = Box(0, 0, 0, 0)


def brush(shape: tuple[int, int], start: Place, end: Place, radius: int, aspect: float = 1.0) -> tuple[Box, Bool]:
    """Return what a round brush covers on its way from `start` to `end`: a capsule, so that a fast mouse leaves no gaps.

    The brush is centred on the pixel under the mouse and is 2 * radius - 1 pixels wide, one pixel at radius 1. It is round on
    the screen: if pixels are higher than wide, it covers fewer rows.

    Args:
        shape: rows and columns of the frame.
        start, end: places on the frame, or outside it.
        radius: in widths of a frame pixel, from 1.
        aspect: a pixel's height over its width.

    Returns:
        Its box, clipped to the frame (may be empty), and bool (box rows, box columns).

    Raises:
        ValueError: the radius is less than 1.
    """
    if radius < 1:
        raise ValueError(f"a brush of radius {radius}")
    (row0, column0), (row1, column1) = ((floor(row), floor(column)) for row, column in (start, end))
    reach, reach_down = radius - 1, ceil((radius - 0.5) / aspect - 0.5)
    box = _clipped(
        shape,
        Box(
            min(row0, row1) - reach_down,
            min(column0, column1) - reach,
            max(row0, row1) + reach_down + 1,
            max(column0, column1) + reach + 1,
        ),
    )
    rows = (np.arange(box.top, box.bottom, dtype=np.float64)[:, None] - row0) * aspect
    columns = np.arange(box.left, box.right, dtype=np.float64)[None, :] - column0
    along_rows, along_columns = (row1 - row0) * aspect, column1 - column0
    length = along_rows**2 + along_columns**2
    if length:
        share = np.clip((rows * along_rows + columns * along_columns) / length, 0, 1)
        rows, columns = rows - share * along_rows, columns - share * along_columns
    return box, np.asarray(rows**2 + columns**2 <= (radius - 0.5) ** 2)


def polygon(shape: tuple[int, int], vertices: Sequence[Place]) -> tuple[Box, Bool]:
    """Return the pixels whose centre lies inside the polygon (closed automatically; with everything enclosed if it crosses
    itself).

    Args:
        shape: rows and columns of the frame.
        vertices: places on the frame, or outside it; fewer than three enclose nothing.

    Returns:
        Its box, clipped to the frame (may be empty), and bool (box rows, box columns).
    """
    if len(vertices) < 3:
        return NOWHERE, np.zeros((0, 0), bool)
    rows = [row for row, _ in vertices]
    columns = [column for _, column in vertices]
    box = _clipped(shape, Box(floor(min(rows)), floor(min(columns)), floor(max(rows)) + 1, floor(max(columns)) + 1))
    if box.empty:
        return box, np.zeros((box.bottom - box.top, box.right - box.left), bool)
    # Each edge adds one winding, upwards or downwards, to all pixel centres to the right of its crossing with their row.
    winding = np.zeros((box.bottom - box.top, box.right - box.left + 1), np.int32)
    for (row0, column0), (row1, column1) in zip(vertices, [*vertices[1:], vertices[0]], strict=True):
        turn = 1 if row1 > row0 else -1
        (low, at_low), (high, at_high) = sorted([(row0, column0), (row1, column1)])
        # Half-open from `low` to `high`, so that a vertex on a pixel centre counts once.
        first = max(int(np.ceil(low - 0.5)), box.top)
        last = min(int(np.ceil(high - 0.5)), box.bottom)
        if first >= last:
            continue
        crossed = np.arange(first, last)
        crossing = at_low + (crossed + 0.5 - low) * (at_high - at_low) / (high - low)
        begins = np.clip(np.ceil(crossing - 0.5).astype(int) - box.left, 0, winding.shape[1] - 1)
        np.add.at(winding, (crossed - box.top, begins), turn)
    return box, np.asarray(winding.cumsum(axis=1)[:, :-1] != 0)


def ellipse(shape: tuple[int, int], first: Place, second: Place) -> tuple[Box, Bool]:
    """Return the pixels whose centre lies inside the ellipse that fills the rectangle from `first` to `second`.

    Args:
        shape: rows and columns of the frame.
        first, second: opposite corners, on the frame or outside it.

    Returns:
        Its box, clipped to the frame (may be empty), and bool (box rows, box columns).
    """
    (top, bottom), (left, right) = (sorted(ends) for ends in zip(first, second, strict=True))
    box = _clipped(shape, Box(floor(top), floor(left), floor(bottom) + 1, floor(right) + 1))
    if bottom <= top or right <= left:
        return box, np.zeros((box.bottom - box.top, box.right - box.left), bool)
    # In units of the half axes: 1 at the edge.
    rows = (np.arange(box.top, box.bottom)[:, None] + 0.5 - (top + bottom) / 2) / ((bottom - top) / 2)
    columns = (np.arange(box.left, box.right)[None, :] + 0.5 - (left + right) / 2) / ((right - left) / 2)
    return box, np.asarray(rows**2 + columns**2 <= 1)


def _clipped(shape: tuple[int, int], box: Box) -> Box:
    top, left = min(max(box.top, 0), shape[0]), min(max(box.left, 0), shape[1])
    return Box(top, left, max(min(box.bottom, shape[0]), top), max(min(box.right, shape[1]), left))
