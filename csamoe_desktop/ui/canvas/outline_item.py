"""Draws the outline of the current lesion, fast enough to follow a brush with every move of the mouse."""

from math import ceil, floor
from time import perf_counter

import cv2
import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

from csamoe_desktop.lesion.outline import outlines_within
from csamoe_desktop.lesion.tools import Box
from csamoe_desktop.ui.canvas.overlays import HALO, PIXELS_SHOWN, WHITE, line, steady, zoom_of

_TILE = 128
"""Side of the squares in which the outline is traced again, in frame pixels."""


class OutlineItem(QGraphicsItem):
    """The outline of a mask that may change at any time: a solid line, white by default, with a dark halo.

    The frame is divided into tiles. A tile whose mask changed is traced again when it is next painted, so that a brush
    costs the same on a large frame as on a small one. During a stroke only the part that is repainted is traced, and
    the rest of the tile waits for `update_pending`. At high zoom lines follow the edges of the mask's pixels; at low
    zoom they are smoothed and simplified to the resolution of the screen.
    """

    def __init__(self) -> None:
        super().__init__()
        self.setFlag(QGraphicsItem.GraphicsItemFlag.ItemUsesExtendedStyleOption)  # gives `exposedRect` in `paint`
        self._mask: NDArray[np.bool_] | None = None
        self._tiles: dict[tuple[int, int], QPainterPath] = {}
        """Traced tiles by row and column; a tile that has to be traced is missing."""
        self._detail: tuple[bool, int] = (False, 0)
        self._zoom = 0.0
        self._pending: set[tuple[int, int]] = set()
        """Tiles changed by a stroke; their lines may be off by a fraction of a screen pixel."""
        self._colour = WHITE

    def show_mask(self, mask: NDArray[np.bool_] | None) -> None:
        """Show another mask, bool (rows, columns), which may change in place; None shows nothing."""
        self.prepareGeometryChange()
        self._mask, self._tiles, self._pending = mask, {}, set()
        self.update()

    def set_colour(self, colour: QColor) -> None:
        """Set the colour of the line."""
        self._colour = colour
        self.update()

    def mask_changed(self, box: Box | None, in_stroke: bool) -> None:
        """Update the outline after a change of the mask inside `box` (None: anywhere).

        During a stroke only the changed part is traced and painted: lines that end there may be off by a fraction of a
        screen pixel until `update_pending` has run.
        """
        if box is None or self._mask is None:
            self._tiles = {}
            self.update()
            return
        # A changed pixel also changes the edges of its neighbours.
        tiles = [
            (row, column)
            for row in range(max(box.top - 2, 0) // _TILE, (box.bottom + 1) // _TILE + 1)
            for column in range(max(box.left - 2, 0) // _TILE, (box.right + 1) // _TILE + 1)
        ]
        for tile in tiles:
            self._tiles.pop(tile, None)
        if in_stroke:
            self._pending.update(tiles)
            changed = QRectF(box.left - 1, box.top - 1, box.right - box.left + 2, box.bottom - box.top + 2)
        else:
            changed = _square(tiles[0]).united(_square(tiles[-1]))
        self.update(self._padded(changed))

    def update_pending(self, seconds: float) -> bool:
        """Trace and paint pending tiles for about this many seconds; return whether any are left."""
        until, last = perf_counter() + seconds, None
        for tile in sorted(self._pending):
            # Only adjacent tiles of a row at once, as Qt repaints one rectangle around all of them.
            if perf_counter() >= until or last not in (None, (tile[0], tile[1] - 1)):
                break
            self._pending.discard(tile)
            # Before the first paint the zoom is unknown; the tile is then traced when it is painted.
            if self._zoom and tile not in self._tiles:
                self._tiles[tile] = self._traced(self._box(_square(tile)), self._zoom)
            self.update(self._padded(_square(tile)))
            last = tile
        return bool(self._pending)

    def boundingRect(self) -> QRectF:
        """Return the whole frame with room for the line; it does not depend on the outline, which is traced later."""
        if self._mask is None:
            return QRectF()
        return self._padded(QRectF(0, 0, self._mask.shape[1], self._mask.shape[0]))

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        """Paint the outline; trace it first where the mask or the zoom changed."""
        if self._mask is None:
            return
        zoom = max(zoom_of(painter))
        exact = zoom >= PIXELS_SHOWN
        detail = (exact, 0 if exact else round(np.log2(zoom) * 2))
        if detail != self._detail:
            self._detail, self._tiles = detail, {}
        self._zoom = zoom
        paths = [path for path in self._paths(self._box(self._padded(option.exposedRect)), zoom) if not path.isEmpty()]
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for pen in (line(HALO, 4), line(self._colour, 2)):
            # Lines end at the edges of tiles, where round caps would overlap.
            pen.setCapStyle(Qt.PenCapStyle.FlatCap)
            painter.setPen(steady(pen, painter))
            for path in paths:
                painter.drawPath(path)

    def _paths(self, exposed: Box, zoom: float) -> list[QPainterPath]:
        """Return the lines of the tiles that `exposed` overlaps. Of pending tiles only the part inside `exposed` is
        traced, where that is less work than the whole tiles."""
        tiles = [
            (row, column)
            for row in range(exposed.top // _TILE, -(-exposed.bottom // _TILE))
            for column in range(exposed.left // _TILE, -(-exposed.right // _TILE))
        ]
        missing = [tile for tile in tiles if tile not in self._tiles]
        if missing and not self._pending.isdisjoint(missing):
            (top, left), (bottom, right) = (
                [extreme(tile[axis] for tile in missing) for axis in (0, 1)] for extreme in (min, max)
            )
            part = _intersection(exposed, Box(top * _TILE, left * _TILE, (bottom + 1) * _TILE, (right + 1) * _TILE))
            # The part must not overlap tiles that are already traced.
            is_block = len(missing) == (bottom - top + 1) * (right - left + 1)
            if is_block and _area(part) < len(missing) * _TILE**2 // 2:
                known = [self._tiles[tile] for tile in tiles if tile not in missing]
                return [self._traced(part, zoom), *known]
        paths = []
        for tile in tiles:
            path = self._tiles.get(tile)
            if path is None:
                whole = self._box(_square(tile))
                part = _intersection(exposed, whole)
                if tile in self._pending and _area(part) < _area(whole) // 2:
                    path = self._traced(part, zoom)
                else:
                    path = self._tiles[tile] = self._traced(whole, zoom)
            paths.append(path)
        return paths

    def _box(self, rectangle: QRectF) -> Box:
        """Return the pixels of the frame that a rectangle overlaps."""
        rows, columns = (0, 0) if self._mask is None else self._mask.shape
        top, left = max(floor(rectangle.top()), 0), max(floor(rectangle.left()), 0)
        bottom, right = min(ceil(rectangle.bottom()), rows), min(ceil(rectangle.right()), columns)
        return Box(top, left, max(bottom, top), max(right, left))

    def _traced(self, box: Box, zoom: float) -> QPainterPath:
        assert self._mask is not None
        path = QPainterPath()
        for points, closed in outlines_within(self._mask, box, smooth=not self._detail[0]):
            if not self._detail[0]:
                points = cv2.approxPolyDP(points[:, None], 0.2 / zoom, closed)[:, 0].astype(np.float32)
            line_path = pg.arrayToQPath(*points.astype(np.float64).T, finiteCheck=False)
            if closed:
                line_path.closeSubpath()
            path.addPath(line_path)
        return path

    def _padded(self, rectangle: QRectF) -> QRectF:
        scene = self.sceneTransform()
        across, down = 4 / max(abs(scene.m11()), 1e-6), 4 / max(abs(scene.m22()), 1e-6)
        return rectangle.adjusted(-across, -down, across, down)


def _intersection(first: Box, second: Box) -> Box:
    """Return the intersection of two boxes that overlap."""
    top, left = max(first.top, second.top), max(first.left, second.left)
    return Box(top, left, min(first.bottom, second.bottom), min(first.right, second.right))


def _area(box: Box) -> int:
    return (box.bottom - box.top) * (box.right - box.left)


def _square(tile: tuple[int, int]) -> QRectF:
    row, column = tile
    return QRectF(column * _TILE, row * _TILE, _TILE, _TILE)
