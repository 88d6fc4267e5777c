"""The right column's boxes "Lesions", on what is marked, and "AI result"."""

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QPushButton, QToolButton, QVBoxLayout, QWidget

from csamoe_desktop.assess import AIResult
from csamoe_desktop.lesion.calipers import by_source
from csamoe_desktop.lesion.history import EditedMask
from csamoe_desktop.lesion.measure import Size, area_words
from csamoe_desktop.names import shown_name
from csamoe_desktop.report.content.lesion_words import boundary_words, core_words
from csamoe_desktop.report.content.result_words import ROUTING, result_words, warning_words
from csamoe_desktop.session.lesion_work import LesionWork, ResultState
from csamoe_desktop.session.session import Session
from csamoe_desktop.study.scale import NOT_CALIBRATED, Spacing
from csamoe_desktop.ui.panels.folding import FoldingBox
from csamoe_desktop.ui.panels.lesion_list import LesionList
from csamoe_desktop.ui.panels.reader_and_ai import ReaderAndAI
from csamoe_desktop.ui.panels.result_bars import CategorySign, GateBars, ProbabilityScale
from csamoe_desktop.ui.widgets import theme
from csamoe_desktop.ui.widgets.actions import Actions

_SOON = 60
_UNMARKED = "This model assesses the whole image; no outline is needed."
_HAS_NUMBERS = (ResultState.DONE, ResultState.OUTDATED)
_AWAITED = (ResultState.RUNNING, ResultState.HIDDEN)
_COME = (ResultState.DONE, ResultState.FAILED)


class LesionBox(FoldingBox):
    """The lesions of the current image: who drew the outline, its size, and the core and boundary that the model used."""

    def __init__(self, session: Session, actions: Actions, parent: QWidget | None = None) -> None:
        super().__init__("Lesions", parent)
        self._session = session
        self.list = LesionList(session)
        for name in ("new_lesion", "describe_lesion", "delete_lesion"):
            button = QToolButton()
            button.setDefaultAction(actions[name])
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            self.heading.addWidget(button)
        self.author = theme.label(wrap=True)
        self.extent = theme.label(wrap=True)
        self.source = theme.label(role="muted", wrap=True)
        self.shape = theme.label(role="muted", wrap=True)
        self.regions = theme.label(role="muted", wrap=True)
        self.calipers = theme.label(wrap=True)
        self.pieces = theme.label(role="attention", wrap=True)
        self.keep_largest, self.fill_holes = QToolButton(), QToolButton()
        mending = QHBoxLayout()
        for button, name in ((self.keep_largest, "keep_largest"), (self.fill_holes, "fill_holes")):
            button.setDefaultAction(actions[name])
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextOnly)
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            button.hide()
            mending.addWidget(button)
        mending.addStretch(1)
        self.pieces.hide()
        for widget in (self.list, self.author, self.extent, self.pieces):
            self.column.addWidget(widget)
        self.column.addLayout(mending)
        for widget in (self.source, self.shape, self.calipers, self.regions):
            self.column.addWidget(widget)
        # A stroke changes the mask with every mouse move: update its area a few times per second.
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(_SOON)
        self._soon.timeout.connect(self._show)
        session.currentLesionChanged.connect(self._show)
        session.maskChanged.connect(lambda box: self._show_soon())
        session.strokeEnded.connect(self._show_soon)
        session.resultChanged.connect(self._show_soon)
        session.measurements.changed.connect(self._show)
        session.calipers.changed.connect(self._show_calipers)
        session.calibration.changed.connect(self._calibrated)
        self._show()
        self._show_calipers()

    def summary(self) -> str:
        """Return the number of lesions and the size of the current one."""
        count = len(self._session.lesions.on_frame)
        size = self.extent.text().partition("  ·  ")[0] if self._session.mask and not self._session.mask.empty else ""
        return " · ".join(filter(None, (f"{count} lesions" if count > 1 else "", size)))

    def _show_soon(self) -> None:
        if not self._soon.isActive():
            self._soon.start()

    def _calibrated(self) -> None:
        self._show()
        self._show_calipers()

    def _show_calipers(self) -> None:
        frame, calipers = self._session.frame, self._session.calipers.on_frame
        self.calipers.setVisible(bool(calipers))
        if frame is not None and calipers:
            groups = []
            for distances, spacing in by_source(calipers, frame.scale):
                # Non-breaking spaces keep a number and its unit on one line.
                listed = "  ·  ".join(distance.replace(" ", "\u00a0") for distance in distances.split(", "))
                source = "not calibrated" if spacing.source == NOT_CALIBRATED else spacing.source
                groups.append(listed if spacing.in_mm else f"{listed}  ({source})")
            self.calipers.setText(f"Calipers  {'  ·  '.join(groups)}")

    def _show(self) -> None:
        session, mask = self._session, self._session.mask
        marked = mask is not None and not mask.empty
        for widget in (self.extent, self.source, self.shape):
            widget.setVisible(marked)
        if mask is None or session.frame is None or not marked:
            self.author.setText("No lesion is marked." if mask is not None else "No image is open.")
            theme.set_role(self.author, "muted")
            self.regions.hide()
            self._show_odd(None)
            return
        theme.set_role(self.author, "")
        author = mask.author.value.capitalize()
        self.author.setText(f"{author}: {shown_name(mask.source)}" if mask.source else author)
        spacing = session.frame.scale.of(mask.pixels)
        self.source.setText(_sentence(spacing.words))
        self._show_size(mask, spacing)
        ai_result = session.shown_result.result if session.shown_result.state is ResultState.DONE else None
        core = ai_result is not None and ai_result.card.needs_outline
        self.regions.setVisible(core)
        if ai_result is not None and core:
            regions = ai_result.regions
            self.regions.setText(f"Core: {_steps(regions.erosions)} in  ·  boundary: {_steps(regions.dilations)} out")
            self.regions.setToolTip(f"<p>Core: {core_words(regions)}.<br>Boundary: {boundary_words(regions)}.</p>")

    def _show_size(self, mask: EditedMask, spacing: Spacing) -> None:
        """Show the outline's measurements; while it is being drawn, only the area is known."""
        measured = self._session.measurements.now
        if measured is None:
            diameters = f"… × … {spacing.unit}"
            self.extent.setText(f"{diameters}  ·  area {area_words(mask.count, spacing)}")
            self.shape.setText("Height / width …  ·  circularity …")
            self.shape.setToolTip("")
            return
        size, margin = measured.size, measured.margin
        self._show_odd(size)
        self.extent.setText(f"{size.diameters().replace(' x ', ' × ')}  ·  area {size.area_words()}")
        # One line in the column; the tooltip has the rest.
        self.shape.setText(f"Height / width {size.height_to_width:.2f}  ·  circularity {margin.circularity:.2f}")
        details = (size.height_words(), size.outline_words(), margin.words(), f"radial length: {margin.radial_words()}")
        self.shape.setToolTip(f"<p>{'<br>'.join(map(_sentence, details))}</p>")

    def _show_odd(self, size: Size | None) -> None:
        """Point out further pieces or holes before the lesion is assessed, and offer to correct them."""
        words = "" if size is None else size.piece_words()
        self.pieces.setText(f"Measured: {words}." if size and size.pieces > 1 else f"Measured {words}.")
        self.pieces.setVisible(bool(words))
        self.keep_largest.setVisible(size is not None and size.pieces > 1)
        self.fill_holes.setVisible(size is not None and size.holes > 0)


class ResultBox(FoldingBox):
    """The AI result: category, probability on its scale, gate shares; its state in words, and one button."""

    came = Signal()
    """The AI result that the reader waited for is shown, or has failed."""

    def __init__(self, session: Session, actions: Actions, parent: QWidget | None = None) -> None:
        super().__init__("AI result", parent)
        self._session = session
        self._next_steps = _next_steps(actions)
        self.state: ResultState | None = None
        self._shown: AIResult | None = None
        self._reach = ""
        self._of_lesion: LesionWork | None = None
        self.next_step = theme.label(role="muted", wrap=True)
        self.outdated = theme.label(role="attention", wrap=True)
        self.sign = CategorySign()
        self.category = theme.label(role="figure")
        self.probability = theme.label(role="figure")
        self.of = theme.label(role="muted", wrap=True)
        self.scale = ProbabilityScale()
        self.gates = GateBars()
        self.apart = ReaderAndAI(session)
        self.views = theme.label(role="muted", wrap=True)
        self.reach = theme.label(role="muted", wrap=True)
        self.routing = theme.label(role="muted", wrap=True)
        self.cautions = theme.label(role="attention", wrap=True)
        self.reasons = theme.label(role="muted", wrap=True)
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
        self.cancel.clicked.connect(session.assessing.cancel)
        session.resultChanged.connect(self._show)
        session.settingsChanged.connect(self._show)
        session.modelChanged.connect(self._show)
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
        for widget in (
            self.of,
            self.apart,
            self.scale,
            self.reach,
            self.views,
            self.gates,
            self.routing,
            self.cautions,
            self.reasons,
            self.warnings,
            self.read_by,
        ):
            numbers.addWidget(widget)
        progress = QVBoxLayout(self._progress)
        progress.setContentsMargins(0, 0, 0, 0)
        progress.setSpacing(theme.GRID)
        for part in (self.doing, self.bar, self.cancel):
            progress.addWidget(part)
        for block in (self.next_step, self.outdated, self._numbers, self._progress, self.button):
            self.column.addWidget(block)
        self.column.setSpacing(theme.GRID)

    def _show(self) -> None:
        state = self._session.shown_result.state
        work = self._session.work
        if state is ResultState.RUNNING and self.state is not state:
            self._show_progress(0.0, "Starting")
        came = self.state in _AWAITED and state in _COME and work is self._of_lesion
        self.state, self._of_lesion = state, work
        if came:
            self.came.emit()
        because = "" if work is None else work.outdated_because(self._session.model.name)
        if state is ResultState.FAILED and work is not None:
            because = f"There is no AI result: the calculation failed. {work.failure}"
        if state is ResultState.WITHHELD and work is not None:
            because = f"The AI result is withheld. {work.failure}"
        unmarked = state is ResultState.READY and work is not None and work.mask.empty
        missing = self._session.model.missing if state in self._next_steps else ""
        self.next_step.setText(missing or (_UNMARKED if unmarked else self._next_steps.get(state, "")))
        theme.set_role(self.next_step, "attention" if missing else "muted")
        self.next_step.setVisible(state in self._next_steps)
        self.outdated.setText(because)
        self.outdated.setVisible(state in (ResultState.OUTDATED, ResultState.FAILED, ResultState.WITHHELD))
        self._progress.setVisible(state is ResultState.RUNNING)
        self._numbers.setVisible(state in _HAS_NUMBERS)
        self._numbers.setEnabled(state is ResultState.DONE)
        self._show_button()
        ai_result = self._session.shown_result.result if state in _HAS_NUMBERS else None
        if ai_result is not None and ai_result is not self._shown:
            self._shown = ai_result
            self.sign.show_category(ai_result.category)
            self._show_numbers(ai_result)
        self._show_reach()
        self._show_views()

    def summary(self) -> str:
        """Return the AI result if it may be shown."""
        if self.state is ResultState.DONE:
            return f"{self.category.text()} {self.probability.text()}"
        return self.outdated.text() if self.state is ResultState.OUTDATED else ""

    def _show_button(self) -> None:
        again = self.state in (ResultState.OUTDATED, ResultState.FAILED)
        hidden = self.state is ResultState.HIDDEN
        self.button.setText("Assess again" if again else "Show the AI result" if hidden else "Assess")
        # No button when done: the same outline gives the same result.
        no_button = (ResultState.NO_STUDY, ResultState.RUNNING, ResultState.DONE, ResultState.WITHHELD)
        self.button.setVisible(self.state not in no_button)
        self.button.setEnabled(self._assess.isEnabled())
        self.button.setToolTip(self._session.model.missing or self._assess.toolTip())

    def _show_numbers(self, ai_result: AIResult) -> None:
        session = self._session
        words = result_words(ai_result, session.settings.malignancy_rate)
        self.category.setText(words.category)
        self.probability.setText(words.scale.probability_words)
        self.of.setText(f"Calibrated probability of {words.positive}")
        self.scale.show_scale(words.scale)
        self.scale.setToolTip(f"<p>{words.thresholds[0].upper()}{words.thresholds[1:]}.</p>")
        self._reach = words.scale.reach_words
        self.gates.show_gates(words.gates)
        # A single expert has no gate shares.
        self.gates.setVisible(len(words.gates) > 1)
        self.routing.setVisible(len(words.gates) > 1)
        self.routing.setText("Gate shares show routing, not evidence.")
        without = "Without it: the change in probability when the expert's share goes to the others."
        stages = "<br>".join(f"{gate.expert}: {gate.stages}" for gate in words.gates if gate.stages)
        weights = f"<p>Weights of the network's four stages, fine to coarse:<br>{stages}</p>" if stages else ""
        self.routing.setToolTip(f"<p>{ROUTING} {without}</p>{weights}")
        self.gates.setToolTip(self.routing.toolTip())
        why = words.reasons
        for label, sentences in (
            (self.cautions, (why.contour, why.disagreement)),
            (self.reasons, (why.ellipse, why.nearest, why.outside, why.rates)),
        ):
            # Non-breaking spaces keep "<" and its number on one line.
            label.setText("\n".join(filter(None, sentences)).replace("> ", ">\xa0").replace("< ", "<\xa0"))
            label.setVisible(any(sentences))
        notes = () if session.study is None or session.work is None else session.study.notes
        outline = session.work.result_mask if session.work is not None else None
        warnings = warning_words(ai_result, (*notes, *(outline.notes if outline is not None else ())))
        self.warnings.setText("\n".join(warnings))
        self.warnings.setVisible(bool(warnings))
        card = ai_result.card
        self.read_by.setText(f"{card.name} {card.version}  ·  {ai_result.device}")

    def _show_reach(self) -> None:
        """Show the range over other outlines, or that it is being calculated; the probability is shown without waiting."""
        under_way = self._session.closer_look.under_way
        waiting = "Calculating the range over other outlines …" if under_way else ""
        self.reach.setText(f"{self._reach} with other outlines" if self._reach else waiting)
        self.reach.setVisible(bool(self.reach.text()))

    def _show_views(self) -> None:
        """Show the combined result of the lesion's views, where other views have an AI result."""
        together = self._session.reports.combined() if self.state is ResultState.DONE else None
        self.views.setText("" if together is None else together.sentence(of=len(self._session.lesions.views())))
        self.views.setVisible(together is not None)
        theme.set_role(self.views, "muted" if together is None or together.agree else "attention")

    def _show_progress(self, share: float, words: str) -> None:
        self.doing.setText(f"{words} …")
        self.bar.setValue(round(share * 100))


def _next_steps(actions: Actions) -> dict[ResultState, str]:
    """Return the next step for each state that waits for the user, with the current shortcuts."""
    brush, polygon = actions.key("brush", " (", ")"), actions.key("polygon", " (", ")")
    return {
        ResultState.NO_STUDY: f"Drop a study on the window{actions.key('open', ', or press ')}.",
        ResultState.NO_MASK: f"Mark the lesion first: draw it with the brush{brush} or the polygon{polygon}, "
        "or import a mask.",
        ResultState.READY: "The lesion is marked. Press Assess for the AI result.",
        ResultState.HIDDEN: "The AI result is hidden until your assessment. Choose a BI-RADS category"
        f"{actions.key('assessment', ' (', ')')}, then show the AI result{actions.key('assess', ' (', ')')}"
        f"{actions.key('skip_assessment', ', or skip (', ')')}.",
    }


def _button(text: str) -> QPushButton:
    """Return a button that takes the focus by Tab, but not by mouse, so that the image keeps the keyboard."""
    button = QPushButton(text)
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    return button


def _steps(count: int) -> str:
    return f"{count} step{'' if count == 1 else 's'}"


def _sentence(words: str) -> str:
    return f"{words[:1].upper()}{words[1:]}."
