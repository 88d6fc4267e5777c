"""`csamoe-desktop guard`: how often each rule speaks, that of the nearest known cases among them."""

import csv
import itertools
from pathlib import Path

import cv2
import numpy as np
import pytest

from csamoe_desktop.assess import assess
from csamoe_desktop.cli import main
from csamoe_desktop.commands.guard import unlike
from csamoe_desktop.inference.bundle import find_bundle
from csamoe_desktop.study.model import Frame
from csamoe_desktop.study.phantom import make_phantom

MODEL = "csamoe-resnet18"


@pytest.fixture(scope="module")
def frames() -> list[tuple[Frame, np.ndarray]]:
    """Three phantoms and a checkerboard that no scanner makes, each with an outline."""
    made = [make_phantom("smooth", seed=0), make_phantom("spiculated", seed=1), make_phantom("smooth", seed=2)]
    pairs = [(Frame(one.pixels, 0, None), one.mask) for one in made]
    rows, columns = made[0].mask.shape
    board = np.indices((rows, columns)).sum(0) // 80 % 2 * 200
    return [*pairs, (Frame(board.astype(np.uint8), 0, None), made[0].mask)]


@pytest.fixture(scope="module")
def folder(frames: list[tuple[Frame, np.ndarray]], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Those as a dataset folder; the last one is of another device."""
    folder = tmp_path_factory.mktemp("guarded")
    rows = [["image", "mask", "label", "group", "device"]]
    for number, (frame, mask) in enumerate(frames):
        cv2.imwrite(str(folder / f"{number}.png"), frame.pixels)
        cv2.imwrite(str(folder / f"{number}_mask.png"), mask.astype(np.uint8) * 255)
        device = "none" if number == 3 else "phantom"
        rows.append([f"{number}.png", f"{number}_mask.png", "benign", str(number), device])
    with (folder / "labels.csv").open("w", newline="", encoding="utf-8") as opened:
        csv.writer(opened).writerows(rows)
    return folder


def counted(printed: str, kind: str) -> dict[str, int]:
    """Return how often each rule spoke on the images of a kind."""
    part = printed.split(f", {kind}: ")[1].split(" images, ", 1)[1].splitlines()[1:]
    lines = [line.split() for line in itertools.takewhile(lambda line: line.startswith("  "), part)]
    return {line[0]: int(line[-2]) for line in lines}


def test_the_rule_of_the_nearest_cases_speaks_as_in_a_reading(
    frames: list[tuple[Frame, np.ndarray]], folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from csamoe_desktop.inference.torch_engine import load_predictor

    predictor = load_predictor(find_bundle(MODEL), "cpu")
    readings = [assess(frame, mask, predictor) for frame, mask in frames[:3]]
    speaks = [any("unlike the images the model" in warning for warning in reading.warnings) for reading in readings]
    assert [unlike(frame, mask, predictor) for frame, mask in frames[:3]] == speaks
    # The guard withholds the reading of the fourth; the rule is counted by itself all the same.
    assert unlike(*frames[3], predictor)
    argv = ["guard", "--data", str(folder), "--by", "device", "--model", MODEL, "--device", "cpu"]
    assert main(argv) == 0
    printed = capsys.readouterr().out
    assert counted(printed, "device=phantom")["unlike"] == sum(speaks)
    assert counted(printed, "device=none")["unlike"] == 1
    assert "device=none: 1 images, 1 withheld" in printed


def test_without_a_model_the_rules_of_the_pixels_are_counted_alone(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["guard", "--data", str(folder), "--where", "device=none"]) == 0
    printed = capsys.readouterr().out
    assert "device=none, all: 1 images" in printed
    assert "unlike" not in printed


def test_a_folder_of_images_is_read_with_an_ellipse_in_the_middle(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    board = tmp_path / "board.png"
    board.write_bytes((folder / "3.png").read_bytes())
    (tmp_path / "note.txt").write_text("nothing")
    assert main(["guard", "--data", str(tmp_path), "--model", MODEL, "--device", "cpu"]) == 0
    assert counted(capsys.readouterr().out, "all")["unlike"] == 1


def test_a_model_that_keeps_no_cases_and_columns_that_are_not_there_are_refused(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["guard", "--data", str(folder), "--model", "csasn"]) == 2
    assert "has no features of its training images" in capsys.readouterr().err
    assert main(["guard", "--data", str(folder), "--by", "hospital"]) == 2
    assert "no column 'hospital'" in capsys.readouterr().err
    assert main(["guard", "--data", str(tmp_path), "--where", "fold=1"]) == 2
    assert "no labels.csv" in capsys.readouterr().err
