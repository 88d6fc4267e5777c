"""What the window "Views of this lesion" is shown: the views of the session's lesion at hand, as they are now."""

from dataclasses import dataclass

from csamoe_desktop.assess import Assessment
from csamoe_desktop.errors import UserError
from csamoe_desktop.lesion.description import Description
from csamoe_desktop.lesion.mask import LesionMask
from csamoe_desktop.session.lesions import PlacedLesion
from csamoe_desktop.session.session import Session
from csamoe_desktop.study.model import Frame, Scale


@dataclass(frozen=True, slots=True, eq=False)
class SeenView:
    """One view of a lesion, as it is now.

    Attributes:
        frame: the image.
        mask: the lesion on it, as it is marked now.
        description: what the reader calls it, and where it lies.
        number: of the lesion on its image, from 1.
        assessment: the last reading of it, or None.
        veiled: the reader's own read is still to be given: nothing of the AI's is shown, whatever there is.
        where: which image it is, such as "IM0003.dcm, frame 4".
        because: in a sentence, why `assessment` no longer holds, or, without one, why there is none; or "".
    """

    frame: Frame
    mask: LesionMask
    description: Description
    number: int
    assessment: Assessment | None
    veiled: bool
    where: str = ""
    because: str = ""

    @property
    def shown(self) -> Assessment | None:
        """The reading that may be seen, whether it holds or not."""
        return None if self.veiled else self.assessment

    @property
    def holds(self) -> Assessment | None:
        """The reading that may be seen and is of what is marked now."""
        return None if self.because else self.shown


class SeenViews:
    """Finds them; a frame that is not in view is decoded once and kept as long as it is one of them."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._frames: dict[tuple[str, Scale], Frame] = {}

    def __call__(self) -> list[SeenView]:
        """Return the views, that in view first; one whose image cannot be decoded any more is left out, and that is said."""
        seen: list[SeenView] = []
        frames: dict[tuple[str, Scale], Frame] = {}
        for placed in self._session.lesions.views():
            try:
                frame = self._frame(placed)
            except UserError as problem:
                self._session.failed.emit(problem)
                continue
            frames[placed.work.image, frame.scale] = frame
            seen.append(self._seen(placed, frame))
        self._frames = frames
        return seen

    def _frame(self, placed: PlacedLesion) -> Frame:
        session = self._session
        if placed.work is session.work and session.frame is not None:
            return session.frame
        shape = placed.work.mask.pixels.shape
        scale = session.calibration.scale_of(placed.study, placed.frame, placed.work.image, shape)
        known = self._frames.get((placed.work.image, scale))
        return session.frame_of(placed) if known is None else known

    def _seen(self, placed: PlacedLesion, frame: Frame) -> SeenView:
        session, work = self._session, placed.work
        failure = work.failure if work.failed_version == work.mask.version else ""
        return SeenView(
            frame=frame,
            mask=work.mask.finished(),
            description=work.description,
            number=work.number,
            # What the guard forbids is seen nowhere.
            assessment=None if failure and work.withheld else work.assessment,
            veiled=session.own_reads.pending or session.own_reads.veils(work),  # another view would tell of this one
            where=placed.where,
            because=failure or work.stale_because(session.model),
        )
