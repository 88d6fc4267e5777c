"""`csamoe-desktop evaluate` on a made dataset folder, and the shipped card's figures on the data it was measured on."""

import csv
import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from csamoe_desktop.cli import main
from csamoe_desktop.datasets.folder import read_dataset, where
from csamoe_desktop.evidence.evaluate import per_image, read_all
from csamoe_desktop.inference.bundle import find_bundle
from csamoe_desktop.inference.torch_engine import load_predictor
from csamoe_desktop.study.phantom import make_phantom

EXPECTED = Path(__file__).parents[1] / "expected" / "csamoe-resnet18_fold1.json"
BUSBRA = Path(__file__).parents[3] / "shared" / "data" / "busbra"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a dataset folder of four phantoms and one image without a lesion."""
    folder = tmp_path_factory.mktemp("phantoms")
    rows = [["image", "mask", "label", "group", "hospital"]]
    for number in range(5):
        kind = "spiculated" if number % 2 else "smooth"
        phantom = make_phantom(kind, seed=number)
        label = "normal" if number == 4 else "malignant" if number % 2 else "benign"
        mask = phantom.mask if label != "normal" else np.zeros_like(phantom.mask)
        cv2.imwrite(str(folder / f"{number}.png"), phantom.pixels)
        cv2.imwrite(str(folder / f"{number}_mask.png"), mask.astype(np.uint8) * 255)
        rows.append([f"{number}.png", f"{number}_mask.png", label, f"P{number}", "A" if number < 2 else "B"])
    with (folder / "labels.csv").open("w", newline="") as opened:
        csv.writer(opened).writerows(rows)
    return folder


def test_figures_and_probabilities_are_written(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "figures.json"
    assert main(["evaluate", "--model", "csamoe-resnet18", "--data", str(folder), "--json", str(out)]) == 0
    told = json.loads(out.read_text())
    assert set(told["metrics"]) == {"auc", "accuracy", "sensitivity", "specificity", "precision", "f1"}
    assert set(told["metrics"]["auc"]) == {"value", "low", "high"}
    assert [set(one) for one in told["images"]] == [{"image", "label", "group", "probability"}] * 4
    truth = [one["label"] == "malignant" for one in told["images"]]
    assert told["metrics"]["auc"]["value"] == roc_auc_score(truth, [one["probability"] for one in told["images"]])
    printed = capsys.readouterr().out
    assert "1 images labelled normal are left out" in printed
    assert f"{told['metrics']['auc']['value']:.3f}" in printed


def test_rows_are_chosen_by_column(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "figures.json"
    assert main(["evaluate", "--data", str(folder), "--where", "hospital=A", "--json", str(out)]) == 0
    assert [one["image"] for one in json.loads(out.read_text())["images"]] == ["0.png", "1.png"]
    capsys.readouterr()
    assert main(["evaluate", "--data", str(folder), "--where", "label=benign", "--json", str(out)]) == 0
    assert json.loads(out.read_text(), parse_constant=pytest.fail)["metrics"]["auc"]["value"] is None
    printed, errors = capsys.readouterr()
    assert "undefined" in printed
    assert "Warning" not in errors
    assert main(["evaluate", "--data", str(folder), "--where", "label=normal"]) == 2
    assert "No image is labelled benign or malignant" in capsys.readouterr().err


def test_a_folder_that_is_none_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", "--data", str(tmp_path)]) == 2
    assert "not a dataset folder" in capsys.readouterr().err


def test_other_outlines_are_really_read(folder: Path, tmp_path: Path) -> None:
    found = {}
    for outline in ("reader", "ellipse", "hull"):
        out = tmp_path / f"{outline}.json"
        assert main(["evaluate", "--data", str(folder), "--outline", outline, "--json", str(out)]) == 0
        told = json.loads(out.read_text())
        assert told["outline"] == outline
        found[outline] = [one["probability"] for one in told["images"]]
    assert found["reader"] != found["ellipse"] != found["hull"] != found["reader"]


@pytest.mark.skipif(not BUSBRA.is_dir(), reason="the research data is not on this machine")
def test_held_out_patients_read_as_they_did_when_the_card_was_written() -> None:
    """Twenty images of fold 1; all of them, and the card's figures, under -m slow."""
    predictor = load_predictor(find_bundle("csamoe-resnet18"), "cpu")
    chosen = where(read_dataset(BUSBRA), ["fold=1"])[::19]
    expected = json.loads(EXPECTED.read_text())
    found = {one["image"]: one["probability"] for one in per_image(read_all(predictor, chosen))}
    assert found == pytest.approx(expected, abs=1e-3)


@pytest.mark.slow
@pytest.mark.skipif(not BUSBRA.is_dir(), reason="the research data is not on this machine")
def test_the_cards_figures_come_out_again(tmp_path: Path) -> None:
    out = tmp_path / "figures.json"
    assert (
        main(["evaluate", "--model", "csamoe-resnet18", "--data", str(BUSBRA), "--where", "fold=1", "--json", str(out)])
        == 0
    )
    told = json.loads(out.read_text())
    held_out = find_bundle("csamoe-resnet18").card.evaluations[0]
    for name, figure in held_out.metrics.items():
        assert told["metrics"][name]["value"] == pytest.approx(figure.value, abs=2e-3), name
    for name, figure in held_out.group_metrics.items():
        assert told["group_metrics"][name]["value"] == pytest.approx(figure.value, abs=2e-3), name


def test_a_model_that_outlines_gets_the_dice_table(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "dice.json"
    asked = ["evaluate", "--model", "unet-mobilenet", "--data", str(folder), "--device", "cpu"]
    assert main([*asked, "--json", str(out)]) == 0
    printed = capsys.readouterr().out
    for row in ("Dice, mean", "Dice, median", "Dice, 10th percentile", "IoU, mean", "missed lesions", "false outlines"):
        assert row in printed
    assert "4 images with a lesion of 4 groups" in printed
    told = json.loads(out.read_text(), parse_constant=pytest.fail)
    assert set(told) >= {"automatic", "one_box", "weights_sha256"}
    assert told["one_box"]["metrics"]["dice"]["value"] > 0.7
    assert told["automatic"]["images"][4]["dice"] is None
    assert f"{told['automatic']['metrics']['dice']['value']:.3f}" in printed
    assert main([*asked, "--outline", "ellipse"]) == 2
    assert "only proposes outlines and does not assess lesions" in capsys.readouterr().err


def test_lesions_are_read_by_their_proposals_and_those_without_one_are_counted(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    blank = tmp_path / "data"
    shutil.copytree(folder, blank)
    cv2.imwrite(str(blank / "0.png"), np.zeros_like(cv2.imread(str(folder / "0.png"), cv2.IMREAD_GRAYSCALE)))
    found = {}
    for outline in ("reader", "proposal"):
        out = tmp_path / f"{outline}.json"
        assert (
            main(["evaluate", "--data", str(blank), "--outline", outline, "--json", str(out), "--device", "cpu"]) == 0
        )
        told = json.loads(out.read_text())
        found[outline] = {one["image"]: one["probability"] for one in told["images"]}
    assert "1 of 4 images are left out: no lesion was proposed on them." in told["left_out"]
    assert "outlines proposed by unet-mobilenet 1.0" in capsys.readouterr().out
    assert set(found["reader"]) - set(found["proposal"]) == {"0.png"}
    assert all(found["proposal"][image] != found["reader"][image] for image in found["proposal"])
