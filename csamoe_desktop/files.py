"""Writing files so that a failed write leaves no half file: a temporary neighbour, then a rename. Reading plain files only."""

import os
import stat
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from csamoe_desktop.errors import UserError


def write_whole(path: Path, write: Callable[[Path], object]) -> None:
    """Call `write(temporary)` with a file beside `path`, and rename it to `path` only when that succeeded.

    Raises:
        UserError: the folder cannot be made or written to, the disk is full, or the file is in use elsewhere.
            What stood at `path` before is then untouched.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.stem}-", suffix=path.suffix)
        os.close(handle)
    except OSError as problem:
        raise _refusal(path, problem) from problem
    temporary = Path(name)
    try:
        write(temporary)
        os.chmod(temporary, 0o666 & ~_umask())
        os.replace(temporary, path)
    except OSError as problem:
        raise _refusal(path, problem) from problem
    finally:
        # A file that a failed writer still holds open cannot be removed on Windows; why it failed is what counts.
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def open_plain(path: Path) -> BinaryIO:
    """Open a plain file for reading. Whoever opens a pipe, a socket or a device may wait for it without end.

    Raises:
        UserError: it is something else than a plain file.
        OSError: there is none, it is a folder, or it may not be read.
    """
    _refuse_odd(path, os.stat(path).st_mode)
    # Without blocking: it may have been replaced by a pipe since.
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
        raise UserError(f"{path.name} is {kind}, not a file.", "Only plain files are opened. Choose one of these.")


def reason(problem: OSError) -> str:
    """Return in a few words why a file could not be read or written; a library's OSError may hold a whole traceback."""
    words = problem.strerror or (os.strerror(problem.errno) if problem.errno else str(problem))
    return next((line.strip() for line in words.splitlines() if line.strip()), type(problem).__name__).rstrip(".")


def _umask() -> int:
    """Return the process's file mode mask (mkstemp's files are private, a report is not)."""
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _refusal(path: Path, problem: OSError) -> UserError:
    return UserError(
        f"{path} could not be written: {reason(problem)}.",
        "Choose another folder, or free some space and save again; nothing was changed.",
    )
