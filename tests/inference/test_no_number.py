"""A reading is a finite number or there is none: damaged weights, cards, cases and engines end in a sentence."""

import builtins
import dataclasses
import hashlib
import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from csamoe_desktop import paths
from csamoe_desktop.assess import assess
from csamoe_desktop.errors import UserError
from csamoe_desktop.inference.bundle import bundles, bundles_and_left_out, check_weights, find_bundle
from csamoe_desktop.inference.cases import CASES, read_cases, write_cases
from csamoe_desktop.inference.loading import load_outliner, load_predictor
from csamoe_desktop.inference.predictor import Prediction, calibrated, checked
from csamoe_desktop.inference.torch_engine import TorchPredictor
from csamoe_desktop.study.model import Frame

NAME = "csamoe-resnet18"


@pytest.fixture
def frame() -> Frame:
    return Frame(np.random.default_rng(0).integers(20, 200, (120, 160), np.uint8), 0, None)


@pytest.fixture
def mask(frame: Frame) -> Any:
    made = np.zeros(frame.shape, bool)
    made[40:80, 50:110] = True
    return made


@pytest.fixture
def light(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a bundle's folder whose card is sound and whose weights, of a few bytes, have the card's hash: for what is
    decided before the weights are loaded."""
    folder = tmp_path / "model_weights" / NAME
    folder.mkdir(parents=True)
    shutil.copy(paths.model_weights() / NAME / "card.json", folder)
    (folder / "weights.safetensors").write_bytes(b"weights")
    say(folder, sha256=hashlib.sha256(b"weights").hexdigest())
    monkeypatch.setenv("CSAMOE_MODEL_WEIGHTS", str(folder.parent))
    write_cases(find_bundle(NAME), np.eye(30, 512, dtype=np.float32), np.zeros(30, bool), 0.3)
    return folder


def reweigh(folder: Path, **tensors: torch.Tensor) -> None:
    """Put other tensors into a bundle's weights, with the card's hash made right again."""
    file = folder / "weights.safetensors"
    state = load_file(file)
    state.update(
        {name.replace("__", "."): one.to(state[name.replace("__", ".")].dtype) for name, one in tensors.items()}
    )
    save_file(state, file)
    say(folder, sha256=hashlib.sha256(file.read_bytes()).hexdigest())


def say(folder: Path, **changes: Any) -> None:
    card = json.loads((folder / "card.json").read_text(encoding="utf-8"))
    (folder / "card.json").write_text(json.dumps({**card, **changes}), encoding="utf-8")


@pytest.mark.parametrize("value", [float("nan"), -float("inf")])
def test_weights_that_are_no_numbers_are_refused(copied: Path, value: float) -> None:
    reweigh(copied, gate__0__bias=torch.full((64,), value))
    (copied / CASES).unlink()
    with pytest.raises(UserError, match="damaged: some are not valid numbers") as refused:
        load_predictor(find_bundle(NAME), "cpu")
    assert "Copy the whole model folder again" in refused.value.hint


def test_a_variance_below_zero_is_refused(copied: Path) -> None:
    reweigh(copied, gate__1__running_var=torch.full((64,), -1.0))
    with pytest.raises(UserError, match="damaged"):
        load_predictor(find_bundle(NAME), "cpu")


def test_weights_that_overflow_give_no_reading(copied: Path, frame: Frame, mask: Any) -> None:
    state = load_file(copied / "weights.safetensors")
    huge = {
        name.replace(".", "__"): torch.full_like(one, 6e4)
        for name, one in state.items()
        if one.is_floating_point() and "running" not in name
    }
    reweigh(copied, **huge)
    (copied / CASES).unlink()
    with pytest.raises(UserError, match="gave no valid number"):
        assess(frame, mask, load_predictor(find_bundle(NAME), "cpu"))


def test_no_probability_comes_of_logits_that_are_none_or_too_few(predictor: TorchPredictor) -> None:
    for logits in ([float("nan"), 0.0], [float("inf"), 0.0], [1.0], [1.0, 2.0, 3.0], []):
        with pytest.raises(UserError, match="gave no valid number"):
            calibrated(logits, predictor.card)
    coldest = dataclasses.replace(predictor.card, temperature=0.01)
    assert calibrated([-1e300, 1e300], coldest) == 1.0
    sound = Prediction((0.5, 0.5), 0.5, {"image": 1.0}, {"image": (0.25,) * 4}, np.ones(4, np.float32))
    assert checked(sound, predictor.card) is sound
    for changes in (
        {"gates": {"image": float("nan")}},
        {"gates": {"image": 1.5}},
        {"stage_attention": {"image": (float("inf"),)}},
        {"probability": 1.2},
        {"fused": np.array([np.nan], np.float32)},
    ):
        with pytest.raises(UserError, match="gave no valid number"):
            checked(dataclasses.replace(sound, **changes), predictor.card)  # type: ignore[arg-type]


def test_an_outliner_whose_map_is_no_number_proposes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, frame: Frame
) -> None:
    folder = tmp_path / "model_weights" / "unet-mobilenet"
    shutil.copytree(paths.model_weights() / folder.name, folder)
    monkeypatch.setenv("CSAMOE_MODEL_WEIGHTS", str(folder.parent))
    state = load_file(folder / "weights.safetensors")
    changed = {
        name.replace(".", "__"): torch.full_like(one, 6e4)
        for name, one in state.items()
        if one.is_floating_point() and "running" not in name and "num" not in name
    }
    reweigh(folder, **changed)
    outliner = load_outliner(find_bundle(folder.name), "cpu")
    with pytest.raises(UserError, match="gave no valid number"):
        outliner.logits(frame.pixels)


@pytest.mark.parametrize(
    "changes",
    [
        {"temperature": 1e-300},
        {"temperature": True},
        {"temperature": "1"},
        {"thresholds": {"benign_below": 0.9, "suspicious_from": 0.1}},
        {"thresholds": {"benign_below": -0.1, "suspicious_from": 0.5}},
        {"normalisation": {"mean": [0, 0, 0], "std": [0, 1, 1]}},
        {"normalisation": {"mean": [0, 0], "std": [1, 1, 1]}},
        {"views": ["image", "image"]},
        {"views": []},
        {"views": "image"},
        {"views": ["liver"]},
        {"classes": ["malignant"]},
        {"classes": ["malignant", "malignant"]},
        {"positive": "normal"},
        {"input_size": 224.5},
        {"input_size": 10**6},
        {"field": 0},
        {"name": "../csamoe-resnet18"},
        {"sha256": "x"},
        {"title": "\ud800"},
        {"limits": "none"},
        {"evaluations": [{"data": "x", "images": 1, "groups": 1, "metrics": {"auc": 1}}]},
        {"builder": {"network": "csasn", "options": {"blocks": 10**6}}},
        {"builder": {"network": "csa-moe-net", "options": {"x": {"y": 1}}}},
        {"training": {}},
        {"parameters": -1},
    ],
)
def test_a_card_that_says_what_no_card_may_say_is_left_out_and_the_others_stay(
    light: Path, changes: dict[str, Any]
) -> None:
    shutil.copytree(light, light.parent / "other")
    say(light.parent / "other", name="other")
    say(light, **changes)
    found, left_out = bundles_and_left_out()
    assert [bundle.card.name for bundle in found] == ["other"]
    assert len(left_out) == 1
    assert left_out[0].hint
    with pytest.raises(UserError):
        find_bundle(NAME)


@pytest.mark.parametrize(
    "text",
    [
        '{"card_version": 1, "temperature": NaN}', '{"card_version": 1, "temperature": 1e999}', "[" * 100_000,
        '{"card_version": 1, "card_version": 1}', '{"card_version": ' + "9" * 5000 + "}", "\ufeffnull", '"\x00"',
    ],
)  # fmt: skip
def test_json_that_is_none_is_no_card(light: Path, text: str) -> None:
    (light / "card.json").write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match="not a model card"):
        find_bundle(NAME)
    assert bundles() == []


@pytest.mark.skipif(os.name == "nt", reason="links need rights there, and there are no pipes")
@pytest.mark.parametrize("file", ["card.json", "weights.safetensors", CASES])
@pytest.mark.parametrize("how", ["link", "circle", "pipe", "device", "folder"])
def test_only_plain_files_of_the_folder_itself_are_read(light: Path, tmp_path: Path, file: str, how: str) -> None:
    place = light / file
    place.rename(tmp_path / "elsewhere")
    if how == "link":
        place.symlink_to(tmp_path / "elsewhere")
    elif how == "circle":
        place.symlink_to(place)
    elif how == "pipe":
        os.mkfifo(place)
    elif how == "device":
        place.symlink_to("/dev/zero")
    else:
        place.mkdir()
    bundles_and_left_out()
    if file == CASES and how in ("circle", "pipe", "device", "folder"):
        # What is no file is no file of cases: there are none then.
        assert read_cases(find_bundle(NAME)) is None
        return
    with pytest.raises(UserError):
        bundle = find_bundle(NAME)
        check_weights(bundle)
        read_cases(bundle)


def test_cases_of_another_width_or_with_no_numbers_are_refused(copied: Path, frame: Frame, mask: Any) -> None:
    bundle = find_bundle(NAME)
    features = np.random.default_rng(0).normal(size=(30, 16)).astype(np.float32)
    write_cases(bundle, features, np.zeros(30, bool), 0.3)
    with pytest.raises(UserError, match="is damaged or does not belong to its weights"):
        assess(frame, mask, load_predictor(bundle, "cpu"))
    for wrong, limit in ((features * np.nan, 0.3), (features, float("nan")), (features, -1.0), (features[:0], 0.3)):
        write_cases(bundle, wrong, np.zeros(len(wrong), bool), limit)
        with pytest.raises(UserError, match="is damaged or does not belong to its weights"):
            read_cases(bundle)


def test_a_card_with_other_experts_than_its_network_is_refused(copied: Path) -> None:
    say(copied, views=["core", "image", "boundary"])
    with pytest.raises(UserError, match="not the one that its card describes"):
        load_predictor(find_bundle(NAME), "cpu")


@pytest.mark.parametrize(
    "name", ["..", ".", "/etc", "../model_weights/csamoe-resnet18", "a/b", "a\\b", "a\x00b", "CON."]
)
def test_a_models_name_is_never_a_path(light: Path, name: str) -> None:
    with pytest.raises(UserError, match="There is no model"):
        find_bundle(name)
    with pytest.raises(UserError, match="There is no model"):
        find_bundle(str(light))


def test_memory_that_runs_out_is_said_with_what_to_do(
    predictor: TorchPredictor, frame: Frame, mask: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for problem in (
        RuntimeError("[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: can't allocate memory"),
        MemoryError(),
    ):

        def fails(*given: Any, raised: BaseException = problem) -> Any:
            raise raised

        monkeypatch.setattr(predictor, "_network", fails)
        with pytest.raises(UserError, match="ran out of memory") as refused:
            assess(frame, mask, predictor)
        assert "The outline is not lost" in refused.value.hint


def test_pytorch_that_is_missing_or_broken_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__
    for problem in (ImportError("No module named torch"), OSError("libtorch_cpu.so: cannot open")):

        def broken(name: str, *more: Any, raised: BaseException = problem, **others: Any) -> Any:
            if name == "torch" or name.startswith("torch."):
                raise raised
            return real(name, *more, **others)

        for module in ("csamoe_desktop.inference.torch_engine", "csamoe_desktop.inference.outliner"):
            monkeypatch.delitem(sys.modules, module, raising=False)
            monkeypatch.delattr(sys.modules["csamoe_desktop.inference"], module.rpartition(".")[2], raising=False)
        monkeypatch.setattr(builtins, "__import__", broken)
        for load in (load_predictor, load_outliner):
            with pytest.raises(UserError, match="PyTorch, which runs the models, could not be loaded") as refused:
                load(find_bundle(NAME), "cpu")
            assert "Install the program again" in refused.value.hint
        monkeypatch.undo()
