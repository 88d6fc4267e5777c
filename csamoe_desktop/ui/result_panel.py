"""The right column's two boxes on the lesion: what is marked, and how the model reads it."""

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QFrame, QHBoxLayout, QProgressBar, QPushButton, QVBoxLayout, QWidget

from csamoe_desktop.assessment import Assessment
from csamoe_desktop.lesion.measure import measure
from csamoe_desktop.report.content import ReportContent, content
from csamoe_desktop.ui import theme
from csamoe_desktop.ui.actions import Actions
from csamoe_desktop.ui.reading import ReadingState
from csamoe_desktop.ui.reading_bars import CategorySign, GateBars, ProbabilityScale
from csamoe_desktop.ui.session import Session

_SOON = 60
_HAS_NUMBERS = (ReadingState.DONE, ReadingState.STALE)


class Box(QFrame):
    """A titled box of the right column; `column` takes its contents."""

    def __init__(self, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "box")
        self.setAccessibleName(title)
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(theme.GRID * 3 // 2, theme.GRID, theme.GRID * 3 // 2, theme.GRID * 3 // 2)
        self.column.setSpacing(theme.GRID // 2)
        self.heading = QHBoxLayout()
        self.heading.addWidget(theme.label(title, "heading"), 1)
        self.column.addLayout(self.heading)


class LesionBox(Box):
    """What is marked in view: who marked it, how large it is, and what core and boundary the model saw."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__("Lesion", parent)
        self._session = session
        self.author = theme.label(wrap=True)
        self.extent = theme.label(wrap=True)
        self.source = theme.label(role="muted", wrap=True)
        self.regions = theme.label(role="muted", wrap=True)
        for widget in (self.author, self.extent, self.source, self.regions):
            self.column.addWidget(widget)
        # A stroke changes the mask with every move of the mouse: it is measured a few times a second.
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(_SOON)
        self._soon.timeout.connect(self._show)
        session.frameChanged.connect(self._show)
        session.readingChanged.connect(self._show_soon)
        self._show()

    def _show_soon(self) -> None:
        if not self._soon.isActive():
            self._soon.start()

    def _show(self) -> None:
        session, mask = self._session, self._session.mask
        marked = mask is not None and not mask.empty
        for widget in (self.extent, self.source):
            widget.setVisible(marked)
        if mask is None or session.frame is None or not marked:
            self.author.setText("None is marked." if mask is not None else "No image is open.")
            theme.set_role(self.author, "muted")
            self.regions.hide()
            return
        theme.set_role(self.author, "")
        author = mask.author.value.capitalize()
        self.author.setText(f"{author}: {mask.source}" if mask.source else author)
        size = measure(mask.pixels, session.frame.spacing)
        self.extent.setText(f"{size.diameters().replace(' x ', ' × ')}  ·  area {size.area_words()}")
        self.source.setText(_sentence(size.source))
        given = session.report_input() if session.reading_state is ReadingState.DONE else None
        self.regions.setVisible(given is not None)
        if given is not None:
            said = {line.label: line.value for line in content(given).lesion.lines}
            regions = given.assessment.regions
            self.regions.setText(f"Core: {_steps(regions.erosions)} in  ·  boundary: {_steps(regions.dilations)} out")
            self.regions.setToolTip(f"<p>Core: {said['Core']}.<br>Boundary: {said['Boundary']}.</p>")


class ReadingBox(Box):
    """The AI reading: category, probability on its scale, gates; in words where it stands, and one button."""

    def __init__(self, session: Session, actions: Actions, parent: QWidget | None = None) -> None:
        super().__init__("AI reading", parent)
        self._session = session
        self._next_steps = _next_steps(actions)
        self.state: ReadingState | None = None
        self._shown: Assessment | None = None
        self.next_step = theme.label(role="muted", wrap=True)
        self.stale = theme.label(role="attention", wrap=True)
        self.sign = CategorySign()
        self.category = theme.label(role="figure")
        self.probability = theme.label(role="figure")
        self.of = theme.label(role="muted", wrap=True)
        self.scale = ProbabilityScale()
        self.gates = GateBars()
        self.routing = theme.label(role="muted", wrap=True)
        self.warnings = theme.label(role="attention", wrap=True)
        self.read_by = theme.label(role="muted", wrap=True)
        self.doing = theme.label(role="muted")
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.cancel = _button("Cancel")
        self.button = _button("Assess")
        theme.set_role(self.button, "primary")
        self._numbers = QWidget()
        self._progress = QWidget()
        self._assess = actions["assess"]
        self._lay_out()
        self.button.clicked.connect(self._assess.trigger)
        self._assess.changed.connect(self._show_button)
        self.cancel.clicked.connect(session.cancel_assessment)
        session.readingChanged.connect(self._show)
        session.settingsChanged.connect(self._show)
        session.progressed.connect(self._show_progress)
        self._show()

    def _lay_out(self) -> None:
        numbers = QVBoxLayout(self._numbers)
        numbers.setContentsMargins(0, 0, 0, 0)
        numbers.setSpacing(theme.GRID // 2)
        lead = QHBoxLayout()
        lead.setSpacing(theme.GRID)
        lead.addWidget(self.sign)
        lead.addWidget(self.category, 1)
        lead.addWidget(self.probability)
        numbers.addLayout(lead)
        for widget in (self.of, self.scale, self.gates, self.routing, self.warnings, self.read_by):
            numbers.addWidget(widget)
        progress = QVBoxLayout(self._progress)
        progress.setContentsMargins(0, 0, 0, 0)
        progress.setSpacing(theme.GRID)
        for part in (self.doing, self.bar, self.cancel):
            progress.addWidget(part)
        for block in (self.next_step, self.stale, self._numbers, self._progress, self.button):
            self.column.addWidget(block)
        self.column.setSpacing(theme.GRID)

    def _show(self) -> None:
        state = self._session.reading_state
        work = self._session.work
        if state is ReadingState.RUNNING and self.state is not state:
            self._show_progress(0.0, "Starting")
        self.state = state
        because = "" if work is None else work.stale_because(self._session.model)
        if state is ReadingState.FAILED and work is not None:
            because = f"The reading failed. {work.failure}"
        self.next_step.setText(self._next_steps.get(state, ""))
        self.next_step.setVisible(state in self._next_steps)
        self.stale.setText(because)
        self.stale.setVisible(state in (ReadingState.STALE, ReadingState.FAILED))
        self._progress.setVisible(state is ReadingState.RUNNING)
        self._numbers.setVisible(state in _HAS_NUMBERS)
        self._numbers.setEnabled(state is ReadingState.DONE)
        self._show_button()
        given = self._session.report_input() if state in _HAS_NUMBERS else None
        if given is not None and given.assessment is not self._shown:
            self._shown = given.assessment
            self.sign.show_category(given.assessment.category)
            self._show_numbers(content(given), given.assessment.device)

    def _show_button(self) -> None:
        self.button.setText("Assess again" if self.state in (ReadingState.STALE, ReadingState.FAILED) else "Assess")
        # Nothing is left to press when it is done: the same outline gives the same reading.
        self.button.setVisible(self.state not in (ReadingState.NO_STUDY, ReadingState.RUNNING, ReadingState.DONE))
        self.button.setEnabled(self._assess.isEnabled())
        self.button.setToolTip(self._assess.toolTip())

    def _show_numbers(self, said: ReportContent, device: str) -> None:
        self.category.setText(said.category)
        self.probability.setText(said.scale.probability_words)
        self.of.setText(f"Calibrated probability of {said.positive}")
        self.scale.show_scale(said.scale)
        self.scale.setToolTip(f"<p>{said.thresholds[0].upper()}{said.thresholds[1:]}.</p>")
        self.gates.show_gates(said.gates)
        self.routing.setText("A gate weight is routing, not evidence.")
        self.routing.setToolTip(f"<p>{said.gates_note}</p>")
        self.warnings.setText("\n".join(said.warnings))
        self.warnings.setVisible(bool(said.warnings))
        version = next(line.value for line in said.model.lines if line.label == "Version")
        self.read_by.setText(f"{version.partition(', weights')[0]}  ·  {device}")

    def _show_progress(self, share: float, words: str) -> None:
        self.doing.setText(f"{words} …")
        self.bar.setValue(round(share * 100))


def _next_steps(actions: Actions) -> dict[ReadingState, str]:
    """Return what to do next in each state that waits for the user, with the keys in use."""
    brush, polygon = actions.key("brush", " (", ")"), actions.key("polygon", " (", ")")
    return {
        ReadingState.NO_STUDY: f"Drop a study on the window{actions.key('open', ', or press ')}.",
        ReadingState.NO_MASK: f"Mark the lesion first: draw it with the brush{brush} or the polygon{polygon}, "
        "or import a mask.",
        ReadingState.READY: "The lesion is marked and has not been read yet.",
    }


def _button(text: str) -> QPushButton:
    """Return a button that the Tab key reaches, and that leaves the image its keys when the mouse presses it."""
    button = QPushButton(text)
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    return button


def _steps(count: int) -> str:
    return f"{count} step{'' if count == 1 else 's'}"


def _sentence(words: str) -> str:
    return f"{words[:1].upper()}{words[1:]}."
