"""The second result of a reading, after its number is on the screen: why, and how much of it hangs on the contour."""

import dataclasses
import logging
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from csamoe_desktop.assess import Assessment, look_closer
from csamoe_desktop.errors import UserError
from csamoe_desktop.session.jobs import Job, Outcome
from csamoe_desktop.session.lesion_work import ReadingState

if TYPE_CHECKING:
    from csamoe_desktop.session.session import Session

_log = logging.getLogger(__name__)

LOOKING_CLOSER = "looking closer"


class CloserLook(QObject):
    """Looks closer at the reading in view, in a lane of its own, as long as it holds; `readingChanged` follows.

    The reading is the same before and after: what could not be found out (a device out of memory) is said, and not
    tried again.
    """

    def __init__(self, session: "Session") -> None:
        super().__init__(session)
        self._session = session
        self._at: Assessment | None = None
        session.readingChanged.connect(self._look)

    @property
    def under_way(self) -> bool:
        """Whether more is to come on the reading in view."""
        return self._at is not None and self._at is self._session.assessment

    def _look(self) -> None:
        session, work = self._session, self._session.work
        assessment = session.assessment
        holds = session.reading_state is ReadingState.DONE
        if not holds or assessment is None or assessment.looked_closer:
            # Whoever goes on drawing, or turns to another frame, is not to wait for it.
            self._at = None
            session.jobs.cancel(LOOKING_CLOSER)
            return
        frame = session.frame
        if assessment is self._at or work is None or work.assessed_mask is None or frame is None:
            return
        self._at = assessment
        pixels = work.assessed_mask.pixels
        mask = pixels if pixels.any() else None

        model, device = session.model, session.settings.device

        def look(job: Job) -> Assessment:
            predictor = session.load_model(job, model, device)
            return look_closer(frame, mask, predictor, assessment, lambda share: job.progress(share, "Looking closer"))

        def done(closer: Assessment) -> None:
            if work.assessment is assessment:
                work.assessment = closer
            session.readingChanged.emit()

        def failed(problem: BaseException) -> None:
            if not isinstance(problem, UserError):
                _log.error("fault in looking closer", exc_info=problem)
            done(dataclasses.replace(assessment, looked_closer=True))
            session.failed.emit(problem)

        session.jobs.submit(LOOKING_CLOSER, look, Outcome(done, failed))
