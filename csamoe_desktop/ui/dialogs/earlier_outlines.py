"""The dialog that lists the replaced outlines of the current image and restores one as a further lesion."""

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
    """Lists them, newest first; the chosen outline is added as a further lesion and replaces nothing."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        """Read the outlines from the store.

        Raises:
            UserError: the store cannot be read.
        """
        super().__init__(parent)
        self._session = session
        self._shape = None if session.frame is None else session.frame.shape
        self._outlines = session.lesions.earlier_outlines()
        self.setWindowTitle("Earlier outlines")
        self.list = QListWidget()
        self.list.setAccessibleName("Earlier outlines of this image")
        self.list.setIconSize(QSize(_PICTURE, _PICTURE))
        self.list.setAlternatingRowColors(True)
        for outline in self._outlines:
            item = QListWidgetItem(_picture(outline), _words(outline))
            if (outline.kept.rows, outline.kept.columns) != self._shape:
                item.setFlags(Qt.ItemFlag.NoItemFlags)
            self.list.addItem(item)
        explanation = (
            "These outlines were saved when another window, or an earlier version of the program, replaced them. A "
            "restored outline becomes a further lesion of this image."
            if self._outlines
            else "No outline of this image has been replaced."
        )
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        self.bring_back = self.buttons.addButton("&Add as a lesion", QDialogButtonBox.ButtonRole.AcceptRole)
        theme.set_role(self.bring_back, "primary")
        column = QVBoxLayout(self)
        column.setContentsMargins(*[theme.GRID * 2] * 4)
        column.setSpacing(theme.GRID)
        column.addWidget(theme.label(explanation, "muted", wrap=True))
        column.addWidget(self.list, 1)
        column.addWidget(self.buttons)
        self.resize(_WIDTH, _HEIGHT)
        self.list.setVisible(bool(self._outlines))
        self.list.currentRowChanged.connect(self._show_state)
        self.list.itemActivated.connect(lambda item: self.accept())
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        # A list selects its first row when it gets the focus, so select the newest that fits now.
        shapes = [(outline.kept.rows, outline.kept.columns) for outline in self._outlines]
        self.list.setCurrentRow(shapes.index(self._shape) if self._shape in shapes else -1)
        self._show_state()

    def accept(self) -> None:
        """Add the selected outline as a lesion."""
        row = self.list.currentRow()
        if not 0 <= row < len(self._outlines) or self._session.frame is None:
            return
        if self._session.frame.shape == self._shape:
            self._session.lesions.add_earlier(self._outlines[row].kept)
        super().accept()

    def _show_state(self) -> None:
        item = self.list.currentItem()
        self.bring_back.setEnabled(item is not None and bool(item.flags() & Qt.ItemFlag.ItemIsEnabled))


def _words(outline: EarlierOutline) -> str:
    """Return the lesion's name, when the outline was saved, who drew it, and the comment."""
    description = outline.kept.description
    name = description.title(outline.lesion) if description is not None else f"Lesion {outline.lesion}"
    try:
        when = f"{datetime.fromisoformat(outline.changed).astimezone():%Y-%m-%d %H:%M}"
    except ValueError:
        when = outline.changed
    by = outline.kept.author.value or "no outline"
    comment = " ".join(outline.kept.comment.split())
    return f"{name}, saved {when}, {by}" + (f"\n{comment[:80]}" if comment else "")


def _picture(outline: EarlierOutline) -> QIcon:
    """Return a small picture of the mask, white on black."""
    pixels = outline.kept.mask().pixels
    step = max(1, max(pixels.shape) // (2 * _PICTURE))
    small = np.ascontiguousarray(pixels[::step, ::step].astype(np.uint8) * 255)
    rows, columns = small.shape
    image = QImage(small.tobytes(), columns, rows, columns, QImage.Format.Format_Grayscale8).copy()
    fitted = image.scaled(_PICTURE, _PICTURE, Qt.AspectRatioMode.KeepAspectRatio)
    return QIcon(QPixmap.fromImage(fitted))
