"""The committed pages in docs/results and docs/models: they are what the command writes from the committed records."""

import re
from collections import Counter
from pathlib import Path

import pytest

from csamoe_desktop.evidence.results import write_results
from csamoe_desktop.inference.bundle import bundles

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
RUNS = DOCS / "results" / "runs"

# What changes with the number of resamples: an interval, and what is counted by intervals.
_INTERVAL = (
    r"\([-+]?\d\.\d{3}(?:–| to )[-+]?\d\.\d{3}\)"
    r"|\b(?:better|worse) in \d+"
    r"|\b(?:\d+|none) (?:is|are) clearly"
)
_RESAMPLES = r"of [\d,]+ bootstrap\s+resamples\s+\([\d,]+"


def pages(folder: Path) -> dict[str, str]:
    """Return the text of all pages in results/ and models/, by path."""
    files = [*(folder / "results").glob("*.md"), *(folder / "models").glob("*.md")]
    return {file.relative_to(folder).as_posix(): file.read_text(encoding="utf-8") for file in sorted(files)}


def without_intervals(text: str) -> str:
    """Return a page without what the bootstrap gives."""
    return re.sub(_INTERVAL, "*", re.sub(_RESAMPLES, "*", text))


def test_the_committed_pages_are_written_from_the_records(tmp_path: Path) -> None:
    """All but the intervals, which take minutes; those too in the slow test below."""
    write_results(RUNS, tmp_path, resamples=1, figures=False)
    written, committed = pages(tmp_path), pages(DOCS)
    assert list(written) == list(committed)
    for name, text in written.items():
        assert without_intervals(text) == without_intervals(committed[name]), name


@pytest.mark.slow
def test_the_committed_intervals_are_written_from_the_records(tmp_path: Path) -> None:
    write_results(RUNS, tmp_path, figures=False)
    assert pages(tmp_path) == pages(DOCS)


def test_every_figure_beside_the_pages_is_shown() -> None:
    folder = DOCS / "results"
    figures = {file.name for file in folder.iterdir() if file.suffix in (".svg", ".png")}
    assert figures == set(re.findall(r"^!\[[^\]]+\]\(([^)]+)\)$", "\n".join(pages(DOCS).values()), re.MULTILINE))


def test_every_interval_holds_and_every_heading_is_its_own() -> None:
    headings: Counter[str] = Counter()
    for name, text in pages(DOCS).items():
        body = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
        headings.update(re.findall(r"^#+ (.+)$", body, re.MULTILINE))
        for low, high in re.findall(r"\(([-+]?\d\.\d{3})(?:–| to )([-+]?\d\.\d{3})\)", text):
            assert float(low) <= float(high), name
    assert [heading for heading, count in headings.items() if count > 1] == []


def test_links_between_the_pages_lead_somewhere() -> None:
    for name, text in pages(DOCS).items():
        for target in re.findall(r"\]\(([^)]+)\)", text):
            file, _, heading = target.partition("#")
            page = (DOCS / name).parent / file if file else DOCS / name
            assert page.is_file(), f"{name}: {target}"
            if heading:
                anchors = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
                assert heading in {re.sub(r"[^a-z0-9 -]", "", one.lower()).replace(" ", "-") for one in anchors}, target


def test_a_shipped_model_has_one_card() -> None:
    for bundle in bundles():
        assert (RUNS / bundle.card.name / "weights.sha256").is_file()
        assert not (RUNS / bundle.card.name / "card.json").exists()
