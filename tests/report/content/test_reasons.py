"""What is said beside the number: range, disagreement, roughness and rates; nothing where there is nothing to say."""

import dataclasses
from collections.abc import Callable

import numpy as np
import pytest

from csamoe_desktop.assess import AIResult, ContourRange
from csamoe_desktop.inference.cases import Nearest
from csamoe_desktop.inference.explanation import Explanation
from csamoe_desktop.networks.cards import CategoryCounts, OutsideCounts
from csamoe_desktop.report.content.reasons import Reasons, change_words, range_words, reasons
from csamoe_desktop.report.content.sections import content
from csamoe_desktop.report.document import ReportInput

Make = Callable[..., ReportInput]
COUNTS = CategoryCounts(positives=100, negatives=200, missed=2, cleared=120, caught=80, false_alarms=10, patients=190)


def closer(
    given: ReportInput,
    others: dict[str, float] | None = None,
    alone: dict[str, float] | None = None,
    counts: CategoryCounts | None = None,
) -> ReportInput:
    """Return the input with a closer look at its reading; the card's thresholds are 0.12 and 0.71."""
    reading = given.ai_result
    thresholds = dataclasses.replace(reading.card.thresholds, counts=counts)
    return dataclasses.replace(
        given,
        ai_result=dataclasses.replace(
            reading,
            looked_closer=True,
            card=dataclasses.replace(reading.card, thresholds=thresholds),
            contour=None if others is None else ContourRange(reading.prediction.probability, others),
            explanation=Explanation(
                {"image": 0.62, "core": 0.8, "boundary": 0.83},
                alone or {},
                dict.fromkeys(("image", "core", "boundary"), np.zeros((7, 7), np.float32)),
            ),
        ),
    )


def said_of(given: ReportInput) -> AIResult:
    return given.ai_result


def test_a_reading_not_looked_at_closer_says_nothing(make: Make) -> None:
    said = content(make())
    assert said.reasons.sentences() == ()
    assert (said.scale.reach, said.scale.reach_words) == (None, "")
    assert {gate.left_out for gate in said.gates} == {""}
    assert "With other outlines" not in said.text()


def test_the_range_the_median_and_the_changes_are_written(make: Make) -> None:
    said = content(closer(make(), {"smoothed": 0.9, "ellipse": 0.72}))
    assert said.scale.reach == (0.72, 0.9)
    assert said.scale.reach_words == "0.72 to 0.90"
    assert [(gate.expert, gate.left_out) for gate in said.gates] == [
        ("Whole image", "-0.21"),
        ("Tumour core", "-0.03"),
        ("Boundary", "0.00"),
    ]
    assert "With other outlines: 0.72 to 0.90" in said.text()
    assert "Gate share, Whole image: 55 %; without it: -0.21" in said.text()
    said.text().encode("latin-1", errors="ignore").decode("latin-1")
    assert said.gates[0].stages == "0.10 0.20 0.30 0.40"


def test_depends_on_your_contour_only_where_the_range_crosses_a_threshold(make: Make) -> None:
    assert reasons(said_of(closer(make(), {"smoothed": 0.72}))).contour == ""
    assert reasons(said_of(closer(make(), {"smoothed": 0.70}))).contour == (
        "The category depends on your outline: indeterminate to suspicious (0.70 to 0.83)."
    )
    assert "likely benign to suspicious" in reasons(said_of(closer(make(), {"smoothed": 0.05}))).contour


@pytest.mark.parametrize(
    ("ellipse", "begins"),
    [
        (0.82, "Little of the result depends"),
        (0.75, "Some of the result depends"),
        (0.70, "Much of the result depends"),
        (0.05, "Much of the result depends"),
    ],
)
def test_what_hangs_on_the_roughness_is_said_against_the_ellipse(make: Make, ellipse: float, begins: str) -> None:
    sentence = reasons(said_of(closer(make(), {"ellipse": ellipse}))).ellipse
    assert sentence.startswith(begins)
    assert f"gives {ellipse:.2f}" in sentence
    assert reasons(said_of(closer(make(), {"smoothed": ellipse}))).ellipse == ""


def test_experts_disagree_where_they_fall_on_both_sides_of_the_thresholds(make: Make) -> None:
    def told(image: float, core: float, boundary: float) -> str:
        alone = {"image": image, "core": core, "boundary": boundary}
        return reasons(said_of(closer(make(), alone=alone))).disagreement

    assert told(0.8, 0.9, 0.3) == ""
    assert told(0.05, 0.1, 0.3) == ""
    assert told(0.8, 0.05, 0.9) == (
        "The experts disagree. Alone, the whole image (0.80) and the boundary (0.90) give suspicious, "
        "the tumour core (0.05) gives likely benign."
    )


def test_the_categorys_rate_is_told_with_its_numbers(make: Make) -> None:
    def told(probability: float, prevalence: float | None = None) -> str:
        return reasons(said_of(closer(make(probability=probability), counts=COUNTS)), 2, prevalence).rates

    assert told(0.83) == (
        "Of 90 validation images classified as suspicious, 10 were benign "
        "(11 %; 100 of 300 images of 190 patients were malignant)."
    )
    assert told(0.05).startswith("Of 122 validation images classified as likely benign, 2 were malignant (1.6 %; ")
    assert told(0.5) == ""
    # 10 % malignant: 0.9 * 10/200 = 0.045 false alarms to 0.1 * 80/100 = 0.08 caught; 0.1 * 0.02 to 0.9 * 0.6.
    assert told(0.83, 0.1).endswith("at your site's malignancy rate of 10 % it would be 36 %.")
    assert told(0.05, 0.1).endswith("it would be 0.4 %.")
    assert reasons(said_of(closer(make()))).rates == "", "a card without counts says nothing"


def test_numbers_never_say_more_than_there_is() -> None:
    assert range_words(ContourRange(0.9999, {"smoothed": 0.9996})) == "> 0.99"
    assert change_words(0.801, 0.8) == "0.00"
    assert change_words(0.9, 0.8) == "+0.10"


def test_the_prevalence_given_reaches_the_report(make: Make) -> None:
    given = dataclasses.replace(closer(make(), counts=COUNTS), prevalence=0.1)
    assert "at your site's malignancy rate" in content(given).text()


def test_what_the_nearest_training_images_were_is_said_with_how_near_they_lie(make: Make) -> None:
    assert reasons(said_of(make())).nearest == ""
    near = dataclasses.replace(make().ai_result, nearest=Nearest(20, 17, 0.031, 0.25))
    assert reasons(near).nearest == (
        "Of the 20 most similar training images, 17 were malignant; they lie no farther away than is usual "
        "(0.031; usual up to 0.250)."
    )
    far = dataclasses.replace(near, nearest=Nearest(20, 17, 0.31, 0.25))
    assert "they lie farther away than is usual (0.310" in reasons(far).nearest
    assert reasons(far).nearest in reasons(far).sentences()


def test_what_was_seen_in_another_hospital_stands_before_what_was_seen_at_home(make: Make) -> None:
    away = OutsideCounts("OASBUD, Warsaw", CategoryCounts(104, 96, 15, 70, 40, 3))

    def told(probability: float) -> Reasons:
        given = closer(make(probability=probability), counts=COUNTS)
        card = given.ai_result.card
        card = dataclasses.replace(card, thresholds=dataclasses.replace(card.thresholds, outside=(away,)))
        return reasons(dataclasses.replace(given.ai_result, card=card))

    for probability, wanted in (
        (
            0.05,
            (
                "At a hospital the model never saw (OASBUD, Warsaw), 15 of 104 malignant images were classified as likely "
                "benign (14 %)."
            ),
        ),
        (
            0.95,
            "At a hospital the model never saw (OASBUD, Warsaw), 3 of 96 benign images were classified as suspicious (3.1 %).",
        ),
    ):
        made = told(probability)
        assert made.outside == wanted
        said = made.sentences()
        assert said.index(wanted) < said.index(made.rates)
    assert told(0.5).outside == ""
