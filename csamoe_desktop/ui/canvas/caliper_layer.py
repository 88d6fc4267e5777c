"""Draws the calipers: numbered dashed lines with a cross at each end and the length beside them."""

from collections.abc import Sequence
from math import hypot

from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

from csamoe_desktop.lesion.calipers import Caliper
from csamoe_desktop.study.scale import AnyScale
from csamoe_desktop.ui.canvas.overlays import line
from csamoe_desktop.ui.widgets import theme

_EVERYWHERE = QRectF(-1e6, -1e6, 2e6, 2e6)
_HALO = QColor(0, 0, 0, 210)
_PANEL = QColor(17, 17, 17, 200)
_CROSS = 6.0
"""Screen pixels from the centre of a cross to its ends."""
_GAP = 10.0
"""Screen pixels between the end of a caliper and its label."""


class CaliperItem(QGraphicsItem):
    """All calipers on the frame; the selected one is solid, the others are dashed, as on a scanner."""

    def __init__(self) -> None:
        super().__init__()
        self._shown: tuple[Caliper, ...] = ()
        self._selected: int | None = None
        self._scale: AnyScale = None

    def show_calipers(self, calipers: Sequence[Caliper], selected: int | None, scale: AnyScale) -> None:
        """Show these calipers; `scale` is the frame's scale for their lengths."""
        if (tuple(calipers), selected, scale) != (self._shown, self._selected, self._scale):
            self.prepareGeometryChange()
            self._shown, self._selected, self._scale = tuple(calipers), selected, scale
            self.update()

    def labels(self) -> tuple[str, ...]:
        """Return the label of each caliper: its number and length."""
        return tuple(f"{number}  {caliper.words(self._scale)}" for number, caliper in enumerate(self._shown, 1))

    def boundingRect(self) -> QRectF:
        """Return an unlimited rectangle: calipers are few, and their labels extend beyond them."""
        return _EVERYWHERE if self._shown else QRectF()

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        """Paint the calipers with a dark halo, the selected one last."""
        # The canvas is dark in both themes, so the accent of the light theme would not be visible on it.
        accent = QColor(theme.colours_of("dark").accent)
        world = painter.worldTransform()
        view = QRectF(widget.rect()) if widget is not None else QRectF(painter.viewport())
        painter.save()
        painter.resetTransform()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        labels = self.labels()
        for index in sorted(range(len(self._shown)), key=lambda index: index == self._selected):
            selected = index == self._selected
            ends = [
                world.map(QPointF(column, row)) for row, column in (self._shown[index].start, self._shown[index].end)
            ]
            crosses = [
                QLineF(end + QPointF(*step), end - QPointF(*step))
                for end in ends
                for step in ((_CROSS, 0), (0, _CROSS))
            ]
            for colour, extra_width in ((_HALO, 2.5), (accent, 0.0)):
                painter.setPen(line(colour, (2.0 if selected else 1.6) + extra_width))
                painter.drawLines(crosses)
                dashes = () if selected or extra_width else (3.0, 2.0)
                painter.setPen(line(colour, (2.0 if selected else 1.6) + extra_width, dashes))
                painter.drawLine(*ends)
            self._draw_label(painter, labels[index], ends, accent, view)
        painter.restore()

    def _draw_label(self, painter: QPainter, text: str, ends: list[QPointF], accent: QColor, view: QRectF) -> None:
        """Draw the label beyond the second end of the caliper, inside the view."""
        metrics = QFontMetricsF(painter.font(), painter.device())
        width, height = metrics.horizontalAdvance(text) + 10, metrics.height() + 4
        vector = ends[1] - ends[0]
        length = hypot(vector.x(), vector.y())
        direction = vector / length if length else QPointF(1.0, 0.0)
        centre = ends[1] + QPointF(direction.x() * (_GAP + width / 2), direction.y() * (_GAP + height / 2))
        box = QRectF(centre.x() - width / 2, centre.y() - height / 2, width, height)
        if view.contains(ends[1]):
            box.moveLeft(min(max(box.left(), view.left() + 2), view.right() - 2 - width))
            box.moveTop(min(max(box.top(), view.top() + 2), view.bottom() - 2 - height))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(_PANEL)
        painter.drawRoundedRect(box, 3, 3)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(accent)
        painter.drawText(QPointF(box.left() + 5, box.top() + 2 + metrics.ascent()), text)
