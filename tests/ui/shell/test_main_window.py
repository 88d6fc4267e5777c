"""The main window in use: opening files, importing masks, exporting reports, closing."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from PySide6.QtCore import QEvent, QMimeData, QPoint, QPointF, Qt, QTimer, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog, QLineEdit, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from csamoe_desktop import paths
from csamoe_desktop.lesion.mask import Author
from csamoe_desktop.session.lesion_work import ResultState
from csamoe_desktop.session.reports import REPORTING
from csamoe_desktop.session.session import Session
from csamoe_desktop.session.study_loader import OPENING
from csamoe_desktop.settings import Settings, load_settings
from csamoe_desktop.study.phantom import DemoStudy
from csamoe_desktop.ui.dialogs.export_dialog import ExportDialog
from csamoe_desktop.ui.shell.app import make_window
from csamoe_desktop.ui.shell.help_dialogs import keys_dialog
from csamoe_desktop.ui.shell.main_window import MainWindow
from csamoe_desktop.ui.widgets.messages import Kind

Open = Callable[..., None]
Do = Callable[[Session], None]
NO_KEY = Qt.KeyboardModifier.NoModifier


def drop(widget: QWidget, *files: Path, modifiers: Qt.KeyboardModifier = NO_KEY) -> bool:
    """Drop files on a widget as the system does, and return whether the drag was accepted."""
    told = QMimeData()
    told.setUrls([QUrl.fromLocalFile(str(file)) for file in files])
    middle = QPointF(widget.rect().center())
    actions, button = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton
    window = widget.window()
    at = QPointF(widget.mapTo(window, QPoint(int(middle.x()), int(middle.y()))))
    entering = QDragEnterEvent(at.toPoint(), actions, told, button, modifiers)
    QApplication.sendEvent(window, entering)
    if not entering.isAccepted():
        return False
    QApplication.sendEvent(window, QDropEvent(at, actions, told, button, modifiers))
    return True


def answer(window: MainWindow, text: str) -> None:
    """Press the button `text` of the newest message."""
    next(button for button in window.messages.shown()[0].findChildren(QPushButton) if button.text() == text).click()


def save_dialog(window: MainWindow) -> QFileDialog:
    """Press Enter in the export dialog, and return the file dialog that follows."""
    for asked in window.findChildren(ExportDialog):
        if asked.isVisible():
            QTest.keyClick(asked, Qt.Key.Key_Return)
    return next(dialog for dialog in window.findChildren(QFileDialog) if dialog.isVisible())


def choose(dialog: QFileDialog, file: Path) -> None:
    """Type a file's name, and press Save."""
    dialog.setDirectory(str(file.parent))
    name = dialog.findChild(QLineEdit, "fileNameEdit")
    assert name is not None
    name.setText(str(file))
    dialog.accept()
    assert not dialog.isVisible()


def test_files_dropped_are_opened(window: MainWindow, demo: DemoStudy, small_png: Path, qtbot: QtBot) -> None:
    assert drop(window.canvas, demo.smooth, small_png)
    qtbot.waitUntil(lambda: len(window.session.studies) == 2, timeout=30_000)
    assert window.windowTitle().startswith(demo.smooth.name), "the first one comes into view"


def test_no_child_takes_a_dropped_file_for_itself(window: MainWindow) -> None:
    for widget in (window.canvas, window.assessment.comment, window.assessment.reader, window.study_list.frames):
        assert not widget.acceptDrops()
        assert not (isinstance(widget, type(window.canvas)) and widget.viewport().acceptDrops())


def test_what_is_no_file_is_not_taken(window: MainWindow) -> None:
    told = QMimeData()
    told.setText("some text")
    event = QDragEnterEvent(QPoint(5, 5), Qt.DropAction.CopyAction, told, Qt.MouseButton.LeftButton, NO_KEY)
    event.ignore()
    QApplication.sendEvent(window, event)
    assert not event.isAccepted()


def test_a_mask_dropped_with_shift_is_imported(window: MainWindow, open_files: Open, demo: DemoStudy) -> None:
    open_files(window.session, demo.smooth)
    drop(window.canvas, demo.smooth_mask, modifiers=Qt.KeyboardModifier.ShiftModifier)
    assert window.session.mask is not None
    assert window.session.mask.author is Author.IMPORTED
    assert len(window.session.studies) == 1


def test_a_mask_of_another_size_is_asked_about_with_both_sizes(
    window: MainWindow, open_files: Open, demo: DemoStudy, small_png: Path
) -> None:
    open_files(window.session, small_png)
    window.import_mask(demo.smooth_mask)
    question = window.messages.shown()[0]
    assert question.kind is Kind.QUESTION
    assert "64 × 48" in question.text
    assert "560 × 480" in question.text
    mask = window.session.mask
    assert mask is not None
    answer(window, "Cancel")
    assert mask.empty
    window.import_mask(demo.smooth_mask)
    answer(window, "Resize the mask")
    assert not mask.empty
    assert any("resized" in message.text for message in window.messages.shown())


def test_a_question_about_a_frame_goes_with_the_frame(
    window: MainWindow, open_files: Open, demo: DemoStudy, small_png: Path
) -> None:
    open_files(window.session, small_png)
    window.import_mask(demo.smooth_mask)
    open_files(window.session, demo.smooth)
    assert all(message.kind is not Kind.QUESTION for message in window.messages.shown())


def test_a_mask_that_is_none_is_refused_in_the_strip(
    window: MainWindow, open_files: Open, demo: DemoStudy, tmp_path: Path
) -> None:
    open_files(window.session, demo.smooth)
    (tmp_path / "mask.png").write_text("no picture")
    window.import_mask(tmp_path / "mask.png")
    assert window.messages.shown()[0].kind is Kind.REFUSAL


def test_a_refusal_goes_as_the_user_goes_on(
    window: MainWindow, open_files: Open, demo: DemoStudy, tmp_path: Path
) -> None:
    open_files(window.session, tmp_path / "missing.dcm")
    assert [message.kind for message in window.messages.shown()] == [Kind.REFUSAL]
    open_files(window.session, demo.smooth)
    window.actions_table["fit"].trigger()
    assert window.messages.shown() == []


def test_recent_files_are_in_the_menu_and_open_again(
    window: MainWindow, open_files: Open, demo: DemoStudy, small_png: Path, qtbot: QtBot
) -> None:
    assert not window.files.recent.isEnabled()
    open_files(window.session, demo.smooth, small_png)
    window.files.recent.aboutToShow.emit()
    entries = [action for action in window.files.recent.actions() if action.text()]
    assert [action.text() for action in entries] == ["small.png", "smooth.dcm", "Clear this list"]
    window.session.open_studies.close_current()
    next(action for action in window.files.recent.actions() if action.text() == "small.png").trigger()
    qtbot.waitUntil(lambda: len(window.session.studies) == 2 and not window.session.jobs.busy(OPENING), timeout=30_000)
    next(action for action in window.files.recent.actions() if action.text() == "Clear this list").trigger()
    assert load_settings().recent_files == ()
    qtbot.waitUntil(lambda: not window.files.recent.isEnabled())


def test_the_overlays_are_hidden_only_while_the_key_is_held(
    window: MainWindow, open_files: Open, demo: DemoStudy, mark: Do, qtbot: QtBot
) -> None:
    open_files(window.session, demo.smooth)
    bare = window.canvas.picture()
    mark(window.session)
    window.canvas.setFocus()
    marked = window.canvas.picture()
    assert marked != bare
    qtbot.keyPress(window.canvas, Qt.Key.Key_H)
    assert window.canvas.picture() == bare
    qtbot.keyRelease(window.canvas, Qt.Key.Key_H)
    assert window.canvas.picture() == marked


def test_overlays_held_away_come_back_when_the_window_loses_the_key(
    window: MainWindow, open_files: Open, demo: DemoStudy, mark: Do, qtbot: QtBot
) -> None:
    open_files(window.session, demo.smooth)
    mark(window.session)
    marked = window.canvas.picture()
    window.canvas.setFocus()
    qtbot.keyPress(window.canvas, Qt.Key.Key_H)
    assert window.canvas.picture() != marked
    QApplication.sendEvent(window, QEvent(QEvent.Type.WindowDeactivate))
    assert window.canvas.picture() == marked


def test_all_overlays_can_be_turned_off_and_stay_off_after_the_key(
    window: MainWindow, open_files: Open, demo: DemoStudy, mark: Do, qtbot: QtBot
) -> None:
    open_files(window.session, demo.smooth)
    bare = window.canvas.picture()
    mark(window.session)
    window.canvas.setFocus()
    window.actions_table["show_overlays"].trigger()
    assert window.canvas.picture() == bare
    qtbot.keyClick(window.canvas, Qt.Key.Key_H)
    assert window.canvas.picture() == bare
    window.actions_table["show_overlays"].trigger()
    assert window.canvas.picture() != bare


def test_one_overlay_can_be_hidden_from_the_menu(
    window: MainWindow, open_files: Open, demo: DemoStudy, mark: Do
) -> None:
    open_files(window.session, demo.smooth)
    bare = window.canvas.picture()
    mark(window.session)
    marked = window.canvas.picture()
    action = window.actions_table["show_lesion"]
    assert action.isChecked()
    action.trigger()
    assert not action.isChecked()
    assert window.canvas.picture() == bare
    action.trigger()
    assert window.canvas.picture() == marked


def test_cine_plays_round_and_stops(window: MainWindow, open_files: Open, demo: DemoStudy, qtbot: QtBot) -> None:
    open_files(window.session, demo.cine)
    seen: set[int] = set()
    window.session.frameChanged.connect(lambda: seen.add(window.session.frame.index if window.session.frame else -1))
    assert window.session.study is not None
    window.actions_table["cine"].trigger()
    assert window.actions_table["cine"].isChecked()
    qtbot.waitUntil(lambda: seen == set(range(window.session.study.frame_count)), timeout=60_000)
    window.actions_table["cine"].trigger()
    assert not window.cine.playing
    window.actions_table["cine"].trigger()
    window.actions_table["last_frame"].trigger()
    assert not window.cine.playing
    window.actions_table["cine"].trigger()
    open_files(window.session, demo.smooth)
    assert not window.cine.playing


def test_closing_a_marked_study_is_not_asked_about(
    window: MainWindow, open_files: Open, demo: DemoStudy, small_png: Path, mark: Do, qtbot: QtBot
) -> None:
    open_files(window.session, demo.smooth, small_png)
    window.actions_table["close_study"].trigger()
    assert [study.path for study in window.session.studies] == [demo.smooth]
    mark(window.session)
    qtbot.keyClicks(window.assessment.comment, "seen")
    window.actions_table["close_study"].trigger()
    assert window.session.studies == []
    assert window.messages.shown() == []


def test_the_report_is_exported_where_the_user_says(
    window: MainWindow, open_files: Open, demo: DemoStudy, read: Do, qtbot: QtBot, tmp_path: Path
) -> None:
    open_files(window.session, demo.spiculated)
    window.session.mask_commands.import_from(demo.spiculated_mask)
    read(window.session)
    window.assessment.reader.setFocus()
    qtbot.keyClicks(window.assessment.reader, "Dr. D")
    qtbot.mouseClick(window.report.button, Qt.MouseButton.LeftButton)
    dialog = save_dialog(window)
    assert Path(dialog.selectedFiles()[0]).name == "spiculated-report.pdf"
    assert window.session.settings.reader == "Dr. D"
    choose(dialog, tmp_path / "chosen")
    qtbot.waitUntil(lambda: bool(window.messages.shown()), timeout=60_000)
    assert (tmp_path / "chosen.pdf").read_bytes().startswith(b"%PDF")
    assert window.messages.shown()[0].text == f"The report was written to {tmp_path / 'chosen.pdf'}."


def test_a_report_takes_no_other_files_place_unasked(
    window: MainWindow, open_files: Open, demo: DemoStudy, read: Do, qtbot: QtBot, tmp_path: Path
) -> None:
    open_files(window.session, demo.spiculated)
    window.session.mask_commands.import_from(demo.spiculated_mask)
    read(window.session)
    # A file dialog takes " Meyer" for a suffix: it asks about this name, not about the name the report gets.
    there = tmp_path / "report Dr. Meyer.pdf"
    there.write_text("of yesterday")
    window.files.export()
    choose(save_dialog(window), tmp_path / "report Dr. Meyer")
    assert there.name in window.messages.shown()[0].text
    answer(window, "Cancel")
    assert not window.session.jobs.busy(REPORTING)
    assert there.read_text() == "of yesterday"
    window.files.export()
    choose(save_dialog(window), tmp_path / "report Dr. Meyer")
    answer(window, "Replace it")
    qtbot.waitUntil(lambda: there.read_bytes().startswith(b"%PDF"), timeout=60_000)
    assert [file.name for file in tmp_path.glob("report*")] == [there.name]


def test_no_report_is_written_of_an_image_that_came_into_view_under_the_dialog(
    window: MainWindow, open_files: Open, demo: DemoStudy, read: Do, tmp_path: Path
) -> None:
    for file, mask in ((demo.smooth, demo.smooth_mask), (demo.spiculated, demo.spiculated_mask)):
        open_files(window.session, file)
        window.session.mask_commands.import_from(mask)
        read(window.session)
    window.files.export()
    dialog = save_dialog(window)
    window.session.navigation.to_study(window.session.studies[0])
    choose(dialog, tmp_path / "report")
    assert not window.session.jobs.busy(REPORTING)
    assert window.messages.shown()[0].text.startswith("Another image is current now")


def test_the_report_is_copied_as_text(
    window: MainWindow, open_files: Open, demo: DemoStudy, read: Do, qtbot: QtBot
) -> None:
    QApplication.clipboard().setText("before")
    open_files(window.session, demo.spiculated)
    window.session.mask_commands.import_from(demo.spiculated_mask)
    assert not window.report.copy.isEnabled()
    window.files.copy_report()
    assert QApplication.clipboard().text() == "before"
    read(window.session)
    qtbot.keyClicks(window.assessment.comment, "irregular margin")
    qtbot.mouseClick(window.report.copy, Qt.MouseButton.LeftButton)
    copied = QApplication.clipboard().text()
    for said in ("Phantom, Spiculated", window.result.category.text(), "irregular margin", "Research use only"):
        assert said in copied
    assert "clipboard" in window.messages.shown()[0].text
    QApplication.clipboard().clear()
    qtbot.keyClick(window.canvas, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
    assert QApplication.clipboard().text() == copied
    window.session.mask_commands.clear()
    assert not window.report.copy.isEnabled(), "an outdated result is not copied"


def test_the_event_loop_goes_round_while_a_reading_runs(
    window: MainWindow, open_files: Open, demo: DemoStudy, mark: Do, qtbot: QtBot
) -> None:
    open_files(window.session, demo.smooth)
    mark(window.session)
    ticks: list[ResultState] = []
    timer = QTimer()
    timer.timeout.connect(lambda: ticks.append(window.session.shown_result.state))
    timer.start(0)
    window.session.assessing.begin()
    qtbot.waitUntil(lambda: window.session.shown_result.state is ResultState.DONE, timeout=60_000)
    timer.stop()
    assert ticks.count(ResultState.RUNNING) > 20


def test_closing_during_a_reading_ends_cleanly_and_keeps_what_was_set(
    qtbot: QtBot, open_files: Open, demo: DemoStudy, mark: Do
) -> None:
    window = make_window(Settings())
    qtbot.addWidget(window)
    window.show()
    open_files(window.session, demo.cine)
    mark(window.session)
    window.session.assessing.begin()
    window.cine.toggle()
    window.canvas.set_brush_radius(33)
    window.assessment.reader.setText("Dr. C")
    window.close_now()
    assert not window.isVisible()
    assert not window.cine.playing
    assert not any(window.session.jobs.busy(lane) for lane in ("assessing", "thumbnails", OPENING))
    assert load_settings().brush_radius == 33
    assert load_settings().reader == "Dr. C"


def test_the_window_comes_back_where_it_was(qtbot: QtBot) -> None:
    first = make_window(Settings())
    qtbot.addWidget(first)
    first.show()
    first.resize(800, 655)
    first._splitter.setSizes([176, 320, 300])
    columns = first._splitter.sizes()
    first.close()
    assert (paths.user_folder() / "window.ini").is_file()
    second = make_window(Settings())
    qtbot.addWidget(second)
    second.show()
    assert (second.width(), second.height()) == (800, 655)
    assert second._splitter.sizes() == columns
    second.close()


def test_a_spoilt_geometry_file_costs_only_the_geometry(qtbot: QtBot) -> None:
    paths.user_folder().mkdir(parents=True, exist_ok=True)
    (paths.user_folder() / "window.ini").write_bytes(b"[General]\ngeometry=rubbish\ncolumns=7\n\x00\xff")
    window = make_window(Settings())
    qtbot.addWidget(window)
    window.show()
    assert window.width() > 600
    window.close()


def test_help_opens_the_page_of_keys(window: MainWindow) -> None:
    dialog = keys_dialog(window.actions_table, window)
    assert dialog.windowTitle() == "Keys and mouse"
    dialog.deleteLater()
    window.actions_table["keys"].trigger()
    window.actions_table["about"].trigger()
    open_pages = [page for page in window.findChildren(type(dialog)) if page.isVisible()]
    assert {page.windowTitle() for page in open_pages} == {"Keys and mouse", "About CSA-MoE Desktop"}
    for page in open_pages:
        page.close()


def test_drawing_with_the_mouse_reaches_panel_and_undo(
    window: MainWindow, open_files: Open, demo: DemoStudy, qtbot: QtBot
) -> None:
    open_files(window.session, demo.smooth)
    window.actions_table["brush"].trigger()
    view = window.canvas.viewport()
    qtbot.mousePress(view, Qt.MouseButton.LeftButton, pos=window.canvas.widget_position(100, 100))
    qtbot.mouseMove(view, window.canvas.widget_position(140, 160))
    qtbot.mouseRelease(view, Qt.MouseButton.LeftButton, pos=window.canvas.widget_position(140, 160))
    assert window.session.mask is not None
    assert np.count_nonzero(window.session.mask.pixels) > 0
    assert window.result.state is ResultState.READY
    qtbot.waitUntil(lambda: window.lesion.author.text() == "Drawn")
    window.actions_table["undo"].trigger()
    assert window.session.mask.empty
    assert window.result.state is ResultState.NO_MASK
