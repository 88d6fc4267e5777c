"""The input guard: each rule speaks where it should, and is silent on an image as the models know it."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from csamoe_desktop.inference.guard import Finding, Level, caliper_count, colour_share, inspect, smooth_share, withheld
from csamoe_desktop.study.phantom import Phantom, make_phantom

Gray = NDArray[np.uint8]


@pytest.fixture(scope="module", params=["smooth", "spiculated"])
def phantom(request: pytest.FixtureRequest) -> Phantom:
    """A made B-mode image with its lesion; not to be changed."""
    return make_phantom(request.param)


def in_colour(pixels: Gray) -> Gray:
    return np.repeat(pixels[..., None], 3, 2)


def said(pixels: Gray, mask: NDArray[np.bool_] | None = None) -> dict[str, Level]:
    return {one.rule: one.level for one in inspect(pixels, mask)}


def middle(mask: NDArray[np.bool_]) -> tuple[int, int]:
    rows, columns = np.nonzero(mask)
    return round(rows.mean()), round(columns.mean())


def test_nothing_is_said_of_a_b_mode_image_grey_or_stored_in_colour(phantom: Phantom) -> None:
    assert inspect(phantom.pixels, phantom.mask) == ()
    assert inspect(in_colour(phantom.pixels), phantom.mask) == ()
    assert inspect(phantom.pixels) == ()


def test_colour_on_the_lesion_withholds_and_elsewhere_cautions(phantom: Phantom) -> None:
    row, column = middle(phantom.mask)
    doppler = in_colour(phantom.pixels)
    cv2.circle(doppler, (column, row), 30, (220, 30, 30), -1)
    assert said(doppler, phantom.mask) == {"colour": Level.WITHHOLD}
    assert said(doppler) == {"colour": Level.CAUTION}, "nothing is marked: it may be a logo"
    logo = in_colour(phantom.pixels)
    logo[:40, :60] = (30, 60, 220)
    assert colour_share(logo) == pytest.approx(40 * 60 / phantom.mask.size)
    assert said(logo, phantom.mask) == {"colour": Level.CAUTION}


def test_an_image_all_in_colour_is_withheld(phantom: Phantom) -> None:
    overlaid = np.stack([phantom.pixels // 2 + 120, phantom.pixels // 4, phantom.pixels // 4], 2)
    assert said(overlaid)["colour"] is Level.WITHHOLD


def test_an_image_without_speckle_is_withheld(phantom: Phantom) -> None:
    smooth = cv2.GaussianBlur(np.full((300, 400), 120, np.uint8), (0, 0), 3)
    assert smooth_share(smooth) > 0.9
    assert withheld(inspect(smooth))
    assert smooth_share(phantom.pixels) < 0.42
    # In between it is said only: half of it is speckle, half is not.
    half = phantom.pixels.copy()
    half[:, 300:] = 120
    assert 0.42 < smooth_share(half) < 0.56
    assert said(half) == {"texture": Level.CAUTION}


def test_a_black_image_is_no_ultrasound() -> None:
    assert said(np.zeros((100, 100), np.uint8)) == {"texture": Level.WITHHOLD}


def test_two_images_side_by_side_are_said(phantom: Phantom) -> None:
    seam = np.zeros((phantom.pixels.shape[0], 12), np.uint8)
    assert said(np.hstack([phantom.pixels, seam, phantom.pixels])) == {"split screen": Level.CAUTION}
    # A dark margin is none.
    assert said(np.hstack([phantom.pixels, np.zeros_like(phantom.pixels)[:, :90]])) == {}


def test_calipers_on_the_lesion_are_said_and_those_far_from_it_are_not(phantom: Phantom) -> None:
    rows, columns = np.nonzero(phantom.mask)
    at = int(rows.mean())
    burnt = phantom.pixels.copy()
    for column in (int(columns.min()), int(columns.max())):
        cv2.drawMarker(burnt, (column, at), 255, cv2.MARKER_CROSS, 15, 2)
    assert caliper_count(burnt, phantom.mask) >= 2
    assert said(burnt, phantom.mask) == {"calipers": Level.CAUTION}
    corner = np.zeros_like(phantom.mask)
    corner[-60:-20, 20:60] = True
    assert "calipers" not in said(burnt, corner)
    assert "calipers" not in said(burnt), "where no lesion is marked there is none to lie on"


def test_a_lesion_cut_by_the_edge_of_image_or_sector_is_said(phantom: Phantom) -> None:
    mask = np.zeros_like(phantom.mask)
    mask[200:280, :60] = True
    assert said(phantom.pixels, mask) == {"cut": Level.CAUTION}
    sector = phantom.pixels.copy()
    sector[:, :100] = 0
    mask = np.zeros_like(phantom.mask)
    mask[200:280, 100:160] = True
    assert said(sector, mask) == {"cut": Level.CAUTION}
    # A black shadow below it is no edge.
    shadow = phantom.pixels.copy()
    shadow[280:, 200:300] = 0
    mask = np.zeros_like(phantom.mask)
    mask[200:280, 210:290] = True
    assert said(shadow, mask) == {}


def test_a_lesion_smaller_than_any_measured_is_said(phantom: Phantom) -> None:
    mask = np.zeros_like(phantom.mask)
    mask[100:110, 100:110] = True
    assert said(phantom.pixels, mask) == {"small": Level.CAUTION}


def test_cautions_withhold_nothing() -> None:
    assert not withheld((Finding("small", Level.CAUTION, "."),))
    assert withheld((Finding("small", Level.CAUTION, "."), Finding("colour", Level.WITHHOLD, ".")))
