"""Replace a lesion's outline with another, to test how much a model's result depends on who drew the outline.

Readers outline malignant lesions with a rougher line, so a network can learn the roughness of the outline instead of the tissue.
An ellipse with the same moments has the size, place and orientation of the lesion, but no roughness. A wobbled ellipse has a
roughness that carries no diagnostic information.
"""

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]


def ellipse(mask: Mask) -> Mask:
    """Return the ellipse with the mask's centre, second moments and area (bool, not empty, the same shape)."""
    return _outline(mask, lambda angle: np.ones_like(angle))


def wobble(mask: Mask, draw: np.random.Generator) -> Mask:
    """Return the ellipse with random smooth waves in its radius: 2 to 9 waves around, 3 to 12 % of the radius in total."""
    waves = np.arange(2, 10)
    heights = draw.normal(size=len(waves)) / waves**0.5
    heights *= draw.uniform(0.03, 0.12) / np.sqrt((heights**2).sum() / 2)
    phases = draw.uniform(0, 2 * np.pi, len(waves))
    return _outline(mask, lambda angle: 1 + np.cos(angle[:, None] * waves + phases) @ heights)


def hull(mask: Mask) -> Mask:
    """Return the mask's convex hull."""
    points = cv2.convexHull(np.argwhere(mask)[:, ::-1].astype(np.int32))
    out = np.zeros(mask.shape, np.uint8)
    cv2.fillConvexPoly(out, points, 1)
    return out.astype(bool)


OUTLINES: dict[str, Callable[[Mask], Mask]] = {"reader": lambda mask: mask, "ellipse": ellipse, "hull": hull}
"""The outlines that a model is evaluated with, by name; `reader` is the mask as drawn."""
PROPOSAL = "proposal"
"""A further kind: the program's own best proposal, which is made from the pixels; see `evaluate.read_all`."""


def random_outline(mask: Mask, draw: np.random.Generator) -> Mask:
    """Return, for training, the mask itself (25 %), its ellipse (30 %), its hull (10 %) or a wobbled ellipse (35 %)."""
    number = draw.random()
    if number < 0.25:
        return mask
    if number < 0.55:
        return ellipse(mask)
    return hull(mask) if number < 0.65 else wobble(mask, draw)


def _outline(mask: Mask, radius: Callable[[NDArray[np.float64]], NDArray[np.float64]]) -> Mask:
    """Return the mask's ellipse with its radius multiplied by `radius`, a function of the angle."""
    places = np.argwhere(mask).astype(np.float64)
    centre = places.mean(0)
    # The extent of a pixel itself (variance 1/12 in each axis) gives a mask of one row or one pixel a width.
    spread = np.cov(places.T, bias=True).reshape(2, 2) + np.eye(2) / 12 if len(places) > 1 else np.eye(2) / 12
    lengths, axes = np.linalg.eigh(spread)
    half = 2 * np.sqrt(lengths)
    half *= np.sqrt(len(places) / (np.pi * half[0] * half[1]))
    angle = np.linspace(0, 2 * np.pi, 180, endpoint=False)
    circle = np.stack([np.cos(angle), np.sin(angle)]) * radius(angle)
    points = centre[:, None] + axes @ (half[:, None] * circle)
    out = np.zeros(mask.shape, np.uint8)
    fraction = 4  # fractional bits of OpenCV's vertex coordinates
    corners = np.rint(points[::-1].T * 2**fraction).astype(np.int32)
    cv2.fillPoly(out, [corners], 1, shift=fraction)
    out[min(max(round(centre[0]), 0), mask.shape[0] - 1), min(max(round(centre[1]), 0), mask.shape[1] - 1)] = 1
    return out.astype(bool)
