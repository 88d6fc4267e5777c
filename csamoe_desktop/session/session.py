"""What is open: studies, frame, lesion mask and assessment. It emits facts; widgets ask it and listen, and hold no other."""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QObject, Signal

from csamoe_desktop import paths
from csamoe_desktop.assess import Assessment
from csamoe_desktop.errors import UserError
from csamoe_desktop.inference.bundle import DEFAULT
from csamoe_desktop.lesion.files.formats import read_mask
from csamoe_desktop.lesion.files.planes import FramePlace
from csamoe_desktop.lesion.history import EditedMask
from csamoe_desktop.lesion.mask import Author
from csamoe_desktop.session.assessing import Assessing
from csamoe_desktop.session.autosaver import KeptWork
from csamoe_desktop.session.calibration import HandCalibration
from csamoe_desktop.session.calipers import Calipers
from csamoe_desktop.session.closer_look import CloserLook
from csamoe_desktop.session.examinations import Examinations
from csamoe_desktop.session.frame_cache import Frames
from csamoe_desktop.session.frame_lesions import FrameLesions
from csamoe_desktop.session.jobs import Job, Jobs, Outcome
from csamoe_desktop.session.lesion_work import LesionWork, ReadingState
from csamoe_desktop.session.lesions import Lesions, PlacedLesion
from csamoe_desktop.session.loaded_model import LoadedModel
from csamoe_desktop.session.measurements import Measuring
from csamoe_desktop.session.navigation import Turning
from csamoe_desktop.session.proposals import Proposals
from csamoe_desktop.session.reader_assessments import OwnReads
from csamoe_desktop.session.reports import REPORTING, Reports
from csamoe_desktop.session.saved_frame import image_hash
from csamoe_desktop.session.study_loader import Opening
from csamoe_desktop.settings import Settings, save_settings
from csamoe_desktop.store.autosave import Autosave
from csamoe_desktop.store.earlier import EarlierOutline
from csamoe_desktop.study.model import Frame, Study

if TYPE_CHECKING:
    from csamoe_desktop.inference.predictor import Predictor

LOADING = "loading"


class Session(QObject):
    """The open work. Readings stay with their file and frame as long as it is open, masks and comments for good.

    `study`, `frame` and `on_frame` change together and before anything is emitted: a listener never sees one of them
    beside another one's.
    """

    studyChanged = Signal()
    """Another study is in view (or none), or the list of open ones changed."""
    studiesListed = Signal()
    """More studies are open than before, behind those there; what is in view is the same."""
    leaving = Signal()
    """What is in view makes way for another frame (or none)."""
    frameChanged = Signal()
    """Another frame is in view (or none); its mask and reading too."""
    stayed = Signal()
    """A frame that was to come into view does not: it cannot be decoded, or is not wanted any more. All is as it was."""
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
        self._unsaved = False  # whether the settings are not on disk as they are here
        self.hand_busy: Callable[[], bool] = lambda: False
        self.line_open: Callable[[], bool] = lambda: False
        """Whether anything, and whether an open polygon or livewire, is in hand; the canvas says."""
        self.studies: list[Study] = []
        self.study: Study | None = None
        self.frame: Frame | None = None
        self.on_frame: FrameLesions | None = None  # the lesions on the frame in view
        self.kept = KeptWork(Autosave(paths.store_file()), self.jobs, self)
        self.kept.failed.connect(self.failed)
        self.kept.noted.connect(self.noted)
        self.frames = Frames(self)
        self._turning = Turning(self, self._show)
        self._model = LoadedModel()
        self.lesions = Lesions(self)
        self.reports = Reports(self)
        self.examinations = Examinations(self, self.kept)
        self.opening = Opening(self)
        self.calibration = HandCalibration(self)
        self._assessing = Assessing(self)
        self.calipers = Calipers(self)
        self.measuring = Measuring(self)
        self.proposals = Proposals(self)
        self.own_reads = OwnReads(self, paths.store_file())
        self.closer_look = CloserLook(self)
        self.kept.renumbered.connect(self.own_reads.keep_again)
        self.kept.merged.connect(self.lesions.look_again)

    # -- studies and frames

    def open(self, *paths: Path) -> None:
        """Open files and folders in the worker, one after the other; for each, `studyChanged` or `failed` follows."""
        self.opening.open(*paths)

    def show_study(self, study: Study) -> None:
        """Bring a study that is open already into view, at its first frame, as `show_frame` does."""
        self._turning.to_study(study)

    def close_study(self) -> None:
        """Close the study in view, with its readings; the nearest that can be shown comes into view."""
        if self.study is None:
            return
        place = self.studies.index(self.study)
        self.kept.forget(self.studies.pop(place))
        self._turning.to_first((*self.studies[place:], *reversed(self.studies[:place])))

    def earlier_outlines(self) -> list[EarlierOutline]:
        """Return the outlines of the image in view that had to make way for others, the newest first.

        Raises:
            UserError: the store cannot be read.
        """
        return [] if self.on_frame is None else self.kept.earlier(self.on_frame)

    def show_frame(self, index: int, then: Callable[[], None] = lambda: None) -> None:
        """Bring frame `index` (from 0, clipped to the study) into view, and call `then`: at once where that is quick,
        else when it is decoded, unless another is wanted by then. Where it cannot be, `failed` and `stayed` follow."""
        self._turning.to_frame(index, then)

    def step_frames(self, steps: int) -> None:
        """Go some frames on or back, from the one that is to come into view where there is one."""
        self._turning.by(steps)

    def stay(self) -> None:
        """Let what is in view stay there, whatever was to come."""
        self._turning.stay()

    def marked(self, study: Study, index: int) -> bool:
        """Return whether frame `index` of `study` has an outline."""
        on_frame = self.kept.get(study, index)
        return on_frame is not None and on_frame.marked

    def work_by_study(self) -> list[tuple[Study, list[FrameLesions]]]:
        """Return the open studies of which frames were in view, with the lesions of these."""
        return self.kept.by_study(self.studies)

    def frame_of(self, placed: PlacedLesion) -> Frame:
        """Return the frame a lesion is on, decoded now, with the spacing the user gave it: for workers.

        Raises:
            UserError: it cannot be decoded, or is another image by now.
        """
        there = placed.frame < placed.study.frame_count
        frame = self.frames.decoded(placed.study, placed.frame, urgent=True) if there else None
        if frame is None or image_hash(placed.study, frame) != placed.work.image:
            raise UserError(
                f"{placed.where} is another image than the one {placed.work.title} was marked on.",
                "Open the file again, and mark and assess the lesion there.",
            )
        return self.calibration.applied(placed.study, frame, placed.work.image)

    def unreported(self, study: Study | None = None) -> tuple[int, int]:
        """Return how many outlines and how many notes (reads too) are lost when a study is closed, or the program (None).

        With a study none are: what the store could not take waits for it until the program ends.
        """
        if study is not None:
            return 0, 0
        outlines, notes = self.kept.at_stake()
        return outlines, notes + self.own_reads.at_stake()

    @property
    def kept_all(self) -> bool:
        """Whether every finished stroke and every comment is in the store."""
        return self.kept.safe

    def show_opened(self, study: Study, frame: Frame, path: Path) -> None:
        """Bring a study that was opened just now into view, in the place of one from the same file; `path` is what the user
        opened, that file or a folder."""
        places = [place for place, other in enumerate(self.studies) if other.path == study.path]
        if places:
            self.studies[places[0]] = study
            self.kept.put_aside(study)
        else:
            self.studies.append(study)
        self.change_settings(self.settings.with_recent(path))
        self._show(study, frame, listed=True)

    def list_opened(self, study: Study, path: Path) -> None:
        """Add a study opened just now, or put it in the place of the one from the same file, unless that is in view."""
        self.change_settings(self.settings.with_recent(path))
        place = next((place for place, other in enumerate(self.studies) if other.path == study.path), None)
        if place is None:
            self.list_studies([study])
        elif self.studies[place] is not self.study:
            self.studies[place] = study
            self.kept.put_aside(study)
            self.studiesListed.emit()

    def list_studies(self, studies: list[Study]) -> None:
        """Add studies that were opened just now behind the others; what is in view stays."""
        self.studies += studies
        self.studiesListed.emit()
        if self.study is None and self.frames.awaited is None and studies:
            self.show_study(studies[0])

    def _show(self, study: Study | None, frame: Frame | None, listed: bool = False) -> None:
        """Bring a frame, or nothing, into view; `listed`: the list of open studies changed too."""
        self.leaving.emit()
        self.frames.forget()
        study_changed = listed or study is not self.study
        made_way = False
        self.study, self.frame, self.on_frame = study, frame, None
        if study is not None and frame is not None:
            self.on_frame, made_way = self.kept.bring(study, frame)
            self.frame = self.calibration.applied(study, frame, self.on_frame.image)
        if study_changed:
            self.studyChanged.emit()
        self.frameChanged.emit()
        self.lesions.turned.emit()
        self.lesions.changed.emit()
        self.readingChanged.emit()
        if made_way and study is not None and frame is not None:
            which = f"Frame {frame.index + 1} of {study.name}" if study.frame_count > 1 else study.name
            self.noted.emit(f"{which} is another image than before: the outline made on that one was put aside.")

    @property
    def aspect(self) -> float:
        """How high a pixel of the frame in view is for its width; 1 where there is none."""
        return 1.0 if self.frame is None else self.frame.scale.aspect

    # -- the lesion at hand and its mask

    @property
    def work(self) -> LesionWork | None:
        """The work on the lesion at hand."""
        return None if self.on_frame is None else self.on_frame.at_hand

    @property
    def mask(self) -> EditedMask | None:
        """The mask of the lesion at hand, to be edited through `mask_edited`'s callers only."""
        return None if self.work is None else self.work.mask

    def mask_edited(self, box: object | None) -> None:
        """Tell everyone that the mask in view changed inside `box` (None: anywhere); what is drawn on is shown, and stays."""
        self.stay()
        if self.work is not None and not self.work.shown:
            self.lesions.toggle_shown()
        self.maskChanged.emit(box)
        self.readingChanged.emit()

    def import_mask(self, path: Path, resize: bool = False, another: bool = False) -> None:
        """Put the mask in the file `path` in the place of the one in view; one step of undo.

        Raises:
            MaskOfAnotherImage: the file says so, and `another` is not set.
            MaskSizeMismatch: its size is not the frame's, and `resize` is not set.
            UserError: it cannot be read, or is empty.
        """
        if self.study is None or self.frame is None or self.mask is None:
            raise UserError("There is no image to put a mask on.", "Open a study first.")
        if self.lesions.refuses():
            return
        place = FramePlace(self.frame.index, self.study.frame_count)
        read = read_mask(path, self.frame.shape, resize, self.study.path.name, place, another)
        self.mask.replace(read.pixels, Author.IMPORTED, path.name, read.notes)
        self.mask_edited(None)
        for note in read.notes:
            self.noted.emit(note)

    def undo(self) -> None:
        """Take back the last step on the mask in view, or with a caliper, or a lesion's deletion, where that came last."""
        deleted = self.lesions.deleted_last or not (self.calipers.can_undo or (self.mask and self.mask.can_undo))
        if deleted:
            self.lesions.restore()
        elif not self.calipers.undo() and self.mask is not None and not self.lesions.refuses():
            self.mask_edited(self.mask.undo())

    def redo(self) -> None:
        """Do the step taken back last again."""
        if not self.calipers.redo() and self.mask is not None and self.mask.can_redo and not self.lesions.refuses():
            self.mask_edited(self.mask.redo())

    def clear_mask(self) -> None:
        """Remove the mask in view; one step of undo."""
        if self.mask is not None and not self.mask.empty and not self.lesions.refuses():
            self.mask.replace(np.zeros_like(self.mask.pixels), Author.NONE, "")
            self.mask_edited(None)

    # -- the reading

    @property
    def model(self) -> str:
        """The name of the model that reads now."""
        return self.settings.model or DEFAULT

    @property
    def no_model(self) -> str:
        """Why no model can read, or ""."""
        return self._model.missing(self.model)

    @property
    def predictor(self) -> "Predictor | None":
        """The model as it is loaded, with the device really in use; None while it is not."""
        return self._model.peek(self.model, self.settings.device)

    @property
    def needs_outline(self) -> bool:
        """Whether the model that reads now reads nothing until a lesion is marked."""
        return self._model.needs_outline(self.model)

    def load_model(self, job: Job, model: str, device: str, share: float = 1.0) -> "Predictor":
        """Return a model, loaded if need be: for workers, who say which, as the settings may change under them; loading is
        `share` of the job."""
        return self._model.get(model, device, lambda done, words: job.progress(share * done, words))

    @property
    def reading_state(self) -> ReadingState:
        """Where the reading in view stands."""
        work = self.work
        if work is None:
            return ReadingState.NO_STUDY
        if work is self._assessing.lesion:
            return ReadingState.RUNNING
        return self.own_reads.state(work.state(self.model, self.needs_outline))

    @property
    def assessment(self) -> Assessment | None:
        """The reading in view, also when it is stale; None before there is one, and as long as it is veiled."""
        return None if self.work is None or self.own_reads.pending else self.work.assessment

    def assess(self) -> None:
        """Read the lesion in view in the worker; a second call supersedes the first."""
        self._assessing.begin()

    def cancel_assessment(self) -> None:
        """Stop the reading under way; what was there before stays."""
        self._assessing.cancel()

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

    # -- settings and the end

    def change_settings(self, settings: Settings) -> None:
        """Take and save new settings; another model or device is loaded at once, if one was."""
        if settings == self.settings:
            return
        was_loaded = self.predictor is not None or self.jobs.busy(LOADING)
        before, self.settings = (self.model, self.settings.device), settings
        self._unsaved = True
        try:
            save_settings(settings)
            self._unsaved = False
        except UserError as problem:
            self.failed.emit(problem)
        self.settingsChanged.emit()
        if (self.model, settings.device) != before:
            self.readingChanged.emit()
            if was_loaded:
                self.preload()

    def close(self) -> None:
        """Stop all work and wait for it, a report being written excepted, which is finished; then all is silent."""
        if self._unsaved:
            with suppress(UserError):
                save_settings(self.settings)
        self.opening.stop()
        self.proposals.close()
        self.measuring.close()
        self.jobs.finish(REPORTING)
        self.own_reads.close()
        self.kept.close()
        self.frames.close()
        self.opening.close()
