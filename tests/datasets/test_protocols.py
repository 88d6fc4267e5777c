"""The named protocols: what never shares a group, what parts them on purpose, shares and seeds."""

import dataclasses

import pytest

from csamoe_desktop.datasets.folder import Sample
from csamoe_desktop.datasets.protocols import PROTOCOLS, split_by
from csamoe_desktop.datasets.splits import Split
from csamoe_desktop.errors import UserError


def many(samples: list[Sample], hospital: str = "") -> list[Sample]:
    """Return five times as many samples, all of other patients and images."""
    return [
        dataclasses.replace(
            one, image=one.image.with_stem(f"{hospital}{copy}{one.image.stem}"), group=f"{hospital}{copy}{one.group}"
        )
        for copy in range(5)
        for one in samples
    ]


def split(protocol: str, samples: list[Sample], seed: int = 42) -> Split:
    other = many(samples, "other") if PROTOCOLS[protocol].needs_other else []
    return split_by(protocol, many(samples), other, seed=seed)


def parts(found: Split) -> list[list[Sample]]:
    return [found.train, found.validation, found.test]


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("protocol", ["patient", "group", "cross"])
def test_no_group_is_on_two_sides(protocol: str, seed: int, samples: list[Sample]) -> None:
    groups = [{one.group for one in part} for part in parts(split(protocol, samples, seed))]
    assert all(groups)
    assert groups[0].isdisjoint(groups[1] | groups[2])
    assert groups[1].isdisjoint(groups[2])


def test_the_papers_parts_groups_on_purpose_but_no_image(samples: list[Sample]) -> None:
    found = split("paper", samples)
    assert found.groups_parted
    assert {one.group for one in found.train} & {one.group for one in found.test}
    images = [one.image for part in parts(found) for one in part]
    assert len(images) == len(set(images)) == 200


@pytest.mark.parametrize("protocol", ["paper", "group"])
def test_70_15_15_of_each_label_whatever_the_seed_given(protocol: str, samples: list[Sample]) -> None:
    found = split(protocol, samples)
    for label, count in (("benign", 90), ("malignant", 90), ("normal", 20)):
        counts = [sum(one.label == label for one in part) for part in parts(found)]
        assert counts == pytest.approx([0.7 * count, 0.15 * count, 0.15 * count], abs=2)
    # Seed 42 is part of the protocol.
    assert split(protocol, samples, 7) == found


def test_a_patients_fold_is_held_out_and_the_seed_chooses_the_validation(samples: list[Sample]) -> None:
    found = split_by("patient", many(samples), test_fold="3")
    assert {one.columns["fold"] for one in found.test} == {"3"}
    assert "3" not in {one.columns["fold"] for one in found.train + found.validation}
    others = [{one.group for one in split("patient", samples, seed).validation} for seed in (1, 1, 2)]
    assert others[0] == others[1] != others[2]


def test_cross_tests_on_all_of_the_other_hospital_and_on_nothing_else(samples: list[Sample]) -> None:
    found = split("cross", samples)
    assert found.test == many(samples, "other")
    assert len(found.train) + len(found.validation) == 200


def test_hospitals_that_name_their_patients_alike_are_refused(samples: list[Sample]) -> None:
    with pytest.raises(UserError, match="would be split over several parts"):
        split_by("cross", many(samples), many(samples))


def test_an_image_on_two_sides_is_refused_even_where_groups_are_parted(samples: list[Sample]) -> None:
    Split(samples[:1], samples[1:2], samples[2:4], groups_parted=True)
    with pytest.raises(UserError, match="would be split over several parts"):
        Split(samples[:2], samples[2:4], samples[:1], groups_parted=True)


@pytest.mark.parametrize(
    ("protocol", "other", "said"),
    [
        ("by luck", False, "no protocol 'by luck'"),
        ("cross", False, "needs a second folder for testing"),
        ("patient", True, "uses no second folder"),
        ("paper", True, "uses no second folder"),
    ],
)
def test_what_does_not_go_together_is_refused(protocol: str, other: bool, said: str, samples: list[Sample]) -> None:
    with pytest.raises(UserError, match=said):
        split_by(protocol, samples, many(samples, "other") if other else [])


def test_a_split_with_an_empty_part_is_refused(samples: list[Sample]) -> None:
    for given, fold in ((samples, "9"), ([], "1")):
        with pytest.raises(UserError, match="leaves a part of the split empty"):
            split_by("patient", given, test_fold=fold)
    without = [
        dataclasses.replace(one, columns={key: value for key, value in one.columns.items() if key != "fold"})
        for one in samples
    ]
    with pytest.raises(UserError, match="no column fold"):
        split_by("patient", without)
