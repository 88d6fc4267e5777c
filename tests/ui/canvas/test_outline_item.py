"""The outline during a stroke: the screen shows the same as after a complete repaint."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtGui import QImage, QPainterPath
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from csamoe_desktop.lesion.tools import Box
from csamoe_desktop.session.session import Session
from csamoe_desktop.settings import Settings
from csamoe_desktop.study.model import Study
from csamoe_desktop.ui.canvas.canvas import Canvas
from csamoe_desktop.ui.tools.base import Tool

SHAPE = (700, 900)
LEFT = Qt.MouseButton.LeftButton
STROKE = [(100, 100), (300, 400), (350, 200), (500, 700), (620, 300), (400, 450), (200, 800), (120, 500)]


@pytest.fixture
def canvas(qtbot: QtBot) -> Iterator[Canvas]:
    """A canvas with a grey image of several tiles and the brush as its tool."""
    session = Session(Settings(brush_radius=12, propose_on_opening=False))
    canvas = Canvas(session)
    qtbot.addWidget(canvas)
    canvas.resize(640, 480)
    canvas.show()
    qtbot.waitExposed(canvas)
    pixels = np.full(SHAPE, 90, np.uint8)
    study = Study(Path("made.png"), "made", 1, *SHAPE, decode=lambda index: pixels)
    session.open_studies.show(study, study.frame(0), study.path)
    canvas.set_tool(Tool.BRUSH)
    yield canvas
    session.close()


def on_screen(canvas: Canvas) -> QImage:
    """Return what has been painted so far, without a repaint."""
    QTest.qWait(30)
    return QImage(canvas.screen().grabWindow(canvas.winId()).toImage().copy())  # without a copy it would change later


def draw(canvas: Canvas, release: bool) -> None:
    QTest.mousePress(canvas.viewport(), LEFT, pos=canvas.widget_position(*STROKE[0]))
    for at in STROKE[1:]:
        QTest.mouseMove(canvas.viewport(), canvas.widget_position(*at))
        QTest.qWait(1)
    if release:
        QTest.mouseRelease(canvas.viewport(), LEFT, pos=canvas.widget_position(*STROKE[-1]))
        QApplication.sendEvent(canvas, QEvent(QEvent.Type.Leave))


def differing(first: QImage, second: QImage, by: int = 0) -> int:
    """Return how many pixels differ by more than `by` grey levels."""
    grey = []
    for image in (first, second):
        grey_image = image.convertToFormat(QImage.Format.Format_Grayscale8)
        grey.append(np.array(grey_image.constBits(), np.uint8).astype(int))
    return int((np.abs(grey[0] - grey[1]) > by).sum())


@pytest.mark.parametrize("closer", [1.0, 3.0, 12.0])
def test_what_a_stroke_put_off_is_settled_after_it(canvas: Canvas, qtbot: QtBot, closer: float) -> None:
    canvas.zoom_by(closer)
    before = on_screen(canvas)
    draw(canvas, release=True)
    qtbot.waitUntil(lambda: not canvas._outline._pending)
    qtbot.waitUntil(lambda: differing(on_screen(canvas), QImage(canvas.grab().toImage())) == 0)
    settled = on_screen(canvas)
    assert differing(before, settled) > 200
    canvas._session.maskChanged.emit(None)
    assert differing(settled, on_screen(canvas)) == 0


def test_in_the_middle_of_a_stroke_the_line_is_where_it_belongs(canvas: Canvas) -> None:
    draw(canvas, release=False)
    hurried = on_screen(canvas)
    assert canvas._outline._pending, "nothing has been completed yet"
    canvas._session.maskChanged.emit(None)
    # Off by a fraction of a pixel here and there, which antialiasing shows.
    assert differing(hurried, on_screen(canvas), by=120) < 20


def test_a_move_follows_no_more_than_what_it_changed(canvas: Canvas, monkeypatch: pytest.MonkeyPatch) -> None:
    traced: list[int] = []
    trace = canvas._outline._traced

    def counted(box: Box, zoom: float) -> QPainterPath:
        traced.append((box.bottom - box.top) * (box.right - box.left))
        return trace(box, zoom)

    monkeypatch.setattr(canvas._outline, "_traced", counted)
    draw(canvas, release=False)
    traced.clear()
    QTest.mouseMove(canvas.viewport(), canvas.widget_position(STROKE[-1][0] + 10, STROKE[-1][1] + 10))
    QTest.qWait(1)
    assert traced
    assert sum(traced) < 128 * 128


def test_a_stroke_may_go_on_before_the_last_one_is_settled(canvas: Canvas, qtbot: QtBot) -> None:
    for _ in range(3):
        draw(canvas, release=True)
        QTest.mouseMove(canvas.viewport(), QPoint(3, 3))
    canvas.set_tool(Tool.ERASER)
    draw(canvas, release=True)
    qtbot.waitUntil(lambda: not canvas._outline._pending)
    qtbot.waitUntil(lambda: differing(on_screen(canvas), QImage(canvas.grab().toImage())) == 0)
    settled = on_screen(canvas)
    canvas._session.maskChanged.emit(None)
    assert differing(settled, on_screen(canvas)) == 0
