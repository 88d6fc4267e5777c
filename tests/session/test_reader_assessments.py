"""The first assessment before the AI result: hiding and showing, proposed terms, times, the store, and the panel."""

import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QGuiApplication, QWheelEvent
from PySide6.QtWidgets import QFileDialog, QLabel, QWidget
from pytestqt.qtbot import QtBot

from csamoe_desktop import paths
from csamoe_desktop.lesion.mask import Author
from csamoe_desktop.lesion.tools import Box
from csamoe_desktop.reader.assessment import Assessment
from csamoe_desktop.report.json_reading import read_json
from csamoe_desktop.session.assessing import ASSESSING
from csamoe_desktop.session.assessment_saver import SAVING_ASSESSMENTS
from csamoe_desktop.session.calibration import DrawnLine
from csamoe_desktop.session.closer_look import LOOKING_CLOSER
from csamoe_desktop.session.lesion_work import ResultState
from csamoe_desktop.session.session import Session
from csamoe_desktop.settings import Settings
from csamoe_desktop.store.assessments import AssessmentStore, Sitting
from csamoe_desktop.study.phantom import DemoStudy
from csamoe_desktop.ui.dialogs.comparison import ComparisonWindow
from csamoe_desktop.ui.dialogs.export_dialog import ExportDialog
from csamoe_desktop.ui.dialogs.settings_dialog import SettingsDialog
from csamoe_desktop.ui.shell.app import make_window
from csamoe_desktop.ui.shell.main_window import MainWindow

Open = Callable[..., None]
Do = Callable[[Session], None]
CONTROL = Qt.KeyboardModifier.ControlModifier
SETTINGS = Settings(model="csamoe-resnet18", device="cpu", propose_on_opening=False)


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now

    def goes_on(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def session(qtbot: QtBot) -> Iterator[Session]:
    session = Session(SETTINGS)
    yield session
    session.close()


@pytest.fixture
def clock(session: Session) -> Clock:
    clock = session.assessments.clock = Clock()
    return clock


@pytest.fixture
def window(qtbot: QtBot) -> Iterator[MainWindow]:
    window = make_window(SETTINGS)
    qtbot.addWidget(window)
    window.resize(1200, 800)
    window.show()
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    yield window
    window.close_now()


@pytest.fixture
def marked(open_files: Open, demo: DemoStudy) -> Do:
    """Return a function that opens a study and imports its outline."""

    def opened(session: Session) -> None:
        open_files(session, demo.spiculated)
        session.mask_commands.import_from(demo.spiculated_mask)

    return opened


@pytest.fixture
def assess(qtbot: QtBot) -> Do:
    """Return a function that presses Assess and waits for the model."""

    def stored_sitting(session: Session) -> None:
        session.assessments.assess()
        qtbot.waitUntil(lambda: not session.jobs.busy(ASSESSING), timeout=60_000)

    return stored_sitting


def give(session: Session, category: str) -> None:
    session.assessments.change(dataclasses.replace(session.assessments.current, category=category))


def kept(qtbot: QtBot, session: Session) -> list[Sitting]:
    """Return what a program started now would find in the store."""
    qtbot.waitUntil(lambda: not session.jobs.busy(SAVING_ASSESSMENTS))
    return AssessmentStore(paths.store_file()).all()


# -- hidden until the assessment


def test_the_reading_is_veiled_until_there_is_a_category(session: Session, marked: Do, assess: Do) -> None:
    refused: list[object] = []
    session.failed.connect(refused.append)
    marked(session)
    assert session.shown_result.hidden
    assess(session)
    assert session.shown_result.state is ResultState.HIDDEN
    session.assessments.assess()
    assert session.shown_result.state is ResultState.HIDDEN, "asking again does not lift it"
    assert "Give your assessment first" in str(refused[0])
    session.assessments.change(session.assessments.current.with_terms("shape", ("irregular",)))
    session.assessments.assess()
    assert session.shown_result.state is ResultState.HIDDEN, "a term is no category"
    give(session, "4C")
    assert session.shown_result.state is ResultState.HIDDEN, "it is shown when the reader asks"
    session.assessments.assess()
    assert session.shown_result.state is ResultState.DONE
    assert session.assessments.first == Assessment("4C", {"shape": ("irregular",)})
    assert not session.assessments.skipped


def test_with_the_category_given_the_reading_is_shown_as_it_comes(session: Session, marked: Do, assess: Do) -> None:
    marked(session)
    give(session, "4C")
    assert session.shown_result.hidden, "nothing was asked yet"
    assess(session)
    assert session.shown_result.state is ResultState.DONE


def test_a_category_taken_back_in_time_veils_again(session: Session, marked: Do, assess: Do) -> None:
    marked(session)
    give(session, "4C")
    session.assessments.assess()
    give(session, "")
    assert session.shown_result.hidden
    session.assessments.assess()
    assess(session)
    assert session.shown_result.state is ResultState.HIDDEN
    give(session, "4A")
    session.assessments.assess()
    give(session, "")
    assert session.shown_result.state is ResultState.DONE, "what was seen cannot be unseen"
    assert session.assessments.first == Assessment("4A")


def test_passing_it_over_shows_the_reading_and_is_kept(session: Session, marked: Do, assess: Do, qtbot: QtBot) -> None:
    marked(session)
    assess(session)
    session.assessments.skip()
    assert session.shown_result.state is ResultState.DONE
    assert session.assessments.skipped
    assert session.assessments.first is None
    give(session, "5")
    (row,) = kept(qtbot, session)
    assert (row.record.asked, row.record.skipped, row.record.first) == (True, True, None)
    assert row.record.final == Assessment("5"), "changes after the AI result belong to the final assessment"


def test_passed_over_before_the_reading_and_given_after_all(session: Session, marked: Do, assess: Do) -> None:
    marked(session)
    session.assessments.skip()
    assert session.assessments.skipped
    give(session, "4A")
    assert not session.assessments.skipped
    assess(session)
    assert session.assessments.first == Assessment("4A")


def test_skipping_with_a_category_given_is_no_skip(session: Session, marked: Do, assess: Do) -> None:
    marked(session)
    assess(session)
    give(session, "4A")
    session.assessments.skip()
    assert session.shown_result.state is ResultState.DONE
    assert not session.assessments.skipped
    assert session.assessments.first == Assessment("4A")


def test_every_lesion_is_asked_for_its_own(
    session: Session, marked: Do, assess: Do, open_files: Open, demo: DemoStudy
) -> None:
    marked(session)
    give(session, "5")
    assess(session)
    open_files(session, demo.smooth)
    session.mask_commands.import_from(demo.smooth_mask)
    assert session.assessments.current == Assessment()
    assess(session)
    assert session.shown_result.state is ResultState.HIDDEN
    seen: list[ResultState] = []
    session.studyChanged.connect(lambda: seen.append(session.shown_result.state))
    session.navigation.to_study(session.studies[0])
    assert session.shown_result.state is ResultState.DONE
    assert session.assessments.current == Assessment("5")
    session.navigation.to_study(session.studies[1])
    # No listener sees another state while study and frame change.
    assert seen == [ResultState.DONE, ResultState.HIDDEN]


def test_an_outline_changed_under_the_veil_tells_nothing(session: Session, marked: Do, assess: Do) -> None:
    marked(session)
    assess(session)
    assert session.mask is not None
    pixels = session.mask.pixels.copy()
    pixels[:40, :40] = True
    session.mask.replace(pixels, Author.DRAWN)
    session.emit_mask_changed(None)
    assert session.shown_result.state is ResultState.READY
    session.mask_commands.clear()
    assert session.shown_result.state is ResultState.NO_MASK
    assert session.shown_result.result is None


def test_the_question_turned_off_shows_the_reading_and_is_kept_as_passed_over(
    session: Session, marked: Do, assess: Do
) -> None:
    marked(session)
    assess(session)
    session.user_settings.change(dataclasses.replace(session.settings, assessment_first=False))
    assert session.shown_result.state is ResultState.DONE
    assert session.assessments.skipped
    session.user_settings.change(dataclasses.replace(session.settings, assessment_first=True))
    assert session.shown_result.state is ResultState.DONE, "what was seen stays seen"


def test_it_is_asked_for_unless_turned_off(session: Session, marked: Do, assess: Do, qtbot: QtBot) -> None:
    assert Settings().assessment_first
    dialog = SettingsDialog(session)
    qtbot.addWidget(dialog)
    dialog.assessment_first.setChecked(False)
    dialog.accept()
    marked(session)
    assess(session)
    assert session.shown_result.state is ResultState.DONE
    assert not session.assessments.skipped, "who is not asked passes nothing over"


# -- nothing of a hidden result is visible


def said(widget: QWidget) -> str:
    """Return all visible text of a window: words, tooltips and accessible names."""
    words = []
    for one in (widget, *widget.findChildren(QWidget)):
        if one.isVisible():
            words += [one.toolTip(), one.accessibleName(), one.accessibleDescription()]
            words += [one.text()] if isinstance(one, QLabel) else []
    return "\n".join(words)


def test_nothing_that_the_network_found_shows_under_the_veil(
    window: MainWindow, marked: Do, assess: Do, qtbot: QtBot
) -> None:
    session, actions = window.session, window.actions_table
    marked(session)
    # Core and boundary are shown only on request.
    window.overlays.toggle_regions()
    qtbot.wait(100)
    before = window.canvas.picture()
    assess(session)
    # The panels show measurements a little later than the AI result arrives.
    qtbot.wait(150)
    assert session.work is not None
    assert session.work.ai_result is not None, "the AI result has been computed"
    assert session.shown_result.result is None
    assert session.reports.in_view() is None

    found = session.work.ai_result
    shown = said(window)
    for secret in (
        found.category.value, found.category.value.capitalize(), f"{found.prediction.probability:.2f}",
        *(f"{100 * share:.0f} %" for share in found.prediction.gates.values()), *found.warnings, "Core:", "Left out", "alculating the range"
    ):  # fmt: skip
        assert secret not in shown, secret
    assert "The AI result is hidden until your assessment. Choose a BI-RADS category (Ctrl+R)" in shown
    assert window.result.button.text() == "Show the AI result"
    assert window.canvas.picture() == before, "the image is as it was, core and boundary too"
    assert not window.canvas.attention.experts
    assert not session.jobs.busy(LOOKING_CLOSER)
    assert not session.closer_look.under_way
    for name in ("export", "copy_report", "attention", "compare"):
        assert not actions[name].isEnabled(), name
    assert not window.report.button.isEnabled()
    assert "Give your assessment first" in window.report.missing.text()

    QGuiApplication.clipboard().setText("before")
    window.files.copy_report()
    window.files.export()
    assert QGuiApplication.clipboard().text() == "before"
    assert window.findChild(QFileDialog) is None
    refused: list[object] = []
    session.failed.connect(refused.append)
    session.reports.export(paths.user_folder() / "report.pdf", lambda path: None)
    assert refused
    assert not (paths.user_folder() / "report.pdf").exists()

    # Once the result is shown, all of it is visible: the search above would have found it.
    session.assessments.skip()
    qtbot.waitUntil(
        lambda: session.shown_result.result is not None and session.shown_result.result.looked_closer, timeout=60_000
    )
    qtbot.wait(150)
    shown = said(window)
    assert found.category.value.capitalize() in shown
    assert "Core:" in shown
    assert window.canvas.picture() != before
    assert window.canvas.attention.experts
    for name in ("export", "copy_report", "attention", "compare"):
        assert actions[name].isEnabled(), name


def test_the_comparison_left_open_reads_nothing_before_the_own_read(
    session: Session, marked: Do, assess: Do, qtbot: QtBot
) -> None:
    compared = ComparisonWindow(session)
    qtbot.addWidget(compared)
    compared.show()
    marked(session)
    assert not compared.compare.isEnabled()
    assert "Give your assessment first" in compared.sentence.text()
    compared.start()
    assert not compared.running
    give(session, "4C")
    assess(session)
    assert compared.compare.isEnabled()
    compared.close()


# -- what is proposed


def test_what_is_proposed_is_the_reader_s_once_confirmed(session: Session, marked: Do, measured: Do) -> None:
    own = session.assessments
    assert own.proposed is None
    marked(session)
    measured(session)
    assert own.proposed is not None
    assert own.current == Assessment(), "a proposal is not an assessment"
    own.confirm()
    assert own.current.size == own.proposed.size
    assert own.current.terms == {name: (term,) for name, term in own.proposed.terms.items()}
    assert set(own.current.measured) == {*own.proposed.terms, "size"}
    assert own.current.category == ""
    own.withdraw()
    assert own.current == Assessment()


def test_what_was_measured_on_another_outline_is_not_said_of_this_one(
    session: Session, marked: Do, measured: Do
) -> None:
    own = session.assessments
    marked(session)
    own.confirm()
    assert own.current == Assessment(), "it is still being measured"
    measured(session)
    assert own.current.measured, "as soon as it is known"
    own.change(own.current.with_terms("margin", ("spiculated",)))
    session.mask_commands.clear()
    assert own.current == Assessment(terms={"margin": ("spiculated",)})
    assert own.proposed is None
    session.mask_commands.undo()
    measured(session)
    assert own.proposed is not None


def test_what_was_measured_in_pixels_is_measured_anew_in_millimetres(
    session: Session, open_files: Open, small_png: Path, mark: Do, measured: Do
) -> None:
    own = session.assessments
    open_files(session, small_png)
    mark(session)
    own.confirm()
    measured(session)
    assert own.current.size.endswith("px")
    assert session.frame is not None
    assert session.work is not None
    session.calibration.calibrate(DrawnLine((2, 5), (42, 5), session.work), 20.0)
    assert own.current == Assessment(), "the pixels confirmed are not the size any more"
    measured(session)
    assert own.proposed is not None
    assert own.proposed.size.endswith("mm")


# -- the times


def test_the_time_before_and_after_and_that_of_the_ai(
    session: Session, clock: Clock, marked: Do, qtbot: QtBot, open_files: Open, demo: DemoStudy
) -> None:
    marked(session)
    clock.goes_on(30)
    give(session, "3")
    clock.goes_on(5)
    session.assessments.assess()
    clock.goes_on(4)
    qtbot.waitUntil(lambda: session.shown_result.state is ResultState.DONE, timeout=60_000)
    clock.goes_on(12)
    give(session, "4A")
    assert session.work is not None
    record = session.assessments.record(session.work)
    whole = session.work.sitting.record()
    assert (whole.first_seconds, whole.ai_seconds, whole.final_seconds) == (35, 4, 12)
    assert not record.whole, "times go into the report only where that is wanted"
    session.user_settings.change(dataclasses.replace(session.settings, assessments_in_report=True))
    assert session.assessments.record(session.work).first_seconds == 35

    # Time spent on another image counts for that image.
    open_files(session, demo.smooth)
    clock.goes_on(100)
    session.navigation.to_study(session.studies[0])
    clock.goes_on(1)
    assert session.assessments.record(session.work).final_seconds == 13


def test_reading_on_under_the_veil_is_the_reader_s_time(
    session: Session, clock: Clock, marked: Do, qtbot: QtBot
) -> None:
    marked(session)
    clock.goes_on(10)
    session.assessments.assess()
    clock.goes_on(4)
    qtbot.waitUntil(lambda: session.shown_result.state is ResultState.HIDDEN, timeout=60_000)
    clock.goes_on(20)
    give(session, "3")
    session.assessments.assess()
    assert session.work is not None
    whole = session.work.sitting.record()
    assert (whole.first_seconds, whole.ai_seconds, whole.final_seconds) == (34, 4, 0)


def test_who_turns_away_while_the_ai_reads_does_not_make_it_slower(
    session: Session, clock: Clock, marked: Do, qtbot: QtBot, open_files: Open, demo: DemoStudy
) -> None:
    marked(session)
    give(session, "3")
    session.assessments.assess()
    work = session.work
    assert work is not None
    open_files(session, demo.smooth)
    clock.goes_on(3)
    qtbot.waitUntil(lambda: work.ai_result is not None, timeout=60_000)
    clock.goes_on(500)
    session.navigation.to_study(session.studies[0])
    assert work.sitting.ai_seconds == 3
    assert session.shown_result.state is ResultState.DONE


def test_a_reading_given_up_has_no_time(session: Session, clock: Clock, marked: Do) -> None:
    marked(session)
    session.assessments.assess()
    clock.goes_on(3)
    session.assessing.cancel()
    assert session.work is not None
    assert session.work.sitting.record().ai_seconds is None


# -- the store


def test_first_ai_and_final_are_kept_as_they_come_and_survive_a_restart(
    session: Session, clock: Clock, marked: Do, assess: Do, qtbot: QtBot
) -> None:
    marked(session)
    clock.goes_on(20)
    give(session, "3")
    assess(session)
    assert session.shown_result.result is not None
    found = session.shown_result.result
    # Saved as soon as the AI result is seen: ending the program cannot take the first assessment back.
    (row,) = kept(qtbot, session)
    assert row.record.first == Assessment("3")
    assert row.record.first_seconds == 20
    assert row.ai is not None
    assert (row.ai.category, row.ai.probability) == (found.category, found.prediction.probability)
    assert row.ai.weights_sha256 == found.card.sha256
    give(session, "4B")
    (row,) = kept(qtbot, session)
    assert (row.record.first, row.record.final) == (Assessment("3"), Assessment("4B"))


def test_closing_the_program_keeps_what_is_in_view(marked: Do, qtbot: QtBot) -> None:
    session = Session(SETTINGS)
    marked(session)
    give(session, "3")
    session.close()
    (row,) = AssessmentStore(paths.store_file()).all()
    assert row.record.first == Assessment("3")
    assert row.ai is None
    assert not row.record.final.given, "before the AI result there is no final assessment"


def test_turning_to_another_frame_keeps_and_looking_alone_does_not(
    session: Session, marked: Do, open_files: Open, demo: DemoStudy, qtbot: QtBot
) -> None:
    open_files(session, demo.smooth)
    marked(session)
    assert kept(qtbot, session) == []
    give(session, "4A")
    session.navigation.to_study(session.studies[0])
    (row,) = kept(qtbot, session)
    assert session.studies[1].path == demo.spiculated
    assert row.record.first == Assessment("4A")
    session.navigation.to_study(session.studies[1])
    assert session.assessments.current == Assessment("4A")
    give(session, "4B")
    session.navigation.to_study(session.studies[0])
    (row,) = kept(qtbot, session)
    assert row.record.first == Assessment("4B"), "one sitting, one row"


def test_a_store_that_cannot_be_written_is_said_once_and_tried_again(
    session: Session, marked: Do, assess: Do, qtbot: QtBot
) -> None:
    told: list[object] = []
    session.failed.connect(told.append)
    marked(session)
    file = session.assessments.store.file
    session.assessments.store.file = file.parent / "missing" / "folder"
    (file.parent / "missing").write_text("a file where a folder is to be", encoding="utf-8")
    give(session, "3")
    assess(session)
    qtbot.waitUntil(lambda: bool(told) and not session.jobs.busy(SAVING_ASSESSMENTS))
    give(session, "4A")
    qtbot.waitUntil(lambda: not session.jobs.busy(SAVING_ASSESSMENTS))
    (problem,) = told
    assert str(problem).startswith("Your assessments are not saved at the moment: ")
    assert "outlines" not in str(problem)
    session.assessments.store.file = file
    give(session, "4B")
    (row,) = kept(qtbot, session)
    assert row.record.final == Assessment("4B")


# -- the panel


def test_keys_choose_the_category_and_confirm(window: MainWindow, marked: Do, qtbot: QtBot) -> None:
    session, box = window.session, window.assessment
    assert not box.category.isEnabled()
    marked(session)
    qtbot.keyClick(window.canvas, Qt.Key.Key_R, CONTROL)
    assert box.category.hasFocus()
    for typed in ("0", "1", "2", "3", "4A", "4B", "4C", "5", "6"):
        box.category.setCurrentIndex(0)
        qtbot.keyClicks(box.category, typed)
        assert session.assessments.current.category == typed
        # Keys typed within the keyboard's interval count as one entry.
        box.category.clearFocus()
        qtbot.wait(QGuiApplication.styleHints().keyboardInputInterval() + 50)
        box.category.setFocus()
    assert box.proposed.text().startswith("Proposed from your outline: ")
    assert box.terms["shape"].text().endswith("?")
    assert not box.measured.isVisible()
    qtbot.keyClick(box.category, Qt.Key.Key_G, CONTROL)
    assert session.assessments.current.measured == ("size",), "one key confirms one of them"
    qtbot.keyClick(box.category, Qt.Key.Key_G, CONTROL | Qt.KeyboardModifier.ShiftModifier)
    assert session.assessments.current.measured == ("orientation", "shape", "size")
    assert not box.confirm.isVisible()
    assert session.assessments.proposed is not None
    size = session.assessments.proposed.size.replace(" x ", " × ")
    assert box.measured.text().replace("\u00a0", " ").startswith(f"Confirmed: {size}, ")
    assert not box.terms["shape"].text().endswith("?")
    box.withdraw.click()
    assert session.assessments.current.size == ""
    assert box.confirm.isVisible()


def test_the_wheel_changes_no_category(window: MainWindow, marked: Do, qtbot: QtBot) -> None:
    marked(window.session)
    give(window.session, "4A")
    turn = QWheelEvent(
        QPointF(5, 5), QPointF(5, 5), QPoint(0, 0), QPoint(0, -120), Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    window.assessment.category.wheelEvent(turn)
    assert window.session.assessments.current.category == "4A"
    assert not turn.isAccepted(), "the column scrolls"


def test_terms_are_picked_from_their_menus(window: MainWindow, marked: Do) -> None:
    marked(window.session)
    own, terms = window.session.assessments, window.assessment.terms
    terms["margin"].actions_by_term["spiculated"].trigger()
    terms["margin"].actions_by_term["indistinct"].trigger()
    assert own.current.terms["margin"] == ("indistinct", "spiculated")
    assert terms["margin"].text() == "indistinct, spiculated"
    terms["margin"].actions_by_term["circumscribed"].trigger()
    assert own.current.terms["margin"] == ("circumscribed",)
    assert not terms["margin"].actions_by_term["spiculated"].isChecked()
    window.assessment.management.actions_by_term["tissue"].trigger()
    assert own.current.management == "tissue"
    window.assessment.management.actions_by_term["tissue"].trigger()
    assert own.current.management == ""
    for button in terms.values():
        letters = [action.text().partition("&")[2][:1].lower() for action in button.actions_by_term.values()]
        assert all(letters), "each has a letter"
        assert len(set(letters)) == len(letters)


def test_a_stroke_leaves_the_proposal_in_its_place_and_renews_it_at_its_end(
    window: MainWindow, marked: Do, qtbot: QtBot
) -> None:
    session, box = window.session, window.assessment
    marked(session)
    qtbot.waitUntil(box.proposed.isVisible)
    before = box.proposed.text()
    mask = session.mask
    assert mask is not None
    mask.begin()
    # Large enough to be the largest piece: a stray dot would change nothing.
    rows, columns = mask.pixels.shape[0], mask.pixels.shape[1] // 2
    mask.paint(Box(0, 0, rows, columns), np.ones((rows, columns), bool), True)
    session.emit_mask_changed(None)
    qtbot.wait(150)
    assert box.proposed.isVisible()
    assert box.proposed.text() == before
    session.mask_editor.end(mask)
    qtbot.waitUntil(lambda: box.proposed.text() != before)
    assert box.proposed.isVisible()


def test_the_box_remembers_what_was_said_before(window: MainWindow, marked: Do, assess: Do) -> None:
    marked(window.session)
    give(window.session, "3")
    assess(window.session)
    assert not window.assessment.before.isVisible()
    give(window.session, "4B")
    assert window.assessment.before.text() == "Before the AI result: 3."
    assert window.assessment.before.isVisible()


# -- by keyboard alone

KEYS = ("Enter", "Ctrl+R", "4", "C", "Ctrl+G", "Ctrl+Return", "Ctrl+E", "Enter", "Enter")
"""The keys as listed in the user guide; the report gets the name that the dialog suggests."""


def test_a_case_is_read_by_keyboard_alone(qtbot: QtBot, open_files: Open, demo: DemoStudy, tmp_path: Path) -> None:
    guide = Path(__file__).parents[2].joinpath("docs", "user-guide.md").read_text(encoding="utf-8")
    assert f"{len(KEYS)} keys" in guide
    window = make_window(dataclasses.replace(SETTINGS, propose_on_opening=True, default_folder=str(tmp_path)))
    qtbot.addWidget(window)
    window.resize(1200, 800)
    window.show()
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    session = window.session
    session.proposals.watch()
    # `csamoe-desktop spiculated.dcm`
    open_files(session, demo.spiculated)
    qtbot.waitUntil(lambda: bool(session.proposals.offered), timeout=60_000)
    pressed = 0

    def press(key: Qt.Key, modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
        """Press a key on the focused widget, as a keyboard does."""
        nonlocal pressed
        pressed += 1
        focus = QGuiApplication.focusObject()
        assert isinstance(focus, QWidget)
        qtbot.keyClick(focus, key, modifiers)

    press(Qt.Key.Key_Return)
    assert session.mask is not None
    assert session.mask.author is Author.PROPOSED
    press(Qt.Key.Key_R, CONTROL)
    press(Qt.Key.Key_4)
    press(Qt.Key.Key_C)
    press(Qt.Key.Key_G, CONTROL)
    assert session.assessments.current.category == "4C"
    qtbot.waitUntil(lambda: bool(session.assessments.current.measured))
    press(Qt.Key.Key_Return, CONTROL)
    qtbot.waitUntil(lambda: session.shown_result.state is ResultState.DONE, timeout=60_000)
    press(Qt.Key.Key_E, CONTROL)
    asked = window.findChild(ExportDialog)
    assert asked is not None
    qtbot.waitUntil(lambda: asked.isAncestorOf(QGuiApplication.focusObject()), timeout=10_000)
    press(Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: window.findChild(QFileDialog) is not None)
    dialog = window.findChild(QFileDialog)
    assert dialog is not None
    qtbot.waitUntil(lambda: dialog.isAncestorOf(QGuiApplication.focusObject()), timeout=10_000)
    press(Qt.Key.Key_Return)
    report = tmp_path / "spiculated-report.pdf"
    qtbot.waitUntil(report.is_file, timeout=60_000)
    assert pressed == len(KEYS)
    window.close_now()


def test_the_own_read_is_in_the_exported_report(
    session: Session, marked: Do, assess: Do, qtbot: QtBot, tmp_path: Path, measured: Do
) -> None:
    marked(session)
    give(session, "3")
    session.assessments.confirm()
    measured(session)
    assess(session)
    give(session, "4C")
    for wanted, name in ((False, "short.json"), (True, "whole.json")):
        session.user_settings.change(dataclasses.replace(session.settings, assessments_in_report=wanted))
        done: list[Path] = []
        session.reports.export(tmp_path / name, done.append)
        qtbot.waitUntil(lambda done=done: bool(done), timeout=60_000)
        assert read_json(tmp_path / name).changed == ()
    short, whole = ((tmp_path / name).read_text(encoding="utf-8") for name in ("short.json", "whole.json"))
    for words in (short, whole):
        assert "4C, high suspicion (over 50 to under 95 %)" in words
        assert "(measured, confirmed)" in words
    assert "3, probably benign" not in short
    assert "3, probably benign (up to 2 %)" in whole
