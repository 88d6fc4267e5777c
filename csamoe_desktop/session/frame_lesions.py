"""The lesions of one frame as they are worked on: which there are, and which is at hand."""

from dataclasses import dataclass, field

from csamoe_desktop.lesion.caliper_steps import VERSIONS_EACH, FrameCalipers
from csamoe_desktop.lesion.history import EditedMask
from csamoe_desktop.lesion.propose import Proposal
from csamoe_desktop.session.lesion_work import LesionWork


@dataclass(slots=True, eq=False)
class FrameLesions:
    """One frame's lesions, never none: where nothing is marked there is a blank one to begin with.

    Attributes:
        shape: the frame's rows and columns.
        image: which image it is (`kept_frame.image_hash`).
        frame: its index in the study.
        calipers: the distances measured on it.
        last_number: the highest number that any lesion on this image ever had.
        lesions: by their number.
        at_hand: the one that tools, reading and report work on.
        proposed: the outlines that were proposed here and neither accepted nor dismissed, and by which network.
        as_deleted: `steps` after the last deletion.
        dismissed: what was proposed was dismissed: nothing is looked for by itself any more.
        removed: what was deleted and can be brought back, the last one at the end.
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
        """Begin with these lesions, in the order of their numbers, the first one at hand."""
        self.lesions = lesions
        if lesions:
            self.current = lesions[0]
        else:
            self.new()

    @property
    def untouched(self) -> bool:
        """Whether nothing would be lost without it."""
        return self.calipers.untouched and not self.removed and all(work.blank for work in self.lesions)

    @property
    def steps(self) -> object:
        """What differs after each step of drawing or measuring."""
        return tuple((work.number, work.mask.version) for work in self.lesions), self.calipers.now

    @property
    def marked(self) -> bool:
        """Whether any of them has an outline."""
        return any(not work.mask.empty for work in self.lesions)

    def new(self) -> LesionWork:
        """Add a blank lesion, with a number that none here has had, and take it in hand."""
        numbers = (work.number for work in (*self.lesions, *self.removed))
        self.last_number = 1 + max((self.last_number, *numbers))
        work = blank_lesion(self, self.last_number)
        self.lesions.append(work)
        self.current = work
        return work

    def remove(self, work: LesionWork) -> None:
        """Delete a lesion; its neighbour is at hand then, or a blank one."""
        place = self.lesions.index(work)
        self.lesions.remove(work)
        if not work.blank:
            self.removed.append(work)
        if self.current is work:
            if self.lesions:
                self.current = self.lesions[min(place, len(self.lesions) - 1)]
            else:
                self.new()

    def restore(self) -> LesionWork | None:
        """Bring back what was deleted last, and take it in hand; None where nothing was."""
        if not self.removed:
            return None
        work = self.removed.pop()
        # A blank one was there only because nothing else was.
        self.lesions = sorted((one for one in (*self.lesions, work) if not one.blank), key=lambda one: one.number)
        self.current = work
        return work


def blank_lesion(frame: FrameLesions, number: int) -> LesionWork:
    """Return a lesion of `frame` on which nothing was done."""
    mask = EditedMask(frame.shape, first_version=VERSIONS_EACH * (number - 1))
    return LesionWork(mask, frame.image, frame.frame, number, calipers=frame.calipers)
