"""Calipers as they are seen: numbered lines with a cross at each end, and their length beside them."""

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
"""Screen pixels from a cross's middle to its ends."""
_GAP = 10.0
"""Screen pixels between an end and what is written at it."""


class CaliperItem(QGraphicsItem):
    """All calipers on the frame; the selected one in a solid line, the others dashed, as a scanner draws them."""

    def __init__(self) -> None:
        super().__init__()
        self._shown: tuple[Caliper, ...] = ()
        self._selected: int | None = None
        self._scale: AnyScale = None

    def show_calipers(self, calipers: Sequence[Caliper], selected: int | None, scale: AnyScale) -> None:
        """Show these, their lengths by the frame's `scale`."""
        if (tuple(calipers), selected, scale) != (self._shown, self._selected, self._scale):
            self.prepareGeometryChange()
            self._shown, self._selected, self._scale = tuple(calipers), selected, scale
            self.update()

    def labels(self) -> tuple[str, ...]:
        """Return what is written at each."""
        return tuple(f"{number}  {one.words(self._scale)}" for number, one in enumerate(self._shown, 1))

    def boundingRect(self) -> QRectF:
        """Return everywhere: there are few, and what is written at them lies outside them."""
        return _EVERYWHERE if self._shown else QRectF()

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        """Paint them, dark and light together; the selected one last."""
        # The canvas is dark in both themes, and the light one's accent would not be seen on it.
        accent = QColor(theme.colours_of("dark").accent)
        world = painter.worldTransform()
        view = QRectF(widget.rect()) if widget is not None else QRectF(painter.viewport())
        painter.save()
        painter.resetTransform()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        labels = self.labels()
        for place in sorted(range(len(self._shown)), key=lambda one: one == self._selected):
            chosen = place == self._selected
            ends = [
                world.map(QPointF(column, row)) for row, column in (self._shown[place].start, self._shown[place].end)
            ]
            crosses = [
                QLineF(end + QPointF(*step), end - QPointF(*step))
                for end in ends
                for step in ((_CROSS, 0), (0, _CROSS))
            ]
            for colour, wider in ((_HALO, 2.5), (accent, 0.0)):
                painter.setPen(line(colour, (2.0 if chosen else 1.6) + wider))
                painter.drawLines(crosses)
                dashes = () if chosen or wider else (3.0, 2.0)
                painter.setPen(line(colour, (2.0 if chosen else 1.6) + wider, dashes))
                painter.drawLine(*ends)
            self._write(painter, labels[place], ends, accent, view)
        painter.restore()

    def _write(self, painter: QPainter, text: str, ends: list[QPointF], accent: QColor, view: QRectF) -> None:
        """Write beyond the caliper's second end, inside the view."""
        metrics = QFontMetricsF(painter.font(), painter.device())
        wide, high = metrics.horizontalAdvance(text) + 10, metrics.height() + 4
        way = ends[1] - ends[0]
        length = hypot(way.x(), way.y())
        along = way / length if length else QPointF(1.0, 0.0)
        middle = ends[1] + QPointF(along.x() * (_GAP + wide / 2), along.y() * (_GAP + high / 2))
        box = QRectF(middle.x() - wide / 2, middle.y() - high / 2, wide, high)
        if view.contains(ends[1]):
            box.moveLeft(min(max(box.left(), view.left() + 2), view.right() - 2 - wide))
            box.moveTop(min(max(box.top(), view.top() + 2), view.bottom() - 2 - high))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(_PANEL)
        painter.drawRoundedRect(box, 3, 3)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(accent)
        painter.drawText(QPointF(box.left() + 5, box.top() + 2 + metrics.ascent()), text)
