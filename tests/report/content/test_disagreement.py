"""Reader and AI differ by a stated rule, said on paper in neutral words; views and lesions left out are said too."""

import dataclasses
from collections.abc import Callable

import pytest

from csamoe_desktop.assess import Category
from csamoe_desktop.lesion.description import Description
from csamoe_desktop.reader.assessment import Assessment, AssessmentRecord
from csamoe_desktop.report.content.disagreement import differ, disagreement
from csamoe_desktop.report.content.sections import content
from csamoe_desktop.report.document import LeftOut, Report, ReportInput
from csamoe_desktop.report.json_report import report_dict
from csamoe_desktop.report.plain_text import report_text
from csamoe_desktop.wording import load_wording

Make = Callable[..., ReportInput]


@pytest.mark.parametrize(
    ("own", "category", "apart"),
    [
        *(
            (own, Category.SUSPICIOUS, own in ("1", "2", "3"))
            for own in ("", "0", "1", "2", "3", "4A", "4B", "4C", "5", "6")
        ),
        *(
            (own, Category.LIKELY_BENIGN, own in ("4C", "5", "6"))
            for own in ("", "0", "1", "2", "3", "4A", "4B", "4C", "5", "6")
        ),
        *((own, Category.INDETERMINATE, False) for own in ("1", "3", "5")),
    ],
)
def test_the_rule(own: str, category: Category, apart: bool) -> None:
    assert differ(Assessment(own), category) is apart
    assert bool(disagreement(Assessment(own), category, "0.98")) is apart


def test_it_is_on_every_kind_of_report_and_asks_for_nothing(make: Make) -> None:
    given = make(probability=0.98, reads=AssessmentRecord(final=Assessment("3")))
    sentence = content(given).differs
    assert sentence.startswith("Reader and AI differ: BI-RADS 3, probably benign; AI suspicious (0.98).")
    assert not any(word in sentence.lower() for word in ("change", "should", "reconsider", "must", "recommend"))
    assert sentence in report_text(given)
    told = report_dict(given)["readings"][0]
    assert told["reader_and_ai_differ"] is True
    assert told["words"]["differs"] == sentence
    agreeing = make(probability=0.98, reads=AssessmentRecord(final=Assessment("5")))
    assert content(agreeing).differs == ""
    assert report_dict(agreeing)["readings"][0]["reader_and_ai_differ"] is False
    assert content(make(probability=0.98)).differs == "", "without an own category there is nothing to differ"


def test_the_chinese_sentence_is_chinese(make: Make) -> None:
    said = content(make(probability=0.98, reads=AssessmentRecord(final=Assessment("3"))), load_wording("zh"))
    assert said.differs.startswith("医师评估与 AI 结果不一致：医师 BI-RADS 3")


def test_a_view_that_was_not_read_is_said(make: Make) -> None:
    given = make()
    unread = LeftOut(Description(identity="one"), 1, "phantom.dcm", 7, 65)
    chosen = LeftOut(Description("Cyst?", identity="two"), 2, "other.dcm", 0, 1, chosen=True)
    report = Report((given,), left_out=(unread, chosen))
    text = report_text(report)
    assert (
        "Marked, but not in this report because there is no current AI result: Lesion 1 in phantom.dcm, frame 8."
        in text
    )
    assert "Left out of this report by the user: Cyst? in other.dcm." in text
    told = report_dict(report)
    assert [one["chosen"] for one in told["left_out"]] == [False, True]
    assert any("frame 8" in one for one in told["readings"][0]["words"]["warnings"])
    chinese = report_text(dataclasses.replace(report, language="zh"))
    assert "已勾画但未纳入本报告" in chinese
