"""`csamoe-desktop verify`: yes for an untouched report, and for a changed one precisely what differs."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from csamoe_desktop.cli import main
from csamoe_desktop.inference.bundle import find_bundle
from csamoe_desktop.lesion.files.formats import read_mask, write_mask
from csamoe_desktop.report.json_report import content_sha256

MODEL = "csamoe-resnet18"
Verify = Callable[..., tuple[int, dict[str, tuple[str, str]], str]]


@pytest.fixture(scope="module")
def read_once(demo_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an image and its report, to be read only."""
    folder = tmp_path_factory.mktemp("report")
    image = folder / "spiculated.png"
    shutil.copy(demo_folder / "spiculated.png", image)
    mask = demo_folder / "spiculated_mask.png"
    command = ["assess", str(image), "--mask", str(mask), "--model", MODEL, "--device", "cpu"]
    assert main([*command, "--report", str(folder / "report.json")]) == 0
    return folder


@pytest.fixture
def folder(read_once: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(read_once, tmp_path / "case"))


@pytest.fixture
def verify(capsys: pytest.CaptureFixture[str]) -> Verify:
    """Return a function that verifies a report and returns the exit status, what each line says, and the last line."""

    def verified(report: Path, *more: str) -> tuple[int, dict[str, tuple[str, str]], str]:
        capsys.readouterr()
        status = main(["verify", str(report), "--device", "cpu", *more])
        *lines, last = capsys.readouterr().out.splitlines()
        parts = [line.split(maxsplit=2) for line in lines]
        return status, {part[0]: (part[1], part[2]) for part in parts}, last

    return verified


def change(report: Path, how: Callable[[dict[str, Any]], object], forged: bool = False) -> None:
    """Change a report; `forged`: with the hashes made anew and the signature taken away, as one could who means to."""
    told = json.loads(report.read_text(encoding="utf-8"))
    how(told)
    if forged:
        told.pop("signature", None)
        for part in (*told["readings"], told):
            hashed = {name: one for name, one in part.items() if name not in ("parts_sha256", "content_sha256")}
            part["parts_sha256"] = {name: content_sha256(one) for name, one in hashed.items()}
        parts = {name: part for name, part in told.items() if name not in ("parts_sha256", "content_sha256")}
        told = {**parts, "parts_sha256": {name: content_sha256(part) for name, part in parts.items()}}
        told["content_sha256"] = content_sha256(told)
    report.write_text(json.dumps(told), encoding="utf-8")


def first(told: dict[str, Any]) -> dict[str, Any]:
    """The first reading of a report."""
    return told["readings"][0]  # type: ignore[no-any-return]


def test_a_report_of_the_first_format_is_verified_too(folder: Path, verify: Verify) -> None:
    file = folder / "report.json"
    told = json.loads(file.read_text(encoding="utf-8"))
    reading = {name: part for name, part in first(told).items() if name not in ("parts_sha256", "description")}
    old = {**{name: told[name] for name in ("format", "program", "created")}, "format_version": 1, **reading}
    old["parts_sha256"] = {name: content_sha256(part) for name, part in old.items()}
    file.write_text(json.dumps({**old, "content_sha256": content_sha256(old)}), encoding="utf-8")
    status, said, last = verify(file)
    assert status == 0
    assert list(said) == ["report", "signature", "image", "outline", "model", "probability", "category", "gates"]
    assert last == "Verified: this program and model give the same AI result."


@pytest.fixture
def of_two_views(folder: Path, demo_folder: Path) -> Path:
    """A folder with a report of one lesion on two images, which were read by the model."""
    from datetime import UTC, datetime

    from csamoe_desktop.assess import assess
    from csamoe_desktop.inference.torch_engine import load_predictor
    from csamoe_desktop.lesion.description import Description, View
    from csamoe_desktop.lesion.mask import Author, LesionMask
    from csamoe_desktop.report.document import Report, ReportInput
    from csamoe_desktop.report.writing import write_report
    from csamoe_desktop.study.opening import open_study

    predictor, readings = load_predictor(find_bundle(MODEL), "cpu"), []
    Image.fromarray(np.asarray(Image.open(folder / "spiculated.png"))[:, ::-1]).save(folder / "turned.png")
    for name, view in (("spiculated.png", View.RADIAL), ("turned.png", View.ANTIRADIAL)):
        study = open_study(folder / name)
        frame = study.frame(0)
        pixels = read_mask(demo_folder / "spiculated_mask.png", frame.shape).pixels
        mask = LesionMask(pixels if view is View.RADIAL else pixels[:, ::-1].copy(), Author.DRAWN)
        readings.append(
            ReportInput(
                study_name=name,
                facts=study.facts,
                frame=frame,
                frame_count=1,
                mask=mask,
                ai_result=assess(frame, mask.pixels, predictor),
                reader="",
                comment="",
                created=datetime(2025, 3, 14, tzinfo=UTC),
                description=Description(view=view, identity="one"),
            )
        )
    write_report(folder / "two.json", Report(tuple(readings)))
    return folder / "two.json"


def test_each_reading_of_a_report_is_verified_and_what_they_come_to(
    of_two_views: Path, demo_folder: Path, verify: Verify, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["verify", str(of_two_views), "--device", "cpu"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(maxsplit=1)[0] for line in lines[:-1]] == [
        "report",
        "signature",
        *["AI", "image", "outline", "model", "probability", "category", "gates"] * 2,
        "together",
    ]
    assert "1 of 2: Lesion 1, first view: radial" in lines[2]
    assert "turned.png is the assessed image" in lines[10]
    assert lines[-1] == "Verified: this program and model give the same AI results."

    def swayed(told: dict[str, Any]) -> None:
        told["together"][0]["reading"]["probability"] = 0.5

    change(of_two_views, swayed, forged=True)
    status, said, _ = verify(of_two_views)
    assert status == 1
    assert said["together"][0] == "NO"
    assert said["together"][1].startswith("0.5000 in the report, ")
    assert said["report"][0] == said["probability"][0] == "yes"

    (of_two_views.parent / "turned.png").unlink()
    assert main(["verify", str(of_two_views), "--device", "cpu"]) == 1
    assert "turned.png is not in" in capsys.readouterr().out
    mask = str(demo_folder / "spiculated_mask.png")
    assert main(["verify", str(of_two_views), "--mask", mask]) == 2
    assert "contains 2 AI results" in capsys.readouterr().err


def test_an_untouched_report_is_verified(folder: Path, verify: Verify) -> None:
    status, said, last = verify(folder / "report.json")
    assert status == 0
    assert list(said) == ["report", "signature", "image", "outline", "model", "probability", "category", "gates"]
    assert said.pop("signature")[0] == "-", "signed, but the key is not known to this user"
    assert {yes for yes, _ in said.values()} == {"yes"}
    assert last == "Verified: this program and model give the same AI result."


def test_the_image_is_found_by_its_pixels_whatever_it_is_called(
    folder: Path, demo_folder: Path, tmp_path: Path, verify: Verify
) -> None:
    (folder / "spiculated.png").rename(folder / "renamed.png")
    (folder / "aaa.txt").write_text("no image", encoding="utf-8")
    status, said, _ = verify(folder / "report.json")
    assert status == 0
    assert said["image"][1].startswith("renamed.png")
    (folder / "renamed.png").rename(tmp_path / "elsewhere.png")
    for where in (tmp_path, tmp_path / "elsewhere.png"):
        assert verify(folder / "report.json", "--image", str(where))[0] == 0


def test_a_missing_image_is_said_to_be_missing(folder: Path, verify: Verify) -> None:
    (folder / "spiculated.png").unlink()
    status, said, last = verify(folder / "report.json")
    assert status == 1
    assert said["image"] == ("NO", f"spiculated.png is not in {folder}: give it with --image")
    assert "probability" not in said
    assert last == "The report could not be verified."


def test_a_changed_image_is_said_to_have_other_pixels(folder: Path, verify: Verify) -> None:
    pixels = np.asarray(Image.open(folder / "spiculated.png")).copy()
    pixels[0, 0] ^= 1
    Image.fromarray(pixels).save(folder / "spiculated.png")
    status, said, _ = verify(folder / "report.json")
    assert status == 1
    assert said["image"] == ("NO", "spiculated.png has other pixels than the assessed image")
    assert said["report"][0] == "yes"

    Image.fromarray(pixels[:-2]).save(folder / "spiculated.png")
    rows, columns = pixels.shape[:2]
    _, said, _ = verify(folder / "report.json")
    assert f"is {rows - 2} x {columns}" in said["image"][1]
    assert f"the assessed image {rows} x {columns}" in said["image"][1]


def test_a_frame_that_is_not_there_is_named(folder: Path, verify: Verify) -> None:
    change(folder / "report.json", lambda told: first(told)["image"].update(frame=9), forged=True)
    _, said, _ = verify(folder / "report.json")
    assert said["image"] == ("NO", "spiculated.png has no frame 9, the one that was assessed")


def test_the_outline_s_own_file_is_held_against_the_report(folder: Path, demo_folder: Path, verify: Verify) -> None:
    mask = demo_folder / "spiculated_mask.png"
    assert verify(folder / "report.json", "--mask", str(mask))[0] == 0
    pixels = np.asarray(Image.open(folder / "spiculated.png"))
    shape = (pixels.shape[0], pixels.shape[1])
    drawn = read_mask(mask, shape).pixels.copy()
    rows, columns = np.nonzero(drawn)
    drawn[rows[:3], columns[:3]] = False
    write_mask(folder / "mask.png", drawn)
    status, said, _ = verify(folder / "report.json", "--mask", str(folder / "mask.png"))
    assert status == 1
    assert said["outline"] == ("NO", "mask.png differs from the assessed outline in 3 pixels")
    assert "probability" not in said

    write_mask(folder / "small.png", drawn[:-1])
    _, said, _ = verify(folder / "report.json", "--mask", str(folder / "small.png"))
    assert said["outline"][0] == "NO"
    assert "The mask is" in said["outline"][1]


def test_a_changed_outline_in_the_report_is_found_even_where_it_is_forged(folder: Path, verify: Verify) -> None:
    def emptied(told: dict[str, Any]) -> None:
        rows, columns = told["readings"][0]["mask"]["size"]
        told["readings"][0]["mask"]["counts"] = [rows * columns]

    change(folder / "report.json", emptied, forged=True)
    status, said, _ = verify(folder / "report.json")
    assert status == 1
    assert said["report"][0] == "yes"
    assert said["outline"] == ("NO", "in the report does not have the hash of the assessed outline")


def test_changed_words_are_named_though_the_reading_holds(folder: Path, verify: Verify) -> None:
    change(folder / "report.json", lambda told: first(told).update(comment="nothing seen"))
    status, said, _ = verify(folder / "report.json")
    assert status == 1
    assert said["report"] == ("NO", "was changed after it was written: comment")
    assert said["probability"][0] == "yes"


def test_a_forged_reading_is_not_what_the_model_gives(folder: Path, verify: Verify) -> None:
    here = json.loads((folder / "report.json").read_text(encoding="utf-8"))["readings"][0]["reading"]["probability"]
    forged = 0.1234 if here > 0.5 else 0.8765

    def other(told: dict[str, Any]) -> None:
        first(told)["reading"].update(probability=forged, category="indeterminate")
        first(told)["reading"]["gates"]["core"] += 0.25

    change(folder / "report.json", other, forged=True)
    status, said, _ = verify(folder / "report.json")
    assert status == 1
    assert said["report"][0] == "yes"
    assert said["probability"][0] == "NO"
    assert said["probability"][1].startswith(f"{forged:.4f} in the report, {here:.4f} here on CPU")
    assert said["category"][0] == "NO"
    assert said["category"][1].startswith("indeterminate in the report, ")
    assert said["gates"][0] == "NO"
    assert said["gates"][1].startswith("core ")


def test_a_model_that_is_not_here_and_one_with_other_weights(
    folder: Path, verify: Verify, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle = find_bundle(MODEL)
    monkeypatch.setenv("CSAMOE_MODEL_WEIGHTS", str(tmp_path / "weights"))
    status, said, last = verify(folder / "report.json")
    assert said["model"][0] == "NO"
    assert "There is no model 'csamoe-resnet18'" in said["model"][1]
    assert (status, last) == (1, "The report cannot be verified here: its model is not installed.")

    here = tmp_path / "weights" / MODEL
    here.mkdir(parents=True)
    shutil.copy(bundle.weights, here)
    card = json.loads((bundle.folder / "card.json").read_text(encoding="utf-8"))
    (here / "card.json").write_text(json.dumps({**card, "sha256": "0" * 64}), encoding="utf-8")
    status, said, _ = verify(folder / "report.json")
    assert status == 1
    assert said["model"] == ("NO", f"{MODEL} has other weights here (000000000000, not {bundle.card.sha256[:12]})")

    (here / "card.json").write_text(json.dumps({**card, "temperature": card["temperature"] * 3}), encoding="utf-8")
    _, said, _ = verify(folder / "report.json")
    assert said["model"][0] == "NO"
    assert "same weights, but its card differs (temperature" in said["model"][1]
    assert said["probability"][0] == "NO"


def test_another_version_of_the_program_is_noted(folder: Path, verify: Verify) -> None:
    change(folder / "report.json", lambda told: told.update(program="0.0.1"), forged=True)
    status, said, _ = verify(folder / "report.json")
    assert status == 0
    assert said["note"][1].startswith("by version 0.0.1")


def test_what_is_no_report_is_refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", str(folder / "spiculated.png")]) == 2
    assert "is not a JSON report of this program" in capsys.readouterr().err
    assert main(["verify", str(folder / "report.json"), "--image", str(folder / "missing.png")]) == 2
