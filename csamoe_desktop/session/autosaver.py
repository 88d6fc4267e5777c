"""The work on the frames: in memory for the open studies, and in the local store from the end of each stroke on.

`save_soon` is told of every change; going to another frame, closing a study and closing the program save all there is.
"""

import logging
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal

from csamoe_desktop.errors import UserError
from csamoe_desktop.lesion.caliper_steps import FrameCalipers
from csamoe_desktop.lesion.mask import LesionMask
from csamoe_desktop.reader.examination import Examination
from csamoe_desktop.session.frame_lesions import FrameLesions, blank_lesion
from csamoe_desktop.session.jobs import Jobs, Outcome
from csamoe_desktop.session.lesion_work import LesionWork
from csamoe_desktop.session.reader_sitting import sitting_from
from csamoe_desktop.session.saved_frame import ANEW, ReopenedMask, SavedFrame, State, image_hash
from csamoe_desktop.session.store_watch import StoreWatch
from csamoe_desktop.store.autosave import Autosave
from csamoe_desktop.store.earlier import EarlierOutline
from csamoe_desktop.store.lesions import LesionKey, StoredLesion, nothing_of, packed
from csamoe_desktop.store.merging import both_calipers
from csamoe_desktop.study.model import Frame, Study

_log = logging.getLogger(__name__)

STORING = "storing"

_SOON = 250
"""Milliseconds from a change until it is given to the store: what changes together is written together."""
_TRY_AGAIN_AFTER = 5000
"""Milliseconds, where the store could not be written."""


class Autosaver(QObject):
    """Masks, calipers, readings, assessments and comments of frames, in view or not, and what is said of examinations; all
    but the AI's readings outlive the program."""

    failed = Signal(object)
    """The store cannot be read or written: the exception, once, until it is in order again."""
    troubled = Signal(str)
    """Why the store cannot be read or written, as long as that lasts; "" once it is in order."""
    noted = Signal(str)
    """The store is in order again; or another window works with it, and what came of that."""
    merged = Signal()
    """Another window's lesions or calipers have joined those here."""
    renumbered = Signal(object)
    """A LesionWork has another number, as another window has used its own."""

    def __init__(self, autosave: Autosave, jobs: Jobs, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._autosave = autosave
        self._jobs = jobs
        self._there: dict[tuple[Path, int], SavedFrame] = {}
        self._aside: dict[tuple[Path, int, str], SavedFrame] = {}
        self._anew: set[tuple[Path, int]] = set()
        """Frames of files opened anew, on which something was done before: whether they are the same is still to be seen."""
        self._examinations: dict[str, Examination] = {}
        self._closed = False
        self._said = ""
        """Why the store cannot be read or written, as it was said; "" while it is in order."""
        self._watch = StoreWatch(autosave, jobs, self)
        self._watch.noted.connect(self.noted)
        self._soon, self._again = QTimer(self), QTimer(self)
        for timer, wait in ((self._soon, _SOON), (self._again, _TRY_AGAIN_AFTER)):
            timer.setSingleShot(True)
            timer.setInterval(wait)
            timer.timeout.connect(self._save)
        # So that the file stands open, in the schema in use, before the first image is.
        self._store()

    def bring(self, study: Study, frame: Frame) -> tuple[FrameLesions, bool]:
        """Return the work on a frame that comes into view, and whether other work had to make way for it.

        Work on this very image is found in the store, whatever its file is called and whenever it was done. A file may
        be exported anew under its old name: what was done on another image is put aside then, and is back when that
        image is.
        """
        self._give()
        self._join()
        self._there = {key: entry for key, entry in self._there.items() if not entry.work.untouched}
        key, image = (study.path, frame.index), image_hash(study, frame)
        there = self._there.get(key)
        if there is not None and there.work.image == image:
            return there.work, False
        if there is not None:
            self._aside[(*key, there.work.image)] = there
        aside = (study.path, frame.index, image)
        made_way = there is not None or (key in self._anew and aside not in self._aside)
        self._anew.discard(key)
        entry = (
            self._aside.pop(aside) if aside in self._aside else self._open(frame, image) or self._found(frame, image)
        )
        self._there[key] = entry
        self.save_soon()
        return entry.work, made_way

    def get(self, study: Study, index: int) -> FrameLesions | None:
        """Return the work on a frame as it was last in view, or None."""
        entry = self._there.get((study.path, index))
        return None if entry is None else entry.work

    def by_study(self, studies: Sequence[Study]) -> list[tuple[Study, list[FrameLesions]]]:
        """Return the studies of which frames were in view, with these frames' lesions in the order of the frames."""
        found: dict[Path, list[FrameLesions]] = {}
        for (path, _), entry in self._there.items():
            found.setdefault(path, []).append(entry.work)
        return [
            (study, sorted(found[study.path], key=lambda one: one.frame)) for study in studies if study.path in found
        ]

    def put_aside(self, study: Study) -> None:
        """The file was opened anew: what was done on its frames, the first excepted, which comes into view now, is back as
        they come into view, if they still are the same images."""
        for (path, index), entry in list(self._there.items()):
            if path == study.path and index:
                self._aside[path, index, entry.work.image] = self._there.pop((path, index))
                self._anew.add((path, index))

    def forget(self, study: Study) -> None:
        """Let go of all work on a study: its masks, calipers and comments are in the store, or wait for it."""
        self._give(study)
        self._there = {key: entry for key, entry in self._there.items() if key[0] != study.path}
        self._aside = {key: entry for key, entry in self._aside.items() if key[0] != study.path}
        self.save_soon()

    def examination(self, key: str, anew: bool = False) -> Examination:
        """Return what is said of an examination; `anew`: look in the store again, another window may have written."""
        if anew or key not in self._examinations:
            try:
                self._examinations[key] = self._autosave.find_examination(key)
            except UserError as problem:
                self._could_not(problem)
                self._examinations.setdefault(key, Examination())
        return self._examinations[key]

    def say_of_examination(self, key: str, said: Examination) -> None:
        """Take what the reader says of an examination."""
        self._examinations[key] = said
        self._autosave.keep_examination(key, said)
        self.save_soon()

    @property
    def safe(self) -> bool:
        """Whether every finished stroke and every comment is in the store."""
        return not self._autosave.work_to_do and not any(
            entry.unkept() or entry.measured != entry.work.calipers.now for entry in self._entries()
        )

    def at_stake(self) -> tuple[int, int]:
        """Try to store all at once, and return how many outlines and how many notes the store did not take: comments,
        descriptions, calipers, and what is said of an examination."""
        self._give()
        if not self.safe:
            self._store_now()
        ungiven = [work for entry in self._entries() for work in entry.unkept() if not work.mask.in_stroke]
        outlines = sum(kept.marked for kept in self._autosave.waiting) + sum(not work.mask.empty for work in ungiven)
        return outlines, self._autosave.waiting_notes + sum(bool(work.comment.strip()) for work in ungiven)

    def close(self) -> None:
        """Store all, a stroke in hand too, and let go of the store."""
        self._soon.stop()
        self._again.stop()
        self._closed = True
        self._watch.close()
        for entry in self._entries():
            entry.work.current.mask.end()
        self._give()
        if self._autosave.work_to_do:
            self._store_now()
        self._autosave.close()

    def _open(self, frame: Frame, image: str) -> SavedFrame | None:
        """Return the work on this very image under another file's name, or None: two of one image would overwrite each
        other in the store."""
        same = (one for one in self._entries() if (one.work.image, one.frame) == (image, frame.index))
        return next(same, None)

    def _found(self, frame: Frame, image: str) -> SavedFrame:
        """Return the work on an image as the store has it, or none done yet, with its calipers if it was closed before."""
        there = FrameLesions(frame.shape, image, frame.index, FrameCalipers())
        given: dict[int, State] = {}
        numbers: tuple[int, ...] = ()
        try:
            numbers, there.last_number = self._autosave.numbers(image, frame.index)
            there.calipers = FrameCalipers(self._autosave.find_calipers(image, frame.index))
        except UserError as problem:
            self._could_not(problem)
        found = []
        for number in numbers:
            try:
                work = self._reopened(there, number, number, given)
            except UserError as problem:
                # The others are sound.
                self._could_not(problem)
                continue
            if work is not None:
                found.append(work)
        there.begin(found)
        return SavedFrame(there, frame.index, given, there.calipers.now)

    def _reopened(
        self, frame_lesions: FrameLesions, number: int, versions: int, given: dict[int, State]
    ) -> LesionWork | None:
        """Return a lesion as the store has it, or None; its mask takes the versions of the lesion number `versions`.

        Raises:
            UserError: it cannot be read.
        """
        kept = self._autosave.find(LesionKey(frame_lesions.image, frame_lesions.frame, number))
        if kept is None or kept.nothing or (kept.rows, kept.columns) != frame_lesions.shape:
            return None
        work = blank_lesion(frame_lesions, versions)
        work.number = number
        work.mask = ReopenedMask(kept.mask(), work.mask.version)
        work.comment, work.locked = kept.comment, kept.locked
        self._read_again(work, kept)
        # One kept before lesions had descriptions has no identity yet: it is kept anew with one.
        if kept.description is not None:
            work.description = kept.description
            given[number] = (work.mask.version, work.comment, work.description, work.locked, work.sitting.said)
        return work

    def _read_again(self, work: LesionWork, kept: StoredLesion) -> None:
        """Give a lesion back what the reader said of it."""
        if kept.stored_sitting is None:
            return
        try:
            work.sitting = sitting_from(kept.stored_sitting)
        except UserError as problem:
            self.failed.emit(problem)
        except ValueError:
            _log.exception("a kept assessment is left out")
            self.failed.emit(
                UserError(
                    f"Your assessment of {work.title} as it was kept is damaged and cannot be shown.", "Give it again."
                )
            )

    def _join(self) -> None:
        """Take over what other windows have done to what is open here, and say it."""
        if not self._autosave.was_merged:
            return
        told = self._autosave.merged()
        for old, new in told.moved.items():
            for entry in self._entries():
                if (entry.work.image, entry.frame) == (old.image, old.frame):
                    self._renumber(entry, old.lesion, new.lesion)
        for (image, frame), (ours, whole) in told.calipers.items():
            for entry in self._entries():
                if (entry.work.image, entry.frame) == (image, frame):
                    now = both_calipers(ours, whole, entry.work.calipers.now)
                    entry.work.calipers.change(now, entry.work.current.mask.version)
                    entry.measured = whole
        for key, said in told.examinations.items():
            self._examinations[key] = said
        self.save_soon()
        self.merged.emit()
        for sentence in told.said:
            self.noted.emit(sentence)

    def _renumber(self, entry: SavedFrame, old: int, new: int) -> None:
        """The lesion `old` here is `new` from now on; the one that another window has made of `old` joins it."""
        there = entry.work
        everything = (*there.lesions, *there.removed)
        for clash in (work for work in everything if work.number == new):
            # Begun here in this very moment.
            there.last_number = clash.number = 1 + max(there.last_number, new)
        mine = next((work for work in everything if work.number == old), None)
        if mine is None:
            return
        mine.number = new
        there.last_number = max(there.last_number, new)
        if old in entry.given:
            entry.given[new] = entry.given.pop(old)
        self.renumbered.emit(mine)
        try:
            # Versions tell the masks of a frame apart: each of the two has those of the other's number.
            theirs = self._reopened(there, old, new, entry.given)
        except UserError as problem:
            self._could_not(problem)
            return
        if theirs is not None:
            there.lesions = sorted((*there.lesions, theirs), key=lambda one: one.number)

    def _entries(self) -> list[SavedFrame]:
        return [*self._there.values(), *self._aside.values()]

    def earlier(self, frame_lesions: FrameLesions) -> list[EarlierOutline]:
        """Return the outlines of an image that had to make way for others, the newest first.

        Raises:
            UserError: the store cannot be read.
        """
        return self._autosave.earlier(frame_lesions.image, frame_lesions.frame)

    def save_soon(self) -> None:
        """Something that is saved has changed: a step on a mask is complete, a comment, a description, an assessment ..."""
        if not (self._closed or self._soon.isActive()):
            self._soon.start()

    def _save(self) -> None:
        self._join()
        self._give()
        # After a failure it waits for `_again`.
        if self._autosave.work_to_do and not self._again.isActive():
            self._store()

    def _give(self, closing: Study | None = None) -> None:
        """Give the queue what has changed; of a study that is `closing`, a stroke in hand too."""
        for place, entry in (*self._there.items(), *self._aside.items()):
            self._autosave.uses(entry.work.image, entry.frame, entry.work.last_number)
            if closing is not None and place[0] == closing.path:
                entry.work.current.mask.end()
            for work in entry.unkept():
                state, mask = entry.state(work), work.mask
                if mask.in_stroke:
                    continue
                key = LesionKey(entry.work.image, entry.frame, work.number)
                pixels = LesionMask(mask.pixels, mask.author, mask.source, mask.notes)
                try:
                    stored_sitting = work.sitting.to_dict() if work.sitting.said else None
                    kept = (
                        nothing_of(mask.pixels.shape) if state is None else packed(pixels, *state[1:4], stored_sitting)
                    )
                except Exception as problem:  # noqa: BLE001 - one that cannot be packed keeps none of the others
                    self._could_not(problem)
                    continue
                self._autosave.keep(key, kept)
                entry.given[work.number] = state
            if (now := entry.work.calipers.now) != entry.measured:
                self._autosave.keep_calipers(entry.work.image, entry.frame, now)
                entry.measured = now

    def _store(self) -> None:
        # One that is under way takes what comes meanwhile; submitting another would drop what it has to tell.
        if not self._jobs.busy(STORING):
            self._jobs.submit(STORING, lambda job: self._autosave.write(), Outcome(self._could, self._could_not))

    def _store_now(self) -> None:
        try:
            self._could(self._autosave.write())
        except Exception as problem:  # noqa: BLE001 - whatever it is, it is not kept, and the program may be closing
            self._could_not(problem)

    def _could(self, begun_afresh: UserError | None) -> None:
        self._join()
        for spoilt in self._autosave.found_spoilt():
            self.failed.emit(spoilt)
        if begun_afresh is not None:
            for entry in self._entries():
                # Where nothing was done, something may have been taken over that could not be read before.
                entry.given |= {work.number: ANEW for work in entry.work.lesions if not work.blank}
                entry.measured = ()
            for key, said in self._examinations.items():
                if said.given:
                    self._autosave.keep_examination(key, said)
            self.save_soon()
            self.failed.emit(begun_afresh)
        elif self._said:
            self.noted.emit("Your outlines are kept again.")
        self._said = ""
        self.troubled.emit("")
        self._again.stop()
        if self._autosave.work_to_do:
            # It came while the rest was being written.
            self.save_soon()

    def _could_not(self, problem: BaseException) -> None:
        if not (self._closed or self._again.isActive()):
            self._again.start()
        self._join()
        if not isinstance(problem, UserError):
            _log.error("fault in storing", exc_info=problem)
        # Another reason is another thing to say.
        if self._said != str(problem):
            self._said = str(problem)
            self.troubled.emit(self._said)
            self.failed.emit(problem)
