"""The menus: mnemonics, and shortcuts saved under former command ids."""

from collections import Counter

import pytest
from PySide6.QtWidgets import QMenu
from pytestqt.qtbot import QtBot

from csamoe_desktop.session.lesion_work import ResultState
from csamoe_desktop.settings import Settings
from csamoe_desktop.ui.shell.app import make_window
from csamoe_desktop.ui.shell.command_table import with_present_ids
from csamoe_desktop.ui.shell.main_window import MainWindow


def mnemonics(texts: list[str]) -> Counter[str]:
    """Count the letters that follow a menu mark."""
    return Counter(text[text.index("&") + 1].lower() for text in texts if "&" in text)


def test_no_two_entries_of_a_menu_share_a_mnemonic(window: MainWindow) -> None:
    bar = window.menuBar()
    menus = [action.menu() for action in bar.actions()]
    assert max(mnemonics([action.text() for action in bar.actions()]).values()) == 1
    for menu in menus:
        assert isinstance(menu, QMenu)
        letters = mnemonics([action.text() for action in menu.actions()])
        assert max(letters.values()) == 1, (menu.title(), letters)


@pytest.mark.parametrize(
    ("saved", "present"),
    [
        ({"own_read": "F6"}, {"assessment": "F6"}),
        ({"skip_own_read": ""}, {"skip_assessment": ""}),
        ({"own_read": "F6", "assessment": "F7"}, {"assessment": "F7"}),
        ({"assessment": "F7", "own_read": "F6"}, {"assessment": "F7"}),
        ({"open": "F8", "nobody": "F9"}, {"open": "F8", "nobody": "F9"}),
    ],
)
def test_former_ids_become_present_ones(saved: dict[str, str], present: dict[str, str]) -> None:
    assert with_present_ids(saved) == present


def test_shortcuts_saved_under_former_ids_still_work(qtbot: QtBot) -> None:
    window = make_window(Settings(shortcuts={"own_read": "F6", "skip_own_read": "F7"}))
    qtbot.addWidget(window)
    keys = window.actions_table.keys
    assert (keys["assessment"], keys["skip_assessment"]) == (("F6",), ("F7",))
    assert window.actions_table["assessment"].shortcut().toString() == "F6"
    assert window.messages.shown() == []
    window.close()


def test_the_next_step_names_the_keys_of_assessment_and_skip(window: MainWindow) -> None:
    keys = window.actions_table
    text = window.result._next_steps[ResultState.HIDDEN]
    assert keys.key("assessment") == "Ctrl+R"
    assert all(keys.key(name) in text for name in ("assessment", "assess", "skip_assessment")), text
