"""`csamoe-desktop compare`: several models on one lesion, in words and as JSON; what cannot read says why."""

import json
import shutil
from pathlib import Path

import pytest

from csamoe_desktop.cli import main


@pytest.fixture(autouse=True)
def models(one_of_each: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CSAMOE_MODEL_WEIGHTS", str(one_of_each))


def test_every_model_that_reads_has_its_own_reading(demo_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = [str(demo_folder / "spiculated.dcm"), "--mask", str(demo_folder / "spiculated_mask.png"), "--device", "cpu"]
    assert main(["compare", *given, "--json"]) == 0
    out, err = capsys.readouterr()
    told = {one["name"]: one for one in json.loads(out)["readings"]}
    assert (list(told), err) == (["csamoe-resnet18", "whole"], "")
    assert main(["assess", *given, "--model", "csamoe-resnet18", "--json"]) == 0
    alone = json.loads(capsys.readouterr().out)
    assert told["csamoe-resnet18"]["reading"]["probability"] == pytest.approx(alone["probability"], abs=1e-6)
    assert told["whole"]["needs"] == "assesses the whole image, no outline needed"
    assert told["whole"]["reading"]["probability"] != alone["probability"]


def test_without_an_outline_those_read_that_need_none(demo_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", str(demo_folder / "spiculated.dcm"), "--device", "cpu"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("spiculated.dcm, no outline\nOne model has given a result: ")
    assert "csamoe-resnet18 1.0 gave no result. This model needs an outline, and there is none." in out
    assert "outliner" not in out


def test_one_damaged_model_does_not_stop_the_others(
    one_of_each: Path,
    demo_folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = tmp_path / "models"
    shutil.copytree(one_of_each, folder)
    (folder / "csamoe-resnet18" / "weights.safetensors").write_bytes(b"exchanged")
    monkeypatch.setenv("CSAMOE_MODEL_WEIGHTS", str(folder))
    mask = str(demo_folder / "spiculated_mask.png")
    assert main(["compare", str(demo_folder / "spiculated.png"), "--mask", mask, "--device", "cpu"]) == 0
    out = capsys.readouterr().out
    assert "another SHA-256" in out
    assert "One model has given a result" in out


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--models", "nonesuch"], "no model 'nonesuch'"),
        (["--models", "whole,outliner"], "outliner only proposes outlines and does not assess lesions"),
        (["--models", ","], "No model is named"),
        (["--models", "csamoe-resnet18"], "needs an outline"),
        (["--frame", "2"], "no frame 2"),
    ],
)
def test_refusals_are_one_sentence(
    demo_folder: Path, capsys: pytest.CaptureFixture[str], more: list[str], said: str
) -> None:
    assert main(["compare", str(demo_folder / "spiculated.dcm"), *more]) == 2
    assert said in capsys.readouterr().err
