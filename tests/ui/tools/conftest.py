"""A simulated mouse on a canvas that shows a dark, speckled ellipse; the tests run at any scaling of the screen."""

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from csamoe_desktop.lesion.mask import Author
from csamoe_desktop.lesion.tools import Place, ellipse
from csamoe_desktop.session.session import Session
from csamoe_desktop.settings import Settings
from csamoe_desktop.study.model import Study
from csamoe_desktop.ui.canvas.canvas import Canvas
from csamoe_desktop.ui.shell.app import make_window
from csamoe_desktop.ui.shell.main_window import MainWindow
from csamoe_desktop.ui.tools.base import Tool

SHAPE = (120, 160)
Bool = NDArray[np.bool_]
At = tuple[int, int]
LEFT, NO_KEY = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier


class Hand:
    """The mouse on the canvas; places are pixels of the frame, and their middles are pressed."""

    def __init__(self, canvas: Canvas, session: Session, lesion: Bool) -> None:
        self.canvas, self.session, self.lesion = canvas, session, lesion

    @property
    def pixels(self) -> Bool:
        assert self.session.mask is not None
        return self.session.mask.pixels

    @property
    def steps(self) -> int:
        """How many steps of undo there are."""
        assert self.session.mask is not None
        return len(self.session.mask._done)

    def place(self, at: At) -> Place:
        """Return the place on the frame where a click on this pixel falls."""
        return self.canvas.frame_place(QPointF(self.canvas.widget_position(*at)))

    def press(self, at: At, keys: Qt.KeyboardModifier = NO_KEY) -> None:
        QTest.mousePress(self.canvas.viewport(), LEFT, keys, self.canvas.widget_position(*at))

    def move(self, at: At) -> None:
        QTest.mouseMove(self.canvas.viewport(), self.canvas.widget_position(*at))

    def release(self, at: At) -> None:
        QTest.mouseRelease(self.canvas.viewport(), LEFT, NO_KEY, self.canvas.widget_position(*at))

    def click(self, *each: At, keys: Qt.KeyboardModifier = NO_KEY) -> None:
        for at in each:
            QTest.mouseClick(self.canvas.viewport(), LEFT, keys, self.canvas.widget_position(*at))

    def drag(self, *stops: At) -> None:
        self.press(stops[0])
        for at in stops[1:]:
            self.move(at)
        self.release(stops[-1])

    def key(self, key: Qt.Key, keys: Qt.KeyboardModifier = NO_KEY) -> None:
        QTest.keyClick(self.canvas, key, keys)

    def leave(self) -> None:
        QApplication.sendEvent(self.canvas, QEvent(QEvent.Type.Leave))

    def mark(self, pixels: Bool) -> None:
        """Import a mask."""
        assert self.session.mask is not None
        self.session.mask.replace(pixels, Author.IMPORTED, "made.png")
        self.session.emit_mask_changed(None)


@pytest.fixture(scope="session")
def lesion() -> Bool:
    """The ellipse that is dark in the picture."""
    frame = np.zeros(SHAPE, bool)
    box, inside = ellipse(SHAPE, (35.0, 40.0), (85.0, 120.0))
    frame[box.slices] = inside
    return frame


@pytest.fixture(scope="session")
def speckled(lesion: Bool) -> NDArray[np.uint8]:
    """The picture: tissue at 130, the lesion at 40, both with speckle."""
    speckle = np.random.default_rng(4).rayleigh(0.8, SHAPE)
    return np.clip(np.where(lesion, 40, 130) * speckle, 0, 255).astype(np.uint8)


@pytest.fixture
def session(qtbot: QtBot) -> Iterator[Session]:
    session = Session(Settings(brush_radius=4, eraser_radius=7, smart_radius=12))
    yield session
    session.close()


@pytest.fixture
def hand(qtbot: QtBot, session: Session, lesion: Bool, speckled: NDArray[np.uint8]) -> Hand:
    """A mouse on a canvas with a study of two frames and the brush as its tool."""
    canvas = Canvas(session)
    qtbot.addWidget(canvas)
    canvas.resize(640, 480)
    canvas.show()
    qtbot.waitExposed(canvas)
    assert canvas.devicePixelRatioF() == float(os.environ.get("QT_SCALE_FACTOR", "1"))
    study = Study(Path("made.png"), "made", 2, *SHAPE, decode=lambda index: speckled)
    session.open_studies.show(study, study.frame(0), study.path)
    canvas.set_tool(Tool.BRUSH)
    return Hand(canvas, session, lesion)


@pytest.fixture
def small_window(qtbot: QtBot, speckled: NDArray[np.uint8]) -> Iterator[MainWindow]:
    """The window, active, with a small grey study."""
    window = make_window(Settings(propose_on_opening=False))
    qtbot.addWidget(window)
    window.resize(1200, 800)
    window.show()
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    study = Study(Path("small.png"), "made", 1, 48, 64, decode=lambda index: speckled[:48, :64].copy())
    window.session.open_studies.show(study, study.frame(0), study.path)
    yield window
    window.close_now()
