"""Jobs: work off the GUI thread."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from PySide6.QtCore import QTimer
from pytestqt.qtbot import QtBot
from shiboken6 import delete

from csamoe_desktop.session.jobs import Cancelled, Job, Jobs, Outcome, threads_left


@pytest.fixture
def jobs(qtbot: QtBot) -> Iterator[Jobs]:
    jobs = Jobs()
    yield jobs
    jobs.finish()


class Heard:
    """Records the callbacks of an outcome, and the thread of each."""

    def __init__(self) -> None:
        self.told: list[tuple[str, Any, int]] = []
        self.outcome = Outcome(self._done, self._failed, self._progress)

    def _done(self, result: Any) -> None:
        self.told.append(("done", result, threading.get_ident()))

    def _failed(self, problem: BaseException) -> None:
        self.told.append(("failed", problem, threading.get_ident()))

    def _progress(self, share: float, words: str) -> None:
        self.told.append(("progress", (share, words), threading.get_ident()))


def test_the_work_is_done_elsewhere_and_its_result_arrives_here(jobs: Jobs, qtbot: QtBot) -> None:
    heard = Heard()
    jobs.submit("a", lambda job: threading.get_ident(), heard.outcome)
    qtbot.waitUntil(lambda: len(heard.told) == 1)
    kind, worker, here = heard.told[0]
    assert kind == "done"
    assert here == threading.get_ident() != worker
    assert not jobs.busy("a")


def test_an_exception_arrives_here_whatever_it_is(jobs: Jobs, qtbot: QtBot) -> None:
    for problem in (RuntimeError("out of memory"), StopIteration(), SystemExit(3)):
        heard = Heard()

        def fail(job: Job, problem: BaseException = problem) -> None:
            raise problem

        jobs.submit("a", fail, heard.outcome)
        qtbot.waitUntil(lambda heard=heard: len(heard.told) == 1)
        assert heard.told[0] == ("failed", problem, threading.get_ident())
        assert not jobs.busy("a")


def test_progress_arrives_here_in_order(jobs: Jobs, qtbot: QtBot) -> None:
    heard = Heard()

    def work(job: Job) -> None:
        job.progress(0.25, "one")
        job.progress(0.75, "two")

    jobs.submit("a", work, heard.outcome)
    qtbot.waitUntil(lambda: len(heard.told) == 3)
    assert [told[:2] for told in heard.told] == [
        ("progress", (0.25, "one")), ("progress", (0.75, "two")), ("done", None),
    ]  # fmt: skip


def test_the_newest_wins_and_the_older_is_told_to_stop_and_not_heard(jobs: Jobs, qtbot: QtBot) -> None:
    first, second = Heard(), Heard()
    started, go = threading.Event(), threading.Event()
    stopped: list[bool] = []

    def slow(job: Job) -> str:
        started.set()
        assert go.wait(30)
        stopped.append(job.cancelled)
        return "first"

    jobs.submit("a", slow, first.outcome)
    assert started.wait(30)
    jobs.submit("a", lambda job: "second", second.outcome)
    go.set()
    qtbot.waitUntil(lambda: len(second.told) == 1)
    assert second.told[0][1] == "second"
    assert stopped == [True]
    assert first.told == []


def test_a_result_already_on_its_way_is_dropped_when_a_newer_job_comes(jobs: Jobs, qtbot: QtBot) -> None:
    first, second = Heard(), Heard()
    jobs.submit("a", lambda job: "first", first.outcome)
    # The first job has ended; its result is still in this thread's event queue.
    jobs._pools["a"].waitForDone()
    jobs.submit("a", lambda job: "second", second.outcome)
    qtbot.waitUntil(lambda: len(second.told) == 1)
    assert first.told == []


def test_a_waiting_job_that_is_superseded_never_runs(jobs: Jobs, qtbot: QtBot) -> None:
    ran: list[str] = []
    started, go = threading.Event(), threading.Event()
    last = Heard()

    def blocking(job: Job) -> None:
        started.set()
        assert go.wait(30)

    jobs.submit("a", blocking, Heard().outcome)
    assert started.wait(30)
    jobs.submit("a", lambda job: ran.append("waiting"), Heard().outcome)
    jobs.submit("a", lambda job: ran.append("last"), last.outcome)
    go.set()
    qtbot.waitUntil(lambda: len(last.told) == 1)
    assert ran == ["last"]


def test_cancel_ends_the_job_at_its_next_progress_without_a_word(jobs: Jobs, qtbot: QtBot) -> None:
    heard = Heard()
    started, go, ended = threading.Event(), threading.Event(), threading.Event()

    def work(job: Job) -> None:
        started.set()
        assert go.wait(30)
        try:
            job.progress(0.5, "half")
        except Cancelled:
            ended.set()
            raise

    jobs.submit("a", work, heard.outcome)
    assert started.wait(30)
    assert jobs.cancel("a")
    assert not jobs.busy("a")
    go.set()
    assert ended.wait(30)
    jobs.finish()
    qtbot.wait(1)
    assert heard.told == []
    assert not jobs.cancel("a")


def test_lanes_do_not_wait_for_each_other(jobs: Jobs, qtbot: QtBot) -> None:
    go, heard = threading.Event(), Heard()
    jobs.submit("a", lambda job: go.wait(30), Heard().outcome)
    jobs.submit("b", lambda job: "b", heard.outcome)
    qtbot.waitUntil(lambda: len(heard.told) == 1)
    assert jobs.busy("a")
    go.set()


def test_busy_is_told_as_it_changes(jobs: Jobs, qtbot: QtBot) -> None:
    told: list[tuple[str, bool]] = []
    jobs.busyChanged.connect(lambda lane, busy: told.append((lane, busy)))
    jobs.submit("a", lambda job: None, Outcome(lambda result: None, lambda problem: None))
    qtbot.waitUntil(lambda: not jobs.busy("a"))
    assert told == [("a", True), ("a", False)]


def test_finish_waits_for_every_thread(jobs: Jobs) -> None:
    started, ended = threading.Event(), threading.Event()

    def work(job: Job) -> None:
        started.set()
        while not job.cancelled:
            pass
        ended.set()

    jobs.submit("a", work, Heard().outcome)
    assert started.wait(30)
    jobs.finish()
    assert ended.is_set()


def test_the_event_loop_goes_on_while_a_job_runs(jobs: Jobs, qtbot: QtBot) -> None:
    heard, enough = Heard(), threading.Event()
    ticks: list[int] = []

    def tick() -> None:
        ticks.append(1)
        if len(ticks) == 50:
            enough.set()

    timer = QTimer()
    timer.timeout.connect(tick)
    timer.start(0)
    # The job ends only if the event loop has run 50 times meanwhile.
    jobs.submit("a", lambda job: enough.wait(30), heard.outcome)
    qtbot.waitUntil(lambda: len(heard.told) == 1, timeout=30_000)
    timer.stop()
    assert heard.told[0][1] is True


def test_finishing_lets_chosen_lanes_come_to_their_end_and_cancels_the_rest(jobs: Jobs) -> None:
    written, failed, stopped = Heard(), Heard(), Heard()
    problem = OSError("no room")

    def fail(job: Job) -> None:
        raise problem

    jobs.submit("written", lambda job: "all of it", written.outcome)
    jobs.submit("failed", fail, failed.outcome)
    jobs.submit("stopped", lambda job: "nobody asks", stopped.outcome)
    jobs.finish("written", "failed")
    here = threading.get_ident()
    assert written.told == [("done", "all of it", here)]
    assert failed.told == [("failed", problem, here)]
    assert stopped.told == []
    assert not any(jobs.busy(lane) for lane in ("written", "failed", "stopped"))


def test_a_job_that_is_not_heard_of_is_given_up_and_its_lane_goes_on(jobs: Jobs, qtbot: QtBot) -> None:
    come, heard, after = threading.Event(), Heard(), Heard()
    try:
        jobs.submit("a", lambda job: come.wait(60), heard.outcome, (0.3, RuntimeError("does not answer")))
        qtbot.waitUntil(lambda: len(heard.told) == 1, timeout=30_000)
        assert heard.told[0][0] == "failed" and str(heard.told[0][1]) == "does not answer"
        jobs.submit("a", lambda job: 7, after.outcome)
        qtbot.waitUntil(lambda: len(after.told) == 1, timeout=30_000)
        assert after.told[0][:2] == ("done", 7)
        assert threads_left()
    finally:
        come.set()
    qtbot.waitUntil(lambda: not threads_left(), timeout=30_000)
    assert len(heard.told) == 1


def test_closing_does_not_wait_for_a_job_that_hangs(jobs: Jobs, qtbot: QtBot) -> None:
    come, begun, written, heard = threading.Event(), threading.Event(), Heard(), Heard()
    try:
        jobs.submit("read", lambda job: (begun.set(), come.wait(60)), heard.outcome)
        assert begun.wait(30)
        jobs.submit("report", lambda job: "written", written.outcome)
        assert not jobs.finish("report", within=0.2)
        assert [told[:2] for told in written.told] == [("done", "written")]
        assert not heard.told
    finally:
        come.set()
    qtbot.waitUntil(lambda: not threads_left(), timeout=30_000)


def test_closing_says_that_all_came_home(jobs: Jobs) -> None:
    jobs.submit("a", lambda job: 7, Heard().outcome)
    assert jobs.finish()


def test_a_thread_that_comes_back_after_the_window_is_gone_ends_in_silence(qtbot: QtBot) -> None:
    """It was left behind, as it waited for a drive that is gone; pytest-qt fails the test where the thread raises."""
    begun, goes_on, jobs = threading.Event(), threading.Event(), Jobs()

    def wait(job: Job) -> None:
        begun.set()
        goes_on.wait(30)

    jobs.submit("a", wait, Heard().outcome)
    assert begun.wait(30)
    assert not jobs.finish(within=0.05)
    delete(jobs)
    with qtbot.captureExceptions() as raised:
        goes_on.set()
        qtbot.waitUntil(lambda: not threads_left(), timeout=30_000)
        qtbot.wait(50)
    assert raised == []
