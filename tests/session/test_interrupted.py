"""What happens to a stroke, a confirmation or a stored row when something else comes in between."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from csamoe_desktop import paths
from csamoe_desktop.lesion.calipers import Caliper
from csamoe_desktop.lesion.tools import Box
from csamoe_desktop.session import autosaver
from csamoe_desktop.session.session import Session
from csamoe_desktop.settings import Settings
from csamoe_desktop.study.phantom import DemoStudy

Open = Callable[..., None]
Do = Callable[[Session], None]


@pytest.fixture
def opened(session: Session, open_files: Open, demo: DemoStudy) -> Session:
    open_files(session, demo.smooth)
    return session


def begin_stroke(session: Session, row: int = 100) -> None:
    """Begin a stroke and paint a block of it; it stays in progress."""
    mask = session.mask_editor.begin()
    assert mask is not None
    session.mask_editor.paint(mask, (Box(row, 100, row + 40, 160), np.ones((40, 60), bool)), True)


@pytest.mark.parametrize("correction", ["fill_holes", "keep_largest"])
def test_a_correction_that_changes_nothing_ends_the_stroke_in_progress(
    opened: Session, qtbot: QtBot, correction: str
) -> None:
    begin_stroke(opened)
    mask = opened.mask
    assert mask is not None
    getattr(opened.mask_commands, correction)()
    opened.mask_editor.end(mask)
    qtbot.waitUntil(lambda: opened.autosaver.all_saved)
    qtbot.waitUntil(lambda: not opened.measurements.under_way)


def test_damage_found_while_nobody_works_is_repaired_and_reported(
    open_files: Open, demo: DemoStudy, mark: Do, qtbot: QtBot
) -> None:
    before = Session(Settings(assessment_first=False))
    open_files(before, demo.smooth)
    mark(before)
    qtbot.waitUntil(lambda: before.autosaver.all_saved)
    before.close()
    with closing(sqlite3.connect(paths.store_file())) as store:
        store.execute("UPDATE lesion SET comment = 'tampered'")
        store.commit()
    session = Session(Settings(assessment_first=False))
    messages: list[str] = []
    session.failed.connect(lambda problem: messages.append(str(problem)))
    session.noted.connect(messages.append)
    qtbot.waitUntil(lambda: any("damaged" in message for message in messages), timeout=20_000)
    session.close()


def test_a_confirmation_is_for_the_lesion_it_was_given_for(opened: Session, mark: Do, qtbot: QtBot) -> None:
    mark(opened)
    first = opened.work
    assert first is not None
    opened.assessments.confirm()
    assert not first.sitting.assessment.measured, "it is still being measured"
    opened.lesions.add()
    assert opened.work is not first
    assert first.sitting.assessment.measured
    assert opened.assessments.current.untouched, "of another lesion nothing is confirmed"
    begin_stroke(opened, 5)
    assert opened.mask is not None
    opened.mask_editor.end(opened.mask)
    qtbot.waitUntil(lambda: not opened.measurements.under_way)
    assert opened.assessments.current.untouched
    opened.lesions.choose(first)
    opened.assessments.withdraw()
    qtbot.wait(50)
    assert not first.sitting.assessment.measured, "it is not confirmed a second time"


def test_a_confirmation_is_not_lost_on_closing(
    session: Session, open_files: Open, demo: DemoStudy, mark: Do, small_png: Path
) -> None:
    open_files(session, demo.smooth)
    mark(session)
    session.assessments.confirm()
    session.close()
    later = Session(Settings(assessment_first=False))
    open_files(later, demo.smooth)
    assert later.assessments.current.measured
    later.close()


def test_another_windows_work_does_not_count_as_drawn_here(opened: Session, mark: Do) -> None:
    mark(opened)
    opened.lesions.toggle_shown()
    cancelled: list[None] = []
    opened.navigationCancelled.connect(lambda: cancelled.append(None))
    opened.lesions.look_again()
    assert opened.work is not None and not opened.work.shown
    assert cancelled == []
    begin_stroke(opened)
    assert opened.work.shown, "what is drawn on is shown"


def test_a_cancelled_stroke_leaves_what_was_confirmed(opened: Session, mark: Do, qtbot: QtBot) -> None:
    mark(opened)
    qtbot.waitUntil(lambda: not opened.measurements.under_way)
    opened.assessments.confirm()
    confirmed = opened.assessments.current
    assert confirmed.measured
    begin_stroke(opened, 5)
    assert opened.mask is not None
    opened.mask_editor.cancel(opened.mask)
    assert opened.assessments.current == confirmed
    begin_stroke(opened, 5)
    opened.mask_editor.end(opened.mask)
    assert not opened.assessments.current.measured, "the outline has changed"


def test_calipers_of_another_window_are_shown(opened: Session) -> None:
    told: list[str] = []
    opened.calipers.shown.connect(lambda: told.append("shown"))
    opened.calipers.changed.connect(lambda: told.append("changed"))
    assert opened.work is not None
    opened.work.calipers.change((Caliper((1, 1), (9, 9)),), opened.work.mask.version)
    opened.autosaver.merged.emit()
    assert told == ["shown", "changed"]


def test_a_lesion_that_cannot_be_packed_keeps_none_of_the_others(
    opened: Session, mark: Do, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    mark(opened)
    bad = opened.work
    assert bad is not None
    qtbot.waitUntil(lambda: opened.autosaver.all_saved)
    packed = autosaver.packed

    def fails_for_one(mask: object, comment: str, *rest: object) -> object:
        if comment == "cannot be packed":
            raise OverflowError("too large")
        return packed(mask, comment, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(autosaver, "packed", fails_for_one)
    failures: list[object] = []
    opened.failed.connect(failures.append)
    opened.lesions.comment(bad, "cannot be packed")
    opened.lesions.add()
    assert opened.work is not None
    opened.lesions.comment(opened.work, "of the second")

    def stored() -> list[str]:
        with closing(sqlite3.connect(paths.store_file())) as store:
            return [comment for (comment,) in store.execute("SELECT comment FROM lesion")]

    qtbot.waitUntil(lambda: "of the second" in stored())
    assert "cannot be packed" not in stored()
    assert len(failures) == 1, "it is reported once"
    monkeypatch.setattr(autosaver, "packed", packed)
    qtbot.waitUntil(lambda: opened.autosaver.all_saved, timeout=15_000)
    assert "cannot be packed" in stored(), "it is tried again by itself"
