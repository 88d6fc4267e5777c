"""The autosave queue: the newest state wins, nothing waits for the disk, and no drawing is lost whatever happens to the file."""

import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Thread

import pytest

from csamoe_desktop.errors import UserError
from csamoe_desktop.store.autosave import Autosave
from csamoe_desktop.store.lesions import LesionKey, StoredLesion

ROOT = Path(__file__).resolve().parent.parent.parent
Make = Callable[..., StoredLesion]
Window = Callable[[], Autosave]
KEY = LesionKey("hash", 0)


def rows(file: Path, table: str = "lesion") -> int:
    with closing(sqlite3.connect(file)) as connection:
        return int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


def asides(file: Path) -> list[Path]:
    return [one for one in file.parent.glob("*damaged*") if one.suffix == file.suffix]


@contextmanager
def locked(file: Path, reading_too: bool = False) -> Iterator[None]:
    """Lock the file as another program would."""
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        if reading_too:
            other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        other.execute("UPDATE lesion SET lesion = lesion")
        yield
        other.execute("ROLLBACK")


def test_what_was_written_is_there_on_another_day(autosave: Autosave, another_window: Window, lesion: Make) -> None:
    assert autosave.find(KEY) is None
    autosave.keep(KEY, lesion(1))
    assert autosave.find(KEY) == lesion(1), "also while it waits"
    assert autosave.work_to_do
    assert autosave.write() is None
    assert not autosave.work_to_do
    autosave.close()
    assert another_window().find(KEY) == lesion(1)


def test_the_newest_wins(autosave: Autosave, another_window: Window, lesion: Make, file: Path) -> None:
    for seed in range(5):
        autosave.keep(KEY, lesion(seed))
    autosave.keep(LesionKey("other", 0), lesion(9))
    assert len(autosave.waiting) == 2
    autosave.write()
    autosave.keep(KEY, lesion(7))
    autosave.write()
    assert another_window().find(KEY) == lesion(7)
    assert (rows(file), rows(file, "superseded")) == (2, 0)


def test_drawing_and_writing_at_once_lose_nothing(autosave: Autosave, another_window: Window, lesion: Make) -> None:
    keys = [LesionKey(f"image {number}", 0) for number in range(4)]
    drawing = True

    def write() -> None:
        while drawing:
            autosave.write()

    worker = Thread(target=write)
    worker.start()
    for seed in range(300):
        autosave.keep(keys[seed % 4], lesion(seed))
        assert autosave.find(keys[seed % 4]) == lesion(seed)
    drawing = False
    worker.join()
    autosave.write()
    assert [another_window().find(key) for key in keys] == [lesion(seed) for seed in range(296, 300)]


def test_two_windows_on_one_image_lose_neithers_work(another_window: Window, lesion: Make, file: Path) -> None:
    one, two = another_window(), another_window()
    assert one.find(KEY) is None
    assert two.find(KEY) is None
    one.keep(KEY, lesion(1))
    one.write()
    two.keep(KEY, lesion(2))
    two.write()
    fresh = another_window()
    assert fresh.find(KEY) == lesion(1)
    assert fresh.find(LesionKey("hash", 0, 2)) == lesion(2)
    told = two.merged()
    assert told.moved == {KEY: LesionKey("hash", 0, 2)}
    assert "yours is lesion 2 now" in told.said[0]


@pytest.mark.parametrize("reading_too", [False, True])
def test_a_locked_store_is_refused_and_taken_up_again(
    autosave: Autosave, another_window: Window, lesion: Make, file: Path, reading_too: bool
) -> None:
    autosave.keep(KEY, lesion(1))
    autosave.write()
    autosave.close()
    window = another_window()
    if reading_too:
        window._prepared = True
    else:
        assert window.find(KEY) == lesion(1)
    window.close()
    with locked(file, reading_too):
        if reading_too:
            with pytest.raises(UserError, match="another program has locked"):
                window.find(KEY)
        window.keep(KEY, lesion(2))
        with pytest.raises(UserError, match="another program has locked"):
            window.write()
        assert window.find(KEY) == lesion(2), "it waits"
    window.write()
    fresh = another_window()
    assert fresh.find(LesionKey("hash", 0, 2 if reading_too else 1)) == lesion(2)
    assert fresh.find(KEY) == lesion(1 if reading_too else 2), "what could not be read is not written over"


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path, lesion: Make) -> None:
    (tmp_path / "file").write_text("no folder")
    autosave = Autosave(tmp_path / "file" / "work.sqlite")
    assert autosave.find(KEY) is None
    autosave.keep(KEY, lesion(1))
    with pytest.raises(UserError, match="cannot be read or written"):
        autosave.write()
    assert autosave.find(KEY) == lesion(1)
    autosave.close()


READ_ONLY = """
import os, sys
from pathlib import Path
from csamoe_desktop.errors import UserError
from csamoe_desktop.store.autosave import Autosave
from csamoe_desktop.store.lesions import LesionKey
if os.geteuid() == 0:
    # Permissions do not apply to root.
    os.setgid(65534)
    os.setuid(65534)
autosave = Autosave(Path(sys.argv[1]))
kept = autosave.find(LesionKey("hash", 0))
assert kept is not None
autosave.keep(LesionKey("other", 0), kept)
try:
    told = autosave.write()
    print(told and told.message)
except UserError as problem:
    print(problem.message)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="rights are other ones there")
@pytest.mark.parametrize("folder_too", [False, True])
def test_a_read_only_store_is_read_and_refused_in_writing(lesion: Make, folder_too: bool) -> None:
    # Not below pytest's folder, which other users cannot read.
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "work.sqlite"
        autosave = Autosave(file)
        autosave.keep(KEY, lesion(1))
        autosave.write()
        autosave.close()
        file.chmod(0o444)
        file.parent.chmod(0o555 if folder_too else 0o777)
        before = file.read_bytes()
        done = subprocess.run(
            [sys.executable, "-c", READ_ONLY, str(file)], cwd=ROOT, capture_output=True, text=True, check=False
        )
        file.parent.chmod(0o700)
        assert done.returncode == 0, done.stderr
        if folder_too:
            assert "cannot be read or written" in done.stdout
            assert file.read_bytes() == before
        else:
            assert "set aside" in done.stdout
            assert asides(file)[0].read_bytes() == before


@pytest.mark.skipif(sys.platform == "win32", reason="no such limit there")
def test_where_there_is_no_room_what_is_there_stays_and_the_rest_waits(
    autosave: Autosave, another_window: Window, lesion: Make, file: Path
) -> None:
    import resource

    autosave.keep(KEY, lesion(1))
    autosave.write()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        # A file size limit makes the write fail midway, as on a full disk.
        resource.setrlimit(resource.RLIMIT_FSIZE, (max(Path(f"{file}-wal").stat().st_size + 9000, 40_000), hard))
        autosave.keep(KEY, lesion(2))
        autosave.keep(LesionKey("large", 0), lesion(3, (1000, 1000)))
        for _ in range(3):
            with pytest.raises(UserError, match="not saved at the moment"):
                autosave.write()
            assert another_window().find(KEY) == lesion(1)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert len(autosave.waiting) == 2
    autosave.write()
    assert another_window().find(KEY) == lesion(2)
    assert another_window().find(LesionKey("large", 0)) == lesion(3, (1000, 1000))
    assert asides(file) == []


def test_a_file_that_is_no_store_is_set_aside(
    autosave: Autosave, another_window: Window, lesion: Make, file: Path
) -> None:
    file.parent.mkdir(parents=True)
    file.write_bytes(b"of another kind" * 1000)
    assert autosave.find(KEY) is None
    assert autosave.work_to_do
    told = autosave.write()
    assert told is not None
    (aside,) = asides(file)
    assert aside.name in told.message
    assert aside.read_bytes() == b"of another kind" * 1000
    assert not autosave.work_to_do
    autosave.keep(KEY, lesion(1))
    assert autosave.write() is None, "said once"
    assert another_window().find(KEY) == lesion(1)


@pytest.mark.parametrize("met_in_reading", [True, False])
def test_damage_costs_only_what_it_hit(
    autosave: Autosave, another_window: Window, lesion: Make, file: Path, met_in_reading: bool
) -> None:
    keys = [LesionKey(f"image {number}", 0) for number in range(60)]
    for seed, key in enumerate(keys):
        autosave.keep(key, lesion(seed, (100, 300)))
    autosave.write()
    autosave.close()
    with file.open("r+b") as spoilt:
        # All pages except the header and the last ones; they include the index and the table's tree.
        spoilt.seek(4096)
        spoilt.write(b"\xa5" * (file.stat().st_size // 2))
    before = file.read_bytes()
    window = another_window()
    if met_in_reading:
        window.find(keys[0])
    window.keep(KEY, lesion(1))
    assert window.write() is not None
    (aside,) = asides(file)
    assert aside.read_bytes() == before
    assert window.find(KEY) == lesion(1)
    fresh = another_window()
    for seed, key in enumerate(keys):
        assert fresh.find(key) in (None, lesion(seed, (100, 300)))
    assert fresh.write() is None


def test_a_row_that_is_spoilt_is_said_to_be_and_stays(autosave: Autosave, lesion: Make, file: Path) -> None:
    autosave.keep(KEY, lesion(1))
    autosave.write()
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("UPDATE lesion SET pixels = x'00'")
    with pytest.raises(UserError, match="damaged and cannot be shown"):
        autosave.find(KEY)
    autosave.keep(KEY, lesion(2))
    autosave.write()
    assert autosave.find(KEY) == lesion(2)


@pytest.mark.skipif(sys.platform == "win32", reason="an open file cannot be removed there")
def test_a_store_removed_under_the_program_is_begun_afresh(
    autosave: Autosave, another_window: Window, lesion: Make, file: Path
) -> None:
    autosave.keep(KEY, lesion(1))
    autosave.write()
    for part in file.parent.glob(f"{file.name}*"):
        part.unlink()
    autosave.keep(LesionKey("other", 0), lesion(2))
    assert autosave.write() is not None, "what is in memory is to be kept anew"
    assert another_window().find(LesionKey("other", 0)) == lesion(2)


@pytest.mark.skipif(sys.platform == "win32", reason="an open file cannot be renamed there")
def test_a_second_window_does_not_set_aside_what_the_first_began_afresh(
    another_window: Window, lesion: Make, file: Path
) -> None:
    one, two = another_window(), another_window()
    for window in (one, two):
        window.keep(KEY, lesion(1))
        window.write()
    one.close()
    with closing(sqlite3.connect(file)) as other:
        other.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    with file.open("r+b") as spoilt:
        spoilt.write(b"\0" * 100)
    first = another_window()
    first.keep(KEY, lesion(2))
    assert first.write() is not None
    two.keep(LesionKey("other", 0), lesion(3))
    assert two.write() is not None
    assert len(asides(file)) == 1
    assert another_window().find(KEY) == lesion(2)
    assert another_window().find(LesionKey("other", 0)) == lesion(3)


def test_a_newer_programs_store_is_refused(autosave: Autosave, lesion: Make, file: Path) -> None:
    autosave.write()
    autosave.close()
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA user_version = 99")
        connection.execute("UPDATE tally SET entries = 99, mirror = -99 WHERE kind = 'schema'")
        connection.commit()
    autosave.keep(KEY, lesion(1))
    with pytest.raises(UserError, match="newer version"):
        autosave.write()
    with pytest.raises(UserError, match="newer version"):
        autosave.find(LesionKey("other", 0))
