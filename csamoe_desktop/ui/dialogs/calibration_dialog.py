"""Calibration by hand: the user draws a line along the depth scale and enters its length."""

from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QLineEdit,
    QVBoxLayout,
    QWidget,
)

from csamoe_desktop.errors import UserError
from csamoe_desktop.session.calibration import DrawnLine
from csamoe_desktop.session.session import Session
from csamoe_desktop.study.calibration import DISAGREES, drawn_pixels, file_spacing, millimetres
from csamoe_desktop.study.model import Spacing
from csamoe_desktop.ui.canvas.canvas import Canvas
from csamoe_desktop.ui.tools.base import Tool
from csamoe_desktop.ui.widgets import theme
from csamoe_desktop.ui.widgets.fitting import in_reach
from csamoe_desktop.ui.widgets.messages import Kind, Messages
from csamoe_desktop.ui.widgets.still import StillCombo

HOW = "Drag a line along the depth scale between two marks of known distance. Shift keeps the line straight."
_WIDTH = 440


class Calibrating(QObject):
    """The steps of a calibration by hand in `window`, from the command to the calibrated frame."""

    def __init__(self, session: Session, canvas: Canvas, messages: Messages, window: QWidget) -> None:
        super().__init__(window)
        self._session = session
        self._canvas = canvas
        self._messages = messages
        self._window = window
        self._tool_before = Tool.WINDOW_LEVEL
        self._line: DrawnLine | None = None
        session.calibration.drawn.connect(self._ask)

    def begin(self) -> None:
        """Select the calibration tool; if the file has a calibration, ask first whether to replace it."""
        scale = self._session.calibration.file_scale
        if not scale.calibrated:
            self._choose()
            return
        own = scale.common
        file_words = f"{per_pixel(own)}, from {own.source}" if own.in_mm else scale.words()
        self._messages.question(
            f"This file is already calibrated: {file_words}.",
            "With a calibration by hand, sizes use your line until the program is closed. The file is not changed.",
            "Calibrate by hand",
            self._choose,
        )

    def _choose(self) -> None:
        if self._canvas.tool is not Tool.CALIBRATE:
            self._tool_before = self._canvas.tool
        self._canvas.set_tool(Tool.CALIBRATE)
        self._canvas.setFocus()
        self._messages.note(HOW)

    def _ask(self, line: DrawnLine) -> None:
        self._messages.clear(Kind.REFUSAL)
        self._line = line
        dialog = CalibrationDialog(self._session, line, self._window)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.accepted.connect(self._done)
        in_reach(dialog)
        dialog.open()

    def _done(self) -> None:
        self._canvas.set_tool(self._tool_before)
        frame, line = self._session.frame, self._line
        spacing = None if frame is None or line is None else file_spacing(frame.scale, (line.start, line.end))
        for message in self._messages.shown():
            if message.text == HOW:
                self._messages.clear(Kind.NOTE)
        if spacing is not None and spacing.in_mm:
            words = spacing.words
            self._messages.note(f"{words[0].upper()}{words[1:]}; that is {per_pixel(spacing)}.")


class CalibrationDialog(QDialog):
    """Asks for the length of the drawn line; an impossible length is refused, with the reason, while it is typed."""

    def __init__(self, session: Session, line: DrawnLine, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Calibrate along the depth scale")
        self._session = session
        self._line = line
        self.length = QLineEdit()
        self.unit = StillCombo()
        self.unit.addItems(["mm", "cm"])
        self.outcome = theme.label("Type the length of the line.", "muted", wrap=True)
        self.replaced = theme.label(self._replaced(), "attention", wrap=True)
        self.replaced.setVisible(bool(self.replaced.text()))
        others = session.calibration.others
        self.all_frames = QCheckBox(f"All {others + 1} frames of this study without their own calibration")
        self.all_frames.setVisible(others > 0)
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.calibrate = self.buttons.addButton(
            "Replace the calibration" if self.replaced.text() else "Calibrate", QDialogButtonBox.ButtonRole.AcceptRole
        )
        theme.set_role(self.calibrate, "primary")
        self._lay_out()
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        self.length.textChanged.connect(self._show)
        self.unit.currentTextChanged.connect(self._show)
        self._show()
        self.length.setFocus()

    def accept(self) -> None:
        """Calibrate; if that is refused, show why and stay open."""
        try:
            length = millimetres(self.length.text(), self.unit.currentText())
            self._session.calibration.calibrate(self._line, length, self.all_frames.isChecked())
        except UserError as problem:
            self._say(f"{problem.message} {problem.hint}", "attention")
            return
        super().accept()

    def _lay_out(self) -> None:
        self.length.setAccessibleName("Length of the line")
        self.length.setPlaceholderText("such as 40")
        self.unit.setAccessibleName("Unit of the length")
        row = QHBoxLayout()
        row.setSpacing(theme.GRID)
        row.addWidget(theme.label(f"{drawn_pixels(self._line.start, self._line.end):.0f} pixels are"))
        row.addWidget(self.length, 1)
        row.addWidget(self.unit)
        column = QVBoxLayout(self)
        column.setContentsMargins(*[theme.GRID * 2] * 4)
        column.setSpacing(theme.GRID)
        column.addLayout(row)
        for widget in (self.outcome, self.all_frames, self.replaced):
            column.addWidget(widget)
        column.addStretch(1)
        column.addWidget(self.buttons)
        self.setMinimumWidth(_WIDTH)

    def _replaced(self) -> str:
        own = self._session.calibration.file_spacing(self._line)
        if own is None:
            return ""
        return (
            f"The file's own calibration, {per_pixel(own)} from {own.source}, is replaced on this frame until the "
            "program is closed."
        )

    def _show(self) -> None:
        typed = bool(self.length.text().strip())
        self.calibrate.setEnabled(False)
        if not typed:
            self._say("Type the length of the line.", "muted")
            return
        own = self._session.calibration.file_spacing(self._line)
        try:
            length = millimetres(self.length.text(), self.unit.currentText())
            spacing = self._session.calibration.spacing_by(self._line, length)
        except UserError as problem:
            self._say(f"{problem.message} {problem.hint}", "attention")
            return
        against, share = "", 0.0
        if own is not None:
            share = 100 * (spacing.column / own.column - 1)
            against = f": {abs(share):.1f} % {'more' if share > 0 else 'less'} than the file says"
        contradicts = abs(share) > 100 * DISAGREES
        check = " Check the line and its length; the report will state the difference." if contradicts else ""
        self._say(f"That is {per_pixel(spacing)}{against}.{check}", "attention" if contradicts else "muted")
        self.calibrate.setEnabled(True)

    def _say(self, text: str, role: str) -> None:
        self.outcome.setText(text)
        theme.set_role(self.outcome, role)


def per_pixel(spacing: Spacing) -> str:
    """Return a spacing such as "0.1282 mm per pixel", or across and down where they differ."""
    row, column = f"{spacing.row:.4g}", f"{spacing.column:.4g}"
    return f"{column} mm per pixel" if row == column else f"{column} mm per pixel across and {row} mm down"
