"""The files beside the code: licence, third-party list, citation, hooks and metadata agree with the project."""

import importlib.util
import re
import tomllib
from pathlib import Path
from types import ModuleType

import pytest

from csamoe_desktop import __version__

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def third_party() -> ModuleType:
    """Return docs/make_third_party.py as a module."""
    spec = importlib.util.spec_from_file_location("make_third_party", ROOT / "docs" / "make_third_party.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_third_party_list_has_every_pinned_package(third_party: ModuleType) -> None:
    rows = re.findall(r"^\| ([\w.-]+) \| ([\w.]+) \| (.+) \|$", text("THIRD_PARTY.md"), re.MULTILINE)
    listed = {third_party.plain(name): (version, licence) for name, version, licence in rows}
    pinned = third_party.pinned()
    assert len(pinned) == len(PROJECT["dependencies"])
    for name, version in pinned.items():
        assert listed[name][0] == version, f"{name}: run docs/make_third_party.py"
        assert listed[name][1], name


def test_the_third_party_list_has_what_the_packages_require(third_party: ModuleType) -> None:
    found = third_party.installed(["jinja2"])
    assert list(found) == ["jinja2", "markupsafe"]
    assert third_party.licence(found["markupsafe"]) == "BSD-3-Clause"
    assert "| MarkupSafe |" in text("THIRD_PARTY.md")


def test_the_third_party_list_has_every_font(third_party: ModuleType) -> None:
    folder = ROOT / "resources" / "fonts"
    fonts = {file.name for file in folder.iterdir() if file.suffix in (".ttf", ".ttc")}
    covered = {file.name for _, files, _, _ in third_party.FONTS for file in folder.glob(files)}
    assert covered == fonts
    for _, _, _, licence in third_party.FONTS:
        assert (folder / licence).is_file()
        assert licence in text("THIRD_PARTY.md")


def test_the_licence_is_whole_and_named() -> None:
    licence = text("LICENSE")
    assert "Apache License" in licence
    assert "END OF TERMS AND CONDITIONS" in licence
    assert PROJECT["license"] == "Apache-2.0"
    assert PROJECT["authors"] == [{"name": "CSA-MoE Desktop contributors"}]
    assert (ROOT / "csamoe_desktop" / "py.typed").is_file()


def test_the_citation_is_of_this_version() -> None:
    citation = text("CITATION.cff")
    assert f"\nversion: {__version__}\n" in citation
    assert "\nlicense: Apache-2.0\n" in citation
    assert "doi" not in citation.lower(), "the program has none"


def test_the_hooks_download_nothing() -> None:
    hooks = text(".pre-commit-config.yaml")
    assert re.findall(r"repo: (.+)", hooks) == ["local"]
    assert set(re.findall(r"language: (.+)", hooks)) == {"system"}


def test_links_in_the_documents_lead_somewhere() -> None:
    for page in (*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")):
        for target in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text(encoding="utf-8")):
            if "://" not in target:
                assert (page.parent / target).exists(), f"{page.name}: {target}"
