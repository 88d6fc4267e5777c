"""The input guard: what a frame and its mark must be for a reading to mean anything.

Each rule looks at pixels only and says in one sentence what it saw. A rule that withholds stands for images the models were
never made for; one that cautions, for images they were measured on less, or not by themselves. `csamoe-desktop guard`
prints how often each rule speaks on a dataset folder, rightly and wrongly; the limits below were set on BUS-BRA and BUSI.
`examined` has the rules on what the file says, and on the outline's size.
"""

from dataclasses import dataclass
from enum import StrEnum

import cv2
import numpy as np
from numpy.typing import NDArray

from csamoe_desktop.lesion.regions import grey

Gray = NDArray[np.uint8]
Bool = NDArray[np.bool_]

# The longest side that texture and burnt-in marks are looked for at.
_LONGEST = 352


class Level(StrEnum):
    """What a finding does to the reading."""

    CAUTION = "caution"
    WITHHOLD = "withhold"


@dataclass(frozen=True, slots=True)
class Finding:
    """What a rule saw: its name, what follows, and one sentence for the reader."""

    rule: str
    level: Level
    sentence: str


def inspect(pixels: Gray, mask: Bool | None = None) -> tuple[Finding, ...]:
    """Return what the rules see on a frame (uint8, grey or RGB) and its lesion (bool, the frame's shape, or None)."""
    marked = mask if mask is not None and mask.any() else None
    found = [_colour(pixels, marked), _texture(pixels), _split(grey(pixels))]
    if marked is not None:
        found += [_calipers(grey(pixels), marked), _cut(grey(pixels), marked), _small(marked)]
    return tuple(finding for finding in found if finding is not None)


def withheld(findings: tuple[Finding, ...]) -> bool:
    """Return whether no number may be shown."""
    return any(finding.level is Level.WITHHOLD for finding in findings)


def withheld_because(findings: tuple[Finding, ...]) -> str:
    """Return why no number may be shown, in sentences; "" where one may."""
    return " ".join(one.sentence for one in findings if one.level is Level.WITHHOLD)


def colour_share(pixels: Gray) -> float:
    """Return the share of pixels that have a colour (0 where the frame is grey)."""
    return float(_coloured(pixels).mean()) if pixels.ndim == 3 else 0.0


def smooth_share(pixels: Gray) -> float:
    """Return, of the pixels that are not dark, the share whose 5 x 5 neighbours differ by less than 4 % of their mean.

    Speckle leaves hardly any; photographs, CT and drawings have much of it.
    """
    values = _small_copy(grey(pixels)).astype(np.float32)
    mean = cv2.blur(values, (5, 5))
    deviation = np.sqrt(np.maximum(cv2.blur(values * values, (5, 5)) - mean * mean, 0))
    seen = mean > 25
    if seen.mean() < 0.01:
        return 1.0
    return float((deviation[seen] < 0.04 * mean[seen]).mean())


def caliper_count(pixels: Gray, mask: Bool) -> int:
    """Return how many bright crosses, as calipers are burnt in, lie on the lesion and close around it."""
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
            "The image is in colour: it is no B-mode image, and the models have never seen one like it.",
        )
    if mask is not None:
        top, left, bottom, right = _grown(mask, 0.25, 4)
        if coloured[top:bottom, left:right].mean() > _COLOUR_ON_LESION:
            return Finding(
                "colour",
                Level.WITHHOLD,
                "There is colour on the lesion (Doppler or elastography?). Mark it on a B-mode image without colour.",
            )
    if coloured.mean() > _COLOUR_ANYWHERE:
        return Finding(
            "colour", Level.CAUTION, "Part of the image is in colour; the models have seen grey B-mode images only."
        )
    return None


def _texture(pixels: Gray) -> Finding | None:
    smooth = smooth_share(pixels)
    if smooth <= _SMOOTH_CAUTION:
        return None
    if smooth <= _SMOOTH_WITHHOLD:
        return Finding(
            "texture", Level.CAUTION, "The image has little speckle, unlike those the models were measured on."
        )
    return Finding(
        "texture",
        Level.WITHHOLD,
        "The image has no speckle: it does not look like ultrasound. Open a B-mode image of the breast.",
    )


def _split(pixels: Gray) -> Finding | None:
    """Two images side by side: a dark seam from top to bottom near the middle, with an image on either side."""
    columns = pixels.shape[1]
    middle = pixels[:, int(0.4 * columns) : int(0.6 * columns)]
    if middle.shape[1] < 3:
        return None
    seam = (middle <= 12).mean(0) > 0.97
    longest = max((len(run) for run in "".join("x" if dark else " " for dark in seam).split()), default=0)
    either = min(pixels[:, : int(0.4 * columns)].mean(), pixels[:, int(0.6 * columns) :].mean())
    if longest < 2 or either < 15:
        return None
    return Finding(
        "split screen", Level.CAUTION, "Two images seem to be side by side. Crop the one with the lesion, then read it."
    )


def _calipers(pixels: Gray, mask: Bool) -> Finding | None:
    if not caliper_count(pixels, mask):
        return None
    return Finding(
        "calipers",
        Level.CAUTION,
        "Calipers seem to be burnt in on or beside the lesion; they can sway the reading. Use the image without them.",
    )


def _cut(pixels: Gray, mask: Bool) -> Finding | None:
    """The lesion meets the image's edge, or the black beyond the sector along a good part of its margin."""
    if mask[0].any() or mask[-1].any() or mask[:, 0].any() or mask[:, -1].any():
        return Finding(
            "cut", Level.CAUTION, "The lesion touches the edge of the image: what lies beyond it was not read."
        )
    ring = cv2.dilate(mask.astype(np.uint8), np.ones((7, 7), np.uint8)).astype(bool) & ~mask
    black = cv2.morphologyEx((pixels <= 2).astype(np.uint8), cv2.MORPH_OPEN, np.ones((5, 5), np.uint8))
    # What lies beyond a sector reaches the image's left or right edge; a shadow below a lesion does not.
    places = cv2.connectedComponents(black)[1]
    beyond = (black > 0) & np.isin(places, np.union1d(places[:, 0], places[:, -1]))
    if (ring & beyond).sum() > 0.1 * ring.sum():
        return Finding("cut", Level.CAUTION, "The lesion touches the edge of the sector.")
    return None


def _small(mask: Bool) -> Finding | None:
    if mask.mean() >= _SMALL_SHARE:
        return None
    return Finding("small", Level.CAUTION, "The lesion fills less of its image than any the models were measured on.")


def _coloured(pixels: Gray) -> Bool:
    highest, lowest = pixels.max(2).astype(int), pixels.min(2).astype(int)
    return np.asarray((highest - lowest > 40) & (highest > 60), bool)


def _small_copy(pixels: Gray) -> Gray:
    scale = 512 / max(pixels.shape)
    if scale >= 1:
        return pixels
    return np.asarray(cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)


def _grown(mask: Bool, share: float, least: int) -> tuple[int, int, int, int]:
    down, across = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    more = (int(share * len(down)) + least, int(share * len(across)) + least)
    return (
        max(int(down[0]) - more[0], 0),
        max(int(across[0]) - more[1], 0),
        min(int(down[-1]) + 1 + more[0], mask.shape[0]),
        min(int(across[-1]) + 1 + more[1], mask.shape[1]),
    )


def _cross(length: int, width: int) -> NDArray[np.float32]:
    drawn = np.zeros((length + 4, length + 4), np.float32)
    middle, half = len(drawn) // 2, length // 2
    thick = slice(middle - width // 2, middle + (width + 1) // 2)
    drawn[middle - half : middle + half + 1, thick] = 1
    drawn[thick, middle - half : middle + half + 1] = 1
    return np.asarray(cv2.GaussianBlur(drawn, (0, 0), 0.6), np.float32)


_CROSSES = [_cross(length, width) for length, width in ((7, 1), (9, 1), (11, 1), (9, 2), (11, 2))]
