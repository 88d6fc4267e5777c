"""Outlines against lines written out by hand, and against the mask they must give again."""

from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from csamoe_desktop.lesion.outline import Line, outlines, outlines_within
from csamoe_desktop.lesion.tools import Box


def corners(line: Line) -> set[tuple[float, float]]:
    return {(float(column), float(row)) for column, row in line}


def edges_of(mask: NDArray[np.bool_]) -> set[tuple[str, int, int]]:
    """Every edge between a pixel of the mask and one that is not: above or left of pixel (row, column)."""
    framed = np.pad(mask, 1)
    across = {("above", int(row), int(column) - 1) for row, column in np.argwhere(framed[1:] != framed[:-1])}
    return across | {
        ("left", int(row) - 1, int(column)) for row, column in np.argwhere(framed[:, 1:] != framed[:, :-1])
    }


def edges_along(lines: list[Line]) -> list[tuple[str, int, int]]:
    edges = []
    for line in lines:
        for (column0, row0), (column1, row1) in zip(line, np.roll(line, -1, axis=0), strict=True):
            assert (column0 == column1) != (row0 == row1), "a line runs along rows or columns, and somewhere"
            if row0 == row1:
                low, high = sorted((int(column0), int(column1)))
                edges += [("above", int(row0), column) for column in range(low, high)]
            else:
                low, high = sorted((int(row0), int(row1)))
                edges += [("left", row, int(column0)) for row in range(low, high)]
    return edges


def test_an_empty_mask_has_no_outline() -> None:
    assert outlines(np.zeros((4, 5), bool)) == []


def test_the_outline_of_a_pixel_goes_round_it() -> None:
    mask = np.zeros((4, 5), bool)
    mask[1, 2] = True
    (line,) = outlines(mask)
    assert corners(line) == {(2, 1), (3, 1), (3, 2), (2, 2)}
    (smooth,) = outlines(mask, smooth=True)
    assert corners(smooth) == {(2.5, 1), (3, 1.5), (2.5, 2), (2, 1.5)}


def test_a_straight_side_has_no_points_but_its_ends() -> None:
    mask = np.zeros((9, 9), bool)
    mask[2:7, 1:8] = True
    (line,) = outlines(mask)
    assert len(line) == 4
    assert corners(line) == {(1, 2), (8, 2), (8, 7), (1, 7)}


def test_holes_and_pieces_have_lines_of_their_own() -> None:
    mask = np.zeros((9, 9), bool)
    mask[1:6, 1:6] = True
    mask[3, 3] = False
    mask[7, 8] = True
    lines = outlines(mask)
    assert len(lines) == 3
    assert {(3.0, 3.0), (4.0, 3.0), (4.0, 4.0), (3.0, 4.0)} in [corners(line) for line in lines]


@pytest.mark.parametrize("share", [0.05, 0.3, 0.5, 0.7, 0.95])
def test_an_outline_runs_once_along_every_edge_of_any_mask(share: float) -> None:
    random = np.random.default_rng(int(share * 100))
    for _ in range(40):
        mask = random.random((7, 9)) < share
        along = edges_along(outlines(mask))
        assert len(along) == len(set(along))
        assert set(along) == edges_of(mask)


def test_a_smooth_outline_stays_within_half_a_pixel_of_the_edges() -> None:
    mask = np.random.default_rng(3).random((12, 12)) < 0.5
    for line in outlines(mask, smooth=True):
        doubled = line * 2
        assert np.array_equal(doubled, np.rint(doubled))
        assert ((doubled.sum(axis=1) % 2) == 1).all(), "every point is the middle of an edge"


@pytest.mark.parametrize("smooth", [True, False])
@pytest.mark.parametrize("share", [0.03, 0.5, 0.97])
def test_boxes_that_tile_the_frame_have_each_part_of_each_line_once(smooth: bool, share: float) -> None:
    mask = np.random.default_rng(5).random((45, 62)) < share
    mask[10:30, 5:50] = True
    mask[15:20, 16:48] = False
    parts: list[Line] = []
    for top in range(0, 45, 16):
        for left in range(0, 62, 16):
            box = Box(top, left, min(top + 16, 45), min(left + 16, 62))
            for points, closed in outlines_within(mask, box, smooth):
                assert (points >= [left - 0.25, top - 0.25]).all()
                assert (points <= [left + 16, top + 16]).all()
                parts.append(np.vstack([points, points[:1]]) if closed else points)
    wholes = [np.vstack([points, points[:1]]) for points in outlines(mask, smooth)]
    assert length(parts) == pytest.approx(length(wholes), rel=1e-5)
    # Drawn, they are the same lines too.
    assert np.array_equal(drawn(parts), drawn(wholes))


def length(lines: list[Line]) -> float:
    return float(sum(np.linalg.norm(np.diff(points, axis=0), axis=1).sum() for points in lines))


def drawn(lines: list[Line]) -> NDArray[np.bool_]:
    """Lines as the cells of an eighth of a pixel that they touch."""
    cells = np.zeros((46 * 8, 63 * 8), bool)
    for points in lines:
        for start, end in pairwise(points):
            steps = max(int(np.ceil(np.abs(end - start).max() * 8)), 1)
            along = start + np.linspace(0, 1, steps + 1)[:, None] * (end - start)
            column, row = np.floor(along * 8 + 1e-3).astype(int).T
            cells[row, column] = True
    return cells


def test_a_box_without_a_line_in_it_has_none() -> None:
    mask = np.ones((40, 40), bool)
    assert outlines_within(mask, Box(16, 16, 32, 32)) == []
    assert outlines_within(~mask, Box(0, 0, 16, 16)) == []
    assert len(outlines_within(mask, Box(0, 0, 16, 16))) == 1
