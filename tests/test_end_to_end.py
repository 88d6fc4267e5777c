"""The main job as its user does it: open the made DICOM, draw with the mouse, assess, read the panel, export, read the PDF.

And the promise behind it: window, command line and a bare forward pass say the same probability, to 1e-5.
"""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot
from safetensors.torch import load_file

from csamoe_desktop.cli import main
from csamoe_desktop.inference.bundle import find_bundle
from csamoe_desktop.lesion.files.formats import write_mask
from csamoe_desktop.networks.build import build
from csamoe_desktop.session.lesion_work import ResultState
from csamoe_desktop.settings import Settings
from csamoe_desktop.study.phantom import DemoStudy, write_demo_study
from csamoe_desktop.ui.dialogs.export_dialog import ExportDialog
from csamoe_desktop.ui.shell.app import make_window
from csamoe_desktop.ui.shell.main_window import MainWindow

MODEL = "csamoe-resnet18"


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> DemoStudy:
    return write_demo_study(tmp_path_factory.mktemp("demo"))


@pytest.fixture
def window(qtbot: QtBot) -> Iterator[MainWindow]:
    window = make_window(Settings(model=MODEL, device="cpu"))
    qtbot.addWidget(window)
    window.resize(1400, 900)
    window.show()
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    yield window
    window.close_now()


def test_from_dicom_to_signed_paper(window: MainWindow, demo: DemoStudy, qtbot: QtBot, tmp_path: Path) -> None:
    session, canvas = window.session, window.canvas
    session.open(demo.spiculated)
    qtbot.waitUntil(lambda: session.frame is not None, timeout=30_000)
    assert session.frame is not None

    # Mark the lesion: the polygon tool's key, a click on each corner, Enter.
    truth = cv2.imread(str(demo.spiculated_mask), cv2.IMREAD_GRAYSCALE) > 127
    rows, columns = np.nonzero(truth)
    (top, bottom), (left, right) = (int(rows.min()), int(rows.max())), (int(columns.min()), int(columns.max()))
    qtbot.keyClick(canvas, Qt.Key.Key_P)
    corners = [(top, left), (top, right), (bottom, right), (bottom, left)]
    for row, column in corners:
        qtbot.mouseClick(canvas.viewport(), Qt.MouseButton.LeftButton, pos=canvas.widget_position(row, column))
    qtbot.keyClick(canvas, Qt.Key.Key_Return)
    assert session.mask is not None
    drawn = session.mask.pixels.copy()
    assert drawn[top + 3 : bottom - 3, left + 3 : right - 3].all()
    assert drawn.sum() == pytest.approx((bottom - top) * (right - left), rel=0.05)

    # Assess, and read the panel.
    qtbot.keyClick(canvas, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert session.shown_result.state is ResultState.RUNNING
    qtbot.waitUntil(lambda: session.shown_result.state is ResultState.HIDDEN, timeout=60_000)
    assert not window.result.category.isVisible(), "the reader's own read comes first"
    qtbot.keyClick(canvas, Qt.Key.Key_R, Qt.KeyboardModifier.ControlModifier)
    qtbot.keyClicks(window.assessment.category, "4C")
    qtbot.keyClick(canvas, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert session.shown_result.state is ResultState.DONE
    ai_result = session.shown_result.result
    assert ai_result is not None
    assert window.result.category.text().lower() == ai_result.category.value
    assert window.result.category.isVisible()
    assert "mm" in window.lesion.extent.text()
    assert "Drawn" in window.lesion.author.text()

    # Core and boundary are on the image, where the network saw them.
    window.overlays.toggle_regions()
    picture = canvas.picture()
    middle = canvas.widget_position((top + bottom) / 2, (left + right) / 2)
    ratio = picture.devicePixelRatio()
    colour = picture.pixelColor(round(middle.x() * ratio), round(middle.y() * ratio))
    assert colour.blue() > colour.red() + 15

    # Export, and read the paper.
    report = tmp_path / "report.pdf"
    window.actions_table["export"].trigger()
    asked = window.findChild(ExportDialog)
    assert asked is not None
    asked.export.click()
    dialog = window.findChild(QFileDialog)
    assert dialog is not None
    dialog.selectFile(str(report))
    dialog.accept()
    qtbot.waitUntil(report.is_file, timeout=30_000)
    text = subprocess.run(["pdftotext", "-layout", str(report), "-"], capture_output=True, check=True, text=True).stdout
    for said in ("Phantom, Spiculated", "PHANTOM-2", "4C", "DEMO-2", MODEL, "drawn", "CPU", "routing, not evidence"):
        assert said in text, said
    assert "research use only" in text.lower()
    assert ai_result.category.value in text.lower()
    subprocess.run(["pdftoppm", "-r", "100", "-png", str(report), str(tmp_path / "page")], check=True)
    page = cv2.imread(str(min(tmp_path.glob("page*.png")))).astype(int)
    blue_tint = (page[..., 0] > page[..., 2] + 25).sum()
    orange_band = (page[..., 2] > page[..., 0] + 40).sum()
    assert blue_tint > 200
    assert orange_band > 200


def test_window_command_line_and_bare_pass_agree(
    window: MainWindow, demo: DemoStudy, qtbot: QtBot, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    session = window.session
    session.open(demo.smooth)
    qtbot.waitUntil(lambda: session.frame is not None, timeout=30_000)
    session.mask_commands.import_from(demo.smooth_mask)
    session.assessing.begin()
    qtbot.waitUntil(lambda: session.shown_result.state is ResultState.HIDDEN, timeout=60_000)
    session.assessments.skip()
    assert session.shown_result.state is ResultState.DONE
    assert session.shown_result.result is not None
    assert session.mask is not None
    in_window = session.shown_result.result.prediction.probability

    mask = tmp_path / "mask.png"
    write_mask(mask, session.mask.pixels)
    command = ["assess", str(demo.smooth), "--mask", str(mask), "--model", MODEL, "--device", "cpu", "--json"]
    assert main(command) == 0
    on_the_command_line = json.loads(capsys.readouterr().out)["probability"]

    # By hand, with nothing of ours but the network: section II-A, then the card's temperature.
    bundle = find_bundle(MODEL)
    network = build(bundle.card.builder).eval()
    network.load_state_dict(
        {
            name: value.float() if value.is_floating_point() else value
            for name, value in load_file(bundle.weights).items()
        }
    )
    pixels = cv2.imread(str(demo.smooth_png), cv2.IMREAD_GRAYSCALE)
    image = cv2.resize(pixels, (pixels.shape[1], 224), interpolation=cv2.INTER_AREA)
    image = cv2.resize(image, (224, 224), interpolation=cv2.INTER_AREA)
    lesion = cv2.resize(session.mask.pixels.astype(np.uint8), (224, 224), interpolation=cv2.INTER_NEAREST_EXACT)
    square = np.ones((3, 3), np.uint8)
    core = cv2.erode(lesion, square, iterations=5)
    boundary = cv2.dilate(lesion, square, iterations=5) - lesion
    grey = torch.from_numpy(np.stack([image, image * core, image * boundary])).float() / 255
    mean, std = torch.tensor(bundle.card.normalisation.mean), torch.tensor(bundle.card.normalisation.std)
    views = (grey[:, None].repeat(1, 3, 1, 1) - mean.view(1, 3, 1, 1)) / std.view(1, 3, 1, 1)
    with torch.inference_mode():
        logits = network(views[None]).logits[0]
    bare = torch.softmax(logits / bundle.card.temperature, 0)[1].item()

    assert in_window == pytest.approx(on_the_command_line, abs=1e-5)
    assert in_window == pytest.approx(bare, abs=1e-5)
