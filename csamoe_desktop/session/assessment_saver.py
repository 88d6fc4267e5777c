"""Saves the reader's assessments in the store, in a worker."""

import logging

from csamoe_desktop import paths
from csamoe_desktop.errors import UserError
from csamoe_desktop.session.jobs import Outcome
from csamoe_desktop.session.lesion_work import LesionWork
from csamoe_desktop.session.scene import Scene
from csamoe_desktop.session.sitting_record import sitting_of
from csamoe_desktop.store.assessments import AssessmentStore

_log = logging.getLogger(__name__)

SAVING_ASSESSMENTS = "saving assessments"


class AssessmentSaver:
    """The queue in front of the store's assessments, and the worker that writes it."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self.store = AssessmentStore(paths.store_file())
        self._failure_reported = False

    def queue(self, work: LesionWork) -> bool:
        """Queue a lesion's sitting, and return whether there was anything to save."""
        if not (work.sitting.assessment.given or work.sitting.shown):
            return False
        self.store.keep(sitting_of(work))
        return True

    def start(self) -> None:
        """Write the queue in the worker, unless it is being written already."""
        jobs = self._scene.jobs
        if jobs.busy(SAVING_ASSESSMENTS):
            return

        def saved(nothing: None) -> None:
            self._failure_reported = False
            # More was queued while the rest was written.
            if self.store.work_to_do:
                self.start()

        def failed(problem: BaseException) -> None:
            if not self._failure_reported:
                self._failure_reported = True
                refusal = UserError(
                    "Your assessments are not saved at the moment: something went wrong inside the program.",
                    "The program tries again with the next assessment.",
                )
                self._scene.failed.emit(problem if isinstance(problem, UserError) else refusal)

        jobs.submit(SAVING_ASSESSMENTS, lambda job: self.store.write(), Outcome(saved, failed))

    def write_now(self, failure: str) -> None:
        """Write the queue here and now; `failure` is what the log says if that fails."""
        if not self.store.work_to_do:
            return
        try:
            self.store.write()
        except Exception as problem:  # noqa: BLE001 - the caller counts what is left, or the program closes
            _log.warning("%s: %s", failure, problem)
