"""Each tool, used with the mouse on a real canvas; `test_scaling.py` runs these tests again at 200 %."""

from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import pytest
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QInputDevice, QPointingDevice, QTabletEvent, QWheelEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from csamoe_desktop.errors import UserError
from csamoe_desktop.lesion.corrections import box_of
from csamoe_desktop.lesion.mask import Author
from csamoe_desktop.lesion.tools import Box, Place, brush, ellipse, polygon
from csamoe_desktop.ui.tools.base import Tool
from csamoe_desktop.ui.tools.dragged import OUTLINING
from csamoe_desktop.ui.tools.polygon import PolygonTool
from csamoe_desktop.ui.tools.sketch import crosshair

if TYPE_CHECKING:
    from conftest import Hand

Bool = NDArray[np.bool_]
SHAPE = (120, 160)
ALT, SHIFT = Qt.KeyboardModifier.AltModifier, Qt.KeyboardModifier.ShiftModifier
CORNERS = [(20, 20), (24, 120), (100, 110), (90, 30)]


def on_frame(covered: tuple[Box, Bool]) -> Bool:
    frame = np.zeros(SHAPE, bool)
    frame[covered[0].slices] = covered[1]
    return frame


def filled(places: list[Place]) -> Bool:
    return on_frame(polygon(SHAPE, places))


def overlap(first: Bool, second: Bool) -> float:
    return float((first & second).sum() / (first | second).sum())


# -- brushes


def test_brush_eraser_and_smart_brush_have_their_own_sizes(hand: "Hand") -> None:
    canvas = hand.canvas
    canvas.set_brush_radius(5)
    canvas.set_tool(Tool.ERASER)
    assert canvas.brush_radius == 7
    canvas.step_brush(2)
    canvas.set_tool(Tool.SMART)
    assert canvas.brush_radius == 12
    at = QPointF(200, 150)
    wheel = QWheelEvent(
        at, QPointF(canvas.viewport().mapToGlobal(at.toPoint())), QPoint(), QPoint(0, 120),
        Qt.MouseButton.NoButton, SHIFT, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(canvas.viewport(), wheel)
    assert [canvas.radius_of(tool) for tool in (Tool.BRUSH, Tool.ERASER, Tool.SMART)] == [5, 9, 13]
    canvas.set_tool(Tool.POLYGON)
    assert canvas.brush_radius == 5
    with pytest.raises(ValueError, match="polygon"):
        canvas.radius_of(Tool.POLYGON)


def test_a_stroke_is_continuous_however_fast_the_mouse_is(hand: "Hand") -> None:
    hand.drag((10, 10), (110, 150))
    assert np.array_equal(hand.pixels, on_frame(brush(SHAPE, (10.5, 10.5), (110.5, 150.5), 4)))
    assert hand.steps == 1


def test_the_smart_brush_stays_within_what_it_began_on(hand: "Hand") -> None:
    hand.canvas.set_tool(Tool.SMART)
    hand.canvas.set_brush_radius(30)
    hand.drag((60, 60), (58, 80), (62, 100))
    plain = np.zeros(SHAPE, bool)
    for way in (((60.5, 60.5), (58.5, 80.5)), ((58.5, 80.5), (62.5, 100.5))):
        plain |= on_frame(brush(SHAPE, *way, 30))
    assert (plain & ~hand.lesion).sum() > 300, "a plain brush would go over the edge"
    outside = (hand.pixels & ~hand.lesion).sum()
    assert outside < 0.2 * (plain & ~hand.lesion).sum()
    assert (hand.pixels & hand.lesion).sum() > 0.8 * (plain & hand.lesion).sum()
    assert hand.steps == 1
    hand.press((60, 80), ALT)
    hand.release((60, 80))
    assert not hand.pixels[58:63, 78:83].any()


@cache
def stylus(pointer: QPointingDevice.PointerType) -> QPointingDevice:
    """Return a stylus that lives as long as Qt, which keeps references to the devices it knows."""
    return QPointingDevice("pen", 7, QInputDevice.DeviceType.Stylus, pointer, QInputDevice.Capability.Pressure, 1, 2)


def pen(hand: "Hand", kind: QEvent.Type, at: tuple[int, int], pressure: float, eraser: bool = False) -> None:
    pointer = QPointingDevice.PointerType.Eraser if eraser else QPointingDevice.PointerType.Pen
    place = QPointF(hand.canvas.widget_position(*at))
    button = Qt.MouseButton.NoButton if kind == QEvent.Type.TabletMove else Qt.MouseButton.LeftButton
    held = Qt.MouseButton.NoButton if kind == QEvent.Type.TabletRelease else Qt.MouseButton.LeftButton
    event = QTabletEvent(
        kind, stylus(pointer), place, QPointF(hand.canvas.viewport().mapToGlobal(place)), pressure, 0.0, 0.0, 0.0, 0.0, 0.0,
        Qt.KeyboardModifier.NoModifier, button, held,
    )  # fmt: skip
    assert QApplication.sendEvent(hand.canvas.viewport(), event)


def test_a_pen_draws_as_wide_as_it_presses_and_its_other_end_erases(hand: "Hand") -> None:
    hand.canvas.set_brush_radius(10)
    pen(hand, QEvent.Type.TabletPress, (30, 30), 0.3)
    pen(hand, QEvent.Type.TabletMove, (30, 100), 1.0)
    pen(hand, QEvent.Type.TabletRelease, (30, 100), 0.0)
    narrow = on_frame(brush(SHAPE, (30.5, 30.5), (30.5, 30.5), 3))
    wide = on_frame(brush(SHAPE, (30.5, 30.5), (30.5, 100.5), 10))
    assert np.array_equal(hand.pixels, narrow | wide)
    assert hand.steps == 1
    pen(hand, QEvent.Type.TabletPress, (30, 60), 1.0, eraser=True)
    pen(hand, QEvent.Type.TabletRelease, (30, 60), 0.0, eraser=True)
    assert not hand.pixels[30, 60]
    # The mouse draws with full pressure again.
    hand.click((90, 60))
    assert hand.pixels[80:101, 60].sum() == 19


def test_a_pen_that_comes_up_over_another_tool_leaves_no_light_touch_behind(hand: "Hand") -> None:
    hand.canvas.set_brush_radius(10)
    pen(hand, QEvent.Type.TabletPress, (30, 30), 0.3)
    hand.canvas.set_tool(Tool.POLYGON)
    pen(hand, QEvent.Type.TabletRelease, (30, 30), 0.0)
    hand.canvas.set_tool(Tool.BRUSH)
    hand.click((90, 60))
    assert hand.pixels[80:101, 60].sum() == 19


def test_the_mouses_cross_is_dark_and_light_at_any_scaling(hand: "Hand") -> None:
    ratio = hand.canvas.viewport().devicePixelRatioF()
    picture = hand.canvas.viewport().cursor().pixmap()
    assert picture.devicePixelRatio() == ratio
    assert crosshair(ratio).pixmap().toImage() == picture.toImage()
    image = picture.toImage()
    levels = [
        image.pixelColor(column, row).lightness()
        for row in range(image.height())
        for column in range(image.width())
        if image.pixelColor(column, row).alpha() > 150
    ]
    assert max(levels) > 200
    assert min(levels) < 60
    assert image.pixelColor(image.width() // 2, image.height() // 2).alpha() == 0, "the pixel under it is seen"
    hand.canvas.set_tool(Tool.WINDOW_LEVEL)
    assert hand.canvas.viewport().cursor().shape() is Qt.CursorShape.ArrowCursor


# -- one drag: contour, ellipse


def test_a_contour_is_filled_as_the_button_comes_up(hand: "Hand") -> None:
    hand.canvas.set_tool(Tool.CONTOUR)
    hand.press(CORNERS[0])
    for at in CORNERS[1:]:
        hand.move(at)
    assert not hand.pixels.any()
    assert hand.canvas._tools[Tool.CONTOUR].busy
    hand.release(CORNERS[-1])
    assert np.array_equal(hand.pixels, filled([hand.place(at) for at in CORNERS]))
    assert hand.steps == 1


def test_an_ellipse_fills_the_dragged_rectangle(hand: "Hand") -> None:
    hand.canvas.set_tool(Tool.ELLIPSE)
    hand.drag((90, 110), (50, 60), (30, 40))
    assert np.array_equal(hand.pixels, on_frame(ellipse(SHAPE, hand.place((90, 110)), hand.place((30, 40)))))
    assert hand.pixels.sum() > 3000
    assert hand.steps == 1


@pytest.mark.parametrize("tool", [Tool.CONTOUR, Tool.ELLIPSE])
def test_a_drag_with_alt_cuts_out_and_esc_forgets_it(hand: "Hand", tool: Tool) -> None:
    hand.mark(np.ones(SHAPE, bool))
    hand.canvas.set_tool(tool)
    hand.press(CORNERS[0])
    hand.move(CORNERS[1])
    hand.move(CORNERS[2])
    hand.key(Qt.Key.Key_Escape)
    hand.release(CORNERS[2])
    assert hand.pixels.all()
    assert hand.steps == 1
    hand.drag(*CORNERS)
    assert hand.steps == 1, "all was marked already: no step"
    hand.press(CORNERS[0])
    for at in CORNERS[1:]:
        hand.move(at)
    # Alt goes down at the end of the drag, as a key of the canvas.
    hand.canvas._follow_mouse(alt=True)
    hand.release(CORNERS[-1])
    assert not hand.pixels[60, 60] or not hand.pixels[55, 25]
    assert hand.session.mask is not None and hand.session.mask.author is Author.EDITED
    assert hand.steps == 2


def test_a_contour_in_hand_is_kept_when_the_mouse_leaves(hand: "Hand") -> None:
    hand.canvas.set_tool(Tool.CONTOUR)
    hand.press(CORNERS[0])
    for at in CORNERS[1:]:
        hand.move(at)
    hand.leave()
    assert hand.pixels[60, 60]
    hand.release(CORNERS[0])
    assert hand.steps == 1


# -- polygon


def vertices(hand: "Hand") -> list[Place]:
    tool = hand.canvas._tools[Tool.POLYGON]
    assert isinstance(tool, PolygonTool)
    return list(tool.vertices)


def test_a_vertex_is_moved_before_the_polygon_closes(hand: "Hand") -> None:
    hand.canvas.set_tool(Tool.POLYGON)
    hand.click(*CORNERS)
    hand.drag(CORNERS[0], (40, 5), (10, 10))
    assert not hand.pixels.any(), "the first vertex was moved, not clicked"
    hand.drag(CORNERS[2], (110, 150))
    hand.key(Qt.Key.Key_Return)
    moved = [(10, 10), CORNERS[1], (110, 150), CORNERS[3]]
    assert np.array_equal(hand.pixels, filled([hand.place(at) for at in moved]))


def test_a_vertex_is_moved_inserted_and_deleted_after_the_polygon_closed(hand: "Hand") -> None:
    other = np.zeros(SHAPE, bool)
    other[105:115, 5:20] = True
    other[20:60, 60:80] = True
    hand.mark(other)
    hand.canvas.set_tool(Tool.POLYGON)
    hand.click(*CORNERS, CORNERS[0])
    assert np.array_equal(hand.pixels, other | filled(vertices(hand)))
    assert hand.steps == 2
    hand.drag(CORNERS[1], (50, 90))
    assert np.array_equal(hand.pixels, other | filled([hand.place(at) for at in (CORNERS[0], (50, 90), *CORNERS[2:])]))
    hand.drag((95, 70), (70, 70))  # the middle of the lower edge
    assert len(vertices(hand)) == 5
    assert np.array_equal(hand.pixels, other | filled(vertices(hand)))
    assert not hand.pixels[88, 70]
    hand.move(CORNERS[3])
    hand.key(Qt.Key.Key_Delete)
    assert len(vertices(hand)) == 4
    assert np.array_equal(hand.pixels, other | filled(vertices(hand)))
    assert hand.steps == 2, "one polygon is one step"
    hand.session.mask_commands.undo()
    assert np.array_equal(hand.pixels, other)
    assert vertices(hand) == [], "its vertices went with it"
    assert hand.session.mask is not None and hand.session.mask.author is Author.IMPORTED


def test_a_closed_polygon_lets_go_for_the_next_one_and_by_esc(hand: "Hand") -> None:
    hand.canvas.set_tool(Tool.POLYGON)
    hand.click((10, 10), (10, 40), (40, 40), (10, 10))
    assert not hand.canvas._tools[Tool.POLYGON].busy
    hand.click((80, 80))
    assert len(vertices(hand)) == 1
    hand.click((80, 120), (110, 120), (80, 80))
    assert hand.steps == 2
    assert hand.pixels[15, 30] and hand.pixels[85, 110]
    hand.key(Qt.Key.Key_Escape)
    assert vertices(hand) == []
    assert hand.pixels[15, 30] and hand.pixels[85, 110]


def test_esc_puts_a_vertex_of_a_closed_polygon_back(hand: "Hand") -> None:
    hand.canvas.set_tool(Tool.POLYGON)
    hand.click(*CORNERS, CORNERS[0])
    before, corners = hand.pixels.copy(), vertices(hand)
    hand.press(CORNERS[1])
    hand.move((60, 60))
    hand.key(Qt.Key.Key_Escape)
    hand.release((60, 60))
    assert vertices(hand) == corners
    assert np.array_equal(hand.pixels, before)


def test_three_corners_are_left_whatever_is_deleted(hand: "Hand") -> None:
    hand.canvas.set_tool(Tool.POLYGON)
    hand.click((10, 10), (10, 80), (80, 40), (10, 10))
    hand.move((10, 80))
    hand.key(Qt.Key.Key_Delete)
    assert len(vertices(hand)) == 3


# -- livewire

ON_THE_EDGE = [(35, 80), (60, 119), (84, 80), (60, 40)]


def test_the_livewire_follows_the_edge_where_a_polygon_cuts_corners(hand: "Hand") -> None:
    hand.canvas.set_tool(Tool.LIVEWIRE)
    hand.click(*ON_THE_EDGE, ON_THE_EDGE[0])
    straight = filled([hand.place(at) for at in ON_THE_EDGE])
    assert overlap(straight, hand.lesion) < 0.7
    assert overlap(hand.pixels, hand.lesion) > 0.9
    assert hand.steps == 1
    hand.session.mask_commands.undo()
    assert not hand.pixels.any()


def test_the_livewire_takes_anchors_back_and_closes_by_enter_cutting_with_alt(hand: "Hand") -> None:
    hand.mark(np.ones(SHAPE, bool))
    hand.canvas.set_tool(Tool.LIVEWIRE)
    hand.click(*ON_THE_EDGE, (5, 5))
    hand.key(Qt.Key.Key_Backspace)
    hand.key(Qt.Key.Key_Return, ALT)
    assert overlap(~hand.pixels, hand.lesion) > 0.9
    assert hand.steps == 2


def test_esc_another_tool_and_another_frame_forget_the_wire(hand: "Hand") -> None:
    def begin() -> None:
        hand.canvas.set_tool(Tool.LIVEWIRE)
        hand.click(*ON_THE_EDGE)
        assert hand.canvas._tools[Tool.LIVEWIRE].busy

    begin()
    hand.key(Qt.Key.Key_Escape)
    assert not hand.canvas._tools[Tool.LIVEWIRE].busy
    begin()
    hand.canvas.set_tool(Tool.BRUSH)
    assert not hand.canvas._tools[Tool.LIVEWIRE].busy
    begin()
    hand.session.navigation.to_frame(1)
    assert not hand.canvas._tools[Tool.LIVEWIRE].busy
    assert not hand.pixels.any()


# -- the box


def test_the_outline_in_a_box_is_found_in_the_worker(hand: "Hand", qtbot: QtBot) -> None:
    hand.canvas.set_tool(Tool.BOX)
    hand.drag((27, 30), (60, 60), (93, 130))
    assert hand.session.jobs.busy(OUTLINING)
    qtbot.waitUntil(lambda: not hand.session.jobs.busy(OUTLINING), timeout=60_000)
    assert overlap(hand.pixels, hand.lesion) > 0.85
    assert hand.steps == 1


def test_what_is_found_in_a_box_is_dropped_where_it_no_longer_holds(hand: "Hand", qtbot: QtBot) -> None:
    hand.canvas.set_tool(Tool.BOX)
    hand.drag((27, 30), (93, 130))
    hand.key(Qt.Key.Key_Escape)
    assert not hand.session.jobs.busy(OUTLINING)
    hand.drag((27, 30), (93, 130))
    hand.mark(np.eye(*SHAPE, dtype=bool))
    qtbot.waitUntil(lambda: not hand.session.jobs.busy(OUTLINING), timeout=60_000)
    assert np.array_equal(hand.pixels, np.eye(*SHAPE, dtype=bool))
    hand.drag((27, 30), (93, 130))
    hand.session.navigation.to_frame(1)
    assert not hand.session.jobs.busy(OUTLINING)
    assert not hand.pixels.any()


def test_a_box_around_nothing_says_so(hand: "Hand", qtbot: QtBot) -> None:
    hand.canvas.set_tool(Tool.BOX)
    with qtbot.waitSignal(hand.session.failed, timeout=60_000) as failure:
        hand.drag((3, 3), (6, 6))
    assert isinstance(failure.args[0], UserError)
    assert not hand.pixels.any()


# -- move and scale


def marked(box: Box) -> Bool:
    frame = np.zeros(SHAPE, bool)
    frame[box.slices] = True
    return frame


def test_dragging_moves_the_mask_exactly(hand: "Hand") -> None:
    box, inside = ellipse(SHAPE, (30.0, 40.0), (61.0, 83.0))
    hand.mark(on_frame((box, inside)))
    hand.canvas.set_tool(Tool.MOVE)
    hand.drag((45, 60), (50, 70), (65, 85))
    assert np.array_equal(hand.pixels, np.roll(on_frame((box, inside)), (20, 25), (0, 1)))
    assert hand.steps == 2
    assert hand.session.mask is not None and hand.session.mask.author is Author.EDITED
    hand.session.mask_commands.undo()
    assert np.array_equal(hand.pixels, on_frame((box, inside)))


def test_a_handle_scales_the_mask(hand: "Hand") -> None:
    hand.mark(marked(Box(30, 40, 60, 80)))
    hand.canvas.set_tool(Tool.MOVE)
    # Presses are at centres of pixels, the handles at their corners: they differ by half a pixel at both ends.
    hand.drag((60, 80), (75, 100), (90, 120))
    assert box_of(hand.pixels) == Box(30, 40, 90, 120)
    hand.drag((60, 120), (60, 100))  # the right side alone
    assert box_of(hand.pixels) == Box(30, 40, 90, 100)
    assert hand.pixels[30:90, 40:100].all()


def test_what_is_moved_out_of_the_image_is_said(hand: "Hand") -> None:
    notes: list[str] = []
    hand.session.noted.connect(notes.append)
    hand.mark(marked(Box(30, 40, 60, 80)))
    hand.canvas.set_tool(Tool.MOVE)
    hand.drag((45, 60), (25, 60))
    assert notes == []
    hand.drag((25, 60), (5, 60))
    assert len(notes) == 1 and "cut off" in notes[0]
    assert box_of(hand.pixels) == Box(0, 40, 20, 80)


def test_a_move_is_forgotten_by_esc_and_begins_on_the_mask_only(hand: "Hand") -> None:
    hand.mark(marked(Box(30, 40, 60, 80)))
    hand.canvas.set_tool(Tool.MOVE)
    hand.drag((100, 140), (50, 60))
    hand.press((45, 60))
    hand.move((80, 100))
    hand.key(Qt.Key.Key_Escape)
    hand.release((80, 100))
    assert box_of(hand.pixels) == Box(30, 40, 60, 80)
    assert hand.steps == 1


def test_the_mouse_says_what_a_drag_would_do(hand: "Hand") -> None:
    hand.mark(marked(Box(30, 40, 60, 80)))
    hand.canvas.set_tool(Tool.MOVE)
    shapes = []
    for at in ((45, 60), (60, 80), (45, 80)):
        hand.move(at)
        shapes.append(hand.canvas.viewport().cursor().shape())
    assert shapes == [Qt.CursorShape.SizeAllCursor, Qt.CursorShape.SizeFDiagCursor, Qt.CursorShape.SizeHorCursor]


# -- all


@pytest.mark.parametrize("tool", [tool for tool in Tool if tool not in (Tool.WINDOW_LEVEL, Tool.PROPOSE)])
def test_a_click_that_changes_nothing_is_no_step(hand: "Hand", tool: Tool) -> None:
    whole = np.ones(SHAPE, bool)
    if tool is Tool.ERASER:
        hand.mark(marked(Box(0, 0, 5, 5)))
    else:
        hand.mark(whole)
    before = hand.pixels.copy()
    hand.canvas.set_tool(tool)
    hand.click((60, 80), (100, 30))
    assert np.array_equal(hand.pixels, before)
    assert hand.steps == 1


@pytest.mark.parametrize("tool", [Tool.CONTOUR, Tool.POLYGON, Tool.LIVEWIRE, Tool.ELLIPSE, Tool.BOX, Tool.MOVE])
def test_what_is_in_hand_is_drawn_and_goes_with_its_tool(hand: "Hand", tool: Tool) -> None:
    hand.mark(marked(Box(30, 40, 60, 80)))
    hand.canvas.set_overlay_visible("lesion", False)
    hand.canvas.set_tool(Tool.WINDOW_LEVEL)
    hand.leave()
    QApplication.processEvents()
    plain = hand.canvas.picture()
    hand.canvas.set_tool(tool)
    if tool in (Tool.POLYGON, Tool.LIVEWIRE):
        hand.click((45, 60), (80, 120))
    else:
        hand.press((45, 60))
        hand.move((60, 70))
        hand.move((80, 120))
    QApplication.processEvents()
    assert hand.canvas.picture() != plain
    hand.key(Qt.Key.Key_Escape)
    hand.canvas.set_tool(Tool.WINDOW_LEVEL)
    hand.leave()
    QApplication.processEvents()
    assert hand.canvas.picture() == plain
