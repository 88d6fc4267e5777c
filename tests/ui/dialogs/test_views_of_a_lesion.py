"""One lesion in two views: it is assessed once and counts once; an open line stays with its lesion."""

import dataclasses
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from csamoe_desktop import paths
from csamoe_desktop.lesion.description import Side, View
from csamoe_desktop.reader.assessment import Assessment
from csamoe_desktop.session.assessing import ASSESSING
from csamoe_desktop.session.assessment_saver import SAVING_ASSESSMENTS
from csamoe_desktop.session.session import Session
from csamoe_desktop.session.study_loader import OPENING
from csamoe_desktop.settings import Settings
from csamoe_desktop.store.agreement import as_csv, counted, summarise
from csamoe_desktop.store.assessments import AssessmentStore, Pathology
from csamoe_desktop.ui.shell.main_window import MainWindow
from csamoe_desktop.ui.tools.base import Tool
from csamoe_desktop.ui.widgets.messages import Kind

Open = Callable[..., None]
Mark = Callable[[Session], None]
LEFT = Qt.MouseButton.LeftButton
SETTINGS = Settings(model="csamoe-resnet18", device="cpu", propose_on_opening=False)


@pytest.fixture
def two_views(tmp_path: Path) -> tuple[Path, Path]:
    """Two images that may show one lesion."""
    files = []
    for name, seed in (("radial.png", 1), ("antiradial.png", 2)):
        pixels = np.random.default_rng(seed).integers(20, 220, (96, 128), np.uint8)
        (tmp_path / name).write_bytes(cv2.imencode(".png", cv2.blur(pixels, (5, 5)))[1].tobytes())
        files.append(tmp_path / name)
    return files[0], files[1]


@pytest.fixture
def linked(two_views: tuple[Path, Path], open_files: Open, mark: Mark) -> Callable[[Session], None]:
    """Return a function that opens two marked views, linked as one lesion; the second is current."""

    def opened(session: Session) -> None:
        for file in two_views:
            open_files(session, file)
            mark(session)
        session.lesions.link(session.lesions.elsewhere()[0].work)

    return opened


@pytest.fixture
def quiet_session(qtbot: QtBot):  # type: ignore[no-untyped-def]
    session = Session(SETTINGS)
    yield session
    session.close()


def works(session: Session):  # type: ignore[no-untyped-def]
    return [one.work for one in session.lesions.placed()]


def say(session: Session, **what: object) -> None:
    assert session.work is not None
    session.lesions.describe(session.work, dataclasses.replace(session.work.description, **what))


def test_the_side_is_said_once(quiet_session: Session, linked: Mark) -> None:
    session = quiet_session
    linked(session)
    say(session, side=Side.LEFT, clock=10, distance_mm=30.0, name="A", view=View.RADIAL)
    one, other = (work.description for work in works(session))
    assert (one.side, one.clock, one.distance_mm, one.name) == (other.side, other.clock, other.distance_mm, other.name)
    assert (one.view, other.view) == (View.UNSAID, View.RADIAL), "how the probe was held is each view's own"
    session.navigation.to_study(session.studies[0])
    say(session, side=Side.RIGHT)
    assert [work.description.side for work in works(session)] == [Side.RIGHT] * 2, "put right once, it is right in both"


def test_what_another_view_says_otherwise_stays(quiet_session: Session, linked: Mark) -> None:
    session = quiet_session
    linked(session)
    works(session)[0].description = dataclasses.replace(works(session)[0].description, clock=3)
    say(session, clock=9, side=Side.LEFT)
    assert [work.description.clock for work in works(session)] == [3, 9]
    assert [work.description.side for work in works(session)] == [Side.LEFT] * 2


def test_linking_brings_both_together(
    quiet_session: Session, two_views: tuple[Path, Path], open_files: Open, mark: Mark
) -> None:
    session = quiet_session
    open_files(session, two_views[0])
    mark(session)
    say(session, side=Side.LEFT)
    session.assessments.change(Assessment("4B", {"margin": ("indistinct",)}))
    open_files(session, two_views[1])
    mark(session)
    say(session, clock=4)
    session.lesions.link(session.lesions.elsewhere()[0].work)
    assert {(work.description.side, work.description.clock) for work in works(session)} == {(Side.LEFT, 4)}
    assert session.assessments.current == Assessment("4B", {"margin": ("indistinct",)}), "the category is given once"


def test_the_side_is_the_images_too(
    quiet_session: Session, two_views: tuple[Path, Path], open_files: Open, mark: Mark
) -> None:
    session = quiet_session
    open_files(session, two_views[0])
    mark(session)
    session.lesions.add()
    say(session, side=Side.LEFT, clock=2)
    assert [(one.description.side, one.description.clock) for one in session.lesions.on_frame] == [
        (Side.LEFT, None),
        (Side.LEFT, 2),
    ]


def test_the_category_holds_for_both_views_and_the_measurements_for_one(
    quiet_session: Session, linked: Mark, measured: Callable[[Session], None]
) -> None:
    session = quiet_session
    linked(session)
    session.assessments.change(Assessment("4A", {"margin": ("angular",)}))
    measured(session)
    session.assessments.confirm()
    first, second = works(session)
    assert second.sitting.assessment.measured
    assert first.sitting.assessment == Assessment("4A", {"margin": ("angular",)})
    session.navigation.to_study(session.studies[0])
    measured(session)
    session.assessments.confirm()
    session.assessments.change(dataclasses.replace(session.assessments.current, category="4C"))
    assert [work.sitting.assessment.category for work in works(session)] == ["4C", "4C"]
    assert second.sitting.assessment.size
    second.sitting.assessment = Assessment("2")
    session.assessments.change(dataclasses.replace(session.assessments.current, category="5"))
    assert second.sitting.assessment == Assessment("2"), "what is said of a view by itself stays"


def test_a_lesion_in_two_views_counts_once(quiet_session: Session, linked: Mark, qtbot: QtBot) -> None:
    session = quiet_session
    linked(session)
    session.assessments.change(Assessment("4A"))
    for study in reversed(session.studies):
        session.navigation.to_study(study)
        session.assessments.assess()
        qtbot.waitUntil(lambda: not session.jobs.busy(ASSESSING), timeout=60_000)
        session.assessments.save()
    qtbot.waitUntil(lambda: not session.jobs.busy(SAVING_ASSESSMENTS) and session.autosaver.all_saved)
    reads = AssessmentStore(paths.store_file())
    rows = reads.all()
    assert len(rows) == 2
    assert len({row.lesion for row in rows}) == 1
    assert len(counted(rows)) == 1
    assert summarise(rows).lesions == 1
    assert [line.split(",")[1:3] for line in as_csv(rows).splitlines()[1:]] == [["1", "1"], ["1", "0"]]
    reads.set_pathology(rows[0].key, Pathology.MALIGNANT)
    assert [row.pathology for row in reads.all()] == [Pathology.MALIGNANT] * 2, "it was found out of the lesion"
    reads.set_pathology(rows[1].key, Pathology.UNKNOWN)
    assert [row.pathology for row in reads.all()] == [Pathology.UNKNOWN] * 2


def test_who_has_seen_the_ai_of_one_view_gives_no_first_read_of_the_other(
    quiet_session: Session, linked: Mark, qtbot: QtBot
) -> None:
    session = quiet_session
    linked(session)
    session.assessments.change(Assessment("3"))
    session.assessments.assess()
    qtbot.waitUntil(lambda: not session.jobs.busy(ASSESSING), timeout=60_000)
    session.assessments.change(Assessment("4C"))
    session.navigation.to_study(session.studies[0])
    assert session.assessments.current == Assessment("4C")
    session.assessments.assess()
    qtbot.waitUntil(lambda: not session.jobs.busy(ASSESSING), timeout=60_000)
    assert session.assessments.first == Assessment("3"), "what was said before any of the AI's readings"


# -- an open line stays with its lesion


def click(window: MainWindow, *places: tuple[int, int]) -> None:
    for place in places:
        QTest.mouseClick(window.canvas.viewport(), LEFT, pos=window.canvas.widget_position(*place))


CORNERS = [(20, 20), (20, 90), (70, 60)]


@pytest.mark.parametrize("tool", [Tool.POLYGON, Tool.LIVEWIRE])
@pytest.mark.parametrize("away", ["study", "study and another tool", "lesion"])
def test_an_open_line_is_there_again(
    window: MainWindow, two_views: tuple[Path, Path], open_files: Open, qtbot: QtBot, tool: Tool, away: str
) -> None:
    session = window.session
    for file in two_views:
        open_files(session, file)
    window.canvas.set_tool(tool)
    click(window, *CORNERS)
    here = session.work
    if away == "lesion":
        session.lesions.add()
        session.lesions.choose_next()
        assert here is session.work
    else:
        qtbot.keyClick(window.canvas, Qt.Key.Key_PageUp)
        assert not session.line_open()
        if away != "study":
            qtbot.keyClick(window.canvas, Qt.Key.Key_B)
        qtbot.keyClick(window.canvas, Qt.Key.Key_PageDown)
    assert session.work is here
    assert session.line_open()
    assert window.canvas.tool is tool
    qtbot.keyClick(window.canvas, Qt.Key.Key_Return)
    assert session.mask is not None
    assert not session.mask.empty
    assert not session.line_open()
    qtbot.keyClick(window.canvas, Qt.Key.Key_PageUp)
    assert session.mask.empty, "and nothing of it is on the other image"


def test_files_that_open_leave_an_open_polygon_alone(
    window: MainWindow, two_views: tuple[Path, Path], small_png: Path, open_files: Open, qtbot: QtBot
) -> None:
    session = window.session
    open_files(session, two_views[0])
    here = session.study
    window.canvas.set_tool(Tool.POLYGON)
    click(window, *CORNERS[:2])
    session.open(two_views[1], small_png)
    qtbot.waitUntil(lambda: not session.jobs.busy(OPENING), timeout=30_000)
    assert session.study is here
    assert [study.path for study in session.studies] == [*two_views, small_png]
    assert any("antiradial.png was opened" in one.text for one in window.messages.shown())
    click(window, CORNERS[2])
    qtbot.keyClick(window.canvas, Qt.Key.Key_Return)
    assert session.mask is not None
    assert not session.mask.empty


def test_of_several_files_the_first_comes_into_view(
    window: MainWindow, two_views: tuple[Path, Path], small_png: Path, qtbot: QtBot, tmp_path: Path
) -> None:
    session = window.session
    session.open(tmp_path / "missing.png", *two_views, small_png)
    qtbot.waitUntil(lambda: len(session.studies) == 3 and not session.jobs.busy(OPENING), timeout=30_000)
    assert session.study is session.studies[0]
    assert any(one.kind is Kind.REFUSAL and "missing.png" in one.text for one in window.messages.shown())
    session.open(small_png, two_views[0])
    qtbot.waitUntil(lambda: not session.jobs.busy(OPENING), timeout=30_000)
    assert session.study is not None
    assert session.study.path == small_png, "what was asked for comes into view"
    assert len(session.studies) == 3


def test_what_was_drawn_since_keeps_the_view(
    window: MainWindow, two_views: tuple[Path, Path], open_files: Open, mark: Mark, qtbot: QtBot
) -> None:
    session = window.session
    open_files(session, two_views[0])
    session.open(two_views[1])
    mark(session)
    qtbot.waitUntil(lambda: not session.jobs.busy(OPENING), timeout=30_000)
    assert session.study is session.studies[0]
    assert len(session.studies) == 2


@pytest.mark.parametrize("tool", [Tool.POLYGON, Tool.LIVEWIRE])
def test_corners_lie_on_the_image(
    window: MainWindow, two_views: tuple[Path, Path], open_files: Open, tool: Tool
) -> None:
    open_files(window.session, two_views[0])
    window.canvas.zoom_by(0.5)
    window.canvas.set_tool(tool)
    click(window, (-20, -20), (-15, 160), (120, 150), (110, -10))
    line = window.canvas._tools[tool]
    places = line.vertices if tool is Tool.POLYGON else line.anchors  # type: ignore[attr-defined]
    assert len(places) == 4
    assert all(0 <= row <= 96 and 0 <= column <= 128 for row, column in places)
    if tool is Tool.POLYGON:
        view = window.canvas.viewport()
        QTest.mousePress(view, LEFT, pos=window.canvas.widget_position(0, 0))
        QTest.mouseMove(view, window.canvas.widget_position(-30, 40))
        QTest.mouseRelease(view, LEFT, pos=window.canvas.widget_position(-30, 40))
        assert all(0 <= row <= 96 and 0 <= column <= 128 for row, column in line.vertices)  # type: ignore[attr-defined]


@pytest.mark.parametrize("leave", ["study", "program"])
def test_leaving_with_an_open_line_is_asked(
    window: MainWindow, two_views: tuple[Path, Path], open_files: Open, qtbot: QtBot, leave: str
) -> None:
    session = window.session
    for file in two_views:
        open_files(session, file)
    window.canvas.set_tool(Tool.POLYGON)
    click(window, *CORNERS)
    if leave == "study":
        window.files.close_study()
        assert len(session.studies) == 2
    else:
        session.navigation.to_study(session.studies[0])
        window.close()
        assert window.isVisible(), "one on another image counts as well"
    question = window.messages.shown()[0]
    assert question.kind is Kind.QUESTION
    assert "An outline is still open" in question.text
    question.findChildren(QPushButton)[0].click()
    assert (len(session.studies) == 1) if leave == "study" else not window.isVisible()
