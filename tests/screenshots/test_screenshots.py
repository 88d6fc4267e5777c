"""The window as it looks, compared with the pictures beside this file: a panel or an overlay that is gone is found.

Compared are averages over tiles of some words' size, so that another machine's way of smoothing letters does not count.
After a change that is meant, look at the new pictures that this leaves, then commit them:

    CSAMOE_RENEW_SCREENSHOTS=1 .venv/bin/python -m pytest tests/screenshots
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from csamoe_desktop.settings import Settings
from csamoe_desktop.study.phantom import DemoStudy, write_demo_study
from csamoe_desktop.ui.shell.app import make_window
from csamoe_desktop.ui.shell.demo import read_window
from csamoe_desktop.ui.shell.main_window import MainWindow

FOLDER = Path(__file__).parent
RENEW = bool(os.environ.get("CSAMOE_RENEW_SCREENSHOTS"))
MODEL = "csamoe-resnet18"
WINDOW = QSize(1440, 1200)
COLUMNS, ROWS, TILE = 960, 800, 20
STEP = 8
"""Grey levels are kept in steps of this, as speckle in all of them makes large files."""
MOST_IN_A_TILE, MOST_OVERALL = 14.0, 2.5
"""Grey levels. Letters smoothed otherwise make 6 in a tile; without the outline, the least that can go, it is 21."""


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> DemoStudy:
    return write_demo_study(tmp_path_factory.mktemp("demo"))


@contextmanager
def done(demo: DemoStudy, qtbot: QtBot, theme: str) -> Iterator[MainWindow]:
    """Give the window with a lesion marked and read."""
    window = read_window(demo, Settings(theme=theme, model=MODEL, device="cpu"))
    qtbot.addWidget(window)
    # The closer look ends after the reading is shown, and adds to it.
    qtbot.waitUntil(lambda: not window.session.closer_look.under_way, timeout=60_000)
    window.messages.clear()
    yield window
    window.close_now()


def taken(window: MainWindow, qtbot: QtBot) -> NDArray[np.uint8]:
    """Return the window's picture, uint8 (rows, columns, 3) RGB."""
    window.resize(WINDOW)
    qtbot.waitUntil(lambda: window.size() == WINDOW)
    # The thumbnails, and what is measured after a short wait.
    qtbot.waitUntil(lambda: not window.session.jobs.busy("thumbnails"), timeout=30_000)
    qtbot.wait(200)
    QApplication.processEvents()
    image = window.grab().toImage().convertToFormat(QImage.Format.Format_RGB888)
    image = image.scaled(
        COLUMNS, ROWS, Qt.AspectRatioMode.IgnoreAspectRatio, Qt.TransformationMode.SmoothTransformation
    )
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(ROWS, image.bytesPerLine())
    levels = np.round(rows[:, : COLUMNS * 3].reshape(ROWS, COLUMNS, 3) / STEP) * STEP
    return np.clip(levels, 0, 255).astype(np.uint8)


def differences(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return by how many grey levels two pictures differ in each tile, after a blur that takes letters' edges away."""
    small = [
        cv2.resize(picture, (COLUMNS // 4, ROWS // 4), interpolation=cv2.INTER_AREA).astype(float)
        for picture in (one, other)
    ]
    apart = np.abs(small[0] - small[1]).mean(axis=2)
    tile = TILE // 4
    return apart.reshape(apart.shape[0] // tile, tile, apart.shape[1] // tile, tile).mean(axis=(1, 3))


def looks_like(picture: NDArray[np.uint8], reference: NDArray[np.uint8]) -> bool:
    apart = differences(picture, reference)
    return bool(apart.max() <= MOST_IN_A_TILE and apart.mean() <= MOST_OVERALL)


def compare(picture: NDArray[np.uint8], name: str, scratch: Path) -> NDArray[np.uint8]:
    """Hold a picture against the reference of this name, and return the reference; or renew it."""
    file = FOLDER / f"{name}.png"
    for place in (scratch, FOLDER) if RENEW else (scratch,):
        Image.fromarray(picture).save(place / file.name, optimize=True)
    reference = np.asarray(Image.open(file).convert("RGB"))
    apart = differences(picture, reference)
    worst = np.unravel_index(apart.argmax(), apart.shape)
    assert looks_like(picture, reference), (
        f"{name}: {apart.max():.1f} grey levels in the tile at row {worst[0] * TILE}, column {worst[1] * TILE}, "
        f"{apart.mean():.2f} overall; as it looks now: {scratch / file.name}"
    )
    return reference


def test_the_empty_window(qtbot: QtBot, tmp_path: Path) -> None:
    window = make_window(Settings(theme="dark", model=MODEL, device="cpu"))
    qtbot.addWidget(window)
    window.show()
    compare(taken(window, qtbot), "empty", tmp_path)
    window.close_now()


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_a_reading_done(qtbot: QtBot, demo: DemoStudy, tmp_path: Path, theme: str) -> None:
    with done(demo, qtbot, theme) as window:
        window.overlays.toggle_regions()
        reference = compare(taken(window, qtbot), theme, tmp_path)
        # The comparison is worth something only if what is missing fails it.
        for name in ("lesion", "core", "boundary"):
            window.canvas.set_overlay_visible(name, False)
            assert not looks_like(taken(window, qtbot), reference), f"the {name} is not missed"
            window.canvas.set_overlay_visible(name, True)
        for panel in (window.lesion, window.assessment, window.result.gates, window.report, window.study_list.frames):
            panel.hide()
            assert not looks_like(taken(window, qtbot), reference), f"{type(panel).__name__} is not missed"
            panel.show()
        assert looks_like(taken(window, qtbot), reference), "all is back"
