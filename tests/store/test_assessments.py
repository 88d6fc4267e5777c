"""Assessments in the store: they can be read back, also after a restart, and a spoilt row affects only itself."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from csamoe_desktop.assess import Category
from csamoe_desktop.errors import UserError
from csamoe_desktop.reader.assessment import Assessment, AssessmentRecord
from csamoe_desktop.store.assessments import AssessmentStore, Pathology, Sitting, StoredResult
from csamoe_desktop.store.autosave import Autosave
from csamoe_desktop.store.lesions import LesionKey

KEY = LesionKey("a" * 64, 2)
OTHER = LesionKey("b" * 64, 0)
AI = StoredResult(Category.SUSPICIOUS, 0.83, "csamoe 1.0", "c" * 64, "d" * 64, ("The core is small.",))
FIRST = Assessment("4A", {"shape": ("oval",)}, "tissue", "14.2 x 9.1 mm", ("shape", "size"))


def sitting(name: str = "one", key: LesionKey = KEY, begun: str = "2026-03-01T10:00:00+00:00") -> Sitting:
    record = AssessmentRecord(FIRST, Assessment("4B"), True, False, 41.5, 2.25, 7.0)
    return Sitting(name, key, begun, record, AI)


def change(file: Path, statement: str) -> None:
    with closing(sqlite3.connect(file)) as connection:
        connection.execute(statement)
        connection.commit()


@pytest.fixture
def reads(file: Path) -> AssessmentStore:
    return AssessmentStore(file)


def test_what_is_kept_comes_back_after_a_restart(reads: AssessmentStore, file: Path) -> None:
    skipped = Sitting("two", OTHER, "2026-03-02T10:00:00+00:00", AssessmentRecord(None, Assessment(), True, True), None)
    reads.keep(sitting())
    reads.keep(skipped)
    assert reads.work_to_do
    reads.write()
    assert not reads.work_to_do
    assert AssessmentStore(file).all() == [skipped, sitting()], "the newest first"


def test_what_waits_is_there_already(reads: AssessmentStore) -> None:
    assert reads.all() == []
    reads.keep(sitting())
    assert reads.all() == [sitting()]


def test_a_later_state_takes_the_row_s_place(reads: AssessmentStore, file: Path) -> None:
    reads.keep(sitting())
    reads.write()
    later = replace(sitting(), record=replace(sitting().record, final=Assessment("5")))
    reads.keep(later)
    assert reads.all() == [later], "what waits is newer than the row"
    reads.write()
    assert AssessmentStore(file).all() == [later]


def test_pathology_holds_for_every_sitting_with_the_lesion(reads: AssessmentStore, file: Path) -> None:
    for one in (sitting("one"), sitting("two"), sitting("three", OTHER)):
        reads.keep(one)
    reads.write()
    reads.set_pathology(KEY, Pathology.MALIGNANT)
    reads.keep(sitting("waits"))
    found = {one.sitting: one.pathology for one in reads.all()}
    assert found == {
        "one": Pathology.MALIGNANT, "two": Pathology.MALIGNANT, "waits": Pathology.MALIGNANT,
        "three": Pathology.UNKNOWN,
    }  # fmt: skip
    reads.set_pathology(KEY, Pathology.BENIGN)
    assert {one.pathology for one in AssessmentStore(file).all()} == {Pathology.BENIGN, Pathology.UNKNOWN}
    reads.set_pathology(KEY, Pathology.UNKNOWN)
    assert {one.pathology for one in AssessmentStore(file).all()} == {Pathology.UNKNOWN}


@pytest.mark.parametrize(
    "spoilt",
    [
        "first = '{'",
        'first = \'{"category": "9"}\'',
        "final = replace(final, '2013', '2025')",
        "final = replace(final, 'birads5-us', '../birads5-us')",
        "category = 'certain'",
        "probability = NULL",
        "probability = 7",
        "guard = 'x'",
        "frame = 'x'",
    ],
)
def test_a_spoilt_row_costs_only_itself(reads: AssessmentStore, file: Path, spoilt: str) -> None:
    for name in ("one", "two"):
        reads.keep(sitting(name))
    reads.write()
    change(file, f"UPDATE reading SET {spoilt} WHERE sitting = 'one'")
    assert [one.sitting for one in reads.all()] == ["two"]


def test_what_cannot_be_written_goes_on_waiting(reads: AssessmentStore, file: Path) -> None:
    reads.keep(sitting())
    file.parent.mkdir(parents=True, exist_ok=True)
    file.mkdir()
    with pytest.raises(UserError, match=r"^Your assessments are not saved at the moment: .* You can continue working"):
        reads.write()
    assert reads.work_to_do
    with pytest.raises(UserError, match=r"^The pathology was not saved: .* Choose it again"):
        reads.set_pathology(KEY, Pathology.BENIGN)
    file.rmdir()
    reads.write()
    assert AssessmentStore(file).all() == [sitting()]


def test_a_store_that_cannot_be_read_says_so(reads: AssessmentStore, file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(b"no database " * 500)
    with pytest.raises(UserError, match=r"^The assessments stored on this computer cannot be shown .* cannot be read"):
        reads.all()


def test_outlines_and_reads_share_the_file(
    reads: AssessmentStore, another_window: Callable[[], Autosave], lesion: Callable[..., object], file: Path
) -> None:
    autosave = another_window()
    autosave.keep(KEY, lesion())
    autosave.write()
    reads.keep(sitting())
    reads.write()
    assert autosave.find(KEY) is not None
    assert AssessmentStore(file).all() == [sitting()]


def test_no_identity_is_in_a_row(reads: AssessmentStore, file: Path) -> None:
    reads.keep(sitting())
    reads.write()
    with closing(sqlite3.connect(file)) as connection:
        columns = [row[1] for row in connection.execute("PRAGMA table_info(reading)")]
    assert not {"patient", "name", "patient_id", "birth_date", "accession", "path", "study"} & set(columns)
