"""The dialog that describes a lesion: its name, location and view, and which other outline shows the same lesion."""

import dataclasses

from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QLineEdit,
    QVBoxLayout,
    QWidget,
)

from csamoe_desktop.lesion.description import LONGEST_NAME, MOST_DISTANCE_MM, Side, View
from csamoe_desktop.report.content.contradictions import side_question
from csamoe_desktop.report.content.from_file import of_file
from csamoe_desktop.session.lesion_work import LesionWork
from csamoe_desktop.session.session import Session
from csamoe_desktop.study.model import StudyFacts
from csamoe_desktop.ui.widgets import theme
from csamoe_desktop.ui.widgets.still import StillCombo, StillDoubleSpin, StillSpin

_UNSAID = "not given"
_WIDTH = 420


class DescribeDialog(QDialog):
    """Describes the lesion that is current when the dialog opens.

    If it is linked to the same lesion on another image, what is known there is filled in.
    """

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        assert session.work is not None
        self._session = session
        self._work: LesionWork = session.work
        self.setWindowTitle(f"Describe {self._work.title}")
        description = self._work.description
        self.name = QLineEdit(description.name)
        self.name.setMaxLength(LONGEST_NAME)
        self.name.setPlaceholderText(f"Lesion {self._work.number}")
        study = next((placed.study for placed in session.lesions.placed() if placed.work is self._work), session.study)
        self._facts = StudyFacts() if study is None else study.facts
        proposed = of_file(self._facts, self._work.frame)
        self.side = _choice(Side, description.side, proposed.side)
        self.clock = StillSpin()
        self.clock.setRange(0, 12)
        self.clock.setSpecialValueText(_UNSAID)
        self.clock.setSuffix(" o'clock")
        self.clock.setWrapping(True)
        self.distance = StillDoubleSpin()
        # The step below 0 means "not given": a lesion behind the nipple is at 0 mm.
        self.distance.setRange(-5, MOST_DISTANCE_MM)
        self.distance.setDecimals(0)
        self.distance.setSingleStep(5)
        self.distance.setSpecialValueText(_UNSAID)
        self.distance.setSuffix(" mm")
        self.view = _choice(View, description.view, proposed.view)
        self.question = theme.label(role="attention", wrap=True)
        self.question.hide()
        self._asked = description.side
        self.same = StillCombo()
        self.same.addItem("no other outline", None)
        for placed in session.lesions.elsewhere():
            self.same.addItem(placed.label, placed.work)
            if placed.work.description.identity == description.identity:
                self.same.setCurrentIndex(self.same.count() - 1)
        self._linked = self.same.currentData()
        self._fill(description.clock, description.distance_mm)
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        self._lay_out()
        self.same.currentIndexChanged.connect(self._take_over)
        # A lambda that holds the dialog would keep it alive after it is closed.
        self.side.currentIndexChanged.connect(self.question.hide)
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)

    def accept(self) -> None:
        """Store the description; a side that contradicts the file needs a second OK."""
        side = Side(self.side.currentData())
        against = side_question(self._facts, self._work.frame, side)
        if against and side is not self._asked:
            self._asked = side
            self.question.setText(f"{against} Press OK again to keep {side.value}; the report then states both.")
            self.question.show()
            return
        lesions, other = self._session.lesions, self.same.currentData()
        identity = self._work.description.identity
        if other is not self._linked:
            identity = lesions.identity_with(other)
        clock, distance = self.clock.value(), self.distance.value()
        lesions.describe(
            self._work,
            dataclasses.replace(
                self._work.description,
                name=self.name.text().strip(),
                side=Side(self.side.currentData()),
                clock=clock or None,
                distance_mm=None if distance < 0 else distance,
                view=View(self.view.currentData()),  # Qt returns the plain string
                identity=identity,
            ),
        )
        super().accept()

    def _take_over(self) -> None:
        """Fill empty fields from the lesion chosen as the same one; the view belongs to this image alone."""
        other = self.same.currentData()
        if other is None:
            return
        known = other.description
        if not self.name.text().strip():
            self.name.setText(known.name)
        if not self.side.currentData():
            self.side.setCurrentIndex(self.side.findData(known.side))
        self._fill(
            self.clock.value() or known.clock,
            known.distance_mm if self.distance.value() < 0 else self.distance.value(),
        )

    def _fill(self, clock: int | None, distance: float | None) -> None:
        self.clock.setValue(clock or 0)
        self.distance.setValue(-5 if distance is None else distance)

    def _lay_out(self) -> None:
        form = QFormLayout()
        form.setHorizontalSpacing(theme.GRID * 2)
        form.setVerticalSpacing(theme.GRID)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        for label, field in (
            ("&Name", self.name),
            ("&Side", self.side),
            ("&Clock position", self.clock),
            ("&Distance from nipple", self.distance),
            ("&View", self.view),
            ("Same &lesion as", self.same),
        ):
            form.addRow(label, field)
            field.setAccessibleName(label.replace("&", ""))
        # A long file name is cut; it does not widen the dialog.
        self.same.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.same.setMinimumContentsLength(12)
        self.same.setEnabled(self.same.count() > 1)
        self.same.setToolTip(
            "<p>Outlines on the other open images. Outlines of the same lesion are its views: their AI results are "
            "combined and shown side by side in the report.</p>"
        )
        column = QVBoxLayout(self)
        column.setContentsMargins(*[theme.GRID * 2] * 4)
        column.setSpacing(theme.GRID * 2)
        column.addLayout(form)
        column.addWidget(self.question)
        column.addStretch(1)
        column.addWidget(self.buttons)
        self.setMinimumWidth(_WIDTH)


def _choice(kind: type[Side] | type[View], now: Side | View, proposed: Side | View) -> StillCombo:
    """Return a box that shows the current value, or else the one proposed by the file; OK confirms it."""
    box = StillCombo()
    for value in kind:
        mark = " (from the file)" if value and value is proposed else ""
        box.addItem((value.value or _UNSAID) + mark, value)
    box.setCurrentIndex(box.findData(now or proposed))
    return box
