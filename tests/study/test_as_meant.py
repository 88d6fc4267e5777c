"""Greys and colours as a file means them, every frame that is there, and hostile files refused before they take anything."""

import io
import os
import socket
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pydicom
import pytest
from numpy.typing import NDArray
from PIL import Image
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGLSLossless,
    RLELossless,
)

from csamoe_desktop.errors import UserError
from csamoe_desktop.study.model import Study
from csamoe_desktop.study.opening import inspect, open_study

MakeDicom = Callable[..., Path]


def scan(rows: int = 60, columns: int = 80, seed: int = 0) -> NDArray[np.uint8]:
    random = np.random.default_rng(seed)
    rising = np.linspace(20, 200, columns)[None] + random.normal(0, 12, (rows, columns))
    return np.clip(rising, 0, 255).astype(np.uint8)


def shown(path: Path, index: int = 0) -> NDArray[np.uint8]:
    return open_study(path).frame(index).pixels


def told(study: Study, words: str) -> bool:
    return any(words in note for note in study.notes)


def tiff(path: Path, data: bytes, shape: tuple[int, int], bits: int, meaning: int, kind: int = 1) -> Path:
    rows, columns = shape
    fields = [(256, 4, columns), (257, 4, rows), (258, 3, bits), (259, 3, 1), (262, 3, meaning), (273, 4, 8)]
    fields += [(277, 3, 1), (278, 4, rows), (279, 4, len(data)), (339, 3, kind)]
    directory = b"".join(struct.pack("<HHII", tag, form, 1, value) for tag, form, value in fields)
    head = b"II*\0" + struct.pack("<I", 8 + len(data))
    path.write_bytes(head + data + struct.pack("<H", len(fields)) + directory + bytes(4))
    return path


@pytest.mark.parametrize(("bits", "kind"), [(8, "<u1"), (16, "<u2"), (32, "<u4")])
def test_min_is_white_is_shown_the_same_at_every_depth(tmp_path: Path, bits: int, kind: str) -> None:
    full, picture = 2**bits - 1, scan()
    picture[0, 0] = 255
    values = (full - (picture.astype(np.uint64) * full // 255)).astype(kind)
    path = tiff(tmp_path / "a.tif", values.tobytes(), values.shape, bits, 0)
    assert np.abs(shown(path).astype(int) - picture).max() <= 1


@pytest.mark.parametrize(("meaning", "first"), [(1, 0), (0, 255)])
def test_four_bits_and_one_bit_are_shown_over_the_whole_range(tmp_path: Path, meaning: int, first: int) -> None:
    steps = np.tile(np.arange(16, dtype=np.uint8), (4, 1))
    packed = (steps[:, ::2] << 4 | steps[:, 1::2]).tobytes()
    assert shown(tiff(tmp_path / "a.tif", packed, (4, 16), 4, meaning))[0, 0] == first
    assert sorted(set(shown(tmp_path / "a.tif")[0].tolist())) == list(range(0, 256, 17))
    one = shown(tiff(tmp_path / "b.tif", np.packbits(steps & 1, axis=1).tobytes(), (4, 16), 1, meaning))
    assert one[0, :2].tolist() == [first, 255 - first]


@pytest.mark.parametrize(("kind", "bits", "form"), [("<i2", 16, 2), ("<f4", 32, 3), ("<i1", 8, 2)])
def test_values_below_zero_are_darker_than_zero(tmp_path: Path, kind: str, bits: int, form: int) -> None:
    values = np.linspace(-100, 100, 4800).reshape(60, 80).astype(kind)
    pixels = shown(tiff(tmp_path / "a.tif", values.tobytes(), values.shape, bits, 1, form))
    assert (pixels[0, 0], pixels[-1, -1]) == (0, 255)
    assert abs(int(pixels[30, 0]) - 128) <= 2
    assert inspect(tmp_path / "a.tif").status == "ok"


def test_the_levels_of_a_stack_are_those_of_all_its_pages(tmp_path: Path) -> None:
    pages = [Image.fromarray(np.zeros((60, 80), np.uint16)), Image.fromarray(scan().astype(np.uint16) << 4)]
    pages[0].save(tmp_path / "a.tif", save_all=True, append_images=pages[1:])
    assert np.abs(shown(tmp_path / "a.tif", 1).astype(int) - scan()).max() <= 1


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, RLELossless, JPEG2000Lossless])
def test_what_counts_is_8_of_16_bits_and_what_is_beside_them_is_left_out(make_dicom: MakeDicom, syntax: str) -> None:
    rubbish = scan(seed=3).astype(np.uint16) << 8
    path = make_dicom(scan().astype(np.uint16) | rubbish, bits=16, name="low.dcm", syntax=syntax)
    low = pydicom.dcmread(path)
    low.BitsStored, low.HighBit = 8, 7
    low.save_as(path)
    assert np.array_equal(shown(path), scan())
    low.HighBit = 15
    low.save_as(path)
    assert np.array_equal(shown(path), scan(seed=3))


def test_junk_above_signed_bits_does_not_change_the_sign(make_dicom: MakeDicom) -> None:
    values = np.array([[-2048, -1, 0, 2047]], np.int16)
    junk = values & 0x0FFF | np.array([[0x1000, 0x7000, 0x5000, 0x2000]], np.int16)
    assert shown(make_dicom(junk, bits=12)).tolist() == [[0, 127, 128, 255]]


def test_one_bit_a_pixel_is_black_and_white(make_dicom: MakeDicom) -> None:
    bits = scan() > 100
    path = make_dicom(scan(), BitsAllocated=1, BitsStored=1, HighBit=0)
    dataset = pydicom.dcmread(path)
    dataset.NumberOfFrames = 2
    dataset.PixelData = np.packbits(np.stack([bits, ~bits]).ravel(), bitorder="little").tobytes()
    dataset.save_as(path)
    assert np.array_equal(shown(path, 1), np.where(bits, 0, 255))


def test_a_first_frame_that_is_black_leaves_the_others_their_greys(make_dicom: MakeDicom) -> None:
    deep = scan().astype(np.uint16) << 4
    path = make_dicom(np.stack([np.zeros_like(deep), deep, deep]), frames=3, bits=12)
    pixels = shown(path, 2).astype(int)
    assert 90 < pixels.mean() < 190 and (pixels == 255).mean() < 0.1
    assert told(open_study(path), "of all frames")


@pytest.mark.parametrize(
    ("attributes", "note"),
    [
        ({"RescaleSlope": None, "RescaleIntercept": None}, ""),
        ({"RescaleSlope": "0"}, "rescale"),
        ({"WindowCenter": [None, "1600"], "WindowWidth": [None, "3200"]}, "own window"),
        ({"WindowCenter": "90000", "WindowWidth": "5"}, "black or white"),
        ({"WindowCenter": "5", "WindowWidth": "-3"}, "window is damaged"),
        ({"VOILUTSequence": [Dataset()]}, "VOI LUT is damaged"),
        ({"ModalityLUTSequence": [Dataset()]}, "Modality LUT is damaged"),
        ({"VOILUTSequence": []}, ""),
    ],
)
def test_damaged_tables_and_windows_are_left_out_and_told(
    make_dicom: MakeDicom, attributes: dict[str, object], note: str
) -> None:
    study = open_study(make_dicom(scan().astype(np.uint16) << 4, bits=12, **attributes))
    assert told(study, note)
    assert study.frame(0).pixels.std() > 20


def test_a_segmented_palette_is_read(make_dicom: MakeDicom) -> None:
    parts = {}
    for colour in ("Red", "Green", "Blue"):
        parts[f"{colour}PaletteColorLookupTableDescriptor"] = [256, 0, 16]
        parts[f"Segmented{colour}PaletteColorLookupTableData"] = struct.pack("<6H", 0, 1, 0, 1, 255, 65535)
    pixels = shown(make_dicom(scan(), "PALETTE COLOR", **parts))
    assert np.abs(pixels[..., 1].astype(int) - scan()).max() <= 1


def test_a_palette_image_without_a_palette_is_shown_grey_and_told(make_dicom: MakeDicom) -> None:
    study = open_study(make_dicom(scan(), "PALETTE COLOR"))
    assert np.array_equal(study.frame(0).pixels, scan())
    assert told(study, "no usable colour palette")


# Colours

GREY = np.dstack([scan()] * 3)


def packed(path: Path, frames: list[bytes], syntax: str, **attributes: object) -> Path:
    dataset = pydicom.dcmread(path)
    dataset.PixelData = encapsulate(frames)
    dataset["PixelData"].VR = "OB"
    dataset["PixelData"].is_undefined_length = True
    dataset.file_meta.TransferSyntaxUID = syntax
    for keyword, value in attributes.items():
        setattr(dataset, keyword, value)
    dataset.save_as(path)
    return path


def jpeg(picture: NDArray[np.uint8], marked: bool, **options: object) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(picture).save(stream, "JPEG", quality=95, **options)
    data = stream.getvalue()
    return data if marked else data[:2] + data[4 + int.from_bytes(data[4:6], "big") :]


@pytest.mark.parametrize("photometric", ["RGB", "YBR_FULL", "YBR_FULL_422"])
@pytest.mark.parametrize("marked", [True, False])
@pytest.mark.parametrize("options", [{"subsampling": 0}, {"subsampling": 2}, {"keep_rgb": True}])
def test_a_grey_jpeg_is_grey_whatever_the_header_says(
    make_dicom: MakeDicom, photometric: str, marked: bool, options: dict[str, object]
) -> None:
    path = packed(make_dicom(GREY, photometric), [jpeg(GREY, marked, **options)], JPEGBaseline8Bit)
    pixels = shown(path).astype(int)
    assert np.ptp(pixels, axis=2).max() <= 8
    assert np.abs(pixels.mean(2) - scan()).mean() < 6


@pytest.mark.parametrize("said", ["RGB", "YBR_FULL", "YBR_FULL_422"])
@pytest.mark.parametrize("inside", ["RGB", "YBR"])
@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, RLELossless, JPEGLSLossless, JPEG2000Lossless])
def test_grey_stored_as_colour_is_grey_in_every_codec(
    make_dicom: MakeDicom, said: str, inside: str, syntax: str
) -> None:
    neutral = np.full_like(scan(), 128)
    stored = GREY if inside == "RGB" else np.dstack([scan(), neutral, neutral])
    # Compressed under a name that changes nothing; the header says something else after that.
    path = make_dicom(np.ascontiguousarray(stored), "RGB", syntax=syntax, name=f"{said}-{inside}.dcm")
    dataset = pydicom.dcmread(path)
    dataset.PhotometricInterpretation = said
    dataset.save_as(path)
    assert np.array_equal(shown(path), GREY)


def test_422_is_read_at_two_bytes_a_pixel(make_dicom: MakeDicom) -> None:
    fours = np.full((60, 40, 4), 128, np.uint8)
    fours[..., 0], fours[..., 1] = scan()[:, ::2], scan()[:, 1::2]
    path = make_dicom(GREY, "YBR_FULL_422", PixelData=fours.tobytes())
    assert np.array_equal(shown(path), GREY)


@pytest.mark.parametrize("planar", [0, 1, None])
def test_planes_and_pixels_are_told_apart(make_dicom: MakeDicom, planar: int | None) -> None:
    for name, stored in (("planes", np.moveaxis(GREY, 2, 0)), ("pixels", GREY)):
        if planar is None or planar == (name == "planes"):
            path = make_dicom(GREY, "RGB", name=f"{name}.dcm", PixelData=np.ascontiguousarray(stored).tobytes())
            dataset = pydicom.dcmread(path)
            del dataset.PlanarConfiguration
            if planar is not None:
                dataset.PlanarConfiguration = planar
            dataset.save_as(path)
            assert np.array_equal(shown(path), GREY)


# Frames

CINE = np.stack([scan(seed=number) for number in range(5)])


@pytest.mark.parametrize(("said", "found"), [(None, 5), (0, 5), (2, 5), (9, 5), (2**31 - 1, 5)])
@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, RLELossless, JPEG2000Lossless])
def test_the_frames_are_those_that_are_there(make_dicom: MakeDicom, said: int | None, found: int, syntax: str) -> None:
    path = make_dicom(CINE, frames=5, syntax=syntax)
    dataset = pydicom.dcmread(path)
    dataset.NumberOfFrames = said
    dataset.save_as(path)
    study = open_study(path)
    assert study.frame_count == found
    assert np.array_equal(study.frame(4).pixels, CINE[4])
    assert told(study, "were found") or told(study, "are missing")


@pytest.mark.parametrize("table", [True, False])
@pytest.mark.parametrize("parts", [1, 3])
def test_frames_in_several_fragments_are_put_together(make_dicom: MakeDicom, table: bool, parts: int) -> None:
    source = pydicom.dcmread(make_dicom(CINE, frames=5, syntax=JPEG2000Lossless))
    frames = list(pydicom.encaps.generate_frames(source.PixelData, number_of_frames=5))
    path = make_dicom(CINE, frames=5)
    dataset = pydicom.dcmread(packed(path, frames, JPEG2000Lossless))
    dataset.PixelData = encapsulate(frames, fragments_per_frame=parts, has_bot=table)
    dataset.save_as(path)
    study = open_study(path)
    assert study.frame_count == 5
    assert all(np.array_equal(study.frame(number).pixels, CINE[number]) for number in (4, 0, 2))


def test_a_truncated_cine_shows_its_whole_frames(make_dicom: MakeDicom) -> None:
    path = make_dicom(CINE, frames=5)
    path.write_bytes(path.read_bytes()[: -CINE[0].size - 100])
    study = open_study(path)
    assert study.frame_count == 3
    assert told(study, "it declares 5 frames; 3 were found and 2 are missing")


@pytest.mark.parametrize(
    ("attributes", "seconds", "note"),
    [
        ({"FrameTime": "0.04"}, 0.04, "read as seconds"),
        ({"FrameTime": "40000"}, 0.04, "read as microseconds"),
        ({"FrameTime": "0.04", "CineRate": 20}, 0.05, ""),
        ({"FrameTime": "0"}, None, "cannot be"),
        ({}, None, "10 frames per second"),
    ],
)
def test_a_frame_time_that_cannot_be_is_told(
    make_dicom: MakeDicom, attributes: dict[str, object], seconds: float | None, note: str
) -> None:
    study = open_study(make_dicom(CINE, frames=5, **attributes))
    assert study.frame_seconds == pytest.approx(seconds)
    assert told(study, note) or not note


@pytest.mark.parametrize(
    "said", [ExplicitVRLittleEndian, ImplicitVRLittleEndian, ExplicitVRBigEndian, JPEGBaseline8Bit]
)
@pytest.mark.parametrize("written", [ExplicitVRLittleEndian, ImplicitVRLittleEndian, ExplicitVRBigEndian])
def test_a_file_is_read_as_it_is_written_and_not_as_it_says(make_dicom: MakeDicom, said: str, written: str) -> None:
    path = make_dicom(scan())
    dataset = pydicom.dcmread(path)
    syntax = pydicom.uid.UID(written)
    body = pydicom.filebase.DicomBytesIO()
    body.is_little_endian, body.is_implicit_VR = syntax.is_little_endian, syntax.is_implicit_VR
    pydicom.filewriter.write_dataset(body, dataset)
    meta = io.BytesIO()
    dataset.file_meta.TransferSyntaxUID = said
    pydicom.filewriter.write_file_meta_info(meta, dataset.file_meta)
    path.write_bytes(bytes(128) + b"DICM" + meta.getvalue() + body.getvalue() + b"trailing")
    assert np.array_equal(shown(path), scan())


# Hostile files


def refused(path: Path) -> str:
    with pytest.raises(UserError) as caught:
        open_study(path).frame(0)
    assert caught.value.hint
    return caught.value.message


def test_large_claims_of_small_pictures_are_refused(tmp_path: Path) -> None:
    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 40_000, 40_000, 8, 0, 0, 0, 0))
    (tmp_path / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", b"x") + chunk(b"IEND", b""))
    assert "40,000 x 40,000 pixels" in refused(tmp_path / "a.png")
    info = struct.pack("<IiiHHIIiiII", 40, 8000, 8000, 1, 24, 0, 0, 0, 0, 0, 0)
    (tmp_path / "a.bmp").write_bytes(b"BM" + struct.pack("<IHHI", 1054, 0, 0, 54) + info + bytes(1000))
    assert "damaged or incomplete" in refused(tmp_path / "a.bmp")
    tiff(tmp_path / "a.tif", bytes(100), (60_000, 60_000), 8, 1)
    assert "pixels" in refused(tmp_path / "a.tif")


def test_a_j2k_frame_larger_than_its_image_is_refused(make_dicom: MakeDicom) -> None:
    path = make_dicom(scan(), syntax=JPEG2000Lossless)
    data = path.read_bytes()
    at = data.index(b"\xff\x4f\xff\x51") + 8
    path.write_bytes(data[:at] + struct.pack(">II", 60_000, 60_000) + data[at + 8 :])
    assert "cannot be decoded" in refused(path)


def test_a_deflated_bomb_is_refused_before_it_is_unpacked(make_dicom: MakeDicom) -> None:
    path = make_dicom(scan(), Rows=8000, Columns=8000, NumberOfFrames=90)
    data = path.read_bytes()
    at = data.index(b"\xe0\x7f\x10\x00") + 8
    dataset = pydicom.dcmread(path, stop_before_pixels=True)
    dataset.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    meta = io.BytesIO()
    pydicom.filewriter.write_file_meta_info(meta, dataset.file_meta)
    head = data[data.index(b"\x08\x00") : at]
    plain = head + struct.pack("<I", 8000 * 8000 * 60) + bytes(2**23)
    squeeze = zlib.compressobj(9, zlib.DEFLATED, -15)
    path.write_bytes(bytes(128) + b"DICM" + meta.getvalue() + squeeze.compress(plain) + squeeze.flush())
    assert "GB when unpacked" in refused(path)


def test_a_million_frames_are_not_listed(make_dicom: MakeDicom) -> None:
    path = make_dicom(np.zeros((1, 1), np.uint8), NumberOfFrames=10**6, PixelData=bytes(10**6))
    study = open_study(path)
    assert study.frame_count == 20_000
    assert told(study, "1,000,000 frames")


def test_many_pages_of_a_tiff_open_at_any_page(tmp_path: Path) -> None:
    pages = [Image.fromarray(np.full((4, 4), number % 256, np.uint8)) for number in range(300)]
    pages[0].save(tmp_path / "a.tif", save_all=True, append_images=pages[1:])
    assert (shown(tmp_path / "a.tif", 299) == 299 % 256).all()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with a name here")
def test_only_plain_files_are_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.dcm")
    assert "is a pipe" in refused(tmp_path / "pipe.dcm")
    assert "is a device" in refused(Path("/dev/zero"))
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(str(tmp_path / "socket"))
        assert "is a socket" in refused(tmp_path / "socket")
    (tmp_path / "link.dcm").symlink_to(tmp_path / "pipe.dcm")
    assert "is a pipe" in refused(tmp_path / "link.dcm")


def test_a_palette_picture_keeps_its_colours(tmp_path: Path) -> None:
    picture = np.zeros((20, 30, 3), np.uint8)
    picture[:, :15] = (200, 30, 10)
    for name in ("a.png", "a.bmp", "a.tif"):
        Image.fromarray(picture).quantize(4).save(tmp_path / name)
        assert np.abs(shown(tmp_path / name).astype(int) - picture).max() <= 8, name
    cv2.imwrite(str(tmp_path / "grey.bmp"), scan())
    assert np.array_equal(shown(tmp_path / "grey.bmp"), scan())
