"""What a report says: every fact once, nothing that is not known, and never more certainty than there is."""

import dataclasses
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import cv2
import numpy as np
import pytest

from csamoe_desktop.assess import Category
from csamoe_desktop.errors import UserError
from csamoe_desktop.lesion.files.formats import read_mask
from csamoe_desktop.lesion.history import EditedMask
from csamoe_desktop.lesion.mask import Author, LesionMask
from csamoe_desktop.networks.cards import Thresholds
from csamoe_desktop.report.content.blocks import MANAGEMENT, NOT_GIVEN, Section
from csamoe_desktop.report.content.reasons import probability_words
from csamoe_desktop.report.content.sections import content, report_file_name
from csamoe_desktop.report.document import ReportInput
from csamoe_desktop.study.model import StudyFacts
from csamoe_desktop.study.raster import open_picture

Make = Callable[..., ReportInput]


def told(section: Section) -> dict[str, str]:
    return {line.label: line.value for line in section.lines}


def test_patient_and_study_are_named(make: Make) -> None:
    said = content(make())
    assert told(said.patient) == {
        "Patient": "Müller-Ångström, Zoë",
        "Patient ID": "TEST-0042",
        "Date of birth": "1961-04-12",
        "Sex": "female",
        "Side": "left",
        "Institution": "Invented Hospital",
    }
    assert told(said.study) == {
        "Study date": "2025-03-14",
        "Study": "Breast ultrasound left",
        "Accession": "A-2025-1187",
        "Scanner": "Phantom 3000, 12 MHz",
        "File": "phantom.dcm",
        "Frame": "3 of 65",
    }


def test_what_the_file_does_not_say_is_left_out(make: Make) -> None:
    said = content(make(facts=StudyFacts(accession="A-1")))
    assert told(said.patient) == {}
    assert told(said.study) == {"Accession": "A-1", "File": "phantom.dcm", "Frame": "3 of 65"}
    assert said.identity == "A-1"
    assert content(make(facts=StudyFacts())).identity == "phantom.dcm", "a sheet that gets lost tells whose it is"
    assert NOT_GIVEN not in content(make(facts=StudyFacts())).text()


def test_the_fixed_words_are_there(make: Make) -> None:
    said = content(make())
    assert said.notice == "Research use only"
    assert said.management == "Management must not rest solely on this output"
    assert "routing, not evidence" in said.gates_note
    assert "BI-RADS" not in said.text(), "the reader alone gives a BI-RADS category"


def test_the_reading(make: Make) -> None:
    said = content(make())
    assert said.category == "Suspicious"
    assert said.positive == "malignancy"
    assert said.scale.probability_words == "0.83"
    assert said.thresholds.startswith("likely benign below 0.12, suspicious from 0.71; chosen on 188 validation images")
    assert [(gate.expert, gate.words) for gate in said.gates] == [
        ("Whole image", "55 %"),
        ("Tumour core", "20 %"),
        ("Boundary", "25 %"),
    ]


@pytest.mark.parametrize(
    ("probability", "words"),
    [
        (0.0, "< 0.01"),
        (0.0049, "< 0.01"),
        (0.006, "0.01"),
        (0.5, "0.50"),
        (0.83, "0.83"),
        (0.9949, "0.99"),
        (0.9951, "> 0.99"),
        (1.0, "> 0.99"),
    ],
)
def test_a_probability_is_never_written_as_none_or_certain(probability: float, words: str) -> None:
    assert probability_words(probability) == words


def test_written_numbers_do_not_contradict_the_category(make: Make) -> None:
    given = make(probability=0.7096)
    said = content(given)
    assert given.ai_result.category == Category.INDETERMINATE
    # With two digits it would be "0.71", indeterminate, beside "suspicious from 0.71".
    assert (said.scale.probability_words, said.scale.suspicious_from_words) == ("0.7096", "0.7100")


def test_a_threshold_is_not_rounded_to_zero(make: Make) -> None:
    given = make(probability=0.5)
    card = dataclasses.replace(given.ai_result.card, thresholds=Thresholds(0.004, 0.7))
    assert content(make(probability=0.5, card=card)).thresholds == "likely benign below 0.004, suspicious from 0.700"


def test_the_lesion_in_millimetres(make: Make) -> None:
    mask = np.zeros((360, 480), bool)
    mask[100:220, 150:310] = True
    lesion = told(content(make(mask=mask)).lesion)
    # 120 rows and 160 columns of 0.08 mm: a diagonal of 200 pixels, and 120 * 200/160 across it.
    assert lesion["Size"] == "16.0 x 12.0 mm, area 122.9 mm²"
    assert lesion["Size from"] == "calibrated from region 1"
    assert lesion["Outline"] == "imported, then edited (phantom-mask.png)"
    assert lesion["Core"].startswith("outline eroded 5 times, ")
    assert lesion["Boundary"].startswith("dilated 5 times, minus the lesion, ")


def test_the_lesion_in_pixels(make: Make) -> None:
    given = make(spacing=None)
    given = dataclasses.replace(given, mask=LesionMask(given.mask.pixels, Author.DRAWN))
    lesion = told(content(given).lesion)
    assert lesion["Size"].endswith(" px")
    assert lesion["Size from"] == "the image is not calibrated"
    assert lesion["Outline"] == "drawn"


def test_the_part_of_the_frame_that_was_read_is_named(make: Make) -> None:
    given = make()
    assert told(content(given).lesion)["Area assessed"] == "the whole frame"
    mask = np.zeros((360, 480), bool)
    mask[100:160, 150:250] = True
    card = dataclasses.replace(given.ai_result.card, field=2.0)
    assert told(content(make(mask=mask, card=card)).lesion)["Area assessed"] == "200 x 200 px around the lesion"


def test_a_lesion_too_small_to_erode_says_so(make: Make) -> None:
    mask = np.zeros((200, 200), bool)
    mask[100, 100] = True
    said = content(make(shape=(200, 200), mask=mask))
    assert told(said.lesion)["Core"].startswith("the outline itself, not eroded, ")
    assert told(said.lesion)["Size"] == "0.1 x 0.1 mm, area 0.0064 mm²"
    assert said.warnings == ("The lesion is so small that its core was eroded 0 times instead of 5.",)


def test_the_model_is_named_with_its_figures(make: Make) -> None:
    said = content(make())
    model = told(said.model)
    assert model["Model"] == "CSA-MoE-Net (ResNet-18)"
    assert model["Version"] == "invented 1.0, weights 3f2a9c01b7de"
    assert model["Trained on"] == "an invented data set, 1500 images"
    assert model["AUC"] == ("0.951 (95 % interval 0.920 to 0.974), 375 images of 213 patients; test: held-out patients")
    assert model["Compute device"] == "CPU: x86_64 (float32)"
    assert said.weights_sha256 == "3f2a9c01b7de" + "4d" * 26


def test_a_model_without_figures_says_so(make: Make) -> None:
    card = dataclasses.replace(make().ai_result.card, evaluations=())
    assert told(content(make(card=card)).model)["AUC"] == NOT_GIVEN


def test_control_characters_and_line_breaks_in_a_file_do_not_reach_the_paper(make: Make) -> None:
    facts = StudyFacts(patient_name="Doe\x00\tJane\r\nX", study_description="  \x0c ")
    said = content(make(facts=facts, comment="one\ttwo\r\n\r\nthree\x07\n"))
    assert told(said.patient)["Patient"] == "Doe Jane X"
    assert "Study" not in told(said.study)
    assert said.comment == "one two\n\nthree"


def test_no_comment_is_said(make: Make) -> None:
    assert content(make(comment=" \n ")).comment == "None given."


def test_the_time_is_written_with_its_zone_if_it_has_one(make: Make) -> None:
    assert content(make()).made.startswith("Created 2025-03-14 15:09 +00:00 with CSA-MoE Desktop ")
    assert content(make(created=datetime(2025, 3, 14, 15, 9))).made.startswith("Created 2025-03-14 15:09 with ")


def test_an_empty_mask_is_refused(make: Make) -> None:
    given = make()
    with pytest.raises(UserError, match="No lesion is marked"):
        content(dataclasses.replace(given, mask=LesionMask(np.zeros((360, 480), bool), Author.NONE)))


def test_what_was_guessed_of_the_study_and_the_outline_is_said_beside_the_warnings(make: Make, tmp_path: Path) -> None:
    deep = np.random.default_rng(1).integers(0, 4000, (120, 160)).astype(np.uint16)
    cv2.imwrite(str(tmp_path / "deep.png"), deep)
    inverted = np.full((60, 80), 255, np.uint8)
    inverted[20:40, :30] = 0
    cv2.imwrite(str(tmp_path / "mask.png"), inverted)
    study = open_picture(tmp_path / "deep.png")
    frame = study.frame(0)
    read = read_mask(tmp_path / "mask.png", frame.shape, resize=True)
    edited = EditedMask(frame.shape)
    edited.replace(read.pixels, Author.IMPORTED, "mask.png", read.notes)
    said = content(make(pixels=frame.pixels, mask=read.pixels, notes=study.notes))
    assert said.warnings == ("The file's 16-bit values are shown as 8 bits, from 0 to 4095.",)
    given = dataclasses.replace(
        make(pixels=frame.pixels, mask=read.pixels, notes=(*study.notes, *study.notes)), mask=edited.finished()
    )
    said = content(given)
    assert said.warnings == (
        "The file's 16-bit values are shown as 8 bits, from 0 to 4095.",
        "The mask file marks the background instead of the lesion; it was inverted.",
        "The mask was resized from 80 x 60 to 160 x 120 pixels, the size of the image.",
    )
    assert "\n".join(["Warnings and notes", *(f"  {one}" for one in said.warnings)]) in said.text()


def test_the_plain_text_can_be_pasted_anywhere_and_ends_with_what_it_is_for(make: Make) -> None:
    given = make(facts=StudyFacts(), reader="", comment="one\ttwo\r\nthree", spacing=None)
    text = content(given).text()
    assert text.endswith("\n\nResearch use only. Management must not rest solely on this output.\n")
    assert text.encode("latin-1")
    assert all(letter == "\n" or letter.isprintable() for letter in text)
    assert "Reader's comment\none two\nthree\nReader: not given\n" in text
    assert "mm²".encode("latin-1") in content(make(facts=StudyFacts(), reader="")).text().encode("latin-1")
    blocks = text.split("\n\n")
    assert [block.splitlines()[0] for block in blocks] == [
        "Breast ultrasound: second reading of one lesion",
        "Study",
        "Reader's comment",
        "AI result",
        "Lesion",
        "Warnings and notes",
        "Model",
        "Intended use and limits",
        "Research use only. Management must not rest solely on this output.",
    ]
    assert "routing, not evidence" in blocks[3], "beside the shares that it is about"
    assert "\n  None." in blocks[5]


def test_the_plain_text_says_it_all(make: Make) -> None:
    text = content(make(warnings=("Mind the gap.",))).text()
    for words in (
        "Research use only",
        MANAGEMENT,
        "Patient: Müller-Ångström, Zoë",
        "Category: Suspicious",
        "Probability of malignancy: 0.83",
        "Gate share, Whole image: 55 %",
        "Mind the gap.",
        "Biopsy arranged.",
        "Reader: Dr. Ana Łukasz",
    ):
        assert words in text


@pytest.mark.parametrize(
    ("study", "report"),
    [
        ("IM0003.dcm", "IM0003-report.pdf"),
        ("IM0003", "IM0003-report.pdf"),
        ("case 7.png", "case 7-report.pdf"),
        ("1.2.840.10008.55", "1.2.840.10008.55-report.pdf"),
        ("1.2.840.10008.55.dcm", "1.2.840.10008.55-report.pdf"),
    ],
)
def test_the_suggested_name_comes_from_the_file_and_not_the_patient(make: Make, study: str, report: str) -> None:
    assert report_file_name(make(study_name=study)) == report
