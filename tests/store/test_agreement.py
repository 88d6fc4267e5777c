"""Agreement of assessments and AI results: counts, kappa, sensitivity and specificity against hand-calculated figures; the CSV."""

import csv
import io
from collections.abc import Sequence

import pytest

from csamoe_desktop.assess import Category
from csamoe_desktop.reader.assessment import Assessment, AssessmentRecord
from csamoe_desktop.store.agreement import (
    AI,
    AI_SUSPICIOUS,
    FINAL,
    FIRST,
    Accuracy,
    Agreement,
    Share,
    as_csv,
    counted,
    differ,
    summarise,
)
from csamoe_desktop.store.assessments import Pathology, Sitting, StoredResult
from csamoe_desktop.store.lesions import LesionKey

BENIGN, UNSURE, SUSPICIOUS = Category.LIKELY_BENIGN, Category.INDETERMINATE, Category.SUSPICIOUS
_PROBABILITY = {BENIGN: 0.03, UNSURE: 0.4, SUSPICIOUS: 0.9}
B, M, UNKNOWN = Pathology.BENIGN, Pathology.MALIGNANT, Pathology.UNKNOWN


def sitting(
    number: int,
    first: str,
    ai: Category | None,
    final: str,
    found: Pathology = UNKNOWN,
    lesion: int | None = None,
    skipped: bool = False,
) -> Sitting:
    """A stored assessment; "" for a category that was not given."""
    image = f"{number if lesion is None else lesion:064x}"
    reading = None
    if ai is not None:
        reading = StoredResult(ai, _PROBABILITY[ai], "csamoe 1.0", "c" * 64, "d" * 64, ("The core is small.",))
    record = AssessmentRecord(Assessment(first) if first else None, Assessment(final), True, skipped, 30.0, 2.0, 5.0)
    return Sitting(f"{number:032x}", LesionKey(image, 0), f"2026-03-01T10:00:{number:02}+00:00", record, reading, found)


def agreement(sittings: Sequence[Sitting], one: str, other: str) -> Agreement:
    return next(found for found in summarise(sittings).agreements if (found.one, found.other) == (one, other))


def accuracy(sittings: Sequence[Sitting], who: str) -> Accuracy:
    return next(found for found in summarise(sittings).accuracies if found.who == who)


# Cells 8, 2, 4, 6 (two fifths of 20, 5, 10, 15 of 50): 14 of 20 agree, expected by chance half, so kappa is 0.4.
FIFTY = [
    *(sitting(number, "4A", SUSPICIOUS, "4A") for number in range(8)),
    *(sitting(number, "4A", BENIGN, "4A") for number in range(8, 10)),
    *(sitting(number, "3", UNSURE, "3") for number in range(10, 14)),
    *(sitting(number, "2", BENIGN, "2") for number in range(14, 20)),
]


def test_agreement_and_kappa_as_worked_by_hand() -> None:
    found = agreement(FIFTY, FIRST, AI)
    assert (found.cases, found.alike) == (20, 14)
    assert found.kappa == pytest.approx(0.4)
    assert found.words() == "14 of 20 (70 %), kappa 0.40"
    same = agreement(FIFTY, FIRST, FINAL)
    assert (same.alike, same.kappa) == (20, pytest.approx(1.0))


def test_kappa_is_not_made_up_where_all_decided_one_way() -> None:
    found = agreement(FIFTY[:5], FIRST, FINAL)
    assert found.kappa is None
    assert found.words() == "5 of 5 (100 %), kappa undefined"
    assert agreement([], FIRST, AI).words() == "no case with both"


@pytest.mark.parametrize("category", ["0", "6"])
def test_a_category_that_decides_nothing_is_in_no_agreement(category: str) -> None:
    sittings = [*FIFTY, sitting(30, category, SUSPICIOUS, category, M)]
    assert agreement(sittings, FIRST, AI) == agreement(FIFTY, FIRST, AI)
    assert accuracy(sittings, FIRST).sensitivity.cases == 0
    assert accuracy(sittings, AI).sensitivity == Share(1, 1)
    assert summarise(sittings).table[category, SUSPICIOUS] == 1, "it is counted in the table"


def test_how_often_each_own_category_met_each_of_the_ai_s() -> None:
    sittings = [*FIFTY, sitting(30, "", SUSPICIOUS, "5", skipped=True), sitting(31, "3", None, "")]
    assert summarise(sittings).table == {
        ("4A", SUSPICIOUS): 8, ("4A", BENIGN): 2, ("3", UNSURE): 4, ("2", BENIGN): 6
    }  # fmt: skip


def test_sensitivity_and_specificity_of_each() -> None:
    sittings = [
        sitting(1, "4B", SUSPICIOUS, "4B", M),
        sitting(2, "3", SUSPICIOUS, "4A", M),
        sitting(3, "3", UNSURE, "3", M),
        sitting(4, "4A", BENIGN, "3", B),
        sitting(5, "2", BENIGN, "2", B),
        sitting(6, "3", UNSURE, "3", B),
        sitting(7, "5", SUSPICIOUS, "5"),
        sitting(8, "", SUSPICIOUS, "", B, skipped=True),
    ]
    assert accuracy(sittings, FIRST) == Accuracy(FIRST, Share(1, 3), Share(2, 3))
    assert accuracy(sittings, AI) == Accuracy(AI, Share(3, 3), Share(2, 4))
    assert accuracy(sittings, AI_SUSPICIOUS) == Accuracy(AI_SUSPICIOUS, Share(2, 3), Share(3, 4))
    assert accuracy(sittings, FINAL) == Accuracy(FINAL, Share(2, 3), Share(3, 3))


def test_a_share_with_wilson_s_interval() -> None:
    # Newcombe, Stat Med 17:857, 1998, table I: 81 of 263 is 0.2553 to 0.3662; 0 of 20 is 0 to 0.1611.
    assert Share(81, 263).interval() == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert Share(0, 20).interval() == pytest.approx((0.0, 0.1611), abs=5e-5)
    assert Share(0, 0).interval() == (0.0, 1.0)
    assert Share(0, 0).words() == "no case"
    assert Share(18, 20).words() == "18 of 20 (90 %, 70 to 97 %)"


def test_skipped_and_not_given_first_and_without_the_ai() -> None:
    said = summarise(
        [
            sitting(1, "4A", SUSPICIOUS, "4A"),
            sitting(2, "", SUSPICIOUS, "", skipped=True),
            sitting(3, "", SUSPICIOUS, "5"),
            sitting(4, "3", None, ""),
        ]
    )
    assert (said.sittings, said.lesions, said.alone, said.skipped, said.not_first) == (4, 4, 1, 1, 1)


def test_final_reads_that_went_over_to_the_ai() -> None:
    said = summarise(
        [
            sitting(1, "3", SUSPICIOUS, "4A"),
            sitting(2, "4A", BENIGN, "3"),
            sitting(3, "4A", SUSPICIOUS, "4C"),
            sitting(4, "4A", SUSPICIOUS, "3"),
            sitting(5, "0", SUSPICIOUS, "5"),
        ]
    )
    assert (said.changed, said.towards) == (3, 2)


def test_a_lesion_read_again_counts_once_by_its_first_sitting_with_an_ai_reading() -> None:
    alone = sitting(1, "3", None, "", lesion=1)
    read = sitting(2, "3", SUSPICIOUS, "4A", M, lesion=1)
    # A reader who has seen the AI result is no longer independent of it.
    again = sitting(3, "5", SUSPICIOUS, "5", M, lesion=1)
    assert counted([again, read, alone]) == [read]
    assert counted([alone]) == [alone]
    said = summarise([again, read, alone])
    assert (said.sittings, said.lesions, said.alone) == (3, 1, 0)
    assert accuracy([again, read, alone], FIRST).sensitivity == Share(0, 1)


def test_where_they_differed() -> None:
    assert differ(sitting(1, "3", SUSPICIOUS, "3"))
    assert differ(sitting(2, "4A", SUSPICIOUS, "3"))
    assert differ(sitting(3, "4A", SUSPICIOUS, "4C")), "another category, of one decision"
    assert not differ(sitting(4, "4A", SUSPICIOUS, "4A"))
    assert not differ(sitting(5, "0", SUSPICIOUS, ""))


def test_the_csv_has_every_read_and_no_identity() -> None:
    sittings = [
        sitting(2, "3", SUSPICIOUS, "4A", M, lesion=7),
        sitting(1, "", BENIGN, "", lesion=9, skipped=True),
        sitting(3, "5", SUSPICIOUS, "5", M, lesion=7),
    ]
    text = as_csv(sittings)
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert [row["read"] for row in rows] == ["1", "2", "3"], "numbered from the oldest"
    assert [row["lesion"] for row in rows] == ["1", "2", "2"]
    assert [row["counted"] for row in rows] == ["1", "1", "0"]
    assert [row["skipped"] for row in rows] == ["1", "0", "0"]
    assert rows[1]["own_category"] == "3"
    assert rows[1]["ai_category"] == "suspicious"
    assert rows[1]["ai_probability"] == "0.9000"
    assert rows[1]["final_category"] == "4A"
    assert rows[1]["pathology"] == "malignant"
    assert rows[1]["guard"] == "The core is small."
    assert (rows[1]["own_seconds"], rows[1]["ai_seconds"], rows[1]["final_seconds"]) == ("30.0", "2.0", "5.0")
    assert rows[0]["own_category"] == rows[0]["final_category"] == ""
    for one in sittings:
        for secret in (one.key.image, one.key.image[:8], one.sitting, one.begun, one.begun[:10], "d" * 64):
            assert secret not in text
