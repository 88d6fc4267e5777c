"""The ring around the mouse that shows what a click with the brush would cover."""

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

from csamoe_desktop.lesion.tools import Place
from csamoe_desktop.ui.canvas.overlays import WHITE, line
from csamoe_desktop.ui.tools.sketch import DARK

_MIN_RING = 4.0
"""Smallest radius of the ring, in screen pixels."""


class RingItem(QGraphicsItem):
    """The ring around exactly what a click would cover: dashed for erasing, dotted for the smart brush. It is round on
    the screen, which shows the frame in its true proportions."""

    def __init__(self, smart: bool = False) -> None:
        super().__init__()
        self._at: Place | None = None
        self._erases = False
        self._smart = smart
        self._radius = 1

    def set_radius(self, radius: int) -> None:
        """Set the radius, in widths of a frame pixel."""
        self.prepareGeometryChange()
        self._radius = radius

    def place(self, at: Place | None, erases: bool) -> None:
        """Move the ring here; None hides it."""
        self.prepareGeometryChange()
        self._at, self._erases = at, erases
        self.update()

    def boundingRect(self) -> QRectF:
        """Return the square around the ring, with room for its line and its smallest size."""
        if self._at is None:
            return QRectF()
        scene = self.sceneTransform()
        margin = _MIN_RING + 4
        across = self._radius + margin / max(abs(scene.m11()), 1e-6)
        down = across * abs(scene.m11()) / max(abs(scene.m22()), 1e-6)
        row, column = self._at
        return QRectF(column - across, row - down, 2 * across, 2 * down)

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        """Paint the ring in dark and light, to be visible on any tissue."""
        if self._at is None:
            return
        # The brush covers whole pixels, so the ring is centred on a pixel.
        row, column = (int(coordinate // 1) + 0.5 for coordinate in self._at)
        world = painter.worldTransform()
        centre = world.map(QPointF(column, row))
        radius = max((self._radius - 0.5) * abs(world.m11()), _MIN_RING)
        style = (4.0, 3.0) if self._erases else (1.0, 2.0) if self._smart else ()
        painter.save()
        painter.resetTransform()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for pen in (line(DARK, 3.5), line(WHITE, 1.5, style)):
            painter.setPen(pen)
            painter.drawEllipse(centre, radius, radius)
        painter.restore()
