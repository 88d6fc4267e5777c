"""The reading as a whole: category by the thresholds, regions, warnings, refusals, and what is printed of it."""

import dataclasses
import json

import numpy as np
import pytest

from csamoe_desktop.assess import AIResult, Category, ContourRange, Withheld, assess, categorise, look_closer
from csamoe_desktop.errors import UserError
from csamoe_desktop.inference.bundle import find_bundle
from csamoe_desktop.inference.engine import Device
from csamoe_desktop.inference.torch_engine import TorchPredictor, load_predictor
from csamoe_desktop.lesion.contours import other_contours
from csamoe_desktop.lesion.regions import make_regions
from csamoe_desktop.networks.cards import Builder, ModelCard, Thresholds
from csamoe_desktop.networks.resnet18 import ResNet18
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


class _NeverAsked:
    """A predictor that may not be asked."""

    def __init__(self, card: ModelCard) -> None:
        self.card = card


def test_what_the_guard_forbids_is_not_read(predictor: TorchPredictor) -> None:
    photograph = Frame(np.full((300, 400, 3), (200, 90, 40), np.uint8), 0, None)
    with pytest.raises(Withheld, match="The image is in colour.*The image has no speckle"):
        assess(photograph, a_mask(), _NeverAsked(predictor.card))  # type: ignore[arg-type]


def test_what_the_guard_cautions_of_is_among_the_warnings(predictor: TorchPredictor) -> None:
    mask = a_mask()
    mask[100:200, :260] = True
    warnings = assess(a_frame(), mask, predictor).warnings
    assert "The lesion touches the edge of the image; the part beyond the edge was not assessed." in warnings


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
    assert told["nearest"]["count"] == 20
    # It is noise, and the training images were not.
    (warning,) = told["warnings"]
    assert warning.startswith("The image is unlike the images the model was trained on: ")


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


# -- the closer look


@pytest.fixture(scope="module")
def closer(predictor: TorchPredictor) -> AIResult:
    return look_closer(a_frame(), a_mask(), predictor, assess(a_frame(), a_mask(), predictor))


def test_the_closer_look_leaves_the_reading_as_it_was(predictor: TorchPredictor, closer: AIResult) -> None:
    first = assess(a_frame(), a_mask(), predictor)
    assert (first.looked_closer, first.explanation, first.contour) == (False, None, None)
    assert closer.looked_closer
    assert (closer.prediction, closer.category) == (first.prediction, first.category)


def test_each_other_contour_is_read_as_if_it_had_been_drawn(predictor: TorchPredictor, closer: AIResult) -> None:
    contour = closer.contour
    assert contour is not None
    others = other_contours(a_mask())
    assert list(contour.others) == list(others)
    for name in ("wider by 10%", "moved left", "ellipse"):
        alone = assess(a_frame(), others[name], predictor).prediction.probability
        assert contour.others[name] == pytest.approx(alone, abs=1e-4), name


def test_the_range_holds_the_drawn_one_too() -> None:
    contour = ContourRange(0.9, {"smoothed": 0.2, "ellipse": 0.4})
    assert (contour.low, contour.median, contour.high, contour.ellipse) == (0.2, 0.4, 0.9, 0.4)
    assert ContourRange(0.9, {"smoothed": 0.95}).low == 0.9


def test_a_model_of_a_part_reads_all_contours_in_the_drawn_ones_part(predictor: TorchPredictor) -> None:
    partial = TorchPredictor(dataclasses.replace(predictor.card, field=2.0), predictor._network, predictor.device)
    frame, mask = a_frame(), a_mask()
    read = look_closer(frame, mask, partial, assess(frame, mask, partial))
    assert read.contour is not None
    wider = other_contours(mask)["wider by 10%"]
    same = make_regions(frame.pixels, wider, 224, field=2.0, part=read.regions.part)
    moved = make_regions(frame.pixels, wider, 224, field=2.0)
    assert moved.part != same.part == read.regions.part
    expected = partial.predict([same])[0].probability
    assert read.contour.others["wider by 10%"] == pytest.approx(expected, abs=1e-4)


def test_a_closer_look_can_be_stopped_between_contours(predictor: TorchPredictor) -> None:
    class Enough(Exception):
        pass

    shares: list[float] = []

    def progress(share: float) -> None:
        shares.append(share)
        if len(shares) == 2:
            raise Enough

    first = assess(a_frame(), a_mask(), predictor)
    with pytest.raises(Enough):
        look_closer(a_frame(), a_mask(), predictor, first, progress)
    assert 0 < shares[0] < shares[1] < 1


def test_all_of_it_can_be_printed(closer: AIResult) -> None:
    told = json.loads(json.dumps(closer.to_dict(), allow_nan=False))
    assert set(told["explanation"]["left_out"]) == {"image", "core", "boundary"} == set(told["explanation"]["alone"])
    assert np.shape(told["explanation"]["attention"]["core"]) == (7, 7)
    assert told["contour"]["low"] <= told["contour"]["median"] <= told["contour"]["high"]
    assert "ellipse" in told["contour"]["others"]


def test_a_model_of_the_whole_image_needs_no_outline_and_has_no_contour(predictor: TorchPredictor) -> None:
    card = dataclasses.replace(predictor.card, views=("image",), field=None, builder=Builder("resnet18"))
    whole = TorchPredictor(card, ResNet18(), Device("cpu", "CPU"))
    frame = a_frame()
    unmarked = assess(frame, None, whole)
    assert assess(frame, np.zeros((300, 400), bool), whole).prediction == unmarked.prediction
    assert assess(frame, a_mask(), whole).prediction == unmarked.prediction, "the outline is not looked at"
    assert unmarked.warnings == ()
    read = look_closer(frame, a_mask(), whole, unmarked)
    assert read.contour is None
    assert read.explanation is not None
    assert read.explanation.left_out == {}
    with pytest.raises(UserError, match="mask is empty"):
        assess(frame, None, TorchPredictor(predictor.card, predictor._network, predictor.device))
