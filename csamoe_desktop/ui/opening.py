"""Opening files and folders in the worker: what waits its turn, and what of a folder came of it."""

import logging
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from csamoe_desktop.errors import UserError
from csamoe_desktop.study.dicom import NoImage
from csamoe_desktop.study.model import Frame, Study
from csamoe_desktop.study.opening import FolderImages, images_in, open_study
from csamoe_desktop.ui.frames import Frames
from csamoe_desktop.ui.jobs import Job, Outcome

if TYPE_CHECKING:
    from csamoe_desktop.ui.session import Session

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


class Opening(QObject):
    """The files and folders that the session opens, one after the other.

    A file comes into view as it is opened. Of a folder the first image does, and the others join the list behind it.
    """

    def __init__(self, session: "Session") -> None:
        super().__init__(session)
        self._session = session
        self._waiting: list[Path] = []
        self._untold: dict[int, Study] = {}
        # Not on `studyChanged`, which clears the notes of the study before.
        session.frameChanged.connect(self._tell_notes)

    def open(self, *paths: Path) -> None:
        """Open files and folders; for each, `studyChanged` or `failed` follows."""
        self._waiting += [path.absolute() for path in paths]
        if not self._session.jobs.busy(OPENING):
            self._open_next()

    def close(self) -> None:
        """Open nothing more."""
        self._waiting.clear()

    def _open_next(self) -> None:
        if not self._waiting:
            return
        path = self._waiting.pop(0)

        def work(job: Job) -> tuple[Study, Frame] | tuple[_Folder, tuple[Study, Frame]]:
            if not path.is_dir():
                study = open_study(path)
                return study, self._session.frames.decoded(study, 0)
            images = images_in(path, lambda: job.progress(0.0, "Looking for images"))
            folder = _Folder(images, list(images.files))
            return folder, _first(folder, job, self._session.frames)

        def done(found: tuple[Study, Frame] | tuple[_Folder, tuple[Study, Frame]]) -> None:
            if isinstance(found[0], Study):
                self._show(found[0], found[1], path)
                self._open_next()
            else:
                self._show(*found[1], path)
                self._open_rest(found[0])

        self._session.jobs.submit(OPENING, work, Outcome(done, self._failed), _patience(path))

    def _open_rest(self, folder: _Folder) -> None:
        """Open the next images of a folder, until none waits; those open already stay as they are."""
        there = {study.path for study in self._session.studies}
        some, folder.waiting = folder.waiting[:_AT_ONCE], folder.waiting[_AT_ONCE:]

        def work(job: Job) -> list[Study]:
            studies = []
            for path in some:
                job.progress(0.0, "Opening")
                if path not in there and (study := _tried(folder, path)) is not None:
                    studies.append(study)
                else:
                    folder.opened += path in there
            return studies

        def done(studies: list[Study]) -> None:
            self._untold |= {id(study): study for study in studies if study.notes}
            self._session.list_studies(studies)
            if folder.waiting:
                self._open_rest(folder)
                return
            self._session.noted.emit(folder.images.note(folder.opened, folder.no_images))
            if folder.problems:
                self._session.failed.emit(_in_one(folder.problems))
            self._open_next()

        self._session.jobs.submit(OPENING, work, Outcome(done, self._failed), _patience(folder.images.folder))

    def _show(self, study: Study, frame: Frame, opened: Path) -> None:
        self._session.show_opened(study, frame, opened)
        for note in study.notes:
            self._session.noted.emit(note)

    def _failed(self, problem: BaseException) -> None:
        self._session.failed.emit(problem)
        self._open_next()

    def _tell_notes(self) -> None:
        """Tell what there is to know of a folder's image when it comes into view for the first time."""
        study = self._session.study
        self._untold = {key: one for key, one in self._untold.items() if one in self._session.studies}
        if study is not None and self._untold.pop(id(study), None) is not None:
            for note in study.notes:
                self._session.noted.emit(note)


def _patience(path: Path) -> tuple[float, UserError]:
    """Return how long nothing may be heard of opening `path`, and what it failed of then."""
    return _PATIENCE, UserError(
        f"{path.name or path} does not answer: nothing could be read from it for {_PATIENCE:g} seconds.",
        "Check that its drive is connected, then open it again. Other images can be opened meanwhile.",
    )


def _first(folder: _Folder, job: Job, frames: Frames) -> tuple[Study, Frame]:
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
    name = folder.images.folder.name or folder.images.folder
    raise UserError(f"There is no image in the folder {name}: its DICOM files hold none.", "Open another folder.")


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
