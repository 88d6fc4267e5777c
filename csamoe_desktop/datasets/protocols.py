"""The named protocols, which split the data for training, validation and testing; the card names the protocol."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from csamoe_desktop.datasets.folder import Sample
from csamoe_desktop.datasets.splits import Split, by_fold, by_share
from csamoe_desktop.errors import UserError

PAPER_SEED = 42
_VALIDATION = _TEST = 0.15


@dataclass(frozen=True, slots=True)
class Protocol:
    """The description of a protocol.

    Attributes:
        words: how it splits the data, as written on the card.
        groups: the name of the groups in its figures, such as "patients".
        tested: the name of its test data, such as "held-out patients".
        needs_other: whether it tests on a second folder.
    """

    words: str
    groups: str
    tested: str
    needs_other: bool = False


PROTOCOLS: dict[str, Protocol] = {
    "paper": Protocol(
        "by image, stratified 70/15/15, seed 42, as the paper does (images of one patient can be on both sides)",
        "groups",
        "held-out images, whose patients can be in training too",
    ),
    "patient": Protocol("by patient: one of the authors' folds held out for testing", "patients", "held-out patients"),
    "group": Protocol(
        "by group (patients, or sets of near-duplicates), 70/15/15, seed 42", "groups", "held-out groups"
    ),
    "cross": Protocol(
        "by hospital: trained on one, tested on the other", "groups", "another hospital", needs_other=True
    ),
}


def split_by(
    protocol: str,
    samples: Sequence[Sample],
    other: Sequence[Sample] = (),
    test_fold: str = "1",
    validation_share: float = _VALIDATION,
    seed: int = PAPER_SEED,
) -> Split:
    """Return `samples` split by `protocol`; `other` is the hospital that `cross` tests on.

    Raises:
        UserError: there is no such protocol, `other` is missing or not used by the protocol, or a part of the split is
            empty.
    """
    if protocol not in PROTOCOLS:
        raise UserError(f"There is no protocol {protocol!r}.", f"Choose one of {', '.join(PROTOCOLS)}.")
    if PROTOCOLS[protocol].needs_other != bool(other):
        raise UserError(
            f"The protocol {protocol} {'needs a second folder for testing' if not other else 'uses no second folder'}.",
            "Give --test-data with the protocol cross, and only with it.",
        )
    if protocol == "patient":
        if samples and "fold" not in samples[0].columns:
            raise UserError(
                "labels.csv has no column fold.", "Add this column with fold numbers, one fold for each group."
            )
        split = by_fold(samples, test_fold, validation_share, seed)
    elif protocol == "paper":
        split = _by_image(samples)
    elif protocol == "group":
        rest, test = by_share(samples, _TEST, PAPER_SEED)
        split = Split(*by_share(rest, _VALIDATION / (1 - _TEST), PAPER_SEED), test)
    else:
        split = Split(*by_share(samples, validation_share, seed), list(other))
    if not (split.train and split.validation and split.test):
        raise UserError(
            f"The protocol {protocol} leaves a part of the split empty.",
            "Choose a fold that is in labels.csv, and a share between 0 and 1.",
        )
    return split


def _by_image(samples: Sequence[Sample]) -> Split:
    """Split the images of each label 70/15/15. Groups are split on purpose, as in the paper."""
    draw = np.random.default_rng(PAPER_SEED)
    parts: tuple[list[Sample], list[Sample], list[Sample]] = ([], [], [])
    for label in sorted({sample.label for sample in samples}):
        of_label = [sample for sample in samples if sample.label == label]
        order = draw.permutation(len(of_label))
        test, validation = round(_TEST * len(order)), round(_VALIDATION * len(order))
        for part, places in zip(
            parts, (order[test + validation :], order[test : test + validation], order[:test]), strict=True
        ):
            part += [of_label[place] for place in sorted(places)]
    return Split(*parts, groups_parted=True)
