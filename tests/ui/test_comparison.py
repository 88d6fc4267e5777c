"""The comparison of models, on a model of each kind and the made study."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtGui import QGuiApplication
from pytestqt.qtbot import QtBot

from csamoe_desktop.report.side_by_side import NEEDS_OUTLINE
from csamoe_desktop.settings import Settings
from csamoe_desktop.study.phantom import DemoStudy
from csamoe_desktop.ui.comparison import COMPARING, ComparisonWindow
from csamoe_desktop.ui.main_window import MainWindow
from csamoe_desktop.ui.session import Session

Open = Callable[..., None]
Do = Callable[[Session], None]


@pytest.fixture
def session(one_of_each: Path, monkeypatch: pytest.MonkeyPatch, qtbot: QtBot) -> Iterator[Session]:
    monkeypatch.setenv("CSAMOE_MODEL_WEIGHTS", str(one_of_each))
    session = Session(Settings(model="csamoe-resnet18", device="cpu", own_read_first=False))
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
    """Return a function that presses Compare and waits for the last model."""

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
    assert whole.row.assessment is not None
    assert compared.sentence.text().startswith("One model has read it: ")

    session.import_mask(demo.spiculated_mask)
    # Its reading does not hang on the outline, and the other's reason is gone.
    assert not whole.stale
    assert csamoe.tick.isEnabled()
    assert csamoe.unread.text() == ""
    compare(compared)
    read(session)
    assert session.assessment is not None
    assert csamoe.row is not None
    assert csamoe.row.assessment is not None
    assert csamoe.row.assessment.prediction.probability == pytest.approx(session.assessment.prediction.probability)
    assert csamoe.gates.text().startswith("image ")
    assert csamoe.device.text() == session.assessment.device
    assert csamoe.category.text() == session.assessment.category.value.capitalize()
    assert csamoe.scale.isVisible()
    assert "agree" in compared.sentence.text()
    assert not compared.stale.isVisible()
    compared.copy.click()
    copied = QGuiApplication.clipboard().text()
    assert copied == compared.text()
    assert copied.startswith(f"{demo.spiculated.name}, outline imported\n{compared.sentence.text()}")
    assert "csamoe-resnet18 1.0" in copied

    session.clear_mask()
    assert csamoe.stale
    assert not csamoe.probability.isEnabled()
    assert not whole.stale
    assert "outline has changed" in compared.stale.text()
    assert "outline has changed" in compared.text()
    session.undo()
    open_files(session, demo.smooth)
    assert whole.stale
    assert "Another image is in view" in compared.stale.text()


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
    assert compared.rows["whole"].unread.text() == "Waits its turn."
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
