"""Saves the work on the frames: in memory for the open studies, and in the local store after each stroke.

`save_soon` is called on every change; going to another frame, closing a study and closing the program save everything.
"""

import logging
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal

from csamoe_desktop.errors import UserError
from csamoe_desktop.lesion.mask import LesionMask
from csamoe_desktop.reader.examination import Examination
from csamoe_desktop.session.frame_lesions import FrameLesions
from csamoe_desktop.session.jobs import Jobs, Outcome
from csamoe_desktop.session.saved_frame import NOT_QUEUED, SavedFrame, image_hash
from csamoe_desktop.session.store_watch import StoreWatch
from csamoe_desktop.session.work_loader import WorkLoader
from csamoe_desktop.store.autosave import Autosave
from csamoe_desktop.store.earlier import EarlierOutline
from csamoe_desktop.store.lesions import LesionKey, nothing_of, packed
from csamoe_desktop.store.merging import both_calipers
from csamoe_desktop.study.model import Frame, Study

_log = logging.getLogger(__name__)

STORING = "storing"

_SAVE_DELAY = 250
"""Milliseconds from a change until it is queued for the store, so that changes made together are written together."""
_RETRY_DELAY = 5000
"""Milliseconds until the next attempt after the store could not be written."""


class Autosaver(QObject):
    """Outlines, calipers, AI results, assessments and comments of all open frames, and the texts of examinations.
    All of them are stored and outlive the program; of an AI result, only category and probability."""

    failed = Signal(object)
    """The store cannot be read or written: the exception, emitted once until the store works again."""
    troubled = Signal(str)
    """Why the store cannot be read or written; "" once it works again."""
    noted = Signal(str)
    """The store works again; or another window uses it too, and what was merged."""
    merged = Signal()
    """Lesions or calipers of another window were added here."""
    renumbered = Signal(object)
    """This LesionWork has a new number, because another window used its old one."""

    def __init__(self, autosave: Autosave, jobs: Jobs, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._autosave = autosave
        self._jobs = jobs
        self._frames: dict[tuple[Path, int], SavedFrame] = {}
        self._set_aside: dict[tuple[Path, int, str], SavedFrame] = {}
        self._reopened_frames: set[tuple[Path, int]] = set()
        """Frames of reopened files that have earlier work; whether their images are still the same is not known yet."""
        self._examinations: dict[str, Examination] = {}
        self._closed = False
        self._trouble = ""
        """Why the store cannot be read or written, as the user was told; "" while it works."""
        self._loader = WorkLoader(autosave, self._failed, self.failed.emit)
        self._watch = StoreWatch(autosave, jobs, self)
        self._watch.noted.connect(self.noted)
        self._watch.checked.connect(self._save_if_waiting)
        self._save_timer, self._retry_timer = QTimer(self), QTimer(self)
        for timer, wait, act in (
            (self._save_timer, _SAVE_DELAY, self._save),
            (self._retry_timer, _RETRY_DELAY, self._retry),
        ):
            timer.setSingleShot(True)
            timer.setInterval(wait)
            timer.timeout.connect(act)
        self._resting = False
        """Whether the store could not be written, and the next attempt is not due yet."""
        self._unpackable: BaseException | None = None
        """Why a lesion could not be made ready for the store when the changes were last queued, or None."""
        # Open the file, and update its schema, before the first image is opened.
        self._store()

    def open_frame(self, study: Study, frame: Frame) -> tuple[FrameLesions, bool]:
        """Return the work on a frame that is about to be shown, and whether work on a different image was set aside for
        it.

        Work on exactly this image is found in the store, whatever its file is called and whenever it was done. A file
        may be exported again under its old name: work on the earlier image is then set aside and comes back with that
        image.
        """
        self._enqueue_changes()
        self._take_over_merged()
        self._frames = {key: entry for key, entry in self._frames.items() if not entry.work.untouched}
        key, image = (study.path, frame.index), image_hash(study, frame)
        present = self._frames.get(key)
        if present is not None and present.work.image == image:
            return present.work, False
        if present is not None:
            self._set_aside[(*key, present.work.image)] = present
        aside_key = (study.path, frame.index, image)
        image_changed = present is not None or (key in self._reopened_frames and aside_key not in self._set_aside)
        self._reopened_frames.discard(key)
        if aside_key in self._set_aside:
            entry = self._set_aside.pop(aside_key)
        else:
            entry = self._open_elsewhere(frame, image) or self._loader.load(frame, image)
        self._frames[key] = entry
        self.save_soon()
        return entry.work, image_changed

    def get(self, study: Study, index: int) -> FrameLesions | None:
        """Return the work on a frame as it was when last shown, or None."""
        entry = self._frames.get((study.path, index))
        return None if entry is None else entry.work

    def by_study(self, studies: Sequence[Study]) -> list[tuple[Study, list[FrameLesions]]]:
        """Return the studies with frames that have been shown, each with the lesions of these frames in frame order."""
        by_path: dict[Path, list[FrameLesions]] = {}
        for (path, _), entry in self._frames.items():
            by_path.setdefault(path, []).append(entry.work)
        return [
            (study, sorted(by_path[study.path], key=lambda lesions: lesions.frame))
            for study in studies
            if study.path in by_path
        ]

    def set_aside(self, study: Study) -> None:
        """Set aside the work on the frames of a reopened file, except the first frame, which is shown now. It comes
        back when a frame is shown and is still the same image."""
        for (path, index), entry in list(self._frames.items()):
            if path == study.path and index:
                self._set_aside[path, index, entry.work.image] = self._frames.pop((path, index))
                self._reopened_frames.add((path, index))

    def forget(self, study: Study) -> None:
        """Release all work on a study: its outlines, calipers and comments are in the store or queued for it."""
        self._enqueue_changes(study)
        self._frames = {key: entry for key, entry in self._frames.items() if key[0] != study.path}
        self._set_aside = {key: entry for key, entry in self._set_aside.items() if key[0] != study.path}
        self.save_soon()

    def examination(self, key: str, reload: bool = False) -> Examination:
        """Return the texts of an examination; with `reload`, read the store again, as another window may have
        written to it."""
        if reload or key not in self._examinations:
            try:
                self._examinations[key] = self._autosave.find_examination(key)
            except UserError as problem:
                self._failed(problem)
                self._examinations.setdefault(key, Examination())
        return self._examinations[key]

    def set_examination(self, key: str, examination: Examination) -> None:
        """Take over the reader's texts of an examination."""
        self._examinations[key] = examination
        self._autosave.keep_examination(key, examination)
        self.save_soon()

    @property
    def all_saved(self) -> bool:
        """Whether every finished stroke and every comment is in the store."""
        return not self._autosave.work_to_do and not any(
            entry.unsaved() or entry.queued_calipers != entry.work.calipers.now for entry in self._entries()
        )

    def save_and_count_unsaved(self) -> tuple[int, int]:
        """Try to save everything now, and return how many outlines and how many notes could not be saved. Notes are
        comments, descriptions, calipers and the texts of examinations."""
        self._enqueue_changes()
        if not self.all_saved:
            self._store_now()
        unqueued = [work for entry in self._entries() for work in entry.unsaved() if not work.mask.in_stroke]
        outlines = sum(lesion.marked for lesion in self._autosave.waiting)
        outlines += sum(not work.mask.empty for work in unqueued)
        return outlines, self._autosave.waiting_notes + sum(bool(work.comment.strip()) for work in unqueued)

    def close(self) -> None:
        """Save everything, a stroke in progress too, and close the store."""
        self._save_timer.stop()
        self._retry_timer.stop()
        self._closed = True
        self._watch.close()
        for entry in self._entries():
            entry.work.current.mask.end()
        self._enqueue_changes()
        if self._autosave.work_to_do:
            self._store_now()
        self._autosave.close()

    def _open_elsewhere(self, frame: Frame, image: str) -> SavedFrame | None:
        """Return the work on the same image if it is open under another file name, or None: two copies would
        overwrite each other in the store."""
        matches = (entry for entry in self._entries() if (entry.work.image, entry.frame) == (image, frame.index))
        return next(matches, None)

    def _take_over_merged(self) -> None:
        """Take over what other windows have changed on the open images, and tell the user."""
        if not self._autosave.was_merged:
            return
        merged = self._autosave.merged()
        for old, new in merged.moved.items():
            for entry in self._entries():
                if (entry.work.image, entry.frame) == (old.image, old.frame):
                    self._renumber(entry, old.lesion, new.lesion)
        for (image, frame), (ours, whole) in merged.calipers.items():
            for entry in self._entries():
                if (entry.work.image, entry.frame) == (image, frame):
                    now = both_calipers(ours, whole, entry.work.calipers.now)
                    entry.work.calipers.change(now, entry.work.current.mask.version)
                    entry.queued_calipers = whole
        for key, examination in merged.examinations.items():
            self._examinations[key] = examination
        self.save_soon()
        self.merged.emit()
        for sentence in merged.said:
            self.noted.emit(sentence)

    def _renumber(self, entry: SavedFrame, old: int, new: int) -> None:
        """Renumber lesion `old` to `new`, and add the lesion that another window stored under `old`."""
        frame_lesions = entry.work
        all_works = (*frame_lesions.lesions, *frame_lesions.removed)
        for clash in (work for work in all_works if work.number == new):
            # A lesion that was begun here at the same time.
            frame_lesions.last_number = clash.number = 1 + max(frame_lesions.last_number, new)
        mine = next((work for work in all_works if work.number == old), None)
        if mine is None:
            return
        mine.number = new
        frame_lesions.last_number = max(frame_lesions.last_number, new)
        if old in entry.queued:
            entry.queued[new] = entry.queued.pop(old)
        self.renumbered.emit(mine)
        try:
            # Version numbers distinguish the masks of a frame: each of the two keeps those of its first number here.
            theirs = self._loader.load_lesion(frame_lesions, old, new, entry.queued)
        except UserError as problem:
            self._failed(problem)
            return
        if theirs is not None:
            frame_lesions.lesions = sorted((*frame_lesions.lesions, theirs), key=lambda work: work.number)

    def _entries(self) -> list[SavedFrame]:
        return [*self._frames.values(), *self._set_aside.values()]

    def earlier(self, frame_lesions: FrameLesions) -> list[EarlierOutline]:
        """Return the outlines of an image that were replaced by others, newest first.

        Raises:
            UserError: the store cannot be read.
        """
        try:
            return self._autosave.earlier(frame_lesions.image, frame_lesions.frame)
        finally:
            self._save_if_waiting()

    def save_soon(self) -> None:
        """Save shortly: a step on a mask is complete, or a comment, a description, an assessment ... changed."""
        if not (self._closed or self._save_timer.isActive()):
            self._save_timer.start()

    def _save(self) -> None:
        self._take_over_merged()
        self._enqueue_changes()
        # After a failure the next attempt waits for the timer.
        if self._autosave.work_to_do and not self._resting:
            self._store()

    def _retry(self) -> None:
        self._resting = False
        self._save()

    def _save_if_waiting(self) -> None:
        """Save if something waits that no change here has caused: a part of the store that is to be repaired."""
        if self._autosave.work_to_do:
            self.save_soon()

    def _enqueue_changes(self, closing: Study | None = None) -> None:
        """Queue what has changed; for the study `closing`, a stroke in progress too."""
        self._unpackable = None
        for frame_key, entry in (*self._frames.items(), *self._set_aside.items()):
            self._autosave.uses(entry.work.image, entry.frame, entry.work.last_number)
            if closing is not None and frame_key[0] == closing.path:
                entry.work.current.mask.end()
            for work in entry.unsaved():
                state, mask = entry.state(work), work.mask
                if mask.in_stroke:
                    continue
                key = LesionKey(entry.work.image, entry.frame, work.number)
                pixels = LesionMask(mask.pixels, mask.author, mask.source, mask.notes)
                try:
                    stored_sitting = work.sitting.to_dict() if work.sitting.saved_state else None
                    stored = (
                        nothing_of(mask.pixels.shape) if state is None else packed(pixels, *state[1:4], stored_sitting)
                    )
                except Exception as problem:  # noqa: BLE001 - the other lesions are still saved
                    self._unpackable = problem
                    self._report(problem)
                    self._retry_later()
                    continue
                self._autosave.keep(key, stored)
                entry.queued[work.number] = state
            if (now := entry.work.calipers.now) != entry.queued_calipers:
                self._autosave.keep_calipers(entry.work.image, entry.frame, now)
                entry.queued_calipers = now

    def _store(self) -> None:
        # A running job also writes what is queued meanwhile; submitting another would drop its outcome.
        if not self._jobs.busy(STORING):
            self._jobs.submit(STORING, lambda job: self._autosave.write(), Outcome(self._stored, self._failed))

    def _store_now(self) -> None:
        try:
            self._stored(self._autosave.write())
        except Exception as problem:  # noqa: BLE001 - nothing was saved, and the program may be closing
            self._failed(problem)

    def _stored(self, new_file: UserError | None) -> None:
        self._take_over_merged()
        for damage in self._autosave.found_spoilt():
            self.failed.emit(damage)
        if new_file is not None:
            for entry in self._entries():
                # Blank lesions are left out: the new file may hold data for them that could not be read before.
                entry.queued |= {work.number: NOT_QUEUED for work in entry.work.lesions if not work.blank}
                entry.queued_calipers = ()
            for key, examination in self._examinations.items():
                if examination.given:
                    self._autosave.keep_examination(key, examination)
            self.save_soon()
            self.failed.emit(new_file)
        elif self._trouble and self._unpackable is None:
            self.noted.emit("Your outlines are saved again.")
        self._resting = False
        if self._unpackable is None:
            self._trouble = ""
            self.troubled.emit("")
            self._retry_timer.stop()
        if self._autosave.work_to_do:
            # More was queued while the rest was written.
            self.save_soon()

    def _failed(self, problem: BaseException) -> None:
        self._resting = True
        self._retry_later()
        self._take_over_merged()
        self._report(problem)

    def _retry_later(self) -> None:
        if not (self._closed or self._retry_timer.isActive()):
            self._retry_timer.start()

    def _report(self, problem: BaseException) -> None:
        """Tell the user why something is not saved, once for each reason."""
        if not isinstance(problem, UserError):
            _log.error("fault in storing", exc_info=problem)
        # A new reason is shown again.
        if self._trouble != str(problem):
            self._trouble = str(problem)
            self.troubled.emit(self._trouble)
            self.failed.emit(problem)
