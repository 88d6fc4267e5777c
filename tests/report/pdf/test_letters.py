"""Names of any script on paper: with a glyph for each letter, or in words that there is none; never a box."""

import dataclasses
import re
import subprocess
from pathlib import Path

import pytest

from csamoe_desktop.names import REPLACED
from csamoe_desktop.report.document import Report, ReportInput
from csamoe_desktop.report.json_report import report_dict
from csamoe_desktop.report.pdf.fonts import missing_scripts, printable, register_fonts
from csamoe_desktop.report.plain_text import report_text
from csamoe_desktop.report.writing import is_report_file, write_report
from csamoe_desktop.study.model import StudyFacts
from tests.report.conftest import Make

COVERED = (
    "Müller, Änne", "Łukasiewicz", "Иванов, Иван", "Παπαδόπουλος", "שרון, דבורה", "قباني, لنزار", "张小明", "山田太郎", "홍길동",
    "สมชาย, ใจดี", "शर्मा, अनिता", "রহমান", "இளங்கோ", "ສົມສັກ", "សុខ", "အောင်", "Nguyễn Thị Ánh", "O’Brien",
)  # fmt: skip
RARE = {
    "𠮷田𠀀子": ("[U+20BB7]田[U+20000]子", ("Han",)),
    "བསྟན་འཛིན": ("[Tibetan × 9]", ("Tibetan",)),
    "ᠮᠣᠩᠭᠣᠯ": ("[Mongolian × 6]", ("Mongolian",)),
    "Ada 🩺": ("Ada [U+1FA7A]", ("symbol",)),
    "አበበ Abebe": ("[Ethiopic × 3] Abebe", ("Ethiopic",)),
}


def words_of(pdf: Path) -> str:
    return subprocess.run(["pdftotext", "-layout", pdf, "-"], capture_output=True, check=True).stdout.decode()


def of(make: Make, name: str, **more: object) -> ReportInput:
    return make(facts=StudyFacts(patient_name=name, patient_id="T-1", study_date="2024-01-01"), **more)


@pytest.mark.parametrize("name", COVERED)
def test_there_is_a_glyph_for_every_letter_of_living_scripts(name: str) -> None:
    register_fonts()
    assert printable(name) == name
    assert missing_scripts(name) == ()


@pytest.mark.parametrize(("name", "stands"), RARE.items())
def test_for_a_letter_without_a_glyph_stands_its_code_or_its_script(
    name: str, stands: tuple[str, tuple[str, ...]]
) -> None:
    register_fonts()
    instead, scripts = stands
    if missing_scripts(name):
        # A machine may have a font of its own for it; then it is printed.
        assert (printable(name), missing_scripts(name)) == (instead, scripts)
        assert printable(printable(name)) == printable(name)


@pytest.mark.parametrize(("language", "said"), [("en", "Some characters in this report"), ("zh", "在现有字体中缺失")])
@pytest.mark.parametrize("name", ["𠮷田𠀀子", "བསྟན་འཛིན"])
def test_the_report_says_that_letters_are_missing(
    make: Make, tmp_path: Path, language: str, said: str, name: str
) -> None:
    if not missing_scripts(name):
        pytest.skip("this machine has a font for it")
    given = Report((of(make, name),), language)
    write_report(tmp_path / "a.pdf", given)
    words = words_of(tmp_path / "a.pdf")
    assert printable(name).split("]")[0] in words
    assert said in words
    assert name in report_text(given)
    assert said not in report_text(given)
    assert name in str(report_dict(given))


@pytest.mark.parametrize("name", ["张小明", "สมชาย, ใจดี", "शर्मा, अनिता"])
def test_a_name_that_can_be_printed_is_on_paper_without_a_word(make: Make, tmp_path: Path, name: str) -> None:
    write_report(tmp_path / "a.pdf", of(make, name, warnings=()))
    assert "Some characters in this report" not in words_of(tmp_path / "a.pdf")
    fonts = subprocess.run(["pdffonts", tmp_path / "a.pdf"], capture_output=True, check=True).stdout.decode()
    wanted = {"张": "WenQuanYi", "ส": "Thai", "श": "Devanagari"}[name[0]]
    assert re.search(wanted, fonts)


HOSTILE = (
    "a\udcff.png",
    "a\x00b\x07.png",
    "a\nb\r\tc.png",
    "\u202egnp.exe",
    "\ud800",
    "..",
    "   ",
    "a" * 240 + ".png",
    "<b>&amp;.png",
    "😀🩺.png",
)


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("suffix", [".pdf", ".json", ".txt"])
def test_a_report_of_files_and_texts_of_any_letters_is_written(
    make: Make, tmp_path: Path, name: str, suffix: str
) -> None:
    given = make(study_name=name, comment=f"{name}\nsecond", reader=name)
    given = dataclasses.replace(given, mask=dataclasses.replace(given.mask, source=name, notes=(f"of {name}.",)))
    write_report(tmp_path / f"a{suffix}", given)
    data = (tmp_path / f"a{suffix}").read_bytes()
    if suffix != ".pdf":
        text = data.decode("utf-8")
        assert "\0" not in text
        assert "\u202e" not in text.replace("\\u202e", "") or suffix == ".json"
        assert (REPLACED in text) is any(
            ord(one) < 32 or 0xD800 <= ord(one) < 0xE000 or one == "\u202e" for one in name
        )


def test_a_json_report_of_such_names_can_be_verified(make: Make, tmp_path: Path) -> None:
    from csamoe_desktop.report.json_reading import read_json

    for name in HOSTILE:
        write_report(tmp_path / "a.json", make(study_name=name, comment=name, reader=name))
        assert read_json(tmp_path / "a.json").changed == (), name


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_report_is_known_again_and_nothing_else_is_taken_for_one(make: Make, tmp_path: Path, language: str) -> None:
    for suffix in (".pdf", ".json", ".txt"):
        write_report(tmp_path / f"a{suffix}", Report((make(),), language))
        assert is_report_file(tmp_path / f"a{suffix}"), suffix
    for data in (b"%PDF-1.4", b"{}", b"Dear colleague", b"", b"\x89PNG", bytes(128) + b"DICM", b'{"study": "csamoe"}'):
        (tmp_path / "b.pdf").write_bytes(data)
        assert not is_report_file(tmp_path / "b.pdf"), data
    assert not is_report_file(tmp_path / "none.pdf")
    assert not is_report_file(tmp_path)
