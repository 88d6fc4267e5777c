"""Overlays in frame pixels: core, boundary and attention maps, and the pens and colours that all overlays share.

Colours are those of Okabe and Ito (2008). Each comes with a line style or hatching, so that no meaning depends on
colour alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QImage, QPainter, QPainterPath, QPen, QPixmap, QTransform
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

from csamoe_desktop.lesion.outline import Line, outlines
from csamoe_desktop.report.pdf import pictures

# The same colours as in the PDF report.
WHITE = QColor(pictures.LESION)
SKY_BLUE = QColor(pictures.CORE)
ORANGE = QColor(pictures.BOUNDARY)
GREY = QColor("#9A9A9A")
FADED = QColor(154, 154, 154, 170)
HALO = QColor(0, 0, 0, 150)

PIXELS_SHOWN = 5.0
"""From this zoom on (screen pixels per frame pixel), pixels are shown as squares and outlines follow their edges."""


def line(colour: QColor, width: float, style: Sequence[float] = ()) -> QPen:
    """Return a pen, `width` screen pixels wide; `style`: lengths of dashes and gaps, in line widths."""
    pen = QPen(colour, width)
    pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    pen.setCapStyle(Qt.PenCapStyle.FlatCap if style else Qt.PenCapStyle.RoundCap)
    if style:
        pen.setDashPattern(list(style))
    return pen


def steady(pen: QPen, painter: QPainter) -> QPen:
    """Return `pen` for painting in frame pixels, with the same width on the screen at any zoom."""
    pen.setCosmetic(True)
    pen.setWidthF(pen.widthF() * ratio_of(painter))  # Qt counts a cosmetic pen's width in device pixels
    return pen


def ratio_of(painter: QPainter) -> float:
    """Return the device pixels per screen pixel on `painter` (2 at 200 %)."""
    return painter.device().devicePixelRatioF()


def zoom_of(painter: QPainter) -> tuple[float, float]:
    """Return the screen pixels per frame pixel on `painter`: horizontal, vertical."""
    world = painter.worldTransform()
    return abs(world.m11()), abs(world.m22())


def path_of(lines: Sequence[Line]) -> QPainterPath:
    """Return lines of points (column, row), each closed, as one path."""
    path = QPainterPath()
    for points in lines:
        closed = np.vstack([points, points[:1]]).astype(np.float64)
        path.addPath(pg.arrayToQPath(closed[:, 0], closed[:, 1], finiteCheck=False))
    return path


class FrameItem(pg.ImageItem):  # type: ignore[misc]
    """The image: interpolated at low zoom; at high zoom each pixel is shown as a square."""

    def __init__(self) -> None:
        super().__init__(axisOrder="row-major")

    def paint(self, painter: QPainter, *arguments: object) -> None:
        """Paint the image."""
        smooth = max(zoom_of(painter)) < PIXELS_SHOWN
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, smooth)
        super().paint(painter, *arguments)


CIVIDIS = np.array(
    [
        (0, 34, 78), (18, 53, 112), (59, 73, 108), (87, 93, 109), (112, 113, 115),
        (138, 134, 120), (165, 156, 116), (195, 179, 105), (225, 204, 85), (254, 232, 56),
    ]
)  # fmt: skip
"""Ten colours of cividis (Nunez, Anderton and Renslow, PLOS ONE 13:e0199239, 2018), dark blue to yellow. Lightness
increases evenly, so that the scale is readable with colour vision deficiency and in a grey print."""


def cividis(share: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Return the colours of `share` (0..1), uint8, with RGB as an additional last axis."""
    position = np.clip(share, 0, 1) * (len(CIVIDIS) - 1)
    indices = np.arange(len(CIVIDIS))
    channels = [np.interp(position, indices, CIVIDIS[:, channel]) for channel in range(3)]
    return np.stack(channels, axis=-1).round().astype(np.uint8)


class AttentionItem(QGraphicsItem):
    """The attention map of an expert in colours over its region, more opaque where attention is higher."""

    _MIN_OPACITY, _MAX_OPACITY = 0.15, 0.65
    """The image stays visible through the map everywhere."""

    def __init__(self) -> None:
        super().__init__()
        self._image = QImage()

    def show_map(self, attention: NDArray[np.float32] | None, region: NDArray[np.bool_] | None = None) -> None:
        """Show a map (0..1, the frame's shape) inside its region (bool, the frame's shape), or none."""
        self.prepareGeometryChange()
        if attention is None or region is None:
            self._image = QImage()
        else:
            opacity = (self._MIN_OPACITY + (self._MAX_OPACITY - self._MIN_OPACITY) * attention) * region * 255
            pixels = np.ascontiguousarray(np.dstack([cividis(attention), opacity.round().astype(np.uint8)]))
            rows, columns = attention.shape
            self._image = QImage(pixels.data, columns, rows, 4 * columns, QImage.Format.Format_RGBA8888).copy()
        self.update()

    def boundingRect(self) -> QRectF:
        """Return the rectangle of the frame."""
        return QRectF(self._image.rect())

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        """Paint the map."""
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, max(zoom_of(painter)) < PIXELS_SHOWN)
        painter.drawImage(QPointF(0, 0), self._image)


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """How a region is drawn: its colour, the dashes of its edge and whether it is hatched."""

    colour: QColor
    dashes: tuple[float, ...]
    hatched: bool

    def tile(self, opacity: float, ratio: float) -> QPixmap:
        """Return the square that tiles the region; `ratio`: device pixels per screen pixel."""
        side = 8
        tile = QPixmap(round(side * ratio), round(side * ratio))
        tile.fill(_faint(self.colour, opacity))
        if self.hatched:
            painter = QPainter(tile)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.scale(tile.width() / side, tile.height() / side)
            painter.setPen(QPen(_faint(self.colour, min(opacity * 1.6, 1.0)), 1.3))
            for shift in (-side, 0, side):
                painter.drawLine(QPointF(shift - 2, side + 2), QPointF(shift + side + 2, -2))
            painter.end()
        return tile


CORE = Look(SKY_BLUE, (5.0, 3.0), hatched=False)
BOUNDARY = Look(ORANGE, (1.0, 2.0), hatched=True)


class RegionItem(QGraphicsItem):
    """Core or boundary as given to the network: a tint, hatched or not, with a dashed or dotted edge."""

    def __init__(self, look: Look) -> None:
        super().__init__()
        self.look = look
        self._path = QPainterPath()
        self._opacity = 0.35
        self._outdated = False

    def show_region(self, region: NDArray[np.bool_] | None) -> None:
        """Show a region (bool, the frame's shape), or none."""
        self.prepareGeometryChange()
        self._path = QPainterPath() if region is None else path_of(outlines(region))
        self.update()

    def set_look(self, opacity: float, outdated: bool) -> None:
        """Set the opacity of the tint (0..1), and whether the region is outdated: a grey edge without a tint."""
        if (opacity, outdated) != (self._opacity, self._outdated):
            self._opacity, self._outdated = opacity, outdated
            self.update()

    def boundingRect(self) -> QRectF:
        """Return the rectangle around the region, with room for its edge."""
        scene = self.sceneTransform()
        across, down = 2 / max(abs(scene.m11()), 1e-6), 2 / max(abs(scene.m22()), 1e-6)
        return self._path.boundingRect().adjusted(-across, -down, across, down)

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        """Paint the tint and the edge."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if not self._outdated:
            painter.fillPath(self._path, self._brush(painter))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        pens = [line(HALO, 2.5), line(self.look.colour, 1.5, self.look.dashes)]
        for pen in [line(FADED, 1, self.look.dashes)] if self._outdated else pens:
            painter.setPen(steady(pen, painter))
            painter.drawPath(self._path)

    def _brush(self, painter: QPainter) -> QBrush:
        """Return the brush for the area: the same size on the screen at any zoom, and fixed to the image."""
        ratio = ratio_of(painter)
        across, down = zoom_of(painter)
        brush = QBrush(self.look.tile(self._opacity, ratio))
        brush.setTransform(QTransform.fromScale(1 / (across * ratio), 1 / (down * ratio)))
        return brush


def _faint(colour: QColor, opacity: float) -> QColor:
    faint = QColor(colour)
    faint.setAlphaF(opacity)
    return faint
