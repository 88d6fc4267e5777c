"""The agreement page on a real store: its counts, pathology entered by hand, and the CSV."""

import csv
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog, QLabel
from pytestqt.qtbot import QtBot

from csamoe_desktop.assess import Category
from csamoe_desktop.reader.assessment import Assessment, AssessmentRecord
from csamoe_desktop.session.session import Session
from csamoe_desktop.settings import Settings
from csamoe_desktop.store.assessments import AssessmentStore, Pathology, Sitting, StoredResult
from csamoe_desktop.store.lesions import LesionKey
from csamoe_desktop.study.phantom import DemoStudy
from csamoe_desktop.ui.dialogs.agreement_page import AgreementDialog
from csamoe_desktop.ui.shell.main_window import MainWindow

Open = Callable[..., None]
Page = Callable[[], AgreementDialog]


@pytest.fixture
def session(qtbot: QtBot) -> Iterator[Session]:
    session = Session(Settings(model="csamoe-resnet18", device="cpu", propose_on_opening=False))
    yield session
    session.close()


@pytest.fixture
def page(session: Session, qtbot: QtBot) -> Page:
    def opened() -> AgreementDialog:
        made = AgreementDialog(session)
        qtbot.addWidget(made)
        made.show()
        return made

    return opened


@pytest.fixture
def three_reads(session: Session) -> AssessmentStore:
    """Three assessments: all agree, the final one changed to the AI's decision, and the first one was skipped."""
    reads = session.assessments.store
    told = (
        ("4B", Category.SUSPICIOUS, 0.9, "4B"),
        ("3", Category.SUSPICIOUS, 0.8, "4A"),
        ("", Category.LIKELY_BENIGN, 0.02, "2"),
    )
    for number, (first, category, probability, final) in enumerate(told):
        record = AssessmentRecord(
            Assessment(first) if first else None, Assessment(final), True, not first, 30.0, 2.0, 4.0
        )
        ai = StoredResult(category, probability, "csamoe 1.0", "c" * 64, "d" * 64)
        key = LesionKey(f"{number}{'ab' * 31}{number}", 0)
        reads.keep(Sitting(f"sitting {number}", key, f"2026-03-0{number + 1}T10:00:00+00:00", record, ai))
    reads.write()
    return reads


def words(page: AgreementDialog) -> list[str]:
    return [label.text() for label in page.findChildren(QLabel) if label.isVisible()]


def rows(page: AgreementDialog) -> list[list[str]]:
    found = []
    for row in range(page.table.rowCount()):
        items = [page.table.item(row, column) for column in range(1, 5)]
        found.append([item.text() for item in items if item is not None])
    return found


def test_an_empty_store_says_when_reads_are_kept(page: Page) -> None:
    made = page()
    assert made.counted.text().startswith("No assessments are stored yet")
    assert made.table.rowCount() == 0
    assert not made.export.isEnabled()
    assert not made.problem.isVisible()


def test_it_says_what_the_store_has(three_reads: AssessmentStore, page: Page) -> None:
    made = page()
    assert made.counted.text() == (
        "3 assessments of 3 lesions stored. The first assessment was skipped for 1 and is missing for 0. After the AI result "
        "was shown, 1 assessment changed between positive and negative, 1 of them to the AI's decision."
    )
    assert rows(made) == [
        ["2abababa", "skipped", "likely benign (0.02)", "2"],
        ["1abababa", "3", "suspicious (0.80)", "4A"],
        ["0abababa", "4B", "suspicious (0.90)", "4B"],
    ]
    shown = words(made)
    assert "1 of 2 (50 %), kappa 0.00" in shown
    assert "3 of 3 (100 %), kappa 1.00" in shown
    assert shown.count("no case") == 8
    made.only_differing.setChecked(True)
    assert rows(made) == [["1abababa", "3", "suspicious (0.80)", "4A"]]


def test_pathology_is_entered_by_key_and_kept(three_reads: AssessmentStore, page: Page, qtbot: QtBot) -> None:
    made = page()
    combo = made.table.cellWidget(1, 5)
    combo.setFocus()
    qtbot.keyClicks(combo, "m")
    qtbot.waitUntil(lambda: three_reads.all()[1].pathology is Pathology.MALIGNANT)
    # The first assessment missed it, the AI result and the final assessment did not.
    qtbot.waitUntil(lambda: words(made).count("0 of 1 (0 %, 0 to 79 %)") == 1)
    assert words(made).count("1 of 1 (100 %, 21 to 100 %)") == 3
    assert made.table.cellWidget(1, 5).hasFocus(), "the next key goes on from there"
    again = AssessmentStore(three_reads.file).all()
    assert [one.pathology for one in again] == [Pathology.UNKNOWN, Pathology.MALIGNANT, Pathology.UNKNOWN]
    assert made.table.cellWidget(1, 5).currentText() == "malignant"
    qtbot.keyClicks(made.table.cellWidget(1, 5), "n")
    assert three_reads.all()[1].pathology is Pathology.UNKNOWN


def test_the_case_in_view_is_marked_and_is_one_of_them(
    three_reads: AssessmentStore, session: Session, page: Page, open_files: Open, demo: DemoStudy
) -> None:
    open_files(session, demo.smooth)
    session.assessments.change(Assessment("3"))
    made = page()
    assert made.table.rowCount() == 4
    in_view = [row for row in rows(made) if row[0].endswith(", current")]
    assert session.work is not None
    assert in_view == [[f"{session.work.image[:8]}, current", "3", "", ""]]
    assert made.table.currentRow() == 0
    assert "(1 without an AI result, not counted)" in made.counted.text()


def test_an_earlier_ai_reading_of_the_case_in_view_is_veiled_before_the_own_read(
    session: Session, page: Page, open_files: Open, demo: DemoStudy
) -> None:
    open_files(session, demo.smooth)
    assert session.work is not None
    record = AssessmentRecord(Assessment("3"), Assessment("3"), True, False, 30.0, 2.0, 4.0)
    ai = StoredResult(Category.SUSPICIOUS, 0.9, "csamoe 1.0", "c" * 64, "d" * 64)
    for number, lesion in enumerate((session.work.number, 2)):
        key = LesionKey(session.work.image, 0, lesion)
        session.assessments.store.keep(Sitting(f"sitting {number}", key, "2026-03-01T10:00:00+00:00", record, ai))
    session.assessments.store.write()
    assert session.shown_result.hidden
    seen = {row[0].partition(",")[2]: row[2] for row in rows(page())}
    assert seen == {" current": "hidden", " lesion 2": "hidden"}
    session.assessments.change(Assessment("4A"))
    session.assessments.skip()
    assert "suspicious (0.90)" in [row[2] for row in rows(page()) if row[0].endswith("current")]


def test_the_csv_is_written_whole_and_without_identities(
    three_reads: AssessmentStore, page: Page, tmp_path: Path
) -> None:
    made = page()
    made.only_differing.setChecked(True)
    made.export.click()
    dialog = made.findChild(QFileDialog)
    assert dialog is not None
    file = tmp_path / "reads.csv"
    dialog.selectFile(str(file))
    dialog.accept()
    raw = file.read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf"), "a spreadsheet needs the mark"
    assert b"\r\r\n" not in raw
    with file.open(encoding="utf-8-sig", newline="") as told:
        found = list(csv.DictReader(told))
    assert [row["own_category"] for row in found] == ["4B", "3", ""], "all of them, whatever is shown"
    assert b"abababa" not in raw
    assert b"2026" not in raw


def test_a_csv_that_cannot_be_written_says_so(three_reads: AssessmentStore, page: Page, tmp_path: Path) -> None:
    made = page()
    (tmp_path / "reads.csv").mkdir()
    made.export.click()
    dialog = made.findChild(QFileDialog)
    assert dialog is not None
    dialog.fileSelected.emit(str(tmp_path / "reads.csv"))
    assert made.problem.isVisible()
    assert "reads.csv" in made.problem.text()
    dialog.reject()


def test_a_store_that_cannot_be_read_says_so(session: Session, page: Page) -> None:
    session.assessments.store.file = session.assessments.store.file.with_name("spoilt.sqlite")
    session.assessments.store.file.parent.mkdir(parents=True, exist_ok=True)
    session.assessments.store.file.write_bytes(b"no database " * 500)
    made = page()
    assert made.problem.isVisible()
    assert not made.export.isEnabled()


def test_it_opens_from_the_menu_and_closes_by_key(window: MainWindow, qtbot: QtBot) -> None:
    window.actions_table["agreement"].trigger()
    made = window.findChild(AgreementDialog)
    assert made is not None
    assert made.isVisible()
    qtbot.waitUntil(made.isActiveWindow)
    with qtbot.waitSignal(made.destroyed):
        qtbot.keyClick(made, Qt.Key.Key_Escape)
