"""PNG, JPEG, BMP and TIFF open as the eye sees them, grey or RGB of 8 bits, without millimetres."""

import io
import struct
from contextlib import suppress
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from csamoe_desktop.errors import UserError
from csamoe_desktop.study.raster import decode_picture, open_picture, picture_kind, tiff_pages


def ramp(rows: int = 20, columns: int = 30) -> np.ndarray:
    return (np.arange(rows * columns) % 251).astype(np.uint8).reshape(rows, columns)


def colours() -> np.ndarray:
    pixels = np.zeros((20, 30, 3), np.uint8)
    pixels[:, :10], pixels[:, 10:20], pixels[:, 20:] = (250, 10, 20), (30, 240, 40), (50, 60, 230)
    return pixels


def saved(path: Path, pixels: np.ndarray, **options: object) -> Path:
    Image.fromarray(pixels).save(path, **options)
    return path


@pytest.mark.parametrize(
    ("name", "kind"),
    [("a.png", "PNG image"), ("a.bmp", "BMP image"), ("a.tif", "TIFF image"), ("a.jpg", "JPEG image")],
)
def test_every_kind_opens_grey(tmp_path, name, kind):
    smooth = np.tile(np.linspace(5, 250, 30).astype(np.uint8), (20, 1))
    study = open_picture(saved(tmp_path / name, smooth))
    assert (study.kind, study.frame_count, study.rows, study.columns) == (kind, 1, 20, 30)
    assert study.spacing is None
    assert study.notes == ()
    assert study.facts.patient_name == ""
    pixels = study.frame(0).pixels
    assert pixels.dtype == np.uint8
    assert pixels.shape == (20, 30)
    assert np.abs(pixels.astype(int) - smooth).max() <= (4 if name == "a.jpg" else 0)


@pytest.mark.parametrize("name", ["a.png", "a.bmp", "a.tif", "a.jpg"])
def test_colours_are_red_green_blue(tmp_path, name):
    pixels = open_picture(saved(tmp_path / name, colours())).frame(0).pixels
    assert np.abs(pixels[10, [5, 15, 25]].astype(int) - colours()[10, [5, 15, 25]]).max() <= 15


def test_a_colour_file_without_colours_is_grey(tmp_path):
    path = saved(tmp_path / "a.png", np.dstack([ramp()] * 3))
    assert np.array_equal(open_picture(path).frame(0).pixels, ramp())


def test_dots_per_inch_are_no_millimetres(tmp_path):
    assert open_picture(saved(tmp_path / "a.png", ramp(), dpi=(300, 300))).spacing is None


def test_a_palette_opens_in_its_colours(tmp_path):
    Image.fromarray(colours()).quantize(8).save(tmp_path / "a.png")
    assert np.abs(open_picture(tmp_path / "a.png").frame(0).pixels.astype(int) - colours()).max() <= 8


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.tif"])
def test_the_camera_was_held_sideways(tmp_path, name):
    turned = Image.Exif()
    turned[0x0112] = 6  # the stored top is the right side
    pixels = np.full((20, 30), 20, np.uint8)
    pixels[:, :15] = 220
    frame = open_picture(saved(tmp_path / name, pixels, exif=turned)).frame(0)
    assert frame.shape == (30, 20)
    assert frame.pixels[3].mean() > 200
    assert frame.pixels[26].mean() < 40


def test_transparency_is_dropped_and_said(tmp_path):
    pixels = np.dstack([colours(), ramp()])
    study = open_picture(saved(tmp_path / "a.png", pixels))
    assert np.array_equal(study.frame(0).pixels, colours())
    assert study.notes == ("The image is partly transparent; its transparency was ignored.",)


def test_an_opaque_alpha_channel_is_not_worth_a_word(tmp_path):
    study = open_picture(saved(tmp_path / "a.png", np.dstack([colours(), np.full((20, 30), 255, np.uint8)])))
    assert np.array_equal(study.frame(0).pixels, colours())
    assert study.notes == ()


def test_grey_with_alpha_opens_grey(tmp_path):
    Image.merge("LA", [Image.fromarray(ramp()), Image.fromarray(ramp() // 2)]).save(tmp_path / "a.png")
    assert np.array_equal(open_picture(tmp_path / "a.png").frame(0).pixels, ramp())


@pytest.mark.parametrize(("top", "shown"), [(65535, "65535"), (4095, "4095"), (1000, "1023"), (200, "255")])
def test_sixteen_bits_are_scaled_from_the_depth_they_use_and_said(tmp_path, top, shown):
    values = np.array([[0, top // 2, top]], np.uint16)
    cv2.imwrite(str(tmp_path / "a.png"), values)
    study = open_picture(tmp_path / "a.png")
    expected = values / float(shown) * 255
    assert np.abs(study.frame(0).pixels - expected).max() <= 0.51
    assert study.notes == (f"The file's 16-bit values are shown as 8 bits, from 0 to {shown}.",)


def test_floats_up_to_one_are_scaled_and_nan_is_black(tmp_path):
    values = np.array([[0.0, 0.5, 1.0, np.nan]], np.float32)
    study = open_picture(saved(tmp_path / "a.tif", values))
    assert study.frame(0).pixels.tolist() == [[0, 128, 255, 0]]
    assert study.notes


def test_the_pages_of_a_tiff_are_frames(tmp_path):
    pages = [Image.fromarray(ramp() // 2 + 3 * number) for number in range(4)]
    pages[0].save(tmp_path / "a.tif", save_all=True, append_images=pages[1:], compression="tiff_lzw")
    study = open_picture(tmp_path / "a.tif")
    assert (study.kind, study.frame_count) == ("TIFF image of 4 pages", 4)
    assert study.frame_seconds is None
    for index in (3, 0, 2):
        assert np.array_equal(study.frame(index).pixels, np.asarray(pages[index]))


def test_pages_of_another_size_are_left_out_and_said(tmp_path):
    pages = [Image.fromarray(ramp()), Image.fromarray(ramp(5, 6)), Image.fromarray(ramp() // 2)]
    pages[0].save(tmp_path / "a.tif", save_all=True, append_images=pages[1:])
    study = open_picture(tmp_path / "a.tif")
    assert study.frame_count == 2
    assert np.array_equal(study.frame(1).pixels, ramp() // 2)
    assert study.notes == ("1 of the file's 3 pages differ in size and were left out.",)


def test_pages_are_counted_in_big_tiff_and_either_byte_order():
    def directory(order: str, big: bool, following: int) -> bytes:
        entries = b""
        for tag, value in ((256, 30), (257, 20)):
            field = struct.pack(order + ("HHQ" if big else "HHI"), tag, 3, 1)
            entries += field + struct.pack(order + "H", value).ljust(8 if big else 4, b"\0")
        return (
            struct.pack(order + ("Q" if big else "H"), 2)
            + entries
            + struct.pack(order + ("Q" if big else "I"), following)
        )

    for order, mark in (("<", b"II"), (">", b"MM")):
        small = mark + struct.pack(order + "HI", 42, 8)
        assert tiff_pages(small + directory(order, False, 0)) == [(20, 30)]
        # A directory that names itself as the next must not be followed for ever.
        assert tiff_pages(small + directory(order, False, 8)) == [(20, 30)]
        assert tiff_pages(mark + struct.pack(order + "HHHQ", 43, 8, 0, 16) + directory(order, True, 0)) == [(20, 30)]
    assert tiff_pages(b"II*\0\x08") == []


def test_the_content_decides_and_not_the_name(tmp_path):
    path = tmp_path / "scan.jpg"
    Image.fromarray(ramp()).save(path, format="PNG")
    assert open_picture(path).kind == "PNG image"


def test_names_outside_ascii_open(tmp_path):
    path = saved(tmp_path / "Brüste 乳腺 №1.png", ramp())
    assert np.array_equal(open_picture(path).frame(0).pixels, ramp())


@pytest.mark.parametrize("by", ["Pillow", "OpenCV"])
@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.bmp", "a.tif"])
@pytest.mark.parametrize("part", [0.05, 0.5, 0.97])
def test_truncated_files_are_refused(tmp_path, capfd, name, part, by):
    noise = np.random.default_rng(1).integers(0, 256, (200, 300), np.uint8)
    path = tmp_path / name
    if by == "Pillow":
        saved(path, noise)
    else:
        cv2.imwrite(str(path), noise)
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * part)])
    with pytest.raises(UserError, match="damaged or incomplete") as caught:
        open_picture(path)
    assert caught.value.hint
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("a.png", {}),
        ("a.jpg", {}),
        ("a.jpg", {"progressive": True}),
        ("a.bmp", {}),
        ("a.tif", {}),
        ("a.tif", {"compression": "tiff_lzw"}),
        ("a.tif", {"compression": "tiff_adobe_deflate"}),
        ("a.tif", {"compression": "jpeg"}),
    ],
)
def test_damage_of_any_kind_is_not_talked_about_on_the_terminal(tmp_path, capfd, name, options):
    path = saved(tmp_path / name, cv2.resize(colours(), (90, 60)), **options)
    whole = path.read_bytes()
    random = np.random.default_rng(2)
    for _ in range(60):
        damaged = bytearray(whole)
        for place in random.integers(4, len(whole), 4):
            damaged[place] = random.integers(256)
        with suppress(UserError):
            decode_picture(bytes(damaged), path)
    assert capfd.readouterr() == ("", "")


def test_a_jpeg_in_the_inks_of_print_is_shown_in_red_green_blue(tmp_path):
    Image.fromarray(colours()).convert("CMYK").save(tmp_path / "a.jpg", quality=95)
    pixels = open_picture(tmp_path / "a.jpg").frame(0).pixels
    assert np.abs(pixels[10, [5, 15, 25]].astype(int) - colours()[10, [5, 15, 25]]).max() <= 15


def test_a_file_gone_after_opening_can_still_be_shown(tmp_path):
    path = saved(tmp_path / "a.png", ramp())
    study = open_picture(path)
    path.unlink()
    assert np.array_equal(study.frame(0).pixels, ramp())


def test_frames_are_not_shared(tmp_path):
    study = open_picture(saved(tmp_path / "a.png", ramp()))
    study.frame(0).pixels[:] = 0
    assert np.array_equal(study.frame(0).pixels, ramp())


@pytest.mark.parametrize(("content", "said"), [(b"", "empty"), (b"GIF89a" + b"\0" * 40, "not a PNG")])
def test_what_is_no_picture_is_refused(tmp_path, content, said):
    (tmp_path / "a.png").write_bytes(content)
    with pytest.raises(UserError, match=said):
        open_picture(tmp_path / "a.png")


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(UserError, match="no file"):
        open_picture(tmp_path / "a.png")


def test_kinds_are_told_by_their_first_bytes():
    stream = io.BytesIO()
    Image.fromarray(ramp()).save(stream, "TIFF")
    assert picture_kind(stream.getvalue()[:12]) == "TIFF image"
    assert picture_kind(b"%PDF-1.7") is None
