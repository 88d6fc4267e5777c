"""COCO's run lengths against what its own tool, pycocotools 2.0.11, writes for the same masks."""

import numpy as np
import pytest

from csamoe_desktop.lesion.files.run_lengths import compressed, counts_of, drawn, runs


def small() -> np.ndarray:
    mask = np.zeros((6, 7), bool)
    mask[1:4, 2:5], mask[3, 5], mask[0, 0] = True, True, True
    return mask


def test_runs_go_down_the_columns_and_begin_with_what_is_not_marked() -> None:
    assert runs(np.array([[0, 1], [0, 1], [1, 0]], bool)) == [2, 3, 1]
    assert runs(np.array([[1, 0]], bool)) == [0, 1, 1]
    assert runs(np.zeros((2, 3), bool)) == [6]


def test_the_text_is_that_of_the_coco_tool() -> None:
    assert compressed(runs(small())) == "01<2G0002N3"
    assert np.array_equal(drawn(counts_of("01<2G0002N3"), (6, 7)), small())


@pytest.mark.parametrize("share", [0.02, 0.5, 0.98])
def test_any_mask_comes_back(share: float) -> None:
    rng = np.random.default_rng(7)
    for shape in ((1, 1), (1, 50), (37, 1), (120, 211)):
        mask = rng.random(shape) < share
        assert np.array_equal(drawn(counts_of(compressed(runs(mask))), shape), mask)
        assert np.array_equal(drawn(counts_of(runs(mask)), shape), mask)


def test_long_runs_take_several_characters() -> None:
    lengths = [100_000, 3, 70_000, 90_000, 1, 5]
    assert counts_of(compressed(lengths)) == lengths


@pytest.mark.parametrize("told", ["01<2G0002N", "01<2G000\u00e4", "P", 7, None, ["a"]])
def test_what_is_damaged_is_not_guessed(told: object) -> None:
    with pytest.raises(ValueError):
        drawn(counts_of(told), (6, 7))


@pytest.mark.parametrize("lengths", [[41], [43], [-1, 43], [[42]], []])
def test_runs_must_fill_the_image(lengths: list[int]) -> None:
    with pytest.raises(ValueError, match="do not fill"):
        drawn(lengths, (6, 7))
