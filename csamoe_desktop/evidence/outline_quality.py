"""Measure proposed outlines: Dice, IoU, missed lesions and false outlines on a dataset folder, intervals by group."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from csamoe_desktop.datasets.folder import NORMAL, Sample, read_sample
from csamoe_desktop.errors import UserError
from csamoe_desktop.evidence.metrics import resampled_intervals
from csamoe_desktop.lesion.propose import Box, Finder, propose, propose_in
from csamoe_desktop.networks.cards import Evaluation, Figure

Mask = NDArray[np.bool_]
# A lesion counts as missed below this IoU with the best proposal.
MISSED_BELOW = 0.1


@dataclass(frozen=True, slots=True)
class Outlined:
    """The proposals on one image, compared with the reader's outline.

    Attributes:
        dice, iou: of the best proposal with the reader's outline; nan where the reader marked nothing.
        proposals: how many there are.
        false: how many of them overlap no lesion.
    """

    sample: Sample
    dice: float
    iou: float
    proposals: int
    false: int

    @property
    def marked(self) -> bool:
        """Whether the reader marked a lesion."""
        return self.sample.label != NORMAL


def dice(found: Mask, wanted: Mask) -> float:
    """Return 2 |A and B| / (|A| + |B|); one where both are empty."""
    sizes = int(found.sum()) + int(wanted.sum())
    return 2 * int((found & wanted).sum()) / sizes if sizes else 1.0


def iou(found: Mask, wanted: Mask) -> float:
    """Return |A and B| / |A or B|; one where both are empty."""
    either = int((found | wanted).sum())
    return int((found & wanted).sum()) / either if either else 1.0


def hand_box(mask: Mask) -> Box:
    """Return a box around a mask (not empty) as a reader might draw it: a tenth longer and wider, within the frame."""
    down, across = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    rows, columns = (round(0.05 * (int(ends[-1]) + 1 - int(ends[0]))) for ends in (down, across))
    return (
        max(int(down[0]) - rows, 0),
        max(int(across[0]) - columns, 0),
        min(int(down[-1]) + 1 + rows, mask.shape[0]),
        min(int(across[-1]) + 1 + columns, mask.shape[1]),
    )


def outline_all(
    finder: Finder,
    samples: Sequence[Sample],
    boxed: bool = False,
    progress: Callable[[int], object] = lambda count: None,
    second_look: bool = True,
) -> list[Outlined]:
    """Propose outlines on every sample and compare them with the reader's.

    Args:
        boxed: give a box around the reader's outline (`hand_box`); images without an outline are then left out.
        progress: called with how many more are done.
        second_look: see `lesion.propose.propose`.

    Raises:
        UserError: a file is missing or damaged.
    """
    outlined = []
    for sample in samples:
        pixels, mask = read_sample(sample)
        marked = bool(mask.any())
        if marked or not boxed:
            proposals = propose_in(pixels, hand_box(mask), finder) if boxed else propose(pixels, finder, second_look)
            best = proposals[0].mask if proposals else np.zeros_like(mask)
            false = sum(not (proposal.mask & mask).any() for proposal in proposals)
            overlaps = (dice(best, mask), iou(best, mask)) if marked else (np.nan, np.nan)
            outlined.append(Outlined(sample, *overlaps, len(proposals), false))
        progress(1)
    return outlined


def figures_of(outlined: Sequence[Outlined], data: str) -> Evaluation:
    """Return the figures of the proposals, under the name `data`.

    All figures are over the images with a lesion, except `false_outlines_normal`: the mean number of false outlines on
    an image without a lesion, where there are such images.

    Raises:
        UserError: no image has a lesion.
    """
    marked = [image for image in outlined if image.marked]
    if not marked:
        raise UserError("No image has a lesion to outline.", "Check the column label in labels.csv.")
    overlaps = np.array([image.dice for image in marked])
    shares = np.array([image.iou for image in marked])
    false = np.array([image.false for image in marked])

    def figures(rows: NDArray[np.intp]) -> dict[str, float]:
        return {
            "dice": float(overlaps[rows].mean()),
            "dice_median": float(np.median(overlaps[rows])),
            "dice_10th_percentile": float(np.percentile(overlaps[rows], 10)),
            "iou": float(shares[rows].mean()),
            "missed": float((shares[rows] < MISSED_BELOW).mean()),
            "false_outlines": float(false[rows].mean()),
        }

    groups = [image.sample.group for image in marked]
    metrics: dict[str, Figure] = resampled_intervals(figures, groups)
    normal = [image for image in outlined if not image.marked]
    if normal:
        on_normal = np.array([image.false for image in normal])
        metrics |= resampled_intervals(
            lambda rows: {"false_outlines_normal": float(on_normal[rows].mean())},
            [image.sample.group for image in normal],
        )
    return Evaluation(data=data, images=len(groups), groups=len(set(groups)), metrics=metrics)


def summarise(
    finder: Finder, samples: Sequence[Sample], data: str, boxed: bool = False, second_look: bool = True
) -> Evaluation:
    """Return the figures of the proposals on `samples`, under the name `data`; see `outline_all` and `figures_of`."""
    return figures_of(outline_all(finder, samples, boxed, second_look=second_look), data)


def per_image(outlined: Sequence[Outlined]) -> list[dict[str, Any]]:
    """Return image, label, group, Dice and IoU (None without a lesion), number of proposals and of false ones, by
    image."""
    return [
        {
            "image": image.sample.name,
            "label": image.sample.label,
            "group": image.sample.group,
            "dice": image.dice if image.marked else None,
            "iou": image.iou if image.marked else None,
            "proposals": image.proposals,
            "false_outlines": image.false,
        }
        for image in outlined
    ]
