"""The outline is exported to a mask file of any format, and imported again."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtWidgets import QFileDialog, QLineEdit, QPushButton
from pytestqt.qtbot import QtBot

from csamoe_desktop.lesion.files.formats import READ_SUFFIXES, read_mask
from csamoe_desktop.session.session import Session
from csamoe_desktop.ui.shell.file_dialogs import _MASKS, _WRITTEN
from csamoe_desktop.ui.shell.main_window import MainWindow

Open = Callable[..., None]
Do = Callable[[Session], None]
PLACES = ((1, "other.png"), (2, "small.png"))


def save_dialog(window: MainWindow) -> QFileDialog:
    window.actions_table["export_mask"].trigger()
    return next(dialog for dialog in window.findChildren(QFileDialog) if dialog.isVisible())


def save_as(dialog: QFileDialog, file: Path) -> None:
    dialog.setDirectory(str(file.parent))
    name = dialog.findChild(QLineEdit, "fileNameEdit")
    assert name is not None
    name.setText(str(file))
    dialog.accept()


@pytest.mark.parametrize("name", ["m.png", "m.json", "m.coco.json", "m.nii.gz", "m.npz"])
def test_an_outline_goes_out_and_comes_in(
    window: MainWindow, open_files: Open, small_png: Path, mark: Do, tmp_path: Path, name: str
) -> None:
    session = window.session
    open_files(session, small_png)
    assert not window.actions_table["export_mask"].isEnabled()
    mark(session)
    assert session.mask is not None
    drawn = session.mask.pixels.copy()
    save_as(save_dialog(window), tmp_path / name)
    assert np.array_equal(read_mask(tmp_path / name, drawn.shape).pixels, drawn)
    session.mask_commands.clear()
    window.import_mask(tmp_path / name)
    assert np.array_equal(session.mask.pixels, drawn)


def test_choosing_a_format_changes_the_name_and_a_name_without_suffix_gets_one(
    window: MainWindow, open_files: Open, small_png: Path, mark: Do, tmp_path: Path
) -> None:
    open_files(window.session, small_png)
    mark(window.session)
    dialog = save_dialog(window)
    name = dialog.findChild(QLineEdit, "fileNameEdit")
    assert name is not None
    assert name.text() == "small-mask.png"
    for chosen, text in (("NIfTI", "small-mask.nii.gz"), ("COCO", "small-mask.coco.json"), ("PNG", "small-mask.png")):
        filter_ = next(one for one in _WRITTEN if one.startswith(chosen))
        dialog.selectNameFilter(filter_)
        dialog.filterSelected.emit(filter_)
        assert name.text() == text
    dialog.selectNameFilter(next(one for one in _WRITTEN if one.startswith("NumPy")))
    save_as(dialog, tmp_path / "mask of Dr. Meyer")
    assert (tmp_path / "mask of Dr. Meyer.npy").is_file()


def test_a_file_that_is_there_is_replaced_only_when_said(
    window: MainWindow, open_files: Open, small_png: Path, mark: Do, tmp_path: Path
) -> None:
    open_files(window.session, small_png)
    mark(window.session)
    there = tmp_path / "m.png"
    there.write_bytes(b"something else")
    save_as(save_dialog(window), there)
    assert there.read_bytes() == b"something else"
    replace = next(one for one in window.messages.shown()[0].findChildren(QPushButton) if one.text() == "Replace it")
    replace.click()
    assert read_mask(there, None).pixels.any()


def test_the_shape_is_told_beside_the_size(
    window: MainWindow, open_files: Open, small_png: Path, mark: Do, qtbot: QtBot
) -> None:
    open_files(window.session, small_png)
    mark(window.session)
    qtbot.waitUntil(lambda: bool(window.lesion.shape.toolTip()))
    assert "circularity" in window.lesion.shape.text()
    assert "to the skin" in window.lesion.shape.toolTip()


def test_the_import_dialog_offers_every_format() -> None:
    assert all(f"*{suffix}" in _MASKS for suffix in READ_SUFFIXES)


def test_of_a_coco_file_of_many_images_the_one_in_view_is_taken(
    window: MainWindow, open_files: Open, small_png: Path, tmp_path: Path
) -> None:
    open_files(window.session, small_png)
    square = [[10, 10, 30, 10, 30, 30, 10, 30]]
    told = {
        "images": [{"id": place, "file_name": name, "width": 64, "height": 48} for place, name in PLACES],
        "annotations": [
            {"id": 1, "image_id": 1, "category_id": 1, "segmentation": [[0, 0, 5, 0, 5, 5, 0, 5]], "iscrowd": 0},
            {"id": 2, "image_id": 2, "category_id": 1, "segmentation": square, "iscrowd": 0},
        ],
        "categories": [{"id": 1, "name": "lesion"}],
    }
    (tmp_path / "all.json").write_text(json.dumps(told), encoding="utf-8")
    window.import_mask(tmp_path / "all.json")
    assert window.session.mask is not None
    assert window.session.mask.pixels[20, 20]
    assert not window.session.mask.pixels[2, 2]
