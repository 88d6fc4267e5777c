"""The reader's assessment: terms proposed from the outline, confirmation, report lines, stored form."""

import json

import cv2
import numpy as np
import pytest

from csamoe_desktop.errors import UserError
from csamoe_desktop.lesion.measure import measure
from csamoe_desktop.reader.assessment import SIZE, Assessment, AssessmentRecord, Proposed, assessment_from, propose
from csamoe_desktop.reader.lexicon import load_lexicon
from csamoe_desktop.study.model import Spacing

SPACING = Spacing(0.1, 0.1, "region 1")
PROPOSED = Proposed("14.2 x 9.1 mm", {"shape": "oval", "orientation": "parallel"})
WHOLE = Assessment(
    "4B", {"shape": ("oval",), "margin": ("indistinct", "spiculated")}, "tissue", "14.2 x 9.1 mm", ("shape", SIZE)
)


def ellipse(half_across: int, half_down: int, angle: float = 0) -> np.ndarray:
    drawn = np.zeros((240, 320), np.uint8)
    cv2.ellipse(drawn, (160, 120), (half_across, half_down), angle, 0, 360, 1, -1)
    return drawn.astype(bool)


def star() -> np.ndarray:
    angle = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    radius = np.where(np.arange(24) % 2, 35, 80)
    points = np.stack([160 + radius * np.cos(angle), 120 + radius * np.sin(angle)], axis=1).astype(np.int32)
    drawn = np.zeros((240, 320), np.uint8)
    cv2.fillPoly(drawn, [points], 1)
    return drawn.astype(bool)


@pytest.mark.parametrize(
    ("mask", "shape", "orientation"),
    [
        (ellipse(70, 40), "oval", "parallel"),
        (ellipse(40, 70), "oval", "not_parallel"),
        (ellipse(50, 50), "round", None),
        (ellipse(70, 40, 80), "oval", "not_parallel"),
        (star(), "irregular", None),
    ],
)
def test_what_an_outline_proposes(mask: np.ndarray, shape: str, orientation: str | None) -> None:
    proposed = propose(mask, SPACING)
    assert proposed is not None
    assert proposed.terms["shape"] == shape
    assert orientation is None or proposed.terms["orientation"] == orientation
    assert proposed.size == measure(mask, SPACING).diameters()
    assert proposed.size.endswith(" mm")


def test_millimetres_decide_and_not_pixels() -> None:
    # Round in pixels; half as deep as wide on the patient.
    proposed = propose(ellipse(50, 50), Spacing(0.05, 0.1, "region 1"))
    assert proposed is not None
    assert proposed.terms["shape"] == "oval"
    without = propose(ellipse(50, 50), None)
    assert without is not None
    assert without.size.endswith(" px")


def test_nothing_marked_proposes_nothing() -> None:
    assert propose(np.zeros((20, 30), bool), SPACING) is None


def test_confirming_takes_over_what_the_reader_has_not_said() -> None:
    read = Assessment().with_terms("shape", ("irregular",)).confirming(PROPOSED)
    assert read.terms == {"shape": ("irregular",), "orientation": ("parallel",)}
    assert read.size == PROPOSED.size
    assert read.measured == ("orientation", SIZE)
    assert read.measured_words() == "14.2 × 9.1 mm, parallel"
    assert PROPOSED.words(load_lexicon(), read) == ""
    assert read.category == "", "no category is ever proposed"


def test_what_the_reader_picks_is_not_measured_any_more() -> None:
    read = Assessment().confirming(PROPOSED).with_terms("shape", ("round",))
    assert read.measured == ("orientation", SIZE)
    assert read.without_measured() == Assessment(terms={"shape": ("round",)})
    assert Assessment().confirming(PROPOSED).with_terms("shape", ()).terms == {"orientation": ("parallel",)}


def test_what_is_left_to_confirm_in_words() -> None:
    lexicon = load_lexicon()
    assert PROPOSED.words(lexicon, Assessment()) == "14.2 × 9.1 mm, oval, parallel"
    assert PROPOSED.words(lexicon, Assessment().with_terms("shape", ("round",))) == "14.2 × 9.1 mm, parallel"


def test_lines_of_a_report_lead_with_the_category_and_say_what_was_measured() -> None:
    assert WHOLE.lines() == (
        ("BI-RADS", "4B, moderate suspicion (over 10 to 50 %)"),
        ("Size", "14.2 x 9.1 mm (measured, confirmed)"),
        ("Shape", "oval (measured, confirmed)"),
        ("Margin", "indistinct, spiculated"),
        ("Management", "tissue diagnosis"),
    )
    assert Assessment().lines() == ()


def test_a_read_comes_back_from_json_as_it_was() -> None:
    for read in (WHOLE, Assessment(), Assessment("0")):
        assert assessment_from(json.loads(json.dumps(read.to_dict()))) == read


@pytest.mark.parametrize(
    "spoilt",
    [
        {"category": "4D"},
        {"terms": {"shape": ["square"]}},
        {"terms": {"colour": ["blue"]}},
        {"terms": {"shape": ["oval", "round"]}},
        {"terms": {"margin": ["circumscribed", "spiculated"]}},
        {"terms": ["oval"]},
        {"management": "wait"},
        {"measured": ["orientation"]},
        {"size": ""},
    ],
)
def test_a_spoilt_read_is_refused(spoilt: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="."):
        assessment_from({**WHOLE.to_dict(), **spoilt})


def test_a_read_without_a_field_is_refused() -> None:
    for name in WHOLE.to_dict():
        with pytest.raises(ValueError, match="cannot be read"):
            assessment_from({key: value for key, value in WHOLE.to_dict().items() if key != name})


@pytest.mark.parametrize("other", [{"lexicon": "birads9-us"}, {"lexicon_version": "2025"}])
def test_another_edition_s_read_is_not_read_by_this_one(other: dict[str, str]) -> None:
    with pytest.raises(UserError):
        assessment_from({**WHOLE.to_dict(), **other})


def test_a_report_says_how_the_read_came_about() -> None:
    assert dict(AssessmentRecord(WHOLE, WHOLE).lines())["Assessed"] == "before the AI result was shown"
    changed = dict(AssessmentRecord(Assessment("3"), WHOLE).lines())
    assert changed["BI-RADS"].startswith("4B")
    assert changed["First assessment"] == "3, probably benign (up to 2 %)"
    assert "Assessed" not in changed
    same_category = dict(AssessmentRecord(Assessment("4B"), WHOLE).lines())
    assert same_category["Assessed"] == "category before the AI result was shown, the rest changed afterwards"
    assert dict(AssessmentRecord(None, WHOLE, skipped=True).lines())["Assessed"].endswith("(skipped)")
    assert dict(AssessmentRecord(None, WHOLE).lines())["Assessed"] == "after the AI result was shown"
    timed = AssessmentRecord(WHOLE, WHOLE, first_seconds=41.6, ai_seconds=2.2, final_seconds=9.4)
    assert dict(timed.lines())["Time taken"] == "first 42 s, AI 2 s, final 9 s"


def test_the_final_read_alone_tells_nothing_of_the_first() -> None:
    alone = AssessmentRecord(Assessment("3"), WHOLE, skipped=False, first_seconds=5.0).final_only()
    assert alone.lines() == WHOLE.lines()
    assert alone.to_dict() == {"final": WHOLE.to_dict()}
    assert AssessmentRecord().lines() == ()


def test_the_whole_record_as_json() -> None:
    told = AssessmentRecord(Assessment("3"), WHOLE, True, False, 41.64, 2.18, None).to_dict()
    assert told["first"]["category"] == "3"
    assert told["final"]["category"] == "4B"
    assert told["asked_first"] is True
    assert told["seconds"] == {"first": 41.6, "ai": 2.2, "final": None}
