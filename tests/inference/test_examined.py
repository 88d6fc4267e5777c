"""What the file and the outline's size say of the organ: other organs withhold, the breast and silence never do."""

import csv
import dataclasses
from pathlib import Path

import cv2
import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset

from csamoe_desktop import cli
from csamoe_desktop.inference.examined import check_frame, check_origin
from csamoe_desktop.inference.guard import Level, withheld, withheld_because
from csamoe_desktop.inference.organs import load_organs, plain
from csamoe_desktop.study.model import Frame, Spacing
from csamoe_desktop.study.opening import open_study
from csamoe_desktop.study.origin import Origin, Said
from csamoe_desktop.study.phantom import DemoStudy, make_phantom, write_demo_study

PYDICOM = Path(pydicom.__file__).parent / "data" / "test_files"


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> DemoStudy:
    return write_demo_study(tmp_path_factory.mktemp("demo"))


def frame(origin: Origin, spacing: Spacing | None = None) -> Frame:
    return Frame(np.full((200, 300), 90, np.uint8), 0, spacing, origin)


def described(text: str, where: str = "study description") -> Frame:
    return frame(Origin(descriptions=(Said(where, text),)))


def rules(seen: Frame, mask: np.ndarray | None = None) -> dict[str, Level]:
    return {one.rule: one.level for one in check_origin(seen, mask)}


@pytest.mark.parametrize(
    ("text", "organ"),
    [
        ("Echocardiogram, adult", "the heart"),
        ("TTE complete w/ doppler", "the heart"),
        ("US-ABD^LIVER", "the abdomen"),
        ("CardiacAdult", "the heart"),
        ("OB/GYN 2nd trimester", "a pregnancy or the pelvis"),
        ("Sonographie Schilddrüse", "the thyroid or the neck"),
        ("SCHILDDRUESE", "the thyroid or the neck"),
        ("Herzecho", "the heart"),
        ("Oberbauchsonographie", "the abdomen"),
        ("Échographie du cœur", "the heart"),
        ("Echo-doppler des carotides", "blood vessels"),
        ("Ecografía de próstata", "the kidneys, the bladder or the prostate"),
        ("Ecocardiograma", "the heart"),
        ("Ecografia tiroidea", "the thyroid or the neck"),
        ("Ultrassom do coração", "the heart"),
        ("Ecografia addome completo", "the abdomen"),
        ("心脏彩超", "the heart"),
        ("心エコー", "the heart"),
        ("甲状腺超声", "the thyroid or the neck"),
        ("胎児エコー", "a pregnancy or the pelvis"),
        ("심장초음파", "the heart"),
        ("Эхокардиография", "the heart"),
        ("renal_transplant", "the kidneys, the bladder or the prostate"),
        ("shoulder left", "muscles, joints or tendons"),
    ],
)
def test_another_organ_in_any_language_is_withheld(text: str, organ: str) -> None:
    for where in ("study description", "body part", "protocol"):
        found = withheld_because(check_origin(described(text, where)))
        assert f"examination of {organ}, not of the breast ({where}: {text})" in found


@pytest.mark.parametrize(
    "text",
    [
        "", "US", "US BREAST LT", "BreastRight", "MAMMASONOGRAPHIE", "Brustultraschall bds.", "Échographie mammaire",
        "échographie du sein gauche", "ECO MAMA", "Ecografía mamaria", "Ultrassom das mamas", "Ecografia senologica del seno",
        "乳腺超声", "乳房超音波", "乳がん検診", "右乳エコー", "유방초음파", "УЗИ молочных желёз", "Axilla", "General", "Small parts",
        "Follow-up 6 months", "testing", "Lobular lesion with vascularity in the breast", "Breast and abdomen", "1.2.840",
    ],
)  # fmt: skip
def test_the_breast_and_what_says_nothing_never_trigger(text: str) -> None:
    assert check_origin(described(text)) == ()


def test_a_breast_anywhere_silences_the_other_words_and_signs() -> None:
    told = (Said("study description", "Abdomen"), Said("series description", "breast left"))
    echo = Origin(descriptions=told, transducer="CURVED_LINEAR", traces=("an ECG trace",), depth_mm=180)
    assert check_origin(frame(echo)) == ()


def test_one_sign_cautions_and_two_withhold() -> None:
    for one in (
        Origin(traces=("an ECG trace",)),
        Origin(heart_rate=True),
        Origin(transducer="SECTOR_PHASED"),
        Origin(transducer="ENDOCAV_CLA"),
        Origin(depth_mm=180),
        Origin(parts=("an M-mode",)),
        Origin(presets=(Said("preset", "OB_GENERAL"),)),
        Origin(descriptions=(Said("study description", "Adult echo"),)),
    ):
        assert set(rules(frame(one)).values()) == {Level.CAUTION}
    assert withheld(check_origin(frame(Origin(traces=("an ECG trace",), depth_mm=180))))
    assert "an ECG trace and a depth of 180 mm" in withheld_because(
        check_origin(frame(Origin(heart_rate=False, traces=("an ECG trace",), depth_mm=180)))
    )
    for calm in (Origin(depth_mm=60, transducer="LINEAR", modality="US", species="Homo sapiens", age=44), Origin()):
        assert check_origin(frame(calm)) == ()
    assert rules(frame(Origin(age=6))) == {"child": Level.CAUTION}
    assert rules(frame(Origin(modality="MG"))) == {"modality": Level.WITHHOLD}
    assert rules(frame(Origin(species="Canis lupus familiaris"))) == {"species": Level.WITHHOLD}
    assert rules(frame(Origin(), Spacing(1.0, 1.0, "region 1"))) == {"depth": Level.CAUTION}


def test_an_outline_larger_than_lesions_are_is_said() -> None:
    mask = np.zeros((200, 300), bool)
    mask[50:150, 50:150] = True
    assert rules(frame(Origin(), Spacing(0.3, 0.3, "region 1")), mask) == {}
    assert rules(frame(Origin(), Spacing(0.6, 0.6, "region 1")), mask) == {"long": Level.CAUTION}
    assert rules(frame(Origin(), Spacing(0.72, 1.0, "region 1")), mask) == {"long": Level.WITHHOLD}
    assert rules(frame(Origin()), mask) == {}, "pixels say no size"
    mask[10:190, 10:290] = True
    assert rules(frame(Origin()), mask) == {"large": Level.CAUTION}
    breast = described("US breast")
    assert rules(breast, mask) == {"large": Level.CAUTION}, "the outline is asked whatever the file says"


def test_the_words_are_all_usable_and_none_means_two_things() -> None:
    organs = load_organs()
    assert plain("Échographie_du cœur/HERZ") == "echographie du coeur herz"
    for organ in organs.organs:
        assert not organs.breast.among(organ.name)


@pytest.mark.parametrize("name", ["examples_palette.dcm"])
def test_a_foreign_examination_of_pydicom_is_withheld(name: str) -> None:
    study = open_study(PYDICOM / name)
    assert study.origin.traces == ("an ECG trace",)
    assert study.origin.depth_mm == pytest.approx(120.1, abs=0.2)
    why = withheld_because(check_origin(study.frame(0)))
    assert "an ECG trace" in why
    assert "curved transducer" in why


def test_an_echocardiogram_s_header_is_read(demo: DemoStudy, tmp_path: Path) -> None:
    header = pydicom.dcmread(demo.spiculated)
    header.StudyDescription = "Echo TTE"
    code = Dataset()
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = "80891009", "SCT", "Heart"
    header.AnatomicRegionSequence = [code]
    header.HeartRate, header.PatientAge, header.TransducerType = 71, "055Y", "SECTOR_PHASED"
    for words in ("StudyDescription", "SeriesDescription", "ProtocolName", "BodyPartExamined"):
        if words != "StudyDescription" and words in header:
            delattr(header, words)
    file = tmp_path / "echo.dcm"
    header.save_as(file)
    seen = open_study(file).frame(0)
    assert seen.origin.heart_rate
    assert seen.origin.age == 55
    assert "80891009" in seen.origin.codes
    assert "the heart" in withheld_because(check_origin(seen))
    header.StudyDescription = ""
    header.AnatomicRegionSequence[0].CodeMeaning = "?"
    header.save_as(file)
    assert "the heart" in withheld_because(check_origin(open_study(file).frame(0))), "by its code alone"


def test_proposing_on_an_echocardiogram_is_refused_by_the_command(
    demo: DemoStudy, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    header = pydicom.dcmread(demo.spiculated)
    for words in ("SeriesDescription", "ProtocolName", "BodyPartExamined"):
        if words in header:
            delattr(header, words)
    header.StudyDescription = "Echokardiographie"
    header.save_as(tmp_path / "echo.dcm")
    out = tmp_path / "mask.png"
    assert cli.main(["propose", str(tmp_path / "echo.dcm"), "--out", str(out)]) == 2
    assert "No outline is proposed on echo.dcm" in capsys.readouterr().err
    assert not out.exists()


def test_nothing_is_said_of_the_demo(demo: DemoStudy) -> None:
    for file in (demo.spiculated, demo.smooth):
        assert check_origin(open_study(file).frame(0), make_phantom("smooth").mask) == ()


def test_nothing_is_said_of_real_breasts() -> None:
    """BUS-BRA's first lesions, where the research data is at hand."""
    folder = Path(__file__).parents[3] / "shared" / "data" / "busbra"
    if not folder.is_dir():
        pytest.skip("the research data is not here")
    with (folder / "labels.csv").open(encoding="utf-8") as table:
        rows = [row for _, row in zip(range(40), csv.DictReader(table), strict=False)]
    for row in rows:
        mask = cv2.imread(str(folder / row["mask"]), cv2.IMREAD_GRAYSCALE) > 127
        seen = open_study(folder / row["image"]).frame(0)
        assert check_origin(seen, mask) == ()


def test_the_whole_guard_speaks_of_the_file_first() -> None:
    seen = described("Abdomen")
    noise = np.random.default_rng(0).integers(30, 200, (200, 300)).astype(np.uint8)
    assert next(one.rule for one in check_frame(dataclasses.replace(seen, pixels=noise))) == "organ"
