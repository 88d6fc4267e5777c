"""The shipped model, loaded once, and a copy of its folder that a test may damage."""

import shutil
from pathlib import Path

import pytest

from csamoe_desktop import paths
from csamoe_desktop.inference.bundle import find_bundle
from csamoe_desktop.inference.torch_engine import TorchPredictor, load_predictor


@pytest.fixture(scope="session")
def predictor() -> TorchPredictor:
    return load_predictor(find_bundle("csamoe-resnet18"), "cpu")


@pytest.fixture
def copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a copy of the shipped bundle's folder, in a model_weights of its own."""
    folder = tmp_path / "model_weights" / "csamoe-resnet18"
    shutil.copytree(paths.model_weights() / "csamoe-resnet18", folder)
    monkeypatch.setenv("CSAMOE_MODEL_WEIGHTS", str(folder.parent))
    return folder
