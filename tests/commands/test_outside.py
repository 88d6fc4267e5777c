"""`csamoe-desktop outside`: the counts of a hospital the model never saw are kept on its card, and nothing else changes."""

import json
import shutil
from pathlib import Path

import pytest

from csamoe_desktop import paths
from csamoe_desktop.cli import main
from csamoe_desktop.inference.bundle import find_bundle
from tests.conftest import WriteHospital


def test_the_counts_are_those_that_evaluate_would_give(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], write_hospital: WriteHospital
) -> None:
    folder = tmp_path / "model_weights" / "resnet18"
    shutil.copytree(paths.model_weights() / "resnet18", folder)
    monkeypatch.setenv("CSAMOE_MODEL_WEIGHTS", str(folder.parent))
    before = find_bundle("resnet18").card
    write_hospital(tmp_path / "away", 6)
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
