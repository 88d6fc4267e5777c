"""Augmentation of a training example: the paper's, and a stronger one for readings that must survive another hospital.

Both take the frame and its mask and return image (uint8) and mask (bool) at the network's size, with the part of the
frame they cover. A lesion is never turned out of the image altogether.
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
    """Flip either way and rotate by up to 15 degrees (CSA-MoE-Net, section II-A), at the network's size."""
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
    turned, its = _warped(np.ascontiguousarray(image), np.ascontiguousarray(lesion), turn, size)
    return (turned, its, part) if its.any() or not mask.any() else (image, lesion, part)


def flips(
    pixels: Gray, mask: Mask, size: int, field: float | None, draw: np.random.Generator
) -> tuple[Gray, Mask, Part]:
    """Flip either way and no more (Fus2Net, "Data preprocessing")."""
    seen = make_regions(pixels, mask, size, field=field) if mask.any() else whole_image(pixels, size)
    image, lesion = seen.image, seen.lesion
    if draw.random() < 0.5:
        image, lesion = image[:, ::-1], lesion[:, ::-1]
    if draw.random() < 0.5:
        image, lesion = image[::-1], lesion[::-1]
    return np.ascontiguousarray(image), np.ascontiguousarray(lesion), seen.part


def strong(
    pixels: Gray, mask: Mask, size: int, field: float | None, draw: np.random.Generator
) -> tuple[Gray, Mask, Part]:
    """Draw another outline, place and size of the field; flip sideways, rotate; change how the scanner was set.

    No flip upside down: shadow and enhancement lie below a lesion.
    """
    if not mask.any():
        return _moved(pixels, mask, mask, Part(0, 0, *mask.shape), size, None, 0.08, draw)
    outline = random_outline(mask, draw)
    part = find_part(outline, None if field is None else field * float(np.exp(draw.uniform(-0.25, 0.25))))
    return _moved(pixels, outline, mask, part, size, field, 0.08, draw)


def framing(
    pixels: Gray, mask: Mask, size: int, field: float | None, draw: np.random.Generator
) -> tuple[Gray, Mask, Part]:
    """As `strong`, but the reader's own outline is kept, since it is what is learned; what varies is how much is seen.

    One in five sees a part without the lesion, where nothing is to be outlined: every image of a set of lesions has one,
    and a network that never saw tissue alone would outline some in every image. Of the others two in five see the whole
    frame (`field` is not looked at), the rest a square of 1.2 to 3.5 times the lesion's length, moved: what a proposal
    sees first, and what it sees once somebody has drawn a box.
    """
    if not mask.any():
        return _moved(pixels, mask, mask, Part(0, 0, *mask.shape), size, None, 0.06, draw)
    beside = _beside(mask, draw) if draw.random() < 0.2 else None
    if beside is not None:
        return _moved(
            pixels[beside.top : beside.bottom, beside.left : beside.right],
            nothing := np.zeros((beside.bottom - beside.top, beside.right - beside.left), bool),
            nothing,
            Part(0, 0, *nothing.shape),
            size,
            None,
            0.0,
            draw,
        )
    seen = None if draw.random() < 0.4 else float(np.exp(draw.uniform(np.log(1.2), np.log(3.5))))
    return _moved(pixels, mask, mask, find_part(mask, seen), size, seen, 0.06 if seen is None else 0.15, draw)


def _beside(mask: Mask, draw: np.random.Generator) -> Part | None:
    """Return a part of the frame that the lesion does not reach into, one of those left, right and below of it; None
    where none of them has a third of the frame's height and width."""
    rows, columns = mask.shape
    down, across = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    room = 4  # of the lesion's rim, which an outline cuts through
    free = [
        Part(0, 0, rows, int(across[0]) - room),
        Part(0, int(across[-1]) + room, rows, columns),
        Part(int(down[-1]) + room, 0, rows, columns),
    ]
    wide = [one for one in free if one.bottom - one.top >= rows / 3 and one.right - one.left >= columns / 3]
    if not wide:
        return None
    part = wide[int(draw.integers(len(wide)))]
    # Some of it, of a shape like a frame's own.
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
    """Shift `part` by up to `most` of its size, turn it, flip it sideways, and change how the scanner was set."""
    height, width = part.bottom - part.top, part.right - part.left
    shift = draw.uniform(-most, most, 2) * (height, width)
    turn = cv2.getRotationMatrix2D(
        (part.left + width / 2 + shift[1] - 0.5, part.top + height / 2 + shift[0] - 0.5),
        float(draw.uniform(-MAX_DEGREES, MAX_DEGREES)),
        1.0,
    )
    # From the frame to the part, turned and shifted, at the network's size, in one interpolation.
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
    moved = cv2.warpAffine(image, affine, (size, size), flags=cv2.INTER_LINEAR)
    its = cv2.warpAffine(lesion.astype(np.uint8), affine, (size, size), flags=cv2.INTER_NEAREST)
    return np.asarray(moved, np.uint8), its.astype(bool)


def _other_settings(image: Gray, draw: np.random.Generator) -> Gray:
    """Return the image as another scanner, or another hand on its knobs, might show it; black stays black."""
    rows, columns = image.shape
    values = image.astype(np.float32) / 255
    seen = values > 0
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
        middle = values[seen].mean() if seen.any() else 0.0
        values = (values - middle) * draw.uniform(0.75, 1.3) + middle + draw.uniform(-0.1, 0.1)
    return np.asarray(np.where(seen, np.clip(values, 0, 1) * 255, 0), np.uint8)
