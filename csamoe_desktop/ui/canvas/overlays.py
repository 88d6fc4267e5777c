"""What lies over the image, in frame pixels: core and boundary, and where an expert looked. Colours are Okabe and Ito's (2008),
each doubled by a line style or a hatching, so that nothing is told by colour alone."""

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

# On the screen as on paper.
WHITE = QColor(pictures.LESION)
SKY_BLUE = QColor(pictures.CORE)
ORANGE = QColor(pictures.BOUNDARY)
GREY = QColor("#9A9A9A")
FADED = QColor(154, 154, 154, 170)
HALO = QColor(0, 0, 0, 150)

PIXELS_SHOWN = 5.0
"""From this many screen pixels a frame pixel on, pixels are shown as squares and outlines go around each."""


def line(colour: QColor, width: float, style: Sequence[float] = ()) -> QPen:
    """Return a pen for screen pixels, `width` wide; `style`: dash and gap lengths in widths."""
    pen = QPen(colour, width)
    pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    pen.setCapStyle(Qt.PenCapStyle.FlatCap if style else Qt.PenCapStyle.RoundCap)
    if style:
        pen.setDashPattern(list(style))
    return pen


def steady(pen: QPen, painter: QPainter) -> QPen:
    """Return `pen` for painting in frame pixels with `painter`: as wide on the screen at any zoom."""
    pen.setCosmetic(True)
    pen.setWidthF(pen.widthF() * ratio_of(painter))  # Qt counts a cosmetic pen's width in device pixels
    return pen


def ratio_of(painter: QPainter) -> float:
    """Return the device pixels a screen pixel has on `painter` (2 at 200 %)."""
    return painter.device().devicePixelRatioF()


def zoom_of(painter: QPainter) -> tuple[float, float]:
    """Return the screen pixels a frame pixel has on `painter`, across and down."""
    world = painter.worldTransform()
    return abs(world.m11()), abs(world.m22())


def path_of(lines: Sequence[Line]) -> QPainterPath:
    """Return closed lines, (column, row), as one path."""
    path = QPainterPath()
    for points in lines:
        closed = np.vstack([points, points[:1]]).astype(np.float64)
        path.addPath(pg.arrayToQPath(closed[:, 0], closed[:, 1], finiteCheck=False))
    return path


class FrameItem(pg.ImageItem):  # type: ignore[misc]
    """The image: smooth, until its pixels are large enough on the screen to be worked on one by one."""

    def __init__(self) -> None:
        super().__init__(axisOrder="row-major")

    def paint(self, painter: QPainter, *arguments: object) -> None:
        """Paint it."""
        smooth = max(zoom_of(painter)) < PIXELS_SHOWN
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, smooth)
        super().paint(painter, *arguments)


CIVIDIS = np.array(
    [
        (0, 34, 78), (18, 53, 112), (59, 73, 108), (87, 93, 109), (112, 113, 115),
        (138, 134, 120), (165, 156, 116), (195, 179, 105), (225, 204, 85), (254, 232, 56),
    ]
)  # fmt: skip
"""Ten of cividis's colours (Nunez, Anderton and Renslow, PLOS ONE 13:e0199239, 2018), dark blue to yellow: its lightness
grows evenly, so that it reads alike with any colour vision and on grey paper."""


def cividis(share: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Return the colours of `share` (0..1), RGB in a last axis of three."""
    at = np.clip(share, 0, 1) * (len(CIVIDIS) - 1)
    places = np.arange(len(CIVIDIS))
    return np.stack([np.interp(at, places, CIVIDIS[:, one]) for one in range(3)], axis=-1).round().astype(np.uint8)


class AttentionItem(QGraphicsItem):
    """Where an expert looked: its map in colours over its region, the clearer the more it looked there."""

    _LEAST, _MOST = 0.15, 0.65
    """Opacity, so that the image is seen through it everywhere."""

    def __init__(self) -> None:
        super().__init__()
        self._image = QImage()

    def show_map(self, attention: NDArray[np.float32] | None, region: NDArray[np.bool_] | None = None) -> None:
        """Show a map (0..1, the frame's shape) inside its region, or none."""
        self.prepareGeometryChange()
        if attention is None or region is None:
            self._image = QImage()
        else:
            opacity = (self._LEAST + (self._MOST - self._LEAST) * attention) * region * 255
            pixels = np.ascontiguousarray(np.dstack([cividis(attention), opacity.round().astype(np.uint8)]))
            rows, columns = attention.shape
            self._image = QImage(pixels.data, columns, rows, 4 * columns, QImage.Format.Format_RGBA8888).copy()
        self.update()

    def boundingRect(self) -> QRectF:
        """Return the frame."""
        return QRectF(self._image.rect())

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        """Paint it."""
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, max(zoom_of(painter)) < PIXELS_SHOWN)
        painter.drawImage(QPointF(0, 0), self._image)


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """How a region is shown: tint, the edge's dashes and whether it is hatched."""

    colour: QColor
    dashes: tuple[float, ...]
    hatched: bool

    def tile(self, opacity: float, ratio: float) -> QPixmap:
        """Return the square its area is tiled with, `ratio` device pixels a screen pixel."""
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
    """Core or boundary as the network saw it: a tint, hatched or not, within a dashed or dotted edge."""

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
        """Set the tint's opacity, 0..1, and whether the region is out of date: a grey edge without a tint."""
        if (opacity, outdated) != (self._opacity, self._outdated):
            self._opacity, self._outdated = opacity, outdated
            self.update()

    def boundingRect(self) -> QRectF:
        """Return what the region covers, with room for its edge."""
        scene = self.sceneTransform()
        across, down = 2 / max(abs(scene.m11()), 1e-6), 2 / max(abs(scene.m22()), 1e-6)
        return self._path.boundingRect().adjusted(-across, -down, across, down)

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        """Paint it."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if not self._outdated:
            painter.fillPath(self._path, self._brush(painter))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        pens = [line(HALO, 2.5), line(self.look.colour, 1.5, self.look.dashes)]
        for pen in [line(FADED, 1, self.look.dashes)] if self._outdated else pens:
            painter.setPen(steady(pen, painter))
            painter.drawPath(self._path)

    def _brush(self, painter: QPainter) -> QBrush:
        """Return the tiling: as large on the screen at any zoom, and fixed to the image."""
        ratio = ratio_of(painter)
        across, down = zoom_of(painter)
        brush = QBrush(self.look.tile(self._opacity, ratio))
        brush.setTransform(QTransform.fromScale(1 / (across * ratio), 1 / (down * ratio)))
        return brush


def _faint(colour: QColor, opacity: float) -> QColor:
    faint = QColor(colour)
    faint.setAlphaF(opacity)
    return faint
