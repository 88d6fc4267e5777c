"""The other lesions of the frame in view: each in its own colour and pattern, with its name; the one at hand is solid."""

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPainterPath
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

from csamoe_desktop.lesion.outline import outlines
from csamoe_desktop.session.lesion_work import LesionWork
from csamoe_desktop.ui.canvas.overlays import HALO, WHITE, line, path_of, steady

_PANEL = QColor(17, 17, 17, 200)
_TEXT = QColor("#E6E6E6")
_GAP = 4.0
"""Screen pixels between an outline and its name."""
_ROOM = 400.0
"""Screen pixels a name may reach beyond the outlines."""


@dataclass(frozen=True, slots=True)
class LesionLook:
    """How a lesion's outline is drawn: its colour, always; its dashes, in line widths, while another is at hand."""

    colour: QColor
    dashes: tuple[float, ...]


# Okabe and Ito's colours (2008) that core, boundary and calipers have not.
_LOOKS = (
    LesionLook(WHITE, (7.0, 2.0)),
    LesionLook(QColor("#F0E442"), (1.5, 2.0)),
    LesionLook(QColor("#CC79A7"), (6.0, 2.0, 1.5, 2.0)),
    LesionLook(QColor("#33C99A"), (6.0, 2.0, 1.5, 2.0, 1.5, 2.0)),
)


def look_of(number: int) -> LesionLook:
    """Return how the lesion with this number is drawn; from the fifth on they are as before."""
    return _LOOKS[(number - 1) % len(_LOOKS)]


class OtherLesions(QGraphicsItem):
    """The outlines of the lesions that are not at hand."""

    def __init__(self) -> None:
        super().__init__()
        self._shown: tuple[tuple[LesionWork, int, str], ...] = ()
        self._paths: list[QPainterPath] = []

    def show_lesions(self, lesions: Sequence[LesionWork]) -> None:
        """Show these, as they are now."""
        shown = tuple((one, one.mask.version, one.title) for one in lesions)
        if shown == self._shown:
            return
        self.prepareGeometryChange()
        known = {(work, version): path for (work, version, _), path in zip(self._shown, self._paths, strict=True)}
        self._paths = [
            known.get((work, version)) or path_of(outlines(work.mask.pixels, smooth=True)) for work, version, _ in shown
        ]
        self._shown = shown
        self.update()

    @property
    def names(self) -> tuple[str, ...]:
        """What is written at the outlines."""
        return tuple(name for _, _, name in self._shown)

    def boundingRect(self) -> QRectF:
        """Return what the outlines cover, with room for the names."""
        around = QRectF()
        for path in self._paths:
            around = around.united(path.boundingRect())
        scene = self.sceneTransform()
        across, down = _ROOM / max(abs(scene.m11()), 1e-6), _ROOM / max(abs(scene.m22()), 1e-6)
        return around.adjusted(-across, -down, across, down) if self._paths else around

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        """Paint them."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for (work, _, name), path in zip(self._shown, self._paths, strict=True):
            look = look_of(work.number)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            for pen in (line(HALO, 3.5), line(look.colour, 1.6, look.dashes)):
                painter.setPen(steady(pen, painter))
                painter.drawPath(path)
            self._write(painter, name, path, look.colour)

    def _write(self, painter: QPainter, name: str, path: QPainterPath, colour: QColor) -> None:
        around = painter.worldTransform().mapRect(path.boundingRect())
        metrics = QFontMetricsF(painter.font(), painter.device())
        name = metrics.elidedText(name, Qt.TextElideMode.ElideRight, _ROOM / 2)
        wide, high = metrics.horizontalAdvance(name) + 18, metrics.height() + 4
        # At its right, where proposals and the size of things are not written; at its left near the view's edge.
        left = around.right() + _GAP
        if left + wide > painter.viewport().width():
            left = max(around.left() - _GAP - wide, 2.0)
        top = around.center().y() - high / 2
        painter.save()
        painter.resetTransform()
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(_PANEL)
        painter.drawRoundedRect(QRectF(left, top, wide, high), 3, 3)
        painter.setBrush(colour)
        painter.drawRect(QRectF(left + 5, top + high / 2 - 3, 6, 6))
        painter.setPen(_TEXT)
        painter.drawText(QPointF(left + 14, top + 2 + metrics.ascent()), name)
        painter.restore()
