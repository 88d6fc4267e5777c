"""The look of another scanner, borrowed: grey levels or slow brightness of another image, on this one's anatomy.

Histogram matching maps grey levels so that their distribution is the other image's. Fourier domain adaptation (Yang and
Soatto, CVPR 2020) takes the amplitudes of the lowest spatial frequencies from the other image and keeps the phase.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

Gray = NDArray[np.uint8]

_LOWEST = 0.03
"""The largest share of the spectrum's half-width, each way, whose amplitudes are borrowed."""


def borrow(pixels: Gray, other: Gray, draw: np.random.Generator) -> Gray:
    """Return `pixels` (uint8, any shape) with some of the look of `other` (uint8, any other shape), black staying black.

    Half of the time the grey levels are matched, half of the time the slow brightness is; how much is drawn.
    """
    changed = match_levels(pixels, other) if draw.random() < 0.5 else match_slow_brightness(pixels, other, draw)
    share = float(draw.uniform(0.3, 1.0))
    mixed = cv2.addWeighted(changed, share, pixels, 1 - share, 0)
    return np.asarray(np.where(pixels > 0, mixed, 0), np.uint8)


def match_levels(pixels: Gray, other: Gray) -> Gray:
    """Return `pixels` with grey levels mapped, in order, so that their distribution is that of `other`; pixels that are 0
    count in neither and stay 0."""
    own, its = np.bincount(pixels.ravel(), minlength=256)[1:], np.bincount(other.ravel(), minlength=256)[1:]
    if not own.any() or not its.any():
        return pixels
    own_share, its_share = np.cumsum(own) / own.sum(), np.cumsum(its) / its.sum()
    levels = np.interp(own_share, its_share, np.arange(1, 256))
    return np.concatenate([[0], np.rint(levels)]).astype(np.uint8)[pixels]


def match_slow_brightness(pixels: Gray, other: Gray, draw: np.random.Generator) -> Gray:
    """Return `pixels` with the amplitudes of the lowest frequencies of `other`, resized to its shape."""
    rows, columns = pixels.shape
    resized = cv2.resize(other, (columns, rows), interpolation=cv2.INTER_AREA)
    own, its = np.fft.rfft2(pixels.astype(np.float32)), np.fft.rfft2(resized.astype(np.float32))
    reach = draw.uniform(0.005, _LOWEST)
    down, across = max(1, round(reach * rows)), max(1, round(reach * columns))
    amplitude = np.abs(own)
    for band in (slice(0, down + 1), slice(rows - down, rows)):
        amplitude[band, : across + 1] = np.abs(its[band, : across + 1])
    back = np.fft.irfft2(amplitude * np.exp(1j * np.angle(own)), s=(rows, columns))
    return np.asarray(np.clip(back, 0, 255), np.uint8)
