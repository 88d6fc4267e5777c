"""Opens files and folders in a worker: the queue, and the results of each folder."""

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
_BATCH = 20
"""Images of a folder that are listed together: the list grows while the rest is opened."""


@dataclass(slots=True, eq=False)
class _Folder:
    """A folder that is being opened: the files waiting, and the results so far."""

    images: FolderImages
    waiting: list[Path]
    opened: int = 0
    no_images: int = 0
    problems: list[UserError] = field(default_factory=list)


_Moment = tuple[int, int]
"""The current study, and how far the work on the open images has come."""


def _moment(scene: Scene, lesions: Lesions) -> _Moment:
    """Return the current study and how far the work has come; looking at another frame is not work."""
    drawn = [placed.work.mask.version for placed in lesions.placed() if placed.work.mask.can_undo]
    return id(scene.study), sum(drawn) + len(drawn)


class StudyLoader(QObject):
    """The files and folders to open, one after the other.

    Of files, folders, ZIP archives and discs opened together, the first image is shown and the others are added to the
    list. None is shown while the reader works on an image, or has worked since the request: the image must not change
    during work on it.
    """

    progressed = Signal(float, str)
    """A folder is being opened: the share that is done, 0 to 1, and the present step in words."""
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
        self.reporting = False
        """Whether the message being emitted is about the opened files."""
        self._with_notes: dict[int, Study] = {}
        # `studyChanged` would be too early: it clears the notes of the study before.
        scene.frameChanged.connect(self._tell_notes)

    def open(self, *paths: Path) -> None:
        """Open files and folders; `studyChanged` follows for the first, `studiesListed` for the others, or `failed`."""
        first = _moment(self._scene, self._lesions)
        # All get the same moment: if the first cannot be opened, the next one is shown.
        self._waiting += [(path.absolute(), first) for path in paths]
        if not self._scene.jobs.busy(OPENING):
            self._open_next()

    def stop(self) -> None:
        """Open nothing more."""
        self._waiting.clear()

    def close(self) -> None:
        """Remove unpacked files; to be called when no worker reads them any more."""
        self._unpacked.remove()

    def cancel(self) -> None:
        """Stop opening; studies opened so far stay, and the user is told."""
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
                # The others opened together with it are only added to the list.
                self._waiting = [(file, None if moment is asked else moment) for file, moment in self._waiting]
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
        """Open the next images of a folder until none is waiting; studies already open stay as they are."""
        if folder is not self._folder:
            return  # stopped
        open_paths = {study.path for study in self._scene.studies}
        total = len(folder.images.files)
        batch_size = max(_BATCH, (total - len(folder.waiting)) // 10)
        batch, folder.waiting = folder.waiting[:batch_size], folder.waiting[batch_size:]

        def work(job: Job) -> list[Study]:
            studies = []
            for number, path in enumerate(batch):
                at = total - len(folder.waiting) - len(batch) + number
                job.progress(at / total, f"Opening image {at + 1:,} of {total:,}")
                if path not in open_paths and (study := _open_or_record(folder, path)) is not None:
                    studies.append(study)
                else:
                    folder.opened += path in open_paths
            return studies

        def done(studies: list[Study]) -> None:
            self._with_notes |= {id(study): study for study in studies if study.notes}
            self._studies.add(studies)
            if folder.waiting or folder is not self._folder:
                self._open_rest(folder)
                return
            self._folder = None
            self._tell(folder.images.note(folder.opened, folder.no_images))
            if folder.problems:
                self._tell(_joined(folder.problems))
            self._open_next()

        # An archive is named itself, not the folder it was unpacked into.
        opened = folder.images.opened or folder.images.folder
        self._scene.jobs.submit(OPENING, work, Outcome(done, self._failed, self.progressed.emit), _patience(opened))

    def _may_show(self, asked: "_Moment | None") -> bool:
        """Return whether a study requested at that moment may replace the current one."""
        scene = self._scene
        return scene.study is None or (
            asked is not None and not scene.tool_busy() and asked == _moment(scene, self._lesions)
        )

    def _list(self, study: Study, opened: Path, asked: "_Moment | None") -> None:
        """Add a study to the list; tell the user if it was meant to be shown."""
        if study.notes:
            self._with_notes[id(study)] = study
        self._studies.list_opened(study, opened)
        if asked is not None:
            self._tell(f"{study.name} was opened and added to the list of studies.")

    def _show(self, study: Study, frame: Frame, opened: Path) -> None:
        self._studies.show(study, frame, opened)
        for note in study.notes:
            self._scene.noted.emit(note)
        if scripts := missing_scripts(study.facts.patient_name):
            self._scene.noted.emit(
                "Some letters of the patient's name cannot be shown: no font on this computer has them "
                f"({', '.join(scripts)})."
            )

    def _failed(self, problem: BaseException) -> None:
        self._folder = None
        self._tell(problem)
        self._open_next()

    def _tell(self, message: str | BaseException) -> None:
        """Emit a message about the opened files rather than the current image."""
        self.reporting = True
        (self._scene.noted if isinstance(message, str) else self._scene.failed).emit(message)
        self.reporting = False

    def _tell_notes(self) -> None:
        """Emit the notes on a folder's image when it is first shown."""
        study = self._scene.study
        self._with_notes = {key: other for key, other in self._with_notes.items() if other in self._scene.studies}
        if study is not None and self._with_notes.pop(id(study), None) is not None:
            for note in study.notes:
                self._scene.noted.emit(note)


def _patience(path: Path) -> tuple[float, UserError]:
    """Return how long opening `path` may report nothing, and the error raised then."""
    return _PATIENCE, UserError(
        f"{path.name or path} does not answer: no data could be read from it for {_PATIENCE:g} seconds.",
        "Check that its drive is connected, then open it again. You can open other images meanwhile.",
    )


def _first(folder: _Folder, job: Job, frames: FrameCache) -> tuple[Study, Frame]:
    """Return the first study of a folder that can be shown.

    Raises:
        UserError: none can.
    """
    while folder.waiting:
        job.progress(0.0, "Opening")
        path = folder.waiting.pop(0)
        study = _open_or_record(folder, path)
        if study is not None:
            try:
                return study, frames.decoded(study, 0)
            except UserError as problem:
                folder.problems.append(problem)
                folder.opened -= 1
    if len(folder.problems) == 1:
        raise folder.problems[0]
    if folder.problems:
        raise _joined(folder.problems)
    where = f"{'' if folder.images.opened else 'the folder '}{folder.images.name}"
    raise UserError(f"There is no image in {where}: its DICOM files contain none.", "Open another folder or file.")


def _open_or_record(folder: _Folder, path: Path) -> Study | None:
    """Return the study of a file in a folder, or None after recording why there is none."""
    try:
        study = open_study(path)
    except NoImage:
        folder.no_images += 1
    except UserError as problem:
        folder.problems.append(problem)
    except Exception:  # noqa: BLE001 - a fault in one file must not stop the others
        _log.exception("fault in opening a file of a folder")
        folder.problems.append(UserError(f"{path.name} could not be opened: something went wrong inside the program."))
    else:
        folder.opened += 1
        return study
    return None


def _joined(problems: list[UserError]) -> UserError:
    """Return one error for several, with the first of them in full."""
    first = problems[0]
    if len(problems) == 1:
        return first
    return UserError(f"{len(problems)} images could not be opened. The first: {first.message}", first.hint)
