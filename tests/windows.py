"""Fixtures: a session and a window on real files, the demo study and the shipped model."""

from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from csamoe_desktop.lesion.mask import Author
from csamoe_desktop.session.lesion_work import ResultState
from csamoe_desktop.session.session import Session
from csamoe_desktop.session.study_loader import OPENING
from csamoe_desktop.settings import Settings
from csamoe_desktop.study.phantom import DemoStudy, write_demo_study
from csamoe_desktop.ui.shell.app import make_window
from csamoe_desktop.ui.shell.main_window import MainWindow

Open = Callable[..., None]


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> DemoStudy:
    """The demo study, written once; tests only read it."""
    return write_demo_study(tmp_path_factory.mktemp("demo"))


@pytest.fixture
def small_png(tmp_path: Path) -> Path:
    """A small grey image file."""
    file = tmp_path / "small.png"
    grey = np.tile(np.linspace(20, 220, 64).astype(np.uint8), (48, 1))
    file.write_bytes(cv2.imencode(".png", grey)[1].tobytes())
    return file


@pytest.fixture
def open_files(qtbot: QtBot) -> Open:
    """Return a function that opens files in a session one by one and waits; the last one is the current study."""

    def opened(session: Session, *files: Path) -> None:
        for file in files:
            session.open(file)
            qtbot.waitUntil(lambda: not session.jobs.busy(OPENING), timeout=30_000)

    return opened


@pytest.fixture
def session(qtbot: QtBot) -> Iterator[Session]:
    # AI results are not hidden here; the first assessment has tests of its own.
    session = Session(Settings(assessment_first=False))
    yield session
    session.close()


@pytest.fixture
def window(qtbot: QtBot) -> Iterator[MainWindow]:
    """The window, shown and active."""
    window = make_window(Settings(assessment_first=False))
    qtbot.addWidget(window)
    window.resize(1200, 800)
    window.show()
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    yield window
    window.close_now()


@pytest.fixture
def mark() -> Callable[[Session], None]:
    """Return a function that marks a rectangle in the middle of the current frame, as one step."""

    def marked(session: Session) -> None:
        assert session.mask is not None
        rows, columns = session.mask.pixels.shape
        pixels = np.zeros((rows, columns), bool)
        pixels[rows // 3 : rows * 2 // 3, columns // 3 : columns * 2 // 3] = True
        session.mask.replace(pixels, Author.DRAWN)
        session.emit_mask_changed(None)

    return marked


@pytest.fixture
def read(qtbot: QtBot) -> Callable[[Session], None]:
    """Return a function that assesses the current lesion and waits for the AI result."""

    def finished(session: Session) -> None:
        session.assessing.begin()
        qtbot.waitUntil(lambda: session.shown_result.state is not ResultState.RUNNING, timeout=60_000)

    return finished


@pytest.fixture
def measured(qtbot: QtBot) -> Callable[[Session], None]:
    """Return a function that waits until the current outline is measured."""

    def waited(session: Session) -> None:
        qtbot.waitUntil(lambda: not session.measurements.under_way)

    return waited
