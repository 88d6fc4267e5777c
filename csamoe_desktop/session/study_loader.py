"""Opening files and folders in the worker: what waits its turn, and what of a folder came of it."""

import logging
from dataclasses import dataclass, field
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from csamoe_desktop import paths
from csamoe_desktop.errors import UserError
from csamoe_desktop.report.pdf.fonts import missing_scripts
from csamoe_desktop.session.frame_cache import FrameCache
from csamoe_desktop.session.jobs import Job, Outcome
from csamoe_desktop.session.lesions import Lesions
from csamoe_desktop.session.open_studies import OpenStudies
from csamoe_desktop.session.scene import Scene
from csamoe_desktop.study.archive import Unpacked
from csamoe_desktop.study.dicom import NoImage
from csamoe_desktop.study.folder import FolderImages, holds_images, images_of
from csamoe_desktop.study.model import Frame, Study
from csamoe_desktop.study.opening import open_study

_log = logging.getLogger(__name__)

OPENING = "opening"

_PATIENCE = 20.0
"""Seconds after which a drive that does not answer is given up."""
_AT_ONCE = 20
"""So many images of a folder are listed together: the list grows as one looks."""


@dataclass(slots=True, eq=False)
class _Folder:
    """A folder that is being opened: what waits, and what came of the rest."""

    images: FolderImages
    waiting: list[Path]
    opened: int = 0
    no_images: int = 0
    problems: list[UserError] = field(default_factory=list)


_Moment = tuple[int, int]
"""What study was in view, and how far the work on the open images was."""


def _moment(scene: Scene, lesions: Lesions) -> _Moment:
    """Return what is in view now, and how far the work is; to look at another frame is no work."""
    drawn = [one.work.mask.version for one in lesions.placed() if one.work.mask.can_undo]
    return id(scene.study), sum(drawn) + len(drawn)


class StudyLoader(QObject):
    """The files and folders that the scene opens, one after the other.

    Of files, folders, ZIP archives and discs that are opened together the first image comes into view, and the others
    join the list behind it. None comes into view while the reader works on what is there, or has done so since: a view
    that turns by itself would take the image away under the hand.
    """

    progressed = Signal(float, str)
    """A folder is being opened: the share that is done, 0 to 1, and what is done now, in words."""
    ended = Signal()
    """Nothing is being opened any more."""

    def __init__(self, scene: Scene, studies: OpenStudies, frames: FrameCache, lesions: Lesions) -> None:
        super().__init__(scene)
        self._scene = scene
        self._studies = studies
        self._frames = frames
        self._lesions = lesions
        self._waiting: list[tuple[Path, _Moment | None]] = []
        self._folder: _Folder | None = None
        self._unpacked = Unpacked(paths.unpacked_folder())
        self.telling = False
        """Whether what is told is about the files that were opened."""
        self._untold: dict[int, Study] = {}
        # Not on `studyChanged`, which clears the notes of the study before.
        scene.frameChanged.connect(self._tell_notes)

    def open(self, *paths: Path) -> None:
        """Open files and folders; of the first, `studyChanged` follows, of the others `studiesListed`, or `failed`."""
        first = _moment(self._scene, self._lesions)
        # Where the first is refused, the next one is what the reader waits for.
        self._waiting += [(path.absolute(), first) for path in paths]
        if not self._scene.jobs.busy(OPENING):
            self._open_next()

    def stop(self) -> None:
        """Open nothing more."""
        self._waiting.clear()

    def close(self) -> None:
        """Remove what was unpacked; to be called when no worker reads it any more."""
        self._unpacked.remove()

    def cancel(self) -> None:
        """Stop opening; what is open already stays, and it is said that there was more."""
        self._waiting.clear()
        opening, self._folder = self._folder is not None, None
        if self._scene.jobs.cancel(OPENING) or opening:
            self.ended.emit()
            count = len(self._scene.studies)
            self._tell(f"Opening was stopped; {count} image{' is' if count == 1 else 's are'} open.")

    def _open_next(self) -> None:
        if not self._waiting:
            self.ended.emit()
            return
        path, asked = self._waiting.pop(0)

        def work(job: Job) -> tuple[Study, Frame] | tuple[_Folder, tuple[Study, Frame]]:
            if not holds_images(path):
                study = open_study(path)
                return study, self._frames.decoded(study, 0)
            images = images_of(path, self._unpacked.new_folder, job.progress)
            folder = _Folder(images, list(images.files))
            return folder, _first(folder, job, self._frames)

        def done(found: tuple[Study, Frame] | tuple[_Folder, tuple[Study, Frame]]) -> None:
            study, frame = (found[0], found[1]) if isinstance(found[0], Study) else found[1]
            if self._may_show(asked):
                # The others that were opened with it join the list.
                self._waiting = [(one, None if when is asked else when) for one, when in self._waiting]
                self._show(study, frame, path)
            else:
                self._list(study, path, asked)
            if isinstance(found[0], Study):
                self._open_next()
            else:
                self._folder = found[0]
                self._open_rest(found[0])

        self._scene.jobs.submit(OPENING, work, Outcome(done, self._failed, self.progressed.emit), _patience(path))

    def _open_rest(self, folder: _Folder) -> None:
        """Open the next images of a folder, until none waits; those open already stay as they are."""
        if folder is not self._folder:
            return  # stopped
        there = {study.path for study in self._scene.studies}
        total = len(folder.images.files)
        some_at_once = max(_AT_ONCE, (total - len(folder.waiting)) // 10)
        some, folder.waiting = folder.waiting[:some_at_once], folder.waiting[some_at_once:]

        def work(job: Job) -> list[Study]:
            studies = []
            for number, path in enumerate(some):
                at = total - len(folder.waiting) - len(some) + number
                job.progress(at / total, f"Opening image {at + 1:,} of {total:,}")
                if path not in there and (study := _tried(folder, path)) is not None:
                    studies.append(study)
                else:
                    folder.opened += path in there
            return studies

        def done(studies: list[Study]) -> None:
            self._untold |= {id(study): study for study in studies if study.notes}
            self._studies.add(studies)
            if folder.waiting or folder is not self._folder:
                self._open_rest(folder)
                return
            self._folder = None
            self._tell(folder.images.note(folder.opened, folder.no_images))
            if folder.problems:
                self._tell(_in_one(folder.problems))
            self._open_next()

        # Of an archive its own name is told, not that of the folder it was unpacked into.
        opened = folder.images.opened or folder.images.folder
        self._scene.jobs.submit(OPENING, work, Outcome(done, self._failed, self.progressed.emit), _patience(opened))

    def _may_show(self, asked: "_Moment | None") -> bool:
        """Return whether what was asked for at that moment may take the place of what is in view."""
        scene = self._scene
        return scene.study is None or (
            asked is not None and not scene.hand_busy() and asked == _moment(scene, self._lesions)
        )

    def _list(self, study: Study, opened: Path, asked: "_Moment | None") -> None:
        """Let a study join the list; say so where it was to come into view."""
        if study.notes:
            self._untold[id(study)] = study
        self._studies.list_opened(study, opened)
        if asked is not None:
            self._tell(f"{study.name} is open: it is in the list of studies.")

    def _show(self, study: Study, frame: Frame, opened: Path) -> None:
        self._studies.show(study, frame, opened)
        for note in study.notes:
            self._scene.noted.emit(note)
        if scripts := missing_scripts(study.facts.patient_name):
            self._scene.noted.emit(
                f"Some letters of the patient's name cannot be shown: no font on this computer has them ({', '.join(scripts)})."
            )

    def _failed(self, problem: BaseException) -> None:
        self._folder = None
        self._tell(problem)
        self._open_next()

    def _tell(self, told: str | BaseException) -> None:
        """Tell of files, not of what is in view."""
        self.telling = True
        (self._scene.noted if isinstance(told, str) else self._scene.failed).emit(told)
        self.telling = False

    def _tell_notes(self) -> None:
        """Tell what there is to know of a folder's image when it comes into view for the first time."""
        study = self._scene.study
        self._untold = {key: one for key, one in self._untold.items() if one in self._scene.studies}
        if study is not None and self._untold.pop(id(study), None) is not None:
            for note in study.notes:
                self._scene.noted.emit(note)


def _patience(path: Path) -> tuple[float, UserError]:
    """Return how long nothing may be heard of opening `path`, and what it failed of then."""
    return _PATIENCE, UserError(
        f"{path.name or path} does not answer: nothing could be read from it for {_PATIENCE:g} seconds.",
        "Check that its drive is connected, then open it again. Other images can be opened meanwhile.",
    )


def _first(folder: _Folder, job: Job, frames: FrameCache) -> tuple[Study, Frame]:
    """Return the first study of a folder that can be shown.

    Raises:
        UserError: none can.
    """
    while folder.waiting:
        job.progress(0.0, "Opening")
        path = folder.waiting.pop(0)
        study = _tried(folder, path)
        if study is not None:
            try:
                return study, frames.decoded(study, 0)
            except UserError as problem:
                folder.problems.append(problem)
                folder.opened -= 1
    if len(folder.problems) == 1:
        raise folder.problems[0]
    if folder.problems:
        raise _in_one(folder.problems)
    where = f"{'' if folder.images.opened else 'the folder '}{folder.images.name}"
    raise UserError(f"There is no image in {where}: its DICOM files hold none.", "Open another folder or file.")


def _tried(folder: _Folder, path: Path) -> Study | None:
    """Return the study of a file of a folder, or None and note why there is none."""
    try:
        study = open_study(path)
    except NoImage:
        folder.no_images += 1
    except UserError as problem:
        folder.problems.append(problem)
    except Exception:  # noqa: BLE001 - whatever it is
        # A fault in one file does not keep the others from the reader.
        _log.exception("fault in opening a file of a folder")
        folder.problems.append(UserError(f"{path.name} could not be opened: something went wrong inside the program."))
    else:
        folder.opened += 1
        return study
    return None


def _in_one(problems: list[UserError]) -> UserError:
    """Return one refusal for several, the first of them whole."""
    first = problems[0]
    if len(problems) == 1:
        return first
    return UserError(f"{len(problems)} images could not be opened. The first: {first.message}", first.hint)
