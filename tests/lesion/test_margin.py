"""Margin descriptors against shapes whose figures are known, and against scikit-image where it has the same one."""

import math

import numpy as np
import pytest

from csamoe_desktop.errors import UserError
from csamoe_desktop.lesion.margin import cropped, describe_margin, filled, outline_features, perimeter
from csamoe_desktop.study.model import Spacing

ROW, COLUMN = np.mgrid[:400, :500]
ANGLE, RADIUS = np.arctan2(ROW - 200, COLUMN - 250), np.hypot(ROW - 200, COLUMN - 250)
DISC = RADIUS <= 150
SQUARE = np.array([1.0, 1.0])


def star(tips: int, depth: float, radius: float = 100) -> np.ndarray:
    return np.asarray(radius + depth * np.cos(tips * ANGLE) > RADIUS)


def ellipse(down: float, across: float) -> np.ndarray:
    return np.asarray(((ROW - 200) / down) ** 2 + ((COLUMN - 250) / across) ** 2 <= 1)


def test_the_perimeter_of_round_shapes_is_within_one_percent() -> None:
    assert perimeter(DISC, SQUARE) == pytest.approx(2 * math.pi * 150, rel=0.01)
    # Ramanujan's approximation for an ellipse.
    wide, high = 200.0, 100.0
    h = ((wide - high) / (wide + high)) ** 2
    told = math.pi * (wide + high) * (1 + 3 * h / (10 + math.sqrt(4 - 3 * h)))
    assert perimeter(ellipse(high, wide), SQUARE) == pytest.approx(told, rel=0.01)


@pytest.mark.parametrize(
    ("mask", "told"), [(DISC, 944.8660065445903), (star(8, 20), 939.5029724219213), (star(3, 30), 743.259454786614)]
)
def test_the_perimeter_is_that_of_scikit_image(mask: np.ndarray, told: float) -> None:
    # skimage.measure.perimeter_crofton(mask, directions=4), version 0.26.0.
    assert perimeter(mask, SQUARE) == pytest.approx(told)


def test_a_circle_in_millimetres_is_one_whatever_the_pixels_are() -> None:
    spacing = Spacing(0.1, 0.05, "region 1")
    mask = ellipse(100, 200)
    assert perimeter(mask, np.array([0.1, 0.05])) == pytest.approx(2 * math.pi * 10, rel=0.01)
    margin = describe_margin(mask, spacing)
    assert margin.circularity == pytest.approx(1, abs=0.01)
    assert margin.radial_mean == pytest.approx(1, abs=0.01)
    assert describe_margin(mask).circularity < 0.9


def test_a_disc_is_round_full_and_smooth() -> None:
    margin = describe_margin(DISC)
    assert margin.circularity == pytest.approx(1, abs=0.01)
    assert (margin.solidity, margin.convexity) == (1, 1)
    assert margin.radial_deviation == pytest.approx(0, abs=0.005)
    assert margin.radial_entropy == pytest.approx(0, abs=0.2)
    assert margin.zero_crossings == 0
    assert margin.words() == f"circularity {margin.circularity:.2f}, solidity 1.00, convexity 1.00"


@pytest.mark.parametrize("tips", [2, 3, 5, 8])
def test_the_radial_length_crosses_its_mean_twice_a_tip(tips: int) -> None:
    margin = describe_margin(star(tips, 20))
    assert margin.zero_crossings == 2 * tips
    # 100 + 20 cos: a mean of 100/120 and a deviation of 20/120/sqrt(2), a little less as slopes take more of the length.
    assert margin.radial_mean == pytest.approx(100 / 120, abs=0.02)
    assert margin.radial_deviation == pytest.approx(20 / 120 / math.sqrt(2), rel=0.1)


def test_entropy_counts_how_evenly_the_lengths_are_spread() -> None:
    # A star's lengths go from 80 to 120 of 120: 34 of the hundred bins, and never more than ln 34.
    entropy = describe_margin(star(5, 20)).radial_entropy
    assert 3 < entropy < math.log(34)


def test_lobulation_lowers_solidity_and_spiculation_convexity() -> None:
    lobulated, spiculated = describe_margin(star(3, 30)), describe_margin(star(24, 12))
    assert lobulated.solidity == pytest.approx(0.91, abs=0.01)
    assert spiculated.convexity < lobulated.convexity < 1
    assert spiculated.circularity < lobulated.circularity < 0.8


@pytest.mark.parametrize("seed", range(5))
def test_a_convex_polygon_is_its_own_hull_and_any_blob_within_one(seed: int) -> None:
    rng = np.random.default_rng(seed)
    normals = rng.normal(size=(9, 2))
    convex = DISC & ((ROW - 200)[..., None] * normals[:, 0] + (COLUMN - 250)[..., None] * normals[:, 1] < 120).all(2)
    margin = describe_margin(convex)
    assert (margin.solidity, margin.convexity) == (1, 1)
    ragged = describe_margin(DISC & (rng.random(DISC.shape) < 0.7))
    assert 0 < ragged.solidity < 1
    assert 0 < ragged.convexity < 1


def test_holes_are_filled_and_the_largest_piece_is_described() -> None:
    mask = DISC.copy()
    mask[190:210, 240:260] = False
    mask[:9, :9] = True
    margin = describe_margin(mask)
    assert margin.pieces == 2
    assert margin.circularity == describe_margin(DISC).circularity
    assert "the largest of 2 pieces" in margin.words()


def test_a_ring_that_touches_itself_at_a_corner_is_closed() -> None:
    ring = np.zeros((7, 7), bool)
    ring[1:6, 1:6] = True
    ring[2:5, 2:5] = False
    ring[1, 1] = False
    assert filled(ring)[2:5, 2:5].all()
    assert not filled(ring)[1, 1]
    assert describe_margin(ring).pieces == 1


@pytest.mark.parametrize("points", [[(2, 2)], [(2, 2), (2, 3)], [(0, 0), (1, 1)], [(0, 4), (4, 0), (2, 2)]])
def test_a_few_pixels_have_figures_too(points: list[tuple[int, int]]) -> None:
    mask = np.zeros((5, 5), bool)
    for point in points:
        mask[point] = True
    margin = describe_margin(mask)
    for value in (margin.circularity, margin.solidity, margin.convexity, margin.radial_mean):
        assert 0 < value <= 1


def test_a_mask_that_fills_the_frame_has_figures_too() -> None:
    margin = describe_margin(np.ones((30, 40), bool))
    assert (margin.solidity, margin.convexity, margin.zero_crossings) == (1, 1, 4)


def test_an_empty_mask_is_refused() -> None:
    for what in (describe_margin, outline_features):
        with pytest.raises(UserError, match="No lesion is marked"):
            what(np.zeros((5, 5), bool))


def test_the_six_features_are_what_they_are_called() -> None:
    mask = ellipse(100, 200)
    features = outline_features(mask)
    margin = describe_margin(mask)
    assert features.dtype == np.float64
    assert features.shape == (6,)
    assert features[:3].tolist() == [margin.circularity, margin.solidity, margin.convexity]
    assert features[3] == pytest.approx(201 / 401)
    assert features[4] == mask.sum() / 200_000
    assert features[5] == pytest.approx(math.log(mask.sum()))


def test_a_spacing_changes_the_shape_but_not_the_area() -> None:
    mask = ellipse(100, 200)
    one, other = outline_features(mask), outline_features(mask, Spacing(0.1, 0.05, "region 1"))
    assert other[0] == pytest.approx(1, abs=0.01)
    assert other[3] == pytest.approx(2 * one[3])
    assert other[4:].tolist() == one[4:].tolist()


def test_cropped_is_the_box_around_what_is_marked() -> None:
    assert cropped(ellipse(100, 200)).shape == (201, 401)
