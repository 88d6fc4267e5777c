"""`csamoe-desktop cases`: a bundle comes to know what it was trained on, and only that."""

import csv
from pathlib import Path

import cv2
import numpy as np
import pytest

from csamoe_desktop.cli import main
from csamoe_desktop.inference.bundle import find_bundle
from csamoe_desktop.inference.cases import read_cases


def write_dataset(folder: Path) -> None:
    """Write twenty patients of one image each, in five folds."""
    rows = [["image", "mask", "label", "group", "fold"]]
    draw = np.random.default_rng(0)
    for patient in range(20):
        image = draw.integers(40, 90, (60, 80), np.uint8)
        mask = np.zeros((60, 80), np.uint8)
        cv2.ellipse(mask, (40, 30), (22, 14), 0, 0, 360, 255, -1)
        image[mask > 0] = 10 if patient % 2 else 220
        cv2.imwrite(str(folder / f"{patient}.png"), image)
        cv2.imwrite(str(folder / f"{patient}_mask.png"), mask)
        label = ("benign", "malignant")[patient % 2]
        rows.append([f"{patient}.png", f"{patient}_mask.png", label, f"P{patient}", str(patient // 2 % 5 + 1)])
    with (folder / "labels.csv").open("w", newline="") as opened:
        csv.writer(opened).writerows(rows)


def test_cases_and_counts_are_those_of_the_models_own_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    data, bundles = tmp_path / "data", tmp_path / "model_weights"
    data.mkdir()
    write_dataset(data)
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
