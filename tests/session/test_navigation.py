"""Going between studies and frames loses nothing, and facts and image always belong to one file."""

import shutil
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pydicom
import pytest
from pydicom.uid import generate_uid
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QSlider
from pytestqt.qtbot import QtBot

from csamoe_desktop.session.lesion_work import ResultState
from csamoe_desktop.session.session import Session
from csamoe_desktop.study.phantom import DemoStudy
from csamoe_desktop.ui.shell.main_window import MainWindow
from csamoe_desktop.ui.widgets.messages import Kind

Open = Callable[..., None]
Do = Callable[[Session], None]


@pytest.fixture
def copies(demo: DemoStudy, tmp_path: Path) -> dict[str, Path]:
    """Copies of the demo studies, to be changed."""
    return {file.stem: Path(shutil.copy(file, tmp_path)) for file in (demo.smooth, demo.spiculated, demo.cine)}


def look(window: MainWindow) -> tuple[object, ...]:
    """Return how each part of the window names study and frame."""
    session, column = window.session, window.study_list
    assert session.study is not None
    assert session.frame is not None
    return (
        session.study.path.name,
        session.frame.index,
        window.windowTitle(),
        column.studies.currentItem().text(),
        [item.text() for item in column.studies.selectedItems()],
        column._facts.text(),
        [index.row() for index in column.frames.selectedIndexes()],
        window.findChild(QSlider).value(),
    )


def test_a_study_of_another_size_in_between_costs_nothing(
    window: MainWindow, open_files: Open, demo: DemoStudy, small_png: Path, mark: Do, read: Do, qtbot: QtBot
) -> None:
    session = window.session
    open_files(session, small_png, demo.spiculated)
    session.mask_commands.import_from(demo.spiculated_mask)
    mark(session)
    read(session)
    qtbot.keyClicks(window.assessment.comment, "irregular")
    assert session.mask is not None
    outline, ai_result = session.mask.pixels.copy(), session.shown_result.result
    assert ai_result is not None
    window.study_list.studies.setCurrentRow(0)
    assert session.shown_result.state is ResultState.NO_MASK
    assert window.assessment.comment.toPlainText() == ""
    mark(session)
    window.study_list.studies.setCurrentRow(1)
    assert np.array_equal(session.mask.pixels, outline)
    assert session.shown_result.result is ai_result
    assert session.shown_result.state is ResultState.DONE
    assert window.assessment.comment.toPlainText() == "irregular"
    session.mask_commands.undo()
    session.mask_commands.undo()
    assert session.mask.empty
    window.study_list.studies.setCurrentRow(0)
    assert session.mask.pixels.shape == (48, 64)
    assert not session.mask.empty
    session.open_studies.close_current()
    session.mask_commands.redo()
    session.mask_commands.redo()
    assert np.array_equal(session.mask.pixels, outline)


def test_study_frame_and_work_change_together(
    session: Session, open_files: Open, demo: DemoStudy, small_png: Path
) -> None:
    seen: list[tuple[str, object, object]] = []

    def heard() -> None:
        if session.study is not None and session.frame is not None and session.work is not None:
            seen.append((session.study.path.name, session.frame.shape, session.work.mask.pixels.shape))
        else:
            assert (session.study, session.frame, session.work) == (None, None, None)

    for signal in (session.studyChanged, session.frameChanged, session.resultChanged, session.settingsChanged):
        signal.connect(heard)
    open_files(session, demo.smooth, small_png)
    session.navigation.to_study(session.studies[0])
    session.open_studies.close_current()
    session.open_studies.close_current()
    smooth, small = ("smooth.dcm", (480, 560), (480, 560)), ("small.png", (48, 64), (48, 64))
    assert set(seen) == {smooth, small}


def test_a_study_that_can_no_longer_be_read_leaves_the_one_in_view_whole(
    window: MainWindow, open_files: Open, copies: dict[str, Path], mark: Do, qtbot: QtBot
) -> None:
    open_files(window.session, copies["cine"], copies["smooth"])
    mark(window.session)
    before, frame, work = look(window), window.session.frame, window.session.work
    copies["cine"].unlink()
    row = window.study_list.studies.visualItemRect(window.study_list.studies.item(0)).center()
    qtbot.mouseClick(window.study_list.studies.viewport(), Qt.MouseButton.LeftButton, pos=row)
    assert window.messages.shown()[0].kind is Kind.REFUSAL
    assert "cine.dcm can no longer be read" in window.messages.shown()[0].text
    qtbot.waitUntil(lambda: look(window) == before)
    assert (window.session.frame, window.session.work) == (frame, work)
    assert window.session.shown_result.state is ResultState.READY


def test_a_frame_that_can_no_longer_be_read_leaves_the_one_in_view(
    window: MainWindow, open_files: Open, copies: dict[str, Path], qtbot: QtBot
) -> None:
    open_files(window.session, copies["cine"])
    window.session.navigation.to_frame(1)
    before = look(window)
    copies["cine"].unlink()
    frames = window.study_list.frames
    second = frames.visualRect(frames.model().index(2, 0)).center()
    tries: tuple[Callable[[], object], ...] = (
        lambda: qtbot.mouseClick(frames.viewport(), Qt.MouseButton.LeftButton, pos=second),
        lambda: window.findChild(QSlider).setValue(4),
        window.actions_table["next_frame"].trigger,
        lambda: window.session.navigation.to_frame(0),
    )
    for step in tries:
        window.messages.clear()
        step()
        assert [message.kind for message in window.messages.shown()] == [Kind.REFUSAL]
        qtbot.waitUntil(lambda: look(window) == before)
    window.actions_table["cine"].trigger()
    qtbot.waitUntil(lambda: not window.cine.playing)
    assert look(window) == before


def test_closing_goes_on_to_the_nearest_study_that_can_be_read(
    window: MainWindow, open_files: Open, copies: dict[str, Path], small_png: Path
) -> None:
    session = window.session
    open_files(session, small_png, copies["smooth"], copies["spiculated"])
    copies["smooth"].unlink()
    session.open_studies.close_current()
    assert session.study is session.studies[0]
    assert "smooth.dcm" in window.messages.shown()[0].text
    session.open_studies.close_current()
    assert (session.study, session.frame, session.work) == (None, None, None)
    assert window.result.state is ResultState.NO_STUDY
    assert [study.path for study in session.studies] == [copies["smooth"]], "it is still there to be tried again"
    assert window.study_list.studies.count() == 1
    assert "Smooth" in window.study_list.studies.item(0).text()


def test_a_file_exported_again_the_same_keeps_its_outline_another_image_does_not(
    window: MainWindow, open_files: Open, small_png: Path, mark: Do, qtbot: QtBot
) -> None:
    session = window.session
    open_files(session, small_png)
    mark(session)
    qtbot.keyClicks(window.assessment.comment, "of the first image")
    first = small_png.read_bytes()
    grey = cv2.imdecode(np.frombuffer(first, np.uint8), cv2.IMREAD_GRAYSCALE)

    # Different bytes, the same pixels.
    small_png.write_bytes(cv2.imencode(".png", grey, [cv2.IMWRITE_PNG_COMPRESSION, 0])[1].tobytes())
    assert small_png.read_bytes() != first
    open_files(session, small_png)
    assert session.shown_result.state is ResultState.READY
    assert not any("different image" in message.text for message in window.messages.shown())

    # The same size, one pixel changed.
    grey[20, 20] ^= 1
    small_png.write_bytes(cv2.imencode(".png", grey)[1].tobytes())
    open_files(session, small_png)
    assert session.shown_result.state is ResultState.NO_MASK
    assert session.mask is not None
    assert not session.mask.can_undo
    assert window.assessment.comment.toPlainText() == ""
    note = (
        "small.png is a different image now. The outline of the earlier image is saved and comes back with that image."
    )
    assert note in [message.text for message in window.messages.shown()]
    assert session.unsaved() == (0, 0), "what was put aside is in the store"

    small_png.write_bytes(first)
    open_files(session, small_png)
    assert session.shown_result.state is ResultState.READY
    assert window.assessment.comment.toPlainText() == "of the first image"


def test_another_sop_instance_is_another_image(
    session: Session, open_files: Open, copies: dict[str, Path], mark: Do
) -> None:
    told: list[str] = []
    session.noted.connect(told.append)
    open_files(session, copies["cine"])
    session.navigation.to_frame(3)
    mark(session)
    data = pydicom.dcmread(copies["cine"])
    data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    data.save_as(copies["cine"])
    open_files(session, copies["cine"])
    session.navigation.to_frame(3)
    assert session.shown_result.state is ResultState.NO_MASK
    assert told[-1].startswith("Frame 4 of cine.dcm is a different image now")
