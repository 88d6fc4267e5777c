"""What the three samples of a colour picture are, and RGB made of them.

A wrong guess turns a grey picture teal and pink, and costs the reading. What a file says of its colours is often untrue; the
pixels of an ultrasound picture, grey nearly all over, tell.
"""

import numpy as np
from numpy.typing import NDArray

Planes = NDArray[np.uint8]
"""(rows, columns, 3)."""

_PLAIN = 4.0
"""How many times farther from grey the pixels must be under what is said than under its contrary, to go against it."""


def likely_space(planes: Planes, said: str) -> str:
    """Return "RGB" or "YBR", what the samples are: as `said`, unless the pixels tell the contrary plainly.

    Under the right one of the two most pixels of an ultrasound picture are grey.
    """
    away = distances(planes)
    other = "YBR" if said == "RGB" else "RGB"
    return other if away[said] > _PLAIN * away[other] + 2 else said


def distances(planes: Planes) -> dict[str, float]:
    """Return how far the pixels are from grey on average, 0 to 510, taken as RGB and as YBR (Y, Cb, Cr)."""
    step = max(1, int((planes.shape[0] * planes.shape[1] / 250_000) ** 0.5))
    few = planes[::step, ::step].astype(np.int16)
    first, second, third = few[..., 0], few[..., 1], few[..., 2]
    return {
        "RGB": float(np.mean(np.abs(first - second) + np.abs(first - third))),
        "YBR": float(np.mean(np.abs(second - 128) + np.abs(third - 128))),
    }


def rgb_of(planes: Planes) -> Planes:
    """Return Y, Cb and Cr of full range (PS3.3 C.7.6.3.1.2, ITU-R BT.601) as RGB."""
    bright = planes[..., 0].astype(np.float32)
    blue, red = planes[..., 1].astype(np.float32) - 128, planes[..., 2].astype(np.float32) - 128
    found = np.empty(planes.shape, np.uint8)
    for place, values in enumerate(
        (bright + 1.402 * red, bright - 0.344136 * blue - 0.714136 * red, bright + 1.772 * blue)
    ):
        found[..., place] = np.clip(values + 0.5, 0, 255)
    return found


def from_422(pairs: NDArray[np.uint8], rows: int, columns: int) -> Planes:
    """Return YBR_FULL_422 as it is stored uncompressed, Y1 Y2 Cb Cr for two pixels, as three samples a pixel."""
    fours = pairs.reshape(rows, -1, 4)
    planes = np.empty((rows, 2 * fours.shape[1], 3), np.uint8)
    planes[:, 0::2, 0], planes[:, 1::2, 0] = fours[..., 0], fours[..., 1]
    planes[..., 1:] = np.repeat(fours[..., 2:], 2, axis=1)
    return planes[:, :columns]
