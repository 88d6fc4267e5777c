"""Calipers and calibrating by hand, driven with the mouse, at 100 % and 200 %."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QColor, QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from csamoe_desktop.lesion.calipers import Caliper
from csamoe_desktop.lesion.mask import Author
from csamoe_desktop.session.session import Session
from csamoe_desktop.settings import Settings
from csamoe_desktop.study.model import Spacing, Study
from csamoe_desktop.ui.canvas.canvas import Canvas
from csamoe_desktop.ui.dialogs.calibration_dialog import HOW, CalibrationDialog
from csamoe_desktop.ui.shell.app import make_window
from csamoe_desktop.ui.shell.main_window import MainWindow
from csamoe_desktop.ui.tools.base import Tool
from csamoe_desktop.ui.widgets import theme

SHAPE = (150, 200)
NO_KEY, ALT, SHIFT = (
    Qt.KeyboardModifier.NoModifier,
    Qt.KeyboardModifier.AltModifier,
    Qt.KeyboardModifier.ShiftModifier,
)
LEFT = Qt.MouseButton.LeftButton
Place = tuple[float, float]


def made(spacing: Spacing | None = None, name: str = "made.png", grey: int = 100, frames: int = 3) -> Study:
    """A study of grey frames, each a different image."""
    return Study(
        Path(name), "made", frames, *SHAPE, decode=lambda index: np.full(SHAPE, grey + index, np.uint8), scale=spacing
    )


def show(session: Session, study: Study) -> None:
    session.open_studies.show(study, study.frame(0), study.path)


@pytest.fixture
def window(qtbot: QtBot) -> Iterator[MainWindow]:
    """The window with an uncalibrated study of three frames."""
    window = make_window(Settings(propose_on_opening=False))
    qtbot.addWidget(window)
    window.show()
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    # Larger than the offscreen screen: at three screen pixels per image pixel the ends can be told apart.
    window.resize(1400, 900)
    show(window.session, made())
    yield window
    window.close_now()


def mark(session: Session) -> None:
    """Mark rows 50 to 100 and columns 60 to 140."""
    assert session.mask is not None
    pixels = np.zeros(SHAPE, bool)
    pixels[50:100, 60:140] = True
    session.mask.replace(pixels, Author.DRAWN)
    session.emit_mask_changed(None)


def at(canvas: Canvas, place: Place) -> QPointF:
    """Return the viewport position of a point on the frame (not of a pixel centre)."""
    return QPointF(canvas.widget_position(place[0] - 0.5, place[1] - 0.5))


def move(canvas: Canvas, place: Place, keys: Qt.KeyboardModifier = NO_KEY) -> None:
    """Move the mouse with the button down and modifier keys pressed, which QTest cannot do."""
    position = at(canvas, place)
    everywhere = QPointF(canvas.viewport().mapToGlobal(position))
    event = QMouseEvent(QEvent.Type.MouseMove, position, everywhere, Qt.MouseButton.NoButton, LEFT, keys)
    QApplication.sendEvent(canvas.viewport(), event)


def press(canvas: Canvas, place: Place, keys: Qt.KeyboardModifier = NO_KEY) -> None:
    QTest.mousePress(canvas.viewport(), LEFT, keys, at(canvas, place).toPoint())


def release(canvas: Canvas, place: Place, keys: Qt.KeyboardModifier = NO_KEY) -> None:
    QTest.mouseRelease(canvas.viewport(), LEFT, keys, at(canvas, place).toPoint())


def drag(canvas: Canvas, one: Place, other: Place, keys: Qt.KeyboardModifier = NO_KEY) -> None:
    press(canvas, one, keys)
    move(canvas, ((one[0] + other[0]) / 2, (one[1] + other[1]) / 2), keys)
    move(canvas, other, keys)
    release(canvas, other, keys)


def click(canvas: Canvas, place: Place) -> None:
    press(canvas, place)
    release(canvas, place)


def ends(session: Session, number: int = -1) -> np.ndarray:
    caliper = session.calipers.on_frame[number]
    return np.array([caliper.start, caliper.end])


def near(*places: Place) -> object:
    """Approximately equal, within the size of a screen pixel on the frame."""
    return pytest.approx(np.array(places), abs=0.3)


@pytest.fixture
def canvas(window: MainWindow) -> Canvas:
    window.actions_table["caliper"].trigger()
    assert window.canvas.tool is Tool.CALIPER
    assert min(window.canvas._zooms()) > 3
    return window.canvas


def test_a_drag_measures_in_pixels_until_the_image_is_calibrated(window: MainWindow, canvas: Canvas) -> None:
    drag(canvas, (20, 20), (20, 120))
    assert ends(window.session) == near((20, 20), (20, 120))
    assert window.lesion.calipers.text().replace("\u00a0", " ") == "Calipers  1: 100 px  (not calibrated)"
    assert window.lesion.calipers.isVisible()
    drag(canvas, (30, 20), (80, 20))
    assert canvas._calipers.labels() == ("1  100 px", "2  50 px")
    show(window.session, made(Spacing(0.2, 0.1, "region 1"), "other.dcm", 50))
    assert not window.lesion.calipers.isVisible()
    drag(canvas, (20, 20), (20, 120))
    drag(canvas, (30, 20), (80, 20))
    assert canvas._calipers.labels() == ("1  10.0 mm", "2  10.0 mm")


def test_the_key_d_takes_it(qtbot: QtBot, window: MainWindow) -> None:
    window.canvas.setFocus()
    QTest.keyClick(window.canvas, Qt.Key.Key_D)
    assert window.canvas.tool is Tool.CALIPER


def test_calipers_stay_with_their_frame_and_outlive_its_study(window: MainWindow, canvas: Canvas) -> None:
    session = window.session
    drag(canvas, (20, 20), (20, 120))
    kept = session.calipers.on_frame
    session.navigation.to_frame(1)
    assert session.calipers.on_frame == ()
    assert canvas._calipers.labels() == ()
    session.navigation.to_frame(0)
    assert session.calipers.on_frame == kept
    session.open_studies.close_current()
    show(session, made())
    assert session.calipers.on_frame == kept
    session.mask_commands.undo()
    assert session.calipers.on_frame == kept, "undo does not go back beyond closing"


def test_an_end_can_be_moved_and_put_back(window: MainWindow, canvas: Canvas) -> None:
    session = window.session
    drag(canvas, (20, 20), (20, 120))
    drag(canvas, (21, 119), (60, 160))
    assert ends(session) == near((20, 20), (60, 160))
    press(canvas, (20, 20))
    move(canvas, (90, 90))
    assert canvas.cancel_tool()
    release(canvas, (90, 90))
    assert ends(session) == near((20, 20), (60, 160))
    assert len(session.calipers.on_frame) == 1


def test_shift_keeps_it_straight_also_when_it_is_pressed_late(window: MainWindow, canvas: Canvas) -> None:
    drag(canvas, (20, 20), (25, 120), SHIFT)
    assert ends(window.session) == near((20, 20), (20, 120))
    press(canvas, (40, 20))
    move(canvas, (88, 70))
    QTest.keyPress(canvas, Qt.Key.Key_Shift)
    assert canvas._calipers.labels()[1].startswith("2  ")
    drawn = window.session.calipers.drawn[1]
    assert drawn.end[0] - drawn.start[0] == pytest.approx(drawn.end[1] - drawn.start[1])
    QTest.keyRelease(canvas, Qt.Key.Key_Shift)
    release(canvas, (88, 70))
    assert ends(window.session) == near((40, 20), (88, 70))


def test_ends_snap_to_the_outline_but_not_with_alt(window: MainWindow, canvas: Canvas) -> None:
    mark(window.session)
    drag(canvas, (75, 58.5), (76, 141.5))
    assert ends(window.session)[:, 1].tolist() == [60, 140]
    drag(canvas, (85, 58.5), (86, 141.5), ALT)
    assert ends(window.session) == near((85, 58.5), (86, 141.5))
    # 8 screen pixels are less than 3 frame pixels here.
    drag(canvas, (60, 56.5), (60, 20))
    assert ends(window.session) == near((60, 56.5), (60, 20))


def test_one_begun_on_a_middle_is_at_a_right_angle(window: MainWindow, canvas: Canvas) -> None:
    drag(canvas, (40, 40), (60, 120))
    first = window.session.calipers.on_frame[0]
    drag(canvas, (50.5, 80.5), (120, 100))
    second = window.session.calipers.on_frame[1]
    assert second.start == first.middle
    one, other = (np.subtract(caliper.end, caliper.start) for caliper in (first, second))
    assert np.dot(one, other) == pytest.approx(0, abs=1e-6)
    assert second.length() > 50


def test_a_click_selects_and_delete_removes(window: MainWindow, canvas: Canvas) -> None:
    session = window.session
    drag(canvas, (20, 20), (20, 120))
    drag(canvas, (60, 20), (60, 120))
    assert session.calipers.selected == 1
    click(canvas, (21, 50))
    assert session.calipers.selected == 0
    QTest.keyClick(canvas, Qt.Key.Key_Delete)
    assert ends(session) == near((60, 20), (60, 120))
    assert len(session.calipers.on_frame) == 1
    QTest.keyClick(canvas, Qt.Key.Key_Delete)
    assert len(session.calipers.on_frame) == 1, "no caliper is selected"
    click(canvas, (100, 100))
    assert len(session.calipers.on_frame) == 1, "a click draws no caliper"


def test_undo_takes_back_what_was_done_last(window: MainWindow, canvas: Canvas) -> None:
    session = window.session
    assert session.mask is not None
    mark(session)
    drag(canvas, (20, 20), (20, 120))
    assert window.actions_table["undo"].isEnabled()
    window.actions_table["undo"].trigger()
    assert session.calipers.on_frame == ()
    assert not session.mask.empty, "the outline is older than the caliper"
    assert window.actions_table["redo"].isEnabled()
    window.actions_table["redo"].trigger()
    assert len(session.calipers.on_frame) == 1
    session.mask_commands.clear()
    window.actions_table["undo"].trigger()
    assert not session.mask.empty
    assert len(session.calipers.on_frame) == 1
    for _ in range(2):
        window.actions_table["undo"].trigger()
    assert session.mask.empty
    assert session.calipers.on_frame == ()


def test_undo_in_the_middle_of_a_drag_gives_that_up(window: MainWindow, canvas: Canvas) -> None:
    mark(window.session)
    press(canvas, (20, 20))
    move(canvas, (20, 120))
    window.session.mask_commands.undo()
    release(canvas, (20, 120))
    assert window.session.calipers.on_frame == ()
    assert window.session.mask is not None
    assert not window.session.mask.empty


def test_calipers_are_seen_in_every_tool_and_hidden_with_the_overlays(window: MainWindow, canvas: Canvas) -> None:
    drag(canvas, (20, 20), (20, 120))
    canvas.set_tool(Tool.BRUSH)
    accent = QColor(theme.colours_of("dark").accent)

    def seen() -> int:
        QApplication.processEvents()
        picture = canvas.picture()
        place = at(canvas, (20, 20)).toPoint()
        around = [(place.x() + step, place.y()) for step in range(-7, 8)]
        ratio = picture.devicePixelRatio()
        return sum(
            abs(QColor(picture.pixel(round(x * ratio), round(y * ratio))).blue() - accent.blue()) < 40
            for x, y in around
        )

    assert seen() > 5
    canvas.hide_overlays(True)
    assert seen() == 0


def test_the_report_has_them(window: MainWindow, canvas: Canvas) -> None:
    from csamoe_desktop.session.lesion_work import LesionWork

    drag(canvas, (20, 20), (20, 120))
    work = window.session.work
    assert isinstance(work, LesionWork)
    assert work.calipers.now == window.session.calipers.on_frame != ()
    assert window.session.frame_lesions is not None
    assert not window.session.frame_lesions.untouched


# -- calibrating


Calibrate = Callable[..., CalibrationDialog]


def asked(window: MainWindow, one: Place = (20, 180), other: Place = (120, 180)) -> CalibrationDialog:
    """Draw along the depth scale, and return the dialog that asks for the length."""
    drag(window.canvas, one, other, SHIFT)
    dialogs = [dialog for dialog in window.findChildren(CalibrationDialog) if dialog.isVisible()]
    assert len(dialogs) == 1
    return dialogs[0]


def spacing_of(window: MainWindow) -> Spacing | None:
    assert window.session.frame is not None
    return window.session.frame.spacing


def test_calibrating_gives_the_frame_millimetres_everywhere(window: MainWindow, canvas: Canvas) -> None:
    mark(window.session)
    drag(canvas, (20, 20), (20, 120))
    assert not window.actions_table["remove_calibration"].isEnabled()
    window.actions_table["calibrate"].trigger()
    assert [message.text for message in window.messages.shown()] == [HOW]
    dialog = asked(window)
    assert not dialog.calibrate.isEnabled()
    QTest.keyClicks(dialog.length, "4")
    dialog.unit.setCurrentText("cm")
    QTest.mouseClick(dialog.calibrate, LEFT)
    spacing = spacing_of(window)
    assert spacing is not None
    assert (spacing.row, spacing.column) == pytest.approx((0.4, 0.4), rel=0.01)
    assert spacing.source.startswith("calibrated by hand: 40 mm over ")
    assert window.status.spacing.text() == f"{spacing.row:.4g} mm/px, {spacing.source}"
    assert window.lesion.source.text() == f"C{spacing.source[1:]}."
    assert window.lesion.calipers.text().endswith("mm")
    assert canvas._calipers.labels()[0].endswith(" mm")
    assert canvas._scale.isVisible()
    assert canvas.tool is Tool.CALIPER, "back to the tool before"
    # Only this frame is calibrated, and stays so while another one is shown.
    window.session.navigation.to_frame(1)
    assert spacing_of(window) is None
    window.session.navigation.to_frame(0)
    assert spacing_of(window) == spacing
    window.actions_table["remove_calibration"].trigger()
    assert spacing_of(window) is None
    assert window.status.spacing.text().startswith("No millimetres")
    assert window.lesion.source.text() == "The image is not calibrated."
    assert not window.actions_table["remove_calibration"].isEnabled()


def test_all_frames_but_those_with_their_own(window: MainWindow) -> None:
    for frame, length, everywhere in ((1, "20", False), (0, "40", True)):
        window.session.navigation.to_frame(frame)
        window.actions_table["calibrate"].trigger()
        dialog = asked(window)
        assert dialog.all_frames.isVisible()
        dialog.all_frames.setChecked(everywhere)
        QTest.keyClicks(dialog.length, length)
        QTest.keyClick(dialog.length, Qt.Key.Key_Return)
    rows = []
    for frame in range(3):
        window.session.navigation.to_frame(frame)
        spacing = spacing_of(window)
        rows.append(0.0 if spacing is None else spacing.row)
    assert rows == pytest.approx([0.4, 0.2, 0.4], rel=0.01)
    # Removing it from the third frame removes it from the first; the second frame's own calibration stays.
    window.actions_table["remove_calibration"].trigger()
    window.session.navigation.to_frame(0)
    assert spacing_of(window) is None
    window.session.navigation.to_frame(1)
    assert spacing_of(window) is not None


def test_a_short_line_is_refused_and_a_click_is_nothing(window: MainWindow) -> None:
    window.actions_table["calibrate"].trigger()
    click(window.canvas, (20, 180))
    assert [message.text for message in window.messages.shown()] == [HOW]
    drag(window.canvas, (20, 180), (32, 180))
    assert "too short to calibrate with: 12 pixels" in window.messages.shown()[0].text
    assert not [dialog for dialog in window.findChildren(CalibrationDialog) if dialog.isVisible()]


def test_what_is_no_length_is_said_while_it_is_typed(window: MainWindow) -> None:
    window.actions_table["calibrate"].trigger()
    dialog = asked(window)
    QTest.keyClicks(dialog.length, "four")
    assert dialog.outcome.text().startswith("This is not a length.")
    assert not dialog.calibrate.isEnabled()
    QTest.keyClick(dialog.length, Qt.Key.Key_Return)
    assert dialog.isVisible()
    dialog.length.setText("9000")
    assert "not possible in an ultrasound image" in dialog.outcome.text()
    dialog.reject()
    assert spacing_of(window) is None
    assert window.canvas.tool is Tool.CALIBRATE, "the line can be drawn again"


def test_the_files_own_calibration_is_not_replaced_without_asking(window: MainWindow) -> None:
    own = Spacing(0.2, 0.1, "region 1")
    show(window.session, made(own, "other.dcm", 50))
    window.actions_table["calibrate"].trigger()
    assert window.canvas.tool is not Tool.CALIBRATE
    question = window.messages.shown()[0]
    assert question.text == ("This file is already calibrated: 0.1 mm per pixel across and 0.2 mm down, from region 1.")
    next(button for button in question.findChildren(type(window.result.button)) if button.text() != "Cancel").click()
    assert window.canvas.tool is Tool.CALIBRATE
    dialog = asked(window)
    assert dialog.replaced.isVisible()
    assert "region 1, is replaced on this frame" in dialog.replaced.text()
    assert not dialog.all_frames.isVisible()
    QTest.keyClicks(dialog.length, "40")
    assert "100" in dialog.outcome.text() or "99.8" in dialog.outcome.text(), "it is drawn with whole screen pixels"
    QTest.mouseClick(dialog.calibrate, LEFT)
    spacing = spacing_of(window)
    assert spacing is not None
    assert (spacing.row, spacing.column) == pytest.approx((0.4, 0.2), rel=0.02)
    window.session.navigation.to_frame(1)
    assert spacing_of(window) == own
    window.session.navigation.to_frame(0)
    window.actions_table["remove_calibration"].trigger()
    assert spacing_of(window) == own
    assert window.messages.shown()[0].text.endswith("The image is calibrated from region 1 again.")


def test_another_image_under_the_dialog_is_not_calibrated(window: MainWindow) -> None:
    window.actions_table["calibrate"].trigger()
    dialog = asked(window)
    QTest.keyClicks(dialog.length, "40")
    window.session.navigation.to_frame(2)
    QTest.mouseClick(dialog.calibrate, LEFT)
    assert dialog.isVisible()
    assert "Another image is current now" in dialog.outcome.text()
    assert spacing_of(window) is None
    dialog.reject()


def test_another_image_under_the_same_name_has_no_part_in_it(window: MainWindow) -> None:
    window.actions_table["calibrate"].trigger()
    dialog = asked(window)
    QTest.keyClicks(dialog.length, "40")
    QTest.mouseClick(dialog.calibrate, LEFT)
    assert spacing_of(window) is not None
    show(window.session, made(grey=10))
    assert spacing_of(window) is None
    show(window.session, made())
    assert spacing_of(window) is not None


# -- at other scalings of the screen


@pytest.mark.parametrize("scaling", ["1", "2"])
def test_all_is_the_same_at_any_scaling_of_the_screen(scaling: str, tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-W", "error", __file__, scaling, str(tmp_path / "seen.png")],
        env={
            **os.environ,
            "QT_SCALE_FACTOR": scaling,
            "QT_QPA_PLATFORM": "offscreen",
            "PYTHONPATH": str(Path(__file__).parents[2]),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.split() == ["60", "140", "0.40", "True"]


def _scaled(scaling: str, picture: str) -> None:
    """Measure and calibrate in a separate process, and print the results."""
    application = QApplication([])
    window = make_window(Settings(propose_on_opening=False))
    window.resize(1400, 900)
    window.show()
    application.processEvents()
    assert window.canvas.devicePixelRatioF() == float(scaling)
    session, canvas = window.session, window.canvas
    show(session, made())
    mark(session)
    canvas.set_tool(Tool.CALIPER)
    drag(canvas, (75, 58.5), (76, 141.5))
    caliper: Caliper = session.calipers.on_frame[0]
    window.actions_table["calibrate"].trigger()
    dialog = asked(window)
    dialog.length.setText("40")
    dialog.calibrate.click()
    spacing = spacing_of(window)
    assert spacing is not None
    application.processEvents()
    seen = canvas.picture()
    seen.save(picture)
    ratio, place, accent = seen.devicePixelRatio(), at(canvas, caliper.start), QColor(theme.colours_of("dark").accent)
    # The cross beside the end, on the grey image; the middle of a line is its brightest pixel.
    blues = [
        QColor(seen.pixel(round((place.x() + across) * ratio), round((place.y() + down) * ratio))).blue()
        - accent.blue()
        for across in (-5, -4, -3)
        for down in (-1, 0, 1)
    ]
    print(f"{caliper.start[1]:g} {caliper.end[1]:g} {spacing.row:.2f}", min(map(abs, blues)) < 60)
    window.close_now()


if __name__ == "__main__":
    _scaled(*sys.argv[1:])
