"""The lesions of one frame: which there are, and which is the current one."""

from dataclasses import dataclass, field

from csamoe_desktop.lesion.caliper_steps import VERSIONS_EACH, FrameCalipers
from csamoe_desktop.lesion.history import EditedMask
from csamoe_desktop.lesion.propose import Proposal
from csamoe_desktop.session.lesion_work import LesionWork


@dataclass(slots=True, eq=False)
class FrameLesions:
    """One frame's lesions. There is always at least one: if nothing is marked, a blank lesion.

    Attributes:
        shape: the frame's rows and columns.
        image: the hash that identifies the image (`saved_frame.image_hash`).
        frame: its index in the study.
        calipers: the distances measured on it.
        last_number: the highest number that any lesion on this image ever had.
        lesions: by their number.
        removed: deleted lesions that can be restored, the last one at the end.
        proposed: the proposals that are neither accepted nor dismissed, and the network that made them.
        dismissed: the proposals were dismissed: the program does not look for lesions by itself any more.
        as_deleted: `steps` after the last deletion.
        current: the lesion that tools, AI result and report work on.
    """

    shape: tuple[int, int]
    image: str
    frame: int
    calipers: FrameCalipers
    last_number: int = 0
    lesions: list[LesionWork] = field(default_factory=list)
    removed: list[LesionWork] = field(default_factory=list)
    proposed: tuple[tuple[Proposal, ...], str] = ((), "")
    dismissed: bool = False
    as_deleted: object = None
    current: LesionWork = field(init=False)

    def begin(self, lesions: list[LesionWork]) -> None:
        """Start with these lesions, in the order of their numbers; the first one becomes the current one."""
        self.lesions = lesions
        if lesions:
            self.current = lesions[0]
        else:
            self.new()

    @property
    def untouched(self) -> bool:
        """Whether nothing would be lost without this object."""
        return self.calipers.untouched and not self.removed and all(work.blank for work in self.lesions)

    @property
    def steps(self) -> object:
        """A value that differs after each step of drawing or measuring."""
        return tuple((work.number, work.mask.version) for work in self.lesions), self.calipers.now

    @property
    def marked(self) -> bool:
        """Whether any lesion has an outline."""
        return any(not work.mask.empty for work in self.lesions)

    def new(self) -> LesionWork:
        """Add a blank lesion, with a number never used here, and make it the current one."""
        numbers = (work.number for work in (*self.lesions, *self.removed))
        self.last_number = 1 + max((self.last_number, *numbers))
        work = blank_lesion(self, self.last_number)
        self.lesions.append(work)
        self.current = work
        return work

    def remove(self, work: LesionWork) -> None:
        """Delete a lesion. If it was the current one, its neighbour, or a blank lesion, becomes the current one."""
        index = self.lesions.index(work)
        self.lesions.remove(work)
        if not work.blank:
            self.removed.append(work)
        if self.current is work:
            if self.lesions:
                self.current = self.lesions[min(index, len(self.lesions) - 1)]
            else:
                self.new()

    def restore(self) -> LesionWork | None:
        """Restore the lesion deleted last and make it the current one; return None if there is none."""
        if not self.removed:
            return None
        work = self.removed.pop()
        # A blank lesion was only a placeholder.
        lesions = (lesion for lesion in (*self.lesions, work) if not lesion.blank)
        self.lesions = sorted(lesions, key=lambda lesion: lesion.number)
        self.current = work
        return work


def blank_lesion(frame: FrameLesions, number: int) -> LesionWork:
    """Return a new lesion of `frame` without any work on it."""
    mask = EditedMask(frame.shape, first_version=VERSIONS_EACH * (number - 1))
    return LesionWork(mask, frame.image, frame.frame, number, calipers=frame.calipers)
