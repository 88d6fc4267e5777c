"""Each marking tool in use on the demo study, compared with the pictures in `tools/` beside this file.

They are kept and renewed as in `test_screenshots.py`. With QT_SCALE_FACTOR=2 they are made as on a screen at 200 %, to be
looked at in the tests' own folder (--basetemp), and compared with none.
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from csamoe_desktop.lesion.corrections import box_of
from csamoe_desktop.lesion.files.formats import read_mask
from csamoe_desktop.lesion.mask import Author
from csamoe_desktop.session.session import Session
from csamoe_desktop.settings import Settings
from csamoe_desktop.study.opening import open_study
from csamoe_desktop.study.phantom import DemoStudy, write_demo_study
from csamoe_desktop.ui.canvas.canvas import Canvas
from csamoe_desktop.ui.tools.base import Tool
from csamoe_desktop.ui.widgets import theme

FOLDER = Path(__file__).parent / "tools"
RENEW = bool(os.environ.get("CSAMOE_RENEW_SCREENSHOTS"))
STEP = 8
"""Grey levels are kept in steps of this, as speckle in all of them makes large files."""
COLUMNS, ROWS, TILE = 640, 480, 16
MOST_IN_A_TILE = 6.0
"""Grey levels; where a tool's drawing is missing, a dashed line's too, it is more than half as much again."""
LEFT = Qt.MouseButton.LeftButton


class Scene:
    """The demo study on a canvas, and a hand that works on its lesion in shares of the lesion's box (down, across)."""

    def __init__(self, canvas: Canvas, session: Session, lesion: NDArray[np.bool_]) -> None:
        self.canvas, self.session, self.lesion = canvas, session, lesion
        box = box_of(lesion)
        assert box is not None
        self.box = box

    def at(self, down: float, across: float) -> QPoint:
        high, wide = self.box.bottom - self.box.top, self.box.right - self.box.left
        return self.canvas.widget_position(round(self.box.top + down * high), round(self.box.left + across * wide))

    def press(self, *place: float, keys: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
        QTest.mousePress(self.canvas.viewport(), LEFT, keys, self.at(*place))

    def move(self, *place: float) -> None:
        QTest.mouseMove(self.canvas.viewport(), self.at(*place))

    def release(self, *place: float) -> None:
        QTest.mouseRelease(self.canvas.viewport(), LEFT, Qt.KeyboardModifier.NoModifier, self.at(*place))

    def click(self, *places: tuple[float, float]) -> None:
        for place in places:
            self.press(*place)
            self.release(*place)

    def mark(self) -> None:
        assert self.session.mask is not None
        self.session.mask.replace(self.lesion, Author.IMPORTED, "made.png")
        self.session.emit_mask_changed(None)


@pytest.fixture(autouse=True)
def themed(qapp: QApplication) -> None:
    """The canvas's legend has the font of the program, whichever tests came before."""
    theme.apply(qapp, "dark", 10)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> DemoStudy:
    return write_demo_study(tmp_path_factory.mktemp("demo"))


@pytest.fixture
def scene(qtbot: QtBot, demo: DemoStudy) -> Iterator[Scene]:
    session = Session(Settings(brush_radius=14, eraser_radius=22, smart_radius=40, propose_on_opening=False))
    canvas = Canvas(session)
    qtbot.addWidget(canvas)
    canvas.resize(COLUMNS, ROWS)
    canvas.show()
    qtbot.waitExposed(canvas)
    study = open_study(demo.spiculated_png)
    frame = study.frame(0)
    session.open_studies.show(study, frame, study.path)
    made = Scene(canvas, session, read_mask(demo.spiculated_mask, frame.shape).pixels)
    canvas.zoom_by(1.6, made.at(0.5, 0.5).toPointF())
    yield made
    session.close()


def brush(scene: Scene) -> None:
    scene.press(0.5, 0.2)
    scene.move(0.3, 0.5)
    scene.move(0.55, 0.8)


def brush_of_one_pixel(scene: Scene) -> None:
    scene.canvas.set_brush_radius(1)
    scene.press(0.5, 0.2)
    scene.move(0.3, 0.5)
    scene.move(0.55, 0.8)


def brush_with_alt(scene: Scene) -> None:
    scene.mark()
    scene.press(0.1, 0.1, keys=Qt.KeyboardModifier.AltModifier)
    scene.move(0.25, 0.6)


def eraser(scene: Scene) -> None:
    scene.mark()
    scene.press(0.9, 0.1)
    scene.move(0.95, 0.6)


def smart_brush(scene: Scene) -> None:
    scene.press(0.5, 0.4)
    scene.move(0.5, 0.85)


def contour(scene: Scene) -> None:
    scene.press(0.0, 0.5)
    for turn in np.linspace(0, 1.5 * np.pi, 40):
        scene.move(0.5 - 0.5 * np.cos(turn), 0.5 + 0.5 * np.sin(turn))


def polygon(scene: Scene) -> None:
    scene.click((0.0, 0.5), (0.25, 0.95), (0.75, 0.95), (1.0, 0.5))
    scene.move(0.75, 0.1)


def polygon_closed(scene: Scene) -> None:
    scene.click((0.0, 0.5), (0.25, 0.95), (0.75, 0.95), (1.0, 0.5), (0.6, 0.0), (0.0, 0.5))
    scene.press(0.25, 0.95)
    scene.move(0.1, 1.2)


def livewire(scene: Scene) -> None:
    scene.click((0.0, 0.5), (0.5, 1.0), (1.0, 0.5))
    scene.move(0.5, 0.0)


def ellipse(scene: Scene) -> None:
    scene.press(0.0, 0.0)
    scene.move(1.0, 1.0)


def box(scene: Scene) -> None:
    scene.press(-0.15, -0.15)
    scene.move(1.15, 1.15)


def move_mask(scene: Scene) -> None:
    scene.mark()
    scene.press(0.5, 0.5)
    scene.move(0.7, 0.8)


def propose(scene: Scene) -> None:
    scene.press(-0.15, -0.15)
    scene.move(1.15, 1.15)


def caliper(scene: Scene) -> None:
    scene.mark()
    scene.press(0.5, 0.0)
    scene.move(0.5, 0.6)
    scene.move(0.5, 1.0)


def calibrate(scene: Scene) -> None:
    scene.press(-0.2, -0.3)
    scene.move(1.2, -0.3)


USES: dict[Callable[[Scene], None], Tool] = {
    brush: Tool.BRUSH,
    brush_of_one_pixel: Tool.BRUSH,
    brush_with_alt: Tool.BRUSH,
    eraser: Tool.ERASER,
    smart_brush: Tool.SMART,
    contour: Tool.CONTOUR,
    polygon: Tool.POLYGON,
    polygon_closed: Tool.POLYGON,
    livewire: Tool.LIVEWIRE,
    ellipse: Tool.ELLIPSE,
    box: Tool.BOX,
    move_mask: Tool.MOVE,
    propose: Tool.PROPOSE,
    caliper: Tool.CALIPER,
    calibrate: Tool.CALIBRATE,
}


def taken(canvas: Canvas) -> NDArray[np.uint8]:
    """Return the canvas's picture, uint8 (rows, columns) grey."""
    QApplication.processEvents()
    image = canvas.picture().convertToFormat(QImage.Format.Format_Grayscale8)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    picture = rows[:, : image.width()]
    return np.clip(np.round(picture / STEP) * STEP, 0, 255).astype(np.uint8)


def apart(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    """Return by how many grey levels two pictures differ in the tile where they do most."""
    difference = np.abs(one.astype(float) - other.astype(float))
    return float(difference.reshape(ROWS // TILE, TILE, COLUMNS // TILE, TILE).mean(axis=(1, 3)).max())


@pytest.mark.parametrize("use", USES, ids=[use.__name__ for use in USES])
def test_a_tool_in_use(scene: Scene, tmp_path: Path, use: Callable[[Scene], None]) -> None:
    scene.canvas.set_tool(USES[use])
    before = taken(scene.canvas)
    use(scene)
    picture = taken(scene.canvas)
    file = FOLDER / f"{use.__name__}.png"
    enlarged = picture.shape != (ROWS, COLUMNS)
    for folder in (tmp_path, FOLDER) if RENEW and not enlarged else (tmp_path,):
        Image.fromarray(picture).quantize(32).save(folder / file.name, optimize=True)
    if enlarged:
        pytest.skip(f"to be looked at: {tmp_path / file.name}")
    reference = np.asarray(Image.open(file).convert("L"))
    worst = apart(picture, reference)
    assert worst <= MOST_IN_A_TILE, (
        f"{file.name}: {worst:.1f} grey levels apart; as it looks now: {tmp_path / file.name}"
    )
    assert apart(before, reference) > 1.5 * MOST_IN_A_TILE, "what the tool draws is not missed"
