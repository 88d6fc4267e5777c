"""Which breast a file says it shows, wherever and in whatever words it says so."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from pydicom.dataset import Dataset

from csamoe_desktop.study.dicom import open_dicom
from csamoe_desktop.study.sides import side_named, view_named

PIXELS = np.arange(48, dtype=np.uint8).reshape(6, 8)


def item(**attributes: object) -> Dataset:
    made = Dataset()
    for keyword, value in attributes.items():
        setattr(made, keyword, value)
    return made


@pytest.mark.parametrize(
    ("attributes", "side"),
    [
        ({"ImageLaterality": "L"}, "left"),
        ({"Laterality": "R"}, "right"),
        ({"ImageLaterality": "B"}, "both sides"),
        ({"ImageLaterality": "U"}, ""),
        ({"SharedFunctionalGroupsSequence": [item(FrameAnatomySequence=[item(FrameLaterality="R")])]}, "right"),
        (
            {
                "AnatomicRegionSequence": [
                    item(AnatomicRegionModifierSequence=[item(CodeValue="7771000", CodeMeaning="L")])
                ]
            },
            "left",
        ),
        ({"SeriesDescription": "Mamma links"}, "left"),
        ({"StudyDescription": "US BREAST RT LTD"}, "right"),
        ({"StudyDescription": "US BREAST BILATERAL"}, ""),
    ],
)
def test_a_file_names_its_side(make_dicom: Callable[..., Path], attributes: dict[str, object], side: str) -> None:
    told = open_dicom(make_dicom(PIXELS, **attributes)).facts.sides_of(0)
    assert {one.side for one in told} == ({side} if side else set())


def test_frames_have_sides_of_their_own(make_dicom: Callable[..., Path]) -> None:
    groups = [item(FrameAnatomySequence=[item(FrameLaterality=side)]) for side in "LR"]
    facts = open_dicom(make_dicom(np.stack([PIXELS, PIXELS]), frames=2, PerFrameFunctionalGroupsSequence=groups)).facts
    assert [facts.sides_of(frame)[0].side for frame in (0, 1)] == ["left", "right"]


def test_the_probe_is_read(make_dicom: Callable[..., Path]) -> None:
    position = [item(CodeValue="1", CodingSchemeDesignator="99X", CodeMeaning="Antiradial")]
    assert open_dicom(make_dicom(PIXELS, TransducerOrientationSequence=position)).facts.probe == "Antiradial"


@pytest.mark.parametrize(
    ("text", "side"),
    [
        ("left breast", "left"),
        ("Breast Ultrasound LT", "left"),
        ("rechte Brust", "right"),
        ("sein gauche", "left"),
        ("mama derecha", "right"),
        ("左乳肿块", "left"),
        ("右乳", "right"),
        ("US_BREAST_R", "right"),
        ("双侧 左右", ""),
        ("left and right", ""),
        ("bright echoes, upright, cleft", ""),
        ("nothing left to see", "left"),
        ("", ""),
    ],
)
def test_words_name_a_side_or_none(text: str, side: str) -> None:
    assert side_named(text) == side


def test_views_are_named() -> None:
    named = [view_named(one) for one in ("Anti-radial", "radial", "Sagittal", "transverse plane", "oblique", "")]
    assert named == ["antiradial", "radial", "longitudinal", "transverse", "", ""]
