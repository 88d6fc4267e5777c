"""What the window "Views of this lesion" is shown: the views of the session's lesion at hand, as they are now."""

from csamoe_desktop.errors import UserError
from csamoe_desktop.study.model import Frame, Scale
from csamoe_desktop.ui.lesions import PlacedLesion
from csamoe_desktop.ui.session import Session
from csamoe_desktop.ui.view_column import SeenView


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
