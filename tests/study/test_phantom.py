"""The demo study: the same every time, what its names say by its echoes, and files that open everywhere."""

import errno
import os
import re
import resource
import shutil
import subprocess
from itertools import pairwise

import cv2
import numpy as np
import pydicom
import pytest

from csamoe_desktop.errors import UserError
from csamoe_desktop.study.opening import inspect, open_study
from csamoe_desktop.study.phantom import make_cine, make_phantom, write_demo_study

SMALL = (240, 280)


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    return write_demo_study(tmp_path_factory.mktemp("demo"))


@pytest.fixture(scope="module")
def phantoms():
    return {kind: make_phantom(kind) for kind in ("smooth", "spiculated")}


def behind(phantom, millimetres=4.0):
    """Mean grey of a strip right behind the lesion and of strips at the same depth on either side."""
    rows, columns = np.nonzero(phantom.mask)
    reach = int(millimetres / phantom.spacing_mm[0])
    strip = phantom.pixels[rows.max() + 6 : rows.max() + 6 + reach]
    middle, half = int(columns.mean()), int((columns.max() - columns.min()) / 5)
    sides = np.hstack([strip[:, : columns.min() - 20], strip[:, columns.max() + 20 :]])
    return strip[:, middle - half : middle + half].mean(), sides.mean()


@pytest.mark.parametrize("kind", ["smooth", "spiculated"])
def test_a_phantom_is_the_same_every_time_and_another_with_another_seed(kind):
    one, again, other = make_phantom(kind, 3, SMALL), make_phantom(kind, 3, SMALL), make_phantom(kind, 4, SMALL)
    assert np.array_equal(one.pixels, again.pixels)
    assert np.array_equal(one.mask, again.mask)
    assert (one.pixels != other.pixels).mean() > 0.8


@pytest.mark.parametrize("kind", ["smooth", "spiculated"])
def test_a_phantom_has_the_size_asked_for_and_a_depth_of_36_mm(kind):
    phantom = make_phantom(kind, shape=SMALL)
    assert phantom.pixels.shape == phantom.mask.shape == SMALL
    assert (phantom.pixels.dtype, phantom.mask.dtype) == (np.uint8, bool)
    assert phantom.spacing_mm == pytest.approx((0.15, 0.15))


def test_a_phantom_has_the_greys_of_an_ultrasound_image(phantoms):
    for phantom in phantoms.values():
        dark, middle, bright = np.percentile(phantom.pixels, [1, 50, 99])
        assert dark < 40
        assert 60 < middle < 125
        assert bright > 180
        assert (phantom.pixels == 255).mean() < 0.02


def test_the_lesions_are_darker_than_the_tissue_around(phantoms):
    for phantom in phantoms.values():
        around = cv2.dilate(phantom.mask.astype(np.uint8), np.ones((61, 61))).astype(bool) & ~phantom.mask
        assert phantom.pixels[phantom.mask].mean() < phantom.pixels[around].mean() - 25


def test_the_smooth_lesion_is_wide_even_and_enhances(phantoms):
    phantom = phantoms["smooth"]
    rows, columns = np.nonzero(phantom.mask)
    assert np.ptp(columns) > 1.4 * np.ptp(rows)
    assert solidity(phantom.mask) > 0.97
    below, beside = behind(phantom)
    assert below > beside + 5


def test_the_spiculated_lesion_is_tall_jagged_and_shadows(phantoms):
    phantom = phantoms["spiculated"]
    rows, columns = np.nonzero(phantom.mask)
    assert np.ptp(rows) > 1.1 * np.ptp(columns)
    assert solidity(phantom.mask) < 0.85
    below, beside = behind(phantom)
    assert below < beside - 25


def solidity(mask):
    contours, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    assert len(contours) == 1
    return cv2.contourArea(contours[0]) / cv2.contourArea(cv2.convexHull(contours[0]))


def test_the_speckle_is_fully_developed(phantoms):
    # Compounded fully developed speckle of decibels: a spread of a few decibels, whatever the mean.
    phantom = phantoms["smooth"]
    inner = cv2.erode(phantom.mask.astype(np.uint8), np.ones((31, 31))).astype(bool)
    assert 8 < phantom.pixels[inner].std() < 30


def test_in_a_cine_the_tissue_moves_and_comes_back():
    frames = make_cine("spiculated", shape=SMALL, frames=4)
    centres = [np.nonzero(frame.mask)[1].mean() for frame in frames]
    assert centres[1] < centres[0] - 3
    assert centres[3] > centres[0] + 3
    assert centres[2] == pytest.approx(centres[0], abs=1.5)
    assert all((one.pixels != other.pixels).mean() > 0.3 for one, other in pairwise(frames))


def test_every_file_of_the_demo_opens(demo):
    for path in demo.paths:
        assert inspect(path).status == "ok", inspect(path)
    assert {path.name for path in demo.paths} == {
        "smooth.dcm",
        "spiculated.dcm",
        "cine.dcm",
        "smooth.png",
        "smooth_mask.png",
        "spiculated.png",
        "spiculated_mask.png",
    }
    assert sum(path.stat().st_size for path in demo.paths) < 4e6


def test_the_demo_images_are_the_phantoms(demo, phantoms):
    for kind, dicom, picture, mask in (
        ("smooth", demo.smooth, demo.smooth_png, demo.smooth_mask),
        ("spiculated", demo.spiculated, demo.spiculated_png, demo.spiculated_mask),
    ):
        assert np.array_equal(open_study(dicom).frame(0).pixels, phantoms[kind].pixels)
        assert np.array_equal(open_study(picture).frame(0).pixels, phantoms[kind].pixels)
        assert np.array_equal(open_study(mask).frame(0).pixels, phantoms[kind].mask.astype(np.uint8) * 255)


def test_the_demo_dicom_says_plainly_that_it_is_nobody(demo):
    study = open_study(demo.spiculated)
    assert study.kind == "DICOM Ultrasound Image"
    assert (study.facts.patient_name, study.facts.patient_id) == ("Phantom, Spiculated", "PHANTOM-2")
    assert study.facts.study_description == "Synthetic breast ultrasound, no patient"
    assert study.facts.laterality == "left"
    assert study.notes == ()
    assert study.spacing is not None
    assert (study.spacing.row, study.spacing.column) == pytest.approx((0.075, 0.075))
    assert study.spacing.source == "region 1"


def test_the_demo_cine_plays(demo):
    study = open_study(demo.cine)
    assert study.kind == "DICOM Ultrasound Multi-frame Image"
    assert study.frame_count == 12
    assert study.frame_seconds == pytest.approx(0.066)
    assert study.spacing is not None
    assert study.spacing.row == pytest.approx(0.1)
    assert not np.array_equal(study.frame(0).pixels, study.frame(3).pixels)
    # The cine is of the same patient's study as the still image.
    assert study.facts.study_uid == open_study(demo.spiculated).facts.study_uid


def test_the_identifiers_are_valid_and_all_different(demo):
    files = [pydicom.dcmread(path) for path in (demo.smooth, demo.spiculated, demo.cine)]
    instances = {file.SOPInstanceUID for file in files}
    assert len(instances) == 3
    assert len({file.SeriesInstanceUID for file in files}) == 3
    assert all(uid.is_valid and re.fullmatch(r"2\.25\.\d{1,39}", uid) for uid in instances)


def test_the_demo_is_written_the_same_every_time(demo, tmp_path):
    again = write_demo_study(tmp_path / "again")
    assert [path.read_bytes() for path in demo.paths] == [path.read_bytes() for path in again.paths]


@pytest.mark.skipif(shutil.which("dciodvfy") is None, reason="dicom3tools is not installed")
def test_the_demo_dicom_is_valid_by_dciodvfy(demo):
    for path in (demo.smooth, demo.spiculated, demo.cine):
        said = subprocess.run(["dciodvfy", str(path)], capture_output=True, text=True, check=True)
        assert not re.search("^(Error|Warning)", said.stdout + said.stderr, re.MULTILINE), said.stderr


def test_a_folder_that_cannot_be_written_is_said(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(UserError, match="could not be written"):
        write_demo_study(tmp_path / "file" / "demo")


@pytest.mark.parametrize("limit", [10_000, 300_000])
def test_on_a_full_disk_the_demo_is_refused_in_one_line(tmp_path, limit):
    # The first file does not fit, or only the cine.
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
    try:
        with pytest.raises(UserError) as caught:
            write_demo_study(tmp_path / "demo")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert caught.value.message.endswith(f".dcm could not be written: {os.strerror(errno.EFBIG)}.")
    assert {path.name for path in (tmp_path / "demo").iterdir()} <= {"smooth.dcm", "spiculated.dcm"}
