"""The regions against cases computed by hand, and what the paper does not say."""

import numpy as np
import pytest
from numpy.typing import NDArray

from csamoe_desktop.errors import UserError
from csamoe_desktop.lesion.regions import find_part, fit_image, make_regions, on_frame, whole_image

MASK = """
    .........
    .........
    ..#####..
    ..#####..
    ..#####..
    ..###....
    ..###....
    .........
    .........
"""
CORE = """
    .........
    .........
    .........
    ...###...
    ...#.....
    ...#.....
    .........
    .........
    .........
"""
BOUNDARY = """
    .........
    .#######.
    .#.....#.
    .#.....#.
    .#.....#.
    .#...###.
    .#...#...
    .#####...
    .........
"""
BOUNDARY_OF_TWO = """
    #########
    #########
    ##.....##
    ##.....##
    ##.....##
    ##...####
    ##...####
    #######..
    #######..
"""


def pixels(drawing: str) -> NDArray[np.bool_]:
    return np.array([[mark == "#" for mark in row.strip()] for row in drawing.strip().splitlines()])


def frame(rows: int, columns: int) -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(1, 256, (rows, columns), dtype=np.uint8)


def test_one_step_on_nine_pixels_by_hand() -> None:
    image = frame(9, 9)
    regions = make_regions(image, pixels(MASK), size=9, steps=1)
    assert np.array_equal(regions.lesion, pixels(MASK))
    assert np.array_equal(regions.core, pixels(CORE))
    assert np.array_equal(regions.boundary, pixels(BOUNDARY))
    assert (regions.erosions, regions.dilations, regions.components) == (1, 1, 1)
    assert not regions.touches_edge
    assert np.array_equal(regions.image, image)
    assert np.array_equal(regions.views(), [image, image * pixels(CORE), image * pixels(BOUNDARY)])


def test_a_core_that_would_vanish_is_eroded_as_often_as_leaves_one() -> None:
    regions = make_regions(frame(9, 9), pixels(MASK), size=9, steps=2)
    assert np.array_equal(regions.core, pixels(CORE))
    assert np.array_equal(regions.boundary, pixels(BOUNDARY_OF_TWO))
    assert (regions.erosions, regions.dilations) == (1, 2)
    assert any("eroded 1 times instead of 5" in warning for warning in regions.warnings())


def test_a_single_pixel_is_its_own_core() -> None:
    mask = np.zeros((224, 224), bool)
    mask[100, 50] = True
    regions = make_regions(frame(224, 224), mask)
    assert regions.erosions == 0
    assert np.array_equal(regions.core, mask)
    assert regions.boundary.sum() == 11 * 11 - 1


@pytest.mark.parametrize(("rows", "columns"), [(1, 1), (2, 3)])
def test_a_rectangle_at_the_papers_size_by_hand(rows: int, columns: int) -> None:
    # 60 x 100 pixels of the network's 224 x 224, also from a frame two and three times as large:
    # five erosions leave 50 x 90, five dilations make 70 x 110.
    mask = np.zeros((224 * rows, 224 * columns), bool)
    mask[60 * rows : 120 * rows, 80 * columns : 180 * columns] = True
    regions = make_regions(frame(*mask.shape), mask)
    assert regions.lesion.sum() == 60 * 100
    assert regions.core.sum() == 50 * 90
    assert regions.core[65:115, 85:175].all()
    assert regions.boundary.sum() == 70 * 110 - 60 * 100
    assert (regions.erosions, regions.dilations) == (5, 5)
    assert regions.part == (0, 0, *mask.shape)
    assert regions.warnings() == []


def test_the_edge_of_the_image_is_no_margin_of_the_lesion() -> None:
    mask = np.zeros((9, 9), bool)
    mask[3:6, 0:3] = True
    regions = make_regions(frame(9, 9), mask, size=9, steps=1)
    core = np.zeros((9, 9), bool)
    core[4, 0:2] = True
    assert np.array_equal(regions.core, core)
    boundary = np.zeros((9, 9), bool)
    boundary[2:7, 0:4] = True
    assert np.array_equal(regions.boundary, boundary & ~mask)
    assert regions.touches_edge


def test_several_pieces_are_read_as_one_lesion() -> None:
    mask = np.zeros((12, 12), bool)
    mask[1:4, 1:4] = True
    mask[4, 4] = True  # touches the first by its corner: the same piece
    mask[1:4, 7:10] = True
    mask[9, 9] = True
    regions = make_regions(frame(12, 12), mask, size=12, steps=1)
    assert regions.components == 3
    core = np.zeros((12, 12), bool)
    core[2, 2] = core[2, 8] = True
    assert np.array_equal(regions.core, core)
    assert regions.boundary[8:11, 8:11].sum() == 8
    assert any("3 separate pieces" in warning for warning in regions.warnings())


def test_an_empty_mask_is_refused() -> None:
    with pytest.raises(UserError, match="mask is empty") as refusal:
        make_regions(frame(20, 30), np.zeros((20, 30), bool))
    assert refusal.value.hint


def test_a_mask_of_another_size_is_refused_with_both_sizes() -> None:
    with pytest.raises(UserError, match="10 x 20 pixels, the image 30 x 20"):
        make_regions(frame(20, 30), np.ones((20, 10), bool))


def test_a_mask_that_vanishes_at_the_networks_size_is_refused() -> None:
    mask = np.zeros((2240, 2240), bool)
    mask[0, 0] = True
    with pytest.raises(UserError, match="too small"):
        make_regions(frame(2240, 2240), mask)


def test_colour_is_read_as_grey() -> None:
    colour = np.zeros((9, 9, 3), np.uint8)
    colour[..., 1] = 200
    regions = make_regions(colour, pixels(MASK), size=9, steps=1)
    assert (regions.image == 117).all()  # 0.587 * 200
    assert regions.part == (0, 0, 9, 9)


def test_a_region_is_mapped_back_pixel_by_pixel() -> None:
    region = pixels("#..\n.#.\n.##")
    assert np.array_equal(on_frame(region, (3, 3)), region)
    assert np.array_equal(on_frame(region, (6, 9)), np.kron(region, np.ones((2, 3), bool)))
    # The centres of five frame pixels lie at 0.2, 0.6, 1.0, 1.4 and 1.8 of two.
    assert np.array_equal(on_frame(pixels("#."), (1, 5)), pixels("##..."))


def test_what_is_mapped_back_and_read_again_is_the_same() -> None:
    mask = np.zeros((500, 777), bool)
    mask[120:380, 200:610] = True
    regions = make_regions(frame(*mask.shape), mask)
    again = make_regions(frame(*mask.shape), on_frame(regions.core, mask.shape))
    assert np.array_equal(again.lesion, regions.core)


def test_a_model_may_read_the_square_around_the_lesion() -> None:
    # The lesion is 4 x 6, so twice its longer side are 12 pixels around its middle: nothing is resized at size 12.
    image, mask = frame(20, 30), np.zeros((20, 30), bool)
    mask[8:12, 10:16] = True
    regions = make_regions(image, mask, size=12, steps=1, field=2.0)
    assert regions.part == (4, 7, 16, 19)
    assert np.array_equal(regions.image, image[4:16, 7:19])
    assert np.array_equal(regions.lesion, mask[4:16, 7:19])
    core = np.zeros((20, 30), bool)
    core[9:11, 11:15] = True
    assert np.array_equal(on_frame(regions.core, (20, 30), regions.part), core)
    boundary = np.zeros((20, 30), bool)
    boundary[7:13, 9:17] = True
    assert np.array_equal(on_frame(regions.boundary, (20, 30), regions.part), boundary & ~mask)


def test_the_square_around_a_lesion_at_the_edge_is_moved_inside_the_frame() -> None:
    image, mask = frame(20, 30), np.zeros((20, 30), bool)
    mask[0:4, 24:30] = True
    regions = make_regions(image, mask, size=12, field=2.0)
    assert regions.part == (0, 18, 12, 30)
    assert np.array_equal(regions.image, image[0:12, 18:30])
    assert regions.touches_edge


def test_a_square_larger_than_the_frame_is_black_beyond_it() -> None:
    image, mask = frame(20, 30), np.zeros((20, 30), bool)
    mask[8:12, 10:16] = True
    regions = make_regions(image, mask, size=24, field=4.0)
    assert regions.part == (-2, 1, 22, 25)
    assert not regions.image[:2].any()
    assert not regions.image[22:].any()
    assert np.array_equal(regions.image[2:22], image[:, 1:25])
    assert np.array_equal(on_frame(regions.lesion, (20, 30), regions.part), mask)


def test_the_edge_of_the_square_is_not_the_edge_of_the_image() -> None:
    mask = np.zeros((20, 30), bool)
    mask[8:12, 10:16] = True
    assert not make_regions(frame(20, 30), mask, size=12, field=1.0).touches_edge


def test_an_unmarked_frame_is_its_whole_image_without_a_lesion() -> None:
    image = frame(300, 500)
    regions = whole_image(image)
    marked = np.zeros((300, 500), bool)
    marked[100:200, 100:300] = True
    assert np.array_equal(regions.image, make_regions(image, marked).image)
    assert regions.part == (0, 0, 300, 500)
    for empty in (regions.lesion, regions.core, regions.boundary):
        assert (empty.shape, empty.dtype, empty.any()) == ((224, 224), bool, False)
    assert np.array_equal(regions.views()[0], regions.image)
    assert not regions.views()[1:].any()
    assert regions.warnings() == []
    assert not regions.touches_edge


def test_the_whole_image_of_a_colour_frame_is_its_grey() -> None:
    image = frame(30, 40)
    assert np.array_equal(whole_image(np.repeat(image[..., None], 3, axis=2), 32).image, whole_image(image, 32).image)


def test_a_part_of_a_frame_is_fitted_as_its_regions_are() -> None:
    image, mask = frame(100, 140), np.zeros((100, 140), bool)
    mask[40:60, 60:100] = True
    part = find_part(mask, 3.0)
    assert part == (-10, 20, 110, 140)
    assert np.array_equal(fit_image(image, part, 48), make_regions(image, mask, 48, field=3.0).image)
