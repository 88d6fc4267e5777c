"""No patient in two parts, whatever the seed; the same mix of labels in both."""

import dataclasses

import pytest

from csamoe_desktop.datasets.folder import Sample
from csamoe_desktop.datasets.splits import Split, by_fold, by_share
from csamoe_desktop.errors import UserError


@pytest.mark.parametrize("seed", range(5))
def test_no_group_is_in_two_parts(samples: list[Sample], seed: int) -> None:
    split = by_fold(samples, "1", 0.25, seed)
    parts = [{sample.group for sample in part} for part in (split.train, split.validation, split.test)]
    assert parts[0].isdisjoint(parts[1])
    assert parts[0].isdisjoint(parts[2])
    assert parts[1].isdisjoint(parts[2])
    assert sum(len(part) for part in (split.train, split.validation, split.test)) == len(samples)


def test_the_test_part_is_the_fold(samples: list[Sample]) -> None:
    split = by_fold(samples, "2", 0.25, 42)
    assert {sample.columns["fold"] for sample in split.test} == {"2"}
    assert "2" not in {sample.columns["fold"] for sample in [*split.train, *split.validation]}


def test_validation_has_each_labels_share(samples: list[Sample]) -> None:
    split = by_fold(samples, "1", 0.25, 42)
    for label in ("benign", "malignant"):
        rest = {sample.group for sample in samples if sample.label == label and sample.columns["fold"] != "1"}
        chosen = {sample.group for sample in split.validation if sample.label == label}
        assert len(chosen) == round(0.25 * len(rest))


def test_the_seed_alone_decides(samples: list[Sample]) -> None:
    def chosen(seed: int) -> set[str]:
        return {sample.group for sample in by_fold(samples, "1", 0.25, seed).validation}

    assert chosen(1) == chosen(1)
    assert len({frozenset(chosen(seed)) for seed in range(6)}) > 1


def test_a_share_is_of_groups_and_never_parts_one(samples: list[Sample]) -> None:
    rest, chosen = by_share(samples, 0.5, 7)
    assert {sample.group for sample in rest}.isdisjoint({sample.group for sample in chosen})
    assert len(rest) + len(chosen) == len(samples)
    assert len({sample.group for sample in chosen}) == 9  # half of 9 benign, 9 malignant and 2 normal, rounded down


def test_a_group_in_two_folds_is_refused(samples: list[Sample]) -> None:
    stray = dataclasses.replace(samples[0], columns=samples[0].columns | {"fold": "3"})
    with pytest.raises(UserError, match=r"1 groups would be split over several parts, such as P00"):
        by_fold([stray, *samples[1:]], "3", 0.25, 42)


def test_two_folders_that_name_different_patients_alike_are_refused(samples: list[Sample]) -> None:
    with pytest.raises(UserError, match="would be split over several parts"):
        Split(samples[:4], samples[4:8], [samples[0]])
