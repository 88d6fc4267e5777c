"""Millimetres come from the region calibration, then from pixel spacings, and never from nonsense."""

import math

import pytest
from pydicom.dataset import Dataset

from csamoe_desktop.errors import UserError
from csamoe_desktop.study.calibration import by_hand, drawn_pixels, find_spacing, millimetres
from csamoe_desktop.study.model import Spacing


def region(across: float | None = 0.008, down: float | None = 0.007, box=(0, 0, 99, 99), **changes: object) -> Dataset:
    item = Dataset()
    item.RegionSpatialFormat = 1
    item.RegionDataType = 1
    item.RegionLocationMinX0, item.RegionLocationMinY0, item.RegionLocationMaxX1, item.RegionLocationMaxY1 = box
    item.PhysicalUnitsXDirection = item.PhysicalUnitsYDirection = 3
    item.PhysicalDeltaX, item.PhysicalDeltaY = across, down
    for keyword, value in changes.items():
        setattr(item, keyword, value)
    return item


def header(*regions: Dataset, **attributes: object) -> Dataset:
    dataset = Dataset()
    if regions:
        dataset.SequenceOfUltrasoundRegions = list(regions)
    for keyword, value in attributes.items():
        setattr(dataset, keyword, value)
    return dataset


def close(spacing: Spacing | None, row: float, column: float, source: str) -> bool:
    return spacing is not None and (spacing.row, spacing.column, spacing.source) == (
        pytest.approx(row),
        pytest.approx(column),
        source,
    )


def test_a_region_gives_centimetres_as_millimetres():
    spacing, notes = find_spacing(header(region()))
    assert close(spacing, 0.07, 0.08, "region 1")
    assert notes == ()


def test_signs_of_deltas_do_not_matter():
    assert close(find_spacing(header(region(0.008, -0.007)))[0], 0.07, 0.08, "region 1")


def test_other_regions_are_passed_over_and_keep_their_number():
    doppler = region(1.0, 2.0, RegionSpatialFormat=3, PhysicalUnitsXDirection=4)
    colour = region(RegionDataType=2)
    assert close(find_spacing(header(doppler, colour, region()))[0], 0.07, 0.08, "region 3")


DIFFERENT = "The image has regions of different scale; sizes are in pixels."


@pytest.mark.parametrize(
    "other",
    [
        region(0.02, 0.02, (400, 0, 800, 400)),
        region(0.008, 0.0072, (400, 0, 800, 400)),
        region(0.02, 0.02, (0, 0, 9, 9)),
        region(0.02, 0.02, (400, 0, 800, 400), RegionDataType=2),
    ],
    ids=["both axes", "one axis", "a small one", "colour flow"],
)
@pytest.mark.parametrize("first", [True, False])
def test_an_image_of_two_scales_is_measured_in_pixels_and_that_is_said(other, first):
    usual = region(0.008, 0.007, (0, 0, 399, 400))
    both = (other, usual) if first else (usual, other)
    # Nor is the file's one pixel spacing right for both.
    assert find_spacing(header(*both, PixelSpacing=[0.5, 0.5])) == (None, (DIFFERENT,))


def test_a_region_of_a_part_of_the_frame_is_the_scale_where_it_is_the_only_one():
    spacing, notes = find_spacing(header(region(box=(200, 100, 300, 200)), Rows=600, Columns=800))
    assert close(spacing, 0.07, 0.08, "region 1")
    assert notes == ()


def test_colour_flow_alone_gives_no_scale():
    assert find_spacing(header(region(RegionDataType=2))) == (None, ())


def test_regions_that_agree_are_not_worth_a_word():
    spacing, notes = find_spacing(header(region(), region(0.00804, 0.00698, (100, 0, 300, 300))))
    assert close(spacing, 0.0698, 0.0804, "region 2")
    assert notes == ()


@pytest.mark.parametrize(
    "item",
    [
        region(0.0, 0.007),
        region(0.008, 0.0),
        region(math.nan, 0.007),
        region(math.inf, 0.007),
        region(None, 0.007),
        region(5.0, 5.0),
        region(PhysicalUnitsXDirection=4),
        region(PhysicalUnitsYDirection=0),
    ],
)
def test_a_region_of_nonsense_is_no_scale_and_said(item):
    spacing, notes = find_spacing(header(item))
    assert spacing is None
    assert "not usable" in notes[0]


def test_a_usable_region_counts_beside_a_useless_one():
    assert close(find_spacing(header(region(0.0, 0.0), region()))[0], 0.07, 0.08, "region 2")


@pytest.mark.parametrize(
    ("keyword", "source"),
    [
        ("PixelSpacing", "the file's pixel spacing"),
        ("NominalScannedPixelSpacing", "the file's nominal scanned pixel spacing"),
        ("ImagerPixelSpacing", "the file's imager pixel spacing (at the detector)"),
    ],
)
def test_without_regions_a_pixel_spacing_is_used(keyword, source):
    assert close(find_spacing(header(**{keyword: [0.07, 0.08]}))[0], 0.07, 0.08, source)


def test_regions_come_before_pixel_spacing():
    assert close(find_spacing(header(region(), PixelSpacing=[0.5, 0.5]))[0], 0.07, 0.08, "region 1")


def test_after_a_useless_region_the_pixel_spacing_is_used_and_the_region_said():
    spacing, notes = find_spacing(header(region(0, 0), PixelSpacing=[0.5, 0.5]))
    assert close(spacing, 0.5, 0.5, "the file's pixel spacing")
    assert "region calibration is not usable" in notes[0]


@pytest.mark.parametrize("values", [[0, 0.1], [-0.1, 0.1], [0.1], [100, 100], [0.1, 0.1, 0.1]])
def test_a_pixel_spacing_of_nonsense_is_no_scale_and_said(values):
    spacing, notes = find_spacing(header(PixelSpacing=values))
    assert spacing is None
    assert "not usable" in notes[0]


def test_a_placeholder_of_one_millimetre_is_no_scale_and_said():
    spacing, notes = find_spacing(header(PixelSpacing=[1, 1]))
    assert spacing is None
    assert "exactly 1 mm" in notes[0]


def test_the_shared_spacing_of_an_enhanced_image_is_found():
    measures, groups = Dataset(), Dataset()
    measures.PixelSpacing = [0.2, 0.3]
    groups.PixelMeasuresSequence = [measures]
    assert close(find_spacing(header(SharedFunctionalGroupsSequence=[groups]))[0], 0.2, 0.3, "the file's pixel spacing")


def test_no_scale_is_none_without_a_word():
    assert find_spacing(header()) == (None, ())
    assert find_spacing(header(PixelSpacing=None)) == (None, ())


# -- by hand


def test_a_line_along_the_depth_scale_gives_square_pixels() -> None:
    spacing = by_hand((100.0, 700.0), (412.0, 700.0), 40.0)
    assert spacing == Spacing(40 / 312, 40 / 312, "calibrated by hand: 40 mm over 312 px")
    assert spacing.by_hand
    assert spacing.words == "calibrated by hand: 40 mm over 312 px"
    assert Spacing(0.1, 0.1, "region 1").words == "calibrated from region 1"
    assert by_hand((0.0, 0.0), (30.0, 40.0), 5.0).row == pytest.approx(0.1)


def test_pixels_stay_as_high_for_their_width_as_the_file_says() -> None:
    own = Spacing(0.2, 0.1, "region 1")
    down = by_hand((0.0, 0.0), (100.0, 0.0), 30.0, own)
    across = by_hand((0.0, 0.0), (0.0, 100.0), 30.0, own)
    assert (down.row, down.column) == pytest.approx((0.3, 0.15))
    assert (across.row, across.column) == pytest.approx((0.6, 0.3))


def test_a_short_line_is_refused_in_a_sentence() -> None:
    with pytest.raises(UserError, match="19 pixels long; that is too short") as refused:
        by_hand((0.0, 0.0), (19.4, 0.0), 40.0)
    assert "at least 20 pixels" in refused.value.hint
    assert drawn_pixels((0.0, 0.0), (20.0, 0.0)) == 20


def test_pixels_that_no_image_has_are_refused() -> None:
    with pytest.raises(UserError, match="400 mm over 30 pixels would make a pixel 13.3 mm wide"):
        by_hand((0.0, 0.0), (30.0, 0.0), 400.0)


@pytest.mark.parametrize(
    ("text", "unit", "length"),
    [("40", "mm", 40), ("4", "cm", 40), ("4,5", "cm", 45), (" 4 CM ", "mm", 40), ("35mm", "cm", 35), (".5", "cm", 5)],
)
def test_a_length_typed_is_read(text: str, unit: str, length: float) -> None:
    assert millimetres(text, unit) == pytest.approx(length)


@pytest.mark.parametrize("text", ["", "0", "-4", "four", "4 inch", "1e3", "nan", "4 5"])
def test_what_is_no_length_is_refused(text: str) -> None:
    with pytest.raises(UserError, match="not a length"):
        millimetres(text, "mm")
