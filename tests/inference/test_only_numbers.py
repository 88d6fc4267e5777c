"""No number where there is none: what any engine answers, what is fused, said and shown; and what a model may take of memory."""

import dataclasses
import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file

from csamoe_desktop import paths
from csamoe_desktop.assess import assess, categorise, look_closer, probability_words
from csamoe_desktop.errors import UserError
from csamoe_desktop.inference.bundle import bundles_and_left_out, find_bundle, find_outliner, find_typed
from csamoe_desktop.inference.engine import Device
from csamoe_desktop.inference.loading import load_predictor
from csamoe_desktop.inference.predictor import Prediction
from csamoe_desktop.lesion.regions import Regions
from csamoe_desktop.networks.cards import Evaluation, Figure, ModelCard, Thresholds, read_card
from csamoe_desktop.read_views import fuse
from csamoe_desktop.report.content.model_words import measured, outline_words
from csamoe_desktop.study.model import Frame

NAN, INF = float("nan"), float("inf")
ROOT = Path(__file__).resolve().parents[2]


class Engine:
    """Another engine than PyTorch, which answers what it is told to."""

    def __init__(self, card: ModelCard, *answers: Prediction) -> None:
        self.card = card
        self.device = Device("cpu", "CPU")
        self.answers = list(answers)

    def predict(self, regions: Sequence[Regions]) -> list[Prediction]:
        return [self.answers.pop(0) if len(self.answers) > 1 else self.answers[0] for _ in regions]


@pytest.fixture
def card() -> ModelCard:
    return read_card(paths.model_weights() / "csamoe-resnet18" / "card.json")


@pytest.fixture
def frame() -> Frame:
    return Frame(np.random.default_rng(0).integers(20, 200, (120, 160), np.uint8), 0, None)


@pytest.fixture
def mask(frame: Frame) -> Any:
    made = np.zeros(frame.shape, bool)
    made[40:80, 50:110] = True
    return made


SOUND = Prediction((0.1, 0.2), 0.5, dict.fromkeys(("image", "core", "boundary"), 1 / 3), {})


@pytest.mark.parametrize(
    "changes",
    [
        {"probability": NAN},
        {"probability": INF},
        {"probability": 1.0005},
        {"probability": -1e-9},
        {"logits": (NAN, 0.0)},
        {"gates": {"image": NAN}},
        {"stage_attention": {"image": (NAN,)}},
        {"fused": np.array([INF], np.float32)},
    ],
)
def test_whatever_engine_reads_a_number_that_is_none_is_no_reading(
    card: ModelCard, frame: Frame, mask: Any, changes: dict[str, Any]
) -> None:
    broken = dataclasses.replace(SOUND, **changes)
    with pytest.raises(UserError, match="gave no valid number") as refused:
        assess(frame, mask, Engine(card, broken))
    assert refused.value.hint
    sound = assess(frame, mask, Engine(card, SOUND))
    with pytest.raises(UserError, match="gave no valid number"):
        look_closer(frame, mask, Engine(card, SOUND, broken), sound)


@pytest.mark.parametrize("number", [NAN, INF, -INF, -0.1, 1.1])
def test_what_is_no_probability_has_no_category_and_no_words(number: float) -> None:
    with pytest.raises(ValueError, match="not a probability"):
        categorise(number, Thresholds(0.1, 0.9))
    with pytest.raises(ValueError, match="not a probability"):
        probability_words(number)
    with pytest.raises(ValueError, match="not all probabilities"):
        fuse([0.5, number])


def test_a_figure_that_is_undefined_is_not_shown_as_one(card: ModelCard) -> None:
    undefined = Figure(NAN, NAN, NAN)
    half = Figure(0.9, NAN, NAN)
    sets = tuple(
        Evaluation("test", 10, 5, {"auc": auc, "dice": Figure(0.8, 0.7, 0.9), "iou": undefined, "missed": undefined})
        for auc in (undefined, half)
    )
    shown = dataclasses.replace(card, evaluations=sets)
    words = [f"{one.name} {one.figure.words()}" for one in measured(shown)]
    assert words == ["Dice 0.800 (0.700 to 0.900)", "AUC 0.900", "Dice 0.800 (0.700 to 0.900)"]
    assert outline_words(sets[0]) == ""


def test_memory_that_runs_out_anywhere_is_a_refusal(card: ModelCard, frame: Frame, mask: Any) -> None:
    class Full(Engine):
        def predict(self, regions: Sequence[Regions]) -> list[Prediction]:
            np.empty(2**60, np.uint8)
            raise AssertionError

    with pytest.raises(UserError, match="not enough memory") as refused:
        assess(frame, mask, Full(card, SOUND))
    assert "The outline is not lost" in refused.value.hint


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the smallest bundle, in a model_weights of its own."""
    copy = tmp_path / "model_weights" / "unet"
    shutil.copytree(paths.model_weights() / "unet", copy)
    monkeypatch.setenv("CSAMOE_MODEL_WEIGHTS", str(copy.parent))
    return copy


def say(folder: Path, **changes: Any) -> None:
    told = json.loads((folder / "card.json").read_text(encoding="utf-8"))
    (folder / "card.json").write_text(json.dumps({**told, **changes}), encoding="utf-8")


@pytest.mark.parametrize("parameters", [2_159_889, 2 * 10**9])
def test_a_network_larger_than_its_weights_is_refused_before_memory_is_filled(folder: Path, parameters: int) -> None:
    """A U-Net of width 1024 has nine billion parameters, 35 GB."""
    say(folder, parameters=parameters, task="reading", builder={"network": "unet", "options": {"width": 1024}})
    with pytest.raises(UserError, match="not the one that its card describes|do not fit the network"):
        load_predictor(find_bundle("unet"), "cpu")


def test_weights_of_another_kind_are_refused(folder: Path) -> None:
    from csamoe_desktop.inference.loading import load_outliner

    state = load_file(folder / "weights.safetensors")
    name = next(name for name in state if name.endswith(".bias"))
    save_file({**state, name: state[name].to(torch.int64)}, folder / "weights.safetensors")
    say(folder, sha256=hashlib.sha256((folder / "weights.safetensors").read_bytes()).hexdigest())
    with pytest.raises(UserError, match="do not fit the network"):
        load_outliner(find_bundle("unet"), "cpu")


@pytest.mark.parametrize("name", ["\ud800", "a\nb", "\x1b[2J", "\x9b2J", "x" * 100_000])
def test_an_unknown_entry_is_named_on_one_line_and_in_letters(folder: Path, name: str) -> None:
    say(folder, **{name: 1})
    _, (problem,) = bundles_and_left_out()
    assert "unknown entries" in str(problem)
    assert str(problem).isprintable()
    assert len(str(problem)) < 1000


@pytest.mark.parametrize("deep", [100, 900])
def test_a_deep_card_is_refused(folder: Path, deep: int) -> None:
    text = (folder / "card.json").read_text(encoding="utf-8")
    text = text.replace('"recipe": {', '"recipe": {"deep": ' + "[" * deep + "]" * deep + ",", 1)
    (folder / "card.json").write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match="nested too deeply"):
        find_bundle("unet")


def test_a_folder_is_taken_where_it_was_typed_and_nowhere_else(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path / "runs" / "unet"
    elsewhere.parent.mkdir()
    folder.rename(elsewhere)
    for typed in (str(elsewhere), f"{elsewhere}/"):
        assert find_typed(typed).card.name == find_outliner(typed).card.name == "unet"
        with pytest.raises(UserError, match="There is no model"):
            find_bundle(typed)
    monkeypatch.chdir(elsewhere.parent)
    assert find_typed("./unet/").folder == elsewhere
    for name in ("unet", "missing", str(tmp_path), "/dev/zero", "..", ""):
        with pytest.raises(UserError, match="There is no model"):
            find_typed(name)


BROKEN_TORCH = {
    "missing": "raise ModuleNotFoundError(\"No module named 'torch'\", name='torch')",
    "library": "import ctypes; ctypes.CDLL('libtorch_that_is_not_there.so')",
}


@pytest.mark.parametrize("how", BROKEN_TORCH)
def test_commands_say_that_pytorch_is_missing_or_broken(tmp_path: Path, how: str) -> None:
    """A PyTorch that cannot be imported lies in front of the real one."""
    (tmp_path / "torch").mkdir()
    (tmp_path / "torch" / "__init__.py").write_text(BROKEN_TORCH[how])
    image = tmp_path / "image.png"
    Image.fromarray(np.random.default_rng(0).integers(20, 200, (120, 160), np.uint8)).save(image)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), str(ROOT)])}
    commands = (
        ["assess", str(image), "--model", "resnet18"],
        ["propose", str(image), "--out", str(tmp_path / "out.png")],
        ["counts"],
    )
    for command in commands:
        done = subprocess.run(
            [sys.executable, "-m", "csamoe_desktop", *command],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 2, (command, done.stderr)
        assert "PyTorch, which runs the models, could not be loaded" in done.stderr
        assert "Traceback" not in done.stderr
    done = subprocess.run(
        [sys.executable, "-m", "csamoe_desktop", "models"], env=environment, capture_output=True, check=False
    )
    assert done.returncode == 0
