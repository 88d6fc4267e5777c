"""Splits that never part a group (a patient, a set of near-duplicates)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import combinations

import numpy as np

from csamoe_desktop.datasets.folder import Sample
from csamoe_desktop.errors import UserError


@dataclass(frozen=True, slots=True)
class Split:
    """Lists of samples that share no group; with `groups_parted`, said on purpose, only no image.

    `second_test` holds what is kept out of a second folder that is trained on too: its figures stand by themselves.
    """

    train: list[Sample]
    validation: list[Sample]
    test: list[Sample]
    groups_parted: bool = False
    second_test: list[Sample] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Raise UserError where a group (or image) is in two parts."""
        parts = [
            {sample.image.as_posix() if self.groups_parted else sample.group for sample in part}
            for part in (self.train, self.validation, self.test, self.second_test)
        ]
        shared = {name for one, other in combinations(parts, 2) for name in one & other}
        if shared:
            raise UserError(
                f"{len(shared)} groups would be parted, such as {min(shared)}.",
                "Give each group (patient) one fold, and groups of different folders different names.",
            )


def by_fold(samples: Sequence[Sample], test_fold: str, validation_share: float, seed: int) -> Split:
    """Hold out `test_fold` for testing and, of the other folds, `validation_share` of the groups for validation."""
    train, validation = by_share(
        [sample for sample in samples if sample.columns["fold"] != test_fold], validation_share, seed
    )
    return Split(train, validation, [sample for sample in samples if sample.columns["fold"] == test_fold])


def by_share(samples: Sequence[Sample], share: float, seed: int) -> tuple[list[Sample], list[Sample]]:
    """Return the samples without, and those of, a `share` of the groups.

    The groups are drawn within each label, so that both parts have the same mix.
    """
    labels = {sample.group: sample.label for sample in samples}
    draw = np.random.default_rng(seed)
    chosen: set[str] = set()
    for label in sorted(set(labels.values())):
        groups = sorted(group for group, its in labels.items() if its == label)
        chosen.update(draw.permutation(groups)[: round(share * len(groups))].tolist())
    return (
        [sample for sample in samples if sample.group not in chosen],
        [sample for sample in samples if sample.group in chosen],
    )
