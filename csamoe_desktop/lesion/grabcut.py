"""Finds the outline of a lesion inside a box without a trained network: GrabCut (Rother et al., SIGGRAPH 2004), by OpenCV.

GrabCut models the grey values inside and outside and cuts where they differ most. A lesion shares most grey values with
the tissue around it, so the position in the box is used as well: a box drawn around a lesion carries as much information
as the grey value. The middle of the box is certainly lesion; its corners and the area outside are certainly not. Speckle
is blurred first, and the box is processed at a fixed size, so that the time does not depend on the size of the frame.
`benchmarks/boxes.py` measures refusals and overlap on dataset folders.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from csamoe_desktop.errors import UserError
from csamoe_desktop.lesion.corrections import fill_holes, largest_piece
from csamoe_desktop.lesion.tools import Box

Bool = NDArray[np.bool_]

_SIDE = 160
"""The longer side, in pixels, at which the box and its surroundings are processed."""
_AROUND = 0.25
"""The width of the surroundings on each side, as a fraction of the box's side."""
_ROUNDS = 2
_SPECKLE = 2.0
"""Standard deviation of the blur against speckle, in pixels at that size."""
_CORE, _GUESS, _BEYOND = 0.5, 0.85, 1.25
"""Limits of certainly lesion, probably lesion, and certainly not lesion, in half axes of the ellipse that fits the box."""
_PLACE = 80.0
"""The weight of a half axis, in grey values."""
_LEAST_CONTRAST = 2.0
"""Minimum difference in grey values between the lesion and its surroundings; below it, no outline can be found."""


class NothingFound(UserError):
    """No lesion stands out from its surroundings in the box."""


def outline_in_box(grey: NDArray[np.uint8], box: Box, aspect: float = 1.0) -> Bool:
    """Return the lesion inside `box`, bool of the frame's shape.

    Args:
        grey: the frame, uint8 (rows, columns).
        box: around the lesion, on the frame.
        aspect: a pixel's height over its width.

    Raises:
        NothingFound: nothing in the box stands out.
        UserError: the box is too small.
    """
    rows, columns = grey.shape
    high, wide = box.bottom - box.top, box.right - box.left
    if min(high, wide) < 6:
        raise UserError("The box is too small to find an outline in it.", "Draw the box around the whole lesion.")
    down, across = round(high * _AROUND) + 1, round(wide * _AROUND) + 1
    part = Box(
        max(box.top - down, 0),
        max(box.left - across, 0),
        min(box.bottom + down, rows),
        min(box.right + across, columns),
    )
    shape = part.bottom - part.top, part.right - part.left
    scale = min(1.0, _SIDE / max(shape[0] * aspect, shape[1]))
    size = max(round(shape[1] * scale), 8), max(round(shape[0] * aspect * scale), 8)
    reduced = cv2.resize(grey[part.slices], size, interpolation=cv2.INTER_AREA)
    # A median preserves edges that a Gaussian would shift.
    small = np.asarray(cv2.medianBlur(cv2.GaussianBlur(reduced, (0, 0), _SPECKLE), 5), np.uint8)
    lesion = _cut(small, *_from_the_middle((size[1], size[0]), box, part))
    if abs(_contrast(small, lesion)) < _LEAST_CONTRAST:
        raise NothingFound("Nothing in the box stands out from its surroundings.", "Draw the outline by hand.")
    # Enlarged smoothly, as the pixels of the small image would leave steps.
    grown = cv2.resize(lesion.astype(np.float32), shape[::-1], interpolation=cv2.INTER_LINEAR)
    soft = cv2.GaussianBlur(grown, (0, 0), max(1.0, 1 / scale), sigmaY=max(1.0, 1 / scale) / aspect)
    out = np.zeros((rows, columns), bool)
    out[part.slices] = soft > 0.5
    return out


def _cut(small: NDArray[np.uint8], away: NDArray[np.float64], boxed: Bool) -> Bool:
    """Return the lesion on the reduced picture, one piece without holes; `away` and `boxed` are from `_from_the_middle`."""
    labels = np.full(small.shape, cv2.GC_PR_BGD, np.uint8)
    labels[away <= _GUESS] = cv2.GC_PR_FGD
    labels[away <= _CORE] = cv2.GC_FGD
    labels[(away > _BEYOND) | ~boxed] = cv2.GC_BGD
    place = np.clip(away * _PLACE, 0, 255).astype(np.uint8)
    broad = cv2.GaussianBlur(small, (0, 0), max(small.shape) / 25)
    outer, inner = np.zeros((1, 65)), np.zeros((1, 65))
    # GrabCut initialises its colour models at random; the seed makes the same box give the same outline.
    cv2.setRNGSeed(0)
    cv2.grabCut(np.dstack([small, broad, place]), labels, (0, 0, 0, 0), outer, inner, _ROUNDS, cv2.GC_INIT_WITH_MASK)
    return fill_holes(largest_piece((labels == cv2.GC_FGD) | (labels == cv2.GC_PR_FGD))[0])


def _contrast(small: NDArray[np.uint8], lesion: Bool) -> float:
    """Return the mean grey value of the lesion minus that of its close surroundings."""
    close = cv2.dilate(lesion.astype(np.uint8), np.ones((15, 15), np.uint8)).astype(bool) & ~lesion
    return float(small[lesion].mean() - small[close].mean()) if close.any() else 0.0


def _from_the_middle(shape: tuple[int, int], box: Box, part: Box) -> tuple[NDArray[np.float64], Bool]:
    """Return the distance of each pixel of the reduced picture from the box's middle, in half axes of the ellipse that fits
    the box, and whether it is in the box."""
    rows = np.linspace(part.top, part.bottom, shape[0] * 2 + 1)[1::2, None]
    columns = np.linspace(part.left, part.right, shape[1] * 2 + 1)[None, 1::2]
    down = (rows - (box.top + box.bottom) / 2) / ((box.bottom - box.top) / 2)
    across = (columns - (box.left + box.right) / 2) / ((box.right - box.left) / 2)
    return np.hypot(down, across), (np.abs(down) <= 1) & (np.abs(across) <= 1)
