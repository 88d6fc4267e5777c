"""A small made dataset folder: bright and dark blobs, four images a patient at most."""

import csv
from pathlib import Path

import cv2
import numpy as np
import pytest

from csamoe_desktop.datasets.folder import Sample, read_dataset


@pytest.fixture
def dataset_folder(tmp_path: Path) -> Path:
    """Twenty patients of two images each in five folds, two of them without a lesion."""
    folder = tmp_path / "data"
    (folder / "images").mkdir(parents=True)
    (folder / "masks").mkdir()
    draw = np.random.default_rng(0)
    rows = []
    for patient in range(20):
        label = ("benign", "malignant")[patient % 2] if patient < 18 else "normal"
        for side in "lr":
            name = f"{patient:02}{side}.png"
            image = draw.integers(60, 120, (60, 80), np.uint8)
            mask = np.zeros((60, 80), np.uint8)
            if label != "normal":
                cv2.ellipse(mask, (40, 30), (22, 14), 0, 0, 360, 255, -1)
                image[mask > 0] = 20 if label == "benign" else 200
            cv2.imwrite(str(folder / "images" / name), image)
            cv2.imwrite(str(folder / "masks" / name), mask)
            rows.append([f"images/{name}", f"masks/{name}", label, f"P{patient:02}", str(patient % 5 + 1)])
    with (folder / "labels.csv").open("w", newline="", encoding="utf-8") as opened:
        csv.writer(opened).writerows([["image", "mask", "label", "group", "fold"], *rows])
    return folder


@pytest.fixture
def samples(dataset_folder: Path) -> list[Sample]:
    """The rows of that folder."""
    return read_dataset(dataset_folder)
