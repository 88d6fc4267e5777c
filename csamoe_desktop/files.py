"""Reads and writes files safely.

A failed write leaves no partial file (it goes to a temporary file first, then renames it), private files are readable by the
user only, an input is never overwritten, and only regular files are read.
"""

import os
import secrets
import stat
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from csamoe_desktop.errors import UserError
from csamoe_desktop.names import shown_name

_OWN_FILE, _OWN_FOLDER = 0o600, 0o700
_LONGEST_SUFFIX = 16
_TRIES = 100


def write_whole(path: Path, write: Callable[[Path], object], private: bool = False) -> None:
    """Call `write(temporary)` with a file next to `path`, and rename that to `path` if it succeeds.

    `private`: only the user can read the file, from its first byte on; otherwise the system's umask applies.

    Raises:
        UserError: the folder cannot be created or written to, the disk is full, the file is in use, or `path` is not a
            regular file. An existing file at `path` is then unchanged.
    """
    try:
        if private:
            make_private_folder(path.parent)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
        # A rename would replace a device such as /dev/null with a file.
        if path.exists() and not path.is_file() and not path.is_dir():
            raise UserError(f"{path} is not a regular file and cannot be overwritten.", "Choose another name.")
        temporary = _begin(path, private)
    except (OSError, ValueError) as problem:  # ValueError: an impossible file name
        raise _refusal(path, problem) from problem
    try:
        write(temporary)
        try:
            temporary.replace(path)
        except ValueError as problem:
            raise _refusal(path, problem) from problem
    except OSError as problem:
        raise _refusal(path, problem) from problem
    finally:
        # On Windows a file that a failed writer still has open cannot be removed; do not hide the error that made it fail.
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def make_private_folder(folder: Path) -> None:
    """Create a folder that only the user can access, and its parents; an existing folder is left unchanged.

    Raises:
        OSError: it cannot be created.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.mkdir(mode=_OWN_FOLDER, exist_ok=True)


def open_private(path: Path, flags: int = os.O_WRONLY | os.O_CREAT | os.O_APPEND) -> int:
    """Return the descriptor of a file that only the user can read, from its first byte on.

    Raises:
        OSError: it cannot be opened.
    """
    handle = os.open(path, flags | getattr(os, "O_CLOEXEC", 0), _OWN_FILE)
    # A file from an older version of the program may be readable by all.
    if hasattr(os, "fchmod"):
        with suppress(OSError):
            os.fchmod(handle, _OWN_FILE)
    return handle


def same_file(first: Path, second: Path) -> bool:
    """Return whether two paths lead to the same file: by name, by symbolic or hard link, or with other case or spelling."""
    with suppress(OSError, ValueError):
        return first.samefile(second)
    try:
        return os.path.normcase(os.path.realpath(first)) == os.path.normcase(os.path.realpath(second))
    except (OSError, ValueError):
        return first == second


def check_output(out: Path, inputs: Iterable[Path] = (), ours: Callable[[Path], bool] | None = None) -> None:
    """Check that writing to `out` would destroy nothing, before any work is done.

    Args:
        out: the file to write.
        inputs: the files that are read; `out` must not be one of them, by whatever path.
        ours: whether an existing file is of the kind to be written and may be replaced; None: any may.

    Raises:
        UserError: it would replace an input or a file of another kind, or is a folder or a device.
    """
    name = shown_name(out.name)
    for read in inputs:
        if same_file(out, read):
            raise UserError(
                f"{name} is the input file ({read}); writing to it would destroy it.",
                "Choose another name for the output.",
            )
    try:
        mode = out.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return
    except (OSError, ValueError) as problem:
        raise _refusal(out, problem) from problem
    if stat.S_ISDIR(mode):
        raise UserError(f"{out} is a folder.", "Give the name of a file in it.")
    if not stat.S_ISREG(mode):
        raise UserError(f"{out} is not a regular file and cannot be overwritten.", "Choose another name.")
    if ours is not None and out.stat().st_size and not ours(out):
        raise UserError(
            f"A file of another kind named {name} already exists in {out.parent}; it was not replaced.",
            "Choose another name, or move that file first.",
        )


def check_output_folder(out: Path, inputs: Iterable[Path]) -> None:
    """Check that the output folder is not an input folder.

    Raises:
        UserError: it is one of them.
    """
    for read in inputs:
        if same_file(out, read):
            raise UserError(
                f"{out} is the input folder; the output would be mixed with its files.",
                "Choose another folder for the output.",
            )


def open_plain(path: Path) -> BinaryIO:
    """Open a regular file for reading. Opening a pipe, a socket or a device could block forever.

    Raises:
        UserError: it is a folder, or not a regular file.
        OSError: it does not exist or cannot be read.
    """
    _refuse_odd(path, path.stat().st_mode)
    # Non-blocking, as it may have been replaced by a pipe since.
    flags = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
    handle = os.open(path, flags)
    try:
        _refuse_odd(path, os.fstat(handle).st_mode)
        return os.fdopen(handle, "rb")
    except BaseException:
        os.close(handle)
        raise


def _refuse_odd(path: Path, mode: int) -> None:
    if stat.S_ISDIR(mode):
        raise UserError(f"{path} is a folder, not a file.", "Choose a file inside it.")
    if not stat.S_ISREG(mode):
        kinds = ((stat.S_ISFIFO, "a pipe"), (stat.S_ISSOCK, "a socket"))
        kind = next((words for fits, words in kinds if fits(mode)), "a device")
        raise UserError(f"{path.name} is {kind}, not a file.", "Choose a regular file.")


def reason(problem: OSError) -> str:
    """Return in a few words why a file could not be read or written; a library's OSError may contain a whole traceback."""
    words = problem.strerror or (os.strerror(problem.errno) if problem.errno else str(problem))
    return next((line.strip() for line in words.splitlines() if line.strip()), type(problem).__name__).rstrip(".")


def _begin(path: Path, private: bool) -> Path:
    """Create the temporary file next to `path`. It is created with the mode of a new file, because reading the umask would
    mean changing it for all threads."""
    suffix = path.suffix if len(os.fsencode(path.suffix)) <= _LONGEST_SUFFIX else ""
    for _ in range(_TRIES):
        temporary = path.with_name(f".csamoe-{secrets.token_hex(8)}{suffix}")
        with suppress(FileExistsError):
            os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, _OWN_FILE if private else 0o666))
            return temporary
    raise FileExistsError(f"no free name next to {path}")


def _refusal(path: Path, problem: OSError | ValueError) -> UserError:
    why = reason(problem) if isinstance(problem, OSError) else "the name is not valid"
    return UserError(
        f"{path} could not be written: {why}.",
        "Nothing was changed. Choose another folder, or free some disk space and save again.",
    )
