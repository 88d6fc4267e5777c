"""Give an image the look of another scanner: its grey levels or its slow brightness changes, with unchanged anatomy.

Histogram matching maps the grey levels so that their distribution is that of the other image. Fourier domain adaptation (Yang
and Soatto, CVPR 2020) takes the amplitudes of the lowest spatial frequencies from the other image and keeps the phase.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

Gray = NDArray[np.uint8]

_LOWEST = 0.03
"""The largest share of the spectrum's half-width, in each direction, whose amplitudes are taken from the other image."""


def borrow(pixels: Gray, other: Gray, draw: np.random.Generator) -> Gray:
    """Return `pixels` (uint8, any shape) with some of the look of `other` (uint8, any other shape); black stays black.

    With equal chance, either the grey levels or the slow brightness changes are matched, to a random degree.
    """
    changed = match_levels(pixels, other) if draw.random() < 0.5 else match_slow_brightness(pixels, other, draw)
    share = float(draw.uniform(0.3, 1.0))
    mixed = cv2.addWeighted(changed, share, pixels, 1 - share, 0)
    return np.asarray(np.where(pixels > 0, mixed, 0), np.uint8)


def match_levels(pixels: Gray, other: Gray) -> Gray:
    """Return `pixels` with grey levels mapped monotonically so that their distribution is that of `other`.

    Pixels that are 0 are ignored in both images and stay 0.
    """
    histogram = np.bincount(pixels.ravel(), minlength=256)[1:]
    target = np.bincount(other.ravel(), minlength=256)[1:]
    if not histogram.any() or not target.any():
        return pixels
    share, target_share = np.cumsum(histogram) / histogram.sum(), np.cumsum(target) / target.sum()
    levels = np.interp(share, target_share, np.arange(1, 256))
    return np.concatenate([[0], np.rint(levels)]).astype(np.uint8)[pixels]


def match_slow_brightness(pixels: Gray, other: Gray, draw: np.random.Generator) -> Gray:
    """Return `pixels` with the amplitudes of the lowest frequencies of `other`, resized to its shape."""
    rows, columns = pixels.shape
    resized = cv2.resize(other, (columns, rows), interpolation=cv2.INTER_AREA)
    spectrum, target = np.fft.rfft2(pixels.astype(np.float32)), np.fft.rfft2(resized.astype(np.float32))
    reach = draw.uniform(0.005, _LOWEST)
    down, across = max(1, round(reach * rows)), max(1, round(reach * columns))
    amplitude = np.abs(spectrum)
    for band in (slice(0, down + 1), slice(rows - down, rows)):
        amplitude[band, : across + 1] = np.abs(target[band, : across + 1])
    changed = np.fft.irfft2(amplitude * np.exp(1j * np.angle(spectrum)), s=(rows, columns))
    return np.asarray(np.clip(changed, 0, 255), np.uint8)
