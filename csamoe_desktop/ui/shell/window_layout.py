"""The window's layout: how its columns are built, and how its size, place and folded boxes are restored."""

from collections.abc import Sequence

from PySide6.QtCore import QByteArray, QSettings, QSize, Qt
from PySide6.QtWidgets import QMainWindow, QSplitter, QVBoxLayout, QWidget

from csamoe_desktop import paths
from csamoe_desktop.ui.canvas.canvas import Canvas
from csamoe_desktop.ui.panels.folding import BoxColumn, FoldingBox
from csamoe_desktop.ui.widgets.fitting import Fitted, fit_on_screen

_SIZE = QSize(1440, 900)
_LEFT, _RIGHT = 240, 360
"""Widths of the columns beside the image, in pixels; the right one is wider where a larger font needs it."""

_FORMER_TITLES = {"Assessment": "Own read", "AI result": "AI reading"}
"""What boxes were called when an earlier version stored that they were folded, by their present titles."""


class WindowLook:
    """Restores one window's geometry, columns and folded boxes when it is made, on a screen that exists; saves them again."""

    def __init__(self, window: QMainWindow, splitter: QSplitter, boxes: Sequence[FoldingBox]) -> None:
        self._window = window
        self._splitter = splitter
        self._boxes = tuple(boxes)
        stored = _stored()
        geometry, columns = stored.value("geometry"), stored.value("columns")
        if not isinstance(geometry, QByteArray) or not window.restoreGeometry(geometry):
            window.resize(_SIZE)
        folded = str(stored.value("folded", "")).split("|")
        for box in self._boxes:
            box.fold(box.title in folded or _FORMER_TITLES.get(box.title) in folded)
        fit_on_screen(window)
        Fitted(window)
        right = max(_RIGHT, self._boxes_width)
        splitter.setSizes([_LEFT, max(window.width() - _LEFT - right, 1), right])
        if isinstance(columns, QByteArray):
            splitter.restoreState(columns)

    @property
    def _boxes_width(self) -> int:
        """The width that the boxes need, in pixels."""
        column = self._splitter.widget(2)
        return column.wanted if isinstance(column, BoxColumn) else 0

    def give_room(self) -> None:
        """Widen the right column where the boxes need more width in the current font."""
        left, centre, right = self._splitter.sizes()
        missing = max(self._boxes_width - right, 0)
        self._splitter.setSizes([left, max(centre - missing, 1), right + missing])

    def save(self) -> None:
        """Store the layout for the next start."""
        stored = _stored()
        stored.setValue("geometry", self._window.saveGeometry())
        stored.setValue("columns", self._splitter.saveState())
        stored.setValue("folded", "|".join(box.title for box in self._boxes if box.folded))

    def sum_up(self) -> None:
        """Update the summary line of every folded box."""
        for box in self._boxes:
            if box.folded:
                box.sum_up()


def stacked(*widgets: QWidget, margin: int = 0, spacing: int = 0) -> QWidget:
    """Return a widget that holds `widgets` from top to bottom; a canvas among them takes the height that is left."""
    holder = QWidget()
    holder.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
    column = QVBoxLayout(holder)
    column.setContentsMargins(margin // 2, margin, margin, margin)
    column.setSpacing(spacing)
    for widget in widgets:
        column.addWidget(widget, int(isinstance(widget, Canvas)))
    if not any(isinstance(widget, Canvas) for widget in widgets):
        column.addStretch(1)
    return holder


def _stored() -> QSettings:
    return QSettings(str(paths.user_folder() / "window.ini"), QSettings.Format.IniFormat)
