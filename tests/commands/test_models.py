"""`csamoe-desktop models`: the cards, in words and as JSON."""

import json
import shutil
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


def test_each_says_what_it_needs_and_an_outlining_one_its_dice(
    one_of_each: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CSAMOE_MODEL_WEIGHTS", str(one_of_each))
    assert main(["models"]) == 0
    csamoe, outliner, whole = capsys.readouterr().out.split("\n\n")
    assert "needs an outline" in csamoe
    assert "assesses the whole image, no outline needed" in whole
    assert "proposes outlines" in outliner
    assert "Dice        0.853 (0.830 to 0.870), median 0.912, IoU 0.781, 4.1 % missed, of 376 images" in outliner
    assert "AUC" not in outliner
    assert main(["models", "--json"]) == 0
    told = {one["name"]: one for one in json.loads(capsys.readouterr().out)}
    assert told["outliner"]["metrics"]["dice"]["value"] == 0.853
    assert (told["outliner"]["task"], told["outliner"]["proposes_outline"]) == ("outlining", True)
    assert [told[name]["needs_outline"] for name in ("csamoe-resnet18", "whole")] == [True, False]


def test_a_damaged_model_is_named_beside_the_list(
    one_of_each: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("whole", "broken"):
        shutil.copytree(one_of_each / "whole", tmp_path / "models" / name)
    monkeypatch.setenv("CSAMOE_MODEL_WEIGHTS", str(tmp_path / "models"))
    assert main(["models"]) == 0
    out, err = capsys.readouterr()
    assert out.startswith("whole 1.0")
    assert "left out: The model folder broken holds the card of whole." in err
