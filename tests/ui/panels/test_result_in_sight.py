"""On a low screen the AI result and its warnings are visible as soon as they arrive."""

from collections.abc import Callable

import pytest
from PySide6.QtCore import QPoint
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from csamoe_desktop.session.lesion_work import ResultState
from csamoe_desktop.session.session import Session
from csamoe_desktop.study.phantom import DemoStudy
from csamoe_desktop.ui.panels.folding import BoxColumn
from csamoe_desktop.ui.shell.main_window import MainWindow
from tests.windows import Open


def _above_the_edge(window: MainWindow, part: QWidget) -> bool:
    """Return whether the column, as scrolled now, shows `part` completely."""
    column = window.findChild(BoxColumn)
    assert column is not None
    top = part.mapTo(column.viewport(), QPoint(0, 0)).y()
    return top >= 0 and top + part.height() <= column.viewport().height()


@pytest.fixture
def low(window: MainWindow, open_files: Open, demo: DemoStudy) -> MainWindow:
    """The window as low as a laptop's screen, with an outline that has a hole and proposes terms: the boxes are long."""
    window.resize(1366, 560)
    open_files(window.session, demo.spiculated)
    window.session.mask_commands.import_from(demo.spiculated_mask)
    return window


def test_a_reading_that_comes_is_scrolled_into_sight(
    low: MainWindow, read: Callable[[Session], None], qtbot: QtBot
) -> None:
    read(low.session)
    assert low.session.shown_result.state is ResultState.DONE
    qtbot.waitUntil(lambda: _above_the_edge(low, low.result.category), timeout=5_000)
    assert _above_the_edge(low, low.result.scale)
    low.session.assessments.focus()
    qtbot.waitUntil(lambda: _above_the_edge(low, low.assessment.category), timeout=5_000)


def test_the_next_study_begins_with_the_first_box(
    low: MainWindow, read: Callable[[Session], None], open_files: Open, demo: DemoStudy, qtbot: QtBot
) -> None:
    read(low.session)
    qtbot.waitUntil(lambda: not low.session.closer_look.under_way, timeout=60_000)
    # The range over other outlines added lines: the box still begins at the top.
    qtbot.waitUntil(lambda: _above_the_edge(low, low.result.gates), timeout=5_000)
    open_files(low.session, demo.smooth)
    qtbot.waitUntil(lambda: _above_the_edge(low, low.lesion.list), timeout=5_000)


def test_a_reading_seen_before_moves_nothing(
    low: MainWindow, read: Callable[[Session], None], open_files: Open, demo: DemoStudy, qtbot: QtBot
) -> None:
    session = low.session
    read(session)
    qtbot.waitUntil(lambda: _above_the_edge(low, low.result.category), timeout=5_000)
    first = session.study
    assert first is not None
    open_files(session, demo.smooth)
    column = low.findChild(BoxColumn)
    assert column is not None
    column.verticalScrollBar().setValue(0)
    session.navigation.to_study(first)
    qtbot.waitUntil(lambda: session.study is first and session.shown_result.state is ResultState.DONE)
    qtbot.wait(50)
    assert column.verticalScrollBar().value() == 0
