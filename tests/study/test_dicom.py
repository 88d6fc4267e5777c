"""DICOM files open with the right pixels, facts and sentences; what cannot be shown is refused with a reason."""

import io
import logging
import subprocess
import sys
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import pydicom
import pytest
from PIL import Image
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import (
    MPEG4HP41,
    ComprehensiveSRStorage,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGLSLossless,
    MediaStorageDirectoryStorage,
    RLELossless,
    SecondaryCaptureImageStorage,
    SegmentationStorage,
    UltrasoundMultiFrameImageStorage,
)

from csamoe_desktop.errors import UserError
from csamoe_desktop.study.dicom import looks_like_dicom, open_dicom
from csamoe_desktop.study.quiet import without_warnings

# A name as a scanner's file has it, of nobody.
NAME = "Phantom^Ada"


def ramp(rows: int = 40, columns: int = 60) -> np.ndarray:
    return (np.arange(rows * columns) % 251).astype(np.uint8).reshape(rows, columns)


def real(name: str) -> Path:
    """A file that comes with pydicom."""
    found = get_testdata_file(name, download=False)
    assert isinstance(found, str)
    return Path(found)


def bars(path: Path) -> list[tuple[int, ...]]:
    """The colours of the bars in pydicom's SC_rgb files, from the top."""
    pixels = open_dicom(path).frame(0).pixels
    return [tuple(int(value) for value in pixels[row, 50]) for row in range(5, 100, 10)]


BARS = [
    (255, 0, 0),
    (255, 128, 128),
    (0, 255, 0),
    (128, 255, 128),
    (0, 0, 255),
    (128, 128, 255),
    (0, 0, 0),
    (64, 64, 64),
    (192, 192, 192),
    (255, 255, 255),
]


def test_a_grey_image_is_shown_as_stored(make_dicom):
    study = open_dicom(make_dicom(ramp()))
    assert study.kind == "DICOM Ultrasound Image"
    assert (study.frame_count, study.rows, study.columns) == (1, 40, 60)
    assert study.frame_seconds is None
    assert study.notes == ()
    frame = study.frame(0)
    assert frame.pixels.dtype == np.uint8
    assert np.array_equal(frame.pixels, ramp())
    assert frame.pixels.flags.writeable


def test_a_frame_that_is_not_there_is_an_index_error(make_dicom):
    with pytest.raises(IndexError):
        open_dicom(make_dicom(ramp())).frame(1)


def test_the_kind_is_the_storage_class(make_dicom):
    assert open_dicom(make_dicom(ramp(), SOPClassUID=SecondaryCaptureImageStorage)).kind == (
        "DICOM Secondary Capture Image"
    )
    assert open_dicom(make_dicom(ramp(), SOPClassUID="1.2.3.4")).kind == "DICOM image"


def test_rgb_keeps_its_colours(make_dicom):
    pixels = np.zeros((8, 10, 3), np.uint8)
    pixels[:, :5] = (250, 40, 10)
    assert np.array_equal(open_dicom(make_dicom(pixels, "RGB")).frame(0).pixels, pixels)


def test_ybr_full_becomes_rgb_once(make_dicom):
    rgb = np.zeros((8, 10, 3), np.uint8)
    rgb[:4], rgb[4:] = (250, 40, 10), (20, 60, 240)
    # OpenCV's order is Y Cr Cb, DICOM's Y Cb Cr.
    ybr = np.ascontiguousarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2YCrCb)[..., [0, 2, 1]])
    shown = open_dicom(make_dicom(ybr, "YBR_FULL")).frame(0).pixels
    assert np.abs(shown.astype(int) - rgb).max() <= 3


@pytest.mark.parametrize(
    "name",
    [
        "SC_ybr_full_422_uncompressed.dcm",
        "SC_rgb_dcmtk_+eb+cy+np.dcm",  # JPEG baseline, YBR_FULL
        "SC_rgb_dcmtk_+eb+cy+s2.dcm",  # JPEG baseline, YBR_FULL_422, subsampled
        "SC_rgb_dcmtk_+eb+cr.dcm",  # JPEG baseline, RGB inside
        "SC_rgb_jpeg_dcmtk.dcm",
        "SC_rgb_gdcm_KY.dcm",  # JPEG 2000, YBR_RCT
        "SC_rgb_rle_16bit.dcm",
        "SC_rgb_rle_2frame.dcm",
    ],
)
def test_colours_of_real_compressed_files_come_out_right(name):
    shown = np.array(bars(real(name)))
    assert np.abs(shown - BARS).max() <= 5


@pytest.mark.parametrize("syntax", [RLELossless, JPEG2000Lossless, JPEGLSLossless])
def test_losslessly_compressed_files_open_as_they_were(make_dicom, syntax):
    assert np.array_equal(open_dicom(make_dicom(ramp(), syntax=syntax)).frame(0).pixels, ramp())


def test_grey_jpeg_baseline_opens(make_dicom):
    smooth = np.tile(np.linspace(10, 240, 64).astype(np.uint8), (48, 1))
    path = make_dicom(smooth)
    dataset = pydicom.dcmread(path)
    dataset.PixelData = encapsulate([cv2.imencode(".jpg", smooth, [cv2.IMWRITE_JPEG_QUALITY, 98])[1].tobytes()])
    dataset["PixelData"].is_undefined_length = True
    dataset.file_meta.TransferSyntaxUID = JPEGBaseline8Bit
    dataset.save_as(path)
    assert np.abs(open_dicom(path).frame(0).pixels.astype(int) - smooth).max() <= 4


def jpeg_of_stripes(kind: str) -> tuple[np.ndarray, bytes]:
    """Three colours, and a JPEG of them that says itself, or does not, what its components are."""
    stripes = np.repeat(np.repeat(np.array([[(250, 10, 20), (30, 240, 40), (50, 60, 230)]], np.uint8), 16, 1), 32, 0)
    stream = io.BytesIO()
    Image.fromarray(stripes).save(stream, "JPEG", quality=98, subsampling=0, keep_rgb=kind.startswith("RGB"))
    encoded = stream.getvalue()
    adobe = b"\xff\xee\x00\x0eAdobe\x00\x64\x00\x00\x00\x00"
    if kind == "YCbCr, Adobe":
        jfif = encoded[2 : 4 + int.from_bytes(encoded[4:6], "big")]
        assert jfif.startswith(b"\xff\xe0")
        encoded = encoded.replace(jfif, adobe + b"\1")
    elif kind == "RGB, by name":
        assert adobe + b"\0" in encoded
        encoded = encoded.replace(adobe + b"\0", b"")
    return stripes, encoded


@pytest.mark.parametrize(
    ("kind", "photometric"),
    [("YCbCr", "YBR_FULL"), ("YCbCr, Adobe", "YBR_FULL_422"), ("RGB, Adobe", "RGB"), ("RGB, by name", "RGB")],
)
def test_the_colours_of_a_jpeg_are_converted_once(make_dicom, kind, photometric):
    stripes, encoded = jpeg_of_stripes(kind)
    path = make_dicom(stripes, photometric)
    dataset = pydicom.dcmread(path)
    dataset.PixelData = encapsulate([encoded])
    dataset["PixelData"].is_undefined_length = True
    dataset.file_meta.TransferSyntaxUID = JPEGBaseline8Bit
    dataset.save_as(path)
    shown = open_dicom(path).frame(0).pixels[16, [8, 24, 40]].astype(int)
    assert np.abs(shown - stripes[16, [8, 24, 40]]).max() <= 6


DAMAGE = """
import sys
from pathlib import Path
import numpy as np
from csamoe_desktop.errors import UserError
from csamoe_desktop.study.dicom import open_dicom
whole, file = Path(sys.argv[1]).read_bytes(), Path(sys.argv[2])
start = max(whole.find(b"\\xff\\xd8\\xff"), whole.find(b"\\xff\\x4f\\xff"))
opened = 0
for seed in range(150):
    random, damaged = np.random.default_rng(seed), bytearray(whole)
    end = min(len(whole), start + 700) if seed % 2 else len(whole)
    for place in random.integers(start, end, 1 + seed % 5):
        damaged[place] = random.integers(256)
    file.write_bytes(damaged)
    try:
        open_dicom(file).frame(0)
        opened += 1
    except UserError:
        pass
print(f"lived, {opened} opened")
"""


@pytest.mark.parametrize(
    "name", ["SC_rgb_jpeg_gdcm.dcm", "SC_rgb_dcmtk_+eb+cy+np.dcm", "JPEGLSNearLossless_08.dcm", "JPEG2000.dcm"]
)
def test_damaged_compressed_data_never_end_the_program(tmp_path, name):
    # In a process of its own: what is tested is that it lives.
    ran = subprocess.run(
        [sys.executable, "-c", DAMAGE, str(real(name)), str(tmp_path / "damaged.dcm")],
        check=False,
        capture_output=True,
        text=True,
    )
    assert (ran.returncode, ran.stdout[:6]) == (0, "lived,"), ran.stderr
    assert "terminate" not in ran.stderr
    assert "Corrupt JPEG" not in ran.stderr


def test_damaged_run_lengths_are_refused_like_all_else(tmp_path):
    # The decoder is written in Rust, and its panic is no Exception in Python.
    whole = real("MR_small_RLE.dcm").read_bytes()
    for seed in range(40):
        random, damaged = np.random.default_rng(seed), bytearray(whole)
        for place in random.integers(int(len(whole) * 0.6), len(whole), 6):
            damaged[place] = random.integers(256)
        (tmp_path / "damaged.dcm").write_bytes(damaged)
        try:
            assert open_dicom(tmp_path / "damaged.dcm").frame(0).shape == (64, 64)
        except UserError as problem:
            assert problem.hint


@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian])
def test_every_plain_encoding_opens(make_dicom, syntax):
    path = make_dicom(ramp())
    dataset = pydicom.dcmread(path)
    dataset.file_meta.TransferSyntaxUID = syntax
    pydicom.dcmwrite(
        path,
        dataset,
        implicit_vr=syntax == ImplicitVRLittleEndian,
        little_endian=syntax != ExplicitVRBigEndian,
        enforce_file_format=True,
    )
    assert np.array_equal(open_dicom(path).frame(0).pixels, ramp())


@pytest.mark.parametrize("implicit", [True, False])
def test_a_file_without_preamble_and_suffix_opens(make_dicom, tmp_path, implicit):
    dataset = pydicom.dcmread(make_dicom(ramp()))
    dataset.file_meta = FileMetaDataset()
    bare = tmp_path / "IM000001"
    dataset.preamble = None
    dataset.save_as(bare, implicit_vr=implicit, little_endian=True, enforce_file_format=False)
    assert bare.read_bytes()[128:132] != b"DICM"
    assert looks_like_dicom(bare.read_bytes()[:512])
    assert np.array_equal(open_dicom(bare).frame(0).pixels, ramp())


def test_text_does_not_look_like_dicom():
    assert not looks_like_dicom(b"A letter, nothing else. " * 20)
    assert not looks_like_dicom(b"")


def test_a_cine_is_decoded_frame_by_frame(make_dicom):
    frames = np.stack([ramp() + number for number in range(5)]).astype(np.uint8)
    path = make_dicom(frames, frames=5, SOPClassUID=UltrasoundMultiFrameImageStorage, FrameTime="40")
    study = open_dicom(path)
    assert (study.kind, study.frame_count) == ("DICOM Ultrasound Multi-frame Image", 5)
    assert study.frame_seconds == pytest.approx(0.04)
    for index in (4, 0, 2):
        assert np.array_equal(study.frame(index).pixels, frames[index])
        assert study.frame(index).index == index


def test_a_compressed_cine_opens_at_any_frame(make_dicom):
    frames = np.stack([ramp() + number for number in range(4)]).astype(np.uint8)
    study = open_dicom(make_dicom(frames, frames=4, syntax=RLELossless))
    assert np.array_equal(study.frame(3).pixels, frames[3])
    assert np.array_equal(study.frame(1).pixels, frames[1])


@pytest.mark.parametrize(
    ("attributes", "seconds"),
    [
        ({"CineRate": 20}, 0.05),
        ({"RecommendedDisplayFrameRate": 25}, 0.04),
        ({"FrameTimeVector": [0, 30, 50, 50]}, 0.05),
        ({"FrameTime": "0", "CineRate": 10}, 0.1),
        ({"FrameTime": "-5"}, None),
        ({}, None),
    ],
)
def test_the_frame_time_is_taken_from_what_there_is(make_dicom, attributes, seconds):
    frames = np.stack([ramp()] * 4)
    assert open_dicom(make_dicom(frames, frames=4, **attributes)).frame_seconds == pytest.approx(seconds)


def test_monochrome1_is_shown_the_usual_way_round_and_said(make_dicom):
    study = open_dicom(make_dicom(ramp(), "MONOCHROME1"))
    assert np.array_equal(study.frame(0).pixels, 255 - ramp())
    assert any("MONOCHROME1" in note for note in study.notes)


def test_deep_values_go_through_the_files_window(make_dicom):
    values = np.array([[0, 500, 1000, 1500, 2000, 4000]] * 2, np.uint16)
    study = open_dicom(make_dicom(values, bits=12, WindowCenter="1000.5", WindowWidth="1001"))
    assert study.frame(0).pixels[0].tolist() == [0, 0, 128, 255, 255, 255]
    assert study.notes == (
        "The file stores 12-bit values; they are shown as 8 bits through the file's own window, from 500 to 1500.",
    )


def test_signed_values_with_a_rescale_and_no_window_are_shown_over_the_range_of_all_frames(make_dicom):
    first = np.array([[-100, 0, 100]], np.int16)
    frames = np.stack([first, first * 2])
    study = open_dicom(make_dicom(frames, frames=2, RescaleSlope="2", RescaleIntercept="10", FrameTime="40"))
    assert study.frame(0).pixels.tolist() == [[64, 128, 191]]
    assert study.frame(1).pixels.tolist() == [[0, 128, 255]]
    assert study.notes == (
        (
            "The file stores signed 16-bit values; they are shown as 8 bits from the darkest (-390) to the brightest "
            "(410) value of all frames."
        ),
    )


def test_deep_monochrome1_is_windowed_then_inverted(make_dicom):
    values = np.array([[0, 4095]], np.uint16)
    assert open_dicom(make_dicom(values, "MONOCHROME1", bits=12)).frame(0).pixels.tolist() == [[255, 0]]


def test_an_image_of_one_value_does_not_divide_by_zero(make_dicom):
    assert open_dicom(make_dicom(np.full((4, 4), 700, np.uint16))).frame(0).pixels.max() == 0


def test_a_palette_becomes_its_colours(make_dicom):
    indices = np.array([[0, 1, 2, 3]], np.uint8)
    reds, greens, blues = (np.array(values, np.uint16) for values in ([0, 65535, 0, 32896], [0, 0, 65535, 0], [0] * 4))
    path = make_dicom(
        indices,
        "PALETTE COLOR",
        **{
            f"{colour}PaletteColorLookupTable{part}": value
            for colour, table in (("Red", reds), ("Green", greens), ("Blue", blues))
            for part, value in (("Descriptor", [4, 0, 16]), ("Data", table.tobytes()))
        },
    )
    assert open_dicom(path).frame(0).pixels.tolist() == [[[0, 0, 0], [255, 0, 0], [0, 255, 0], [128, 0, 0]]]


def test_a_real_palette_ultrasound_opens_in_colour():
    pixels = open_dicom(real("examples_palette.dcm")).frame(0).pixels
    assert pixels.shape == (350, 800, 3)
    assert pixels.max() > 200


def test_the_facts_are_read_as_text_to_show(make_dicom):
    facts = open_dicom(
        make_dicom(
            ramp(),
            PatientName="Phantom^Ada^Maria^Dr^PhD",
            PatientID=" P-1 ",
            PatientBirthDate="19610203",
            PatientSex="F ",
            StudyDate="20251231",
            StudyDescription="Breast",
            AccessionNumber="A7",
            Laterality="R",
            InstitutionName="No Clinic",
            Manufacturer="Acme",
            ManufacturerModelName="Acme Sono 3",
            StudyInstanceUID="1.2.3",
            SeriesInstanceUID="1.2.3.4",
        )
    ).facts
    assert facts.patient_name == "Phantom, Dr Ada Maria, PhD"
    assert (facts.patient_id, facts.birth_date, facts.sex) == ("P-1", "1961-02-03", "female")
    assert (facts.study_date, facts.study_description, facts.accession) == ("2025-12-31", "Breast", "A7")
    assert (facts.laterality, facts.institution, facts.device) == ("right", "No Clinic", "Acme Sono 3")
    assert (facts.study_uid, facts.series_uid) == ("1.2.3", "1.2.3.4")
    assert facts.instance_uid.startswith("1.2.826")


@pytest.mark.parametrize(
    ("stored", "said"), [("F", "female"), ("M", "male"), ("O", "other"), ("", ""), ("UNKNOWN", "UNKNOWN")]
)
def test_the_sex_is_said_in_words(make_dicom, stored, said):
    assert open_dicom(make_dicom(ramp(), PatientSex=stored)).facts.sex == said


def test_no_facts_are_empty_text(make_dicom):
    facts = open_dicom(make_dicom(ramp())).facts
    assert facts.patient_name == facts.study_date == facts.device == facts.laterality == ""


@pytest.mark.parametrize(
    ("charset", "stored", "shown"),
    [
        ("GB18030", "Zhang^XiaoMing=张^小明", "Zhang, XiaoMing (张小明)"),
        ("GB18030", "张^小明", "张小明"),
        ("ISO_IR 192", "Ångström^Åsa", "Ångström, Åsa"),
        (["", "ISO 2022 IR 149"], "Hong^Gildong=洪^吉洞=홍^길동", "Hong, Gildong (洪吉洞)"),
        ("ISO_IR 144", "Иванов^Иван", "Иванов, Иван"),
    ],
)
def test_names_in_every_script(make_dicom, charset, stored, shown):
    assert open_dicom(make_dicom(ramp(), SpecificCharacterSet=charset, PatientName=stored)).facts.patient_name == shown


def test_a_chinese_name_with_escape_sequences(make_dicom):
    # ISO 2022 IR 58 as in PS3.5 annex K: the escape is repeated after each delimiter.
    written = b"Zhang^XiaoDong=" + b"".join(b"\x1b$)A" + part.encode("gb2312") for part in ("张^", "小东"))
    written += b" " * (len(written) % 2)
    path = make_dicom(ramp(), SpecificCharacterSet=["", "ISO 2022 IR 58"], PatientName="X" * len(written))
    path.write_bytes(path.read_bytes().replace(b"X" * len(written), written))
    assert open_dicom(path).facts.patient_name == "Zhang, XiaoDong (张小东)"


def test_utf8_without_a_declared_character_set_is_still_read(make_dicom):
    path = make_dicom(ramp(), SpecificCharacterSet="ISO_IR 192", PatientName="张^小明", StudyDescription="乳腺")
    dataset = pydicom.dcmread(path)
    raw = path.read_bytes()
    field = bytes.fromhex("08000500") + b"CS" + (10).to_bytes(2, "little") + b"ISO_IR 192"
    assert field in raw
    path.write_bytes(raw.replace(field, b""))
    assert "SpecificCharacterSet" not in pydicom.dcmread(path, stop_before_pixels=True)
    facts = open_dicom(path).facts
    assert (facts.patient_name, facts.study_description) == ("张小明", "乳腺")
    assert str(dataset.PatientName) == "张^小明"


def test_an_odd_date_stands_as_it_is(make_dicom):
    path = make_dicom(ramp(), StudyDate="20251231", PatientBirthDate="19610203")
    path.write_bytes(path.read_bytes().replace(b"20251231", b"in May  ").replace(b"19610203", b"1961.2.3"))
    facts = open_dicom(path).facts
    assert (facts.study_date, facts.birth_date) == ("in May", "1961.2.3")


def test_a_date_of_the_old_form_is_read():
    assert open_dicom(real("ExplVR_BigEnd.dcm")).facts.study_date == "1997-04-24"


class Kept(logging.Handler):
    """Keeps what reaches the program's log."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


def test_pydicoms_warnings_and_log_stay_inside(make_dicom, recwarn):
    # An identifier of letters, and padding after the pixels: pydicom warns of both, and quotes the identifier.
    path = make_dicom(ramp(), StudyInstanceUID="1.2.3.4.5.6", PixelData=ramp().tobytes() + b"\0\0\0\0")
    path.write_bytes(path.read_bytes().replace(b"1.2.3.4.5.6", b"ADA-PHANTOM"))
    with pytest.warns(UserWarning, match="ADA-PHANTOM"):
        str(pydicom.dcmread(path).StudyInstanceUID)
    kept = Kept()
    logging.getLogger().addHandler(kept)
    try:
        study = open_dicom(path)
        assert np.array_equal(study.frame(0).pixels, ramp())
    finally:
        logging.getLogger().removeHandler(kept)
    assert study.facts.study_uid == "ADA-PHANTOM"
    assert not any("ADA-PHANTOM" in line for line in kept.lines)
    assert not recwarn.list


def test_frames_may_be_decoded_by_several_threads(make_dicom):
    frames = np.stack([ramp() + number for number in range(8)]).astype(np.uint8)
    study = open_dicom(make_dicom(frames, frames=8))
    before = list(warnings.filters)
    with ThreadPoolExecutor(8) as threads:
        decoded = list(threads.map(lambda index: study.frame(index % 8).pixels, range(80)))
    assert all(np.array_equal(pixels, frames[index % 8]) for index, pixels in enumerate(decoded))
    assert warnings.filters == before


def test_a_file_on_a_slow_share_does_not_keep_others_from_being_read(make_dicom):
    study = open_dicom(make_dicom(ramp()))
    before = list(warnings.filters)
    reading, come = threading.Event(), threading.Event()

    def slow() -> None:
        with without_warnings():
            reading.set()
            come.wait(60)

    with ThreadPoolExecutor(2) as threads:
        opening = threads.submit(slow)
        reading.wait(60)
        try:
            decoded = threads.submit(lambda: study.frame(0).pixels).result(timeout=60)
            assert not opening.done()
        finally:
            come.set()
        opening.result()
    assert np.array_equal(decoded, ramp())
    assert warnings.filters == before


def refused(path: Path) -> UserError:
    with pytest.raises(UserError) as caught:
        open_dicom(path).frame(0)
    assert caught.value.hint
    return caught.value


def test_truncated_pixels_are_refused(make_dicom):
    path = make_dicom(ramp())
    path.write_bytes(path.read_bytes()[:-100])
    assert "incomplete" in refused(path).message


def test_of_a_truncated_compressed_cine_the_whole_frames_open_and_the_others_are_told(make_dicom):
    frames = np.stack([ramp() + number for number in range(4)]).astype(np.uint8)
    path = make_dicom(frames, frames=4, syntax=RLELossless)
    path.write_bytes(path.read_bytes()[:-600])
    study = open_dicom(path)
    assert study.frame_count == 3
    assert np.array_equal(study.frame(2).pixels, frames[2])
    assert "it declares 4 frames; 3 were found and 1 is missing" in study.notes[0]


def test_a_file_cut_within_its_header_is_refused(make_dicom):
    path = make_dicom(ramp())
    path.write_bytes(path.read_bytes()[:300])
    refused(path)


@pytest.mark.parametrize("damage", range(12))
def test_damaged_bytes_never_raise_anything_but_a_user_error(make_dicom, damage):
    path = make_dicom(ramp(), PatientName=NAME, FrameTime="40", WindowCenter="3", WindowWidth="9")
    data = bytearray(path.read_bytes())
    generator = np.random.default_rng(damage)
    for position in generator.integers(132, len(data) - ramp().size, 25):
        data[position] = generator.integers(256)
    path.write_bytes(data)
    try:
        assert open_dicom(path).frame(0).pixels.dtype == np.uint8
    except UserError as problem:
        assert problem.hint


def test_a_structured_report_is_refused_by_its_name(make_dicom):
    path = make_dicom(ramp())
    dataset = pydicom.dcmread(path)
    del dataset.PixelData
    dataset.SOPClassUID = ComprehensiveSRStorage
    dataset.save_as(path)
    assert "Comprehensive SR without an image" in refused(path).message


def test_a_dicomdir_is_refused(tmp_path):
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.MediaStorageSOPClassUID = MediaStorageDirectoryStorage
    dataset.file_meta.MediaStorageSOPInstanceUID = "1.2.3"
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.FileSetID = "DISC"
    dataset.save_as(tmp_path / "DICOMDIR", enforce_file_format=True)
    assert "table of contents" in refused(tmp_path / "DICOMDIR").message


def test_a_segmentation_is_refused(make_dicom):
    assert "segmentation" in refused(make_dicom(ramp(), SOPClassUID=SegmentationStorage)).message


def test_video_is_refused_with_what_to_do(make_dicom):
    path = make_dicom(ramp())
    dataset = pydicom.dcmread(path)
    dataset.PixelData = encapsulate([b"\0\0\0\x01video" * 8])
    dataset["PixelData"].is_undefined_length = True
    dataset.file_meta.TransferSyntaxUID = MPEG4HP41
    dataset.save_as(path)
    problem = refused(path)
    assert "MPEG-4" in problem.message
    assert "Export" in problem.hint


@pytest.mark.parametrize(
    ("attributes", "said"),
    [
        ({"Rows": 0}, "lacks Rows"),
        ({"PhotometricInterpretation": "YBR_PARTIAL_420"}, "YBR_PARTIAL_420"),
        ({"BitsAllocated": None}, "lacks BitsAllocated"),
        ({"PixelData": b""}, "without an image"),
    ],
)
def test_headers_that_cannot_be_shown_are_refused(make_dicom, attributes, said):
    assert said in refused(make_dicom(ramp(), **attributes)).message


@pytest.mark.parametrize("said", [None, 0])
def test_no_number_of_frames_is_what_the_pixels_are(make_dicom, said):
    assert open_dicom(make_dicom(ramp(), NumberOfFrames=said)).frame_count == 1


def test_a_file_taken_away_after_opening_is_said(make_dicom):
    path = make_dicom(ramp())
    study = open_dicom(path)
    path.unlink()
    with pytest.raises(UserError, match="can no longer be read"):
        study.frame(0)


def test_a_missing_file_is_refused(tmp_path):
    assert "no file" in refused(tmp_path / "gone.dcm").message


def test_a_header_not_written_as_it_says_is_read_as_a_whole():
    assert open_dicom(real("SC_rgb_jpeg.dcm")).frame(0).shape == (256, 256)
