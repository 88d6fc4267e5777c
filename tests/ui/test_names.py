"""The window with files of any name: they open, and are outlined, saved, listed and reported; none stops the others."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from PySide6.QtWidgets import QLabel, QPushButton
from pytestqt.qtbot import QtBot

from csamoe_desktop import paths
from csamoe_desktop.lesion.files.formats import write_mask
from csamoe_desktop.lesion.mask import Author
from csamoe_desktop.names import REPLACED
from csamoe_desktop.session.reports import Choice
from csamoe_desktop.session.session import Session
from csamoe_desktop.settings import Settings, load_settings
from csamoe_desktop.store.autosave import Autosave
from csamoe_desktop.store.lesions import LesionKey
from csamoe_desktop.study.phantom import DemoStudy
from csamoe_desktop.ui.shell.app import log_to_file, make_window
from csamoe_desktop.ui.shell.file_dialogs import _in_format, _mask_name
from csamoe_desktop.ui.shell.main_window import MainWindow
from csamoe_desktop.ui.widgets.messages import Kind

Open = Callable[..., None]
Do = Callable[[Session], None]

NAMES = (
    "M\udcfcller \udcff.png",
    "a\nb\r\tc\x07.png",
    "\u202egnp.exe.png",
    "...png",
    " .png",
    "😀👩\u200d⚕️.png",
    "é" * 125 + ".png",
    "a" * 251 + ".png",
    "<img src=x>&amp;&b.png",
    "%s %n {0}.png",
    "-mask.png",
)


def told(window: MainWindow, *kinds: Kind) -> list[str]:
    return [one.text for one in window.messages.shown() if one.kind in kinds]


def answer(window: MainWindow, text: str) -> None:
    """Press the button `text` of the newest message."""
    next(button for button in window.messages.shown()[0].findChildren(QPushButton) if button.text() == text).click()


def shows(text: str) -> bool:
    """Return whether a text has only characters that can be shown and that do not reorder others."""
    return not any(ord(letter) < 32 or 0xD800 <= ord(letter) < 0xE000 or letter == "\u202e" for letter in text)


def test_images_of_any_names_open_are_listed_and_kept(
    window: MainWindow, open_files: Open, small_png: Path, mark: Do, tmp_path: Path
) -> None:
    (tmp_path / "images").mkdir()
    files = [tmp_path / "images" / name for name in NAMES]
    session = window.session
    for place, file in enumerate(files):
        shutil.copy(small_png, file)
        open_files(session, file)
        assert session.study is not None
        assert session.study.path == file
        assert shows(session.study.name)
        assert window.windowTitle() == f"{session.study.name} · CSA-MoE Desktop"
        window.files._fill_recent()
        assert window.files.recent.actions()[0].text().replace("&&", "&") == session.study.name
        assert len(os.fsencode(_mask_name(file, 11, 2))) <= 255
        if place == 0:
            mark(session)
    assert told(window, Kind.FAULT, Kind.REFUSAL) == []
    assert load_settings().recent_files == tuple(str(file) for file in files[:-11:-1])
    assert session.unsaved() == (0, 0)
    window.close()
    assert not window.isVisible()


def test_masks_of_any_names_are_imported_kept_and_stop_no_other(
    window: MainWindow, open_files: Open, demo: DemoStudy, small_png: Path, mark: Do, tmp_path: Path
) -> None:
    (tmp_path / "masks").mkdir()
    session = window.session
    keys = {}
    for place, name in enumerate(NAMES):
        shutil.copy(demo.smooth_mask, tmp_path / "masks" / name)
        image = tmp_path / f"image {place}.png"
        pixels = cv2.imread(str(demo.smooth_png), cv2.IMREAD_GRAYSCALE)
        pixels[0, 0] = place
        cv2.imwrite(str(image), pixels)
        open_files(session, image)
        window.import_mask(tmp_path / "masks" / name)
        assert session.mask is not None
        assert session.mask.source == name
        assert shows(window.lesion.author.text())
        assert session.frame_lesions is not None
        keys[name] = LesionKey(session.frame_lesions.image, 0, 1)
    open_files(session, small_png)
    mark(session)
    assert session.frame_lesions is not None
    last = LesionKey(session.frame_lesions.image, 0, 1)
    assert session.unsaved() == (0, 0), "all is stored"
    assert told(window, Kind.FAULT, Kind.REFUSAL) == []
    window.close()
    assert not window.isVisible()
    store = Autosave(paths.store_file())
    for name, key in keys.items():
        found = store.find(key)
        assert found is not None
        assert (found.source, found.author) == (name, Author.IMPORTED)
    assert store.find(last) is not None
    store.close()


def test_a_folder_of_names_of_any_bytes_opens(
    window: MainWindow, open_files: Open, small_png: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "M\udcfcller\n"
    folder.mkdir()
    for number, name in enumerate(NAMES[:-1]):
        shutil.copy(small_png, folder / f"{number}{name}"[-120:])
    open_files(window.session, folder)
    assert len(window.session.studies) == len(NAMES) - 1
    assert told(window, Kind.FAULT, Kind.REFUSAL) == []
    assert REPLACED in told(window, Kind.NOTE)[0]


def test_where_a_row_cannot_be_written_closing_asks_and_the_others_are_kept(
    window: MainWindow, open_files: Open, demo: DemoStudy, mark: Do, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = window.session
    open_files(session, demo.smooth)
    mark(session)
    assert session.mask is not None
    # An object that can be no source: writing it fails.
    session.mask.replace(~session.mask.pixels, Author.IMPORTED, object())  # type: ignore[arg-type]
    open_files(session, demo.spiculated)
    mark(session)
    assert session.frame_lesions is not None
    key = LesionKey(session.frame_lesions.image, 0, 1)
    window.close()
    assert window.isVisible()
    assert "1 outline could not be stored" in told(window, Kind.QUESTION)[0]
    assert any("could not be stored" in one for one in told(window, Kind.REFUSAL))
    store = Autosave(paths.store_file())
    assert store.find(key) is not None
    store.close()


def test_outlines_of_another_image_are_asked_about(
    window: MainWindow, open_files: Open, small_png: Path, tmp_path: Path
) -> None:
    session = window.session
    open_files(session, small_png)
    assert session.frame is not None
    pixels = np.zeros(session.frame.shape, bool)
    pixels[10:20, 10:30] = True
    for name in ("m.json", "m.coco.json"):
        write_mask(tmp_path / name, pixels, image="other.png")
        window.import_mask(tmp_path / name)
        assert session.mask is not None
        assert session.mask.empty
        assert told(window, Kind.QUESTION) == [f"The outlines in {name} are of other.png, not of small.png."]
        answer(window, "Cancel")
        assert session.mask.empty
        window.import_mask(tmp_path / name)
        answer(window, "Use it for this image")
        assert np.array_equal(session.mask.pixels, pixels)
        assert "drawn on another image, other.png" in session.mask.notes[0]
        session.mask_commands.clear()
    write_mask(tmp_path / "large.json", np.kron(pixels, np.ones((2, 2), bool)), image="other.png")
    window.import_mask(tmp_path / "large.json")
    answer(window, "Use it for this image")
    answer(window, "Resize the mask")
    assert np.array_equal(session.mask.pixels, pixels)
    assert len(session.mask.notes) == 2


def test_nothing_is_written_over_an_open_image(
    window: MainWindow, open_files: Open, small_png: Path, mark: Do, tmp_path: Path
) -> None:
    other = tmp_path / "other.png"
    shutil.copy(small_png, other)
    before = small_png.read_bytes()
    open_files(window.session, other, small_png)
    mark(window.session)
    (tmp_path / "link.png").symlink_to(small_png)
    (tmp_path / "hard.png").hardlink_to(small_png)
    for out in (small_png, other, tmp_path / "link.png", tmp_path / "hard.png"):
        window.messages.clear()
        window.files._mask_to(out, "PNG (*.png)", lambda path: path.write_bytes(b"written"))
        (said,) = told(window, *Kind)
        assert said.startswith(f"{out.name} is the input file")
    assert small_png.read_bytes() == other.read_bytes() == before


def test_a_picture_is_replaced_by_a_mask_only_when_it_is_said_what_it_is(
    window: MainWindow, open_files: Open, small_png: Path, mark: Do, tmp_path: Path
) -> None:
    picture = tmp_path / "picture.png"
    shutil.copy(small_png, picture)
    open_files(window.session, small_png)
    mark(window.session)
    window.files._mask_to(picture, "PNG (*.png)", lambda path: path.write_bytes(b"written"))
    (question,) = (one for one in window.messages.shown() if one.kind is Kind.QUESTION)
    assert question.hint == "It is not a mask; its content would be lost."
    assert picture.read_bytes() == small_png.read_bytes()
    answer(window, "Replace it")
    assert picture.read_bytes() == b"written"
    work = window.session.work
    assert work is not None
    letter = tmp_path / "letter.pdf"
    letter.write_bytes(b"%PDF-1.4")
    window.files._export_to(letter, work, Choice(), "")
    assert window.messages.shown()[0].hint == "It is not a report; its content would be lost."


def test_a_format_chosen_in_the_dialog_keeps_a_long_name_within_the_limit(tmp_path: Path) -> None:
    name = _mask_name(Path("é" * 125 + ".png"), None, 1)
    for chosen in ("COCO (*.coco.json)", "NIfTI (*.nii.gz *.nii)", "PNG (*.png)"):
        there = _in_format(tmp_path / name, chosen)
        assert len(os.fsencode(there.name)) <= 255
        there.write_bytes(b"")


def test_settings_that_cannot_be_saved_hold_and_are_tried_again(
    qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = make_window(Settings())
    qtbot.addWidget(window)
    session = window.session
    paths.user_folder().mkdir(parents=True, exist_ok=True)
    real = paths.user_folder()
    monkeypatch.setenv("CSAMOE_USER_FOLDER", str(tmp_path / "file" / "below"))
    (tmp_path / "file").touch()
    session.user_settings.change(Settings(reader="Dr. C"))
    assert session.settings.reader == "Dr. C"
    assert any("settings were not saved" in one for one in told(window, Kind.REFUSAL))
    monkeypatch.setenv("CSAMOE_USER_FOLDER", str(real))
    window.close_now()
    assert load_settings().reader == "Dr. C", "it was tried again"


def test_the_log_is_the_users_alone_and_takes_any_name() -> None:
    import logging

    logger = logging.getLogger("csamoe_desktop")
    before = list(logger.handlers)
    log_to_file()
    try:
        logger.warning("a file %s", "M\udcfcller")
    finally:
        for handler in [one for one in logger.handlers if one not in before]:
            logger.removeHandler(handler)
            handler.close()
    assert paths.log_file().stat().st_mode & 0o777 == 0o600
    assert paths.log_file().parent.stat().st_mode & 0o777 == 0o700
    assert f"a file M{REPLACED}ller" in paths.log_file().read_text(encoding="utf-8")


def test_a_message_shows_no_letter_that_turns_the_others(window: MainWindow) -> None:
    window.messages.note("a\udcff\u202eb")
    assert window.messages.shown()[0].findChildren(QLabel)[1].text() == f"a{REPLACED}{REPLACED}b"


START = """
import sys
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication
from csamoe_desktop.ui.shell.app import make_application, run
from csamoe_desktop.ui.shell.main_window import MainWindow

make_application()

def look():
    (window,) = (one for one in QApplication.topLevelWidgets() if isinstance(one, MainWindow))
    print([one.text for one in window.messages.shown()])
    print(window.session.settings.reader, window.session.settings.font_size)
    window.close()

QTimer.singleShot(0, look)
sys.exit(run([]))
"""


def test_damaged_settings_are_said_when_the_program_starts() -> None:
    paths.user_folder().mkdir(parents=True)
    paths.settings_file().write_text('{"reader": "Dr. C", "font_size": "huge"')
    for said in (True, False):
        ended = subprocess.run([sys.executable, "-c", START], capture_output=True, text=True, check=False)
        assert ended.returncode == 0, ended.stderr
        messages, reader = ended.stdout.splitlines()
        assert ("Your settings were damaged" in messages) is said
        assert reader == "Dr. C 10"
