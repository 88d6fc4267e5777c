"""The right column in each of its states, and the status line."""

import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from pytestqt.qtbot import QtBot

from csamoe_desktop.assess import Category
from csamoe_desktop.lesion.measure import measure
from csamoe_desktop.report.content.blocks import GateShare, ProbabilityMarks
from csamoe_desktop.report.content.sections import content
from csamoe_desktop.session.lesion_work import ResultState
from csamoe_desktop.session.session import Session
from csamoe_desktop.study.phantom import DemoStudy
from csamoe_desktop.ui.panels.result_bars import CategorySign, GateBars, ProbabilityScale
from csamoe_desktop.ui.shell.main_window import MainWindow
from csamoe_desktop.ui.widgets import theme

Open = Callable[..., None]
Do = Callable[[Session], None]


def test_without_a_study_the_boxes_tell_the_next_step(window: MainWindow) -> None:
    reading = window.result
    assert reading.state is ResultState.NO_STUDY
    assert "Ctrl+O" in reading.next_step.text()
    assert not reading.button.isVisible()
    assert not reading.category.isVisible()
    assert window.lesion.author.text() == "No image is open."
    assert not window.report.button.isEnabled()
    assert not window.assessment.comment.isEnabled()


def test_without_a_mask_the_next_step_is_to_mark(window: MainWindow, open_files: Open, demo: DemoStudy) -> None:
    open_files(window.session, demo.smooth)
    assert window.result.state is ResultState.NO_MASK
    assert "brush (B)" in window.result.next_step.text()
    assert window.result.button.isVisible()
    assert not window.result.button.isEnabled()
    assert window.lesion.author.text() == "No lesion is marked."
    assert not window.lesion.extent.isVisible()


def test_a_marked_lesion_is_measured_with_its_source(
    window: MainWindow, open_files: Open, demo: DemoStudy, small_png: Path, mark: Do, qtbot: QtBot
) -> None:
    session = window.session
    open_files(session, demo.smooth)
    session.mask_commands.import_from(demo.smooth_mask)
    assert session.mask is not None
    assert session.frame is not None
    size = measure(session.mask.pixels, session.frame.spacing)
    qtbot.waitUntil(lambda: window.lesion.extent.isVisible() and not session.measurements.under_way)
    assert window.lesion.author.text() == f"Imported: {demo.smooth_mask.name}"
    assert f"{size.longest:.1f} × {size.across:.1f} mm" in window.lesion.extent.text()
    assert "region 1" in window.lesion.source.text()
    open_files(session, small_png)
    mark(session)
    qtbot.waitUntil(window.lesion.extent.isVisible)
    assert " px" in window.lesion.extent.text()
    assert "not calibrated" in window.lesion.source.text()
    assert window.lesion.author.text() == "Drawn"


def test_a_reading_from_button_to_stale(window: MainWindow, open_files: Open, demo: DemoStudy, qtbot: QtBot) -> None:
    session, reading = window.session, window.result
    open_files(session, demo.spiculated)
    session.mask_commands.import_from(demo.spiculated_mask)
    assert reading.state is ResultState.READY
    assert (reading.button.isEnabled(), reading.button.text()) == (True, "Assess")
    qtbot.mouseClick(reading.button, Qt.MouseButton.LeftButton)
    assert reading.state is ResultState.RUNNING
    assert reading.cancel.isVisible()
    assert not reading.button.isVisible()
    qtbot.waitUntil(lambda: reading.state is not ResultState.RUNNING, timeout=60_000)
    assert reading.state is ResultState.DONE

    given = session.reports.in_view()
    assert given is not None
    said = content(given)
    assert reading.category.text() == given.ai_result.category.value.capitalize()
    assert reading.probability.text() == said.scale.probability_words
    assert reading.scale.accessibleName().startswith(f"Probability {said.scale.probability_words}")
    for gate in said.gates:
        assert f"{gate.expert} {gate.words}" in reading.gates.accessibleName()
    assert reading.routing.text() == "Gate shares show routing, not evidence."
    assert given.ai_result.device in reading.read_by.text()
    assert given.ai_result.card.name in reading.read_by.text()
    assert "suspicious from" in reading.scale.toolTip()
    assert window.report.button.isEnabled()
    qtbot.waitUntil(window.lesion.regions.isVisible)
    assert window.status.device.text() == given.ai_result.device
    assert given.ai_result.card.version in window.status.model.text()

    session.mask_commands.clear()
    assert reading.state is ResultState.OUTDATED
    assert reading.outdated.text() == "The outline has changed since this AI result."
    assert reading.category.isVisible()
    assert not reading.category.isEnabled(), "an outdated result is greyed"
    assert not window.report.button.isEnabled()
    session.mask_commands.undo()
    assert reading.category.isEnabled()
    assert not reading.outdated.isVisible()

    session.user_settings.change(dataclasses.replace(session.settings, model="another"))
    assert reading.state is ResultState.OUTDATED
    assert "another" in reading.outdated.text()
    assert reading.button.text() == "Assess again"
    session.user_settings.change(dataclasses.replace(session.settings, model=""))

    session.navigation.to_study(session.studies[0])
    open_files(session, demo.smooth)
    assert reading.state is ResultState.NO_MASK
    assert not reading.category.isVisible(), "another image shows no number of the last one"


def test_cancel_brings_the_button_back(
    window: MainWindow, open_files: Open, demo: DemoStudy, mark: Do, qtbot: QtBot
) -> None:
    open_files(window.session, demo.smooth)
    mark(window.session)
    window.session.assessing.begin()
    qtbot.mouseClick(window.result.cancel, Qt.MouseButton.LeftButton)
    assert window.result.state is ResultState.READY
    assert window.result.button.isVisible()


def test_a_failed_reading_says_why_and_offers_another(
    window: MainWindow, open_files: Open, demo: DemoStudy, mark: Do, read: Do, monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:  # fmt: skip
    monkeypatch.setenv("CSAMOE_MODEL_WEIGHTS", str(tmp_path))
    open_files(window.session, demo.smooth)
    mark(window.session)
    read(window.session)
    assert window.result.state is ResultState.FAILED
    assert window.result.outdated.text().startswith("There is no AI result: the calculation failed. There is no model")
    assert window.result.button.text() == "Assess again"
    assert not window.result.category.isVisible(), "no number stands in for one that is not there"
    assert window.messages.shown()[0].text.startswith("There is no model")


def test_name_and_comment_reach_settings_and_report(
    window: MainWindow, open_files: Open, demo: DemoStudy, qtbot: QtBot
) -> None:
    open_files(window.session, demo.cine)
    window.assessment.reader.setFocus()
    qtbot.keyClicks(window.assessment.reader, "Dr. Meyer ")
    window.assessment.comment.setFocus()
    qtbot.keyClicks(window.assessment.comment, "irregular")
    assert window.session.settings.reader == "Dr. Meyer"
    assert window.session.work is not None
    assert window.session.work.comment == "irregular"
    window.session.navigation.to_frame(1)
    assert window.assessment.comment.toPlainText() == ""
    window.session.navigation.to_frame(0)
    assert window.assessment.comment.toPlainText() == "irregular"


def test_the_status_line_says_where_millimetres_come_from(
    window: MainWindow, open_files: Open, demo: DemoStudy, small_png: Path
) -> None:
    assert not window.status.spacing.isVisible()
    assert "not loaded" in window.status.model.text()
    open_files(window.session, demo.smooth)
    assert "mm/px from region 1" in window.status.spacing.text()
    open_files(window.session, small_png)
    assert window.status.spacing.text() == "No millimetres: the image is not calibrated"
    assert window.status.notice.text() == "Research use only"


def test_the_pixel_under_the_mouse_is_read_out(
    window: MainWindow, open_files: Open, demo: DemoStudy, qtbot: QtBot
) -> None:
    # Larger than its image, so that every image pixel has at least one screen pixel.
    window.resize(1600, 1000)
    open_files(window.session, demo.smooth)
    qtbot.wait(50)
    qtbot.mouseMove(window.canvas.viewport(), window.canvas.widget_position(230, 140))
    assert window.session.frame is not None
    value = int(window.session.frame.pixels[230, 140])
    qtbot.waitUntil(lambda: window.status.pixel.text() == f"x 140  y 230  value {value}")


def scale(probability: float) -> ProbabilityMarks:
    return ProbabilityMarks(probability, 0.2, 0.7, f"{probability:.2f}", "0.20", "0.70")


def marker_place(widget: ProbabilityScale) -> float:
    """Return where along its width the accent-coloured mark is drawn, 0..1."""
    image = widget.grab().toImage()
    accent = QColor(theme.colours().accent)
    found = [
        x
        for x in range(image.width())
        for y in range(image.height())
        if abs(image.pixelColor(x, y).red() - accent.red()) + abs(image.pixelColor(x, y).blue() - accent.blue()) < 6
    ]
    return float(np.mean(found)) / image.width()


def test_the_mark_stands_where_the_probability_is(qtbot: QtBot) -> None:
    widget = ProbabilityScale()
    qtbot.addWidget(widget)
    widget.resize(400, widget.sizeHint().height())
    for probability in (0.1, 0.5, 0.9):
        widget.show_scale(scale(probability))
        assert marker_place(widget) == pytest.approx(probability, abs=0.02)


def test_a_gate_bar_is_as_long_as_its_share(qtbot: QtBot) -> None:
    widget = GateBars()
    qtbot.addWidget(widget)
    lengths = []
    for share in (0.2, 0.4, 0.8):
        widget.show_gates((GateShare("Tumour core", share, f"{100 * share:.0f} %"),))
        widget.resize(400, widget.sizeHint().height())
        image = widget.grab().toImage()
        core = QColor(theme.colours().core)
        middle = image.height() // 2
        lengths.append(sum(image.pixelColor(x, middle) == core for x in range(image.width())))
    assert lengths[1] / lengths[0] == pytest.approx(2, rel=0.1)
    assert lengths[2] / lengths[0] == pytest.approx(4, rel=0.1)


def test_the_categories_differ_in_shape_not_in_colour(qtbot: QtBot) -> None:
    inks = []
    for category in Category:
        widget = CategorySign()
        qtbot.addWidget(widget)
        widget.show_category(category)
        widget.resize(widget.sizeHint())
        image = widget.grab().toImage().convertToFormat(widget.grab().toImage().Format.Format_Grayscale8)
        background = image.pixelColor(0, 0).red()
        inks.append(
            sum(
                abs(image.pixelColor(x, y).red() - background) > 60
                for x in range(image.width())
                for y in range(image.height())
            )
        )
    assert inks[0] < inks[1] < inks[2]
