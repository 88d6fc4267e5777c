"""The model list, with a model of each kind."""

import dataclasses
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from csamoe_desktop.inference.bundle import bundles
from csamoe_desktop.session.chosen_model import LOADING
from csamoe_desktop.session.lesion_work import ResultState
from csamoe_desktop.session.session import Session
from csamoe_desktop.settings import Settings, load_settings
from csamoe_desktop.study.phantom import DemoStudy
from csamoe_desktop.ui.dialogs.model_chooser import ModelChooser
from csamoe_desktop.ui.dialogs.settings_dialog import SettingsDialog
from csamoe_desktop.ui.shell.main_window import MainWindow


@pytest.fixture
def session(one_of_each: Path, monkeypatch: pytest.MonkeyPatch, qtbot: QtBot) -> Iterator[Session]:
    monkeypatch.setenv("CSAMOE_MODEL_WEIGHTS", str(one_of_each))
    session = Session(Settings(model="csamoe-resnet18", device="cpu", assessment_first=False))
    yield session
    session.close()


@pytest.fixture
def chooser(session: Session, qtbot: QtBot) -> ModelChooser:
    made = ModelChooser(session)
    qtbot.addWidget(made)
    made.show()
    return made


def test_every_installed_model_is_listed(window: MainWindow) -> None:
    window.show_models()
    chooser = window.findChild(ModelChooser)
    assert chooser is not None
    assert list(chooser.boxes) == [bundle.card.name for bundle in bundles()]
    assert all(box.measured.text() and box.licence.text() for box in chooser.boxes.values())
    chooser.reject()


def test_each_says_figures_needs_size_and_licence(chooser: ModelChooser) -> None:
    csamoe, whole, outliner = (chooser.boxes[name] for name in ("csamoe-resnet18", "whole", "outliner"))
    assert csamoe.figure.text() == "AUC 0.948"
    assert csamoe.interval.text().startswith("0.912 to 0.979")
    assert "376 images of 212 patients; test: held-out patients" in csamoe.measured.text()
    assert "ellipse" in csamoe.measured.text()
    assert "validation" not in csamoe.measured.text()
    assert "69.7 MB" in csamoe.name.text()
    assert "non-commercial" in csamoe.licence.text()
    assert csamoe.needs.text() == "Needs an outline."
    assert whole.needs.text() == "Assesses the whole image, no outline needed."
    assert "Proposes outlines, gives no AI result" in outliner.needs.text()
    assert outliner.figure.text() == "Dice 0.853"
    assert outliner.beside.text() == "median 0.912, IoU 0.781, 4.1 % missed"
    assert whole.choose.isVisible()
    assert not outliner.choose.isVisible()
    assert outliner.no_reader.isVisible()


def test_choosing_loads_it_and_makes_the_other_models_reading_stale(
    session: Session,
    chooser: ModelChooser,
    demo: DemoStudy,
    open_files: Callable[..., None],
    read: Callable[[Session], None],
    qtbot: QtBot,
) -> None:
    open_files(session, demo.spiculated)
    session.mask_commands.import_from(demo.spiculated_mask)
    read(session)
    before = session.shown_result.result
    states = [session.shown_result.state]
    assert not chooser.boxes["csamoe-resnet18"].choose.isEnabled()
    chooser.boxes["whole"].choose.click()
    assert load_settings().model == "whole"
    assert "Loading " in chooser.status.text()
    qtbot.waitUntil(lambda: not session.jobs.busy(LOADING), timeout=60_000)
    assert session.model.predictor is not None
    assert session.model.predictor.card.name == "whole"
    assert "whole is loaded" in chooser.status.text()
    assert not chooser.boxes["whole"].choose.isEnabled()
    assert chooser.boxes["csamoe-resnet18"].choose.isEnabled()
    # The AI result is the same, marked as outdated: nothing was calculated again.
    assert session.shown_result.result is before
    states.append(session.shown_result.state)
    assert "This AI result is from csamoe-resnet18" in chooser.outdated.text()
    chooser.boxes["csamoe-resnet18"].choose.click()
    states.append(session.shown_result.state)
    assert states == [ResultState.DONE, ResultState.OUTDATED, ResultState.DONE]
    assert not chooser.outdated.isVisible()
    qtbot.waitUntil(lambda: not session.jobs.busy(LOADING), timeout=60_000)


def test_a_model_that_cannot_be_loaded_is_said_here(
    session: Session, one_of_each: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, qtbot: QtBot
) -> None:
    folder = tmp_path / "models"
    for name in ("whole", "renamed"):
        shutil.copytree(one_of_each / "whole", folder / name)
    (folder / "whole" / "weights.safetensors").write_bytes(b"exchanged")
    monkeypatch.setenv("CSAMOE_MODEL_WEIGHTS", str(folder))
    chooser = ModelChooser(session)
    qtbot.addWidget(chooser)
    chooser.show()
    assert "The model csamoe-resnet18 from the settings was not found" in chooser.status.text()
    assert "holds the card of whole" in chooser.left_out.text()
    chooser.boxes["whole"].choose.click()
    qtbot.waitUntil(lambda: not session.jobs.busy(LOADING), timeout=60_000)
    assert "another SHA-256" in chooser.status.text()


def test_the_settings_offer_no_outlining_model(session: Session, qtbot: QtBot) -> None:
    dialog = SettingsDialog(session)
    qtbot.addWidget(dialog)
    assert {dialog.model.itemData(row) for row in range(dialog.model.count())} == {"csamoe-resnet18", "whole"}
    assert "It needs an outline." in dialog.model_note.text()
    session.user_settings.change(dataclasses.replace(session.settings, model="whole"))
    dialog.model.setCurrentIndex(dialog.model.findData("whole"))
    assert "no outline needed" in dialog.model_note.text()
    dialog.reject()
