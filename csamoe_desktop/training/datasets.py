"""Dataset folders: labels.csv (image, mask, label, group, ...) beside the images and masks it names."""

import csv
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from csamoe_desktop.errors import UserError

_COLUMNS = ("image", "mask", "label", "group")


@dataclass(frozen=True, slots=True)
class Sample:
    """One row of labels.csv: files, label, the group that is never split, and all columns as text."""

    image: Path
    mask: Path
    label: str
    group: str
    columns: dict[str, str]

    @property
    def name(self) -> str:
        """The image as labels.csv names it."""
        return self.columns["image"]


@dataclass(frozen=True, slots=True, eq=False)
class Example:
    """A sample in memory: the frame's grey pixels (uint8), its mask (bool), and 1 for the positive class."""

    sample: Sample
    pixels: NDArray[np.uint8]
    mask: NDArray[np.bool_]
    target: int


def read_dataset(folder: Path) -> list[Sample]:
    """Return the rows of `folder`/labels.csv, in its order.

    Raises:
        UserError: there is no such file, or it lacks a column that every dataset folder has.
    """
    table = folder / "labels.csv"
    try:
        with table.open(newline="", encoding="utf-8") as opened:
            rows = list(csv.DictReader(opened))
    except OSError as problem:
        raise UserError(
            f"{folder} is no dataset folder: {table} could not be read.",
            "A dataset folder holds labels.csv (image, mask, label, group), images and masks.",
        ) from problem
    if not rows:
        raise UserError(f"{table} lists no image.", "Add a row for each image.")
    if missing := [column for column in _COLUMNS if column not in rows[0]]:
        raise UserError(f"{table} has no column {', '.join(missing)}.", f"It needs {', '.join(_COLUMNS)}.")
    return [Sample(folder / row["image"], folder / row["mask"], row["label"], row["group"], dict(row)) for row in rows]


def where(samples: Iterable[Sample], conditions: Sequence[str]) -> list[Sample]:
    """Return the samples that meet every "COLUMN=VALUE" of `conditions`.

    Raises:
        UserError: a condition is not of that form, names no column, or nothing meets them all.
    """
    kept = list(samples)
    for condition in conditions:
        column, equals, value = condition.partition("=")
        if not equals:
            raise UserError(f"{condition!r} is no condition.", "Write it as COLUMN=VALUE, such as fold=1.")
        if kept and column not in kept[0].columns:
            raise UserError(f"labels.csv has no column {column!r}.", f"It has {', '.join(kept[0].columns)}.")
        kept = [sample for sample in kept if sample.columns[column] == value]
    if not kept:
        raise UserError(f"No image meets {' and '.join(conditions)}.", "Check the values in labels.csv.")
    return kept


def read_sample(sample: Sample) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """Return a sample's grey pixels, uint8, and its mask, bool, of one shape.

    Raises:
        UserError: a file is missing or is no image.
    """
    read = []
    for file in (sample.image, sample.mask):
        try:
            data = np.frombuffer(file.read_bytes(), np.uint8)
            pixels = cv2.imdecode(data, cv2.IMREAD_GRAYSCALE) if data.size else None
        except OSError:
            pixels = None
        if pixels is None:
            raise UserError(f"{file} could not be read.", "Check that labels.csv and the files agree.")
        read.append(np.asarray(pixels, np.uint8))
    return read[0], read[1] > 127


def read_examples(samples: Sequence[Sample], positive: str, negative: str) -> list[Example]:
    """Return the samples of the two classes, read; others (such as normal) are left out.

    Raises:
        UserError: as `read_sample`.
    """
    return [
        Example(sample, *read_sample(sample), int(sample.label == positive))
        for sample in samples
        if sample.label in (positive, negative)
    ]


def data_sha256(samples: Sequence[Sample]) -> str:
    """Return one hash over all images, masks and labels, so that a card can say what it was trained on."""
    whole = hashlib.sha256()
    for sample in sorted(samples, key=lambda one: one.name):
        whole.update(f"{sample.name}\0{sample.label}\0{sample.group}\n".encode())
        for file in (sample.image, sample.mask):
            whole.update(hashlib.sha256(file.read_bytes()).digest())
    return whole.hexdigest()
