"""Whatever is given is opened by its content, or refused with what it is."""

import json
import os
from pathlib import Path

import cv2
import numpy as np
import pydicom
import pytest
from pydicom.data import get_testdata_file

from csamoe_desktop.errors import UserError
from csamoe_desktop.study import folder
from csamoe_desktop.study.folder import files_in, images_in
from csamoe_desktop.study.opening import Inspection, inspect, open_study

KEYS = ["path", "status", "reason", "kind", "frames", "rows", "columns", "spacing_mm", "scale"]


def grey(rows: int = 12, columns: int = 16) -> np.ndarray:
    return np.arange(rows * columns, dtype=np.uint8).reshape(rows, columns)


def png(path: Path, pixels: np.ndarray | None = None) -> Path:
    path.write_bytes(cv2.imencode(".png", grey() if pixels is None else pixels)[1].tobytes())
    return path


def refused(path: Path) -> UserError:
    with pytest.raises(UserError) as caught:
        open_study(path)
    assert caught.value.hint
    return caught.value


def test_content_decides_for_pictures_and_dicom(tmp_path, make_dicom):
    assert open_study(png(tmp_path / "image.dcm")).kind == "PNG image"
    assert open_study(make_dicom(grey(), name="image.png")).kind == "DICOM Ultrasound Image"
    assert open_study(make_dicom(grey(), name="IM0001")).kind == "DICOM Ultrasound Image"


def test_a_dicom_file_that_is_also_a_tiff_is_dicom(make_dicom):
    path = make_dicom(grey())
    data = path.read_bytes()
    path.write_bytes(b"II*\0" + data[4:])
    assert open_study(path).kind == "DICOM Ultrasound Image"
    found = get_testdata_file("CT_small.dcm", download=False)
    assert isinstance(found, str)
    assert open_study(Path(found)).kind == "DICOM CT Image"


def test_a_dicom_without_preamble_opens(tmp_path, make_dicom):
    dataset = pydicom.dcmread(make_dicom(grey()))
    dataset.preamble = None
    dataset.file_meta = pydicom.dataset.FileMetaDataset()
    dataset.save_as(tmp_path / "bare", implicit_vr=True, little_endian=True, enforce_file_format=False)
    assert np.array_equal(open_study(tmp_path / "bare").frame(0).pixels, grey())


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"%PDF-1.7 ...", "a PDF document"),
        (b"GIF89a" + b"\0" * 20, "a GIF image"),
        (b"RIFF\x10\0\0\0WEBPVP8 ", "a WebP image"),
        (b"\0\0\0\x18ftypheic\0\0\0\0", "a HEIC"),
        (b"\0\0\0\x18ftypisom\0\0\0\0", "an MP4"),
        (b"PK\x03\x04" + b"\0" * 40, "a ZIP archive"),
        (b"\x1f\x8b\x08" + b"\0" * 40, "a compressed archive"),
        (b"<!DOCTYPE html><html>", "a web page"),
        (b"Dear colleague,\n thank you.", "a text file"),
        (("ä" * 400).encode(), "a text file"),
        (b"\x93\x01\xff\x00" * 50, "a file of an unknown kind"),
    ],
)
def test_other_files_are_refused_by_what_they_are(tmp_path, content, said):
    path = tmp_path / "image.dcm"
    path.write_bytes(content)
    problem = refused(path)
    assert said in problem.message
    assert "DICOM" in problem.hint


def test_folders_missing_and_empty_files_are_refused(tmp_path):
    assert "is a folder" in refused(tmp_path).message
    assert "no file" in refused(tmp_path / "gone.dcm").message
    (tmp_path / "empty.dcm").write_bytes(b"")
    assert "0 bytes" in refused(tmp_path / "empty.dcm").message
    assert "could not be read" in refused(Path("a\0b")).message


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_refused(tmp_path):
    path = png(tmp_path / "image.png")
    path.chmod(0)
    assert "could not be read" in refused(path).message


def test_an_inspection_says_what_a_dicom_is(make_dicom):
    path = make_dicom(np.zeros((3, 180, 240), np.uint8), frames=3, PixelSpacing=[0.07, 0.08])
    found = inspect(path)
    assert found.to_dict() == {
        "path": str(path),
        "status": "ok",
        "reason": "",
        "kind": "DICOM Ultrasound Image",
        "frames": 3,
        "rows": 180,
        "columns": 240,
        "spacing_mm": [0.07, 0.08],
        "scale": "0.08 × 0.07 mm/px from the file's pixel spacing",
    }
    assert list(json.loads(json.dumps(found.to_dict()))) == KEYS
    assert found.line() == f"ok      {path}: DICOM Ultrasound Image, 3 frames of 240 x 180 pixels, 0.08 x 0.07 mm/px"


def test_an_inspection_says_what_a_picture_is(tmp_path):
    found = inspect(png(tmp_path / "a.png"))
    assert found == Inspection(
        path=str(tmp_path / "a.png"),
        status="ok",
        kind="PNG image",
        frames=1,
        rows=12,
        columns=16,
        scale="no millimetres: the image is not calibrated",
    )
    assert found.line().endswith("PNG image, 1 frame of 16 x 12 pixels, no scale")


def test_an_inspection_says_why_a_file_is_refused(tmp_path):
    (tmp_path / "a.txt").write_text("nothing")
    found = inspect(tmp_path / "a.txt")
    assert list(found.to_dict()) == KEYS
    assert (found.status, found.frames, found.spacing_mm) == ("refused", 0, None)
    assert "a text file" in found.reason
    assert found.line() == f"refused {tmp_path / 'a.txt'}: {found.reason}"


def test_an_inspection_really_decodes(make_dicom):
    path = make_dicom(grey(40, 60), syntax=pydicom.uid.RLELossless)
    assert inspect(path).status == "ok"
    path.write_bytes(path.read_bytes()[:-400])
    found = inspect(path)
    assert found.status == "refused"
    assert "cannot be decoded" in found.reason


@pytest.mark.parametrize("seed", range(8))
def test_an_inspection_of_noise_never_raises(tmp_path, seed):
    noise = np.random.default_rng(seed).integers(0, 256, 3000, np.uint8).tobytes()
    for start in (
        b"",
        b"\0" * 128 + b"DICM",
        b"\x89PNG\r\n\x1a\n",
        b"\xff\xd8\xff",
        b"BM",
        b"II*\0",
        b"\x08\0\x05\0CS",
    ):
        path = tmp_path / "noise"
        path.write_bytes(start + noise)
        assert inspect(path).status == "refused"


def test_the_files_of_a_folder_come_in_natural_order(tmp_path, make_dicom):
    for name in ("image 10.png", "image 2.png", "Image 1.png"):
        png(tmp_path / name)
    make_dicom(grey(), name="IM3")
    (tmp_path / "notes.txt").write_text("nothing")
    (tmp_path / "empty.png").write_bytes(b"")
    png(tmp_path / ".hidden.png")
    (tmp_path / "DICOMDIR").write_bytes((tmp_path / "IM3").read_bytes())
    (tmp_path / "folder.png").mkdir()
    found = [file.name for file in files_in(tmp_path)]
    assert found == ["DICOMDIR", "empty.png", "IM3", "Image 1.png", "image 2.png", "image 10.png", "notes.txt"]


def test_names_of_digits_and_of_letters_sort_together(tmp_path):
    for name in ("12", "a", "2b", "x٣"):
        png(tmp_path / name)
    assert [file.name for file in files_in(tmp_path)] == ["2b", "12", "a", "x٣"]


def test_a_folder_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(UserError, match="cannot be listed"):
        files_in(tmp_path / "gone")


# -- folders


def names(folder, **limits):
    found = images_in(folder, **limits)
    return [file.relative_to(folder).as_posix() for file in found.files]


def test_a_folder_gives_its_images_in_natural_order_and_counts_the_rest(tmp_path, make_dicom):
    (tmp_path / "study").mkdir()
    study = tmp_path / "study"
    for name in ("image 10.png", "image 2.png", ".hidden.png"):
        png(study / name)
    make_dicom(grey(), name="IM3").rename(study / "1.2.840.113619.2")
    (study / "scan").write_bytes(cv2.imencode(".tif", grey())[1].tobytes())
    (study / "notes.txt").write_text("nothing")
    (study / "empty.png").write_bytes(b"")
    for inside in ("b 10", "b 9", ".thumbs"):
        (study / inside).mkdir()
        png(study / inside / "inner.png")
    found = images_in(study)
    assert names(study) == [
        "1.2.840.113619.2", "image 2.png", "image 10.png", "scan", "b 9/inner.png", "b 10/inner.png",
    ]  # fmt: skip
    assert (found.others, found.masks, found.discs, found.cut) == (2, 0, 0, "")
    assert found.note(6) == "6 images of study are open; 2 files that are not images were skipped."
    assert found.note(1, 1) == "1 image of study is open; 3 files that are not images were skipped."


@pytest.mark.parametrize(
    "mask",
    ["IM3-mask.png", "IM3_mask.png", "im3_mask_1.png", "IM3-frame12-mask.tif", "IM3-frame2-lesion2-mask.png",
     "IM3-lesion2-mask.png"],
)  # fmt: skip
def test_the_mask_of_an_image_that_is_there_is_passed_over(tmp_path, mask):
    png(tmp_path / mask)
    assert names(tmp_path) == [mask], "there is no image it could belong to"
    png(tmp_path / "IM3.png")
    found = images_in(tmp_path)
    assert [file.name for file in found.files] == ["IM3.png"]
    assert found.masks == 1
    assert "the mask of 1 image was skipped" in found.note(1)


def test_a_mask_of_a_file_named_by_its_uid_is_known_too(tmp_path, make_dicom):
    make_dicom(grey(), name="1.2.840.5")
    png(tmp_path / "1.2.840.5-mask.png")
    assert names(tmp_path) == ["1.2.840.5"]


def test_an_image_whose_name_only_sounds_like_a_mask_is_opened(tmp_path):
    for name in ("mask.png", "a-mask.png", "facemask.png", "face.png"):
        png(tmp_path / name)
    assert names(tmp_path) == ["a-mask.png", "face.png", "facemask.png", "mask.png"]


def test_a_disc_s_table_of_contents_is_passed_over_in_words(tmp_path):
    found = get_testdata_file("DICOMDIR", download=False)
    assert isinstance(found, str)
    (tmp_path / "DICOMDIR").write_bytes(Path(found).read_bytes())
    png(tmp_path / "a.png")
    seen = images_in(tmp_path)
    assert [file.name for file in seen.files] == ["a.png"]
    assert (seen.discs, seen.others) == (1, 0)
    assert seen.note(1).endswith("the disc's table of contents (DICOMDIR) was skipped.")


def test_a_folder_without_an_image_is_refused(tmp_path):
    with pytest.raises(UserError, match="it is empty") as caught:
        images_in(tmp_path)
    assert "DICOM" in caught.value.hint
    (tmp_path / "a.txt").write_text("nothing")
    with pytest.raises(UserError, match=r"no image in the folder .* \(1 file searched\)"):
        images_in(tmp_path)
    with pytest.raises(UserError, match="cannot be listed"):
        images_in(tmp_path / "gone")


def test_what_is_too_much_or_too_deep_is_left_and_said(tmp_path, monkeypatch):
    deep = tmp_path.joinpath(*"abcdefghij")
    deep.mkdir(parents=True)
    png(tmp_path / "top.png")
    png(deep / "bottom.png")
    assert names(tmp_path) == ["top.png"]
    assert "more than 8 deep" in images_in(tmp_path).note(1)
    for number in range(4):
        png(tmp_path / f"{number}.png")
    monkeypatch.setattr(folder, "_MOST_IMAGES", 3)
    assert names(tmp_path) == ["0.png", "1.png", "2.png"]
    assert "Only the first 3 images were opened" in images_in(tmp_path).note(3)


def test_links_in_a_circle_end(tmp_path):
    png(tmp_path / "a.png")
    (tmp_path / "again").symlink_to(tmp_path, target_is_directory=True)
    assert names(tmp_path) == ["a.png"]


def test_looking_through_a_folder_can_be_stopped(tmp_path):
    def stop(share, words):
        raise InterruptedError

    png(tmp_path / "a.png")
    with pytest.raises(InterruptedError):
        images_in(tmp_path, stop)
