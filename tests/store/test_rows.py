"""Writing row by row: a row that fails does not block the others, and no loss is silent."""

import dataclasses
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from csamoe_desktop.assess import Category
from csamoe_desktop.errors import UserError
from csamoe_desktop.lesion.calipers import Caliper
from csamoe_desktop.lesion.description import Description
from csamoe_desktop.reader.assessment import Assessment, AssessmentRecord
from csamoe_desktop.reader.examination import Examination
from csamoe_desktop.store import sums
from csamoe_desktop.store.assessments import AssessmentStore, Sitting, StoredResult
from csamoe_desktop.store.autosave import Autosave
from csamoe_desktop.store.escaped import escaped, unescaped
from csamoe_desktop.store.lesions import LesionKey, StoredLesion

Make = Callable[..., StoredLesion]
Window = Callable[[], Autosave]
KEY, OTHER = LesionKey("hash", 0), LesionKey("other", 0)

TEXTS = (
    "M\udcfcller.png", "\ud800", "a\0b", "\0", "a\nb\r\x07", "\u202egnp.exe", "...", "   ", "", "😀" * 60, "é" * 127, "\x1a", '\x1a"x"',
    "\x1a{", "'; DROP TABLE lesion; --", '{"a": 1}', "\ufffe", "\ud83d\udcff",
)  # fmt: skip


@pytest.mark.parametrize("text", TEXTS)
def test_every_text_of_a_lesion_is_kept_without_a_loss(
    autosave: Autosave, another_window: Window, lesion: Make, text: str
) -> None:
    kept = dataclasses.replace(lesion(1), source=text, notes=(text, "plain."), comment=text)
    autosave.keep(KEY, kept)
    autosave.keep(OTHER, lesion(2))
    assert autosave.write() is None
    assert not autosave.work_to_do
    autosave.close()
    window = another_window()
    assert window.find(KEY) == kept
    assert window.find(OTHER) == lesion(2)


@pytest.mark.parametrize("text", TEXTS)
def test_an_escaped_text_is_utf8_and_comes_back(text: str) -> None:
    assert "\0" not in escaped(text)
    assert escaped(text).encode("utf-8").decode("utf-8") == escaped(text)
    assert unescaped(escaped(text)) == text


def test_a_plain_text_lies_in_the_store_as_it_is() -> None:
    for text in ("IM0003-mask.png", "乳腺.png", "a\nb"):
        assert escaped(text) == text
    for spoilt in ("\x1a\\", "\x1a\\u12", "\x1aé"):
        assert unescaped(spoilt) == spoilt


def test_a_name_of_half_letters_is_no_reason_to_lose_the_lesion(
    autosave: Autosave, another_window: Window, lesion: Make
) -> None:
    autosave.keep(KEY, dataclasses.replace(lesion(1), description=Description(name="\udcff" * 60)))
    autosave.write()
    autosave.close()
    found = another_window().find(KEY)
    assert found is not None
    assert found.description is not None
    assert found.description.name == "\N{REPLACEMENT CHARACTER}" * 60


def bad(lesion: Make, **changes: object) -> StoredLesion:
    return dataclasses.replace(lesion(3), **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "changes",
    [
        {"rows": 2**70},
        {"rows": object()},
        {"bits": None},
        {"source": None},
        {"notes": (object(),)},
        {"comment": 3 + 4j},
        {"author": None},
        {"description": "no description"},
    ],
)
def test_a_row_that_cannot_be_written_keeps_none_of_the_others(
    autosave: Autosave, another_window: Window, lesion: Make, changes: dict[str, object], file: Path
) -> None:
    autosave.keep(KEY, bad(lesion, **changes))
    autosave.keep(OTHER, lesion(1))
    autosave.keep_calipers("hash", 0, (Caliper((1.0, 2.0), (3.0, 4.0)),))
    autosave.keep_examination("key", Examination("palpable lump"))
    for _ in range(2):
        with pytest.raises(UserError, match="One outline or note could not be stored"):
            autosave.write()
    assert autosave.work_to_do
    assert len(autosave.waiting) == 1, "what is not kept still counts when the program closes"
    window = another_window()
    assert window.find(OTHER) == lesion(1)
    assert window.find_calipers("hash", 0)
    assert window.find_examination("key") == Examination("palpable lump")
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("SELECT count(*) FROM lesion").fetchone() == (1,), "and no half row"
    autosave.keep(KEY, lesion(5))
    assert autosave.write() is None
    assert not autosave.work_to_do
    assert another_window().find(KEY) == lesion(5)


def test_bad_calipers_and_examinations_keep_none_of_the_others(
    autosave: Autosave, another_window: Window, lesion: Make
) -> None:
    autosave.keep_calipers("hash", 0, (Caliper((object(), 2.0), (3.0, 4.0)),))  # type: ignore[arg-type]
    autosave.keep(KEY, lesion(1))
    with pytest.raises(UserError, match="could not be stored"):
        autosave.write()
    assert another_window().find(KEY) == lesion(1)


def test_whatever_goes_wrong_in_writing_is_said_and_goes_on_waiting(
    autosave: Autosave, lesion: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    autosave.keep(KEY, lesion(1))
    for problem in (
        RuntimeError("x"),
        MemoryError(),
        UnicodeEncodeError("utf-8", "\udcff", 0, 1, "x"),
        ZeroDivisionError(),
    ):
        with monkeypatch.context() as patch:

            def fail(*given: object, problem: Exception = problem) -> None:
                raise problem

            patch.setattr(Autosave, "_rows", fail)
            with pytest.raises(UserError, match="not saved at the moment"):
                autosave.write()
        assert autosave.work_to_do
    assert autosave.write() is None
    assert not autosave.work_to_do


def sitting(name: str, **ai: object) -> Sitting:
    reading = StoredResult(Category.SUSPICIOUS, 0.9, "m", "w", "h", **ai)  # type: ignore[arg-type]
    return Sitting(name, KEY, "2026-01-01T00:00:00+00:00", AssessmentRecord(first=Assessment("4A")), reading)


def test_a_read_that_cannot_be_written_keeps_none_of_the_others(file: Path) -> None:
    reads = AssessmentStore(file)
    reads.keep(sitting("bad", guard=(object(),)))
    reads.keep(sitting("good", guard=("of M\udcfcller.png.",)))
    with pytest.raises(UserError, match="1 of your assessments could not be stored"):
        reads.write()
    assert (reads.work_to_do, reads.waiting) == (True, 1)
    there = {one.sitting: one for one in AssessmentStore(file).all()}
    assert set(there) == {"good"}
    assert there["good"].ai == sitting("good", guard=("of M\udcfcller.png.",)).ai


def test_counts_are_in_words() -> None:
    assert sums.in_words({"lesion": 2, "reading": 1, "examination": 0}) == "2 outlines, 1 assessment"
    assert sums.in_words({"caliper": 1, "pathology": 1}) == "1 set of calipers, 1 pathology"
    assert sums.in_words({"caliper": 2, "pathology": 2}) == "2 sets of calipers, 2 pathologies"
