"""The ring around the mouse: what a brush's click would cover, seen at any size and on any tissue."""

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

from csamoe_desktop.lesion.tools import Place
from csamoe_desktop.ui.canvas.overlays import WHITE, line
from csamoe_desktop.ui.tools.sketch import DARK

_LEAST_RING = 4.0
"""Screen pixels: a ring is never drawn smaller."""


class RingItem(QGraphicsItem):
    """The brush's ring: exactly what a click would cover, dashed where it would erase, dotted where it smart. It is round
    on the screen, which shows the frame in its true proportions."""

    def __init__(self, smart: bool = False) -> None:
        super().__init__()
        self._at: Place | None = None
        self._erases = False
        self._smart = smart
        self._radius = 1

    def set_radius(self, radius: int) -> None:
        """Draw another size, in widths of a frame pixel."""
        self.prepareGeometryChange()
        self._radius = radius

    def place(self, at: Place | None, erases: bool) -> None:
        """Draw the ring here, or nowhere."""
        self.prepareGeometryChange()
        self._at, self._erases = at, erases
        self.update()

    def boundingRect(self) -> QRectF:
        """Return the ring's square with room for its line and its least size."""
        if self._at is None:
            return QRectF()
        scene = self.sceneTransform()
        room = _LEAST_RING + 4
        across = self._radius + room / max(abs(scene.m11()), 1e-6)
        down = across * abs(scene.m11()) / max(abs(scene.m22()), 1e-6)
        row, column = self._at
        return QRectF(column - across, row - down, 2 * across, 2 * down)

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        """Paint it: dark and light together, to be seen on any tissue."""
        if self._at is None:
            return
        # The brush sits on whole pixels, and so does its ring.
        row, column = (int(place // 1) + 0.5 for place in self._at)
        world = painter.worldTransform()
        centre = world.map(QPointF(column, row))
        reach = max((self._radius - 0.5) * abs(world.m11()), _LEAST_RING)
        style = (4.0, 3.0) if self._erases else (1.0, 2.0) if self._smart else ()
        painter.save()
        painter.resetTransform()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for pen in (line(DARK, 3.5), line(WHITE, 1.5, style)):
            painter.setPen(pen)
            painter.drawEllipse(centre, reach, reach)
        painter.restore()
