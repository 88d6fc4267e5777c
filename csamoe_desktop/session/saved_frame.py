"""The work on one frame as it is saved: which image it belongs to, and in which state each lesion was last queued
for the store."""

import hashlib
from dataclasses import dataclass

import numpy as np

from csamoe_desktop.lesion.calipers import Caliper
from csamoe_desktop.lesion.description import Description
from csamoe_desktop.lesion.history import EditedMask
from csamoe_desktop.lesion.mask import Author, LesionMask
from csamoe_desktop.session.frame_lesions import FrameLesions
from csamoe_desktop.session.lesion_work import LesionWork
from csamoe_desktop.session.reader_sitting import SittingState
from csamoe_desktop.study.model import Frame, Study

State = tuple[int, str, Description, bool, SittingState | None] | None
"""What is saved of a lesion: its mask's version, comment, description, lock, and the reader's assessment; None:
nothing."""
NOT_QUEUED: State = (-1, "", Description(), False, None)


@dataclass(slots=True, eq=False)
class SavedFrame:
    """The work on one frame, and what of it was last queued for the store.

    Attributes:
        work: the frame's lesions.
        frame: the frame's index in the study.
        queued: the state in which each lesion was last queued, by its number.
        queued_calipers: the calipers that were last queued.
    """

    work: FrameLesions
    frame: int
    queued: dict[int, State]
    queued_calipers: tuple[Caliper, ...]

    def unsaved(self) -> list[LesionWork]:
        """Return the lesions whose state differs from the one queued last; a deleted lesion has a state too."""
        return [
            work
            for work in (*self.work.lesions, *self.work.removed)
            if self.state(work) != self.queued.get(work.number)
        ]

    def state(self, work: LesionWork) -> State:
        """Return the state of a lesion that is to be saved now."""
        has_notes = work.comment or work.description.said_of_lesion or work.sitting.saved_state
        if work in self.work.removed or (work.mask.empty and not has_notes):
            return None
        return work.mask.version, work.comment, work.description, work.locked, work.sitting.saved_state


class ReopenedMask(EditedMask):
    """A stored mask that was opened again: undo does not go back beyond it."""

    def __init__(self, stored: LesionMask, first_version: int) -> None:
        rows, columns = stored.pixels.shape
        super().__init__((rows, columns), first_version)
        # An empty mask, saved for its comment, has no author.
        if stored.author is not Author.NONE:
            self.replace(stored.pixels, stored.author, stored.source, stored.notes)
            self._done.clear()


def image_hash(study: Study, frame: Frame) -> str:
    """Return a hash of a frame's SOP instance UID, shape and pixels, which identifies its image."""
    digest = hashlib.sha256(f"{study.facts.instance_uid} {frame.pixels.shape}".encode())
    digest.update(np.ascontiguousarray(frame.pixels).data)
    return digest.hexdigest()
