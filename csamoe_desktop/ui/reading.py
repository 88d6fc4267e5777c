"""What the reader and the model have done on one frame, and where its reading stands."""

from dataclasses import dataclass
from enum import Enum, auto

from csamoe_desktop.assessment import Assessment
from csamoe_desktop.lesion.history import EditedMask
from csamoe_desktop.lesion.mask import LesionMask


class ReadingState(Enum):
    """Where the reading of the lesion in view stands."""

    NO_STUDY = auto()
    NO_MASK = auto()
    READY = auto()
    RUNNING = auto()
    DONE = auto()
    STALE = auto()
    FAILED = auto()


@dataclass(slots=True, eq=False)
class FrameWork:
    """One frame's work.

    Attributes:
        mask: the outline, with its undo.
        assessment: the last reading that succeeded.
        assessed_mask, assessed_version: the mask it read, and that mask's version.
        failure, failed_version: why the last attempt failed ("" if it did not), and on which version of the mask.
        comment: the reader's free text.
    """

    mask: EditedMask
    assessment: Assessment | None = None
    assessed_mask: LesionMask | None = None
    assessed_version: int = -1
    failure: str = ""
    failed_version: int = -1
    comment: str = ""

    @property
    def untouched(self) -> bool:
        """Whether nothing would be lost without it."""
        mask = self.mask
        return mask.empty and not (mask.can_undo or mask.can_redo or self.comment or self.assessment)

    def state(self, model: str) -> ReadingState:
        """Return where its reading stands, `model` being the one that would read now; no reading is under way."""
        if self.failure and self.failed_version == self.mask.version:
            return ReadingState.FAILED
        if self.assessment is not None:
            return ReadingState.STALE if self.stale_because(model) else ReadingState.DONE
        return ReadingState.NO_MASK if self.mask.empty else ReadingState.READY

    def stale_because(self, model: str) -> str:
        """Return in one sentence why the reading no longer holds, or "".

        Another model is another reading. Another device is not: the network and its arithmetic are the same, and the
        reading says what it ran on.
        """
        if self.assessment is None:
            return ""
        if self.assessed_version != self.mask.version:
            return "The outline has changed since this reading."
        if self.assessment.card.name != model:
            return f"This reading is by {self.assessment.card.name}; the settings now name {model}."
        return ""
