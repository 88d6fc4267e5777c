"""Proposes outlines from a network's map of lesions, as candidates that a reader accepts or corrects.

The network looks twice: first at the whole frame, to find candidates; then at a square around each, where its outline is
finer. The square is one in the tissue (`aspect`: a pixel's height over its width). A box drawn by the reader replaces the
first look.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from csamoe_desktop.lesion.regions import Part

Gray = NDArray[np.uint8]
Bool = NDArray[np.bool_]
Box = tuple[int, int, int, int]  # top, left, bottom, right, half-open

MOST = 5
# Fraction of the frame's area: a smaller island is speckle, not a lesion.
_SMALLEST = 0.002
# A candidate with less confidence is not shown. This clears about half of BUSI's images without a lesion, and loses a few
# percent of BUSI's lesions and hardly any of BUS-BRA's (`csamoe-desktop evaluate --model unet-mobilenet`).
_LEAST_CONFIDENCE = 0.8
# A frame whose grey values deviate less is blank, whatever a network finds in its noise.
_LEAST_CONTRAST = 2.0
# Side of the square for the second look, in lengths of the candidate or box.
_FIELD = 1.8


class Finder(Protocol):
    """A network that finds lesions; see `inference.outliner.Outliner`."""

    def logits(self, pixels: Gray, parts: Sequence[Part] | None = None) -> list[NDArray[np.float32]]:
        """Return the lesion logits of each part, at the part's own size."""


@dataclass(frozen=True, slots=True, eq=False)
class Proposal:
    """A candidate: its mask (bool, the frame's shape) and the network's confidence, the mean probability inside; after two
    looks, the geometric mean of both."""

    mask: Bool
    confidence: float


def propose(pixels: Gray, finder: Finder, second_look: bool = True, aspect: float = 1.0) -> list[Proposal]:
    """Return the candidates on a frame, the most confident first; none if the network finds none or the frame is blank.

    Without `second_look` the candidates of the first look are returned, whatever their confidence: for a network that was
    trained on whole frames only.
    """
    if _blank(pixels):
        return []
    first = finder.logits(pixels)[0]
    islands = _islands(first > 0, _SMALLEST * first.size)
    sure = sorted(islands, key=lambda island: -_mass(first, island))[:MOST]
    if not sure:
        return []
    refined: list[Proposal | None] = [None] * len(sure)
    if second_look:
        refined = _second_look(pixels, [_box(island) for island in sure], finder, aspect)
    proposals: list[Proposal] = []
    for second, island in zip(refined, sure, strict=True):
        proposal = _proposal(first, island)
        if second is not None:
            proposal = Proposal(second.mask, sqrt(proposal.confidence * second.confidence))
        if (second_look and proposal.confidence < _LEAST_CONFIDENCE) or any(
            (proposal.mask & other.mask).any() for other in proposals
        ):
            continue
        proposals.append(proposal)
    return proposals


def propose_in(pixels: Gray, box: Box, finder: Finder, aspect: float = 1.0) -> list[Proposal]:
    """Return the candidate in the reader's box (top, left, bottom, right, half-open, not empty), or none."""
    proposal = None if _blank(pixels) else _second_look(pixels, [box], finder, aspect)[0]
    return [proposal] if proposal is not None else []


def propose_at(pixels: Gray, row: int, column: int, finder: Finder, aspect: float = 1.0) -> list[Proposal]:
    """Return the candidate that covers a point: one of the frame's, or one found in a box around the point, or none."""
    for proposal in propose(pixels, finder, aspect=aspect):
        if proposal.mask[row, column]:
            return [proposal]
    rows, columns = pixels.shape[:2]
    across = max(8, min(round(rows * aspect), columns) // 8)
    down = max(1, round(across / aspect))
    box = (max(row - down, 0), max(column - across, 0), min(row + down, rows), min(column + across, columns))
    # In a box the network almost always finds something; a candidate that misses the point is not the one wanted.
    return [proposal for proposal in propose_in(pixels, box, finder, aspect) if proposal.mask[row, column]]


def _blank(pixels: Gray) -> bool:
    return float(pixels.std()) < _LEAST_CONTRAST


def _second_look(pixels: Gray, boxes: Sequence[Box], finder: Finder, aspect: float) -> list[Proposal | None]:
    """Return the proposal in a square around each box, the island with the most pixels in the box, or None."""
    parts = [_around(box, aspect) for box in boxes]
    proposals: list[Proposal | None] = []
    for box, part, logits in zip(boxes, parts, finder.logits(pixels, parts), strict=True):
        whole = np.full(pixels.shape[:2], -np.inf, np.float32)
        top, left = max(part.top, 0), max(part.left, 0)
        bottom, right = min(part.bottom, pixels.shape[0]), min(part.right, pixels.shape[1])
        whole[top:bottom, left:right] = logits[top - part.top : bottom - part.top, left - part.left : right - part.left]
        inside = np.zeros(pixels.shape[:2], bool)
        inside[box[0] : box[2], box[1] : box[3]] = True
        islands = _islands(whole > 0, 1)
        best = max(islands, key=lambda island: int((island & inside).sum()), default=None)
        if best is None or not (best & inside).any():
            proposals.append(None)
        else:
            proposals.append(_proposal(whole, best))
    return proposals


def _around(box: Box, aspect: float) -> Part:
    """Return the square around a box, `_FIELD` times its longer side; it may extend beyond the frame."""
    height, width = box[2] - box[0], box[3] - box[1]
    side = max(1, round(_FIELD * max(height * aspect, width)))
    tall = max(1, round(side / aspect))
    top, left = (box[0] + box[2] - tall) // 2, (box[1] + box[3] - side) // 2
    return Part(top, left, top + tall, left + side)


def _islands(mask: Bool, smallest: float) -> list[Bool]:
    """Return the 8-connected pieces of at least `smallest` pixels, with holes filled."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    return [_filled(labels == label) for label in range(1, count) if stats[label, cv2.CC_STAT_AREA] >= smallest]


def _filled(island: Bool) -> Bool:
    outlines, _ = cv2.findContours(island.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    return np.asarray(cv2.drawContours(np.zeros(island.shape, np.uint8), outlines, -1, 1, cv2.FILLED), bool)


def _proposal(logits: NDArray[np.float32], island: Bool) -> Proposal:
    inside = logits[island & np.isfinite(logits)]
    return Proposal(island, float((1 / (1 + np.exp(-inside.astype(np.float64)))).mean()))


def _mass(logits: NDArray[np.float32], island: Bool) -> float:
    return float((1 / (1 + np.exp(-logits[island].astype(np.float64)))).sum())


def _box(island: Bool) -> Box:
    down, across = np.flatnonzero(island.any(1)), np.flatnonzero(island.any(0))
    return int(down[0]), int(across[0]), int(down[-1]) + 1, int(across[-1]) + 1
