"""The canvas: image, window, zoom, overlays, notes, and the mouse without a drawing tool."""

import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from csamoe_desktop.assess import AIResult, Category
from csamoe_desktop.inference.bundle import DEFAULT
from csamoe_desktop.inference.predictor import Prediction
from csamoe_desktop.lesion.mask import Author
from csamoe_desktop.lesion.regions import make_regions, on_frame
from csamoe_desktop.networks.cards import Builder, ModelCard, Normalisation, Thresholds, Training
from csamoe_desktop.session.session import Session
from csamoe_desktop.settings import Settings
from csamoe_desktop.study.model import Spacing, Study
from csamoe_desktop.ui.canvas.canvas import Canvas
from csamoe_desktop.ui.canvas.window_level import WindowLevel

Pixels = NDArray[np.uint8]
ROWS, COLUMNS = 60, 80
LESION = (slice(20, 40), slice(30, 60))
SKY_BLUE, ORANGE, WHITE = QColor("#56B4E9"), QColor("#E69F00"), QColor("#FFFFFF")
CARD = ModelCard(
    name=DEFAULT,
    version="0",
    title="invented",
    builder=Builder("csamoe"),
    parameters=0,
    views=("image", "core", "boundary"),
    input_size=224,
    field=None,
    normalisation=Normalisation(),
    classes=("benign", "malignant"),
    positive="malignant",
    temperature=1.0,
    thresholds=Thresholds(0.2, 0.7),
    training=Training("", "", "", 0, "", {}, 0, 0, "", 0.0),
    evaluations=(),
    intended_use="",
    limits=(),
    licence="",
    sha256="",
)


@pytest.fixture
def session(qtbot: QtBot) -> Iterator[Session]:
    session = Session(Settings(assessment_first=False))
    yield session
    session.close()


@pytest.fixture
def canvas(qtbot: QtBot, session: Session) -> Canvas:
    canvas = Canvas(session)
    qtbot.addWidget(canvas)
    canvas.resize(480, 360)
    canvas.show()
    qtbot.waitExposed(canvas)
    return canvas


def a_study(name: str, *frames: Pixels, spacing: Spacing | None = None) -> Study:
    rows, columns = frames[0].shape[:2]
    return Study(Path(name), "made", len(frames), rows, columns, decode=lambda index: frames[index], scale=spacing)


@pytest.fixture
def show(session: Session, canvas: Canvas) -> Callable[..., None]:
    def show(*frames: Pixels, name: str = "made.png", spacing: Spacing | None = None) -> None:
        study = a_study(name, *frames, spacing=spacing)
        session.open_studies.show(study, study.frame(0), study.path)
        QApplication.processEvents()

    return show


def plain(value: int = 100, rows: int = ROWS, columns: int = COLUMNS) -> Pixels:
    return np.full((rows, columns), value, np.uint8)


def colour_at(canvas: Canvas, row: float, column: float) -> QColor:
    QApplication.processEvents()
    return canvas.picture().pixelColor(canvas.widget_position(row, column))


def mark(session: Session) -> NDArray[np.bool_]:
    mask = np.zeros((ROWS, COLUMNS), bool)
    mask[LESION] = True
    assert session.mask is not None
    session.mask.replace(mask, Author.IMPORTED, "lesion.png")
    session.emit_mask_changed(None)
    return mask


def read(session: Session) -> AIResult:
    """Give the current lesion an AI result with invented figures, as a finished job does."""
    work, frame = session.work, session.frame
    assert work is not None and frame is not None
    work.ai_result = AIResult(
        Prediction((0.0, 0.0), 0.5, {"image": 1.0, "core": 0.0, "boundary": 0.0}, {}),
        Category.INDETERMINATE,
        make_regions(frame.pixels, work.mask.pixels),
        CARD,
        "CPU",
        (),
    )
    work.result_version = work.mask.version
    session.emit_result_changed()
    return work.ai_result


def drag(canvas: Canvas, button: Qt.MouseButton, start: QPoint, step: QPoint) -> None:
    QTest.mousePress(canvas.viewport(), button, Qt.KeyboardModifier.NoModifier, start)
    QTest.mouseMove(canvas.viewport(), start + step / 2)
    QTest.mouseMove(canvas.viewport(), start + step)
    QTest.mouseRelease(canvas.viewport(), button, Qt.KeyboardModifier.NoModifier, start + step)


def wheel(canvas: Canvas, at: QPoint, angle: int, keys: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
    event = QWheelEvent(
        QPointF(at),
        QPointF(canvas.viewport().mapToGlobal(at)),
        QPoint(),
        QPoint(0, angle),
        Qt.MouseButton.NoButton,
        keys,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(canvas.viewport(), event)


# -- nothing open


def test_an_empty_canvas_says_what_to_do(canvas: Canvas, session: Session) -> None:
    assert canvas._empty.isVisible()
    assert canvas._empty.text == "Drop a study here"
    canvas.say_when_empty("Drop a study here, or press F7")
    assert canvas._empty.text == "Drop a study here, or press F7"
    assert not canvas._legend.isVisible()
    assert not canvas._scale.isVisible()
    assert canvas.picture().pixelColor(5, 5) == QColor("#111111")


def test_nothing_can_be_done_on_an_empty_canvas(canvas: Canvas) -> None:
    canvas.fit()
    canvas.reset()
    canvas.zoom_by(2)
    for button in (Qt.MouseButton.LeftButton, Qt.MouseButton.MiddleButton, Qt.MouseButton.RightButton):
        drag(canvas, button, QPoint(100, 100), QPoint(40, 30))
    wheel(canvas, QPoint(100, 100), 120)
    assert canvas.window_level == WindowLevel()


def test_a_closed_study_leaves_an_empty_canvas(canvas: Canvas, session: Session, show: Callable[..., None]) -> None:
    show(plain(), spacing=Spacing(0.1, 0.1, "test"))
    mark(session)
    session.open_studies.close_current()
    assert canvas._empty.isVisible()
    assert not canvas._legend.isVisible()
    assert not canvas._scale.isVisible()
    assert colour_at(canvas, 5, 30) == QColor("#111111")


# -- the image


def test_a_canvas_made_late_shows_what_is_open(qtbot: QtBot, session: Session) -> None:
    study = a_study("made.png", plain(70))
    session.open_studies.show(study, study.frame(0), study.path)
    mark(session)
    canvas = Canvas(session)
    qtbot.addWidget(canvas)
    canvas.resize(480, 360)
    canvas.show()
    qtbot.waitExposed(canvas)
    assert not canvas._empty.isVisible()
    assert colour_at(canvas, 5, 5).red() == 70
    assert nearness(colour_at(canvas, 30, 29.5), WHITE) < 30


def test_a_file_is_shown_whole_and_in_its_place(canvas: Canvas, session: Session, qtbot: QtBot, tmp_path: Path) -> None:
    pixels = plain(60)
    pixels[:30, :40] = 200
    cv2.imwrite(str(tmp_path / "scan.png"), pixels)
    session.open(tmp_path / "scan.png")
    qtbot.waitUntil(lambda: session.frame is not None)
    assert not canvas._empty.isVisible()
    for row, column in ((2, 2), (2, 77), (57, 2), (57, 77), (27, 37), (33, 43)):
        assert colour_at(canvas, row, column).red() == pixels[row, column]
    corner, opposite = canvas.widget_position(0, 0), canvas.widget_position(ROWS - 1, COLUMNS - 1)
    assert canvas.viewport().rect().contains(corner)
    assert canvas.viewport().rect().contains(opposite)
    assert opposite.x() - corner.x() > 0.9 * 480 * (COLUMNS - 1) / COLUMNS


def test_colour_is_shown_in_colour(canvas: Canvas, show: Callable[..., None]) -> None:
    pixels = np.zeros((ROWS, COLUMNS, 3), np.uint8)
    pixels[...] = (200, 100, 50)
    show(pixels)
    assert colour_at(canvas, 30, 40) == QColor(200, 100, 50)
    canvas.set_inverted(True)
    assert colour_at(canvas, 30, 40) == QColor(55, 155, 205)


def test_places_and_positions_are_each_others_inverse(canvas: Canvas, show: Callable[..., None]) -> None:
    show(plain())
    for factor in (1.0, 3.7, 0.2):
        canvas.zoom_by(factor)
        for row, column in ((0, 0), (17, 33), (59, 79)):
            place = canvas.frame_place(QPointF(canvas.widget_position(row, column)))
            zoom = canvas._zooms()[1]
            assert place == pytest.approx((row + 0.5, column + 0.5), abs=0.51 / zoom)


def test_pixels_that_are_higher_than_wide_are_shown_so(canvas: Canvas, show: Callable[..., None]) -> None:
    show(plain(), spacing=Spacing(0.2, 0.1, "test"))
    start, end = canvas.widget_position(0, 0), canvas.widget_position(40, 40)
    assert end.y() - start.y() == pytest.approx(2 * (end.x() - start.x()), abs=2)
    show(plain(), name="square.png", spacing=Spacing(0.1, 0.1, "test"))
    start, end = canvas.widget_position(0, 0), canvas.widget_position(40, 40)
    assert end.y() - start.y() == pytest.approx(end.x() - start.x(), abs=2)


# -- window and level


def test_the_window_spreads_its_grey_values() -> None:
    table = WindowLevel(level=100, width=50).table()
    assert (table[:76] == 0).all()
    assert (table[125:] == 255).all()
    assert table[100] == 128
    assert (WindowLevel(100, 50, inverted=True).table() == 255 - table).all()
    assert (WindowLevel().table() == np.arange(256)).all()
    assert set(WindowLevel(100, 1).table()) <= {0, 128, 255}


def test_an_unchanged_window_copies_nothing() -> None:
    pixels = plain()
    assert WindowLevel().applied(pixels) is pixels


def test_a_drag_without_a_tool_changes_window_and_level(
    canvas: Canvas, show: Callable[..., None], qtbot: QtBot
) -> None:
    show(plain(100))
    with qtbot.waitSignal(canvas.windowChanged):
        drag(canvas, Qt.MouseButton.LeftButton, QPoint(200, 150), QPoint(-100, 0))
    assert canvas.window_level.width == pytest.approx(255 - 50)
    assert canvas.window_level.level == 127.5
    assert colour_at(canvas, 30, 40).red() < 100
    drag(canvas, Qt.MouseButton.LeftButton, QPoint(200, 150), QPoint(0, -100))
    assert canvas.window_level.level == pytest.approx(127.5 - 50)
    assert colour_at(canvas, 30, 40).red() > 100


def test_invert_and_reset(canvas: Canvas, show: Callable[..., None]) -> None:
    show(plain(100))
    fitted = canvas.widget_position(10, 10)
    canvas.set_inverted(True)
    assert colour_at(canvas, 30, 40).red() == 155
    canvas.set_window(WindowLevel(100, 20, inverted=True))
    canvas.zoom_by(5)
    canvas.reset()
    assert canvas.window_level == WindowLevel()
    assert canvas.widget_position(10, 10) == fitted
    assert colour_at(canvas, 30, 40).red() == 100


# -- zoom and pan


def test_ctrl_wheel_zooms_at_the_mouse(canvas: Canvas, show: Callable[..., None], qtbot: QtBot) -> None:
    show(plain())
    at = canvas.widget_position(10, 70)
    before = canvas._zooms()[1]
    with qtbot.waitSignal(canvas.zoomChanged):
        wheel(canvas, at, 120, Qt.KeyboardModifier.ControlModifier)
    assert canvas._zooms()[1] == pytest.approx(before * 1.2)
    assert (canvas.widget_position(10, 70) - at).manhattanLength() <= 1
    wheel(canvas, at, -240, Qt.KeyboardModifier.ControlModifier)
    assert canvas._zooms()[1] == pytest.approx(before / 1.2)


def test_zoom_has_its_limits(canvas: Canvas, show: Callable[..., None]) -> None:
    show(plain())
    fitted = canvas._zooms()[1]
    canvas.zoom_by(1e6)
    assert canvas._zooms()[1] == pytest.approx(64)
    canvas.zoom_by(1e-6)
    assert fitted / 5 < canvas._zooms()[1] < fitted


def test_the_middle_button_pans(canvas: Canvas, show: Callable[..., None]) -> None:
    show(plain())
    before = canvas.widget_position(30, 40)
    drag(canvas, Qt.MouseButton.MiddleButton, QPoint(200, 150), QPoint(60, -40))
    moved = canvas.widget_position(30, 40) - before
    assert (moved - QPoint(60, -40)).manhattanLength() <= 2


def test_the_right_button_zooms_where_it_was_pressed(canvas: Canvas, show: Callable[..., None]) -> None:
    show(plain())
    at, before = canvas.widget_position(20, 30), canvas._zooms()[1]
    drag(canvas, Qt.MouseButton.RightButton, at, QPoint(0, -80))
    assert canvas._zooms()[1] > 1.5 * before
    assert (canvas.widget_position(20, 30) - at).manhattanLength() <= 1


def test_a_fitted_frame_stays_fitted_and_a_zoomed_one_stays_zoomed(
    canvas: Canvas, show: Callable[..., None], qtbot: QtBot
) -> None:
    show(plain(), plain())
    fitted = canvas._zooms()[1]
    canvas.resize(300, 360)
    qtbot.waitUntil(lambda: canvas._zooms()[1] < fitted)
    canvas.resize(480, 360)
    qtbot.waitUntil(lambda: canvas._zooms()[1] == pytest.approx(fitted))
    canvas.zoom_by(3)
    canvas._session.navigation.to_frame(1)
    assert canvas._zooms()[1] == pytest.approx(3 * fitted)
    show(plain(), name="another.png")
    assert canvas._zooms()[1] == pytest.approx(fitted)


def test_the_wheel_turns_the_frames(canvas: Canvas, session: Session, show: Callable[..., None]) -> None:
    show(plain(10), plain(20), plain(30))
    at = QPoint(200, 150)
    wheel(canvas, at, -120)
    assert session.frame is not None and session.frame.index == 1
    assert colour_at(canvas, 30, 40).red() == 20
    wheel(canvas, at, -60)
    assert session.frame.index == 1
    wheel(canvas, at, -60)
    assert session.frame.index == 2
    wheel(canvas, at, 120)
    assert session.frame.index == 1


def test_the_window_stays_within_a_study_and_goes_with_it(
    canvas: Canvas, session: Session, show: Callable[..., None]
) -> None:
    show(plain(), plain())
    canvas.set_window(WindowLevel(90, 60))
    session.navigation.to_frame(1)
    assert canvas.window_level == WindowLevel(90, 60)
    show(plain(), name="another.png")
    assert canvas.window_level == WindowLevel()


def test_the_pixel_under_the_mouse_is_told(canvas: Canvas, show: Callable[..., None], qtbot: QtBot) -> None:
    pixels = plain()
    pixels[12, 34] = 77
    show(pixels)
    hovered: list[tuple[int, int, str]] = []
    canvas.hovered.connect(lambda *pixel: hovered.append(pixel))
    QTest.mouseMove(canvas.viewport(), canvas.widget_position(12, 34))
    assert hovered[-1] == (12, 34, "77")
    QApplication.sendEvent(canvas, QEvent(QEvent.Type.Leave))
    assert hovered[-1] == (-1, -1, "")
    show(np.full((ROWS, COLUMNS, 3), 9, np.uint8), name="colour.png")
    QTest.mouseMove(canvas.viewport(), canvas.widget_position(3, 4))
    assert hovered[-1] == (3, 4, "9, 9, 9")


# -- overlays


def nearness(colour: QColor, other: QColor) -> int:
    return abs(colour.red() - other.red()) + abs(colour.green() - other.green()) + abs(colour.blue() - other.blue())


def test_the_lesion_has_a_white_outline_on_its_edge(
    canvas: Canvas, session: Session, show: Callable[..., None]
) -> None:
    show(plain(100))
    mark(session)
    # The edge between columns 29 and 30 is half a pixel left of the middle of column 30.
    assert nearness(colour_at(canvas, 30, 29.5), WHITE) < 30
    assert nearness(colour_at(canvas, 19.5, 45), WHITE) < 30
    assert colour_at(canvas, 30, 45) == QColor(100, 100, 100)
    assert colour_at(canvas, 5, 5) == QColor(100, 100, 100)


@pytest.mark.parametrize("value", [0, 255])
def test_the_outline_stands_out_on_any_tissue(
    canvas: Canvas, session: Session, show: Callable[..., None], value: int
) -> None:
    show(plain(value))
    mark(session)
    QApplication.processEvents()
    picture, middle = canvas.picture(), canvas.widget_position(30, 29.5)
    greys = [picture.pixelColor(middle + QPoint(step, 0)).red() for step in range(-4, 5)]
    assert max(greys) - min(greys) > 100


def test_core_and_boundary_are_tinted_where_the_network_saw_them(
    canvas: Canvas, session: Session, show: Callable[..., None]
) -> None:
    show(plain(100))
    mark(session)
    ai_result = read(session)
    canvas.set_overlay_opacity(100)
    core, boundary = (
        on_frame(region, (ROWS, COLUMNS), ai_result.regions.part)
        for region in (ai_result.regions.core, ai_result.regions.boundary)
    )
    inside_core = cv2.erode(core.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(bool)
    for row, column in np.argwhere(inside_core)[::40].tolist():
        assert nearness(colour_at(canvas, row, column), SKY_BLUE) < 10
    QApplication.processEvents()
    picture = canvas.picture()
    middle = [picture.pixelColor(canvas.widget_position(row, 45)) for row in np.flatnonzero(boundary[:, 45]).tolist()]
    assert any(nearness(colour, ORANGE) < 60 for colour in middle)
    assert colour_at(canvas, 5, 5) == QColor(100, 100, 100)


def test_the_opacity_is_that_of_the_tint(canvas: Canvas, session: Session, show: Callable[..., None]) -> None:
    show(plain(100))
    mark(session)
    read(session)
    canvas.set_overlay_opacity(50)
    assert colour_at(canvas, 30, 45).blue() == pytest.approx((100 + SKY_BLUE.blue()) / 2, abs=3)
    canvas.set_overlay_opacity(0)
    assert colour_at(canvas, 30, 45) == QColor(100, 100, 100)
    session.user_settings.change(dataclasses.replace(session.settings, overlay_opacity=100))
    assert nearness(colour_at(canvas, 30, 45), SKY_BLUE) < 10


def test_overlays_are_shown_and_hidden_one_by_one_and_together(
    canvas: Canvas, session: Session, show: Callable[..., None]
) -> None:
    show(plain(100))
    mark(session)
    read(session)
    grey = QColor(100, 100, 100)
    assert list(canvas._legend.entries) == ["lesion", "core", "boundary"]
    canvas.set_overlay_visible("core", False)
    assert colour_at(canvas, 30, 45) == grey
    assert list(canvas._legend.entries) == ["lesion", "boundary"]
    canvas.set_overlay_visible("core", True)
    assert colour_at(canvas, 30, 45) != grey
    canvas.hide_overlays(True)
    assert colour_at(canvas, 30, 45) == colour_at(canvas, 30, 29.5) == grey
    assert not canvas._legend.isVisible()
    canvas.set_overlay_visible("boundary", False)
    canvas.hide_overlays(False)
    assert list(canvas._legend.entries) == ["lesion", "core"]
    assert colour_at(canvas, 30, 45) != grey
    with pytest.raises(ValueError, match="tumour"):
        canvas.set_overlay_visible("tumour", True)


def test_a_changed_outline_greys_the_regions_and_says_so_until_it_is_taken_back(
    canvas: Canvas, session: Session, show: Callable[..., None]
) -> None:
    show(plain(100))
    mark(session)
    read(session)
    tinted = colour_at(canvas, 30, 45)
    assert not canvas._outdated_note.isVisible()
    session.mask_commands.clear()
    assert canvas._outdated_note.isVisible()
    assert canvas._outdated_note.text == "AI result outdated: outline changed. Assess again."
    assert colour_at(canvas, 30, 45) == QColor(100, 100, 100)
    assert list(canvas._legend.entries) == ["core", "boundary"]
    session.mask_commands.undo()
    assert not canvas._outdated_note.isVisible()
    assert colour_at(canvas, 30, 45) == tinted


def test_a_reading_by_another_model_keeps_its_regions(
    canvas: Canvas, session: Session, show: Callable[..., None]
) -> None:
    show(plain(100))
    mark(session)
    read(session)
    tinted = colour_at(canvas, 30, 45)
    session.user_settings.change(dataclasses.replace(session.settings, model="another"))
    assert not canvas._outdated_note.isVisible()
    assert colour_at(canvas, 30, 45) == tinted


def test_each_frame_has_its_own_overlays(canvas: Canvas, session: Session, show: Callable[..., None]) -> None:
    show(plain(100), plain(100))
    mark(session)
    read(session)
    tinted = colour_at(canvas, 30, 45)
    session.navigation.to_frame(1)
    assert list(canvas._legend.entries) == []
    assert colour_at(canvas, 30, 45) == colour_at(canvas, 30, 29.5) == QColor(100, 100, 100)
    session.navigation.to_frame(0)
    assert list(canvas._legend.entries) == ["lesion", "core", "boundary"]
    assert colour_at(canvas, 30, 45) == tinted


# -- notes


def test_the_scale_bar_is_as_long_as_it_says(canvas: Canvas, session: Session, show: Callable[..., None]) -> None:
    show(plain(), spacing=Spacing(0.1, 0.1, "test"))
    for factor in (1.0, 4.0, 0.1):
        canvas.zoom_by(factor)
        assert canvas._scale.isVisible()
        millimetres = float(canvas._scale.text.removesuffix(" mm"))
        assert canvas._scale.length == pytest.approx(millimetres / 0.1 * canvas._zooms()[1])
        assert 60 < canvas._scale.length <= 160
    show(plain(), name="uncalibrated.png")
    assert not canvas._scale.isVisible()


def test_the_notes_lie_in_their_corners(canvas: Canvas, session: Session, show: Callable[..., None]) -> None:
    show(plain(), spacing=Spacing(0.1, 0.1, "test"))
    mark(session)
    read(session)
    session.mask_commands.clear()
    for size in ((480, 360), (700, 300)):
        canvas.resize(*size)
        QApplication.processEvents()
        inside = canvas.viewport().rect()
        for note in (canvas._legend, canvas._scale, canvas._outdated_note):
            assert note.isVisible()
            assert inside.contains(note.geometry())
        assert canvas._legend.x() < 20
        assert inside.right() - canvas._scale.geometry().right() < 20
        assert not canvas._legend.geometry().intersects(canvas._scale.geometry())


def test_the_picture_is_what_is_shown(canvas: Canvas, show: Callable[..., None]) -> None:
    show(plain(100))
    picture = canvas.picture()
    assert (picture.width(), picture.height()) == (480, 360)
    assert picture.pixelColor(canvas.widget_position(30, 40)) == QColor(100, 100, 100)
