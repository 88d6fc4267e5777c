"""A command never writes over what it reads, whatever way leads there, nor over a file of another kind; names may be any."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from csamoe_desktop.cli import main
from csamoe_desktop.lesion.files.formats import write_mask
from csamoe_desktop.names import REPLACED

Capture = pytest.CaptureFixture[str]
NOT_UTF8 = b"M\xfcller \xff.dcm".decode("utf-8", "surrogateescape")


@pytest.fixture
def folder(demo_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The demo's smooth image and mask, under names that a report or a mask could have too, with ways that lead to them."""
    made = tmp_path / "work"
    (made / "sub").mkdir(parents=True)
    for name, source in (
        ("image.pdf", "smooth.dcm"),
        ("image.json", "smooth.dcm"),
        ("image.txt", "smooth.dcm"),
        ("image.png", "smooth.png"),
        ("mask.png", "smooth_mask.png"),
    ):
        shutil.copy(demo_folder / source, made / name)
        (made / f"link-{name}").symlink_to(made / name)
        (made / f"hard-{name}").hardlink_to(made / name)
    monkeypatch.chdir(made / "sub")
    return made


def contents(folder: Path) -> dict[str, bytes]:
    return {str(file): file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file()}


WAYS: tuple[Callable[[Path, str], str], ...] = (
    lambda folder, name: str(folder / name),
    lambda folder, name: str(folder / f"link-{name}"),
    lambda folder, name: str(folder / f"hard-{name}"),
    lambda folder, name: f"../{name}",
    lambda folder, name: f"{folder}/sub/../link-{name}",
)


@pytest.mark.parametrize("way", range(len(WAYS)))
def test_the_output_is_never_the_image_or_the_mask(folder: Path, way: int, capsys: Capture) -> None:
    before = contents(folder)
    reach = WAYS[way]
    image, mask = str(folder / "image.png"), str(folder / "mask.png")
    commands = [
        ["propose", image, "--out", reach(folder, "image.png")],
        ["convert", mask, reach(folder, "mask.png")],
        ["convert", mask, reach(folder, "image.png"), "--image", image],
        ["convert", reach(folder, "mask.png"), mask],
    ]
    for suffix in ("pdf", "json", "txt"):
        commands.append(
            ["assess", str(folder / f"image.{suffix}"), "--mask", mask, "--report", reach(folder, f"image.{suffix}")]
        )
    for command in commands:
        assert main(command) == 2, command
        out, err = capsys.readouterr()
        assert "is the input file" in err, command
        assert "Choose another name" in err
        assert out == ""
        assert len(err.splitlines()) == 1
    assert contents(folder) == before


def test_an_output_is_no_file_of_another_kind(folder: Path, capsys: Capture) -> None:
    speckle = np.random.default_rng(0).rayleigh(30, (300, 400)).clip(0, 255).astype(np.uint8)
    cv2.imwrite(str(folder / "other-patient.png"), speckle)
    (folder / "letter.pdf").write_bytes(b"%PDF-1.4 a letter")
    (folder / "data.json").write_text('{"patients": 3}')
    (folder / "notes.txt").write_text("Call Mrs. Meyer.")
    before = contents(folder)
    image, mask = str(folder / "image.png"), str(folder / "mask.png")
    commands = [
        ["propose", image, "--out", str(folder / "other-patient.png")],
        ["convert", mask, str(folder / "other-patient.png")],
        ["convert", mask, str(folder / "data.json")],
        *(
            ["assess", image, "--mask", mask, "--report", str(folder / name)]
            for name in ("letter.pdf", "data.json", "notes.txt")
        ),
        *(
            ["assess", image, "--mask", mask, "--report", str(folder / f"image.{suffix}")]
            for suffix in ("pdf", "json", "txt")
        ),
        ["demo", "--out", str(folder)],
    ]
    (folder / "report.pdf").write_bytes(b"%PDF-1.4 a report of another program")
    before = contents(folder)
    for command in commands:
        assert main(command) == 2, command
        out, err = capsys.readouterr()
        assert "A file of another kind named" in err, command
        assert "move that file first" in err
        assert out == ""
    assert contents(folder) == before


def test_the_demo_replaces_its_own_study_and_no_other_file(tmp_path: Path, demo_folder: Path, capsys: Capture) -> None:
    from csamoe_desktop.errors import UserError
    from csamoe_desktop.study.phantom import write_demo_study

    write_demo_study(demo_folder)
    shutil.copy(demo_folder / "smooth.png", tmp_path / "cine.dcm")
    with pytest.raises(UserError, match=r"of another kind named cine\.dcm"):
        write_demo_study(tmp_path)
    assert [file.name for file in tmp_path.iterdir() if file.is_file()] == ["cine.dcm"]


def test_what_was_written_before_is_replaced(folder: Path, capsys: Capture) -> None:
    image, mask = str(folder / "image.png"), str(folder / "mask.png")
    for name in ("out.png", "out.json", "out.coco.json", "out.nii.gz", "out.npz", "out.tif"):
        for _ in range(2):
            assert main(["convert", mask, str(folder / name), "--image", image]) == 0, capsys.readouterr().err
    for _ in range(2):
        assert main(["assess", image, "--mask", mask, "--report", str(folder / "r.pdf")]) == 0, capsys.readouterr().err


def test_training_and_records_do_not_go_into_the_data(folder: Path, capsys: Capture) -> None:
    data = folder / "data"
    data.mkdir()
    (folder / "data-link").symlink_to(data)
    (data / "labels.csv").write_text("image,mask,label,group\na.png,b.png,benign,1\n")
    before = contents(folder)
    for command in (
        ["train", "--data", str(data), "--out", str(folder / "data-link")],
        ["train", "--data", str(data), "--out", str(folder / "run"), "--bundle", "../data"],
        ["record", "--only-outlines", "--data", str(data), "--out", str(folder / "data-link")],
        ["results", "--runs", str(data), "--out", "../data"],
    ):
        assert main(command) == 2, command
        assert "is the input folder" in capsys.readouterr().err, command
    for name in ("labels.csv", "a.png", "b.png"):
        (data / name).touch()
        assert main(["evaluate", "--data", str(data), "--json", str(folder / "data-link" / name)]) == 2
        assert "is the input file" in capsys.readouterr().err, name
    (folder / "results").mkdir()
    (folder / "results" / "README.md").write_text("# My own results\n")
    assert main(["results", "--runs", str(data), "--out", str(folder)]) == 2
    assert "of another kind named README.md" in capsys.readouterr().err
    assert (data / "labels.csv").read_bytes() == before[str(data / "labels.csv")]


def run(*arguments: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "csamoe_desktop", *(os.fsencode(one) for one in arguments)],
        capture_output=True,
        check=False,
    )


def test_a_name_that_is_no_text_goes_through_every_command(demo_folder: Path, tmp_path: Path) -> None:
    image, mask = tmp_path / NOT_UTF8, tmp_path / NOT_UTF8.replace(".dcm", "-mask\n\u202e.json")
    shutil.copy(demo_folder / "smooth.dcm", image)
    pixels = cv2.imread(str(demo_folder / "smooth_mask.png"), cv2.IMREAD_GRAYSCALE) > 0
    write_mask(mask, pixels, image=NOT_UTF8)
    seen = f"M{REPLACED}ller {REPLACED}"
    done = run("inspect", str(image), str(mask))
    assert done.returncode == 2
    lines = done.stdout.decode("utf-8").splitlines()
    assert len(lines) == 2, "one line a file"
    assert f"{seen}.dcm: DICOM" in lines[0]
    done = run("inspect", "--json", str(image))
    assert json.loads(done.stdout.decode("utf-8"))["path"].endswith(f"{seen}.dcm")
    report = tmp_path / NOT_UTF8.replace(".dcm", ".json")
    done = run("assess", str(image), "--mask", str(mask), "--report", str(report))
    assert done.returncode == 0, done.stderr
    assert f"{seen}.json" in done.stdout.decode("utf-8")
    assert f"{seen}.dcm" in report.read_text(encoding="utf-8")
    # The name in it is no longer that of the file, which is found by its pixels.
    assert main(["verify", str(report)]) == 0
    done = run("convert", str(mask), str(tmp_path / NOT_UTF8.replace(".dcm", ".coco.json")), "--image", str(image))
    assert done.returncode == 0, done.stderr
    done = run("assess", str(tmp_path / "no\udcff\n.dcm"))
    assert done.returncode == 2
    assert done.stderr.decode("utf-8").startswith("There is no file")
    assert len(done.stderr.splitlines()) == 1


def test_damaged_settings_are_said_on_the_command_line_too(user_folder: Path, tmp_path: Path, capsys: Capture) -> None:
    user_folder.mkdir()
    (user_folder / "settings.json").write_text("{")
    assert main(["assess", str(tmp_path / "none.dcm")]) == 2
    first, second = capsys.readouterr().err.splitlines()
    assert first.startswith("Your settings were damaged")
    assert second.startswith("There is no file")
