"""A lesion is read back as it was stored, and none is overwritten unseen."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from csamoe_desktop.lesion.mask import Author, LesionMask
from csamoe_desktop.store.database import open_to_write
from csamoe_desktop.store.lesions import LesionKey, StoredLesion, get, packed, put

Make = Callable[..., StoredLesion]
KEY = LesionKey("hash", 3)


@pytest.fixture
def connection(file: Path) -> Iterator[sqlite3.Connection]:
    with closing(open_to_write(file, 1)) as opened:
        yield opened


def count(connection: sqlite3.Connection, table: str) -> int:
    return int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (13, 7), (480, 561)])
def test_a_mask_comes_back_to_the_pixel(connection: sqlite3.Connection, shape: tuple[int, int]) -> None:
    pixels = np.random.default_rng(1).random(shape) < 0.5
    pixels[-1, -1] = True
    mask = LesionMask(pixels, Author.EDITED, "Maske für 乳腺.png", ("Resized.", "Inverted."))
    kept = packed(mask, 'half a "spicule"\nat 3 o\'clock')
    pixels = pixels.copy()
    edition = put(connection, KEY, kept, None)
    found = get(connection, KEY)
    assert found == (kept, edition)
    back = found[0].mask()
    assert back.pixels.dtype == bool
    assert np.array_equal(back.pixels, pixels)
    assert (back.author, back.source, back.notes) == (mask.author, mask.source, mask.notes)


def test_images_frames_and_lesions_are_apart(connection: sqlite3.Connection, lesion: Make) -> None:
    keys = [LesionKey("a", 0), LesionKey("a", 1), LesionKey("a", 0, lesion=2), LesionKey("b", 0)]
    for seed, key in enumerate(keys):
        put(connection, key, lesion(seed), None)
    for seed, key in enumerate(keys):
        found = get(connection, key)
        assert found is not None
        assert found[0] == lesion(seed)
    assert get(connection, LesionKey("b", 1)) is None


def test_an_empty_mask_is_kept_for_its_comment_only(connection: sqlite3.Connection, lesion: Make) -> None:
    nothing = packed(LesionMask(np.zeros((5, 5), bool), Author.NONE), "")
    assert nothing.nothing
    first = put(connection, KEY, lesion(), None)
    assert put(connection, KEY, nothing, first) is None
    assert get(connection, KEY) is None
    assert count(connection, "superseded") == 0, "the reader has cleared it"
    said = packed(LesionMask(np.zeros((5, 5), bool), Author.NONE), "no lesion seen")
    put(connection, KEY, said, None)
    found = get(connection, KEY)
    assert found is not None
    assert (found[0].comment, found[0].marked) == ("no lesion seen", False)


def test_what_nobody_has_seen_is_put_aside_not_written_over(connection: sqlite3.Connection, lesion: Make) -> None:
    first = put(connection, KEY, lesion(1), None)
    second = put(connection, KEY, lesion(2), first)
    assert count(connection, "superseded") == 0
    put(connection, KEY, lesion(3), first)
    assert connection.execute("SELECT edition FROM superseded").fetchall() == [(second,)]
    put(connection, KEY, lesion(4), None)
    assert count(connection, "superseded") == 2
    assert count(connection, "lesion") == 1


@pytest.mark.parametrize(
    "spoilt",
    [
        "pixels = x'00112233'",
        "rows = 38",
        "author = 'nobody'",
        "notes = '['",
        "notes = '5'",
        "pixels = substr(pixels, 1, 40)",
    ],
)
def test_a_spoilt_row_is_said_to_be_so(connection: sqlite3.Connection, lesion: Make, spoilt: str) -> None:
    put(connection, KEY, lesion(), None)
    connection.execute(f"UPDATE lesion SET {spoilt}")
    with pytest.raises(ValueError, match="cannot be read"):
        get(connection, KEY)
