"""Two views of one lesion, as the results pages report them: from records made by hand, and from the committed ones."""

import dataclasses
import re
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import brier_score_loss, roc_auc_score

from csamoe_desktop.evidence import records, view_tables
from csamoe_desktop.evidence.records import ReadImage
from csamoe_desktop.evidence.result_tables import Read, read_of
from csamoe_desktop.evidence.results import write_results
from csamoe_desktop.inference.bundle import find_bundle
from csamoe_desktop.networks.cards import Builder, Thresholds
from csamoe_desktop.read_views import fuse

RUNS = Path(__file__).parents[2] / "docs" / "results" / "runs"
PAIRS = {
    # Right / indeterminate / wrong below is counted by hand from these, at 0.2 and 0.7.
    "P1": ("malignant", (0.9, 0.8)),
    "P2": ("malignant", (0.9, 0.1)),
    "P3": ("benign", (0.1, 0.3)),
    "P4": ("benign", (0.05, 0.1)),
    "P5": ("benign", (0.19, 0.75)),
    "P6": ("malignant", (0.95,)),
}


def read(pairs: dict[str, tuple[str, tuple[float, ...]]] = PAIRS, name: str = "one") -> Read:
    """Return what a network of the thresholds 0.2 and 0.7 said of these patients' images."""
    card = dataclasses.replace(
        find_bundle("csamoe-resnet18").card, name=name, builder=Builder("resnet18"), thresholds=Thresholds(0.2, 0.7)
    )
    rows = [
        ReadImage(
            f"{group}-{side}.png",
            label,
            group,
            "reader",
            said,
            (0.0, 0.0),
            "4",
            f"350x{270 + place}",
            "A",
            0.1 + place / 10,
        )
        for group, (label, both) in pairs.items()
        for place, (side, said) in enumerate(zip("lrs", both, strict=False))
    ]
    positive = np.array([row.label == "malignant" for row in rows])
    said = np.array([row.probability for row in rows])
    return Read(name, rows, positive, said, said, card)


def cells(lines: list[str], network: str = "one") -> dict[str, str]:
    """Return the row of a network by the columns' titles."""
    titles, *rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return dict(zip(titles, next(row for row in rows if row[0] == network), strict=True))


@pytest.fixture
def viewed() -> view_tables.Viewed:
    found = view_tables.viewed(read())
    assert found is not None
    return found


def test_only_lesions_of_several_views_count(viewed: view_tables.Viewed) -> None:
    assert viewed.groups == ["P1", "P2", "P3", "P4", "P5"]
    assert viewed.positive.tolist() == [True, True, False, False, False]
    assert viewed.fused["maximum"].tolist() == [0.9, 0.9, 0.3, 0.1, 0.75]
    assert viewed.fused["mean of probabilities"] == pytest.approx([0.85, 0.5, 0.2, 0.075, 0.47])
    assert viewed.fused[view_tables.IN_USE] == pytest.approx([fuse(both) for _, both in list(PAIRS.values())[:5]])
    assert view_tables.viewed(read({"P6": PAIRS["P6"]})) is None


def test_two_labels_of_one_patient_are_two_lesions() -> None:
    found = view_tables.viewed(read(PAIRS | {"P7": ("benign", (0.1, 0.2))}))
    assert found is not None
    other = read()
    rows = [dataclasses.replace(row, label="benign") if row.image == "P1-l.png" else row for row in other.rows]
    parted = view_tables.viewed(dataclasses.replace(other, rows=rows))
    assert parted is not None
    assert parted.groups == ["P2", "P3", "P4", "P5"]


def test_figures_are_of_the_fused_readings(viewed: view_tables.Viewed) -> None:
    areas = cells(view_tables.auc_table([viewed], 20))
    briers = cells(view_tables.calibration_table([viewed], 20))
    flat = np.concatenate(viewed.single)
    twice = np.repeat(viewed.positive, 2)
    assert areas[f"AUC, {view_tables.SINGLE}"].startswith(f"{roc_auc_score(twice, flat):.3f} (")
    assert briers[f"Brier, {view_tables.SINGLE}"].startswith(f"{brier_score_loss(twice, flat):.3f} (")
    for rule, said in viewed.fused.items():
        assert areas[f"AUC, {rule}"].startswith(f"{roc_auc_score(viewed.positive, said):.3f} (")
        assert briers[f"Brier, {rule}"].startswith(f"{brier_score_loss(viewed.positive, said):.3f} (")


def test_where_views_differ_right_and_wrong_are_counted(viewed: view_tables.Viewed) -> None:
    row = cells(view_tables.disagreement_table([viewed], 20))
    assert row["lesions"] == "3 of 5"
    assert row["share"].startswith("0.600 (")
    assert row["likely benign beside suspicious"] == "2"
    # P2: 0.9 right, 0.1 wrong; P3: 0.1 right, 0.3 between; P5: 0.19 right, 0.75 wrong.
    assert row[view_tables.SINGLE] == "50 / 17 / 33"
    # P2 0.5 between; P3 0.18 right by its odds, 0.2 between by its mean; P5 0.46 between.
    assert row[view_tables.IN_USE] == "33 / 67 / 0"
    assert row["mean of probabilities"] == "0 / 100 / 0"
    # P2 0.9 right, P3 0.3 between, P5 0.75 wrong.
    assert row["maximum"] == "33 / 33 / 33"


def test_views_that_agree_leave_nothing_to_count() -> None:
    found = view_tables.viewed(read({"P1": PAIRS["P1"], "P4": PAIRS["P4"]}))
    assert found is not None
    row = cells(view_tables.disagreement_table([found], 20))
    assert (row["lesions"], row[view_tables.SINGLE], row["maximum"]) == ("0 of 2", "–", "–")


def test_a_rule_that_is_clearly_worse_is_counted_so() -> None:
    draw = np.random.default_rng(3)
    pairs = {}
    for number in range(120):
        malignant = number % 3 == 0
        # Of a benign lesion one view is often far off, which the maximum takes.
        far = 0.0 if malignant else draw.choice([0.0, 4.0])
        odds = draw.normal((2.0 if malignant else -2.0) + np.array([0.0, far]), 0.7)
        pairs[f"P{number}"] = ("malignant" if malignant else "benign", tuple((1 / (1 + np.exp(-odds))).tolist()))
    page = "\n".join(view_tables.section("busbra", "made", [read(pairs)], 100))
    assert "Brier, maximum, better in 0 and worse in 1" in page
    assert "AUC, maximum, better in 0 and worse in 1" in page
    row = cells(page.partition("paired by patient:\n\n")[2].partition("\n\n")[0].splitlines())
    assert re.fullmatch(r"-0\.\d{3} \(-0\.\d{3} to -0\.\d{3}\)", row["AUC, maximum"])
    assert row["Brier, maximum"].startswith("+0.")


def test_the_section_says_what_the_pairs_have_in_common() -> None:
    page = "\n".join(view_tables.section("busbra", "fold", [read()], 20))
    assert "fold: 5 patients with two images or more of one label, 2 of them malignant." in page
    assert "Of 5 pairs 5 come from one scanner, 5 have one BI-RADS category and 5 one height" in page
    assert "(their widths are 0.4 % apart in the median)" in page
    assert "has 2.00 times the area" in page
    assert f"combines views by the {view_tables.IN_USE}" in "\n".join(view_tables.introduction())


def test_groups_of_other_data_are_not_taken_for_views() -> None:
    assert view_tables.section("busi", "busi-clean", [read()], 20) == []
    assert view_tables.section("busbra", "singles", [read({"P6": PAIRS["P6"]})], 20) == []


def test_it_stands_in_the_results(tmp_path: Path) -> None:
    shown = read()
    assert shown.card is not None
    records.write_card(tmp_path / "runs" / "one", shown.card)
    rows = [row for row in shown.rows if isinstance(row, ReadImage)]
    told = records.SetRecord("busbra", ("fold=1",))
    records.write_readings(tmp_path / "runs" / "one", "busbra-fold1", "reader", rows, told)
    folder = write_results(tmp_path / "runs", tmp_path / "docs", resamples=20).parent
    page = (folder / "busbra.md").read_text(encoding="utf-8")
    assert page.index("### busbra-fold1, figures") < page.index("## Two views of one lesion")
    assert page.index("## Two views of one lesion") < page.index("### Two views, busbra-fold1")
    assert page.count("## Two views of one lesion") == 1


def test_the_committed_records_are_of_164_pairs_with_one_label() -> None:
    run = read_of(records.read_run(RUNS / "csamoe-resnet18"), "busbra-fold1")
    assert run is not None
    found = view_tables.viewed(run)
    assert found is not None
    assert len(found.views) == 164
    assert all(len(rows) == 2 for rows in found.views)
    for rows in found.views:
        assert sorted(row.image.rpartition("-")[2] for row in rows) == ["l.png", "r.png"]
        # Two halves of one screen: never of two heights.
        assert len({row.size.split("x")[0] for row in rows}) == 1
