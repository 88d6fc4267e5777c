"""The settings, each applied at once; Cancel puts back what was there when the dialog opened."""

import dataclasses
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent, QStandardItemModel
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QSlider,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from csamoe_desktop.errors import UserError
from csamoe_desktop.inference.bundle import readers
from csamoe_desktop.inference.engine import DEVICES, choose_device
from csamoe_desktop.networks.cards import ModelCard
from csamoe_desktop.report.model_words import needs
from csamoe_desktop.settings import THEMES
from csamoe_desktop.ui import theme
from csamoe_desktop.ui.jobs import Job, Outcome
from csamoe_desktop.ui.session import Session

ASKING = "asking for devices"
_NAMES = {"auto": "Automatic", "cpu": "CPU", "cuda": "NVIDIA GPU (cuda)", "mps": "Apple GPU (mps)"}


class SettingsDialog(QDialog):
    """The dialog. It asks the machine for its devices in the worker, as that loads torch."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Settings")
        self._session = session
        self._before = session.settings
        self.device = QComboBox()
        self.device_said = theme.label("Asking this computer what it has …", "muted", wrap=True)
        self.model = QComboBox()
        self.model_said = theme.label(role="muted", wrap=True)
        self.theme = QComboBox()
        self.font_size = QSpinBox()
        self.folder = QLineEdit(self._before.default_folder)
        self.reader = QLineEdit(self._before.reader)
        self.propose = QCheckBox("Propose outlines on opening")
        self.prevalence = QSpinBox()
        self.own_read_first = QCheckBox("Before the AI's reading is shown")
        self.reads_in_report = QCheckBox("Say in the report what it was then, and the time taken")
        self.opacity = QSlider(Qt.Orientation.Horizontal)
        self._fill()
        self._lay_out()
        self._connect()
        self._show_model()
        session.jobs.submit(ASKING, devices_here, Outcome(self._show_devices, self._devices_failed))

    def done(self, result: int) -> None:
        """Close; unless accepted, put the old settings back."""
        self._session.jobs.cancel(ASKING)
        if result != QDialog.DialogCode.Accepted:
            # What the program itself noted meanwhile, such as a file just opened, stays.
            self._session.change_settings(
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
        if self.model.findData(self._session.model) < 0:
            self.model.addItem(f"{self._session.model} (not found)", before.model)
        self.model.setCurrentIndex(max(self.model.findData(self._session.model), self.model.findData(before.model)))
        for name in THEMES:
            self.theme.addItem(name.capitalize(), name)
        self.theme.setCurrentIndex(THEMES.index(before.theme))
        self.font_size.setRange(8, 24)
        self.font_size.setSuffix(" pt")
        self.font_size.setMinimumHeight(self.theme.sizeHint().height())
        self.font_size.setValue(before.font_size)
        self.folder.setPlaceholderText("The folder last used")
        self.reader.setPlaceholderText("As it is to stand on reports")
        self.propose.setChecked(before.propose_on_opening)
        self.propose.setToolTip(
            "Look for lesions on each image that comes into view; nothing is marked until you accept"
        )
        self.prevalence.setRange(0, 99)
        self.prevalence.setSuffix(" %")
        self.prevalence.setSpecialValueText("Not given")
        self.prevalence.setMinimumHeight(self.theme.sizeHint().height())
        self.prevalence.setValue(before.prevalence)
        self.prevalence.setToolTip(
            "How many of the lesions you read are malignant: how often a category is wrong is then restated for it"
        )
        self.own_read_first.setChecked(before.own_read_first)
        self.own_read_first.setToolTip("Ask for your BI-RADS category first; it can be skipped, which is recorded")
        self.reads_in_report.setChecked(before.reads_in_report)
        self.opacity.setRange(0, 100)
        self.opacity.setValue(before.overlay_opacity)

    def _lay_out(self) -> None:
        choose = QPushButton("Choose…")
        choose.clicked.connect(self._choose_folder)
        folder = QHBoxLayout()
        folder.addWidget(self.folder, 1)
        folder.addWidget(choose)
        form = QFormLayout()
        form.setHorizontalSpacing(theme.GRID * 3)
        form.setVerticalSpacing(theme.GRID)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.addRow("Read on", self.device)
        form.addRow("", self.device_said)
        form.addRow("Model", self.model)
        form.addRow("", self.model_said)
        form.addRow("", self.propose)
        form.addRow("Own read", self.own_read_first)
        form.addRow("", self.reads_in_report)
        form.addRow("Theme", self.theme)
        form.addRow("Type size", self.font_size)
        form.addRow("Opacity of core and boundary", self.opacity)
        form.addRow("Open files from", folder)
        form.addRow("Reader's name", self.reader)
        form.addRow("Malignant here", self.prevalence)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.setContentsMargins(*[theme.GRID * 2] * 4)
        column.setSpacing(theme.GRID * 2)
        column.addLayout(form)
        column.addStretch(1)
        column.addWidget(buttons)
        self.setMinimumWidth(theme.GRID * 84)

    def _connect(self) -> None:
        for combo, name in ((self.device, "device"), (self.model, "model"), (self.theme, "theme")):
            combo.activated.connect(lambda row, combo=combo, name=name: self._change(name, combo.itemData(row)))
        self.model.currentIndexChanged.connect(self._show_model)
        self.font_size.valueChanged.connect(lambda size: self._change("font_size", size))
        self.propose.toggled.connect(lambda wanted: self._change("propose_on_opening", wanted))
        self.prevalence.valueChanged.connect(lambda percent: self._change("prevalence", percent))
        self.own_read_first.toggled.connect(lambda wanted: self._change("own_read_first", wanted))
        self.reads_in_report.toggled.connect(lambda wanted: self._change("reads_in_report", wanted))
        self.opacity.valueChanged.connect(lambda percent: self._change("overlay_opacity", percent))
        self.folder.editingFinished.connect(lambda: self._change("default_folder", self.folder.text().strip()))
        self.reader.editingFinished.connect(lambda: self._change("reader", self.reader.text().strip()))

    def _change(self, name: str, value: object) -> None:
        changes: dict[str, Any] = {name: value}
        self._session.change_settings(dataclasses.replace(self._session.settings, **changes))

    def _choose_folder(self) -> None:
        if chosen := QFileDialog.getExistingDirectory(self, "Open files from", self.folder.text()):
            self.folder.setText(chosen)
            self._change("default_folder", chosen)

    def _show_model(self) -> None:
        card = next((card for card in self._cards if card.name == self.model.currentData()), None)
        if card is None:
            self.model_said.setText("There is no model to read with: install the program again, or copy one there.")
        else:
            self.model_said.setText(
                f"{card.title}. It {needs(card)}. Trained on {card.training.data}. Licence: {card.licence.rstrip('.')}."
            )
        self._grow()

    def _show_devices(self, said: dict[str, tuple[bool, str]]) -> None:
        model = self.device.model()
        assert isinstance(model, QStandardItemModel)
        for row, name in enumerate(DEVICES):
            there, words = said[name]
            self.device.setItemText(
                row, f"{_NAMES[name]}: {words}" if there else f"{_NAMES[name]}: not on this computer"
            )
            # What is chosen stays choosable, so that the choice can be seen.
            model.item(row).setEnabled(there or name == self._before.device)
        self.device_said.setText(f"Automatic takes {said['auto'][1]} here.")
        self._grow()

    def _grow(self) -> None:
        """Give wrapped sentences the height they need at the width there is."""
        for said in (self.device_said, self.model_said):
            said.setMinimumHeight(said.heightForWidth(max(said.width(), theme.GRID * 40)))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Fit the sentences to the new width."""
        super().resizeEvent(event)
        self._grow()

    def _devices_failed(self, problem: BaseException) -> None:
        self.device_said.setText("This computer could not be asked what it has; automatic and CPU always work.")
        self._session.failed.emit(problem)


def devices_here(job: Job) -> dict[str, tuple[bool, str]]:
    """Return, for each device there may be, whether it is there, and what it is in words or why not. Loads torch."""
    said = {}
    for name in DEVICES:
        try:
            said[name] = (True, choose_device(name).words)
        except UserError as problem:
            said[name] = (False, problem.message)
        job.progress(len(said) / len(DEVICES), name)
    return said


def _auc(card: ModelCard) -> str:
    for evaluation in card.evaluations:
        if figure := evaluation.metrics.get("auc"):
            return f"  ·  AUC {figure.value:.3f} ({figure.low:.3f} to {figure.high:.3f})"
    return ""
