"""Which keys go to the image: keys that move through images never change a closed box, and letters reach the image."""

import ast
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

import csamoe_desktop.ui
from csamoe_desktop.reader.assessment import Assessment
from csamoe_desktop.session.session import Session
from csamoe_desktop.study.phantom import DemoStudy
from csamoe_desktop.ui.dialogs.lesion_dialog import DescribeDialog
from csamoe_desktop.ui.dialogs.settings_dialog import SettingsDialog
from csamoe_desktop.ui.shell.main_window import MainWindow
from csamoe_desktop.ui.tools.base import Tool
from csamoe_desktop.ui.widgets.still import StillCombo, StillDoubleSpin, StillSlider, StillSpin

Open = Callable[..., None]
Key = Qt.Key
MOVING = (
    Key.Key_PageDown,
    Key.Key_PageUp,
    Key.Key_Home,
    Key.Key_End,
    Key.Key_Up,
    Key.Key_Down,
    Key.Key_Left,
    Key.Key_Right,
)
CONTROL = Qt.KeyboardModifier.ControlModifier


def has_focus(widget: QWidget) -> bool:
    focus = QApplication.focusWidget()
    return focus is not None and (widget is focus or widget.isAncestorOf(focus))


def turn_wheel(widget: QWidget) -> None:
    """Turn the wheel over a widget, further down than up."""
    for notch in (-120, 120, -120):
        turn = QWheelEvent(
            QPointF(5, 5), QPointF(widget.mapToGlobal(QPoint(5, 5))), QPoint(0, 0), QPoint(0, notch), Qt.MouseButton.NoButton,
            Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
        )  # fmt: skip
        QApplication.sendEvent(widget, turn)


def test_keys_that_move_leave_a_given_category_alone(
    window: MainWindow, open_files: Open, small_png: Path, mark: Callable[[Session], None], qtbot: QtBot
) -> None:
    open_files(window.session, small_png)
    mark(window.session)
    box = window.assessment.category
    qtbot.keyClick(window.canvas, Key.Key_R, CONTROL)
    assert has_focus(box)
    qtbot.keyClicks(box, "4a")
    assert window.session.assessments.current == Assessment("4A")
    assert has_focus(window.canvas), "the category is whole: the keys are the image's again"
    box.setFocus()
    for key in MOVING:
        for modifier in (Qt.KeyboardModifier.NoModifier, CONTROL, Qt.KeyboardModifier.ShiftModifier):
            qtbot.keyClick(box, key, modifier)
            assert window.session.assessments.current == Assessment("4A"), key
    turn_wheel(box)
    assert window.session.assessments.current == Assessment("4A")


def test_half_a_category_chooses_nothing(window: MainWindow, open_files: Open, small_png: Path, qtbot: QtBot) -> None:
    open_files(window.session, small_png)
    box, reads = window.assessment.category, window.session.assessments
    qtbot.keyClick(window.canvas, Key.Key_R, CONTROL)
    qtbot.keyClicks(box, "4")
    assert (reads.current.category, box.typed) == ("", "4")
    assert "A, B or C" in box.shown_text() or "…" in box.shown_text()
    qtbot.keyClicks(box, "3")
    assert reads.current.category == "3", "a digit begins anew"
    qtbot.keyClick(window.canvas, Key.Key_R, CONTROL)
    qtbot.keyClicks(box, "4")
    qtbot.keyClick(box, Key.Key_P)
    assert window.canvas.tool is Tool.POLYGON, "a letter that is no category's is the image's"
    assert (reads.current.category, box.typed) == ("3", "")
    qtbot.keyClicks(box, "4")
    window.canvas.setFocus()
    assert box.typed == ""
    box.setFocus()
    qtbot.keyClicks(box, "a")
    assert (reads.current.category, window.canvas.tool) == ("3", Tool.PROPOSE)


def test_the_next_study_after_a_category_is_one_key_and_leaves_it(
    window: MainWindow, open_files: Open, small_png: Path, demo: DemoStudy, qtbot: QtBot
) -> None:
    session = window.session
    open_files(session, small_png, demo.smooth)
    first, second = session.studies
    session.navigation.to_study(first)
    qtbot.keyClick(window.canvas, Key.Key_R, CONTROL)
    qtbot.keyClicks(window.assessment.category, "2")
    window.assessment.category.setFocus()
    qtbot.keyClick(window.assessment.category, Key.Key_PageDown if session.study is first else Key.Key_PageUp)
    assert session.study is second
    assert session.assessments.current == Assessment()
    assert has_focus(window.canvas)
    session.navigation.to_study(first)
    assert session.assessments.current == Assessment("2")


def test_letters_reach_the_image_from_every_panel(
    window: MainWindow, open_files: Open, small_png: Path, qtbot: QtBot
) -> None:
    open_files(window.session, small_png)
    places = [
        window.lesion.list,
        window.assessment.category,
        *window.assessment.terms.values(),
        window.assessment.management,
        window.report.examination,
        window.study_list.studies,
        window.study_list.frames,
    ]
    for place in places:
        place.setFocus()
        assert has_focus(place), place
        for key, tool in (
            (Key.Key_P, Tool.POLYGON),
            (Key.Key_A, Tool.PROPOSE),
            (Key.Key_B, Tool.BRUSH),
            (Key.Key_W, Tool.WINDOW_LEVEL),
        ):
            qtbot.keyClick(place, key)
            assert window.canvas.tool is tool, place
        inverted = window.canvas.window_level.inverted
        qtbot.keyClick(place, Key.Key_I)
        assert window.canvas.window_level.inverted is not inverted
    assert len(window.session.lesions.on_frame) == 1
    window.lesion.list.setFocus()
    assert window.session.work is not None
    window.session.lesions.comment(window.session.work, "first")
    qtbot.keyClick(window.lesion.list, Key.Key_N)
    assert len(window.session.lesions.on_frame) == 2
    qtbot.keyClick(window.lesion.list, Key.Key_J)
    assert window.session.work.number == 1


def test_what_is_typed_into_a_text_stays_there(
    window: MainWindow, open_files: Open, small_png: Path, demo: DemoStudy, qtbot: QtBot
) -> None:
    open_files(window.session, small_png, demo.smooth)
    study = window.session.study
    for field in (window.assessment.comment, window.assessment.reader):
        field.setFocus()
        qtbot.keyClicks(field, "pambnj[]= 4a")
        for key in (Key.Key_Return, Key.Key_PageDown, Key.Key_PageUp, Key.Key_Home, Key.Key_End, Key.Key_Left):
            qtbot.keyClick(field, key)
        assert window.canvas.tool is Tool.WINDOW_LEVEL
        assert window.session.study is study
        assert len(window.session.lesions.on_frame) == 1
    assert window.assessment.comment.toPlainText().strip() == "pambnj[]= 4a"
    assert window.assessment.reader.text() == "pambnj[]= 4a"
    assert window.session.assessments.current == Assessment()


def test_enter_accepts_from_a_list_and_presses_a_question(
    window: MainWindow, open_files: Open, small_png: Path, qtbot: QtBot
) -> None:
    open_files(window.session, small_png)
    answers: list[str] = []
    question = window.messages.question("Resize it?", "", "Resize", lambda: answers.append("yes"))
    button = question.add_button("Other", lambda: answers.append("other"))
    button.setFocus()
    qtbot.keyClick(button, Key.Key_Return)
    assert answers == ["other"]


def test_boxes_of_the_dialogs_stand_still(window: MainWindow, open_files: Open, small_png: Path, qtbot: QtBot) -> None:
    open_files(window.session, small_png)
    for make in (SettingsDialog, DescribeDialog):
        dialog = make(window.session, window)
        qtbot.addWidget(dialog)
        dialog.show()
        boxes: list[QWidget] = [
            box for kind in (StillCombo, StillSpin, StillDoubleSpin, StillSlider) for box in dialog.findChildren(kind)
        ]
        assert boxes
        for box in boxes:
            value = box.currentIndex() if isinstance(box, StillCombo) else box.value()  # type: ignore[attr-defined]
            turn_wheel(box)
            box.setFocus()
            turn_wheel(box)
            keys = MOVING if isinstance(box, StillCombo) else (Key.Key_PageDown, Key.Key_PageUp)
            for key in keys:
                qtbot.keyClick(box, key)
            now = box.currentIndex() if isinstance(box, StillCombo) else box.value()  # type: ignore[attr-defined]
            assert now == value, box
        dialog.reject()


def test_every_box_of_the_window_is_a_still_one() -> None:
    """Qt's own boxes change with the wheel and with PgDown."""
    plain = {"QComboBox", "QSpinBox", "QDoubleSpinBox", "QSlider", "QDial", "QDateEdit", "QTimeEdit", "QDateTimeEdit"}
    for file in Path(next(iter(csamoe_desktop.ui.__path__))).rglob("*.py"):
        if file.name == "still.py":
            continue
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                assert node.func.id not in plain, f"{file.name}:{node.lineno}"


@pytest.mark.parametrize("place", [0.02, 0.25, 0.5, 0.9])
def test_a_click_on_the_cine_slider_goes_there(
    window: MainWindow, open_files: Open, demo: DemoStudy, qtbot: QtBot, place: float
) -> None:
    open_files(window.session, demo.cine)
    study = window.session.study
    assert study is not None
    (slider,) = window.findChildren(StillSlider)
    qtbot.mouseClick(slider, Qt.MouseButton.LeftButton, pos=QPoint(round(place * slider.width()), slider.height() // 2))
    wanted = place * (study.frame_count - 1)
    qtbot.waitUntil(lambda: window.session.frame is not None and abs(window.session.frame.index - wanted) <= 1.5)
