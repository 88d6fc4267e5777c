"""Decides which values of a mask file are lesion: background, labels, soft edges, transparency, inversion.

Each rule guesses the intent of the program that wrote the file, so every guess that affects the lesion is returned as a note.
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
"""A file with at most this many values contains labels; one with more has soft edges or was compressed."""

_LABEL_SHARE = 0.05
"""In a compressed file, a value is a label if it covers at least this fraction of the flat marked area."""

_STAIN = 16
"""Maximum deviation of a compressed colour from the background colour, of 255."""

_FLAT_SHARE = 0.6
"""Minimum fraction of a mask in areas of one value; a dark picture, even with few values, is noise."""

_SOFT_SHARE = 0.03
"""Maximum fraction of pixels on the soft edges of a mask."""

_PICTURE_SHARE = 0.3
"""A file with more than this fraction of pixels that are neither dark, bright nor in an area of one value is a picture."""


def find_lesion(values: Decoded, path: Path) -> tuple[Bool, list[str]]:
    """Return the lesion in a file's values, bool (rows, columns), and what was guessed, one sentence each.

    Args:
        values: (rows, columns) or (rows, columns, 3 or 4) RGB or RGBA, of any real dtype.
        path: the file, named in error messages.

    Raises:
        UserError: nothing or everything is marked, the file is a picture, or its values are ambiguous.
    """
    levels, notes = _one_value_a_pixel(values)
    colours = _colours(values, levels)
    if _soft(levels, values.dtype):
        _refuse_a_picture(levels, path)
        lesion = levels >= 0.5
        notes.append("The mask file contains values between 0 and 1; values of at least 0.5 count as lesion.")
        if lesion.all() or not lesion.any():
            where = "everywhere" if lesion.all() else "nowhere"
            raise UserError(
                f"The mask {path.name} marks nothing: its values reach 0.5 {where}.",
                "Choose another mask file, or draw the lesion.",
            )
    else:
        levels, level_notes = _from_zero(levels, values.dtype, path)
        brightest = float(levels.max())
        if brightest == 0:
            raise UserError(
                f"The mask {path.name} marks nothing: all its pixels have the same value.",
                "Choose another mask file, or draw the lesion.",
            )
        labels = _labels(levels)
        _refuse_a_picture(levels, path)
        lesion = levels > (labels[0] if labels else brightest) / 2
        notes += level_notes
        if (count := max(len(labels), colours)) > 1:
            notes.append(united(count, "labels"))
    edge = np.concatenate([lesion[0], lesion[-1], lesion[:, 0], lesion[:, -1]])
    if edge.mean() > 0.5 and lesion.mean() > 0.5:
        lesion = ~lesion
        notes.append("The mask file marks the background instead of the lesion; it was inverted.")
    return lesion, notes


def plainly_a_mask(values: Decoded) -> bool:
    """Return whether a file's values are certainly a mask: few values, or hardly any between dark and bright. This is
    stricter than for reading, so that a dark picture is never overwritten as if it were a mask."""
    levels, _ = _one_value_a_pixel(values)
    if np.unique(levels).size <= _FEW_VALUES:
        return bool(_flat(levels).mean() > _FLAT_SHARE)
    darkest, brightest = float(levels.min()), float(levels.max())
    share = (levels - darkest) / (brightest - darkest)
    return bool(((share > 0.1) & (share < 0.9)).mean() < _SOFT_SHARE) and bool((share >= 0.9).mean() > _SOFT_SHARE / 10)


def united(count: int, what: str) -> str:
    """Return the note on several labels or outlines that were merged into one lesion."""
    return f"The mask file has {count} {what}; they were merged into one lesion."


def _one_value_a_pixel(values: Decoded) -> tuple[Levels, list[str]]:
    """Return float32 (rows, columns), the brightest colour of each opaque pixel, and what was guessed."""
    levels = np.nan_to_num(values.astype(np.float32), posinf=0.0, neginf=0.0)
    if levels.ndim == 2:
        return np.asarray(levels, np.float32), []
    alpha = levels[..., 3] if levels.shape[2] == 4 else None
    background = _background(values)
    if background is None:
        levels = np.asarray(levels[..., :3].max(axis=2), np.float32)
    else:
        # Red is as bright as a white background, so the distance from the background colour is used.
        levels = np.abs(levels[..., :3] - background).max(axis=2)
        # Compression artefacts on the background are not labels.
        levels[levels < min(_STAIN, levels.max() / 4)] = 0
    if alpha is None or alpha.min() == alpha.max():
        return levels, []
    visible = alpha > alpha.max() / 2
    if not visible.any() or np.ptp(levels[visible]) == 0:
        return alpha, ["The mask was taken from the file's transparency: opaque parts count as lesion."]
    # Transparent pixels must not be brighter than the darkest visible one, or they would be marked.
    hidden = min(0.0, float(levels.min()))
    return np.where(visible, levels, np.float32(hidden)), ["Transparent parts of the mask file count as not marked."]


def _soft(levels: Levels, dtype: np.dtype[np.generic]) -> bool:
    """Return whether these are probabilities: floats from 0 to 1 that are not only 0 and 1."""
    if dtype.kind != "f" or levels.min() < 0 or levels.max() > 1:
        return False
    return bool(((levels > 0) & (levels < 1)).any())


def _background(values: Decoded) -> NDArray[np.float32] | None:
    """Return the background colour of a coloured picture, the one that most of its edge has; None if it is black, if there is
    no such colour, or if the picture is grey."""
    if values.dtype != np.uint8 or (values[..., :3] == values[..., :1]).all():
        return None
    edge = np.concatenate([values[0], values[-1], values[:, 0], values[:, -1]])
    if edge.shape[1] == 4:
        edge = edge[edge[:, 3] > 127]
    if not len(edge):
        return None
    # Compression splits one colour into many similar ones.
    coarse, counts = np.unique(edge[:, :3] // 16, axis=0, return_counts=True)
    most = int(counts.argmax())
    if counts[most] * 2 <= len(edge):
        return None
    colour = np.median(edge[(edge[:, :3] // 16 == coarse[most]).all(axis=1), :3], axis=0).astype(np.float32)
    return colour if colour.max() >= 16 else None


def _from_zero(levels: Levels, dtype: np.dtype[np.generic], path: Path) -> tuple[Levels, list[str]]:
    """Return the levels shifted so that unmarked pixels are 0, and what was guessed.

    Raises:
        UserError: they are fractions on both sides of 0, so what counts as lesion is unknown.
    """
    darkest = float(levels.min())
    if darkest >= 0 or levels.max() <= 0:
        return levels - np.float32(darkest), []
    if dtype.kind == "f" and (levels != np.round(levels)).any():
        raise UserError(
            f"{path.name} contains values from {darkest:.3g} to {levels.max():.3g}, which are neither labels nor "
            "probabilities.",
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
    """Return the values above 0 that fill areas and are not only a soft edge, in ascending order."""
    flat = levels[_flat(levels) & (levels > 0)]
    if not flat.size:
        return []
    values, counts = np.unique(flat, return_counts=True)
    if np.unique(levels).size <= _FEW_VALUES:
        return [float(value) for value in values]
    # Values within a tenth of black or white are black or white after compression.
    brightest = float(levels.max())
    shares = counts / flat.size
    middle = values[(shares >= _LABEL_SHARE) & (values > 0.1 * brightest) & (values < 0.9 * brightest)]
    return [*(float(value) for value in middle), *([brightest] if values[-1] >= 0.9 * brightest else [])]


def _colours(values: Decoded, brightness: Levels) -> int:
    """Return the number of colours that fill areas, apart from the background or darkest colour: labels that may be equally
    bright. 0 for grey."""
    if values.ndim == 2 or values.dtype != np.uint8 or (values[..., :3] == values[..., :1]).all():
        return 0
    codes = values[..., :3].astype(np.float32) @ np.array([65536, 256, 1], np.float32)
    if np.unique(codes).size > _FEW_VALUES:
        return 0
    levels = values[..., :3].max(axis=2) if _background(values) is None else brightness
    opaque = values[..., 3] > values[..., 3].max() // 2 if values.shape[2] == 4 else np.ones(levels.shape, bool)
    return int(np.unique(codes[_flat(codes) & opaque & (levels > levels.min())]).size)


def _flat(levels: Levels) -> Bool:
    """Return where a pixel's 3x3 neighbourhood has a single value."""
    square = np.ones((3, 3), np.uint8)
    return np.asarray(cv2.erode(levels, square) == cv2.dilate(levels, square))
