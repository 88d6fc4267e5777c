"""The store's file: its schema, its permissions, and the messages and recovery when it cannot be used."""

import errno
import os
import sqlite3
import stat
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from csamoe_desktop.errors import UserError
from csamoe_desktop.store import database, rescue
from csamoe_desktop.store.lesions import LesionKey, StoredLesion, put

Make = Callable[..., StoredLesion]


def fill(file: Path, lesion: Make, rows: int) -> None:
    with closing(database.open_to_write(file, 1)) as connection:
        for number in range(rows):
            put(connection, LesionKey(f"image {number}", 0), lesion(number, (100, 300)), None)


def test_a_fresh_file_has_the_schema_in_use_and_is_the_users_own(file: Path) -> None:
    assert database.open_to_read(file, 1) is None
    with closing(database.open_to_write(file, 1)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (len(database.MIGRATIONS),)
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        connection.execute("INSERT INTO lesion SELECT 'i', 0, 1, 1, 1, x'', '', '', '', '', '', '', '', ''")
    if sys.platform != "win32":
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    with closing(database.open_to_write(file, 1)) as connection:
        assert connection.execute("SELECT count(*) FROM lesion").fetchone() == (1,)


def test_the_lesions_number_is_1_where_none_is_given(file: Path) -> None:
    with closing(database.open_to_write(file, 1)) as connection:
        connection.execute(
            "INSERT INTO lesion (image, frame, rows, columns, pixels, author, source, notes, comment, changed, edition)"
            " VALUES ('i', 0, 1, 1, x'', '', '', '', '', '', '')"
        )
        assert connection.execute("SELECT lesion FROM lesion").fetchone() == (1,)


def test_an_older_schema_is_brought_up_to_date_with_what_is_in_it(
    file: Path, lesion: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(file, lesion, 3)
    more = (*database.MIGRATIONS, ("CREATE TABLE own_read (image TEXT)", "ALTER TABLE lesion ADD COLUMN side TEXT"))
    monkeypatch.setattr(database, "MIGRATIONS", more)
    assert database.open_to_read(file, 1) is None, "not before it is up to date"
    with closing(database.open_to_write(file, 1)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (len(more),)
        assert connection.execute("SELECT count(*), max(side) FROM lesion").fetchone() == (3, None)


def test_a_step_that_fails_leaves_the_schema_before_it(
    file: Path, lesion: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(file, lesion, 1)
    before = database.MIGRATIONS
    monkeypatch.setattr(database, "MIGRATIONS", (*before, ("CREATE TABLE more (a)", "CREATE TABLE lesion (a)")))
    with pytest.raises(sqlite3.OperationalError):
        database.open_to_write(file, 1)
    monkeypatch.setattr(database, "MIGRATIONS", before)
    with closing(database.open_to_write(file, 1)) as connection:
        assert connection.execute("SELECT name FROM sqlite_master WHERE name = 'more'").fetchall() == []
        assert connection.execute("SELECT count(*) FROM lesion").fetchone() == (1,)


def test_a_newer_programs_file_is_left_alone(file: Path, lesion: Make) -> None:
    fill(file, lesion, 1)
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA user_version = 99")
        connection.execute("UPDATE tally SET entries = 99, mirror = -99 WHERE kind = 'schema'")
        connection.commit()
    before = file.read_bytes()
    for opened in (database.open_to_write, database.open_to_read):
        with pytest.raises(UserError, match="newer version"):
            opened(file, 1)
    assert file.read_bytes() == before


def test_damage_is_known_from_other_trouble(file: Path) -> None:
    file.parent.mkdir(parents=True)
    file.write_bytes(b"no database, by any means. " * 100)
    with pytest.raises(sqlite3.DatabaseError) as told:
        database.open_to_write(file, 0)
    assert database.damaged(told.value)
    assert not database.damaged(OSError())
    with pytest.raises(sqlite3.OperationalError) as other, closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("SELECT * FROM nowhere")
    assert not database.damaged(other.value)


def test_nothing_that_was_set_aside_is_written_over(file: Path) -> None:
    file.parent.mkdir(parents=True)
    for number in range(3):
        file.write_text(f"{number}")
        Path(f"{file}-wal").write_text(f"log of {number}")
        aside = rescue.set_aside(file)
        assert aside.read_text() == f"{number}"
        assert Path(f"{aside}-wal").read_text() == f"log of {number}"
    assert len(list(file.parent.iterdir())) == 6


def test_what_can_be_read_of_a_damaged_file_is_taken_over(file: Path, lesion: Make) -> None:
    fill(file, lesion, 60)
    with file.open("r+b") as spoilt:
        spoilt.seek(file.stat().st_size // 2)
        spoilt.write(b"\xa5" * 8192)
    before = file.read_bytes()
    aside = rescue.set_aside(file)
    with closing(database.open_to_write(file, 1)) as connection:
        rescued = rescue.take_over(aside, connection)
        saved = rescued.saved["lesion"]
        assert rescued.lost is not None
        assert rescued.lost["lesion"] == 60 - saved
        assert connection.execute("SELECT count(*) FROM lesion").fetchone() == (saved,)
        ends = connection.execute("SELECT count(*) FROM lesion WHERE image IN ('image 0', 'image 59')").fetchone()
    assert 0 < saved < 60
    assert ends == (2,), "from both ends"
    assert aside.read_bytes() == before


def test_why_it_cannot_be_written_is_said(file: Path, lesion: Make) -> None:
    with closing(database.open_to_write(file, 0)) as connection, closing(sqlite3.connect(file)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(sqlite3.OperationalError) as locked:
            connection.execute("BEGIN IMMEDIATE")
        other.rollback()
        connection.execute("PRAGMA max_page_count = 6")
        with pytest.raises(sqlite3.OperationalError) as full:
            put(connection, LesionKey("i", 0), lesion(1, (600, 600)), None)
    assert "another program has locked" in str(database.refusal(file, locked.value))
    assert "disk is full" in str(database.refusal(file, full.value))
    assert str(database.refusal(file, full.value)).startswith("Your outlines are not saved at the moment")
    assert "outlines" not in str(database.refusal(file, full.value, database.KEEP_ASSESSMENTS))
    refused = OSError(errno.EACCES, os.strerror(errno.EACCES))
    assert os.strerror(errno.EACCES) in str(database.refusal(file, refused))
