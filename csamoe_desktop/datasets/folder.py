"""Read dataset folders: labels.csv (image, mask, label, group, ...) and the images and masks that it names."""

import csv
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from csamoe_desktop.errors import UserError
from csamoe_desktop.lesion.files.formats import read_mask
from csamoe_desktop.lesion.regions import grey
from csamoe_desktop.study.raster import open_picture

NORMAL = "normal"
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
    def hospital(self) -> str:
        """The name of the dataset folder that the sample is in."""
        return Path(self.image.as_posix().removesuffix(self.name)).name

    @property
    def name(self) -> str:
        """The path of the image in labels.csv."""
        return self.columns["image"]


@dataclass(frozen=True, slots=True, eq=False)
class Example:
    """A sample in memory: grey pixels (uint8), mask (bool; empty for a normal image) and the index of its class."""

    sample: Sample
    pixels: NDArray[np.uint8]
    mask: NDArray[np.bool_]
    target: int


def read_dataset(folder: Path) -> list[Sample]:
    """Return the rows of `folder`/labels.csv (UTF-8, with or without the byte order mark of Excel), in its order.

    Raises:
        UserError: the file is missing, is not a table in UTF-8, has no rows, or misses a required column or value.
    """
    table = folder / "labels.csv"
    try:
        with table.open(newline="", encoding="utf-8-sig") as opened:
            rows = list(csv.DictReader(opened))
    except OSError as problem:
        raise UserError(
            f"{folder} is not a dataset folder: {table} could not be read.",
            "A dataset folder has labels.csv (image, mask, label, group), images and masks.",
        ) from problem
    except (UnicodeError, csv.Error) as problem:
        raise UserError(f"{table} is not a CSV table in UTF-8.", 'Save it again as "CSV UTF-8".') from problem
    if not rows:
        raise UserError(f"{table} lists no image.", "Add a row for each image.")
    if missing := [column for column in _COLUMNS if column not in rows[0]]:
        raise UserError(
            f"{table} has no column {', '.join(missing)}.", f"The required columns are {', '.join(_COLUMNS)}."
        )
    for number, row in enumerate(rows, 2):
        if None in row or None in row.values() or not all(row[column] for column in _COLUMNS):
            raise UserError(
                f"Line {number} of {table} is not complete.",
                f"Each line needs a value for each column of the first line: {', '.join(rows[0])}.",
            )
    return [Sample(folder / row["image"], folder / row["mask"], row["label"], row["group"], dict(row)) for row in rows]


def files_of(folder: Path, samples: Iterable[Sample]) -> list[Path]:
    """Return all files of a dataset folder: its table, images and masks."""
    return [folder / "labels.csv", *(file for sample in samples for file in (sample.image, sample.mask))]


def where(samples: Iterable[Sample], conditions: Sequence[str]) -> list[Sample]:
    """Return the samples that meet all `conditions`, each "COLUMN=VALUE".

    Raises:
        UserError: a condition does not have that form, its column does not exist, or no sample meets all conditions.
    """
    matches = list(samples)
    for condition in conditions:
        column, equals, value = condition.partition("=")
        if not equals:
            raise UserError(f"{condition!r} is not a condition.", "Write it as COLUMN=VALUE, such as fold=1.")
        if matches and column not in matches[0].columns:
            raise UserError(f"labels.csv has no column {column!r}.", f"It has {', '.join(matches[0].columns)}.")
        matches = [sample for sample in matches if sample.columns[column] == value]
    if not matches:
        raise UserError(f"No image meets {' and '.join(conditions)}.", "Check the values in labels.csv.")
    return matches


def read_sample(sample: Sample) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """Return the grey pixels (uint8) and the mask (bool, same shape) of a sample, read in the same way as in the window.

    Raises:
        UserError: a file is missing, damaged or of another size, or the mask is empty although the label is not `normal`;
            the message names the image.
    """
    try:
        pixels = grey(open_picture(sample.image).frame(0).pixels)
        if sample.label == NORMAL:
            return pixels, np.zeros(pixels.shape, bool)
        return pixels, read_mask(sample.mask, pixels.shape).pixels
    except UserError as problem:
        raise UserError(f"{sample.name}: {problem.message}", problem.hint) from problem


def read_examples(samples: Sequence[Sample], classes: Sequence[str]) -> list[Example]:
    """Read the samples that have one of `classes` as a label; leave out the others.

    Raises:
        UserError: as `read_sample`.
    """
    return [
        Example(sample, *read_sample(sample), classes.index(sample.label))
        for sample in samples
        if sample.label in classes
    ]


def data_sha256(samples: Sequence[Sample]) -> str:
    """Return one hash over all images, masks and labels, by which a card identifies its training data."""
    digest = hashlib.sha256()
    for sample in sorted(samples, key=lambda sample: sample.name):
        digest.update(f"{sample.name}\0{sample.label}\0{sample.group}\n".encode())
        for file in (sample.image, sample.mask):
            digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()
