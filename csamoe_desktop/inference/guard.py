"""The input guard: checks whether the models are valid for a frame and an outline.

The rules here look at pixels only; `examined` has the rules about the file's metadata and the size of the outline. A rule
withholds the AI result for images that the models were not made for. It cautions for images on which the models were tested
little, or not separately. `csamoe-desktop guard` counts how often each rule warns on a dataset folder, rightly and wrongly;
the limits below were set on BUS-BRA and BUSI.
"""

from dataclasses import dataclass
from enum import StrEnum

import cv2
import numpy as np
from numpy.typing import NDArray

from csamoe_desktop.lesion.regions import grey

Gray = NDArray[np.uint8]
Bool = NDArray[np.bool_]

# The frame is scaled down to this longest side before calipers are searched.
_LONGEST = 352


class Level(StrEnum):
    """What follows from a finding: a warning beside the AI result, or no AI result at all."""

    CAUTION = "caution"
    WITHHOLD = "withhold"


@dataclass(frozen=True, slots=True)
class Finding:
    """The finding of a rule: the name of the rule, what follows, and the warning for the reader in words."""

    rule: str
    level: Level
    sentence: str


def inspect(pixels: Gray, mask: Bool | None = None) -> tuple[Finding, ...]:
    """Return the findings for a frame (uint8, grey or RGB) and its lesion (bool, the frame's shape, or None)."""
    marked = mask if mask is not None and mask.any() else None
    findings = [_colour(pixels, marked), _texture(pixels), _split(grey(pixels))]
    if marked is not None:
        findings += [_calipers(grey(pixels), marked), _cut(grey(pixels), marked), _small(marked)]
    return tuple(finding for finding in findings if finding is not None)


def withheld(findings: tuple[Finding, ...]) -> bool:
    """Return whether the AI result must be withheld."""
    return any(finding.level is Level.WITHHOLD for finding in findings)


def withheld_because(findings: tuple[Finding, ...]) -> str:
    """Return in sentences why the AI result must be withheld; "" if it may be shown."""
    return " ".join(finding.sentence for finding in findings if finding.level is Level.WITHHOLD)


def colour_share(pixels: Gray) -> float:
    """Return the share of coloured pixels, 0 to 1 (0 for a grey frame)."""
    return float(_coloured(pixels).mean()) if pixels.ndim == 3 else 0.0


def smooth_share(pixels: Gray) -> float:
    """Return the share of smooth pixels among those that are not dark, 0 to 1.

    A pixel is smooth if the standard deviation of its 5 x 5 neighbourhood is below 4 % of the mean. Speckle leaves hardly any
    smooth pixels; photographs, CT and drawings have many.
    """
    values = _small_copy(grey(pixels)).astype(np.float32)
    mean = cv2.blur(values, (5, 5))
    deviation = np.sqrt(np.maximum(cv2.blur(values * values, (5, 5)) - mean * mean, 0))
    bright = mean > 25
    if bright.mean() < 0.01:
        return 1.0
    return float((deviation[bright] < 0.04 * mean[bright]).mean())


def caliper_count(pixels: Gray, mask: Bool) -> int:
    """Return the number of bright crosses, as burnt-in calipers have them, on the lesion and close around it."""
    scale = min(1.0, _LONGEST / max(pixels.shape))
    top, left, bottom, right = _grown(mask, 0.25, round(6 / scale))
    part = cv2.resize(pixels[top:bottom, left:right], None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    values = np.asarray(part, np.float32)
    likeness = np.zeros(values.shape, np.float32)
    for cross in _CROSSES:
        if min(values.shape) > len(cross):
            inner = cv2.matchTemplate(values, cross, cv2.TM_CCOEFF_NORMED)
            half = len(cross) // 2
            view = likeness[half : half + inner.shape[0], half : half + inner.shape[1]]
            np.maximum(view, inner, out=view)
    peaks = likeness == cv2.dilate(likeness, np.ones((9, 9), np.uint8))
    return int((peaks & (likeness >= _CROSS_LIKENESS) & (values >= _CROSS_BRIGHTNESS)).sum())


_COLOUR_ANYWHERE, _COLOUR_ON_LESION, _COLOUR_PHOTOGRAPH = 0.005, 0.02, 0.2
_SMOOTH_CAUTION, _SMOOTH_WITHHOLD = 0.42, 0.56
_CROSS_LIKENESS, _CROSS_BRIGHTNESS = 0.72, 165
_SMALL_SHARE = 0.0015


def _colour(pixels: Gray, mask: Bool | None) -> Finding | None:
    if pixels.ndim == 2:
        return None
    coloured = _coloured(pixels)
    if coloured.mean() > _COLOUR_PHOTOGRAPH:
        return Finding(
            "colour",
            Level.WITHHOLD,
            "The image is in colour, so it is not a B-mode image; the models were not trained on such images.",
        )
    if mask is not None:
        top, left, bottom, right = _grown(mask, 0.25, 4)
        if coloured[top:bottom, left:right].mean() > _COLOUR_ON_LESION:
            return Finding(
                "colour",
                Level.WITHHOLD,
                "There is colour on the lesion (Doppler or elastography?). Mark the lesion on a B-mode image without colour.",
            )
    if coloured.mean() > _COLOUR_ANYWHERE:
        return Finding(
            "colour",
            Level.CAUTION,
            "Part of the image is in colour; the models were trained on grey B-mode images only.",
        )
    return None


def _texture(pixels: Gray) -> Finding | None:
    smooth = smooth_share(pixels)
    if smooth <= _SMOOTH_CAUTION:
        return None
    if smooth <= _SMOOTH_WITHHOLD:
        return Finding(
            "texture", Level.CAUTION, "The image has little speckle, unlike the images the models were tested on."
        )
    return Finding(
        "texture",
        Level.WITHHOLD,
        "The image has no speckle and does not look like ultrasound. Open a B-mode image of the breast.",
    )


def _split(pixels: Gray) -> Finding | None:
    """Look for two images side by side: a dark seam from top to bottom near the middle, and an image on both sides."""
    columns = pixels.shape[1]
    middle = pixels[:, int(0.4 * columns) : int(0.6 * columns)]
    if middle.shape[1] < 3:
        return None
    seam = (middle <= 12).mean(0) > 0.97
    longest = max((len(run) for run in "".join("x" if dark else " " for dark in seam).split()), default=0)
    darker_side = min(pixels[:, : int(0.4 * columns)].mean(), pixels[:, int(0.6 * columns) :].mean())
    if longest < 2 or darker_side < 15:
        return None
    return Finding(
        "split screen",
        Level.CAUTION,
        "The frame seems to show two images side by side. Crop it to the image with the lesion, then assess again.",
    )


def _calipers(pixels: Gray, mask: Bool) -> Finding | None:
    if not caliper_count(pixels, mask):
        return None
    return Finding(
        "calipers",
        Level.CAUTION,
        "Calipers seem to be burnt in on or beside the lesion and can change the AI result. Use an image without calipers.",
    )


def _cut(pixels: Gray, mask: Bool) -> Finding | None:
    """Check whether the lesion is cut off: it touches the image's edge, or the sector's edge along a good part."""
    if mask[0].any() or mask[-1].any() or mask[:, 0].any() or mask[:, -1].any():
        return Finding(
            "cut", Level.CAUTION, "The lesion touches the edge of the image; the part beyond the edge was not assessed."
        )
    ring = cv2.dilate(mask.astype(np.uint8), np.ones((7, 7), np.uint8)).astype(bool) & ~mask
    black = cv2.morphologyEx((pixels <= 2).astype(np.uint8), cv2.MORPH_OPEN, np.ones((5, 5), np.uint8))
    # The black area outside a sector reaches the left or right edge of the image; a shadow below a lesion does not.
    labels = cv2.connectedComponents(black)[1]
    outside = (black > 0) & np.isin(labels, np.union1d(labels[:, 0], labels[:, -1]))
    if (ring & outside).sum() > 0.1 * ring.sum():
        return Finding("cut", Level.CAUTION, "The lesion touches the edge of the sector.")
    return None


def _small(mask: Bool) -> Finding | None:
    if mask.mean() >= _SMALL_SHARE:
        return None
    return Finding(
        "small",
        Level.CAUTION,
        "The lesion fills a smaller part of the image than any lesion the models were tested on.",
    )


def _coloured(pixels: Gray) -> Bool:
    highest, lowest = pixels.max(2).astype(int), pixels.min(2).astype(int)
    return np.asarray((highest - lowest > 40) & (highest > 60), bool)


def _small_copy(pixels: Gray) -> Gray:
    scale = 512 / max(pixels.shape)
    if scale >= 1:
        return pixels
    return np.asarray(cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)


def _grown(mask: Bool, share: float, least: int) -> tuple[int, int, int, int]:
    """Return the mask's box (top, left, bottom, right; the last two exclusive), grown by `share` plus `least` pixels."""
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    margin = (int(share * len(rows)) + least, int(share * len(columns)) + least)
    return (
        max(int(rows[0]) - margin[0], 0),
        max(int(columns[0]) - margin[1], 0),
        min(int(rows[-1]) + 1 + margin[0], mask.shape[0]),
        min(int(columns[-1]) + 1 + margin[1], mask.shape[1]),
    )


def _cross(length: int, width: int) -> NDArray[np.float32]:
    drawn = np.zeros((length + 4, length + 4), np.float32)
    middle, half = len(drawn) // 2, length // 2
    thick = slice(middle - width // 2, middle + (width + 1) // 2)
    drawn[middle - half : middle + half + 1, thick] = 1
    drawn[thick, middle - half : middle + half + 1] = 1
    return np.asarray(cv2.GaussianBlur(drawn, (0, 0), 0.6), np.float32)


_CROSSES = [_cross(length, width) for length, width in ((7, 1), (9, 1), (11, 1), (9, 2), (11, 2))]
