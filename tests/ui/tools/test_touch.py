"""Touch on a real canvas: one finger draws, two pan and zoom and never draw, and nothing is drawn twice."""

from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QEventPoint, QInputDevice, QMouseEvent, QPointingDevice, QTouchEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from csamoe_desktop.lesion.propose import Proposal
from csamoe_desktop.lesion.tools import brush
from csamoe_desktop.ui.tools.base import Tool
from csamoe_desktop.ui.tools.livewire import LivewireTool
from csamoe_desktop.ui.tools.polygon import PolygonTool
from csamoe_desktop.ui.tools.touch import pressure_of

if TYPE_CHECKING:
    from conftest import Hand

SHAPE = (120, 160)
At = tuple[int, int]


@cache
def screen() -> QPointingDevice:
    """Return a touch screen that lives as long as Qt, which keeps references to the devices it knows."""
    return QTest.createTouchDevice()


class Fingers:
    """Fingers on the canvas; places are pixels of the frame in its current position."""

    def __init__(self, hand: "Hand") -> None:
        self.hand = hand
        self.view = hand.canvas.viewport()
        self._down: set[int] = set()
        self._last: dict[int, QPoint] = {}

    def at(self, place: At) -> QPoint:
        return self.hand.canvas.widget_position(*place)

    def touch(self, change: dict[int, QPoint | None]) -> None:
        """Move or press fingers, by number, or lift them (None)."""
        sequence = QTest.touchEvent(self.view, screen(), False)
        for number in self._down - set(change):
            sequence.stationary(number)
        for number, place in change.items():
            if place is None:
                sequence.release(number, self._last[number], self.view)
                self._down.discard(number)
            elif number in self._down:
                sequence.move(number, place, self.view)
            else:
                sequence.press(number, place, self.view)
                self._down.add(number)
            if place is not None:
                self._last[number] = place
        sequence.commit()

    def down(self, number: int, place: At) -> None:
        self.touch({number: self.at(place)})

    move = down

    def up(self, *numbers: int) -> None:
        self.touch(dict.fromkeys(numbers))

    def tap(self, *places: At) -> None:
        for place in places:
            self.down(0, place)
            self.up(0)


@pytest.fixture
def fingers(hand: "Hand") -> Fingers:
    # At 200 % the larger canvas extends beyond Qt's offscreen screen, where there are no touch events.
    hand.canvas.resize(380, 285)
    QApplication.processEvents()
    return Fingers(hand)


def painted(*moves: tuple[At, At], radius: int = 4) -> np.ndarray:
    frame = np.zeros(SHAPE, bool)
    for start, end in moves:
        box, covered = brush(SHAPE, (start[0] + 0.5, start[1] + 0.5), (end[0] + 0.5, end[1] + 0.5), radius)
        frame[box.slices] |= covered
    return frame


def later(hand: "Hand", milliseconds: int = 400) -> None:
    """Let this much time pass between the time stamps of events."""
    QTest.qWait(milliseconds)


def test_one_finger_draws_from_where_it_came_down(fingers: Fingers, hand: "Hand") -> None:
    fingers.down(0, (30, 30))
    assert not hand.pixels.any(), "it may be the first of two"
    fingers.move(0, (30, 60))
    assert hand.pixels[30, 45]
    fingers.move(0, (60, 60))
    fingers.up(0)
    assert np.array_equal(hand.pixels, painted(((30, 30), (30, 60)), ((30, 60), (60, 60))))
    assert hand.steps == 1
    assert hand.canvas._mouse is None, "a finger that is up points at nothing"


def test_a_tap_is_a_click(fingers: Fingers, hand: "Hand") -> None:
    fingers.tap((50, 50))
    assert np.array_equal(hand.pixels, painted(((50, 50), (50, 50))))
    hand.canvas.set_tool(Tool.POLYGON)
    fingers.tap((20, 20), (24, 120), (100, 110), (20, 20))
    assert hand.pixels[40, 90]
    assert hand.steps == 2


def test_two_taps_at_one_place_close_a_polygon(fingers: Fingers, hand: "Hand") -> None:
    hand.canvas.set_tool(Tool.POLYGON)
    fingers.tap((20, 20), (24, 120), (100, 110), (100, 110))
    assert hand.pixels[40, 90]
    assert hand.steps == 1


def test_two_fingers_zoom_and_pan_and_do_not_draw(fingers: Fingers, hand: "Hand") -> None:
    zoom = hand.canvas._zooms()[1]
    middle = hand.canvas.viewport().rect().center()
    there = hand.canvas.frame_place(QPointF(middle))
    apart, wider = QPoint(60, 0), QPoint(120, 0)
    fingers.touch({0: middle - apart})
    fingers.touch({1: middle + apart})
    fingers.touch({0: middle - wider, 1: middle + wider})
    assert hand.canvas._zooms()[1] == pytest.approx(2 * zoom, rel=0.01)
    assert hand.canvas.frame_place(QPointF(middle)) == pytest.approx(there, abs=0.1)
    step = QPoint(30, 20)
    fingers.touch({0: middle - wider + step, 1: middle + wider + step})
    assert hand.canvas._zooms()[1] == pytest.approx(2 * zoom, rel=0.01)
    assert hand.canvas.frame_place(QPointF(middle + step)) == pytest.approx(there, abs=0.1)
    # A finger that stays down after a pinch neither pans nor draws.
    fingers.up(1)
    fingers.touch({0: middle})
    fingers.up(0)
    assert not hand.pixels.any()
    assert hand.steps == 0
    assert hand.canvas.frame_place(QPointF(middle + step)) == pytest.approx(there, abs=0.1)
    fingers.tap((60, 80))
    assert hand.pixels[60, 80], "the next finger draws again"


def test_a_third_finger_makes_no_jump(fingers: Fingers, hand: "Hand") -> None:
    fingers.down(0, (60, 60))
    fingers.down(1, (60, 100))
    place, zoom = hand.canvas.frame_place(QPointF(100, 100)), hand.canvas._zooms()
    fingers.down(2, (20, 20))
    fingers.up(0)
    assert hand.canvas.frame_place(QPointF(100, 100)) == pytest.approx(place)
    assert hand.canvas._zooms() == pytest.approx(zoom)
    fingers.up(1, 2)


def test_a_stroke_is_taken_back_where_a_second_finger_follows_soon(fingers: Fingers, hand: "Hand") -> None:
    hand.canvas.set_tool(Tool.BRUSH)
    fingers.down(0, (30, 30))
    fingers.move(0, (30, 60))
    assert hand.pixels.any()
    fingers.down(1, (90, 90))
    assert not hand.pixels.any()
    assert hand.steps == 0
    fingers.move(0, (50, 50))
    fingers.up(0, 1)
    assert not hand.pixels.any()


def test_a_stroke_is_kept_where_a_second_finger_comes_down_late(fingers: Fingers, hand: "Hand") -> None:
    fingers.down(0, (30, 30))
    fingers.move(0, (30, 60))
    later(hand)
    fingers.down(1, (90, 90))
    fingers.move(0, (50, 80))
    fingers.up(0, 1)
    assert np.array_equal(hand.pixels, painted(((30, 30), (30, 60))))
    assert hand.steps == 1


def test_what_a_first_finger_did_to_an_open_outline_is_taken_back_and_no_more(fingers: Fingers, hand: "Hand") -> None:
    hand.canvas.set_tool(Tool.POLYGON)
    fingers.tap((20, 20), (24, 120))
    polygon = hand.canvas._tools[Tool.POLYGON]
    assert isinstance(polygon, PolygonTool)
    before = polygon.vertices
    fingers.down(0, (100, 110))
    fingers.move(0, (100, 60))
    assert len(polygon.vertices) == 3
    fingers.down(1, (60, 60))
    fingers.up(0, 1)
    assert polygon.vertices == before
    assert not polygon.can_redo
    hand.canvas.set_tool(Tool.LIVEWIRE)
    fingers.tap((35, 80), (60, 119))
    wire = hand.canvas._tools[Tool.LIVEWIRE]
    assert isinstance(wire, LivewireTool)
    fingers.down(0, (84, 80))
    fingers.move(0, (84, 60))
    assert len(wire.anchors) == 3
    fingers.down(1, (60, 60))
    fingers.up(0, 1)
    assert len(wire.anchors) == 2
    assert not wire.can_redo


def test_window_and_level_are_put_back_where_a_second_finger_follows(fingers: Fingers, hand: "Hand") -> None:
    hand.canvas.set_tool(Tool.WINDOW_LEVEL)
    window = hand.canvas.window_level
    fingers.down(0, (30, 30))
    fingers.move(0, (70, 80))
    assert hand.canvas.window_level != window
    fingers.down(1, (60, 60))
    assert hand.canvas.window_level == window
    fingers.up(0, 1)


def made_up(hand: "Hand", kind: QEvent.Type, at: At, source: Qt.MouseEventSource) -> None:
    place = QPointF(hand.canvas.widget_position(*at))
    where = QPointF(hand.canvas.viewport().mapToGlobal(place))
    held = Qt.MouseButton.NoButton if kind == QEvent.Type.MouseButtonRelease else Qt.MouseButton.LeftButton
    button = Qt.MouseButton.NoButton if kind == QEvent.Type.MouseMove else Qt.MouseButton.LeftButton
    event = QMouseEvent(kind, place, place, where, button, held, Qt.KeyboardModifier.NoModifier, source)
    QApplication.sendEvent(hand.canvas.viewport(), event)


def test_the_mouse_events_that_a_system_makes_up_from_fingers_do_not_draw(fingers: Fingers, hand: "Hand") -> None:
    def drag(source: Qt.MouseEventSource) -> None:
        made_up(hand, QEvent.Type.MouseButtonPress, (90, 30), source)
        made_up(hand, QEvent.Type.MouseMove, (90, 60), source)
        made_up(hand, QEvent.Type.MouseButtonRelease, (90, 60), source)

    fingers.tap((30, 30))
    once = hand.pixels.copy()
    for source in (Qt.MouseEventSource.MouseEventSynthesizedBySystem, Qt.MouseEventSource.MouseEventSynthesizedByQt):
        drag(source)
        assert np.array_equal(hand.pixels, once)
    drag(Qt.MouseEventSource.MouseEventNotSynthesized)
    assert hand.pixels[90, 45], "the mouse itself draws"


def test_without_a_touch_screen_such_events_are_all_there_is(hand: "Hand") -> None:
    source = Qt.MouseEventSource.MouseEventSynthesizedBySystem
    made_up(hand, QEvent.Type.MouseButtonPress, (90, 30), source)
    made_up(hand, QEvent.Type.MouseButtonRelease, (90, 30), source)
    assert hand.pixels[90, 30]


def test_a_touch_that_the_system_takes_away_is_taken_back(fingers: Fingers, hand: "Hand") -> None:
    fingers.down(0, (30, 30))
    fingers.move(0, (30, 60))
    point = QEventPoint(0, QEventPoint.State.Released, QPointF(), QPointF())
    cancel = QTouchEvent(QEvent.Type.TouchCancel, screen(), Qt.KeyboardModifier.NoModifier, [point])
    QApplication.sendEvent(hand.canvas.viewport(), cancel)
    assert not hand.pixels.any()
    fingers.up(0)
    assert hand.steps == 0


def test_a_stroke_that_began_on_a_proposal_is_taken_back_with_it(fingers: Fingers, hand: "Hand") -> None:
    proposals = hand.session.proposals
    proposals._found = (Proposal(hand.lesion, 0.9),)
    proposals._keep_free()
    assert proposals.offered
    fingers.down(0, (60, 80))
    fingers.move(0, (60, 150))
    assert hand.pixels[60, 150] and hand.pixels[60, 50], "the proposal, corrected"
    fingers.down(1, (90, 90))
    assert not hand.pixels.any()
    fingers.up(0, 1)


@cache
def pressing(able: bool) -> QPointingDevice:
    abilities = QInputDevice.Capability.Position
    if able:
        abilities |= QInputDevice.Capability.Pressure
    kind, pointer = QInputDevice.DeviceType.TouchScreen, QPointingDevice.PointerType.Finger
    return QPointingDevice("screen", 90 + able, kind, pointer, abilities, 10, 0)


class Pressed(QEventPoint):
    """A touch point with a pressure, which otherwise only Qt's platform code can set."""

    def __init__(self, pressure: float) -> None:
        super().__init__(1, QEventPoint.State.Updated, QPointF(), QPointF())
        self._pressure = pressure

    def pressure(self) -> float:
        return self._pressure


def test_pressure_counts_where_the_screen_tells_it() -> None:
    assert pressure_of(pressing(True), Pressed(0.3)) == 0.3
    assert pressure_of(pressing(True), Pressed(0.0)) == 1.0, "as it comes up"
    assert pressure_of(pressing(False), Pressed(0.3)) == 1.0
    assert pressure_of(None, Pressed(0.3)) == 1.0
