"""The comparison of models, with a model of each kind on the demo study."""

import dataclasses
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtGui import QGuiApplication
from pytestqt.qtbot import QtBot

from csamoe_desktop import paths
from csamoe_desktop.reader.assessment import Assessment
from csamoe_desktop.report.content.side_by_side import NEEDS_OUTLINE
from csamoe_desktop.session.assessing import ASSESSING
from csamoe_desktop.session.assessment_saver import SAVING_ASSESSMENTS
from csamoe_desktop.session.session import Session
from csamoe_desktop.settings import Settings
from csamoe_desktop.store.assessments import AssessmentStore
from csamoe_desktop.study.phantom import DemoStudy
from csamoe_desktop.ui.dialogs.comparison import COMPARING, ComparisonWindow
from csamoe_desktop.ui.shell.main_window import MainWindow

Open = Callable[..., None]
Do = Callable[[Session], None]


@pytest.fixture
def session(one_of_each: Path, monkeypatch: pytest.MonkeyPatch, qtbot: QtBot) -> Iterator[Session]:
    monkeypatch.setenv("CSAMOE_MODEL_WEIGHTS", str(one_of_each))
    session = Session(Settings(model="csamoe-resnet18", device="cpu", assessment_first=False))
    yield session
    session.close()


@pytest.fixture
def compared(session: Session, qtbot: QtBot) -> ComparisonWindow:
    made = ComparisonWindow(session)
    qtbot.addWidget(made)
    made.show()
    return made


@pytest.fixture
def compare(qtbot: QtBot) -> Callable[[ComparisonWindow], None]:
    """Return a function that presses Compare and waits until the last model is done."""

    def finished(compared: ComparisonWindow) -> None:
        compared.compare.click()
        assert compared.running
        qtbot.waitUntil(lambda: not compared.running, timeout=120_000)

    return finished


def test_only_models_that_read_are_in_it_and_nothing_goes_without_an_image(compared: ComparisonWindow) -> None:
    assert list(compared.rows) == ["csamoe-resnet18", "whole"]
    assert not compared.compare.isEnabled()
    assert "Open a study first" in compared.sentence.text()


def test_every_model_reads_what_it_can(
    session: Session,
    compared: ComparisonWindow,
    compare: Callable[[ComparisonWindow], None],
    demo: DemoStudy,
    open_files: Open,
    read: Do,
    qtbot: QtBot,
) -> None:
    open_files(session, demo.spiculated)
    csamoe, whole = compared.rows.values()
    assert not csamoe.tick.isEnabled()
    assert csamoe.unread.text() == NEEDS_OUTLINE
    assert whole.tick.isEnabled()
    compare(compared)
    assert csamoe.row is not None
    assert csamoe.row.unread == NEEDS_OUTLINE
    assert whole.row is not None
    assert whole.row.ai_result is not None
    assert compared.sentence.text().startswith("One model has given a result: ")

    session.mask_commands.import_from(demo.spiculated_mask)
    # This model's result does not depend on the outline, and the other model's refusal no longer applies.
    assert not whole.outdated
    assert csamoe.tick.isEnabled()
    assert csamoe.unread.text() == ""
    compare(compared)
    read(session)
    assert session.shown_result.result is not None
    assert csamoe.row is not None
    assert csamoe.row.ai_result is not None
    assert csamoe.row.ai_result.prediction.probability == pytest.approx(
        session.shown_result.result.prediction.probability
    )
    assert csamoe.gates.text().startswith("image ")
    assert csamoe.device.text() == session.shown_result.result.device
    assert csamoe.category.text() == session.shown_result.result.category.value.capitalize()
    assert csamoe.scale.isVisible()
    assert "agree" in compared.sentence.text()
    assert not compared.outdated.isVisible()
    compared.copy.click()
    copied = QGuiApplication.clipboard().text()
    assert copied == compared.text()
    assert copied.startswith(f"{demo.spiculated.name}, outline imported\n{compared.sentence.text()}")
    assert "csamoe-resnet18 1.0" in copied

    session.mask_commands.clear()
    assert csamoe.outdated
    assert not csamoe.probability.isEnabled()
    assert not whole.outdated
    assert "outline has changed" in compared.outdated.text()
    assert "outline has changed" in compared.text()
    session.mask_commands.undo()
    open_files(session, demo.smooth)
    assert whole.outdated
    assert "Another image is current" in compared.outdated.text()


def test_a_model_not_ticked_does_not_read(
    session: Session,
    compared: ComparisonWindow,
    compare: Callable[[ComparisonWindow], None],
    demo: DemoStudy,
    open_files: Open,
    mark: Do,
) -> None:
    open_files(session, demo.smooth)
    mark(session)
    compared.rows["csamoe-resnet18"].tick.setChecked(False)
    compare(compared)
    assert [row.card.name for row in compared.read] == ["whole"]
    compared.rows["whole"].tick.setChecked(False)
    assert not compared.compare.isEnabled()


def test_cancel_stops_and_keeps_the_table_as_it_is(
    session: Session, compared: ComparisonWindow, demo: DemoStudy, open_files: Open, mark: Do, qtbot: QtBot
) -> None:
    open_files(session, demo.smooth)
    mark(session)
    compared.compare.click()
    assert "1 of 2" in compared.doing.text()
    assert compared.rows["whole"].unread.text() == "Waiting."
    compared.cancel.click()
    assert not compared.running
    assert not session.jobs.busy(COMPARING)
    session.jobs.finish()
    assert compared.read == []
    assert compared.compare.isVisible()
    assert not compared.copy.isEnabled()


def test_a_damaged_model_says_so_and_the_next_one_reads(
    session: Session,
    one_of_each: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    compare: Callable[[ComparisonWindow], None],
    demo: DemoStudy,
    open_files: Open,
    mark: Do,
    qtbot: QtBot,
) -> None:
    shutil.copytree(one_of_each, tmp_path / "models")
    (tmp_path / "models" / "csamoe-resnet18" / "weights.safetensors").write_bytes(b"exchanged")
    monkeypatch.setenv("CSAMOE_MODEL_WEIGHTS", str(tmp_path / "models"))
    compared = ComparisonWindow(session)
    qtbot.addWidget(compared)
    compared.show()
    open_files(session, demo.smooth)
    mark(session)
    compare(compared)
    assert "another SHA-256" in compared.rows["csamoe-resnet18"].unread.text()
    assert compared.rows["csamoe-resnet18"].unread.isVisible()
    assert compared.rows["whole"].scale.isVisible()


def test_the_window_has_one_and_takes_it_along_when_it_closes(
    window: MainWindow, demo: DemoStudy, open_files: Open
) -> None:
    assert not window.actions_table["compare"].isEnabled()
    open_files(window.session, demo.smooth)
    window.actions_table["compare"].trigger()
    window.actions_table["compare"].trigger()
    (compared,) = window.findChildren(ComparisonWindow)
    assert compared.isVisible()
    assert not compared.isModal()
    window.close_now()
    assert not compared.isVisible()


# -- the assessment before the results


@pytest.fixture
def veiling(session: Session, demo: DemoStudy, open_files: Open) -> Session:
    """The session with a marked, current lesion and the assessment asked for first."""
    session.user_settings.change(dataclasses.replace(session.settings, assessment_first=True))
    open_files(session, demo.spiculated)
    session.mask_commands.import_from(demo.spiculated_mask)
    return session


def give(session: Session, category: str) -> None:
    session.assessments.change(dataclasses.replace(session.assessments.current, category=category))


def tells(compared: ComparisonWindow) -> bool:
    """Whether any AI result can be seen, copied or found by a screen reader."""
    lines = compared.rows.values()
    seen = any(widget.isVisibleTo(compared) for line in lines for widget in (line.probability, line.scale, line.gates))
    found = any(line.probability.text() or line.category.text() or line.scale.accessibleName() for line in lines)
    led = any(word in compared.sentence.text() for word in ("agree", "has given a result", "So far"))
    copied = any(line.row is not None and line.row.model in compared.text() for line in lines)
    return seen or found or led or copied or compared.copy.isEnabled()


def test_nothing_can_be_compared_while_the_own_read_is_to_come(veiling: Session, compared: ComparisonWindow) -> None:
    assert not compared.compare.isEnabled()
    assert "Give your assessment first" in compared.sentence.text()
    compared.start()
    assert not compared.running


def test_turning_to_an_image_whose_own_read_is_to_come_veils_and_turning_back_lifts(
    veiling: Session,
    compared: ComparisonWindow,
    compare: Callable[[ComparisonWindow], None],
    demo: DemoStudy,
    open_files: Open,
) -> None:
    veiling.assessments.skip()
    compare(compared)
    assert tells(compared)
    shown = compared.text()
    open_files(veiling, demo.smooth)
    assert veiling.shown_result.hidden
    assert not tells(compared)
    assert compared.sentence.text().startswith("Give your assessment of the current lesion first")
    assert compared.text() == compared.sentence.text()
    veiling.navigation.to_study(veiling.studies[0])
    assert tells(compared)
    assert compared.text() == shown
    veiling.navigation.to_study(veiling.studies[1])
    assert not tells(compared)
    veiling.assessments.skip()
    assert tells(compared), "of the first image, and said so"
    assert "Another image is current" in compared.outdated.text()


def test_what_is_read_while_another_image_is_in_view_stays_veiled_as_it_comes(
    veiling: Session, compared: ComparisonWindow, demo: DemoStudy, open_files: Open, qtbot: QtBot
) -> None:
    veiling.assessments.skip()
    compared.compare.click()
    open_files(veiling, demo.smooth)
    told: list[bool] = []
    veiling.jobs.busyChanged.connect(lambda lane, busy: told.append(tells(compared)))
    qtbot.waitUntil(lambda: not compared.running, timeout=120_000)
    assert len(compared.read) == 2
    assert not any(told)
    assert not tells(compared)
    veiling.navigation.to_study(veiling.studies[0])
    assert tells(compared)


def test_another_lesion_of_the_same_image_veils_too(
    veiling: Session, compared: ComparisonWindow, compare: Callable[[ComparisonWindow], None], mark: Do
) -> None:
    veiling.assessments.skip()
    compare(compared)
    first = veiling.work
    veiling.lesions.add()
    assert not tells(compared)
    assert first is not None
    veiling.lesions.choose(first)
    assert tells(compared)
    veiling.lesions.choose_next()
    veiling.assessments.skip()
    assert "Another lesion is current" in compared.outdated.text()


def test_a_category_taken_back_before_anything_was_shown_veils_at_once(
    veiling: Session, compared: ComparisonWindow, qtbot: QtBot
) -> None:
    give(veiling, "4A")
    veiling.assessments.assess()
    compared.compare.click()
    assert compared.running
    give(veiling, "")
    assert veiling.shown_result.hidden
    assert compared.sentence.text().startswith("Give your assessment of the current lesion first"), "at once"
    qtbot.waitUntil(lambda: not compared.running and not veiling.jobs.busy(ASSESSING), timeout=120_000)
    assert len(compared.read) == 2
    assert not tells(compared)
    give(veiling, "4C")
    assert not tells(compared), "it is shown when the reader asks"
    veiling.assessments.assess()
    assert tells(compared)
    assert veiling.assessments.first == Assessment("4C")


def test_a_lesion_whose_own_read_was_taken_back_stays_veiled_from_elsewhere(
    veiling: Session, compared: ComparisonWindow, demo: DemoStudy, open_files: Open, qtbot: QtBot
) -> None:
    give(veiling, "4A")
    veiling.assessments.assess()
    compared.compare.click()
    give(veiling, "")
    qtbot.waitUntil(lambda: not compared.running and not veiling.jobs.busy(ASSESSING), timeout=120_000)
    open_files(veiling, demo.smooth)
    veiling.assessments.skip()
    assert not veiling.shown_result.hidden
    assert not tells(compared)
    assert compared.sentence.text().startswith(f"Give your assessment of {demo.spiculated.name}")


def test_asking_for_the_own_read_in_the_settings_veils_what_was_not_yet_seen(
    session: Session,
    compared: ComparisonWindow,
    compare: Callable[[ComparisonWindow], None],
    demo: DemoStudy,
    open_files: Open,
    mark: Do,
) -> None:
    open_files(session, demo.smooth)
    mark(session)
    compare(compared)
    open_files(session, demo.spiculated)
    session.user_settings.change(dataclasses.replace(session.settings, assessment_first=True))
    assert not tells(compared)
    session.user_settings.change(dataclasses.replace(session.settings, assessment_first=False))
    assert tells(compared)


def test_what_is_said_after_a_comparison_was_seen_is_no_first_read(
    veiling: Session, compared: ComparisonWindow, compare: Callable[[ComparisonWindow], None], qtbot: QtBot
) -> None:
    veiling.assessments.skip()
    assert not veiling.assessments.current.given
    compare(compared)
    give(veiling, "5")
    assert veiling.assessments.first is None
    assert veiling.assessments.skipped
    assert not veiling.shown_result.hidden
    qtbot.waitUntil(lambda: not veiling.jobs.busy(SAVING_ASSESSMENTS))
    (sitting,) = AssessmentStore(paths.store_file()).all()
    assert sitting.record.first is None
    assert sitting.record.final == Assessment("5")


def test_a_comparison_that_nobody_sees_does_not_end_the_first_read(
    veiling: Session, compared: ComparisonWindow, compare: Callable[[ComparisonWindow], None]
) -> None:
    veiling.assessments.skip()
    compared.hide()
    compare(compared)
    assert veiling.work is not None
    assert not veiling.work.sitting.shown
    compared.show()
    assert veiling.work.sitting.shown
