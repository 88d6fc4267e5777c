"""What a report says of a scale that holds on a part of the frame alone, in both languages."""

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from pydicom.dataset import Dataset

from csamoe_desktop.lesion.calipers import Caliper
from csamoe_desktop.report.content.sections import content
from csamoe_desktop.report.document import ReportInput
from csamoe_desktop.report.json_report import report_dict
from csamoe_desktop.report.pdf.writer import write_pdf
from csamoe_desktop.report.plain_text import report_text
from csamoe_desktop.study.calibration import by_hand, find_scale
from csamoe_desktop.study.model import Area, Scale, Spacing
from csamoe_desktop.study.scale import Region, pixels_only
from csamoe_desktop.wording import load_wording

Make = Callable[..., ReportInput]

WHY = "outside region 1, the calibrated part of the image"
HERE, BESIDE = Area(60, 100, 300, 380), Area(0, 0, 360, 100)
"""Around the lesion, and beside it, on a frame of 360 x 480."""


def on(area: Area) -> Scale:
    return Scale(pixels_only(WHY), (Region("region 1", area, Spacing(0.1, 0.1, "region 1")),))


def told(made: ReportInput, label: str) -> str:
    return next(line.value for line in content(made).lesion.lines if line.label == label)


def test_a_lesion_off_the_region_has_a_size_in_pixels_and_the_reason(make: Make) -> None:
    given = make(
        spacing=on(BESIDE), calipers=(Caliper((10.0, 10.0), (60.0, 10.0)), Caliper((10.0, 50.0), (10.0, 150.0)))
    )
    assert told(given, "Size").split(",")[0].endswith(" px")
    assert told(given, "Size from") == WHY
    assert told(given, "Calipers") == (
        "1: 5.0 mm (calibrated from region 1), 2: 100 px (partly outside region 1, the calibrated part of the image)"
    )
    image = report_dict(given)["readings"][0]["image"]
    assert (image["spacing_mm"], image["scale"], image["pixel_aspect"]) == (None, WHY, 1.0)
    assert WHY in report_text(given)


def test_a_lesion_on_the_region_is_in_millimetres(make: Make) -> None:
    given = make(spacing=on(HERE))
    assert " mm" in told(given, "Size") and told(given, "Size from") == "calibrated from region 1"
    assert report_dict(given)["readings"][0]["image"]["spacing_mm"] == [0.1, 0.1]


@pytest.mark.parametrize(("area", "caption"), [(HERE, "10 mm in region 1"), (BESIDE, "no scale for the lesion")])
def test_the_picture_has_the_lesions_own_scale_bar(make: Make, tmp_path: Path, area: Area, caption: str) -> None:
    file = tmp_path / "report.pdf"
    write_pdf(file, make(spacing=on(area)))
    assert (
        caption in subprocess.run(["pdftotext", "-layout", file, "-"], capture_output=True, check=True).stdout.decode()
    )


def region(**changes: object) -> Dataset:
    item = Dataset()
    item.RegionSpatialFormat = item.RegionDataType = 1
    item.RegionLocationMinX0 = item.RegionLocationMinY0 = 0
    item.RegionLocationMaxX1, item.RegionLocationMaxY1 = 799, 599
    item.PhysicalUnitsXDirection = item.PhysicalUnitsYDirection = 3
    item.PhysicalDeltaX = item.PhysicalDeltaY = 0.008
    for keyword, value in changes.items():
        setattr(item, keyword, value)
    return item


def headers() -> list[Dataset]:
    left = {"RegionLocationMaxX1": 299}
    right = {"RegionLocationMinX0": 400}
    regions = [
        *([region(PhysicalUnitsXDirection=unit)] for unit in range(13) if unit != 3),
        [region(PhysicalDeltaX=0)],
        [region(PhysicalDeltaX=-0.1)],
        [region(PhysicalDeltaX=5)],
        [region(PhysicalDeltaX=0.0001, PhysicalDeltaY=0.0001)],
        [region(RegionLocationMaxX1=900)],
        [region(RegionLocationMinX0=900, RegionLocationMaxX1=999)],
        [region(RegionLocationMinX0=799)],
        [region(RegionLocationMinX0=None)],
        [region(), region(PhysicalDeltaX=0.02)],
        [region(**left), region(**right)],
        [region(**left), region(**right, PhysicalDeltaX=0.01)],
        [region(**left), region(**right, RegionSpatialFormat=2)],
        [region(**left), region(**right, RegionSpatialFormat=3)],
        [region(**left), region(**right, RegionDataType=5)],
        [region(**left)],
    ]
    found = []
    for attributes in (
        {},
        *({"PixelSpacing": [one, one]} for one in (0.3, 0.9, 1, 0)),
        {"ImagerPixelSpacing": [50, 50]},
        {"PixelAspectRatio": [2, 1]},
        {"PixelAspectRatio": [2, 1], "PixelSpacing": [0.1, 0.1]},
        {"PixelAspectRatio": [0, 1]},
    ):
        for items in ([], *regions):
            header = Dataset()
            header.Rows, header.Columns = 600, 800
            if items:
                header.SequenceOfUltrasoundRegions = items
            for keyword, value in attributes.items():
                setattr(header, keyword, value)
            found.append(header)
    return found


def test_every_reason_and_note_has_its_chinese() -> None:
    say, english = load_wording("zh"), load_wording("en")
    said = set()
    for header in headers():
        scale, notes = find_scale(header)
        said |= set(notes)
        for box in ((0, 0, 9, 9), (0, 700, 9, 720), (0, 200, 9, 500), (0, 340, 9, 350), (0, 290, 9, 310)):
            said.add(scale.of(box).words)
        said |= {scale.common.words, scale.of(None).words}
    own = Spacing(0.1, 0.1, "region 1")
    said |= {by_hand((0.0, 0.0), (0.0, 100.0), length, own).words for length in (7, 10, 15)}
    assert len(said) > 50
    assert {one for one in said if english.translate(one) != one} == set()
    assert {one for one in said if re.search("[a-z]{3}", say.translate(one))} == set()
