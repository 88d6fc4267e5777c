"""The right column's boxes that are the reader's own: name and free text, and the report."""

import dataclasses

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QLineEdit, QPlainTextEdit, QPushButton, QWidget

from csamoe_desktop.ui import theme
from csamoe_desktop.ui.reading import ReadingState
from csamoe_desktop.ui.result_panel import Box
from csamoe_desktop.ui.session import Session

_LINES = 3


class OwnReadBox(Box):
    """The reader's name, for every report, and what the reader says of the lesion in view."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__("Own read", parent)
        self._session = session
        self.reader = QLineEdit(session.settings.reader)
        self.reader.setPlaceholderText("Reader's name")
        self.reader.setAccessibleName("Reader's name")
        self.comment = QPlainTextEdit()
        self.comment.setPlaceholderText("Your own reading of this lesion, for the report")
        self.comment.setAccessibleName("Your own reading")
        self.comment.setTabChangesFocus(True)
        # A file dropped here is a study to open, not a text.
        self.comment.setAcceptDrops(False)
        self.reader.setAcceptDrops(False)
        self.column.addWidget(self.reader)
        self.column.addWidget(self.comment)
        self.reader.editingFinished.connect(self._take_reader)
        self.comment.textChanged.connect(self._take_comment)
        session.frameChanged.connect(self._show_comment)
        session.settingsChanged.connect(self._show_settings)
        self._show_comment()
        self._show_settings()

    def take(self) -> None:
        """Take what is being typed, though the box still has the focus."""
        self._take_reader()

    def _take_reader(self) -> None:
        self._session.change_settings(dataclasses.replace(self._session.settings, reader=self.reader.text().strip()))

    def _take_comment(self) -> None:
        if self._session.work is not None:
            self._session.work.comment = self.comment.toPlainText()

    def _show_comment(self) -> None:
        work = self._session.work
        self.comment.setEnabled(work is not None)
        told = "" if work is None else work.comment
        if told != self.comment.toPlainText():
            self.comment.blockSignals(True)
            self.comment.setPlainText(told)
            self.comment.blockSignals(False)

    def _show_settings(self) -> None:
        if self.reader.text().strip() != self._session.settings.reader:
            self.reader.setText(self._session.settings.reader)
        self.comment.setFixedHeight(self.comment.fontMetrics().lineSpacing() * _LINES + theme.GRID * 3)


class ReportBox(Box):
    """Two buttons, and what is missing as long as they cannot be pressed."""

    def __init__(self, session: Session, export: QAction, copy: QAction, parent: QWidget | None = None) -> None:
        super().__init__("Report", parent)
        self._session = session
        self.button = QPushButton("Export PDF…")
        self.copy = QPushButton("Copy text")
        self._actions = {self.button: export, self.copy: copy}
        self.missing = theme.label(role="muted", wrap=True)
        self.column.addWidget(self.missing)
        for button, action in self._actions.items():
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            self.heading.addWidget(button)
            button.clicked.connect(action.trigger)
            action.changed.connect(self._show)
        session.readingChanged.connect(self._show)
        self._show()

    def _show(self) -> None:
        done = self._session.reading_state is ReadingState.DONE
        for button, action in self._actions.items():
            button.setEnabled(action.isEnabled())
            button.setToolTip(action.toolTip())
        stale = self._session.reading_state is ReadingState.STALE
        self.missing.setText("Assess again first." if stale else "A report needs a reading.")
        self.missing.setVisible(not done)
