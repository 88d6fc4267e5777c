"""The AI result is completed in steps: probability first, then range, explanation and maps, in panel, canvas and report."""

import dataclasses
import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtGui import QColor
from pytestqt.qtbot import QtBot

from csamoe_desktop import paths
from csamoe_desktop.report.content.blocks import GateShare, ProbabilityMarks
from csamoe_desktop.report.content.sections import content
from csamoe_desktop.session.closer_look import LOOKING_CLOSER
from csamoe_desktop.session.lesion_work import ResultState
from csamoe_desktop.session.session import Session
from csamoe_desktop.settings import Settings
from csamoe_desktop.study.phantom import DemoStudy
from csamoe_desktop.ui.canvas.overlays import CIVIDIS, cividis
from csamoe_desktop.ui.panels.result_bars import GateBars, ProbabilityScale
from csamoe_desktop.ui.shell.main_window import MainWindow
from csamoe_desktop.ui.widgets import theme

Open = Callable[..., None]
Do = Callable[[Session], None]


def looked(session: Session) -> bool:
    return session.shown_result.result is not None and session.shown_result.result.looked_closer


def test_the_number_comes_first_and_the_rest_follows(
    window: MainWindow, open_files: Open, demo: DemoStudy, read: Do, qtbot: QtBot
) -> None:
    session, reading = window.session, window.result
    open_files(session, demo.spiculated)
    session.mask_commands.import_from(demo.spiculated_mask)
    read(session)
    assert session.shown_result.state is ResultState.DONE
    assert not looked(session), "the probability is shown without waiting for the range"
    first = reading.probability.text()
    assert first
    assert reading.reach.text() == "Calculating the range over other outlines …"
    assert window.canvas.attention.experts == ()
    assert not window.actions_table["attention"].isEnabled()

    qtbot.waitUntil(lambda: looked(session), timeout=300_000)
    given = session.reports.in_view()
    assert given is not None
    said = content(given)
    assert reading.probability.text() == first
    assert reading.reach.text() == f"{said.scale.reach_words} with other outlines"
    for gate in said.gates:
        assert gate.left_out
        assert f"{gate.expert} {gate.words}, without it {gate.left_out}" in reading.gates.accessibleName()
    shown = f"{reading.cautions.text()}\n{reading.reasons.text()}".replace("\xa0", " ")
    for sentence in said.reasons.sentences():
        assert sentence in shown

    # One key shows expert after expert, then none. Maps are hidden with the overlays and for an earlier outline.
    attention, action = window.canvas.attention, window.actions_table["attention"]
    assert (attention.expert, attention.note.isVisible()) == ("", False)
    plain = window.canvas.picture()
    for expert in ("image", "core", "boundary"):
        action.trigger()
        assert attention.expert == expert
        assert attention.note.isVisible()
        assert window.canvas.picture() != plain
    window.canvas.hide_overlays(True)
    assert not attention.note.isVisible()
    window.canvas.hide_overlays(False)
    assert attention.note.isVisible()
    session.mask_commands.clear()
    assert not attention.note.isVisible()
    session.mask_commands.undo()
    assert attention.note.isVisible()
    action.trigger()
    assert (attention.expert, attention.note.isVisible()) == ("", False)


def test_who_goes_on_drawing_does_not_wait_and_the_look_is_taken_up_again(
    window: MainWindow, open_files: Open, demo: DemoStudy, mark: Do, read: Do
) -> None:
    session = window.session
    open_files(session, demo.smooth)
    mark(session)
    read(session)
    assert session.jobs.busy(LOOKING_CLOSER)
    session.mask_commands.clear()
    assert not session.jobs.busy(LOOKING_CLOSER)
    assert window.result.reach.text() == ""
    session.mask_commands.undo()
    assert session.jobs.busy(LOOKING_CLOSER)
    session.open_studies.close_current()
    assert not session.jobs.busy(LOOKING_CLOSER)


@pytest.fixture
def whole_image_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return the name of a whole-image model with random weights, in its own folder."""
    import torch
    from safetensors.torch import save_file

    from csamoe_desktop.networks.blocks import parameter_count
    from csamoe_desktop.networks.resnet18 import ResNet18

    torch.manual_seed(0)
    folder = tmp_path / "model_weights" / "whole"
    folder.mkdir(parents=True)
    network = ResNet18()
    save_file(network.state_dict(), folder / "weights.safetensors")
    card = json.loads((paths.model_weights() / "csamoe-resnet18" / "card.json").read_text(encoding="utf-8"))
    card |= {
        "name": "whole",
        "views": ["image"],
        "field": None,
        "builder": {"network": "resnet18", "options": {}},
        "parameters": parameter_count(network),
        "sha256": hashlib.sha256((folder / "weights.safetensors").read_bytes()).hexdigest(),
    }
    (folder / "card.json").write_text(json.dumps(card), encoding="utf-8")
    monkeypatch.setenv("CSAMOE_MODEL_WEIGHTS", str(folder.parent))
    return "whole"


def test_a_model_of_the_whole_image_reads_an_unmarked_one(
    window: MainWindow, open_files: Open, demo: DemoStudy, read: Do, qtbot: QtBot, whole_image_model: str
) -> None:
    session, reading = window.session, window.result
    open_files(session, demo.smooth)
    assert session.shown_result.state is ResultState.NO_MASK
    assert not window.actions_table["assess"].isEnabled()
    session.user_settings.change(dataclasses.replace(session.settings, model=whole_image_model, device="cpu"))
    assert session.shown_result.state is ResultState.READY
    assert "assesses the whole image" in reading.next_step.text()
    assert window.actions_table["assess"].isEnabled()
    read(session)
    assert session.shown_result.state is ResultState.DONE
    qtbot.waitUntil(lambda: looked(session), timeout=120_000)
    assert session.shown_result.result is not None
    assert session.shown_result.result.contour is None
    assert reading.probability.isVisible()
    assert not reading.gates.isVisible(), "with one expert there are no gate shares"
    assert reading.reach.text() == ""
    given = session.reports.in_view()
    assert given is not None
    assert "Outline: not marked" in content(given).text()
    assert window.canvas._legend.entries == ()


def test_the_range_is_drawn_where_it_reaches(qtbot: QtBot) -> None:
    widget = ProbabilityScale()
    qtbot.addWidget(widget)
    widget.resize(400, widget.sizeHint().height())
    accent = QColor(theme.colours().accent)

    def covered() -> float:
        image = widget.grab().toImage()
        middle = round(theme.GRID * 2 * image.devicePixelRatio())
        return sum(image.pixelColor(x, middle) == accent for x in range(image.width())) / image.width()

    widget.show_scale(ProbabilityMarks(0.5, 0.2, 0.7, "0.50", "0.20", "0.70"))
    alone = covered()
    widget.show_scale(ProbabilityMarks(0.5, 0.2, 0.7, "0.50", "0.20", "0.70", (0.1, 0.9), "0.10 to 0.90"))
    assert covered() - alone == pytest.approx(0.8, abs=0.08)
    assert "0.10 to 0.90 with other outlines" in widget.accessibleName()


def test_the_column_of_changes_takes_its_room_and_its_name_only_when_there_is_one(qtbot: QtBot) -> None:
    widget = GateBars()
    qtbot.addWidget(widget)
    widget.show_gates((GateShare("Boundary", 0.6, "60 %"),))
    without = widget.sizeHint().height()
    widget.show_gates((GateShare("Boundary", 0.6, "60 %", "-0.21"),))
    assert widget.sizeHint().height() > without
    assert widget.accessibleName() == "Gate shares: Boundary 60 %, without it -0.21"


def test_the_maps_colours_grow_evenly_lighter() -> None:
    import numpy as np

    shares = np.linspace(0, 1, 50, dtype=np.float32)
    light = cividis(shares) @ np.array([0.2126, 0.7152, 0.0722])
    assert (np.diff(light) > 0).all()
    assert cividis(np.float32([0, 1])).tolist() == [CIVIDIS[0].tolist(), CIVIDIS[-1].tolist()]


def test_the_prevalence_given_in_the_settings_reaches_the_report(
    session: Session, open_files: Open, demo: DemoStudy, mark: Do, read: Do
) -> None:
    open_files(session, demo.smooth)
    mark(session)
    read(session)
    session.user_settings.change(dataclasses.replace(session.settings, prevalence=12))
    given = session.reports.in_view()
    assert given is not None
    assert given.prevalence == pytest.approx(0.12)
    assert Settings().prevalence == 0
