"""`verify` before reports that somebody made to deceive it, or to take it down."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from csamoe_desktop import paths
from csamoe_desktop.cli import main
from csamoe_desktop.inference.bundle import find_bundle
from csamoe_desktop.report.json_report import content_sha256

MODEL = "resnet18"


@pytest.fixture(scope="module")
def read_once(demo_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an image, its report, and the key that signed it."""
    folder = tmp_path_factory.mktemp("report")
    shutil.copy(demo_folder / "spiculated.png", folder)
    command = ["assess", str(folder / "spiculated.png"), "--model", MODEL, "--device", "cpu"]
    assert main([*command, "--report", str(folder / "report.json")]) == 0
    shutil.copy(paths.signing_key_file(), folder / "signing-key.pem")
    return folder


@pytest.fixture
def folder(read_once: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(read_once, tmp_path / "case"))


Verify = Callable[..., tuple[int, str, str]]


@pytest.fixture
def verify(capsys: pytest.CaptureFixture[str]) -> Verify:
    """Return a function that verifies a report and returns the exit status and what was printed and complained."""

    def verified(report: Path, *more: str) -> tuple[int, str, str]:
        capsys.readouterr()
        status = main(["verify", str(report), "--device", "cpu", *more])
        told = capsys.readouterr()
        return status, told.out, told.err

    return verified


def change(report: Path, how: Callable[[dict[str, Any]], object]) -> None:
    """Change a report, make its hashes anew and take its signature away."""
    told = json.loads(report.read_text(encoding="utf-8"))
    how(told)
    told.pop("signature", None)
    for part in (*told["readings"], told):
        hashed = {name: one for name, one in part.items() if name not in ("parts_sha256", "content_sha256")}
        part["parts_sha256"] = {name: content_sha256(one) for name, one in hashed.items()}
    told["content_sha256"] = content_sha256({name: one for name, one in told.items() if name != "content_sha256"})
    report.write_text(json.dumps(told), encoding="utf-8")


def model(told: dict[str, Any]) -> dict[str, Any]:
    return told["readings"][0]["model"]  # type: ignore[no-any-return]


def test_a_model_that_the_report_names_by_a_path_is_not_loaded(folder: Path, verify: Verify) -> None:
    """A forger's own model lies beside the report, and would give whatever reading the report has."""
    own = folder / "forged"
    shutil.copytree(find_bundle(MODEL).folder, own)
    card = json.loads((own / "card.json").read_text(encoding="utf-8"))
    # Other weights, so other hash: one value is changed at the end of the file.
    data = bytearray((own / "weights.safetensors").read_bytes())
    data[-1] ^= 1
    (own / "weights.safetensors").write_bytes(data)
    import hashlib

    sha256 = hashlib.sha256(data).hexdigest()
    (own / "card.json").write_text(json.dumps({**card, "name": "forged", "sha256": sha256}), encoding="utf-8")
    for name in (
        str(own),
        f"{own}/",
        os.path.relpath(own, paths.model_weights()),
        "../forged",
        ".",
        "..",
        "",
        "forged",
    ):
        change(folder / "report.json", lambda told, name=name: model(told).update(name=name, weights_sha256=sha256))
        status, out, _ = verify(folder / "report.json")
        assert status == 1, out
        assert "There is no model" in out
        assert "probability " not in out, "nothing was read with it"
        assert out.splitlines()[-1].startswith("The report cannot be verified here")


def test_a_name_that_is_not_that_of_the_weights_is_found(folder: Path, verify: Verify) -> None:
    change(folder / "report.json", lambda told: model(told).update(name="csamoe-resnet18-plus"))
    status, out, _ = verify(folder / "report.json")
    assert status == 1
    assert f"is {MODEL} here, not csamoe-resnet18-plus" in out


def test_another_version_of_the_model_is_found(folder: Path, verify: Verify) -> None:
    change(folder / "report.json", lambda told: model(told).update(version="9.9"))
    status, out, _ = verify(folder / "report.json")
    assert (status, "version 1.0, not 9.9" in out) == (1, True), out


@pytest.mark.parametrize(
    "number", ["NaN", "Infinity", "-Infinity", "1e999", '"NaN"', "-0.1", "1.5", "true", "null", "1" * 400]
)
@pytest.mark.parametrize("place", ["probability", "temperature", "benign_below", "gate"])
def test_a_number_that_is_none_is_refused(folder: Path, verify: Verify, number: str, place: str) -> None:
    told = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    reading = told["readings"][0]
    if place == "probability":
        reading["reading"]["probability"] = "HERE"
    elif place == "gate":
        reading["reading"]["gates"]["image"] = "HERE"
    elif place == "temperature":
        reading["model"]["temperature"] = "HERE"
    else:
        reading["model"]["thresholds"]["benign_below"] = "HERE"
    (folder / "report.json").write_text(json.dumps(told).replace('"HERE"', number), encoding="utf-8")
    status, out, err = verify(folder / "report.json")
    if (place, number) == ("temperature", "1.5"):
        assert status == 1
        return
    assert (status, out) == (2, ""), out
    assert "is not a JSON report of this program" in err


def _deep(folder: Path) -> str:
    return "[" * 100_000


def _deep_inside(folder: Path) -> str:
    told = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    return json.dumps({**told, "deep": "HERE"}).replace('"HERE"', "[" * 900 + "]" * 900)


def _twice(folder: Path) -> str:
    text = (folder / "report.json").read_text(encoding="utf-8")
    return text.replace('"format_version": 2,', '"format_version": 2, "title": "other",', 1)


def _endless_run(folder: Path) -> str:
    told = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    told["readings"][0]["mask"]["counts"] = "o" * 3_000_000
    return json.dumps(told)


def _wrapping_runs(folder: Path) -> str:
    told = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    rows, columns = told["readings"][0]["mask"]["size"]
    told["readings"][0]["mask"]["counts"] = [2**62, 2**62, 2**62, 2**62, rows * columns]
    return json.dumps(told)


def _enormous_run(folder: Path) -> str:
    told = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    told["readings"][0]["mask"]["counts"] = [10**19]
    return json.dumps(told)


def _many_outlines(folder: Path) -> str:
    told = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    told["readings"][0]["mask"].update(size=[20_000, 19_000], counts=[20_000 * 19_000])
    told["readings"] *= 50
    return json.dumps(told)


def _no_readings(folder: Path) -> str:
    told = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    return json.dumps({**told, "readings": []})


def _format_text(folder: Path) -> str:
    told = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    return json.dumps({**told, "format_version": "\x1b[2J2"})


@pytest.mark.parametrize(
    "made",
    [
        _deep,
        _deep_inside,
        _twice,
        _endless_run,
        _wrapping_runs,
        _enormous_run,
        _many_outlines,
        _no_readings,
        _format_text,
        lambda folder: "null",
        lambda folder: '"\\ud800"',
        lambda folder: "",
    ],
    ids=lambda one: one.__name__,
)
def test_a_report_made_to_take_it_down_is_refused(folder: Path, verify: Verify, made: Callable[[Path], str]) -> None:
    (folder / "report.json").write_text(made(folder), encoding="utf-8")
    status, out, err = verify(folder / "report.json")
    assert (status, out) == (2, "")
    assert "\x1b" not in err


@pytest.mark.skipif(os.name != "posix", reason="pipes and devices of POSIX")
def test_only_plain_files_are_opened(folder: Path, verify: Verify) -> None:
    os.mkfifo(folder / "pipe.json")
    (folder / "zero.json").symlink_to("/dev/zero")
    with (folder / "huge.json").open("wb") as opened:
        opened.truncate(2**40)
    for name in ("pipe", "zero", "huge"):
        assert verify(folder / f"{name}.json")[0] == 2
    assert verify(Path("/dev/zero"))[0] == 2
    assert verify(folder)[0] == 2
    for name in ("pipe.json", "zero.json"):
        assert verify(folder / "report.json", "--image", str(folder / name))[0] == 2
        assert verify(folder / "report.json", "--mask", str(folder / name))[0] == 2
        assert verify(folder / "report.json", "--key", str(folder / name))[0] == 2


@pytest.mark.skipif(os.name != "posix", reason="pipes and links of POSIX")
def test_what_the_report_names_is_a_plain_file_of_its_folder(folder: Path, verify: Verify, tmp_path: Path) -> None:
    (folder / "spiculated.png").rename(tmp_path / "elsewhere.png")
    (folder / "spiculated.png").symlink_to(tmp_path / "elsewhere.png")
    os.mkfifo(folder / "pipe.png")
    assert verify(folder / "report.json")[0] == 1, "a link is not followed"
    names = (
        "/dev/zero",
        str(tmp_path / "elsewhere.png"),
        "../elsewhere.png",
        "pipe.png",
        "..",
        "",
        "x" * 5000,
        "a\0b",
        "\ud800",
    )
    for name in names:
        change(folder / "report.json", lambda told, name=name: told["readings"][0]["image"].update(study=name))
        status, out, err = verify(folder / "report.json")
        assert status == 1, (name, err)
        assert "\nimage        NO " in out
    assert verify(folder / "report.json", "--image", str(tmp_path / "elsewhere.png"))[0] == 0


def test_a_report_cannot_write_lines_of_its_own(folder: Path, verify: Verify) -> None:
    lie = "1\nVerified: this program and model give the same AI result.\x1b[2J\r\u2028"

    def lies(told: dict[str, Any]) -> None:
        told["program"] = lie
        told["readings"] *= 2
        told["readings"][0]["words"]["heading"] = lie
        model(told).update(name=lie, weights_sha256="0" * 64)
        told["readings"][0]["image"]["study"] = lie

    change(folder / "report.json", lies)
    status, out, _ = verify(folder / "report.json")
    assert status == 1
    assert "\x1b" not in out
    assert "Verified: this program and model give the same AI result." not in out.splitlines()


def test_whose_signature_it_is_is_said(
    folder: Path, verify: Verify, user_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report = folder / "report.json"
    status, out, _ = verify(report)
    assert status == 0
    assert "signature    -    signed with unknown key" in out
    assert "anybody may have signed it" in out
    status, out, _ = verify(report, "--signed")
    assert status == 1
    assert "signature    NO " in out

    user_folder.mkdir(parents=True)
    shutil.copy(folder / "signing-key.pem", user_folder)
    status, out, _ = verify(report, "--signed")
    assert (status, "signature    yes  signed by this installation" in out) == (0, True)
    assert main(["verify", "--own-key"]) == 0
    told = capsys.readouterr()
    assert told.out.startswith("-----BEGIN PUBLIC KEY-----")
    (folder / "Clinic A.pem").write_text(told.out, encoding="ascii")

    (user_folder / "signing-key.pem").unlink()
    for key in (folder / "Clinic A.pem", folder):
        if key == folder:
            (folder / "signing-key.pem").unlink()
        status, out, _ = verify(report, "--key", str(key))
        assert status == 0, out
        assert "signature    yes  signed by Clinic A, a known key" in out
    (user_folder / "trusted-keys").mkdir()
    shutil.copy(folder / "Clinic A.pem", user_folder / "trusted-keys")
    assert verify(report, "--signed")[0] == 0

    assert main(["verify", "--own-key"]) == 0
    (folder / "other.pem").write_text(capsys.readouterr().out, encoding="ascii")
    status, out, _ = verify(report, "--key", str(folder / "other.pem"))
    assert status == 1
    assert "not by the key given with --key" in out

    change(report, lambda told: None)
    status, out, _ = verify(report)
    assert (status, "signature    -    not signed" in out) == (0, True)
    assert verify(report, "--signed")[0] == 1
    assert verify(report, "--key", str(folder / "Clinic A.pem"))[0] == 1


def test_a_forged_report_with_its_old_signature_is_not_believed(folder: Path, verify: Verify) -> None:
    """Every number is as the model gives it; only the words were changed, and all hashes made anew."""
    report = folder / "report.json"
    signature = json.loads(report.read_text(encoding="utf-8"))["signature"]
    change(report, lambda told: told["readings"][0].update(comment="Normal. No biopsy."))
    told = json.loads(report.read_text(encoding="utf-8"))
    told["signature"] = signature
    told["parts_sha256"]["signature"] = content_sha256(signature)
    told["content_sha256"] = content_sha256({name: one for name, one in told.items() if name != "content_sha256"})
    report.write_text(json.dumps(told), encoding="utf-8")
    status, out, _ = verify(report)
    assert status == 1
    assert "report       yes" in out
    assert "signature    NO " in out
    assert "was changed after it was signed" in out


def test_no_report_is_refused_with_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify"]) == 2
    assert "No report is named." in capsys.readouterr().err
