"""`csamoe-desktop propose`: the best candidate as a mask file, the others in words or JSON; refusals in one sentence."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from csamoe_desktop.cli import main
from csamoe_desktop.evidence.outline_quality import dice
from csamoe_desktop.lesion.files.formats import read_mask


def test_the_mask_is_written_and_can_be_read_by_assess(
    demo_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "mask.png"
    image = str(demo_folder / "smooth.dcm")
    assert main(["propose", image, "--out", str(out), "--device", "cpu"]) == 0
    said = capsys.readouterr().out
    assert f"written to {out}" in said
    assert "not confirmed" in said
    wanted = read_mask(demo_folder / "smooth_mask.png", None).pixels
    assert dice(read_mask(out, wanted.shape).pixels, wanted) > 0.85
    assert main(["assess", image, "--mask", str(out), "--device", "cpu"]) == 0


def test_json_tells_every_candidate(demo_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "mask.png"
    assert main(["propose", str(demo_folder / "smooth.png"), "--out", str(out), "--json", "--device", "cpu"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["model"] == "unet-mobilenet 1.0"
    best = told["candidates"][0]
    mask = read_mask(out, None).pixels
    assert best["area_px"] == mask.sum()
    left, top, right, bottom = best["box"]
    assert mask[top:bottom, left:right].sum() == mask.sum()
    assert 0.5 < best["confidence"] < 1


def test_a_box_says_where(demo_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A picture with the lesion twice: the box, left, top, right, bottom, chooses."""
    one = cv2.imread(str(demo_folder / "smooth.png"), cv2.IMREAD_GRAYSCALE)
    wanted = read_mask(demo_folder / "smooth_mask.png", None).pixels
    picture, out = tmp_path / "two.png", tmp_path / "mask.png"
    cv2.imwrite(str(picture), np.hstack([one, one[:, ::-1]]))
    rows, columns = np.nonzero(np.hstack([np.zeros_like(wanted), wanted[:, ::-1]]))
    box = f"{columns.min()},{rows.min()},{columns.max() + 1},{rows.max() + 1}"
    assert main(["propose", str(picture), "--out", str(out), "--box", box, "--device", "cpu"]) == 0
    found = read_mask(out, None).pixels
    assert dice(found[:, one.shape[1] :], wanted[:, ::-1]) > 0.85
    assert not found[:, : one.shape[1] - 20].any()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"--box": "1,2,3"}, "is not a box"),
        ({"--box": "0,0,5000,20"}, "does not lie on the image"),
        ({"--box": "30,0,20,20"}, "does not lie on the image"),
        ({"--frame": "2"}, "has no frame 2"),
        ({"--model": "csamoe-resnet18"}, "assesses lesions and proposes no outlines"),
        ({"--out": "mask.doc"}, "does not end in the suffix of a mask format"),
    ],
)
def test_what_cannot_be_done_is_refused_and_nothing_written(
    demo_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], change: dict[str, str], said: str
) -> None:
    given = {"--out": "mask.png"} | change
    given["--out"] = str(tmp_path / given["--out"])
    asked = [part for pair in given.items() for part in pair]
    assert main(["propose", str(demo_folder / "smooth.png"), *asked]) == 2
    assert said in capsys.readouterr().err
    assert not list(tmp_path.glob("mask*"))


def test_where_there_is_none_nothing_is_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    picture, out = tmp_path / "flat.png", tmp_path / "mask.png"
    cv2.imwrite(str(picture), np.zeros((48, 64), np.uint8))
    assert main(["propose", str(picture), "--out", str(out), "--device", "cpu"]) == 2
    assert "No lesion was proposed" in capsys.readouterr().err
    assert not out.exists()
