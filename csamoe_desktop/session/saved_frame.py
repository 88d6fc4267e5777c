"""The work on one frame as it is kept: in which state the store's queue was given each lesion, and which image it is on."""

import hashlib
from dataclasses import dataclass

import numpy as np

from csamoe_desktop.lesion.calipers import Caliper
from csamoe_desktop.lesion.description import Description
from csamoe_desktop.lesion.history import EditedMask
from csamoe_desktop.lesion.mask import Author, LesionMask
from csamoe_desktop.session.frame_lesions import FrameLesions
from csamoe_desktop.session.lesion_work import LesionWork
from csamoe_desktop.session.reader_sitting import Said
from csamoe_desktop.study.model import Frame, Study

State = tuple[int, str, Description, bool, Said | None] | None
"""What of a lesion is kept: its mask's version, its comment, its description, whether it is locked, and what the reader
says of it; None: nothing."""
ANEW: State = (-1, "", Description(), False, None)


@dataclass(slots=True, eq=False)
class SavedFrame:
    """The work on one frame, and in which state the store's queue was given each lesion last, by its number, and the
    calipers."""

    work: FrameLesions
    frame: int
    given: dict[int, State]
    measured: tuple[Caliper, ...]

    def unkept(self) -> list[LesionWork]:
        """Return the lesions that are in another state now; what was deleted is a state too."""
        return [
            work for work in (*self.work.lesions, *self.work.removed) if self.state(work) != self.given.get(work.number)
        ]

    def state(self, work: LesionWork) -> State:
        """Return what of a lesion is to be kept now."""
        said = work.comment or work.description.said_of_lesion or work.sitting.said
        if work in self.work.removed or (work.mask.empty and not said):
            return None
        return work.mask.version, work.comment, work.description, work.locked, work.sitting.said


class ReopenedMask(EditedMask):
    """A mask as it was kept on another day: no step of undo leads behind it."""

    def __init__(self, kept: LesionMask, first_version: int) -> None:
        rows, columns = kept.pixels.shape
        super().__init__((rows, columns), first_version)
        # An empty one, kept for its comment, has no author.
        if kept.author is not Author.NONE:
            self.replace(kept.pixels, kept.author, kept.source, kept.notes)
            self._done.clear()


def image_hash(study: Study, frame: Frame) -> str:
    """Return what tells a frame's image from any other: a hash of its SOP instance UID, shape and pixels."""
    digest = hashlib.sha256(f"{study.facts.instance_uid} {frame.pixels.shape}".encode())
    digest.update(np.ascontiguousarray(frame.pixels).data)
    return digest.hexdigest()
