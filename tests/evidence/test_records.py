"""Run records: written and read again, kinds of outline beside one another, damage and mix-ups refused."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from csamoe_desktop.errors import UserError
from csamoe_desktop.evidence import records
from csamoe_desktop.evidence.records import OutlineRow, ReadImage, SetRecord
from csamoe_desktop.inference.bundle import find_bundle

SET = SetRecord("busbra", ("fold=1",), left_out={"reader": ("3 images labelled normal are left out.",)})


def row(image: str, outline: str = "reader", probability: float = 0.25) -> ReadImage:
    """Return a row."""
    return ReadImage(
        image, "benign", "P1", outline, probability, (0.5, -0.25), "3", "352x274", "GE, Logiq 7 @10-14MHz", 0.125
    )


def recorded(folder: Path) -> Path:
    """Return a record of one run, two images by two kinds of outline."""
    run = folder / "resnet18"
    records.write_card(run, find_bundle("csamoe-resnet18").card)
    fused = np.arange(10, dtype=np.float16).reshape(2, 5)
    records.write_readings(run, "busbra-fold1", "reader", [row("a.png"), row("b.png")], SET, fused)
    other = dataclasses.replace(SET, left_out={"ellipse": ()})
    records.write_readings(run, "busbra-fold1", "ellipse", [row("a.png", "ellipse", 0.5)], other)
    return run


def test_what_is_written_is_read(tmp_path: Path) -> None:
    run = recorded(tmp_path)
    loop = tmp_path / "loop"
    (loop / "first").mkdir(parents=True)
    (loop / "curves.csv").write_text("epoch,training_loss,gate_image\n1,0.5,\n2,0.25,0.75\n")
    (loop / "first" / "curves.csv").write_text("epoch,training_loss\n1,0.5\n")
    records.copy_curves(loop, run)
    (found,) = records.read_runs(tmp_path)
    assert found.name == "resnet18"
    assert found.card == find_bundle("csamoe-resnet18").card
    assert found.read("busbra-fold1") == (row("a.png"), row("b.png"))
    assert found.read("busbra-fold1", "ellipse") == (row("a.png", "ellipse", 0.5),)
    assert found.read("busbra-fold1", "hull") == found.read("busi") == ()
    assert found.fused["busbra-fold1"].tolist() == [[0, 1, 2, 3, 4], [5, 6, 7, 8, 9]]
    assert found.sets["busbra-fold1"].left_out == {**SET.left_out, "ellipse": ()}
    assert found.sets["busbra-fold1"].words() == "busbra, fold=1"
    assert found.curves["training_loss"].tolist() == [0.5, 0.25]
    assert np.isnan(found.curves["gate_image"][0])
    assert (run / "curves-first.csv").is_file()


def test_an_installed_model_has_its_card_in_one_place(tmp_path: Path) -> None:
    run, card = tmp_path / "resnet18", find_bundle("resnet18").card
    records.write_card(run, card)
    assert records.read_run(run).card == card
    assert not (run / "card.json").exists()
    assert (run / "weights.sha256").read_text() == f"{card.sha256}\n"
    records.write_card(tmp_path / "another-name", card)
    assert (tmp_path / "another-name" / "card.json").is_file()
    (run / "weights.sha256").write_text("0" * 64)
    with pytest.raises(UserError, match="other weights than those of the model resnet18"):
        records.read_run(run)
    (run / "weights.sha256").write_bytes(b"\xff\xfe")
    with pytest.raises(UserError, match="weights.sha256 could not be read"):
        records.write_card(run, card)
    (run / "weights.sha256").unlink()
    (run / "card.json").write_text(card.to_json())
    records.write_card(run, card)
    assert not (run / "card.json").exists(), "the second card is removed"
    assert records.read_run(run).card == card


def test_a_kind_recorded_again_takes_its_own_place_only(tmp_path: Path) -> None:
    run = recorded(tmp_path)
    records.write_readings(run, "busbra-fold1", "ellipse", [row("b.png", "ellipse", 0.75)], SET)
    found = records.read_run(run)
    assert [one.image for one in found.read("busbra-fold1", "ellipse")] == ["b.png"]
    assert len(found.read("busbra-fold1")) == 2


def test_what_was_seen_in_training_stays_seen(tmp_path: Path) -> None:
    run = recorded(tmp_path)
    records.write_readings(run, "busbra-fold1", "hull", [row("a.png", "hull")], dataclasses.replace(SET, seen=True))
    records.write_readings(run, "busbra-fold1", "ellipse", [row("a.png", "ellipse")], SET)
    assert records.read_run(run).sets["busbra-fold1"].seen


def test_other_weights_and_other_images_are_refused(tmp_path: Path) -> None:
    run = recorded(tmp_path)
    with pytest.raises(UserError, match="other weights"):
        records.write_card(run, find_bundle("csamoe-resnet18-plus").card)
    with pytest.raises(UserError, match="busbra, fold=2"):
        records.write_readings(run, "busbra-fold1", "hull", [row("c.png", "hull")], SetRecord("busbra", ("fold=2",)))
    assert records.read_run(run).read("busbra-fold1", "hull") == ()


def test_outlines_are_kept_by_dataset_and_kind(tmp_path: Path) -> None:
    one = OutlineRow("a.png", "malignant", "P1", "reader", (0.5, 0.75, 1.0, 1.25, 0.125, 7.5))
    other = dataclasses.replace(one, outline="hull")
    records.write_outlines(tmp_path, "busbra", "reader", [one])
    records.write_outlines(tmp_path, "busbra", "hull", [other])
    records.write_outlines(tmp_path, "busi", "reader", [one])
    assert records.read_outlines(tmp_path) == {"busbra": (one, other), "busi": (one,)}


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("readings-busbra-fold1.csv", "image,label\na.png,benign\n"),
        ("readings-busbra-fold1.csv", "image,label,group,outline\na.png,benign,P1,freehand\n"),
        ("sets.json", "[1]"),
        ("sets.json", '{"busbra-fold1": {"data": "busbra"}}'),
        ("curves.csv", "epoch,training_loss\n1,much\n"),
        ("fused-busbra-fold1.npy", "no array"),
    ],
)
def test_a_damaged_record_is_refused(tmp_path: Path, file: str, text: str) -> None:
    run = recorded(tmp_path)
    (run / file).write_text(text)
    with pytest.raises(UserError) as problem:
        records.read_runs(tmp_path)
    assert file in str(problem.value)


def test_missing_records_and_curves_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="No run is recorded"):
        records.read_runs(tmp_path)
    with pytest.raises(UserError, match=r"no curves\.csv"):
        records.copy_curves(tmp_path, tmp_path / "record")
    run = recorded(tmp_path)
    (run / "readings-busbra-fold1.csv").unlink()
    with pytest.raises(UserError, match="readings-busbra-fold1"):
        records.read_run(run)


def test_compressed_features_keep_who_is_near_whom() -> None:
    draw = np.random.default_rng(0)
    features = draw.normal(size=(30, 4)) @ draw.normal(size=(4, 300)) * 1e5
    kept = records.compressed(features)
    assert kept.dtype == np.float16
    assert kept.shape == (30, 30)
    assert np.isfinite(kept).all()

    def distances(of: np.ndarray) -> np.ndarray:
        return np.linalg.norm(of[:, None] - of[None], axis=2)

    scale = distances(features).max() / distances(kept.astype(float)).max()
    assert distances(kept.astype(float)) * scale == pytest.approx(
        distances(features), abs=0.005 * distances(features).max()
    )
    assert (records.compressed(-features) == kept).all()
    assert np.isfinite(records.compressed(np.ones((3, 5)))).all()
