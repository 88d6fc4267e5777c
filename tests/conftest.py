"""What every test has: Qt without a display, a user's folder of its own, and no window left over by another test."""

import csv
import dataclasses
import gc
import hashlib
import os
import shutil
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtWidgets import QApplication, QWidget

_TESTS_RUN = pytest.StashKey[int]()
WriteHospital = Callable[..., None]

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
if "PYTEST_XDIST_WORKER" in os.environ:
    # One thread a test process: PyTorch's threads wait for each other as soon as another process works beside them.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
# A virtual machine may offer AMX and hide its tile palette; training in bfloat16 then dies there of an illegal
# instruction. What the tests show does not need AMX.
os.environ.setdefault("ONEDNN_MAX_CPU_ISA", "AVX512_CORE_BF16")


@pytest.hookimpl(wrapper=True)
def pytest_report_to_serializable() -> Generator[None, Any, Any]:
    """Let a report with half letters in it, as odd file names give, be sent by one of several test processes."""
    return _sendable((yield))


def _sendable(told: Any) -> Any:
    if isinstance(told, str):
        return told.encode("utf-8", "backslashreplace").decode()
    if isinstance(told, dict):
        return {name: _sendable(value) for name, value in told.items()}
    if isinstance(told, list | tuple):
        return type(told)(_sendable(value) for value in told)
    return told


@pytest.fixture(autouse=True, scope="session")
def application(qapp: QApplication) -> QApplication:
    """The one application, made before a test that runs the command line makes one that can show no widget."""
    return qapp


@pytest.fixture(autouse=True, scope="session")
def no_collection_in_a_worker() -> Iterator[None]:
    """Collect Python's cyclic garbage between the tests alone, as the program does on its own thread: a worker that happened
    to trigger it would destroy another test's Qt objects off their thread, and Qt crashes."""
    gc.disable()
    yield
    gc.enable()


@pytest.fixture(autouse=True)
def collected(request: pytest.FixtureRequest) -> Iterator[None]:
    """Collect what a test has left, its young garbage each time and all of it now and then."""
    yield
    count = request.session.stash.setdefault(_TESTS_RUN, 0) + 1
    request.session.stash[_TESTS_RUN] = count
    gc.collect(2 if count % 25 == 0 else 1)


@pytest.fixture(autouse=True)
def user_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A fresh settings folder, so that no test sees another's settings or the developer's own."""
    folder = tmp_path / "user"
    monkeypatch.setenv("CSAMOE_USER_FOLDER", str(folder))
    return folder


@pytest.fixture(scope="session")
def write_hospital() -> WriteHospital:
    """Return a function that writes a dataset of made lesions, one image a patient, in five folds if asked: benign ones
    lighter than the tissue, malignant ones darker."""

    def write(folder: Path, patients: int = 20, *, seed: int = 0, folds: bool = False) -> None:
        folder.mkdir(exist_ok=True)
        draw = np.random.default_rng(seed)
        rows = [["image", "mask", "label", "group", *(["fold"] if folds else [])]]
        for patient in range(patients):
            image = draw.integers(40, 90, (60, 80), np.uint8)
            mask = np.zeros((60, 80), np.uint8)
            cv2.ellipse(mask, (40, 30), (22, 14), 0, 0, 360, 255, -1)
            image[mask > 0] = 10 if patient % 2 else 220
            names = f"{patient}.png", f"{patient}_mask.png"
            for name, pixels in zip(names, (image, mask), strict=True):
                cv2.imwrite(str(folder / name), pixels)
            label = ("benign", "malignant")[patient % 2]
            fold = [str(patient // 2 % 5 + 1)] if folds else []
            rows.append([*names, label, f"{folder.name}{patient}", *fold])
        with (folder / "labels.csv").open("w", newline="", encoding="utf-8") as opened:
            csv.writer(opened).writerows(rows)

    return write


@pytest.fixture(scope="session")
def one_of_each(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model_weights folder with a model of each kind, whatever is installed, to be read only: the shipped
    csamoe-resnet18, which needs an outline; `whole`, untrained, which reads the whole image; and the card of
    `outliner`, which outlines."""
    import torch
    from safetensors.torch import save_file

    from csamoe_desktop.inference.bundle import find_bundle
    from csamoe_desktop.inference.weights import stored
    from csamoe_desktop.networks.blocks import parameter_count
    from csamoe_desktop.networks.build import build
    from csamoe_desktop.networks.cards import Builder, Evaluation, Figure

    shipped = find_bundle("csamoe-resnet18")
    folder = tmp_path_factory.mktemp("one_of_each")
    shutil.copytree(shipped.folder, folder / "csamoe-resnet18")
    torch.manual_seed(0)
    network = build(Builder("resnet18"))
    weights = folder / "whole" / "weights.safetensors"
    weights.parent.mkdir()
    save_file(stored(network.state_dict()), weights)
    whole = dataclasses.replace(
        shipped.card,
        name="whole",
        title="An untrained network on the whole image",
        builder=Builder("resnet18"),
        parameters=parameter_count(network),
        views=("image",),
        sha256=hashlib.sha256(weights.read_bytes()).hexdigest(),
    )
    (weights.parent / "card.json").write_text(whole.to_json(), encoding="utf-8")
    measured = {"dice": Figure(0.853, 0.83, 0.87), "dice_median": Figure(0.912, 0.9, 0.92)}
    measured |= {"iou": Figure(0.781, 0.76, 0.8), "missed": Figure(0.041, 0.02, 0.06)}
    outliner = dataclasses.replace(
        whole,
        name="outliner",
        title="Outlines lesions",
        task="outlining",
        evaluations=(Evaluation("test: held-out patients, whole frame", 376, 212, measured),),
    )
    (folder / "outliner").mkdir()
    (folder / "outliner" / "card.json").write_text(outliner.to_json(), encoding="utf-8")
    return folder


@pytest.fixture(autouse=True)
def no_widget_left(application: QApplication) -> Iterator[None]:
    """Fail a test that leaves a top-level widget behind: it would go on living, and listening, in the tests after it."""
    before = set(_top_level())
    yield
    left = set(_top_level()) - before
    if left:
        # What only holds itself is no leak.
        gc.collect()
        left = set(_top_level()) - before
    # Not deleted here: work may still be going on behind it. The next test takes it for granted.
    names = sorted(f"{type(widget).__name__} {widget.windowTitle()!r}" for widget in left)
    assert not names, f"left behind: {', '.join(names)}"


def _top_level() -> list[QWidget]:
    """Return the widgets without a parent, those excepted that are on their way out."""
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
    return [widget for widget in QApplication.topLevelWidgets() if widget.parent() is None]
