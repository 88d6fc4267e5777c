"""What is open: studies, frame, lesion mask and assessment. It emits facts; widgets ask it and listen, and hold no other."""

import dataclasses
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QObject, Signal

from csamoe_desktop import paths
from csamoe_desktop.assessment import Assessment, Withheld, assess, look_closer
from csamoe_desktop.errors import UserError
from csamoe_desktop.inference.bundle import DEFAULT
from csamoe_desktop.lesion.formats import read_mask
from csamoe_desktop.lesion.history import EditedMask
from csamoe_desktop.lesion.mask import Author
from csamoe_desktop.report.content import ReportInput
from csamoe_desktop.report.writing import write_report
from csamoe_desktop.settings import Settings, save_settings
from csamoe_desktop.store.autosave import Autosave
from csamoe_desktop.study.model import Frame, Study
from csamoe_desktop.study.opening import open_study
from csamoe_desktop.ui.calibration import HandCalibration
from csamoe_desktop.ui.calipers import Calipers
from csamoe_desktop.ui.closer_look import CloserLook
from csamoe_desktop.ui.jobs import Job, Jobs, Outcome
from csamoe_desktop.ui.kept_work import KeptWork
from csamoe_desktop.ui.loaded_model import LoadedModel
from csamoe_desktop.ui.own_reads import OwnReads
from csamoe_desktop.ui.proposals import Proposals
from csamoe_desktop.ui.reading import FrameWork, ReadingState

if TYPE_CHECKING:
    from csamoe_desktop.inference.predictor import Predictor

OPENING, LOADING, ASSESSING, REPORTING = "opening", "loading", "assessing", "reporting"


class Session(QObject):
    """The open work. Readings stay with their file and frame as long as it is open, masks and comments for good.

    `study`, `frame` and `work` change together and before anything is emitted: a listener never sees one of them
    beside another one's.
    """

    studyChanged = Signal()
    """Another study is in view (or none), or the list of open ones changed."""
    frameChanged = Signal()
    """Another frame is in view (or none); its mask and reading too."""
    maskChanged = Signal(object)
    """The mask changed inside a `tools.Box`, or None: anywhere."""
    readingChanged = Signal()
    """`reading_state` or `assessment` changed."""
    progressed = Signal(float, str)
    """A reading is under way: share from 0 to 1, and what is being done."""
    modelChanged = Signal()
    """`predictor` changed, or is being loaded."""
    settingsChanged = Signal()
    failed = Signal(object)
    """Something the user started went wrong: the exception, for `messages`."""
    noted = Signal(str)
    """Something the user should know, one sentence."""

    def __init__(self, settings: Settings, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.jobs = Jobs(self)
        self.settings = settings
        self.studies: list[Study] = []
        self.study: Study | None = None
        self.frame: Frame | None = None
        self.work: FrameWork | None = None
        """The work on the frame in view."""
        self._waiting: list[Path] = []
        self._kept = KeptWork(Autosave(paths.store_file()), self.jobs, self)
        self._kept.failed.connect(self.failed)
        self._kept.noted.connect(self.noted)
        self._reading: FrameWork | None = None
        self._model = LoadedModel()
        self.calibration = HandCalibration(self)
        self.calipers = Calipers(self)
        self.proposals = Proposals(self)
        self.own_reads = OwnReads(self, paths.store_file())
        self.closer_look = CloserLook(self)

    # -- studies and frames

    def open(self, *paths: Path) -> None:
        """Open files in the worker, one after the other; for each, `studyChanged` or `failed` follows."""
        self._waiting += paths
        if not self.jobs.busy(OPENING):
            self._open_next()

    def show_study(self, study: Study) -> None:
        """Bring a study that is open already into view, at its first frame; where that cannot be decoded, `failed`
        follows and what is in view stays."""
        if study is not self.study:
            self._decode_and_show(study, 0)

    def close_study(self) -> None:
        """Close the study in view, with its readings; the nearest that can be shown comes into view."""
        if self.study is None:
            return
        place = self.studies.index(self.study)
        self._kept.forget(self.studies.pop(place))
        problems: list[UserError] = []
        for study in (*self.studies[place:], *reversed(self.studies[:place])):
            try:
                self._show(study, study.frame(0), listed=True)
                break
            except UserError as problem:
                problems.append(problem)
        else:
            self._show(None, None, listed=True)
        for told in problems:
            self.failed.emit(told)

    def show_frame(self, index: int) -> None:
        """Bring frame `index` (from 0, clipped to the study) into view, or stay as `show_study` does."""
        if self.study is None:
            return
        index = min(max(index, 0), self.study.frame_count - 1)
        if self.frame is None or self.frame.index != index:
            self._decode_and_show(self.study, index)

    def marked(self, study: Study, index: int) -> bool:
        """Return whether frame `index` of `study` has an outline."""
        work = self._kept.get(study, index)
        return work is not None and not work.mask.empty

    def unreported(self, study: Study | None = None) -> tuple[int, int]:
        """Return how many outlines and how many comments are lost when a study is closed, or the program (None).

        With a study none are: what the store could not take waits for it until the program ends.
        """
        return (0, 0) if study is not None else self._kept.at_stake()

    @property
    def kept_all(self) -> bool:
        """Whether every finished stroke and every comment is in the store."""
        return self._kept.safe

    def _open_next(self) -> None:
        if not self._waiting:
            return
        path = self._waiting.pop(0)

        def work(job: Job) -> tuple[Study, Frame]:
            study = open_study(path.absolute())
            return study, study.frame(0)

        def failed(problem: BaseException) -> None:
            self.failed.emit(problem)
            self._open_next()

        self.jobs.submit(OPENING, work, Outcome(self._opened, failed))

    def _opened(self, opened: tuple[Study, Frame]) -> None:
        study, frame = opened
        places = [place for place, other in enumerate(self.studies) if other.path == study.path]
        if places:
            self.studies[places[0]] = study
        else:
            self.studies.append(study)
        self.change_settings(self.settings.with_recent(study.path))
        self._show(study, frame, listed=True)
        for note in study.notes:
            self.noted.emit(note)
        self._open_next()

    def _decode_and_show(self, study: Study, index: int) -> None:
        try:
            frame = study.frame(index)
        except UserError as problem:
            self.failed.emit(problem)
            return
        self._show(study, frame)

    def _show(self, study: Study | None, frame: Frame | None, listed: bool = False) -> None:
        """Bring a frame, or nothing, into view; `listed`: the list of open studies changed too."""
        study_changed = listed or study is not self.study
        made_way = False
        self.study, self.frame, self.work = study, frame, None
        if study is not None and frame is not None:
            self.work, made_way = self._kept.bring(study, frame)
            self.frame = self.calibration.applied(study, frame, self.work.image)
        if study_changed:
            self.studyChanged.emit()
        self.frameChanged.emit()
        self.readingChanged.emit()
        if made_way and study is not None and frame is not None:
            which = f"Frame {frame.index + 1} of {study.path.name}" if study.frame_count > 1 else study.path.name
            self.noted.emit(f"{which} is another image than before: the outline made on that one was put aside.")

    # -- the mask

    @property
    def mask(self) -> EditedMask | None:
        """The mask of the frame in view, to be edited through `mask_edited`'s callers only."""
        return None if self.work is None else self.work.mask

    def mask_edited(self, box: object | None) -> None:
        """Tell everyone that the mask in view changed inside `box` (None: anywhere)."""
        self.maskChanged.emit(box)
        self.readingChanged.emit()

    def import_mask(self, path: Path, resize: bool = False) -> None:
        """Put the mask in the file `path` in the place of the one in view; one step of undo.

        Raises:
            MaskSizeMismatch: its size is not the frame's, and `resize` is not set.
            UserError: it cannot be read, or is empty.
        """
        if self.study is None or self.frame is None or self.mask is None:
            raise UserError("There is no image to put a mask on.", "Open a study first.")
        read = read_mask(path, self.frame.shape, resize=resize, image=self.study.path.name)
        self.mask.replace(read.pixels, Author.IMPORTED, path.name, read.notes)
        self.mask_edited(None)
        for note in read.notes:
            self.noted.emit(note)

    def undo(self) -> None:
        """Take back the last step on the mask in view, or with a caliper where that came last."""
        if not self.calipers.undo() and self.mask is not None and self.mask.can_undo:
            self.mask_edited(self.mask.undo())

    def redo(self) -> None:
        """Do the step taken back last again."""
        if not self.calipers.redo() and self.mask is not None and self.mask.can_redo:
            self.mask_edited(self.mask.redo())

    def clear_mask(self) -> None:
        """Remove the mask in view; one step of undo."""
        if self.mask is not None and not self.mask.empty:
            self.mask.replace(np.zeros_like(self.mask.pixels), Author.NONE, "")
            self.mask_edited(None)

    # -- the reading

    @property
    def model(self) -> str:
        """The name of the model that reads now."""
        return self.settings.model or DEFAULT

    @property
    def predictor(self) -> "Predictor | None":
        """The model as it is loaded, with the device really in use; None while it is not."""
        return self._model.peek(self.model, self.settings.device)

    @property
    def needs_outline(self) -> bool:
        """Whether the model that reads now reads nothing until a lesion is marked."""
        return self._model.needs_outline(self.model)

    def load_model(self, job: Job) -> "Predictor":
        """Return the model that reads now, loaded if need be: for workers."""
        return self._model.get(self.model, self.settings.device, job.progress)

    @property
    def reading_state(self) -> ReadingState:
        """Where the reading in view stands."""
        work = self.work
        if work is None:
            return ReadingState.NO_STUDY
        if work is self._reading and self.jobs.busy(ASSESSING):
            return ReadingState.RUNNING
        return self.own_reads.state(work.state(self.model, self.needs_outline))

    @property
    def assessment(self) -> Assessment | None:
        """The reading in view, also when it is stale; None before there is one, and as long as it is veiled."""
        return None if self.work is None or self.own_reads.pending else self.work.assessment

    def assess(self) -> None:
        """Read the lesion in view in the worker; a second call supersedes the first."""
        work, frame = self.work, self.frame
        if work is None or frame is None:
            self.failed.emit(UserError("There is no image to assess.", "Open a study first."))
            return
        mask, version = work.mask.finished(), work.mask.version
        model, device = self.model, self.settings.device

        def read(job: Job) -> Assessment:
            predictor = self._model.get(model, device, lambda share, words: job.progress(share * 0.8, words))
            job.progress(0.8, "Reading the lesion")
            return assess(frame, mask.pixels, predictor)

        def done(assessment: Assessment) -> None:
            work.assessment, work.assessed_mask, work.assessed_version = assessment, mask, version
            self.modelChanged.emit()
            self.readingChanged.emit()

        def failed(problem: BaseException) -> None:
            told = problem.message if isinstance(problem, UserError) else "Something went wrong inside the program."
            work.failure, work.failed_version, work.withheld = told, version, isinstance(problem, Withheld)
            self.readingChanged.emit()
            # The panel says why nothing is read; nothing went wrong.
            if not work.withheld:
                self.failed.emit(problem)

        work.failure = ""
        self._reading = work
        self.jobs.submit(ASSESSING, read, Outcome(done, failed, self.progressed.emit))
        self.readingChanged.emit()

    def cancel_assessment(self) -> None:
        """Stop the reading under way; what was there before stays."""
        if self.jobs.cancel(ASSESSING):
            self.readingChanged.emit()

    def preload(self) -> None:
        """Load the model in the worker, so that the first reading is quick; `modelChanged` follows, or `failed`."""
        model, device = self.model, self.settings.device

        def failed(problem: BaseException) -> None:
            self.modelChanged.emit()
            self.failed.emit(problem)

        self.jobs.submit(
            LOADING,
            lambda job: self._model.get(model, device, job.progress),
            Outcome(lambda predictor: self.modelChanged.emit(), failed),
        )
        self.modelChanged.emit()

    def report_input(self) -> ReportInput | None:
        """Return what a report of the reading in view is made from, also when it is stale; None before there is one to
        be seen."""
        study, frame, work, assessment = self.study, self.frame, self.work, self.assessment
        if study is None or frame is None or work is None or assessment is None or work.assessed_mask is None:
            return None
        return ReportInput(
            study_name=study.path.name,
            facts=study.facts,
            frame=frame,
            frame_count=study.frame_count,
            mask=work.assessed_mask,
            assessment=assessment,
            reader=self.settings.reader,
            comment=work.comment,
            created=datetime.now().astimezone(),
            notes=study.notes,
            reads=self.own_reads.record(),
            calipers=work.calipers.now,
            prevalence=self.settings.prevalence / 100 if self.settings.prevalence else None,
        )

    def export_report(self, path: Path, done: Callable[[Path], None]) -> None:
        """Write the report of the reading in view in the worker; `done` is called with `path`, or `failed` follows."""
        given = self.report_input()
        if given is None:
            self.failed.emit(UserError("There is no reading to report.", "Mark the lesion and assess it first."))
            return
        work = self.work
        if work is None or self.reading_state is not ReadingState.DONE:
            self.failed.emit(UserError("The reading does not hold for what is on the screen.", "Assess again first."))
            return
        version = work.mask.version

        def written(nothing: None) -> None:
            work.reported_version, work.reported_comment = version, given.comment
            self.own_reads.keep()
            done(path)

        def write(job: Job) -> None:
            whole = given
            if not whole.assessment.looked_closer:
                # Paper is not written before all is known of the reading.
                closer = look_closer(given.frame, given.mask.pixels, self.load_model(job), given.assessment)
                whole = dataclasses.replace(given, assessment=closer)
            write_report(path, whole)

        self.jobs.submit(REPORTING, write, Outcome(written, self.failed.emit))

    # -- settings and the end

    def change_settings(self, settings: Settings) -> None:
        """Take and save new settings; another model or device is loaded at once, if one was."""
        if settings == self.settings:
            return
        was_loaded = self.predictor is not None or self.jobs.busy(LOADING)
        before, self.settings = (self.model, self.settings.device), settings
        try:
            save_settings(settings)
        except UserError as problem:
            self.failed.emit(problem)
        self.settingsChanged.emit()
        if (self.model, settings.device) != before:
            self.readingChanged.emit()
            if was_loaded:
                self.preload()

    def close(self) -> None:
        """Stop all work and wait for it, a report being written excepted, which is finished; then all is silent."""
        self._waiting.clear()
        self.proposals.close()
        self.jobs.finish(REPORTING)
        self.own_reads.close()
        self._kept.close()
