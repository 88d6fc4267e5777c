"""Work off the GUI thread: in each lane the newest job wins, and every outcome arrives on the GUI thread."""

from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic
from typing import Any

from PySide6.QtCore import QCoreApplication, QObject, QRunnable, Qt, QThreadPool, QTimer, Signal
from shiboken6 import isValid

_CHECK_EVERY_MS = 250
_ABANDONED: list[QThreadPool] = []
"""Pools of abandoned lanes, whose thread waits for something that does not come, such as a disconnected drive. They
are kept, as destroying a pool would wait for its thread."""


class Cancelled(Exception):
    """Raised inside a cancelled job by `Job.progress`; it ends the job silently."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The callbacks of a job, all called on the GUI thread; none is called after a newer job starts in its lane.

    Attributes:
        done: gets the result.
        failed: gets the exception.
        progress: gets a share from 0 to 1 and the present step in words.
    """

    done: Callable[[Any], None]
    failed: Callable[[BaseException], None]
    progress: Callable[[float, str], None] = lambda share, words: None


class Job:
    """One piece of work, as its own thread sees it."""

    def __init__(self, lane: str, work: Callable[["Job"], Any], outcome: Outcome, post: Callable[..., None]) -> None:
        self.lane = lane
        self.cancelled = False
        self.last_heard = monotonic()
        self._work = work
        self._outcome = outcome
        self._post = post

    def progress(self, share: float, words: str) -> None:
        """Report the progress, from 0 to 1.

        Raises:
            Cancelled: the job was cancelled.
        """
        if self.cancelled:
            raise Cancelled
        self.last_heard = monotonic()
        self._post(self, self._outcome.progress, share, words)

    def run(self) -> None:
        """Do the work; its result or its exception is passed to the GUI thread."""
        if self.cancelled:
            return
        self.last_heard = monotonic()
        try:
            result = self._work(self)
        except Cancelled:
            return
        except BaseException as problem:  # noqa: BLE001 - a lost exception would leave the window waiting
            self._post(self, self._outcome.failed, problem)
        else:
            self._post(self, self._outcome.done, result)


class _Runner(QRunnable):
    def __init__(self, job: Job) -> None:
        super().__init__()
        self._job = job

    def run(self) -> None:
        self._job.run()


class Jobs(QObject):
    """The lanes. Each has one thread; submitting to a lane cancels its running and waiting jobs."""

    _posted = Signal(object, object, object)
    busyChanged = Signal(str, bool)
    """(lane, whether it has a current job)."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._pools: dict[str, QThreadPool] = {}
        self._current: dict[str, Job] = {}
        self._posted.connect(self._deliver, Qt.ConnectionType.QueuedConnection)
        self._patience: dict[Job, tuple[float, BaseException]] = {}
        self._watch = QTimer(self)
        self._watch.setInterval(_CHECK_EVERY_MS)
        self._watch.timeout.connect(self._give_up)

    def submit(
        self,
        lane: str,
        work: Callable[[Job], Any],
        outcome: Outcome,
        patience: tuple[float, BaseException] | None = None,
    ) -> Job:
        """Run `work` in the lane's thread instead of its earlier job, and return the new job.

        Args:
            lane, work, outcome: see the class.
            patience: seconds and an exception. If the job reports nothing for so long, it fails with this exception,
                and the lane continues with another thread; None waits without limit.
        """
        self.cancel(lane)
        job = Job(lane, work, outcome, self._post)
        if patience is not None:
            self._patience[job] = patience
            self._watch.start()
        self._current[lane] = job
        if lane not in self._pools:
            self._pools[lane] = QThreadPool(self)
            self._pools[lane].setMaxThreadCount(1)
        self._pools[lane].start(_Runner(job))
        self.busyChanged.emit(lane, True)
        return job

    def cancel(self, lane: str) -> bool:
        """Cancel the lane's job; none of its callbacks is called any more. Return whether there was a job."""
        job = self._current.pop(lane, None)
        if job is None:
            return False
        job.cancelled = True
        self.busyChanged.emit(lane, False)
        return True

    def busy(self, lane: str) -> bool:
        """Return whether the lane has a job that has not ended."""
        return lane in self._current

    def finish(self, *ending: str, within: float = 2.0) -> bool:
        """Cancel all jobs and wait for their threads to end; for closing the program.

        Jobs in the lanes `ending` run to their end, and their callbacks are called, before this returns. For the others
        it waits `within` seconds in all; return whether they ended in that time.
        """
        for lane in list(self._current):
            if lane not in ending:
                self.cancel(lane)
        deadline, all_ended = monotonic() + within, True
        for lane, pool in list(self._pools.items()):
            if lane in ending:
                pool.waitForDone()
            elif not pool.waitForDone(max(1, round(1000 * (deadline - monotonic())))):
                self._abandon(lane)
                all_ended = False
        QCoreApplication.sendPostedEvents(self)
        return all_ended

    def _abandon(self, lane: str) -> None:
        """Abandon a lane's thread: the next job there gets another one."""
        pool = self._pools.pop(lane)
        pool.setParent(None)
        pool.clear()
        _ABANDONED.append(pool)

    def _give_up(self) -> None:
        """Fail the jobs that have reported nothing for too long."""
        self._patience = {job: limit for job, limit in self._patience.items() if self._current.get(job.lane) is job}
        if not self._patience:
            self._watch.stop()
        for job, (seconds, problem) in list(self._patience.items()):
            if monotonic() - job.last_heard > seconds:
                del self._patience[job]
                self.cancel(job.lane)
                self._abandon(job.lane)
                job._outcome.failed(problem)

    def _post(self, job: Job, call: Callable[..., None], *arguments: object) -> None:
        try:
            self._posted.emit(job, call, arguments)
        except RuntimeError:
            # The window is gone, and a thread that was left behind comes back now: nobody waits for it.
            if isValid(self):
                raise

    def _deliver(self, job: Job, call: Callable[..., None], arguments: tuple[object, ...]) -> None:
        if self._current.get(job.lane) is not job:
            return
        if call is not job._outcome.progress:
            del self._current[job.lane]
            self.busyChanged.emit(job.lane, False)
        call(*arguments)


def threads_left() -> bool:
    """Return whether a thread of an abandoned lane is still running; the program cannot wait for it to end."""
    return any(pool.activeThreadCount() for pool in _ABANDONED)
