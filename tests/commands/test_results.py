"""`csamoe-desktop record` with a shipped bundle on made images, and `csamoe-desktop results` of what it recorded."""

import csv
import dataclasses
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from csamoe_desktop.cli import main
from csamoe_desktop.datasets.folder import Sample, read_dataset, read_sample
from csamoe_desktop.evidence import recording, records
from csamoe_desktop.evidence.evaluate import read_all
from csamoe_desktop.inference.bundle import Bundle, find_bundle
from csamoe_desktop.inference.predictor import calibrated
from csamoe_desktop.inference.torch_engine import load_predictor
from csamoe_desktop.lesion.margin import outline_features
from csamoe_desktop.study.phantom import make_phantom


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a dataset folder of six phantoms, one a patient, and an image without a lesion."""
    folder = tmp_path_factory.mktemp("made") / "phantoms"
    folder.mkdir()
    rows = [["image", "mask", "label", "group", "birads", "device"]]
    for number in range(7):
        phantom = make_phantom("spiculated" if number % 2 else "smooth", seed=number)
        label = "normal" if number == 6 else "malignant" if number % 2 else "benign"
        mask = phantom.mask if label != "normal" else np.zeros_like(phantom.mask)
        cv2.imwrite(str(folder / f"{number}.png"), phantom.pixels)
        cv2.imwrite(str(folder / f"{number}_mask.png"), mask.astype(np.uint8) * 255)
        rows.append([f"{number}.png", f"{number}_mask.png", label, f"P{number}", str(3 + number % 2), "made"])
    with (folder / "labels.csv").open("w", newline="") as opened:
        csv.writer(opened).writerows(rows)
    return folder


@pytest.fixture(scope="module")
def docs(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a docs folder with one run recorded, by two kinds of outline, and the outlines' numbers."""
    docs = tmp_path_factory.mktemp("docs")
    loop = docs / "loop"
    loop.mkdir()
    (loop / "curves.csv").write_text("epoch,training_loss,validation_loss\n1,0.7,0.8\n2,0.5,0.6\n")
    base = ["record", "--bundle", str(find_bundle("csamoe-resnet18").folder), "--out", str(docs / "runs" / "faithful")]
    one_set = ["--data", str(data), "--set", "phantoms", "--device", "cpu"]
    assert main([*base, *one_set, "--run", str(loop)]) == 0
    assert main([*base, *one_set, "--outline", "ellipse"]) == 0
    assert main(["record", "--only-outlines", "--data", str(data), "--out", str(docs / "runs")]) == 0
    return docs


def test_rows_are_what_evaluate_reads(docs: Path, data: Path) -> None:
    bundle = find_bundle("csamoe-resnet18")
    run = records.read_run(docs / "runs" / "faithful")
    samples = read_dataset(data)
    for outline in ("reader", "ellipse"):
        readings = read_all(load_predictor(bundle, "cpu"), samples, outline=outline)
        rows = run.read("phantoms", outline)
        assert [row.image for row in rows] == [sample.name for sample in readings.samples]
        assert [row.probability for row in rows] == pytest.approx(readings.probability.tolist(), rel=1e-4)
    first = run.read("phantoms")[0]
    assert calibrated(first.logits, run.card) == pytest.approx(first.probability, rel=1e-4)
    pixels, mask = read_sample(samples[0])
    assert (first.birads, first.device, first.size) == ("3", "made", f"{pixels.shape[0]}x{pixels.shape[1]}")
    assert first.area_fraction == pytest.approx(mask.mean(), rel=1e-5)
    assert run.fused["phantoms"].shape == (6, 6)
    assert "1 images labelled normal" in run.sets["phantoms"].left_out["reader"][0]
    assert not run.sets["phantoms"].seen
    (outlines,) = records.read_outlines(docs / "runs").values()
    assert outlines[0].features == pytest.approx(outline_features(mask), rel=1e-5)
    assert len(outlines) == 6


def test_results_are_written_from_the_record(docs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["results", "--runs", str(docs / "runs"), "--out", str(docs), "--resamples", "20"]) == 0
    assert str(Path("results") / "README.md") in capsys.readouterr().out
    page = (docs / "results" / "phantoms.md").read_text(encoding="utf-8")
    assert "| faithful | 6 / 6 |" in page
    assert "### phantoms, other outlines" in page
    assert {file.name for file in (docs / "results").iterdir()} == {
        "README.md",
        "phantoms.md",
        "outside.md",
        "training.md",
        "curves-faithful.svg",
        "roc-phantoms.svg",
        "reliability-phantoms.svg",
        "tsne-phantoms.png",
    }


def test_proposals_take_the_outlines_place_and_images_without_one_are_counted(data: Path) -> None:
    def second_only(sample: Sample) -> np.ndarray | None:
        return read_sample(sample)[1] if sample.group in ("P1", "P2") else None

    bundle = find_bundle("csamoe-resnet18")
    samples = read_dataset(data)
    rows, fused, left_out = recording.read_set(bundle, samples, "proposal", second_only, "cpu")
    assert [row.group for row in rows] == ["P1", "P2"]
    assert {row.outline for row in rows} == {"proposal"}
    assert len(fused) == 2
    assert left_out == ("Nothing was proposed on 4 of 6 images: they are left out.",)
    same, _, _ = recording.read_set(bundle, samples[1:3], device="cpu")
    assert [row.probability for row in rows] == pytest.approx([row.probability for row in same], rel=1e-4)
    outlines = recording.read_outlines_of(samples, "proposal", second_only)
    assert [row.group for row in outlines] == ["P1", "P2"]


def test_a_set_of_the_cards_second_folder_is_marked_as_seen(data: Path, tmp_path: Path) -> None:
    bundle = find_bundle("csamoe-resnet18")
    split = "by patient: fold 1 held out, and phantoms for training and validation only (9 / 2 / 3 images)"
    training = dataclasses.replace(bundle.card.training, split=split)
    folder = tmp_path / "csamoe-resnet18"
    folder.mkdir()
    (folder / "card.json").write_text(dataclasses.replace(bundle.card, training=training).to_json())
    (folder / "weights.safetensors").hardlink_to(bundle.weights)
    arguments = ["--where", "birads=3", "--set", "low", "--device", "cpu", "--out", str(tmp_path / "runs" / "one")]
    assert main(["record", "--bundle", str(folder), "--data", str(data), *arguments]) == 0
    assert records.read_run(tmp_path / "runs" / "one").sets["low"].seen


def test_the_card_alone_is_recorded_without_data(tmp_path: Path) -> None:
    bundle: Bundle = find_bundle("csamoe-resnet18")
    out = tmp_path / "runs" / "one"
    assert main(["record", "--bundle", str(bundle.folder), "--out", str(out)]) == 0
    assert [file.name for file in out.iterdir()] == ["card.json"]
    assert main(["results", "--runs", str(tmp_path / "runs"), "--out", str(tmp_path), "--resamples", "20"]) == 0
    assert "| one | CSA-MoE-Net on ResNet-18 |" in (tmp_path / "results" / "training.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--bundle", "nowhere"], "no readable card.json"),
        (["--bundle", "BUNDLE", "--data", "DATA"], "has no name"),
        (["--bundle", "BUNDLE", "--data", "DATA", "--set", "a/b"], "cannot be called"),
        (
            ["--bundle", "BUNDLE", "--data", "DATA", "--set", "a", "--outline", "proposal"],
            "needs a model that proposes outlines",
        ),
        (
            ["--bundle", "BUNDLE", "--data", "DATA", "--set", "a", "--outline", "proposal", "--outliner", "BUNDLE"],
            "proposes no outlines",
        ),
        (["--bundle", "BUNDLE", "--run", "DATA"], "no curves.csv"),
        (["--only-outlines"], "needs a dataset folder"),
    ],
)
def test_what_cannot_be_recorded_is_refused(
    arguments: list[str], said: str, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    places = {"BUNDLE": str(find_bundle("csamoe-resnet18").folder), "DATA": str(data)}
    given = [places.get(one, one) for one in arguments]
    assert main(["record", *given, "--out", str(tmp_path / "record")]) == 2
    assert said in capsys.readouterr().err


def test_no_record_no_results(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["results", "--runs", str(tmp_path), "--out", str(tmp_path / "docs")]) == 2
    assert "No run is recorded" in capsys.readouterr().err
    assert not (tmp_path / "docs").exists()
