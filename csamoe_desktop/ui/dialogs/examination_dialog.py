"""The dialog on the examination in view: indication, comparison and technique, as they stand at the head of its report."""

import dataclasses

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QDialogButtonBox,
    QLabel,
    QPlainTextEdit,
    QVBoxLayout,
    QWidget,
)

from csamoe_desktop.reader.examination import MOST_CHARACTERS, Examination
from csamoe_desktop.session.session import Session
from csamoe_desktop.ui.widgets import theme

_WIDTH = 560
_LINES = {"indication": 3, "comparison": 3, "technique": 3}
_ASKED = {
    "indication": ("&Indication", "What the examination was made for, such as a palpable lump"),
    "comparison": ("&Comparison", "Earlier examinations it was compared with, by kind and date"),
    "technique": ("&Technique", "How the images were made"),
}


class ExaminationDialog(QDialog):
    """Asks what is to be said of the examination that is in view when it opens; the usual technique is proposed where
    nothing was said before."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        examinations = session.examinations
        examinations.look_again()
        key = examinations.key
        assert key is not None
        self._key: str = key
        said, self._usual = examinations.now, examinations.usual_technique
        self.setWindowTitle("Examination")
        self.texts = {name: _text_box() for name in _ASKED}
        for name, told in said.to_dict().items():
            self.texts[name].setPlainText(told)
        if not said.given:
            self.texts["technique"].setPlainText(self._usual)
        self.usual = QCheckBox("&Propose this technique from now on")
        self.usual.setToolTip(
            "<p>It is filled in for every examination of which nothing was said yet. An empty one brings back the "
            "program's own.</p>"
        )
        self.said = theme.label("Kept on this computer, and in every report of this examination.", "muted", wrap=True)
        self.too_long = theme.label(role="attention", wrap=True)
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        self._lay_out()
        for box in self.texts.values():
            box.textChanged.connect(self._show_state)
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        # Enter is a new line in these boxes.
        for enter in ("Ctrl+Return", "Ctrl+Enter"):
            QShortcut(QKeySequence(enter), self).activated.connect(self.accept)
        self._show_state()

    def accept(self) -> None:
        """Take what is said; a text that is too long stays, to be shortened."""
        if self._too_long():
            return
        texts = {name: box.toPlainText().strip() for name, box in self.texts.items()}
        self._session.examinations.take(self._key, Examination(**texts))
        if self.usual.isEnabled() and self.usual.isChecked():
            settings = dataclasses.replace(self._session.settings, technique=texts["technique"])
            self._session.user_settings.change(settings)
        super().accept()

    def _too_long(self) -> list[str]:
        """Return the names of what is longer than a report takes."""
        return [name for name, box in self.texts.items() if len(box.toPlainText().strip()) > MOST_CHARACTERS]

    def _show_state(self) -> None:
        self.usual.setEnabled(self.texts["technique"].toPlainText().strip() != self._usual)
        words = [
            f"The {name} has {len(self.texts[name].toPlainText().strip())} characters; a report takes {MOST_CHARACTERS}."
            for name in self._too_long()
        ]
        self.too_long.setText(" ".join(words))
        self.too_long.setVisible(bool(words))
        self.buttons.button(QDialogButtonBox.StandardButton.Ok).setEnabled(not words)

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(*[theme.GRID * 2] * 4)
        column.setSpacing(theme.GRID // 2)
        for name, box in self.texts.items():
            label, asked = _ASKED[name]
            heading = QLabel(label)
            heading.setBuddy(box)
            box.setPlaceholderText(asked)
            box.setAccessibleName(label.replace("&", ""))
            box.setMinimumHeight(box.fontMetrics().lineSpacing() * _LINES[name] + theme.GRID * 3)
            column.addWidget(heading)
            column.addWidget(box, 1)
            if name != "technique":
                column.addSpacing(theme.GRID)
        column.addWidget(self.usual)
        column.addSpacing(theme.GRID)
        for widget in (self.too_long, self.said):
            column.addWidget(widget)
        column.addSpacing(theme.GRID)
        column.addWidget(self.buttons)
        self.setMinimumWidth(_WIDTH)


def _text_box() -> QPlainTextEdit:
    box = QPlainTextEdit()
    box.setTabChangesFocus(True)
    # A file dropped here is a study to open, not a text.
    box.setAcceptDrops(False)
    box.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAsNeeded)
    return box
