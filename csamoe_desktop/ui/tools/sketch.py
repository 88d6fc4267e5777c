"""Draws unfinished work of a tool (lines, a dashed line to the mouse, handles), and the crosshair cursor."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QCursor, QPainter, QPainterPath, QPixmap
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

from csamoe_desktop.lesion.tools import Place
from csamoe_desktop.ui.canvas.overlays import HALO, WHITE, line, steady

DARK = QColor(0, 0, 0, 200)
CLOSE_BY = 9.0
"""Screen pixels: within this distance the mouse grabs a handle or line."""

_MARGIN = 10.0
"""Screen pixels that handles and the width of lines need around the places."""


@dataclass(frozen=True, slots=True)
class Sketch:
    """Lines and handles, as places on the frame.

    Attributes:
        lines: drawn solid.
        dashed: drawn dashed, for parts that are not placed yet.
        handles: drawn as dots, or as squares if `square` is set.
        first: whether the first handle is larger, as a click on it closes the line.
        hovered: index of the handle under the mouse, drawn even larger; -1 for none.
        square: whether handles are squares.
    """

    lines: Sequence[Sequence[Place]] = ()
    dashed: Sequence[Sequence[Place]] = ()
    handles: Sequence[Place] = ()
    first: bool = False
    hovered: int = -1
    square: bool = False


NOTHING = Sketch()


class SketchItem(QGraphicsItem):
    """Draws a sketch in dark and light, to be visible on any tissue."""

    def __init__(self) -> None:
        super().__init__()
        self._sketch = NOTHING
        self._solid = QPainterPath()
        self._dashed = QPainterPath()
        self._bounds = QRectF()

    @property
    def sketch(self) -> Sketch:
        """The sketch that is drawn."""
        return self._sketch

    def show_sketch(self, sketch: Sketch) -> None:
        """Draw another sketch."""
        if sketch is NOTHING and self._sketch is NOTHING:
            return
        self.prepareGeometryChange()
        self._sketch = sketch
        self._solid, self._dashed = _path(sketch.lines), _path(sketch.dashed)
        places = [place for line in (*sketch.lines, *sketch.dashed, sketch.handles) for place in line]
        self._bounds = QRectF()
        if places:
            (top, left), (bottom, right) = np.min(places, axis=0), np.max(places, axis=0)
            self._bounds = QRectF(float(left), float(top), float(right - left), float(bottom - top))
        self.update()

    def boundingRect(self) -> QRectF:
        """Return the rectangle around the sketch, with room for its handles."""
        if self._sketch is NOTHING:
            return QRectF()
        scene = self.sceneTransform()
        across, down = _MARGIN / max(abs(scene.m11()), 1e-6), _MARGIN / max(abs(scene.m22()), 1e-6)
        return self._bounds.adjusted(-across, -down, across, down)

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        """Paint the lines, then the handles."""
        if self._sketch is NOTHING:
            return
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for path, pens in (
            (self._solid, (line(DARK, 4), line(WHITE, 2))),
            (self._dashed, (line(HALO, 2.5), line(WHITE, 1.2, (4.0, 4.0)))),
        ):
            for pen in pens:
                painter.setPen(steady(pen, painter))
                painter.drawPath(path)
        world = painter.worldTransform()
        painter.save()
        painter.resetTransform()
        painter.setPen(line(DARK, 1.5))
        painter.setBrush(WHITE)
        for index, (row, column) in enumerate(self._sketch.handles):
            size = 6.0 if index == self._sketch.hovered else 4.5 if index == 0 and self._sketch.first else 3.5
            centre = world.map(QPointF(column, row))
            if self._sketch.square:
                painter.drawRect(QRectF(centre.x() - size, centre.y() - size, 2 * size, 2 * size))
            else:
                painter.drawEllipse(centre, size, size)
        painter.restore()


@lru_cache(maxsize=4)
def crosshair(ratio: float) -> QCursor:
    """Return a crosshair cursor in dark and light, as the system's own is hardly visible on grey.

    Its centre is left free to show the pixel under it. `ratio`: device pixels per screen pixel.
    """
    side, centre, gap = 25, 12.5, 3.0
    picture = QPixmap(round(side * ratio), round(side * ratio))
    picture.setDevicePixelRatio(ratio)
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    for pen in (line(DARK, 3.0), line(WHITE, 1.0)):
        pen.setCapStyle(Qt.PenCapStyle.FlatCap)
        painter.setPen(pen)
        for near, far in ((centre - gap, 1.5), (centre + gap, side - 1.5)):
            painter.drawLine(QPointF(near, centre), QPointF(far, centre))
            painter.drawLine(QPointF(centre, near), QPointF(centre, far))
    painter.end()
    return QCursor(picture, side // 2, side // 2)


def on_image(at: Place, shape: tuple[int, ...]) -> Place:
    """Return the place inside an image of this shape (rows, columns) that is nearest to `at`."""
    return min(max(at[0], 0.0), float(shape[0])), min(max(at[1], 0.0), float(shape[1]))


def rectangle(corner: Place, opposite: Place) -> list[Place]:
    """Return the closed line around the rectangle between two corners."""
    return [corner, (corner[0], opposite[1]), opposite, (opposite[0], corner[1]), corner]


def places_of(points: NDArray[np.floating]) -> list[Place]:
    """Return points (n, 2), (row, column), as places."""
    return [(float(row), float(column)) for row, column in points]


def _path(lines: Sequence[Sequence[Place]]) -> QPainterPath:
    path = QPainterPath()
    for places in lines:
        if len(places) > 1:
            points = np.asarray(places, np.float64)
            path.addPath(pg.arrayToQPath(points[:, 1], points[:, 0], finiteCheck=False))
    return path
