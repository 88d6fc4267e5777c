"""Indication, comparison and technique: once at the head of the paper, whole, in text and data too, and what is not said is not there."""

import dataclasses
import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from csamoe_desktop.errors import UserError
from csamoe_desktop.reader.examination import MOST_CHARACTERS, Examination, examination_from, usual_technique
from csamoe_desktop.report.document import Report, ReportInput
from csamoe_desktop.report.json_reading import read_json
from csamoe_desktop.report.json_report import content_sha256
from csamoe_desktop.report.pdf.writer import render, write_pdf
from csamoe_desktop.report.plain_text import report_text
from csamoe_desktop.report.writing import write_report
from csamoe_desktop.wording import LANGUAGES, load_wording, own_template

Make = Callable[..., ReportInput]

SAID = Examination(
    "Palpable lump in the left breast at 2 o'clock for three weeks.\nMother had breast cancer at 52.",
    "Breast ultrasound of 2023-05-02; mammogram of 2025-03-10.",
    "Bilateral B-mode ultrasound, linear probe of 12 MHz, single images.",
)
CHINESE = Examination(
    "左乳可触及肿块三周。\n母亲 52 岁患乳腺癌。", "2023-05-02 乳腺超声。", "双乳 B 型超声，12 MHz 线阵探头。"
)


def pages(report: Report, file: Path) -> list[str]:
    """The words of each page, as pdftotext finds them."""
    write_pdf(file, report)
    said = subprocess.run(["pdftotext", "-layout", file, "-"], capture_output=True, check=True).stdout.decode()
    return said.split("\f")[:-1]


def template(told: dict[str, Any], language: str = "en") -> None:
    own_template(language).parent.mkdir(parents=True, exist_ok=True)
    own_template(language).write_text(json.dumps({"format": 1, **told}), encoding="utf-8")


def test_of_one_reading_it_stands_above_the_findings(make: Make, tmp_path: Path) -> None:
    (page,) = pages(Report((make(),), examination=SAID), tmp_path / "one.pdf")
    order = ["Patient ID", "Indication", "Mother had", "Comparison", "Technique", "AI result", "Size"]
    found = [page.index(word) for word in order]
    assert found == sorted(found)
    assert re.search(r"Indication\s+Palpable lump in the left breast at 2 o'clock for three weeks\.\n", page)


def test_of_several_readings_it_stands_once_before_the_list(several: Report, tmp_path: Path) -> None:
    first, *others = pages(dataclasses.replace(several, examination=SAID), tmp_path / "several.pdf")
    assert (
        first.index("Accession") < first.index("Indication") < first.index("Overall impression") < first.index("Cyst?")
    )
    assert others
    assert not any("Indication" in page or "Technique" in page for page in others)


def test_of_two_views_it_stands_above_the_lesion(two_views: tuple[ReportInput, ...], tmp_path: Path) -> None:
    first, *others = pages(Report(two_views, examination=SAID), tmp_path / "views.pdf")
    assert first.index("Accession") < first.index("Indication") < first.index("Lesion 1")
    assert not any("Indication" in page for page in others)


def test_the_chinese_paper_says_it_in_chinese(several: Report, tmp_path: Path) -> None:
    chinese = dataclasses.replace(several, language="zh", examination=CHINESE)
    page = pages(chinese, tmp_path / "chinese.pdf")[0]
    for words in ("检查指征", "左乳可触及肿块三周。", "对比检查", "检查方法", "12 MHz 线阵探头。"):
        assert words in page
    assert "检查说明\n  检查指征：左乳可触及肿块三周。\n" in report_text(chinese)


@pytest.mark.parametrize("said", [Examination(), Examination(" \n", "\t", "")])
def test_where_nothing_is_said_nothing_is_printed(
    make: Make, several: Report, tmp_path: Path, said: Examination
) -> None:
    for report in (Report((make(),), examination=said), dataclasses.replace(several, examination=said)):
        for words in (*pages(report, tmp_path / "none.pdf"), report_text(report)):
            assert not re.search("Examination|Indication|Comparison|Technique", words)
    assert not said.given


def test_what_alone_is_said_stands_alone(make: Make) -> None:
    text = report_text(Report((make(),), examination=Examination(indication="Screening.")))
    assert "\n\nExamination\n  Indication: Screening.\n\n" in text


def test_a_template_can_ask_for_what_is_missing(make: Make, several: Report, tmp_path: Path) -> None:
    template({"not_given": ["indication", "technique"]})
    said = Examination(technique="B-mode.")
    text = report_text(Report((make(),), examination=said))
    assert "Examination\n  Indication: not given\n  Technique: B-mode.\n" in text
    assert "Comparison" not in text
    page = pages(dataclasses.replace(several, examination=Examination()), tmp_path / "missing.pdf")[0]
    assert re.search(r"Indication\s+not given\s+Technique\s+not given", page)
    assert "未提供\n  检查" not in report_text(Report((make(),), "zh", examination=said)), (
        "another language's has its own"
    )


@pytest.mark.parametrize("told", ["indication", ["prognosis"], [["technique"]], {"technique": True}])
def test_a_template_that_asks_for_something_else_is_refused(make: Make, told: object) -> None:
    template({"not_given": told})
    with pytest.raises(UserError, match="an invalid 'not_given'") as refused:
        report_text(make())
    assert "indication, comparison, technique" in refused.value.hint


def test_a_template_has_it_where_it_wants_it_or_not_at_all(make: Make, several: Report, tmp_path: Path) -> None:
    template({"sections": ["reading", "warnings", "examination", "limits"]})
    (page,) = pages(Report((make(),), examination=SAID), tmp_path / "moved.pdf")
    assert page.index("Warnings and notes") < page.index("Indication") < page.index("Intended use")
    template({"sections": ["reading", "warnings", "limits"]})
    for report in (Report((make(),), examination=SAID), dataclasses.replace(several, examination=SAID)):
        assert "Palpable" not in report_text(report)
        assert not any("Palpable" in page for page in pages(report, tmp_path / "without.pdf"))


def test_long_texts_are_printed_whole_over_pages(make: Make, several: Report, tmp_path: Path) -> None:
    words = [f"word{number}" for number in range(400)]
    parts = [" ".join(words[start::4])[:MOST_CHARACTERS] for start in range(3)]
    lined = "\n".join(f"line {number}" for number in range(MOST_CHARACTERS // 9))
    for report in (Report((make(),)), several):
        paper = pages(dataclasses.replace(report, examination=Examination(*parts)), tmp_path / "long.pdf")
        there = set(re.findall(r"word\d+", " ".join(paper)))
        assert there == {word for part in parts for word in part.split()}
        tall = pages(dataclasses.replace(report, examination=Examination(lined, "", "last")), tmp_path / "tall.pdf")
        assert "Examination, continued" in tall[1]
        assert sum(page.count("line ") for page in tall) >= MOST_CHARACTERS // 9
        assert re.search(r"Technique\s+last", " ".join(tall))


def test_the_text_has_every_line_set_in_and_no_control_character(make: Make) -> None:
    text = report_text(Report((make(),), examination=Examination("one\x00\ntwo\x0bthree", "", "\tB-mode")))
    assert "Examination\n  Indication: one\n    two\n    three\n  Technique: B-mode\n" in text


def test_data_has_it_and_a_change_of_it_is_found(several: Report, tmp_path: Path) -> None:
    file = tmp_path / "report.json"
    write_report(file, dataclasses.replace(several, examination=SAID))
    told = json.loads(file.read_text(encoding="utf-8"))
    assert {name: told["examination"][name] for name in SAID.to_dict()} == SAID.to_dict()
    assert told["examination"]["words"]["lines"][1] == ["Comparison", SAID.comparison]
    assert read_json(file).changed == ()
    told["examination"]["comparison"] = "none"
    file.write_text(json.dumps(told), encoding="utf-8")
    assert read_json(file).changed == ("examination",)


def test_data_of_before_there_were_examinations_is_read(make: Make, tmp_path: Path) -> None:
    file = tmp_path / "report.json"
    write_report(file, make())
    told = json.loads(file.read_text(encoding="utf-8"))
    del told["examination"], told["parts_sha256"]["examination"], told["content_sha256"]
    told["content_sha256"] = content_sha256(told)
    file.write_text(json.dumps(told), encoding="utf-8")
    report = read_json(file)
    assert report.changed == ()
    assert len(report.readings) == 1


def test_the_same_paper_each_time_and_another_with_other_words(make: Make) -> None:
    report = Report((make(),), examination=SAID)
    assert render(report) == render(report)
    other = dataclasses.replace(report, examination=dataclasses.replace(SAID, comparison="None."))
    assert render(report) != render(other)


def test_a_text_of_any_length_is_not_taken() -> None:
    assert Examination("x" * MOST_CHARACTERS).given
    with pytest.raises(UserError, match="The comparison has 1001 characters"):
        Examination(comparison="x" * (MOST_CHARACTERS + 1))


def test_what_was_told_is_what_comes_back() -> None:
    assert examination_from(SAID.to_dict()) == SAID
    every: tuple[object, ...] = (
        None,
        [],
        {},
        {**SAID.to_dict(), "technique": 3},
        {**SAID.to_dict(), "indication": "x" * 1001},
    )
    for spoilt in every:
        with pytest.raises(ValueError, match="three texts|1001"):
            examination_from(spoilt)


def test_a_technique_is_proposed_in_every_language() -> None:
    proposed = {usual_technique(load_wording(language)) for language in LANGUAGES}
    assert "B-mode ultrasound, single images" in proposed
    assert len(proposed) == len(LANGUAGES)
