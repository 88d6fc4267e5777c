"""The drawings of the result panel: the category's sign, the probability on its scale, and the bars of the gate shares."""

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QBrush, QColor, QFontMetricsF, QPainter, QPaintEvent, QPalette, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from csamoe_desktop.assess import Category
from csamoe_desktop.report.content.blocks import GateShare, ProbabilityMarks
from csamoe_desktop.ui.widgets import theme

_FILLED = {Category.LIKELY_BENIGN: 0, Category.INDETERMINATE: 180, Category.SUSPICIOUS: 360}
"""Filled degrees of the sign's circle: a category is shown by shape, never by colour alone."""
_GATE, _WITHOUT = "gate", "without it"
"""Headings of the two number columns beside the bars."""


class _Drawn(QWidget):
    """A widget of fixed height that draws itself, greyed when the result is outdated (widget disabled)."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def _ink(self, colour: str) -> QColor:
        return QColor(colour if self.isEnabled() else theme.colours().disabled)

    def _text(self) -> QColor:
        return self.palette().color(QPalette.ColorRole.WindowText)


class CategorySign(_Drawn):
    """A circle: empty for likely benign, half for indeterminate, full for suspicious."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._category: Category | None = None
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def show_category(self, category: Category) -> None:
        """Draw the sign of a category."""
        self._category = category
        self.setAccessibleName(category.value)
        self.update()

    def sizeHint(self) -> QSize:
        """Return a square slightly higher than a line of text."""
        side = round(self.fontMetrics().height() * 1.2)
        return QSize(side, side)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the sign."""
        if self._category is None:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        side = min(self.width(), self.height())
        circle = QRectF(2, 2, side - 4, side - 4)
        ink = self._ink(theme.colours().text)
        painter.setPen(QPen(ink, 2))
        painter.drawEllipse(circle)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(ink)
        painter.drawPie(circle, 90 * 16, _FILLED[self._category] * 16)


class ProbabilityScale(_Drawn):
    """The scale from 0 to 1: a tick and a number at each threshold, a mark at the probability, its range where known."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._scale: ProbabilityMarks | None = None

    def show_scale(self, scale: ProbabilityMarks) -> None:
        """Draw a probability and its thresholds."""
        self._scale = scale
        self.setAccessibleName(
            f"Probability {scale.probability_words}; likely benign below {scale.benign_below_words}, "
            f"suspicious from {scale.suspicious_from_words}"
            + (f"; {scale.reach_words} with other outlines" if scale.reach_words else "")
        )
        self.update()

    def sizeHint(self) -> QSize:
        """Return room for the mark, the bar and the numbers."""
        return QSize(200, self.fontMetrics().height() + theme.GRID * 4)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the scale."""
        scale = self._scale
        if scale is None:
            return
        chosen = theme.colours()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        metrics = QFontMetricsF(self.font())
        left, wide = float(theme.GRID), self.width() - 2 * theme.GRID
        bar = QRectF(left, theme.GRID * 1.5, wide, theme.GRID)
        painter.setPen(QPen(QColor(chosen.border), 1))
        painter.setBrush(QColor(chosen.field))
        painter.drawRoundedRect(bar, 3, 3)
        between = QRectF(
            left + wide * scale.benign_below,
            bar.top(),
            wide * (scale.suspicious_from - scale.benign_below),
            bar.height(),
        )
        painter.fillRect(between, QColor(chosen.raised))
        numbers = bar.bottom() + theme.GRID / 2 + metrics.ascent() + 2
        taken: list[tuple[float, float]] = []
        painter.setPen(QPen(QColor(chosen.muted), 1.5))
        for at in (scale.benign_below, scale.suspicious_from):
            x = left + wide * at
            painter.drawLine(QPointF(x, bar.top() - 3), QPointF(x, bar.bottom() + 4))
        # Place the thresholds' numbers first: 0 and 1 are dropped where there is no room.
        for at, words in (
            (scale.benign_below, scale.benign_below_words),
            (scale.suspicious_from, scale.suspicious_from_words),
            (0.0, "0"),
            (1.0, "1"),
        ):
            across = metrics.horizontalAdvance(words)
            start = min(max(left + wide * at - across / 2, 0.0), self.width() - across)
            if taken and any(start < end + 4 and begin < start + across + 4 for begin, end in taken):
                if at in (0.0, 1.0):
                    continue
                start = max(end for begin, end in taken) + 6
            taken.append((start, start + across))
            painter.setPen(self._ink(chosen.muted))
            painter.drawText(QPointF(start, numbers), words)
        x = left + wide * min(max(scale.probability, 0.0), 1.0)
        middle = bar.center().y()
        if scale.reach is not None:
            ends = [left + wide * min(max(end, 0.0), 1.0) for end in scale.reach]
            painter.setPen(QPen(self._ink(chosen.accent), 3, Qt.PenStyle.SolidLine, Qt.PenCapStyle.FlatCap))
            painter.drawLine(QPointF(ends[0], middle), QPointF(ends[1], middle))
            painter.setPen(QPen(self._ink(chosen.accent), 2))
            for end in ends:
                painter.drawLine(QPointF(end, middle - 5), QPointF(end, middle + 5))
        painter.setPen(QPen(QColor(chosen.panel), 2))
        painter.setBrush(self._ink(chosen.accent))
        painter.drawEllipse(QPointF(x, middle), 7, 7)


class GateBars(_Drawn):
    """One bar per expert: its name, its gate share as a bar and in percent, and, once known, how the probability changes
    without the expert."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._gates: tuple[GateShare, ...] = ()

    def show_gates(self, gates: tuple[GateShare, ...]) -> None:
        """Draw these gate shares."""
        self._gates = gates
        shares = (
            f"{gate.expert} {gate.words}" + (f", without it {gate.left_out}" if gate.left_out else "") for gate in gates
        )
        self.setAccessibleName(f"Gate shares: {', '.join(shares)}")
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        """Return room for the bars."""
        return QSize(200, max(len(self._gates), 1) * self._line() + self._heading())

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the bars."""
        chosen = theme.colours()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        metrics = self.fontMetrics()
        names = max((metrics.horizontalAdvance(gate.expert) for gate in self._gates), default=0) + theme.GRID * 3 // 2
        numbers = metrics.horizontalAdvance("100 %") + theme.GRID
        changes = metrics.horizontalAdvance(_WITHOUT) + theme.GRID if self._heading() else 0
        if changes:
            painter.setPen(self._ink(chosen.muted))
            heading = QRectF(0, 0, self.width(), self._heading())
            painter.drawText(heading, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, _WITHOUT)
            painter.drawText(
                heading.adjusted(0, 0, -changes, 0), Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, _GATE
            )
        inks = {"Tumour core": chosen.core, "Boundary": chosen.boundary}
        patterns = {"Tumour core": Qt.BrushStyle.SolidPattern, "Boundary": Qt.BrushStyle.BDiagPattern}
        for place, gate in enumerate(self._gates):
            top = self._heading() + place * self._line()
            line = QRectF(0, top, self.width(), self._line())
            painter.setPen(self._text())
            painter.drawText(line, Qt.AlignmentFlag.AlignVCenter, gate.expert)
            right = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight
            painter.drawText(line.adjusted(0, 0, -changes, 0), right, gate.words)
            painter.drawText(line, right, gate.left_out.replace("-", "−"))
            across = self.width() - names - numbers - changes
            bar = QRectF(names, top + self._line() * 0.25, across, self._line() * 0.5)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(chosen.field))
            painter.drawRoundedRect(bar, 2, 2)
            ink = self._ink(inks.get(gate.expert, chosen.lesion))
            share = QRectF(bar.left(), bar.top(), max(bar.width() * gate.share, 2), bar.height())
            painter.setBrush(QBrush(ink, patterns.get(gate.expert, Qt.BrushStyle.SolidPattern)))
            painter.setPen(QPen(ink, 1))
            painter.drawRect(share)

    def _heading(self) -> int:
        """Return the height of the column headings; a single column has none."""
        return self._line() if any(gate.left_out for gate in self._gates) else 0

    def _line(self) -> int:
        return self.fontMetrics().height() + theme.GRID // 2
