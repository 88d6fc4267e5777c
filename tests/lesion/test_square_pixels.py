"""Where a pixel is higher than wide, or wider than high, all that goes by distance is round, square or straight in the tissue."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from csamoe_desktop.lesion.calipers import Caliper
from csamoe_desktop.lesion.contours import other_contours
from csamoe_desktop.lesion.corrections import smooth
from csamoe_desktop.lesion.grabcut import outline_in_box
from csamoe_desktop.lesion.livewire import Livewire
from csamoe_desktop.lesion.margin import describe_margin
from csamoe_desktop.lesion.measure import measure
from csamoe_desktop.lesion.propose import propose_at, propose_in
from csamoe_desktop.lesion.regions import Part, find_part, make_regions, squared, unsquared
from csamoe_desktop.lesion.smart_brush import smart_brush, tone_at
from csamoe_desktop.lesion.tools import Box, brush
from csamoe_desktop.reader.assessment import propose
from csamoe_desktop.study.scale import Scale, Spacing, pixels_only

ASPECTS = [2.0, 0.5, 1.5]


def disc(aspect: float, radius: float = 60.0, side: int = 240) -> NDArray[np.bool_]:
    """A disc in the middle of a square of tissue, on pixels so high for their width."""
    shape = (round(side / aspect), side) if aspect > 1 else (side, round(side * aspect))
    y, x = np.mgrid[: shape[0], : shape[1]] + 0.5
    down, across = (y / shape[0] - 0.5) * side, (x / shape[1] - 0.5) * side
    return np.asarray(down**2 + across**2 < radius**2)


def scan(aspect: float) -> NDArray[np.uint8]:
    """A dark disc in speckle, on pixels so high for their width."""
    grey = np.random.default_rng(5).normal(130, 12, (240, 240))
    grey[disc(1.0)] -= 90
    shape = disc(aspect).shape
    return np.asarray(cv2.resize(np.clip(grey, 0, 255).astype(np.uint8), shape[::-1], interpolation=cv2.INTER_AREA))


@pytest.mark.parametrize("aspect", ASPECTS)
def test_a_disc_measures_the_same_whatever_its_pixels(aspect: float) -> None:
    scale = Scale(Spacing(0.1 * max(aspect, 1), 0.1 * max(1 / aspect, 1), "region 1"))
    square, other = measure(disc(1.0), Spacing(0.1, 0.1, "region 1")), measure(disc(aspect), scale)
    assert other.area == pytest.approx(square.area, rel=0.01)
    assert other.longest == pytest.approx(square.longest, rel=0.03)
    assert other.height_to_width == pytest.approx(1, abs=0.03)
    round_ones = [describe_margin(disc(1.0)).circularity, describe_margin(disc(aspect), scale).circularity]
    assert round_ones[1] == pytest.approx(round_ones[0], abs=0.03)


def test_without_millimetres_orientation_goes_by_the_aspect_ratio() -> None:
    mask = np.zeros((240, 320), bool)
    mask[80:160, 110:210] = True
    size = measure(mask, Scale(pixels_only(aspect=2.0)))
    assert (size.unit, size.height, size.width) == ("px", 160, 100)
    assert "taller than wide (height / width 1.60, pixels 2 times as high as wide)" in size.height_words()
    proposed = propose(mask, Scale(pixels_only(aspect=2.0)))
    assert proposed is not None and proposed.terms["orientation"] == "not_parallel"
    assert measure(mask, None).height_to_width == 0.8
    assert Caliper((0.0, 0.0), (30.0, 80.0)).words(Scale(pixels_only(aspect=2.0))) == "100 px"


@pytest.mark.parametrize("aspect", ASPECTS)
def test_the_part_that_is_read_is_square_in_the_tissue(aspect: float) -> None:
    part = find_part(disc(aspect, 30.0), 2.2, aspect)
    assert (part.bottom - part.top) * aspect == pytest.approx(part.right - part.left, rel=0.02)
    whole = find_part(disc(aspect), None, aspect)
    assert whole == (0, 0, *disc(aspect).shape)
    seen, square = (make_regions(scan(one), disc(one), field=1.6, aspect=one) for one in (aspect, 1.0))
    for name in ("lesion", "core", "boundary"):
        one, other = getattr(seen, name), getattr(square, name)
        assert (one & other).sum() / (one | other).sum() > 0.85, name


@pytest.mark.parametrize("aspect", ASPECTS)
def test_other_contours_step_as_far_down_as_across(aspect: float) -> None:
    found = other_contours(disc(aspect), aspect)
    for name in ("closer by 10%", "wider by 10%", "moved down", "ellipse"):
        shape = (240, 240)
        drawn, alike = unsquared(squared(found[name], aspect), shape), other_contours(disc(1.0))[name]
        assert (drawn & alike).sum() / (drawn | alike).sum() > 0.95, name


def test_square_pixels_are_left_alone() -> None:
    mask, pixels = disc(1.0), scan(1.0)
    assert squared(mask, 1.0) is mask and squared(pixels, 1.0) is pixels
    assert find_part(mask, 2.2) == find_part(mask, 2.2, 1.0)
    assert squared(np.zeros((10, 20, 3), np.uint8), 2.0).shape == (20, 20, 3)
    assert squared(mask[:10, :20], 0.5).shape == (10, 40)


@pytest.mark.parametrize("aspect", ASPECTS)
def test_a_brush_is_round_in_the_tissue(aspect: float) -> None:
    box, covered = brush((400, 400), (200.5, 200.5), (200.5, 200.5), 40, aspect)
    assert (box.bottom - box.top) * aspect == pytest.approx(box.right - box.left, rel=0.05)
    assert covered.sum() * aspect == pytest.approx(np.pi * 39.5**2, rel=0.03)
    assert brush((400, 400), (200.5, 200.5), (200.5, 200.5), 1, aspect)[1].any()


@pytest.mark.parametrize("aspect", ASPECTS)
def test_the_smart_brush_takes_the_disc(aspect: float) -> None:
    pixels, mask = scan(aspect), disc(aspect)
    at = (pixels.shape[0] / 2, pixels.shape[1] / 2)
    radius = 90 if aspect >= 1 else 45
    box, taken = smart_brush(pixels, tone_at(pixels, at, radius, aspect), at, at, radius, aspect)
    drawn = np.zeros(mask.shape, bool)
    drawn[box.slices] = taken
    assert (drawn & mask).sum() / (drawn | mask).sum() > 0.8


@pytest.mark.parametrize("aspect", ASPECTS)
def test_a_box_and_the_livewire_find_the_disc(aspect: float) -> None:
    pixels, mask = scan(aspect), disc(aspect)
    rows, columns = mask.shape
    box = Box(rows // 6, columns // 6, rows - rows // 6, columns - columns // 6)
    found = outline_in_box(pixels, box, aspect)
    # GrabCut draws this disc's edge a little wide, with square pixels too (0.88).
    assert (found & mask).sum() / (found | mask).sum() > 0.85
    wire = Livewire(pixels, aspect)
    wire.start((rows * 0.25, columns * 0.5))
    places = np.array(wire.path((rows * 0.5, columns * 0.75)))
    away = np.hypot((places[:, 0] / rows - 0.5) * 240, (places[:, 1] / columns - 0.5) * 240)
    assert np.abs(away - 60).max() < 12


def test_smoothing_reaches_as_far_down_as_across() -> None:
    corner = np.zeros((80, 160), bool)
    corner[30:50, 50:110] = True
    tall = smooth(corner, radius=8.0, aspect=2.0)
    wide = smooth(squared(corner, 2.0), radius=8.0)
    assert (squared(tall, 2.0) ^ wide).sum() < 0.03 * wide.sum()


class Asked:
    """A finder that notes where it looks, and finds all of it."""

    def __init__(self) -> None:
        self.parts: list[Part] = []

    def logits(self, pixels: NDArray[np.uint8], parts: list[Part] | None = None) -> list[NDArray[np.float32]]:
        asked = parts if parts is not None else [Part(0, 0, *pixels.shape[:2])]
        self.parts += asked
        return [np.full((one.bottom - one.top, one.right - one.left), 3.0, np.float32) for one in asked]


def test_a_second_look_is_square_in_the_tissue() -> None:
    pixels, finder = scan(2.0), Asked()
    propose_in(pixels, (40, 80, 60, 120), finder, 2.0)
    propose_at(pixels, 60, 120, finder, 2.0)
    looks = [one for one in finder.parts if one != (0, 0, *pixels.shape)]
    assert looks
    for one in looks:
        assert (one.bottom - one.top) * 2 == pytest.approx(one.right - one.left, abs=2)
