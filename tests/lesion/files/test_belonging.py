"""An outline is taken for the image it was drawn on: never another image's, another frame's, or one that lies otherwise."""

import gzip
import json
import unicodedata
from pathlib import Path
from typing import Any

import cv2
import nibabel
import numpy as np
import pytest
from PIL import Image

from csamoe_desktop.errors import UserError
from csamoe_desktop.lesion.files.belonging import MaskOfAnotherImage
from csamoe_desktop.lesion.files.formats import MaskSizeMismatch, is_mask_file, read_mask, write_mask
from csamoe_desktop.lesion.files.planes import FramePlace

SHAPE = (60, 80)
LESION = cv2.ellipse(np.zeros(SHAPE, np.uint8), (44, 28), (18, 10), 12, 0, 360, 1, -1).astype(bool)
SQUARE = [[10.0, 20.0], [30.0, 20.0], [30.0, 40.0], [10.0, 40.0]]
INSIDE = np.zeros(SHAPE, bool)
INSIDE[20:40, 10:30] = True
NOT_UTF8 = b"M\xfcller.png".decode("utf-8", "surrogateescape")


def labelme(path: Path, name: Any, encoding: str = "utf-8", label: str = "lesion") -> Path:
    told = {"version": "5.5.0", "shapes": [{"label": label, "points": SQUARE, "shape_type": "polygon"}]}
    told |= {"imagePath": name, "imageHeight": SHAPE[0], "imageWidth": SHAPE[1]}
    path.write_bytes(json.dumps(told, ensure_ascii=False).encode(encoding))
    return path


def coco(path: Path, *names: str, outlined: tuple[int, ...] = (0,), shape: tuple[int, int] = SHAPE) -> Path:
    images = [{"id": n, "file_name": name, "height": shape[0], "width": shape[1]} for n, name in enumerate(names)]
    line = [value for point in SQUARE for value in point]
    objects = [
        {"id": n, "image_id": n, "category_id": 1, "segmentation": [[value + n for value in line]]} for n in outlined
    ]
    path.write_text(json.dumps({"images": images, "annotations": objects}), encoding="utf-8")
    return path


ALIKE = [
    ("b.png", "b.png"),
    ("B.PNG", "b.png"),
    ("b.dcm", "b.png"),
    ("b", "b.png"),
    ("b.png.dcm", "b.png"),
    ("..\\images\\b.jpg", "b.png"),
    ("/home/x/images/b.png", "b.dcm"),
    ("1.2.840.5", "1.2.840.5"),
    ("1.2.840.5.png", "1.2.840.5"),
    ("Bru\u0308ste.png", "Br\u00fcste.png"),
    (unicodedata.normalize("NFD", "유방.png"), "유방.png"),
    (NOT_UTF8, NOT_UTF8),
]
APART = [
    ("a.png", "b.png"),
    ("b/a.png", "b.png"),
    ("1.2.840.4", "1.2.840.5"),
    ("1.2.840.4.png", "1.2.840.5.png"),
    ("b2.png", "b.png"),
    ("b.png", "bb.png"),
    ("b-mask.png", "b.png"),
    ("a\nb.png", "b.png"),
    ("\u202eb.png", "b.png"),
    (".png", ".dcm"),
]


@pytest.mark.parametrize("make", [labelme, coco])
@pytest.mark.parametrize(("named", "image"), ALIKE)
def test_an_outline_of_this_image_is_taken_without_a_word(tmp_path: Path, make: Any, named: str, image: str) -> None:
    if named == NOT_UTF8:
        write_mask(tmp_path / "m.json", INSIDE, image=named)
    else:
        make(tmp_path / "m.json", named)
    read = read_mask(tmp_path / "m.json", SHAPE, image=image)
    assert np.array_equal(read.pixels, INSIDE)
    assert read.notes == ()


@pytest.mark.parametrize("make", [labelme, coco])
@pytest.mark.parametrize(("named", "image"), APART)
def test_an_outline_of_another_image_is_refused_in_words_or_taken_by_wish(
    tmp_path: Path, make: Any, named: str, image: str
) -> None:
    make(tmp_path / "m.json", named)
    with pytest.raises(MaskOfAnotherImage) as caught:
        read_mask(tmp_path / "m.json", SHAPE, image=image)
    assert "The outlines in m.json are of " in caught.value.message
    assert f", not of {image}." in caught.value.message
    assert "\n" not in caught.value.message
    assert caught.value.hint
    read = read_mask(tmp_path / "m.json", SHAPE, image=image, another=True)
    assert np.array_equal(read.pixels, INSIDE)
    assert "drawn on another image" in read.notes[0]


@pytest.mark.parametrize("named", ["", None, 7, [], "images/"])
def test_a_file_that_names_no_image_is_taken(tmp_path: Path, named: Any) -> None:
    assert read_mask(labelme(tmp_path / "m.json", named), SHAPE, image="b.png").pixels.sum() == 400


def test_the_name_is_looked_at_before_the_size(tmp_path: Path) -> None:
    with pytest.raises(MaskOfAnotherImage):
        read_mask(labelme(tmp_path / "m.json", "a.png"), (30, 40), image="b.png")
    with pytest.raises(MaskOfAnotherImage):
        read_mask(labelme(tmp_path / "m.json", "a.png"), (30, 40), image="b.png", resize=True)
    with pytest.raises(MaskSizeMismatch):
        read_mask(tmp_path / "m.json", (30, 40), image="b.png", another=True)


def test_a_coco_file_of_a_that_lists_b_is_refused_for_b(tmp_path: Path) -> None:
    path = coco(tmp_path / "m.json", "02-a.png", "02-b.png")
    with pytest.raises(MaskOfAnotherImage, match=r"The outlines in m\.json are of 02-a\.png, not of 02-b\.png"):
        read_mask(path, SHAPE, image="02-b.png")
    assert read_mask(path, SHAPE, image="02-a.png").notes == ()


def test_of_several_images_that_of_the_name_is_taken_and_never_one_by_its_size(tmp_path: Path) -> None:
    path = coco(tmp_path / "m.json", "a.png", "b.png", "b.tif", outlined=(0, 1, 2))
    for place, image in enumerate(("a.png", "b.png", "B.TIF")):
        read = read_mask(path, SHAPE, image=image)
        assert np.array_equal(read.pixels, np.roll(INSIDE, (place, place), (0, 1)))
        assert "outlines of 3 images; those of" in read.notes[0]
    for image in ("c.png", "b.dcm"):
        with pytest.raises(UserError, match="this image cannot be identified"):
            read_mask(path, SHAPE, image=image)
        with pytest.raises(UserError, match="this image cannot be identified"):
            read_mask(path, SHAPE, image=image, another=True)
    one = coco(tmp_path / "one.json", "a.png", "b.png", outlined=(1,))
    assert read_mask(one, SHAPE, image="b.png").notes == ()


ENCODINGS = [
    ("gbk", "肿块", "乳腺.png"),
    ("gb18030", "㐀肿块", "乳腺.png"),
    ("cp932", "腫瘤", "乳房ソ表.png"),
    ("euc_kr", "종괴", "유방.png"),
    ("cp1252", "Tumör", "Brüste.png"),
    ("cp1251", "опухоль", "снимок.png"),
    ("big5", "腫塊", "乳房.png"),
    ("utf-16", "肿块", "乳腺.png"),
    ("utf-16-le", "肿块", "乳腺.png"),
    ("utf-16-be", "肿块", "乳腺.png"),
    ("utf-32", "肿块", "乳腺.png"),
    ("utf-8-sig", "肿块", "乳腺.png"),
]


@pytest.mark.parametrize(("encoding", "label", "image"), ENCODINGS)
def test_labelme_in_any_encoding_is_read_and_knows_its_image(
    tmp_path: Path, encoding: str, label: str, image: str
) -> None:
    path = labelme(tmp_path / "m.json", image, encoding, label)
    assert is_mask_file(path)
    read = read_mask(path, SHAPE, image=image)
    assert np.array_equal(read.pixels, INSIDE)
    assert all("not in UTF-8" in note for note in read.notes)
    assert bool(read.notes) is not encoding.startswith("utf")
    with pytest.raises(MaskOfAnotherImage):
        read_mask(path, SHAPE, image="b.png")


def test_a_name_on_the_disk_in_the_files_own_code_page_is_the_same(tmp_path: Path) -> None:
    path = labelme(tmp_path / "m.json", "乳腺.png", "gbk")
    on_disk = "乳腺.png".encode("gbk").decode("utf-8", "surrogateescape")
    assert np.array_equal(read_mask(path, SHAPE, image=on_disk).pixels, INSIDE)


@pytest.mark.parametrize(
    "data", [b"{\xff", b"\xff\xfe{", b"[\x81", b"{\x00\xff\xff\xff", b"\xfe\xff\x00", b"{\xd8\xd8"]
)
def test_what_is_json_in_no_encoding_is_refused(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "m.json").write_bytes(data)
    with pytest.raises(UserError) as caught:
        read_mask(tmp_path / "m.json", SHAPE)
    assert caught.value.hint
    assert not is_mask_file(tmp_path / "m.json")


@pytest.mark.parametrize("kind", [".png", ".jpg", ".tif", ".bmp"])
@pytest.mark.parametrize(
    ("ink", "paper"),
    [
        ((255, 0, 0), (255, 255, 255)),
        ((0, 0, 255), (255, 255, 255)),
        ((255, 255, 0), (255, 255, 255)),
        ((255, 0, 0), (0, 0, 0)),
        ((0, 0, 255), (0, 0, 0)),
        ((255, 0, 255), (0, 255, 255)),
        ((255, 255, 255), (0, 0, 200)),
        ((0, 0, 0), (200, 230, 255)),
    ],
)
def test_coloured_paint_on_any_paper(
    tmp_path: Path, kind: str, ink: tuple[int, int, int], paper: tuple[int, int, int]
) -> None:
    big = np.kron(LESION, np.ones((4, 4), bool))
    Image.fromarray(np.where(big[..., None], ink, paper).astype(np.uint8)).save(tmp_path / f"m{kind}", quality=95)
    read = read_mask(tmp_path / f"m{kind}", big.shape)
    assert (read.pixels != big).sum() <= (0.03 * big.sum() if kind == ".jpg" else 0)
    assert is_mask_file(tmp_path / f"m{kind}")


def test_two_colours_on_white_are_two_labels(tmp_path: Path) -> None:
    paper = np.full((*SHAPE, 3), 255, np.uint8)
    paper[5:20, 5:20], paper[30:50, 40:70] = (255, 0, 0), (0, 0, 255)
    Image.fromarray(paper).save(tmp_path / "m.png")
    read = read_mask(tmp_path / "m.png", SHAPE)
    assert read.pixels.sum() == 15 * 15 + 20 * 30
    assert read.notes == ("The mask file has 2 labels; they were merged into one lesion.",)


def test_a_packed_file_of_several_members_is_read_to_its_end(tmp_path: Path) -> None:
    write_mask(tmp_path / "m.nii", LESION)
    data = (tmp_path / "m.nii").read_bytes()
    for cut in (1, 100, 352, 2000, len(data)):
        for behind in (b"", b"\0" * 512, b"trailing"):
            (tmp_path / "m.nii.gz").write_bytes(gzip.compress(data[:cut]) + gzip.compress(data[cut:]) + behind)
            assert np.array_equal(read_mask(tmp_path / "m.nii.gz", SHAPE).pixels, LESION)
    (tmp_path / "m.nii.gz").write_bytes(gzip.compress(data[:100]) + gzip.compress(data[100:])[:-9])
    with pytest.raises(UserError, match="damaged"):
        read_mask(tmp_path / "m.nii.gz", SHAPE)


def stack(path: Path, *masks: np.ndarray) -> Path:
    if path.suffix == ".tif":
        first, *others = (Image.fromarray(mask.astype(np.uint8) * 255) for mask in masks)
        first.save(path, save_all=True, append_images=others)
    elif path.suffix == ".npy":
        np.save(path, np.stack(masks))
    else:
        affine = np.diag([-1.0, -1.0, 1.0, 1.0])
        nibabel.save(nibabel.Nifti1Image(np.stack([mask.T for mask in masks], 2).astype(np.uint8), affine), path)
    return path


@pytest.mark.parametrize("name", ["m.tif", "m.npy", "m.nii"])
def test_a_stack_has_a_mask_for_each_frame_of_its_cine_and_for_no_other(tmp_path: Path, name: str) -> None:
    none = np.zeros(SHAPE, bool)
    path = stack(tmp_path / name, LESION, none, INSIDE)
    for index, mask in ((0, LESION), (2, INSIDE)):
        read = read_mask(path, SHAPE, frame=FramePlace(index, 3))
        assert np.array_equal(read.pixels, mask)
        assert f"number {index + 1}, this frame's, was used" in read.notes[0]
    with pytest.raises(UserError, match="marks nothing on (page|plane) 2, which belongs to this frame"):
        read_mask(path, SHAPE, frame=FramePlace(1, 3))
    many = stack(tmp_path / f"many-{name}", *[LESION] * 120)
    assert np.array_equal(read_mask(many, SHAPE, frame=FramePlace(70, 120)).pixels, LESION)
    with pytest.raises(UserError, match="has 120 (pages|planes); the (page|plane) of this image"):
        read_mask(many, SHAPE)
    with pytest.raises(UserError, match="3 (pages|planes) but the image has 8 frames"):
        read_mask(path, SHAPE, frame=FramePlace(0, 8))
    for place in (None, FramePlace(0, 1)):
        with pytest.raises(UserError, match="marks something on 2 of its 3"):
            read_mask(path, SHAPE, frame=place)
    one = stack(tmp_path / name, none, INSIDE, none)
    assert np.array_equal(read_mask(one, SHAPE, frame=FramePlace(0, 1)).pixels, INSIDE)
    with pytest.raises(UserError, match="marks nothing on"):
        read_mask(one, SHAPE, frame=FramePlace(0, 3))


def oriented(path: Path, upright: np.ndarray, codes: str, spacing: float = 0.2) -> Path:
    """Write a mask, seen upright, stored with its axes towards `codes`, such as "LPS", which is as ITK writes it."""
    from nibabel.orientations import axcodes2ornt, inv_ornt_aff, ornt_transform

    data, affine = upright.T[..., None].astype(np.uint8), np.diag([-spacing, -spacing, 1.0, 1.0])
    turn = ornt_transform(axcodes2ornt("LPS"), axcodes2ornt(codes))
    moved = nibabel.apply_orientation(data, turn)
    nibabel.save(nibabel.Nifti1Image(moved, affine @ inv_ornt_aff(turn, data.shape)), path)
    return path


@pytest.mark.parametrize("codes", ["LPS", "RPS", "LAS", "RAS", "PLS", "ALS", "PRS", "ARS", "LPI", "RAI"])
@pytest.mark.parametrize("square", [False, True])
def test_the_orientation_of_a_nifti_image_is_honoured(tmp_path: Path, codes: str, square: bool) -> None:
    mask = np.zeros((60, 60) if square else SHAPE, bool)
    mask[4:20, 3:30] = True
    mask[40:44, 50:52] = True
    read = read_mask(oriented(tmp_path / "m.nii.gz", mask, codes), mask.shape)
    assert np.array_equal(read.pixels, mask)
    reoriented = (
        "The outline was reoriented (rotated or mirrored) according to the mask file's orientation. "
        "Check that it is on the lesion."
    )
    assert read.notes == (() if codes[:2] == "LP" else (reoriented,))


@pytest.mark.parametrize("degrees", [20, 45, 70, -30])
def test_a_nifti_image_at_an_angle_or_across_is_refused(tmp_path: Path, degrees: float) -> None:
    turn = np.deg2rad(degrees)
    affine = np.diag([-0.2, -0.2, 1.0, 1.0])
    affine[:2, :2] = affine[:2, :2] @ [[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]]
    across = np.array([[-0.2, 0, 0, 0], [0, 0, 1, 0], [0, -0.2, 0, 0], [0, 0, 0, 1.0]])
    for matrix in (affine, across):
        nibabel.save(nibabel.Nifti1Image(LESION.T.astype(np.uint8), matrix), tmp_path / "m.nii")
        with pytest.raises(UserError, match="is not in the plane of the image"):
            read_mask(tmp_path / "m.nii", SHAPE)


def test_a_nifti_image_without_an_orientation_is_taken_as_it_is_stored(tmp_path: Path) -> None:
    nibabel.save(nibabel.Nifti1Image(LESION.T.astype(np.uint8), None), tmp_path / "m.nii")
    read = read_mask(tmp_path / "m.nii", SHAPE)
    assert np.array_equal(read.pixels, LESION)
    assert "Check that the outline is on the lesion" in read.notes[0]


def test_a_picture_is_no_mask_that_may_be_replaced(tmp_path: Path) -> None:
    speckle = np.random.default_rng(0).rayleigh(20, (300, 400)).clip(0, 255).astype(np.uint8)
    speckle[:, :150] = 0
    dark = speckle // 8
    colour = np.dstack([speckle] * 3)
    colour[:20, :20] = (255, 0, 0)
    for name, picture in (("a", speckle), ("b", dark), ("c", colour), ("d", np.dstack([speckle] * 3))):
        Image.fromarray(picture).save(tmp_path / f"{name}.png")
        assert not is_mask_file(tmp_path / f"{name}.png"), name
    soft = cv2.GaussianBlur(np.kron(LESION, np.ones((6, 6), bool)).astype(np.uint8) * 255, (0, 0), 1.0)
    for name, mask in (("e.png", soft), ("f.jpg", soft), ("g.png", LESION.astype(np.uint8)), ("h.png", ~LESION)):
        Image.fromarray(mask.astype(np.uint8) * (255 if mask.dtype == bool else 1)).save(tmp_path / name)
        assert is_mask_file(tmp_path / name), name
    (tmp_path / "x.json").write_text('{"patient": "Meyer"}')
    (tmp_path / "y.dcm").write_bytes(bytes(128) + b"DICM" + bytes(50))
    assert not is_mask_file(tmp_path / "x.json")
    assert not is_mask_file(tmp_path / "y.dcm")
    assert not is_mask_file(tmp_path / "none.png")
