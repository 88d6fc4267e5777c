"""Which images are trained on: what the commands are told, and nothing that is tested on among it."""

import argparse
import csv
from pathlib import Path

import cv2
import numpy as np
import pytest

from csamoe_desktop.commands.training_data import add_data_arguments, read_split
from csamoe_desktop.datasets.folder import read_dataset
from csamoe_desktop.datasets.protocols import split_by
from csamoe_desktop.datasets.splits import Split
from csamoe_desktop.errors import UserError

CLASSES = ("normal", "benign", "malignant")


def write_folder(folder: Path, prefix: str, groups: int) -> Path:
    """Write a dataset of two images a group, a third of the groups normal, in five folds."""
    folder.mkdir()
    rows = [["image", "mask", "label", "group", "fold"]]
    for group in range(groups):
        for view in "ab":
            name = f"{prefix}{group}{view}"
            mask = np.zeros((20, 20), np.uint8)
            if group % 3:
                mask[5:10, 5:10] = 255
            cv2.imwrite(str(folder / f"{name}.png"), np.full((20, 20), 90, np.uint8))
            cv2.imwrite(str(folder / f"{name}_mask.png"), mask)
            label = CLASSES[group % 3]
            rows.append([f"{name}.png", f"{name}_mask.png", label, f"{prefix}{group}", str(group % 5 + 1)])
    with (folder / "labels.csv").open("w", newline="") as opened:
        csv.writer(opened).writerows(rows)
    return folder


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    return write_folder(tmp_path / "one", "A", 30), write_folder(tmp_path / "other", "B", 30)


def split_of(*given: str | Path, classes: tuple[str, ...] = CLASSES) -> Split:
    parser = argparse.ArgumentParser()
    add_data_arguments(parser.add_argument_group("data"))
    return read_split(parser.parse_args([str(one) for one in given]), classes, 42)


def groups(samples: list) -> set[str]:  # type: ignore[type-arg]
    return {sample.group for sample in samples}


def test_a_second_folder_is_all_trained_on_unless_its_protocol_keeps_some_out(folders: tuple[Path, Path]) -> None:
    one, other = folders
    alone = split_of("--data", one)
    whole = split_of("--data", one, "--also", other)
    assert whole.second_test == []
    assert groups(whole.train) | groups(whole.validation) >= {f"B{group}" for group in range(30)}
    assert groups(whole.test) == groups(alone.test), "what is tested on is the first folder's"

    kept = split_of("--data", one, "--also", other, "--also-protocol", "group")
    held = groups(kept.second_test)
    assert held == groups(split_by("group", read_dataset(other)).test), "as `evaluate --test-of group` finds them"
    assert held
    assert not held & (groups(kept.train) | groups(kept.validation) | groups(kept.test))
    assert groups(kept.test) == groups(alone.test)


def test_only_the_classes_asked_for_are_there(folders: tuple[Path, Path]) -> None:
    split = split_of("--data", folders[0], classes=("benign", "malignant"))
    assert {sample.label for part in (split.train, split.validation, split.test) for sample in part} == {
        "benign",
        "malignant",
    }
    assert "normal" in {sample.label for sample in split_of("--data", folders[0]).train}


def test_a_protocol_for_a_folder_that_is_not_there_is_refused(folders: tuple[Path, Path]) -> None:
    with pytest.raises(UserError, match="none is given"):
        split_of("--data", folders[0], "--also-protocol", "group")


def test_no_group_is_in_the_second_test_and_elsewhere(folders: tuple[Path, Path]) -> None:
    samples = read_dataset(folders[0])
    with pytest.raises(UserError, match="would be split over several parts"):
        Split(samples[:4], [], samples[8:10], second_test=samples[2:6])
