"""Names from outside: shown without what cannot be shown, written without a loss, and shortened so that they can be read."""

import json
import os
from pathlib import Path

import pytest

from csamoe_desktop.errors import UserError
from csamoe_desktop.names import REPLACED, SHOW_HALVES, fitting_name, lossless_json, shown, shown_name, writable


@pytest.mark.parametrize(
    ("name", "seen"),
    [
        ("IM0003.dcm", "IM0003.dcm"),
        ("a\udcff.png", f"a{REPLACED}.png"),
        ("\ud83d.png", f"{REPLACED}.png"),
        ("a\0b\x07\x1b[31m", f"a{REPLACED}b{REPLACED}{REPLACED}[31m"),
        ("a\nb\r\tc", f"a{REPLACED}b{REPLACED}{REPLACED}c"),
        ("a\u2028b\u2029", f"a{REPLACED}b{REPLACED}"),
        ("invoice\u202egpj.exe", f"invoice{REPLACED}gpj.exe"),
        ("\u2066a\u2069\u200f", f"{REPLACED}a{REPLACED}{REPLACED}"),
        ("乳腺 Läsion 👩\u200d⚕️.png", "乳腺 Läsion 👩\u200d⚕️.png"),
        ("   ", '"   "'),
        ("...", "..."),
        ("<b>&amp;</b>", "<b>&amp;</b>"),
    ],
)
def test_what_cannot_be_shown_is_replaced(name: str, seen: str) -> None:
    assert shown_name(name) == seen
    assert seen.encode("utf-8")
    assert shown_name(seen.strip('"')) == seen


def test_lines_of_a_text_are_kept_where_they_are_wanted() -> None:
    assert shown("a\n\tb\udc80", keep_lines=True) == f"a\n\tb{REPLACED}"


def test_a_refusal_can_always_be_shown() -> None:
    problem = UserError("a\udcff\nb is no image.", "See \u202ex.")
    assert str(problem) == f"a{REPLACED}{REPLACED}b is no image. See {REPLACED}x."
    assert str(problem).encode("utf-8")


def test_json_gives_back_every_text() -> None:
    told = {"a\udcff": ["x\ud800", "乳腺", "\0", "😀"], "b": 1.5}
    assert json.loads(lossless_json(told).encode("utf-8")) == told
    assert lossless_json({"a": "乳腺"}) == '{"a": "乳腺"}'
    assert writable(told) == {f"a{REPLACED}": [f"x{REPLACED}", "乳腺", "\0", "😀"], "b": 1.5}
    assert "x\udcffy\ud800".encode("utf-8", SHOW_HALVES).decode() == f"x{REPLACED}y{REPLACED}"


LONG = (
    "a" * 300,
    "乳腺" * 80,
    "👩\u200d⚕️" * 40,
    "e\u0301" * 200,
    "é" * 250 + "IM0003",
    "a.b." * 80,
    " ." * 200,
    "\udcff" * 300,
)


@pytest.mark.parametrize("stem", LONG)
@pytest.mark.parametrize("ending", ["-report.pdf", "-frame12-lesion2-mask.png", ".coco.json", "-mask.nii.gz"])
def test_a_name_that_is_too_long_is_shortened_and_can_be_used(tmp_path: Path, stem: str, ending: str) -> None:
    name = fitting_name(stem, ending)
    assert len(os.fsencode(name)) <= 255
    assert name.endswith(ending)
    (tmp_path / name).write_bytes(b"")
    assert REPLACED not in name
    assert not name.split("~")[-1].startswith(("\u0301", "\u200d", "\ufe0f"))
    if "~" in name:
        assert len(os.fsencode(name)) > 240, "no more is cut than need be"


def test_the_ends_of_a_long_name_stay_where_series_differ_in_them() -> None:
    stem = "2024-01-01 Breast left " + "x" * 300 + " IM0003"
    name = fitting_name(stem, "-report.pdf")
    assert name.startswith("2024-01-01 Breast left ")
    assert name.endswith(" IM0003-report.pdf")
    assert fitting_name(stem, "-report.pdf") != fitting_name(stem.replace("IM0003", "IM0004"), "-report.pdf")


@pytest.mark.parametrize(
    ("stem", "name"),
    [
        ("IM0003", "IM0003-r.pdf"),
        ("1.2.840.5", "1.2.840.5-r.pdf"),
        ("CON", "CON-r.pdf"),
        ("CON.1", "_CON.1-r.pdf"),
        ("lpt1.dcm", "_lpt1.dcm-r.pdf"),
        ("aux .x", "_aux .x-r.pdf"),
        ("COM¹.a", "_COM¹.a-r.pdf"),
        ("Console", "Console-r.pdf"),
        (" .hidden. ", "hidden-r.pdf"),
        ("...", "lesion-r.pdf"),
        ("", "lesion-r.pdf"),
        ("\udcff\udcfe", "lesion-r.pdf"),
        ('a<b>:"c|?*', "a_b___c___-r.pdf"),
        ("a\nb\\c/d", "a_b_c_d-r.pdf"),
    ],
)
def test_a_name_is_one_that_windows_takes(stem: str, name: str) -> None:
    assert fitting_name(stem, "-r.pdf") == name


def test_a_reserved_name_alone_is_made_another() -> None:
    assert fitting_name("nul", ".txt") == "_nul.txt"
    assert fitting_name("PRN", ".coco.json") == "_PRN.coco.json"
