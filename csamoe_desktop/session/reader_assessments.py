"""The reader's assessments: the first one before the AI result is shown, the proposed descriptors, the times, and the
rows in the store.

The AI result is computed on request and stays hidden until the reader has given a BI-RADS category or skipped the first
assessment; which of the two is recorded. Nothing that the network found enters the assessment.
"""

import logging
from collections.abc import Callable
from time import monotonic

from PySide6.QtCore import QObject, Signal

from csamoe_desktop.errors import UserError
from csamoe_desktop.reader.assessment import Assessment, AssessmentRecord, Proposed
from csamoe_desktop.session.assessing import Assessing
from csamoe_desktop.session.assessment_saver import AssessmentSaver
from csamoe_desktop.session.calibration import HandCalibration
from csamoe_desktop.session.lesion_work import LesionWork, ResultState
from csamoe_desktop.session.lesions import Lesions
from csamoe_desktop.session.measurements import Measured, Measurements
from csamoe_desktop.session.reader_sitting import ReaderSitting, resume_sitting
from csamoe_desktop.session.scene import Scene
from csamoe_desktop.session.shown_result import ShownResult
from csamoe_desktop.study.scale import Scale

_log = logging.getLogger(__name__)

GIVE_FIRST = "Give your assessment first: choose a BI-RADS category."


class ReaderAssessments(QObject):
    """The sittings of the open frames."""

    changed = Signal()
    """The assessment of the current lesion, or what is proposed for it, changed."""
    focusRequested = Signal()
    """The reader is to give the assessment now: move the keyboard focus to its panel."""

    def __init__(
        self,
        scene: Scene,
        lesions: Lesions,
        calibration: HandCalibration,
        measurements: Measurements,
        assessing: Assessing,
        shown: ShownResult,
    ) -> None:
        super().__init__(scene)
        self._scene = scene
        self._lesions = lesions
        self._measurements = measurements
        self._assessing = assessing
        self._shown = shown
        self.clock: Callable[[], float] = monotonic
        """Returns the time in seconds."""
        self._since = self.clock()
        self._work: LesionWork | None = None
        self._awaited: LesionWork | None = None
        self._no_sitting = ReaderSitting()
        self._saver = AssessmentSaver(scene)
        self.store = self._saver.store
        scene.lesionArriving.connect(self._lesion_arriving)
        scene.lesionChanged.connect(self._lesion_described)
        scene.resultSettling.connect(self._result_settling)
        scene.settingsChanged.connect(self._settings_changed)
        calibration.changed.connect(self._result_settling)
        measurements.changed.connect(self.changed)

    # -- the current lesion

    @property
    def _sitting(self) -> ReaderSitting:
        """The sitting of the current lesion, always taken from the scene, so that hiding never depends on another
        frame."""
        work = self._scene.work
        return self._no_sitting if work is None else work.sitting

    @property
    def current(self) -> Assessment:
        """The reader's assessment of the current lesion."""
        return self._sitting.assessment

    @property
    def first(self) -> Assessment | None:
        """The assessment given before the AI result was shown, or None."""
        return self._sitting.first

    @property
    def skipped(self) -> bool:
        """Whether the first assessment was skipped."""
        return self._sitting.skipped

    @property
    def since(self) -> str:
        """The day on which the current sitting began, if it was restored from the store; otherwise ""."""
        sitting = self._sitting
        return sitting.begun[:10] if sitting.reopened and not sitting.assessment.untouched else ""

    @property
    def proposed(self) -> Proposed | None:
        """What the current outline proposes; None if nothing is marked, or while it is being measured."""
        measured = self._measurements.now
        return None if measured is None else measured.proposed

    # -- the reader's actions

    def change(self, assessment: Assessment) -> None:
        """Take over the reader's new assessment of the current lesion."""
        sitting = self._sitting
        if self._scene.work is None or assessment == sitting.assessment:
            return
        before, sitting.assessment = sitting.assessment, assessment
        self._copy_to_views(before)
        if sitting.shown:
            # The final assessment must not be lost if the program ends.
            self.save()
        else:
            # A category given later cancels the skip; a category taken back cancels the assessment.
            sitting.skipped = sitting.skipped and not assessment.given
            sitting.ready = sitting.ready and (assessment.given or sitting.skipped)
        self.changed.emit()

    def confirm(self, only: str = "") -> None:
        """Take over what is proposed, where the reader has entered nothing: all of it, or `only` the size (SIZE) or
        the term of one descriptor."""
        work, outline = self._scene.work, self._outline
        # Right after a stroke the outline is still being measured.
        self._measurements.when_measured(lambda measured: self._take_over(work, outline, measured, only))

    def confirm_next(self) -> None:
        """Take over the first proposal that is not confirmed yet: the size, then one term after the other."""
        work, outline = self._scene.work, self._outline

        def take(measured: Measured) -> None:
            if measured.proposed is None or work is None:
                return
            if unconfirmed := measured.proposed.open(work.sitting.assessment):
                self._take_over(work, outline, measured, unconfirmed[0])

        self._measurements.when_measured(take)

    def _take_over(
        self, work: LesionWork | None, outline: tuple[int, Scale] | None, measured: Measured, only: str
    ) -> None:
        """Confirm for `work` what its `outline` proposes."""
        if measured.proposed is None or work is None:
            return
        work.sitting.measured_on = outline
        confirmed = work.sitting.assessment.confirming(measured.proposed, only)
        if work is self._scene.work:
            self.change(confirmed)
            return
        # The reader has gone on to another lesion since.
        work.sitting.assessment = confirmed
        if self._saver.queue(work):
            self._saver.start()
        self.changed.emit()

    def withdraw(self) -> None:
        """Remove the confirmed measurements."""
        self.change(self._sitting.assessment.without_measured())

    def focus(self) -> None:
        """Move the keyboard focus to the assessment."""
        self.focusRequested.emit()

    def assess(self) -> None:
        """Compute the AI result of the current lesion. If it is computed and hidden, show it once there is an
        assessment."""
        if self._shown.state is ResultState.HIDDEN:
            if not self._sitting.assessment.given:
                self._scene.failed.emit(UserError(GIVE_FIRST, "Or skip it (Assessment > Skip your assessment)."))
                self.focus()
                return
            self._reveal(skipped=False)
            return
        # With a category given, the first assessment is complete.
        self._sitting.ready = self._sitting.ready or self._sitting.assessment.given
        self._assessing.begin()

    def skip(self) -> None:
        """Skip the first assessment: the AI result is shown, and the skip is recorded."""
        if self._shown.hidden:
            self._reveal(skipped=not self._sitting.assessment.given)

    def note_seen(self, work: LesionWork) -> None:
        """Note that an AI result of a lesion is shown outside the panel, as in a comparison: later changes belong to
        the final assessment."""
        if work.sitting.shown or self._shown.hides(work):
            return
        self._note_shown(work)
        if self._saver.queue(work):
            self._saver.start()
        self.changed.emit()

    def record(self, work: LesionWork) -> AssessmentRecord:
        """Return how the assessments of a lesion came about, as the settings want it in the report."""
        self._count_time()
        record = work.sitting.record()
        return record if self._scene.settings.assessments_in_report else record.final_only()

    def save(self) -> None:
        """Save the current sitting in the store, in a worker."""
        self._count_time()
        if self._work is not None and self._saver.queue(self._work):
            self._saver.start()

    def save_and_count_unsaved(self) -> int:
        """Try to save everything now, and return how many assessments could not be saved."""
        self._count_time()
        if self._work is not None:
            self._saver.queue(self._work)
        self._saver.write_now("assessments are not stored")
        return self.store.waiting

    def save_again(self, work: LesionWork) -> None:
        """Save a lesion's sitting again, because the lesion has a new number."""
        if self._saver.queue(work):
            self._saver.start()

    def close(self) -> None:
        """Save the current sitting, and all that are queued, now."""
        self._count_time()
        if self._work is not None:
            self._saver.queue(self._work)
        self._saver.write_now("assessments are lost")
        # A report that was finished on closing has started another save.
        self._scene.jobs.finish()

    # -- the same lesion in other views

    def _copy_to_views(self, before: Assessment) -> None:
        """Copy the assessment to the lesion's other views, unless they have a different one. Measurements belong to
        each view."""
        work = self._scene.work
        if work is None:
            return
        for other in self._lesions.other_views(work):
            theirs = other.sitting.assessment
            if theirs.without_measured() in (before.without_measured(), Assessment()):
                other.sitting.assessment = work.sitting.assessment.of_another_view(theirs)

    def _copy_from_views(self) -> None:
        """Take over the assessment of the current lesion from another view, if it has none here."""
        work = self._scene.work
        if work is None or not work.sitting.assessment.without_measured().untouched:
            return
        for other in self._lesions.other_views(work):
            if not other.sitting.assessment.without_measured().untouched:
                work.sitting.assessment = other.sitting.assessment.of_another_view(work.sitting.assessment)
                return

    def _lesion_described(self) -> None:
        """A lesion's description changed: it may be a view of another lesion now."""
        work = self._scene.work
        if work is not None and work is self._work:
            self._copy_from_views()
            self._copy_to_views(Assessment())
            self.changed.emit()

    # -- internals

    @property
    def _outline(self) -> tuple[int, Scale] | None:
        """Identifies the current outline and its scale among all on this frame."""
        work, frame = self._scene.work, self._scene.frame
        return None if work is None or frame is None else (work.mask.version, frame.scale)

    def _reveal(self, skipped: bool) -> None:
        self._sitting.ready, self._sitting.skipped, self._sitting.asked = True, skipped, True
        self._scene.emit_result_changed()
        self.changed.emit()

    def _lesion_arriving(self) -> None:
        """Another lesion is current, or the same one was reopened: save the one before."""
        self._count_time()
        work = self._scene.work
        if self._work is not None and work is not self._work and self._saver.queue(self._work):
            self._saver.start()
        self._work = work
        if (outline := self._outline) is not None:
            resume_sitting(self._sitting, *outline)
        self._copy_from_views()
        self._note_result()
        self.changed.emit()

    def _result_settling(self) -> None:
        """The AI result or the outline changed."""
        if self._scene.work is not self._work:
            # Another frame is about to be shown; `lesionArriving` follows.
            return
        # This comes first: measurements of an earlier outline must not count as assessed when the AI result is shown.
        # A stroke in progress may still be cancelled.
        drawing = self._scene.mask is not None and self._scene.mask.in_stroke
        if self._sitting.assessment.measured and self._sitting.measured_on != self._outline and not drawing:
            self._sitting.assessment = self._sitting.assessment.without_measured()
        self._note_result()
        self.changed.emit()

    def _settings_changed(self) -> None:
        revealed = [
            placed.work.sitting
            for placed in self._lesions.placed()
            if placed.work.ai_result is not None
            and not placed.work.sitting.shown
            and not self._shown.hides(placed.work)
        ]
        for sitting in revealed:
            # Turning the setting off before answering counts as skipping; turning it on again hides nothing.
            sitting.asked, sitting.skipped, sitting.ready = True, not sitting.assessment.given, True
        if revealed:
            self._scene.emit_result_changed()

    def _note_result(self) -> None:
        """Note when the reader waits for the AI result, when it arrives, and when it is shown."""
        work, sitting = self._work, self._sitting
        if work is not None and self._shown.state is ResultState.RUNNING:
            self._count_time()
            if self._awaited is not work:
                self._stop_waiting()
                self._awaited, sitting.waited_since = work, self.clock()
                sitting.seen = None if work.ai_result is None else work.ai_result.prediction
            return
        self._note_answer()
        if work is None or work.ai_result is None or sitting.shown or self._shown.hides(work):
            return
        self._note_shown(work)
        self.save()

    def _note_shown(self, work: LesionWork) -> None:
        """Note that the reader sees an AI result of a lesion from now on."""
        self._count_time()
        sitting = work.sitting
        sitting.shown = True
        seen_view = next((view.sitting for view in self._lesions.other_views(work) if view.sitting.shown), None)
        if seen_view is not None:
            # After seeing the AI result of one view, the reader is not asked for a first assessment of the next.
            sitting.asked, sitting.skipped, sitting.first = seen_view.asked, seen_view.skipped, seen_view.first
            return
        sitting.asked = sitting.asked or self._scene.settings.assessment_first
        sitting.first = sitting.assessment if sitting.assessment.given else None

    def _note_answer(self) -> None:
        """Note how long the awaited AI result took once it is there, on the current lesion or not; or that none
        comes."""
        work = self._awaited
        if work is None:
            return
        sitting, prediction = work.sitting, None if work.ai_result is None else work.ai_result.prediction
        if prediction is not None and prediction is not sitting.seen and sitting.waited_since is not None:
            self._count_time()
            sitting.ai_seconds = self.clock() - sitting.waited_since
            self._stop_waiting()
        elif work is self._work:
            self._count_time()
            self._stop_waiting()

    def _stop_waiting(self) -> None:
        if self._awaited is not None:
            self._awaited.sitting.waited_since, self._awaited = None, None

    def _count_time(self) -> None:
        """Add the time since the last call to what the reader was doing with the lesion that was current."""
        now = self.clock()
        elapsed, self._since = now - self._since, now
        if self._work is None:
            return
        sitting = self._work.sitting
        if sitting.shown:
            sitting.final_seconds += elapsed
        elif not (sitting.ready and sitting.waited_since is not None):
            # Waiting for the AI result after the first assessment does not count as assessing.
            sitting.first_seconds += elapsed
