"""Several lesions on one image, one lesion on several: each is marked, named, hidden, locked, deleted, assessed on its own."""

import json
import shutil
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication
from pytestqt.qtbot import QtBot

from csamoe_desktop import paths
from csamoe_desktop.errors import UserError
from csamoe_desktop.lesion.calipers import Caliper
from csamoe_desktop.lesion.description import Description, Side, View
from csamoe_desktop.lesion.mask import Author
from csamoe_desktop.reader.assessment import Assessment
from csamoe_desktop.session.lesion_work import LesionWork, ResultState
from csamoe_desktop.session.lesions import PlacedLesion
from csamoe_desktop.session.session import Session
from csamoe_desktop.settings import Settings
from csamoe_desktop.store import database, sums
from csamoe_desktop.store.assessments import AssessmentStore
from csamoe_desktop.study.opening import open_study
from csamoe_desktop.study.phantom import DemoStudy
from csamoe_desktop.ui.dialogs.lesion_dialog import DescribeDialog
from csamoe_desktop.ui.dialogs.views_window import ViewsWindow
from csamoe_desktop.ui.panels.lesion_list import LesionList
from csamoe_desktop.ui.shell.main_window import MainWindow
from csamoe_desktop.ui.widgets.messages import Kind

Open = Callable[..., None]
Do = Callable[[Session], None]
NAME, STATE, SHOWN, LOCKED = range(4)


def ellipse(shape: tuple[int, int], row: float, column: float, high: float, wide: float) -> NDArray[np.bool_]:
    rows, columns = np.ogrid[: shape[0], : shape[1]]
    return np.asarray(((rows - row) / high) ** 2 + ((columns - column) / wide) ** 2 < 1)


def at(session: Session) -> LesionWork:
    assert session.work is not None
    return session.work


def draw(session: Session, row: float, column: float, high: float = 20, wide: float = 30) -> LesionWork:
    """Mark an ellipse as the current lesion."""
    assert session.frame is not None
    at(session).mask.replace(ellipse(session.frame.shape, row, column, high, wide), Author.DRAWN)
    session.emit_mask_changed(None)
    return at(session)


@pytest.fixture
def two(session: Session, open_files: Open, demo: DemoStudy) -> tuple[LesionWork, LesionWork]:
    """Two lesions on one image, the second is current."""
    open_files(session, demo.spiculated)
    session.mask_commands.import_from(demo.spiculated_mask)
    first = at(session)
    session.lesions.add()
    return first, draw(session, 80, 80)


# -- the session's lesions


def test_each_lesion_has_its_own_outline_reading_and_undo(
    session: Session, two: tuple[LesionWork, LesionWork], read: Do
) -> None:
    first, second = two
    assert session.lesions.on_frame == (first, second)
    assert (first.number, second.number) == (1, 2)
    session.lesions.choose(first)
    assert session.shown_result.state is ResultState.READY
    read(session)
    assert session.shown_result.state is ResultState.DONE
    assert session.shown_result.result is not None
    probability = session.shown_result.result.prediction.probability
    session.lesions.choose(second)
    assert session.shown_result.state is ResultState.READY, "each lesion has its own AI result"
    session.mask_commands.undo()
    assert second.mask.empty
    assert not first.mask.empty
    session.mask_commands.redo()
    read(session)
    assert session.shown_result.result.prediction.probability != probability
    session.lesions.choose(first)
    assert session.shown_result.result is not None
    assert session.shown_result.result.prediction.probability == probability


def test_a_blank_lesion_is_not_added_twice(session: Session, open_files: Open, demo: DemoStudy) -> None:
    open_files(session, demo.smooth)
    first = at(session)
    session.lesions.add()
    assert session.lesions.on_frame == (first,)
    draw(session, 200, 200)
    session.lesions.add()
    session.lesions.choose(first)
    session.lesions.add()
    assert len(session.lesions.on_frame) == 2
    assert at(session).number == 2


def test_a_new_lesion_is_of_the_same_breast_and_view(session: Session, open_files: Open, demo: DemoStudy) -> None:
    open_files(session, demo.smooth)
    draw(session, 200, 200)
    described = Description("index", Side.LEFT, 2, 30, View.RADIAL)
    session.lesions.describe(at(session), described)
    session.lesions.add()
    new = at(session).description
    assert (new.side, new.view) == (Side.LEFT, View.RADIAL)
    assert (new.name, new.clock, new.distance_mm) == ("", None, None)
    assert new.identity != described.identity


def test_a_deleted_lesion_can_be_brought_back(session: Session, two: tuple[LesionWork, LesionWork]) -> None:
    first, second = two
    session.lesions.remove()
    assert session.lesions.on_frame == (first,)
    assert at(session) is first
    session.lesions.remove()
    blank = at(session)
    assert blank.number == 3, "a number stands in comments and reports: it is not given twice"
    assert blank.mask.empty
    for back in (first, second):
        assert session.lesions.can_restore
        session.lesions.restore()
        assert at(session) is back
    assert session.lesions.on_frame == (first, second)
    assert not session.lesions.can_restore


def test_the_next_lesion_comes_round(session: Session, two: tuple[LesionWork, LesionWork]) -> None:
    session.lesions.choose_next()
    assert at(session) is two[0]
    session.lesions.choose_next()
    assert at(session) is two[1]


def test_a_locked_outline_is_not_changed(
    window: MainWindow, open_files: Open, demo: DemoStudy, qtbot: QtBot, mark: Do
) -> None:
    session, view = window.session, window.canvas.viewport()
    open_files(session, demo.smooth)
    mark(session)
    before = at(session).mask.finished().pixels
    window.actions_table["lesion_locked"].trigger()
    window.actions_table["brush"].trigger()
    place = window.canvas.widget_position(20, 20)
    qtbot.mousePress(view, Qt.MouseButton.LeftButton, pos=place)
    qtbot.mouseRelease(view, Qt.MouseButton.LeftButton, pos=place)
    assert [message.text for message in window.messages.shown() if message.kind is Kind.REFUSAL] == [
        "Lesion 1 is locked."
    ]
    for command in ("clear_mask", "undo", "smooth_mask", "delete_lesion"):
        window.actions_table[command].trigger()
    session.mask_commands.import_from(demo.spiculated_mask)
    assert np.array_equal(at(session).mask.pixels, before)
    assert len(session.lesions.on_frame) == 1
    window.actions_table["lesion_locked"].trigger()
    # The message has moved the canvas.
    place = window.canvas.widget_position(20, 20)
    qtbot.mousePress(view, Qt.MouseButton.LeftButton, pos=place)
    qtbot.mouseRelease(view, Qt.MouseButton.LeftButton, pos=place)
    assert at(session).mask.pixels[20, 20]


def test_locking_takes_the_polygon_out_of_the_hand(
    window: MainWindow, open_files: Open, demo: DemoStudy, qtbot: QtBot
) -> None:
    session, view = window.session, window.canvas.viewport()
    open_files(session, demo.smooth)
    window.actions_table["polygon"].trigger()
    for row, column in ((100, 100), (100, 200), (200, 200)):
        qtbot.mouseClick(view, Qt.MouseButton.LeftButton, pos=window.canvas.widget_position(row, column))
    session.lesions.toggle_locked()
    qtbot.keyClick(window.canvas, Qt.Key.Key_Return)
    assert at(session).mask.empty


def test_drawing_shows_a_hidden_outline_again(session: Session, two: tuple[LesionWork, LesionWork]) -> None:
    session.lesions.toggle_shown()
    assert not two[1].shown
    draw(session, 100, 100)
    assert two[1].shown


def test_lesions_come_back_on_another_day(
    session: Session, two: tuple[LesionWork, LesionWork], open_files: Open, demo: DemoStudy
) -> None:
    first, second = two
    session.lesions.comment(second, "new since March")
    session.lesions.describe(second, Description("satellite", Side.LEFT, 11, 25, View.RADIAL))
    session.lesions.toggle_locked()
    session.lesions.add()
    third = draw(session, 300, 400)
    session.lesions.remove()
    session.close()
    later = Session(Settings(assessment_first=False))
    open_files(later, demo.spiculated)
    back = later.lesions.on_frame
    assert [work.number for work in back] == [1, 2]
    assert np.array_equal(back[0].mask.pixels, first.mask.pixels)
    assert np.array_equal(back[1].mask.pixels, second.mask.pixels)
    assert (back[1].comment, back[1].description, back[1].locked) == ("new since March", second.description, True)
    assert not back[0].locked
    later.lesions.add()
    assert at(later).number >= third.number
    later.close()


def test_the_reads_of_two_lesions_are_two_rows(session: Session, two: tuple[LesionWork, LesionWork], read: Do) -> None:
    read(session)
    session.lesions.choose(two[0])
    read(session)
    session.close()
    sittings = AssessmentStore(paths.store_file()).all()
    assert sorted(sitting.key.lesion for sitting in sittings) == [1, 2]
    assert len({sitting.key.image for sitting in sittings}) == 1


# -- one lesion on several images


def test_views_are_the_outlines_of_one_lesion(
    session: Session, two: tuple[LesionWork, LesionWork], open_files: Open, demo: DemoStudy, small_png: Path
) -> None:
    session.lesions.describe(two[1], Description("index", Side.LEFT, 2, 30, View.RADIAL))
    open_files(session, small_png)
    here = draw(session, 20, 20, 8, 8)
    assert [one.work for one in session.lesions.views()] == [here]
    assert [one.work for one in session.lesions.elsewhere()] == list(two)
    dialog = DescribeDialog(session)
    dialog.same.setCurrentIndex(
        dialog.same.findText("index in spiculated.dcm (left breast, 2 o'clock, 30 mm from the nipple)")
    )
    dialog.view.setCurrentIndex(dialog.view.findData(View.ANTIRADIAL))
    dialog.accept()
    said = here.description
    assert (said.name, said.side, said.clock, said.distance_mm) == ("index", Side.LEFT, 2, 30)
    assert said.view is View.ANTIRADIAL
    assert [one.work for one in session.lesions.views()] == [here, two[1]]
    parted = DescribeDialog(session)
    assert parted.same.currentData() is two[1]
    parted.same.setCurrentIndex(0)
    parted.accept()
    assert [one.work for one in session.lesions.views()] == [here]


def test_the_same_lesion_copied_through_a_cine_is_one_lesion(
    window: MainWindow, open_files: Open, demo: DemoStudy
) -> None:
    session = window.session
    open_files(session, demo.cine)
    draw(session, 150, 150)
    session.lesions.add()
    second = draw(session, 250, 250)
    session.lesions.describe(second, Description("index", clock=3))
    window.actions_table["copy_to_next"].trigger()
    assert session.frame is not None
    assert session.frame.index == 1
    copy = at(session)
    assert copy is not second
    assert copy.description == second.description
    assert np.array_equal(copy.mask.pixels, second.mask.pixels)
    session.navigation.to_frame(0)
    session.lesions.choose(second)
    draw(session, 260, 260)
    window.actions_table["copy_to_next"].trigger()
    assert at(session) is copy
    assert np.array_equal(copy.mask.pixels, second.mask.pixels)


@pytest.fixture
def two_frames(window: MainWindow, open_files: Open, demo: DemoStudy, read: Do) -> tuple[LesionWork, LesionWork]:
    """One lesion on two frames of a cine, assessed on the first; the second is current."""
    session = window.session
    open_files(session, demo.cine)
    first = draw(session, 150, 200, 50, 70)
    read(session)
    session.navigation.to_frame(3)
    second = draw(session, 150, 200, 40, 50)
    session.lesions.describe(second, Description(identity=first.description.identity))
    return first, second


def test_the_panel_says_what_the_views_come_to(
    window: MainWindow, two_frames: tuple[LesionWork, LesionWork], read: Do
) -> None:
    session, views = window.session, window.result.views
    first, second = two_frames
    assert not views.isVisible(), "an AI result of the other view alone is not shown"
    read(session)
    together = session.reports.combined()
    assert together is not None
    assert first.ai_result is not None
    assert second.ai_result is not None
    assert together.single == (second.ai_result.prediction.probability, first.ai_result.prediction.probability)
    assert views.isVisible()
    assert views.text() == together.sentence()
    draw(session, 150, 200, 45, 50)
    assert not views.isVisible()


def test_the_views_stand_side_by_side_and_follow(
    window: MainWindow, two_frames: tuple[LesionWork, LesionWork], read: Do, qtbot: QtBot
) -> None:
    session = window.session
    window.actions_table["views"].trigger()
    beside = window.findChild(ViewsWindow)
    assert beside is not None
    assert [column.category.isVisible() for column in beside.columns] == [False, True]
    read(session)
    qtbot.waitUntil(lambda: beside.together is not None)
    assert beside.sentence.text() == window.result.views.text()
    window.close_now()
    assert not beside.isVisible()


def test_one_report_holds_the_views_and_the_other_lesions(
    window: MainWindow, two_frames: tuple[LesionWork, LesionWork], read: Do, qtbot: QtBot, tmp_path: Path
) -> None:
    session = window.session
    read(session)
    session.lesions.add()
    draw(session, 300, 300)
    read(session)
    session.lesions.add()
    draw(session, 60, 60)
    session.lesions.choose(session.lesions.on_frame[0])
    written: list[Path] = []
    session.reports.export(tmp_path / "report.json", written.append)
    qtbot.waitUntil(lambda: bool(written), timeout=60_000)
    told = json.loads(written[0].read_text(encoding="utf-8"))
    assert [(one["image"]["frame"], one["description"]["identity"]) for one in told["readings"]] == [
        (4, two_frames[1].description.identity),
        (1, two_frames[0].description.identity),
        (4, session.lesions.on_frame[1].description.identity),
    ]
    assert all(one.reported_version == one.mask.version for one in (*two_frames, session.lesions.on_frame[1]))
    assert [one.work for one in session.reports.left_out()] == [session.lesions.on_frame[2]]
    window.actions_table["copy_report"].trigger()
    text = QGuiApplication.clipboard().text()
    assert "Lesion 2" in text
    assert text.count("Lesion 3") == 1, "the report names the lesion without AI result"


def test_an_outline_on_another_patient_s_image_is_never_the_same_lesion(
    session: Session, two: tuple[LesionWork, LesionWork], open_files: Open, demo: DemoStudy
) -> None:
    assert session.study is not None
    patient = session.study.facts.patient_id
    open_files(session, demo.smooth)
    draw(session, 200, 200)
    assert "" != session.study.facts.patient_id != patient
    assert session.lesions.elsewhere() == []


# -- the dialog


def test_the_dialog_says_only_what_was_said(session: Session, open_files: Open, small_png: Path) -> None:
    # An image file: a DICOM file names the side itself, and OK confirms it.
    open_files(session, small_png)
    untouched = DescribeDialog(session)
    assert not untouched.same.isEnabled()
    assert (untouched.clock.text(), untouched.distance.text()) == ("not given", "not given")
    untouched.accept()
    assert not at(session).description.said
    dialog = DescribeDialog(session)
    dialog.name.setText("  index ")
    dialog.clock.setValue(12)
    dialog.distance.setValue(0)
    dialog.reject()
    assert not at(session).description.said
    dialog.accept()
    said = at(session).description
    assert (said.name, said.clock, said.distance_mm, said.side) == ("index", 12, 0, Side.UNSAID)


# -- display


def row_texts(lesions: LesionList, column: int) -> list[str]:
    items = [lesions.item(row, column) for row in range(lesions.rowCount())]
    return [item.text() for item in items if item is not None]


def test_the_list_names_the_lesions_and_how_far_they_are(
    window: MainWindow, open_files: Open, demo: DemoStudy, read: Do
) -> None:
    session, lesions = window.session, window.lesion.list
    open_files(session, demo.spiculated)
    assert row_texts(lesions, STATE) == ["not marked"]
    session.mask_commands.import_from(demo.spiculated_mask)
    read(session)
    session.lesions.add()
    draw(session, 80, 80)
    session.lesions.describe(at(session), Description("satellite"))
    assert row_texts(lesions, NAME) == ["Lesion 1", "satellite"]
    assert row_texts(lesions, STATE) == ["suspicious", "marked"]
    assert lesions.currentRow() == 1
    lesions.setCurrentCell(0, NAME)
    assert at(session).number == 1
    draw(session, 200, 200)
    assert row_texts(lesions, STATE) == ["outdated", "marked"]


def test_the_list_tells_nothing_of_a_veiled_reading(
    qtbot: QtBot, open_files: Open, demo: DemoStudy, read: Do, window: MainWindow
) -> None:
    session, lesions = window.session, window.lesion.list
    session.user_settings.change(Settings(assessment_first=True))
    open_files(session, demo.spiculated)
    session.mask_commands.import_from(demo.spiculated_mask)
    read(session)
    assert session.shown_result.state is ResultState.HIDDEN
    assert row_texts(lesions, STATE) == ["marked"]
    session.lesions.add()
    assert row_texts(lesions, STATE) == ["marked", "not marked"], (
        "its AI result is hidden too when another lesion is current"
    )


def test_eye_and_lock_are_pressed_in_the_list(
    window: MainWindow, open_files: Open, demo: DemoStudy, qtbot: QtBot, mark: Do
) -> None:
    session, lesions = window.session, window.lesion.list
    open_files(session, demo.smooth)
    mark(session)
    session.lesions.add()
    draw(session, 40, 60)
    first, second = session.lesions.on_frame

    def press(row: int, column: int) -> None:
        middle = lesions.visualRect(lesions.model().index(row, column)).center()
        qtbot.mouseClick(lesions.viewport(), Qt.MouseButton.LeftButton, pos=middle)

    press(0, SHOWN)
    assert (first.shown, second.shown) == (False, True)
    press(0, SHOWN)
    press(1, LOCKED)
    assert (first.shown, second.locked, first.locked) == (True, True, False)


def colours_near(window: MainWindow, row: int, column: int, colour: tuple[int, int, int], reach: int = 12) -> bool:
    """Return whether some pixel of the canvas near a place on the frame has a colour."""
    picture = window.canvas.picture()
    ratio = picture.devicePixelRatio()
    middle: QPoint = window.canvas.widget_position(row, column)
    for x in range(middle.x() - reach, middle.x() + reach):
        for y in range(middle.y() - reach, middle.y() + reach):
            seen = picture.pixelColor(int(x * ratio), int(y * ratio))
            if (
                max(
                    abs(one - other) for one, other in zip((seen.red(), seen.green(), seen.blue()), colour, strict=True)
                )
                < 12
            ):
                return True
    return False


def test_other_lesions_are_drawn_in_their_own_colour_with_their_name(
    window: MainWindow, open_files: Open, demo: DemoStudy
) -> None:
    session = window.session
    open_files(session, demo.smooth)
    draw(session, 200, 200, 40, 40)
    session.lesions.add()
    second = draw(session, 60, 80, 30, 30)
    others = window.canvas._others
    assert others.names == ("Lesion 1",)
    assert window.canvas._legend.lesion.name() == "#f0e442"
    assert colours_near(window, 200, 160, (255, 255, 255))
    assert colours_near(window, 60, 50, (240, 228, 66)), "the second one is yellow"
    session.lesions.choose(session.lesions.on_frame[0])
    assert others.names == ("Lesion 2",)
    assert colours_near(window, 60, 50, (240, 228, 66)), "whether current or not"
    session.lesions.toggle_shown(second)
    assert others.names == ()
    assert not colours_near(window, 60, 50, (240, 228, 66))
    session.lesions.toggle_shown(second)
    window.canvas.hide_overlays(True)
    assert not colours_near(window, 60, 50, (240, 228, 66))


def test_a_click_on_a_lesion_takes_it_in_hand(
    window: MainWindow, open_files: Open, demo: DemoStudy, qtbot: QtBot
) -> None:
    session, view = window.session, window.canvas.viewport()
    open_files(session, demo.smooth)
    first = draw(session, 200, 200, 40, 40)
    session.lesions.add()
    second = draw(session, 60, 80, 30, 30)
    window.actions_table["window_level"].trigger()
    inside = window.canvas.widget_position(200, 200)
    qtbot.mouseClick(view, Qt.MouseButton.LeftButton, pos=inside)
    assert at(session) is first
    # A drag changes window and level wherever it begins.
    there = window.canvas.widget_position(60, 80)
    qtbot.mousePress(view, Qt.MouseButton.LeftButton, pos=there)
    qtbot.mouseMove(view, there + QPoint(30, 10))
    qtbot.mouseRelease(view, Qt.MouseButton.LeftButton, pos=there + QPoint(30, 10))
    assert at(session) is first
    assert at(session) is not second


def test_the_keys_make_and_choose_lesions(
    window: MainWindow, open_files: Open, demo: DemoStudy, qtbot: QtBot, mark: Do
) -> None:
    session = window.session
    open_files(session, demo.smooth)
    mark(session)
    window.canvas.setFocus()
    qtbot.keyClick(window.canvas, Qt.Key.Key_N)
    assert len(session.lesions.on_frame) == 2
    assert at(session).number == 2
    qtbot.keyClick(window.canvas, Qt.Key.Key_J)
    assert at(session).number == 1


def test_what_is_proposed_is_not_another_lesion(
    window: MainWindow, open_files: Open, demo: DemoStudy, qtbot: QtBot
) -> None:
    session = window.session
    open_files(session, demo.smooth)
    session.proposals.look()
    qtbot.waitUntil(lambda: bool(session.proposals.offered), timeout=60_000)
    found = session.proposals.offered
    session.proposals.accept()
    session.lesions.add()
    assert all(not (one.mask & session.lesions.on_frame[0].mask.pixels).any() for one in session.proposals.offered)
    assert len(session.proposals.offered) < len(found)
    session.lesions.choose(session.lesions.on_frame[0])
    session.lesions.remove()
    assert len(session.lesions.on_frame) == 1


def test_the_report_takes_all_readings_that_hold(
    session: Session, two: tuple[LesionWork, LesionWork], read: Do, open_files: Open, small_png: Path
) -> None:
    first, second = two
    read(session)
    assert [one.work for one in session.reports.ready()] == [second]
    assert [one.work for one in session.reports.left_out()] == [first]
    session.lesions.choose(first)
    read(session)
    assert [one.work for one in session.reports.ready()] == [first, second]
    draw(session, 150, 150)
    assert [one.work for one in session.reports.left_out()] == [first]
    # Another file does not belong to this examination unless it is marked as showing the same lesion.
    open_files(session, small_png)
    third = draw(session, 20, 20, 10, 12)
    read(session)
    assert [one.work for one in session.reports.ready()] == [third]
    session.lesions.describe(third, Description(identity=second.description.identity))
    assert [one.work for one in session.reports.ready()] == [third, second]


def test_what_is_veiled_is_in_no_report(
    session: Session, two: tuple[LesionWork, LesionWork], read: Do, tmp_path: Path
) -> None:
    read(session)
    session.user_settings.change(Settings(assessment_first=True))
    session.lesions.choose(two[0])
    session.assessing.begin()
    read(session)
    assert session.shown_result.state is ResultState.HIDDEN
    assert two[0] not in [one.work for one in session.reports.ready()]


# -- what must not be mixed up


def test_a_read_given_while_the_ai_reads_is_in_the_report_of_a_lesion_out_of_the_hand(
    session: Session, two: tuple[LesionWork, LesionWork], read: Do, qtbot: QtBot
) -> None:
    first, second = two
    session.user_settings.change(Settings(assessment_first=True, assessments_in_report=False))
    session.lesions.choose(first)
    session.assessments.change(Assessment("4A"))
    session.assessments.assess()
    session.lesions.choose(second)
    qtbot.waitUntil(lambda: first.ai_result is not None, timeout=60_000)
    session.assessments.change(Assessment("3"))
    session.assessments.assess()
    qtbot.waitUntil(lambda: session.shown_result.state is ResultState.DONE, timeout=60_000)
    text = session.reports.text()
    assert "4A" in text
    session.close()
    rows = {one.key.lesion: one for one in AssessmentStore(paths.store_file()).all()}
    assert rows[1].ai is not None
    assert rows[1].record.first == Assessment("4A")


def test_a_copy_never_takes_another_lesion_s_place(window: MainWindow, open_files: Open, demo: DemoStudy) -> None:
    session = window.session
    open_files(session, demo.cine)
    one = draw(session, 100, 100)
    session.lesions.add()
    other = draw(session, 300, 300)
    session.lesions.choose(one)
    window.actions_table["copy_to_next"].trigger()
    copy = at(session)
    session.lesions.comment(copy, "of the first")
    session.navigation.to_frame(0)
    session.lesions.choose(other)
    window.actions_table["copy_to_next"].trigger()
    assert at(session) is not copy
    assert copy.description.identity == one.description.identity
    assert at(session).description.identity == other.description.identity
    assert np.array_equal(copy.mask.pixels, one.mask.pixels)


def test_a_locked_outline_on_the_next_frame_stays_whose_it_is(
    window: MainWindow, open_files: Open, demo: DemoStudy
) -> None:
    session = window.session
    open_files(session, demo.cine)
    session.navigation.to_frame(1)
    there = draw(session, 100, 100)
    identity = there.description.identity
    session.lesions.toggle_locked()
    session.navigation.to_frame(0)
    draw(session, 105, 100)
    window.actions_table["copy_to_next"].trigger()
    assert at(session) is there
    assert there.description.identity == identity
    assert not there.mask.can_redo


def test_a_polygon_in_hand_is_not_filled_into_another_lesion(
    window: MainWindow, open_files: Open, demo: DemoStudy, qtbot: QtBot
) -> None:
    session, view = window.session, window.canvas.viewport()
    open_files(session, demo.smooth)
    first = draw(session, 200, 300)
    session.lesions.add()
    second = draw(session, 100, 100)
    before = first.mask.version, second.mask.version
    window.actions_table["polygon"].trigger()
    for row, column in ((300, 300), (300, 400), (400, 400)):
        qtbot.mouseClick(view, Qt.MouseButton.LeftButton, pos=window.canvas.widget_position(row, column))
    qtbot.mousePress(view, Qt.MouseButton.LeftButton, pos=window.canvas.widget_position(300, 300))
    qtbot.keyClick(window.canvas, Qt.Key.Key_J)
    assert at(session) is first
    assert (first.mask.version, second.mask.version) == before


def test_a_corner_in_hand_moves_nothing_on_another_frame(
    window: MainWindow, open_files: Open, demo: DemoStudy, qtbot: QtBot
) -> None:
    session, view = window.session, window.canvas.viewport()
    open_files(session, demo.cine)
    session.navigation.to_frame(1)
    there = draw(session, 100, 100)
    session.navigation.to_frame(0)
    window.actions_table["polygon"].trigger()
    corners = ((200, 200), (200, 280), (280, 280))
    for row, column in (*corners, corners[0]):
        qtbot.mouseClick(view, Qt.MouseButton.LeftButton, pos=window.canvas.widget_position(row, column))
    drawn = at(session).mask.finished().pixels
    qtbot.mousePress(view, Qt.MouseButton.LeftButton, pos=window.canvas.widget_position(*corners[1]))
    qtbot.mouseMove(view, window.canvas.widget_position(150, 330))
    version = there.mask.version
    session.navigation.to_frame(1)
    assert at(session) is there
    assert there.mask.version == version
    session.navigation.to_frame(0)
    assert np.array_equal(at(session).mask.pixels, drawn)


def test_one_image_under_two_names_has_one_work(
    session: Session, open_files: Open, demo: DemoStudy, tmp_path: Path
) -> None:
    copy = Path(shutil.copy(demo.spiculated, tmp_path / "copy"))
    open_files(session, demo.spiculated)
    session.mask_commands.import_from(demo.spiculated_mask)
    work = at(session)
    open_files(session, copy)
    assert at(session) is work
    assert len(session.lesions.views()) == 1
    session.open_studies.close_current()
    assert at(session) is work


def test_a_file_replaced_on_the_disk_is_not_reported_under_its_old_reading(
    session: Session, two: tuple[LesionWork, LesionWork], open_files: Open, demo: DemoStudy, small_png: Path, read: Do,
    tmp_path: Path,
) -> None:  # fmt: skip
    file = Path(shutil.copy(demo.cine, tmp_path / "cine.dcm"))
    open_files(session, file)
    session.navigation.to_frame(2)
    draw(session, 150, 150)
    read(session)
    placed = next(one for one in session.lesions.placed() if one.work is at(session))
    shutil.copy(demo.smooth, file)
    open_files(session, small_png)
    study = open_study(file)
    with pytest.raises(UserError, match="different image"):
        session.lesion_frames.frame_of(PlacedLesion(study, 2, placed.work))
    with pytest.raises(UserError, match="different image"):
        session.lesion_frames.frame_of(PlacedLesion(study, 0, placed.work))


def test_views_of_two_patients_are_never_read_together(
    session: Session, two: tuple[LesionWork, LesionWork], open_files: Open, demo: DemoStudy, small_png: Path
) -> None:
    open_files(session, small_png)
    picture = draw(session, 20, 20, 8, 8)
    session.lesions.describe(picture, Description(identity=two[0].description.identity))
    open_files(session, demo.smooth)
    other = draw(session, 200, 200)
    assert session.lesions.elsewhere() == [], "the picture shows another patient's lesion"
    session.lesions.describe(other, Description(identity=picture.description.identity))
    assert [one.work for one in session.lesions.views()] == [other, picture]


def test_two_lesions_of_an_image_are_never_views_of_one(
    session: Session, two: tuple[LesionWork, LesionWork], open_files: Open, demo: DemoStudy, small_png: Path
) -> None:
    open_files(session, small_png)
    picture = draw(session, 20, 20, 8, 8)
    session.navigation.to_study(session.studies[0])
    session.lesions.describe(two[0], Description(identity=picture.description.identity))
    session.lesions.choose(two[1])
    assert session.lesions.elsewhere() == []
    session.lesions.choose(two[0])
    assert [one.work for one in session.lesions.elsewhere()] == [picture]


def test_a_link_to_an_outline_kept_by_an_older_version_lasts(
    session: Session, open_files: Open, demo: DemoStudy, small_png: Path
) -> None:
    open_files(session, demo.spiculated)
    session.mask_commands.import_from(demo.spiculated_mask)
    session.close()
    with closing(database.open_to_write(paths.store_file(), 1)) as connection:
        (row,), _ = sums.select(connection, "lesion")
        sums.insert(connection, "lesion", {name: row[name] for name in row if name != "sum"} | {"described": ""})
    second = Session(Settings())
    open_files(second, demo.spiculated)
    old = at(second)
    open_files(second, small_png)
    new = draw(second, 20, 20, 8, 8)
    second.lesions.describe(new, Description(identity=old.description.identity))
    second.close()
    third = Session(Settings())
    open_files(third, demo.spiculated)
    open_files(third, small_png)
    assert len(third.lesions.views()) == 2
    third.close()


def test_side_and_view_alone_make_no_lesion(
    session: Session, two: tuple[LesionWork, LesionWork], open_files: Open, demo: DemoStudy
) -> None:
    session.lesions.describe(two[1], Description(side=Side.LEFT, view=View.RADIAL))
    for _ in range(3):
        session.lesions.add()
    assert len(session.lesions.on_frame) == 3


def test_the_last_caliper_is_undone_first_whichever_lesion_is_at_hand(
    session: Session, two: tuple[LesionWork, LesionWork]
) -> None:
    first, second = two
    session.lesions.choose(first)
    one, other = Caliper((0, 0), (5, 5)), Caliper((0, 0), (9, 9))
    first.calipers.change((one,), first.mask.version)
    session.lesions.choose(second)
    second.calipers.change((one, other), second.mask.version)
    session.lesions.choose(first)
    session.mask_commands.undo()
    assert session.calipers.on_frame == (one,)
    session.mask_commands.undo()
    assert session.calipers.on_frame == ()
    assert not first.mask.empty


def test_a_view_read_before_does_not_tell_of_the_one_still_to_be_read(
    window: MainWindow, two_frames: tuple[LesionWork, LesionWork]
) -> None:
    session = window.session
    session.user_settings.change(Settings(assessment_first=True))
    assert session.shown_result.hidden
    assert [one.hidden for one in session.views()] == [True, True]
    session.assessments.change(Assessment("3"))
    session.assessments.skip()
    assert [one.hidden for one in session.views()] == [False, False]
