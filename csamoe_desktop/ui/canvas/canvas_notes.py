"""Legend, scale bar and short notes, which keep their place on the canvas while the image moves."""

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QBrush, QColor, QFont, QFontMetrics, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from csamoe_desktop.ui.canvas.overlays import BOUNDARY, CORE, GREY, HALO, WHITE, Look

TEXT = QColor("#E6E6E6")
_PANEL = QColor(17, 17, 17, 190)
GRID = 8


class CanvasNote(QWidget):
    """A widget over the image that ignores the mouse and fits its size to its content."""

    def __init__(self, canvas: QWidget) -> None:
        super().__init__(canvas)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.hide()

    def _panel(self, painter: QPainter) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(_PANEL)
        painter.drawRoundedRect(QRectF(self.rect()), 4, 4)


class TextNote(CanvasNote):
    """A note that shows a text, and is hidden without one."""

    def __init__(self, canvas: QWidget) -> None:
        super().__init__(canvas)
        self._text = ""

    @property
    def text(self) -> str:
        """The text shown."""
        return self._text

    def set_text(self, text: str) -> None:
        """Show another text; an empty text hides the note."""
        if text == self._text:
            return
        self._text = text
        self.setAccessibleName(text)
        self.adjustSize()
        self.setVisible(bool(text))
        self.update()


class Note(TextNote):
    """One line of text, such as what to do when nothing is open."""

    def __init__(self, canvas: QWidget, enlarged: float = 1.0, panel: bool = True) -> None:
        super().__init__(canvas)
        self._enlarged, self._has_panel = enlarged, panel

    def sizeHint(self) -> QSize:
        """Return the size of the line, with a margin."""
        metrics = QFontMetrics(self._font())
        return QSize(metrics.horizontalAdvance(self._text) + 3 * GRID, metrics.height() + GRID)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the text."""
        painter = QPainter(self)
        if self._has_panel:
            self._panel(painter)
        painter.setFont(self._font())
        painter.setPen(TEXT if self._has_panel else GREY)
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, self._text)

    def _font(self) -> QFont:
        font = QFont(self.font())
        font.setPointSizeF(font.pointSizeF() * self._enlarged)
        return font


class Legend(CanvasNote):
    """Explains the lines and tints that are on the image now."""

    def __init__(self, canvas: QWidget) -> None:
        super().__init__(canvas)
        self._entries: tuple[str, ...] = ()
        self._outdated = False
        self._lesion = WHITE

    @property
    def lesion(self) -> QColor:
        """The colour of the lesion's outline."""
        return self._lesion

    @property
    def entries(self) -> tuple[str, ...]:
        """The names listed: lesion, core, boundary."""
        return self._entries

    def explain(self, entries: Sequence[str], outdated: bool, lesion: QColor = WHITE) -> None:
        """List these names; an empty list hides the legend.

        `outdated`: core and boundary belong to an earlier outline. `lesion`: the colour of the lesion's outline.
        """
        if (tuple(entries), outdated, lesion) == (self._entries, self._outdated, self._lesion):
            return
        self._entries, self._outdated, self._lesion = tuple(entries), outdated, lesion
        self.adjustSize()
        self.setVisible(bool(entries))
        self.update()

    def sizeHint(self) -> QSize:
        """Return the size of the entries, with a margin."""
        metrics = self.fontMetrics()
        widest = max((metrics.horizontalAdvance(self._label(name)) for name in self._entries), default=0)
        return QSize(widest + self._swatch() + 4 * GRID, len(self._entries) * self._line() + GRID)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the entries."""
        painter = QPainter(self)
        self._panel(painter)
        for index, name in enumerate(self._entries):
            top = GRID // 2 + index * self._line()
            swatch = QRectF(GRID * 1.5, top + self._line() * 0.2, self._swatch(), self._line() * 0.6)
            if name == "lesion":
                for pen in (QPen(HALO, 4), QPen(self._lesion, 2)):
                    painter.setPen(pen)
                    painter.drawLine(
                        QPointF(swatch.left(), swatch.center().y()), QPointF(swatch.right(), swatch.center().y())
                    )
            else:
                self._area(painter, swatch, CORE if name == "core" else BOUNDARY)
            painter.setPen(TEXT)
            area = QRect(round(swatch.right()) + GRID, top, self.width(), self._line())
            painter.drawText(area, Qt.AlignmentFlag.AlignVCenter, self._label(name))

    def _area(self, painter: QPainter, swatch: QRectF, look: Look) -> None:
        painter.setPen(Qt.PenStyle.NoPen)
        if not self._outdated:
            ratio = self.devicePixelRatioF()
            tile = look.tile(0.55, ratio)
            tile.setDevicePixelRatio(ratio)
            painter.fillRect(swatch, QBrush(tile))
        pen = QPen(GREY if self._outdated else look.colour, 1.5)
        pen.setDashPattern(list(look.dashes))
        painter.setPen(pen)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(swatch)

    def _label(self, name: str) -> str:
        label = name.capitalize()
        return f"{label} (earlier outline)" if self._outdated and name != "lesion" else label

    def _line(self) -> int:
        return self.fontMetrics().height() + GRID // 2

    def _swatch(self) -> int:
        return 3 * GRID


class ScaleBar(CanvasNote):
    """A bar of a round number of millimetres."""

    def __init__(self, canvas: QWidget) -> None:
        super().__init__(canvas)
        self._millimetres = 0.0
        self._length = 0.0

    @property
    def text(self) -> str:
        """The length the bar stands for, such as "10 mm"."""
        return f"{self._millimetres:g} mm"

    @property
    def length(self) -> float:
        """The length of the bar in screen pixels."""
        return self._length

    def measure(self, pixels_per_millimetre: float | None) -> None:
        """Show the largest length of 1, 2 or 5 x 10^n mm that is at most 160 screen pixels; None hides the bar."""
        self.setVisible(pixels_per_millimetre is not None)
        if pixels_per_millimetre is None:
            return
        longest = 160 / pixels_per_millimetre
        steps = (digit * 10.0**power for power in range(-4, 6) for digit in (1, 2, 5))
        self._millimetres = max((step for step in steps if step <= longest), default=1e-4)
        self._length = self._millimetres * pixels_per_millimetre
        self.adjustSize()
        self.update()

    def sizeHint(self) -> QSize:
        """Return the size of bar and text, with a margin."""
        metrics = self.fontMetrics()
        width = max(self._length, metrics.horizontalAdvance(self.text))
        return QSize(round(width) + 2 * GRID, metrics.height() + 2 * GRID)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the bar and its length."""
        painter = QPainter(self)
        self._panel(painter)
        painter.setPen(TEXT)
        painter.drawText(self.rect().adjusted(0, GRID // 2, 0, 0), Qt.AlignmentFlag.AlignHCenter, self.text)
        left, right = (self.width() - self._length) / 2, (self.width() + self._length) / 2
        bottom = self.height() - GRID + 0.5
        painter.setPen(QPen(TEXT, 1.5, Qt.PenStyle.SolidLine, Qt.PenCapStyle.FlatCap))
        painter.drawLine(QPointF(left, bottom), QPointF(right, bottom))
        for end in (left, right):
            painter.drawLine(QPointF(end, bottom - 4), QPointF(end, bottom + 1))
