"""Settings on disk."""

import dataclasses
import json
import logging
import os
from pathlib import Path

import pytest

from csamoe_desktop import paths
from csamoe_desktop.errors import UserError
from csamoe_desktop.settings import Settings, load_settings, read_settings, save_settings

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


@pytest.mark.parametrize(
    ("old", "name"), [("own_read_first", "assessment_first"), ("reads_in_report", "assessments_in_report")]
)
def test_a_field_under_its_old_name_is_read(old: str, name: str) -> None:
    other = not getattr(Settings(), name)
    paths.settings_file().parent.mkdir(parents=True, exist_ok=True)
    paths.settings_file().write_text(json.dumps({old: other}))
    assert getattr(load_settings(), name) is other
    paths.settings_file().write_text(json.dumps({old: not other, name: other}))
    assert getattr(load_settings(), name) is other, "the new name goes before the old one"


def test_a_field_of_a_newer_version_is_passed_over() -> None:
    written({"theme": "light", "hologram": True})
    assert load_settings() == Settings(theme="light")


def test_settings_that_cannot_be_written_are_refused_in_words(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("CSAMOE_USER_FOLDER", str(tmp_path / "file" / "below"))
    with pytest.raises(UserError, match="settings were not saved: .* could not be written"):
        save_settings(Settings())


def test_recent_files_are_newest_first_named_once_and_ten() -> None:
    settings = Settings()
    for number in range(12):
        settings = settings.with_recent(Path(f"/{number}.dcm"))
    settings = settings.with_recent(Path("/5.dcm"))
    names = [Path(name).stem for name in settings.recent_files]
    assert names == ["5", "11", "10", "9", "8", "7", "6", "4", "3", "2"]


def damaged() -> list[Path]:
    return sorted(paths.settings_file().parent.glob("settings.damaged-*.json*"))


def test_a_bad_field_is_said_and_the_old_file_is_kept() -> None:
    save_settings(OTHERS)
    told = json.loads(paths.settings_file().read_text(encoding="utf-8"))
    written({**told, "font_size": "huge"})
    before = paths.settings_file().read_bytes()
    settings, said = read_settings()
    assert settings == dataclasses.replace(OTHERS, font_size=Settings().font_size)
    (kept,) = damaged()
    assert kept.read_bytes() == before
    assert "font_size" in said
    assert str(kept) in said
    assert said.count(".") - said.count(str(kept)) * str(kept).count(".") == 1, "one sentence"
    assert read_settings() == (settings, ""), "and it is not said again"
    assert len(damaged()) == 1


WHOLE = json.dumps(dataclasses.asdict(OTHERS), indent=2, ensure_ascii=False)
SPOILT = {
    "cut in the middle": (
        WHOLE[: len(WHOLE) // 2].encode(),
        ("device", "model", "theme", "font_size", "default_folder"),
    ),
    "cut in a text": (WHOLE[: WHOLE.index("王")].encode() + b"\xe7", ("device", "theme", "recent_files")),
    "a comma too few": (WHOLE.replace(",\n", "\n", 1).encode(), ("device", "reader", "technique", "shortcuts")),
    "something behind it": (WHOLE.encode() + b"}}\0\0\0", ("device", "reader", "technique", "shortcuts")),
    "zeros at the end": (WHOLE.encode()[:-200] + bytes(200), ("device", "theme", "reader", "institution")),
    "a byte that is no letter": (
        WHOLE.replace("虚", "\udcff").encode("utf-8", "surrogateescape"),
        ("device", "reader", "shortcuts"),
    ),
    "half of it in Latin-1": (
        WHOLE.replace("虚构医院", "Müller").encode("latin-1", "replace"),
        ("device", "theme", "font_size"),
    ),
    "too deep": (WHOLE.replace('"fit": "F"', '"fit": ' + "[" * 100_000).encode(), ("device", "reader", "technique")),
    "a figure without end": (WHOLE.replace(": 14", ": " + "1" * 5000).encode(), ("device", "reader", "shortcuts")),
    "two objects": (WHOLE.encode() * 2, ("device", "reader", "shortcuts")),
    "a list around it": (b"[" + WHOLE.encode() + b"]", ()),
    "nothing": (b"", ()),
    "zeros": (bytes(4096), ()),
    "noise": (bytes(range(256)) * 8, ()),
    "a picture": (b"\x89PNG\r\n\x1a\n" + bytes(100), ()),
    "null": (b"null", ()),
    "too large": (b" " * 2_000_000 + WHOLE.encode(), ()),
}


@pytest.mark.parametrize("how", SPOILT)
def test_of_a_damaged_file_what_can_be_read_is_taken_and_the_file_is_kept(how: str) -> None:
    data, sound = SPOILT[how]
    paths.settings_file().parent.mkdir(parents=True)
    paths.settings_file().write_bytes(data)
    settings, said = read_settings()
    for name in sound:
        assert getattr(settings, name) == getattr(OTHERS, name), name
    if not sound:
        assert settings == Settings()
    (kept,) = damaged()
    assert kept.read_bytes() == data
    assert said.startswith("Your settings were damaged")
    save_settings(dataclasses.replace(settings, reader="new"))
    assert read_settings() == (dataclasses.replace(settings, reader="new"), "")
    assert [one.read_bytes() for one in damaged()] == [data]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-32"])
def test_settings_saved_by_an_editor_in_another_encoding_are_read(encoding: str) -> None:
    paths.settings_file().parent.mkdir(parents=True)
    paths.settings_file().write_bytes(WHOLE.encode(encoding))
    assert read_settings() == (OTHERS, "")


@pytest.mark.parametrize(
    ("name", "bad"),
    [
        ("recent_files", "/a.dcm"),
        ("recent_files", {"/a.dcm": 1}),
        ("shortcuts", [["fit", "F"]]),
        ("overlay_opacity", float("nan")),
        ("font_size", float("inf")),
        ("prevalence", True),
        ("device", ["cpu"]),
        ("theme", {}),
        ("assessment_first", 1),
        ("reader", None),
    ],
)
def test_a_field_of_the_wrong_type_costs_only_itself(name: str, bad: object) -> None:
    written({**json.loads(WHOLE), name: bad})
    settings, said = read_settings()
    assert settings == dataclasses.replace(OTHERS, **{name: getattr(Settings(), name)})
    assert name in said


def test_a_folder_or_a_pipe_in_the_place_of_the_settings_is_put_aside() -> None:
    file = paths.settings_file()
    file.mkdir(parents=True)
    settings, said = read_settings()
    assert (settings, "damaged" in said) == (Settings(), True)
    file.unlink()
    os.mkfifo(file)
    assert read_settings()[0] == Settings()
    file.unlink()
    file.symlink_to("/dev/zero")
    assert read_settings()[0] == Settings()
    assert len(damaged()) == 3
    save_settings(OTHERS)
    assert read_settings() == (OTHERS, "")


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may read everything")
def test_settings_that_may_not_be_read_are_kept() -> None:
    save_settings(OTHERS)
    paths.settings_file().chmod(0)
    assert read_settings()[0] == Settings()
    (kept,) = damaged()
    kept.chmod(0o600)
    assert json.loads(kept.read_text(encoding="utf-8"))["reader"] == OTHERS.reader


def test_where_a_damaged_file_cannot_be_moved_it_stays_and_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    written("{")

    def fail(self: Path, other: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "rename", fail)
    settings, said = read_settings()
    assert settings == Settings()
    assert said.endswith(f"the damaged file is still {paths.settings_file()}.")
    assert paths.settings_file().read_text() == "{"


def test_settings_are_the_users_alone_and_take_names_of_any_bytes() -> None:
    names = ("/M\udcfcller.dcm", "/a\nb\0.dcm", "/\u202e.dcm", "/" + "é" * 120, "/乳腺.dcm", "/.", "/\ud800")
    settings = dataclasses.replace(Settings(), recent_files=names, reader="\ud800x", technique="\udcff")
    save_settings(settings)
    assert read_settings() == (settings, "")
    assert paths.settings_file().stat().st_mode & 0o777 == 0o600
    assert paths.settings_file().parent.stat().st_mode & 0o777 == 0o700
    assert paths.settings_file().read_text(encoding="utf-8")
