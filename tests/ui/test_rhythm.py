"""Working through many cases: nothing interrupts the reader, and nothing is lost."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from PySide6.QtCore import QPoint, QRect, QSize, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QPushButton, QScrollArea, QWidget
from pytestqt.qtbot import QtBot

from csamoe_desktop.errors import UserError
from csamoe_desktop.reader.assessment import Assessment
from csamoe_desktop.session.lesion_work import ResultState
from csamoe_desktop.session.session import Session
from csamoe_desktop.settings import Settings
from csamoe_desktop.study.opening import inspect, open_study
from csamoe_desktop.study.phantom import DemoStudy
from csamoe_desktop.ui.shell.app import make_window
from csamoe_desktop.ui.shell.main_window import MainWindow
from csamoe_desktop.ui.tools.base import Tool
from csamoe_desktop.ui.widgets.fitting import fit_on_screen, screen_of
from csamoe_desktop.ui.widgets.messages import Kind

Open = Callable[..., None]
Do = Callable[[Session], None]
Key = Qt.Key
CONTROL = Qt.KeyboardModifier.ControlModifier
LEFT = Qt.MouseButton.LeftButton


def questions(window: MainWindow) -> list[str]:
    return [one.text for one in window.messages.shown() if one.kind is Kind.QUESTION]


def inside(screen: QRect, window: QWidget) -> bool:
    """Return whether a window lies on the screen, except for the thin sides of its frame."""
    return screen.adjusted(-8, 0, 16, 8).contains(window.frameGeometry())


# -- messages


@pytest.fixture
def wrong_size(tmp_path: Path) -> Path:
    file = tmp_path / "other-mask.png"
    mask = np.zeros((20, 30), np.uint8)
    mask[5:15, 5:20] = 255
    file.write_bytes(cv2.imencode(".png", mask)[1].tobytes())
    return file


def test_esc_answers_the_question_and_leaves_the_rest(
    window: MainWindow, open_files: Open, small_png: Path, wrong_size: Path, qtbot: QtBot
) -> None:
    open_files(window.session, small_png)
    window.canvas.set_tool(Tool.POLYGON)
    QTest.mouseClick(window.canvas.viewport(), LEFT, pos=window.canvas.widget_position(10, 10))
    window.import_mask(wrong_size)
    assert len(questions(window)) == 1
    qtbot.keyClick(window.canvas, Key.Key_Escape)
    assert questions(window) == []
    assert window.session.line_open(), "the question alone was answered"
    assert window.session.mask is not None
    assert window.session.mask.empty
    window.import_mask(wrong_size)
    window.assessment.comment.setFocus()
    qtbot.keyClick(window.assessment.comment, Key.Key_Escape)
    assert questions(window) == [], "wherever the keyboard is"
    qtbot.keyClick(window.assessment.comment, Key.Key_Escape)
    assert window.session.line_open(), "in a text, Esc takes nothing else back"
    window.canvas.setFocus()
    qtbot.keyClick(window.canvas, Key.Key_Escape)
    assert not window.session.line_open()


def test_questions_do_not_stack(window: MainWindow, open_files: Open, small_png: Path, wrong_size: Path) -> None:
    open_files(window.session, small_png)
    window.messages.question("First?", "", "Yes", lambda: None)
    window.import_mask(wrong_size)
    window.import_mask(wrong_size)
    assert len(questions(window)) == 1
    assert "20" in questions(window)[0]


def test_a_banner_moves_nothing_under_the_hand(
    window: MainWindow, open_files: Open, small_png: Path, qtbot: QtBot
) -> None:
    open_files(window.session, small_png)
    window.messages.clear()
    canvas, session = window.canvas, window.session
    canvas.set_tool(Tool.BRUSH)
    before, size = canvas.mapToGlobal(canvas.widget_position(20, 30)), canvas.size()
    view = canvas.viewport()
    QTest.mousePress(view, LEFT, pos=canvas.widget_position(20, 30))
    for number in range(3):
        window.messages.failure(UserError(f"A file {number} could not be opened.", "Copy it again."))
        QTest.mouseMove(view, canvas.widget_position(20, 31 + number))
    assert canvas.mapToGlobal(canvas.widget_position(20, 30)) == before
    assert canvas.size() == size
    assert session.mask is not None
    assert session.mask.in_stroke, "and the stroke goes on"
    QTest.mouseRelease(view, LEFT, pos=canvas.widget_position(20, 34))
    assert window.messages.isVisible()
    assert window.messages.geometry().top() == canvas.geometry().top()
    qtbot.waitUntil(lambda: window.messages.height() > 60)
    window.messages.clear()
    assert canvas.mapToGlobal(canvas.widget_position(20, 30)) == before


def test_notices_of_one_image_do_not_stand_on_the_next(
    window: MainWindow, open_files: Open, small_png: Path, demo: DemoStudy, tmp_path: Path
) -> None:
    session = window.session
    open_files(session, small_png, demo.cine)
    session.failed.emit(UserError("The box holds no lesion.", ""))
    session.noted.emit("The area is smaller by 3 %.")
    assert len(window.messages.shown()) >= 2
    session.navigation.to_frame(1)
    assert [one.text for one in window.messages.shown()] == []
    session.failed.emit(UserError("The box holds no lesion.", ""))
    session.navigation.to_study(session.studies[0])
    assert [one.text for one in window.messages.shown()] == []
    session.failed.emit(KeyError("inside"))
    session.navigation.to_study(session.studies[1])
    assert [one.kind for one in window.messages.shown()] == [Kind.FAULT], "a fault is to be read"


def test_what_could_not_be_opened_is_still_said_when_the_next_file_is_there(
    window: MainWindow, open_files: Open, small_png: Path, demo: DemoStudy, tmp_path: Path
) -> None:
    open_files(window.session, demo.smooth)
    window.session.open(tmp_path / "missing.png", small_png)
    open_files(window.session, small_png)
    assert window.session.study is not None
    assert window.session.study.path == small_png
    assert any("missing.png" in one.text for one in window.messages.shown())


# -- deleting


def test_a_deleted_lesion_is_said_and_ctrl_z_brings_it_back(
    window: MainWindow, open_files: Open, small_png: Path, mark: Do, qtbot: QtBot
) -> None:
    session = window.session
    open_files(session, small_png)
    mark(session)
    session.assessments.change(Assessment("4A"))
    window.actions_table["delete_lesion"].trigger()
    assert session.mask is not None
    assert session.mask.empty
    assert "Lesion 1 was deleted" in window.messages.shown()[0].text
    qtbot.keyClick(window.canvas, Key.Key_Z, CONTROL)
    assert not session.mask.empty
    assert session.assessments.current == Assessment("4A")
    qtbot.keyClick(window.canvas, Key.Key_Z, CONTROL)
    assert session.mask.empty, "the next step back is the outline's own"


def test_what_was_drawn_after_a_deletion_is_taken_back_first(
    window: MainWindow, open_files: Open, small_png: Path, mark: Do, qtbot: QtBot
) -> None:
    session = window.session
    open_files(session, small_png)
    mark(session)
    session.lesions.add()
    mark(session)
    window.actions_table["delete_lesion"].trigger()
    assert [work.number for work in session.lesions.on_frame] == [1]
    window.canvas.set_tool(Tool.BRUSH)
    QTest.mouseClick(window.canvas.viewport(), LEFT, pos=window.canvas.widget_position(5, 5))
    qtbot.keyClick(window.canvas, Key.Key_Z, CONTROL)
    assert [work.number for work in session.lesions.on_frame] == [1]
    qtbot.keyClick(window.canvas, Key.Key_Z, CONTROL)
    qtbot.keyClick(window.canvas, Key.Key_Z, CONTROL)
    assert [work.number for work in session.lesions.on_frame] == [1, 2]


# -- what is seen of a reading


def test_core_and_boundary_are_shown_when_asked(
    window: MainWindow, open_files: Open, demo: DemoStudy, read: Do, qtbot: QtBot
) -> None:
    open_files(window.session, demo.spiculated)
    window.import_mask(demo.spiculated_mask)
    read(window.session)
    assert window.session.shown_result.state is ResultState.DONE
    regions = window.canvas._regions.values()
    assert not any(region.isVisible() for region in regions), "the lesion itself is to be seen"
    assert window.canvas._outline.isVisible()
    qtbot.keyClick(window.canvas, Key.Key_K)
    assert all(region.isVisible() for region in regions)
    qtbot.keyClick(window.canvas, Key.Key_K)
    assert not any(region.isVisible() for region in regions)


def test_without_a_model_assess_is_dim_and_says_why(
    qtbot: QtBot, open_files: Open, small_png: Path, mark: Do, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CSAMOE_MODEL_WEIGHTS", str(tmp_path / "nothing"))
    window = make_window(Settings(assessment_first=False, propose_on_opening=False))
    qtbot.addWidget(window)
    window.show()
    open_files(window.session, small_png)
    mark(window.session)
    assert not window.actions_table["assess"].isEnabled()
    assert not window.result.button.isEnabled()
    assert "model" in window.result.button.toolTip()
    assert "There is no model" in window.result.next_step.text()
    window.close_now()


def test_a_long_category_ends_in_dots_and_is_whole_in_its_tip(
    window: MainWindow, open_files: Open, small_png: Path
) -> None:
    open_files(window.session, small_png)
    box = window.assessment.category
    window.session.assessments.change(Assessment("5"))
    box.resize(120, box.height())
    assert box.shown_text().endswith("…")
    assert box.shown_text() != box.currentText()
    assert box.currentText() in box.whole_tip()


def test_jpeg_xl_is_named_not_called_damaged(tmp_path: Path, demo: DemoStudy) -> None:
    for head in (b"\xff\x0a", b"\x00\x00\x00\x0cJXL \r\n\x87\n"):
        file = tmp_path / "scan.jxl"
        file.write_bytes(head + bytes(200))
        told = inspect(file).reason
        assert "JPEG XL" in told
        assert "not supported" in told
        assert "damaged" not in told
    whole = demo.smooth.read_bytes()
    for last, name in ((b"0", "lossless"), (b"1", "recompressed"), (b"2", "JPEG XL")):
        syntax = b"1.2.840.10008.1.2.4.11" + last
        at = whole.index(b"\x02\x00\x10\x00UI")
        length = int.from_bytes(whole[at + 6 : at + 8], "little")
        value = syntax + b"\x00" * (len(syntax) % 2)
        changed = whole[: at + 6] + len(value).to_bytes(2, "little") + value + whole[at + 8 + length :]
        # The meta header states its own length.
        group = changed.index(b"\x02\x00\x00\x00UL") + 8
        size = int.from_bytes(changed[group : group + 4], "little") + len(value) - length
        file = tmp_path / "xl.dcm"
        file.write_bytes(changed[:group] + size.to_bytes(4, "little") + changed[group + 4 :])
        with pytest.raises(UserError, match="JPEG XL") as refused:
            open_study(file)
        assert name in str(refused.value)
        assert "damaged" not in str(refused.value)


# -- large type and small screens


@pytest.mark.parametrize("points", [9, 15, 24])
def test_everything_is_in_reach_in_large_type(qtbot: QtBot, open_files: Open, demo: DemoStudy, points: int) -> None:
    window = make_window(
        Settings(
            font_size=points, assessment_first=False, propose_on_opening=False, model="csamoe-resnet18", device="cpu"
        )
    )
    qtbot.addWidget(window)
    window.show()
    available = screen_of(window).availableGeometry()
    qtbot.waitUntil(lambda: inside(available, window))
    open_files(window.session, demo.spiculated)
    window.import_mask(demo.spiculated_mask)
    window.resize(1366, 730)
    (scroll,) = [one for one in window.findChildren(QScrollArea) if one.isAncestorOf(window.assessment)]
    bar = scroll.horizontalScrollBar()
    held = scroll.widget().width()
    assert held <= scroll.viewport().width() + bar.maximum(), "what is cut can be scrolled to"
    for show in (
        window.show_settings,
        window.describe_lesion,
        window.describe_examination,
        window.show_models,
        window.show_agreement,
        window.show_keys,
        window.show_about,
        window.show_comparison,
        window.show_views,
    ):
        show()
        dialog = next(one for one in window.findChildren(QDialog) if one.isVisible())
        qtbot.waitUntil(lambda dialog=dialog: inside(available, dialog))
        for button in (*dialog.findChildren(QDialogButtonBox), *dialog.findChildren(QPushButton)):
            if not isinstance(button.parent(), QDialog):
                continue
            there = QRect(button.mapTo(dialog, QPoint(0, 0)), button.size())
            assert dialog.rect().contains(there), (show, points)
        dialog.close()
        dialog.deleteLater()
    window.close_now()


def test_a_long_accession_number_is_shown_whole(window: MainWindow, open_files: Open, demo: DemoStudy) -> None:
    open_files(window.session, demo.spiculated)
    study = window.session.study
    assert study is not None
    long = "ACC" + "0123456789" * 6
    facts = window.study_list._facts
    facts.setText(f"Accession {long}")
    assert facts.horizontalScrollBar().maximum() < 3 * facts.fontMetrics().averageCharWidth(), "nothing lies outside"
    assert facts.document().size().height() > 1, "it is broken, not cut"


def test_boxes_fold_to_one_line_and_stay_so(qtbot: QtBot, open_files: Open, small_png: Path, mark: Do) -> None:
    for again in (False, True):
        window = make_window(Settings(assessment_first=False, propose_on_opening=False))
        qtbot.addWidget(window)
        window.resize(1200, 760)
        window.show()
        open_files(window.session, small_png)
        mark(window.session)
        window.session.assessments.change(Assessment("4C", {"shape": ("irregular",)}))
        if not again:
            high = window.assessment.height()
            window.assessment.fold_button.click()
            assert window.assessment.strip.sizeHint().height() < high / 3
        assert window.assessment.folded
        assert not window.assessment.category.isVisible()
        assert window.assessment.strip.line.text() == "BI-RADS 4C, irregular"
        window.session.assessments.change(Assessment("5"))
        assert window.assessment.strip.line.text() == "BI-RADS 5", "it follows"
        qtbot.keyClick(window.canvas, Key.Key_R, CONTROL)
        assert window.assessment.category.isVisible(), "its key opens it"
        window.assessment.fold(True)
        window.close_now()


def test_the_window_fits_its_screen_and_comes_back_to_one(qtbot: QtBot) -> None:
    screen = QGuiApplication.primaryScreen().availableGeometry()
    window = make_window(Settings(propose_on_opening=False))
    qtbot.addWidget(window)
    assert window.width() <= screen.width()
    assert window.height() <= screen.height()
    window.show()
    qtbot.waitUntil(lambda: inside(screen, window))
    # At the place of a screen that was removed.
    window.setGeometry(screen.right() + 400, screen.bottom() + 300, 640, 480)
    fit_on_screen(window)
    assert inside(screen, window)
    window.setGeometry(screen.left() - 5000, -3000, 700, 500)
    application = QGuiApplication.instance()
    assert isinstance(application, QGuiApplication)
    application.screenRemoved.emit(QGuiApplication.primaryScreen())
    qtbot.waitUntil(lambda: inside(screen, window))
    window.resize(QSize(9000, 9000))
    fit_on_screen(window)
    assert inside(screen, window)
    window.close_now()
