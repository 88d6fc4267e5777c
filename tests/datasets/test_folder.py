"""Dataset folders: rows, conditions, files, hash."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from csamoe_desktop.datasets.folder import Sample, data_sha256, read_dataset, read_examples, read_sample, where
from csamoe_desktop.errors import UserError
from csamoe_desktop.study.opening import open_study

SHARED = Path(__file__).parents[3] / "shared" / "data"


def test_rows_are_read_in_order_with_all_columns(samples: list[Sample]) -> None:
    assert len(samples) == 40
    assert samples[0].name == "images/00l.png"
    assert samples[2].label == "malignant"
    assert samples[2].columns["fold"] == "2"


def test_conditions_narrow_the_rows(samples: list[Sample]) -> None:
    kept = where(samples, ["fold=1", "label=malignant"])
    assert {sample.group for sample in kept} == {"P05", "P15"}


@pytest.mark.parametrize(
    ("condition", "said"), [("fold", "not a condition"), ("hospital=1", "no column 'hospital'"), ("fold=9", "No image")]
)
def test_a_condition_that_cannot_be_met_is_refused(samples: list[Sample], condition: str, said: str) -> None:
    with pytest.raises(UserError, match=said):
        where(samples, [condition])


def test_a_folder_without_labels_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="not a dataset folder"):
        read_dataset(tmp_path)
    (tmp_path / "labels.csv").write_text("image,label\n")
    with pytest.raises(UserError, match="lists no image"):
        read_dataset(tmp_path)
    (tmp_path / "labels.csv").write_text("image,label\na.png,benign\n")
    with pytest.raises(UserError, match="no column mask, group"):
        read_dataset(tmp_path)


def test_a_missing_or_broken_image_is_refused(samples: list[Sample]) -> None:
    samples[0].mask.unlink()
    with pytest.raises(UserError, match=r"images/00l\.png: There is no file"):
        read_sample(samples[0])
    samples[1].image.write_bytes(b"no image")
    with pytest.raises(UserError, match=r"images/00r\.png: .*not a PNG"):
        read_sample(samples[1])
    cv2.imwrite(str(samples[2].mask), np.zeros((60, 80), np.uint8))
    with pytest.raises(UserError, match=r"images/01l\.png: "):  # a lesion, and its mask is empty
        read_sample(samples[2])


def test_a_normal_image_has_an_empty_mask_whatever_its_file_says(samples: list[Sample]) -> None:
    samples[36].mask.unlink()
    pixels, mask = read_sample(samples[36])
    assert samples[36].label == "normal"
    assert mask.shape == pixels.shape
    assert not mask.any()


def test_the_classes_order_numbers_them_and_normal_may_be_one(samples: list[Sample]) -> None:
    examples = read_examples(samples, ("normal", "malignant", "benign"))
    assert len(examples) == 40
    assert [one.target for one in examples[:4]] == [2, 2, 1, 1]
    assert [one.target for one in examples[36:]] == [0] * 4


def test_files_are_read_as_the_window_reads_them(samples: list[Sample]) -> None:
    """A mask of 0 and 1, and an image of 12 bits in 16: what the window shows is what is trained on."""
    pixels, mask = read_sample(samples[0])
    cv2.imwrite(str(samples[0].mask), mask.astype(np.uint8))
    cv2.imwrite(str(samples[0].image), pixels.astype(np.uint16) * 16)
    again, its = read_sample(samples[0])
    np.testing.assert_array_equal(its, mask)
    np.testing.assert_array_equal(again, open_study(samples[0].image).frame(0).pixels)
    assert again.max() > 100  # not the 7 that the upper byte alone would leave


@pytest.mark.skipif(not SHARED.is_dir(), reason="the research data is not on this machine")
def test_the_research_data_is_read_byte_for_byte() -> None:
    for sample in read_dataset(SHARED / "busbra")[::100]:
        pixels, mask = read_sample(sample)
        np.testing.assert_array_equal(pixels, cv2.imread(str(sample.image), cv2.IMREAD_GRAYSCALE))
        np.testing.assert_array_equal(mask, cv2.imread(str(sample.mask), cv2.IMREAD_GRAYSCALE) > 127)


def test_a_table_from_excel_is_read_and_a_spoilt_one_refused(dataset_folder: Path) -> None:
    table = dataset_folder / "labels.csv"
    text = table.read_text(encoding="utf-8")
    table.write_text(text, encoding="utf-8-sig")
    assert len(read_dataset(dataset_folder)) == 40
    table.write_bytes(text.replace("P00", "Größe").encode("latin-1"))
    with pytest.raises(UserError, match="not a CSV table in UTF-8"):
        read_dataset(dataset_folder)
    table.write_text(text.replace("images/01r.png,masks/01r.png,malignant", "images/01r.png"), encoding="utf-8")
    with pytest.raises(UserError, match="Line 5 of .* is not complete"):
        read_dataset(dataset_folder)


def test_examples_are_the_two_classes_as_they_lie_on_disk(samples: list[Sample]) -> None:
    examples = read_examples(samples, ("benign", "malignant"))
    assert len(examples) == 36  # the four normal images are of neither class
    pixels, mask = read_sample(samples[0])
    np.testing.assert_array_equal(examples[0].pixels, pixels)
    np.testing.assert_array_equal(examples[0].mask, mask)
    assert mask.dtype == bool
    assert [one.target for one in examples[:4]] == [0, 0, 1, 1]


def test_the_hash_tells_one_changed_pixel_or_label(dataset_folder: Path) -> None:
    before = data_sha256(read_dataset(dataset_folder))
    assert data_sha256(list(reversed(read_dataset(dataset_folder)))) == before
    table = dataset_folder / "labels.csv"
    text = table.read_text()
    table.write_text(text.replace("00l.png,benign", "00l.png,malignant"))
    assert data_sha256(read_dataset(dataset_folder)) != before
    table.write_text(text)
    (dataset_folder / "images" / "00l.png").write_bytes((dataset_folder / "images" / "00r.png").read_bytes())
    assert data_sha256(read_dataset(dataset_folder)) != before
