"""`csamoe-desktop outside`: the counts of a hospital the model never saw are kept on its card, and nothing else changes."""

import csv
import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from csamoe_desktop import paths
from csamoe_desktop.cli import main
from csamoe_desktop.inference.bundle import find_bundle


def write_hospital(folder: Path) -> None:
    folder.mkdir()
    draw = np.random.default_rng(0)
    rows = [["image", "mask", "label", "group"]]
    for number in range(6):
        image = draw.integers(40, 90, (60, 80), np.uint8)
        mask = np.zeros((60, 80), np.uint8)
        cv2.ellipse(mask, (40, 30), (22, 14), 0, 0, 360, 255, -1)
        image[mask > 0] = 10 if number % 2 else 220
        cv2.imwrite(str(folder / f"{number}.png"), image)
        cv2.imwrite(str(folder / f"{number}_mask.png"), mask)
        rows.append([f"{number}.png", f"{number}_mask.png", ("benign", "malignant")[number % 2], f"G{number}"])
    with (folder / "labels.csv").open("w", newline="", encoding="utf-8") as opened:
        csv.writer(opened).writerows(rows)


def test_the_counts_are_those_that_evaluate_would_give(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "model_weights" / "resnet18"
    shutil.copytree(paths.model_weights() / "resnet18", folder)
    monkeypatch.setenv("CSAMOE_MODEL_WEIGHTS", str(folder.parent))
    before = find_bundle("resnet18").card
    write_hospital(tmp_path / "away")
    data = ["--data", str(tmp_path / "away"), "--device", "cpu"]
    for hospital in ("Away", "Away", "Farther"):
        assert main(["outside", "--model", "resnet18", *data, "--hospital", hospital]) == 0
    after = find_bundle("resnet18").card
    assert [one.hospital for one in after.thresholds.outside if one.hospital in ("Away", "Farther")] == [
        "Away",
        "Farther",
    ]
    counts = after.thresholds.outside[-1].counts
    told = tmp_path / "told.json"
    assert main(["evaluate", "--model", "resnet18", *data, "--json", str(told)]) == 0
    images = json.loads(told.read_text(encoding="utf-8"))["images"]
    low = [one for one in images if one["probability"] < before.thresholds.benign_below]
    high = [one for one in images if one["probability"] >= before.thresholds.suspicious_from]
    assert (counts.positives, counts.negatives) == (3, 3)
    assert counts.missed == sum(one["label"] == "malignant" for one in low)
    assert counts.cleared == sum(one["label"] == "benign" for one in low)
    assert counts.caught == sum(one["label"] == "malignant" for one in high)
    assert counts.false_alarms == sum(one["label"] == "benign" for one in high)
    assert (after.sha256, after.temperature, after.evaluations) == (
        before.sha256,
        before.temperature,
        before.evaluations,
    )
    capsys.readouterr()
    assert main(["outside", "--model", "unet-mobilenet", *data, "--hospital", "Away"]) == 2
