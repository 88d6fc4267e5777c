"""The one way off the GUI thread: in each lane the newest job wins, and whatever it ends with arrives on the GUI thread."""

from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic
from typing import Any

from PySide6.QtCore import QCoreApplication, QObject, QRunnable, Qt, QThreadPool, QTimer, Signal

_LOOK_EVERY_MS = 250
_LEFT: list[QThreadPool] = []
"""Lanes left to themselves, whose thread waits for something that does not come (a drive that is gone): destroyed, a pool
would wait for it."""


class Cancelled(Exception):
    """Raised inside a job that was cancelled, by `Job.progress`; it ends the job without a word."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What becomes of a job, each called on the GUI thread; after a newer job in its lane none of them is.

    Attributes:
        done: with the result.
        failed: with the exception.
        progress: with a share from 0 to 1 and what is being done, in words.
    """

    done: Callable[[Any], None]
    failed: Callable[[BaseException], None]
    progress: Callable[[float, str], None] = lambda share, words: None


class Job:
    """One piece of work, as its own thread sees it."""

    def __init__(self, lane: str, work: Callable[["Job"], Any], outcome: Outcome, tell: Callable[..., None]) -> None:
        self.lane = lane
        self.cancelled = False
        self.last_heard = monotonic()
        self._work = work
        self._outcome = outcome
        self._tell = tell

    def progress(self, share: float, words: str) -> None:
        """Say how far the work is, from 0 to 1.

        Raises:
            Cancelled: the job was cancelled meanwhile.
        """
        if self.cancelled:
            raise Cancelled
        self.last_heard = monotonic()
        self._tell(self, self._outcome.progress, share, words)

    def run(self) -> None:
        """Do the work; every way it can end, an exception too, is told to the GUI thread."""
        if self.cancelled:
            return
        self.last_heard = monotonic()
        try:
            result = self._work(self)
        except Cancelled:
            return
        except BaseException as problem:  # noqa: BLE001 - a swallowed exception would leave the window waiting
            self._tell(self, self._outcome.failed, problem)
        else:
            self._tell(self, self._outcome.done, result)


class _Runner(QRunnable):
    def __init__(self, job: Job) -> None:
        super().__init__()
        self._job = job

    def run(self) -> None:
        self._job.run()


class Jobs(QObject):
    """The lanes. Each has one thread; submitting to a lane cancels what runs or waits there."""

    _told = Signal(object, object, object)
    busyChanged = Signal(str, bool)
    """(lane, whether it has a current job)."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._pools: dict[str, QThreadPool] = {}
        self._current: dict[str, Job] = {}
        self._told.connect(self._deliver, Qt.ConnectionType.QueuedConnection)
        self._patience: dict[Job, tuple[float, BaseException]] = {}
        self._watch = QTimer(self)
        self._watch.setInterval(_LOOK_EVERY_MS)
        self._watch.timeout.connect(self._give_up)

    def submit(
        self,
        lane: str,
        work: Callable[[Job], Any],
        outcome: Outcome,
        patience: tuple[float, BaseException] | None = None,
    ) -> Job:
        """Run `work` in the lane's thread instead of what was there before, and return its job.

        Args:
            lane, work, outcome: as the class says.
            patience: after so many seconds without a word from the job it has failed, with this exception, and the lane goes
                on with another thread; None waits as long as it takes.
        """
        self.cancel(lane)
        job = Job(lane, work, outcome, self._tell)
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
        """Cancel the lane's job; nothing more is heard of it. Return whether there was one."""
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
        """Cancel everything and wait until every thread has come home; for closing the program.

        What runs or waits in the lanes `ending` is done to its end, and its outcome called, before this returns. For the
        others it waits `within` seconds in all; return whether they came home by then.
        """
        for lane in list(self._current):
            if lane not in ending:
                self.cancel(lane)
        until, home = monotonic() + within, True
        for lane, pool in list(self._pools.items()):
            if lane in ending:
                pool.waitForDone()
            elif not pool.waitForDone(max(1, round(1000 * (until - monotonic())))):
                self._leave(lane)
                home = False
        QCoreApplication.sendPostedEvents(self)
        return home

    def _leave(self, lane: str) -> None:
        """Leave a lane's thread to itself: the next job there gets another one."""
        pool = self._pools.pop(lane)
        pool.setParent(None)
        pool.clear()
        _LEFT.append(pool)

    def _give_up(self) -> None:
        """Fail the jobs that nothing was heard of for too long."""
        self._patience = {job: kept for job, kept in self._patience.items() if self._current.get(job.lane) is job}
        if not self._patience:
            self._watch.stop()
        for job, (seconds, problem) in list(self._patience.items()):
            if monotonic() - job.last_heard > seconds:
                del self._patience[job]
                self.cancel(job.lane)
                self._leave(job.lane)
                job._outcome.failed(problem)

    def _tell(self, job: Job, call: Callable[..., None], *arguments: object) -> None:
        self._told.emit(job, call, arguments)

    def _deliver(self, job: Job, call: Callable[..., None], arguments: tuple[object, ...]) -> None:
        if self._current.get(job.lane) is not job:
            return
        if call is not job._outcome.progress:
            del self._current[job.lane]
            self.busyChanged.emit(job.lane, False)
        call(*arguments)


def anyone_left() -> bool:
    """Return whether a thread still waits in a lane that was left to itself; the program cannot wait for it to end."""
    return any(pool.activeThreadCount() for pool in _LEFT)
