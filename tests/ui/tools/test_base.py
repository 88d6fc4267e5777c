"""Brush, eraser and polygon driven with the mouse, at 100 % and at other scalings."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QFocusEvent, QMouseEvent, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from csamoe_desktop.lesion.mask import Author
from csamoe_desktop.lesion.tools import Box, brush, polygon
from csamoe_desktop.session.session import Session
from csamoe_desktop.settings import Settings
from csamoe_desktop.study.model import Study
from csamoe_desktop.ui.canvas.canvas import Canvas
from csamoe_desktop.ui.tools.base import Tool

SHAPE = (60, 80)
NO_KEY, ALT, SHIFT = (
    Qt.KeyboardModifier.NoModifier,
    Qt.KeyboardModifier.AltModifier,
    Qt.KeyboardModifier.ShiftModifier,
)
LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def session(qtbot: QtBot) -> Iterator[Session]:
    session = Session(Settings(brush_radius=3))
    yield session
    session.close()


@pytest.fixture
def canvas(qtbot: QtBot, session: Session) -> Canvas:
    """A canvas with a study of three grey frames."""
    canvas = Canvas(session)
    qtbot.addWidget(canvas)
    canvas.resize(480, 360)
    canvas.show()
    qtbot.waitExposed(canvas)
    study = Study(Path("made.png"), "made", 3, *SHAPE, decode=lambda index: np.full(SHAPE, 100, np.uint8))
    session.open_studies.show(study, study.frame(0), study.path)
    canvas.set_tool(Tool.BRUSH)
    return canvas


def pixels(session: Session) -> NDArray[np.bool_]:
    assert session.mask is not None
    return session.mask.pixels


def covered(*parts: tuple[Box, NDArray[np.bool_]]) -> NDArray[np.bool_]:
    frame = np.zeros(SHAPE, bool)
    for box, region in parts:
        frame[box.slices] |= region
    return frame


def capsule(*at: tuple[int, int], radius: int = 3) -> NDArray[np.bool_]:
    """Return what the brush covers in a stroke through the centres of these pixels."""
    places = [(row + 0.5, column + 0.5) for row, column in at]
    return covered(*(brush(SHAPE, *way, radius) for way in zip(places, [*places[1:], places[-1]], strict=True)))


def press(canvas: Canvas, at: tuple[int, int], keys: Qt.KeyboardModifier = NO_KEY) -> None:
    QTest.mousePress(canvas.viewport(), LEFT, keys, canvas.widget_position(*at))


def move(canvas: Canvas, at: tuple[int, int]) -> None:
    QTest.mouseMove(canvas.viewport(), canvas.widget_position(*at))


def release(canvas: Canvas, at: tuple[int, int]) -> None:
    QTest.mouseRelease(canvas.viewport(), LEFT, NO_KEY, canvas.widget_position(*at))


def stroke(canvas: Canvas, *at: tuple[int, int], keys: Qt.KeyboardModifier = NO_KEY) -> None:
    press(canvas, at[0], keys)
    for place in at[1:]:
        move(canvas, place)
    release(canvas, at[-1])


def click(canvas: Canvas, at: tuple[int, int], keys: Qt.KeyboardModifier = NO_KEY) -> None:
    QTest.mouseClick(canvas.viewport(), LEFT, keys, canvas.widget_position(*at))


def double_click(canvas: Canvas, at: tuple[int, int]) -> None:
    """Send press, release, double click and release, as Qt does (mouseDClick sends only the third of them)."""
    click(canvas, at)
    QTest.mouseDClick(canvas.viewport(), LEFT, NO_KEY, canvas.widget_position(*at))
    release(canvas, at)


def turn_wheel(canvas: Canvas, angle: int, keys: Qt.KeyboardModifier) -> None:
    at = QPointF(200, 150)
    event = QWheelEvent(
        at,
        QPointF(canvas.viewport().mapToGlobal(at.toPoint())),
        QPoint(),
        QPoint(0, angle),
        Qt.MouseButton.NoButton,
        keys,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(canvas.viewport(), event)


# -- brush and eraser


def test_a_click_paints_what_the_ring_shows(canvas: Canvas, session: Session) -> None:
    click(canvas, (20, 30))
    assert np.array_equal(pixels(session), capsule((20, 30)))
    assert session.mask is not None and session.mask.author is Author.DRAWN


def test_a_stroke_has_no_gaps_and_is_one_step(canvas: Canvas, session: Session) -> None:
    stroke(canvas, (10, 10), (50, 40), (20, 70))
    assert np.array_equal(pixels(session), capsule((10, 10), (50, 40), (20, 70)))
    session.mask_commands.undo()
    assert not pixels(session).any()
    assert session.mask is not None and not session.mask.can_undo
    session.mask_commands.redo()
    assert np.array_equal(pixels(session), capsule((10, 10), (50, 40), (20, 70)))


def test_every_change_is_told_with_its_box(canvas: Canvas, session: Session) -> None:
    boxes: list[Box] = []
    session.maskChanged.connect(boxes.append)
    stroke(canvas, (20, 20), (20, 30))
    assert boxes == [Box(18, 18, 23, 23), Box(18, 22, 23, 33)]


def test_alt_erases_and_so_does_the_eraser(canvas: Canvas, session: Session) -> None:
    stroke(canvas, (30, 20), (30, 60))
    stroke(canvas, (30, 40), (30, 44), keys=ALT)
    assert np.array_equal(pixels(session), capsule((30, 20), (30, 60)) & ~capsule((30, 40), (30, 44)))
    canvas.set_tool(Tool.ERASER)
    stroke(canvas, (30, 20), (30, 60))
    assert not pixels(session).any()
    assert session.mask is not None and session.mask.author is Author.NONE


def test_a_brush_of_radius_1_paints_one_pixel(canvas: Canvas, session: Session) -> None:
    canvas.set_brush_radius(1)
    for at in ((0, 0), (59, 79), (31, 47)):
        click(canvas, at)
    assert np.argwhere(pixels(session)).tolist() == [[0, 0], [31, 47], [59, 79]]


def test_a_stroke_may_leave_the_frame_and_come_back(canvas: Canvas, session: Session) -> None:
    stroke(canvas, (30, 75), (30, 95), (50, 95), (50, 75))
    assert np.array_equal(pixels(session), capsule((30, 75), (30, 95), (50, 95), (50, 75)))


def test_esc_cancels_the_stroke_in_hand(canvas: Canvas, session: Session) -> None:
    click(canvas, (10, 10))
    press(canvas, (30, 40))
    move(canvas, (40, 50))
    QTest.keyClick(canvas, Qt.Key.Key_Escape)
    assert np.array_equal(pixels(session), capsule((10, 10)))
    move(canvas, (50, 60))
    release(canvas, (50, 60))
    assert np.array_equal(pixels(session), capsule((10, 10)))
    session.mask_commands.undo()
    assert not pixels(session).any()
    assert not canvas.cancel_tool()


@pytest.mark.parametrize("taken", ["leave", "focus", "hide", "lost release"])
def test_a_stroke_ends_where_the_mouse_or_the_focus_is_taken_away(canvas: Canvas, session: Session, taken: str) -> None:
    press(canvas, (30, 40))
    move(canvas, (40, 50))
    if taken == "leave":
        QApplication.sendEvent(canvas, QEvent(QEvent.Type.Leave))
    elif taken == "focus":
        QApplication.sendEvent(canvas, QFocusEvent(QEvent.Type.FocusOut))
    elif taken == "hide":
        canvas.hide()
        canvas.show()
    assert session.mask is not None
    at = QPointF(canvas.widget_position(5, 5))
    no_button = Qt.MouseButton.NoButton
    event = QMouseEvent(
        QEvent.Type.MouseMove, at, QPointF(canvas.viewport().mapToGlobal(at)), no_button, no_button, NO_KEY
    )
    QApplication.sendEvent(canvas.viewport(), event)
    assert not session.mask.in_stroke
    assert np.array_equal(pixels(session), capsule((30, 40), (40, 50)))
    session.mask_commands.undo()
    assert not pixels(session).any()
    release(canvas, (5, 5))
    click(canvas, (20, 20))
    assert np.array_equal(pixels(session), capsule((20, 20)))


def test_another_frame_ends_the_stroke_on_the_frame_it_began_on(canvas: Canvas, session: Session) -> None:
    press(canvas, (30, 40))
    session.navigation.to_frame(1)
    move(canvas, (40, 50))
    release(canvas, (40, 50))
    assert not pixels(session).any()
    session.navigation.to_frame(0)
    assert np.array_equal(pixels(session), capsule((30, 40)))
    assert session.mask is not None and not session.mask.in_stroke
    session.mask_commands.undo()
    assert not pixels(session).any()


def test_the_wheel_turns_no_frames_in_the_middle_of_a_stroke(canvas: Canvas, session: Session) -> None:
    press(canvas, (30, 40))
    turn_wheel(canvas, -120, NO_KEY)
    assert session.frame is not None and session.frame.index == 0
    release(canvas, (30, 40))
    turn_wheel(canvas, -120, NO_KEY)
    assert session.frame.index == 1


def test_undo_in_the_middle_of_a_stroke_takes_it_back_and_ends_it(canvas: Canvas, session: Session) -> None:
    click(canvas, (10, 10))
    press(canvas, (30, 40))
    session.mask_commands.undo()
    move(canvas, (40, 50))
    release(canvas, (40, 50))
    assert np.array_equal(pixels(session), capsule((10, 10)))


def test_a_mask_imported_in_the_middle_of_a_stroke_is_not_painted_on(canvas: Canvas, session: Session) -> None:
    press(canvas, (30, 40))
    assert session.mask is not None
    session.mask.replace(np.eye(*SHAPE, dtype=bool), Author.IMPORTED, "lesion.png")
    session.emit_mask_changed(None)
    move(canvas, (40, 50))
    release(canvas, (40, 50))
    assert np.array_equal(pixels(session), np.eye(*SHAPE, dtype=bool))
    assert session.mask.author is Author.IMPORTED


def test_other_buttons_wait_until_the_stroke_is_done(canvas: Canvas, session: Session) -> None:
    before = canvas.widget_position(30, 40)
    press(canvas, (30, 40))
    QTest.mousePress(canvas.viewport(), Qt.MouseButton.MiddleButton, NO_KEY, before)
    move(canvas, (30, 50))
    QTest.mouseRelease(canvas.viewport(), Qt.MouseButton.MiddleButton, NO_KEY, before)
    move(canvas, (30, 60))
    release(canvas, (30, 60))
    assert canvas.widget_position(30, 40) == before
    assert np.array_equal(pixels(session), capsule((30, 40), (30, 60)))


def test_panning_and_zooming_paint_nothing(canvas: Canvas, session: Session) -> None:
    at = canvas.widget_position(30, 40)
    for button in (Qt.MouseButton.MiddleButton, Qt.MouseButton.RightButton):
        QTest.mousePress(canvas.viewport(), button, NO_KEY, at)
        QTest.mouseMove(canvas.viewport(), at + QPoint(30, 30))
        QTest.mouseRelease(canvas.viewport(), button, NO_KEY, at + QPoint(30, 30))
    assert canvas.widget_position(30, 40) != at
    assert not pixels(session).any()


def test_painting_is_exact_when_zoomed_and_panned(canvas: Canvas, session: Session) -> None:
    canvas.zoom_by(6, QPointF(canvas.widget_position(20, 30)))
    canvas.set_brush_radius(1)
    visible = [(row, column) for row in range(18, 24, 2) for column in range(27, 35, 3)]
    for at in visible:
        click(canvas, at)
    assert sorted(map(tuple, np.argwhere(pixels(session)).tolist())) == visible


def test_a_double_click_is_two_clicks_of_the_brush(canvas: Canvas, session: Session) -> None:
    double_click(canvas, (20, 30))
    assert np.array_equal(pixels(session), capsule((20, 30)))
    assert session.mask is not None and not session.mask.in_stroke


# -- the ring


def test_the_radius_is_changed_by_wheel_steps_and_setting(canvas: Canvas, session: Session, qtbot: QtBot) -> None:
    assert canvas.brush_radius == 3
    radii: list[int] = []
    canvas.radiusChanged.connect(radii.append)
    turn_wheel(canvas, 120, SHIFT)
    canvas.step_brush(-1)
    canvas.set_brush_radius(0)
    canvas.set_brush_radius(-5)
    canvas.set_brush_radius(999)
    assert radii == [4, 3, 1, 200]
    assert session.frame is not None and session.frame.index == 0
    canvas.set_brush_radius(100)
    canvas.step_brush(1)
    assert canvas.brush_radius > 101


def ring(canvas: Canvas) -> NDArray[np.bool_]:
    """Return where the picture differs from the plain grey image: the ring, around its centre."""
    QApplication.processEvents()
    picture = canvas.picture()
    centre = canvas.widget_position(30, 40)
    return np.array(
        [
            [picture.pixelColor(centre + QPoint(across, down)) != QColor(100, 100, 100) for across in range(-90, 91)]
            for down in range(-90, 91)
        ]
    )


@pytest.mark.parametrize("radius", [1, 3, 12])
def test_the_ring_goes_round_what_a_click_covers_and_is_never_too_small(canvas: Canvas, radius: int) -> None:
    canvas.set_brush_radius(radius)
    move(canvas, (30, 40))
    seen = np.argwhere(ring(canvas)) - 90
    reach = np.hypot(*seen.T)
    wanted = max((radius - 0.5) * canvas._zooms()[1], 4)
    assert np.median(reach) == pytest.approx(wanted, abs=1.5)
    assert reach.min() > wanted - 4
    assert reach.max() < wanted + 4


def test_the_ring_of_the_eraser_looks_different(canvas: Canvas) -> None:
    canvas.set_brush_radius(10)
    move(canvas, (30, 40))
    painting = canvas.picture()
    canvas.set_tool(Tool.ERASER)
    move(canvas, (30, 40))
    assert canvas.picture() != painting


def test_the_ring_goes_with_the_mouse_and_the_tool(canvas: Canvas) -> None:
    move(canvas, (30, 40))
    assert ring(canvas).any()
    move(canvas, (5, 5))
    assert not ring(canvas)[60:120, 60:120].any()
    move(canvas, (30, 40))
    QApplication.sendEvent(canvas, QEvent(QEvent.Type.Leave))
    assert not ring(canvas).any()
    canvas.set_tool(Tool.WINDOW_LEVEL)
    move(canvas, (30, 40))
    assert not ring(canvas).any()


def test_the_ring_is_there_as_soon_as_the_brush_is_chosen(canvas: Canvas) -> None:
    canvas.set_tool(Tool.WINDOW_LEVEL)
    move(canvas, (30, 40))
    canvas.set_tool(Tool.BRUSH)
    assert ring(canvas).any()


# -- the polygon

CORNERS = [(10, 10), (12, 60), (50, 55), (45, 15)]


def polygon_of(canvas: Canvas, *at: tuple[int, int]) -> NDArray[np.bool_]:
    """Return what a polygon covers whose vertices are where these clicks fall on the frame."""
    return covered(polygon(SHAPE, [canvas.frame_place(QPointF(canvas.widget_position(*corner))) for corner in at]))


def test_a_polygon_closes_on_its_first_vertex(canvas: Canvas, session: Session) -> None:
    canvas.set_tool(Tool.POLYGON)
    for at in CORNERS:
        click(canvas, at)
    assert not pixels(session).any()
    click(canvas, CORNERS[0])
    assert np.array_equal(pixels(session), polygon_of(canvas, *CORNERS))
    assert pixels(session).sum() > 1000
    session.mask_commands.undo()
    assert not pixels(session).any()


def test_a_polygon_closes_by_enter(canvas: Canvas, session: Session) -> None:
    canvas.set_tool(Tool.POLYGON)
    for at in CORNERS:
        click(canvas, at)
    QTest.keyClick(canvas, Qt.Key.Key_Return)
    assert np.array_equal(pixels(session), polygon_of(canvas, *CORNERS))
    assert not canvas._tools[Tool.POLYGON].busy


def test_a_polygon_closes_by_a_double_click_on_its_last_vertex(canvas: Canvas, session: Session) -> None:
    canvas.set_tool(Tool.POLYGON)
    for at in CORNERS[:-1]:
        click(canvas, at)
    double_click(canvas, CORNERS[-1])
    assert np.array_equal(pixels(session), polygon_of(canvas, *CORNERS))
    assert not canvas._tools[Tool.POLYGON].busy


def test_alt_at_closing_cuts_out(canvas: Canvas, session: Session) -> None:
    assert session.mask is not None
    session.mask.replace(np.ones(SHAPE, bool), Author.IMPORTED, "all.png")
    canvas.set_tool(Tool.POLYGON)
    for at in CORNERS:
        click(canvas, at)
    click(canvas, CORNERS[0], ALT)
    assert np.array_equal(pixels(session), ~polygon_of(canvas, *CORNERS))
    assert session.mask.author is Author.EDITED


def test_backspace_removes_the_last_vertex(canvas: Canvas, session: Session) -> None:
    canvas.set_tool(Tool.POLYGON)
    for at in (*CORNERS, (58, 1)):
        click(canvas, at)
    QTest.keyClick(canvas, Qt.Key.Key_Backspace)
    assert len(canvas._tools[Tool.POLYGON].vertices) == 4
    QTest.keyClick(canvas, Qt.Key.Key_Enter)
    assert np.array_equal(pixels(session), polygon_of(canvas, *CORNERS))


def test_fewer_than_three_vertices_do_not_close(canvas: Canvas, session: Session) -> None:
    canvas.set_tool(Tool.POLYGON)
    double_click(canvas, (10, 10))
    click(canvas, (10, 40))
    QTest.keyClick(canvas, Qt.Key.Key_Return)
    assert canvas._tools[Tool.POLYGON].busy
    click(canvas, (40, 40))
    QTest.keyClick(canvas, Qt.Key.Key_Return)
    assert np.array_equal(pixels(session), polygon_of(canvas, (10, 10), (10, 40), (40, 40)))


def test_esc_another_tool_and_another_frame_forget_a_polygon(canvas: Canvas, session: Session) -> None:
    def begin() -> None:
        canvas.set_tool(Tool.POLYGON)
        for at in CORNERS:
            click(canvas, at)
        assert canvas._tools[Tool.POLYGON].busy

    begin()
    QTest.keyClick(canvas, Qt.Key.Key_Escape)
    assert not canvas._tools[Tool.POLYGON].busy
    begin()
    canvas.set_tool(Tool.BRUSH)
    assert not canvas._tools[Tool.POLYGON].busy
    begin()
    session.navigation.to_frame(1)
    assert not canvas._tools[Tool.POLYGON].busy
    assert not pixels(session).any()


def test_a_polygon_survives_zoom_pan_and_the_mouse_leaving(canvas: Canvas, session: Session) -> None:
    canvas.set_tool(Tool.POLYGON)
    wanted = polygon_of(canvas, *CORNERS)
    for at in CORNERS:
        click(canvas, at)
    canvas.zoom_by(2)
    QApplication.sendEvent(canvas, QEvent(QEvent.Type.Leave))
    QTest.keyClick(canvas, Qt.Key.Key_Return)
    assert np.array_equal(pixels(session), wanted)


def test_a_polygon_in_hand_is_drawn_with_a_line_to_the_mouse(canvas: Canvas) -> None:
    canvas.set_tool(Tool.POLYGON)
    click(canvas, (10, 10))
    click(canvas, (10, 60))
    move(canvas, (50, 60))
    QApplication.processEvents()
    picture = canvas.picture()

    def drawn(row: int, column: int) -> bool:
        near = [QPoint(across, down) for across in range(-6, 7) for down in range(-6, 7)]
        at = canvas.widget_position(row, column)
        return any(picture.pixelColor(at + step) != QColor(100, 100, 100) for step in near)

    assert drawn(10, 35), "the edge"
    assert drawn(30, 60), "the line to the mouse"
    assert drawn(30, 35), "the line back to the first vertex"
    assert not drawn(40, 20)


# -- all tools


def test_tools_do_nothing_without_a_frame(qtbot: QtBot) -> None:
    session = Session(Settings())
    canvas = Canvas(session)
    qtbot.addWidget(canvas)
    canvas.resize(300, 200)
    canvas.show()
    for tool in Tool:
        canvas.set_tool(tool)
        QTest.mouseClick(canvas.viewport(), LEFT, NO_KEY, QPoint(100, 100))
        QTest.mouseMove(canvas.viewport(), QPoint(120, 100))
        QTest.keyClick(canvas, Qt.Key.Key_Return)
        assert not canvas.cancel_tool()
    session.close()


def test_the_tool_is_told(canvas: Canvas) -> None:
    tools: list[Tool] = []
    canvas.toolChanged.connect(tools.append)
    for tool in (Tool.ERASER, Tool.ERASER, Tool.POLYGON):
        canvas.set_tool(tool)
    assert tools == [Tool.ERASER, Tool.POLYGON]
    assert canvas.tool is Tool.POLYGON


def test_keys_that_are_no_tools_are_left_to_the_window(canvas: Canvas, qtbot: QtBot) -> None:
    for key in (Qt.Key.Key_Escape, Qt.Key.Key_Return, Qt.Key.Key_Backspace, Qt.Key.Key_I):
        with qtbot.captureExceptions() as faults:
            QTest.keyClick(canvas, key)
        assert not faults
    assert canvas.tool is Tool.BRUSH


SCALED = """
import sys
import numpy as np
from pathlib import Path
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from csamoe_desktop.settings import Settings
from csamoe_desktop.study.model import Study
from csamoe_desktop.ui.canvas.canvas import Canvas
from csamoe_desktop.ui.tools.base import Tool
from csamoe_desktop.session.session import Session

application = QApplication([])
session = Session(Settings(brush_radius=1))
canvas = Canvas(session)
canvas.resize(320, 240)
canvas.show()
application.processEvents()
assert canvas.devicePixelRatioF() == float(sys.argv[1]), canvas.devicePixelRatioF()
study = Study(Path("made.png"), "made", 1, 60, 80, decode=lambda index: np.full((60, 80), 100, np.uint8))
session.open_studies.show(study, study.frame(0), study.path)
canvas.set_tool(Tool.BRUSH)
for at in ((0, 0), (59, 79), (17, 33)):
    QTest.mouseClick(canvas.viewport(), Qt.LeftButton, Qt.NoModifier, canvas.widget_position(*at))
print(np.argwhere(session.mask.pixels).tolist())
canvas.picture().save(sys.argv[2])
session.close()
"""


@pytest.mark.parametrize("scaling", ["1", "1.25", "2"])
def test_painting_is_exact_at_any_scaling_of_the_screen(scaling: str, tmp_path: Path) -> None:
    picture = tmp_path / "canvas.png"
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", SCALED, scaling, str(picture)],
        env={**os.environ, "QT_SCALE_FACTOR": scaling, "QT_QPA_PLATFORM": "offscreen"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.strip() == "[[0, 0], [17, 33], [59, 79]]"
    assert picture.stat().st_size > 0
