"""What the reader and the model have done on one lesion of a frame, and the state of its AI result."""

from dataclasses import dataclass, field
from enum import Enum, auto

from csamoe_desktop.assess import AIResult
from csamoe_desktop.lesion.caliper_steps import FrameCalipers
from csamoe_desktop.lesion.description import Description
from csamoe_desktop.lesion.history import EditedMask
from csamoe_desktop.lesion.mask import Author, LesionMask
from csamoe_desktop.session.reader_sitting import ReaderSitting
from csamoe_desktop.study.scale import UNCALIBRATED, Scale


class ResultState(Enum):
    """The state of a lesion's AI result."""

    NO_STUDY = auto()
    NO_MASK = auto()
    READY = auto()
    RUNNING = auto()
    HIDDEN = auto()
    """Computed, and hidden until the reader's assessment."""
    DONE = auto()
    OUTDATED = auto()
    FAILED = auto()
    WITHHELD = auto()
    """The input guard forbids an AI result for this image and outline."""


@dataclass(slots=True, eq=False)
class LesionWork:
    """The work on one lesion of a frame.

    Attributes:
        mask: the outline, with its undo.
        image: the hash that identifies its image (`saved_frame.image_hash`).
        frame: the index of its frame in the study.
        number: its number on that image, from 1; no other lesion there ever has it.
        description: its name and location.
        shown, locked: whether its outline is drawn, and whether its outline is protected from changes.
        ai_result: the last AI result that was computed.
        result_mask, result_version: the mask it was computed from, and that mask's version.
        result_scale: the scale with which the guard last checked the outline's size.
        failure, failed_version: why the last attempt failed ("" if it did not), and for which version of the mask.
        withheld: the last attempt did not fail; the input guard withheld the result.
        comment: the reader's free text.
        reported_version, reported_comment: the mask's version and the comment in the last report that was written.
        calipers: the distances measured on the frame, with their undo: one object for all its lesions.
        sitting: the reader's assessment, and how it was reached.
        unfinished: the name of a tool and its open polygon or livewire, saved when another lesion became current; or
            None.
    """

    mask: EditedMask
    image: str
    frame: int = 0
    number: int = 1
    description: Description = field(default_factory=Description)
    shown: bool = True
    locked: bool = False
    ai_result: AIResult | None = None
    result_mask: LesionMask | None = None
    result_version: int = -1
    result_scale: Scale = UNCALIBRATED
    failure: str = ""
    withheld: bool = False
    failed_version: int = -1
    comment: str = ""
    reported_version: int = -1
    reported_comment: str = ""
    calipers: FrameCalipers = field(default_factory=FrameCalipers)
    sitting: ReaderSitting = field(default_factory=ReaderSitting)
    unfinished: tuple[str, object] | None = None

    @property
    def title(self) -> str:
        """The lesion's name."""
        return self.description.title(self.number)

    @property
    def blank(self) -> bool:
        """Whether there is no work on the lesion."""
        mask = self.mask
        changed = mask.can_undo or mask.can_redo or not mask.empty
        has_notes = self.comment or self.description.said_of_lesion or not self.sitting.assessment.untouched
        return not (changed or has_notes or self.ai_result or self.unfinished)

    @property
    def outline_unreported(self) -> bool:
        """Whether the outline is in no report; an imported outline without AI result does not count, as it is in its
        file."""
        only_imported = self.mask.author is Author.IMPORTED and self.ai_result is None
        return not (self.mask.empty or only_imported or self.mask.version == self.reported_version)

    @property
    def comment_unreported(self) -> bool:
        """Whether the comment is in no report."""
        return self.comment.strip() not in ("", self.reported_comment.strip())

    def state(self, model: str, needs_outline: bool = True) -> ResultState:
        """Return the state of the AI result if `model` is the chosen model; a run in progress is not considered."""
        if self.failure and self.failed_version == self.mask.version:
            return ResultState.WITHHELD if self.withheld else ResultState.FAILED
        if self.ai_result is not None:
            return ResultState.OUTDATED if self.outdated_because(model) else ResultState.DONE
        return ResultState.NO_MASK if self.mask.empty and needs_outline else ResultState.READY

    def outdated_because(self, model: str) -> str:
        """Return in one sentence why the AI result is outdated, or "".

        Another model gives another result. Another device does not: it runs the same network in the same float32, so
        that only the last digits may differ, and the result names the device it was computed on.
        """
        if self.ai_result is None:
            return ""
        if self.result_version != self.mask.version:
            return "The outline has changed since this AI result."
        if self.ai_result.card.name != model:
            return f"This AI result is from {self.ai_result.card.name}; the model chosen now is {model}."
        return ""
