"""The outline of what a box encloses, without a trained network: GrabCut (Rother et al., SIGGRAPH 2004), by OpenCV.

It models the grey values inside and outside and cuts where both differ most. A lesion and the tissue around it share most
of their greys, so each pixel has its place in the box beside its grey: a box drawn around a lesion says as much as the grey
does. What lies well inside the box is surely lesion, what lies beyond it, or in its corners, surely is not. Speckle is
blurred first, and the box is worked on at a fixed size, so that the time taken does not hang on the frame's.
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
"""The longer side of the box with its surroundings, as it is worked on."""
_AROUND = 0.25
"""How much of the surroundings is looked at, in lengths of the box."""
_ROUNDS = 2
_SPECKLE = 2.0
"""What speckle is blurred by, in pixels of that size."""
_CORE, _GUESS, _BEYOND = 0.5, 0.85, 1.25
"""In half axes of the ellipse that fits the box: surely lesion, probably lesion, surely none."""
_PLACE = 80.0
"""How many grey values a half axis is worth."""
_LEAST_CONTRAST = 2.0
"""Grey values by which what was found differs from what is around it; less is none that an outline could follow."""


class NothingFound(UserError):
    """Nothing in the box stands out from its surroundings."""


def outline_in_box(grey: NDArray[np.uint8], box: Box, aspect: float = 1.0) -> Bool:
    """Return the lesion inside `box`, bool of the frame's shape.

    Args:
        grey: the frame, uint8 (rows, columns).
        box: around the lesion, on the frame.
        aspect: how high a pixel is for its width.

    Raises:
        NothingFound: nothing in the box stands out.
        UserError: the box is too small.
    """
    rows, columns = grey.shape
    high, wide = box.bottom - box.top, box.right - box.left
    if min(high, wide) < 6:
        raise UserError("The box is too small to find an outline in.", "Draw it around the whole lesion.")
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
    # A median keeps edges where a Gaussian would move them.
    small = np.asarray(cv2.medianBlur(cv2.GaussianBlur(reduced, (0, 0), _SPECKLE), 5), np.uint8)
    found = _cut(small, *_from_the_middle((size[1], size[0]), box, part))
    if abs(_contrast(small, found)) < _LEAST_CONTRAST:
        raise NothingFound("Nothing in the box stands out from its surroundings.", "Draw the outline by hand.")
    # Enlarged smoothly: a pixel of the small image would leave steps.
    grown = cv2.resize(found.astype(np.float32), shape[::-1], interpolation=cv2.INTER_LINEAR)
    soft = cv2.GaussianBlur(grown, (0, 0), max(1.0, 1 / scale), sigmaY=max(1.0, 1 / scale) / aspect)
    out = np.zeros((rows, columns), bool)
    out[part.slices] = soft > 0.5
    return out


def _cut(small: NDArray[np.uint8], away: NDArray[np.float64], boxed: Bool) -> Bool:
    """Return the lesion on the reduced picture: one piece without holes; the last two as `_from_the_middle` gives them."""
    labels = np.full(small.shape, cv2.GC_PR_BGD, np.uint8)
    labels[away <= _GUESS] = cv2.GC_PR_FGD
    labels[away <= _CORE] = cv2.GC_FGD
    labels[(away > _BEYOND) | ~boxed] = cv2.GC_BGD
    place = np.clip(away * _PLACE, 0, 255).astype(np.uint8)
    broad = cv2.GaussianBlur(small, (0, 0), max(small.shape) / 25)
    outer, inner = np.zeros((1, 65)), np.zeros((1, 65))
    # GrabCut begins its colour models by chance; the same box is to give the same outline.
    cv2.setRNGSeed(0)
    cv2.grabCut(np.dstack([small, broad, place]), labels, (0, 0, 0, 0), outer, inner, _ROUNDS, cv2.GC_INIT_WITH_MASK)
    return fill_holes(largest_piece((labels == cv2.GC_FGD) | (labels == cv2.GC_PR_FGD))[0])


def _contrast(small: NDArray[np.uint8], found: Bool) -> float:
    """Return how much brighter what was found is than what lies close around it, in grey values."""
    close = cv2.dilate(found.astype(np.uint8), np.ones((15, 15), np.uint8)).astype(bool) & ~found
    return float(small[found].mean() - small[close].mean()) if close.any() else 0.0


def _from_the_middle(shape: tuple[int, int], box: Box, part: Box) -> tuple[NDArray[np.float64], Bool]:
    """Return how far each pixel of the reduced picture is from the box's middle, in half axes of the ellipse that fits the
    box, and whether it is in the box."""
    rows = np.linspace(part.top, part.bottom, shape[0] * 2 + 1)[1::2, None]
    columns = np.linspace(part.left, part.right, shape[1] * 2 + 1)[None, 1::2]
    down = (rows - (box.top + box.bottom) / 2) / ((box.bottom - box.top) / 2)
    across = (columns - (box.left + box.right) / 2) / ((box.right - box.left) / 2)
    return np.hypot(down, across), (np.abs(down) <= 1) & (np.abs(across) <= 1)
