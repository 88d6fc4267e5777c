"""What each tool covers, against pixels written out by hand."""

from math import hypot

import numpy as np
import pytest
from numpy.typing import NDArray

from csamoe_desktop.lesion.tools import NOWHERE, Box, Place, brush, ellipse, polygon


def drawn(shape: tuple[int, int], covered: tuple[Box, NDArray[np.bool_]]) -> list[str]:
    box, region = covered
    assert region.shape == (box.bottom - box.top, box.right - box.left)
    frame = np.zeros(shape, bool)
    frame[box.slices] = region
    return ["".join(".#"[pixel] for pixel in row) for row in frame.astype(int)]


@pytest.mark.parametrize("at", [(2.5, 3.5), (2.0, 3.0), (2.01, 3.99), (2.99, 3.01)])
def test_a_brush_of_radius_1_covers_the_one_pixel_under_the_mouse(at: Place) -> None:
    assert drawn((5, 6), brush((5, 6), at, at, 1)) == ["......", "......", "...#..", "......", "......"]


def test_a_brush_is_a_round_disc_of_twice_its_radius_less_one() -> None:
    at = (3.5, 3.5)
    assert drawn((7, 7), brush((7, 7), at, at, 3)) == [
        ".......",
        "..###..",
        ".#####.",
        ".#####.",
        ".#####.",
        "..###..",
        ".......",
    ]


def test_a_fast_mouse_leaves_a_capsule_without_gaps() -> None:
    assert drawn((5, 10), brush((5, 10), (2.5, 3.5), (2.5, 6.5), 3)) == [
        "..######..",
        ".########.",
        ".########.",
        ".########.",
        "..######..",
    ]


def test_a_slanted_line_of_radius_1_is_one_pixel_a_column() -> None:
    assert drawn((4, 8), brush((4, 8), (0.5, 0.5), (2.5, 7.5), 1)) == [
        "##......",
        "..####..",
        "......##",
        "........",
    ]


def test_a_capsule_is_all_pixels_near_the_way() -> None:
    start, end, radius = (31.2, 8.9), (7.4, 50.6), 6
    box, region = brush((40, 60), start, end, radius)
    frame = np.zeros((40, 60), bool)
    frame[box.slices] = region
    way = [np.array([31, 8]) + share * np.array([7 - 31, 50 - 8]) for share in np.linspace(0, 1, 2001)]
    for row in range(40):
        for column in range(60):
            near = min(hypot(row - at[0], column - at[1]) for at in way[::10])
            if abs(near - (radius - 0.5)) > 0.05:
                assert frame[row, column] == (near < radius - 0.5), (row, column)


def test_a_brush_is_clipped_at_the_frame() -> None:
    assert drawn((3, 4), brush((3, 4), (0.5, 0.5), (0.5, 0.5), 2)) == ["##..", "##..", "...."]
    assert drawn((3, 4), brush((3, 4), (-5.0, -5.0), (8.0, 8.0), 1)) == ["#...", ".#..", "..#."]


@pytest.mark.parametrize("at", [(-9.5, 1.5), (1.5, -9.5), (99.5, 1.5), (1.5, 99.5)])
def test_a_brush_outside_the_frame_covers_nothing(at: Place) -> None:
    box, region = brush((3, 4), at, at, 2)
    assert box.empty
    assert not region.size


def test_a_brush_without_a_radius_is_a_fault() -> None:
    with pytest.raises(ValueError, match="radius 0"):
        brush((3, 3), (1.5, 1.5), (1.5, 1.5), 0)


def test_a_polygon_covers_the_pixels_whose_centre_is_inside() -> None:
    assert drawn((5, 6), polygon((5, 6), [(1, 1), (1, 5), (4, 5), (4, 1)])) == [
        "......",
        ".####.",
        ".####.",
        ".####.",
        "......",
    ]
    assert drawn((5, 6), polygon((5, 6), [(0, 0), (0, 5), (5, 0)])) == [
        "####..",
        "###...",
        "##....",
        "#.....",
        "......",
    ]


def test_the_direction_round_a_polygon_does_not_matter() -> None:
    around = [(0.3, 0.2), (1.1, 7.8), (6.2, 6.9), (7.7, 1.4)]
    assert drawn((8, 8), polygon((8, 8), around)) == drawn((8, 8), polygon((8, 8), around[::-1]))


def test_polygons_with_a_common_edge_share_no_pixel_and_leave_none_out() -> None:
    # The common edge runs exactly through pixel centres.
    left = polygon((4, 4), [(0, 0), (0, 2.5), (4, 2.5), (4, 0)])
    right = polygon((4, 4), [(0, 2.5), (0, 4), (4, 4), (4, 2.5)])
    assert drawn((4, 4), left) == ["##.."] * 4
    assert drawn((4, 4), right) == ["..##"] * 4


def test_a_polygon_that_crosses_its_own_way_is_filled_whole() -> None:
    twice_around = [(0, 0), (0, 5), (5, 5), (5, 0), (0, 0), (0, 3), (3, 3), (3, 0)]
    assert drawn((5, 5), polygon((5, 5), twice_around)) == ["#####"] * 5


def test_a_polygon_reaches_beyond_the_frame_and_is_clipped() -> None:
    assert drawn((3, 4), polygon((3, 4), [(-10, -10), (-10, 2), (20, 2), (20, -10)])) == ["##.."] * 3
    assert drawn((3, 4), polygon((3, 4), [(-10, 2), (-10, 20), (20, 20), (20, 2)])) == ["..##"] * 3


@pytest.mark.parametrize("vertices", [[], [(1, 1)], [(1, 1), (3, 3)]])
def test_fewer_than_three_vertices_enclose_nothing(vertices: list[Place]) -> None:
    box, region = polygon((5, 5), vertices)
    assert box.empty
    assert not region.any()


def test_a_polygon_outside_the_frame_covers_nothing() -> None:
    box, region = polygon((5, 5), [(9, 9), (9, 12), (12, 12)])
    assert box.empty
    assert not region.any()


def test_boxes_join() -> None:
    assert Box(1, 2, 3, 4).joined(Box(0, 3, 2, 9)) == Box(0, 2, 3, 9)
    assert Box(1, 2, 3, 4).joined(None) == Box(1, 2, 3, 4)
    assert NOWHERE.joined(Box(1, 2, 3, 4)) == Box(1, 2, 3, 4)
    assert Box(1, 2, 3, 4).joined(NOWHERE) == Box(1, 2, 3, 4)


def test_an_ellipse_fills_its_rectangle() -> None:
    wanted = [
        "..........",
        "..######..",
        ".########.",
        ".########.",
        "..######..",
        "..........",
    ]
    assert drawn((6, 10), ellipse((6, 10), (1.0, 1.0), (5.0, 9.0))) == wanted
    assert drawn((6, 10), ellipse((6, 10), (5.0, 1.0), (1.0, 9.0))) == wanted, "from any corner"


def test_an_ellipse_is_cut_at_the_frame_and_may_be_nothing() -> None:
    assert drawn((2, 4), ellipse((2, 4), (-2.0, 0.0), (2.0, 4.0))) == ["####", ".##."]
    assert not ellipse((5, 5), (2.0, 2.0), (2.0, 4.0))[1].any()
    assert ellipse((5, 5), (20.0, 20.0), (30.0, 30.0))[0].empty
