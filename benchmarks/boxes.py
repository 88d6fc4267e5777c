"""Measure how often the box tool finds no outline, and how well its outlines agree with the reader's.

    python benchmarks/boxes.py FOLDER [FOLDER ...] [--images 98] [--around 0.08] [--seed 0]

A folder is a dataset folder (with labels.csv), or has the folders `images/` and `masks/` with files of the same names.
The box is the bounding box of the reader's mask, enlarged on each side by the share `--around` of its height or width,
as a user would draw it. From larger folders `--images` images are drawn at random, the same ones for the same seed. For
each folder the program prints the number of refusals, the Dice coefficient of the other boxes (mean and tenth
percentile), and the milliseconds per box.
"""

import argparse
import random
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from csamoe_desktop.datasets.folder import read_dataset
from csamoe_desktop.errors import UserError
from csamoe_desktop.lesion.corrections import box_of
from csamoe_desktop.lesion.files.formats import read_mask
from csamoe_desktop.lesion.grabcut import outline_in_box
from csamoe_desktop.lesion.regions import grey
from csamoe_desktop.lesion.tools import Box
from csamoe_desktop.study.opening import open_study

Bool = NDArray[np.bool_]


def main(arguments: list[str] | None = None) -> None:
    """Print a line for each folder."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folders", type=Path, nargs="+", metavar="FOLDER")
    parser.add_argument("--images", type=int, default=98, help="images per folder (default: 98)")
    parser.add_argument("--around", type=float, default=0.08, help="margin as a share of the box (default: 0.08)")
    parser.add_argument("--seed", type=int, default=0, help="seed of the random choice (default: 0)")
    options = parser.parse_args(arguments)
    for folder in options.folders:
        pairs = _pairs(folder)
        random.Random(options.seed).shuffle(pairs)
        print(_summary(folder, pairs[: options.images], options.around), flush=True)


def _summary(folder: Path, pairs: list[tuple[Path, Path]], around: float) -> str:
    """Return the line of results for a folder."""
    dice: list[float] = []
    refused, seconds, boxes = 0, 0.0, 0
    for image, mask in pairs:
        pixels = grey(open_study(image).frame(0).pixels)
        lesion = read_mask(mask, (pixels.shape[0], pixels.shape[1])).pixels
        box = wider(lesion, around)
        boxes += 1
        start = time.perf_counter()
        try:
            outline = outline_in_box(pixels, box)
            dice.append(float(2 * (outline & lesion).sum() / (outline.sum() + lesion.sum())))
        except UserError:
            refused += 1
        seconds += time.perf_counter() - start
    agreement = f"Dice {np.mean(dice):.3f}, tenth percentile {np.percentile(dice, 10):.3f}" if dice else "no outline"
    return f"{folder}: {boxes} boxes, {refused} refused, {agreement}, {1000 * seconds / max(boxes, 1):.0f} ms per box"


def wider(lesion: Bool, around: float) -> Box:
    """Return the box around a lesion (bool (rows, columns), not empty), enlarged on each side by the share `around` of
    its height or width, and clipped to the frame."""
    box = box_of(lesion)
    assert box is not None
    down, across = round(around * (box.bottom - box.top)), round(around * (box.right - box.left))
    rows, columns = lesion.shape
    return Box(
        max(box.top - down, 0),
        max(box.left - across, 0),
        min(box.bottom + down, rows),
        min(box.right + across, columns),
    )


def _pairs(folder: Path) -> list[tuple[Path, Path]]:
    """Return the paths of image and mask of each lesion."""
    if (folder / "labels.csv").is_file():
        return [
            (sample.image, sample.mask)
            for sample in read_dataset(folder)
            if sample.columns["label"] != "normal" and sample.mask is not None
        ]
    return [(image, folder / "masks" / image.name) for image in sorted((folder / "images").iterdir())]


if __name__ == "__main__":
    main()
