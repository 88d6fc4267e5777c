"""The settings dialog."""

import dataclasses
from pathlib import Path

import pytest
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtGui import QStandardItemModel
from PySide6.QtWidgets import QApplication, QDialog
from pytestqt.qtbot import QtBot

from csamoe_desktop.inference.bundle import DEFAULT
from csamoe_desktop.inference.engine import choose_device
from csamoe_desktop.session.session import Session
from csamoe_desktop.settings import load_settings
from csamoe_desktop.ui.dialogs.settings_dialog import ASKING, SettingsDialog
from csamoe_desktop.ui.shell.main_window import MainWindow
from csamoe_desktop.ui.widgets import theme


@pytest.fixture
def dialog(session: Session, qtbot: QtBot) -> SettingsDialog:
    made = SettingsDialog(session)
    qtbot.addWidget(made)
    made.show()
    return made


def test_it_shows_what_is_set(session: Session, qtbot: QtBot) -> None:
    session.user_settings.change(
        dataclasses.replace(
            session.settings, device="cpu", theme="light", font_size=13, reader="Dr. A", overlay_opacity=71
        )
    )
    dialog = SettingsDialog(session)
    qtbot.addWidget(dialog)
    assert dialog.device.currentData() == "cpu"
    assert dialog.theme.currentData() == "light"
    assert dialog.font_size.value() == 13
    assert dialog.reader.text() == "Dr. A"
    assert dialog.opacity.value() == 71
    dialog.reject()


def test_every_change_is_applied_at_once_and_kept_by_ok(session: Session, dialog: SettingsDialog, qtbot: QtBot) -> None:
    dialog.font_size.setValue(15)
    dialog.opacity.setValue(10)
    qtbot.keyClicks(dialog.reader, "Dr. B")
    dialog.reader.editingFinished.emit()
    dialog.theme.setCurrentIndex(1)
    dialog.theme.activated.emit(1)
    settings = session.settings
    assert (settings.font_size, settings.overlay_opacity, settings.reader, settings.theme) == (15, 10, "Dr. B", "light")
    dialog.accept()
    assert load_settings() == settings


def test_the_head_and_the_language_of_reports_are_set(session: Session, dialog: SettingsDialog, qtbot: QtBot) -> None:
    qtbot.keyClicks(dialog.institution, " Invented Hospital ")
    dialog.institution.editingFinished.emit()
    assert [dialog.language.itemText(row) for row in range(dialog.language.count())] == ["English", "中文"]
    dialog.language.setCurrentIndex(1)
    dialog.language.activated.emit(1)
    assert (session.settings.institution, session.settings.report_language) == ("Invented Hospital", "zh")
    dialog.accept()
    assert load_settings() == session.settings
    again = SettingsDialog(session)
    qtbot.addWidget(again)
    assert (again.institution.text(), again.language.currentData()) == ("Invented Hospital", "zh")
    again.reject()


def test_a_logo_that_cannot_be_used_is_said_where_it_is_chosen(
    session: Session, dialog: SettingsDialog, qtbot: QtBot, tmp_path: Path
) -> None:
    assert not dialog.logo_note.isVisible()
    (tmp_path / "broken.png").write_text("no picture", encoding="utf-8")
    Image.new("RGB", (30, 20)).save(tmp_path / "logo.png")
    for name, sentence in (
        ("broken.png", "The logo broken.png is not a PNG or JPEG image. No PDF can be written with it."),
        ("logo.png", ""),
        ("gone.png", "could not be read"),
    ):
        dialog.logo.clear()
        qtbot.keyClicks(dialog.logo, str(tmp_path / name))
        qtbot.keyClick(dialog.logo, Qt.Key.Key_Tab)
        dialog.logo.editingFinished.emit()
        assert session.settings.logo == str(tmp_path / name)
        assert dialog.logo_note.isVisible() is bool(sentence)
        assert not sentence or sentence in dialog.logo_note.text()


def test_cancel_puts_everything_back(session: Session, dialog: SettingsDialog) -> None:
    before = session.settings
    dialog.font_size.setValue(15)
    dialog.opacity.setValue(10)
    assert session.settings != before
    dialog.reject()
    assert session.settings == before
    assert load_settings() == before


def test_cancel_keeps_a_file_opened_meanwhile(session: Session, dialog: SettingsDialog) -> None:
    session.user_settings.change(session.settings.with_recent(Path("/opened.dcm")))
    dialog.reject()
    assert session.settings.recent_files == ("/opened.dcm",)


def test_the_machine_says_its_devices_in_words(session: Session, dialog: SettingsDialog, qtbot: QtBot) -> None:
    import torch

    qtbot.waitUntil(lambda: not session.jobs.busy(ASKING), timeout=60_000)
    texts = {dialog.device.itemData(row): dialog.device.itemText(row) for row in range(dialog.device.count())}
    assert texts["cpu"] == choose_device("cpu").words
    assert texts["auto"] == f"Automatic: {choose_device('auto').words}"
    model = dialog.device.model()
    assert isinstance(model, QStandardItemModel)
    row = dialog.device.findData("cuda")
    assert model.item(row).isEnabled() == torch.cuda.is_available()
    assert ("not on this computer" in texts["cuda"]) != torch.cuda.is_available()


def test_the_models_are_named_with_their_figures(dialog: SettingsDialog) -> None:
    assert dialog.model.currentData() == DEFAULT
    assert "AUC 0." in dialog.model.currentText()
    assert "Licence" in dialog.model_note.text()


def test_a_model_that_is_gone_is_said_to_be(
    session: Session, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("CSAMOE_MODEL_WEIGHTS", str(tmp_path))
    dialog = SettingsDialog(session)
    qtbot.addWidget(dialog)
    assert dialog.model.currentText() == f"{DEFAULT} (not found)"
    assert "This model was not found" in dialog.model_note.text()
    dialog.reject()


def test_closing_while_the_machine_is_asked_is_quiet(session: Session, dialog: SettingsDialog) -> None:
    failures: list[object] = []
    session.failed.connect(failures.append)
    dialog.reject()
    session.close()
    assert failures == []


def test_theme_and_type_size_reach_the_whole_window(window: MainWindow) -> None:
    window.show_settings()
    dialog = window.findChild(SettingsDialog)
    assert dialog is not None
    before = window.actions_table["open"].icon().pixmap(24).toImage()
    dialog.theme.setCurrentIndex(dialog.theme.findData("light"))
    dialog.theme.activated.emit(dialog.theme.currentIndex())
    dialog.font_size.setValue(14)
    assert theme.colours() == theme.colours_of("light")
    assert QApplication.font().pointSize() == 14
    assert window.actions_table["open"].icon().pixmap(24).toImage() != before
    dialog.done(QDialog.DialogCode.Rejected)
    assert theme.colours() == theme.colours_of("dark")
    assert QApplication.font().pointSize() == 10


def test_ok_stays_on_the_screen_in_the_largest_type(session: Session, qtbot: QtBot, qapp: QApplication) -> None:
    theme.apply(qapp, "dark", 24)
    try:
        dialog = SettingsDialog(session)
        qtbot.addWidget(dialog)
        dialog.show()
        qtbot.waitUntil(lambda: not session.jobs.busy(ASKING), timeout=60_000)
        assert dialog.minimumSizeHint().height() <= dialog.screen().availableGeometry().height()
        dialog.reject()
    finally:
        theme.apply(qapp, "dark", 10)
