"""`csamoe-desktop convert` on real files: every format to every other, and what was guessed on the way."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from csamoe_desktop.cli import main
from csamoe_desktop.lesion.files.formats import FORMATS, read_mask

LESION = cv2.ellipse(np.zeros((60, 80), np.uint8), (44, 28), (18, 10), 12, 0, 360, 1, -1).astype(bool)


def test_a_mask_goes_through_every_format_to_the_pixel(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    last = tmp_path / "m.png"
    last.write_bytes(cv2.imencode(".png", LESION.astype(np.uint8) * 255)[1].tobytes())
    for suffix in [suffix for one in FORMATS for suffix in one.suffixes]:
        out = tmp_path / f"out{suffix}"
        assert main(["convert", str(last), str(out)]) == 0
        assert f"{LESION.sum()} pixels marked" in capsys.readouterr().out
        assert np.array_equal(read_mask(out, LESION.shape).pixels, LESION)
        last = out


def test_the_image_gives_size_and_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    image, mask, out = tmp_path / "IM7.png", tmp_path / "m.npy", tmp_path / "m.coco.json"
    np.save(mask, LESION)
    image.write_bytes(cv2.imencode(".png", np.full((60, 80), 90, np.uint8))[1].tobytes())
    assert main(["convert", str(mask), str(out), "--image", str(image)]) == 0
    assert json.loads(out.read_text())["images"][0]["file_name"] == "IM7.png"
    image.write_bytes(cv2.imencode(".png", np.full((120, 160), 90, np.uint8))[1].tobytes())
    capsys.readouterr()
    assert main(["convert", str(mask), str(out), "--image", str(image)]) == 2
    assert "The mask is 80 x 60 pixels" in capsys.readouterr().err
    assert main(["convert", str(mask), str(out), "--image", str(image), "--resize"]) == 0
    assert "resized" in capsys.readouterr().out
    assert read_mask(out, (120, 160)).pixels.sum() == 4 * LESION.sum()


def test_a_format_that_is_not_written_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    np.save(tmp_path / "m.npy", LESION)
    assert main(["convert", str(tmp_path / "m.npy"), str(tmp_path / "m.gif")]) == 2
    assert "does not have the suffix of a mask format" in capsys.readouterr().err
