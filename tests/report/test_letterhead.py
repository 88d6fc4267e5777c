"""The head of the paper: the institution's name and a logo of any size and kind; a broken file is refused in words."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from csamoe_desktop.errors import UserError
from csamoe_desktop.report.document import Report, ReportInput
from csamoe_desktop.report.json_report import report_dict
from csamoe_desktop.report.letterhead import BOX, Letterhead, read_logo
from csamoe_desktop.report.pdf.writer import render, write_pdf
from csamoe_desktop.report.plain_text import report_text

Make = Callable[..., ReportInput]


def picture(path: Path, size: tuple[int, int] = (300, 100), mode: str = "RGB", colour: object = (10, 90, 160)) -> Path:
    Image.new(mode, size, colour).save(path)  # type: ignore[arg-type]
    return path


def on_paper(make: Make, logo: Path, out: Path) -> np.ndarray:
    """The first page at 144 dots an inch, RGB."""
    write_pdf(out, Report((make(),), letterhead=Letterhead("Invented Hospital", logo)))
    subprocess.run(["pdftoppm", "-r", "144", "-singlefile", "-png", out, out.with_suffix("")], check=True)
    return cv2.imread(str(out.with_suffix(".png")))[:, :, ::-1].astype(int)


def test_the_name_is_on_paper_in_text_and_in_json(make: Make, tmp_path: Path) -> None:
    report = Report((make(),), letterhead=Letterhead("Klinik Łódź 医院"))
    file = tmp_path / "report.pdf"
    write_pdf(file, report)
    words = subprocess.run(["pdftotext", "-layout", file, "-"], capture_output=True, check=True).stdout.decode()
    assert words.lstrip().startswith("Klinik Łódź 医院")
    assert "Page 1 of 1" in words
    assert report_text(report).startswith("Klinik Łódź 医院\nBreast ultrasound")
    assert report_dict(report)["institution"] == "Klinik Łódź 医院"


@pytest.mark.parametrize(
    ("size", "wide"), [((3000, 1000), 120), ((60, 20), 120), ((1000, 3000), 40 / 3), ((4000, 400), 144)]
)
def test_a_logo_of_any_size_is_fitted_into_the_box(
    make: Make, tmp_path: Path, size: tuple[int, int], wide: float
) -> None:
    page = on_paper(make, picture(tmp_path / "logo.png", size), tmp_path / "report.pdf")
    rows, columns = np.nonzero((abs(page - (10, 90, 160)).max(axis=2) < 3)[:200])
    across, down = (np.ptp(columns) + 1) / 2, (np.ptp(rows) + 1) / 2
    assert across == pytest.approx(wide, abs=1.1)
    assert down == pytest.approx(wide * size[1] / size[0], abs=1.1)
    assert down <= BOX[1] + 1
    assert columns.min() / 2 == pytest.approx(40, abs=1)


@pytest.mark.parametrize(
    ("mode", "colour", "name", "found"),
    [
        ("L", 100, "logo.png", 100),
        ("1", 0, "logo.png", 0),
        ("P", 0, "logo.png", [0] * 3),
        ("LA", (100, 255), "logo.png", [100] * 3),
        ("RGBA", (10, 90, 160, 255), "logo.png", [10, 90, 160]),
        ("RGBA", (10, 90, 160, 0), "logo.png", [255] * 3),
        ("I;16", 0x6400, "logo.png", 100),
        ("L", 100, "logo.jpg", 100),
        ("CMYK", (0, 0, 0, 0), "logo.jpeg", [255] * 3),
    ],
)
def test_grey_colour_and_transparency(tmp_path: Path, mode: str, colour: object, name: str, found: object) -> None:
    pixels = read_logo(picture(tmp_path / name, (30, 20), mode, colour))
    assert pixels.dtype == np.uint8
    assert pixels.shape[:2] == (20, 30)
    assert pixels[10, 15].tolist() == found


def test_a_large_logo_is_reduced_and_a_turned_one_is_upright(tmp_path: Path) -> None:
    assert max(read_logo(picture(tmp_path / "large.png", (5000, 2500))).shape) <= 6 * BOX[0]
    turned = Image.new("L", (40, 20), 7)
    exif = turned.getexif()
    exif[0x0112] = 6
    turned.save(tmp_path / "turned.jpg", exif=exif)
    assert read_logo(tmp_path / "turned.jpg").shape == (40, 20)


def test_a_broken_file_is_refused_in_words_and_writes_nothing(make: Make, tmp_path: Path) -> None:
    whole = picture(tmp_path / "whole.png", (400, 300), "RGB").read_bytes()
    noise = Image.fromarray(np.random.default_rng(1).integers(0, 255, (200, 300, 3), dtype=np.uint8))
    noise.save(tmp_path / "noise.jpg")
    noise.save(tmp_path / "noise.png")
    broken = {
        "empty.png": b"",
        "text.png": b"this is no picture",
        "cut.png": (tmp_path / "noise.png").read_bytes()[:4000],
        "head.png": whole[:20],
        "cut.jpg": (tmp_path / "noise.jpg").read_bytes()[:3000],
        "page.png": b"%PDF-1.4",
    }
    for name, data in broken.items():
        (tmp_path / name).write_bytes(data)
        with pytest.raises(UserError, match=f"The logo {name} is (not a PNG or JPEG image|damaged)"):
            write_pdf(tmp_path / "report.pdf", Report((make(),), letterhead=Letterhead("", tmp_path / name)))
    with pytest.raises(UserError, match=r"missing\.png could not be read"):
        render(Report((make(),), letterhead=Letterhead("", str(tmp_path / "missing.png"))))
    with pytest.raises(UserError, match="could not be read"):
        read_logo(tmp_path)
    noise.save(tmp_path / "logo.bmp")
    with pytest.raises(UserError, match="not a PNG or JPEG"):
        read_logo(tmp_path / "logo.bmp")
    assert not (tmp_path / "report.pdf").exists()


def test_only_paper_needs_the_logo(make: Make, tmp_path: Path) -> None:
    report = Report((make(),), letterhead=Letterhead("Invented Hospital", tmp_path / "missing.png"))
    assert "Invented Hospital" in report_text(report)
    assert report_dict(report)["institution"] == "Invented Hospital"


def test_the_same_logo_gives_the_same_bytes(make: Make, tmp_path: Path) -> None:
    report = Report((make(),), letterhead=Letterhead("A", picture(tmp_path / "logo.png")))
    assert render(report) == render(report)
    assert render(report) != render(Report((make(),), letterhead=Letterhead("A")))
