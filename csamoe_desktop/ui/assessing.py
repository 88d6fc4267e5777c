"""Reading the lesion in view in the worker: one at a time, and what became of it is kept with the lesion."""

from typing import TYPE_CHECKING

from csamoe_desktop.assessment import Assessment, Withheld, assess
from csamoe_desktop.errors import UserError
from csamoe_desktop.ui.jobs import Job, Outcome
from csamoe_desktop.ui.reading import LesionWork

if TYPE_CHECKING:
    from csamoe_desktop.ui.session import Session

ASSESSING = "assessing"


class Assessing:
    """The reading that is under way in a session."""

    def __init__(self, session: "Session") -> None:
        self._session = session
        self._lesion: LesionWork | None = None

    @property
    def lesion(self) -> LesionWork | None:
        """The lesion that is being read, or None."""
        return self._lesion if self._session.jobs.busy(ASSESSING) else None

    def begin(self) -> None:
        """Read the lesion in view; a second call supersedes the first."""
        session = self._session
        work, frame = session.work, session.frame
        if work is None or frame is None:
            session.failed.emit(UserError("There is no image to assess.", "Open a study first."))
            return
        mask, version = work.mask.finished(), work.mask.version
        model, device = session.model, session.settings.device

        def read(job: Job) -> Assessment:
            predictor = session.load_model(job, model, device, 0.8)
            job.progress(0.8, "Reading the lesion")
            return assess(frame, mask.pixels, predictor)

        def done(assessment: Assessment) -> None:
            work.assessment, work.assessed_mask, work.assessed_version = assessment, mask, version
            session.modelChanged.emit()
            session.readingChanged.emit()

        def failed(problem: BaseException) -> None:
            told = problem.message if isinstance(problem, UserError) else "Something went wrong inside the program."
            work.failure, work.failed_version, work.withheld = told, version, isinstance(problem, Withheld)
            session.readingChanged.emit()
            # The panel says why nothing is read; nothing went wrong.
            if not work.withheld:
                session.failed.emit(problem)

        work.failure = ""
        if self.lesion is not None and self.lesion is not work:
            session.noted.emit(f"The reading of {self.lesion.title} was stopped for that of {work.title}.")
        self._lesion = work
        session.jobs.submit(ASSESSING, read, Outcome(done, failed, session.progressed.emit))
        session.readingChanged.emit()

    def cancel(self) -> None:
        """Stop the reading under way; what was there before stays."""
        if self._session.jobs.cancel(ASSESSING):
            self._session.readingChanged.emit()
