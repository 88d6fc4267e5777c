"""Opening files and folders in a session."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom.data import get_testdata_file
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

from csamoe_desktop.session import study_loader as opening
from csamoe_desktop.session.session import Session
from csamoe_desktop.session.study_loader import OPENING
from csamoe_desktop.settings import load_settings
from csamoe_desktop.study.model import Study
from csamoe_desktop.study.opening import open_study
from csamoe_desktop.study.phantom import DemoStudy
from csamoe_desktop.ui.panels.study_list import StudyList
from csamoe_desktop.ui.panels.thumbnails import THUMBNAILS
from csamoe_desktop.ui.shell.main_window import MainWindow

Open = Callable[..., None]


def picture(file: Path, grey: int = 100, depth: type = np.uint8) -> Path:
    pixels: NDArray[Any] = np.full((40, 60), grey, depth)
    file.write_bytes(cv2.imencode(".png", pixels)[1].tobytes())
    return file


@pytest.fixture
def folder(tmp_path: Path, demo: DemoStudy) -> Path:
    """Two image files in the folder, a cine and 30 more images in its subfolders, and files that are not images."""
    made = tmp_path / "Monday"
    (made / "cines").mkdir(parents=True)
    (made / "stills").mkdir()
    picture(made / "b 10.png")
    picture(made / "b 2.png")
    picture(made / "b 2_mask.png", 255)
    shutil.copy(demo.cine, made / "cines" / "cine")
    for number in range(30):
        picture(made / "stills" / f"{number}.png", number)
    (made / "letter.txt").write_text("Dear colleague")
    return made


@pytest.fixture
def told(session: Session) -> list[str]:
    """Record every note and error."""
    said: list[str] = []
    session.noted.connect(said.append)
    session.failed.connect(lambda problem: said.append(str(problem)))
    return said


def test_every_image_of_a_folder_is_opened_and_the_first_is_in_view(
    session: Session, folder: Path, open_files: Open, told: list[str]
) -> None:
    shown: list[str] = []
    session.studyChanged.connect(lambda: shown.append("" if session.study is None else session.study.path.name))
    open_files(session, folder)
    assert [study.path.name for study in session.studies][:4] == ["b 2.png", "b 10.png", "cine", "0.png"]
    assert len(session.studies) == 33
    assert shown == ["b 2.png"], "the others come behind it"
    assert told == ["33 images of Monday are open; 1 file that is not an image and the mask of 1 image were skipped."]
    assert session.settings.recent_files == (str(folder),)
    assert load_settings().recent_files == (str(folder),)


def test_the_list_grows_behind_a_study_that_stays_in_view(
    session: Session, folder: Path, open_files: Open, demo: DemoStudy, qtbot: QtBot
) -> None:
    column = StudyList(session)
    qtbot.addWidget(column)
    column.resize(240, 700)
    column.show()
    grown: list[int] = []
    drawn: list[object] = []

    def listed() -> None:
        grown.append(len(session.studies))
        if len(grown) == 1:
            session.navigation.to_study(session.studies[1])
            drawn.append(session.work)

    session.studiesListed.connect(listed)
    open_files(session, folder)
    assert grown == [21, 33]
    assert session.study is session.studies[1]
    assert [session.work] == drawn
    assert column.studies.count() == 33
    assert column.studies.currentRow() == 1
    qtbot.waitUntil(lambda: not session.jobs.busy(THUMBNAILS))


def test_a_folder_opened_again_opens_nothing_twice(session: Session, folder: Path, open_files: Open) -> None:
    open_files(session, folder)
    before = list(session.studies)
    picture(folder / "new.png")
    open_files(session, folder)
    assert len(session.studies) == 34
    assert session.studies[1:33] == before[1:]
    assert session.studies[33].path.name == "new.png"


def test_damaged_images_of_a_folder_are_told_in_one_and_the_others_open(
    session: Session, tmp_path: Path, open_files: Open, told: list[str]
) -> None:
    for name in ("1.png", "3.png", "5.png"):
        (tmp_path / name).write_bytes(picture(tmp_path / name).read_bytes()[:60])
    for name in ("2.png", "4.png"):
        picture(tmp_path / name)
    open_files(session, tmp_path)
    assert [study.path.name for study in session.studies] == ["2.png", "4.png"]
    assert session.study is session.studies[0]
    assert told[0].startswith(f"2 images of {tmp_path.name} are open")
    assert told[1].startswith("3 images could not be opened. The first: 1.png is damaged")
    assert len(told) == 2


def test_a_fault_of_the_program_in_one_file_leaves_the_others_open(
    session: Session, tmp_path: Path, open_files: Open, told: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("1.png", "2.png", "3.png"):
        picture(tmp_path / name)

    def faulty(path: Path) -> Study:
        if path.name == "2.png":
            raise RuntimeError("a fault")
        return open_study(path)

    # Simulated, as no file is known that triggers a fault in the program.
    monkeypatch.setattr(opening, "open_study", faulty)
    open_files(session, tmp_path)
    assert [study.path.name for study in session.studies] == ["1.png", "3.png"]
    assert "2.png could not be opened: something went wrong inside the program." in told[-1]


def test_a_folder_without_an_image_is_refused_and_what_waits_is_opened(
    session: Session, tmp_path: Path, open_files: Open, told: list[str], small_png: Path
) -> None:
    (tmp_path / "empty").mkdir()
    open_files(session, tmp_path / "empty", small_png)
    assert told[0].startswith("There is no image in the folder empty; it is empty.")
    assert [study.path for study in session.studies] == [small_png]


def test_what_there_is_to_know_of_an_image_is_told_as_it_comes_into_view(
    session: Session, tmp_path: Path, open_files: Open, told: list[str]
) -> None:
    picture(tmp_path / "1.png")
    picture(tmp_path / "2.png", 4000, np.uint16)
    open_files(session, tmp_path)
    assert len(told) == 1
    session.navigation.to_study(session.studies[1])
    assert "16-bit values" in told[1]
    session.navigation.to_study(session.studies[0])
    session.navigation.to_study(session.studies[1])
    assert len(told) == 2, "each note is emitted once"


def test_a_folder_can_be_dropped_and_chosen_and_its_note_stays(
    window: MainWindow, folder: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(folder / "cines"))])
    left = Qt.MouseButton.LeftButton
    drop = QDropEvent(QPointF(50, 50), Qt.DropAction.CopyAction, data, left, Qt.KeyboardModifier.NoModifier)
    window.dropEvent(drop)
    qtbot.waitUntil(lambda: not window.session.jobs.busy(OPENING) and bool(window.session.studies), timeout=30_000)
    assert [study.path.name for study in window.session.studies] == ["cine"]
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *asked: str(folder))
    window.actions_table["open_folder"].trigger()
    qtbot.waitUntil(lambda: len(window.session.studies) == 33, timeout=30_000)
    qtbot.waitUntil(lambda: not window.session.jobs.busy(OPENING), timeout=30_000)
    assert any("were skipped" in message.text for message in window.messages.shown())
    assert window.session.study is not None
    assert window.session.study.path.name == "b 2.png"


def test_the_keys_go_from_study_to_study(window: MainWindow, folder: Path, open_files: Open) -> None:
    open_files(window.session, folder)
    window.session.navigation.to_study(window.session.studies[0])
    following, previous = window.actions_table["next_study"], window.actions_table["previous_study"]
    assert following.isEnabled()
    following.trigger()
    assert window.session.study is window.session.studies[1]
    previous.trigger()
    previous.trigger()
    assert window.session.study is window.session.studies[0], "there is none above the first"


def test_the_list_stays_where_it_is_as_one_chooses_from_it(
    session: Session, folder: Path, open_files: Open, qtbot: QtBot
) -> None:
    column = StudyList(session)
    qtbot.addWidget(column)
    column.resize(240, 500)
    column.show()
    open_files(session, folder)
    bar = column.studies.verticalScrollBar()
    bar.setValue(12)
    place = bar.value()
    assert place > 0
    item = column.studies.itemAt(20, 20)
    assert item is not None
    QTest.mouseClick(
        column.studies.viewport(),
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
        column.studies.visualItemRect(item).center(),
    )
    assert session.study is not None
    assert item.text().startswith(session.study.path.name)
    assert bar.value() == place
    # Its images arrive before the folder is removed.
    qtbot.waitUntil(lambda: not session.jobs.busy(THUMBNAILS))


def test_dicom_files_without_an_image_are_passed_over(
    session: Session, tmp_path: Path, open_files: Open, demo: DemoStudy, told: list[str]
) -> None:
    disc = tmp_path / "disc"
    disc.mkdir()
    found = get_testdata_file("rtplan.dcm", download=False)
    assert isinstance(found, str)
    shutil.copy(found, disc / "a plan.dcm")
    open_files(session, disc)
    assert told.pop().startswith("There is no image in the folder disc: its DICOM files contain none.")
    shutil.copy(demo.smooth, disc / "b.dcm")
    open_files(session, disc)
    assert told == ["1 image of disc is open; 1 file that is not an image was skipped."]
