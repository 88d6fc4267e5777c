"""What cannot be true together is in the warnings of every kind of report, with both values, and never passed over."""

import dataclasses
from collections.abc import Callable
from pathlib import Path

import pytest

from csamoe_desktop.errors import UserError
from csamoe_desktop.lesion.description import Description, Side, View
from csamoe_desktop.reader.examination import Examination
from csamoe_desktop.report.content.contradictions import contradictions, in_document
from csamoe_desktop.report.content.sections import content
from csamoe_desktop.report.document import Report, ReportInput
from csamoe_desktop.report.json_report import report_dict
from csamoe_desktop.report.plain_text import report_text
from csamoe_desktop.study.model import Frame, StudyFacts
from csamoe_desktop.study.sides import SideSaid
from csamoe_desktop.wording import load_wording

Make = Callable[..., ReportInput]
RIGHT, LEFT = Description(side=Side.RIGHT, identity="one"), Description(side=Side.LEFT, identity="one")


def facts(**changes: object) -> StudyFacts:
    return StudyFacts(patient_id="1", birth_date="1961-04-12", study_date="2025-03-14", **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("told", "description"),
    [
        (facts(laterality="left"), RIGHT),
        (facts(laterality="right"), LEFT),
        (facts(sides=(SideSaid("study description", "left"),)), RIGHT),
        (facts(sides=(SideSaid("image laterality", "right"), SideSaid("series description", "left"))), RIGHT),
        (facts(frame_sides=("", "", "left")), RIGHT),
    ],
)
def test_a_side_that_contradicts_the_file_is_printed_with_both_values(
    make: Make, told: StudyFacts, description: Description
) -> None:
    given = make(facts=told, description=description, comment="")
    first = content(given).warnings[0]
    assert "left" in first
    assert "right" in first
    assert first in report_text(given)
    assert first in report_dict(given)["readings"][0]["contradictions"]
    assert first in report_dict(given)["readings"][0]["words"]["warnings"]


@pytest.mark.parametrize(
    ("told", "description"),
    [
        (facts(laterality="left"), LEFT),
        (facts(laterality="both sides"), RIGHT),
        (facts(), RIGHT),
        (facts(laterality="left"), Description(identity="one")),
        (facts(sides=(SideSaid("image laterality", "left"), SideSaid("study description", "left"))), LEFT),
        (facts(frame_sides=("left", "left", "")), RIGHT),
    ],
)
def test_what_agrees_or_is_left_open_is_no_contradiction(
    make: Make, told: StudyFacts, description: Description
) -> None:
    assert contradictions(make(facts=told, description=description, comment="")) == ()


def test_the_readers_own_texts_are_held_against_the_side(make: Make) -> None:
    given = make(facts=facts(), description=LEFT, comment="Mass in the right breast.")
    assert "reader's comment says right" in contradictions(given)[0]
    assert not contradictions(make(facts=facts(), description=LEFT, comment="Left mass; right breast unremarkable."))
    indication = Examination(indication="Palpable lump, right breast")
    (told,) = in_document(Report((make(facts=facts(), description=LEFT, comment=""),), examination=indication))
    assert "indication says right" in told[0]
    from_file = make(facts=facts(laterality="left"), comment="Lump, right breast.")
    assert "reader's comment says right" in contradictions(from_file)[0]


def test_what_the_file_says_is_filled_in_and_marked(make: Make) -> None:
    given = make(facts=facts(laterality="left", probe="Anti-radial"))
    lines = {line.label: line.value for line in content(given).lesion.lines}
    assert (lines["Location"], lines["View"]) == ("left breast (from the file)", "antiradial (from the file)")
    assert report_dict(given)["readings"][0]["from_file"] == {"side": "left", "view": "antiradial"}
    confirmed = dataclasses.replace(given, description=dataclasses.replace(LEFT, view=View.ANTIRADIAL))
    lines = {line.label: line.value for line in content(confirmed).lesion.lines}
    assert (lines["Location"], lines["View"]) == ("left breast", "antiradial")
    unsure = facts(sides=(SideSaid("image laterality", "left"), SideSaid("laterality", "right")))
    assert "Location" not in {line.label for line in content(make(facts=unsure)).lesion.lines}
    assert "The file names different sides" in content(make(facts=unsure, comment="")).warnings[0]


def test_views_that_exclude_each_other_are_asked_about(make: Make) -> None:
    given = make(facts=facts(probe="Transverse plane"), description=Description(view=View.LONGITUDINAL, identity="one"))
    assert contradictions(given) == (
        "View mismatch: the reader entered longitudinal, the file says Transverse plane. Check which is right.",
    )


@pytest.mark.parametrize(
    ("born", "made", "told"),
    [
        ("2025-03-15", "2025-03-14", "is after the study date"),
        ("2030-01-01", "2025-03-14", "is after the study date"),
        ("1961-13-40", "2025-03-14", "is not a valid date"),
        ("unknown", "2025-03-14", "is not a valid date"),
        ("1961-02-30", "2025-03-14", "is not a valid date"),
        ("1961-04-12", "2025-02-30", "study date is not a valid date"),
        ("1961-04-12", "2031-01-01", "study date (2031-01-01) is in the future"),
        ("2026-01-01", "", "is in the future"),
        ("1861-04-12", "2025-03-14", "over 120 years"),
        ("0000-00-00", "2025-03-14", "is not a valid date"),
    ],
)
def test_dates_that_cannot_be_are_printed(make: Make, born: str, made: str, told: str) -> None:
    given = make(facts=StudyFacts(birth_date=born, study_date=made), comment="")
    assert any(told in one for one in content(given).warnings), content(given).warnings


@pytest.mark.parametrize("born", ["", "1961", "1961-04", "1961-04-12", "2025-03-14"])
def test_dates_that_can_be_are_not(make: Make, born: str) -> None:
    assert contradictions(make(facts=StudyFacts(birth_date=born, study_date="2025-03-14"), comment="")) == ()


def test_a_male_patient_is_asked_about(make: Make) -> None:
    assert "male" in contradictions(make(facts=facts(sex="male"), comment=""))[0]


def test_two_patients_are_refused_or_printed(make: Make) -> None:
    first = make(facts=facts(patient_name="Meier, Anna", sex="female"), comment="")

    def with_other(**changes: object) -> Report:
        return Report((first, dataclasses.replace(first, facts=dataclasses.replace(first.facts, **changes))))  # type: ignore[arg-type]

    for changes, words in (
        ({"patient_name": "Huber, Eva"}, ("Meier, Anna", "Huber, Eva")),
        ({"birth_date": "1971-04-12"}, ("1961-04-12", "1971-04-12")),
        ({"sex": "male"}, ("female", "male")),
    ):
        report = with_other(**changes)
        assert all(all(word in " ".join(told) for word in words) for told in in_document(report))
        assert all(word in report_text(report) for word in words)
    for changes in (
        {"patient_id": "2"},
        {"patient_id": "", "patient_name": "Huber, Eva"},
        {"patient_id": "", "birth_date": "1971-04-12"},
    ):
        with pytest.raises(UserError, match="different patients"):
            with_other(**changes)
    for changes in ({"patient_name": "ANNA  MEIER"}, {"patient_name": ""}, {"patient_id": "", "birth_date": ""}):
        assert in_document(with_other(**changes)) == ((), ())


def test_views_of_both_breasts_under_one_lesion_are_printed(make: Make, tmp_path: Path) -> None:
    first = make(facts=facts(), description=LEFT, comment="")
    other = dataclasses.replace(first, description=RIGHT, frame=Frame(first.frame.pixels, 7, None))
    report = Report((first, other))
    sentence = in_document(report)[0][0]
    assert sentence == (
        "The views of Lesion 1 are from different sides: left (phantom.dcm, frame 3); right (phantom.dcm, frame 8)."
    )
    assert report_text(report).count(sentence) == 2
    of_files = [
        dataclasses.replace(first, facts=facts(laterality=side), description=Description(identity="one"))
        for side in ("left", "right")
    ]
    assert "different sides" in in_document(Report(tuple(of_files)))[1][0]


def test_the_chinese_report_says_them_in_chinese(make: Make) -> None:
    say = load_wording("zh")
    given = make(facts=facts(laterality="left", sex="male"), description=RIGHT, comment="right breast")
    told = contradictions(given, say)
    assert told[0] == "侧别不一致：医师录入为右侧，文件为左侧（侧别）。请核对。"
    assert not any(word in " ".join(told) for word in ("the ", "The ", "side", "male"))
