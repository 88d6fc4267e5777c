"""Draws the outlines of all lesions but the current one, each in its own colour and dash pattern, with its name."""

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
_LABEL_ROOM = 400.0
"""Screen pixels that a name may extend beyond the outlines."""


@dataclass(frozen=True, slots=True)
class LesionLook:
    """How the outline of a lesion is drawn: its colour, and its dashes (in line widths) while it is not current."""

    colour: QColor
    dashes: tuple[float, ...]


# Colours of Okabe and Ito (2008) that core, boundary and calipers do not use.
_LOOKS = (
    LesionLook(WHITE, (7.0, 2.0)),
    LesionLook(QColor("#F0E442"), (1.5, 2.0)),
    LesionLook(QColor("#CC79A7"), (6.0, 2.0, 1.5, 2.0)),
    LesionLook(QColor("#33C99A"), (6.0, 2.0, 1.5, 2.0, 1.5, 2.0)),
)


def look_of(number: int) -> LesionLook:
    """Return how the lesion with this number is drawn; from the fifth lesion on the looks repeat."""
    return _LOOKS[(number - 1) % len(_LOOKS)]


class OtherLesions(QGraphicsItem):
    """The outlines of the lesions that are not current."""

    def __init__(self) -> None:
        super().__init__()
        self._shown: tuple[tuple[LesionWork, int, str], ...] = ()
        self._paths: list[QPainterPath] = []

    def show_lesions(self, lesions: Sequence[LesionWork]) -> None:
        """Show these lesions as they are now."""
        shown = tuple((work, work.mask.version, work.title) for work in lesions)
        if shown == self._shown:
            return
        self.prepareGeometryChange()
        cached = {(work, version): path for (work, version, _), path in zip(self._shown, self._paths, strict=True)}
        self._paths = [
            cached.get((work, version)) or path_of(outlines(work.mask.pixels, smooth=True))
            for work, version, _ in shown
        ]
        self._shown = shown
        self.update()

    @property
    def names(self) -> tuple[str, ...]:
        """The names shown beside the outlines."""
        return tuple(name for _, _, name in self._shown)

    def boundingRect(self) -> QRectF:
        """Return the rectangle around the outlines, with room for the names."""
        bounds = QRectF()
        for path in self._paths:
            bounds = bounds.united(path.boundingRect())
        scene = self.sceneTransform()
        across, down = _LABEL_ROOM / max(abs(scene.m11()), 1e-6), _LABEL_ROOM / max(abs(scene.m22()), 1e-6)
        return bounds.adjusted(-across, -down, across, down) if self._paths else bounds

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        """Paint the outlines and their names."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for (work, _, name), path in zip(self._shown, self._paths, strict=True):
            look = look_of(work.number)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            for pen in (line(HALO, 3.5), line(look.colour, 1.6, look.dashes)):
                painter.setPen(steady(pen, painter))
                painter.drawPath(path)
            self._draw_label(painter, name, path, look.colour)

    def _draw_label(self, painter: QPainter, name: str, path: QPainterPath, colour: QColor) -> None:
        bounds = painter.worldTransform().mapRect(path.boundingRect())
        metrics = QFontMetricsF(painter.font(), painter.device())
        name = metrics.elidedText(name, Qt.TextElideMode.ElideRight, _LABEL_ROOM / 2)
        width, height = metrics.horizontalAdvance(name) + 18, metrics.height() + 4
        # To the right of the outline, where no labels of proposals are; to its left near the edge of the view.
        left = bounds.right() + _GAP
        if left + width > painter.viewport().width():
            left = max(bounds.left() - _GAP - width, 2.0)
        top = bounds.center().y() - height / 2
        painter.save()
        painter.resetTransform()
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(_PANEL)
        painter.drawRoundedRect(QRectF(left, top, width, height), 3, 3)
        painter.setBrush(colour)
        painter.drawRect(QRectF(left + 5, top + height / 2 - 3, 6, 6))
        painter.setPen(_TEXT)
        painter.drawText(QPointF(left + 14, top + 2 + metrics.ascent()), name)
        painter.restore()
