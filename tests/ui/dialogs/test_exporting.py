"""The export dialog: choice of lesions, assessment only, entered patient, page count, and the step after export."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QDesktopServices
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

from csamoe_desktop.lesion.description import Description, Side
from csamoe_desktop.reader.assessment import Assessment
from csamoe_desktop.session.lesion_work import ResultState
from csamoe_desktop.session.reports import Choice
from csamoe_desktop.session.session import Session
from csamoe_desktop.study.phantom import DemoStudy
from csamoe_desktop.ui.dialogs.export_dialog import ExportDialog
from csamoe_desktop.ui.shell.main_window import MainWindow

Open = Callable[..., None]
Do = Callable[[Session], None]


def asked(window: MainWindow) -> ExportDialog:
    window.files.export()
    return next(one for one in window.findChildren(ExportDialog) if one.isVisible())


def save(window: MainWindow, file: Path) -> None:
    dialog = next(one for one in window.findChildren(QFileDialog) if one.isVisible())
    dialog.selectFile(str(file))
    dialog.accept()


def paper(file: Path) -> str:
    return subprocess.run(["pdftotext", "-layout", file, "-"], capture_output=True, check=True, text=True).stdout


def test_enter_exports_all_of_it_and_the_pages_are_counted(
    window: MainWindow, open_files: Open, demo: DemoStudy, read: Do, qtbot: QtBot, tmp_path: Path
) -> None:
    open_files(window.session, demo.spiculated)
    window.session.mask_commands.import_from(demo.spiculated_mask)
    read(window.session)
    dialog = asked(window)
    assert [box.isChecked() for box in dialog.lesions] == [True]
    assert not dialog.unnamed, "the file names its patient"
    qtbot.waitUntil(lambda: dialog.pages.text() == "The PDF has 1 page.", timeout=30_000)
    QTest.keyClick(dialog, Qt.Key.Key_Return)
    save(window, tmp_path / "report.pdf")
    qtbot.waitUntil((tmp_path / "report.pdf").is_file, timeout=60_000)
    dialog = asked(window)
    dialog.lesions[0].setChecked(False)
    assert not dialog.export.isEnabled()
    assert dialog.pages.text() == "Choose at least one lesion."
    dialog.reject()


def test_a_typed_patient_is_printed_and_marked(
    window: MainWindow, open_files: Open, demo: DemoStudy, read: Do, qtbot: QtBot, tmp_path: Path
) -> None:
    open_files(window.session, demo.spiculated_png)
    window.session.mask_commands.import_from(demo.spiculated_mask)
    read(window.session)
    dialog = asked(window)
    assert dialog.unnamed
    dialog.name.setText("Meier, Anna")
    dialog.number.setText("4711")
    dialog.export.click()
    save(window, tmp_path / "png.pdf")
    qtbot.waitUntil((tmp_path / "png.pdf").is_file, timeout=60_000)
    text = paper(tmp_path / "png.pdf")
    assert "Meier, Anna (entered by the user)" in text
    assert "4711 (entered by the user)" in text


def test_what_a_file_says_is_not_typed_over(window: MainWindow, open_files: Open, demo: DemoStudy) -> None:
    open_files(window.session, demo.spiculated)
    assert window.session.study is not None
    facts = window.session.study.facts
    assert Choice(patient_name="Another", patient_id="1").facts(facts) == facts


def test_the_own_assessment_alone_says_nothing_of_the_ai(
    window: MainWindow, open_files: Open, demo: DemoStudy, read: Do, qtbot: QtBot, tmp_path: Path
) -> None:
    session = window.session
    open_files(session, demo.spiculated)
    session.mask_commands.import_from(demo.spiculated_mask)
    session.assessments.change(Assessment("2"))
    read(session)
    dialog = asked(window)
    dialog.own_only.setChecked(True)
    dialog.export.click()
    save(window, tmp_path / "own.pdf")
    qtbot.waitUntil((tmp_path / "own.pdf").is_file, timeout=60_000)
    text = paper(tmp_path / "own.pdf")
    assert "the reader's assessment" in text
    assert "2, benign" in text
    assert "Signature" in text
    for word in ("AI", "Suspicious", "suspicious", "Probability", "routing", "Trained on", "second reading"):
        assert word not in text, word
    failed: list[object] = []
    session.failed.connect(failed.append)
    session.reports.export(tmp_path / "own.json", lambda path: None, Choice(own_only=True))
    qtbot.waitUntil(lambda: bool(failed), timeout=30_000)
    assert not (tmp_path / "own.json").exists()


def test_contradictions_are_asked_about_and_a_lesion_left_out_is_printed(
    window: MainWindow, open_files: Open, demo: DemoStudy, mark: Do, read: Do, qtbot: QtBot, tmp_path: Path
) -> None:
    session = window.session
    open_files(session, demo.spiculated)
    session.mask_commands.import_from(demo.spiculated_mask)
    read(session)
    assert session.work is not None
    assert session.study is not None
    file_says = session.study.facts.laterality
    wrong = Side.RIGHT if file_says == "left" else Side.LEFT
    session.lesions.describe(session.work, Description(side=wrong))
    session.lesions.add()
    mark(session)
    read(session)
    if session.shown_result.state is not ResultState.DONE:
        pytest.skip("the second lesion is not read")
    dialog = asked(window)
    assert len(dialog.lesions) == 2
    qtbot.waitUntil(dialog.against.isVisible, timeout=30_000)
    assert f"the reader entered {wrong.value}, the file says {file_says}" in dialog.against.text()
    next(box for box in dialog.lesions if "Lesion 2" in box.text()).setChecked(False)
    dialog.export.click()
    save(window, tmp_path / "one.pdf")
    qtbot.waitUntil((tmp_path / "one.pdf").is_file, timeout=60_000)
    text = " ".join(paper(tmp_path / "one.pdf").split())
    assert "Left out of this report by the user: Lesion 2" in text
    assert "Side mismatch" in text


def test_it_is_opened_or_the_next_study_comes_into_view(
    window: MainWindow,
    open_files: Open,
    demo: DemoStudy,
    read: Do,
    qtbot: QtBot,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    session = window.session
    open_files(session, demo.spiculated)
    session.mask_commands.import_from(demo.spiculated_mask)
    read(session)
    dialog = asked(window)
    assert not dialog.export_next.isEnabled(), "there is no next one"
    dialog.reject()
    open_files(session, demo.smooth)
    session.navigation.to_study(session.studies[0])
    opened: list[str] = []
    # A test must not start another program.
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: bool(opened.append(url.toLocalFile())) or True)
    asked(window).export_open.click()
    save(window, tmp_path / "open.pdf")
    qtbot.waitUntil(lambda: bool(opened), timeout=60_000)
    assert opened == [str(tmp_path / "open.pdf")]
    asked(window).export_next.click()
    save(window, tmp_path / "next.pdf")
    qtbot.waitUntil(lambda: session.study is session.studies[1], timeout=60_000)
    assert (tmp_path / "next.pdf").is_file()
