"""Undo and redo while a polygon or livewire is open: first its corners, then the steps of the mask."""

from typing import TYPE_CHECKING

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from csamoe_desktop.lesion.mask import Author
from csamoe_desktop.lesion.tools import Place
from csamoe_desktop.ui.shell.main_window import MainWindow
from csamoe_desktop.ui.tools.base import Tool
from csamoe_desktop.ui.tools.livewire import LivewireTool
from csamoe_desktop.ui.tools.polygon import PolygonTool

if TYPE_CHECKING:
    from conftest import Hand

CORNERS = [(20, 20), (24, 120), (100, 110), (90, 30)]
CONTROL = Qt.KeyboardModifier.ControlModifier


def vertices(hand: "Hand") -> list[Place]:
    tool = hand.canvas._tools[Tool.POLYGON]
    assert isinstance(tool, PolygonTool)
    return list(tool.vertices)


def anchors(hand: "Hand") -> list[Place]:
    tool = hand.canvas._tools[Tool.LIVEWIRE]
    assert isinstance(tool, LivewireTool)
    return list(tool.anchors)


def test_undo_takes_back_a_polygons_corners_one_by_one_before_any_step_of_the_mask(hand: "Hand") -> None:
    hand.mark(np.eye(120, 160, dtype=bool))
    hand.canvas.set_tool(Tool.POLYGON)
    hand.click(*CORNERS)
    places = [hand.place(at) for at in CORNERS]
    for left in (3, 2, 1, 0):
        assert hand.canvas.can_undo
        hand.canvas.undo()
        assert vertices(hand) == places[:left]
        assert hand.steps == 1
    for there in (1, 2, 3):
        hand.canvas.redo()
        assert vertices(hand) == places[:there]
    hand.click((110, 140))
    assert not hand.canvas.can_redo, "something else was done"
    for _ in range(4):
        hand.canvas.undo()
    hand.canvas.undo()
    assert hand.steps == 0, "with no corner left, the mask's step"
    assert not hand.pixels.any()
    hand.canvas.redo()
    assert hand.pixels.any() and vertices(hand) == [], "what was taken back last comes first"


def test_a_move_an_insertion_and_a_deletion_are_a_step_each(hand: "Hand") -> None:
    hand.canvas.set_tool(Tool.POLYGON)
    hand.click(*CORNERS)
    before = vertices(hand)
    hand.drag(CORNERS[1], (40, 130), (50, 140))
    moved = vertices(hand)
    hand.drag((95, 70), (110, 70))
    inserted = vertices(hand)
    hand.move(CORNERS[0])
    hand.key(Qt.Key.Key_Delete)
    deleted = vertices(hand)
    assert [len(places) for places in (before, moved, inserted, deleted)] == [4, 4, 5, 4]
    for state in (inserted, moved, before):
        hand.canvas.undo()
        assert vertices(hand) == state
    for state in (moved, inserted, deleted):
        hand.canvas.redo()
        assert vertices(hand) == state
    assert hand.steps == 0


def test_a_corner_in_hand_is_put_back_by_undo(hand: "Hand") -> None:
    hand.canvas.set_tool(Tool.POLYGON)
    hand.click(*CORNERS)
    before = vertices(hand)
    hand.press(CORNERS[1])
    hand.move((50, 140))
    hand.canvas.undo()
    hand.release((50, 140))
    assert vertices(hand) == before
    hand.canvas.redo()
    assert vertices(hand)[1] == hand.place((50, 140))


def test_once_closed_undo_takes_back_the_polygon(hand: "Hand") -> None:
    hand.canvas.set_tool(Tool.POLYGON)
    hand.click(*CORNERS, CORNERS[0])
    assert hand.pixels[60, 60]
    hand.canvas.undo()
    assert not hand.pixels.any()
    assert vertices(hand) == []
    hand.canvas.redo()
    assert hand.pixels[60, 60]


def test_a_closed_polygons_corners_are_not_brought_into_the_next_one_by_undo(hand: "Hand") -> None:
    hand.canvas.set_tool(Tool.POLYGON)
    hand.click((10, 10), (10, 40), (40, 40), (10, 10), (80, 80))
    hand.canvas.undo()
    assert vertices(hand) == []
    assert hand.steps == 1


def test_undo_takes_back_a_wires_anchors_with_their_legs(hand: "Hand") -> None:
    hand.canvas.set_tool(Tool.LIVEWIRE)
    around = [(35, 80), (60, 119), (84, 80), (60, 40)]
    hand.click(*around)
    tool = hand.canvas._tools[Tool.LIVEWIRE]
    assert isinstance(tool, LivewireTool)
    places, legs = anchors(hand), list(tool._legs)
    hand.canvas.undo()
    hand.key(Qt.Key.Key_Backspace)
    assert anchors(hand) == places[:2]
    for _ in range(2):
        hand.canvas.undo()
    assert anchors(hand) == []
    for _ in range(4):
        hand.canvas.redo()
    assert anchors(hand) == places
    assert tool._legs == legs
    hand.canvas.undo()
    hand.click((70, 50))
    assert not hand.canvas.can_redo
    hand.key(Qt.Key.Key_Return)
    assert hand.steps == 1
    hand.canvas.undo()
    assert not hand.pixels.any()


@pytest.mark.parametrize("tool", [Tool.POLYGON, Tool.LIVEWIRE])
def test_the_commands_follow_what_is_in_hand(qtbot: QtBot, small_window: MainWindow, tool: Tool) -> None:
    window, canvas = small_window, small_window.canvas
    undo, redo = window.actions_table["undo"], window.actions_table["redo"]
    canvas.set_tool(tool)
    canvas.setFocus()
    assert not undo.isEnabled()

    def click(row: int, column: int) -> None:
        QTest.mouseClick(canvas.viewport(), Qt.MouseButton.LeftButton, pos=canvas.widget_position(row, column))

    click(10, 10)
    assert undo.isEnabled() and not redo.isEnabled()
    click(10, 40)
    QTest.keyClick(canvas, Qt.Key.Key_Z, CONTROL)
    assert undo.isEnabled() and redo.isEnabled()
    QTest.keyClick(canvas, Qt.Key.Key_Z, CONTROL)
    assert not undo.isEnabled() and redo.isEnabled()
    QTest.keyClick(canvas, Qt.Key.Key_Y, CONTROL)
    assert undo.isEnabled()
    QTest.keyClick(canvas, Qt.Key.Key_Escape)
    assert not undo.isEnabled() and not redo.isEnabled()
    click(30, 30)
    canvas.set_tool(Tool.BRUSH)
    assert not undo.isEnabled()
    assert window.session.mask is not None
    window.session.mask.replace(np.ones((48, 64), bool), Author.DRAWN)
    window.session.emit_mask_changed(None)
    canvas.set_tool(tool)
    click(10, 10)
    QTest.mouseMove(canvas.viewport(), QPoint(5, 5))
    for _ in range(2):
        assert undo.isEnabled()
        QTest.keyClick(canvas, Qt.Key.Key_Z, CONTROL)
    assert window.session.mask.empty
