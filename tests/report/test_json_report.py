"""The report as JSON: the same bytes for the same input, read back as it was, and what was changed in it found."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from csamoe_desktop.errors import UserError
from csamoe_desktop.reader.assessment import Assessment, AssessmentRecord
from csamoe_desktop.report.content.sections import content
from csamoe_desktop.report.document import ReportInput
from csamoe_desktop.report.json_reading import read_json
from csamoe_desktop.report.json_report import content_sha256, pixels_sha256, report_dict, write_json
from csamoe_desktop.report.writing import write_report

Make = Callable[..., ReportInput]


@pytest.fixture
def written(make: Make, tmp_path: Path) -> tuple[Path, ReportInput]:
    given = make(reads=AssessmentRecord(Assessment("3"), Assessment("4B", {"shape": ("oval",)}), True))
    file = tmp_path / "Befund Müller.json"
    write_report(file, given)
    return file, given


def with_changes(file: Path, change: Callable[[dict[str, Any]], object]) -> Path:
    """Change the report as an editor would: the hashes stay."""
    told = json.loads(file.read_text(encoding="utf-8"))
    change(told)
    file.write_text(json.dumps(told), encoding="utf-8")
    return file


def test_what_is_written_is_read_back(written: tuple[Path, ReportInput]) -> None:
    file, given = written
    whole = read_json(file)
    assert whole.changed == ()
    (report,) = whole.readings
    assert report.title == ""
    assert report.study_name == "phantom.dcm"
    assert report.frame == given.frame.index + 1
    assert report.shape == given.frame.pixels.shape
    assert report.image_sha256 == pixels_sha256(given.frame.pixels)
    assert report.mask_sha256 == pixels_sha256(given.mask.pixels)
    np.testing.assert_array_equal(report.mask, given.mask.pixels)
    card = given.ai_result.card
    assert (report.model, report.version, report.weights_sha256) == (card.name, card.version, card.sha256)
    assert report.temperature == card.temperature
    assert report.thresholds == (card.thresholds.benign_below, card.thresholds.suspicious_from)
    assert report.probability == given.ai_result.prediction.probability
    assert report.category is given.ai_result.category
    assert report.gates == given.ai_result.prediction.gates


def test_it_says_all_that_the_paper_says(written: tuple[Path, ReportInput]) -> None:
    file, given = written
    told, said = json.loads(file.read_text(encoding="utf-8"))["readings"][0], content(given)
    words = told["words"]
    assert words["management"] == said.management
    assert words["warnings"] == list(said.warnings)
    assert words["own"]["lines"] == [[line.label, line.value] for line in said.own.lines]
    assert words["scale"]["probability_words"] == said.scale.probability_words
    assert words["limits"] == list(said.limits)
    assert told["own_read"]["first"]["category"] == "3"
    assert told["own_read"]["final"]["terms"] == {"shape": ["oval"]}
    assert "Müller-Ångström" in file.read_text(encoding="utf-8")


def test_the_same_input_gives_the_same_bytes(make: Make, tmp_path: Path) -> None:
    for name in ("one.json", "other.json"):
        write_json(tmp_path / name, make())
    assert (tmp_path / "one.json").read_bytes() == (tmp_path / "other.json").read_bytes()


def test_without_an_own_read_there_is_none(make: Make) -> None:
    assert report_dict(make())["readings"][0]["own_read"] is None


def first(told: dict[str, Any]) -> dict[str, Any]:
    """The first reading of a report."""
    return told["readings"][0]  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (lambda told: first(told)["reading"].update(probability=0.01), ("reading",)),
        (lambda told: first(told).update(comment="nothing seen"), ("comment",)),
        (lambda told: first(told)["own_read"]["first"].update(category="5"), ("own_read",)),
        (lambda told: first(told)["mask"].update(author="drawn by hand"), ("mask",)),
        (lambda told: first(told)["description"].update(side="right"), ("description",)),
        (lambda told: first(told).update(comment="", reader="Dr. B"), ("reader", "comment")),
        (lambda told: first(told).update(signed="yes"), ("signed",)),
        (lambda told: first(told).pop("words"), ("words",)),
        (lambda told: first(told)["parts_sha256"].update(words="0" * 64), ("words",)),
        (lambda told: told.update(signed="yes"), ("signed",)),
        (lambda told: told.update(institution="another"), ("institution",)),
        (lambda told: told["readings"].append(first(told)), ("readings",)),
        (lambda told: told["parts_sha256"].update(title="0" * 64), ("title",)),
        (lambda told: told.update(content_sha256="0" * 64), ("the hashes",)),
    ],
)
def test_what_was_changed_is_named(
    written: tuple[Path, ReportInput], change: Callable[[dict[str, Any]], object], found: tuple[str, ...]
) -> None:
    assert read_json(with_changes(written[0], change)).changed == found


def test_another_order_or_layout_is_no_change(written: tuple[Path, ReportInput]) -> None:
    file = written[0]
    told = json.loads(file.read_text(encoding="utf-8"))
    file.write_text(json.dumps(dict(reversed(told.items())), indent=7), encoding="utf-8")
    assert read_json(file).changed == ()


@pytest.mark.parametrize(
    "change",
    [
        lambda told: told.update(format="another"),
        lambda told: told.pop("parts_sha256"),
        lambda told: first(told).pop("parts_sha256"),
        lambda told: first(told)["mask"].update(counts="!"),
        lambda told: first(told)["mask"].update(size=[10**6, 10**6], counts=[10**12]),
        lambda told: first(told)["mask"].update(size=[3, 3]),
        lambda told: first(told)["reading"].update(category="certain"),
        lambda told: first(told)["reading"].update(probability=None),
        lambda told: first(told)["model"].pop("thresholds"),
        lambda told: first(told).update(image=7),
        lambda told: told.update(readings=[]),
    ],
)
def test_what_is_no_report_is_refused(
    written: tuple[Path, ReportInput], change: Callable[[dict[str, Any]], object]
) -> None:
    with pytest.raises(UserError, match="is not a JSON report of this program"):
        read_json(with_changes(written[0], change))


@pytest.mark.parametrize("words", ["", "[]", "[" * 100_000, "\x00", '{"format": 1}'])
def test_a_file_of_something_else_is_refused(tmp_path: Path, words: str) -> None:
    file = tmp_path / "other.json"
    file.write_text(words, encoding="utf-8")
    with pytest.raises(UserError, match="is not a JSON report"):
        read_json(file)
    with pytest.raises(UserError, match="could not be read"):
        read_json(tmp_path / "missing.json")


def test_a_later_format_says_so(written: tuple[Path, ReportInput]) -> None:
    with pytest.raises(UserError, match="format 3") as refused:
        read_json(with_changes(written[0], lambda told: told.update(format_version=3)))
    assert "reads formats 1 to 2" in refused.value.hint


def as_format_1(file: Path) -> None:
    """Put the parts of the one reading at the top, as reports were before they held several."""
    told = json.loads(file.read_text(encoding="utf-8"))
    reading = {name: part for name, part in first(told).items() if name not in ("parts_sha256", "description")}
    old = {**{name: told[name] for name in ("format", "program", "created")}, "format_version": 1, **reading}
    old["parts_sha256"] = {name: content_sha256(part) for name, part in old.items()}
    file.write_text(json.dumps({**old, "content_sha256": content_sha256(old)}), encoding="utf-8")


def test_a_report_of_the_first_format_is_read_too(written: tuple[Path, ReportInput]) -> None:
    file, given = written
    as_format_1(file)
    report = read_json(file)
    assert report.changed == ()
    assert [one.probability for one in report.readings] == [given.ai_result.prediction.probability]
    np.testing.assert_array_equal(report.readings[0].mask, given.mask.pixels)
    assert read_json(with_changes(file, lambda told: told.update(comment="changed"))).changed == ("comment",)


def test_the_suffix_chooses_and_another_is_refused(make: Make, tmp_path: Path) -> None:
    write_report(tmp_path / "report.TXT", make())
    assert (tmp_path / "report.TXT").read_text(encoding="utf-8") == content(make()).text()
    write_report(tmp_path / "report.pdf", make())
    assert (tmp_path / "report.pdf").read_bytes().startswith(b"%PDF")
    with pytest.raises(UserError, match=r"report\.doc is not a file name for a report"):
        write_report(tmp_path / "report.doc", make())
    assert not (tmp_path / "report.doc").exists()


def test_a_failed_write_leaves_what_was_there(make: Make, tmp_path: Path) -> None:
    there = tmp_path / "report.json"
    there.write_text("before", encoding="utf-8")
    with pytest.raises(UserError):
        write_report(there, make(mask=np.zeros((360, 480), bool)))
    assert there.read_text(encoding="utf-8") == "before"
    assert [file.name for file in tmp_path.glob("*report*")] == ["report.json"]


def test_hashes_are_of_shape_kind_and_values() -> None:
    pixels = np.arange(6, dtype=np.uint8).reshape(2, 3)
    assert pixels_sha256(pixels) == pixels_sha256(np.asfortranarray(pixels))
    assert len({pixels_sha256(one) for one in (pixels, pixels.reshape(3, 2), pixels.astype(bool), pixels + 1)}) == 4
    assert content_sha256({"a": 1, "b": 2}) == content_sha256({"b": 2, "a": 1})
