"""The Dice table's figures, on outlines made to have them."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from csamoe_desktop.datasets.folder import Sample
from csamoe_desktop.errors import UserError
from csamoe_desktop.evidence.outline_quality import dice, figures_of, hand_box, iou, outline_all, per_image
from csamoe_desktop.lesion.regions import Part


class Everything:
    """Finds all that is darker than 100."""

    def logits(self, pixels: NDArray[np.uint8], parts: Sequence[Part] | None = None) -> list[NDArray[np.float32]]:
        found = []
        for part in parts or [Part(0, 0, *pixels.shape[:2])]:
            whole = np.full((part.bottom - part.top, part.right - part.left), -9.0, np.float32)
            rows, columns = np.nonzero(pixels < 100)
            rows, columns = rows - part.top, columns - part.left
            inside = (rows >= 0) & (rows < whole.shape[0]) & (columns >= 0) & (columns < whole.shape[1])
            whole[rows[inside], columns[inside]] = 9.0
            found.append(whole)
        return found


@pytest.fixture
def samples(tmp_path: Path) -> list[Sample]:
    """Two lesions, one of them with a dark spot beside it and one that cannot be seen, and a normal image with a
    spot."""
    made = []
    spot, seen, marked = np.s_[80:92, 80:92], np.s_[20:50, 20:60], np.s_[20:60, 20:60]
    for number, (dark, label) in enumerate([([seen, spot], "benign"), ([], "malignant"), ([spot], "normal")]):
        pixels, mask = np.full((100, 100), 200, np.uint8), np.zeros((100, 100), np.uint8)
        for where in dark:
            pixels[where] = 20
        if label != "normal":
            mask[marked] = 255
        names = {"image": f"{number}.png", "mask": f"{number}_mask.png"}
        cv2.imwrite(str(tmp_path / names["image"]), pixels)
        cv2.imwrite(str(tmp_path / names["mask"]), mask)
        made.append(
            Sample(tmp_path / names["image"], tmp_path / names["mask"], label, f"P{number}", names | {"label": label})
        )
    return made


def test_dice_and_iou() -> None:
    one, other = np.zeros((4, 4), bool), np.zeros((4, 4), bool)
    assert (dice(one, other), iou(one, other)) == (1.0, 1.0)
    one[:2], other[1:3] = True, True
    assert (dice(one, other), iou(one, other)) == (0.5, pytest.approx(1 / 3))


def test_a_hands_box_is_a_tenth_longer_and_stays_on_the_frame() -> None:
    mask = np.zeros((100, 200), bool)
    mask[40:80, 160:200] = True
    assert hand_box(mask) == (38, 158, 82, 200)


def test_misses_and_false_outlines_are_counted(samples: list[Sample]) -> None:
    outlined = outline_all(Everything(), samples)
    assert [one.proposals for one in outlined] == [2, 0, 1]
    assert [one.false for one in outlined] == [1, 0, 1]
    assert [one.dice for one in outlined[:2]] == [pytest.approx(2 * 1200 / 2800), 0]
    figures = {name: figure.value for name, figure in figures_of(outlined, "made").metrics.items()}
    assert figures == {
        "dice": pytest.approx(1200 / 2800),
        "dice_median": pytest.approx(1200 / 2800),
        "dice_10th_percentile": pytest.approx(0.1 * 2400 / 2800),
        "iou": pytest.approx(0.75 / 2),
        "missed": 0.5,
        "false_outlines": 0.5,
        "false_outlines_normal": 1.0,
    }
    assert [one["dice"] for one in per_image(outlined)][2] is None


def test_with_a_box_only_images_with_a_lesion_count(samples: list[Sample]) -> None:
    outlined = outline_all(Everything(), samples, boxed=True)
    assert [one.sample.label for one in outlined] == ["benign", "malignant"]
    assert [one.false for one in outlined] == [0, 0], "the box leaves the spot out"
    assert "false_outlines_normal" not in figures_of(outlined, "made").metrics


def test_nothing_to_outline_is_refused(samples: list[Sample]) -> None:
    with pytest.raises(UserError, match="No image has a lesion"):
        figures_of(outline_all(Everything(), samples[2:]), "made")
