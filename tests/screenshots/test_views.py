"""The window "Views of this lesion" in its states, compared with the pictures in `views/` beside this file.

They are kept and renewed as in `test_screenshots.py`. With QT_SCALE_FACTOR=2 they are made as on a screen at 200 %, to be
looked at in the tests' own folder (--basetemp), and compared with none.
"""

import dataclasses
import os
from collections.abc import Callable
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from csamoe_desktop.assess import AIResult, categorise
from csamoe_desktop.inference.bundle import find_bundle
from csamoe_desktop.inference.predictor import Prediction
from csamoe_desktop.lesion.description import Description, Side, View
from csamoe_desktop.lesion.mask import Author, LesionMask
from csamoe_desktop.lesion.regions import make_regions
from csamoe_desktop.networks.cards import Thresholds
from csamoe_desktop.session.lesion_views import ShownView
from csamoe_desktop.study.anatomy import Kind
from csamoe_desktop.study.model import Frame, Spacing
from csamoe_desktop.study.phantom import make_phantom
from csamoe_desktop.ui.dialogs.views_window import ViewsWindow
from csamoe_desktop.ui.widgets import theme

FOLDER = Path(__file__).parent / "views"
RENEW = bool(os.environ.get("CSAMOE_RENEW_SCREENSHOTS"))
STEP, TILE = 8, 8
"""Grey levels are kept in steps of this, as speckle in all of them makes large files; pixels of the halved picture."""
MOST_IN_A_TILE = 14.0
"""Grey levels, as in `test_screenshots.py`: letters smoothed otherwise make 6."""
MADE = cache(make_phantom)
PLACE = Description("Fibroadenoma?", Side.LEFT, 2, 30.0, View.RADIAL, identity="one")


def view(kind: Kind, seed: int, probability: float | None, **changes: object) -> ShownView:
    """Return a made image of a lesion with an invented reading."""
    made = MADE(kind, seed)
    card = dataclasses.replace(find_bundle("csamoe-resnet18").card, thresholds=Thresholds(0.12, 0.71))
    ai_result = None
    if probability is not None:
        category = categorise(probability, card.thresholds)
        regions = make_regions(made.pixels, made.mask)
        ai_result = AIResult(Prediction((0.0, 0.0), probability, {}, {}), category, regions, card, "CPU", ())
    frame = Frame(made.pixels, 0, Spacing(*made.spacing_mm, "region 1"))
    seen = ShownView(frame, LesionMask(made.mask, Author.DRAWN), PLACE, 1, ai_result, False, "IM0003.dcm, frame 4")
    return dataclasses.replace(seen, **changes)  # type: ignore[arg-type]


def across() -> dict[str, object]:
    """Return what is different on the other image."""
    return {"description": dataclasses.replace(PLACE, view=View.ANTIRADIAL), "where": "IM0004.dcm"}


def agree() -> list[ShownView]:
    return [view("spiculated", 1, 0.91), view("spiculated", 2, 0.72, **across())]


def disagree() -> list[ShownView]:
    coarse = view("spiculated", 2, 0.83, **across())
    finer = dataclasses.replace(coarse.frame, scale=Spacing(0.05, 0.05, "region 1"))
    return [view("smooth", 1, 0.08), dataclasses.replace(coarse, frame=finer), view("smooth", 5, 0.3)]


def unread() -> list[ShownView]:
    return [view("smooth", 1, 0.03), view("smooth", 5, 0.06, **across()), view("spiculated", 2, None)]


def hidden() -> list[ShownView]:
    return [view("smooth", 1, 0.08), view("spiculated", 2, 0.83, hidden=True, **across())]


def outdated() -> list[ShownView]:
    changed = "The outline has changed since this AI result."
    return [view("spiculated", 1, 0.91), view("spiculated", 2, 0.72, because=changed, **across())]


def long_names() -> list[ShownView]:
    named = dataclasses.replace(PLACE, name="Known since 2019, now larger, beside the scar, cf. report 17")
    unbroken = dataclasses.replace(PLACE, name="W" * 60, distance_mm=120.5, view=View.LONGITUDINAL)
    uid = "1.2.840.113619.2.55.3.604688119.969.1268071029.320.dcm, frame 144"
    plain = view("spiculated", 2, 0.72, description=unbroken, where=uid)
    bare = dataclasses.replace(plain.frame, scale=None)
    return [view("spiculated", 1, 0.91, description=named, where=uid), dataclasses.replace(plain, frame=bare)]


def taken(window: ViewsWindow, whole: bool = False) -> NDArray[np.uint8]:
    """Return the window's picture, uint8 (rows, columns) grey, halved unless it is to be the `whole` one."""
    QApplication.processEvents()
    image = window.grab().toImage().convertToFormat(QImage.Format.Format_Grayscale8)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())[:, : image.width()]
    if not whole:
        half = image.width() // 2, image.height() // 2
        rows = np.asarray(cv2.resize(rows, half, interpolation=cv2.INTER_AREA), np.uint8)
    return np.clip(np.round(rows / STEP) * STEP, 0, 255).astype(np.uint8)


def apart(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    """Return by how many grey levels two pictures differ in the tile where they do most, letters' edges blurred away."""
    rows, columns = one.shape
    small = [cv2.resize(each, (columns // 2, rows // 2), interpolation=cv2.INTER_AREA) for each in (one, other)]
    difference = np.abs(small[0].astype(float) - small[1].astype(float))
    tile = TILE // 2
    high, wide = (side // tile for side in difference.shape)
    tiles = difference[: high * tile, : wide * tile].reshape(high, tile, wide, tile)
    return float(tiles.mean(axis=(1, 3)).max())


States = Callable[[], list[ShownView]]


@pytest.mark.parametrize(
    ("views", "colours"),
    [*((views, "dark") for views in (agree, disagree, unread, hidden, outdated, long_names)), (disagree, "light")],
)
def test_the_window(qtbot: QtBot, qapp: QApplication, tmp_path: Path, views: States, colours: str) -> None:
    theme.apply(qapp, colours, 10)
    shown = views()
    window = ViewsWindow(lambda: shown)
    qtbot.addWidget(window)
    window.show()
    file = FOLDER / f"{views.__name__}-{colours}.png"
    if window.devicePixelRatioF() != 1:
        Image.fromarray(taken(window, whole=True)).save(tmp_path / file.name)
        pytest.skip(f"to be looked at: {tmp_path / file.name}")
    picture = taken(window)
    for folder in (tmp_path, FOLDER) if RENEW else (tmp_path,):
        Image.fromarray(picture).quantize(32).save(folder / file.name, optimize=True)
    reference = np.asarray(Image.open(file).convert("L"))
    worst = apart(picture, reference)
    assert worst <= MOST_IN_A_TILE, f"{worst:.1f} grey levels apart; as it looks now: {tmp_path / file.name}"
    if views is not disagree:
        return
    # The comparison is worth something only if what is missing fails it.
    first = window.columns[0]
    for widget in (first.picture, first.place, first.category, first.scale, window.sentence, window.probability):
        policy = widget.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        widget.setSizePolicy(policy)
        widget.hide()
        assert apart(taken(window), reference) > MOST_IN_A_TILE, f"{type(widget).__name__} is not missed"
        widget.show()
