"""Proposals in the window, with the shipped network: offered, selected, accepted, requested, drawn over."""

import dataclasses
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, QRect, Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from csamoe_desktop import paths
from csamoe_desktop.evidence.outline_quality import dice
from csamoe_desktop.inference.bundle import OUTLINER
from csamoe_desktop.lesion.mask import Author
from csamoe_desktop.session.proposals import PROPOSING, Stage
from csamoe_desktop.session.session import Session
from csamoe_desktop.settings import Settings
from csamoe_desktop.study.phantom import DemoStudy, make_phantom
from csamoe_desktop.ui.shell.app import make_window
from csamoe_desktop.ui.shell.main_window import MainWindow
from csamoe_desktop.ui.tools.base import Tool

Open = Callable[..., None]
LEFT = Qt.MouseButton.LeftButton
_LONG = 60_000


@pytest.fixture
def window(qtbot: QtBot) -> Iterator[MainWindow]:
    """The window, searching new frames as the program does."""
    window = make_window(Settings(device="cpu", brush_radius=4))
    qtbot.addWidget(window)
    window.resize(1000, 700)
    window.show()
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    window.session.proposals.watch()
    yield window
    window.close_now()


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[tuple[int, int]]]:
    """Return an image file with two lesions, and a point in each."""
    one, other = (make_phantom("smooth", seed=seed, shape=(240, 280)) for seed in (1, 2))
    file = tmp_path_factory.mktemp("two") / "two.png"
    cv2.imwrite(str(file), np.hstack([one.pixels, other.pixels]))
    places = []
    for left, phantom in ((0, one), (280, other)):
        rows, columns = np.nonzero(phantom.mask)
        places.append((round(rows.mean()), left + round(columns.mean())))
    return file, places


@pytest.fixture
def offered(qtbot: QtBot, open_files: Open) -> Open:
    """Return a function that opens a file and waits for a proposal."""

    def opened(window: MainWindow, file: Path) -> None:
        open_files(window.session, file)
        qtbot.waitUntil(lambda: bool(window.session.proposals.offered), timeout=_LONG)

    return opened


@pytest.fixture
def both_offered(qtbot: QtBot, two: tuple[Path, list[tuple[int, int]]], offered: Open) -> Open:
    """Return a function that opens the image with two lesions and requests the one that is not proposed by itself."""

    def opened(window: MainWindow) -> None:
        file, places = two
        offered(window, file)
        proposals = window.session.proposals
        for place in places:
            if not any(one.mask[place] for one in proposals.offered):
                proposals.look_at(*place)
                qtbot.waitUntil(lambda place=place: any(one.mask[place] for one in proposals.offered), timeout=_LONG)

    return opened


def at_rest(qtbot: QtBot, session: Session) -> None:
    qtbot.waitUntil(lambda: not session.jobs.busy(PROPOSING), timeout=_LONG)


def key(window: MainWindow, which: Qt.Key) -> None:
    QTest.keyClick(window.canvas, which)


def drag(window: MainWindow, one: tuple[int, int], other: tuple[int, int]) -> None:
    view, canvas = window.canvas.viewport(), window.canvas
    QTest.mousePress(view, LEFT, pos=canvas.widget_position(*one))
    QTest.mouseMove(view, canvas.widget_position(*other))
    QTest.mouseRelease(view, LEFT, pos=canvas.widget_position(*other))


def note(window: MainWindow) -> str:
    return window.canvas._proposal_layer.note.text


def test_a_frame_that_opens_is_looked_at_and_nothing_is_marked(
    window: MainWindow, demo: DemoStudy, offered: Open
) -> None:
    offered(window, demo.spiculated)
    session = window.session
    assert session.mask is not None
    assert session.mask.empty
    assert not session.mask.can_undo
    assert window.lesion.author.text() == "No lesion is marked."
    assert "Enter accepts" in note(window)
    (label,) = window.canvas._proposal_layer.item.labels()
    assert label == f"proposed · confidence {session.proposals.offered[0].confidence * 100:.0f} %"


def test_it_is_drawn_dashed_until_accepted(window: MainWindow, demo: DemoStudy, offered: Open) -> None:
    def whites() -> int:
        """Return the number of white pixels: there are none between the dashes of a line."""
        image = window.canvas.picture().convertToFormat(QImage.Format.Format_Grayscale8)
        rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
        return int((rows[:, : image.width()] > 250).sum())

    offered(window, demo.spiculated)
    item = window.canvas._proposal_layer.item
    dashed = whites()
    item.hide()
    without = whites()
    item.show()
    window.session.proposals.accept()
    solid = whites()
    assert 0.3 * (solid - without) < dashed - without < 0.9 * (solid - without)
    assert not window.canvas._proposal_layer.item.isVisible()
    assert note(window) == ""


def test_enter_accepts_and_the_outline_says_where_it_comes_from(
    window: MainWindow, demo: DemoStudy, offered: Open
) -> None:
    offered(window, demo.spiculated)
    session, best = window.session, window.session.proposals.offered[0]
    key(window, Qt.Key.Key_Return)
    assert session.mask is not None
    assert (session.mask.pixels == best.mask).all()
    assert session.mask.author is Author.PROPOSED
    assert session.mask.source == "unet-mobilenet 1.0"
    window.lesion._show()
    assert window.lesion.author.text() == "Proposed, accepted: unet-mobilenet 1.0"
    window.canvas.set_tool(Tool.BRUSH)
    drag(window, (20, 20), (30, 30))
    assert session.mask.author is Author.CORRECTED
    assert session.mask.source == "unet-mobilenet 1.0"
    session.mask_commands.undo()
    session.mask_commands.undo()
    assert session.mask.empty
    assert session.proposals.stage is Stage.OFFERED, "it is offered again"


@pytest.mark.parametrize("tool", [Tool.BRUSH, Tool.ERASER])
def test_a_stroke_begun_on_a_proposal_corrects_it(
    window: MainWindow, demo: DemoStudy, offered: Open, tool: Tool
) -> None:
    offered(window, demo.spiculated)
    session = window.session
    proposed = session.proposals.offered[0].mask
    row, column = (int(place) for place in np.argwhere(proposed).mean(0))
    beside = int(np.flatnonzero(proposed[row])[-1]) + 40
    window.canvas.set_tool(tool)
    drag(window, (row, column), (row, beside))
    assert session.mask is not None
    assert session.mask.author is Author.CORRECTED
    assert session.mask.pixels[row, beside] == (tool is Tool.BRUSH)
    assert session.mask.pixels[row, column] == (tool is Tool.BRUSH)
    # The rest of the outline is as proposed; stroke and acceptance are one step of undo each.
    above = np.arange(len(proposed)) < row - 60
    assert np.array_equal(session.mask.pixels[above], proposed[above])
    session.mask_commands.undo()
    assert np.array_equal(session.mask.pixels, proposed)
    assert session.mask.author is Author.PROPOSED
    session.mask_commands.undo()
    assert session.mask.empty


def test_drawing_instead_starts_from_an_empty_mask(window: MainWindow, demo: DemoStudy, offered: Open) -> None:
    offered(window, demo.spiculated)
    window.canvas.set_tool(Tool.BRUSH)
    drag(window, (20, 20), (20, 60))
    session = window.session
    assert session.mask is not None
    assert session.mask.author is Author.DRAWN
    assert not (session.mask.pixels & session.proposals._found[0].mask).any()
    assert session.proposals.offered == ()
    assert not session.proposals.accept()


def test_enter_closes_a_polygon_in_hand_rather_than_accepting(
    window: MainWindow, demo: DemoStudy, offered: Open
) -> None:
    offered(window, demo.spiculated)
    window.canvas.set_tool(Tool.POLYGON)
    for place in ((20, 20), (20, 60), (50, 40)):
        QTest.mouseClick(window.canvas.viewport(), LEFT, pos=window.canvas.widget_position(*place))
    key(window, Qt.Key.Key_Return)
    assert window.session.mask is not None
    assert window.session.mask.author is Author.DRAWN


def test_tab_and_the_mouse_choose_among_several(
    window: MainWindow, two: tuple[Path, list[tuple[int, int]]], both_offered: Open
) -> None:
    _, places = two
    both_offered(window)
    proposals = window.session.proposals
    assert len(proposals.offered) >= 2
    assert "Proposal 1 of" in note(window)
    key(window, Qt.Key.Key_Tab)
    assert proposals.selected == 1
    assert window.canvas.hasFocus(), "the key moves among proposals, not among the boxes"
    for place in places:
        QTest.mouseMove(window.canvas.viewport(), window.canvas.widget_position(*place))
        assert proposals.offered[proposals.selected].mask[place]
    before = proposals.selected
    key(window, Qt.Key.Key_Tab)
    QTest.mouseMove(window.canvas.viewport(), window.canvas.widget_position(places[1][0] + 1, places[1][1]))
    assert proposals.selected != before, "a mouse that rests there does not take the key's choice back"
    chosen = proposals.offered[proposals.selected].mask
    key(window, Qt.Key.Key_Enter)
    assert window.session.mask is not None
    assert (window.session.mask.pixels == chosen).all()


def test_a_double_click_with_the_tool_accepts_what_is_there(
    window: MainWindow, two: tuple[Path, list[tuple[int, int]]], both_offered: Open
) -> None:
    _, places = two
    both_offered(window)
    key(window, Qt.Key.Key_A)
    assert window.canvas.tool is Tool.PROPOSE
    view, at = window.canvas.viewport(), window.canvas.widget_position(*places[1])
    QTest.mouseClick(view, LEFT, pos=at)
    assert window.session.mask is not None
    assert window.session.mask.empty, "a click picks"
    QTest.mouseDClick(view, LEFT, pos=at)
    QTest.mouseRelease(view, LEFT, pos=at)
    assert window.session.mask.pixels[places[1]]


def test_a_box_and_a_click_ask_for_one_beside_the_outline_there_is(
    qtbot: QtBot, window: MainWindow, two: tuple[Path, list[tuple[int, int]]], open_files: Open
) -> None:
    file, places = two
    session = window.session
    session.user_settings.change(dataclasses.replace(session.settings, propose_on_opening=False))
    open_files(session, file)
    mask, (row, column) = session.mask, places[1]
    assert mask is not None
    mask.begin()
    window.canvas.set_tool(Tool.BRUSH)
    drag(window, (10, 10), (10, 20))
    window.canvas.set_tool(Tool.PROPOSE)
    drag(window, (row - 45, column - 60), (row + 45, column + 60))
    qtbot.waitUntil(lambda: bool(session.proposals.offered), timeout=_LONG)
    assert session.proposals.offered[0].mask[row, column]
    assert mask.author is Author.DRAWN, "asked for, not taken"
    QTest.mouseClick(window.canvas.viewport(), LEFT, pos=window.canvas.widget_position(*places[0]))
    qtbot.waitUntil(lambda: len(session.proposals.offered) == 2, timeout=_LONG)
    assert session.proposals.offered[0].mask[places[0]], "the newest answer comes first"
    key(window, Qt.Key.Key_Return)
    assert mask.author is Author.DRAWN, "the outline there was is another lesion's"
    assert mask.pixels[10, 12]
    assert session.mask is not None
    assert session.mask.author is Author.PROPOSED
    assert session.mask.pixels[places[0]]
    assert [work.number for work in session.lesions.on_frame] == [1, 2]


def test_esc_drops_what_is_proposed(window: MainWindow, demo: DemoStudy, offered: Open) -> None:
    offered(window, demo.spiculated)
    key(window, Qt.Key.Key_Escape)
    assert window.session.proposals.offered == ()
    assert note(window) == ""


def test_overlays_hidden_hide_proposals(window: MainWindow, demo: DemoStudy, offered: Open) -> None:
    offered(window, demo.spiculated)
    item = window.canvas._proposal_layer.item
    assert item.isVisible()
    window.canvas.hide_overlays(True)
    assert (item.isVisible(), note(window)) == (False, "")
    window.canvas.hide_overlays(False)
    assert item.isVisible()


def test_none_is_said_quietly(qtbot: QtBot, window: MainWindow, tmp_path: Path, open_files: Open) -> None:
    blank = tmp_path / "blank.png"
    blank.write_bytes(cv2.imencode(".png", np.full((48, 64), 30, np.uint8))[1].tobytes())
    open_files(window.session, blank)
    qtbot.waitUntil(lambda: window.session.proposals.stage is Stage.NONE, timeout=_LONG)
    assert note(window) == "No lesion proposed: draw one, or press A and drag a box around it"
    window.session.proposals.look_at(4, 4)
    at_rest(qtbot, window.session)
    assert note(window).startswith("No lesion found there")
    assert not window.messages.isVisible()


def test_another_frame_drops_what_was_found_or_is_being_looked_for(
    qtbot: QtBot, window: MainWindow, demo: DemoStudy, open_files: Open
) -> None:
    session = window.session
    open_files(session, demo.spiculated)
    session.proposals.look()
    assert session.jobs.busy(PROPOSING)
    # Checked at once when the frame changes: a little later the new frame is searched.
    looked: list[bool] = []
    session.frameChanged.connect(lambda: looked.append(session.jobs.busy(PROPOSING)))
    open_files(session, demo.cine)
    assert looked[0] is False
    qtbot.waitUntil(lambda: bool(session.proposals.offered), timeout=_LONG)
    assert session.frame is not None
    assert session.proposals.offered[0].mask.shape == session.frame.shape
    session.navigation.to_frame(3)
    assert session.proposals.offered == ()


def test_with_the_setting_off_nothing_is_looked_for_until_asked(
    qtbot: QtBot, window: MainWindow, demo: DemoStudy, open_files: Open
) -> None:
    session = window.session
    session.user_settings.change(dataclasses.replace(session.settings, propose_on_opening=False))
    open_files(session, demo.spiculated)
    qtbot.wait(300)
    assert (session.proposals.stage, session.jobs.busy(PROPOSING)) == (Stage.IDLE, False)
    session.user_settings.change(dataclasses.replace(session.settings, propose_on_opening=True))
    qtbot.waitUntil(lambda: bool(session.proposals.offered), timeout=_LONG)
    session.user_settings.change(dataclasses.replace(session.settings, propose_on_opening=False))
    assert session.proposals.offered == ()
    window.actions_table["look_for_lesions"].trigger()
    qtbot.waitUntil(lambda: bool(session.proposals.offered), timeout=_LONG)


def test_a_frame_with_an_outline_is_left_alone(
    qtbot: QtBot, window: MainWindow, demo: DemoStudy, open_files: Open
) -> None:
    open_files(window.session, demo.spiculated)
    window.import_mask(demo.spiculated_mask)
    proposals, jobs = window.session.proposals, window.session.jobs
    # On a slow machine the search may have started before the outline was drawn.
    qtbot.waitUntil(lambda: (proposals.stage, jobs.busy(PROPOSING)) == (Stage.IDLE, False), timeout=_LONG)
    qtbot.wait(300)
    assert (proposals.stage, jobs.busy(PROPOSING)) == (Stage.IDLE, False)
    assert not window.actions_table["accept_proposal"].isEnabled()


def test_without_the_model_it_is_said_once(
    qtbot: QtBot,
    window: MainWindow,
    demo: DemoStudy,
    open_files: Open,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CSAMOE_MODEL_WEIGHTS", str(tmp_path))
    session = window.session
    said: list[str] = []
    failed: list[object] = []
    session.noted.connect(said.append)
    session.failed.connect(failed.append)
    for file in (demo.spiculated, demo.smooth):
        open_files(session, file)
        qtbot.wait(300)
    assert [OUTLINER in one for one in said] == [True]
    assert not failed
    assert note(window) == ""
    session.proposals.look()
    qtbot.waitUntil(lambda: bool(failed), timeout=_LONG)
    assert OUTLINER in str(failed[0])


def test_damaged_weights_are_said_once_and_again_when_asked(
    qtbot: QtBot,
    window: MainWindow,
    demo: DemoStudy,
    open_files: Open,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder = tmp_path / "weights" / OUTLINER
    shutil.copytree(paths.model_weights() / OUTLINER, folder)
    (folder / "weights.safetensors").write_bytes(b"damaged")
    monkeypatch.setenv("CSAMOE_MODEL_WEIGHTS", str(folder.parent))
    failed: list[object] = []
    session = window.session
    session.failed.connect(failed.append)
    open_files(session, demo.spiculated)
    qtbot.waitUntil(lambda: len(failed) == 1, timeout=_LONG)
    open_files(session, demo.smooth)
    qtbot.wait(250)
    at_rest(qtbot, session)
    assert len(failed) == 1
    session.proposals.look_at(100, 100)
    qtbot.waitUntil(lambda: len(failed) == 2, timeout=_LONG)


def test_the_outline_is_kept_as_proposed(
    qtbot: QtBot, window: MainWindow, demo: DemoStudy, offered: Open, open_files: Open
) -> None:
    """After closing and opening again, outline and origin are restored, and nothing is proposed over it."""
    offered(window, demo.spiculated)
    session = window.session
    session.proposals.accept()
    mask = session.mask
    assert mask is not None
    session.open_studies.close_current()
    qtbot.waitUntil(lambda: session.autosaver.all_saved, timeout=10_000)
    open_files(session, demo.spiculated)
    assert session.mask is not None
    assert dice(session.mask.pixels, mask.pixels) == 1.0
    assert session.mask.author is Author.PROPOSED


def test_the_setting_is_in_the_dialog(qtbot: QtBot, window: MainWindow) -> None:
    from csamoe_desktop.ui.dialogs.settings_dialog import SettingsDialog

    dialog = SettingsDialog(window.session)
    qtbot.addWidget(dialog)
    assert dialog.propose.isChecked()
    dialog.propose.click()
    assert not window.session.settings.propose_on_opening
    names = [dialog.model.itemData(row) for row in range(dialog.model.count())]
    assert OUTLINER not in names, "it reads nothing"
    dialog.reject()
    assert window.session.settings.propose_on_opening


# -- several proposals


def test_each_that_is_accepted_is_a_lesion_of_its_own(
    window: MainWindow, two: tuple[Path, list[tuple[int, int]]], both_offered: Open
) -> None:
    both_offered(window)
    session = window.session
    count = len(session.proposals.offered)
    first = session.proposals.offered[0].mask
    key(window, Qt.Key.Key_Return)
    assert len(session.proposals.offered) == count - 1, "the others go on being offered"
    second = session.proposals.offered[0].mask
    key(window, Qt.Key.Key_Return)
    assert [work.number for work in session.lesions.on_frame] == [1, 2]
    assert np.array_equal(session.lesions.on_frame[0].mask.pixels, first)
    assert np.array_equal(session.lesions.on_frame[1].mask.pixels, second)
    session.mask_commands.undo()
    assert session.mask is not None
    assert session.mask.empty
    assert any(np.array_equal(one.mask, second) for one in session.proposals.offered), "taken back, it is offered again"
    session.lesions.choose(session.lesions.on_frame[0])
    assert np.array_equal(session.lesions.on_frame[0].mask.pixels, first), "the first one never was touched"


def test_the_other_one_is_back_with_a_new_lesion_and_after_another_image(
    qtbot: QtBot, window: MainWindow, two: tuple[Path, list[tuple[int, int]]], both_offered: Open, small_png: Path
) -> None:
    both_offered(window)
    session, here = window.session, window.session.study
    key(window, Qt.Key.Key_Return)
    (other,) = (one.mask for one in session.proposals.offered[:1])
    session.open(small_png)
    qtbot.waitUntil(lambda: len(session.studies) == 2, timeout=_LONG)
    session.navigation.to_study(session.studies[1])
    assert here is not None
    session.navigation.to_study(here)
    assert any(np.array_equal(one.mask, other) for one in session.proposals.offered)
    key(window, Qt.Key.Key_N)
    assert any(np.array_equal(one.mask, other) for one in session.proposals.offered)
    key(window, Qt.Key.Key_Return)
    assert session.mask is not None
    assert not session.mask.empty
    assert len(session.lesions.on_frame) == 2


def test_one_is_dismissed_by_itself(
    window: MainWindow, two: tuple[Path, list[tuple[int, int]]], both_offered: Open
) -> None:
    both_offered(window)
    proposals = window.session.proposals
    before = proposals.offered
    key(window, Qt.Key.Key_Tab)
    dropped = before[proposals.selected]
    key(window, Qt.Key.Key_Escape)
    assert proposals.offered == tuple(one for one in before if one is not dropped)
    for _ in proposals.offered:
        key(window, Qt.Key.Key_Escape)
    assert proposals.offered == ()
    assert note(window) == ""
    assert len(window.session.lesions.on_frame) == 1


def test_beside_an_outline_that_was_drawn_they_wait_for_the_next_lesion(
    window: MainWindow, two: tuple[Path, list[tuple[int, int]]], both_offered: Open
) -> None:
    both_offered(window)
    session = window.session
    before = session.proposals.offered
    window.canvas.set_tool(Tool.BRUSH)
    drag(window, (3, 3), (3, 20))
    assert session.proposals.offered == ()
    session.lesions.add()
    assert session.proposals.offered == before


@pytest.mark.parametrize("tool", [Tool.WINDOW_LEVEL, Tool.PROPOSE])
def test_a_double_click_accepts(
    window: MainWindow, two: tuple[Path, list[tuple[int, int]]], both_offered: Open, tool: Tool
) -> None:
    _, places = two
    both_offered(window)
    window.canvas.set_tool(tool)
    view, at = window.canvas.viewport(), window.canvas.widget_position(*places[1])
    level = window.canvas.window_level
    QTest.mouseClick(view, LEFT, pos=at)
    QTest.mouseDClick(view, LEFT, pos=at)
    QTest.mouseRelease(view, LEFT, pos=at)
    assert window.session.mask is not None
    assert window.session.mask.pixels[places[1]]
    QTest.mouseMove(view, at + QPoint(30, 30))
    assert window.canvas.window_level == level, "and no drag of window and level is left in progress"
    beside = window.canvas.widget_position(2, 2)
    QTest.mouseDClick(view, LEFT, pos=beside)
    QTest.mouseRelease(view, LEFT, pos=beside)
    assert len(window.session.lesions.on_frame) == 1


def test_the_note_says_what_enter_does_and_leaves_a_shallow_lesion_free(
    qtbot: QtBot, window: MainWindow, two: tuple[Path, list[tuple[int, int]]], both_offered: Open
) -> None:
    both_offered(window)
    canvas = window.canvas
    assert "accepts" in note(window)
    canvas.set_tool(Tool.POLYGON)
    QTest.mouseClick(canvas.viewport(), LEFT, pos=canvas.widget_position(5, 5))
    assert note(window).endswith("closes your outline")
    key(window, Qt.Key.Key_Escape)
    assert "accepts" in note(window)
    # Move the image up and down past the note: the note never covers an outline or its label.
    for step in range(-12, 13):
        canvas.fit()
        canvas.pan_by(QPointF(0, 25 * step))
        shown = canvas._proposal_layer.note.geometry()
        for place in canvas._proposal_layer.item.places():
            top = canvas.widget_position(place.top(), place.left())
            bottom = canvas.widget_position(place.bottom(), place.right())
            label = QRect(top, bottom).adjusted(0, -2 * canvas.fontMetrics().height(), 0, 0)
            low = shown.bottom() > canvas.viewport().height() - 60
            assert low or not label.intersects(shown)
