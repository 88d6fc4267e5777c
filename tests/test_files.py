"""A file is written whole or not at all, and why not is said in one line."""

import errno
import os
import resource
import threading
from pathlib import Path

import pytest

from csamoe_desktop.errors import UserError
from csamoe_desktop.files import check_output, check_output_folder, open_private, reason, write_whole


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


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_what_is_private_is_the_users_alone_from_the_first_byte(tmp_path: Path, umask: int) -> None:
    seen = []
    before = os.umask(umask)
    try:
        file = tmp_path / "own" / "settings.json"
        write_whole(file, lambda path: seen.append(mode(path)), private=True)
        os.close(open_private(tmp_path / "log"))
        plain = tmp_path / "report.pdf"
        write_whole(plain, lambda path: path.write_text("x"))
    finally:
        os.umask(before)
    assert seen == [0o600 & ~umask]
    assert (mode(file), mode(file.parent), mode(tmp_path / "log")) == (0o600, 0o700 & ~umask, 0o600)
    assert mode(plain) == 0o666 & ~umask


def test_a_file_that_was_open_to_all_is_not_any_more(tmp_path: Path) -> None:
    (tmp_path / "log").write_text("old")
    (tmp_path / "log").chmod(0o666)
    os.close(open_private(tmp_path / "log"))
    assert mode(tmp_path / "log") == 0o600
    assert (tmp_path / "log").read_text() == "old"


def test_writing_leaves_the_umask_of_other_threads_alone(tmp_path: Path) -> None:
    before, modes, going = os.umask(0o077), set(), True

    def other() -> None:
        number = 0
        while going:
            number += 1
            file = tmp_path / f"other {number}"
            file.touch()
            modes.add(mode(file))

    thread = threading.Thread(target=other)
    try:
        thread.start()
        for _ in range(300):
            write_whole(tmp_path / "a.txt", lambda path: path.write_text("x"))
    finally:
        going = False
        thread.join()
        os.umask(before)
    assert modes == {0o600}


@pytest.mark.parametrize(
    "name", ["a" * 251 + ".txt", "é" * 125 + ".txt", "a." + "b" * 253, "M\udcfcller.txt", "...", " "]
)
def test_every_name_that_the_file_system_takes_is_written(tmp_path: Path, name: str) -> None:
    write_whole(tmp_path / name, lambda path: path.write_text("x"))
    assert [one.name for one in tmp_path.iterdir() if one.is_file()] == [name]


@pytest.mark.parametrize("name", ["a" * 256, "a\0b.txt", "\ud800.txt"])
def test_a_name_that_no_file_can_have_is_refused_in_words(tmp_path: Path, name: str) -> None:
    with pytest.raises(UserError, match="could not be written"):
        write_whole(tmp_path / name, lambda path: path.write_text("x"))
    with pytest.raises(UserError, match="could not be written"):
        check_output(tmp_path / name)


def test_a_device_is_not_replaced(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", Path("/dev/null")):
        with pytest.raises(UserError, match="not a regular file"):
            write_whole(path, lambda temporary: temporary.write_text("x"))
        with pytest.raises(UserError, match="not a regular file"):
            check_output(path)
    assert not Path("/dev/null").is_file()


def test_an_output_is_never_an_input_whatever_way_leads_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    image = tmp_path / "image.png"
    image.write_bytes(b"image")
    (tmp_path / "sub").mkdir()
    (tmp_path / "link.png").symlink_to(image)
    (tmp_path / "chain.png").symlink_to("link.png")
    (tmp_path / "hard.png").hardlink_to(image)
    (tmp_path / "folder").symlink_to(tmp_path, target_is_directory=True)
    monkeypatch.chdir(tmp_path / "sub")
    ways = (
        "link.png",
        "chain.png",
        "hard.png",
        "folder/image.png",
        "sub/../image.png",
        "./image.png",
        "folder/sub/../link.png",
    )
    for out in (image, Path("../image.png"), Path("../sub/../hard.png"), *(tmp_path / way for way in ways)):
        for read in (image, tmp_path / "hard.png", Path("../link.png")):
            with pytest.raises(UserError, match="is the input file") as caught:
                check_output(out, [tmp_path / "other.png", read])
            assert caught.value.hint
    check_output(tmp_path / "new.png", [image])
    gone = tmp_path / "gone.png"
    with pytest.raises(UserError, match="is the input file"):
        check_output(Path("../gone.png"), [gone])
    with pytest.raises(UserError, match="is a folder"):
        check_output(tmp_path / "sub", [image])
    with pytest.raises(UserError, match="is the input folder"):
        check_output_folder(tmp_path / "folder", [tmp_path])


def test_a_file_of_another_kind_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("{}")
    with pytest.raises(UserError, match=r"of another kind named a\.json") as caught:
        check_output(tmp_path / "a.json", (), lambda file: False)
    assert "move that file first" in caught.value.hint
    check_output(tmp_path / "a.json", (), lambda file: True)
    (tmp_path / "empty.json").touch()
    check_output(tmp_path / "empty.json", (), lambda file: False)
