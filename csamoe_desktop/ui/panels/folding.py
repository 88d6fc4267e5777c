"""The boxes of the right column: each can be collapsed to its heading and one line, to make room for the others."""

from PySide6.QtCore import QSize, Qt, QTimer
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QToolButton, QVBoxLayout, QWidget

from csamoe_desktop.ui.widgets import theme
from csamoe_desktop.ui.widgets.labels import Elided

_WIDEST = 0.45
"""Largest share of the window's width that the column takes by default."""


class Strip(QFrame):
    """A collapsed box: its title and one line."""

    def __init__(self, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "box")
        self.line = Elided()
        self.line.setTextFormat(Qt.TextFormat.PlainText)
        self.button = _arrow(Qt.ArrowType.RightArrow, f"Expand {title}")
        row = QHBoxLayout(self)
        row.setContentsMargins(theme.GRID * 3 // 2, theme.GRID, theme.GRID * 3 // 2, theme.GRID)
        row.addWidget(self.button)
        row.addWidget(theme.label(title, "heading"))
        row.addWidget(self.line, 1)
        self.hide()


class FoldingBox(QFrame):
    """A titled box; `column` holds its contents, `heading` the buttons beside the title.

    When collapsed, `strip` replaces it; the layout that holds the box must place `strip` before it.
    """

    def __init__(self, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "box")
        self.setAccessibleName(title)
        self.title = title
        self.strip = Strip(title)
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(theme.GRID * 3 // 2, theme.GRID, theme.GRID * 3 // 2, theme.GRID * 3 // 2)
        self.column.setSpacing(theme.GRID // 2)
        self.fold_button = _arrow(Qt.ArrowType.DownArrow, f"Collapse {title}")
        self.heading = QHBoxLayout()
        self.heading.addWidget(self.fold_button)
        self.heading.addWidget(theme.label(title, "heading"), 1)
        self.column.addLayout(self.heading)
        self.fold_button.clicked.connect(lambda: self.fold(True))
        self.strip.button.clicked.connect(lambda: self.fold(False))

    @property
    def folded(self) -> bool:
        """Whether only the title and one line are shown."""
        return not self.strip.isHidden()

    def summary(self) -> str:
        """Return the box's content in one line, shown while it is collapsed."""
        return ""

    def fold(self, folded: bool) -> None:
        """Collapse the box to one line, or expand it."""
        self.setVisible(not folded)
        self.strip.setVisible(folded)
        self.sum_up()

    def sum_up(self) -> None:
        """Update the one line."""
        self.strip.line.setText(self.summary())
        self.strip.line.setToolTip(self.strip.line.text())


class BoxColumn(QScrollArea):
    """The boxes, one below the other; scrolled where the window is too small for them."""

    def __init__(self, boxes: QWidget, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._held = boxes
        self.setWidget(boxes)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._shown_from: QWidget | None = None
        self._left_at = 0
        self.verticalScrollBar().rangeChanged.connect(lambda least, most: self._follow())

    def minimumSizeHint(self) -> QSize:
        """Return the size on a small screen; the rest scrolls."""
        return QSize(theme.GRID * 37, theme.GRID * 12)

    @property
    def wanted(self) -> int:
        """The width at which nothing scrolls sideways, limited to the column's share of the window."""
        held = self._held.minimumSizeHint().width() + self.verticalScrollBar().sizeHint().width()
        return max(self.minimumSizeHint().width(), min(held, round(_WIDEST * self.window().width())))

    def show_from(self, box: QWidget) -> None:
        """Scroll a box to the top, or as near as possible, and keep it there while the layout changes and the box grows,
        until something else scrolls the column."""
        self._shown_from, self._left_at = box, self.verticalScrollBar().value()
        QTimer.singleShot(0, box, self._follow)

    def show_top(self) -> None:
        """Scroll to the first box."""
        self._shown_from = None
        self.verticalScrollBar().setValue(0)

    def _follow(self) -> None:
        bar, box = self.verticalScrollBar(), self._shown_from
        if box is None or not box.isVisible() or bar.value() != self._left_at:
            self._shown_from = None
            return
        bar.setValue(box.y())
        self._left_at = bar.value()


def _arrow(direction: Qt.ArrowType, tooltip: str) -> QToolButton:
    button = QToolButton()
    button.setArrowType(direction)
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    button.setProperty("role", "fold")
    button.setToolTip(tooltip)
    button.setAccessibleName(tooltip)
    return button
