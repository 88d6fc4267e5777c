"""What a tool draws while something is in hand: lines, a dashed line to the mouse, and handles; and the mouse's cross."""

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
"""Screen pixels: the mouse this near to a handle or line means it."""

_ROOM = 10.0
"""Screen pixels around lines and handles that they are drawn on."""


@dataclass(frozen=True, slots=True)
class Sketch:
    """Lines as places on the frame, and handles.

    Attributes:
        lines: drawn solid.
        dashed: drawn dashed: what is not fixed yet.
        handles: dots, or squares where `square` is set.
        first: whether the first handle is larger, as a click on it closes.
        hovered: the handle the mouse means, drawn larger still; -1 for none.
    """

    lines: Sequence[Sequence[Place]] = ()
    dashed: Sequence[Sequence[Place]] = ()
    handles: Sequence[Place] = ()
    first: bool = False
    hovered: int = -1
    square: bool = False


NOTHING = Sketch()


class SketchItem(QGraphicsItem):
    """Draws a sketch, dark and light together, to be seen on any tissue."""

    def __init__(self) -> None:
        super().__init__()
        self._sketch = NOTHING
        self._solid = QPainterPath()
        self._dashed = QPainterPath()
        self._around = QRectF()

    @property
    def sketch(self) -> Sketch:
        """What is drawn."""
        return self._sketch

    def show_sketch(self, sketch: Sketch) -> None:
        """Draw this instead."""
        if sketch is NOTHING and self._sketch is NOTHING:
            return
        self.prepareGeometryChange()
        self._sketch = sketch
        self._solid, self._dashed = _path(sketch.lines), _path(sketch.dashed)
        places = [place for one in (*sketch.lines, *sketch.dashed, sketch.handles) for place in one]
        self._around = QRectF()
        if places:
            (top, left), (bottom, right) = np.min(places, axis=0), np.max(places, axis=0)
            self._around = QRectF(float(left), float(top), float(right - left), float(bottom - top))
        self.update()

    def boundingRect(self) -> QRectF:
        """Return what the sketch covers, with room for its handles."""
        if self._sketch is NOTHING:
            return QRectF()
        scene = self.sceneTransform()
        across, down = _ROOM / max(abs(scene.m11()), 1e-6), _ROOM / max(abs(scene.m22()), 1e-6)
        return self._around.adjusted(-across, -down, across, down)

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        """Paint it."""
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
        for place, (row, column) in enumerate(self._sketch.handles):
            size = 6.0 if place == self._sketch.hovered else 4.5 if place == 0 and self._sketch.first else 3.5
            centre = world.map(QPointF(column, row))
            if self._sketch.square:
                painter.drawRect(QRectF(centre.x() - size, centre.y() - size, 2 * size, 2 * size))
            else:
                painter.drawEllipse(centre, size, size)
        painter.restore()


@lru_cache(maxsize=4)
def crosshair(ratio: float) -> QCursor:
    """Return a cross for the mouse, dark and light together; the system's own vanishes on grey.

    Its middle is left free, so that the pixel under it is seen. `ratio`: device pixels a screen pixel.
    """
    side, middle, free = 25, 12.5, 3.0
    picture = QPixmap(round(side * ratio), round(side * ratio))
    picture.setDevicePixelRatio(ratio)
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    for pen in (line(DARK, 3.0), line(WHITE, 1.0)):
        pen.setCapStyle(Qt.PenCapStyle.FlatCap)
        painter.setPen(pen)
        for near, far in ((middle - free, 1.5), (middle + free, side - 1.5)):
            painter.drawLine(QPointF(near, middle), QPointF(far, middle))
            painter.drawLine(QPointF(middle, near), QPointF(middle, far))
    painter.end()
    return QCursor(picture, side // 2, side // 2)


def on_image(at: Place, shape: tuple[int, ...]) -> Place:
    """Return the place on an image of this shape (rows, columns) that is nearest to `at`: itself, or one on the edge."""
    return min(max(at[0], 0.0), float(shape[0])), min(max(at[1], 0.0), float(shape[1]))


def rectangle(one: Place, other: Place) -> list[Place]:
    """Return the closed line around the rectangle between two corners."""
    return [one, (one[0], other[1]), other, (other[0], one[1]), one]


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
