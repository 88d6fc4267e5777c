"""The current outline is measured in a worker, and never during a stroke."""

from collections.abc import Callable

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from csamoe_desktop.lesion.margin import describe_margin
from csamoe_desktop.lesion.mask import Author
from csamoe_desktop.lesion.measure import measure
from csamoe_desktop.lesion.tools import Box
from csamoe_desktop.reader.assessment import propose
from csamoe_desktop.session.measurements import MEASURING, Measured
from csamoe_desktop.session.session import Session
from csamoe_desktop.study.phantom import DemoStudy
from csamoe_desktop.ui.shell.main_window import MainWindow
from csamoe_desktop.ui.tools.base import Tool

Do = Callable[[Session], None]
Open = Callable[..., None]
LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def opened(session: Session, open_files: Open, demo: DemoStudy) -> Session:
    open_files(session, demo.smooth)
    return session


def test_an_outline_is_measured_once_it_is_there(opened: Session, mark: Do, qtbot: QtBot) -> None:
    assert opened.measurements.now is None
    assert not opened.measurements.under_way, "nothing is marked"
    with qtbot.waitSignal(opened.measurements.changed):
        mark(opened)
        assert opened.measurements.under_way
        assert opened.measurements.now is None
    assert opened.mask is not None and opened.frame is not None
    pixels, spacing = opened.mask.pixels, opened.frame.spacing
    found = opened.measurements.now
    assert found is not None
    assert (found.size, found.margin, found.proposed) == (
        measure(pixels, spacing),
        describe_margin(pixels, spacing),
        propose(pixels, spacing),
    )
    assert not opened.measurements.under_way
    given: list[Measured] = []
    opened.measurements.when_measured(given.append)
    assert given == [found]


def test_only_the_outline_as_it_is_now_counts(opened: Session, mark: Do, qtbot: QtBot) -> None:
    told: list[bool] = []
    opened.measurements.changed.connect(lambda: told.append(opened.measurements.under_way))
    mark(opened)
    assert opened.mask is not None and opened.frame is not None
    smaller = np.zeros_like(opened.mask.pixels)
    smaller[50:60, 50:70] = True
    opened.mask.replace(smaller, Author.DRAWN)
    opened.emit_mask_changed(None)
    qtbot.waitUntil(lambda: bool(told))
    assert told == [False]
    assert opened.measurements.now is not None
    assert opened.measurements.now.size == measure(smaller, opened.frame.spacing)
    opened.mask_commands.undo()
    qtbot.waitUntil(lambda: not opened.measurements.under_way)
    assert opened.measurements.now.size.area > 100
    opened.mask_commands.clear()
    assert opened.measurements.now is None
    assert not opened.jobs.busy(MEASURING)


def test_who_wants_it_gets_it_when_it_is_known_unless_the_outline_changes_before(
    opened: Session, mark: Do, qtbot: QtBot
) -> None:
    given: list[Measured] = []
    opened.measurements.when_measured(given.append)
    mark(opened)
    opened.measurements.when_measured(given.append)
    qtbot.waitUntil(lambda: not opened.measurements.under_way)
    assert opened.mask is not None and opened.frame is not None
    assert [measured.size for measured in given] == [measure(opened.mask.pixels, opened.frame.spacing)]
    opened.mask_commands.clear()
    opened.mask_commands.undo()
    smaller = np.zeros_like(opened.mask.pixels)
    smaller[50:60, 50:70] = True
    opened.mask_editor.apply(lambda mask: mask.redraw(smaller))
    opened.measurements.when_measured(given.append)
    opened.mask_commands.clear()
    qtbot.wait(200)
    assert len(given) == 1, "there is no outline any more"


def test_nothing_is_measured_in_the_middle_of_a_stroke(
    window: MainWindow, open_files: Open, demo: DemoStudy, qtbot: QtBot
) -> None:
    session, canvas = window.session, window.canvas
    open_files(session, demo.smooth)
    busy: list[str] = []
    session.jobs.busyChanged.connect(lambda lane, begun: busy.append(lane) if begun else None)
    canvas.set_tool(Tool.BRUSH)
    places = [canvas.widget_position(row, column) for row, column in ((100, 100), (140, 180), (180, 120), (200, 200))]
    QTest.mousePress(canvas.viewport(), LEFT, pos=places[0])
    for place in places[1:]:
        QTest.mouseMove(canvas.viewport(), place)
        QTest.qWait(100)
    assert session.mask is not None and session.mask.in_stroke
    assert MEASURING not in busy
    assert session.frame is not None and session.frame.spacing is not None
    pixel = session.frame.spacing.row * session.frame.spacing.column
    area = f"{session.mask.pixels.sum() * pixel:.1f} mm²"
    assert window.lesion.extent.text() == f"… × … mm  ·  area {area}", "its area is known at once"
    assert window.lesion.shape.toolTip() == ""
    assert not window.assessment.proposed.isVisible()
    QTest.mouseRelease(canvas.viewport(), LEFT, pos=places[-1])
    qtbot.waitUntil(lambda: "…" not in window.lesion.extent.text())
    assert (
        measure(session.mask.pixels, session.frame.spacing).diameters().replace("x", "×") in window.lesion.extent.text()
    )
    assert MEASURING in busy
    qtbot.waitUntil(window.assessment.proposed.isVisible)
    assert "to the skin" in window.lesion.shape.toolTip()


def test_a_stroke_ends_what_is_being_measured(opened: Session, mark: Do, qtbot: QtBot) -> None:
    mark(opened)
    assert opened.jobs.busy(MEASURING)
    assert opened.mask is not None
    mask = opened.mask_editor.begin()
    assert mask is not None
    opened.mask_editor.paint(mask, (Box(0, 0, 2, 2), np.ones((2, 2), bool)), True)
    assert not opened.jobs.busy(MEASURING)
    assert opened.measurements.under_way
    opened.mask_editor.end(mask)
    with qtbot.waitSignal(opened.measurements.changed):
        pass
    assert opened.measurements.now is not None


def test_nothing_is_measured_after_the_end(opened: Session) -> None:
    assert opened.mask is not None
    opened.mask.begin()
    opened.mask.paint(Box(10, 10, 20, 20), np.ones((10, 10), bool), True)
    opened.emit_mask_changed(None)
    opened.close()
    QTest.qWait(150)
    assert not opened.jobs.busy(MEASURING)
