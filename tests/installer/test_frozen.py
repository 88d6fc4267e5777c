"""The frozen program does the whole job: started without a display, with no Python but its own."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pydicom
import pytest
from pydicom.uid import UID, JPEG2000Lossless, JPEGLSLossless, RLELossless

from csamoe_desktop import __version__, cli
from csamoe_desktop.study.phantom import DemoStudy, write_demo_study

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "dist" / "csamoe-desktop"
PROGRAM = FOLDER / ("csamoe-desktop.exe" if os.name == "nt" else "csamoe-desktop")
INSTALLER = (ROOT / "installer" / "csamoe-desktop.iss").read_text(encoding="utf-8")

slow = pytest.mark.slow


def sources() -> Iterator[Path]:
    """Give every file that the frozen program is made of."""
    yield from (ROOT / "pyproject.toml", ROOT / "installer" / "csamoe-desktop.spec")
    for name in ("csamoe_desktop", "resources", "model_weights"):
        yield from (file for file in (ROOT / name).rglob("*") if file.is_file() and file.suffix != ".pyc")


@pytest.fixture(scope="module")
def program() -> Path:
    """The frozen program, made anew unless it is newer than all it is made of."""
    newest = max(file.stat().st_mtime for file in sources())
    if not PROGRAM.is_file() or PROGRAM.stat().st_mtime < newest:
        subprocess.run([sys.executable, str(ROOT / "run.py"), "package"], check=True, stdin=subprocess.DEVNULL)
    return PROGRAM


@pytest.fixture
def study(tmp_path: Path) -> DemoStudy:
    return write_demo_study(tmp_path / "study")


def start(program: Path, *arguments: object, at: Path) -> "subprocess.CompletedProcess[str]":
    """Run the program in the folder `at`, without a display and without the Python of the test."""
    keep = ("CSAMOE_USER_FOLDER", "HOME", "SYSTEMROOT", "TEMP", "TMPDIR", "USERPROFILE")
    environment = {name: os.environ[name] for name in keep if name in os.environ}
    command = [str(program), *(str(one) for one in arguments)]
    return subprocess.run(
        command,
        cwd=at,
        env={**environment, "QT_QPA_PLATFORM": "offscreen"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


@slow
def test_it_does_the_demo_job(program: Path, tmp_path: Path) -> None:
    done = start(program, "demo", "--out", tmp_path / "out", at=tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out" / "window.png").read_bytes().startswith(b"\x89PNG")
    reader = shutil.which("pdftotext")
    assert reader, "pdftotext is missing (Debian: poppler-utils)"
    report = str(tmp_path / "out" / "report.pdf")
    text = subprocess.run([reader, "-layout", report, "-"], capture_output=True, encoding="utf-8", check=True).stdout
    assert "research use only" in text.lower()
    assert "csamoe-resnet18" in text


@slow
@pytest.mark.parametrize("syntax", [None, JPEG2000Lossless, JPEGLSLossless, RLELossless])
def test_it_reads_as_the_program_from_source_does(
    program: Path, study: DemoStudy, tmp_path: Path, syntax: UID | None, capsys: pytest.CaptureFixture[str]
) -> None:
    """Compressed studies too: the decoders are found by name, which freezing easily loses."""
    arguments = ["--mask", str(study.spiculated_mask), "--device", "cpu", "--json"]
    assert cli.main(["assess", str(study.spiculated), *arguments]) == 0
    expected = json.loads(capsys.readouterr().out)
    file = tmp_path / "study.dcm"
    dataset = pydicom.dcmread(study.spiculated)
    if syntax:
        dataset.compress(syntax)
    dataset.save_as(file)
    done = start(program, "assess", file, *arguments, at=tmp_path)
    assert done.returncode == 0, done.stderr
    # The logits: the demo's probability is so near 1 that it hardly moves.
    assert json.loads(done.stdout)["logits"] == pytest.approx(expected["logits"], abs=1e-4)


@slow
def test_it_tells_its_version_and_refuses_in_one_sentence(program: Path, tmp_path: Path) -> None:
    assert start(program, "--version", at=tmp_path).stdout.split() == ["csamoe-desktop", __version__]
    (tmp_path / "broken.dcm").write_bytes(b"nothing")
    refused = start(program, "assess", "broken.dcm", "--mask", "broken.dcm", at=tmp_path)
    assert refused.returncode == 2
    assert "Traceback" not in refused.stderr


@slow
def test_it_carries_nothing_to_build_or_test_torch_with(program: Path) -> None:
    inside = {file.relative_to(FOLDER / "_internal").as_posix() for file in (FOLDER / "_internal").rglob("*")}
    assert "model_weights/csamoe-resnet18/weights.safetensors" in inside
    assert "resources/themes/dark.json" in inside
    left = [
        name
        for name in inside
        if re.match(r"torch/(include|test|share)/|.*\.(h|cmake)$|pydicom/data/test_files/", name)
    ]
    assert left == []
    broken = [str(file) for file in (FOLDER / "_internal").rglob("*") if file.is_symlink() and not file.exists()]
    assert broken == []


def test_the_windows_installer_takes_what_the_recipe_makes() -> None:
    recipe = (ROOT / "installer" / "csamoe-desktop.spec").read_text(encoding="utf-8")
    title = re.findall(r'^#define Title "(.+)"$', INSTALLER, re.MULTILINE)
    assert f'NAME, TITLE = "csamoe-desktop", "{title[0]}"' in recipe
    assert r'#define Built "..\dist\csamoe-desktop"' in INSTALLER
    (shown,) = re.findall(r"^InfoBeforeFile=(.+)$", INSTALLER, re.MULTILINE)
    assert "research use only" in (ROOT / "installer" / shown).read_text(encoding="utf-8")


def test_the_windows_installer_needs_no_administrator_and_takes_no_file_type() -> None:
    assert "PrivilegesRequired=lowest" in INSTALLER.splitlines()
    assert "[Registry]" not in INSTALLER
    assert "ChangesAssociations" not in INSTALLER
