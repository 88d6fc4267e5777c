"""Whole-mask corrections, against pixels written out by hand."""

import numpy as np
import pytest
from numpy.typing import NDArray

from csamoe_desktop.lesion.corrections import Extent, box_of, fill_holes, largest_piece, moved, smooth
from csamoe_desktop.lesion.tools import Box, ellipse


def mask(*rows: str) -> NDArray[np.bool_]:
    return np.array([[pixel == "#" for pixel in row] for row in rows])


def test_holes_are_filled_bays_are_not() -> None:
    before = mask(".......", ".#####.", ".#.#..#", ".#####.", ".#.#...")
    assert np.array_equal(fill_holes(before), mask(".......", ".#####.", ".######", ".#####.", ".#.#..."))
    assert not fill_holes(np.zeros((3, 3), bool)).any()


def test_the_largest_piece_stays_and_the_pieces_are_counted() -> None:
    before = mask("##...", "##..#", "....#", "#....")
    kept, pieces = largest_piece(before)
    assert pieces == 3
    assert np.array_equal(kept, mask("##...", "##...", ".....", "....."))
    assert largest_piece(mask("#.", ".#"))[1] == 1, "pixels that touch at a corner are one piece"
    assert largest_piece(np.zeros((3, 3), bool))[1] == 0


def test_smoothing_takes_burrs_and_gaps_and_leaves_the_size() -> None:
    box, inside = ellipse((120, 160), (20.0, 30.0), (100.0, 130.0))
    plain = np.zeros((120, 160), bool)
    plain[box.slices] = inside
    rough = plain.copy()
    rough[60, 130:140] = True
    rough[60, 60:66] = False
    smoothed = smooth(rough)
    assert not smoothed[60, 134:].any()
    assert smoothed[60, 60:66].all()
    assert smoothed.sum() == pytest.approx(plain.sum(), rel=0.01)
    assert not smooth(np.zeros((5, 5), bool)).any()


def test_smoothing_leaves_a_lesion_cut_by_the_images_edge_there() -> None:
    cut = np.zeros((60, 60), bool)
    cut[10:50, :30] = True
    assert smooth(cut)[15:45, 0].all()


def test_a_mask_is_moved_by_whole_pixels_exactly_and_cut_off_at_the_edge() -> None:
    before = np.random.default_rng(1).random((20, 30)) > 0.5
    before[:5], before[:, :5] = False, False
    start, end = Extent(5, 5, 20, 30), Extent(2, 1, 17, 26)
    assert np.array_equal(moved(before, start, end), np.roll(before, (-3, -4), (0, 1)))
    gone = moved(before, start, Extent(15, 5, 30, 30))
    assert np.array_equal(gone[15:], before[5:10])
    assert not gone[:15].any()


def test_a_mask_is_scaled_as_its_extent_is() -> None:
    before = np.zeros((60, 60), bool)
    before[10:20, 10:30] = True
    after = moved(before, Extent(10, 10, 20, 30), Extent(10, 10, 40, 20))
    assert box_of(after) == Box(10, 10, 40, 20)
    assert after.sum() == 300
    with pytest.raises(ValueError, match="no way"):
        moved(before, Extent(10, 10, 20, 30), Extent(10, 10, 10, 30))
