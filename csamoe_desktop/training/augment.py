"""Augmentation of a training example: the paper's, and stronger ones for models that must work in another hospital.

Each takes a frame and its mask and returns image (uint8) and mask (bool) at the network's size, with the part of the frame that
they cover. A lesion is never moved out of the image completely.
"""

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from csamoe_desktop.datasets.other_outlines import random_outline
from csamoe_desktop.lesion.regions import Part, find_part, fit, make_regions, whole_image

Gray = NDArray[np.uint8]
Mask = NDArray[np.bool_]
Augmentation = Callable[[Gray, Mask, int, "float | None", np.random.Generator], "tuple[Gray, Mask, Part]"]

MAX_DEGREES = 15.0


def paper(
    pixels: Gray, mask: Mask, size: int, field: float | None, draw: np.random.Generator
) -> tuple[Gray, Mask, Part]:
    """Flip horizontally and vertically and rotate by up to 15 degrees (CSA-MoE-Net, section II-A), at the network's size."""
    if mask.any():
        part = find_part(mask, field)
        image, lesion = fit(pixels, mask, part, size)
    else:
        whole = whole_image(pixels, size)
        part, image, lesion = whole.part, whole.image, whole.lesion
    if draw.random() < 0.5:
        image, lesion = image[:, ::-1], lesion[:, ::-1]
    if draw.random() < 0.5:
        image, lesion = image[::-1], lesion[::-1]
    middle = (size - 1) / 2
    turn = cv2.getRotationMatrix2D((middle, middle), float(draw.uniform(-MAX_DEGREES, MAX_DEGREES)), 1.0)
    turned, turned_lesion = _warped(np.ascontiguousarray(image), np.ascontiguousarray(lesion), turn, size)
    return (turned, turned_lesion, part) if turned_lesion.any() or not mask.any() else (image, lesion, part)


def flips(
    pixels: Gray, mask: Mask, size: int, field: float | None, draw: np.random.Generator
) -> tuple[Gray, Mask, Part]:
    """Only flip horizontally and vertically (Fus2Net, "Data preprocessing")."""
    regions = make_regions(pixels, mask, size, field=field) if mask.any() else whole_image(pixels, size)
    image, lesion = regions.image, regions.lesion
    if draw.random() < 0.5:
        image, lesion = image[:, ::-1], lesion[:, ::-1]
    if draw.random() < 0.5:
        image, lesion = image[::-1], lesion[::-1]
    return np.ascontiguousarray(image), np.ascontiguousarray(lesion), regions.part


def strong(
    pixels: Gray, mask: Mask, size: int, field: float | None, draw: np.random.Generator
) -> tuple[Gray, Mask, Part]:
    """Vary the outline and the place and size of the field; flip horizontally, rotate; vary the scanner settings.

    There is no vertical flip, because shadow and enhancement are below a lesion.
    """
    if not mask.any():
        return _moved(pixels, mask, mask, Part(0, 0, *mask.shape), size, None, 0.08, draw)
    outline = random_outline(mask, draw)
    part = find_part(outline, None if field is None else field * float(np.exp(draw.uniform(-0.25, 0.25))))
    return _moved(pixels, outline, mask, part, size, field, 0.08, draw)


def framing(
    pixels: Gray, mask: Mask, size: int, field: float | None, draw: np.random.Generator
) -> tuple[Gray, Mask, Part]:
    """As `strong`, but with the reader's own outline, which is the target; the visible part of the frame varies.

    One example in five shows a part without the lesion, where nothing is to be outlined: otherwise the network would never see
    tissue alone and would propose an outline in every image. Of the others, two in five show the whole frame, as for a first
    proposal (`field` is ignored). The rest show a shifted square of 1.2 to 3.5 times the lesion's length, as for a box that the
    reader has drawn.
    """
    if not mask.any():
        return _moved(pixels, mask, mask, Part(0, 0, *mask.shape), size, None, 0.06, draw)
    beside = _beside(mask, draw) if draw.random() < 0.2 else None
    if beside is not None:
        return _moved(
            pixels[beside.top : beside.bottom, beside.left : beside.right],
            empty := np.zeros((beside.bottom - beside.top, beside.right - beside.left), bool),
            empty,
            Part(0, 0, *empty.shape),
            size,
            None,
            0.0,
            draw,
        )
    square = None if draw.random() < 0.4 else float(np.exp(draw.uniform(np.log(1.2), np.log(3.5))))
    return _moved(pixels, mask, mask, find_part(mask, square), size, square, 0.06 if square is None else 0.15, draw)


def _beside(mask: Mask, draw: np.random.Generator) -> Part | None:
    """Return a random part of the frame to the left of the lesion, to the right of it or below it.

    Returns None if no such part has at least a third of the frame's height and width.
    """
    rows, columns = mask.shape
    down, across = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    margin = 4  # pixels, because an outline can cut through the rim of the lesion
    free = [
        Part(0, 0, rows, int(across[0]) - margin),
        Part(0, int(across[-1]) + margin, rows, columns),
        Part(int(down[-1]) + margin, 0, rows, columns),
    ]
    large = [part for part in free if part.bottom - part.top >= rows / 3 and part.right - part.left >= columns / 3]
    if not large:
        return None
    part = large[int(draw.integers(len(large)))]
    height = int(draw.uniform(rows / 3, part.bottom - part.top))
    width = int(draw.uniform(columns / 3, part.right - part.left))
    top = int(draw.integers(part.top, part.bottom - height + 1))
    left = int(draw.integers(part.left, part.right - width + 1))
    return Part(top, left, top + height, left + width)


def _moved(
    pixels: Gray,
    outline: Mask,
    mask: Mask,
    part: Part,
    size: int,
    field: float | None,
    most: float,
    draw: np.random.Generator,
) -> tuple[Gray, Mask, Part]:
    """Shift `part` by up to `most` of its size, rotate it, flip it horizontally, and vary the scanner settings."""
    height, width = part.bottom - part.top, part.right - part.left
    shift = draw.uniform(-most, most, 2) * (height, width)
    turn = cv2.getRotationMatrix2D(
        (part.left + width / 2 + shift[1] - 0.5, part.top + height / 2 + shift[0] - 0.5),
        float(draw.uniform(-MAX_DEGREES, MAX_DEGREES)),
        1.0,
    )
    # One interpolation from the frame to the rotated and shifted part at the network's size.
    scale = np.array([[size / width, 0], [0, size / height]])
    affine = scale @ turn
    middle = np.array([part.left + width / 2 + shift[1], part.top + height / 2 + shift[0]]) - 0.5
    affine[:, 2] += (size - 1) / 2 - (affine @ [*middle, 1])
    if draw.random() < 0.5:
        affine[0] = -affine[0]
        affine[0, 2] += size - 1
    image, lesion = _warped(pixels, outline, affine, size)
    if mask.any() and not lesion.any():
        part = find_part(mask, field)
        image, lesion = fit(pixels, mask, part, size)
    return _other_settings(image, draw), lesion, part


AUGMENTATIONS: dict[str, Augmentation] = {"paper": paper, "flips": flips, "strong": strong, "framing": framing}


def _warped(image: Gray, lesion: Mask, affine: NDArray[Any], size: int) -> tuple[Gray, Mask]:
    warped = cv2.warpAffine(image, affine, (size, size), flags=cv2.INTER_LINEAR)
    warped_lesion = cv2.warpAffine(lesion.astype(np.uint8), affine, (size, size), flags=cv2.INTER_NEAREST)
    return np.asarray(warped, np.uint8), warped_lesion.astype(bool)


def _other_settings(image: Gray, draw: np.random.Generator) -> Gray:
    """Return the image as another scanner, or other scanner settings, might show it; black stays black."""
    rows, columns = image.shape
    values = image.astype(np.float32) / 255
    not_black = values > 0
    if draw.random() < 0.3:  # resolution
        share = draw.uniform(0.4, 0.9)
        small = cv2.resize(values, (int(columns * share), int(rows * share)), interpolation=cv2.INTER_AREA)
        values = np.asarray(cv2.resize(small, (columns, rows), interpolation=cv2.INTER_LINEAR), np.float32)
    if draw.random() < 0.3:  # blur
        values = np.asarray(cv2.GaussianBlur(values, (0, 0), float(draw.uniform(0.4, 1.5))), np.float32)
    if draw.random() < 0.3:  # speckle: multiplicative, with a grain of a pixel or more
        grain = draw.normal(0, draw.uniform(0.05, 0.2), (rows, columns)).astype(np.float32)
        values *= 1 + cv2.GaussianBlur(grain, (0, 0), float(draw.uniform(0.5, 1.2))) * 1.5
    if draw.random() < 0.4:  # depth gain
        values *= np.linspace(draw.uniform(0.7, 1.3), draw.uniform(0.7, 1.3), rows, dtype=np.float32)[:, None]
    if draw.random() < 0.8:  # gamma
        values = np.clip(values, 0, None) ** np.float32(np.exp(draw.uniform(-0.35, 0.35)))
    if draw.random() < 0.8:  # contrast and gain
        middle = values[not_black].mean() if not_black.any() else 0.0
        values = (values - middle) * draw.uniform(0.75, 1.3) + middle + draw.uniform(-0.1, 0.1)
    return np.asarray(np.where(not_black, np.clip(values, 0, 1) * 255, 0), np.uint8)
