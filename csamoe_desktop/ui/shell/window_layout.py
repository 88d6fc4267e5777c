"""How the window was left, and is found again: its size and place, its columns, and which boxes are folded."""

from collections.abc import Sequence

from PySide6.QtCore import QByteArray, QSettings, QSize
from PySide6.QtWidgets import QMainWindow, QSplitter

from csamoe_desktop import paths
from csamoe_desktop.ui.panels.folding import Box, BoxColumn
from csamoe_desktop.ui.widgets.fitting import Fitted, fit_on_screen

_SIZE = QSize(1440, 900)
_LEFT, _RIGHT = 240, 360
"""The columns beside the image, at least in the usual type."""


class WindowLook:
    """The look of one window; it is found again when this is made, on a screen that there is, and no larger than that."""

    def __init__(self, window: QMainWindow, splitter: QSplitter, boxes: Sequence[Box]) -> None:
        self._window = window
        self._splitter = splitter
        self._boxes = tuple(boxes)
        stored = _stored()
        geometry, columns = stored.value("geometry"), stored.value("columns")
        if not isinstance(geometry, QByteArray) or not window.restoreGeometry(geometry):
            window.resize(_SIZE)
        folded = str(stored.value("folded", "")).split("|")
        for box in self._boxes:
            box.fold(box.title in folded)
        fit_on_screen(window)
        Fitted(window)
        right = max(_RIGHT, self._wanted)
        splitter.setSizes([_LEFT, max(window.width() - _LEFT - right, 1), right])
        if isinstance(columns, QByteArray):
            splitter.restoreState(columns)

    @property
    def _wanted(self) -> int:
        """The width that the boxes need."""
        column = self._splitter.widget(2)
        return column.wanted if isinstance(column, BoxColumn) else 0

    def give_room(self) -> None:
        """Give the boxes the width that they need in the type in use, where they have less."""
        left, centre, right = self._splitter.sizes()
        more = max(self._wanted - right, 0)
        self._splitter.setSizes([left, max(centre - more, 1), right + more])

    def save(self) -> None:
        """Keep it for the next start."""
        stored = _stored()
        stored.setValue("geometry", self._window.saveGeometry())
        stored.setValue("columns", self._splitter.saveState())
        stored.setValue("folded", "|".join(box.title for box in self._boxes if box.folded))

    def sum_up(self) -> None:
        """Let folded boxes say what there is now."""
        for box in self._boxes:
            if box.folded:
                box.sum_up()


def _stored() -> QSettings:
    return QSettings(str(paths.user_folder() / "window.ini"), QSettings.Format.IniFormat)
