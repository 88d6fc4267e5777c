"""The work on the frames: in memory for the open studies, and in the local store from the end of each stroke on.

Four times a second it is looked at what has changed, so that no tool has to say when a stroke is finished, and none can
forget to.
"""

import hashlib
import logging
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

import numpy as np
from PySide6.QtCore import QObject, QTimer, Signal

from csamoe_desktop.errors import UserError
from csamoe_desktop.lesion.caliper_steps import FrameCalipers
from csamoe_desktop.lesion.calipers import Caliper
from csamoe_desktop.lesion.history import EditedMask
from csamoe_desktop.lesion.mask import Author, LesionMask
from csamoe_desktop.store.autosave import Autosave
from csamoe_desktop.store.lesions import LesionKey, packed
from csamoe_desktop.study.model import Frame, Study
from csamoe_desktop.ui.jobs import Jobs, Outcome
from csamoe_desktop.ui.reading import FrameWork

_log = logging.getLogger(__name__)

STORING = "storing"

_LOOK_EVERY = 250
"""Milliseconds."""
_TRY_AGAIN_AFTER = 5.0
"""Seconds, where the store could not be written."""


@dataclass(slots=True, eq=False)
class _Entry:
    """The work on one frame, and the mask's version and the comment that the store's queue was given last."""

    work: FrameWork
    frame: int
    given: tuple[int, str]


class KeptWork(QObject):
    """Masks, readings and comments of frames, in view or not; masks and comments outlive the program."""

    failed = Signal(object)
    """The store cannot be read or written: the exception, once, until it is in order again."""
    noted = Signal(str)
    """The store is in order again."""

    def __init__(self, autosave: Autosave, jobs: Jobs, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._autosave = autosave
        self._jobs = jobs
        self._there: dict[tuple[Path, int], _Entry] = {}
        self._aside: dict[tuple[Path, int, str], _Entry] = {}
        self._measured: dict[LesionKey, tuple[Caliper, ...]] = {}
        """The calipers of studies closed: the store has none."""
        self._said = False
        self._rests_until = 0.0
        self._looks = QTimer(self)
        self._looks.timeout.connect(self._look)
        self._looks.start(_LOOK_EVERY)
        # So that the file stands open, in the schema in use, before the first image is.
        self._store()

    def bring(self, study: Study, frame: Frame) -> tuple[FrameWork, bool]:
        """Return the work on a frame that comes into view, and whether other work had to make way for it.

        Work on this very image is found in the store, whatever its file is called and whenever it was done. A file may
        be exported anew under its old name: what was done on another image is put aside then, and is back when that
        image is.
        """
        self._give()
        self._there = {key: entry for key, entry in self._there.items() if not entry.work.untouched}
        key, image = (study.path, frame.index), image_hash(study, frame)
        there = self._there.get(key)
        if there is not None and there.work.image == image:
            return there.work, False
        if there is not None:
            self._aside[(*key, there.work.image)] = there
        aside = (study.path, frame.index, image)
        entry = self._aside.pop(aside) if aside in self._aside else self._found(frame, image)
        self._there[key] = entry
        return entry.work, there is not None

    def get(self, study: Study, index: int) -> FrameWork | None:
        """Return the work on a frame as it was last in view, or None."""
        entry = self._there.get((study.path, index))
        return None if entry is None else entry.work

    def forget(self, study: Study) -> None:
        """Let go of all work on a study: its masks and comments are in the store, or wait for it."""
        self._give(study)
        for place, entry in (*self._there.items(), *self._aside.items()):
            if place[0] == study.path:
                self._measured[LesionKey(entry.work.image, entry.frame)] = entry.work.calipers.now
        self._there = {key: entry for key, entry in self._there.items() if key[0] != study.path}
        self._aside = {key: entry for key, entry in self._aside.items() if key[0] != study.path}

    @property
    def safe(self) -> bool:
        """Whether every finished stroke and every comment is in the store."""
        return not self._autosave.work_to_do and not any(entry.given != _state(entry) for entry in self._entries())

    def at_stake(self) -> tuple[int, int]:
        """Try to store all at once, and return how many outlines and how many comments the store did not take."""
        self._give()
        if not self.safe:
            self._store_now()
        waiting = self._autosave.waiting
        return sum(kept.marked for kept in waiting), sum(bool(kept.comment.strip()) for kept in waiting)

    def close(self) -> None:
        """Store all, a stroke in hand too, and let go of the store."""
        self._looks.stop()
        for entry in self._entries():
            entry.work.mask.end()
        self._give()
        if self._autosave.work_to_do:
            self._store_now()
        self._autosave.close()

    def _found(self, frame: Frame, image: str) -> _Entry:
        """Return the work on an image as the store has it, or none done yet, with its calipers if it was closed before."""
        calipers = FrameCalipers(self._measured.get(LesionKey(image, frame.index), ()))
        try:
            kept = self._autosave.find(LesionKey(image, frame.index))
        except UserError as problem:
            self._could_not(problem)
            kept = None
        if kept is None or (kept.rows, kept.columns) != frame.shape:
            return _Entry(FrameWork(EditedMask(frame.shape), image, calipers=calipers), frame.index, (0, ""))
        mask = _ReopenedMask(kept.mask())
        work = FrameWork(mask, image, comment=kept.comment, calipers=calipers)
        return _Entry(work, frame.index, (mask.version, kept.comment))

    def _entries(self) -> list[_Entry]:
        return [*self._there.values(), *self._aside.values()]

    def _look(self) -> None:
        self._give()
        if self._autosave.work_to_do and monotonic() >= self._rests_until:
            self._store()

    def _give(self, closing: Study | None = None) -> None:
        """Give the queue what has changed; of a study that is `closing`, a stroke in hand too."""
        for place, entry in (*self._there.items(), *self._aside.items()):
            if closing is not None and place[0] == closing.path:
                entry.work.mask.end()
            state = _state(entry)
            if state != entry.given and not entry.work.mask.in_stroke:
                work, mask = entry.work, entry.work.mask
                pixels = LesionMask(mask.pixels, mask.author, mask.source, mask.notes)
                self._autosave.keep(LesionKey(work.image, entry.frame), packed(pixels, work.comment))
                entry.given = state

    def _store(self) -> None:
        # One that is under way takes what comes meanwhile; submitting another would drop what it has to tell.
        if not self._jobs.busy(STORING):
            self._jobs.submit(STORING, lambda job: self._autosave.write(), Outcome(self._could, self._could_not))

    def _store_now(self) -> None:
        try:
            self._could(self._autosave.write())
        except UserError as problem:
            self._could_not(problem)

    def _could(self, begun_afresh: UserError | None) -> None:
        if begun_afresh is not None:
            for entry in self._entries():
                # Where nothing was done, something may have been taken over that could not be read before.
                if not entry.work.untouched:
                    entry.given = (-1, "")
            self.failed.emit(begun_afresh)
        elif self._said:
            self.noted.emit("Your outlines are kept again.")
        self._said = False
        self._rests_until = 0.0

    def _could_not(self, problem: BaseException) -> None:
        self._rests_until = monotonic() + _TRY_AGAIN_AFTER
        if not isinstance(problem, UserError):
            _log.error("fault in storing", exc_info=problem)
        if not self._said:
            self._said = True
            self.failed.emit(problem)


class _ReopenedMask(EditedMask):
    """A mask as it was kept on another day: no step of undo leads behind it."""

    def __init__(self, kept: LesionMask) -> None:
        rows, columns = kept.pixels.shape
        super().__init__((rows, columns))
        # An empty one, kept for its comment, has no author.
        if kept.author is not Author.NONE:
            self.replace(kept.pixels, kept.author, kept.source, kept.notes)
            self._done.clear()


def _state(entry: _Entry) -> tuple[int, str]:
    return entry.work.mask.version, entry.work.comment


def image_hash(study: Study, frame: Frame) -> str:
    """Return what tells a frame's image from any other: a hash of its SOP instance UID, shape and pixels."""
    digest = hashlib.sha256(f"{study.facts.instance_uid} {frame.pixels.shape}".encode())
    digest.update(np.ascontiguousarray(frame.pixels).data)
    return digest.hexdigest()
