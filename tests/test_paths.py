"""The program's own folders are found from a clone, from an installed wheel and in a frozen program."""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from csamoe_desktop import paths

ROOT = Path(__file__).resolve().parent.parent


def test_a_clone_has_its_folders_beside_the_package() -> None:
    assert paths.resources() == ROOT / "resources"
    assert paths.model_weights() == ROOT / "model_weights"
    assert (paths.resources() / "themes" / "dark.json").is_file()
    assert (paths.model_weights() / "csamoe-resnet18" / "card.json").is_file()


def test_a_frozen_program_has_them_in_its_data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "_MEIPASS", str(tmp_path), raising=False)
    assert paths.resources() == tmp_path / "resources"
    assert paths.model_weights() == tmp_path / "model_weights"


def test_the_environment_names_other_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "_MEIPASS", "/frozen", raising=False)
    monkeypatch.setenv("CSAMOE_RESOURCES", str(tmp_path / "own"))
    monkeypatch.setenv("CSAMOE_MODEL_WEIGHTS", str(tmp_path / "weights"))
    assert paths.resources() == tmp_path / "own"
    assert paths.model_weights() == tmp_path / "weights"


def test_the_users_files_are_in_one_folder(user_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert paths.user_folder() == user_folder
    assert {paths.settings_file().parent, paths.log_file().parent} == {user_folder}
    monkeypatch.delenv("CSAMOE_USER_FOLDER")
    assert paths.user_folder().name == "CSA-MoE Desktop"
    assert paths.user_folder().is_absolute()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The project with small stand-ins for what is large."""
    folder = tmp_path / "project"
    shutil.copytree(ROOT / "csamoe_desktop", folder / "csamoe_desktop", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", ".gitignore"):
        shutil.copy(ROOT / name, folder / name)
    (folder / "README.md").write_text("A stand-in.", encoding="utf-8")
    for name in ("resources/themes/dark.json", "model_weights/one/card.json", "model_weights/one/weights.safetensors"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name, encoding="utf-8")
    return folder


def build(project: Path, kind: str) -> Path:
    """Return the folder in which the built wheel lies unpacked, as pip would install it."""
    program = f"import hatchling.build as h; print(h.build_{kind}('built'))"
    done = subprocess.run([sys.executable, "-c", program], cwd=project, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    installed = project.parent / kind
    with zipfile.ZipFile(project / "built" / done.stdout.split()[-1]) as wheel:
        wheel.extractall(installed)
    return installed


def test_a_wheel_carries_them_inside_the_package(project: Path) -> None:
    installed = build(project, "wheel")
    program = (
        f"import sys; sys.path.insert(0, {str(installed)!r})\n"
        "from csamoe_desktop import paths; print(paths.resources(), paths.model_weights(), sep='\\n')"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=project.parent, capture_output=True, text=True, check=True
    )
    resources, weights = map(Path, done.stdout.splitlines())
    assert resources == installed / "csamoe_desktop" / "resources"
    assert (resources / "themes" / "dark.json").read_text(encoding="utf-8") == "resources/themes/dark.json"
    assert sorted(file.name for file in (weights / "one").iterdir()) == ["card.json", "weights.safetensors"]
    assert {entry.name for entry in installed.iterdir() if entry.suffix != ".dist-info"} == {"csamoe_desktop"}
    assert (installed / "csamoe_desktop" / "py.typed").is_file()
    commands = next(installed.glob("*.dist-info/entry_points.txt")).read_text(encoding="utf-8")
    assert "csamoe-desktop = csamoe_desktop.__main__:main" in commands


def test_a_clone_in_a_venv_is_used_in_place(project: Path) -> None:
    """Nothing is copied: run.py installs so, and 70 MB of weights would lie there twice."""
    installed = build(project, "editable")
    (pointer,) = installed.glob("*.pth")
    assert pointer.read_text(encoding="utf-8").strip() == str(project)
    assert not list(installed.rglob("*.json"))
