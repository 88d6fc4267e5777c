"""The left column: studies, facts, and thumbnails that are made only for visible frames."""

import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PySide6.QtCore import QSize, Qt
from pytestqt.qtbot import QtBot

from csamoe_desktop.errors import UserError
from csamoe_desktop.session.session import Session
from csamoe_desktop.study.model import Study, StudyFacts
from csamoe_desktop.study.phantom import DemoStudy
from csamoe_desktop.ui.panels.study_list import StudyList
from csamoe_desktop.ui.panels.thumbnails import HEIGHT, THUMBNAILS, WIDTH, shrunk

Open = Callable[..., None]


@pytest.fixture
def column(session: Session, qtbot: QtBot) -> StudyList:
    made = StudyList(session)
    qtbot.addWidget(made)
    made.resize(240, 600)
    made.show()
    return made


def long_cine(decoded: list[tuple[int, int]], frames: int = 200, broken: int = -1) -> Study:
    """Return a study of many frames that records which were decoded and in which thread."""

    def decode(index: int) -> NDArray[np.uint8]:
        decoded.append((index, threading.get_ident()))
        if index == broken:
            raise UserError("damaged", "")
        return np.full((60, 80), index, np.uint8)

    return Study(Path("/cine.dcm"), "cine", frames, 60, 80, decode, StudyFacts())


def show(session: Session, study: Study) -> None:
    session.studies.append(study)
    session.navigation.to_study(study)


def test_a_long_cine_makes_thumbnails_in_the_worker_and_only_those_in_view(
    session: Session, column: StudyList, qtbot: QtBot
) -> None:
    decoded: list[tuple[int, int]] = []
    show(session, long_cine(decoded))
    assert column.frames.model().rowCount() == 200
    qtbot.waitUntil(lambda: len(decoded) > 3 and not session.jobs.busy(THUMBNAILS), timeout=30_000)
    by_worker = [index for index, thread in decoded if thread != threading.get_ident()]
    assert by_worker
    assert len(decoded) - len(by_worker) == 1, "this thread decodes the frame in view, nothing else"
    assert len(by_worker) == len(set(by_worker)) < 30
    column.frames.scrollToBottom()
    qtbot.waitUntil(lambda: 199 in [index for index, _ in decoded], timeout=30_000)
    assert len({index for index, _ in decoded}) < 60


def test_a_thumbnail_is_the_frame_made_small(session: Session, column: StudyList, qtbot: QtBot) -> None:
    decoded: list[tuple[int, int]] = []
    show(session, long_cine(decoded))
    model = column.frames.model()

    def middle(row: int) -> int:
        icon = model.data(model.index(row, 0), Qt.ItemDataRole.DecorationRole)
        pixmap = icon.pixmap(QSize(WIDTH, HEIGHT))
        return int(pixmap.toImage().pixelColor(pixmap.width() // 2, pixmap.height() // 2).red())

    for row in (2, 150):
        qtbot.waitUntil(lambda row=row: middle(row) == row, timeout=30_000)


def test_thumbnails_of_a_study_left_are_not_waited_for(session: Session, column: StudyList, qtbot: QtBot) -> None:
    decoded: list[tuple[int, int]] = []
    go = threading.Event()

    def slow(index: int) -> NDArray[np.uint8]:
        if threading.current_thread() is not threading.main_thread():
            assert go.wait(30)
        decoded.append((index, 0))
        return np.zeros((60, 80), np.uint8)

    show(session, Study(Path("/slow.dcm"), "cine", 50, 60, 80, slow))
    qtbot.waitUntil(lambda: session.jobs.busy(THUMBNAILS), timeout=30_000)
    other: list[tuple[int, int]] = []
    show(session, long_cine(other, 5))
    go.set()
    qtbot.waitUntil(lambda: {index for index, _ in other} == set(range(5)), timeout=30_000)
    # The current frame, the thumbnail in progress, and the picture in the list of studies, which is still visible.
    assert len(decoded) <= 3


def test_a_frame_that_cannot_be_decoded_only_has_no_picture(session: Session, column: StudyList, qtbot: QtBot) -> None:
    failures: list[object] = []
    session.failed.connect(failures.append)
    decoded: list[tuple[int, int]] = []
    show(session, long_cine(decoded, 4, broken=2))
    qtbot.waitUntil(lambda: {index for index, _ in decoded} == {0, 1, 2, 3}, timeout=30_000)
    qtbot.waitUntil(lambda: not session.jobs.busy(THUMBNAILS), timeout=30_000)
    assert failures == []


@pytest.mark.parametrize("shape", [(1, 1), (3, 4000), (4000, 3), (600, 800), (600, 800, 3)])
def test_a_thumbnail_fits_whatever_the_frames_shape(shape: tuple[int, ...]) -> None:
    image = shrunk(np.full(shape, 77, np.uint8))
    assert 1 <= image.width() <= WIDTH
    assert 1 <= image.height() <= HEIGHT
    assert image.pixelColor(0, 0).red() == 77


def test_studies_are_named_by_patient_and_frames_follow_the_choice(
    session: Session, column: StudyList, open_files: Open, demo: DemoStudy, small_png: Path
) -> None:
    assert column.studies.item(0).text() == "No study is open"
    open_files(session, demo.cine, small_png)
    assert column.studies.count() == 2
    assert session.studies[0].facts.patient_name in column.studies.item(0).text()
    assert column.studies.item(1).text().startswith("small.png")
    assert column.studies.currentRow() == 1
    column.studies.setCurrentRow(0)
    assert session.study is session.studies[0]
    assert column.frames.model().rowCount() == session.studies[0].frame_count
    column.frames.setCurrentIndex(column.frames.model().index(3, 0))
    assert session.frame is not None
    assert session.frame.index == 3
    session.navigation.to_frame(5)
    assert column.frames.currentIndex().row() == 5


def test_a_marked_frame_says_so(
    session: Session, column: StudyList, open_files: Open, demo: DemoStudy, mark: Callable[[Session], None]
) -> None:
    open_files(session, demo.cine)
    model = column.frames.model()
    assert model.index(0, 0).data() == "1"
    mark(session)
    assert model.index(0, 0).data() == "1\nmarked"
    assert model.index(0, 0).data(Qt.ItemDataRole.AccessibleTextRole) == "Frame 1, marked"
    assert model.index(1, 0).data() == "2"
