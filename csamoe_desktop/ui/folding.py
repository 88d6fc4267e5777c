"""The boxes of the right column: each folds to its heading and one line, so that the others are seen without scrolling."""

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QToolButton, QVBoxLayout, QWidget

from csamoe_desktop.ui import theme
from csamoe_desktop.ui.status_bar import Elided

_WIDEST = 0.45
"""Of the window, at most, that the column takes by itself."""


class Box(QFrame):
    """A titled box; `column` takes its contents, `heading` what stands beside the title."""

    def __init__(self, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "box")
        self.setAccessibleName(title)
        self.title = title
        outer = QVBoxLayout(self)
        outer.setContentsMargins(theme.GRID * 3 // 2, theme.GRID, theme.GRID * 3 // 2, theme.GRID * 3 // 2)
        outer.setSpacing(theme.GRID // 2)
        self._body = QWidget()
        self.column = QVBoxLayout(self._body)
        self.column.setContentsMargins(0, 0, 0, 0)
        self.column.setSpacing(theme.GRID // 2)
        self.fold_button = QToolButton()
        self.fold_button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.fold_button.setProperty("role", "fold")
        self.fold_button.clicked.connect(lambda: self.fold(not self.folded))
        self._line = Elided()
        self._line.setTextFormat(Qt.TextFormat.PlainText)
        self.heading = QHBoxLayout()
        self.heading.addWidget(self.fold_button)
        self.heading.addWidget(theme.label(title, "heading"), 0)
        self.heading.addWidget(self._line, 1)
        outer.addLayout(self.heading)
        outer.addWidget(self._body)
        self.fold(False)

    @property
    def folded(self) -> bool:
        """Whether only the heading and one line are shown."""
        return self._body.isHidden()

    def summary(self) -> str:
        """Return in one line what the box says, for while it is folded."""
        return ""

    def fold(self, folded: bool) -> None:
        """Fold the box to one line, or open it."""
        self._body.setVisible(not folded)
        self.fold_button.setArrowType(Qt.ArrowType.RightArrow if folded else Qt.ArrowType.DownArrow)
        told = f"Open {self.title}" if folded else f"Fold {self.title} to one line"
        self.fold_button.setToolTip(told)
        self.fold_button.setAccessibleName(told)
        self.sum_up()

    def sum_up(self) -> None:
        """Say in the one line what there is now."""
        self._line.setText(self.summary() if self.folded else "")
        self._line.setToolTip(self._line.text())


class BoxColumn(QScrollArea):
    """The boxes, one below the other; scrolled where the window is too low or, in large type, too narrow for them."""

    def __init__(self, boxes: QWidget, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._held = boxes
        self.setWidget(boxes)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)

    def minimumSizeHint(self) -> QSize:
        """Return what is left to it on a small screen: the rest is scrolled."""
        return QSize(theme.GRID * 37, theme.GRID * 12)

    @property
    def wanted(self) -> int:
        """The width at which nothing is scrolled sideways, or what of the window's it may have."""
        held = self._held.minimumSizeHint().width() + self.verticalScrollBar().sizeHint().width()
        return max(self.minimumSizeHint().width(), min(held, round(_WIDEST * self.window().width())))
