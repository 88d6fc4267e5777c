"""The dialog on the current examination: indication, comparison and technique, printed at the head of its report."""

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
    "indication": ("&Indication", "Reason for the examination, such as a palpable lump"),
    "comparison": ("&Comparison", "Earlier examinations used for comparison, with type and date"),
    "technique": ("&Technique", "How the images were acquired"),
}


class ExaminationDialog(QDialog):
    """Edits the texts of the examination that is current when the dialog opens.

    An examination without any text gets the default technique as a proposal.
    """

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        examinations = session.examinations
        examinations.look_again()
        key = examinations.key
        assert key is not None
        self._key: str = key
        examination, self._usual = examinations.now, examinations.usual_technique
        self.setWindowTitle("Examination")
        self.texts = {name: _text_box() for name in _ASKED}
        for name, text in examination.to_dict().items():
            self.texts[name].setPlainText(text)
        if not examination.given:
            self.texts["technique"].setPlainText(self._usual)
        self.usual = QCheckBox("&Propose this technique for new examinations")
        self.usual.setToolTip(
            "<p>It is filled in for every examination that has no text yet. Leave the technique empty to restore the "
            "program's own text.</p>"
        )
        self.note = theme.label(
            "Saved on this computer and printed in every report of this examination.", "muted", wrap=True
        )
        self.too_long = theme.label(role="attention", wrap=True)
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        self._lay_out()
        for box in self.texts.values():
            box.textChanged.connect(self._show_state)
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        # In these boxes Enter starts a new line.
        for enter in ("Ctrl+Return", "Ctrl+Enter"):
            QShortcut(QKeySequence(enter), self).activated.connect(self.accept)
        self._show_state()

    def accept(self) -> None:
        """Store the texts; if one is too long, the dialog stays open."""
        if self._too_long():
            return
        texts = {name: box.toPlainText().strip() for name, box in self.texts.items()}
        self._session.examinations.take(self._key, Examination(**texts))
        if self.usual.isEnabled() and self.usual.isChecked():
            settings = dataclasses.replace(self._session.settings, technique=texts["technique"])
            self._session.user_settings.change(settings)
        super().accept()

    def _too_long(self) -> list[str]:
        """Return the names of the texts that are longer than a report allows."""
        return [name for name, box in self.texts.items() if len(box.toPlainText().strip()) > MOST_CHARACTERS]

    def _show_state(self) -> None:
        self.usual.setEnabled(self.texts["technique"].toPlainText().strip() != self._usual)
        warnings = [
            f"The {name} has {len(self.texts[name].toPlainText().strip())} characters; the limit is {MOST_CHARACTERS}."
            for name in self._too_long()
        ]
        self.too_long.setText(" ".join(warnings))
        self.too_long.setVisible(bool(warnings))
        self.buttons.button(QDialogButtonBox.StandardButton.Ok).setEnabled(not warnings)

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(*[theme.GRID * 2] * 4)
        column.setSpacing(theme.GRID // 2)
        for name, box in self.texts.items():
            label, placeholder = _ASKED[name]
            heading = QLabel(label)
            heading.setBuddy(box)
            box.setPlaceholderText(placeholder)
            box.setAccessibleName(label.replace("&", ""))
            box.setMinimumHeight(box.fontMetrics().lineSpacing() * _LINES[name] + theme.GRID * 3)
            column.addWidget(heading)
            column.addWidget(box, 1)
            if name != "technique":
                column.addSpacing(theme.GRID)
        column.addWidget(self.usual)
        column.addSpacing(theme.GRID)
        for widget in (self.too_long, self.note):
            column.addWidget(widget)
        column.addSpacing(theme.GRID)
        column.addWidget(self.buttons)
        self.setMinimumWidth(_WIDTH)


def _text_box() -> QPlainTextEdit:
    box = QPlainTextEdit()
    box.setTabChangesFocus(True)
    # A file dropped here is a study to open, not text.
    box.setAcceptDrops(False)
    box.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAsNeeded)
    return box
