"""The export dialog: choose the lesions and the content of the report, and enter a patient where the file names none."""

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from csamoe_desktop.errors import UserError
from csamoe_desktop.report.content.contradictions import in_document
from csamoe_desktop.report.document import Report
from csamoe_desktop.report.pdf.writer import page_count
from csamoe_desktop.session.reports import PREVIEWING, Choice
from csamoe_desktop.session.session import Session
from csamoe_desktop.ui.widgets import theme

_WIDTH = 520
_LONGEST = 64
"""Characters of a typed name or number, as in DICOM's value representation LO."""


class ExportDialog(QDialog):
    """Asks what goes into the report; Enter exports everything.

    `chosen` is called with the choice and with the step after the report is written: "", "open" or "next".
    """

    def __init__(self, session: Session, chosen: Callable[[Choice, str], None], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._chosen = chosen
        self.setWindowTitle("Export report")
        self._ready = session.reports.ready()
        self.lesions = [QCheckBox(lesion.label.replace("&", "&&")) for lesion in self._ready]
        for box in self.lesions:
            box.setChecked(True)
        self.own_only = QCheckBox("&Only your assessment, without the AI result")
        self.name, self.number = QLineEdit(self), QLineEdit(self)
        for field, label in ((self.name, "Patient name"), (self.number, "Patient ID")):
            field.setMaxLength(_LONGEST)
            field.setAccessibleName(label)
            field.setPlaceholderText("not in the file")
            field.hide()
        all_facts = [lesion.study.facts for lesion in self._ready]
        self.unnamed = not any(facts.patient_name or facts.patient_id for facts in all_facts)
        self.pages = theme.label(role="muted", wrap=True)
        self.against = theme.label(role="attention", wrap=True)
        self.against.hide()
        self.left = theme.label(role="attention", wrap=True)
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.export = QPushButton("&Export…")
        self.export_open = QPushButton("Export and open &PDF…")
        self.export_next = QPushButton("Export and ne&xt…")
        self._then = {self.export: "", self.export_open: "open", self.export_next: "next"}
        for button, then in self._then.items():
            self.buttons.addButton(button, QDialogButtonBox.ButtonRole.ActionRole)
            button.setAutoDefault(False)
            button.clicked.connect(lambda _=False, then=then: self._take(then))
        self.export.setDefault(True)
        self.export_next.setEnabled(len(session.studies) > 1)
        self._lay_out()
        for box in (*self.lesions, self.own_only):
            box.toggled.connect(self._show_state)
        for field in (self.name, self.number):
            field.editingFinished.connect(self._show_state)
        self.buttons.rejected.connect(self.reject)
        self.finished.connect(self._close_for_good)
        self._show_state()
        self.export.setFocus()

    @property
    def choice(self) -> Choice:
        """The current choice."""
        works = tuple(lesion.work for lesion, box in zip(self._ready, self.lesions, strict=True) if box.isChecked())
        return Choice(works, self.own_only.isChecked(), self.name.text(), self.number.text())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Export on Enter from any field; on a button, Enter presses that button."""
        if event.key() not in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            super().keyPressEvent(event)
            return
        focused = self.focusWidget()
        button = focused if isinstance(focused, QPushButton) else self.export
        button.click()

    def _close_for_good(self) -> None:
        self._session.jobs.cancel(PREVIEWING)
        self.deleteLater()

    def _take(self, then: str) -> None:
        choice = self.choice
        self.accept()
        self._chosen(choice, then)

    def _show_state(self) -> None:
        any_chosen = any(box.isChecked() for box in self.lesions)
        for button in (self.export, self.export_open):
            button.setEnabled(any_chosen)
        self.export_next.setEnabled(any_chosen and len(self._session.studies) > 1)
        if not any_chosen:
            self.pages.setText("Choose at least one lesion.")
            self.against.hide()
            return
        self.pages.setText("Counting pages …")
        self._session.reports.preview(self.choice, self._show_report, self._show_problem)

    def _show_report(self, report: Report) -> None:
        try:
            count = page_count(report)
        except UserError as problem:
            self._show_problem(problem)
            return
        self.pages.setText("The PDF has 1 page." if count == 1 else f"The PDF has {count} pages.")
        warnings = list(dict.fromkeys(warning for lesion in in_document(report) for warning in lesion))
        check = "Check this before you export: the report states it."
        self.against.setText("\n".join([*warnings, check]) if warnings else "")
        self.against.setVisible(bool(warnings))

    def _show_problem(self, problem: BaseException) -> None:
        self.pages.setText(str(problem))

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(*[theme.GRID * 2] * 4)
        column.setSpacing(theme.GRID)
        column.addWidget(theme.label("Lesions in the report", "heading"))
        for box in self.lesions:
            column.addWidget(box)
        left = self._session.reports.left_out()
        self.left.setText(f"Left out, no current AI result: {'; '.join(lesion.label for lesion in left)}.")
        self.left.setVisible(bool(left))
        column.addWidget(self.left)
        column.addWidget(self.own_only)
        if self.unnamed:
            form = QFormLayout()
            for label, field in (("Patient &name", self.name), ("Patient I&D", self.number)):
                form.addRow(label, field)
                field.show()
            column.addLayout(form)
            column.addWidget(
                theme.label("The report marks what you type here as entered by the user.", "muted", wrap=True)
            )
        column.addWidget(self.against)
        column.addWidget(self.pages)
        column.addStretch(1)
        column.addWidget(self.buttons)
        self.setMinimumWidth(_WIDTH)
