"""The reader's own read before the AI's: the veil over the AI's reading, what is proposed, the times, and the store's row.

The AI's reading of a lesion is computed when it is asked for, and stays veiled until the reader has given a BI-RADS
category or passed it over; which of the two it was is kept. Nothing the network found ever reaches the own read.
"""

import logging
from collections.abc import Callable
from time import monotonic

from PySide6.QtCore import QObject, Signal

from csamoe_desktop import paths
from csamoe_desktop.errors import UserError
from csamoe_desktop.reader.assessment import Assessment, AssessmentRecord, Proposed
from csamoe_desktop.session.assessing import Assessing
from csamoe_desktop.session.calibration import HandCalibration
from csamoe_desktop.session.jobs import Outcome
from csamoe_desktop.session.lesion_work import LesionWork, ResultState
from csamoe_desktop.session.lesions import Lesions
from csamoe_desktop.session.measurements import Measured, Measurements
from csamoe_desktop.session.reader_sitting import ReaderSitting, go_on
from csamoe_desktop.session.scene import Scene
from csamoe_desktop.session.shown_result import ShownResult
from csamoe_desktop.session.sitting_record import sitting_of
from csamoe_desktop.store.assessments import AssessmentStore
from csamoe_desktop.study.scale import Scale

_log = logging.getLogger(__name__)

KEEPING_READS = "keeping reads"
GIVE_FIRST = "Your own read comes first: choose a BI-RADS category."


class ReaderAssessments(QObject):
    """The sittings of the open frames."""

    changed = Signal()
    """The own read in view, or what is proposed for it, changed."""
    wanted = Signal()
    """The reader is to give the own read now: its box takes the keys."""

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
        """Tells the seconds."""
        self._since = self.clock()
        self._work: LesionWork | None = None
        self._awaited: LesionWork | None = None
        self._nothing = ReaderSitting()
        self._said = False
        self.reads = AssessmentStore(paths.store_file())
        scene.lesionArriving.connect(self._turn)
        scene.lesionChanged.connect(self._linked)
        scene.resultSettling.connect(self._heard)
        scene.settingsChanged.connect(self._settings_changed)
        calibration.changed.connect(self._heard)
        measurements.changed.connect(self.changed)

    # -- what is in view

    @property
    def _sitting(self) -> ReaderSitting:
        """The sitting in view, asked of the scene each time: what is veiled is never another frame's question."""
        work = self._scene.work
        return self._nothing if work is None else work.sitting

    @property
    def current(self) -> Assessment:
        """What the reader says of the lesion in view."""
        return self._sitting.assessment

    @property
    def first(self) -> Assessment | None:
        """What the reader said of it before the AI's reading was shown, or None."""
        return self._sitting.first

    @property
    def skipped(self) -> bool:
        """Whether the own read was passed over."""
        return self._sitting.skipped

    @property
    def since(self) -> str:
        """The day on which the read in view was begun, if it is back from another time the image was open; else ""."""
        read = self._sitting
        return read.begun[:10] if read.reopened and not read.assessment.untouched else ""

    @property
    def proposed(self) -> Proposed | None:
        """What the outline in view proposes; None where none is marked, or it is still being measured."""
        measured = self._measurements.now
        return None if measured is None else measured.proposed

    # -- what the reader does

    def change(self, read: Assessment) -> None:
        """Take what the reader says now of the lesion in view."""
        sitting = self._sitting
        if self._scene.work is None or read == sitting.assessment:
            return
        before, sitting.assessment = sitting.assessment, read
        self._tell_views(before)
        if sitting.shown:
            # A final read that the program's end took away would be no final read.
            self.keep()
        else:
            # Who gives a category after all has not passed it over; who takes it back has not given one.
            sitting.skipped = sitting.skipped and not read.given
            sitting.ready = sitting.ready and (read.given or sitting.skipped)
        self.changed.emit()

    def confirm(self, only: str = "") -> None:
        """Take over what is proposed, where the reader has said nothing: all of it, or `only` the size (SIZE) or the term
        of one descriptor."""

        def take(measured: Measured) -> None:
            if measured.proposed is not None:
                self._sitting.measured_on = self._outline
                self.change(self._sitting.assessment.confirming(measured.proposed, only))

        # Right after a stroke it is still being measured.
        self._measurements.when_there(take)

    def confirm_next(self) -> None:
        """Take over the first of what is proposed and not confirmed: the size, then one term after the other."""

        def take(measured: Measured) -> None:
            if measured.proposed is not None and (left := measured.proposed.open(self._sitting.assessment)):
                self.confirm(left[0])

        self._measurements.when_there(take)

    def withdraw(self) -> None:
        """Take back what was measured and confirmed."""
        self.change(self._sitting.assessment.without_measured())

    def want(self) -> None:
        """Lead the reader's keys to the own read."""
        self.wanted.emit()

    def assess(self) -> None:
        """Let the AI read the lesion in view; where it has and is veiled, show that once there is an own read."""
        if self._shown.state is ResultState.HIDDEN:
            if not self._sitting.assessment.given:
                self._scene.failed.emit(UserError(GIVE_FIRST, "Or pass it over (Reading > Skip the own read)."))
                self.want()
                return
            self._lift(skipped=False)
            return
        # Who assesses with a category given has given the own read.
        self._sitting.ready = self._sitting.ready or self._sitting.assessment.given
        self._assessing.begin()

    def skip(self) -> None:
        """Pass over the own read: the AI's reading is shown, and that it was skipped is kept."""
        if self._shown.hidden:
            self._lift(skipped=not self._sitting.assessment.given)

    def seen(self, work: LesionWork) -> None:
        """Note that a model's reading of a lesion is on the screen beside the panel, as a comparison's is: what the reader
        says of it from now on is no first read."""
        if work.sitting.shown or self._shown.hides(work):
            return
        self._show(work)
        if self._take(work):
            self._store()
        self.changed.emit()

    def record(self, work: LesionWork) -> AssessmentRecord:
        """Return how the reads of a lesion came about, as the settings want it in the report."""
        self._tick()
        record = work.sitting.record()
        return record if self._scene.settings.assessments_in_report else record.final_only()

    def keep(self) -> None:
        """Put the sitting in view into the store, in the worker."""
        self._tick()
        if self._work is not None and self._take(self._work):
            self._store()

    def at_stake(self) -> int:
        """Try to store all at once, and return how many reads the store did not take."""
        self._tick()
        if self._work is not None:
            self._take(self._work)
        if self.reads.work_to_do:
            try:
                self.reads.write()
            except Exception as problem:  # noqa: BLE001 - whatever it is, it is counted
                _log.warning("reads are not stored: %s", problem)
        return self.reads.waiting

    def keep_again(self, work: LesionWork) -> None:
        """Put a lesion's sitting into the store once more: the lesion has another number now."""
        if self._take(work):
            self._store()

    def close(self) -> None:
        """Put the sitting in view, and what waits, into the store now."""
        self._tick()
        if self._work is not None:
            self._take(self._work)
        try:
            self.reads.write()
        except Exception as problem:  # noqa: BLE001 - whatever it is, the program closes
            _log.warning("reads are lost: %s", problem)
        # A report finished as the program closes has begun another.
        self._scene.jobs.finish()

    # -- the same lesion in other views

    def _tell_views(self, before: Assessment) -> None:
        """What the reader says of a lesion is said once: it holds for its other views, unless there something else was.
        What is measured is each view's own."""
        work = self._scene.work
        if work is None:
            return
        for other in self._lesions.other_views(work):
            theirs = other.sitting.assessment
            if theirs.without_measured() in (before.without_measured(), Assessment()):
                other.sitting.assessment = work.sitting.assessment.of_another_view(theirs)

    def _hear_views(self) -> None:
        """Take over what was said of the lesion at hand in another view, where nothing is said of it here."""
        work = self._scene.work
        if work is None or not work.sitting.assessment.without_measured().untouched:
            return
        for other in self._lesions.other_views(work):
            if not other.sitting.assessment.without_measured().untouched:
                work.sitting.assessment = other.sitting.assessment.of_another_view(work.sitting.assessment)
                return

    def _linked(self) -> None:
        """What a lesion is described as changed: it may be a view of another one now."""
        work = self._scene.work
        if work is not None and work is self._work:
            self._hear_views()
            self._tell_views(Assessment())
            self.changed.emit()

    # -- behind it

    @property
    def _outline(self) -> tuple[int, Scale] | None:
        """What tells the outline in view, and its millimetres, from any other on this frame."""
        work, frame = self._scene.work, self._scene.frame
        return None if work is None or frame is None else (work.mask.version, frame.scale)

    def _lift(self, skipped: bool) -> None:
        self._sitting.ready, self._sitting.skipped, self._sitting.asked = True, skipped, True
        self._scene.tell_result()
        self.changed.emit()

    def _turn(self) -> None:
        """Another lesion is at hand, or the same one opened anew: the one before is left."""
        self._tick()
        work = self._scene.work
        if self._work is not None and work is not self._work and self._take(self._work):
            self._store()
        self._work = work
        if (outline := self._outline) is not None:
            go_on(self._sitting, *outline)
        self._hear_views()
        self._see()
        self.changed.emit()

    def _heard(self) -> None:
        """The reading or the outline changed."""
        if self._scene.work is not self._work:
            # Another frame comes into view, and is turned to next.
            return
        # First of all: what was measured on another outline is not what the reader says as the AI's reading is shown.
        if self._sitting.assessment.measured and self._sitting.measured_on != self._outline:
            self._sitting.assessment = self._sitting.assessment.without_measured()
        self._see()
        self.changed.emit()

    def _settings_changed(self) -> None:
        revealed = [
            one.work.sitting
            for one in self._lesions.placed()
            if one.work.ai_result is not None and not one.work.sitting.shown and not self._shown.hides(one.work)
        ]
        for read in revealed:
            # Who turns the question off before answering it has passed it over; to turn it on again veils nothing.
            read.asked, read.skipped, read.ready = True, not read.assessment.given, True
        if revealed:
            self._scene.tell_result()

    def _see(self) -> None:
        """Note when the AI's reading is waited for, has come, and is shown."""
        work, read = self._work, self._sitting
        if work is not None and self._shown.state is ResultState.RUNNING:
            self._tick()
            if self._awaited is not work:
                self._stop_waiting()
                self._awaited, read.waited_since = work, self.clock()
                read.seen = None if work.ai_result is None else work.ai_result.prediction
            return
        self._answered()
        if work is None or work.ai_result is None or read.shown or self._shown.hides(work):
            return
        self._show(work)
        self.keep()

    def _show(self, work: LesionWork) -> None:
        """Note that the reader sees a model's reading of a lesion from now on."""
        self._tick()
        read = work.sitting
        read.shown = True
        seen = next((one.sitting for one in self._lesions.other_views(work) if one.sitting.shown), None)
        if seen is not None:
            # Who has seen it of one view is not asked before the AI is of the next.
            read.asked, read.skipped, read.first = seen.asked, seen.skipped, seen.first
            return
        read.asked = read.asked or self._scene.settings.assessment_first
        read.first = read.assessment if read.assessment.given else None

    def _answered(self) -> None:
        """Note how long the reading that is awaited took, in view or not, once it is there; or that none comes."""
        work = self._awaited
        if work is None:
            return
        read, prediction = work.sitting, None if work.ai_result is None else work.ai_result.prediction
        if prediction is not None and prediction is not read.seen and read.waited_since is not None:
            self._tick()
            read.ai_seconds = self.clock() - read.waited_since
            self._stop_waiting()
        elif work is self._work:
            self._tick()
            self._stop_waiting()

    def _stop_waiting(self) -> None:
        if self._awaited is not None:
            self._awaited.sitting.waited_since, self._awaited = None, None

    def _tick(self) -> None:
        """Count the time since the last call to what the reader was doing with the lesion that was in view."""
        now = self.clock()
        past, self._since = now - self._since, now
        if self._work is None:
            return
        read = self._work.sitting
        if read.shown:
            read.final_seconds += past
        elif not (read.ready and read.waited_since is not None):
            # Who has given the own read, and waits, is not reading.
            read.first_seconds += past

    def _take(self, work: LesionWork) -> bool:
        """Put a sitting into the queue, and return whether there was anything to keep."""
        read = work.sitting
        if not (read.assessment.given or read.shown):
            return False
        self.reads.keep(sitting_of(work))
        return True

    def _store(self) -> None:
        jobs = self._scene.jobs
        if jobs.busy(KEEPING_READS):
            return

        def kept(nothing: None) -> None:
            self._said = False
            # What came while it was being written.
            if self.reads.work_to_do:
                self._store()

        def failed(problem: BaseException) -> None:
            if not self._said:
                self._said = True
                fault = UserError(
                    "Your reads are not kept at the moment: something went wrong inside the program.",
                    "They are tried again with the next.",
                )
                self._scene.failed.emit(problem if isinstance(problem, UserError) else fault)

        jobs.submit(KEEPING_READS, lambda job: self.reads.write(), Outcome(kept, failed))
