"""Slow frames: the GUI never waits for one, the newest request wins, and until it is decoded nothing changes."""

import os
import sys
import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pydicom
import pytest
from numpy.typing import NDArray
from pydicom.encaps import encapsulate, generate_frames
from pydicom.uid import JPEG2000Lossless
from PySide6.QtWidgets import QSlider
from pytestqt.qtbot import QtBot

from csamoe_desktop.errors import UserError
from csamoe_desktop.session.frame_cache import AHEAD, DECODING, DecodedFrames
from csamoe_desktop.session.session import Session
from csamoe_desktop.study.model import Frame, Study
from csamoe_desktop.study.phantom import DemoStudy
from csamoe_desktop.ui.panels.study_list import StudyList
from csamoe_desktop.ui.shell.main_window import MainWindow
from csamoe_desktop.ui.widgets.messages import Kind

Open = Callable[..., None]
Do = Callable[[Session], None]
COUNT = 40


class SlowCine:
    """A study whose frames are decoded only in the worker, once `go` is set; it records their order."""

    def __init__(self, name: str = "slow.dcm", count: int = COUNT, broken: tuple[int, ...] = ()) -> None:
        self.go = threading.Event()
        self.begun: list[int] = []
        self.broken = broken
        self.study = Study(Path(f"/{name}"), "cine", count, 60, 80, self._decode, frame_seconds=0.005, quick=False)

    def _decode(self, index: int) -> NDArray[np.uint8]:
        assert threading.current_thread() is not threading.main_thread(), "the GUI thread decoded a frame"
        self.begun.append(index)
        assert self.go.wait(30)
        if index in self.broken:
            raise UserError(f"frame {index} is damaged", "")
        return np.full((60, 80), index, np.uint8)


@pytest.fixture
def slow() -> Iterator[SlowCine]:
    made = SlowCine()
    yield made
    made.go.set()


@pytest.fixture
def seen(session: Session) -> list[int]:
    """Record the frames that are shown."""
    indices: list[int] = []
    session.frameChanged.connect(lambda: indices.append(-1 if session.frame is None else session.frame.index))
    return indices


@pytest.fixture
def failures(session: Session) -> list[str]:
    told: list[str] = []
    session.failed.connect(lambda problem: told.append(str(problem)))
    return told


def idle(session: Session) -> bool:
    return session.frames.awaited is None and not session.jobs.busy(DECODING) and not session.jobs.busy(AHEAD)


def show(session: Session, slow: SlowCine, qtbot: QtBot) -> None:
    """Show the study and wait until no work is left; from then on its frames are held back."""
    slow.go.set()
    session.studies.append(slow.study)
    session.navigation.to_study(slow.study)
    qtbot.waitUntil(lambda: session.study is slow.study and idle(session), timeout=30_000)
    slow.go.clear()
    slow.begun.clear()


def slider_of(window: MainWindow) -> QSlider:
    slider = window.findChild(QSlider)
    assert slider is not None
    return slider


def index(session: Session) -> int:
    assert session.frame is not None
    assert session.mask is not None
    assert session.mask.pixels.shape == session.frame.shape
    return session.frame.index


def test_a_frame_is_not_waited_for_and_comes(session: Session, slow: SlowCine, seen: list[int], qtbot: QtBot) -> None:
    show(session, slow, qtbot)
    work = session.work
    called: list[int] = []
    session.navigation.to_frame(20, lambda: called.append(index(session)))
    assert (index(session), session.work, session.frames.awaited) == (0, work, (slow.study, 20))
    slow.go.set()
    qtbot.waitUntil(lambda: bool(called), timeout=30_000)
    assert called == [20]
    assert session.frames.awaited is None
    assert session.frame is not None
    assert (session.frame.pixels == 20).all()
    assert session.work is not work
    assert seen[-2:] == [0, 20]


def test_the_newest_wins_and_what_was_scrolled_past_is_not_decoded(
    session: Session, slow: SlowCine, seen: list[int], qtbot: QtBot
) -> None:
    show(session, slow, qtbot)
    called: list[int] = []
    session.navigation.to_frame(10, lambda: called.append(10))
    qtbot.waitUntil(lambda: slow.begun == [10], timeout=30_000)
    for place in range(15, 30):
        session.navigation.to_frame(place, partial(called.append, place))
    slow.go.set()
    qtbot.waitUntil(lambda: idle(session), timeout=30_000)
    assert called == [29]
    assert seen[-2:] == [0, 29]
    assert set(slow.begun) == {10, 29, 28, 30, 31}
    slow.go.clear()
    session.navigation.to_frame(10)
    assert index(session) == 10, "it was decoded, and so is there at once"


def test_who_turns_back_to_what_is_in_view_stays(
    session: Session, slow: SlowCine, seen: list[int], qtbot: QtBot
) -> None:
    show(session, slow, qtbot)
    navigationCancelled: list[bool] = []
    session.navigationCancelled.connect(lambda: navigationCancelled.append(True))
    session.navigation.to_frame(20)
    session.navigation.to_frame(0)
    assert navigationCancelled == [True]
    session.navigation.to_frame(20)
    qtbot.waitUntil(lambda: slow.begun == [20], timeout=30_000)
    session.navigation.to_study(slow.study)
    assert navigationCancelled == [True, True]
    slow.go.set()
    qtbot.waitUntil(lambda: session.frames.cache.get(slow.study, 20) is not None, timeout=30_000)
    qtbot.wait(50)
    assert seen[-1] == index(session) == 0


def test_steps_add_up_and_one_shows_on_the_way(session: Session, slow: SlowCine, seen: list[int], qtbot: QtBot) -> None:
    show(session, slow, qtbot)
    session.navigation.to_frame(20)
    for _ in range(9):
        session.navigation.by(1)
    assert session.frames.awaited == (slow.study, 29)
    slow.go.set()
    qtbot.waitUntil(lambda: index(session) == 29 and idle(session), timeout=30_000)
    assert seen[-3:] == [0, 20, 29]
    assert not {24, 25, 26} & set(slow.begun)
    session.navigation.by(-100)
    assert session.frames.awaited in (None, (slow.study, 0))
    qtbot.waitUntil(lambda: index(session) == 0, timeout=30_000)


def test_what_comes_next_is_decoded_ahead_in_the_direction_of_travel(
    session: Session, slow: SlowCine, qtbot: QtBot
) -> None:
    show(session, slow, qtbot)
    slow.go.set()
    session.navigation.to_frame(20)
    qtbot.waitUntil(lambda: index(session) == 20 and idle(session), timeout=30_000)
    assert slow.begun == [20, 21, 19, 22]
    session.navigation.to_frame(10)
    qtbot.waitUntil(lambda: index(session) == 10 and idle(session), timeout=30_000)
    assert slow.begun[4:] == [10, 9, 11, 8]
    slow.go.clear()
    session.navigation.to_frame(9)
    assert index(session) == 9, "it is there already"


def test_what_is_decoded_ahead_is_not_decoded_twice_when_it_is_wanted(
    session: Session, slow: SlowCine, qtbot: QtBot
) -> None:
    show(session, slow, qtbot)
    session.navigation.to_frame(1)
    assert index(session) == 1
    qtbot.waitUntil(lambda: slow.begun == [3], timeout=30_000)
    session.navigation.to_frame(3)
    assert index(session) == 1
    slow.go.set()
    qtbot.waitUntil(lambda: index(session) == 3 and idle(session), timeout=30_000)
    assert slow.begun.count(3) == 1


def test_a_wanted_frame_does_not_wait_for_one_decoded_ahead(session: Session, slow: SlowCine, qtbot: QtBot) -> None:
    show(session, slow, qtbot)
    session.navigation.to_frame(1)
    qtbot.waitUntil(lambda: slow.begun == [3], timeout=30_000)
    session.navigation.to_frame(30)
    qtbot.waitUntil(lambda: slow.begun == [3, 30], timeout=30_000)


def test_a_frame_that_cannot_be_decoded_leaves_all_as_it_was(
    window: MainWindow, open_files: Open, demo: DemoStudy, mark: Do, qtbot: QtBot
) -> None:
    session = window.session
    slow = SlowCine(broken=(20,))
    show(session, slow, qtbot)
    mark(session)
    work, frame, slider, frames = session.work, session.frame, slider_of(window), window.study_list.frames
    slow.go.set()
    tries: tuple[Callable[[], object], ...] = (
        lambda: frames.setCurrentIndex(frames.model().index(20, 0)),
        lambda: slider.setValue(20),
        lambda: session.navigation.to_frame(20),
    )
    for step in tries:
        window.messages.clear()
        step()
        qtbot.waitUntil(lambda: bool(window.messages.shown()) and session.frames.awaited is None, timeout=30_000)
        assert [message.kind for message in window.messages.shown()] == [Kind.REFUSAL]
        qtbot.waitUntil(lambda: frames.currentIndex().row() == 0 and slider.value() == 0, timeout=30_000)
        assert (session.work, session.frame) == (work, frame)
    session.navigation.to_frame(21)
    qtbot.waitUntil(lambda: index(session) == 21, timeout=30_000)


def test_the_slider_and_the_list_stay_where_they_were_put(window: MainWindow, slow: SlowCine, qtbot: QtBot) -> None:
    session, slider, frames = window.session, slider_of(window), window.study_list.frames
    show(session, slow, qtbot)
    slider.setValue(20)
    assert slider.value() == 20
    assert index(session) == 0
    row = frames.model().index(30, 0)
    frames.setCurrentIndex(row)
    qtbot.wait(10)
    assert frames.currentIndex() == row
    slow.go.set()
    qtbot.waitUntil(lambda: index(session) == 30, timeout=30_000)
    assert (slider.value(), frames.currentIndex()) == (30, row)


def test_the_list_that_follows_does_not_choose(window: MainWindow, slow: SlowCine, qtbot: QtBot) -> None:
    session = window.session
    show(session, slow, qtbot)
    session.navigation.to_frame(20)
    for _ in range(5):
        window.actions_table["next_frame"].trigger()
    slow.go.set()
    qtbot.waitUntil(lambda: index(session) == 25, timeout=30_000)
    assert window.study_list.frames.currentIndex().row() == 25


def test_who_draws_on_what_is_in_view_stays_there(session: Session, slow: SlowCine, mark: Do, qtbot: QtBot) -> None:
    show(session, slow, qtbot)
    navigationCancelled: list[bool] = []
    session.navigationCancelled.connect(lambda: navigationCancelled.append(True))
    session.navigation.to_frame(20)
    qtbot.waitUntil(lambda: slow.begun == [20], timeout=30_000)
    mark(session)
    assert navigationCancelled == [True]
    slow.go.set()
    qtbot.waitUntil(lambda: session.frames.cache.get(slow.study, 20) is not None, timeout=30_000)
    qtbot.wait(50)
    assert index(session) == 0


def test_a_study_chosen_comes_whole_or_not_at_all(
    session: Session, open_files: Open, demo: DemoStudy, qtbot: QtBot, failures: list[str]
) -> None:
    column = StudyList(session)
    qtbot.addWidget(column)
    open_files(session, demo.smooth)
    slow, broken = SlowCine(), SlowCine("broken.dcm", broken=(0,))
    session.open_studies.add([slow.study, broken.study])
    smooth, frame, work = session.study, session.frame, session.work
    column.studies.setCurrentRow(2)
    session.studiesListed.emit()
    assert column.studies.currentRow() == 2
    assert (session.study, session.frame, session.work) == (smooth, frame, work)
    broken.go.set()
    qtbot.waitUntil(lambda: column.studies.currentRow() == 0, timeout=30_000)
    assert failures == ["frame 0 is damaged"]
    assert (session.study, session.frame, session.work) == (smooth, frame, work)
    column.studies.setCurrentRow(1)
    slow.go.set()
    qtbot.waitUntil(lambda: session.study is slow.study, timeout=30_000)
    assert column.frames.model().rowCount() == COUNT


def test_closing_goes_on_to_the_first_that_can_be_decoded(
    session: Session, open_files: Open, demo: DemoStudy, small_png: Path, qtbot: QtBot, failures: list[str]
) -> None:
    open_files(session, demo.smooth)
    broken, slow = SlowCine("broken.dcm", broken=(0,)), SlowCine()
    session.open_studies.add([broken.study, slow.study])
    session.open_studies.close_current()
    assert (session.study, session.frame, session.work) == (None, None, None)
    broken.go.set()
    slow.go.set()
    qtbot.waitUntil(lambda: session.study is slow.study, timeout=30_000)
    assert failures == ["frame 0 is damaged"]
    qtbot.waitUntil(lambda: idle(session), timeout=30_000)
    assert session.frames.cache.bytes
    session.open_studies.close_current()
    qtbot.waitUntil(lambda: len(failures) == 2, timeout=30_000)
    assert session.study is None
    assert session.frames.cache.bytes == 0, "frames of closed studies are dropped"


def test_what_is_opened_meanwhile_comes_into_view_and_stays(
    session: Session, open_files: Open, demo: DemoStudy, slow: SlowCine, qtbot: QtBot
) -> None:
    show(session, slow, qtbot)
    session.navigation.to_frame(20)
    open_files(session, demo.smooth)
    slow.go.set()
    qtbot.waitUntil(lambda: idle(session), timeout=30_000)
    qtbot.wait(50)
    assert session.study is not None
    assert session.study.path == demo.smooth


def test_a_slow_cine_leaves_no_frame_out_and_pauses_where_it_is(
    session: Session, seen: list[int], qtbot: QtBot
) -> None:
    slow = SlowCine(count=8)
    show(session, slow, qtbot)
    slow.go.set()
    cine = session.cine
    seen.clear()
    cine.toggle()
    qtbot.waitUntil(lambda: len(seen) > 20, timeout=30_000)
    assert seen[:20] == [(place + 1) % 8 for place in range(20)]
    cine.pause()


def test_a_cine_paused_or_broken_while_a_frame_is_to_come_stays(session: Session, qtbot: QtBot) -> None:
    slow = SlowCine(broken=(20,))
    show(session, slow, qtbot)
    cine = session.cine
    slow.go.set()
    session.navigation.to_frame(15)
    qtbot.waitUntil(lambda: index(session) == 15 and idle(session), timeout=30_000)
    slow.go.clear()
    cine.toggle()
    # It was decoded ahead, two frames before.
    qtbot.waitUntil(lambda: index(session) == 17 and session.frames.awaited is not None, timeout=30_000)
    asked: list[str] = []
    session.jobs.busyChanged.connect(lambda lane, busy: asked.append(lane) if lane == DECODING else None)
    qtbot.wait(50)
    assert cine.playing
    assert asked == [], "it waits, and does not ask again with every tick"
    cine.toggle()
    slow.go.set()
    qtbot.waitUntil(lambda: idle(session), timeout=30_000)
    qtbot.wait(50)
    assert index(session) == 17
    failures: list[object] = []
    session.failed.connect(failures.append)
    cine.toggle()
    qtbot.waitUntil(lambda: not cine.playing, timeout=30_000)
    assert index(session) == 19
    assert len(failures) == 1


def test_the_cache_keeps_so_many_bytes_and_lets_the_longest_unused_go() -> None:
    def frame(place: int) -> Frame:
        return Frame(np.full((10, 10), place, np.uint8), place, None)

    one, other = SlowCine().study, SlowCine().study
    cache = DecodedFrames(450)
    for place in range(4):
        cache.put(one, frame(place))
    assert cache.get(one, 0) is not None
    cache.put(other, frame(0))
    assert [cache.get(one, place) is None for place in range(4)] == [False, True, False, False]
    assert cache.bytes == 400
    cache.put(other, frame(0))
    assert cache.bytes == 400
    cache.put(one, Frame(np.zeros((100, 100), np.uint8), 9, None))
    assert cache.bytes == 0, "a frame that is too large is not cached, and frees its memory"
    cache.put(one, frame(1))
    cache.put(other, frame(1))
    cache.keep_only([other])
    assert (cache.get(one, 1), cache.bytes) == (None, 100)


def where(index: int) -> NDArray[np.uint8]:
    """Return the id of the decoding process, as bytes."""
    return np.tile(np.frombuffer(os.getpid().to_bytes(8, sys.byteorder), np.uint8), (40, 8))


def test_what_holds_python_up_is_decoded_in_another_process(session: Session, qtbot: QtBot) -> None:
    study = Study(Path("/apart.dcm"), "cine", 10**6, 40, 64, where, quick=False, apart=True)
    here = where(0)
    session.studies.append(study)
    session.navigation.to_study(study)

    def turned() -> bool:
        """Go on until a frame comes from the other process; until that has started, all are decoded here."""
        if session.frame is not None and session.frames.awaited is None:
            session.navigation.to_frame(session.frame.index + 7)
        return session.frame is not None and not np.array_equal(session.frame.pixels, here)

    qtbot.waitUntil(turned, timeout=60_000)


@pytest.fixture
def compressed(demo: DemoStudy, tmp_path: Path) -> Path:
    """The demo cine as JPEG 2000; its sixth frame is cut off."""
    dataset = pydicom.dcmread(demo.cine)
    dataset.compress(JPEG2000Lossless)
    frames = list(generate_frames(dataset.PixelData, number_of_frames=int(dataset.NumberOfFrames)))
    frames[5] = frames[5][:20]
    dataset.PixelData = encapsulate(frames)
    dataset.save_as(tmp_path / "compressed.dcm")
    return tmp_path / "compressed.dcm"


def test_work_on_a_compressed_cine_is_kept(
    window: MainWindow, open_files: Open, compressed: Path, demo: DemoStudy, mark: Do, qtbot: QtBot
) -> None:
    session = window.session
    open_files(session, compressed)
    session.navigation.to_frame(3)
    qtbot.waitUntil(lambda: index(session) == 3, timeout=30_000)
    assert session.frame is not None
    assert np.array_equal(session.frame.pixels, pydicom.dcmread(demo.cine).pixel_array[3])
    mark(session)
    assert session.mask is not None
    outline = session.mask.pixels.copy()
    window.actions_table["copy_to_next"].trigger()
    qtbot.waitUntil(lambda: index(session) == 4 and session.mask is not None and not session.mask.empty, timeout=30_000)
    assert np.array_equal(session.mask.pixels, outline)
    work = session.work
    window.actions_table["copy_to_next"].trigger()
    qtbot.waitUntil(lambda: any("Frame 6" in message.text for message in window.messages.shown()), timeout=30_000)
    assert session.work is work
    assert not session.lesions.marked(session.studies[0], 5)
    session.open_studies.close_current()
    open_files(session, compressed)
    assert session.mask.empty
    session.navigation.to_frame(4)
    qtbot.waitUntil(lambda: index(session) == 4, timeout=30_000)
    assert np.array_equal(session.mask.pixels, outline)


def test_an_outline_is_not_copied_where_another_frame_is_wanted_meanwhile(
    session: Session, slow: SlowCine, mark: Do, qtbot: QtBot
) -> None:
    show(session, slow, qtbot)
    slow.go.set()
    session.navigation.to_frame(20)
    qtbot.waitUntil(lambda: index(session) == 20, timeout=30_000)
    mark(session)
    session.navigation.to_frame(22)
    qtbot.waitUntil(lambda: index(session) == 22 and idle(session), timeout=30_000)
    session.navigation.to_frame(24)
    qtbot.waitUntil(lambda: index(session) == 24 and idle(session), timeout=30_000)
    slow.go.clear()
    session.frames.cache.keep_only([])
    mark(session)
    session.mask_commands.copy_to_next()
    session.navigation.to_frame(30)
    slow.go.set()
    qtbot.waitUntil(lambda: index(session) == 30 and idle(session), timeout=30_000)
    assert not session.lesions.marked(slow.study, 25)
    assert not session.lesions.marked(slow.study, 30)
