"""Settings on disk."""

import json
import logging
from pathlib import Path

import pytest

from csamoe_desktop import paths
from csamoe_desktop.errors import UserError
from csamoe_desktop.settings import Settings, load_settings, save_settings

OTHERS = Settings(
    device="cpu",
    model="other",
    theme="light",
    font_size=14,
    default_folder="/images",
    recent_files=("/a.dcm", "/b.dcm"),
    reader="Dr. 王",
    institution="虚构医院",
    logo="/pictures/logo.png",
    report_language="zh",
    technique="双乳 B 型超声，\n12 MHz",
    overlay_opacity=60,
    brush_radius=3,
    eraser_radius=5,
    smart_radius=40,
    shortcuts={"fit": "F"},
)


def written(told: object) -> None:
    paths.settings_file().parent.mkdir(parents=True, exist_ok=True)
    paths.settings_file().write_text(told if isinstance(told, str) else json.dumps(told), encoding="utf-8")


def test_there_are_defaults_before_anything_is_saved() -> None:
    assert load_settings() == Settings()


def test_what_is_saved_is_loaded_again() -> None:
    save_settings(OTHERS)
    assert load_settings() == OTHERS


@pytest.mark.parametrize(
    ("name", "bad"),
    [
        ("device", "tpu"),
        ("model", 3),
        ("theme", "pink"),
        ("font_size", 500),
        ("font_size", True),
        ("default_folder", None),
        ("recent_files", [1, 2]),
        ("recent_files", 7),
        ("reader", ["x"]),
        ("institution", 3),
        ("logo", None),
        ("report_language", "fr"),
        ("technique", None),
        ("overlay_opacity", -1),
        ("overlay_opacity", 3.5),
        ("brush_radius", 0),
        ("eraser_radius", 201),
        ("smart_radius", 0),
        ("shortcuts", {"fit": 3}),
        ("shortcuts", "fit"),
    ],
)
def test_a_bad_field_costs_only_that_field(name: str, bad: object, caplog: pytest.LogCaptureFixture) -> None:
    save_settings(OTHERS)
    told = json.loads(paths.settings_file().read_text(encoding="utf-8"))
    written({**told, name: bad})
    with caplog.at_level(logging.WARNING):
        loaded = load_settings()
    assert getattr(loaded, name) == getattr(Settings(), name)
    for other in ("device", "theme", "reader"):
        if other != name:
            assert getattr(loaded, other) == getattr(OTHERS, other)
    assert name in caplog.text


@pytest.mark.parametrize("told", ["", "{", "[1]", "null", "\x00\xff"])
def test_an_unreadable_file_gives_the_defaults(told: str) -> None:
    written(told)
    assert load_settings() == Settings()


def test_a_field_of_a_newer_version_is_passed_over() -> None:
    written({"theme": "light", "hologram": True})
    assert load_settings() == Settings(theme="light")


def test_settings_that_cannot_be_written_are_refused_in_words(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("CSAMOE_USER_FOLDER", str(tmp_path / "file" / "below"))
    with pytest.raises(UserError, match="could not be written"):
        save_settings(Settings())


def test_recent_files_are_newest_first_named_once_and_ten() -> None:
    settings = Settings()
    for number in range(12):
        settings = settings.with_recent(Path(f"/{number}.dcm"))
    settings = settings.with_recent(Path("/5.dcm"))
    names = [Path(name).stem for name in settings.recent_files]
    assert names == ["5", "11", "10", "9", "8", "7", "6", "4", "3", "2"]
