"""A livewire that follows edges between two places: Mortensen and Barrett, Intelligent Scissors (SIGGRAPH 1995).

OpenCV's `IntelligentScissorsMB` finds the cheapest path along edges. Speckle is full of edges, so the image is blurred
first. The time grows with the area, so only the surroundings of the last place are searched.
"""

from math import ceil

import cv2
import numpy as np
from numpy.typing import NDArray

from csamoe_desktop.lesion.tools import Place

_REACH = 140
"""Reach of the search around the last place, in pixels of the searched image."""
_LONGEST = 640
"""Larger frames are reduced to this size for the search, as more pixels do not make their edges finer."""
_SPECKLE = 2.5
"""Standard deviation of the blur, in pixels of the searched image."""

_NEARBY = sorted(
    ((down, across) for down in range(-3, 4) for across in range(-3, 4)), key=lambda way: way[0] ** 2 + way[1] ** 2
)


class Livewire:
    """The livewire on one frame: call `start` with a place, then `path` to any other."""

    def __init__(self, grey: NDArray[np.uint8], aspect: float = 1.0) -> None:
        """`grey`: uint8 (rows, columns); `aspect`: a pixel's height over its width. The searched image has square pixels."""
        rows, columns = grey.shape
        scale = max(1.0, max(rows * aspect, columns) / _LONGEST)
        self._scale = np.array([scale / aspect, scale])
        """Frame pixels per pixel of the searched image, down and across."""
        if scale > 1 or aspect != 1:
            size = (max(round(columns / scale), 1), max(round(rows * aspect / scale), 1))
            grey = np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), np.uint8)
        # An added border, as the scissors do not reach the outermost pixels.
        self._soft = cv2.copyMakeBorder(cv2.GaussianBlur(grey, (0, 0), _SPECKLE), 1, 1, 1, 1, cv2.BORDER_REPLICATE)
        self._corner = (0, 0)
        self._size = (0, 0)
        self._scissors: cv2.segmentation.IntelligentScissorsMB | None = None
        self._from: Place = (0.0, 0.0)

    def start(self, at: Place) -> None:
        """Set the start of the wire."""
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
        # No gradient limit is set, as cells of zero cost create loops from which OpenCV 5.0 cannot escape.
        scissors.setEdgeFeatureCannyParameters(12.0, 36.0)
        scissors.applyImage(np.ascontiguousarray(part))
        scissors.buildMap((column - left, row - top))
        self._scissors = scissors

    def path(self, to: Place) -> list[Place]:
        """Return the places from the start of the wire to `to`, both included; a straight line beyond the search's reach."""
        if self._scissors is None:
            return [self._from, to]
        (row, column), (top, left), (rows, columns) = self._cell(to), self._corner, self._size
        inside = min(max(row - top, 0), rows - 1), min(max(column - left, 0), columns - 1)
        way = self._way(inside)
        if way is None:
            return [self._from, to]
        # Smoothed, as the steps between cells are not part of the lesion's edge.
        along = _eased(way[:, ::-1].astype(np.float64)) + np.array([top, left]) - 0.5
        return [self._from, *((float(r), float(c)) for r, c in along[1:-1] * self._scale), to]

    def _way(self, cell: tuple[int, int]) -> NDArray[np.int32] | None:
        """Return the path (points, 2), (column, row), to a cell of the searched part or to a nearby one, or None.

        OpenCV refuses a cell whose path contains a loop; a nearby cell may work.
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
        """Return the pixel of the searched image, including its border, that contains a place or is nearest to it."""
        row, column = (ceil(place / scale + 1e-9) for place, scale in zip(at, self._scale, strict=True))
        return min(max(row, 0), self._soft.shape[0] - 1), min(max(column, 0), self._soft.shape[1] - 1)


def _eased(way: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return a path (points, 2) with each point replaced by the mean of five; the ends stay in place."""
    if len(way) < 5:
        return way
    padded = np.concatenate([way[:1], way[:1], way, way[-1:], way[-1:]])
    return np.stack([np.convolve(padded[:, axis], np.full(5, 0.2), "valid") for axis in (0, 1)], axis=1)
