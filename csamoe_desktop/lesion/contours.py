"""Makes other plausible outlines of a lesion, to see how much the AI result depends on the outline.

Readers who outline the same lesion differ by a few percent of its size, so all steps are fractions of its equivalent radius
(that of the circle of its area), and at least one pixel: drawn tighter or wider by 5 and 10 %, moved by 5 % each way, smoothed
with two strengths, and the ellipse of its moments, which has size, place and direction but no roughness.
"""

from collections.abc import Callable, Iterator
from math import pi, sqrt

import cv2
import numpy as np
from numpy.typing import NDArray

from csamoe_desktop.lesion.regions import squared, unsquared

Mask = NDArray[np.bool_]

ELLIPSE = "ellipse"
_STEPS = (0.05, 0.1)
_SHIFT = 0.05
_SMOOTHINGS = (0.1, 0.2)
"""Standard deviations of the smoothing blur, as fractions of the radius."""


def other_contours(mask: Mask, aspect: float = 1.0) -> dict[str, Mask]:
    """Return the other outlines of `mask` (bool, not empty) by name, as masks of its shape, in a fixed order.

    An empty outline (a lesion of one pixel drawn tighter) or a duplicate is left out. Steps are equally long down and across
    in the tissue: `aspect` is a pixel's height over its width.
    """
    contours: dict[str, Mask] = {}
    for name, on_squares in _family(squared(mask, aspect)):
        other = unsquared(on_squares, mask.shape)
        if other.any() and not any(np.array_equal(other, known) for known in (mask, *contours.values())):
            contours[name] = other
    return contours


def ellipse(mask: Mask) -> Mask:
    """Return the ellipse with the mask's centre, second moments and area (bool, not empty, the same shape)."""
    return around_ellipse(mask, np.ones_like)


def around_ellipse(mask: Mask, radius: Callable[[NDArray[np.float64]], NDArray[np.float64]]) -> Mask:
    """Return the mask's ellipse with its radius multiplied by `radius`, a function of the angle."""
    places = np.argwhere(mask).astype(np.float64)
    centre = places.mean(0)
    # A pixel's own extent (variance 1/12 in each axis) gives a mask of one row or one pixel a width.
    spread = np.cov(places.T, bias=True).reshape(2, 2) + np.eye(2) / 12 if len(places) > 1 else np.eye(2) / 12
    lengths, axes = np.linalg.eigh(spread)
    half = 2 * np.sqrt(lengths)
    half *= np.sqrt(len(places) / (pi * half[0] * half[1]))
    angle = np.linspace(0, 2 * pi, 180, endpoint=False)
    circle = np.stack([np.cos(angle), np.sin(angle)]) * radius(angle)
    points = centre[:, None] + axes @ (half[:, None] * circle)
    out = np.zeros(mask.shape, np.uint8)
    fraction = 4  # fractional bits to which OpenCV rounds the vertices
    corners = np.rint(points[::-1].T * 2**fraction).astype(np.int32)
    cv2.fillPoly(out, [corners], 1, shift=fraction)
    out[min(max(round(centre[0]), 0), mask.shape[0] - 1), min(max(round(centre[1]), 0), mask.shape[1] - 1)] = 1
    return out.astype(bool)


def _family(mask: Mask) -> Iterator[tuple[str, Mask]]:
    radius = sqrt(mask.sum() / pi)
    # Beyond the image's edge there is nothing to measure a distance to, so a lesion does not shrink away from the edge.
    inside, outside = _distance(mask), _distance(~mask)
    for share in _STEPS:
        step = max(share * radius, 1.0)
        yield f"closer by {share:.0%}", inside > step
        yield f"wider by {share:.0%}", outside <= step
    step = max(round(_SHIFT * radius), 1)
    for name, down, across in (("up", -step, 0), ("down", step, 0), ("left", 0, -step), ("right", 0, step)):
        yield f"moved {name}", _moved(mask, down, across)
    for name, share in zip(("smoothed", "smoothed more"), _SMOOTHINGS, strict=True):
        yield name, _smoothed(mask, max(share * radius, 0.5))
    yield ELLIPSE, ellipse(mask)


def _distance(inside: Mask) -> NDArray[np.float32]:
    """Return each pixel's distance to the nearest pixel outside `inside`; very large if there is none."""
    return np.asarray(cv2.distanceTransform(inside.astype(np.uint8), cv2.DIST_L2, 5), np.float32)


def _moved(mask: Mask, down: int, across: int) -> Mask:
    rows, columns = mask.shape
    out = np.zeros_like(mask)
    out[max(down, 0) : rows + min(down, 0), max(across, 0) : columns + min(across, 0)] = mask[
        max(-down, 0) : rows + min(-down, 0), max(-across, 0) : columns + min(-across, 0)
    ]
    return out


def _smoothed(mask: Mask, deviation: float) -> Mask:
    """Return the mask blurred and cut at the level that keeps its area, so that smoothing does not shrink it."""
    blurred = cv2.GaussianBlur(mask.astype(np.float32), (0, 0), deviation, borderType=cv2.BORDER_REPLICATE)
    area = int(mask.sum())
    level = np.partition(blurred, blurred.size - area, axis=None)[blurred.size - area]
    return np.asarray(blurred >= max(level, 1e-6), np.bool_)
