"""The smart brush: it marks only those pixels under the brush that look like the place where the stroke began.

Region growing (Adams and Bischof, IEEE TPAMI 16:641, 1994) inside the brush: pixels with grey values near those of the start,
after a blur that removes speckle, and connected to the middle of the brush.
"""

from dataclasses import dataclass
from math import ceil, floor

import cv2
import numpy as np
from numpy.typing import NDArray

from csamoe_desktop.lesion.margin import filled
from csamoe_desktop.lesion.tools import Box, Place, brush

Bool = NDArray[np.bool_]
Grey = NDArray[np.uint8]

_SPECKLE = 2.0
"""Standard deviation of the blur, in pixels."""
_SPREADS = 3.0
_DOT = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (5, 5))
_LEAST_APART = 10.0
"""Minimum tolerance in grey levels, even if the start of the stroke is perfectly uniform."""


@dataclass(frozen=True, slots=True)
class Tone:
    """The range of grey values at a place, `low` to `high`, with speckle removed."""

    low: float
    high: float


def tone_at(grey: Grey, at: Place, radius: int, aspect: float = 1.0) -> Tone:
    """Return the tone at the middle of a brush.

    Args:
        grey: the frame, uint8 (rows, columns).
        at: the middle of the brush.
        radius: of the brush, in widths of a frame pixel.
        aspect: a pixel's height over its width.
    """
    rows, columns = grey.shape
    inside = min(max(at[0], 0.0), rows - 1.0), min(max(at[1], 0.0), columns - 1.0)
    box, middle = brush((rows, columns), inside, inside, max(radius // 4, 2), aspect)
    values = _soft(grey, box, aspect)[middle]
    # Median and median deviation (times 1.48: the standard deviation of a normal distribution) ignore a bright septum.
    median = float(np.median(values))
    apart = max(_SPREADS * 1.48 * float(np.median(np.abs(values - median))), _LEAST_APART)
    return Tone(median - apart, median + apart)


def smart_brush(grey: Grey, tone: Tone, start: Place, end: Place, radius: int, aspect: float = 1.0) -> tuple[Box, Bool]:
    """Return the pixels under a brush from `start` to `end` that have this tone and are connected to the middle of its path.

    Args:
        grey: the frame, uint8 (rows, columns).
        tone: the tone to mark.
        start, end: places on the frame, or outside it.
        radius: in widths of a frame pixel, from 1.
        aspect: a pixel's height over its width.

    Returns:
        Its box, clipped to the frame (may be empty), and bool (box rows, box columns).
    """
    rows, columns = grey.shape
    box, covered = brush((rows, columns), start, end, radius, aspect)
    if not covered.any():
        return box, covered
    soft = _soft(grey, box, aspect)
    alike = covered & (tone.low <= soft) & (soft <= tone.high)
    _, pieces = cv2.connectedComponents(alike.astype(np.uint8), connectivity=4)
    seeds = np.zeros(covered.shape, bool)
    line_box, line = brush((rows, columns), start, end, max(radius // 4, 1), aspect)
    seeds[line_box.top - box.top : line_box.bottom - box.top, line_box.left - box.left : line_box.right - box.left] = (
        line
    )
    seeded = np.unique(pieces[seeds & alike])
    marked = np.isin(pieces, seeded[seeded > 0])
    # Dots of speckle inside the lesion and at its edge belong to it.
    wide = cv2.copyMakeBorder(marked.astype(np.uint8), 2, 2, 2, 2, cv2.BORDER_REPLICATE)
    closed = cv2.morphologyEx(wide, cv2.MORPH_CLOSE, _DOT)[2:-2, 2:-2].astype(bool)
    return box, np.asarray(filled(closed & covered) & covered)


def _soft(grey: Grey, box: Box, aspect: float) -> NDArray[np.float32]:
    """Return the box of the frame with speckle blurred, using the surroundings of the box."""
    down, across = ceil(4 * _SPECKLE / aspect), floor(4 * _SPECKLE)
    top, left = max(box.top - down, 0), max(box.left - across, 0)
    part = grey[top : box.bottom + down, left : box.right + across].astype(np.float32)
    blurred = cv2.GaussianBlur(part, (0, 0), _SPECKLE, sigmaY=_SPECKLE / aspect)
    return np.asarray(blurred[box.top - top : box.bottom - top, box.left - left : box.right - left], np.float32)
