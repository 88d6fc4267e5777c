"""The message strip."""

import logging

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QLabel, QPushButton, QToolButton
from pytestqt.qtbot import QtBot

from csamoe_desktop.errors import UserError
from csamoe_desktop.ui.widgets.messages import Kind, Messages


@pytest.fixture
def messages(qtbot: QtBot) -> Messages:
    made = Messages()
    qtbot.addWidget(made)
    return made


def press(messages: Messages, text: str) -> None:
    button = next(one for one in messages.shown()[0].findChildren(QPushButton) if one.text() == text)
    button.click()


def test_the_strip_takes_no_room_while_there_is_nothing_to_say(messages: Messages) -> None:
    assert messages.isHidden()
    messages.note("Something was done.")
    assert not messages.isHidden()
    messages.clear()
    assert messages.isHidden()


def test_an_expected_failure_is_told_as_it_is_and_not_logged(
    messages: Messages, caplog: pytest.LogCaptureFixture
) -> None:
    messages.failure(UserError("The file is empty.", "Copy it again."))
    told = messages.shown()[0]
    assert (told.kind, told.text, told.hint) == (Kind.REFUSAL, "The file is empty.", "Copy it again.")
    assert caplog.text == ""


def test_anything_else_is_a_fault_logged_whole_with_details_to_copy(
    messages: Messages, caplog: pytest.LogCaptureFixture
) -> None:
    try:
        raise KeyError("inner thing")
    except KeyError as problem:
        with caplog.at_level(logging.ERROR):
            messages.failure(problem)
    assert messages.shown()[0].kind is Kind.FAULT
    assert "KeyError" in messages.shown()[0].text
    assert "Traceback" in caplog.text
    assert "inner thing" in caplog.text
    press(messages, "Copy details")
    assert "inner thing" in QGuiApplication.clipboard().text()
    assert "Traceback" in QGuiApplication.clipboard().text()


def test_markup_in_a_name_is_shown_as_it_is(messages: Messages) -> None:
    messages.failure(UserError("<b>bold</b> & <img src=x> cannot be opened.", ""))
    labels = [label for label in messages.shown()[0].findChildren(QLabel) if label.text()]
    assert [label.text() for label in labels] == ["<b>bold</b> & <img src=x> cannot be opened."]
    assert labels[0].textFormat() is Qt.TextFormat.PlainText


def test_the_cross_closes_one_message(messages: Messages) -> None:
    messages.note("First.")
    messages.note("Second.")
    messages.shown()[0].findChildren(QToolButton)[0].click()
    assert [message.text for message in messages.shown()] == ["First."]


def test_the_same_thing_is_not_said_twice_and_the_oldest_go(messages: Messages) -> None:
    for number in (1, 2, 1, 3, 4, 5):
        messages.note(f"Note {number}.")
    assert [message.text for message in messages.shown()] == ["Note 5.", "Note 4.", "Note 3.", "Note 1."]


def test_a_question_does_what_it_asks_about_only_when_agreed(messages: Messages) -> None:
    done: list[str] = []
    messages.question("Resize?", "It is larger.", "Resize", lambda: done.append("resized"))
    assert messages.shown()[0].findChildren(QToolButton) == []
    press(messages, "Cancel")
    assert (done, messages.shown()) == ([], [])
    messages.question("Resize?", "It is larger.", "Resize", lambda: done.append("resized"))
    press(messages, "Resize")
    assert (done, messages.shown()) == (["resized"], [])


def test_kinds_are_cleared_apart(messages: Messages) -> None:
    messages.note("Note.")
    messages.failure(UserError("No.", ""))
    messages.clear(Kind.REFUSAL)
    assert [message.kind for message in messages.shown()] == [Kind.NOTE]
