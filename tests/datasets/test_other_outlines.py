"""Ellipse, hull and wobble of a mask."""

import numpy as np
import pytest

from csamoe_desktop.datasets.other_outlines import OUTLINES, ellipse, hull, random_outline, wobble


def tilted() -> np.ndarray:
    """Return an ellipse of half axes 40 and 20 at 30 degrees."""
    rows, columns = np.mgrid[0:200, 0:260].astype(float)
    down, across = rows - 90, columns - 120
    turn = np.deg2rad(30)
    along, beside = across * np.cos(turn) + down * np.sin(turn), -across * np.sin(turn) + down * np.cos(turn)
    return (along / 40) ** 2 + (beside / 20) ** 2 <= 1


def iou(first: np.ndarray, second: np.ndarray) -> float:
    return float((first & second).sum() / (first | second).sum())


def test_the_ellipse_of_an_ellipse_is_itself() -> None:
    assert iou(ellipse(tilted()), tilted()) > 0.95


def test_the_ellipse_keeps_place_and_area_of_any_shape() -> None:
    star = tilted()
    star[60:130:4, 100:140] = False
    found = ellipse(star)
    assert found.sum() == pytest.approx(star.sum(), rel=0.05)
    assert np.argwhere(found).mean(0) == pytest.approx(np.argwhere(star).mean(0), abs=1)


def test_the_hull_fills_what_is_hollow() -> None:
    hollow = np.zeros((50, 60), bool)
    hollow[10:40, 10:50] = True
    hollow[20:40, 20:40] = False
    full = np.zeros((50, 60), bool)
    full[10:40, 10:50] = True
    np.testing.assert_array_equal(hull(hollow), full)


def test_a_wobble_is_near_the_ellipse_and_never_the_same() -> None:
    found = [wobble(tilted(), np.random.default_rng(seed)) for seed in range(20)]
    assert all(0.7 < iou(one, tilted()) < 0.99 for one in found)
    assert len({one.tobytes() for one in found}) == 20


@pytest.mark.parametrize("outline", OUTLINES.values(), ids=OUTLINES)
@pytest.mark.parametrize("place", [(0, 0), (19, 29), (10, 29), (7, 7)])
def test_one_pixel_anywhere_still_has_an_outline(outline, place) -> None:  # type: ignore[no-untyped-def]
    mask = np.zeros((20, 30), bool)
    mask[place] = True
    assert outline(mask)[place]
    assert wobble(mask, np.random.default_rng(0))[place]


def test_the_random_outline_is_of_each_kind_as_often_as_said() -> None:
    mask = tilted()
    mask[80:90, 100:105] = False
    kinds = {"reader": mask.tobytes(), "ellipse": ellipse(mask).tobytes(), "hull": hull(mask).tobytes()}
    found = [random_outline(mask, np.random.default_rng(seed)).tobytes() for seed in range(400)]
    shares = {name: sum(one == kind for one in found) / 400 for name, kind in kinds.items()}
    assert shares == pytest.approx({"reader": 0.25, "ellipse": 0.30, "hull": 0.10}, abs=0.06)
