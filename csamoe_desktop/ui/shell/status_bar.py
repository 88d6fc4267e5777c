"""The status bar: the compute device in use, the model, and the source of the scale."""

from html import escape

from PySide6.QtWidgets import QStatusBar, QWidget

from csamoe_desktop.session.chosen_model import LOADING
from csamoe_desktop.session.session import Session
from csamoe_desktop.study.model import Frame
from csamoe_desktop.ui.shell.opening_progress import OpeningProgress
from csamoe_desktop.ui.widgets import theme
from csamoe_desktop.ui.widgets.labels import Elided


class StatusBar(QStatusBar):
    """The status bar, with the pixel under the mouse at its right end."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.device = Elided()
        self.model = Elided()
        self.spacing = Elided()
        self.notice = theme.label("Research use only")
        self.pixel = theme.label()
        self.setSizeGripEnabled(False)
        for widget in (self.device, self.model, self.spacing):
            self.addWidget(widget)
        self.opening = OpeningProgress(session.loader)
        self.trouble = theme.label("Your work is not saved", "attention")
        self.trouble.hide()
        for permanent in (self.trouble, self.opening, self.pixel, self.notice):
            self.addPermanentWidget(permanent)
        session.autosaver.troubled.connect(self._show_trouble)
        session.modelChanged.connect(self._show_model)
        session.settingsChanged.connect(self._show_model)
        session.jobs.busyChanged.connect(lambda lane, busy: self._show_model() if lane == LOADING else None)
        session.frameChanged.connect(self._show_spacing)
        session.calibration.changed.connect(self._show_spacing)
        self._show_model()
        self._show_spacing()

    def show_pixel(self, row: int, column: int, value: str) -> None:
        """Show the pixel under the mouse, or nothing where `value` is empty."""
        self.pixel.setText(f"x {column}  y {row}  value {value}" if value else "")

    def _show_trouble(self, why: str) -> None:
        """Show for as long as saving fails that work is not saved: the message about it may be replaced by others."""
        self.trouble.setToolTip(f"<p>{why}</p>")
        self.trouble.setAccessibleDescription(why)
        self.trouble.setVisible(bool(why))

    def _show_model(self) -> None:
        predictor = self._session.model.predictor
        if predictor is not None:
            self.device.setText(predictor.device.words)
            self.model.setText(f"{predictor.card.name} {predictor.card.version}")
            self.device.setToolTip(predictor.device.words)
            return
        loading = self._session.jobs.busy(LOADING)
        self.device.setText(f"Compute device: {self._session.settings.device}, not yet in use")
        self.model.setText(f"{self._session.model.name} {'is being loaded' if loading else 'is not loaded'}")

    def _show_spacing(self) -> None:
        frame = self._session.frame
        self.spacing.setVisible(frame is not None)
        self.spacing.setText("" if frame is None else _scale_words(frame))
        self.spacing.setToolTip(f"<p>{escape(self.spacing.text())}</p>")


def _scale_words(frame: Frame) -> str:
    words, part = frame.scale.words(), frame.scale.part_words(frame.shape)
    return f"{words[0].upper()}{words[1:]}{f' ({part})' if part else ''}"
