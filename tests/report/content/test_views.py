"""Several lesions and several views of one: what belongs together, its size in three dimensions, and whether views agree."""

import dataclasses
import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from csamoe_desktop.errors import UserError
from csamoe_desktop.lesion.description import Description, Side, View
from csamoe_desktop.read_views import fuse
from csamoe_desktop.report.content.lesion_size import lesion_size
from csamoe_desktop.report.content.lesion_words import called, place_words
from csamoe_desktop.report.content.sections import content, report_file_name
from csamoe_desktop.report.content.views import document_content
from csamoe_desktop.report.document import Report, ReportInput
from csamoe_desktop.report.json_reading import read_json
from csamoe_desktop.report.json_report import report_dict
from csamoe_desktop.report.pdf.fonts import register_fonts
from csamoe_desktop.report.pdf.layout import fill
from csamoe_desktop.report.pdf.pages import impression
from csamoe_desktop.report.pdf.sheet import NOTHING
from csamoe_desktop.report.pdf.writer import render
from csamoe_desktop.report.plain_text import report_text
from csamoe_desktop.report.writing import write_report
from csamoe_desktop.study.model import Frame, StudyFacts
from csamoe_desktop.wording import PLAIN

Make = Callable[..., ReportInput]
Views = tuple[ReportInput, ReportInput]


def described(given: ReportInput, **changes: object) -> ReportInput:
    return dataclasses.replace(given, description=dataclasses.replace(given.description, **changes))  # type: ignore[arg-type]


def on_frame(given: ReportInput, index: int) -> ReportInput:
    return dataclasses.replace(given, frame=Frame(given.frame.pixels, index, given.frame.spacing))


def test_what_the_reader_said_of_the_lesion_begins_its_section(make: Make) -> None:
    lines = content(make(facts=StudyFacts())).lesion.lines
    assert lines[0].label == "Size", "nothing is said where reader and file said nothing"
    told = Description("Fibroadenoma?", Side.RIGHT, 10, 40.0, View.TRANSVERSE)
    lines = content(make(description=told)).lesion.lines
    assert [(one.label, one.value) for one in lines[:4]] == [
        ("Name", "Fibroadenoma?"),
        ("Location", "right breast, 10 o'clock, 40 mm from the nipple"),
        ("View", "transverse"),
        ("Size", lines[3].value),
    ]
    assert [one.value for one in content(make(number=2)).lesion.lines[:1]] == ["Lesion 2"]


@pytest.mark.parametrize("side", Side)
@pytest.mark.parametrize("distance", [None, 0.0, 12.5])
def test_title_and_place_are_those_of_the_description(side: Side, distance: float | None) -> None:
    one = Description("", side, 3, distance)
    assert place_words(one) == one.place()
    assert called(one, 4) == one.title(4)
    assert called(dataclasses.replace(one, name="Cyst"), 4) == "Cyst"


def test_views_of_one_lesion_stand_together_in_the_order_of_their_lesions(several: Report) -> None:
    assert [one.places for one in several.lesions()] == [(0, 2), (1,)]
    said = document_content(several, PLAIN)
    assert said.title == "Breast ultrasound: second reading of 2 lesions"
    assert [view.heading for lesion in said.lesions for view in lesion.views] == [
        "Lesion 1, first view: radial",
        "Lesion 1, second view: antiradial",
        "Cyst?",
    ]
    assert said.rows() == (
        (
            "Lesion 1",
            "left breast, 2 o'clock, 30 mm from the nipple",
            "16.0 x 9.6 x 8.0 mm",
            "4B / 4A",
            "Indeterminate (the views disagree)",
            "0.34",
        ),
        ("Cyst?", "left breast, 10 o'clock", said.lesions[1].size, "3", "Indeterminate", "0.40"),
    )


def test_the_third_dimension_is_the_other_views_extent_along_the_skin(two_views: Views) -> None:
    size = lesion_size(two_views)
    assert size is not None
    assert size.words() == "16.0 x 9.6 x 8.0 mm", "not 12.8: that view is higher than wide"
    assert (size.first, size.other) == (0, 1)
    (lesion,) = document_content(Report(two_views), PLAIN).lesions
    assert lesion.size_from == (
        "longest and perpendicular from the first view (radial), third from the second view (antiradial), along the skin"
    )
    turned = lesion_size(two_views[::-1])
    assert turned is not None
    assert (turned.words(), turned.first, turned.other) == ("16.0 x 9.6 x 8.0 mm", 1, 0)


@pytest.mark.parametrize("other", [View.RADIAL, View.LONGITUDINAL, View.UNSAID])
def test_there_is_no_third_dimension_unless_the_views_are_at_right_angles(two_views: Views, other: View) -> None:
    views = (two_views[0], described(two_views[1], view=other))
    (lesion,) = document_content(Report(views), PLAIN).lesions
    assert lesion.size == "16.0 x 9.6 mm"
    assert lesion.size_from.endswith("first view (radial); no third: no view at right angles to it")


def test_pixels_of_two_images_make_no_third_dimension(two_views: Views) -> None:
    first, second = two_views
    bare = dataclasses.replace(second, frame=Frame(second.frame.pixels, 7, None))
    (lesion,) = document_content(Report((first, bare)), PLAIN).lesions
    assert lesion.size == "16.0 x 9.6 mm"
    assert lesion.size_from.endswith("no third: both images must be calibrated")


def test_views_that_disagree_are_said_to_beside_what_they_come_to(two_views: Views) -> None:
    (lesion,) = document_content(Report(two_views), PLAIN).lesions
    together = lesion.together
    assert together is not None
    assert together.category == "Indeterminate"
    assert together.scale.probability == pytest.approx(fuse((0.83, 0.05)))
    assert [(one.label, one.value) for one in together.each.lines] == [
        ("First view (radial)", "suspicious, 0.83"),
        ("Second view (antiradial)", "likely benign, 0.05"),
    ]
    assert together.agreement == (
        "The two views disagree: the first view (radial, 0.83) gives suspicious; "
        "the second view (antiradial, 0.05) gives likely benign."
    )
    assert together.agreement in report_text(Report(two_views))


def test_views_that_agree_are_said_to(make: Make) -> None:
    views = [described(on_frame(make(probability=p), place), identity="a") for place, p in enumerate((0.8, 0.9, 0.95))]
    for count, words in ((2, "Both views agree: suspicious."), (3, "All 3 views agree: suspicious.")):
        (lesion,) = document_content(Report(tuple(views[:count])), PLAIN).lesions
        assert lesion.together is not None
        assert lesion.together.agreement == words


def test_views_read_by_different_models_are_not_fused(two_views: Views, make: Make) -> None:
    card = dataclasses.replace(make().ai_result.card, sha256="1" * 64)
    other = dataclasses.replace(two_views[1], ai_result=dataclasses.replace(two_views[1].ai_result, card=card))
    report = Report((two_views[0], other))
    (lesion,) = document_content(report, PLAIN).lesions
    assert lesion.together is None
    assert (lesion.category, lesion.probability) == ("Suspicious / Likely benign", "0.83 / 0.05")
    assert "assessed with different models, so they are not combined" in report_text(report)
    assert report_dict(report)["together"][0]["reading"] is None


def test_lesions_that_would_be_called_alike_are_told_apart_by_frame_and_file(make: Make) -> None:
    one, other = (described(on_frame(make(), place), identity=str(place)) for place in (2, 4))
    said = document_content(Report((one, other)), PLAIN)
    assert [lesion.title for lesion in said.lesions] == ["Lesion 1 (frame 3)", "Lesion 1 (frame 5)"]
    elsewhere = described(dataclasses.replace(one, study_name="b.png"), identity="c")
    said = document_content(Report((one, elsewhere, described(make(number=2), identity="d"))), PLAIN)
    assert [lesion.title for lesion in said.lesions] == [
        "Lesion 1 (frame 3) (phantom.dcm)",
        "Lesion 2",
        "Lesion 1 (frame 3) (b.png)",
    ], "image by image, on an image by number"


def test_two_lesions_of_one_name_on_one_image_are_told_apart_by_their_numbers(make: Make) -> None:
    one, other = (
        dataclasses.replace(make(number=number), description=Description("cyst", identity=str(number)))
        for number in (1, 2)
    )
    titles = [lesion.title for lesion in document_content(Report((one, other)), PLAIN).lesions]
    assert [title.rpartition(" (")[2] for title in titles] == ["Lesion 1)", "Lesion 2)"]


def test_a_report_is_of_one_patient_and_of_something(make: Make) -> None:
    other = dataclasses.replace(make(), facts=StudyFacts(patient_id="ANOTHER"))
    with pytest.raises(UserError, match="different patients"):
        Report((make(), other))
    unnumbered = dataclasses.replace(make(), facts=StudyFacts(patient_name="Somebody Else"))
    with pytest.raises(UserError, match="different patients"):
        Report((make(), unnumbered))
    Report((make(), dataclasses.replace(make(), facts=StudyFacts())))
    Report((make(), dataclasses.replace(make(), facts=StudyFacts("Mueller, Zoe", "TEST-0042"))))
    with pytest.raises(UserError, match="no AI result to report"):
        Report(())


def test_one_reading_is_a_report_of_its_own(make: Make) -> None:
    assert render(make()) == render(Report((make(),)))
    assert report_text(make()) == content(make()).text()
    assert report_file_name(Report((make(),))) == report_file_name(make()) == "phantom-report.pdf"


# On paper, as text and as data.


def words(file: Path, *options: str) -> str:
    return subprocess.run(
        ["pdftotext", "-layout", *options, file, "-"], capture_output=True, check=True
    ).stdout.decode()


def test_the_paper_begins_with_an_impression_and_pages_are_counted_through(several: Report, tmp_path: Path) -> None:
    file = tmp_path / "report.pdf"
    write_report(file, several)
    whole = words(file)
    told = whole.split("\f")[:-1]
    assert len(told) == 3
    assert "second reading of 2 lesions" in told[0]
    assert re.search(
        r"Lesion 1\s+left breast, 2 o'clock, 30 mm\s+16\.0 x 9\.6 x 8\.0 mm\s+4B / 4A\s+Indeterminate\s+0\.34", told[0]
    )
    assert re.search(r"Cyst\?\s+left breast, 10 o'clock\s+\S+ x \S+ mm\s+3\s+Indeterminate\s+0\.40", told[0])
    order = [
        "Overall impression",
        "All views combined",
        "The two views disagree",
        "Lesion 1, first view: radial",
        "Lesion 1, second view: antiradial",
        "Signature",
        "Trained on",
        "Intended use",
    ]
    found = [whole.index(one) for one in order]
    assert found == sorted(found)
    assert re.findall(r"Page (\d+) of (\d+)", whole) == [(str(page), "3") for page in (1, 2, 3)]
    for once in ("Signature", "Trained on", "Intended use", "Overall impression"):
        assert whole.count(once) == 1
    for page in told:
        assert "TEST-0042" in page, "a sheet that gets lost tells whose it is"


def test_two_views_alone_need_no_list(two_views: Views, tmp_path: Path) -> None:
    file = tmp_path / "report.pdf"
    write_report(file, Report(two_views))
    whole = words(file)
    assert "second reading of one lesion" in whole
    assert "Overall impression" not in whole
    assert "16.0 x 9.6 x 8.0 mm" in whole
    assert "first view: radial" in whole
    images = subprocess.run(["pdfimages", "-list", file], capture_output=True, check=True).stdout.decode()
    assert len(images.splitlines()) == 2 + 4, "two pictures a view"


def test_many_lesions_are_listed_over_pages(make: Make, tmp_path: Path) -> None:
    lesions = [described(make(number=number), identity=str(number)) for number in range(1, 61)]
    said = document_content(Report(tuple(lesions)), PLAIN)
    register_fonts()
    assert len(fill(impression(said, PLAIN), NOTHING)) == 2
    assert len(said.rows()) == 60


def test_a_document_gives_the_same_bytes_each_time(several: Report) -> None:
    assert render(several) == render(several)
    for language in ("en", "zh"):
        report = dataclasses.replace(several, language=language)
        assert json.dumps(report_dict(report)) == json.dumps(report_dict(report))
    assert render(several) != render(dataclasses.replace(several, language="zh"))


def test_the_chinese_paper_is_chinese(several: Report, tmp_path: Path) -> None:
    file = tmp_path / "report.pdf"
    write_report(file, dataclasses.replace(several, language="zh"))
    said = words(file)
    for text in (
        "乳腺超声",
        "仅供研究使用",
        "恶性概率",
        "多切面综合结果",
        "医师评估",
        "BI-RADS 分类",
        "两个切面不一致",
    ):
        assert text in said
    fonts = subprocess.run(["pdffonts", file], capture_output=True, check=True).stdout.decode()
    assert "WenQuanYiMicroHei" in fonts


def test_data_holds_every_reading_and_what_the_views_come_to(several: Report, tmp_path: Path) -> None:
    file = tmp_path / "report.json"
    write_report(file, several)
    told = json.loads(file.read_text(encoding="utf-8"))
    assert told["format_version"] == 2
    assert [one["description"]["identity"] for one in told["readings"]] == ["one", "two", "one"]
    assert [one["description"]["number"] for one in told["readings"]] == [1, 2, 1]
    assert set(told["readings"][0]) >= {"image", "mask", "model", "reading", "own_read", "description", "words"}
    (together,) = told["together"]
    assert together["readings"] == [1, 3]
    assert together["reading"]["categories"] == ["suspicious", "likely benign"]
    assert together["size"]["third"] == pytest.approx(8.0, abs=0.05)
    report = read_json(file)
    assert report.changed == ()
    assert [one.title for one in report.readings] == [
        "Lesion 1, first view: radial",
        "Cyst?",
        "Lesion 1, second view: antiradial",
    ]
    assert [one.readings for one in report.together] == [(0, 2)]
    np.testing.assert_array_equal(report.readings[2].mask, several.readings[2].mask.pixels)
    told["readings"][2]["comment"] = "another"
    told["together"][0]["reading"]["probability"] = 0.9
    file.write_text(json.dumps(told), encoding="utf-8")
    assert set(read_json(file).changed) == {"comment of view 3", "together"}


def test_text_lists_the_lesions_and_says_once_what_is_the_same(several: Report) -> None:
    text = report_text(several)
    assert text.index("Lesions\n") < text.index("Lesion 1, first view: radial\n") < text.index("\nCyst?\n\n")
    assert "  Lesion 1: Location: left breast, 2 o'clock, 30 mm from the nipple; Size: 16.0 x 9.6 x 8.0 mm; " in text
    assert text.count("Patient ID: TEST-0042") == 1
    assert text.count("\nAI result\n") == 3
    assert "Stable." in text


def test_a_frame_is_not_told_without_its_file(two_views: tuple[ReportInput, ReportInput]) -> None:
    """Of two files "frame 1 of 1" is true of each, and says nothing at the head of both."""
    one, other = two_views[0], dataclasses.replace(two_views[1], frame=two_views[0].frame)
    apart = document_content(Report((one, dataclasses.replace(other, study_name="another.dcm"))), PLAIN)
    assert not {"File", "Frame"} & {line.label for line in apart.study.lines}
    together = document_content(Report((one, dataclasses.replace(other, study_name=one.study_name))), PLAIN)
    assert {"File", "Frame"} <= {line.label for line in together.study.lines}
