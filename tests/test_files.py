"""A file is written whole or not at all, and why not is said in one line."""

import errno
import os
import resource
from pathlib import Path

import pytest

from csamoe_desktop.errors import UserError
from csamoe_desktop.files import reason, write_whole


def test_a_written_file_takes_the_place_of_the_old_one(tmp_path: Path) -> None:
    file = tmp_path / "new folder" / "a.txt"
    write_whole(file, lambda path: path.write_text("old"))
    write_whole(file, lambda path: path.write_text("new"))
    assert file.read_text() == "new"
    assert list(file.parent.iterdir()) == [file]


@pytest.mark.parametrize("problem", [RuntimeError, ValueError, KeyboardInterrupt, MemoryError])
def test_a_writer_that_fails_in_any_way_leaves_what_was_there(tmp_path: Path, problem: type[BaseException]) -> None:
    file = tmp_path / "a.txt"
    file.write_text("old")

    def write(path: Path) -> None:
        path.write_text("half")
        raise problem("as it may be")

    with pytest.raises(problem, match="as it may be"):
        write_whole(file, write)
    assert file.read_text() == "old"
    assert [entry for entry in tmp_path.iterdir() if entry.is_file()] == [file]


def test_what_a_library_says_of_a_failure_is_cut_to_its_first_line(tmp_path: Path) -> None:
    def write(path: Path) -> None:
        raise OSError("With tag (7fe0,0010) got exception: File too large\nTraceback (most recent call last):\n  File")

    with pytest.raises(UserError) as caught:
        write_whole(tmp_path / "a.dcm", write)
    assert "got exception: File too large." in caught.value.message
    assert "Traceback" not in str(caught.value)


@pytest.mark.parametrize(
    ("problem", "words"),
    [
        (OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), os.strerror(errno.ENOSPC)),
        (OSError("It broke.\nAnd more."), "It broke"),
        (OSError(), "OSError"),
    ],
)
def test_a_reason_is_a_few_words(problem: OSError, words: str) -> None:
    assert reason(problem) == words


def test_a_full_disk_is_said_in_one_line(tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        with pytest.raises(UserError) as caught:
            write_whole(tmp_path / "a.bin", lambda path: path.write_bytes(bytes(5000)))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert caught.value.message == f"{tmp_path / 'a.bin'} could not be written: {os.strerror(errno.EFBIG)}."
    assert not (tmp_path / "a.bin").exists()
