"""Masks in NumPy and NIfTI files, as other programs write them, are read; what is written comes back to the pixel."""

import gzip
import struct
from pathlib import Path

import cv2
import nibabel
import numpy as np
import pytest

from csamoe_desktop.errors import UserError
from csamoe_desktop.lesion.files.formats import MaskSizeMismatch, read_mask, write_mask
from csamoe_desktop.study.scale import Area, Region, Scale, Spacing, pixels_only

SHAPE = (60, 80)
LESION = cv2.ellipse(np.zeros(SHAPE, np.uint8), (44, 28), (18, 10), 12, 0, 360, 1, -1).astype(bool)
ITK = np.diag([-1.0, -1.0, 1.0, 1.0])
"""The affine under which ITK, whose x and y are the negated ones of NIfTI, sees an image without any turn."""


def nifti(path: Path, stored: np.ndarray, affine: np.ndarray = ITK, kind: type = nibabel.Nifti1Image) -> Path:
    nibabel.save(kind(stored, affine), path)
    return path


def array(path: Path, values: np.ndarray) -> Path:
    np.save(path, values)
    return path


@pytest.mark.parametrize("name", ["m.nii", "m.nii.gz", "M.NII.GZ", "m.npy", "m.npz"])
def test_a_written_mask_is_read_again(tmp_path: Path, name: str) -> None:
    write_mask(tmp_path / name, LESION)
    read = read_mask(tmp_path / name, SHAPE)
    assert np.array_equal(read.pixels, LESION)
    assert read.notes == ()


def test_the_nifti_file_holds_columns_rows_and_millimetres(tmp_path: Path) -> None:
    write_mask(tmp_path / "m.nii.gz", LESION, Spacing(0.05, 0.2, "region 1"))
    image = nibabel.load(tmp_path / "m.nii.gz")
    assert image.shape == (80, 60, 1)
    assert np.array_equal(np.asarray(image.dataobj)[..., 0], LESION.T)
    assert image.header.get_zooms() == pytest.approx((0.2, 0.05, 1.0))
    assert image.header.get_xyzt_units()[0] == "mm"
    assert np.array_equal(np.sign(np.diag(image.affine)), [-1, -1, 1, 1])


def test_without_a_spacing_there_are_no_millimetres(tmp_path: Path) -> None:
    write_mask(tmp_path / "m.nii", LESION)
    assert nibabel.load(tmp_path / "m.nii").header.get_xyzt_units()[0] == "unknown"


def test_the_same_mask_is_the_same_file(tmp_path: Path) -> None:
    for name in ("a.nii.gz", "b.nii.gz"):
        write_mask(tmp_path / name, LESION)
    assert (tmp_path / "a.nii.gz").read_bytes() == (tmp_path / "b.nii.gz").read_bytes()


@pytest.mark.parametrize("kind", [nibabel.Nifti1Image, nibabel.Nifti2Image])
@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.float32, np.float64])
def test_nifti_of_any_kind(tmp_path: Path, dtype: type, kind: type) -> None:
    read = read_mask(nifti(tmp_path / "m.nii.gz", LESION.T.astype(dtype), kind=kind), SHAPE)
    assert np.array_equal(read.pixels, LESION)
    assert read.notes == ()


def test_nifti_with_its_bytes_the_other_way_round(tmp_path: Path) -> None:
    header = nibabel.Nifti1Header(endianness=">")
    header.set_data_dtype(np.int16)
    nibabel.save(nibabel.Nifti1Image(LESION.T.astype(np.int16), ITK, header), tmp_path / "m.nii")
    assert struct.unpack(">i", (tmp_path / "m.nii").read_bytes()[:4]) == (348,)
    assert np.array_equal(read_mask(tmp_path / "m.nii", SHAPE).pixels, LESION)


def test_nifti_with_rows_first_is_taken_so_where_it_fits_and_said(tmp_path: Path) -> None:
    read = read_mask(nifti(tmp_path / "m.nii", LESION.astype(np.uint8), np.eye(4)), SHAPE)
    assert np.array_equal(read.pixels, LESION)
    assert read.notes == (
        "The file stores rows before columns, against the NIfTI standard; it was read that way, as it fits the image.",
    )


def test_a_square_nifti_from_elsewhere_says_what_was_assumed(tmp_path: Path) -> None:
    square = np.zeros((60, 60), np.uint8)
    square[10:20, 30:50] = 1
    read = read_mask(nifti(tmp_path / "m.nii", square, np.eye(4)), (60, 60))
    assert np.array_equal(read.pixels, square.T > 0)
    assert "Check that the outline is on the lesion" in read.notes[0]
    assert read_mask(nifti(tmp_path / "m.nii", square), (60, 60)).notes == ()


def test_of_several_planes_the_marked_one_is_used_and_said(tmp_path: Path) -> None:
    stack = np.zeros((80, 60, 5), np.uint8)
    stack[..., 3] = LESION.T
    read = read_mask(nifti(tmp_path / "m.nii.gz", stack), SHAPE)
    assert np.array_equal(read.pixels, LESION)
    assert read.notes == ("Of the file's 5 planes only number 4 is marked; it was used.",)
    assert read_mask(array(tmp_path / "m.npy", np.moveaxis(stack, 2, 0).swapaxes(1, 2)), SHAPE).notes == read.notes
    stack[..., 1] = LESION.T
    with pytest.raises(UserError, match="2 of its 5 planes"):
        read_mask(nifti(tmp_path / "m.nii.gz", stack), SHAPE)


@pytest.mark.parametrize("shape", [(1, *SHAPE), (*SHAPE, 1), (1, *SHAPE, 1)])
def test_an_axis_of_one_is_none(tmp_path: Path, shape: tuple[int, ...]) -> None:
    assert np.array_equal(read_mask(array(tmp_path / "m.npy", LESION.reshape(shape)), SHAPE).pixels, LESION)


@pytest.mark.parametrize("values", [LESION, LESION * np.int8(-1), LESION * 3.0, LESION * np.uint64(1), LESION * 2 - 1])
def test_numpy_of_any_kind(tmp_path: Path, values: np.ndarray) -> None:
    read = read_mask(array(tmp_path / "m.npy", values), SHAPE)
    # -1 for the lesion alone is the darkest value there is: the rest is brighter, as in an inverted mask.
    assert np.array_equal(read.pixels, LESION)


def test_probabilities_are_cut_at_a_half_and_said(tmp_path: Path) -> None:
    soft = cv2.GaussianBlur(LESION.astype(np.float32), (0, 0), 2) * np.float32(0.8)
    read = read_mask(array(tmp_path / "m.npy", soft), SHAPE)
    assert np.array_equal(read.pixels, soft >= 0.5)
    assert "at least 0.5" in read.notes[0]
    with pytest.raises(UserError, match="reach 0.5 nowhere"):
        read_mask(array(tmp_path / "m.npy", soft / 2), SHAPE)


def test_fractions_on_both_sides_of_zero_are_refused(tmp_path: Path) -> None:
    logits = np.where(LESION, 4.5, -6.25)
    with pytest.raises(UserError, match=r"values from -6\.25 to 4\.5, which are neither labels nor probabilities"):
        read_mask(array(tmp_path / "m.npy", logits), SHAPE)


def test_labels_inversion_and_colours_in_an_array(tmp_path: Path) -> None:
    labels = np.zeros(SHAPE, np.int32)
    labels[5:20, 5:20], labels[30:50, 40:70], labels[52:58, 3:9] = 1, 2, 7
    read = read_mask(array(tmp_path / "m.npy", labels), SHAPE)
    assert np.array_equal(read.pixels, labels > 0)
    assert read.notes == ("The mask file has 3 labels; they were merged into one lesion.",)
    assert "inverted" in read_mask(array(tmp_path / "m.npy", ~LESION), SHAPE).notes[0]
    colours = np.dstack([LESION * np.uint8(200), np.zeros((*SHAPE, 2), np.uint8)])
    assert np.array_equal(read_mask(array(tmp_path / "m.npy", colours), SHAPE).pixels, LESION)


def test_what_is_negative_is_not_marked(tmp_path: Path) -> None:
    labels = LESION.astype(np.int16)
    labels[:5] = -1
    read = read_mask(array(tmp_path / "m.npy", labels), SHAPE)
    assert np.array_equal(read.pixels, LESION)
    assert read.notes == ("Negative values of the mask file count as not marked.",)


def test_the_array_of_an_npz_is_found_by_its_name(tmp_path: Path) -> None:
    grey = np.arange(60 * 80).reshape(SHAPE)
    np.savez(tmp_path / "m.npz", image=grey, mask=LESION)
    read = read_mask(tmp_path / "m.npz", SHAPE)
    assert np.array_equal(read.pixels, LESION)
    assert read.notes == ('The mask file has 2 arrays; the one named "mask" was used.',)
    np.savez(tmp_path / "m.npz", image=grey, other=LESION)
    with pytest.raises(UserError, match=r"2 arrays \(image, other\)"):
        read_mask(tmp_path / "m.npz", SHAPE)


@pytest.mark.parametrize(
    "values",
    [
        np.array(["a", "b"]),
        LESION.astype(complex),
        np.zeros((0, 5)),
        np.zeros(60),
        np.array([{"a": 1}, None], dtype=object),
    ],
)
def test_arrays_that_are_no_masks_are_refused(tmp_path: Path, values: np.ndarray) -> None:
    np.save(tmp_path / "m.npy", values, allow_pickle=True)
    with pytest.raises(UserError) as caught:
        read_mask(tmp_path / "m.npy", SHAPE)
    assert caught.value.hint


@pytest.mark.parametrize("name", ["m.nii", "m.nii.gz", "m.npy", "m.npz"])
@pytest.mark.parametrize("share", [0.01, 0.3, 0.6, 0.95])
def test_a_file_cut_short_is_refused_without_a_word_on_the_terminal(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], name: str, share: float
) -> None:
    write_mask(tmp_path / name, LESION)
    whole = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(whole[: max(int(len(whole) * share), 4)])
    with pytest.raises(UserError) as caught:
        read_mask(tmp_path / name, SHAPE)
    assert caught.value.hint
    assert capfd.readouterr() == ("", "")


def test_a_header_that_claims_more_than_the_file_holds_reserves_nothing(tmp_path: Path) -> None:
    write_mask(tmp_path / "m.nii", LESION)
    data = bytearray((tmp_path / "m.nii").read_bytes())
    struct.pack_into("<8h", data, 40, 3, 32000, 32000, 32000, 1, 1, 1, 1)
    (tmp_path / "m.nii").write_bytes(data)
    with pytest.raises(UserError, match="damaged"):
        read_mask(tmp_path / "m.nii", SHAPE)


def test_what_is_packed_must_be_a_nifti_image(tmp_path: Path) -> None:
    (tmp_path / "m.nii.gz").write_bytes(gzip.compress(b"not an image at all" * 100))
    with pytest.raises(UserError, match="does not contain a NIfTI image"):
        read_mask(tmp_path / "m.nii.gz", SHAPE)


def test_another_size_is_refused_or_resized(tmp_path: Path) -> None:
    for name in ("m.nii.gz", "m.npy"):
        write_mask(tmp_path / name, LESION)
        with pytest.raises(MaskSizeMismatch):
            read_mask(tmp_path / name, (120, 160))
        read = read_mask(tmp_path / name, (120, 160), resize=True)
        assert np.array_equal(read.pixels, np.kron(LESION, np.ones((2, 2), bool)))
        assert "resized from 80 x 60" in read.notes[0]
        assert np.array_equal(read_mask(tmp_path / name, None).pixels, LESION)


def test_nifti_holds_the_scale_of_the_mask_and_else_the_shape_of_its_pixels(tmp_path: Path) -> None:
    region = Region("region 1", Area(0, 0, 20, 20), Spacing(0.2, 0.1, "region 1"))
    scale = Scale(pixels_only("outside region 1", 2.0), (region,))
    told = []
    for name, columns in (("inside", slice(5, 10)), ("outside", slice(25, 30))):
        mask = np.zeros((20, 40), bool)
        mask[5:10, columns] = True
        file = tmp_path / f"{name}.nii"
        write_mask(file, mask, scale)
        header = nibabel.load(file).header
        told.append((header.get_zooms()[:2], header.get_xyzt_units()[0]))
    assert told[0] == (pytest.approx((0.1, 0.2)), "mm")
    assert told[1] == (pytest.approx((1.0, 2.0)), "unknown")
