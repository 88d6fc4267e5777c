"""Archives, discs and large folders in the window: progress, Cancel, thumbnails, and marked earlier examinations."""

import zipfile
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, UltrasoundImageStorage, generate_uid
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from csamoe_desktop import paths
from csamoe_desktop.session.session import Session
from csamoe_desktop.session.study_loader import OPENING
from csamoe_desktop.ui.panels.thumbnails import THUMBNAILS
from csamoe_desktop.ui.shell.main_window import MainWindow

Open = Callable[..., None]


def png(file: Path, grey: int = 100) -> Path:
    file.write_bytes(cv2.imencode(".png", np.full((40, 60), grey, np.uint8))[1].tobytes())
    return file


def dicom(file: Path, date: str, patient: str = "P1") -> Path:
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.SOPClassUID, dataset.SOPInstanceUID = UltrasoundImageStorage, generate_uid()
    dataset.StudyInstanceUID = generate_uid()
    dataset.PatientID, dataset.PatientName, dataset.StudyDate = patient, "Test^Anna", date
    dataset.Rows, dataset.Columns, dataset.SamplesPerPixel = 40, 60, 1
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.BitsAllocated = dataset.BitsStored = 8
    dataset.HighBit, dataset.PixelRepresentation = 7, 0
    dataset.PixelData = np.full((40, 60), 80, np.uint8).tobytes()
    dataset.save_as(file, enforce_file_format=True)
    return file


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    made = tmp_path / "from the other hospital.zip"
    with zipfile.ZipFile(made, "w") as opened:
        for number in range(3):
            opened.write(png(tmp_path / f"{number}.png", 50 + number), f"images/{number}.png")
    return made


def test_an_archive_opens_like_a_folder_and_nothing_of_it_is_left(
    session: Session, archive: Path, open_files: Open
) -> None:
    told: list[str] = []
    session.noted.connect(told.append)
    open_files(session, archive)
    assert [study.path.name for study in session.studies] == ["0.png", "1.png", "2.png"]
    assert told == ["3 images of from the other hospital.zip are open."]
    assert session.settings.recent_files == (str(archive),), "what was opened, not where it was unpacked"
    assert session.studies[2].frame(0).pixels[0, 0] == 52
    assert list(paths.unpacked_folder().rglob("*.png"))
    session.close()
    assert not list(paths.unpacked_folder().rglob("*.png"))


def test_opening_tells_how_far_it_is_and_stops_when_it_is_told_to(
    window: MainWindow, tmp_path: Path, qtbot: QtBot
) -> None:
    session, progress = window.session, window.status.opening
    folder = tmp_path / "many"
    folder.mkdir()
    for number in range(120):
        png(folder / f"{number}.png", number + 1)
    assert not progress.isVisibleTo(window)
    seen: list[str] = []

    def listed() -> None:
        seen.append(progress.words.text())
        if len(session.studies) > 25:
            assert progress.isVisibleTo(window)
            qtbot.mouseClick(progress.stop, Qt.MouseButton.LeftButton)

    session.studiesListed.connect(listed)
    session.open(folder)
    qtbot.waitUntil(lambda: len(session.studies) > 25 and not session.jobs.busy(OPENING), timeout=30_000)
    assert not progress.isVisibleTo(window)
    assert len(session.studies) < 120
    assert any(words.startswith("Opening image ") and words.endswith(" of 120") for words in seen)
    said = [message.text for message in window.messages.shown()]
    assert f"Opening was stopped; {len(session.studies)} images are open." in said
    session.open(png(tmp_path / "after.png"))
    qtbot.waitUntil(lambda: session.study is not None and session.study.path.name == "after.png", timeout=30_000)
    assert not progress.isVisibleTo(window)


def test_the_list_shows_a_picture_of_what_is_looked_at_alone(
    window: MainWindow, tmp_path: Path, open_files: Open, qtbot: QtBot
) -> None:
    folder = tmp_path / "many"
    folder.mkdir()
    for number in range(100):
        png(folder / f"{number:03}.png", 2 * number + 20)
    window.resize(1200, 700)
    window.show()
    open_files(window.session, folder)
    listed = window.study_list.studies
    qtbot.waitUntil(lambda: not window.session.jobs.busy(THUMBNAILS), timeout=30_000)

    def grey_of(row: int) -> int:
        icon = listed.item(row).data(Qt.ItemDataRole.DecorationRole)
        return icon.pixmap(48, 36).toImage().pixelColor(24, 18).red()

    qtbot.waitUntil(lambda: grey_of(0) == 20, timeout=30_000)
    assert grey_of(1) == 22
    qtbot.waitUntil(lambda: not window.session.jobs.busy(THUMBNAILS), timeout=30_000)
    made = len(window.study_list._pictures._made)
    assert made < 40, "those out of view are not made"


def test_earlier_examinations_of_a_patient_are_marked_and_stand_behind_the_newest(
    window: MainWindow, tmp_path: Path, open_files: Open
) -> None:
    folder = tmp_path / "patient"
    folder.mkdir()
    dicom(folder / "a", "20200110")
    dicom(folder / "b", "20240510")
    dicom(folder / "c", "20190101", patient="P2")
    open_files(window.session, folder)
    listed = window.study_list.studies
    assert [listed.item(row).text().splitlines()[1] for row in range(3)] == [
        "2024-05-10 · b",
        "prior · 2020-01-10 · a",
        "2019-01-01 · c",
    ]
    # Opening a newer examination on its own makes the others earlier ones.
    open_files(window.session, dicom(tmp_path / "d", "20250101"))
    assert listed.item(0).text().splitlines()[1] == "prior · 2024-05-10 · b"
