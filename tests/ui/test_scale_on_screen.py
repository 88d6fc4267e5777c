"""On the screen a scale is used only in its region, and a frame is shown in its true proportions."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from csamoe_desktop.lesion.calipers import Caliper
from csamoe_desktop.lesion.description import Description
from csamoe_desktop.lesion.mask import Author, LesionMask
from csamoe_desktop.report.pdf.pictures import paper_size
from csamoe_desktop.session.calibration import DrawnLine
from csamoe_desktop.session.lesion_views import ShownView
from csamoe_desktop.settings import Settings
from csamoe_desktop.study.model import Area, Frame, Scale, Spacing, Study
from csamoe_desktop.study.scale import Region, pixels_only
from csamoe_desktop.ui.dialogs.calibration_dialog import CalibrationDialog
from csamoe_desktop.ui.dialogs.view_column import extent
from csamoe_desktop.ui.dialogs.views_window import OWN_SCALES, ViewsWindow
from csamoe_desktop.ui.panels.thumbnails import shrunk
from csamoe_desktop.ui.shell.app import make_window
from csamoe_desktop.ui.shell.main_window import MainWindow
from csamoe_desktop.ui.tools.ring import RingItem

SHAPE = (240, 640)
LEFT, RIGHT = Area(0, 0, 240, 320), Area(0, 320, 240, 640)
COARSE, FINE = Spacing(0.1, 0.1, "region 1"), Spacing(0.05, 0.05, "region 2")
LEFT_ONLY = Scale(
    pixels_only("outside region 1, the calibrated part of the image"), (Region("region 1", LEFT, COARSE),)
)
BOTH = Scale(pixels_only(), (Region("region 1", LEFT, COARSE), Region("region 2", RIGHT, FINE)))
HIGH = Scale(pixels_only(aspect=2.0))


def study(scale: Scale, name: str = "made.dcm", shape: tuple[int, int] = SHAPE) -> Study:
    grey = np.random.default_rng(2).integers(20, 200, shape).astype(np.uint8)
    return Study(Path(name), "made", 1, *shape, decode=lambda index: grey, scale=scale)


@pytest.fixture
def window(qtbot: QtBot) -> Iterator[MainWindow]:
    window = make_window(Settings(propose_on_opening=False, assessment_first=False))
    qtbot.addWidget(window)
    window.resize(1400, 900)
    window.show()
    yield window
    QApplication.restoreOverrideCursor()
    window.close_now()


def show(window: MainWindow, opened: Study) -> None:
    window.session.open_studies.show(opened, opened.frame(0), opened.path)


def mark(window: MainWindow, top: int, left: int, bottom: int, right: int) -> None:
    mask = window.session.mask
    assert mask is not None
    pixels = np.zeros_like(mask.pixels)
    pixels[top:bottom, left:right] = True
    mask.replace(pixels, Author.DRAWN)
    window.session.emit_mask_changed(None)


def measure(window: MainWindow, start: tuple[float, float], end: tuple[float, float]) -> None:
    window.session.calipers.drag(None, Caliper(start, end))
    window.session.calipers.finish_drag()


def bar(window: MainWindow) -> tuple[bool, str]:
    return not window.canvas._scale.isHidden(), window.canvas._scale.text


def test_lesion_and_calipers_beside_the_region_are_in_pixels(window: MainWindow, qtbot: QtBot) -> None:
    show(window, study(LEFT_ONLY))
    mark(window, 80, 400, 160, 500)
    qtbot.waitUntil(lambda: window.session.measurements.now is not None)
    assert window.lesion.source.text() == "Outside region 1, the calibrated part of the image."
    qtbot.waitUntil(lambda: "px" in window.lesion.extent.text())
    for column in (100.0, 400.0, 280.0):
        measure(window, (20.0, column), (20.0, column + 100))
    assert window.canvas._calipers.labels() == ("1  10.0 mm", "2  100 px", "3  100 px")
    told = window.lesion.calipers.text().replace("\u00a0", " ")
    assert "1: 10.0 mm" in told and "(outside region 1" in told and "(partly outside region 1" in told
    assert window.status.spacing.text() == "0.1 mm/px from region 1 (x 0 to 319, y 0 to 239 only)"


def test_the_scale_bar_lies_on_the_region_that_it_holds_in(window: MainWindow) -> None:
    show(window, study(LEFT_ONLY))
    canvas = window.canvas
    assert bar(window)[0]
    edge = canvas.widget_position(0, 320).x()
    assert canvas._scale.geometry().right() <= edge
    canvas.zoom_by(6.0, canvas.widget_position(120, 560).toPointF())
    assert canvas.widget_position(0, 320).x() < 0
    assert not bar(window)[0]


def test_of_two_scales_the_bar_shows_that_of_the_lesion(window: MainWindow) -> None:
    show(window, study(BOTH))
    assert not bar(window)[0]
    assert window.status.spacing.text() == "Several scales: 0.1 mm/px in region 1, 0.05 mm/px in region 2"
    lengths = []
    for left in (100, 450):
        mark(window, 100, left, 140, left + 60)
        assert bar(window)[0]
        lengths.append(window.canvas._scale.length / float(bar(window)[1].removesuffix(" mm")))
    assert lengths[1] == pytest.approx(2 * lengths[0])
    mark(window, 100, 280, 140, 360)
    assert not bar(window)[0]


def test_a_frame_is_shown_as_high_for_its_width_as_it_is(window: MainWindow) -> None:
    show(window, study(HIGH, shape=(240, 320)))
    here, below, beside = (window.canvas.widget_position(*place) for place in ((50, 50), (150, 50), (50, 150)))
    assert below.y() - here.y() == pytest.approx(2 * (beside.x() - here.x()), abs=4)
    window.canvas.zoom_by(0.001)
    assert window.canvas.widget_position(240, 0).y() - window.canvas.widget_position(0, 0).y() > 100
    picture = shrunk(np.zeros((240, 320), np.uint8), 2.0)
    assert picture.height() / picture.width() == pytest.approx(1.5, abs=0.02)
    assert paper_size(study(HIGH, shape=(240, 320)).frame(0), 300, 300) == pytest.approx((200, 300))


def test_a_brush_covers_what_its_ring_shows(window: MainWindow) -> None:
    show(window, study(HIGH, shape=(240, 320)))
    brush = window.canvas._tools[next(tool for tool in window.canvas._tools if tool.name == "BRUSH")]
    assert isinstance(brush.item, RingItem)
    window.canvas.set_brush_radius(21)
    brush.set_radius(21)  # type: ignore[attr-defined]
    brush.press((120.5, 160.5), False)
    brush.release()
    mask = window.session.mask
    assert mask is not None
    down, across = (np.flatnonzero(mask.pixels.any(axis=axis)).size for axis in (1, 0))
    assert (down, across) == (21, 41)


def test_by_hand_rows_are_as_high_as_the_aspect_ratio_says(window: MainWindow) -> None:
    show(window, study(HIGH, shape=(240, 320)))
    session = window.session
    assert session.work is not None
    session.calibration.calibrate(DrawnLine((20.0, 20.0), (120.0, 20.0), session.work), 20.0)
    assert session.frame is not None and session.frame.spacing is not None
    assert (session.frame.spacing.row, session.frame.spacing.column) == pytest.approx((0.2, 0.1))
    measure(window, (20.0, 20.0), (20.0, 120.0))
    assert window.canvas._calipers.labels() == ("1  10.0 mm",)


def test_by_hand_one_side_of_a_split_screen_is_calibrated_after_the_other(window: MainWindow) -> None:
    show(window, study(BOTH))
    session = window.session
    for left, length in ((100.0, 20.0), (400.0, 10.0)):
        assert session.work is not None
        session.calibration.calibrate(DrawnLine((20.0, left), (120.0, left), session.work), length)
    assert session.frame is not None
    found = [session.frame.scale.of((20, left, 40, left + 40)) for left in (100, 400)]
    assert [one.row for one in found] == pytest.approx([0.2, 0.1])
    assert found[0].source == "calibrated by hand: 20 mm over 100 px, 100 % more than the file says"
    session.calibration.remove()
    assert session.frame.scale == BOTH


def test_a_calibration_by_hand_that_contradicts_the_file_is_said_in_the_dialog(
    window: MainWindow, qtbot: QtBot
) -> None:
    show(window, study(LEFT_ONLY))
    assert window.session.work is not None
    dialog = CalibrationDialog(window.session, DrawnLine((20.0, 100.0), (120.0, 100.0), window.session.work), window)
    qtbot.addWidget(dialog)
    dialog.length.setText("10.2")
    assert "2.0 % more than the file says" in dialog.outcome.text() and "Check" not in dialog.outcome.text()
    dialog.length.setText("12")
    assert "20.0 % more than the file says. Check the line" in dialog.outcome.text()
    dialog.length.setText("400")
    assert "mm deep" in dialog.outcome.text() and not dialog.calibrate.isEnabled()
    dialog.reject()


def test_views_share_a_scale_only_where_their_lesions_have_one(qtbot: QtBot) -> None:
    views = []
    for left in (100, 450):
        pixels = np.zeros(SHAPE, bool)
        pixels[80:120, left : left + 60] = True
        frame = Frame(np.full(SHAPE, 90, np.uint8), 0, LEFT_ONLY)
        views.append(ShownView(frame, LesionMask(pixels, Author.DRAWN), Description(), 1, None, False))
    assert extent(views[0].frame, views[0].mask) == pytest.approx((24, 64))
    assert extent(views[1].frame, views[1].mask) == SHAPE
    window = ViewsWindow(lambda: views)
    qtbot.addWidget(window)
    window.show()
    assert window.at_one_scale.text() == OWN_SCALES
    assert [one.picture.bar.isHidden() for one in window.columns] == [False, True]
