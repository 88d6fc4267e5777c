"""Closing the program: the user is asked only about work that could not be stored; a report is finished first."""

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from csamoe_desktop import paths
from csamoe_desktop.session.reports import REPORTING
from csamoe_desktop.session.session import Session
from csamoe_desktop.study.phantom import DemoStudy
from csamoe_desktop.ui.shell.closing import in_words
from csamoe_desktop.ui.shell.main_window import MainWindow
from csamoe_desktop.ui.widgets.messages import Kind

Open = Callable[..., None]
Do = Callable[[Session], None]


def questions(window: MainWindow) -> list[str]:
    return [message.text for message in window.messages.shown() if message.kind is Kind.QUESTION]


def answer(window: MainWindow, text: str) -> None:
    """Press the button `text` of the newest message."""
    next(button for button in window.messages.shown()[0].findChildren(QPushButton) if button.text() == text).click()


def test_what_is_lost_is_said_in_words() -> None:
    assert in_words(1, 0) == "1 outline"
    assert in_words(2, 1) == "2 outlines and 1 note"
    assert in_words(0, 3) == "3 notes"


@pytest.fixture
def no_store(user_folder: Path) -> Path:
    """A store on a drive that does not exist: it can be neither opened nor created."""
    paths.store_file().parent.mkdir(parents=True, exist_ok=True)
    paths.store_file().symlink_to(paths.store_file().parent / "not there" / "work.sqlite")
    return paths.store_file()


def test_nothing_is_asked_about_outlines_and_comments(
    window: MainWindow, open_files: Open, demo: DemoStudy, mark: Do, qtbot: QtBot
) -> None:
    open_files(window.session, demo.smooth, demo.spiculated)
    mark(window.session)
    window.session.navigation.to_study(window.session.studies[0])
    mark(window.session)
    qtbot.keyClicks(window.assessment.comment, "seen")
    window.close()
    assert not window.isVisible()


def test_nothing_is_asked_where_a_store_that_fails_costs_nothing(
    no_store: Path, window: MainWindow, open_files: Open, demo: DemoStudy, mark: Do, qtbot: QtBot
) -> None:
    open_files(window.session, demo.smooth)
    mark(window.session)
    window.session.mask_commands.undo()
    qtbot.keyClicks(window.assessment.comment, "  ")
    window.close()
    assert not window.isVisible()


def test_what_could_not_be_stored_is_asked_about_once(
    no_store: Path, window: MainWindow, open_files: Open, demo: DemoStudy, mark: Do, small_png: Path
) -> None:
    open_files(window.session, demo.cine)
    mark(window.session)
    open_files(window.session, small_png)
    window.close()
    assert window.isVisible()
    assert questions(window) == ["1 outline could not be stored and is lost when the program closes."]
    answer(window, "Cancel")
    assert window.isVisible()
    window.close()
    assert window.isVisible()
    answer(window, "Close anyway")
    assert not window.isVisible()


def test_a_second_close_answers_the_question(
    no_store: Path, window: MainWindow, open_files: Open, demo: DemoStudy, mark: Do, qtbot: QtBot
) -> None:
    open_files(window.session, demo.cine)
    mark(window.session)
    qtbot.keyClicks(window.assessment.comment, "seen")
    window.cine.toggle()
    window.actions_table["quit"].trigger()
    assert questions(window) == ["1 outline and 1 note could not be stored and are lost when the program closes."]
    assert not window.cine.playing, "another frame would take the question away"
    window.actions_table["quit"].trigger()
    assert not window.isVisible()


def test_the_question_is_asked_anew_after_it_went_with_the_frame(
    no_store: Path, window: MainWindow, open_files: Open, demo: DemoStudy, mark: Do
) -> None:
    open_files(window.session, demo.cine)
    mark(window.session)
    window.close()
    window.session.navigation.to_frame(1)
    assert questions(window) == []
    window.close()
    assert window.isVisible()
    assert len(questions(window)) == 1


def test_the_program_closes_unasked_once_the_store_is_in_order_again(
    no_store: Path, window: MainWindow, open_files: Open, demo: DemoStudy, mark: Do
) -> None:
    open_files(window.session, demo.smooth)
    mark(window.session)
    window.close()
    answer(window, "Cancel")
    no_store.unlink()
    window.close()
    assert not window.isVisible()
    assert paths.store_file().is_file()


def test_a_report_is_finished_before_the_program_closes(
    window: MainWindow, open_files: Open, demo: DemoStudy, read: Do, qtbot: QtBot, tmp_path: Path
) -> None:
    open_files(window.session, demo.spiculated)
    window.session.mask_commands.import_from(demo.spiculated_mask)
    read(window.session)
    window.session.reports.export(tmp_path / "report.pdf", lambda path: None)
    window.close()
    assert window.isVisible()
    assert "still being written" in window.messages.shown()[0].text
    qtbot.waitUntil(lambda: not window.isVisible(), timeout=60_000)
    assert (tmp_path / "report.pdf").read_bytes().startswith(b"%PDF")


def test_a_report_that_fails_keeps_the_window_open_and_says_so(
    window: MainWindow, open_files: Open, demo: DemoStudy, read: Do, qtbot: QtBot, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("no folder")
    open_files(window.session, demo.spiculated)
    window.session.mask_commands.import_from(demo.spiculated_mask)
    read(window.session)
    window.session.reports.export(tmp_path / "file" / "report.pdf", lambda path: None)
    window.close()
    qtbot.waitUntil(lambda: not window.session.jobs.busy(REPORTING), timeout=60_000)
    qtbot.waitUntil(lambda: window.messages.shown()[0].kind is Kind.REFUSAL)
    qtbot.wait(50)
    assert window.isVisible()
    assert "could not be written" in window.messages.shown()[0].text


def test_a_session_that_is_closed_finishes_its_report(
    session: Session, open_files: Open, demo: DemoStudy, read: Do, tmp_path: Path
) -> None:
    open_files(session, demo.spiculated)
    session.mask_commands.import_from(demo.spiculated_mask)
    read(session)
    written: list[Path] = []
    session.reports.export(tmp_path / "report.pdf", written.append)
    session.close()
    assert written == [tmp_path / "report.pdf"]
    assert (tmp_path / "report.pdf").is_file()
