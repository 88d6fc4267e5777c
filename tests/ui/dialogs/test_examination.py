"""Indication, comparison and technique in the window: entered once per examination, saved, and in all its reports."""

import dataclasses
import json
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import cv2
import numpy as np
import pydicom
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QDialogButtonBox
from pytestqt.qtbot import QtBot

from csamoe_desktop import paths
from csamoe_desktop.reader.examination import MOST_CHARACTERS, Examination
from csamoe_desktop.session.session import Session
from csamoe_desktop.settings import load_settings
from csamoe_desktop.study.phantom import DemoStudy
from csamoe_desktop.ui.dialogs.examination_dialog import ExaminationDialog
from csamoe_desktop.ui.shell.main_window import MainWindow

Open = Callable[..., None]
Do = Callable[[Session], None]
Day = Callable[..., Session]
SAID = Examination("Palpable lump, left.", "Ultrasound of 2023-05-02.", "B-mode, 12 MHz.")
PROPOSED = "B-mode ultrasound, single images"


@pytest.fixture
def another_day(qtbot: QtBot) -> Iterator[Day]:
    """Return a function that closes a session, if given, and returns a new one, as after a restart."""
    begun: list[Session] = []

    def day(before: Session | None = None) -> Session:
        if before is not None:
            before.close()
        begun.append(Session(load_settings()))
        return begun[-1]

    yield day
    for session in begun:
        session.close()


def ask(window: MainWindow, qtbot: QtBot) -> ExaminationDialog:
    """Open the dialog with its shortcut."""
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    qtbot.keyClick(window, Qt.Key.Key_E, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
    (dialog,) = (one for one in window.findChildren(ExaminationDialog) if one.isVisible())
    qtbot.waitUntil(dialog.isActiveWindow)
    return dialog


def proposed(window: MainWindow, qtbot: QtBot) -> str:
    """The text in the technique box when the dialog opens."""
    dialog = ask(window, qtbot)
    told = dialog.texts["technique"].toPlainText()
    press(dialog, CANCEL)
    return told


def press(dialog: ExaminationDialog, button: QDialogButtonBox.StandardButton) -> None:
    dialog.buttons.button(button).click()


OK, CANCEL = QDialogButtonBox.StandardButton.Ok, QDialogButtonBox.StandardButton.Cancel


def say(session: Session, said: Examination) -> None:
    """Set the texts of the current examination, as the dialog does."""
    assert session.examinations.key is not None
    session.examinations.take(session.examinations.key, said)


def with_uid(file: Path, folder: Path, name: str, study: str, instance: str) -> Path:
    """A DICOM file as a further file of a study."""
    there = pydicom.dcmread(file)
    there.StudyInstanceUID, there.SOPInstanceUID = study, instance
    there.file_meta.MediaStorageSOPInstanceUID = instance
    there.save_as(folder / name)
    return folder / name


def test_what_is_typed_is_in_box_text_and_data(
    window: MainWindow, open_files: Open, demo: DemoStudy, qtbot: QtBot, mark: Do, read: Do, tmp_path: Path
) -> None:
    session, box = window.session, window.report
    assert not box.examination.isVisible()
    assert not window.actions_table["examination"].isEnabled()
    open_files(session, demo.smooth)
    assert box.examination.isVisible()
    assert box.examination_text.text() == "No indication or technique yet"
    dialog = ask(window, qtbot)
    assert dialog.texts["indication"].hasFocus()
    qtbot.keyClicks(dialog.texts["indication"], "Palpable lump, left.")
    qtbot.keyClick(dialog.texts["indication"], Qt.Key.Key_Return)
    qtbot.keyClicks(dialog.texts["indication"], "Mother had cancer at 52.")
    qtbot.keyClick(dialog.texts["indication"], Qt.Key.Key_Tab)
    assert dialog.texts["comparison"].hasFocus()
    assert dialog.texts["technique"].toPlainText() == PROPOSED
    qtbot.keyClick(dialog.texts["comparison"], Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert not dialog.isVisible()
    assert (
        box.examination_text.text()
        == f"Indication: Palpable lump, left. Mother had cancer at 52. · Technique: {PROPOSED}"
    )
    assert "left.<br>Mother" in box.examination_text.toolTip()
    mark(session)
    read(session)
    window.actions_table["copy_report"].trigger()
    text = QGuiApplication.clipboard().text()
    assert f"  Indication: Palpable lump, left.\n    Mother had cancer at 52.\n  Technique: {PROPOSED}\n" in text
    written: list[Path] = []
    session.reports.export(tmp_path / "report.json", written.append)
    qtbot.waitUntil(lambda: bool(written), timeout=60_000)
    told = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert told["examination"]["indication"] == "Palpable lump, left.\nMother had cancer at 52."
    assert told["examination"]["comparison"] == ""


def test_what_is_only_proposed_is_on_no_report(
    window: MainWindow, open_files: Open, demo: DemoStudy, qtbot: QtBot, mark: Do, read: Do
) -> None:
    open_files(window.session, demo.smooth)
    dialog = ask(window, qtbot)
    qtbot.keyClicks(dialog.texts["indication"], "not meant")
    press(dialog, CANCEL)
    mark(window.session)
    read(window.session)
    window.actions_table["copy_report"].trigger()
    assert "Technique" not in QGuiApplication.clipboard().text()
    assert window.session.examinations.now == Examination()


def test_it_is_there_on_another_day(session: Session, open_files: Open, demo: DemoStudy, another_day: Day) -> None:
    open_files(session, demo.smooth)
    say(session, SAID)
    assert not session.autosaver.all_saved
    later = another_day(session)
    open_files(later, demo.smooth)
    assert later.examinations.now == SAID
    say(later, Examination())
    last = another_day(later)
    open_files(last, demo.smooth)
    assert last.examinations.now == Examination()


def test_the_files_of_one_study_have_one_and_another_study_its_own(
    window: MainWindow, open_files: Open, demo: DemoStudy, tmp_path: Path
) -> None:
    session = window.session
    one = with_uid(demo.smooth, tmp_path, "one.dcm", "1.2.3", "1.2.3.1")
    other = with_uid(demo.spiculated, tmp_path, "other.dcm", "1.2.3", "1.2.3.2")
    strange = with_uid(demo.spiculated, tmp_path, "strange.dcm", "9.9", "9.9.1")
    later = pydicom.dcmread(strange)
    later.StudyDate = "20300101"
    later.save_as(strange)
    open_files(session, one)
    say(session, SAID)
    open_files(session, other)
    assert session.examinations.now == SAID
    assert window.report.examination_text.text().startswith("Indication: Palpable lump, left. · Comparison")
    open_files(session, strange)
    assert session.examinations.now == Examination()
    assert window.report.examination_text.text() == "No indication or technique yet"


def test_a_picture_is_known_by_its_image_wherever_its_file_is(
    session: Session, open_files: Open, small_png: Path, tmp_path: Path, another_day: Day
) -> None:
    open_files(session, small_png)
    say(session, SAID)
    elsewhere = tmp_path / "elsewhere.png"
    shutil.copy(small_png, elsewhere)
    changed = tmp_path / "changed.png"
    pixels = cv2.imread(str(small_png), cv2.IMREAD_GRAYSCALE)
    cv2.imwrite(str(changed), 255 - pixels)
    later = another_day(session)
    open_files(later, elsewhere)
    assert later.examinations.now == SAID
    open_files(later, changed)
    assert later.examinations.now == Examination()


def test_all_frames_of_a_file_without_study_are_one_examination(
    session: Session, open_files: Open, tmp_path: Path, qtbot: QtBot, another_day: Day
) -> None:
    from PIL import Image

    pages = [Image.fromarray(np.full((40, 60), 20 + 60 * number, np.uint8)) for number in range(3)]
    file = tmp_path / "pages.tif"
    pages[0].save(file, save_all=True, append_images=pages[1:])
    open_files(session, file)
    session.navigation.to_frame(2)
    qtbot.waitUntil(lambda: session.frame is not None and session.frame.index == 2)
    say(session, SAID)
    session.navigation.to_frame(1)
    qtbot.waitUntil(lambda: session.frame is not None and session.frame.index == 1)
    assert session.examinations.now == SAID
    later = another_day(session)
    open_files(later, file)
    assert later.examinations.now == SAID


def test_pictures_linked_as_views_of_one_lesion_share_it(
    session: Session, open_files: Open, small_png: Path, tmp_path: Path, mark: Do
) -> None:
    other = tmp_path / "other.png"
    cv2.imwrite(str(other), 255 - cv2.imread(str(small_png), cv2.IMREAD_GRAYSCALE))
    open_files(session, small_png)
    mark(session)
    assert session.work is not None
    first = session.work
    say(session, SAID)
    open_files(session, other)
    mark(session)
    assert session.examinations.now == Examination()
    linked = dataclasses.replace(session.work.description, identity=session.lesions.identity_with(first))
    session.lesions.describe(session.work, linked)
    assert session.examinations.now == SAID, "they are in one report"
    say(session, dataclasses.replace(SAID, comparison="None."))
    session.navigation.to_study(session.studies[0])
    assert session.examinations.now.comparison == "None.", "which has one"


def test_the_reader_s_own_technique_is_proposed_from_then_on(
    window: MainWindow, open_files: Open, demo: DemoStudy, small_png: Path, qtbot: QtBot
) -> None:
    session = window.session
    open_files(session, demo.smooth)
    dialog = ask(window, qtbot)
    assert not dialog.usual.isEnabled(), "this is proposed already"
    dialog.texts["technique"].setPlainText("  Both breasts, 15 MHz.\n")
    press(dialog, OK)
    assert load_settings().technique == "", "not unless it is wanted"
    assert proposed(window, qtbot) == "Both breasts, 15 MHz."
    dialog = ask(window, qtbot)
    dialog.usual.click()
    press(dialog, OK)
    assert load_settings().technique == "Both breasts, 15 MHz."
    open_files(session, small_png)
    dialog = ask(window, qtbot)
    assert dialog.texts["technique"].toPlainText() == "Both breasts, 15 MHz."
    dialog.texts["technique"].setPlainText("")
    dialog.usual.click()
    press(dialog, OK)
    assert proposed(window, qtbot) == PROPOSED, "an empty one brings back the program's"


def test_the_proposal_is_in_the_language_of_reports(session: Session) -> None:
    session.user_settings.change(dataclasses.replace(session.settings, report_language="zh"))
    assert session.examinations.usual_technique == "B 型超声，单幅图像"
    template = paths.user_folder() / "report" / "zh.json"
    template.parent.mkdir(parents=True)
    template.write_text("{", encoding="utf-8")
    assert session.examinations.usual_technique == PROPOSED, "a faulty template is told of with the report"


def test_a_text_that_is_too_long_is_not_cut_but_said(
    window: MainWindow, open_files: Open, demo: DemoStudy, qtbot: QtBot
) -> None:
    open_files(window.session, demo.smooth)
    dialog = ask(window, qtbot)
    assert not dialog.too_long.isVisible()
    dialog.texts["comparison"].setPlainText("x" * (MOST_CHARACTERS + 5))
    assert dialog.too_long.isVisible()
    assert dialog.too_long.text() == "The comparison has 1005 characters; the limit is 1000."
    assert not dialog.buttons.button(OK).isEnabled()
    qtbot.keyClick(dialog.texts["comparison"], Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert dialog.isVisible()
    dialog.texts["comparison"].setPlainText("x" * MOST_CHARACTERS)
    press(dialog, OK)
    assert len(window.session.examinations.now.comparison) == MOST_CHARACTERS


def test_it_goes_to_the_examination_that_was_in_view_when_it_was_asked(
    window: MainWindow, open_files: Open, demo: DemoStudy, small_png: Path, qtbot: QtBot
) -> None:
    session = window.session
    open_files(session, demo.smooth)
    dialog = ask(window, qtbot)
    qtbot.keyClicks(dialog.texts["indication"], "Screening.")
    open_files(session, small_png)
    press(dialog, OK)
    assert session.examinations.now == Examination()
    session.navigation.to_study(session.studies[0])
    assert session.examinations.now.indication == "Screening."


def test_another_window_s_words_are_seen(
    window: MainWindow, open_files: Open, demo: DemoStudy, qtbot: QtBot, another_day: Day
) -> None:
    session = window.session
    open_files(session, demo.smooth)
    assert session.examinations.now == Examination()
    beside = another_day()
    open_files(beside, demo.smooth)
    say(beside, SAID)
    qtbot.waitUntil(lambda: beside.autosaver.all_saved)
    assert ask(window, qtbot).texts["indication"].toPlainText() == SAID.indication
    assert window.report.examination_text.text().startswith("Indication: Palpable")


def test_the_store_tells_no_uid(session: Session, open_files: Open, demo: DemoStudy, qtbot: QtBot) -> None:
    open_files(session, demo.smooth)
    assert session.study is not None
    facts = session.study.facts
    assert facts.study_uid
    say(session, SAID)
    qtbot.waitUntil(lambda: session.autosaver.all_saved)
    with closing(sqlite3.connect(paths.store_file())) as store:
        ((key, said),) = store.execute("SELECT key, said FROM examination").fetchall()
    assert len(key) == 64
    assert json.loads(said) == SAID.to_dict()
    assert not any(told in key + said for told in (facts.study_uid, facts.instance_uid, facts.patient_id) if told)


def test_what_the_store_does_not_take_is_asked_about(
    window: MainWindow, open_files: Open, demo: DemoStudy, qtbot: QtBot
) -> None:
    session, store = window.session, paths.store_file()
    open_files(session, demo.smooth)
    with closing(sqlite3.connect(store, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        say(session, SAID)
        assert session.unsaved() == (0, 1)
        other.execute("ROLLBACK")
    assert session.unsaved() == (0, 0)


def test_it_is_kept_anew_when_the_store_was_damaged(
    session: Session, open_files: Open, demo: DemoStudy, small_png: Path, mark: Do, qtbot: QtBot, another_day: Day
) -> None:
    store = paths.store_file()
    open_files(session, demo.smooth)
    say(session, SAID)
    qtbot.waitUntil(lambda: session.autosaver.all_saved)
    before = store.with_name("before")
    before.write_bytes(b"damaged, all of it" * 500)
    for part in store.parent.glob(f"{store.name}-*"):
        part.unlink()
    before.replace(store)
    mark(session)
    qtbot.waitUntil(lambda: bool(list(store.parent.glob("work-damaged-*.sqlite"))), timeout=30_000)
    qtbot.waitUntil(lambda: session.autosaver.all_saved, timeout=30_000)
    later = another_day()
    open_files(later, demo.smooth)
    assert later.examinations.now == SAID
