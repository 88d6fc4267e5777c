"""Examination texts in the store: the newest wins, they survive a restart, and a spoilt row affects only itself."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from csamoe_desktop.errors import UserError
from csamoe_desktop.reader.examination import Examination
from csamoe_desktop.store import database, rescue
from csamoe_desktop.store.autosave import Autosave

Window = Callable[[], Autosave]
SAID = Examination("Lump.\nLeft, 疼痛.", "None.", "B-mode.")


def test_the_newest_is_there_on_another_day(autosave: Autosave, another_window: Window) -> None:
    assert autosave.find_examination("one") == Examination()
    autosave.keep_examination("one", Examination("Screening."))
    autosave.keep_examination("one", SAID)
    autosave.keep_examination("other", Examination(technique="\ud800 is no letter"))
    assert autosave.find_examination("one") == SAID, "also while it waits"
    assert autosave.work_to_do
    assert autosave.waiting_notes == 2
    assert autosave.write() is None
    assert not autosave.work_to_do
    assert autosave.waiting_notes == 0
    later = another_window()
    assert later.find_examination("one") == SAID
    assert later.find_examination("other").technique == "\ud800 is no letter"
    later.keep_examination("one", Examination(" "))
    assert later.waiting_notes == 0, "nothing is lost with it"
    later.write()
    assert another_window().find_examination("one") == Examination()


@pytest.mark.parametrize("spoilt", ["{", "[]", '{"indication": "x"}', "[" * 100_000, "7"])
def test_a_spoilt_row_is_said_to_be_and_costs_no_other(
    autosave: Autosave, another_window: Window, file: Path, spoilt: str
) -> None:
    for key in ("one", "other"):
        autosave.keep_examination(key, SAID)
    autosave.write()
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("UPDATE examination SET said = ? WHERE key = 'one'", (spoilt,))
    window = another_window()
    with pytest.raises(UserError, match="damaged and cannot be shown"):
        window.find_examination("one")
    assert window.find_examination("other") == SAID
    assert window.write() is None
    assert "1 examination" in window.found_spoilt()[0].message
    assert window.find_examination("one") == Examination()


def test_it_is_taken_over_from_a_damaged_file(autosave: Autosave, file: Path) -> None:
    autosave.keep_examination("one", SAID)
    autosave.write()
    autosave.close()
    aside = rescue.set_aside(file)
    with closing(database.open_to_write(file, 1)) as fresh:
        rescue.take_over(aside, fresh)
    assert Autosave(file).find_examination("one") == SAID


def test_a_store_of_before_is_brought_up_to_date(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    steps = database.MIGRATIONS
    monkeypatch.setattr(database, "MIGRATIONS", steps[:3])
    database.open_to_write(file, 1).close()
    monkeypatch.setattr(database, "MIGRATIONS", steps)
    autosave = Autosave(file)
    autosave.keep_examination("one", SAID)
    autosave.write()
    assert autosave.find_examination("one") == SAID
    autosave.close()
