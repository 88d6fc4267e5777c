"""Other contours of a lesion: small, of the same lesion, and none of them the same."""

import numpy as np
import pytest

from csamoe_desktop.lesion.contours import ELLIPSE, ellipse, other_contours


def disc(radius: float, shape: tuple[int, int] = (200, 240), at: tuple[int, int] = (90, 110)) -> np.ndarray:
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    return np.asarray((rows - at[0]) ** 2 + (columns - at[1]) ** 2 <= radius**2)


def star(radius: float) -> np.ndarray:
    rows, columns = np.mgrid[:200, :240]
    angle = np.arctan2(rows - 90, columns - 110)
    return np.asarray(np.hypot(rows - 90, columns - 110) <= radius * (1 + 0.3 * np.cos(9 * angle)))


def overlap(one: np.ndarray, other: np.ndarray) -> float:
    return float(2 * (one & other).sum() / (one.sum() + other.sum()))


def test_each_is_another_contour_of_the_same_lesion() -> None:
    mask = star(40)
    others = other_contours(mask)
    assert len(others) == 11
    for name, other in others.items():
        assert other.shape == mask.shape
        assert 0.75 < overlap(mask, other) < 1, name
    names = list(others)
    assert not any(np.array_equal(others[a], others[b]) for a in names for b in names if a < b)


def test_steps_are_shares_of_the_lesions_size() -> None:
    for radius in (20, 60):
        mask = disc(radius)
        others = other_contours(mask)
        for name, grown in (("closer by 10%", 0.9), ("wider by 10%", 1.1), ("wider by 5%", 1.05)):
            assert others[name].sum() / mask.sum() == pytest.approx(grown**2, rel=0.06), name
        step = round(0.05 * radius)
        assert np.array_equal(others["moved down"], disc(radius, at=(90 + step, 110)))
        assert np.array_equal(others["moved left"], disc(radius, at=(90, 110 - step)))


def test_smoothing_takes_the_roughness_and_leaves_the_area() -> None:
    mask = star(40)
    others = other_contours(mask)

    def roughness(one: np.ndarray) -> int:
        return int((one[1:] != one[:-1]).sum() + (one[:, 1:] != one[:, :-1]).sum())

    assert roughness(mask) > roughness(others["smoothed"]) > roughness(others["smoothed more"])
    for name in ("smoothed", "smoothed more", ELLIPSE):
        assert others[name].sum() == pytest.approx(mask.sum(), rel=0.02), name


def test_a_lesion_at_the_edge_is_not_drawn_closer_from_the_edge() -> None:
    mask = np.zeros((100, 100), bool)
    mask[:40, 30:70] = True
    closer = other_contours(mask)["closer by 10%"]
    assert closer[0, 50]
    assert not closer[39, 50]


@pytest.mark.parametrize("pixels", [[(5, 5)], [(0, 0)], [(5, 5), (5, 6)]])
def test_a_lesion_of_few_pixels_loses_what_is_gone_or_the_same(pixels: list[tuple[int, int]]) -> None:
    mask = np.zeros((12, 12), bool)
    for row, column in pixels:
        mask[row, column] = True
    others = other_contours(mask)
    assert "wider by 5%" in others
    assert not any(name.startswith("closer") for name in others)
    assert all(other.any() and not np.array_equal(other, mask) for other in others.values())


def test_the_ellipse_is_the_one_models_are_evaluated_on() -> None:
    from csamoe_desktop.datasets.other_outlines import ellipse as evaluated

    for mask in (star(40), disc(7), star(3)):
        assert np.array_equal(ellipse(mask), evaluated(mask))
