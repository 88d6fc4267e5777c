"""How many pages a report has, what is on them, and that nothing of it is in another language."""

import dataclasses
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from csamoe_desktop.assess import ContourRange
from csamoe_desktop.inference.bundle import find_bundle
from csamoe_desktop.lesion.description import Description, Side, View
from csamoe_desktop.networks.cards import read_card
from csamoe_desktop.paths import model_weights
from csamoe_desktop.reader.assessment import Assessment, AssessmentRecord
from csamoe_desktop.reader.examination import Examination
from csamoe_desktop.report.content.letters import card_words
from csamoe_desktop.report.content.sections import content
from csamoe_desktop.report.document import Report, ReportInput
from csamoe_desktop.report.pdf.writer import write_pdf
from csamoe_desktop.report.plain_text import report_text
from csamoe_desktop.study.model import StudyFacts
from csamoe_desktop.wording import load_wording

Make = Callable[..., ReportInput]
OWN = Assessment(
    "4C",
    {
        "shape": ("irregular",),
        "orientation": ("not_parallel",),
        "margin": ("angular", "spiculated"),
        "echo_pattern": ("hypoechoic",),
        "posterior": ("shadowing",),
    },
    size="13.8 x 11.5 mm",
    measured=("shape", "size"),
)
EXAMINATION = Examination("Palpable lump.", "None available.", "B-mode ultrasound, single images")


def as_shipped(given: ReportInput) -> ReportInput:
    """The reading with the shipped model's card and all that is found out after it."""
    card = find_bundle("csamoe-resnet18").card
    contour = ContourRange(0.83, {"ellipse": 0.53, "wider": 0.88})
    ai_result = dataclasses.replace(given.ai_result, card=card, contour=contour, looked_closer=True)
    return dataclasses.replace(given, ai_result=ai_result)


@pytest.fixture
def full(make: Make) -> ReportInput:
    """A lesion with everything said of it that the window asks for."""
    return as_shipped(
        make(
            reads=AssessmentRecord(OWN, OWN, asked=True, first_seconds=12.0, ai_seconds=3.0, final_seconds=5.0),
            description=Description("", Side.LEFT, 2, 30, View.RADIAL, "one"),
        )
    )


def paper(report: Report, file: Path) -> list[str]:
    write_pdf(file, report)
    said = subprocess.run(["pdftotext", "-layout", file, "-"], capture_output=True, check=True).stdout.decode()
    return said.split("\f")[:-1]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_one_lesion_is_one_page_with_its_signature(
    make: Make, full: ReportInput, tmp_path: Path, language: str
) -> None:
    say = load_wording(language)
    warned = dataclasses.replace(full.facts, laterality="right")
    for given in (
        as_shipped(make()),
        full,
        dataclasses.replace(full, facts=StudyFacts()),
        dataclasses.replace(full, facts=warned),
    ):
        pages = paper(Report((given,), language, examination=EXAMINATION), tmp_path / "one.pdf")
        assert len(pages) == 1
        assert say("Signature") in pages[0]
        order = [pages[0].index(say(one)) for one in ("AI result", "Signature", "Compute device")]
        assert order == sorted(order), "the annex comes last"


def test_no_page_is_nearly_empty(make: Make, full: ReportInput, tmp_path: Path) -> None:
    other = dataclasses.replace(full, number=2, description=Description("Cyst?", Side.LEFT, 10, identity="two"))
    view = dataclasses.replace(full, description=dataclasses.replace(full.description, view=View.ANTIRADIAL))
    for readings, most in (((full, other), 2), ((full, view), 3)):
        pages = paper(Report(readings, examination=EXAMINATION), tmp_path / "several.pdf")
        assert len(pages) <= most
        for page in pages:
            assert len([line for line in page.splitlines() if line.strip()]) > 12, page


def test_lesion_1_stands_before_lesion_2(make: Make, full: ReportInput, tmp_path: Path) -> None:
    other = dataclasses.replace(full, number=2, description=Description(identity="two"))
    text = "".join(paper(Report((other, full)), tmp_path / "two.pdf"))
    assert text.index("Lesion 1") < text.index("Lesion 2")
    assert text.index("Overall impression") < text.index("Lesion 1")


def test_facts_that_are_missing_are_left_out(full: ReportInput, tmp_path: Path) -> None:
    (page,) = paper(Report((dataclasses.replace(full, facts=StudyFacts()),)), tmp_path / "png.pdf")
    assert "not given" not in page
    assert "Patient" not in page


def test_every_card_has_its_chinese_and_nothing_changes_language(full: ReportInput, tmp_path: Path) -> None:
    say = load_wording("zh")
    for file in sorted(model_weights().glob("*/card.json")):
        card = read_card(file)
        told = [card.title, card.intended_use, *card.limits, card.training.data]
        told += [card.thresholds.chosen_on, *(one.data for one in card.evaluations)]
        for text in filter(None, told):
            assert card_words(text, say) != text, text
            assert "模型卡英文原文" not in card_words(text, say), text
    facts = StudyFacts(patient_name="张伟")
    given = dataclasses.replace(full, facts=facts, comment="左乳肿块。", reader="李娜")
    text = report_text(Report((given,), "zh"))
    for line in text.splitlines():
        english = re.findall(r"\b[a-z]{3,}\b", line)
        assert set(english) <= {
            "phantom",
            "dcm",
            "mask",
            "png",
            "csamoe",
            "resnet",
            "float",
            "float32",
            "mez",
            "flores",
        }, line


def test_a_card_known_in_english_alone_is_quoted(make: Make) -> None:
    said = content(make(), load_wording("zh"))
    assert all(one.startswith("“") and one.endswith("”（模型卡英文原文）") for one in said.limits)
    assert said.limits[0].startswith("“Trained and tested")
    assert content(make()).limits[0].startswith("Trained and tested"), "in English as they are"


def test_a_citation_is_not_cut(make: Make, tmp_path: Path) -> None:
    card = find_bundle("csamoe-resnet18").card
    data = (
        "BUS-BRA (Gómez-Flores et al., Medical Physics 51(4), 2024): 1875 images of 1064 patients; BUSI (Al-Dhabyani et al., "
        "Data in Brief 28, 2020), normal images too, without those whose near-duplicate has another label"
    )
    training = dataclasses.replace(card.training, data=data)
    given = make(card=dataclasses.replace(card, training=training))
    write_pdf(tmp_path / "cited.pdf", given)
    page = subprocess.run(["pdftotext", tmp_path / "cited.pdf", "-"], capture_output=True, check=True).stdout.decode()
    assert "…" not in page
    assert "another label" in re.sub(r"\s+", " ", page)
