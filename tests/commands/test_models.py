"""`csamoe-desktop models`: the cards, in words and as JSON."""

import json
from pathlib import Path

import pytest

from csamoe_desktop.cli import main
from csamoe_desktop.inference.bundle import DEFAULT


def test_json_has_the_promised_keys(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert isinstance(told, list)
    for one in told:
        assert {"name", "default", "architecture", "parameters", "data", "metrics", "licence"} <= set(one)
    assert [one["name"] for one in told if one["default"]] == [DEFAULT] == [told[0]["name"]]
    faithful = next(one for one in told if one["name"] == "csamoe-resnet18")
    assert faithful["parameters"] == 34_820_357
    assert set(faithful["metrics"]["auc"]) == {"value", "low", "high"}


def test_words_name_the_figures_and_the_licence(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models"]) == 0
    out = capsys.readouterr().out
    assert "34,820,357 parameters" in out
    assert "376 images" in out
    assert "non-commercial" in out


def test_no_model_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("CSAMOE_MODEL_WEIGHTS", str(tmp_path))
    assert main(["models"]) == 2
    assert "No model is installed" in capsys.readouterr().err
