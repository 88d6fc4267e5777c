"""From the values a mask file holds to lesion or not: what is background, label, soft edge, transparency or inversion.

Every rule is a guess at what the writer meant, so every guess that changes what is lesion is returned in words.
"""

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from csamoe_desktop.errors import UserError
from csamoe_desktop.study.raster import Decoded

Bool = NDArray[np.bool_]
Levels = NDArray[np.float32]

_FEW_VALUES = 32
"""A file of no more values than this is drawn in labels; one of more has soft edges or was compressed."""

_LABEL_SHARE = 0.05
"""In a compressed file, a value is a label where it covers this part of all that is plainly marked."""

_STAIN = 16
"""How far a compressed colour may be from that of the paper, of 255."""

_FLAT_SHARE = 0.6
"""At least this part of a mask is areas of one value; of a dark picture, however few its values, it is noise."""

_SOFT_SHARE = 0.03
"""In a mask with soft edges, less than this part of the pixels is on them."""

_PICTURE_SHARE = 0.3
"""A file in which this part of the pixels is neither dark nor bright, nor an area of one value, is a picture."""


def find_lesion(values: Decoded, path: Path) -> tuple[Bool, list[str]]:
    """Return what is lesion in a file's values, bool (rows, columns), and what was guessed, one sentence each.

    Args:
        values: (rows, columns) or (rows, columns, 3 or 4) RGB or RGBA, of any real dtype.
        path: the file, to be named when it is refused.

    Raises:
        UserError: nothing or everything is marked, the file is a picture, or its values can mean several things.
    """
    levels, notes = _one_value_a_pixel(values)
    colours = _colours(values, levels)
    if _soft(levels, values.dtype):
        _refuse_a_picture(levels, path)
        lesion = levels >= 0.5
        notes.append("The mask file holds soft values between 0 and 1; what is at least 0.5 counts as lesion.")
        if lesion.all() or not lesion.any():
            where = "everywhere" if lesion.all() else "nowhere"
            raise UserError(
                f"The mask {path.name} marks nothing: its soft values reach 0.5 {where}.",
                "Choose another mask file, or draw the lesion.",
            )
    else:
        levels, said = _from_zero(levels, values.dtype, path)
        brightest = float(levels.max())
        if brightest == 0:
            raise UserError(
                f"The mask {path.name} marks nothing: all its pixels are the same.",
                "Choose another mask file, or draw the lesion.",
            )
        labels = _labels(levels)
        _refuse_a_picture(levels, path)
        lesion = levels > (labels[0] if labels else brightest) / 2
        notes += said
        if (count := max(len(labels), colours)) > 1:
            notes.append(united(count, "labels"))
    edge = np.concatenate([lesion[0], lesion[-1], lesion[:, 0], lesion[:, -1]])
    if edge.mean() > 0.5 and lesion.mean() > 0.5:
        lesion = ~lesion
        notes.append("The mask file marks the surroundings instead of the lesion; it was inverted.")
    return lesion, notes


def plainly_a_mask(values: Decoded) -> bool:
    """Return whether a file's values are a mask's beyond doubt: few of them, or hardly any between dark and bright. Where a
    file is to be replaced a dark picture must not pass for one, as it may where it is only read."""
    levels, _ = _one_value_a_pixel(values)
    if np.unique(levels).size <= _FEW_VALUES:
        return bool(_flat(levels).mean() > _FLAT_SHARE)
    darkest, brightest = float(levels.min()), float(levels.max())
    share = (levels - darkest) / (brightest - darkest)
    return bool(((share > 0.1) & (share < 0.9)).mean() < _SOFT_SHARE) and bool((share >= 0.9).mean() > _SOFT_SHARE / 10)


def united(count: int, what: str) -> str:
    """Return the sentence on several labels or outlines that became one lesion."""
    return f"The mask file has {count} {what}; they were united into one lesion."


def _one_value_a_pixel(values: Decoded) -> tuple[Levels, list[str]]:
    """Return float32 (rows, columns): the brightest of a pixel's colours where it is opaque; and what was guessed."""
    levels = np.nan_to_num(values.astype(np.float32), posinf=0.0, neginf=0.0)
    if levels.ndim == 2:
        return np.asarray(levels, np.float32), []
    alpha = levels[..., 3] if levels.shape[2] == 4 else None
    paper = _paper(values)
    if paper is None:
        levels = np.asarray(levels[..., :3].max(axis=2), np.float32)
    else:
        # Red on white is as bright as the white: what counts is how far a colour is from that of the paper.
        levels = np.abs(levels[..., :3] - paper).max(axis=2)
        # What compression leaves on the paper is no label.
        levels[levels < min(_STAIN, levels.max() / 4)] = 0
    if alpha is None or alpha.min() == alpha.max():
        return levels, []
    visible = alpha > alpha.max() / 2
    if not visible.any() or np.ptp(levels[visible]) == 0:
        return alpha, ["The mask was taken from the file's transparency: what is opaque is lesion."]
    # What is transparent must not be brighter than the darkest that is seen, or it would be marked.
    hidden = min(0.0, float(levels.min()))
    return np.where(visible, levels, np.float32(hidden)), ["Transparent parts of the mask file count as not marked."]


def _soft(levels: Levels, dtype: np.dtype[np.generic]) -> bool:
    """Return whether these are probabilities: floats of 0 to 1 that are not just these two."""
    if dtype.kind != "f" or levels.min() < 0 or levels.max() > 1:
        return False
    return bool(((levels > 0) & (levels < 1)).any())


def _paper(values: Decoded) -> NDArray[np.float32] | None:
    """Return the colour that most of the edge of a coloured picture has, the paper it was painted on; None where it is black,
    where there is no such colour, or in a picture without colours."""
    if values.dtype != np.uint8 or (values[..., :3] == values[..., :1]).all():
        return None
    edge = np.concatenate([values[0], values[-1], values[:, 0], values[:, -1]])
    if edge.shape[1] == 4:
        edge = edge[edge[:, 3] > 127]
    if not len(edge):
        return None
    # Compression makes many of one colour.
    coarse, counts = np.unique(edge[:, :3] // 16, axis=0, return_counts=True)
    most = int(counts.argmax())
    if counts[most] * 2 <= len(edge):
        return None
    colour = np.median(edge[(edge[:, :3] // 16 == coarse[most]).all(axis=1), :3], axis=0).astype(np.float32)
    return colour if colour.max() >= 16 else None


def _from_zero(levels: Levels, dtype: np.dtype[np.generic], path: Path) -> tuple[Levels, list[str]]:
    """Return the levels with 0 where nothing is marked.

    Raises:
        UserError: they are fractions on both sides of 0: what counts as lesion cannot be known.
    """
    darkest = float(levels.min())
    if darkest >= 0 or levels.max() <= 0:
        return levels - np.float32(darkest), []
    if dtype.kind == "f" and (levels != np.round(levels)).any():
        raise UserError(
            f"{path.name} holds values from {darkest:.3g} to {levels.max():.3g}: neither labels nor probabilities.",
            "Save the mask as 0 and 1, or as probabilities from 0 to 1.",
        )
    return np.maximum(levels, 0), ["Negative values of the mask file count as not marked."]


def _refuse_a_picture(levels: Levels, path: Path) -> None:
    brightest = float(levels.max())
    between = (levels > 0.1 * brightest) & (levels < 0.9 * brightest) & ~_flat(levels)
    if between.mean() > _PICTURE_SHARE:
        raise UserError(
            f"{path.name} looks like a picture, not a mask: most of it is neither black nor white.",
            "Choose the mask file that belongs to this image: white where the lesion is, black elsewhere.",
        )


def _labels(levels: Levels) -> list[float]:
    """Return the values above 0 that fill areas and are not just the soft edge of one, from low to high."""
    flat = levels[_flat(levels) & (levels > 0)]
    if not flat.size:
        return []
    values, counts = np.unique(flat, return_counts=True)
    if np.unique(levels).size <= _FEW_VALUES:
        return [float(value) for value in values]
    # Values within a tenth of black or white are what compression makes of these two.
    brightest = float(levels.max())
    shares = counts / flat.size
    middle = values[(shares >= _LABEL_SHARE) & (values > 0.1 * brightest) & (values < 0.9 * brightest)]
    return [*(float(value) for value in middle), *([brightest] if values[-1] >= 0.9 * brightest else [])]


def _colours(values: Decoded, brightness: Levels) -> int:
    """Return how many colours fill areas beside that of the paper, or the darkest one: labels that may well be equally bright. 0 for grey."""
    if values.ndim == 2 or values.dtype != np.uint8 or (values[..., :3] == values[..., :1]).all():
        return 0
    codes = values[..., :3].astype(np.float32) @ np.array([65536, 256, 1], np.float32)
    if np.unique(codes).size > _FEW_VALUES:
        return 0
    levels = values[..., :3].max(axis=2) if _paper(values) is None else brightness
    opaque = values[..., 3] > values[..., 3].max() // 2 if values.shape[2] == 4 else np.ones(levels.shape, bool)
    return int(np.unique(codes[_flat(codes) & opaque & (levels > levels.min())]).size)


def _flat(levels: Levels) -> Bool:
    """Return where a pixel's 3x3 neighbourhood has one value."""
    square = np.ones((3, 3), np.uint8)
    return np.asarray(cv2.erode(levels, square) == cv2.dilate(levels, square))
