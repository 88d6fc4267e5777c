"""The window that compares several models' AI results on the current lesion."""

from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtGui import QCloseEvent, QGuiApplication, QShowEvent
from PySide6.QtWidgets import (
    QDialog,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QProgressBar,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from csamoe_desktop.errors import UserError
from csamoe_desktop.inference.bundle import Bundle, readers
from csamoe_desktop.inference.predictor import Predictor
from csamoe_desktop.lesion.mask import LesionMask
from csamoe_desktop.report.content.result_words import ROUTING
from csamoe_desktop.report.content.side_by_side import (
    CAUTION,
    NEEDS_OUTLINE,
    ModelRow,
    agreement,
    read_row,
    scales,
    table_text,
)
from csamoe_desktop.session.jobs import Job, Outcome
from csamoe_desktop.session.lesion_work import LesionWork
from csamoe_desktop.session.session import Session
from csamoe_desktop.study.model import Frame
from csamoe_desktop.ui.dialogs.comparison_row import COLUMNS, ComparisonRow
from csamoe_desktop.ui.widgets import theme

COMPARING = "comparing"


@dataclass(frozen=True, slots=True, eq=False)
class _Lesion:
    """The lesion as it was when the comparison began; `name` names it, `of` names it with its outline."""

    work: LesionWork
    version: int
    frame: Frame
    mask: LesionMask
    name: str
    of: str


class ComparisonWindow(QDialog):
    """The window. The models run one after the other in the worker, and each is freed before the next is loaded; the
    session's loaded model is reused.

    No AI result is shown while the reader's assessment of the compared lesion, or of the current one, is still to come:
    the current one may be the same lesion in another view, or on the same image.
    """

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Compare models")
        self.setModal(False)
        self._session = session
        self._lesion: _Lesion | None = None
        self._waiting: list[Bundle] = []
        self._total = 0
        self._bundles = {bundle.card.name: bundle for bundle in readers()}
        self.sentence = theme.label(wrap=True)
        self.sentence.setStyleSheet("font-weight: 600")
        self.of = theme.label(role="muted", wrap=True)
        self.outdated = theme.label(role="attention", wrap=True)
        self.caution = theme.label(f"{CAUTION} {ROUTING}", "muted", wrap=True)
        self.doing = theme.label(role="muted")
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.cancel = QPushButton("Cancel")
        self.compare = QPushButton("Compare")
        self.copy = QPushButton("Copy table")
        self.close_button = QPushButton("Close")
        theme.set_role(self.compare, "primary")
        self._grid = QGridLayout()
        self.rows = {
            name: ComparisonRow(bundle.card, self._grid, place)
            for place, (name, bundle) in enumerate(self._bundles.items(), 1)
        }
        self._lay_out()
        self.compare.clicked.connect(self.start)
        self.cancel.clicked.connect(self.stop)
        self.copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(self.text()))
        self.close_button.clicked.connect(self.reject)
        for row in self.rows.values():
            row.tick.toggled.connect(self._show)
        session.settingsChanged.connect(self._show)
        # Every change of outline, frame or study emits one of these two.
        session.resultChanged.connect(self._show)
        session.currentLesionChanged.connect(self._show)
        # Withdrawing the category before the result arrives hides the results again and emits nothing else.
        session.assessments.changed.connect(self._show)
        self._show()

    @property
    def running(self) -> bool:
        """Whether models are running."""
        return bool(self._waiting) or self._session.jobs.busy(COMPARING)

    @property
    def read(self) -> list[ModelRow]:
        """The rows with an AI result or a refusal, in the order of the models."""
        return [line.row for line in self.rows.values() if line.row is not None]

    @property
    def hidden(self) -> bool:
        """Whether the results are hidden until the reader's assessment."""
        return self._session.shown_result.hidden or self._lesion_hidden

    @property
    def _lesion_hidden(self) -> bool:
        return self._lesion is not None and self._session.shown_result.hides(self._lesion.work)

    def start(self) -> None:
        """Run the selected models on the current lesion, one after the other."""
        session = self._session
        if session.frame is None or session.work is None or session.study is None or session.shown_result.hidden:
            return
        self.stop()
        asked = [self._bundles[name] for name, line in self.rows.items() if line.asked]
        for line in self.rows.values():
            line.show_row(None, None)
        if not asked:
            self._show()
            return
        for line in self.rows.values():
            if line.tick.isChecked() and not line.tick.isEnabled():
                line.show_row(ModelRow(line.card, unread=NEEDS_OUTLINE), None)
        mask = session.work.mask
        self._lesion = _Lesion(session.work, mask.version, session.frame, mask.finished(), *self._current_names())
        self._total, self._waiting = len(asked), asked
        self._next(self._lesion)

    def stop(self) -> None:
        """Stop; the results so far stay."""
        self._waiting.clear()
        self._session.jobs.cancel(COMPARING)
        for line in self.rows.values():
            line.show_status("")
        self._show()

    def text(self) -> str:
        """Return the table as text; outdated results are marked so, hidden ones are left out."""
        if self.hidden:
            return self.sentence.text()
        notes = [self.outdated.text()] if self.outdated.text() else []
        study = self._session.study
        if not notes and study is not None:
            notes += study.notes
        return table_text(self.read, "" if self._lesion is None else self._lesion.of, notes)

    def showEvent(self, event: QShowEvent) -> None:
        """Show the current state; the reader has then seen it."""
        super().showEvent(event)
        self._show()

    def reject(self) -> None:
        """Close, and stop running models."""
        self.stop()
        super().reject()

    def closeEvent(self, event: QCloseEvent) -> None:
        """Stop running models, as `reject` does."""
        self.stop()
        super().closeEvent(event)

    def _next(self, lesion: _Lesion) -> None:
        """Run the next model; when it is done, the one after it starts."""
        session = self._session
        if not self._waiting:
            self._show()
            return
        bundle = self._waiting.pop(0)
        line = self.rows[bundle.card.name]
        place = self._total - len(self._waiting) - 1
        device, here = session.settings.device, session.model.predictor
        loaded = here if here is not None and here.card.sha256 == bundle.card.sha256 else None
        outline = lesion.mask.pixels if lesion.mask.pixels.any() else None

        def run(job: Job) -> ModelRow:
            def load(bundle: Bundle) -> Predictor:
                job.progress(0.0, f"Loading {bundle.card.name}")
                if loaded is not None:
                    return loaded
                # Importing torch takes seconds: in the worker, so that the window does not wait.
                from csamoe_desktop.inference.loading import load_predictor

                predictor = load_predictor(bundle, device)
                job.progress(0.6, f"Running {bundle.card.name}")
                return predictor

            return read_row(bundle, lesion.frame, outline, load)

        def done(row: ModelRow) -> None:
            line.show_row(row, None)
            self._show_scales()
            self._next(lesion)

        def failed(problem: BaseException) -> None:
            session.failed.emit(problem)
            done(ModelRow(bundle.card, unread=_words(problem)))

        def progress(share: float, words: str) -> None:
            self.doing.setText(f"{place + 1} of {self._total}: {words} …")
            self.bar.setValue(round(100 * (place + share) / self._total))

        line.show_status("Running …")
        for waiting in self._waiting:
            self.rows[waiting.card.name].show_status("Waiting.")
        progress(0.0, "Starting")
        session.jobs.submit(COMPARING, run, Outcome(done, failed, progress))
        self._show()

    def _show_scales(self) -> None:
        """Show all rows with the number of digits that the most demanding one needs."""
        lines = [line for line in self.rows.values() if line.row is not None]
        for line, scale in zip(lines, scales(self.read), strict=True):
            line.show_row(line.row, scale)

    def _show(self) -> None:
        session, running = self._session, self.running
        work = session.work
        marked = work is not None and not work.mask.empty
        lesion = self._lesion
        elsewhere = lesion is not None and work is not lesion.work
        hidden = self.hidden
        redrawn = lesion is not None and lesion.work.mask.version != lesion.version
        for line in self.rows.values():
            line.hide_result(hidden)
            line.show_possible(marked, running, elsewhere or (redrawn and line.card.needs_outline))
        outdated = [] if hidden else [line for line in self.rows.values() if line.outdated]
        self.of.setText(
            f"Current: {self._current_names()[1]}" if lesion is None or hidden else f"Compared: {lesion.of}"
        )
        self.outdated.setText("")
        if outdated and elsewhere and lesion is not None:
            image = work is None or work.image != lesion.work.image
            self.outdated.setText(
                f"Another {'image' if image else 'lesion'} is current now. These AI results do not belong to it."
            )
        elif outdated:
            self.outdated.setText("The AI results are outdated: the outline has changed. Compare again.")
        self.outdated.setVisible(bool(outdated))
        finished = self.read
        self.sentence.setText(self._lead(finished, running))
        self.sentence.setEnabled(not outdated)
        self.doing.setVisible(running)
        self.bar.setVisible(running)
        self.cancel.setVisible(running)
        self.compare.setVisible(not running)
        self.compare.setText("Compare again" if finished else "Compare")
        asked = any(line.asked for line in self.rows.values())
        self.compare.setEnabled(session.frame is not None and asked and not session.shown_result.hidden)
        shown = any(row.ai_result is not None for row in finished) and not hidden
        self.copy.setEnabled(shown and not running)
        if shown and lesion is not None and self.isVisible():
            session.assessments.note_seen(lesion.work)

    def _lead(self, finished: list[ModelRow], running: bool) -> str:
        if self.hidden and (finished or running):
            of = (
                "the current lesion" if self._session.shown_result.hidden or self._lesion is None else self._lesion.name
            )
            return (
                f"Give your assessment of {of} first, or skip it, then show the AI result. The results of the comparison "
                "are then shown here."
            )
        if any(row.ai_result is not None for row in finished):
            return f"So far: {agreement(finished)}" if running else agreement(finished)
        if running:
            return "The models are running …"
        if finished:
            return agreement(finished)
        if not self.rows:
            return "No model that assesses lesions is installed."
        if self._session.frame is None:
            return "Open a study first, then compare the models."
        if self._session.shown_result.hidden:
            return "Give your assessment first, or skip it, and show the AI result. Then press Compare."
        return "Select the models to compare, then press Compare."

    def _current_names(self) -> tuple[str, str]:
        """Return the name of the current lesion, and the same with its outline."""
        session = self._session
        study, frame, work = session.study, session.frame, session.work
        if study is None or frame is None or work is None:
            return "no image", "no image"
        frame_words = f", frame {frame.index + 1} of {study.frame_count}" if study.frame_count > 1 else ""
        outline = "no outline" if work.mask.empty else f"outline {work.mask.author.value}"
        title = f", {work.title}" if len(session.lesions.on_frame) > 1 else ""
        name = f"{study.name}{frame_words}{title}"
        return name, f"{name}, {outline}"

    def _lay_out(self) -> None:
        grid = self._grid
        grid.setContentsMargins(theme.GRID, theme.GRID, theme.GRID, theme.GRID)
        grid.setHorizontalSpacing(theme.GRID * 2)
        grid.setVerticalSpacing(theme.GRID * 2)
        for place, heading in enumerate(COLUMNS):
            if heading:
                spans = 2 if place == 2 else 1
                grid.addWidget(theme.label(heading, "heading"), 0, place, 1, spans, Qt.AlignmentFlag.AlignBottom)
        grid.setColumnMinimumWidth(0, theme.GRID * 24)
        grid.setColumnMinimumWidth(3, theme.GRID * 20)
        grid.setColumnMinimumWidth(5, theme.GRID * 14)
        grid.setColumnStretch(3, 1)
        grid.setRowStretch(len(self.rows) + 1, 1)
        holder = QFrame()
        holder.setProperty("role", "box")
        holder.setLayout(grid)
        scroll = QScrollArea()
        scroll.setWidget(holder)
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        progress = QHBoxLayout()
        progress.setSpacing(theme.GRID * 2)
        progress.addWidget(self.doing)
        progress.addWidget(self.bar, 1)
        buttons = QHBoxLayout()
        buttons.setSpacing(theme.GRID)
        buttons.addStretch(1)
        for button in (self.cancel, self.compare, self.copy, self.close_button):
            button.setAutoDefault(False)
            buttons.addWidget(button)
        column = QVBoxLayout(self)
        column.setContentsMargins(*[theme.GRID * 2] * 4)
        column.setSpacing(theme.GRID)
        for label in (self.sentence, self.outdated, self.of):
            column.addWidget(label)
        column.addWidget(scroll, 1)
        column.addWidget(self.caution)
        column.addLayout(progress)
        column.addLayout(buttons)
        self.setMinimumSize(theme.GRID * 80, theme.GRID * 40)
        self.resize(theme.GRID * 126, theme.GRID * 64)


def _words(problem: BaseException) -> str:
    return problem.message if isinstance(problem, UserError) else "Something went wrong inside the program."
