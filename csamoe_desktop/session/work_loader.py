"""Loads the work on an image from the store: lesions with their outlines, comments and assessments, and calipers."""

import logging
from collections.abc import Callable

from csamoe_desktop.errors import UserError
from csamoe_desktop.lesion.caliper_steps import FrameCalipers
from csamoe_desktop.session.frame_lesions import FrameLesions, blank_lesion
from csamoe_desktop.session.lesion_work import LesionWork
from csamoe_desktop.session.reader_sitting import sitting_from
from csamoe_desktop.session.saved_frame import ReopenedMask, SavedFrame, State
from csamoe_desktop.store.autosave import Autosave
from csamoe_desktop.store.lesions import LesionKey, StoredLesion
from csamoe_desktop.study.model import Frame

_log = logging.getLogger(__name__)

Report = Callable[[BaseException], None]


class WorkLoader:
    """Reads the store; `unreadable` is told where it cannot be read, `damaged` where a part of it is left out."""

    def __init__(self, autosave: Autosave, unreadable: Report, damaged: Report) -> None:
        self._autosave = autosave
        self._unreadable = unreadable
        self._damaged = damaged

    def load(self, frame: Frame, image: str) -> SavedFrame:
        """Return the work on an image as the store has it, or new work; calipers that were saved are included."""
        frame_lesions = FrameLesions(frame.shape, image, frame.index, FrameCalipers())
        queued: dict[int, State] = {}
        numbers: tuple[int, ...] = ()
        try:
            numbers, frame_lesions.last_number = self._autosave.numbers(image, frame.index)
            frame_lesions.calipers = FrameCalipers(self._autosave.find_calipers(image, frame.index))
        except UserError as problem:
            self._unreadable(problem)
        lesions = []
        for number in numbers:
            try:
                work = self.load_lesion(frame_lesions, number, number, queued)
            except UserError as problem:
                # The other lesions can still be read.
                self._unreadable(problem)
                continue
            if work is not None:
                lesions.append(work)
        frame_lesions.begin(lesions)
        return SavedFrame(frame_lesions, frame.index, queued, frame_lesions.calipers.now)

    def load_lesion(
        self, frame_lesions: FrameLesions, number: int, versions: int, queued: dict[int, State]
    ) -> LesionWork | None:
        """Return a lesion as the store has it, or None; its mask gets the version numbers of lesion number `versions`.

        Raises:
            UserError: it cannot be read.
        """
        stored = self._autosave.find(LesionKey(frame_lesions.image, frame_lesions.frame, number))
        if stored is None or stored.nothing or (stored.rows, stored.columns) != frame_lesions.shape:
            return None
        work = blank_lesion(frame_lesions, versions)
        work.number = number
        work.mask = ReopenedMask(stored.mask(), work.mask.version)
        work.comment, work.locked = stored.comment, stored.locked
        self._restore_assessment(work, stored)
        # A lesion saved before descriptions existed has no identity yet: it is saved again with one.
        if stored.description is not None:
            work.description = stored.description
            queued[number] = (work.mask.version, work.comment, work.description, work.locked, work.sitting.saved_state)
        return work

    def _restore_assessment(self, work: LesionWork, stored: StoredLesion) -> None:
        """Restore the reader's assessment of a lesion."""
        if stored.stored_sitting is None:
            return
        try:
            work.sitting = sitting_from(stored.stored_sitting)
        except UserError as problem:
            self._damaged(problem)
        except ValueError:
            _log.exception("a stored assessment is left out")
            self._damaged(
                UserError(f"Your saved assessment of {work.title} is damaged and cannot be shown.", "Give it again.")
            )
