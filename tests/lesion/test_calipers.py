"""Calipers: lengths in millimetres and pixels, and what their ends snap to."""

from math import hypot, sqrt

import numpy as np
import pytest

from csamoe_desktop.lesion.caliper_steps import FrameCalipers
from csamoe_desktop.lesion.calipers import (
    Caliper,
    Snapping,
    by_source,
    distance_to,
    edges_of,
    first_end,
    other_end,
    squared,
    straightened,
)
from csamoe_desktop.study.scale import Area, Region, Scale, Spacing, pixels_only

SQUARE = (2.0, 2.0)
"""Screen pixels a frame pixel has: 8 screen pixels are 4 frame pixels."""
ACROSS = Caliper((30.0, 20.0), (30.0, 60.0))


@pytest.fixture
def rectangle() -> np.ndarray:
    """Rows 20 to 40 and columns 30 to 60."""
    mask = np.zeros((60, 80), bool)
    mask[20:40, 30:60] = True
    return mask


def test_a_length_takes_row_and_column_spacing_for_themselves() -> None:
    caliper = Caliper((10.0, 10.0), (40.0, 50.0))
    assert caliper.words(None) == "50 px"
    assert caliper.words(Spacing(0.1, 0.1, "region 1")) == "5.0 mm"
    assert caliper.words(Spacing(0.2, 0.1, "region 1")) == f"{hypot(6, 4):.1f} mm"


def test_calipers_are_numbered_as_drawn() -> None:
    spacing = Spacing(0.1, 0.1, "x")
    assert by_source([ACROSS, Caliper((0.0, 0.0), (0.0, 25.0))], spacing) == [("1: 4.0 mm, 2: 2.5 mm", spacing)]
    assert by_source([], None) == []


def test_calipers_on_and_off_a_calibrated_region_are_told_apart() -> None:
    """Each run of one source stands with it; across the region's edge there are no millimetres."""
    region = Region("region 1", Area(0, 0, 100, 100), Spacing(0.2, 0.1, "region 1"))
    scale = Scale(pixels_only("outside region 1", 2.0), (region,))
    inside, outside = Caliper((0.0, 0.0), (50.0, 0.0)), Caliper((0.0, 150.0), (50.0, 150.0))
    across = Caliper((10.0, 50.0), (10.0, 150.0))
    told = by_source([inside, outside, across], scale)
    assert [words for words, _ in told] == ["1: 10.0 mm", "2: 100 px", "3: 100 px"]
    assert [spacing.in_mm for _, spacing in told] == [True, False, False]


@pytest.mark.parametrize(
    ("at", "wanted"),
    [
        ((12.0, 50.0), (10.0, 50.0)),
        ((47.0, 11.0), (47.0, 10.0)),
        ((31.0, 29.0), (30.0, 30.0)),
        ((10.0, -5.0), (10.0, -5.0)),
    ],
)
def test_straight_is_0_45_or_90_degrees(at: tuple[float, float], wanted: tuple[float, float]) -> None:
    assert straightened((10.0, 10.0), at, SQUARE) == pytest.approx(wanted)


def test_angles_are_those_on_the_screen_where_pixels_are_not_square() -> None:
    scale = (1.0, 2.0)
    down, across = np.subtract(straightened((0.0, 0.0), (20.0, 11.0), scale), 0.0) * scale
    assert down == pytest.approx(across)
    slanted = Caliper((0.0, 0.0), (20.0, 10.0))
    end = squared(slanted, slanted.middle, (30.0, 0.0), scale)
    way = np.subtract(end, slanted.middle) * scale
    assert np.dot(way, np.array([20.0, 20.0])) == pytest.approx(0)
    assert hypot(*way) > 1


def test_an_end_snaps_to_the_outline_within_eight_screen_pixels(rectangle: np.ndarray) -> None:
    edges = edges_of(rectangle)
    assert first_end((17.0, 45.3), Snapping(SQUARE, edges)) == ((20.0, 45.3), True)
    assert first_end((15.9, 45.3), Snapping(SQUARE, edges)) == ((15.9, 45.3), False)
    # The same place is too far at twice the zoom, and nothing snaps without an outline.
    assert first_end((17.0, 45.3), Snapping((4.0, 4.0), edges)) == ((17.0, 45.3), False)
    assert first_end((17.0, 45.3), Snapping(SQUARE)) == ((17.0, 45.3), False)
    assert other_end((38.0, 62.0), (25.0, 33.0), Snapping(SQUARE, edges)) == ((38.0, 60.0), True)


def test_a_straight_line_snaps_to_where_it_crosses_the_outline(rectangle: np.ndarray) -> None:
    snapping = Snapping(SQUARE, edges_of(rectangle), straight=True)
    end, snapped = other_end((28.0, 57.0), (25.0, 33.0), snapping)
    assert snapped
    assert end == pytest.approx((25.0, 60.0))
    end, snapped = other_end((28.0, 50.0), (25.0, 33.0), snapping)
    assert not snapped
    assert end == pytest.approx((25.0, 50.0))


def test_one_begun_on_a_middle_is_at_a_right_angle_wherever_the_mouse_is(rectangle: np.ndarray) -> None:
    slanted = Caliper((25.0, 35.0), (35.0, 55.0))
    end, _ = other_end((50.0, 20.0), slanted.middle, Snapping(SQUARE, across=slanted))
    assert np.dot(np.subtract(end, slanted.middle), (10.0, 20.0)) == pytest.approx(0)
    # And to the outline on that line, however far the mouse is beside it.
    end, snapped = other_end((39.0, 60.0), ACROSS.middle, Snapping(SQUARE, edges_of(rectangle), across=ACROSS))
    assert snapped
    assert end == pytest.approx((40.0, 40.0))


def test_a_right_angle_is_found_with_a_caliper_that_is_crossed() -> None:
    snapping = Snapping(SQUARE, others=[ACROSS])
    assert other_end((50.0, 43.0), (12.0, 40.0), snapping)[0] == pytest.approx((50.0, 40.0))
    # Too far from it; short of the other caliper; and past its end.
    assert other_end((50.0, 46.0), (12.0, 40.0), snapping)[0] == (50.0, 46.0)
    assert other_end((24.0, 42.0), (5.0, 40.0), snapping)[0] == (24.0, 42.0)
    assert other_end((50.0, 72.0), (12.0, 70.0), snapping)[0] == (50.0, 72.0)


def test_what_is_no_longer_than_a_point_makes_no_right_angle() -> None:
    point = Caliper((30.0, 40.0), (30.0, 40.0))
    assert squared(point, (30.0, 40.0), (50.0, 43.0), SQUARE) == (50.0, 43.0)
    assert other_end((50.0, 43.0), (12.0, 40.0), Snapping(SQUARE, others=[point]))[0] == (50.0, 43.0)


def test_the_distance_to_a_caliper_is_to_the_line_between_its_ends() -> None:
    assert distance_to(ACROSS, (33.0, 40.0), SQUARE) == pytest.approx(6)
    assert distance_to(ACROSS, (33.0, 64.0), (1.0, 1.0)) == pytest.approx(5)
    assert distance_to(Caliper((0.0, 0.0), (10.0, 10.0)), (0.0, 10.0), (1.0, 1.0)) == pytest.approx(sqrt(50))


def test_steps_come_back_in_the_order_they_were_done_with_the_mask() -> None:
    calipers = FrameCalipers()
    calipers.change((ACROSS,), version=3)
    assert calipers.can_undo(3)
    assert not calipers.can_undo(4), "a stroke came after it"
    assert not calipers.can_redo(3)
    calipers.undo()
    assert calipers.now == ()
    assert not calipers.untouched
    assert calipers.can_redo(3)
    assert not calipers.can_redo(2)
    calipers.redo()
    assert calipers.now == (ACROSS,)
    calipers.change((ACROSS,), version=9)
    assert not calipers.can_undo(9), "a change that changes nothing is none"
    assert FrameCalipers().untouched
