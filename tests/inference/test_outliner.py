"""The outlining border: frame in, logits at each part's own size out, by the same preprocessing as in training."""

import dataclasses
import hashlib
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from csamoe_desktop import paths
from csamoe_desktop.errors import UserError
from csamoe_desktop.inference.bundle import CARD, WEIGHTS, find_bundle
from csamoe_desktop.inference.engine import Device
from csamoe_desktop.inference.outliner import Outliner, load_outliner
from csamoe_desktop.inference.torch_engine import load_predictor
from csamoe_desktop.inference.weights import stored
from csamoe_desktop.lesion.regions import Part
from csamoe_desktop.networks.blocks import parameter_count
from csamoe_desktop.networks.build import build
from csamoe_desktop.networks.cards import Builder, ModelCard, Normalisation, read_card

CPU = Device("cpu", "CPU")


class Grey(nn.Module):
    """Outlines by the grey itself: its logits are ten times the grey less five."""

    def outline(self, views: Tensor) -> Tensor:
        return views[:, 0, :1] * 10 - 5


@pytest.fixture
def card() -> ModelCard:
    shipped = read_card(paths.model_weights() / "csamoe-resnet18" / "card.json")
    return dataclasses.replace(
        shipped,
        name="outlines",
        builder=Builder("unet", {"width": 2}),
        parameters=parameter_count(build(Builder("unet", {"width": 2}))),
        views=("image",),
        input_size=64,
        normalisation=Normalisation((0.0, 0.0, 0.0), (1.0, 1.0, 1.0)),
        classes=("background", "lesion"),
        positive="lesion",
        task="outlining",
    )


def frame() -> np.ndarray:
    pixels = np.zeros((90, 120), np.uint8)
    pixels[30:60, 40:100] = 255
    return pixels


def test_the_whole_frame_comes_back_at_its_own_size(card: ModelCard) -> None:
    (logits,) = Outliner(card, Grey(), CPU).logits(frame())
    assert logits.shape == (90, 120)
    assert logits.dtype == np.float32
    assert ((logits > 0) != (frame() > 0)).mean() < 0.02


def test_each_part_comes_back_at_its_own_size_and_place(card: ModelCard) -> None:
    parts = [Part(30, 40, 60, 100), Part(0, 0, 20, 30), Part(-20, 20, 80, 120)]
    inside, outside, beyond = Outliner(card, Grey(), CPU).logits(frame(), parts)
    assert [one.shape for one in (inside, outside, beyond)] == [(30, 60), (20, 30), (100, 100)]
    assert (inside > 0).all()
    assert (outside < 0).all()
    # What lies beyond the frame is black; the lesion's rows are 20 further down there.
    assert (beyond[:40] < 0).all()
    assert (beyond[55:75, 25:75] > 0).all()


def test_colour_is_outlined_as_its_grey(card: ModelCard) -> None:
    outliner = Outliner(card, Grey(), CPU)
    colour = np.repeat(frame()[..., None], 3, axis=2)
    np.testing.assert_array_equal(outliner.logits(colour)[0], outliner.logits(frame())[0])


@pytest.fixture
def bundle_folder(card: ModelCard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Write an untrained outlining bundle of 8 bits."""
    folder = tmp_path / "model_weights" / card.name
    folder.mkdir(parents=True)
    torch.manual_seed(0)
    save_file(stored(build(card.builder).state_dict(), "int8"), folder / WEIGHTS)
    told = dataclasses.replace(card, sha256=hashlib.sha256((folder / WEIGHTS).read_bytes()).hexdigest())
    (folder / CARD).write_text(told.to_json(), encoding="utf-8")
    monkeypatch.setenv("CSAMOE_MODEL_WEIGHTS", str(folder.parent))
    return folder


def test_a_bundle_of_eight_bits_outlines(bundle_folder: Path) -> None:
    outliner = load_outliner(find_bundle("outlines"), "cpu")
    assert outliner.card.task == "outlining"
    assert outliner.logits(frame())[0].shape == (90, 120)


def test_a_bundle_that_outlines_is_no_reader(bundle_folder: Path) -> None:
    with pytest.raises(UserError, match="only proposes outlines and does not assess lesions"):
        load_predictor(find_bundle("outlines"), "cpu")
