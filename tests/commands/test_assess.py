"""`csamoe-desktop assess`: the AI result as text, JSON and PDF; refusals in one sentence."""

import json
import subprocess
from pathlib import Path

import pytest

from csamoe_desktop.cli import main
from csamoe_desktop.inference.bundle import readers
from csamoe_desktop.settings import Settings, save_settings


def arguments(folder: Path, *more: str) -> list[str]:
    return ["assess", str(folder / "spiculated.dcm"), "--mask", str(folder / "spiculated_mask.png"), *more]


def test_json_is_one_object_with_the_promised_keys(demo_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments(demo_folder, "--json", "--device", "cpu")) == 0
    out, err = capsys.readouterr()
    told = json.loads(out)
    assert {"probability", "logits", "gates", "stage_attention", "model", "device", "regions", "warnings"} <= set(told)
    assert set(told["gates"]) == {"image", "core", "boundary"}
    assert set(told["regions"]) == {"erosions", "dilations", "core_px", "boundary_px"}
    assert err == ""


def test_words_lead_with_the_category(demo_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(arguments(demo_folder, "--json"))
    category = json.loads(capsys.readouterr().out)["category"]
    assert main(arguments(demo_folder)) == 0
    out = capsys.readouterr().out
    assert out.splitlines()[0].removeprefix("AI result").strip().startswith(category)
    assert "routing, not evidence" in out
    assert "Research use only" in out


def test_dicom_and_png_of_one_image_read_the_same(demo_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(arguments(demo_folder, "--json"))
    from_dicom = json.loads(capsys.readouterr().out)
    mask = str(demo_folder / "spiculated_mask.png")
    main(["assess", str(demo_folder / "spiculated.png"), "--mask", mask, "--json"])
    from_png = json.loads(capsys.readouterr().out)
    assert from_png["probability"] == pytest.approx(from_dicom["probability"], abs=1e-6)


def test_the_report_is_written(demo_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report = tmp_path / "Befund Müller 报告.pdf"
    assert main(arguments(demo_folder, "--report", str(report))) == 0
    assert str(report) in capsys.readouterr().out
    text = subprocess.run(["pdftotext", "-layout", str(report), "-"], capture_output=True, check=True, text=True).stdout
    assert "PHANTOM" in text.upper()
    assert "research use only" in text.lower()


def test_the_report_is_in_the_language_asked_for_with_the_institution_of_the_settings(
    demo_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    save_settings(Settings(institution="虚构医院", report_language="zh"))
    for more, words in ((["--language", "en"], "Reader's comment"), ([], "医师意见")):
        report = tmp_path / "report.txt"
        assert main(arguments(demo_folder, "--device", "cpu", "--report", str(report), *more)) == 0
        text = report.read_text(encoding="utf-8")
        assert text.startswith("虚构医院\n")
        assert words in text


def test_a_logo_that_cannot_be_used_is_said_before_anything_is_read(
    demo_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "logo.png").write_text("no picture", encoding="utf-8")
    save_settings(Settings(logo=str(tmp_path / "logo.png")))
    assert main(arguments(demo_folder, "--report", str(tmp_path / "report.pdf"), "--model", "nonesuch")) == 2
    assert "The logo logo.png is not a PNG or JPEG image." in capsys.readouterr().err


def test_a_frame_of_a_cine_is_chosen_by_its_number(demo_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cine = str(demo_folder / "cine.dcm")
    from csamoe_desktop.study.opening import open_study

    study = open_study(demo_folder / "cine.dcm")
    mask = demo_folder / "cine_mask.png"
    import numpy as np

    from csamoe_desktop.lesion.files.formats import write_mask

    pixels = np.zeros((study.rows, study.columns), bool)
    pixels[study.rows // 3 : study.rows // 2, study.columns // 3 : study.columns // 2] = True
    write_mask(mask, pixels)
    found = []
    for number in ("1", str(study.frame_count)):
        assert main(["assess", cine, "--mask", str(mask), "--frame", number, "--json"]) == 0
        found.append(json.loads(capsys.readouterr().out)["probability"])
    assert found[0] != found[1]
    for number in ("0", str(study.frame_count + 1)):
        assert main(["assess", cine, "--mask", str(mask), "--frame", number]) == 2
        assert f"from 1 to {study.frame_count}" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"image": "missing.png"}, "missing.png"),
        ({"mask": "missing_mask.png"}, "missing_mask.png"),
        ({"more": ["--model", "nonesuch"]}, "no model 'nonesuch'"),
        ({"more": ["--report", "/proc/nowhere/report.pdf"]}, "/proc/nowhere"),
    ],
)
def test_a_refusal_is_one_sentence_and_a_hint(
    demo_folder: Path, capsys: pytest.CaptureFixture[str], change: dict[str, object], said: str
) -> None:
    image = demo_folder / str(change.get("image", "spiculated.png"))
    mask = demo_folder / str(change.get("mask", "spiculated_mask.png"))
    more = [str(one) for one in change.get("more", [])]  # type: ignore[attr-defined]
    assert main(["assess", str(image), "--mask", str(mask), *more]) == 2
    err = capsys.readouterr().err
    assert said in err
    assert "Traceback" not in err
    assert len(err.strip().splitlines()) == 1


def test_a_mask_of_another_size_is_refused_with_both_sizes(
    demo_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import numpy as np

    from csamoe_desktop.lesion.files.formats import write_mask

    wrong = tmp_path / "wrong.png"
    pixels = np.zeros((30, 40), bool)
    pixels[10:20, 10:20] = True
    write_mask(wrong, pixels)
    assert main(["assess", str(demo_folder / "spiculated.png"), "--mask", str(wrong)]) == 2
    assert "40 x 30" in capsys.readouterr().err


def test_why_and_how_sure_are_told(demo_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments(demo_folder, "--model", "csamoe-resnet18", "--json", "--device", "cpu")) == 0
    told = json.loads(capsys.readouterr().out)
    assert set(told["explanation"]["left_out"]) == {"image", "core", "boundary"}
    assert told["contour"]["low"] <= told["probability"] <= told["contour"]["high"]
    assert main(arguments(demo_folder, "--model", "csamoe-resnet18", "--device", "cpu")) == 0
    out = capsys.readouterr().out
    lines = {line.split(maxsplit=1)[0]: line for line in out.splitlines()}
    assert lines["range"].split(maxsplit=1)[1].startswith(f"{told['contour']['low']:.3f} to ")
    assert "boundary" in lines["without"]
    reasons = [line.split(maxsplit=1)[1] for line in out.splitlines() if line.startswith("reason")]
    assert any("depends on the roughness of the outline" in reason for reason in reasons)
    assert any(f"{told['nearest']['positive']} were malignant" in reason for reason in reasons)


def test_a_model_that_needs_an_outline_says_so_without_one(
    demo_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["assess", str(demo_folder / "spiculated.dcm"), "--model", "csamoe-resnet18"]) == 2
    assert "needs an outline of the lesion" in capsys.readouterr().err


SHIPPED = ("csamoe-resnet18", "csamoe-resnet18-plus", "csasn", "fus2net", "la-net", "resnet18", "two-stage")


def test_all_that_reads_is_shipped() -> None:
    assert {bundle.card.name for bundle in readers()} == {*SHIPPED}


@pytest.mark.parametrize("model", SHIPPED)
def test_each_shipped_model_assesses_the_demo_study(
    demo_folder: Path, capsys: pytest.CaptureFixture[str], model: str
) -> None:
    assert main(arguments(demo_folder, "--model", model, "--json", "--device", "cpu")) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["model"] == f"{model} 1.0"
    assert 0 < told["probability"] < 1
    assert told["category"] in ("likely benign", "indeterminate", "suspicious")
    assert (told["contour"] is None) == (model not in ("csamoe-resnet18", "csamoe-resnet18-plus"))
    poorly = any("distinguishes malignant from benign lesions poorly" in warning for warning in told["warnings"])
    assert poorly == (model in ("csasn", "fus2net"))
