"""Millimetres come from the region calibration, inside its regions, then from pixel spacings, and never from nonsense."""

import math

import pytest
from pydicom.datadict import tag_for_keyword
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.tag import Tag

from csamoe_desktop.errors import UserError
from csamoe_desktop.study.calibration import (
    by_hand,
    calibrated_by_hand,
    depth_at,
    drawn_pixels,
    file_spacing,
    find_frame_scales,
    find_scale,
    millimetres,
)
from csamoe_desktop.study.scale import NOT_CALIBRATED, Area, Region, Scale, Spacing, pixels_only

ALL = (0, 0, 600, 800)
LEFT, RIGHT = (0, 0, 399, 599), (400, 0, 799, 599)
"""The places of regions: left, top, right, bottom, the last ones included."""
IN_LEFT, IN_RIGHT, ACROSS = (100, 50, 200, 150), (100, 500, 200, 600), (100, 350, 200, 450)
"""Boxes: top, left, bottom, right."""


def region(
    across: float | None = 0.008, down: float | None = 0.007, box=(0, 0, 799, 599), **changes: object
) -> Dataset:
    item = Dataset()
    item.RegionSpatialFormat = 1
    item.RegionDataType = 1
    item.RegionLocationMinX0, item.RegionLocationMinY0, item.RegionLocationMaxX1, item.RegionLocationMaxY1 = box
    item.PhysicalUnitsXDirection = item.PhysicalUnitsYDirection = 3
    item.PhysicalDeltaX, item.PhysicalDeltaY = across, down
    for keyword, value in changes.items():
        if value is None:
            delattr(item, keyword)
        else:
            setattr(item, keyword, value)
    return item


def header(*regions: Dataset, **attributes: object) -> Dataset:
    dataset = Dataset()
    dataset.Rows, dataset.Columns = 600, 800
    if regions:
        dataset.SequenceOfUltrasoundRegions = list(regions)
    for keyword, value in attributes.items():
        setattr(dataset, keyword, value)
    return dataset


def close(spacing: Spacing, row: float, column: float, source: str) -> bool:
    return spacing.in_mm and (spacing.row, spacing.column, spacing.source) == (
        pytest.approx(row),
        pytest.approx(column),
        source,
    )


def refused(*regions: Dataset, where=IN_LEFT, **attributes: object) -> str:
    """Return why there are no millimetres; the file's notes say it too."""
    scale, notes = find_scale(header(*regions, **attributes))
    spacing = scale.of(where)
    assert not spacing.in_mm
    assert any(spacing.source.removeprefix("region") in note for note in notes)
    return spacing.source


def test_a_region_gives_centimetres_as_millimetres():
    scale, notes = find_scale(header(region()))
    assert close(scale.of(ALL), 0.07, 0.08, "region 1")
    assert notes == ()


def test_the_sign_of_a_delta_down_does_not_matter():
    assert close(find_scale(header(region(0.008, -0.007)))[0].of(ALL), 0.07, 0.08, "region 1")


def test_a_negative_delta_across_is_no_scale():
    assert refused(region(-0.008, 0.007)) == "region 1 gives no scale: the width of its pixels is negative"


def test_other_regions_are_passed_over_and_keep_their_number():
    colour = region(box=(100, 100, 299, 299), RegionDataType=2)
    graphics = region(1.0, 2.0, RegionSpatialFormat=5)
    assert close(find_scale(header(graphics, colour, region()))[0].of(ALL), 0.07, 0.08, "region 3")


def test_a_scale_counts_inside_its_region_alone():
    scale, notes = find_scale(header(region(box=LEFT)))
    assert notes == ()
    assert close(scale.of(IN_LEFT), 0.07, 0.08, "region 1")
    assert scale.of(IN_RIGHT).words.startswith("outside region 1, the calibrated part of the image")
    assert scale.of(ACROSS).words.startswith("partly outside region 1, the calibrated part of the image")
    # A pixel of the region is 0.07 high and 0.08 wide, and so it is taken to be beside it.
    assert scale.of(IN_RIGHT).aspect == pytest.approx(0.875)


def test_a_pixel_spacing_is_not_used_outside_the_regions():
    scale, _ = find_scale(header(region(0.008, 0.008, LEFT), PixelSpacing=[0.08, 0.08]))
    assert not scale.of(IN_RIGHT).in_mm


def test_each_of_two_regions_has_its_own_scale_and_that_is_said():
    scale, notes = find_scale(header(region(0.008, 0.008, LEFT), region(0.02, 0.02, RIGHT)))
    assert close(scale.of(IN_LEFT), 0.08, 0.08, "region 1")
    assert close(scale.of(IN_RIGHT), 0.2, 0.2, "region 2")
    assert scale.of(ACROSS).source == "across regions 1, 2, which differ in scale"
    assert scale.of(ALL).source == "across regions 1, 2, which differ in scale"
    assert notes == ("The image has regions with different scales; each scale applies only inside its own region.",)


def test_on_a_split_screen_of_one_scale_a_lesion_lies_in_one_image():
    scale, notes = find_scale(header(region(0.008, 0.008, LEFT), region(0.008, 0.008, RIGHT)))
    assert scale.of(IN_LEFT).in_mm and scale.of(IN_RIGHT).in_mm
    assert scale.of(ACROSS).source == "across regions 1, 2, which are separate images"
    assert scale.common.in_mm
    assert notes == ()


def test_regions_of_different_kind_are_kept_apart():
    spectrum = region(0.01, 2.0, RIGHT, RegionSpatialFormat=3, RegionDataType=3, PhysicalUnitsXDirection=4)
    scale, notes = find_scale(header(region(box=LEFT), spectrum))
    assert scale.of(IN_LEFT).in_mm
    assert scale.of(IN_RIGHT).source == "region 2 gives no scale: it is a spectrum"
    assert scale.of(ACROSS).source == "partly on region 2, which is not calibrated"
    assert notes == ()


@pytest.mark.parametrize("kind", [2, 3])
def test_an_m_mode_or_spectrum_in_centimetres_measures_nothing(kind):
    scale, _ = find_scale(header(region(RegionSpatialFormat=kind)))
    assert not scale.of(IN_LEFT).in_mm


def test_a_pixel_spacing_does_not_hold_on_a_spectrum():
    scale, _ = find_scale(header(region(box=RIGHT, RegionSpatialFormat=3), PixelSpacing=[0.1, 0.1]))
    assert scale.of(IN_LEFT).in_mm
    assert not scale.of(IN_RIGHT).in_mm and not scale.of(ACROSS).in_mm


def test_colour_flow_counts():
    scale, notes = find_scale(header(region(RegionDataType=2)))
    assert close(scale.of(ALL), 0.07, 0.08, "region 1")
    assert notes == ()


def test_a_shallow_box_of_colour_flow_agrees_with_the_image_around_it():
    flow = region(box=(100, 100, 199, 149), RegionDataType=2)
    scale, notes = find_scale(header(region(), flow))
    assert scale.of((110, 110, 120, 130)).in_mm
    assert notes == ()
    assert refused(flow, where=(110, 110, 120, 130)) == "region 1 gives no scale: the image would be 3.5 mm deep"


def test_regions_that_agree_are_not_worth_a_word():
    scale, notes = find_scale(header(region(), region(0.00804, 0.00698, (100, 0, 300, 300))))
    assert close(scale.of(ALL), 0.07, 0.08, "region 1")
    assert notes == ()


@pytest.mark.parametrize(
    ("item", "why"),
    [
        (region(0.0, 0.007), "the size of its pixels is not given"),
        (region(0.008, 0.0), "the size of its pixels is not given"),
        (region(math.nan, 0.007), "the size of its pixels is not given"),
        (region(math.inf, 0.007), "the size of its pixels is not given"),
        (region(None, 0.007), "the size of its pixels is not given"),
        (region(5.0, 5.0), "a pixel would be 50 mm wide and 50 mm high"),
        (region(1e-6, 1e-6), "a pixel would be 1e-05 mm wide and 1e-05 mm high"),
        (region(0.008, 0.1), "a pixel would be 0.08 mm wide and 1 mm high"),
        (region(0.001, 0.001), "the image would be 6 mm deep"),
        (region(0.06, 0.06), "the image would be 360 mm deep"),
        (region(PhysicalUnitsXDirection=4), "its unit is seconds"),
        (region(PhysicalUnitsYDirection=5), "its unit is hertz"),
        (region(PhysicalUnitsYDirection=7), "its unit is centimetres per second"),
        (region(PhysicalUnitsYDirection=0), "its unit is not given"),
        (region(PhysicalUnitsYDirection=99), "its unit is not given"),
        (region(PhysicalUnitsXDirection=None), "its unit is not given"),
        (region(box=(900, 0, 1000, 599)), "it lies outside the image"),
        (region(box=(0, 0, 1000, 599)), "it extends beyond the image"),
        (region(box=(0, 0, 799, 700)), "it extends beyond the image"),
        (region(box=(700, 0, 100, 599)), "it is empty"),
        (region(box=(100, 100, 100, 100)), "it is empty"),
        (region(RegionLocationMaxX1=None), "its place is not given"),
    ],
)
def test_a_region_of_nonsense_is_no_scale_and_said(item, why):
    assert refused(item) == f"region 1 gives no scale: {why}"


def test_a_region_counted_from_one_is_taken_to_end_with_the_image():
    scale, notes = find_scale(header(region(box=(0, 0, 800, 600))))
    assert scale.of(ALL).in_mm
    assert notes == ()


def test_regions_that_overlap_and_contradict_are_both_no_scale():
    scale, notes = find_scale(header(region(0.008, 0.008), region(0.02, 0.02, (0, 0, 399, 599))))
    assert scale.of(IN_LEFT) == scale.of(IN_RIGHT)
    assert scale.of(IN_RIGHT).source == "region 1 gives no scale: it contradicts region 2, which overlaps it"
    assert len(notes) == 2


def test_a_region_that_contradicts_the_pixel_spacing_is_no_scale():
    why = refused(region(), PixelSpacing=[0.5, 0.5])
    assert why == "region 1 gives no scale: it contradicts the file's pixel spacing"
    assert find_scale(header(region(), PixelSpacing=[0.07, 0.08]))[0].of(ALL).in_mm
    # One that converters write for want of anything better says nothing.
    assert find_scale(header(region(), PixelSpacing=[1, 1]))[0].of(ALL).in_mm


def test_a_usable_region_counts_beside_a_useless_one():
    assert close(find_scale(header(region(0.0, 0.0), region()))[0].of(ALL), 0.07, 0.08, "region 2")


@pytest.mark.parametrize(
    ("keyword", "source"),
    [
        ("PixelSpacing", "the file's pixel spacing"),
        ("NominalScannedPixelSpacing", "the file's nominal scanned pixel spacing"),
        ("ImagerPixelSpacing", "the file's imager pixel spacing (at the detector)"),
    ],
)
def test_without_regions_a_pixel_spacing_is_used(keyword, source):
    assert close(find_scale(header(**{keyword: [0.07, 0.08]}))[0].of(ALL), 0.07, 0.08, source)


def test_after_a_useless_region_the_pixel_spacing_is_used_and_the_region_said():
    scale, notes = find_scale(header(region(0, 0), PixelSpacing=[0.4, 0.4]))
    assert close(scale.of(ALL), 0.4, 0.4, "the file's pixel spacing")
    assert "Region 1 gives no scale" in notes[0]


def test_after_a_region_that_is_no_length_the_pixel_spacing_is_not_used():
    assert refused(region(PhysicalUnitsXDirection=4), PixelSpacing=[0.4, 0.4]).endswith("its unit is seconds")


@pytest.mark.parametrize(
    "values", [[0, 0.1], [-0.1, 0.1], [0.1], [100, 100], [0.1, 0.1, 0.1], [0.01, 0.01], [0.6, 0.6], [0.9, 0.05]]
)
def test_a_pixel_spacing_of_nonsense_is_no_scale_and_said(values):
    scale, notes = find_scale(header(PixelSpacing=values))
    assert not scale.calibrated
    assert "is invalid" in notes[0]


def test_a_placeholder_of_one_millimetre_is_no_scale_and_said():
    scale, notes = find_scale(header(PixelSpacing=[1, 1]))
    assert not scale.calibrated
    assert "exactly 1 mm" in notes[0]


def frames_with(*spacings: float) -> list[Dataset]:
    told = []
    for spacing in spacings:
        measures, groups = Dataset(), Dataset()
        measures.PixelSpacing = [spacing, spacing]
        groups.PixelMeasuresSequence = [measures]
        told.append(groups)
    return told


def test_the_shared_spacing_of_an_enhanced_image_is_found():
    scale, _ = find_scale(header(SharedFunctionalGroupsSequence=frames_with(0.2)))
    assert close(scale.of(ALL), 0.2, 0.2, "the file's pixel spacing")


def test_each_frame_of_an_enhanced_cine_has_its_own_scale():
    scales, notes = find_frame_scales(header(PerFrameFunctionalGroupsSequence=frames_with(0.2, 0.3)))
    assert [one.of(ALL).row for one in scales] == [0.2, 0.3]
    assert notes == ("The frames have different scales; each frame is measured with its own scale.",)
    assert find_frame_scales(header()) == ((), ())


def test_no_scale_is_none_without_a_word():
    assert find_scale(header()) == (Scale(), ())
    assert find_scale(header(PixelSpacing=None)) == (Scale(), ())
    assert Scale().of(ALL).words == NOT_CALIBRATED


def test_what_is_no_sequence_or_no_number_is_no_scale_and_no_fault():
    broken = header(region(PhysicalUnitsXDirection=None), PixelSpacing=None)
    broken.SequenceOfUltrasoundRegions[0].PhysicalDeltaX = None
    assert not find_scale(broken)[0].calibrated
    for keyword in (
        "SequenceOfUltrasoundRegions",
        "SharedFunctionalGroupsSequence",
        "PerFrameFunctionalGroupsSequence",
    ):
        tag = Tag(tag_for_keyword(keyword))
        for vr, value in (("LO", b"no sequence"), ("UN", b"no sequence"), ("SQ", b"no sequence")):
            strange = header()
            strange[tag] = RawDataElement(tag, vr, len(value), value, 0, False, True)
            assert find_scale(strange) == (Scale(), ())
            assert find_frame_scales(strange) == ((), ())
    far = region(box=(0, 0, 4294967295, 4294967295))
    assert refused(far).endswith("it extends beyond the image")


# -- how high a pixel is for its width


@pytest.mark.parametrize(("ratio", "aspect"), [([2, 1], 2.0), ([1, 2], 0.5), ([1, 1], 1.0), ([4, 3], 4 / 3)])
def test_a_pixel_aspect_ratio_is_height_to_width(ratio, aspect):
    scale, notes = find_scale(header(PixelAspectRatio=ratio))
    assert scale.aspect == pytest.approx(aspect)
    assert not scale.calibrated
    assert notes == ()


@pytest.mark.parametrize("ratio", [[0, 1], [1, 0], [-2, 1], [11, 1], [1, 11], [2], [2, 1, 1]])
def test_a_pixel_aspect_ratio_of_nonsense_is_ignored_with_a_note(ratio):
    scale, notes = find_scale(header(PixelAspectRatio=ratio))
    assert scale.aspect == 1
    assert notes == ("The file's pixel aspect ratio is invalid and was ignored.",)


def test_a_region_is_as_high_for_its_width_as_the_aspect_ratio_says_or_no_scale():
    assert find_scale(header(region(0.008, 0.016, (0, 0, 799, 599)), PixelAspectRatio=[2, 1]))[0].of(ALL).in_mm
    assert refused(region(0.008, 0.008), PixelAspectRatio=[2, 1]).endswith("contradicts the file's pixel aspect ratio")
    scale, notes = find_scale(header(PixelSpacing=[0.1, 0.1], PixelAspectRatio=[2, 1]))
    assert not scale.calibrated and scale.aspect == 2
    assert notes == ("The file's pixel spacing contradicts its pixel aspect ratio; sizes are in pixels.",)


def test_what_differs_by_rounding_is_square():
    assert Spacing(0.0751, 0.075, "region 1").aspect == 1
    assert Spacing(0.2, 0.1, "region 1").aspect == 2


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


def test_by_hand_a_pixel_is_as_high_for_its_width_as_the_aspect_ratio_says() -> None:
    own = file_spacing(find_scale(header(PixelAspectRatio=[2, 1]))[0])
    spacing = by_hand((0.0, 0.0), (100.0, 0.0), 20.0, own)
    assert (spacing.row, spacing.column) == pytest.approx((0.2, 0.1))
    assert spacing.source == "calibrated by hand: 20 mm over 100 px"


def test_a_calibration_by_hand_that_contradicts_the_file_says_so() -> None:
    own = Spacing(0.1, 0.1, "region 1")
    assert by_hand((0.0, 0.0), (100.0, 0.0), 10.4, own).source == "calibrated by hand: 10.4 mm over 100 px"
    more, less = (by_hand((0.0, 0.0), (100.0, 0.0), length, own).source for length in (12.0, 8.0))
    assert more == "calibrated by hand: 12 mm over 100 px, 20 % more than the file says"
    assert less == "calibrated by hand: 8 mm over 100 px, 20 % less than the file says"


@pytest.mark.parametrize("length", [1.0, 100.0])
def test_a_calibration_by_hand_of_an_impossible_depth_is_refused(length: float) -> None:
    with pytest.raises(UserError, match="mm deep") as told:
        by_hand((0.0, 0.0), (100.0, 0.0), length, depth=600.0)
    assert "10 to 300 mm deep" in told.value.hint


HAND = Spacing(0.2, 0.2, "calibrated by hand: 20 mm over 100 px")


def test_a_line_inside_a_region_calibrates_that_region_alone() -> None:
    own, _ = find_scale(header(region(0.008, 0.008, LEFT), region(0.02, 0.02, RIGHT)))
    line = ((100.0, 500.0), (200.0, 500.0))
    scale = calibrated_by_hand(own, line, HAND)
    assert scale.of(IN_RIGHT) == HAND
    assert close(scale.of(IN_LEFT), 0.08, 0.08, "region 1")
    assert file_spacing(own, line).source == "region 2"
    assert depth_at(own, line, 600) == 600
    assert scale.by_hand


def test_a_line_beside_the_region_calibrates_the_whole_frame() -> None:
    own, _ = find_scale(header(region(box=LEFT)))
    scale = calibrated_by_hand(own, ((100.0, 700.0), (200.0, 700.0)), HAND)
    assert scale.of(IN_LEFT) == HAND and scale.of(IN_RIGHT) == HAND
    assert not scale.of(ACROSS).in_mm


def test_a_line_beside_regions_of_different_scale_is_refused() -> None:
    own, _ = find_scale(header(region(0.008, 0.008, (0, 0, 299, 599)), region(0.02, 0.02, RIGHT)))
    with pytest.raises(UserError, match="regions with different scales") as told:
        calibrated_by_hand(own, ((100.0, 350.0), (200.0, 350.0)), HAND)
    assert "inside the region" in told.value.hint


def test_a_line_on_a_spectrum_is_refused() -> None:
    own, _ = find_scale(header(region(box=RIGHT, RegionSpatialFormat=3)))
    with pytest.raises(UserError, match="region 1, where lengths cannot be measured"):
        calibrated_by_hand(own, ((100.0, 500.0), (200.0, 500.0)), HAND)
    assert not calibrated_by_hand(own, ((100.0, 50.0), (200.0, 50.0)), HAND).of(IN_RIGHT).in_mm


def test_a_region_without_a_scale_can_be_calibrated_by_hand() -> None:
    own, _ = find_scale(header(region(0, 0)))
    assert calibrated_by_hand(own, ((100.0, 50.0), (200.0, 50.0)), HAND).of(IN_RIGHT) == HAND


def test_a_scale_knows_what_a_line_crosses() -> None:
    bad = Region("region 2", Area(0, 0, 100, 100), pixels_only("no length"), lengths=False)
    good = Region("region 1", Area(0, 0, 300, 300), Spacing(0.1, 0.1, "region 1"))
    scale = Scale(pixels_only("outside"), (good, bad))
    assert scale.of(((50.0, 150.0), (200.0, 150.0))).in_mm
    # It passes the corner of the other one, whose box it shares.
    assert scale.of(((50.0, 290.0), (290.0, 50.0))).in_mm
    assert not scale.of(((0.0, 150.0), (150.0, 0.0))).in_mm
    assert not scale.of(((250.0, 250.0), (310.0, 250.0))).in_mm


def test_a_short_line_is_refused_in_a_sentence() -> None:
    with pytest.raises(UserError, match="too short to calibrate with: 19 pixels") as refused:
        by_hand((0.0, 0.0), (19.4, 0.0), 40.0)
    assert "at least 20 pixels" in refused.value.hint
    assert drawn_pixels((0.0, 0.0), (20.0, 0.0)) == 20


def test_pixels_that_no_image_has_are_refused() -> None:
    with pytest.raises(
        UserError, match="400 mm over 30 pixels is not possible in an ultrasound image: a pixel would be 13.3 mm wide"
    ):
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
