"""Broken model folders: each is refused in a sentence or reads finite numbers, and none takes the others down.

252 bundles are broken with a fixed seed; a fault is any exception but a refusal (UserError), a number that is not finite or
out of range, or one broken model that takes the list of the others down.
"""

import hashlib
import json
import math
import os
import re
import shutil
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from PySide6.QtWidgets import QApplication
from safetensors.torch import load_file, save_file

from csamoe_desktop.assess import assess, look_closer
from csamoe_desktop.cli import main
from csamoe_desktop.errors import UserError
from csamoe_desktop.inference.bundle import bundles_and_left_out, find_bundle
from csamoe_desktop.inference.loading import load_predictor
from csamoe_desktop.session.session import Session
from csamoe_desktop.settings import Settings
from csamoe_desktop.study.model import Frame
from csamoe_desktop.ui.dialogs.comparison import ComparisonWindow
from csamoe_desktop.ui.dialogs.model_chooser import ModelChooser
from csamoe_desktop.ui.dialogs.settings_dialog import SettingsDialog

NAME = "resnet18"
Card = dict[str, Any]
SEED, COUNT = 20261127, 252

# What stands in an entry's place: other types, edges of ranges, numbers that are none, text that cannot be written.
VALUES = (
    None, True, False, 0, 1, -1, 2**63, 1e308, -1e308, 1e-308, 0.5, "", "x", "../x", "\ud800", "a\x00b", [], {}, [[]], [None],
    [1, 2], [0, 0, 0], [float("nan")] * 3, float("nan"), float("inf"), -float("inf"), "nan", ["image", "image"], ["liver"],
    {"value": None}, "9" * 5000,
)  # fmt: skip


@dataclass
class Count:
    """How many bundles were tried, refused, and read all the same; and each fault, in words."""

    tried: int = 0
    refused: int = 0
    read: int = 0
    faults: list[str] = field(default_factory=list)


def places(told: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the path of every entry of a card."""
    found = [path] if path else []
    if isinstance(told, dict):
        for name, value in told.items():
            found += places(value, (*path, name))
    elif isinstance(told, list):
        for number, value in enumerate(told[:2]):
            found += places(value, (*path, number))
    return found


def change_card(folder: Path, draw: np.random.Generator) -> str:
    """Put another value in an entry's place, take the entry away, double it, or cut the file."""
    file = folder / "card.json"
    told = json.loads(file.read_text(encoding="utf-8"))
    told["training"]["recipe"] = {}
    all_places = places(told)
    # The entries that every reading hangs on come up as often as all the others together.
    vital = [one for one in all_places if one[0] not in ("training", "evaluations")]
    some = vital if draw.random() < 0.5 else all_places
    place = some[int(draw.integers(len(some)))]
    inner = told
    for step in place[:-1]:
        inner = inner[step]
    how = draw.random()
    if how < 0.75:
        value = VALUES[int(draw.integers(len(VALUES)))]
        inner[place[-1]] = value
        words = f"{place} = {str(value)[:20]!r}"
    elif how < 0.9:
        del inner[place[-1]]
        words = f"without {place}"
    else:
        if isinstance(inner, dict):
            inner["surprise"] = 1
        words = f"one more beside {place}"
    text = json.dumps(told)
    if draw.random() < 0.1:
        text = text[: int(draw.integers(len(text)))]
        words += ", cut"
    file.write_text(text, encoding="utf-8")
    return words


def change_weights(folder: Path, draw: np.random.Generator) -> str:
    """Make some weights NaN, infinite, huge or of another shape, with the card's hash made right again."""
    file = folder / "weights.safetensors"
    state = load_file(file)
    names = sorted(state)
    name = names[int(draw.integers(len(names)))]
    tensor = state[name]
    how = ("nan", "inf", "huge", "zero", "shape", "kind", "missing", "negative", "all huge")[int(draw.integers(9))]
    if how == "nan" and tensor.is_floating_point():
        tensor.view(-1)[0] = float("nan")
    elif how == "inf" and tensor.is_floating_point():
        tensor.view(-1)[0] = float("inf")
    elif how in ("huge", "negative") and tensor.is_floating_point():
        state[name] = torch.full_like(tensor, 60000.0 if how == "huge" else -60000.0)
    elif how == "zero":
        state[name] = torch.zeros_like(tensor)
    elif how == "shape":
        state[name] = tensor.reshape(-1)[:1].clone()
    elif how == "kind":
        state[name] = tensor.to(torch.int8).clone()
    elif how == "missing":
        del state[name]
    elif how == "all huge":
        state = {one: torch.full_like(its, 60000.0) if its.is_floating_point() else its for one, its in state.items()}
    save_file(state, file)
    make_right(folder)
    return f"weights: {name} {how}"


def change_bytes(folder: Path, draw: np.random.Generator) -> str:
    """Damage a file's bytes: bits, its end, a header that lies; with the card's hash made right for half of them."""
    file = folder / ("weights.safetensors", "cases.safetensors", "card.json")[int(draw.integers(3))]
    data = bytearray(file.read_bytes())
    how = ("bits", "cut", "header", "empty", "grown")[int(draw.integers(5))]
    if how == "bits":
        for place in draw.integers(0, min(len(data), 4000), 20):
            data[place] ^= 1 << int(draw.integers(8))
    elif how == "cut":
        del data[int(draw.integers(len(data))) :]
    elif how == "header":
        data[:8] = struct.pack("<Q", int(draw.integers(2**63)))
    elif how == "empty":
        data.clear()
    else:
        data += bytes(1000)
    file.write_bytes(data)
    if draw.random() < 0.5 and file.name.startswith("weights"):
        make_right(folder)
    return f"{file.name}: {how}"


def change_files(folder: Path, draw: np.random.Generator) -> str:
    """Put something else in a file's place: nothing, a folder, a link, a pipe."""
    file = folder / ("weights.safetensors", "cases.safetensors", "card.json")[int(draw.integers(3))]
    how = ("missing", "folder", "link", "circle", "pipe", "device")[int(draw.integers(6))]
    data = file.read_bytes()
    file.unlink()
    if how == "folder":
        file.mkdir()
    elif how == "link":
        elsewhere = folder.parent.parent / f"elsewhere-{file.name}"
        elsewhere.write_bytes(data)
        file.symlink_to(elsewhere)
    elif how == "circle":
        file.symlink_to(file)
    elif how == "pipe":
        os.mkfifo(file)
    elif how == "device":
        file.symlink_to("/dev/zero")
    return f"{file.name}: {how}"


CHANGES: tuple[Callable[[Path, np.random.Generator], str], ...] = (
    change_card, change_card, change_card, change_weights, change_bytes, change_files,
)  # fmt: skip


def make_right(folder: Path) -> None:
    """Write the weights' own hash into the card."""
    told = json.loads((folder / "card.json").read_text(encoding="utf-8"))
    told["sha256"] = hashlib.sha256((folder / "weights.safetensors").read_bytes()).hexdigest()
    (folder / "card.json").write_text(json.dumps(told), encoding="utf-8")


def attack(weights: Path, sound: Path, frame: Frame, mask: Any, count: int, show: Callable[[], object]) -> Count:
    """Break `count` copies of the bundle `sound`, one after the other, and try each.

    Args:
        weights: the folder of models that the program looks into; a sound model under another name is in it too.
        sound: the bundle that is copied.
        frame, mask: what is read.
        count: how many.
        show: lists and chooses models as the window does.
    """
    draw = np.random.default_rng(SEED)
    result = Count()
    for number in range(count):
        folder = weights / NAME
        if folder.exists():
            shutil.rmtree(folder)
        shutil.copytree(sound, folder)
        words = f"{number}: {CHANGES[int(draw.integers(len(CHANGES)))](folder, draw)}"
        result.tried += 1
        try:
            found, left_out = bundles_and_left_out()
            if "other" not in {bundle.card.name for bundle in found}:
                result.faults.append(f"{words}: the other model is gone")
            if len(found) + len(left_out) not in (1, 2):
                result.faults.append(f"{words}: {len(found)} found, {len(left_out)} left out")
            show()
            predictor = load_predictor(find_bundle(NAME), "cpu")
            reading = assess(frame, mask, predictor)
            closer = look_closer(frame, mask, predictor, reading)
            numbers = _numbers([reading.to_dict(), closer.to_dict()])
            if not all(math.isfinite(one) for one in numbers) or not 0 <= reading.prediction.probability <= 1:
                result.faults.append(f"{words}: a number that is none")
            result.read += 1
        except UserError as problem:
            result.refused += 1
            if not problem.hint:
                result.faults.append(f"{words}: refused without what to do next")
        except BaseException as problem:  # noqa: BLE001 - that is what is looked for
            result.faults.append(f"{words}: {type(problem).__name__}: {problem}")
    return result


def _numbers(told: Any) -> list[float]:
    if isinstance(told, dict):
        return [number for value in told.values() for number in _numbers(value)]
    if isinstance(told, list | tuple):
        return [number for value in told for number in _numbers(value)]
    return [float(told)] if isinstance(told, int | float) else []


@pytest.fixture
def weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of models with a sound one, called `other`, in it."""
    folder = tmp_path / "model_weights"
    shutil.copytree(find_bundle(NAME).folder, folder / "other")
    card = folder / "other" / "card.json"
    card.write_text(json.dumps({**json.loads(card.read_text(encoding="utf-8")), "name": "other"}), encoding="utf-8")
    monkeypatch.setenv("CSAMOE_MODEL_WEIGHTS", str(folder))
    return folder


def tried(weights: Path, capsys: pytest.CaptureFixture[str], count: int) -> Count:
    sound = Path(__file__).resolve().parents[2] / "model_weights" / NAME
    grey = np.random.default_rng(1).integers(20, 200, (96, 128), np.uint8)
    mask = np.zeros(grey.shape, bool)
    mask[30:60, 40:80] = True
    session = Session(Settings(assessment_first=False, model=NAME))

    Image.fromarray(grey).save(weights.parent / "image.png")
    Image.fromarray(mask.astype(np.uint8) * 255).save(weights.parent / "mask.png")
    read = ["assess", str(weights.parent / "image.png"), "--mask", str(weights.parent / "mask.png")]

    def show() -> None:
        for kind in (ModelChooser, SettingsDialog, ComparisonWindow):
            dialog = kind(session)
            dialog.show()
            assert session.model.needs_outline in (True, False)
            dialog.close()
            dialog.deleteLater()
        for arguments in (["models"], ["models", "--json"]):
            assert main(arguments) == 0
            words = capsys.readouterr().out.lower()
            assert not re.search(r"\b(nan|inf|infinity)\b", words), words
        # 2 is a refusal; 1 would be a fault, told with its traceback.
        assert main([*read, "--model", NAME, "--device", "cpu", "--json"]) in (0, 2)
        words = capsys.readouterr().out
        assert all(math.isfinite(one) for one in _numbers(json.loads(words or "{}"))), words

    try:
        return attack(weights, sound, Frame(grey, 0, None), mask, count, show)
    finally:
        session.close()


def test_broken_bundles_are_refused_or_read_right(
    weights: Path, application: QApplication, capsys: pytest.CaptureFixture[str]
) -> None:
    count = tried(weights, capsys, 24)
    capsys.readouterr()
    assert count.faults == []
    assert count.tried == 24
    assert count.refused > 10


@pytest.mark.slow
def test_252_broken_bundles_are_refused_or_read_right(
    weights: Path, application: QApplication, capsys: pytest.CaptureFixture[str]
) -> None:
    count = tried(weights, capsys, COUNT)
    capsys.readouterr()
    print(f"{count.tried} broken bundles: {count.refused} refused, {count.read} read, {len(count.faults)} faults")
    assert count.faults == []
