"""`csamoe-desktop train`: from a dataset folder to a bundle that reads, and a second call that goes on."""

import argparse
import json
from pathlib import Path

import pytest

from csamoe_desktop.cli import main
from csamoe_desktop.commands import train
from csamoe_desktop.inference.bundle import find_bundle
from csamoe_desktop.networks.cards import read_card
from csamoe_desktop.training.recipes import RECIPES
from tests.conftest import WriteHospital


def test_a_run_becomes_a_bundle_that_reads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], write_hospital: WriteHospital
) -> None:
    data = tmp_path / "data"
    write_hospital(data, folds=True)
    bundles = tmp_path / "model_weights"
    command = ["train", "--data", str(data), "--out", str(tmp_path / "run"), "--start", "none"]
    command += [
        "--recipe",
        "resnet18",
        "--epochs",
        "1",
        "--batch",
        "8",
        "--validation-share",
        "0.25",
        "--device",
        "cpu",
    ]
    command += [
        "--bundle",
        str(bundles / "tiny"),
        "--title",
        "Tiny",
    ]
    assert main(command) == 0
    monkeypatch.setenv("CSAMOE_MODEL_WEIGHTS", str(bundles))
    card = find_bundle("tiny").card
    # What nobody said of the data is counted, and nothing is claimed of its licence.
    assert card.training.data == "data: 20 images of 20 groups"
    assert card.licence == "not stated"
    assert card.training.epochs == 1
    assert card.views == ("image",)
    assert "fold 1 held out" in card.training.split
    assert card.title == "Tiny"
    out = tmp_path / "figures.json"
    where = ["--where", "fold=1", "--json", str(out)]
    assert main(["evaluate", "--model", "tiny", "--data", str(data), "--device", "cpu", *where]) == 0
    told = json.loads(out.read_text())["metrics"]
    assert told["accuracy"]["value"] == card.evaluations[0].metrics["accuracy"].value

    # The same command again has nothing left to train and writes the same bundle.
    weights = (bundles / "tiny" / "weights.safetensors").read_bytes()
    assert main(command) == 0
    assert (bundles / "tiny" / "weights.safetensors").read_bytes() == weights


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--test-fold", "9"], "leaves a part of the split empty"),
        (["--start", "missing.safetensors"], "could not be read"),
        (["--protocol", "cross"], "needs a second folder for testing"),
        (["--test-data", "."], "uses no second folder"),
        (["--protocol", "by luck"], "no protocol 'by luck'"),
        (["--where", "label=normal"], "No image meets"),
    ],
)
def test_what_cannot_be_trained_is_refused(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    more: list[str],
    said: str,
    write_hospital: WriteHospital,
) -> None:
    write_hospital(tmp_path, folds=True)
    monkeypatch.chdir(tmp_path)
    command = ["train", "--data", str(tmp_path), "--out", str(tmp_path / "run"), "--start", "none", *more]
    assert main([*command, "--recipe", "resnet18"]) == 2
    assert said in capsys.readouterr().err


def test_a_dataset_without_folds_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "labels.csv").write_text("image,mask,label,group\na.png,b.png,benign,P1\n")
    assert main(["train", "--data", str(tmp_path), "--out", str(tmp_path / "run")]) == 2
    assert "no column fold" in capsys.readouterr().err


def test_the_card_says_what_was_chosen_on_validation_and_on_which_groups(
    tmp_path: Path, write_hospital: WriteHospital
) -> None:
    """A second folder's groups need not be patients, and a one-cycle run chooses no epoch."""
    first, second = tmp_path / "first", tmp_path / "second"
    for folder in (first, second):
        write_hospital(folder, folds=True)
    command = ["train", "--data", str(first), "--also", str(second), "--out", str(tmp_path / "run"), "--start", "none"]
    command += ["--recipe", "plus", "--epochs", "1", "--batch", "16", "--device", "cpu"]
    assert main([*command, "--validation-share", "0.25"]) == 0
    card = read_card(tmp_path / "run" / "bundle" / "card.json")
    assert "groups" in card.thresholds.chosen_on
    assert "patients" not in card.thresholds.chosen_on
    assert card.evaluations[-1].data == "validation: temperature and thresholds were chosen on these"
    assert "second for training and validation only" in card.training.split
    assert card.field == 2.2


def test_an_outlining_run_becomes_a_bundle_of_eight_bits_that_says_how_it_was_split(
    tmp_path: Path, write_hospital: WriteHospital
) -> None:
    data = tmp_path / "data"
    write_hospital(data, folds=True)
    command = ["train", "--data", str(data), "--out", str(tmp_path / "run"), "--recipe", "unet", "--protocol", "paper"]
    assert main([*command, "--epochs", "1", "--batch", "8", "--device", "cpu", "--storage", "int8"]) == 0
    card = read_card(tmp_path / "run" / "bundle" / "card.json")
    assert card.task == "outlining"
    assert card.proposes_outline
    assert card.classes == ("background", "lesion")
    assert "by image" in card.training.split
    assert "(12 / 4 / 4 images)" in card.training.split
    # Nothing here is a held-out patient.
    assert [one.data for one in card.evaluations] == [
        "test: held-out images, whose patients can be in training too, whole frame",
        "test: held-out images, whose patients can be in training too, in a box around the lesion",
        "validation: best epoch, whole frame",
    ]
    assert 0 <= card.evaluations[0].metrics["dice"].value <= 1
    assert any("8 bits" in limit for limit in card.limits)
    assert (tmp_path / "run" / "bundle" / "weights.safetensors").stat().st_size < 1.1 * card.parameters


def test_what_is_said_of_the_run_holds_for_its_first_stage_too() -> None:
    parser = argparse.ArgumentParser()
    train.add_arguments(parser)
    given = [
        "--data",
        "a",
        "--out",
        "b",
        "--recipe",
        "la-net",
        "--float32",
        "--seed",
        "7",
        "--batch",
        "4",
        "--epochs",
        "2",
    ]
    recipe = train.chosen_recipe(parser.parse_args(given))
    named = RECIPES["la-net"].first
    assert recipe.first is not None
    assert named is not None
    assert [(one.bfloat16, one.seed, one.batch) for one in (recipe, recipe.first)] == [(False, 7, 4)] * 2
    assert (recipe.epochs, recipe.first.epochs) == (2, named.epochs)
