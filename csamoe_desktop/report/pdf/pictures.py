"""The report's two pictures of the frame: with the lesion's outline, and with core and boundary as given to the network.

The frame is embedded whole and lossless; the overlays are vector graphics in Okabe-Ito colours, each with its own line style.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainterPath, QPen, QPolygonF

from csamoe_desktop.lesion.outline import outlines
from csamoe_desktop.lesion.regions import on_frame
from csamoe_desktop.report.document import ReportInput
from csamoe_desktop.report.pdf.sheet import (
    INK,
    QUIET,
    UNIT,
    Block,
    Sheet,
    Type,
    beside,
    pen,
    rectangle,
    text,
    text_width,
)
from csamoe_desktop.study.model import Frame, Spacing
from csamoe_desktop.study.scale import NOT_CALIBRATED
from csamoe_desktop.wording import Wording

LESION, CORE, BOUNDARY = "#ffffff", "#56b4e9", "#e69f00"
CAPTION = 20

_CASING = "#000000"
_SMALL = 16  # A lesion smaller than this on paper, in points, gets corner marks.
_LABEL = Type(7, 12, ink=QUIET)


@dataclass(frozen=True, slots=True)
class Overlay:
    """A region drawn over the picture, with its fill and edge style."""

    mask: NDArray[np.bool_]
    ink: str
    opacity: float
    line: Qt.PenStyle
    width: float


def pictures(given: ReportInput, width: float, gap: float, height: float, say: Wording) -> Block:
    """Return both pictures with their captions, each at most `width` x `height` points, `gap` apart."""
    frame, regions = given.frame, given.ai_result.regions
    image = as_image(frame.pixels)
    lesion = _outline(given)
    parts: tuple[Overlay, ...] = (
        Overlay(
            on_frame(regions.boundary, frame_shape=frame.shape, part=regions.part),
            BOUNDARY,
            0.35,
            Qt.PenStyle.DotLine,
            0.7,
        ),
        Overlay(
            on_frame(regions.core, frame_shape=frame.shape, part=regions.part), CORE, 0.40, Qt.PenStyle.DashLine, 0.7
        ),
    )
    named: tuple[tuple[str, Overlay], ...] = ((say("Tumour core"), parts[1]), (say("Boundary"), parts[0]))
    if not regions.lesion.any():  # assessed without an outline: no core, no boundary
        parts, named = (), ()
    if regions.part != (0, 0, *frame.shape):
        area = on_frame(np.ones_like(regions.lesion), frame_shape=frame.shape, part=regions.part)
        parts = (*parts, Overlay(area, LESION, 0.0, Qt.PenStyle.DashDotLine, 0.5))
        named = (*named, (say("Part assessed"), parts[-1]))
    shown = paper_size(frame, width, height)
    left = _picture(image, shown, (lesion,), given.mask.pixels)
    right = _picture(image, shown, parts, given.mask.pixels)
    under_left = _caption(given, lesion, shown, width, say)
    under_right = _legend(named)

    def draw(sheet: Sheet, x: float, y: float) -> None:
        beside((0, left), (width + gap, right)).draw(sheet, x, y)
        beside((0, under_left), (width + gap, under_right)).draw(sheet, x, y + shown[1] + 4)

    return Block(shown[1] + CAPTION, draw)


def view_picture(given: ReportInput, width: float, height: float, say: Wording) -> Block:
    """Return the frame with the lesion's outline and a caption, at most `width` x `height` points."""
    lesion, shown = _outline(given), paper_size(given.frame, width, height)
    picture = _picture(as_image(given.frame.pixels), shown, (lesion,), given.mask.pixels)
    caption = _caption(given, lesion, shown, width, say)

    def draw(sheet: Sheet, x: float, y: float) -> None:
        picture.draw(sheet, x, y)
        caption.draw(sheet, x, y + shown[1] + 4)

    return Block(shown[1] + CAPTION, draw)


def _outline(given: ReportInput) -> Overlay:
    return Overlay(given.mask.pixels, LESION, 0.0, Qt.PenStyle.SolidLine, 0.8)


def _caption(given: ReportInput, lesion: Overlay, shown: tuple[float, float], width: float, say: Wording) -> Block:
    # The bar ends at the right edge of the picture, unless that is too narrow for legend and bar.
    bar_ends = shown[0] if shown[0] > 0.75 * width else width
    return beside((0, _legend(((say("Lesion outline"), lesion),))), (0, _scale_bar(given, shown, bar_ends, say)))


def paper_size(frame: Frame, width: float, height: float) -> tuple[float, float]:
    """Return width and height of the whole frame on paper within `width` x `height` points: in its physical proportions
    where the file has the aspect ratio of its pixels, otherwise with square pixels."""
    rows, columns = frame.shape
    tall, wide = rows * frame.scale.aspect, columns
    scale = min(width / wide, height / tall)
    return wide * scale, tall * scale


def as_image(pixels: NDArray[np.uint8]) -> QImage:
    """Return uint8 pixels, grey or RGB, copied into an image."""
    pixels = np.ascontiguousarray(pixels)
    kind = QImage.Format.Format_Grayscale8 if pixels.ndim == 2 else QImage.Format.Format_RGB888
    return QImage(pixels.data, pixels.shape[1], pixels.shape[0], pixels.strides[0], kind).copy()


def scale_bar_length(spacing: Spacing, frame_shape: tuple[int, int]) -> float:
    """Return a length in mm, 1, 2 or 5 times a power of ten, of at most a third of the frame's longer side."""
    longest = max(frame_shape[0] * spacing.row, frame_shape[1] * spacing.column) / 3
    power = 10.0 ** math.floor(math.log10(longest))
    return max(step * power for step in (1, 2, 5) if step * power <= longest * (1 + 1e-9))


def _picture(
    image: QImage, shown: tuple[float, float], overlays: tuple[Overlay, ...], lesion: NDArray[np.bool_]
) -> Block:
    width, height = shown

    def draw(sheet: Sheet, x: float, y: float) -> None:
        painter = sheet.painter
        place = rectangle(x, y, width, height)
        painter.drawImage(place, image)
        painter.save()
        painter.setClipRect(place)
        for overlay in overlays:
            _lay_over(sheet, overlay, place)
        _point_out(sheet, lesion, place)
        painter.restore()

    return Block(height, draw)


def _lay_over(sheet: Sheet, overlay: Overlay, place: QRectF) -> None:
    path = _path(overlay.mask, place)
    if overlay.opacity:
        tint = QColor(overlay.ink)
        tint.setAlphaF(overlay.opacity)
        sheet.painter.fillPath(path, tint)
    if overlay.line == Qt.PenStyle.SolidLine:
        # A white line on bright tissue needs a dark casing to be visible.
        sheet.painter.strokePath(path, _thin(_CASING, overlay.width + 0.8, Qt.PenStyle.SolidLine))
    sheet.painter.strokePath(path, _thin(overlay.ink, overlay.width, overlay.line))


def _path(mask: NDArray[np.bool_], place: QRectF) -> QPainterPath:
    """Return the outline of `mask`, with its frame scaled into `place`."""
    down, across = place.height() / mask.shape[0], place.width() / mask.shape[1]
    path = QPainterPath()
    path.setFillRule(Qt.FillRule.OddEvenFill)
    for loop in outlines(mask):
        points = [QPointF(place.x() + column * across, place.y() + row * down) for column, row in loop.tolist()]
        path.addPolygon(QPolygonF(points))
        path.closeSubpath()
    return path


def _point_out(sheet: Sheet, lesion: NDArray[np.bool_], place: QRectF) -> None:
    """Draw four corner marks around a lesion that is too small on paper to be found."""
    if not lesion.any():
        return
    rows, columns = np.flatnonzero(lesion.any(axis=1)), np.flatnonzero(lesion.any(axis=0))
    down, across = place.height() / lesion.shape[0], place.width() / lesion.shape[1]
    tall, wide = (rows[-1] + 1 - rows[0]) * down, (columns[-1] + 1 - columns[0]) * across
    if max(tall, wide) >= _SMALL * UNIT:
        return
    middle = QPointF(place.x() + columns[0] * across + wide / 2, place.y() + rows[0] * down + tall / 2)
    reach, arm = _SMALL * UNIT, 6 * UNIT
    path = QPainterPath()
    for right in (-1, 1):
        for low in (-1, 1):
            corner = middle + QPointF(right * reach, low * reach)
            path.moveTo(corner - QPointF(right * arm, 0))
            path.lineTo(corner)
            path.lineTo(corner - QPointF(0, low * arm))
    sheet.painter.strokePath(path, _thin(_CASING, 1.4, Qt.PenStyle.SolidLine))
    sheet.painter.strokePath(path, _thin(LESION, 0.6, Qt.PenStyle.SolidLine))


def _thin(ink: str, width: float, style: Qt.PenStyle) -> QPen:
    line = pen(ink, width, style)
    line.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    return line


def _legend(entries: tuple[tuple[str, Overlay], ...]) -> Block:
    """Return a sample and a name for each overlay, on a dark background as in the picture."""

    def draw(sheet: Sheet, x: float, y: float) -> None:
        for name, overlay in entries:
            sheet.box(x, y + 2, 16, 8, "#3c4046")
            if overlay.opacity:
                tint = QColor(overlay.ink)
                tint.setAlphaF(overlay.opacity)
                sheet.painter.fillRect(rectangle(x, y + 2, 16, 8), tint)
            sheet.painter.setPen(pen(overlay.ink, 0.8, overlay.line))
            sheet.painter.drawLine(QPointF((x + 1) * UNIT, (y + 6) * UNIT), QPointF((x + 15) * UNIT, (y + 6) * UNIT))
            text(name, _LABEL, 100).draw(sheet, x + 20, y)
            x += 20 + text_width(name, _LABEL) + 16

    return Block(_LABEL.leading, draw)


def _scale_bar(given: ReportInput, shown: tuple[float, float], width: float, say: Wording) -> Block:
    """Return the scale bar and its length, right-aligned in `width`, or the text that there is none. It uses the lesion's
    scale; where that does not apply to the whole frame, the region it applies to is named."""
    frame, scale = given.frame, given.frame.scale
    spacing = scale.of(given.mask.pixels) if given.mask.pixels.any() else scale.common
    if not spacing.in_mm:
        bare = spacing.source == NOT_CALIBRATED
        words = say("no scale: not calibrated") if bare else say("no scale for the lesion")
        return Block(
            _LABEL.leading,
            lambda sheet, x, y: text(words, _LABEL, width).draw(sheet, x + width - text_width(words, _LABEL), y),
        )
    length = scale_bar_length(spacing, frame.shape)
    drawn = length * shown[0] / (frame.shape[1] * spacing.column)
    words = f"{length:g} mm"
    if frame.spacing is None and (region := scale.region_of(spacing)):
        words = say("{length} in {region}", length=words, region=say.translate(region))
    label = text_width(words, _LABEL)

    def draw(sheet: Sheet, x: float, y: float) -> None:
        end, start = x + width, x + width - drawn
        sheet.line(start, y + 6, end, y + 6, INK, 1.2)
        for at in (start, end):
            sheet.line(at, y + 3, at, y + 9, INK, 0.6)
        text(words, _LABEL, label + 8).draw(sheet, start - label - 6, y)

    return Block(_LABEL.leading, draw)
