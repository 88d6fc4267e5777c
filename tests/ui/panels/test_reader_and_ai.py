"""The notes on the screen: reader and AI differ, the side contradicts the file, another view has no AI result."""

from collections.abc import Callable
from pathlib import Path

import pydicom
from pytestqt.qtbot import QtBot

from csamoe_desktop.lesion.description import Description, Side
from csamoe_desktop.reader.assessment import Assessment
from csamoe_desktop.report.content.disagreement import differ
from csamoe_desktop.session.lesion_work import ResultState
from csamoe_desktop.session.session import Session
from csamoe_desktop.study.phantom import DemoStudy
from csamoe_desktop.ui.dialogs.lesion_dialog import DescribeDialog
from csamoe_desktop.ui.panels.reader_and_ai import ReaderAndAI


def of_side(demo: DemoStudy, folder: Path, side: str) -> Path:
    """The demo study's first file, with another side entered in it."""
    dataset = pydicom.dcmread(demo.smooth)
    dataset.ImageLaterality = side
    dataset.StudyDescription = dataset.SeriesDescription = ""
    file = folder / "side.dcm"
    dataset.save_as(file)
    return file


def test_the_dialog_fills_in_the_files_side_and_asks_where_the_reader_says_another(
    qtbot: QtBot,
    session: Session,
    open_files: Callable[..., None],
    mark: Callable[..., None],
    demo: DemoStudy,
    tmp_path: Path,
) -> None:
    open_files(session, of_side(demo, tmp_path, "L"))
    mark(session)
    dialog = DescribeDialog(session)
    qtbot.addWidget(dialog)
    assert dialog.side.currentText() == "left (from the file)"
    assert session.work is not None
    assert session.work.description.side is Side.UNSAID, "proposed, not said"
    dialog.accept()
    assert session.work.description.side is Side.LEFT, "confirmed"
    again = DescribeDialog(session)
    qtbot.addWidget(again)
    again.side.setCurrentIndex(again.side.findData(Side.RIGHT))
    again.accept()
    assert session.work.description.side is Side.LEFT, "asked first"
    assert "the reader entered right, the file says left (image laterality" in again.question.text()
    again.accept()
    assert session.work.description.side is Side.RIGHT


def test_the_line_follows_what_the_reader_says(
    qtbot: QtBot,
    session: Session,
    open_files: Callable[..., None],
    mark: Callable[..., None],
    demo: DemoStudy,
    tmp_path: Path,
) -> None:
    open_files(session, of_side(demo, tmp_path, "L"))
    line = ReaderAndAI(session)
    qtbot.addWidget(line)
    mark(session)
    session.assessing.begin()
    qtbot.waitUntil(lambda: session.shown_result.state is ResultState.DONE, timeout=60_000)
    assert session.work is not None
    assert session.shown_result.result is not None
    assert line.text() == ""
    session.lesions.describe(session.work, Description(side=Side.RIGHT))
    assert "the reader entered right" in line.text()
    session.lesions.describe(session.work, Description(side=Side.LEFT))
    assert line.text() == ""
    category = session.shown_result.result.category
    apart = next((own for own in ("2", "5") if differ(Assessment(own), category)), "")
    session.assessments.change(Assessment(apart or "3"))
    assert line.text().startswith("Reader and AI differ") is bool(apart)
