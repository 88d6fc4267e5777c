"""What harms a measurement or a term: stray pieces said at once, terms confirmed one by one, no outlines where there is no
breast, and a box that finds no edge handed on to the network."""

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pydicom
import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from csamoe_desktop.lesion.mask import Author
from csamoe_desktop.lesion.tools import ellipse
from csamoe_desktop.report.content.lesion_words import size_words
from csamoe_desktop.session.proposals import Stage
from csamoe_desktop.settings import Settings
from csamoe_desktop.study.phantom import DemoStudy
from csamoe_desktop.ui.shell.app import make_window
from csamoe_desktop.ui.shell.main_window import MainWindow
from csamoe_desktop.ui.tools.dragged import BoxTool
from csamoe_desktop.wording import load_wording
from tests.windows import Open

CONTROL = Qt.KeyboardModifier.ControlModifier


@pytest.fixture
def window(qtbot: QtBot) -> Iterator[MainWindow]:
    """The window with automatic proposals turned off."""
    window = make_window(Settings(device="cpu", propose_on_opening=False))
    qtbot.addWidget(window)
    window.resize(1200, 900)
    window.show()
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    yield window
    window.close_now()


def mark_ellipse(window: MainWindow, holes: bool = False, dot: bool = False) -> None:
    session = window.session
    assert session.mask is not None
    assert session.frame is not None
    rows, columns = session.frame.shape
    pixels = np.zeros((rows, columns), bool)
    box, inside = ellipse((rows, columns), (rows * 0.3, columns * 0.3), (rows * 0.5, columns * 0.6))
    pixels[box.slices] = inside
    if holes:
        middle = round(rows * 0.4), round(columns * 0.45)
        pixels[middle[0] - 3 : middle[0] + 3, middle[1] - 3 : middle[1] + 3] = False
    if dot:
        pixels[-12:-8, -12:-8] = True
    session.mask.replace(pixels, Author.DRAWN, "")
    session.emit_mask_changed(None)


def test_a_stray_dot_is_said_beside_the_size_and_mended_by_one_click(
    window: MainWindow, qtbot: QtBot, open_files: Open, demo: DemoStudy
) -> None:
    open_files(window.session, demo.spiculated)
    box = window.lesion
    mark_ellipse(window)
    qtbot.waitUntil(lambda: window.session.measurements.now is not None and "…" not in box.extent.text())
    size = box.extent.text()
    assert not box.pieces.isVisible()
    mark_ellipse(window, dot=True)
    qtbot.waitUntil(box.pieces.isVisible)
    assert box.pieces.text() == "Measured: the largest of 2 pieces."
    assert box.extent.text() == size, "the dot changes no size"
    assert box.keep_largest.isVisible()
    assert not box.fill_holes.isVisible()
    box.keep_largest.click()
    qtbot.waitUntil(lambda: not box.pieces.isVisible())
    assert box.extent.text() == size
    mark_ellipse(window, holes=True)
    qtbot.waitUntil(box.fill_holes.isVisible)
    assert box.pieces.text() == "Measured with a hole."
    box.fill_holes.click()
    qtbot.waitUntil(lambda: not box.pieces.isVisible())
    assert box.extent.text() == size


def test_the_report_says_of_which_piece_the_size_is(
    window: MainWindow, open_files: Open, demo: DemoStudy, qtbot: QtBot
) -> None:
    open_files(window.session, demo.spiculated)
    mark_ellipse(window, holes=True, dot=True)
    qtbot.waitUntil(lambda: not window.session.measurements.under_way)
    measured = window.session.measurements.now
    assert measured is not None
    assert size_words(measured.size).endswith(", of the largest of 2 pieces, holes: 1")
    assert "2 个部分中最大者" in size_words(measured.size, load_wording("zh"))


def test_size_shape_and_orientation_are_confirmed_each_by_itself(
    window: MainWindow, qtbot: QtBot, open_files: Open, demo: DemoStudy
) -> None:
    open_files(window.session, demo.spiculated)
    mark_ellipse(window)
    own, box = window.session.assessments, window.assessment
    qtbot.waitUntil(box.confirm.isVisible)
    assert [name for name, press in box.confirm_one.items() if press.isVisible()] == ["size", "shape", "orientation"]
    box.confirm_one["shape"].click()
    assert own.current.measured == ("shape",)
    assert not own.current.size
    assert not box.confirm_one["shape"].isVisible()
    qtbot.keyClick(window.canvas, Qt.Key.Key_G, CONTROL)
    assert own.current.measured == ("shape", "size")
    qtbot.keyClick(window.canvas, Qt.Key.Key_G, CONTROL)
    assert own.current.measured == ("orientation", "shape", "size")
    assert not any(press.isVisible() for press in box.confirm_one.values())
    qtbot.keyClick(window.canvas, Qt.Key.Key_G, CONTROL)
    assert own.current.measured == ("orientation", "shape", "size"), "nothing is left to confirm"


def test_no_outline_is_proposed_on_an_echocardiogram(
    window: MainWindow, qtbot: QtBot, open_files: Open, demo: DemoStudy, tmp_path: Path
) -> None:
    header = pydicom.dcmread(demo.spiculated)
    for words in ("SeriesDescription", "ProtocolName", "BodyPartExamined"):
        if words in header:
            delattr(header, words)
    header.StudyDescription = "Echocardiogram"
    header.save_as(tmp_path / "echo.dcm")
    session, told = window.session, []
    session.noted.connect(told.append)
    open_files(session, tmp_path / "echo.dcm")
    session.proposals.look()
    assert session.proposals.stage is Stage.NO_BREAST
    assert session.proposals.offered == ()
    assert any("examination of the heart, not of the breast" in one for one in told)
    session.proposals.look_at(100, 100)
    session.proposals.look_in((20, 20, 120, 120))
    assert session.proposals.offered == ()
    # Another study gets proposals as usual.
    open_files(session, demo.smooth)
    session.proposals.look()
    qtbot.waitUntil(lambda: bool(session.proposals.offered), timeout=60_000)


def test_a_box_in_which_nothing_stands_out_goes_to_the_network_and_says_so(
    window: MainWindow, qtbot: QtBot, open_files: Open, tmp_path: Path
) -> None:
    grey = np.random.default_rng(1).integers(88, 93, (240, 320)).astype(np.uint8)
    cv2.imwrite(str(tmp_path / "flat.png"), grey)
    open_files(window.session, tmp_path / "flat.png")
    told: list[str] = []
    failed: list[object] = []
    window.session.noted.connect(told.append)
    window.session.failed.connect(failed.append)
    asked: list[object] = []
    window.session.proposals.changed.connect(lambda: asked.append(window.session.proposals.stage))
    tool = BoxTool(window.session)
    tool.press((60.0, 60.0), False)
    tool.move((160.0, 200.0), False)
    tool.release()
    qtbot.waitUntil(lambda: bool(told), timeout=10_000)
    assert told[0].startswith("Nothing in the box stands out from its surroundings. The network searches it")
    assert failed == []
    qtbot.waitUntil(lambda: bool(asked) and not window.session.jobs.busy("proposing"), timeout=60_000)
    assert window.session.mask is not None
    assert window.session.mask.empty, "what the network proposes is offered, not drawn"
