"""The reading as a whole: category by the thresholds, regions, warnings, refusals, and what is printed of it."""

import json

import numpy as np
import pytest

from csamoe_desktop.assessment import Category, assess, categorise
from csamoe_desktop.errors import UserError
from csamoe_desktop.inference.bundle import find_bundle
from csamoe_desktop.inference.torch_engine import TorchPredictor, load_predictor
from csamoe_desktop.networks.cards import Thresholds
from csamoe_desktop.study.model import Frame


@pytest.fixture(scope="module")
def predictor() -> TorchPredictor:
    return load_predictor(find_bundle("csamoe-resnet18"), "cpu")


def a_frame(rows: int = 300, columns: int = 400) -> Frame:
    pixels = np.random.default_rng(0).integers(0, 255, (rows, columns), np.uint8)
    return Frame(pixels, 0, None)


def a_mask(rows: int = 300, columns: int = 400) -> np.ndarray:
    mask = np.zeros((rows, columns), bool)
    mask[100:200, 120:260] = True
    return mask


@pytest.mark.parametrize(
    ("probability", "category"),
    [
        (0.0, Category.LIKELY_BENIGN),
        (0.199, Category.LIKELY_BENIGN),
        (0.2, Category.INDETERMINATE),
        (0.699, Category.INDETERMINATE),
        (0.7, Category.SUSPICIOUS),
        (1.0, Category.SUSPICIOUS),
    ],
)
def test_the_category_is_by_the_thresholds(probability: float, category: Category) -> None:
    assert categorise(probability, Thresholds(0.2, 0.7)) is category


def test_the_whole_reading_can_be_printed(predictor: TorchPredictor) -> None:
    told = json.loads(json.dumps(assess(a_frame(), a_mask(), predictor).to_dict()))
    assert 0 <= told["probability"] <= 1
    assert len(told["logits"]) == 2
    assert set(told["gates"]) == {"image", "core", "boundary"} == set(told["stage_attention"])
    assert sum(told["gates"].values()) == pytest.approx(1, abs=1e-5)
    assert told["regions"] == {
        "erosions": 5,
        "dilations": 5,
        # At 224x224 the mask's 100 of 300 rows are 74, its 140 of 400 columns 79, by nearest neighbour.
        "core_px": (74 - 10) * (79 - 10),
        "boundary_px": (74 + 10) * (79 + 10) - 74 * 79,
    }
    assert told["model"].startswith("csamoe-resnet18 ")
    assert told["device"].startswith("CPU")
    assert told["warnings"] == []


def test_colour_reads_as_its_grey(predictor: TorchPredictor) -> None:
    frame = a_frame()
    coloured = Frame(np.repeat(frame.pixels[:, :, None], 3, axis=2), 0, None)
    assert assess(coloured, a_mask(), predictor).prediction == assess(frame, a_mask(), predictor).prediction


def test_what_departs_from_the_paper_is_warned_of(predictor: TorchPredictor) -> None:
    mask = np.zeros((224, 224), bool)
    mask[0:5, 10:15] = True
    mask[100:105, 100:105] = True
    said = " ".join(assess(a_frame(224, 224), mask, predictor).warnings)
    assert "eroded" in said
    assert "touches the edge" in said
    assert "2 separate pieces" in said


def test_an_empty_mask_is_refused(predictor: TorchPredictor) -> None:
    with pytest.raises(UserError, match="the mask is empty"):
        assess(a_frame(), np.zeros((300, 400), bool), predictor)


def test_a_mask_of_another_size_is_refused_with_both_sizes(predictor: TorchPredictor) -> None:
    with pytest.raises(UserError, match="40 x 30 pixels, the image 400 x 300"):
        assess(a_frame(), np.ones((30, 40), bool), predictor)
