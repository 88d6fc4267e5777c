"""Splits that keep each group (a patient, a set of near-duplicates) in one part."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import combinations

import numpy as np

from csamoe_desktop.datasets.folder import Sample
from csamoe_desktop.errors import UserError


@dataclass(frozen=True, slots=True)
class Split:
    """The parts of a split; no group is in two parts. With `groups_parted`, set on purpose, only no image is in two parts.

    `second_test` is held out from a second folder that is also trained on; it has its own figures.
    """

    train: list[Sample]
    validation: list[Sample]
    test: list[Sample]
    groups_parted: bool = False
    second_test: list[Sample] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Raise a UserError if a group (or image) is in two parts."""
        parts = [
            {sample.image.as_posix() if self.groups_parted else sample.group for sample in part}
            for part in (self.train, self.validation, self.test, self.second_test)
        ]
        shared = {name for one, other in combinations(parts, 2) for name in one & other}
        if shared:
            raise UserError(
                f"{len(shared)} groups would be split over several parts, such as {min(shared)}.",
                "Put each group (patient) in one fold, and give groups of different folders different names.",
            )


def by_fold(samples: Sequence[Sample], test_fold: str, validation_share: float, seed: int) -> Split:
    """Hold out `test_fold` for testing, and `validation_share` of the groups in the other folds for validation."""
    train, validation = by_share(
        [sample for sample in samples if sample.columns["fold"] != test_fold], validation_share, seed
    )
    return Split(train, validation, [sample for sample in samples if sample.columns["fold"] == test_fold])


def by_share(samples: Sequence[Sample], share: float, seed: int) -> tuple[list[Sample], list[Sample]]:
    """Draw a `share` of the groups; return the samples of the other groups and those of the drawn ones.

    The groups are drawn within each label, so that both parts have the same mix of labels.
    """
    labels = {sample.group: sample.label for sample in samples}
    draw = np.random.default_rng(seed)
    chosen: set[str] = set()
    for label in sorted(set(labels.values())):
        groups = sorted(group for group, group_label in labels.items() if group_label == label)
        chosen.update(draw.permutation(groups)[: round(share * len(groups))].tolist())
    return (
        [sample for sample in samples if sample.group not in chosen],
        [sample for sample in samples if sample.group in chosen],
    )
