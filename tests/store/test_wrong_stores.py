"""Files in the store's place that are no store or another version: set aside, recovered, counted and reported."""

import os
import socket
import sqlite3
import sys
import zlib
from collections.abc import Callable
from contextlib import closing
from pathlib import Path, PurePosixPath, PureWindowsPath

import pytest

from csamoe_desktop.errors import UserError
from csamoe_desktop.lesion.calipers import Caliper
from csamoe_desktop.reader.examination import Examination
from csamoe_desktop.store import database, places, rescue, sums
from csamoe_desktop.store.autosave import Autosave
from csamoe_desktop.store.lesions import LesionKey, StoredLesion

Make = Callable[..., StoredLesion]
Window = Callable[[], Autosave]
KEYS = [LesionKey(f"image {number}", 0) for number in range(5)]
CALIPERS = (Caliper((1.0, 2.0), (3.0, 4.0)),)
SAID = Examination(indication="Palpable lump")


@pytest.fixture
def filled(another_window: Window, lesion: Make, file: Path) -> Path:
    """A store with work in it, in a single file."""
    window = another_window()
    for seed, key in enumerate(KEYS):
        window.keep(key, lesion(seed))
    window.keep_calipers("image 0", 0, CALIPERS)
    window.keep_examination("one", SAID)
    window.write()
    window.close()
    return file


def change(file: Path, *statements: str) -> None:
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert not Path(f"{file}-wal").exists()


NOTHING_LOST = {
    "version 0": ["PRAGMA user_version = 0"],
    "an older version": ["PRAGMA user_version = 3"],
    "a later version": ["PRAGMA user_version = 99"],
    "a version below nothing": ["PRAGMA user_version = -7"],
    "a missing trigger": ["DROP TRIGGER lesion_insert"],
    "another column": ["ALTER TABLE lesion ADD COLUMN more TEXT"],
    "a renamed column": ["ALTER TABLE lesion RENAME COLUMN comment TO remark"],
    "a renamed table": ["ALTER TABLE lesion RENAME TO lesiom"],
}
SOMETHING_LOST = {
    "a missing table": ["DROP TABLE lesion"],
    "a missing column": ["ALTER TABLE lesion DROP COLUMN comment"],
}


@pytest.mark.parametrize("how", NOTHING_LOST)
def test_a_store_of_a_wrong_schema_is_taken_over_whole(
    filled: Path, another_window: Window, lesion: Make, how: str
) -> None:
    change(filled, *NOTHING_LOST[how])
    window = another_window()
    assert window.find(KEYS[0]) == lesion(0), "at once, in the same session"
    told = window.write()
    assert told is not None
    assert "set aside" in told.message
    assert "5 outlines" in told.hint
    assert "Nothing is lost" in told.hint
    assert [window.find(key) for key in KEYS] == [lesion(seed) for seed in range(5)]
    assert window.find_calipers("image 0", 0) == CALIPERS
    assert window.find_examination("one") == SAID
    assert window.write() is None, "said once"
    assert another_window().write() is None


@pytest.mark.parametrize("how", SOMETHING_LOST)
def test_what_is_lost_is_counted(filled: Path, another_window: Window, how: str) -> None:
    change(filled, *SOMETHING_LOST[how])
    window = another_window()
    told = window.write()
    assert told is not None
    assert "Lost: 5 outlines" in told.hint
    assert window.find_calipers("image 0", 0) == CALIPERS


OTHERS = {
    "empty": lambda file: file.write_bytes(b""),
    "no database": lambda file: file.write_bytes(b"a letter, not a store" * 400),
    "a few bytes": lambda file: file.write_bytes(b"SQLite format 3\0"),
    "zeroes": lambda file: file.write_bytes(bytes(100_000)),
    "a folder": lambda file: file.mkdir(),
    "another program's": lambda file: change(file, "CREATE TABLE lesion (a)", "INSERT INTO lesion VALUES (1)"),
    "another program's of version 4": lambda file: change(file, "CREATE TABLE t (a)", "PRAGMA user_version = 4"),
}


@pytest.mark.parametrize("what", OTHERS)
def test_what_is_no_store_is_set_aside_and_a_fresh_one_begun(
    file: Path, another_window: Window, lesion: Make, what: str
) -> None:
    file.parent.mkdir(parents=True)
    OTHERS[what](file)
    content = None if file.is_dir() else file.read_bytes()
    window = another_window()
    window.keep(KEYS[0], lesion(1))
    told = window.write()
    assert told is not None
    (aside,) = file.parent.glob("work-damaged-*.sqlite")
    assert aside.name in told.message
    assert content is None or aside.read_bytes() == content
    assert another_window().find(KEYS[0]) == lesion(1)


@pytest.mark.parametrize("share", [0.3, 0.6, 0.95])
def test_a_truncated_store_is_taken_over_as_far_as_it_goes(
    filled: Path, another_window: Window, lesion: Make, share: float
) -> None:
    os.truncate(filled, int(filled.stat().st_size * share))
    window = another_window()
    told = window.write()
    assert told is not None
    assert "lost" in told.hint.lower()
    for seed, key in enumerate(KEYS):
        assert window.find(key) in (None, lesion(seed))


@pytest.mark.parametrize("version", [1, 2, 3, 4])
def test_a_damaged_store_of_an_older_version_is_taken_over_too(
    file: Path, another_window: Window, lesion: Make, version: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = database.MIGRATIONS
    with monkeypatch.context() as before:
        before.setattr(database, "MIGRATIONS", steps[:version])
        database.open_to_write(file, 1).close()
    with closing(sqlite3.connect(file)) as connection, connection:
        for number in range(200):
            values = (f"image {number}", zlib.compress(b"\xaa" * 500), f"comment {number}")
            connection.execute(
                "INSERT INTO lesion (image, frame, lesion, rows, columns, pixels, author, source, notes, comment, changed,"
                " edition) VALUES (?, 0, 1, 40, 100, ?, 'drawn', '', '[]', ?, '', '')",
                values,
            )
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    with file.open("r+b") as spoilt:
        # The pages after the schema's: the tree of a table or an index.
        spoilt.seek(4096 * 5)
        spoilt.write(b"\xa5" * 4096)
    window = another_window()
    told = window.write()
    assert told is not None
    assert "outlines" in told.hint
    assert "is not known" in told.hint, "it was never counted"
    kept = [window.find(LesionKey(f"image {number}", 0)) for number in range(200)]
    assert sum(one is not None for one in kept) > 100
    assert all(one is None or one.comment == f"comment {number}" for number, one in enumerate(kept))


def test_rows_of_a_sound_older_store_get_their_checksums(
    file: Path, another_window: Window, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = database.MIGRATIONS
    with monkeypatch.context() as before:
        before.setattr(database, "MIGRATIONS", steps[:4])
        with closing(database.open_to_write(file, 1)) as connection:
            connection.execute("INSERT INTO caliper VALUES ('image', 0, '[[[1, 2], [3, 4]]]')")
            connection.execute(
                "INSERT INTO reading VALUES ('s', 'i', 0, 1, '', 1, 0, NULL, 3, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 2, '[]')"
            )
    window = another_window()
    assert window.write() is None
    assert window.find_calipers("image", 0) == CALIPERS
    with closing(database.open_to_write(file, 1)) as connection:
        assert sums.examine(connection) == 0


ROWS = {
    "lesion": "UPDATE lesion SET image = 'image 9' WHERE image = 'image 0'",
    "caliper": "UPDATE caliper SET calipers = '[[[9, 9], [3, 4]]]'",
    "examination": "UPDATE examination SET key = 'two'",
    "lesion's comment": "UPDATE lesion SET comment = 'of another image' WHERE image = 'image 0'",
}


@pytest.mark.parametrize("what", ROWS)
def test_a_row_that_is_not_as_it_was_written_is_set_aside_and_said(
    filled: Path, another_window: Window, what: str
) -> None:
    change(filled, ROWS[what])
    window = another_window()
    window.look_through()
    assert window.work_to_do
    assert window.write() is None
    (told,) = window.found_spoilt()
    assert "never shown" in told.message
    assert "1 " in told.message
    assert not window.work_to_do
    assert window.find(LesionKey("image 9", 0)) is None
    assert not window.find_examination("two").given
    with closing(sqlite3.connect(filled)) as connection:
        assert connection.execute("SELECT count(*) FROM spoilt").fetchone() == (1,)


def test_an_index_that_leads_astray_shows_nothing(filled: Path, another_window: Window, lesion: Make) -> None:
    content = filled.read_bytes()
    # Swap the names of two images in the index of the lesions; the rows stay unchanged.
    with closing(sqlite3.connect(filled)) as connection:
        (root,) = connection.execute(
            "SELECT rootpage FROM sqlite_master WHERE name = 'sqlite_autoindex_lesion_1'"
        ).fetchone()
        (size,) = connection.execute("PRAGMA page_size").fetchone()
    start = (root - 1) * size
    page = content[start : start + size]
    swapped = page.replace(b"image 1", b"image X").replace(b"image 2", b"image 1").replace(b"image X", b"image 2")
    assert swapped != page
    filled.write_bytes(content[:start] + swapped + content[start + size :])
    window = another_window()
    found = [window.find(key) if key.image not in ("image 1", "image 2") else None for key in KEYS]
    assert found[0] == lesion(0)
    for key in KEYS[1:3]:
        try:
            assert window.find(key) in (None, lesion(int(key.image[-1])))
        except Exception as problem:  # noqa: BLE001 - refused is as good
            assert "damaged" in str(problem)
    told = window.write()
    assert told is not None
    assert [window.find(key) for key in KEYS] == [lesion(seed) for seed in range(5)], "the rows themselves are sound"


def test_an_unclean_end_is_noticed_and_the_store_looked_through(
    filled: Path, another_window: Window, lesion: Make
) -> None:
    folder = filled.with_name("work.windows")
    assert not folder.exists(), "a clean end leaves nothing"
    change(filled, ROWS["lesion"])
    folder.mkdir()
    # A process that no longer runs: no process has the highest number.
    (folder / "gone.json").write_text(f'{{"host": "{socket.gethostname()}", "process": 4194999}}')
    window = another_window()
    assert window.find(KEYS[0]) is None
    assert window.find(KEYS[1]) == lesion(1)
    assert len(window.found_spoilt()) == 1
    assert not (folder / "gone.json").exists()


@pytest.mark.parametrize(
    ("path", "uri"),
    [
        (PureWindowsPath(r"\\server\share\user\work.sqlite"), "file:////server/share/user/work.sqlite?mode=ro"),
        (PureWindowsPath(r"\\?\UNC\server\share\work.sqlite"), "file:////server/share/work.sqlite?mode=ro"),
        (PureWindowsPath(r"\\?\C:\a\work.sqlite"), "file:///C:/a/work.sqlite?mode=ro"),
        (PureWindowsPath(r"C:\a b\50%#?\work.sqlite"), "file:///C:/a%20b/50%25%23%3F/work.sqlite?mode=ro"),
        (PurePosixPath("//server/share/work.sqlite"), "file:////server/share/work.sqlite?mode=ro"),
        (PurePosixPath("/a b/work.sqlite"), "file:///a%20b/work.sqlite?mode=ro"),
    ],
)
def test_a_path_on_a_share_is_a_uri_that_sqlite_takes(path: PureWindowsPath, uri: str) -> None:
    assert places.uri_of(path, "mode=ro") == uri
    # None of them is refused for its authority; that the file is missing does not matter here.
    with pytest.raises(sqlite3.OperationalError, match="unable to open"):
        sqlite3.connect(places.uri_of(path, "mode=ro"), uri=True)


@pytest.mark.skipif(sys.platform == "win32", reason="such names are none there")
@pytest.mark.parametrize("name", ["with space", "100%", "a#b", "a?b=c", "ä", "\udcff", "a&b", "..."])
def test_a_store_in_a_folder_of_any_name(tmp_path: Path, lesion: Make, name: str) -> None:
    window = Autosave(tmp_path / name / "work.sqlite")
    window.keep(KEYS[0], lesion(1))
    assert window.write() is None
    assert window.find(KEYS[0]) == lesion(1)
    window.close()


def test_on_a_share_there_is_no_log_beside_the_file(
    file: Path, another_window: Window, lesion: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = another_window()
    first.keep(KEYS[0], lesion(0))
    first.write()
    first.close()
    monkeypatch.setattr(database, "on_network", lambda file: True)
    one, two = another_window(), another_window()
    for number, window in enumerate((one, two), 1):
        window.keep(KEYS[number], lesion(number))
        assert window.write() is None
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("delete",)
    assert [two.find(key) for key in KEYS[:3]] == [lesion(seed) for seed in range(3)]
    assert not Path(f"{file}-wal").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such pipes there")
def test_a_pipe_at_the_stores_place_is_not_waited_for(file: Path, another_window: Window, lesion: Make) -> None:
    file.parent.mkdir(parents=True)
    os.mkfifo(file)
    window = another_window()
    window.keep(KEYS[0], lesion(1))
    told = window.write()
    assert told is not None
    assert "is not a regular file" in told.message
    assert another_window().find(KEYS[0]) == lesion(1)


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_a_store_that_is_a_link_is_begun_where_that_leads(file: Path, another_window: Window, lesion: Make) -> None:
    file.parent.mkdir(parents=True)
    (file.parent / "elsewhere").mkdir()
    file.symlink_to(file.parent / "elsewhere" / "store.sqlite")
    window = another_window()
    window.keep(KEYS[0], lesion(1))
    assert window.write() is None
    window.close()
    assert file.is_symlink()
    assert another_window().find(KEYS[0]) == lesion(1)


@pytest.mark.skipif(sys.platform == "win32", reason="no such limit there")
@pytest.mark.parametrize("restarted", [False, True])
def test_a_disk_that_fills_up_during_the_rescue_costs_nothing(
    another_window: Window, lesion: Make, file: Path, restarted: bool
) -> None:
    """A store that could not be recovered yet stays in place, and is recovered once there is room."""
    import resource

    large = (1500, 1500)
    window = another_window()
    for seed, key in enumerate(KEYS):
        window.keep(key, lesion(seed, large))
    window.write()
    window.close()
    change(file, "DROP TRIGGER lesion_insert")
    before = file.read_bytes()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    window = another_window()
    try:
        # File size limit: there is room for a new store, but not for the recovered rows.
        resource.setrlimit(resource.RLIMIT_FSIZE, (600_000, hard))
        for _ in range(3):
            window.keep(LesionKey("another", 0), lesion(9))
            with pytest.raises(UserError, match="not saved at the moment"):
                window.write()
            assert file.read_bytes() == before
            assert list(file.parent.glob("*damaged*")) == [], "as if nothing had been tried"
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    if restarted:
        window = another_window()
        window.keep(LesionKey("another", 0), lesion(9))
    told = window.write()
    assert told is not None and "Nothing is lost." in told.hint and "5 outlines" in told.hint
    assert [window.find(key) for key in KEYS] == [lesion(seed, large) for seed in range(len(KEYS))]
    assert window.find(LesionKey("another", 0)) == lesion(9)
    assert len(list(file.parent.glob("*damaged*.sqlite"))) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="no such limit there")
def test_a_store_that_cannot_be_put_back_is_said_to_lie_aside(
    filled: Path, another_window: Window, lesion: Make, tmp_path: Path
) -> None:
    """Another window already uses the new store: its work stays, and the message names the damaged one."""
    aside = rescue.set_aside(filled)
    before = aside.read_bytes()
    other = another_window()
    other.keep(LesionKey("another", 0), lesion(9))
    other.write()
    assert not rescue.put_back(aside, filled)
    assert aside.read_bytes() == before
    assert other.find(LesionKey("another", 0)) == lesion(9)
    other.close()
    filled.unlink()
    assert rescue.put_back(aside, filled)
    assert filled.read_bytes() == before and not aside.exists()
