"""Two windows of the program on one image: both outlines are kept, a message says so, and earlier outlines can be restored."""

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from csamoe_desktop import paths
from csamoe_desktop.lesion.mask import Author, LesionMask
from csamoe_desktop.reader.examination import Examination
from csamoe_desktop.session.session import Session
from csamoe_desktop.settings import Settings
from csamoe_desktop.store import database
from csamoe_desktop.store.lesions import LesionKey, packed, put
from csamoe_desktop.ui.dialogs.earlier_outlines import EarlierOutlinesDialog
from csamoe_desktop.ui.shell.main_window import MainWindow

Open = Callable[..., None]


@pytest.fixture
def other(qtbot: QtBot) -> Iterator[Session]:
    """The session of a second window."""
    session = Session(Settings(assessment_first=False))
    yield session
    session.close()


def draw(session: Session, row: int) -> None:
    assert session.mask is not None
    pixels = session.mask.pixels.copy()
    pixels[row : row + 6, 10:20] = True
    session.mask.replace(pixels, Author.DRAWN)
    session.emit_mask_changed(None)


def rows_of(session: Session) -> dict[int, list[int]]:
    """Return on which rows each lesion of the frame in view is marked, by its number."""
    return {
        work.number: np.flatnonzero(work.mask.pixels.any(axis=1)).tolist()
        for work in session.lesions.on_frame
        if not work.mask.empty
    }


def test_both_windows_outlines_are_kept_and_shown(
    window: MainWindow, other: Session, open_files: Open, small_png: Path, qtbot: QtBot
) -> None:
    session = window.session
    for one in (session, other):
        open_files(one, small_png)
    draw(other, 2)
    assert other.work is not None
    other.lesions.comment(other.work, "of the other window")
    qtbot.waitUntil(lambda: other.autosaver.all_saved)
    draw(session, 30)
    mine = session.work
    assert mine is not None
    session.lesions.comment(mine, "of this window")
    qtbot.waitUntil(lambda: len(session.lesions.on_frame) == 2)
    assert rows_of(session) == {1: list(range(2, 8)), 2: list(range(30, 36))}
    assert session.work is mine, "the current lesion stays the current one"
    qtbot.waitUntil(lambda: any("yours is lesion 2 now" in one.text for one in window.messages.shown()))
    # Drawing on changes the same lesion and adds none.
    draw(session, 40)
    qtbot.waitUntil(lambda: session.autosaver.all_saved)
    draw(other, 12)
    qtbot.waitUntil(lambda: other.autosaver.all_saved)
    later = Session(Settings(assessment_first=False))
    open_files(later, small_png)
    found = rows_of(later)
    comments = [work.comment for work in later.lesions.on_frame]
    later.close()
    assert found == {1: [*range(2, 8), *range(12, 18)], 2: [*range(30, 36), *range(40, 46)]}
    assert comments == ["of the other window", "of this window"]


def test_a_window_says_that_there_is_another(window: MainWindow, other: Session, qtbot: QtBot) -> None:
    qtbot.waitUntil(
        lambda: any("Another window of the program uses" in one.text for one in window.messages.shown()),
        timeout=30_000,
    )


def test_what_both_say_of_an_examination_is_joined(
    session: Session, other: Session, open_files: Open, small_png: Path, qtbot: QtBot
) -> None:
    for one in (session, other):
        open_files(one, small_png)
        assert not one.examinations.now.given
    for one, said in ((other, "a lump"), (session, "pain")):
        key = one.examinations.key
        assert key is not None
        one.examinations.take(key, Examination(said))
        qtbot.waitUntil(lambda one=one: one.autosaver.all_saved)  # type: ignore[misc]
    qtbot.waitUntil(lambda: session.examinations.now == Examination("a lump\npain"))


def test_an_earlier_outline_is_brought_back_as_a_further_lesion(
    window: MainWindow, open_files: Open, small_png: Path, qtbot: QtBot
) -> None:
    session = window.session
    open_files(session, small_png)
    draw(session, 2)
    qtbot.waitUntil(lambda: session.autosaver.all_saved)
    assert session.frame_lesions is not None
    shape, key = session.frame_lesions.shape, LesionKey(session.frame_lesions.image, 0)
    pixels = np.zeros(shape, bool)
    pixels[20:30, 10:20] = True
    with closing(database.open_to_write(paths.store_file(), 1)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        # An earlier version of the program stored outlines like this.
        put(connection, key, packed(LesionMask(pixels, Author.DRAWN), "the earlier one"), None)
        put(connection, key, packed(LesionMask(~pixels, Author.DRAWN), ""), None)
        connection.execute("COMMIT")
    window.actions_table["earlier_outlines"].trigger()
    dialog = next(one for one in window.findChildren(EarlierOutlinesDialog))
    assert dialog.list.count() == 2
    assert dialog.list.currentRow() == 0, "the newest is chosen from the start"
    assert dialog.bring_back.isEnabled()
    dialog.list.setCurrentRow(1)
    dialog.list.setCurrentRow(0)
    assert "the earlier one" in dialog.list.item(0).text()
    dialog.bring_back.click()
    assert rows_of(session)[2] == list(range(20, 30))
    assert session.work is not None
    assert session.work.comment == "the earlier one"
    assert rows_of(session)[1] == list(range(2, 8)), "nothing is replaced"


def test_where_there_is_no_earlier_outline_the_dialog_says_so(
    window: MainWindow, open_files: Open, small_png: Path
) -> None:
    open_files(window.session, small_png)
    dialog = EarlierOutlinesDialog(window.session, window)
    assert dialog.list.count() == 0
    assert not dialog.bring_back.isEnabled()
    dialog.accept()
    dialog.close()
