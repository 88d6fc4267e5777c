"""The window "Views of this lesion", with synthetic images and the shipped model's AI results."""

import dataclasses
from collections.abc import Callable

import numpy as np
import pytest
from PySide6.QtCore import QPoint
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QLabel, QWidget
from pytestqt.qtbot import QtBot

from csamoe_desktop.assess import AIResult, assess, categorise
from csamoe_desktop.inference.bundle import find_bundle
from csamoe_desktop.inference.torch_engine import load_predictor
from csamoe_desktop.lesion.description import Description, Side, View
from csamoe_desktop.lesion.mask import Author, LesionMask
from csamoe_desktop.read_views import read_views
from csamoe_desktop.session.lesion_views import ShownView
from csamoe_desktop.study.anatomy import Kind
from csamoe_desktop.study.model import Frame, Spacing
from csamoe_desktop.study.phantom import make_phantom
from csamoe_desktop.ui.dialogs import views_window as two_views
from csamoe_desktop.ui.dialogs.view_column import HIDDEN, UNREAD
from csamoe_desktop.ui.dialogs.views_window import ViewsWindow

OUTDATED = "The outline has changed since this AI result."
LEFT = Description("B", Side.LEFT, 10, 40.0, View.RADIAL)


@pytest.fixture(scope="module")
def smooth() -> ShownView:
    return seen("smooth", LEFT, "one.dcm, frame 4")


@pytest.fixture(scope="module")
def spiculated() -> ShownView:
    return seen("spiculated", dataclasses.replace(LEFT, view=View.ANTIRADIAL), "two.dcm")


def seen(kind: Kind, description: Description, where: str) -> ShownView:
    """Return a synthetic image with the shipped model's AI result."""
    made = make_phantom(kind)
    frame = Frame(made.pixels, 0, Spacing(*made.spacing_mm, "region 1"))
    ai_result = assess(frame, made.mask, load_predictor(find_bundle("csamoe-resnet18"), "cpu"))
    return ShownView(frame, LesionMask(made.mask, Author.DRAWN), description, 2, ai_result, False, where)


def reading(view: ShownView, probability: float, **card: object) -> ShownView:
    """Return a view whose AI result has another probability, and optionally another model."""
    assert view.ai_result is not None
    told = dataclasses.replace(view.ai_result.card, **card)  # type: ignore[arg-type]
    prediction = dataclasses.replace(view.ai_result.prediction, probability=probability)
    category = categorise(probability, told.thresholds)
    return dataclasses.replace(
        view, ai_result=dataclasses.replace(view.ai_result, prediction=prediction, category=category, card=told)
    )


Show = Callable[..., ViewsWindow]


@pytest.fixture
def show(qtbot: QtBot) -> Show:
    """Return a function that shows these views in a window."""
    kept: list[ViewsWindow] = []

    def shown(*views: ShownView) -> ViewsWindow:
        window = ViewsWindow(lambda: views)
        kept.append(window)
        qtbot.addWidget(window)
        window.show()
        # Widgets added to a layout are shown with the next events.
        QApplication.processEvents()
        return window

    return shown


def everything_said(window: ViewsWindow) -> str:
    """Return all texts of the window, shown or hidden, including accessible names and tooltips."""
    labels = [label.text() for label in window.findChildren(QLabel)]
    told = [text for widget in window.findChildren(QWidget) for text in (widget.accessibleName(), widget.toolTip())]
    return "\n".join([*labels, *told, window.text()])


def test_every_view_and_the_reading_of_both_are_there(show: Show, smooth: ShownView, spiculated: ShownView) -> None:
    window = show(smooth, spiculated)
    assert smooth.ai_result is not None
    assert spiculated.ai_result is not None
    together = read_views([smooth.ai_result, spiculated.ai_result])
    assert window.sentence.text() == together.sentence()
    assert window.category.text() == together.category.value.capitalize()
    assert window.probability.text() == together.words(together.probability)
    assert window.scale.isVisible()
    first, second = window.columns
    assert (first.heading.text(), second.heading.text()) == ("This view", "The other view")
    assert first.name.text() == "B"
    assert first.place.text() == "Left breast, 10 o'clock, 40 mm from the nipple · radial view"
    assert first.where.text() == "one.dcm, frame 4"
    for column, view in zip(window.columns, (smooth, spiculated), strict=True):
        assert view.ai_result is not None
        assert column.category.text() == view.ai_result.category.value.capitalize()
        assert column.probability.text() == together.words(view.ai_result.prediction.probability)
        assert not column.because.isVisible()
        # The category comes before the number.
        assert column.category.mapTo(window, QPoint()).x() < column.probability.mapTo(window, QPoint()).x()
    assert not window.isModal()


def test_the_outline_is_drawn_white_in_a_dark_halo(show: Show, smooth: ShownView, spiculated: ShownView) -> None:
    window = show(smooth, spiculated)
    picture = window.columns[0].picture
    image = picture.grab().toImage()
    ratio = image.width() / picture.width()
    rows, columns = np.nonzero(smooth.mask.pixels)
    top = int(rows.min())
    column = int(np.median(columns[rows == top]))
    at = picture.frame_position(top, column)

    def grey(down: float) -> int:
        return image.pixelColor(round(at.x() * ratio), round((at.y() + down) * ratio)).lightness()

    line = [grey(down) for down in np.arange(-4, 4.5, 0.5)]
    assert max(line) > 230
    peak = int(np.argmax(line))
    assert min(line[max(peak - 5, 0) : peak]) < 0.6 * max(line)


def test_images_are_as_large_as_their_millimetres(show: Show, smooth: ShownView, spiculated: ShownView) -> None:
    rough = dataclasses.replace(
        spiculated, frame=dataclasses.replace(spiculated.frame, scale=Spacing(0.05, 0.05, "region 1"))
    )
    window = show(smooth, rough)
    first, second = (column.picture for column in window.columns)
    assert first.magnification == second.magnification
    assert window.at_one_scale.text() == two_views.ONE_SCALE
    assert first.bar.text == second.bar.text
    assert first.bar.isVisible()
    bare = dataclasses.replace(spiculated, frame=dataclasses.replace(spiculated.frame, scale=None))
    window = show(smooth, bare)
    first, second = (column.picture for column in window.columns)
    assert window.at_one_scale.text() == two_views.OWN_SCALES
    assert first.bar.isVisible()
    assert not second.bar.isVisible()


def test_a_veiled_reading_is_not_given_away(show: Show, smooth: ShownView, spiculated: ShownView) -> None:
    hidden = dataclasses.replace(reading(spiculated, 0.8765), hidden=True, because=OUTDATED)
    window = show(reading(smooth, 0.02), hidden)
    assert window.together is None
    assert window.columns[0].result.isVisible()
    assert not window.columns[1].result.isVisible()
    assert window.columns[1].because.text() == HIDDEN
    assert window.sentence.text() == two_views.OWN_FIRST
    said = everything_said(window)
    assert "0.02" in said
    for secret in ("0.87", "0.88", "uspicious", OUTDATED):
        assert secret not in said.replace("suspicious from", ""), secret
    # A combined result of three views would reveal the hidden one.
    window = show(reading(smooth, 0.02), reading(smooth, 0.03), hidden)
    assert window.together is not None
    assert window.together.single == (0.02, 0.03)
    assert "0.87" not in everything_said(window)


def test_what_was_shown_is_gone_when_it_is_veiled(qtbot: QtBot, smooth: ShownView, spiculated: ShownView) -> None:
    views = [reading(smooth, 0.02), reading(spiculated, 0.8765)]
    window = ViewsWindow(lambda: views)
    qtbot.addWidget(window)
    window.show()
    assert "0.88" in everything_said(window)
    views[1] = dataclasses.replace(views[1], hidden=True)
    window.show_now()
    assert "0.88" not in everything_said(window)


def test_a_view_not_read_is_said_and_left_out(show: Show, smooth: ShownView, spiculated: ShownView) -> None:
    unread = dataclasses.replace(spiculated, ai_result=None)
    window = show(reading(smooth, 0.02), unread, reading(spiculated, 0.99))
    assert window.columns[1].because.text() == UNREAD
    assert window.missing.text() == f"View 2 is not included. {UNREAD}"
    assert "view 3 suspicious" in window.sentence.text()
    agreeing = show(reading(smooth, 0.99), unread, reading(spiculated, 0.99))
    assert agreeing.sentence.text().startswith("2 of 3 views: suspicious")
    window = show(smooth, unread)
    assert window.sentence.text() == two_views.TOO_FEW
    assert not window.scale.isVisible()
    withheld = dataclasses.replace(unread, because="The image is in colour.")
    assert show(smooth, withheld).columns[1].because.text() == "The image is in colour."


def test_a_reading_that_no_longer_holds_is_greyed_and_left_out(
    show: Show, smooth: ShownView, spiculated: ShownView
) -> None:
    window = show(smooth, dataclasses.replace(spiculated, because=OUTDATED))
    assert window.together is None
    column = window.columns[1]
    assert column.because.text() == OUTDATED
    assert column.result.isVisible()
    assert not column.probability.isEnabled()
    assert window.columns[0].probability.isEnabled()
    assert OUTDATED in window.text()


def test_readings_by_different_models_are_not_fused(show: Show, smooth: ShownView, spiculated: ShownView) -> None:
    window = show(smooth, reading(spiculated, 0.9, sha256="0" * 64))
    assert window.together is None
    assert window.sentence.text() == two_views.OTHER_MODEL
    assert all(column.result.isVisible() for column in window.columns)


def test_without_a_second_view_the_next_step_is_said(show: Show, smooth: ShownView) -> None:
    assert show(smooth).sentence.text() == two_views.ONE_VIEW
    assert show().sentence.text() == two_views.NO_VIEW


def test_all_numbers_have_the_digits_that_the_closest_needs(
    show: Show, smooth: ShownView, spiculated: ShownView
) -> None:
    assert isinstance(smooth.ai_result, AIResult)
    above = smooth.ai_result.card.thresholds.suspicious_from
    window = show(reading(smooth, above - 1e-3), reading(spiculated, 0.99))
    assert window.together is not None
    assert window.together.digits > 2
    written = [column.probability.text() for column in window.columns]
    assert all(number in window.sentence.text() for number in [*written, window.probability.text()])


def test_it_follows_soon_and_once(qtbot: QtBot, smooth: ShownView, spiculated: ShownView) -> None:
    views, asked = [smooth, spiculated, smooth], []

    def now() -> list[ShownView]:
        asked.append(len(views))
        return views

    window = ViewsWindow(now)
    qtbot.addWidget(window)
    window.follow()
    assert asked == []
    window.show()
    assert asked == [3]
    del views[2]
    for _ in range(20):
        window.follow()
    qtbot.waitUntil(lambda: len(window.columns) == 2)
    assert asked == [3, 2]
    views.append(spiculated)
    window.follow()
    qtbot.waitUntil(lambda: len(window.columns) == 3)
    assert window.columns[2].heading.text() == "View 3"


def test_long_names_do_not_widen_it(show: Show, smooth: ShownView, spiculated: ShownView) -> None:
    long = dataclasses.replace(LEFT, name="W" * 60)
    views = [dataclasses.replace(view, description=long, where="1.2.840.113619." * 8) for view in (smooth, spiculated)]
    before, after = show(smooth, spiculated), show(*views)
    for one, other in zip(before.columns, after.columns, strict=True):
        assert abs(one.picture.width() - other.picture.width()) <= 2


def test_it_is_copied_as_text(show: Show, smooth: ShownView, spiculated: ShownView) -> None:
    window = show(smooth, spiculated)
    window.copy.click()
    copied = QGuiApplication.clipboard().text()
    assert copied.splitlines()[0] == window.sentence.text()
    assert "This view (B, left breast, 10 o'clock, 40 mm from the nipple, radial, one.dcm, frame 4): " in copied
    assert copied.endswith("Management must not rest solely on this output.")
