"""Corrects a whole mask, as pure functions: fill holes, smooth edges, remove stray pieces, move and resize."""

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from csamoe_desktop.lesion.margin import filled
from csamoe_desktop.lesion.tools import Box

Bool = NDArray[np.bool_]


class Extent(NamedTuple):
    """A rectangle on the frame in continuous coordinates: rows top..bottom, columns left..right."""

    top: float
    left: float
    bottom: float
    right: float


def box_of(mask: Bool) -> Box | None:
    """Return the smallest box around a mask, bool (rows, columns); None if it is empty."""
    left, top, width, height = cv2.boundingRect(np.ascontiguousarray(mask).view(np.uint8))
    return Box(top, left, top + height, left + width) if width else None


def fill_holes(mask: Bool) -> Bool:
    """Return the mask, bool (rows, columns), with its holes filled."""
    box = box_of(mask)
    out = mask.copy()
    if box is not None:
        out[box.slices] = filled(mask[box.slices])
    return out


def smooth(mask: Bool, radius: float = 2.0, aspect: float = 1.0) -> Bool:
    """Return the mask, bool (rows, columns), with its edge smoothed.

    It is blurred with a Gaussian of standard deviation `radius`, in pixel widths (`aspect`: a pixel's height over its width),
    and cut at one half. A straight edge stays in place; corners and burrs are rounded; pieces much smaller than the radius
    vanish, and gaps much smaller close.
    """
    box = box_of(mask)
    out = np.zeros_like(mask)
    if box is None:
        return out
    room, room_down = int(np.ceil(4 * radius)), int(np.ceil(4 * radius / aspect))
    wide = Box(
        max(box.top - room_down, 0),
        max(box.left - room, 0),
        min(box.bottom + room_down, mask.shape[0]),
        min(box.right + room, mask.shape[1]),
    )
    # The lesion is assumed to continue beyond the frame's edge; it would otherwise shrink away from it.
    blurred = cv2.GaussianBlur(
        mask[wide.slices].astype(np.float32), (0, 0), radius, sigmaY=radius / aspect, borderType=cv2.BORDER_REPLICATE
    )
    out[wide.slices] = blurred > 0.5
    return out


def largest_piece(mask: Bool) -> tuple[Bool, int]:
    """Return the largest piece of a mask, bool (rows, columns), and how many pieces there were.

    Pixels that touch at a corner belong to the same piece.
    """
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    if count <= 2:
        return mask.copy(), count - 1
    return np.asarray(labels == 1 + int(stats[1:, cv2.CC_STAT_AREA].argmax())), count - 1


def moved(mask: Bool, start: Extent, end: Extent) -> Bool:
    """Return the mask, bool (rows, columns), moved and stretched so that the rectangle `start` becomes `end`.

    A move by whole pixels is exact; anything outside the frame is cut off.

    Raises:
        ValueError: a rectangle has no height or no width.
    """
    spans = [(extent.bottom - extent.top, extent.right - extent.left) for extent in (start, end)]
    if min(min(span) for span in spans) <= 0:
        raise ValueError(f"no way from {start} to {end}")
    down, across = (after / before for before, after in zip(*spans, strict=True))
    # OpenCV's (0, 0) is the centre of the first pixel; here it is its corner.
    affine = np.array(
        [
            [across, 0, end.left - start.left * across + (across - 1) / 2],
            [0, down, end.top - start.top * down + (down - 1) / 2],
        ],
        np.float64,
    )
    rows, columns = mask.shape
    grey = np.where(mask, np.uint8(255), np.uint8(0))
    warped = cv2.warpAffine(grey, affine, (columns, rows), flags=cv2.INTER_LINEAR, borderValue=0.0)
    return np.asarray(warped > 127)
