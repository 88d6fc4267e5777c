"""A line that follows edges by itself between two places: Mortensen and Barrett, Intelligent Scissors (SIGGRAPH 1995).

OpenCV's `IntelligentScissorsMB` finds the cheapest way along edges. Speckle is full of edges, so the image is blurred
first; and as the search takes time with the area searched, only the surroundings of the last place are.
"""

from math import ceil

import cv2
import numpy as np
from numpy.typing import NDArray

from csamoe_desktop.lesion.tools import Place

_REACH = 140
"""How far around the last place the search goes, in pixels of the searched image."""
_LONGEST = 640
"""A frame longer than this is searched reduced to it: its edges are no finer for having more pixels."""
_SPECKLE = 2.5
"""Standard deviation of the blur, in pixels of the searched image."""

_NEARBY = sorted(
    ((down, across) for down in range(-3, 4) for across in range(-3, 4)), key=lambda way: way[0] ** 2 + way[1] ** 2
)


class Livewire:
    """The wire on one frame: `start` somewhere, then ask for the `path` to anywhere."""

    def __init__(self, grey: NDArray[np.uint8], aspect: float = 1.0) -> None:
        """`grey`: uint8 (rows, columns); `aspect`: how high a pixel is for its width. Searched are square pixels."""
        rows, columns = grey.shape
        scale = max(1.0, max(rows * aspect, columns) / _LONGEST)
        self._scale = np.array([scale / aspect, scale])
        """Frame pixels that a searched one has, down and across."""
        if scale > 1 or aspect != 1:
            size = (max(round(columns / scale), 1), max(round(rows * aspect / scale), 1))
            grey = np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), np.uint8)
        # A border that the scissors, which do not go to the outermost pixel, can do without.
        self._soft = cv2.copyMakeBorder(cv2.GaussianBlur(grey, (0, 0), _SPECKLE), 1, 1, 1, 1, cv2.BORDER_REPLICATE)
        self._corner = (0, 0)
        self._size = (0, 0)
        self._scissors: cv2.segmentation.IntelligentScissorsMB | None = None
        self._from: Place = (0.0, 0.0)

    def start(self, at: Place) -> None:
        """Fix the wire's beginning."""
        self._from = at
        row, column = self._cell(at)
        rows, columns = self._soft.shape
        top, left = max(row - _REACH, 0), max(column - _REACH, 0)
        part = self._soft[top : min(row + _REACH, rows - 1) + 1, left : min(column + _REACH, columns - 1) + 1]
        self._corner, self._size = (top, left), part.shape
        if min(part.shape) < 3:
            self._scissors = None
            return
        scissors = cv2.segmentation.IntelligentScissorsMB()
        scissors.setWeights(0.4, 0.2, 0.4)
        # No limit to the gradient: cells of no cost at all make circles that OpenCV 5.0 finds no way out of.
        scissors.setEdgeFeatureCannyParameters(12.0, 36.0)
        scissors.applyImage(np.ascontiguousarray(part))
        scissors.buildMap((column - left, row - top))
        self._scissors = scissors

    def path(self, to: Place) -> list[Place]:
        """Return the places from the wire's beginning to `to`, both included; straight on beyond the search's reach."""
        if self._scissors is None:
            return [self._from, to]
        (row, column), (top, left), (rows, columns) = self._cell(to), self._corner, self._size
        inside = min(max(row - top, 0), rows - 1), min(max(column - left, 0), columns - 1)
        found = self._found(inside)
        if found is None:
            return [self._from, to]
        # A cell's own roughness is not the lesion's.
        along = _eased(found[:, ::-1].astype(np.float64)) + np.array([top, left]) - 0.5
        return [self._from, *((float(r), float(c)) for r, c in along[1:-1] * self._scale), to]

    def _found(self, cell: tuple[int, int]) -> NDArray[np.int32] | None:
        """Return the way (points, 2), (column, row), to a cell of the searched part, or to one beside it; None for none.

        A cell whose way runs in a circle is refused; one beside it may not be.
        """
        assert self._scissors is not None
        rows, columns = self._size
        for down, across in _NEARBY:
            row, column = cell[0] + down, cell[1] + across
            if not (0 <= row < rows and 0 <= column < columns):
                continue
            try:
                return np.asarray(self._scissors.getContour((column, row)), np.int32).reshape(-1, 2)
            except cv2.error:
                continue
        return None

    def _cell(self, at: Place) -> tuple[int, int]:
        """Return the pixel of the searched image, its border counted, that a place lies on or nearest to."""
        row, column = (ceil(place / scale + 1e-9) for place, scale in zip(at, self._scale, strict=True))
        return min(max(row, 0), self._soft.shape[0] - 1), min(max(column, 0), self._soft.shape[1] - 1)


def _eased(way: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return a way (points, 2) with each point the mean of five, both ends kept."""
    if len(way) < 5:
        return way
    padded = np.concatenate([way[:1], way[:1], way, way[-1:], way[-1:]])
    return np.stack([np.convolve(padded[:, axis], np.full(5, 0.2), "valid") for axis in (0, 1)], axis=1)
