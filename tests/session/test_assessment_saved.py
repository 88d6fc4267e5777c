"""The reader's assessment is restored with its image: after closing it, after the program ends, after a kill."""

import dataclasses
import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from csamoe_desktop import paths
from csamoe_desktop.lesion.mask import Author
from csamoe_desktop.reader.assessment import Assessment
from csamoe_desktop.session.assessing import ASSESSING
from csamoe_desktop.session.lesion_work import ResultState
from csamoe_desktop.session.session import Session
from csamoe_desktop.settings import Settings
from csamoe_desktop.store import sums
from csamoe_desktop.store.agreement import counted
from csamoe_desktop.store.assessments import AssessmentStore
from csamoe_desktop.study.phantom import DemoStudy
from csamoe_desktop.ui.shell.app import make_window

Open = Callable[..., None]
Mark = Callable[[Session], None]
SETTINGS = Settings(model="csamoe-resnet18", device="cpu", propose_on_opening=False)
SAID = Assessment("4C", {"margin": ("spiculated",), "echo_pattern": ("hypoechoic",)}, "tissue")


def describe(store: sqlite3.Connection, described: str) -> None:
    """Write the description of the only lesion in the store, with the checksum of its new row."""
    store.row_factory = sqlite3.Row
    row = {**dict(store.execute("SELECT * FROM lesion").fetchone()), "described": described}
    store.execute("UPDATE lesion SET described = ?, sum = ?", (described, sums.digest("lesion", row)))
    store.commit()


@pytest.fixture
def sessions(qtbot: QtBot) -> Iterator[Callable[[], Session]]:
    """Return a function that starts a session as a new program would."""
    begun: list[Session] = []

    def another() -> Session:
        if begun:
            begun[-1].close()
        begun.append(Session(SETTINGS))
        return begun[-1]

    yield another
    begun[-1].close()


def assess(session: Session, qtbot: QtBot) -> None:
    session.assessments.assess()
    qtbot.waitUntil(lambda: not session.jobs.busy(ASSESSING), timeout=60_000)


def test_all_that_was_said_is_back_on_another_day(
    sessions: Callable[[], Session], open_files: Open, demo: DemoStudy, measured: Callable[[Session], None]
) -> None:
    session = sessions()
    open_files(session, demo.spiculated)
    session.mask_commands.import_from(demo.spiculated_mask)
    session.assessments.change(SAID)
    measured(session)
    session.assessments.confirm()
    said = session.assessments.current
    assert said.measured
    session = sessions()
    open_files(session, demo.spiculated)
    assert session.assessments.current == said, "including the measurements of this outline"
    assert session.assessments.since
    assert session.shown_result.hidden, "there is no AI result yet"
    session.mask_commands.clear()
    assert session.assessments.current == SAID, "what was measured goes with its outline, the rest stays"


def test_a_reading_broken_off_goes_on(sessions: Callable[[], Session], open_files: Open, small_png: Path) -> None:
    session = sessions()
    open_files(session, small_png)
    session.assessments.change(Assessment(terms={"margin": ("indistinct",)}))
    session = sessions()
    open_files(session, small_png)
    assert session.assessments.current == Assessment(terms={"margin": ("indistinct",)}), (
        "no outline and no category yet"
    )
    assert session.work is not None
    assert session.work.number == 1
    session.assessments.change(Assessment())
    session = sessions()
    open_files(session, small_png)
    assert session.assessments.current == Assessment(), "and what was taken back stays so"


def test_a_kill_loses_none_of_it(
    sessions: Callable[[], Session], open_files: Open, small_png: Path, qtbot: QtBot
) -> None:
    session = sessions()
    open_files(session, small_png)
    session.assessments.change(SAID)
    qtbot.waitUntil(lambda: session.autosaver.all_saved)
    with closing(sqlite3.connect(paths.store_file())) as store:
        (told,) = store.execute("SELECT described FROM lesion").fetchone()
    assert json.loads(told)["assessed"]["own"]["category"] == "4C"


def test_closing_and_opening_the_study_again(
    sessions: Callable[[], Session], open_files: Open, small_png: Path
) -> None:
    session = sessions()
    open_files(session, small_png)
    session.assessments.change(SAID)
    session.open_studies.close_current()
    open_files(session, small_png)
    assert session.assessments.current == SAID


def test_what_was_seen_is_no_first_read_on_another_day(
    sessions: Callable[[], Session], open_files: Open, demo: DemoStudy, qtbot: QtBot
) -> None:
    session = sessions()
    open_files(session, demo.spiculated)
    session.mask_commands.import_from(demo.spiculated_mask)
    session.assessments.change(Assessment("3"))
    assess(session, qtbot)
    assert session.shown_result.state is ResultState.DONE
    session.assessments.change(Assessment("4C"))
    session = sessions()
    (row,) = AssessmentStore(paths.store_file()).all()
    open_files(session, demo.spiculated)
    assert session.assessments.current == Assessment("4C")
    assert session.assessments.first == Assessment("3")
    assert not session.shown_result.hidden
    session.assessments.change(Assessment("5"))
    session = sessions()
    (later,) = AssessmentStore(paths.store_file()).all()
    assert row.ai is not None
    assert later == dataclasses.replace(
        row, record=dataclasses.replace(row.record, final=Assessment("5"), final_seconds=later.record.final_seconds)
    ), "one sitting, its AI reading kept"
    assert counted([later]) == [later]


def test_of_several_lesions_each_has_its_own_and_a_deleted_one_none(
    sessions: Callable[[], Session], open_files: Open, small_png: Path
) -> None:
    session = sessions()
    open_files(session, small_png)
    for category in ("2", "4A", "5"):
        session.lesions.add()
        session.assessments.change(Assessment(category))
    assert [work.number for work in session.lesions.on_frame] == [1, 2, 3]
    session.lesions.choose(session.lesions.on_frame[1])
    session.lesions.remove()
    session = sessions()
    open_files(session, small_png)
    assert [(work.number, work.sitting.assessment.category) for work in session.lesions.on_frame] == [
        (1, "2"),
        (3, "5"),
    ]


def test_another_scale_takes_the_measured_size_with_it(
    sessions: Callable[[], Session], open_files: Open, demo: DemoStudy, measured: Callable[[Session], None]
) -> None:
    session = sessions()
    open_files(session, demo.spiculated)
    session.mask_commands.import_from(demo.spiculated_mask)
    session.assessments.change(SAID)
    measured(session)
    session.assessments.confirm()
    session.close()
    with closing(sqlite3.connect(paths.store_file())) as store:
        (told,) = store.execute("SELECT described FROM lesion").fetchone()
        said = json.loads(told)
        said["assessed"]["spacing"] = [0.5, 0.5]
        describe(store, json.dumps(said))
    session = sessions()
    open_files(session, demo.spiculated)
    assert session.assessments.current == SAID


@pytest.mark.parametrize(
    "spoilt", [{}, {"own": 3}, {"own": {"category": "9"}}, {"own": None, "first": None}, {"seconds": [1]}]
)
def test_a_spoilt_one_is_said_and_the_outline_is_there(
    sessions: Callable[[], Session], open_files: Open, small_png: Path, mark: Mark, spoilt: dict[str, object]
) -> None:
    session = sessions()
    open_files(session, small_png)
    mark(session)
    session.assessments.change(SAID)
    session.close()
    with closing(sqlite3.connect(paths.store_file())) as store:
        (told,) = store.execute("SELECT described FROM lesion").fetchone()
        said = json.loads(told)
        said["assessed"] = {**said["assessed"], **spoilt} if spoilt else {"x": 1}
        describe(store, json.dumps(said))
    session = sessions()
    told_of: list[object] = []
    session.failed.connect(told_of.append)
    open_files(session, small_png)
    assert "assessment" in str(told_of[0])
    assert session.mask is not None
    assert not session.mask.empty
    assert session.assessments.current == Assessment()


def test_the_panel_shows_what_is_back(qtbot: QtBot, open_files: Open, small_png: Path) -> None:
    for again in (False, True):
        window = make_window(SETTINGS)
        qtbot.addWidget(window)
        window.show()
        open_files(window.session, small_png)
        if not again:
            window.session.assessments.change(SAID)
        assert window.assessment.category.currentData() == "4C"
        assert window.assessment.terms["margin"].text() == "spiculated"
        assert window.assessment.before.isVisible() is again
        window.close_now()


def test_a_store_of_the_version_before_is_read(
    sessions: Callable[[], Session], open_files: Open, small_png: Path, mark: Mark
) -> None:
    session = sessions()
    open_files(session, small_png)
    mark(session)
    session.close()
    with closing(sqlite3.connect(paths.store_file())) as store:
        (told,) = store.execute("SELECT described FROM lesion").fetchone()
        said = json.loads(told)
        assert "assessed" not in said
        describe(store, "")
    session = sessions()
    open_files(session, small_png)
    assert session.mask is not None
    assert session.mask.author is Author.DRAWN
    assert np.count_nonzero(session.mask.pixels)
    assert session.assessments.current == Assessment()
