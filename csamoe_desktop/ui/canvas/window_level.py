"""Window and level: maps a range of grey values to the screen's (DICOM PS3.3 C.11.2.1.2, linear, on 8-bit pixels)."""

import dataclasses
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

_PER_PIXEL = 0.5


@dataclass(frozen=True, slots=True)
class WindowLevel:
    """Maps grey values from level - width / 2 to level + width / 2 to the range from black to white.

    Attributes:
        level: centre of the range, 0..255.
        width: width of the range, at least 1; width 255 at level 127.5 leaves the pixels unchanged.
        inverted: maps to the range from white to black instead.
    """

    level: float = 127.5
    width: float = 255.0
    inverted: bool = False

    def dragged(self, right: float, down: float) -> "WindowLevel":
        """Return the window after a drag in screen pixels: right widens it, up makes the image brighter."""
        return dataclasses.replace(
            self,
            width=min(max(self.width + right * _PER_PIXEL, 1.0), 511.0),
            level=min(max(self.level + down * _PER_PIXEL, 0.0), 255.0),
        )

    def table(self) -> NDArray[np.uint8]:
        """Return the output value of each of the 256 grey values, uint8 (256,)."""
        share = (np.arange(256) - (self.level - self.width / 2)) / self.width
        table = np.rint(np.clip(share, 0, 1) * 255).astype(np.uint8)
        return np.asarray(255 - table if self.inverted else table, np.uint8)

    def applied(self, pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return `pixels` (uint8, grey or RGB) mapped by the table; the same array if the mapping changes nothing."""
        if self == WindowLevel():
            return pixels
        return np.asarray(cv2.LUT(pixels, self.table()), np.uint8)
