"""The outline of what a box encloses, without a trained network: GrabCut (Rother et al., SIGGRAPH 2004), by OpenCV.

It models the grey values inside and outside and cuts where both differ most. Speckle is blurred first, and the box is
worked on at a fixed size, so that the time taken does not hang on the frame's.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from csamoe_desktop.errors import UserError
from csamoe_desktop.lesion.corrections import fill_holes, largest_piece
from csamoe_desktop.lesion.tools import Box

Bool = NDArray[np.bool_]

_SIDE = 192
"""The longer side of the box with its surroundings, as it is worked on."""
_AROUND = 0.25
"""How much of the surroundings is looked at, in lengths of the box."""
_ROUNDS = 4
_LEAST, _MOST = 0.08, 0.97
"""Of the box: a lesion that fills less of it, or more, was not told from its surroundings."""


def outline_in_box(grey: NDArray[np.uint8], box: Box, aspect: float = 1.0) -> Bool:
    """Return the lesion inside `box`, bool of the frame's shape.

    Args:
        grey: the frame, uint8 (rows, columns).
        box: around the lesion, on the frame.
        aspect: how high a pixel is for its width.

    Raises:
        UserError: the box is too small, or nothing in it stands out.
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
    small = cv2.resize(grey[part.slices], size, interpolation=cv2.INTER_AREA)
    # A median keeps edges where a Gaussian would move them.
    small = cv2.medianBlur(cv2.GaussianBlur(small, (0, 0), 1.2), 5)
    labels = _first_guess((size[1], size[0]), box, part)
    inside = labels != cv2.GC_BGD
    outer, inner = np.zeros((1, 65)), np.zeros((1, 65))
    # GrabCut begins its colour models by chance; the same box is to give the same outline.
    cv2.setRNGSeed(0)
    cv2.grabCut(
        cv2.cvtColor(small, cv2.COLOR_GRAY2BGR), labels, (0, 0, 0, 0), outer, inner, _ROUNDS, cv2.GC_INIT_WITH_MASK
    )
    found = (labels == cv2.GC_FGD) | (labels == cv2.GC_PR_FGD)
    found = fill_holes(largest_piece(found)[0])
    # Enlarged smoothly: a pixel of the small image would leave steps.
    grown = cv2.resize(found.astype(np.float32), shape[::-1], interpolation=cv2.INTER_LINEAR)
    soft = cv2.GaussianBlur(grown, (0, 0), max(1.0, 1 / scale), sigmaY=max(1.0, 1 / scale) / aspect)
    share = float(found.sum() / max(inside.sum(), 1))
    if not _LEAST <= share <= _MOST:
        raise UserError("Nothing in the box stands out from its surroundings.", "Draw the outline by hand.")
    out = np.zeros((rows, columns), bool)
    out[part.slices] = soft > 0.5
    return out


def _first_guess(shape: tuple[int, int], box: Box, part: Box) -> NDArray[np.uint8]:
    """Return GrabCut's labels at the small size: outside the box surely not lesion, in its middle probably lesion."""
    rows = np.linspace(part.top, part.bottom, shape[0] * 2 + 1)[1::2, None]
    columns = np.linspace(part.left, part.right, shape[1] * 2 + 1)[None, 1::2]
    down = (rows - (box.top + box.bottom) / 2) / ((box.bottom - box.top) / 2)
    across = (columns - (box.left + box.right) / 2) / ((box.right - box.left) / 2)
    labels = np.full(shape, cv2.GC_PR_BGD, np.uint8)
    labels[down**2 + across**2 <= 0.8] = cv2.GC_PR_FGD
    labels[(np.abs(down) > 1) | (np.abs(across) > 1)] = cv2.GC_BGD
    return labels
