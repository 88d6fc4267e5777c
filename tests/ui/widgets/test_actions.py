"""The table of commands, and the menus, keys and pages built from it."""

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLineEdit, QMenu, QToolBar
from pytestqt.qtbot import QtBot

from csamoe_desktop import paths
from csamoe_desktop.settings import Settings
from csamoe_desktop.study.phantom import DemoStudy
from csamoe_desktop.ui.shell.app import make_window
from csamoe_desktop.ui.shell.command_table import MENUS, TOOLBAR
from csamoe_desktop.ui.shell.help_dialogs import keys_page
from csamoe_desktop.ui.shell.main_window import MainWindow
from csamoe_desktop.ui.tools.base import Tool
from csamoe_desktop.ui.widgets.actions import Command, conflicts, keys_in_use, portable

Open = Callable[..., None]

TWO = (
    Command("one", "View", "&One…", lambda: None, ("A", "B")),
    Command("two", "View", "Two", lambda: None, ("C",)),
    Command("three", "View", "Three", lambda: None),
)


def test_every_command_has_a_text_a_menu_an_id_of_its_own_and_icons_that_exist(window: MainWindow) -> None:
    commands = window.actions_table.commands
    assert len({command.id for command in commands}) == len(commands)
    for command in commands:
        assert command.plain_text.strip()
        assert command.menu.partition(".")[0] in MENUS
        if command.icon:
            assert (paths.resources() / "icons" / f"{command.icon}.svg").is_file()
            assert not window.actions_table[command.id].icon().isNull()


def test_no_two_commands_share_a_key_and_every_key_is_one(window: MainWindow) -> None:
    keys = {command.id: command.keys for command in window.actions_table.commands}
    assert conflicts(keys) == {}
    for its_keys in keys.values():
        for key in its_keys:
            assert portable(key) == key


def test_the_house_plans_keys_are_there(window: MainWindow) -> None:
    keys = window.actions_table.keys
    assert {name: keys[name] for name in ("fit", "reset", "invert", "cine", "first_frame", "last_frame", "undo", "redo")} == {
        "fit": ("=",), "reset": ("Space",), "invert": ("I",), "cine": ("C",), "first_frame": ("Home",),
        "last_frame": ("End",), "undo": ("Ctrl+Z",), "redo": ("Ctrl+Y", "Ctrl+Shift+Z"),
    }  # fmt: skip
    assert keys["assess"][0] == "Ctrl+Return"
    assert {keys[name][0] for name in ("larger_brush", "smaller_brush", "cancel_tool", "hide_overlays")} == {
        "]", "[", "Esc", "H",
    }  # fmt: skip


def test_every_command_is_in_its_menu(window: MainWindow) -> None:
    menus = {menu.title().replace("&", ""): menu for menu in window.menuBar().findChildren(QMenu)}
    for command in window.actions_table.commands:
        menu = menus[command.menu.partition(".")[0]]
        assert window.actions_table[command.id] in menu.actions()
    toolbar = window.findChild(QToolBar)
    assert toolbar is not None
    for name in filter(None, TOOLBAR):
        assert window.actions_table[name] in toolbar.actions()


def test_conflicts_names_the_key_and_who_wants_it() -> None:
    assert conflicts({"a": ("ctrl+z",), "b": ("Ctrl+Z", "X"), "c": ("Y",)}) == {"Ctrl+Z": ("a", "b")}


def test_a_chosen_key_replaces_its_commands_keys() -> None:
    assert keys_in_use(TWO, {"one": "ctrl+k", "two": ""}) == ({"one": ("Ctrl+K",), "two": (), "three": ()}, [])


def test_two_commands_may_swap_their_keys() -> None:
    assert keys_in_use(TWO, {"one": "C", "two": "A"}) == ({"one": ("C",), "two": ("A",), "three": ()}, [])


@pytest.mark.parametrize(
    "chosen", [{"three": "C"}, {"one": "Z", "three": "Z"}, {"two": "A"}, {"one": "nonsense"}, {"nobody": "Q"}]
)
def test_a_conflicting_or_impossible_choice_is_refused_and_said(chosen: dict[str, str]) -> None:
    keys, refused = keys_in_use(TWO, chosen)
    assert keys == {"one": ("A", "B"), "two": ("C",), "three": ()}
    assert refused


def test_one_bad_choice_does_not_cost_a_good_one() -> None:
    keys, refused = keys_in_use(TWO, {"three": "C", "one": "Q"})
    assert keys == {"one": ("Q",), "two": ("C",), "three": ()}
    assert len(refused) == 1
    assert "'Two'" in refused[0]
    assert "'Three'" in refused[0]


def test_the_page_of_keys_names_every_command_with_a_key(window: MainWindow) -> None:
    page = keys_page(window.actions_table)
    for command in window.actions_table.commands:
        if command.keys:
            assert command.plain_text in page
            assert f">{command.id}<" in page
    assert "Shift + wheel" in page


def test_what_cannot_be_done_is_disabled(
    window: MainWindow, open_files: Open, demo: DemoStudy, mark: Callable[[object], None]
) -> None:
    def enabled(*names: str) -> list[bool]:
        return [window.actions_table[name].isEnabled() for name in names]

    assert enabled("open", "fit", "assess", "undo", "redo", "import_mask", "export", "cine") == [True] + [False] * 7
    open_files(window.session, demo.smooth)
    assert enabled("fit", "import_mask", "assess", "undo", "cine") == [True, True, False, False, False]
    mark(window.session)
    assert enabled("assess", "undo", "redo", "clear_mask", "export") == [True, True, False, True, False]
    window.session.mask_commands.undo()
    assert enabled("assess", "undo", "redo") == [False, False, True]
    open_files(window.session, demo.cine)
    assert enabled("cine", "first_frame") == [True, True]


def test_keys_work_on_the_image(window: MainWindow, open_files: Open, demo: DemoStudy, qtbot: QtBot) -> None:
    open_files(window.session, demo.cine)
    window.canvas.setFocus()
    for key, tool in ((Qt.Key.Key_B, Tool.BRUSH), (Qt.Key.Key_E, Tool.ERASER), (Qt.Key.Key_P, Tool.POLYGON)):
        qtbot.keyClick(window.canvas, key)
        assert window.canvas.tool is tool
        assert window.actions_table[tool.value].isChecked()
    radius = window.canvas.brush_radius
    qtbot.keyClick(window.canvas, Qt.Key.Key_BracketRight)
    assert window.canvas.brush_radius > radius
    qtbot.keyClick(window.canvas, Qt.Key.Key_I)
    assert window.canvas.window_level.inverted
    assert window.actions_table["invert"].isChecked()
    qtbot.keyClick(window.canvas, Qt.Key.Key_Space)
    assert not window.canvas.window_level.inverted
    qtbot.keyClick(window.canvas, Qt.Key.Key_End)
    assert window.session.study is not None
    assert window.session.frame is not None
    assert window.session.frame.index == window.session.study.frame_count - 1
    qtbot.keyClick(window.canvas, Qt.Key.Key_Left)
    assert window.session.frame.index == window.session.study.frame_count - 2
    qtbot.keyClick(window.canvas, Qt.Key.Key_Home)
    assert window.session.frame.index == 0


def test_keys_work_on_the_study_list_too(window: MainWindow, open_files: Open, demo: DemoStudy, qtbot: QtBot) -> None:
    open_files(window.session, demo.cine)
    window.study_list.frames.setFocus()
    qtbot.keyClick(window.study_list.frames, Qt.Key.Key_Down)
    assert window.session.frame is not None
    assert window.session.frame.index == 1
    qtbot.keyClick(window.study_list.frames, Qt.Key.Key_I)
    assert window.canvas.window_level.inverted


def test_typing_a_comment_sets_nothing_off(window: MainWindow, open_files: Open, demo: DemoStudy, qtbot: QtBot) -> None:
    open_files(window.session, demo.cine)
    window.session.navigation.to_frame(1)
    started: list[str] = []
    window.actions_table.started.connect(started.append)
    for box in (window.assessment.comment, window.assessment.reader):
        box.setFocus()
        qtbot.keyClicks(box, "bepwich =[]BEPWICH")
        assert "bepwich =[]BEPWICH" in (box.text() if isinstance(box, QLineEdit) else box.toPlainText())
        for key in (Qt.Key.Key_Home, Qt.Key.Key_End, Qt.Key.Key_Left, Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_Space):
            qtbot.keyClick(box, key)
        qtbot.keyClick(box, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
        qtbot.keyClick(box, Qt.Key.Key_Y, Qt.KeyboardModifier.ControlModifier)
    assert started == []
    assert window.session.frame is not None
    assert window.session.frame.index == 1


def test_the_alt_key_alone_stays_with_the_brush(
    window: MainWindow, open_files: Open, demo: DemoStudy, qtbot: QtBot
) -> None:
    open_files(window.session, demo.smooth)
    window.canvas.setFocus()
    qtbot.keyPress(window.canvas, Qt.Key.Key_Alt)
    qtbot.keyRelease(window.canvas, Qt.Key.Key_Alt)
    assert window.canvas.hasFocus()
    assert window.menuBar().activeAction() is None


def test_a_key_chosen_in_the_settings_is_used(qtbot: QtBot, open_files: Open, small_png: Path) -> None:
    window = make_window(Settings(shortcuts={"invert": "U", "fit": "B"}))
    qtbot.addWidget(window)
    window.show()
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    assert "The key B is assigned to 'Fit' and 'Brush'" in window.messages.shown()[0].text
    open_files(window.session, small_png)
    window.canvas.setFocus()
    qtbot.keyClick(window.canvas, Qt.Key.Key_I)
    assert not window.canvas.window_level.inverted
    qtbot.keyClick(window.canvas, Qt.Key.Key_U)
    assert window.canvas.window_level.inverted
    assert window.actions_table.keys["fit"] == ("=",)
    window.close()


def test_the_keys_told_are_those_in_use(qtbot: QtBot, open_files: Open, small_png: Path) -> None:
    window = make_window(Settings(shortcuts={"open": "F7", "brush": "", "polygon": "Y"}))
    qtbot.addWidget(window)
    assert window.canvas._empty.text == "Drop a study here, or press F7"
    assert window.result.next_step.text() == "Drop a study on the window, or press F7."
    open_files(window.session, small_png)
    assert "the brush or the polygon (Y)" in window.result.next_step.text()
    window.close()
