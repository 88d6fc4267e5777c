"""Templates: every phrase has a Chinese translation, a clinic's template takes precedence, an invalid one is refused."""

import ast
import dataclasses
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from csamoe_desktop import paths
from csamoe_desktop.assess import Category, ContourRange
from csamoe_desktop.errors import UserError
from csamoe_desktop.inference.cases import Nearest
from csamoe_desktop.inference.examined import check_origin
from csamoe_desktop.inference.explanation import Explanation
from csamoe_desktop.inference.organs import load_organs
from csamoe_desktop.lesion.calipers import Caliper
from csamoe_desktop.lesion.description import Side, View
from csamoe_desktop.lesion.margin import describe_margin
from csamoe_desktop.lesion.mask import Author
from csamoe_desktop.lesion.measure import measure
from csamoe_desktop.networks.cards import CategoryCounts
from csamoe_desktop.reader.assessment import Assessment, AssessmentRecord
from csamoe_desktop.reader.lexicon import lexicons, load_lexicon
from csamoe_desktop.report.content.blocks import MANAGEMENT, NONE_GIVEN, NOT_GIVEN, NOTICE, WARNINGS
from csamoe_desktop.report.content.reasons import EXPERTS
from csamoe_desktop.report.content.views import NOT_TOGETHER
from csamoe_desktop.report.document import Report, ReportInput
from csamoe_desktop.report.plain_text import report_text
from csamoe_desktop.settings import REPORT_LANGUAGES
from csamoe_desktop.study import origin
from csamoe_desktop.study.model import Frame, Spacing
from csamoe_desktop.wording import LANGUAGES, PLAIN, ROWS, Wording, load_wording, own_template, placeholders
from tests.report import conftest as report_fixtures

Make = Callable[..., ReportInput]
application, make = report_fixtures.application, report_fixtures.make
several, two_views = report_fixtures.several, report_fixtures.two_views
PACKAGE = Path(paths.__file__).parent


def phrases_in_the_code() -> Iterator[str]:
    """Every literal that report/ passes to `say`, directly or through a variable."""
    for file in (PACKAGE / "report").rglob("*.py"):
        nodes = list(ast.walk(ast.parse(file.read_text(encoding="utf-8"))))
        given = [node for node in nodes if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)]
        for node in nodes:
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("say", "self")):
                continue
            names = {part.id for part in ast.walk(node.args[0]) if isinstance(part, ast.Name)}
            values = [
                line.value for line in given if isinstance(line.targets[0], ast.Name) and line.targets[0].id in names
            ]
            for expression in (node.args[0], *values):
                # The parts of a joined string are not phrases.
                if isinstance(expression, ast.Constant | ast.IfExp):
                    yield from (
                        part.value
                        for part in ast.walk(expression)
                        if isinstance(part, ast.Constant) and isinstance(part.value, str)
                    )


def vocabulary() -> Iterator[str]:
    """The phrases that report/ looks up by the value of an enumeration, a lexicon or a constant."""
    yield from (NOTICE, MANAGEMENT, NOT_GIVEN, NONE_GIVEN, WARNINGS, NOT_TOGETHER)
    yield from (one.value for kind in (Category, Author, View) for one in kind if one)
    yield from (f"{side.value} breast" for side in Side if side)
    yield from (*EXPERTS.values(), *(name.lower() for name in EXPERTS.values()))
    for name in lexicons():
        lexicon = load_lexicon(name)
        yield from (one.name for one in (*lexicon.descriptors, *lexicon.categories, *lexicon.management))
        yield from (term.name for descriptor in lexicon.descriptors for term in descriptor.terms)


def sentences_in_the_code() -> Iterator[str]:
    """Every warning and note in the code, with 7 in each gap."""
    for name in (
        "inference/guard.py",
        "inference/examined.py",
        "lesion/regions.py",
        "lesion/files/levels.py",
        "lesion/files/annotations.py",
        "lesion/files/belonging.py",
        "lesion/files/json_files.py",
        "lesion/files/planes.py",
        "lesion/files/arrays.py",
        "lesion/files/formats.py",
        "study/raster.py",
        "study/calibration.py",
    ):
        for node in ast.walk(ast.parse((PACKAGE / name).read_text(encoding="utf-8"))):
            found: list[ast.expr] = []
            if isinstance(node, ast.Call):
                called = ast.unparse(node.func)
                found = node.args[:1] if called.endswith(".append") else []
                found = node.args[2:3] if called == "Finding" else found
            elif isinstance(node, ast.Tuple | ast.List):
                found = node.elts
            for one in found:
                if isinstance(one, ast.JoinedStr | ast.Constant):
                    words = _with_gaps(one)
                    if words.endswith(".") and " " in words:
                        yield words


def _with_gaps(node: ast.expr) -> str:
    if isinstance(node, ast.JoinedStr):
        return "".join(_with_gaps(part) if isinstance(part, ast.Constant) else "7" for part in node.values)
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def test_every_phrase_has_its_chinese() -> None:
    said = {*phrases_in_the_code(), *vocabulary()}
    assert len(said) > 200
    assert said - set(load_wording("zh").phrases) == set()


def test_every_warning_and_note_of_the_program_has_its_chinese() -> None:
    from csamoe_desktop.assess import _POOR, _UNLIKE

    say, found = load_wording("zh"), {*sentences_in_the_code(), _POOR, _UNLIKE}
    assert len(found) > 25
    assert {one for one in found if say.translate(one) == one} == set()


@pytest.mark.parametrize(
    ("english", "chinese"),
    [
        (
            "The mask has 2 separate pieces; they were assessed as one lesion.",
            "轮廓由 2 个分离的部分组成；已作为一个病灶评估。",
        ),
        (
            "The file stores signed 16-bit values; they are shown as 8 bits through the file's own window, from -5 to 40.",
            "文件存储 16 位有符号数值；按文件自带窗口 -5 至 40 以 8 位显示。",
        ),
        ("calibrated from region 2", "按 2 号超声区域定标"),
        ("calibrated by hand: 40 mm over 312 px", "手工定标：40 mm 对应 312 px"),
        ("The file's pixel spacing is invalid; sizes are in pixels.", "文件的像素间距不可用；尺寸以像素为单位。"),
        ("What nobody has translated.", "What nobody has translated."),
    ],
)
def test_sentences_are_known_again_by_their_form(english: str, chinese: str) -> None:
    assert load_wording("zh").translate(english) == chinese
    assert load_wording("en").translate(english) == english


def test_english_is_the_same_in_the_template_and_in_the_code() -> None:
    english, chinese = load_wording("en"), load_wording("zh")
    assert all(key == there for key, there in {**english.phrases, **english.sentences}.items())
    assert (set(english.phrases), set(english.sentences)) == (set(chinese.phrases), set(chinese.sentences))
    assert english.rows == chinese.rows == ROWS


@pytest.mark.parametrize("language", LANGUAGES)
def test_placeholders_match(language: str) -> None:
    say = load_wording(language)
    for english, there in {**say.phrases, **say.sentences}.items():
        assert placeholders(english) == placeholders(there), english


def test_the_settings_know_the_languages() -> None:
    assert set(REPORT_LANGUAGES) == set(LANGUAGES)
    with pytest.raises(UserError, match="no report in 'fr'"):
        load_wording("fr")


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Recording(Wording):
    """A wording that records the phrases it is asked for."""

    asked: set[str] = dataclasses.field(default_factory=set)

    def __call__(self, english: str, /, **values: object) -> str:
        self.asked.add(english)
        return Wording.__call__(self, english, **values)


@pytest.fixture
def talkative(make: Make, several: Report) -> list[Report]:
    """Reports that between them use as many phrases as possible."""
    closer = make(probability=0.83, prevalence=0.1, calipers=(Caliper((1.0, 1.0), (1.0, 50.0)),))
    reading = closer.ai_result
    counts = CategoryCounts(100, 200, 1, 120, 80, 10, 190)
    card = dataclasses.replace(
        reading.card, thresholds=dataclasses.replace(reading.card.thresholds, counts=counts), intended_use="", limits=()
    )
    reading = dataclasses.replace(
        reading,
        card=card,
        contour=ContourRange(0.83, {"ellipse": 0.3}),
        explanation=Explanation({"image": 0.1}, {"image": 0.9, "core": 0.05, "boundary": 0.9}, {}),
        nearest=Nearest(20, 17, 0.31, 0.25),
        warnings=("The lesion touches the edge of the sector.",),
    )
    terms = {
        one.id: tuple(term.id for term in one.terms[-1:]) for one in load_lexicon().descriptors if one.id != "margin"
    }
    own = Assessment("5", {**terms, "margin": ("spiculated",)}, "tissue", "14.2 x 9.1 mm", ("size",))
    whole = AssessmentRecord(Assessment("4C"), own, True, first_seconds=3, ai_seconds=2, final_seconds=9)
    looked = dataclasses.replace(closer, ai_result=reading, reads=whole)
    plain = [dataclasses.replace(one, comment="", reader="", study_name="1") for one in (looked, make(spacing=None))]
    return [*(Report((one,)) for one in plain), several]


def test_no_english_is_left_where_the_words_are_the_programs_own(talkative: list[Report]) -> None:
    kept = ("mm", "px", "AI", "AUC", "BI", "RADS", "SHA", "CSA", "MoE", "ResNet", "Net", "Desktop", "CPU", "float")
    allowed = re.compile("|".join(map(re.escape, (*kept, "phantom", "invented", "Invented", "Hospital"))))
    for report in talkative:
        report = dataclasses.replace(report, language="zh")
        text = report_text(report)
        facts, card = report.readings[0].facts, report.readings[0].ai_result.card
        foreign = [facts.patient_name, facts.study_description, facts.device, card.training.data, card.intended_use]
        foreign += [card.thresholds.chosen_on, card.evaluations[0].data, *card.limits, "x86_64", facts.accession]
        foreign += [one for given in report.readings for one in (given.comment, given.reader, facts.patient_id)]
        for one in (*foreign, "phantom-mask.png", "phantom.dcm", card.sha256[:12], "+00:00", "Cyst?"):
            text = text.replace(one, "") if one else text
        assert re.findall(r"[A-Za-z]{2,}", allowed.sub("", text)) == []


def test_all_that_is_asked_for_is_in_the_template(talkative: list[Report], monkeypatch: pytest.MonkeyPatch) -> None:
    shipped = load_wording("zh")
    recording = Recording("zh", shipped.rows, shipped.phrases, shipped.sentences)
    monkeypatch.setattr("csamoe_desktop.report.content.views.load_wording", lambda language: recording)
    for report in talkative:
        report_text(report)
    assert len(recording.asked) > 120
    assert recording.asked - set(shipped.phrases) == set()


def test_chinese_terms_are_those_in_use(talkative: list[Report]) -> None:
    text = report_text(dataclasses.replace(talkative[0], language="zh"))
    for words in (
        "乳腺超声",
        "仅供研究使用",
        "恶性概率：0.83",
        "BI-RADS 分类：5 类，高度提示恶性（恶性可能性 ≥95%）",
        "边缘：毛刺",
        "方位：不平行",
        "后方回声：混合性改变",
        "检查日期：2025年03月14日",
    ):
        assert words in text


def test_words_of_measurement_are_all_known(make: Make) -> None:
    say = load_wording("zh")
    for given in (make(), make(spacing=None), make(ellipses=(((0.3, 0.3), (0.1, 0.1)), ((0.7, 0.7), (0.1, 0.2))))):
        size = measure(given.mask.pixels, given.frame.spacing)
        margin = describe_margin(given.mask.pixels, given.frame.spacing)
        outline = size.outline_words().removeprefix("perimeter ")
        for words in (size.height_words(), outline, margin.words(), margin.radial_words(), size.source):
            assert not re.search("[a-z]{3}", say.translate(words)), words


FIELDS = {*origin._DESCRIPTIONS.values(), *origin._PRESETS.values(), *origin._CODES.values(), "code"}


def test_every_organ_and_every_field_of_the_file_has_its_chinese() -> None:
    say = load_wording("zh")
    names = {*FIELDS, *(organ.name for organ in load_organs().organs)}
    assert len(names) > 20
    assert {name for name in names if re.search("[A-Za-z]", say.translate(name))} == set()


@pytest.mark.parametrize("where", sorted(FIELDS))
def test_a_chinese_report_says_in_chinese_that_the_file_names_the_thyroid(make: Make, where: str) -> None:
    said = (origin.Said(where, "Thyroid nodules"),)
    pixels = np.full((200, 300), 90, np.uint8)
    seen = [Frame(pixels, 0, None, origin.Origin(**{place: said})) for place in ("descriptions", "presets")]
    warnings = tuple(finding.sentence for frame in seen for finding in check_origin(frame))
    assert len(warnings) == 2
    given = make()
    given = dataclasses.replace(given, ai_result=dataclasses.replace(given.ai_result, warnings=warnings))
    lines = [line for line in report_text(Report((given,), "zh")).splitlines() if "Thyroid nodules" in line]
    field = load_wording("zh").translate(where)
    assert [line.count(f"甲状腺或颈部，而非乳腺（{field}：Thyroid nodules）") for line in lines] == [1, 0]
    assert f"仪器预设似为甲状腺或颈部（{field}：Thyroid nodules）" in lines[1]
    for line in lines:
        assert not re.search("[A-Za-z]", line.replace("Thyroid nodules", "")), line


# A clinic's own template.


def clinic(told: Any, language: str = "en") -> None:
    own_template(language).parent.mkdir(parents=True, exist_ok=True)
    words = told if isinstance(told, str) else json.dumps({"format": 1, **told})
    own_template(language).write_text(words, encoding="utf-8")


def test_a_clinics_template_goes_before_the_shipped_one(make: Make) -> None:
    clinic(
        {
            "sections": ["warnings", ["reading", "experts"], "comment", "limits"],
            "phrases": {"Reader's comment": "Impression", "Page {number} of {count}": "{number}/{count}"},
        }
    )
    text = report_text(make())
    heads = [block.splitlines()[0] for block in text.split("\n\n")]
    assert heads[1:-1] == ["Warnings and notes", "AI result", "Impression", "Intended use and limits"]
    assert "Patient" not in text
    assert load_wording("en")("Page {number} of {count}", number=1, count=2) == "1/2"
    assert "医师意见" in report_text(Report((make(),), "zh")), "the other language is untouched"


def test_a_clinics_template_for_an_earlier_version_keeps_its_phrases(make: Make) -> None:
    clinic({"phrases": {"AI reading": "Second reading", "Born": "DOB", "Date of birth": "Birth date"}})
    text = report_text(make())
    assert "\n\nSecond reading\n" in text
    assert "Birth date: 1961-04-12" in text, "the present key takes precedence"
    renamed = json.loads((paths.resources() / "report" / "earlier.json").read_text(encoding="utf-8"))
    phrases = set(load_wording("zh").phrases)
    assert set(renamed.values()) <= phrases
    assert not set(renamed) & phrases
    for earlier, present in renamed.items():
        assert placeholders(earlier) == placeholders(present), earlier


def test_what_is_not_in_the_template_is_not_on_paper(make: Make, tmp_path: Path) -> None:
    import subprocess

    from csamoe_desktop.report.pdf.writer import write_pdf

    clinic({"sections": [["lesion", "shape"], "warnings", "reading", "pictures", "limits"]})
    write_pdf(tmp_path / "report.pdf", make())
    said = subprocess.run(["pdftotext", "-layout", tmp_path / "report.pdf", "-"], capture_output=True, check=True)
    words = said.stdout.decode()
    assert "Radial length" in words
    assert words.index("Warnings and notes") < words.index("AI result") < words.index("Lesion outline")
    assert "Experts" not in words
    assert "Signature" not in words
    assert "Page 1 of 1" in words


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({"sections": ["reading", "warnings", "limits", "prognosis"]}, "unknown section 'prognosis'"),
        ({"sections": ["reading", "warnings", "limits", "reading"]}, "'reading' twice"),
        ({"sections": ["reading", "limits"]}, "leaves out the section 'warnings'"),
        ({"sections": [["reading", "warnings"], "limits"]}, "'warnings' beside another"),
        ({"sections": [["reading", "lesion", "model"], "warnings", "limits"]}, "a row of 3"),
        ({"sections": "reading"}, "no list of sections"),
        ({"phrases": {"Page {number} of {count}": "{page} of {count}"}}, "unknown placeholder {page}"),
        ({"phrases": {"Page {number} of {count}": "Page {number}"}}, "leaves out the placeholder {count}"),
        ({"phrases": {"Lesion {number}": "{number.real}"}}, "invalid placeholder"),
        ({"phrases": {"Lesion {number}": "{number"}}, "invalid placeholder"),
        ({"phrases": {"Lesion": 3}}, "not text"),
        ({"sentences": ["Lesion"]}, "not text"),
        ({"layout": {}}, "unknown parts: layout"),
        ({"format": 9}, "not of format 1"),
        ("[]", "not of format 1"),
        ("{", "cannot be read"),
    ],
)
def test_a_faulty_template_is_refused_in_one_sentence(make: Make, told: Any, said: str) -> None:
    clinic(told)
    with pytest.raises(UserError, match=re.escape(said)) as refused:
        report_text(make())
    assert str(own_template("en")) in refused.value.message
    assert refused.value.hint
    report_text(Report((make(),), "zh"))


def test_the_screens_english_hangs_on_no_file(make: Make) -> None:
    from csamoe_desktop.report.content.sections import content

    clinic("{")
    assert content(make()).text() == content(make(), PLAIN).text()
    assert content(make(spacing=Spacing(0.1, 0.1, "region 1"))).category == "Suspicious"
