"""Determines the colour space of a picture with three samples, and converts it to RGB.

Files often declare a wrong colour space, which would turn a grey picture teal and pink and make it useless. The pixels
show the right one, as an ultrasound picture is grey almost everywhere.
"""

import numpy as np
from numpy.typing import NDArray

Planes = NDArray[np.uint8]
"""(rows, columns, 3)."""

_PLAIN = 4.0
"""How many times farther from grey the pixels must be in the declared space than in the other one to reject it."""


def likely_space(planes: Planes, declared: str) -> str:
    """Return the colour space of the samples, "RGB" or "YBR": the declared one, unless the pixels clearly contradict it.

    In the right colour space, most pixels of an ultrasound picture are grey.
    """
    away = distances(planes)
    other = "YBR" if declared == "RGB" else "RGB"
    return other if away[declared] > _PLAIN * away[other] + 2 else declared


def distances(planes: Planes) -> dict[str, float]:
    """Return the mean distance of the pixels from grey, 0 to 510, if they are RGB and if they are YBR (Y, Cb, Cr)."""
    step = max(1, int((planes.shape[0] * planes.shape[1] / 250_000) ** 0.5))
    few = planes[::step, ::step].astype(np.int16)
    first, second, third = few[..., 0], few[..., 1], few[..., 2]
    return {
        "RGB": float(np.mean(np.abs(first - second) + np.abs(first - third))),
        "YBR": float(np.mean(np.abs(second - 128) + np.abs(third - 128))),
    }


def rgb_of(planes: Planes) -> Planes:
    """Convert full-range Y, Cb and Cr (PS3.3 C.7.6.3.1.2, ITU-R BT.601) to RGB."""
    bright = planes[..., 0].astype(np.float32)
    blue, red = planes[..., 1].astype(np.float32) - 128, planes[..., 2].astype(np.float32) - 128
    rgb = np.empty(planes.shape, np.uint8)
    for place, values in enumerate(
        (bright + 1.402 * red, bright - 0.344136 * blue - 0.714136 * red, bright + 1.772 * blue)
    ):
        rgb[..., place] = np.clip(values + 0.5, 0, 255)
    return rgb


def from_422(pairs: NDArray[np.uint8], rows: int, columns: int) -> Planes:
    """Return uncompressed YBR_FULL_422, stored as Y1 Y2 Cb Cr for two pixels, with three samples per pixel."""
    fours = pairs.reshape(rows, -1, 4)
    planes = np.empty((rows, 2 * fours.shape[1], 3), np.uint8)
    planes[:, 0::2, 0], planes[:, 1::2, 0] = fours[..., 0], fours[..., 1]
    planes[..., 1:] = np.repeat(fours[..., 2:], 2, axis=1)
    return planes[:, :columns]
