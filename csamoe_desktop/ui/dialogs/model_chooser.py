"""The dialog that lists the installed models with their figures and needs, and selects the one to use."""

import dataclasses
import math
from functools import partial

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFrame,
    QHBoxLayout,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from csamoe_desktop import paths
from csamoe_desktop.errors import UserError
from csamoe_desktop.inference.bundle import DEFAULT, Bundle, bundles_and_left_out
from csamoe_desktop.report.content.model_words import (
    ModelFigures,
    caution,
    measured,
    needs,
    outline_words,
    parameters_words,
    size_words,
)
from csamoe_desktop.session.chosen_model import LOADING
from csamoe_desktop.session.session import Session
from csamoe_desktop.ui.widgets import theme

_FIGURES_WIDE = theme.GRID * 22
_VALIDATION = "validation"


class ModelBox(QFrame):
    """One model: its description and needs on the left, its main figure and the button that selects it on the right."""

    def __init__(self, bundle: Bundle, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.card = card = bundle.card
        self.setProperty("role", "box")
        self.setAccessibleName(f"{card.title}, {card.name} {card.version}")
        self.title = theme.label(card.title, wrap=True)
        self.title.setStyleSheet("font-weight: 600")
        default = "  ·  default" if card.name == DEFAULT else ""
        size = f"{size_words(bundle.size)}, {parameters_words(card.parameters)}" if bundle.size else "weights missing"
        self.name = theme.label(f"{card.name} {card.version}{default}  ·  {size}", "muted", wrap=True)
        self.needs = theme.label(_sentence(needs(card)), wrap=True)
        self.caution = theme.label(_sentence(caution(card)), "attention", wrap=True)
        self.caution.setVisible(bool(caution(card)))
        figures = measured(card)
        # Validation data was used for tuning and flatters the model: show figures on unseen data where there are any.
        held_out = [figure for figure in figures if not figure.data.startswith(_VALIDATION)] or list(figures)
        self.measured = theme.label(
            "\n".join(_line(figure) for figure in held_out) or "Not measured.", "muted", wrap=True
        )
        self.licence = theme.label(f"Licence: {card.licence.rstrip('.')}.", "muted", wrap=True)
        self.figure = theme.label("", "figure")
        self.interval = theme.label("", "muted")
        self.beside = theme.label("", "muted", wrap=True)
        if held_out:
            first = held_out[0]
            self.figure.setText(f"{first.name} {first.figure.value:.3f}")
            if not math.isnan(first.figure.low + first.figure.high):
                self.interval.setText(f"{first.figure.low:.3f} to {first.figure.high:.3f} (95 %)")
        evaluation = next((candidate for candidate in card.evaluations if "dice" in candidate.metrics), None)
        beside = outline_words(evaluation) if evaluation is not None else ""
        # Below an AUC, state that these figures are of the outlines and not of the probability.
        self.beside.setText(f"Its outlines: Dice {beside}" if beside and card.task == "reading" else beside)
        self.beside.setVisible(bool(self.beside.text()))
        self.choose = QPushButton("Use this model")
        self.no_reader = theme.label("Proposes outlines only; it does not assess lesions.", "muted", wrap=True)
        reads = card.task == "reading"
        self.choose.setVisible(reads)
        self.no_reader.setVisible(not reads)
        self._lay_out()

    def show_use(self, in_use: bool) -> None:
        """Show whether this model is in use."""
        self.choose.setText("In use" if in_use else "Use this model")
        self.choose.setEnabled(not in_use)

    def _lay_out(self) -> None:
        words = QVBoxLayout()
        words.setSpacing(theme.GRID // 2)
        for widget in (self.title, self.name, self.needs, self.caution, self.measured, self.licence):
            words.addWidget(widget)
        words.addStretch(1)
        figures = QVBoxLayout()
        figures.setSpacing(theme.GRID // 2)
        for widget in (self.figure, self.interval, self.beside):
            figures.addWidget(widget)
        figures.addStretch(1)
        figures.addWidget(self.no_reader)
        figures.addWidget(self.choose)
        right = QWidget()
        right.setMinimumWidth(_FIGURES_WIDE)
        right.setMaximumWidth(_FIGURES_WIDE * 3 // 2)
        figures.setContentsMargins(0, 0, 0, 0)
        right.setLayout(figures)
        row = QHBoxLayout(self)
        row.setContentsMargins(*[theme.GRID * 3 // 2] * 4)
        row.setSpacing(theme.GRID * 3)
        row.addLayout(words, 1)
        row.addWidget(right)


class ModelChooser(QDialog):
    """The dialog. A choice applies at once and loads in the worker.

    AI results of another model become outdated; none is repeated automatically.
    """

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Models")
        self._session = session
        self._failure = ""
        bundles, left_out = bundles_and_left_out()
        self.boxes = {bundle.card.name: ModelBox(bundle) for bundle in bundles}
        self.left_out = theme.label("\n".join(str(problem) for problem in left_out), "attention", wrap=True)
        self.left_out.setVisible(bool(left_out))
        self.status = theme.label(wrap=True)
        self.outdated = theme.label(role="attention", wrap=True)
        self._lay_out()
        for name, box in self.boxes.items():
            box.choose.clicked.connect(partial(self._choose, name))
        for signal in (session.modelChanged, session.settingsChanged, session.resultChanged):
            signal.connect(self._show)
        session.jobs.busyChanged.connect(self._lane_changed)
        session.failed.connect(self._show_failure)
        self._show()

    def _lay_out(self) -> None:
        holder = QWidget()
        holder.setObjectName("column")
        holder.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        models = QVBoxLayout(holder)
        models.setContentsMargins(0, 0, theme.GRID, 0)
        models.setSpacing(theme.GRID)
        for heading, task in (("Models that assess lesions", "reading"), ("Models that outline lesions", "outlining")):
            boxes = [box for box in self.boxes.values() if box.card.task == task]
            if boxes:
                models.addWidget(theme.label(heading, "heading"))
            for box in boxes:
                models.addWidget(box)
        if not self.boxes:
            models.addWidget(
                theme.label(
                    f"There is no model in {paths.model_weights()}. Install the program again, or copy a model bundle "
                    "there.",
                    wrap=True,
                )
            )
        models.addWidget(self.left_out)
        models.addStretch(1)
        scroll = QScrollArea()
        scroll.setWidget(holder)
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.setContentsMargins(*[theme.GRID * 2] * 4)
        column.setSpacing(theme.GRID)
        column.addWidget(scroll, 1)
        column.addWidget(self.status)
        column.addWidget(self.outdated)
        column.addWidget(buttons)
        self.setMinimumSize(theme.GRID * 70, theme.GRID * 40)
        self.resize(theme.GRID * 100, theme.GRID * 84)

    def _choose(self, name: str) -> None:
        self._failure = ""
        session = self._session
        session.user_settings.change(dataclasses.replace(session.settings, model=name))
        if session.model.predictor is None and not session.jobs.busy(LOADING):
            session.model.preload()

    def _lane_changed(self, lane: str, busy: bool) -> None:
        if lane == LOADING:
            self._show()

    def _show_failure(self, problem: BaseException) -> None:
        # The window's message may be hidden behind this dialog.
        self._failure = str(problem) if isinstance(problem, UserError) else "Something went wrong inside the program."
        self._show()

    def _show(self) -> None:
        session = self._session
        for name, box in self.boxes.items():
            box.show_use(name == session.model.name)
        self.status.setText(self._failure or self._state())
        theme.set_role(self.status, "attention" if self._failure else "muted")
        because = "" if session.work is None else session.work.outdated_because(session.model.name)
        self.outdated.setText(f"{because} It stays marked as outdated until you assess again." if because else "")
        self.outdated.setVisible(bool(because))

    def _state(self) -> str:
        session = self._session
        if session.model.name not in self.boxes:
            return f"The model {session.model.name} from the settings was not found. Choose another model."
        if session.model.predictor is not None:
            return f"{session.model.name} is loaded and runs on {session.model.predictor.device.words}."
        if session.jobs.busy(LOADING):
            return f"Loading {session.model.name} …"
        return f"{session.model.name} is in use. It is loaded when you first assess a lesion."


def _line(entry: ModelFigures) -> str:
    return f"{entry.name} {entry.figure.words()}, {entry.on}; {entry.data}"


def _sentence(words: str) -> str:
    return f"{words[:1].upper()}{words[1:]}."
