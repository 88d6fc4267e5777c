"""What the reader and the model have done on one lesion of a frame, and where its reading stands."""

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
    """Where the reading of the lesion in view stands."""

    NO_STUDY = auto()
    NO_MASK = auto()
    READY = auto()
    RUNNING = auto()
    HIDDEN = auto()
    """Done, and not to be seen before the reader's own read."""
    DONE = auto()
    OUTDATED = auto()
    FAILED = auto()
    WITHHELD = auto()
    """The input guard forbids a reading of this image and outline."""


@dataclass(slots=True, eq=False)
class LesionWork:
    """The work on one lesion of a frame.

    Attributes:
        mask: the outline, with its undo.
        image: which image it is on (`kept_frame.image_hash`).
        frame: the index of its frame in the study.
        number: its number on that image, from 1; no other lesion there ever has it.
        description: what it is called and where it lies.
        shown, locked: whether its outline is drawn, and whether it may not be changed.
        assessment: the last reading that succeeded.
        assessed_mask, assessed_version: the mask it read, and that mask's version.
        assessed_scale: the scale by which the outline's size was last asked whether it can be a lesion of the breast.
        failure, failed_version: why the last attempt failed ("" if it did not), and on which version of the mask.
        withheld: it did not fail; the input guard forbade it.
        comment: the reader's free text.
        reported_version, reported_comment: the mask's version and the comment in the last report that was written.
        calipers: the distances measured on the frame, with their undo: one object for all its lesions.
        sitting: the reader's assessment, and how it came about.
        unfinished: the name of a tool and its open polygon or livewire, left as another lesion came to hand; None where none is.
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
        """What it is called."""
        return self.description.title(self.number)

    @property
    def blank(self) -> bool:
        """Whether nothing was done on it."""
        mask = self.mask
        changed = mask.can_undo or mask.can_redo or not mask.empty
        said = self.comment or self.description.said_of_lesion or not self.sitting.assessment.untouched
        return not (changed or said or self.ai_result or self.unfinished)

    @property
    def outline_unreported(self) -> bool:
        """Whether there is an outline that no report holds; one just imported, and not read, is in its file."""
        only_imported = self.mask.author is Author.IMPORTED and self.ai_result is None
        return not (self.mask.empty or only_imported or self.mask.version == self.reported_version)

    @property
    def comment_unreported(self) -> bool:
        """Whether there is a comment that no report holds."""
        return self.comment.strip() not in ("", self.reported_comment.strip())

    def state(self, model: str, needs_outline: bool = True) -> ResultState:
        """Return where its reading stands, `model` being the one that would read now; no reading is under way."""
        if self.failure and self.failed_version == self.mask.version:
            return ResultState.WITHHELD if self.withheld else ResultState.FAILED
        if self.ai_result is not None:
            return ResultState.OUTDATED if self.outdated_because(model) else ResultState.DONE
        return ResultState.NO_MASK if self.mask.empty and needs_outline else ResultState.READY

    def outdated_because(self, model: str) -> str:
        """Return in one sentence why the reading no longer holds, or "".

        Another model is another reading. Another device is not: it runs the same network in the same float32 and may
        differ in the last digits only, and the reading says what it ran on.
        """
        if self.ai_result is None:
            return ""
        if self.result_version != self.mask.version:
            return "The outline has changed since this reading."
        if self.ai_result.card.name != model:
            return f"This reading is by {self.ai_result.card.name}; the settings now name {model}."
        return ""
