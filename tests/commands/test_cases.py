"""`csamoe-desktop cases`: a bundle comes to know what it was trained on, and only that."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from csamoe_desktop.cli import main
from csamoe_desktop.inference.bundle import find_bundle
from csamoe_desktop.inference.cases import read_cases
from tests.conftest import WriteHospital


def test_cases_and_counts_are_those_of_the_models_own_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], write_hospital: WriteHospital
) -> None:
    data, bundles = tmp_path / "data", tmp_path / "model_weights"
    write_hospital(data, folds=True)
    how = ["--data", str(data), "--validation-share", "0.25"]
    train = ["train", *how, "--out", str(tmp_path / "run"), "--bundle", str(bundles / "tiny"), "--start", "none"]
    assert main([*train, "--recipe", "resnet18", "--epochs", "1", "--batch", "8", "--device", "cpu"]) == 0
    monkeypatch.setenv("CSAMOE_MODEL_WEIGHTS", str(bundles))
    before = find_bundle("tiny")
    assert before.card.thresholds.counts is not None
    assert read_cases(before) is None

    assert main(["cases", "--model", "tiny", *how, "--device", "cpu"]) == 0
    after = find_bundle("tiny")
    known = read_cases(after)
    assert known is not None
    assert len(known) == 12, "16 images of the folds 2 to 5, without a quarter of each label"
    assert "12 training images, 6 of them malignant" in capsys.readouterr().out
    assert 0 <= known.limit <= 2
    # The counts are those the training wrote, found again.
    assert after.card.thresholds.counts == before.card.thresholds.counts
    assert after.card.sha256 == before.card.sha256

    (data / "0_mask.png").write_bytes((data / "1_mask.png").read_bytes())
    cv2.imwrite(str(data / "0.png"), np.zeros((60, 80), np.uint8))
    assert main(["cases", "--model", "tiny", *how, "--device", "cpu"]) == 2
    assert "not the images that tiny was trained on" in capsys.readouterr().err
