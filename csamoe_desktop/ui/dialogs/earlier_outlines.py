"""The dialog on the outlines of the image in view that had to make way for others: see them, and bring one back."""

from datetime import datetime

import numpy as np
from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QIcon, QImage, QPixmap
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from csamoe_desktop.session.session import Session
from csamoe_desktop.store.earlier import EarlierOutline
from csamoe_desktop.ui.widgets import theme

_PICTURE = 96
_WIDTH, _HEIGHT = 560, 360


class EarlierOutlinesDialog(QDialog):
    """Lists them, the newest first; what is chosen is added as a further lesion, and nothing is replaced."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        """Ask the store.

        Raises:
            UserError: it cannot be read.
        """
        super().__init__(parent)
        self._session = session
        self._shape = None if session.frame is None else session.frame.shape
        self._found = session.lesions.earlier_outlines()
        self.setWindowTitle("Earlier outlines")
        self.list = QListWidget()
        self.list.setAccessibleName("Earlier outlines of this image")
        self.list.setIconSize(QSize(_PICTURE, _PICTURE))
        self.list.setAlternatingRowColors(True)
        for one in self._found:
            item = QListWidgetItem(_picture(one), _words(one))
            if (one.kept.rows, one.kept.columns) != self._shape:
                item.setFlags(Qt.ItemFlag.NoItemFlags)
            self.list.addItem(item)
        said = (
            "Kept when another window, or an earlier version of the program, put another outline in their place. "
            "What you bring back becomes a further lesion of this image."
            if self._found
            else "No outline of this image had to make way for another one."
        )
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        self.bring_back = self.buttons.addButton("&Add as a lesion", QDialogButtonBox.ButtonRole.AcceptRole)
        theme.set_role(self.bring_back, "primary")
        column = QVBoxLayout(self)
        column.setContentsMargins(*[theme.GRID * 2] * 4)
        column.setSpacing(theme.GRID)
        column.addWidget(theme.label(said, "muted", wrap=True))
        column.addWidget(self.list, 1)
        column.addWidget(self.buttons)
        self.resize(_WIDTH, _HEIGHT)
        self.list.setVisible(bool(self._found))
        self.list.currentRowChanged.connect(self._show_state)
        self.list.itemActivated.connect(lambda item: self.accept())
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        # A list takes its first row as soon as it has the focus: the newest that fits is chosen from the start.
        fitting = (row for row, one in enumerate(self._found) if (one.kept.rows, one.kept.columns) == self._shape)
        self.list.setCurrentRow(next(fitting, -1))
        self._show_state()

    def accept(self) -> None:
        """Add the outline that is chosen as a lesion."""
        row = self.list.currentRow()
        if not 0 <= row < len(self._found) or self._session.frame is None:
            return
        if self._session.frame.shape == self._shape:
            self._session.lesions.bring_back(self._found[row].kept)
        super().accept()

    def _show_state(self) -> None:
        item = self.list.currentItem()
        self.bring_back.setEnabled(item is not None and bool(item.flags() & Qt.ItemFlag.ItemIsEnabled))


def _words(one: EarlierOutline) -> str:
    """Say which lesion it was, when it was kept, and what was said of it."""
    name = one.kept.description.title(one.lesion) if one.kept.description is not None else f"Lesion {one.lesion}"
    try:
        when = f"{datetime.fromisoformat(one.changed).astimezone():%Y-%m-%d %H:%M}"
    except ValueError:
        when = one.changed
    by = one.kept.author.value or "no outline"
    comment = " ".join(one.kept.comment.split())
    return f"{name}, kept {when}, {by}" + (f"\n{comment[:80]}" if comment else "")


def _picture(one: EarlierOutline) -> QIcon:
    """Return the outline's pixels, white on the canvas's ground, small."""
    pixels = one.kept.mask().pixels
    step = max(1, max(pixels.shape) // (2 * _PICTURE))
    small = np.ascontiguousarray(pixels[::step, ::step].astype(np.uint8) * 255)
    rows, columns = small.shape
    image = QImage(small.tobytes(), columns, rows, columns, QImage.Format.Format_Grayscale8).copy()
    fitted = image.scaled(_PICTURE, _PICTURE, Qt.AspectRatioMode.KeepAspectRatio)
    return QIcon(QPixmap.fromImage(fitted))
