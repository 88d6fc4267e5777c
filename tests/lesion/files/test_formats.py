"""Masks of any colleague's program become the lesion they mean, and every guess is said."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from csamoe_desktop.errors import UserError
from csamoe_desktop.lesion.files.formats import MaskSizeMismatch, mask_format, read_mask, write_mask

SHAPE = (60, 80)


def lesion() -> np.ndarray:
    mask = np.zeros(SHAPE, np.uint8)
    cv2.ellipse(mask, (44, 28), (18, 10), 12, 0, 360, 1, -1)
    return mask.astype(bool)


LESION = lesion()


def saved(path: Path, pixels: np.ndarray, **options: object) -> Path:
    Image.fromarray(pixels).save(path, **options)
    return path


@pytest.mark.parametrize(("low", "high"), [(0, 255), (0, 1), (0, 128), (10, 200)])
@pytest.mark.parametrize("name", ["m.png", "m.bmp", "m.tif"])
def test_two_values_are_lesion_and_not(tmp_path, name, low, high):
    read = read_mask(saved(tmp_path / name, np.where(LESION, high, low).astype(np.uint8)), SHAPE)
    assert read.pixels.dtype == bool
    assert np.array_equal(read.pixels, LESION)
    assert read.notes == ()


@pytest.mark.parametrize("top", [1, 255, 65535])
def test_sixteen_bits(tmp_path, top):
    cv2.imwrite(str(tmp_path / "m.png"), LESION.astype(np.uint16) * top)
    assert np.array_equal(read_mask(tmp_path / "m.png", SHAPE).pixels, LESION)


def test_one_bit_and_palette(tmp_path):
    Image.fromarray(LESION).save(tmp_path / "m.png")
    assert np.array_equal(read_mask(tmp_path / "m.png", SHAPE).pixels, LESION)
    indexed = Image.fromarray(LESION.astype(np.uint8), mode="L").convert("P")
    indexed.putpalette([0, 0, 0, 128, 0, 0] + [0] * 762)
    indexed.save(tmp_path / "p.png")
    assert np.array_equal(read_mask(tmp_path / "p.png", SHAPE).pixels, LESION)


def test_a_jpeg_mask_is_cut_at_half(tmp_path):
    read = read_mask(saved(tmp_path / "m.jpg", LESION.astype(np.uint8) * 255, quality=70), SHAPE)
    assert np.count_nonzero(read.pixels != LESION) <= 15
    assert read.notes == ()


def test_anti_aliased_edges_are_cut_at_half(tmp_path):
    large = np.zeros((480, 640), np.uint8)
    cv2.ellipse(large, (352, 224), (144, 80), 12, 0, 360, 255, -1)
    soft = cv2.resize(large, (80, 60), interpolation=cv2.INTER_AREA)
    read = read_mask(saved(tmp_path / "m.png", soft), SHAPE)
    assert np.array_equal(read.pixels, soft > 127)
    assert read.notes == ()


def test_few_grey_steps_at_an_edge_are_no_labels(tmp_path):
    soft = np.zeros(SHAPE, np.uint8)
    soft[20:40, 20:60], soft[20:40, 19], soft[20:40, 60] = 255, 60, 190
    read = read_mask(saved(tmp_path / "m.png", soft), SHAPE)
    assert read.pixels[30, 18:21].tolist() == [False, False, True]
    assert read.pixels[30, 59:62].tolist() == [True, True, False]
    assert read.notes == ()


def test_probabilities_from_0_to_1_are_cut_at_half(tmp_path):
    soft = cv2.GaussianBlur(LESION.astype(np.float32), (0, 0), 2)
    read = read_mask(saved(tmp_path / "m.tif", soft), SHAPE)
    assert np.array_equal(read.pixels, soft >= 0.5)
    assert np.count_nonzero(read.pixels != LESION) < 60
    assert read.notes == ("The mask file contains values between 0 and 1; values of at least 0.5 count as lesion.",)


@pytest.mark.parametrize("values", [(1, 2), (100, 255), (85, 170), (1, 255)])
def test_several_labels_are_united_and_said(tmp_path, values):
    labels = np.zeros(SHAPE, np.uint8)
    labels[5:20, 5:20], labels[30:50, 40:70] = values
    read = read_mask(saved(tmp_path / "m.png", labels), SHAPE)
    assert np.array_equal(read.pixels, labels > 0)
    assert read.notes == ("The mask file has 2 labels; they were merged into one lesion.",)


def test_labels_in_a_jpeg_are_united_and_said(tmp_path):
    labels = np.zeros((160, 200), np.uint8)
    labels[16:64, 16:80], labels[80:144, 96:184] = 128, 255
    read = read_mask(saved(tmp_path / "m.jpg", labels, quality=90), labels.shape)
    assert np.count_nonzero(read.pixels != (labels > 0)) < 60
    assert "2 labels" in read.notes[0]


def test_labels_in_colour_are_united(tmp_path):
    labels = np.zeros((*SHAPE, 3), np.uint8)
    labels[5:20, 5:20], labels[30:50, 40:70] = (0, 0, 255), (128, 0, 0)
    read = read_mask(saved(tmp_path / "m.png", labels), SHAPE)
    assert np.array_equal(read.pixels, labels.any(axis=2))
    assert "2 labels" in read.notes[0]


def test_colours_as_bright_as_one_another_are_told_apart(tmp_path):
    labels = np.zeros((*SHAPE, 3), np.uint8)
    labels[5:20, 5:20], labels[30:50, 40:60], labels[30:50, 60:70] = (255, 0, 0), (0, 255, 0), (255, 255, 0)
    read = read_mask(saved(tmp_path / "m.png", labels), SHAPE)
    assert np.array_equal(read.pixels, labels.any(axis=2))
    assert read.notes == ("The mask file has 3 labels; they were merged into one lesion.",)
    opaque = np.dstack([labels, np.full(SHAPE, 255, np.uint8)])
    assert read_mask(saved(tmp_path / "m.png", opaque), SHAPE).notes == read.notes


def test_one_colour_is_one_label(tmp_path):
    red = np.dstack([LESION.astype(np.uint8) * 255, np.zeros((*SHAPE, 2), np.uint8)])
    read = read_mask(saved(tmp_path / "m.png", red), SHAPE)
    assert np.array_equal(read.pixels, LESION)
    assert read.notes == ()


def test_transparency_is_the_mask_where_colour_is_not(tmp_path):
    for colour in (0, 200):
        pixels = np.dstack([np.full((*SHAPE, 3), colour, np.uint8), LESION.astype(np.uint8) * 255])
        read = read_mask(saved(tmp_path / "m.png", pixels), SHAPE)
        assert np.array_equal(read.pixels, LESION)
        assert "transparency" in read.notes[0]


def test_colour_is_the_mask_where_all_is_opaque(tmp_path):
    grey = np.repeat(LESION[..., None].astype(np.uint8) * 255, 3, axis=2)
    read = read_mask(saved(tmp_path / "m.png", np.dstack([grey, np.full(SHAPE, 255, np.uint8)])), SHAPE)
    assert np.array_equal(read.pixels, LESION)
    assert read.notes == ()


def test_what_is_transparent_is_not_marked(tmp_path):
    pixels = np.dstack([np.repeat(LESION[..., None].astype(np.uint8) * 255, 3, axis=2), np.full(SHAPE, 255, np.uint8)])
    pixels[:, 44:, 3] = 0
    read = read_mask(saved(tmp_path / "m.png", pixels), SHAPE)
    assert np.array_equal(read.pixels, LESION & (np.arange(80) < 44))
    assert "Transparent" in read.notes[0]


def test_an_inverted_mask_is_inverted_and_said(tmp_path):
    read = read_mask(saved(tmp_path / "m.png", (~LESION).astype(np.uint8) * 255), SHAPE)
    assert np.array_equal(read.pixels, LESION)
    assert read.notes == ("The mask file marks the background instead of the lesion; it was inverted.",)


def test_a_large_lesion_is_not_inverted(tmp_path):
    large = np.zeros(SHAPE, np.uint8)
    large[4:-4, 4:-4] = 255
    assert np.array_equal(read_mask(saved(tmp_path / "m.png", large), SHAPE).pixels, large > 0)


def test_a_lesion_of_one_pixel_is_read(tmp_path):
    one = np.zeros(SHAPE, np.uint8)
    one[30, 40] = 255
    assert read_mask(saved(tmp_path / "m.png", one), SHAPE).pixels.sum() == 1


@pytest.mark.parametrize("value", [0, 255])
def test_a_mask_of_one_value_is_refused(tmp_path, value):
    with pytest.raises(UserError, match="marks nothing"):
        read_mask(saved(tmp_path / "m.png", np.full(SHAPE, value, np.uint8)), SHAPE)


def test_a_picture_taken_for_a_mask_is_refused(tmp_path):
    speckle = np.random.default_rng(1).rayleigh(50, SHAPE).clip(0, 255).astype(np.uint8)
    with pytest.raises(UserError, match="looks like a picture"):
        read_mask(saved(tmp_path / "m.png", speckle), SHAPE)


def test_another_size_is_refused_with_both_sizes(tmp_path):
    path = saved(tmp_path / "m.png", LESION.astype(np.uint8) * 255)
    with pytest.raises(MaskSizeMismatch) as caught:
        read_mask(path, (120, 100))
    assert caught.value.message == "The mask is 80 x 60 pixels, the image 100 x 120."
    assert caught.value.mask_shape == (60, 80)
    assert caught.value.frame_shape == (120, 100)
    assert isinstance(caught.value, UserError)


def test_another_size_is_resized_when_asked_and_said(tmp_path):
    path = saved(tmp_path / "m.png", LESION.astype(np.uint8) * 255)
    read = read_mask(path, (120, 160), resize=True)
    assert np.array_equal(read.pixels, np.repeat(np.repeat(LESION, 2, axis=0), 2, axis=1))
    assert read.notes == ("The mask was resized from 80 x 60 to 160 x 120 pixels, the size of the image.",)


def test_a_stretched_outline_is_said(tmp_path):
    read = read_mask(saved(tmp_path / "m.png", LESION.astype(np.uint8) * 255), (120, 80), resize=True)
    assert read.pixels.shape == (120, 80)
    assert "stretched" in read.notes[1]


def test_a_mask_that_vanishes_in_resizing_is_refused(tmp_path):
    one = np.zeros(SHAPE, np.uint8)
    one[31, 40] = 255
    with pytest.raises(UserError, match="The mask is empty"):
        read_mask(saved(tmp_path / "m.png", one), (6, 8), resize=True)


def test_a_page_of_another_size_is_no_mask_of_the_image_and_that_is_said(tmp_path):
    thumbnail = Image.fromarray(np.full((6, 8), 255, np.uint8))
    Image.fromarray(LESION.astype(np.uint8) * 255).save(tmp_path / "m.tif", save_all=True, append_images=[thumbnail])
    read = read_mask(tmp_path / "m.tif", SHAPE)
    assert np.array_equal(read.pixels, LESION)
    assert read.notes == ("The mask file has 2 pages; the first was used.",)


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"", "empty"), (b"GIF89a...", "cannot be read as a mask"), (b"\x89PNG\r\n\x1a\n123", "damaged")],
)
def test_files_that_are_no_masks_are_refused(tmp_path, content, said):
    (tmp_path / "m.png").write_bytes(content)
    with pytest.raises(UserError, match=said) as caught:
        read_mask(tmp_path / "m.png", SHAPE)
    assert caught.value.hint


@pytest.mark.parametrize("name", ["m.png", "m.jpg", "m.tif", "m.bmp"])
def test_a_mask_cut_short_is_refused_without_a_word_on_the_terminal(tmp_path, capfd, name):
    whole = cv2.imencode(Path(name).suffix, LESION.astype(np.uint8) * 255)[1].tobytes()
    (tmp_path / name).write_bytes(whole[: len(whole) // 2])
    with pytest.raises(UserError, match="damaged or incomplete"):
        read_mask(tmp_path / name, SHAPE)
    assert capfd.readouterr() == ("", "")


def test_a_missing_mask_is_refused(tmp_path):
    with pytest.raises(UserError, match="no file"):
        read_mask(tmp_path / "m.png", SHAPE)


@pytest.mark.parametrize("suffix", [".png", ".bmp", ".tif", ".TIFF"])
def test_a_written_mask_is_read_again(tmp_path, suffix):
    path = tmp_path / f"Läsion 乳腺{suffix}"
    write_mask(path, LESION)
    assert set(np.unique(np.asarray(Image.open(path)))) == {0, 255}
    assert np.array_equal(read_mask(path, SHAPE).pixels, LESION)
    assert [file.name for file in tmp_path.iterdir() if file.is_file()] == [path.name]


def test_a_mask_that_cannot_be_written_is_said(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(UserError, match="could not be written"):
        write_mask(tmp_path / "file" / "m.png", LESION)


def test_a_suffix_that_names_no_format_is_refused(tmp_path):
    with pytest.raises(UserError, match="does not have the suffix of a mask format") as caught:
        write_mask(tmp_path / "m.jpg", LESION)
    assert ".nii.gz" in caught.value.hint
    assert not (tmp_path / "m.jpg").exists()


def test_the_longer_suffix_decides():
    assert [mask_format(Path(name)).name for name in ("a.coco.json", "a.json", "a.nii.gz", "A.TIF")] == [
        "COCO",
        "labelme",
        "NIfTI",
        "TIFF",
    ]
    assert mask_format(Path("a.gz")) is None


def test_without_a_frame_the_mask_keeps_its_size(tmp_path):
    path = saved(tmp_path / "m.png", LESION.astype(np.uint8) * 255)
    assert np.array_equal(read_mask(path, None).pixels, LESION)
