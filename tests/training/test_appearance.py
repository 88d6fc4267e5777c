"""Borrowed looks: grey levels of another image on this one's anatomy, black staying black."""

import numpy as np
import pytest

from csamoe_desktop.training.appearance import borrow, match_levels, match_slow_brightness


@pytest.fixture
def draw() -> np.random.Generator:
    return np.random.default_rng(7)


def test_matched_levels_have_the_other_images_distribution(draw: np.random.Generator) -> None:
    dark = draw.integers(1, 100, (60, 80), np.uint8)
    bright = draw.integers(120, 250, (50, 70), np.uint8)
    matched = match_levels(dark, bright)
    wanted = np.percentile(bright, [5, 50, 95])
    assert np.abs(np.percentile(matched, [5, 50, 95]) - wanted).max() <= 3


def test_matched_levels_keep_their_order(draw: np.random.Generator) -> None:
    pixels = draw.integers(1, 256, (40, 40), np.uint8)
    matched = match_levels(pixels, draw.integers(1, 256, (40, 40), np.uint8)).astype(int)
    order = np.argsort(pixels, axis=None)
    assert (np.diff(matched.ravel()[order]) >= 0).all()


def test_an_image_of_nothing_but_black_lends_nothing(draw: np.random.Generator) -> None:
    pixels = draw.integers(1, 256, (40, 40), np.uint8)
    assert (match_levels(pixels, np.zeros((10, 10), np.uint8)) == pixels).all()


def test_slow_brightness_is_the_others_and_the_detail_stays(draw: np.random.Generator) -> None:
    detail = draw.integers(0, 20, (64, 64)).astype(np.uint8)
    pixels = np.uint8(60) + detail
    brighter = np.full((64, 64), 160, np.uint8)
    changed = match_slow_brightness(pixels, brighter, draw).astype(float)
    assert abs(changed.mean() - 160) < 3
    assert np.corrcoef(changed.ravel(), detail.ravel())[0, 1] > 0.95


def test_black_stays_black_and_the_same_draw_gives_the_same_picture(draw: np.random.Generator) -> None:
    pixels = draw.integers(0, 256, (50, 60), np.uint8)
    pixels[:, :10] = 0
    other = draw.integers(0, 256, (30, 90), np.uint8)
    for seed in range(6):
        first, again = (borrow(pixels, other, np.random.default_rng(seed)) for _ in range(2))
        assert (first == again).all()
        assert (first[pixels == 0] == 0).all()
        assert first.dtype == np.uint8
        assert (first != pixels).any()
