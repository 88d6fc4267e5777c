"""The settings dialog: each change applies at once; Cancel restores the settings from when the dialog opened."""

import dataclasses
from pathlib import Path
from typing import Any

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QStandardItemModel
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QFormLayout,
    QFrame,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from csamoe_desktop.errors import UserError
from csamoe_desktop.inference.bundle import readers
from csamoe_desktop.inference.engine import DEVICES, choose_device
from csamoe_desktop.networks.cards import ModelCard
from csamoe_desktop.report.content.model_words import needs
from csamoe_desktop.report.letterhead import read_logo
from csamoe_desktop.session.jobs import Job, Outcome
from csamoe_desktop.session.session import Session
from csamoe_desktop.settings import REPORT_LANGUAGES, THEMES
from csamoe_desktop.ui.widgets import theme
from csamoe_desktop.ui.widgets.fitting import room_of
from csamoe_desktop.ui.widgets.still import StillCombo, StillSlider, StillSpin
from csamoe_desktop.wording import LANGUAGES

ASKING = "asking for devices"
_NAMES = {"auto": "Automatic", "cpu": "CPU", "cuda": "NVIDIA GPU (cuda)", "mps": "Apple GPU (mps)"}


class SettingsDialog(QDialog):
    """The dialog. It lists the compute devices in the worker, because that loads PyTorch."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Settings")
        self._session = session
        self._before = session.settings
        self.device = StillCombo()
        self.device_note = theme.label("Looking for compute devices …", "muted", wrap=True)
        self.model = StillCombo()
        self.model_note = theme.label(role="muted", wrap=True)
        self.theme = StillCombo()
        self.font_size = StillSpin()
        self.folder = QLineEdit(self._before.default_folder)
        self.reader = QLineEdit(self._before.reader)
        self.institution = QLineEdit(self._before.institution)
        self.logo = QLineEdit(self._before.logo)
        self.logo_note = theme.label(role="muted", wrap=True)
        self.language = StillCombo()
        self.propose = QCheckBox("Propose outlines when an image is shown")
        self.prevalence = StillSpin()
        self.assessment_first = QCheckBox("Ask for your assessment before the AI result is shown")
        self.assessments_in_report = QCheckBox("State your first assessment and the time taken in the report")
        self.opacity = StillSlider(Qt.Orientation.Horizontal)
        self._fill()
        self._lay_out()
        self._connect()
        self._show_model()
        self._show_logo()
        session.jobs.submit(ASKING, devices_here, Outcome(self._show_devices, self._devices_failed))

    def done(self, result: int) -> None:
        """Close; unless accepted, restore the settings from before."""
        self._session.jobs.cancel(ASKING)
        if result != QDialog.DialogCode.Accepted:
            # The program may have added recent files meanwhile: they stay.
            self._session.user_settings.change(
                dataclasses.replace(self._before, recent_files=self._session.settings.recent_files)
            )
        super().done(result)

    def _fill(self) -> None:
        before = self._before
        for name in DEVICES:
            self.device.addItem(_NAMES[name], name)
        self.device.setCurrentIndex(DEVICES.index(before.device))
        self._cards = [bundle.card for bundle in readers()]
        for card in self._cards:
            self.model.addItem(f"{card.name} {card.version}{_auc(card)}", card.name)
        if self.model.findData(self._session.model.name) < 0:
            self.model.addItem(f"{self._session.model.name} (not found)", before.model)
        self.model.setCurrentIndex(
            max(self.model.findData(self._session.model.name), self.model.findData(before.model))
        )
        for name in THEMES:
            self.theme.addItem(name.capitalize(), name)
        self.theme.setCurrentIndex(THEMES.index(before.theme))
        self.font_size.setRange(8, 24)
        self.font_size.setSuffix(" pt")
        self.font_size.setMinimumHeight(self.theme.sizeHint().height())
        self.font_size.setValue(before.font_size)
        self.folder.setPlaceholderText("Last folder used")
        self.reader.setPlaceholderText("As printed in reports")
        self.institution.setPlaceholderText("Printed at the head of reports")
        self.logo.setPlaceholderText("None (PNG or JPEG image)")
        for name in REPORT_LANGUAGES:
            self.language.addItem(LANGUAGES[name], name)
        self.language.setCurrentIndex(REPORT_LANGUAGES.index(before.report_language))
        self.language.setToolTip(
            "Language of the program's own text; names, comments and the model's own description are not translated"
        )
        self.propose.setChecked(before.propose_on_opening)
        self.propose.setToolTip("Looks for lesions on each image shown; nothing is marked until you accept a proposal")
        self.prevalence.setRange(0, 99)
        self.prevalence.setSuffix(" %")
        self.prevalence.setSpecialValueText("Not given")
        self.prevalence.setMinimumHeight(self.theme.sizeHint().height())
        self.prevalence.setValue(before.prevalence)
        self.prevalence.setToolTip(
            "Share of the lesions read at your site that are malignant; the error rates of each category are adjusted to it"
        )
        self.assessment_first.setChecked(before.assessment_first)
        self.assessment_first.setToolTip(
            "You give your BI-RADS category first. You can skip this; the skip is recorded."
        )
        self.assessments_in_report.setChecked(before.assessments_in_report)
        self.opacity.setRange(0, 100)
        self.opacity.setValue(before.overlay_opacity)

    def _lay_out(self) -> None:
        folder, logo = QHBoxLayout(), QHBoxLayout()
        for row, field, choose in ((folder, self.folder, self._choose_folder), (logo, self.logo, self._choose_logo)):
            button = QPushButton("Choose…")
            button.clicked.connect(choose)
            row.addWidget(field, 1)
            row.addWidget(button)
        form = QFormLayout()
        form.setHorizontalSpacing(theme.GRID * 3)
        form.setVerticalSpacing(theme.GRID)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.addRow("Compute device", self.device)
        form.addRow("", self.device_note)
        form.addRow("Model", self.model)
        form.addRow("", self.model_note)
        form.addRow("", self.propose)
        form.addRow("Assessment", self.assessment_first)
        form.addRow("", self.assessments_in_report)
        form.addRow("Theme", self.theme)
        form.addRow("Font size", self.font_size)
        form.addRow("Opacity of core and boundary", self.opacity)
        form.addRow("Open files from", folder)
        form.addRow("Reader's name", self.reader)
        form.addRow("Institution", self.institution)
        form.addRow("Logo", logo)
        form.addRow("", self.logo_note)
        form.addRow("Report language", self.language)
        form.addRow("Malignancy rate at your site", self.prevalence)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.setContentsMargins(*[theme.GRID * 2] * 4)
        column.setSpacing(theme.GRID * 2)
        # On a small screen or with a large font the rows scroll, so that OK stays visible.
        self._rows, self._scroll = QWidget(), QScrollArea()
        form.setContentsMargins(0, 0, theme.GRID, 0)
        self._rows.setLayout(form)
        self._scroll.setWidget(self._rows)
        self._rows.installEventFilter(self)
        self._scroll.setWidgetResizable(True)
        self._scroll.setFrameShape(QFrame.Shape.NoFrame)
        column.addWidget(self._scroll, 1)
        column.addWidget(buttons)
        self._buttons = buttons
        self.setMinimumWidth(theme.GRID * 84)

    def _connect(self) -> None:
        combos = (
            (self.device, "device"),
            (self.model, "model"),
            (self.theme, "theme"),
            (self.language, "report_language"),
        )
        for combo, name in combos:
            combo.activated.connect(lambda row, combo=combo, name=name: self._change(name, combo.itemData(row)))
        self.model.currentIndexChanged.connect(self._show_model)
        self.font_size.valueChanged.connect(lambda size: self._change("font_size", size))
        self.propose.toggled.connect(lambda wanted: self._change("propose_on_opening", wanted))
        self.prevalence.valueChanged.connect(lambda percent: self._change("prevalence", percent))
        self.assessment_first.toggled.connect(lambda wanted: self._change("assessment_first", wanted))
        self.assessments_in_report.toggled.connect(lambda wanted: self._change("assessments_in_report", wanted))
        self.opacity.valueChanged.connect(lambda percent: self._change("overlay_opacity", percent))
        self.folder.editingFinished.connect(lambda: self._change("default_folder", self.folder.text().strip()))
        self.reader.editingFinished.connect(lambda: self._change("reader", self.reader.text().strip()))
        self.institution.editingFinished.connect(lambda: self._change("institution", self.institution.text().strip()))
        self.logo.editingFinished.connect(self._change_logo)

    def _change(self, name: str, value: object) -> None:
        changes: dict[str, Any] = {name: value}
        self._session.user_settings.change(dataclasses.replace(self._session.settings, **changes))

    def _choose_folder(self) -> None:
        if chosen := QFileDialog.getExistingDirectory(self, "Open files from", self.folder.text()):
            self.folder.setText(chosen)
            self._change("default_folder", chosen)

    def _choose_logo(self) -> None:
        name, _ = QFileDialog.getOpenFileName(self, "Logo", self.logo.text(), "Pictures (*.png *.jpg *.jpeg)")
        if name:
            self.logo.setText(name)
            self._change_logo()

    def _change_logo(self) -> None:
        self._change("logo", self.logo.text().strip())
        self._show_logo()

    def _show_logo(self) -> None:
        """Report a problem with the logo now, not only when a report is written."""
        self.logo_note.hide()
        if logo := self.logo.text().strip():
            try:
                read_logo(Path(logo))
            except UserError as problem:
                self.logo_note.setText(f"{problem.message} No PDF can be written with it.")
                self.logo_note.show()
        self._grow()

    def _show_model(self) -> None:
        card = next((card for card in self._cards if card.name == self.model.currentData()), None)
        if card is None:
            self.model_note.setText(
                "This model was not found. Install the program again, or copy its model bundle back."
            )
        else:
            self.model_note.setText(
                f"{card.title}. It {needs(card)}. Trained on {card.training.data}. Licence: {card.licence.rstrip('.')}."
            )
        self._grow()

    def _show_devices(self, devices: dict[str, tuple[bool, str]]) -> None:
        model = self.device.model()
        assert isinstance(model, QStandardItemModel)
        for row, name in enumerate(DEVICES):
            available, words = devices[name]
            # The words begin with "CPU: " or "GPU: ", which the names of the other choices say already.
            which = words if name == "auto" else words.partition(": ")[2]
            self.device.setItemText(row, f"{_NAMES[name]}: {which if available else 'not on this computer'}")
            # The chosen device stays enabled, so that the choice is visible.
            model.item(row).setEnabled(available or name == self._before.device)
        self.device_note.setText(f"Automatic uses {devices['auto'][1]} on this computer.")
        self._grow()

    def _grow(self) -> None:
        """Give the wrapped notes the height they need at this width, and the rows theirs up to the screen's height."""
        for note in (self.device_note, self.model_note, self.logo_note):
            # An empty label returns a negative height.
            note.setFixedHeight(max(note.heightForWidth(max(note.width(), theme.GRID * 40)), 0))
        rows = self._rows.layout()
        assert rows is not None
        rows.activate()
        room = room_of(self)
        below = self._buttons.sizeHint().height() + theme.GRID * 6
        self._scroll.setMinimumHeight(min(rows.sizeHint().height(), room.height() - below))
        bar = self._scroll.verticalScrollBar().sizeHint().width()
        # With a minimum width set on the dialog, Qt ignores the minimum of its layout.
        wanted = max(theme.GRID * 84, rows.minimumSize().width() + bar + theme.GRID * 4)
        self.setMinimumWidth(min(wanted, room.width()))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Fit the notes to the rows' new width."""
        if watched is self._rows and event.type() == QEvent.Type.Resize:
            self._grow()
        return super().eventFilter(watched, event)

    def _devices_failed(self, problem: BaseException) -> None:
        self.device_note.setText("The compute devices could not be listed. Automatic and CPU always work.")
        self._session.failed.emit(problem)


def devices_here(job: Job) -> dict[str, tuple[bool, str]]:
    """Return for each device whether it is available, and its name or why it is not. Loads PyTorch."""
    devices = {}
    for name in DEVICES:
        try:
            devices[name] = (True, choose_device(name).words)
        except UserError as problem:
            devices[name] = (False, problem.message)
        job.progress(len(devices) / len(DEVICES), name)
    return devices


def _auc(card: ModelCard) -> str:
    for evaluation in card.evaluations:
        if figure := evaluation.metrics.get("auc"):
            return f"  ·  AUC {figure.words()}"
    return ""
