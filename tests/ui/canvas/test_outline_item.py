"""The outline while a stroke is drawn: what is on the screen, and that it is what painting all of it anew would give."""

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
WAY = [(100, 100), (300, 400), (350, 200), (500, 700), (620, 300), (400, 450), (200, 800), (120, 500)]


@pytest.fixture
def canvas(qtbot: QtBot) -> Iterator[Canvas]:
    """A canvas with a grey image of several tiles and the brush in hand."""
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
    """What was painted so far, not painted anew for this."""
    QTest.qWait(30)
    return QImage(canvas.screen().grabWindow(canvas.winId()).toImage().copy())  # else it is the screen itself


def draw(canvas: Canvas, release: bool) -> None:
    QTest.mousePress(canvas.viewport(), LEFT, pos=canvas.widget_position(*WAY[0]))
    for at in WAY[1:]:
        QTest.mouseMove(canvas.viewport(), canvas.widget_position(*at))
        QTest.qWait(1)
    if release:
        QTest.mouseRelease(canvas.viewport(), LEFT, pos=canvas.widget_position(*WAY[-1]))
        QApplication.sendEvent(canvas, QEvent(QEvent.Type.Leave))


def differing(one: QImage, other: QImage, by: int = 0) -> int:
    """How many pixels differ by more than that."""
    grey = []
    for image in (one, other):
        told = image.convertToFormat(QImage.Format.Format_Grayscale8)
        grey.append(np.array(told.constBits(), np.uint8).astype(int))
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
    assert canvas._outline._pending, "nothing is settled yet"
    canvas._session.maskChanged.emit(None)
    # Off by a fraction of a pixel here and there, which antialiasing shows.
    assert differing(hurried, on_screen(canvas), by=120) < 20


def test_a_move_follows_no_more_than_what_it_changed(canvas: Canvas, monkeypatch: pytest.MonkeyPatch) -> None:
    followed: list[int] = []
    follow = canvas._outline._traced

    def counted(box: Box, zoom: float) -> QPainterPath:
        followed.append((box.bottom - box.top) * (box.right - box.left))
        return follow(box, zoom)

    monkeypatch.setattr(canvas._outline, "_traced", counted)
    draw(canvas, release=False)
    followed.clear()
    QTest.mouseMove(canvas.viewport(), canvas.widget_position(WAY[-1][0] + 10, WAY[-1][1] + 10))
    QTest.qWait(1)
    assert followed
    assert sum(followed) < 128 * 128


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
