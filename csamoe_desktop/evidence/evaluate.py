"""Measure a model on a dataset folder: one AI result an image, and figures with intervals by image and by group."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from csamoe_desktop.datasets.folder import NORMAL, Sample, read_sample
from csamoe_desktop.datasets.other_outlines import OUTLINES, PROPOSAL
from csamoe_desktop.errors import UserError
from csamoe_desktop.evidence.metrics import by_group, with_intervals
from csamoe_desktop.inference.predictor import Prediction, Predictor
from csamoe_desktop.lesion.propose import Finder, propose
from csamoe_desktop.lesion.regions import Regions, make_regions, whole_image
from csamoe_desktop.networks.cards import Evaluation, ModelCard

_BATCH = 16


@dataclass(frozen=True, slots=True, eq=False)
class Readings:
    """AI results for the samples of the model's classes, and what was left out, one sentence each."""

    samples: list[Sample]
    predictions: list[Prediction]
    positive: NDArray[np.bool_]
    left_out: tuple[str, ...]
    classes: tuple[str, ...] = ("benign", "malignant")

    @property
    def probability(self) -> NDArray[np.float64]:
        """Calibrated probability of the positive class, [N]."""
        return np.array([prediction.probability for prediction in self.predictions])

    @property
    def logits(self) -> NDArray[np.float64]:
        """[N, classes]."""
        return np.array([prediction.logits for prediction in self.predictions])

    @property
    def targets(self) -> NDArray[np.intp]:
        """The index of each label among the model's classes, [N]."""
        return np.array([self.classes.index(sample.label) for sample in self.samples], np.intp)

    @property
    def groups(self) -> list[str]:
        """The group (patient) of each image."""
        return [sample.group for sample in self.samples]


def read_all(
    predictor: Predictor,
    samples: Sequence[Sample],
    progress: Callable[[int], object] = lambda count: None,
    outline: str = "reader",
    finder: Finder | None = None,
) -> Readings:
    """Run the model on every sample whose label is one of its classes.

    Args:
        predictor: the model.
        samples: of any labels.
        progress: called with how many more are done.
        outline: a name in `other_outlines.OUTLINES`, which replaces the reader's outline; or `other_outlines.PROPOSAL`:
            the best proposal of `finder` replaces it, and an image without a proposal is left out.
        finder: the network that proposes outlines, for PROPOSAL only.

    Raises:
        UserError: a file is missing or damaged, a mask is empty, no sample has one of the classes, or no lesion was
            proposed on any of them.
    """
    card = predictor.card
    known = [sample for sample in samples if sample.label in card.classes]
    if not known:
        raise UserError(f"No image is labelled {' or '.join(card.classes)}.", "Check the column label in labels.csv.")
    predictions: list[Prediction] = []
    read: list[Sample] = []
    for start in range(0, len(known), _BATCH):
        batch = known[start : start + _BATCH]
        pairs = [(sample, _regions(card, sample, outline, finder)) for sample in batch]
        predictions += predictor.predict([regions for _, regions in pairs if regions is not None])
        read += [sample for sample, regions in pairs if regions is not None]
        progress(len(batch))
    if not read:
        raise UserError("No lesion was proposed on any image.", "Use the readers' outlines instead (--outline reader).")
    others = sorted({sample.label for sample in samples} - set(card.classes))
    left_out = tuple(
        f"{sum(sample.label == label for sample in samples)} images labelled {label} are left out: "
        f"the model's classes are {' and '.join(card.classes)}."
        for label in others
    )
    if skipped := len(known) - len(read):
        left_out += (f"{skipped} of {len(known)} images are left out: no lesion was proposed on them.",)
    positive = np.array([sample.label == card.positive for sample in read])
    return Readings(read, predictions, positive, left_out, card.classes)


def _regions(card: ModelCard, sample: Sample, outline: str, finder: Finder | None) -> Regions | None:
    """Return what the model sees of a sample; None where an outline should be proposed and none is."""
    pixels, mask = read_sample(sample)
    if not card.needs_outline or sample.label == NORMAL:
        return whole_image(pixels, card.input_size)
    if outline == PROPOSAL:
        if finder is None:
            raise ValueError("proposals need a finder")
        proposals = propose(pixels, finder)
        if not proposals:
            return None
        mask = proposals[0].mask
    else:
        mask = OUTLINES[outline](mask)
    return make_regions(pixels, mask, card.input_size, field=card.field)


def summarise(readings: Readings, data: str) -> Evaluation:
    """Return the figures of `readings` at the threshold 0.5, under the name `data`; intervals resample groups."""
    groups = readings.groups
    grouped = by_group(readings.positive, readings.probability, groups)
    return Evaluation(
        data=data,
        images=len(groups),
        groups=len(set(groups)),
        metrics=with_intervals(readings.positive, readings.probability, groups),
        group_metrics=with_intervals(*grouped),
    )


def per_image(readings: Readings) -> list[dict[str, Any]]:
    """Return image, label, group and probability of each AI result."""
    return [
        {
            "image": sample.name,
            "label": sample.label,
            "group": sample.group,
            "probability": prediction.probability,
        }
        for sample, prediction in zip(readings.samples, readings.predictions, strict=True)
    ]
