"""One column of the window "Views of this lesion": a view's image with the outline, its location and its AI result."""

from collections.abc import Sequence
from html import escape

import cv2
import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPaintEvent, QPixmap, QResizeEvent
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from csamoe_desktop.lesion.mask import LesionMask
from csamoe_desktop.lesion.outline import outlines
from csamoe_desktop.report.content.blocks import ProbabilityMarks
from csamoe_desktop.report.pdf.pictures import as_image
from csamoe_desktop.session.lesion_views import ShownView
from csamoe_desktop.study.model import Frame
from csamoe_desktop.ui.canvas.canvas_notes import ScaleBar
from csamoe_desktop.ui.canvas.overlays import HALO, WHITE, line
from csamoe_desktop.ui.panels.result_bars import CategorySign, ProbabilityScale
from csamoe_desktop.ui.widgets import theme
from csamoe_desktop.ui.widgets.labels import Elided

HIDDEN = "Give your assessment of this view first."
UNREAD = "It has no AI result yet."

_COLUMN = theme.GRID * 37
_PICTURE = theme.GRID * 26
_MARGIN = theme.GRID


def extent(frame: Frame, mask: LesionMask) -> tuple[float, float]:
    """Return the height and width of a frame, in mm where the lesion on it is calibrated, else in pixel widths.

    The proportions are those of the displayed frame.
    """
    (rows, columns), wide = frame.shape, frame.scale.of(mask.pixels).column
    return rows * frame.scale.aspect * wide, columns * wide


class ViewPicture(QWidget):
    """The whole frame with the lesion's outline (white with a dark halo) and the scale bar."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._frame: Frame | None = None
        self._mask: LesionMask | None = None
        self._beside: tuple[tuple[float, float], ...] = ()
        self._scaled = QPixmap()
        self._paths: list[QPainterPath] = []
        self.bar = ScaleBar(self)
        self.setMinimumSize(_PICTURE, _PICTURE)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def show_frame(self, frame: Frame, mask: LesionMask, beside: Sequence[tuple[float, float]]) -> None:
        """Show a frame as large as fits with all extents in `beside`; where all are in mm, pictures share one scale."""
        if (frame, mask, tuple(beside)) == (self._frame, self._mask, self._beside):
            return
        if frame is not self._frame:
            self._scaled = QPixmap()
        self._frame, self._mask, self._beside = frame, mask, tuple(beside)
        self._paths = [_path(mask.pixels)]
        self._place_bar()
        self.update()

    @property
    def magnification(self) -> float:
        """Screen pixels per millimetre of the frame, or per pixel width where the lesion is not calibrated."""
        extents = [size for size in self._beside if min(size) > 0]
        if not extents:
            return 1.0
        return min(min(self.height() / high, self.width() / wide) for high, wide in extents)

    def frame_position(self, row: float, column: float) -> QPointF:
        """Return the position on the widget of the upper left corner of pixel (row, column)."""
        assert self._frame is not None
        place, (rows, columns) = self._place(), self._frame.shape
        return QPointF(place.left() + column * place.width() / columns, place.top() + row * place.height() / rows)

    def sizeHint(self) -> QSize:
        """Return a size at which the outline can be judged."""
        return QSize(_COLUMN, _PICTURE)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Place the scale bar for the new size."""
        self._place_bar()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the frame and the outline."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(theme.colours().canvas))
        if self._frame is None:
            return
        place = self._place()
        ratio = self.devicePixelRatioF()
        wide, high = max(round(place.width() * ratio), 1), max(round(place.height() * ratio), 1)
        if self._scaled.size() != QSize(wide, high):
            # Shrink by area averages: sampling single pixels would change the speckle.
            interpolation = cv2.INTER_AREA if wide < self._frame.shape[1] else cv2.INTER_LINEAR
            pixels = np.asarray(cv2.resize(self._frame.pixels, (wide, high), interpolation=interpolation), np.uint8)
            self._scaled = QPixmap.fromImage(as_image(pixels))
        painter.drawPixmap(place, self._scaled, QRectF(self._scaled.rect()))
        rows, columns = self._frame.shape
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setClipRect(place)
        painter.translate(place.topLeft())
        painter.scale(place.width() / columns, place.height() / rows)
        for pen in (line(HALO, 4), line(WHITE, 2)):
            pen.setCosmetic(True)
            pen.setWidthF(pen.widthF() * ratio)
            painter.setPen(pen)
            for path in self._paths:
                painter.drawPath(path)

    def _place(self) -> QRectF:
        """Return the rectangle in which the frame is drawn, centred."""
        assert self._frame is not None and self._mask is not None
        high, wide = (side * self.magnification for side in extent(self._frame, self._mask))
        return QRectF((self.width() - wide) / 2, (self.height() - high) / 2, wide, high)

    def _place_bar(self) -> None:
        frame, mask = self._frame, self._mask
        calibrated = frame is not None and mask is not None and frame.scale.of(mask.pixels).in_mm
        self.bar.measure(self.magnification if calibrated else None)
        self.bar.move(self.width() - self.bar.width() - _MARGIN, self.height() - self.bar.height() - _MARGIN)


class ViewColumn:
    """The widgets of one view, in column `place` of a grid whose rows align the views' pictures."""

    PICTURE = 3
    """The row that takes the spare height."""

    def __init__(self, grid: QGridLayout, place: int) -> None:
        self.heading = theme.label(role="heading")
        self.where = Elided()
        theme.set_role(self.where, "muted")
        self.name = theme.label(wrap=True)
        self.name.setStyleSheet("font-weight: 600")
        self.place = theme.label(role="muted", wrap=True)
        self.picture = ViewPicture()
        self.because = theme.label(wrap=True)
        self.sign = CategorySign()
        self.category = theme.label(role="figure")
        self.probability = theme.label(role="figure")
        self.scale = ProbabilityScale()
        self.result = QWidget()
        self._grid = grid
        head = QWidget()
        top = QHBoxLayout(head)
        top.setContentsMargins(0, 0, 0, 0)
        top.setSpacing(theme.GRID)
        top.addWidget(self.heading)
        top.addWidget(self.where, 1)
        result = QVBoxLayout(self.result)
        result.setContentsMargins(0, 0, 0, 0)
        result.setSpacing(theme.GRID // 2)
        lead = QHBoxLayout()
        lead.setSpacing(theme.GRID)
        lead.addWidget(self.sign)
        lead.addWidget(self.category, 1)
        lead.addWidget(self.probability)
        result.addLayout(lead)
        result.addWidget(self.scale)
        self._widgets = (head, self.name, self.place, self.picture, self.because, self.result)
        for row, widget in enumerate(self._widgets):
            if widget is self.picture:
                grid.addWidget(widget, row, place)
            else:
                grid.addWidget(widget, row, place, Qt.AlignmentFlag.AlignTop)
        grid.setColumnMinimumWidth(place, _COLUMN)
        grid.setColumnStretch(place, 1)
        self._at = place

    def show_view(
        self, seen: ShownView, called: str, scale: ProbabilityMarks | None, beside: Sequence[tuple[float, float]]
    ) -> None:
        """Show a view under the name `called`, with its AI result on `scale` if there is one to show."""
        description = seen.description
        self.heading.setText(called)
        self.where.setText(seen.where)
        self.where.setToolTip(f"<p>{escape(seen.where)}</p>")
        self.name.setText(breakable(description.title(seen.number)))
        location = filter(None, (description.place(), f"{description.view} view" if description.view else ""))
        self.place.setText(_sentence(" · ".join(location)))
        self.picture.setAccessibleName(f"{called}: {description.title(seen.number)}")
        self.picture.show_frame(seen.frame, seen.mask, beside)
        ai_result = seen.shown
        has_result = ai_result is not None and scale is not None
        self.result.setVisible(has_result)
        if ai_result is not None and scale is not None:
            self.sign.show_category(ai_result.category)
            self.category.setText(ai_result.category.value.capitalize())
            self.probability.setText(scale.probability_words)
            self.scale.show_scale(scale)
        else:
            forget(self.category, self.probability, self.sign, self.scale)
        # An outdated AI result stays, greyed, until the next one.
        self.result.setEnabled(seen.holds is not None)
        note = HIDDEN if seen.hidden else seen.because or ("" if has_result else UNREAD)
        self.because.setText(note)
        self.because.setVisible(bool(note))
        theme.set_role(self.because, "attention" if seen.because and not seen.hidden else "muted")

    def remove(self) -> None:
        """Remove the widgets from the grid, because the view no longer exists."""
        for widget in self._widgets:
            self._grid.removeWidget(widget)
            widget.hide()
            widget.deleteLater()
        self._grid.setColumnMinimumWidth(self._at, 0)
        self._grid.setColumnStretch(self._at, 0)


def forget(*hidden: QWidget) -> None:
    """Clear the texts of hidden widgets, which a screen reader may still read."""
    for widget in hidden:
        widget.setAccessibleName("")
        if isinstance(widget, QLabel):
            widget.clear()


def breakable(text: str) -> str:
    """Return `text` with break opportunities inside long words, which a label does not break by itself."""
    return " ".join("\u200b".join(word) if len(word) > 16 else word for word in text.split(" "))


def _path(mask: "np.ndarray[tuple[int, int], np.dtype[np.bool_]]") -> QPainterPath:
    path = QPainterPath()
    for points in outlines(mask, smooth=True):
        piece = pg.arrayToQPath(*points.astype(np.float64).T, finiteCheck=False)
        piece.closeSubpath()
        path.addPath(piece)
    return path


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:]
