"""Outlines and notes are in the store a moment after each change, and restored with their image."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from csamoe_desktop import paths
from csamoe_desktop.lesion.calipers import Caliper
from csamoe_desktop.lesion.mask import Author
from csamoe_desktop.lesion.tools import Box
from csamoe_desktop.session.lesion_work import ResultState
from csamoe_desktop.session.session import Session
from csamoe_desktop.settings import Settings
from csamoe_desktop.store.autosave import Autosave
from csamoe_desktop.store.lesions import LesionKey
from csamoe_desktop.study.phantom import DemoStudy
from csamoe_desktop.ui.shell.main_window import MainWindow
from csamoe_desktop.ui.widgets.messages import Kind

Open = Callable[..., None]
Do = Callable[[Session], None]
Day = Callable[..., Session]


@pytest.fixture
def another_day(qtbot: QtBot) -> Iterator[Day]:
    """Return a function that closes the given session, if any, and returns a new one, as after a restart."""
    begun: list[Session] = []

    def day(before: Session | None = None) -> Session:
        if before is not None:
            before.close()
        begun.append(Session(Settings()))
        return begun[-1]

    yield day
    for session in begun:
        session.close()


def stored(session: Session) -> NDArray[np.bool_] | None:
    """Return the mask that the store has for the current frame, as another program reads it."""
    assert session.work is not None
    assert session.frame is not None
    other = Autosave(paths.store_file())
    found = other.find(LesionKey(session.work.image, session.frame.index))
    other.close()
    return None if found is None else found.mask().pixels


def test_a_stroke_is_kept_as_soon_as_the_button_comes_up(
    window: MainWindow, open_files: Open, demo: DemoStudy, qtbot: QtBot, another_day: Day
) -> None:
    session, view = window.session, window.canvas.viewport()
    open_files(session, demo.smooth)
    window.actions_table["brush"].trigger()
    for row in (100, 200):
        qtbot.mousePress(view, Qt.MouseButton.LeftButton, pos=window.canvas.widget_position(row, 100))
        qtbot.mouseMove(view, window.canvas.widget_position(row, 300))
        assert not session.autosaver.all_saved
        if row == 100:
            assert stored(session) is None, "a stroke in progress may still be cancelled"
        qtbot.mouseRelease(view, Qt.MouseButton.LeftButton, pos=window.canvas.widget_position(row, 300))
        assert session.mask is not None
        qtbot.waitUntil(lambda: session.autosaver.all_saved)
        assert np.array_equal(stored(session), session.mask.pixels)
    # The session is not closed, as after a crash.
    later = another_day()
    open_files(later, demo.smooth)
    assert later.mask is not None
    assert np.array_equal(later.mask.pixels, session.mask.pixels)
    assert later.mask.author is Author.DRAWN
    assert later.shown_result.state is ResultState.READY


def test_it_is_found_by_the_image_wherever_its_file_is(
    session: Session, open_files: Open, demo: DemoStudy, mark: Do, another_day: Day, tmp_path: Path
) -> None:
    open_files(session, demo.spiculated)
    session.mask_commands.import_from(demo.spiculated_mask)
    assert session.work is not None
    session.lesions.comment(session.work, "irregular")
    imported = session.work.mask
    moved = Path(shutil.copy(demo.spiculated, tmp_path / "renamed"))
    later = another_day(session)
    open_files(later, moved)
    assert later.work is not None
    mask = later.work.mask
    assert np.array_equal(mask.pixels, imported.pixels)
    assert (mask.author, mask.source, mask.notes) == (imported.author, imported.source, imported.notes)
    assert later.work.comment == "irregular"
    assert not mask.can_undo, "what was there on opening is not undone by accident"
    mask.begin()
    mask.paint(Box(0, 0, 2, 2), np.ones((2, 2), bool), True)
    mask.end()
    assert mask.author is Author.EDITED
    last = another_day(later)
    open_files(last, demo.spiculated)
    assert last.mask is not None
    assert last.mask.author is Author.EDITED
    assert last.mask.pixels[0, 0]


def test_each_frame_has_its_own(
    session: Session, open_files: Open, demo: DemoStudy, mark: Do, another_day: Day
) -> None:
    open_files(session, demo.cine)
    for index in (1, 4):
        session.navigation.to_frame(index)
        mark(session)
    assert session.work is not None
    session.lesions.comment(session.work, "of frame 5")
    later = another_day(session)
    open_files(later, demo.cine)
    told = []
    for index in range(6):
        later.navigation.to_frame(index)
        assert later.work is not None
        told.append((not later.work.mask.empty, later.work.comment))
    assert told == [(False, ""), (True, ""), (False, ""), (False, ""), (True, "of frame 5"), (False, "")]


def test_what_was_cleared_stays_cleared(
    session: Session, open_files: Open, demo: DemoStudy, mark: Do, another_day: Day
) -> None:
    open_files(session, demo.smooth)
    mark(session)
    assert session.work is not None
    session.lesions.comment(session.work, "no lesion after all")
    second = another_day(session)
    open_files(second, demo.smooth)
    second.mask_commands.clear()
    third = another_day(second)
    open_files(third, demo.smooth)
    assert third.work is not None
    assert (third.work.mask.empty, third.work.comment) == (True, "no lesion after all")
    third.lesions.comment(third.work, "")
    # Once another frame is shown, nothing holds it in memory.
    open_files(third, demo.spiculated)
    fourth = another_day(third)
    open_files(fourth, demo.smooth)
    assert fourth.work is not None
    assert fourth.work.blank


def test_a_stroke_in_hand_is_kept_when_the_program_is_closed(
    session: Session, open_files: Open, demo: DemoStudy, another_day: Day
) -> None:
    open_files(session, demo.smooth)
    assert session.mask is not None
    session.mask.begin()
    session.mask.paint(Box(10, 10, 20, 20), np.ones((10, 10), bool), True)
    later = another_day(session)
    open_files(later, demo.smooth)
    assert later.mask is not None
    assert np.count_nonzero(later.mask.pixels) == 100


def test_a_study_that_is_closed_has_its_marks_when_it_is_opened_again(
    session: Session, open_files: Open, demo: DemoStudy, mark: Do
) -> None:
    open_files(session, demo.smooth)
    mark(session)
    assert session.mask is not None
    pixels = session.mask.pixels.copy()
    session.open_studies.close_current()
    open_files(session, demo.smooth)
    assert session.mask is not None
    assert np.array_equal(session.mask.pixels, pixels)


@pytest.fixture
def no_store(user_folder: Path) -> Path:
    """The store is on a missing drive: it can be neither opened nor created."""
    paths.store_file().parent.mkdir(parents=True, exist_ok=True)
    paths.store_file().symlink_to(paths.store_file().parent / "not there" / "work.sqlite")
    return paths.store_file()


def test_a_store_that_fails_is_said_once_and_drawing_goes_on(
    no_store: Path, window: MainWindow, open_files: Open, demo: DemoStudy, small_png: Path, mark: Do, qtbot: QtBot
) -> None:
    session = window.session
    # Reported even if there is nothing to save yet: the user must know before drawing.
    qtbot.waitUntil(lambda: bool(window.messages.shown()))
    failures: list[BaseException] = []
    session.failed.connect(failures.append)
    message = window.messages.shown()[0]
    assert message.kind is Kind.REFUSAL
    assert message.text.startswith("Your outlines are not saved at the moment")
    open_files(session, demo.smooth)
    mark(session)
    open_files(session, small_png)
    window.messages.clear()
    assert window.status.trouble.isVisible(), "the message may give way to others; this stays as long as it lasts"
    assert "not saved at the moment" in window.status.trouble.toolTip()
    mark(session)
    session.open_studies.close_current()
    open_files(session, small_png)
    assert session.shown_result.state is ResultState.READY, "what waits is there, though its study was closed"
    assert session.unsaved() == (2, 0)
    no_store.unlink()
    qtbot.waitUntil(lambda: session.autosaver.all_saved, timeout=30_000)
    qtbot.waitUntil(lambda: "Your outlines are saved again." in [one.text for one in window.messages.shown()])
    assert not window.status.trouble.isVisible()
    assert session.unsaved() == (0, 0)
    assert failures == [], "the failure is reported once"
    assert stored(session) is not None


def test_what_is_open_is_kept_anew_when_the_store_was_damaged(
    window: MainWindow, open_files: Open, demo: DemoStudy, mark: Do, qtbot: QtBot, another_day: Day
) -> None:
    session, store = window.session, paths.store_file()
    open_files(session, demo.smooth)
    mark(session)
    qtbot.waitUntil(lambda: session.autosaver.all_saved)
    before = store.with_name("before")
    before.write_bytes(b"damaged, all of it" * 500)
    for part in store.parent.glob(f"{store.name}-*"):
        part.unlink()
    before.replace(store)
    open_files(session, demo.spiculated)
    mark(session)
    qtbot.waitUntil(lambda: any("set aside" in message.text for message in window.messages.shown()))
    qtbot.waitUntil(lambda: session.autosaver.all_saved)
    (aside,) = store.parent.glob("work-damaged-*.sqlite")
    assert aside.read_bytes() == b"damaged, all of it" * 500
    later = another_day()
    for file in (demo.smooth, demo.spiculated):
        open_files(later, file)
        assert later.shown_result.state is ResultState.READY


def test_calipers_are_there_on_another_day(
    session: Session, open_files: Open, demo: DemoStudy, another_day: Day
) -> None:
    open_files(session, demo.cine)
    drawn = (Caliper((10.5, 20.25), (30, 40)), Caliper((0, 0), (5, 5)))
    assert session.work is not None
    session.work.calipers.change(drawn, session.work.mask.version)
    session.navigation.to_frame(1)
    later = another_day(session)
    open_files(later, demo.cine)
    assert later.calipers.on_frame == drawn
    assert not later.calipers.can_undo
    later.navigation.to_frame(1)
    assert later.calipers.on_frame == ()
    later.navigation.to_frame(0)
    assert later.work is not None
    later.work.calipers.change((), later.work.mask.version)
    last = another_day(later)
    open_files(last, demo.cine)
    assert last.calipers.on_frame == ()
