"""Diameters and area against shapes that can be measured by hand."""

import math

import numpy as np
import pytest

from csamoe_desktop.errors import UserError
from csamoe_desktop.lesion.measure import measure
from csamoe_desktop.study.model import Spacing


def rectangle(rows: int, columns: int) -> np.ndarray:
    mask = np.zeros((60, 80), bool)
    mask[10 : 10 + rows, 20 : 20 + columns] = True
    return mask


def test_a_rectangle_runs_from_corner_to_corner() -> None:
    size = measure(rectangle(30, 40), None)
    assert size.longest == pytest.approx(50)
    # The longest chord at right angles to the diagonal goes through the middle: the short side times 50/40.
    assert size.across == pytest.approx(37.5)
    assert size.area == 1200
    assert size.unit == "px"
    assert set(size.longest_ends) in ({(10, 20), (40, 60)}, {(10, 60), (40, 20)})


def test_the_ends_are_as_far_apart_as_the_diameters_say_and_at_right_angles() -> None:
    spacing = Spacing(0.05, 0.2, "region 1")
    size = measure(rectangle(30, 17), spacing)
    scale = np.array([spacing.row, spacing.column])
    longest, across = (np.subtract(*ends) * scale for ends in (size.longest_ends, size.across_ends))
    assert np.linalg.norm(longest) == pytest.approx(size.longest)
    assert np.linalg.norm(across) == pytest.approx(size.across)
    assert longest @ across == pytest.approx(0, abs=1e-9)


def test_one_pixel_is_one_pixel_wide() -> None:
    size = measure(rectangle(1, 1), None)
    assert (size.longest, size.across, size.area) == (pytest.approx(math.sqrt(2)), pytest.approx(math.sqrt(2)), 1)
    assert size.words() == "1 x 1 px (the image is not calibrated)"


def test_row_and_column_spacing_are_taken_apart() -> None:
    # 30 rows of 0.1 mm and 8 columns of 0.5 mm: 3 x 4 mm, a diagonal of 5, and 3 * 5/4 across it.
    size = measure(rectangle(30, 8), Spacing(0.1, 0.5, "region 1"))
    assert size.longest == pytest.approx(5)
    assert size.across == pytest.approx(3.75)
    assert size.area == pytest.approx(12)
    assert size.words() == "5.0 x 3.8 mm (calibrated from region 1)"
    assert size.area_words() == "12.0 mm²"


def test_a_rotated_square_is_measured_along_its_diagonals() -> None:
    # Pixels within 10 of the middle in city-block distance: a diamond 21 pixels from tip to tip.
    row, column = np.mgrid[:60, :80]
    size = measure(np.abs(row - 30) + np.abs(column - 40) <= 10, None)
    # Its hull's farthest corners: one pixel wide tips, (20, 40) to (51, 41) or the same on its side.
    assert size.longest == pytest.approx(math.hypot(21, 1))
    assert size.across == pytest.approx(21, abs=1)
    assert size.area == 221


def test_a_rotated_ellipse_has_its_own_axes() -> None:
    row, column = np.mgrid[:400, :400] - 199.5
    angle = math.radians(30)
    along = column * math.cos(angle) + row * math.sin(angle)
    off = row * math.cos(angle) - column * math.sin(angle)
    size = measure((along / 150) ** 2 + (off / 60) ** 2 <= 1, None)
    assert size.longest == pytest.approx(300, abs=1.5)
    assert size.across == pytest.approx(120, abs=1.5)
    assert size.area == pytest.approx(math.pi * 150 * 60, rel=0.002)
    (top, left), (bottom, right) = size.longest_ends
    assert math.degrees(math.atan2(bottom - top, right - left)) == pytest.approx(30, abs=1)


def test_a_hole_is_no_area_and_a_stray_dot_no_size() -> None:
    mask = rectangle(10, 10)
    mask[14:16, 24:26] = False
    assert measure(mask, None).area == 96
    alone = measure(mask, None)
    assert (alone.pieces, alone.holes, alone.piece_words()) == (1, 1, "with a hole")
    mask[15:17, 60:62] = True
    size = measure(mask, None)
    assert (size.longest, size.across, size.area, size.longest_ends) == (
        alone.longest,
        alone.across,
        alone.area,
        alone.longest_ends,
    )
    assert size.piece_words() == "the largest of 2 pieces, with a hole"
    # Through a corner nothing gets out, and what touches at one is one piece.
    mask[:] = False
    mask[10:20, 10:20] = True
    mask[20, 20] = True
    assert measure(mask, None).piece_words() == ""


def test_a_lesion_that_fills_the_frame_is_measured_to_its_outer_edges() -> None:
    size = measure(np.ones((3, 4), bool), None)
    assert size.longest == pytest.approx(5)
    assert {point for ends in (size.longest_ends,) for point in ends} <= {(0, 0), (3, 4), (0, 4), (3, 0)}


def test_an_empty_mask_is_refused() -> None:
    with pytest.raises(UserError, match="No lesion is marked"):
        measure(np.zeros((5, 5), bool), None)


def test_height_and_width_are_the_extent_down_and_along_the_skin() -> None:
    size = measure(rectangle(30, 20), None)
    assert (size.height, size.width, size.height_to_width) == (30, 20, 1.5)
    assert (
        size.height_words() == "30 px high, 20 px wide, taller than wide (height / width 1.50, pixels taken as square)"
    )
    assert "as tall as wide" in measure(rectangle(20, 20), None).height_words()
    # In millimetres the same pixels are wider than tall.
    size = measure(rectangle(30, 20), Spacing(0.1, 0.2, "region 1"))
    assert (size.height, size.width) == (pytest.approx(3), pytest.approx(4))
    assert size.height_words() == "3.0 mm high, 4.0 mm wide, wider than tall (height / width 0.75)"


def test_perimeter_and_equivalent_diameter_of_a_disc() -> None:
    row, column = np.mgrid[:400, :400] - 199.5
    disc = np.hypot(row, column) <= 150
    size = measure(disc, None)
    assert size.equivalent == pytest.approx(300, rel=0.002)
    assert size.perimeter == pytest.approx(math.pi * 300, rel=0.01)
    with_hole = disc & (np.hypot(row, column) > 20)
    assert measure(with_hole, None).perimeter == size.perimeter
    assert measure(with_hole, None).equivalent < size.equivalent
    assert measure(disc, Spacing(0.1, 0.1, "region 1")).perimeter == pytest.approx(size.perimeter / 10)


@pytest.mark.parametrize("angle", [-60, -30, 0, 30, 60, 90])
def test_orientation_is_the_longest_diameter_against_the_skin(angle: int) -> None:
    row, column = np.mgrid[:400, :400] - 199.5
    along = column * math.cos(math.radians(angle)) + row * math.sin(math.radians(angle))
    off = row * math.cos(math.radians(angle)) - column * math.sin(math.radians(angle))
    size = measure((along / 150) ** 2 + (off / 40) ** 2 <= 1, None)
    assert abs(size.angle) == pytest.approx(abs(angle), abs=1.5)
    assert size.angle == pytest.approx(angle, abs=1.5) or abs(angle) in (0, 90)
    assert f"at {abs(size.angle):.0f}° to the skin" in size.outline_words()


def test_orientation_is_an_angle_in_millimetres() -> None:
    mask = np.eye(50, dtype=bool)
    assert measure(mask, None).angle == pytest.approx(45)
    assert measure(mask, Spacing(0.3, 0.1, "region 1")).angle == pytest.approx(math.degrees(math.atan(3)))
