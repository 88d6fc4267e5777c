"""One view of a lesion as the window "Views of this lesion" shows it, in a column: image and outline, place, reading."""

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
from csamoe_desktop.report.content.sections import Scale
from csamoe_desktop.report.pdf.pictures import as_image
from csamoe_desktop.session.lesion_views import ShownView
from csamoe_desktop.study.model import Frame
from csamoe_desktop.ui.canvas.canvas_notes import ScaleBar
from csamoe_desktop.ui.canvas.overlays import HALO, WHITE, line
from csamoe_desktop.ui.panels.result_bars import CategorySign, ProbabilityScale
from csamoe_desktop.ui.widgets import theme
from csamoe_desktop.ui.widgets.labels import Elided

HIDDEN = "Your own read of this view comes first."
UNREAD = "It has not been read yet."

_COLUMN = theme.GRID * 37
_PICTURE = theme.GRID * 26
_MARGIN = theme.GRID


def extent(frame: Frame, mask: LesionMask) -> tuple[float, float]:
    """Return how high and wide a frame is: in mm where the lesion on it is calibrated, else in widths of a pixel. Its
    proportions are those of the frame as it is shown."""
    (rows, columns), wide = frame.shape, frame.scale.of(mask.pixels).column
    return rows * frame.scale.aspect * wide, columns * wide


class ViewPicture(QWidget):
    """The whole frame with the lesion's outline, white in a dark halo, and the scale bar."""

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
        """Show a frame as large as it, and all the extents `beside` it, go in: at one scale where all of these are in mm."""
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
        """Screen pixels a millimetre of the frame has, or a pixel's width where the lesion is not calibrated."""
        extents = [one for one in self._beside if min(one) > 0]
        if not extents:
            return 1.0
        return min(min(self.height() / high, self.width() / wide) for high, wide in extents)

    def frame_position(self, row: float, column: float) -> QPointF:
        """Return where on the widget the upper left corner of pixel (row, column) is."""
        assert self._frame is not None
        place, (rows, columns) = self._place(), self._frame.shape
        return QPointF(place.left() + column * place.width() / columns, place.top() + row * place.height() / rows)

    def sizeHint(self) -> QSize:
        """Return room for a picture that the outline can be judged on."""
        return QSize(_COLUMN, _PICTURE)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Fit it again."""
        self._place_bar()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint it."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(theme.colours().canvas))
        if self._frame is None:
            return
        place = self._place()
        ratio = self.devicePixelRatioF()
        wide, high = max(round(place.width() * ratio), 1), max(round(place.height() * ratio), 1)
        if self._scaled.size() != QSize(wide, high):
            # Smaller by areas: by single pixels speckle would be other speckle.
            way = cv2.INTER_AREA if wide < self._frame.shape[1] else cv2.INTER_LINEAR
            pixels = np.asarray(cv2.resize(self._frame.pixels, (wide, high), interpolation=way), np.uint8)
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
        """Return where the frame is drawn: in the middle."""
        assert self._frame is not None and self._mask is not None
        high, wide = (side * self.magnification for side in extent(self._frame, self._mask))
        return QRectF((self.width() - wide) / 2, (self.height() - high) / 2, wide, high)

    def _place_bar(self) -> None:
        frame, mask = self._frame, self._mask
        calibrated = frame is not None and mask is not None and frame.scale.of(mask.pixels).in_mm
        self.bar.measure(self.magnification if calibrated else None)
        self.bar.move(self.width() - self.bar.width() - _MARGIN, self.height() - self.bar.height() - _MARGIN)


class ViewColumn:
    """The widgets of one view, put into column `place` of a grid: its rows keep all views' pictures in one line."""

    PICTURE = 3
    """The row that grows."""

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
        self.reading = QWidget()
        self._grid = grid
        head = QWidget()
        top = QHBoxLayout(head)
        top.setContentsMargins(0, 0, 0, 0)
        top.setSpacing(theme.GRID)
        top.addWidget(self.heading)
        top.addWidget(self.where, 1)
        reading = QVBoxLayout(self.reading)
        reading.setContentsMargins(0, 0, 0, 0)
        reading.setSpacing(theme.GRID // 2)
        lead = QHBoxLayout()
        lead.setSpacing(theme.GRID)
        lead.addWidget(self.sign)
        lead.addWidget(self.category, 1)
        lead.addWidget(self.probability)
        reading.addLayout(lead)
        reading.addWidget(self.scale)
        self._widgets = (head, self.name, self.place, self.picture, self.because, self.reading)
        for row, widget in enumerate(self._widgets):
            if widget is self.picture:
                grid.addWidget(widget, row, place)
            else:
                grid.addWidget(widget, row, place, Qt.AlignmentFlag.AlignTop)
        grid.setColumnMinimumWidth(place, _COLUMN)
        grid.setColumnStretch(place, 1)
        self._at = place

    def show_view(
        self, seen: ShownView, called: str, scale: Scale | None, beside: Sequence[tuple[float, float]]
    ) -> None:
        """Show a view by the name it is `called` here, its reading on `scale`: none where there is none to be seen."""
        description = seen.description
        self.heading.setText(called)
        self.where.setText(seen.where)
        self.where.setToolTip(f"<p>{escape(seen.where)}</p>")
        self.name.setText(breakable(description.title(seen.number)))
        lies = filter(None, (description.place(), f"{description.view} view" if description.view else ""))
        self.place.setText(_sentence(" · ".join(lies)))
        self.picture.setAccessibleName(f"{called}: {description.title(seen.number)}")
        self.picture.show_frame(seen.frame, seen.mask, beside)
        ai_result = seen.shown
        there = ai_result is not None and scale is not None
        self.reading.setVisible(there)
        if ai_result is not None and scale is not None:
            self.sign.show_category(ai_result.category)
            self.category.setText(ai_result.category.value.capitalize())
            self.probability.setText(scale.probability_words)
            self.scale.show_scale(scale)
        else:
            forget(self.category, self.probability, self.sign, self.scale)
        # A reading that no longer holds is there, greyed, until the next one.
        self.reading.setEnabled(seen.holds is not None)
        said = HIDDEN if seen.hidden else seen.because or ("" if there else UNREAD)
        self.because.setText(said)
        self.because.setVisible(bool(said))
        theme.set_role(self.because, "attention" if seen.because and not seen.hidden else "muted")

    def remove(self) -> None:
        """Take it out of the grid: the view is no more."""
        for widget in self._widgets:
            self._grid.removeWidget(widget)
            widget.hide()
            widget.deleteLater()
        self._grid.setColumnMinimumWidth(self._at, 0)
        self._grid.setColumnStretch(self._at, 0)


def forget(*hidden: QWidget) -> None:
    """Take away what hidden widgets last said, also to a screen reader."""
    for widget in hidden:
        widget.setAccessibleName("")
        if isinstance(widget, QLabel):
            widget.clear()


def breakable(text: str) -> str:
    """Return `text` with places where a line may end inside its long words: a label breaks none."""
    return " ".join("\u200b".join(word) if len(word) > 16 else word for word in text.split(" "))


def _path(mask: "np.ndarray[tuple[int, int], np.dtype[np.bool_]]") -> QPainterPath:
    path = QPainterPath()
    for points in outlines(mask, smooth=True):
        one = pg.arrayToQPath(*points.astype(np.float64).T, finiteCheck=False)
        one.closeSubpath()
        path.addPath(one)
    return path


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:]
