"""Writing files so that a failed write leaves no half file (a temporary neighbour, then a rename), that nobody else may read
what is the user's own, and that no file that is read is written over; and reading plain files only."""

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
    """Call `write(temporary)` with a file beside `path`, and rename it to `path` only when that succeeded.

    `private`: nobody but the user may read it, from its first byte on; what else is written is for whom the system's
    settings (umask) say.

    Raises:
        UserError: the folder cannot be made or written to, the disk is full, or the file is in use elsewhere; or what
            stands there is no plain file. What stood at `path` before is then untouched.
    """
    try:
        if private:
            make_private_folder(path.parent)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
        # A rename would put a file in the place of a device such as /dev/null.
        if path.exists() and not path.is_file() and not path.is_dir():
            raise UserError(f"{path} is no plain file and is not written to.", "Choose another name.")
        temporary = _begin(path, private)
    except (OSError, ValueError) as problem:  # ValueError: a name that no file can have
        raise _refusal(path, problem) from problem
    try:
        write(temporary)
        try:
            os.replace(temporary, path)
        except ValueError as problem:
            raise _refusal(path, problem) from problem
    except OSError as problem:
        raise _refusal(path, problem) from problem
    finally:
        # A file that a failed writer still holds open cannot be removed on Windows; why it failed is what counts.
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def make_private_folder(folder: Path) -> None:
    """Make a folder that only the user may look into, and those above it; one that is there already stays as it is.

    Raises:
        OSError: it cannot be made.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.mkdir(mode=_OWN_FOLDER, exist_ok=True)


def open_private(path: Path, flags: int = os.O_WRONLY | os.O_CREAT | os.O_APPEND) -> int:
    """Return the descriptor of a file that only the user may read, from its first byte on.

    Raises:
        OSError: it cannot be opened.
    """
    handle = os.open(path, flags | getattr(os, "O_CLOEXEC", 0), _OWN_FILE)
    # One of an older version of the program may be open to all.
    if hasattr(os, "fchmod"):
        with suppress(OSError):
            os.fchmod(handle, _OWN_FILE)
    return handle


def same_file(one: Path, other: Path) -> bool:
    """Return whether two paths lead to one file: by name, by link, by a hard link, by another case or spelling."""
    with suppress(OSError, ValueError):
        return os.path.samefile(one, other)
    try:
        return os.path.normcase(os.path.realpath(one)) == os.path.normcase(os.path.realpath(other))
    except (OSError, ValueError):
        return one == other


def check_output(out: Path, inputs: Iterable[Path] = (), ours: Callable[[Path], bool] | None = None) -> None:
    """See that writing to `out` destroys nothing, before any work is done.

    Args:
        inputs: the files that are read; `out` may be none of them, whatever way leads there.
        ours: whether a file that stands there already is of the kind that is written, so that it may be replaced;
            None: any may.

    Raises:
        UserError: it would replace a file that is read, or one of another kind; or it is a folder or a device.
    """
    name = shown_name(out.name)
    for read in inputs:
        if same_file(out, read):
            raise UserError(
                f"{name} is the file that is read ({read}): writing there would destroy it.",
                "Choose another name for what is written.",
            )
    try:
        mode = out.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return
    except (OSError, ValueError) as problem:
        raise _refusal(out, problem) from problem
    if stat.S_ISDIR(mode):
        raise UserError(f"{out} is a folder.", "Name the file that is to be written in it.")
    if not stat.S_ISREG(mode):
        raise UserError(f"{out} is no plain file and is not written to.", "Choose another name.")
    if ours is not None and out.stat().st_size and not ours(out):
        raise UserError(
            f"There is another kind of file called {name} in {out.parent} already; it is not replaced.",
            "Choose another name, or move that file away first.",
        )


def check_output_folder(out: Path, inputs: Iterable[Path]) -> None:
    """See that a folder to be written into is none of those that are read.

    Raises:
        UserError: it is one of them.
    """
    for read in inputs:
        if same_file(out, read):
            raise UserError(
                f"{out} is the folder that is read: what is written there would lie among its files.",
                "Choose another folder for what is written.",
            )


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


def _begin(path: Path, private: bool) -> Path:
    """Make the temporary file beside `path`; its mode is that of any new file, so that the umask need not be asked for,
    which one can only do by changing it for all threads."""
    suffix = path.suffix if len(os.fsencode(path.suffix)) <= _LONGEST_SUFFIX else ""
    for _ in range(_TRIES):
        temporary = path.with_name(f".csamoe-{secrets.token_hex(8)}{suffix}")
        with suppress(FileExistsError):
            os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, _OWN_FILE if private else 0o666))
            return temporary
    raise FileExistsError(f"no free name beside {path}")


def _refusal(path: Path, problem: OSError | ValueError) -> UserError:
    why = reason(problem) if isinstance(problem, OSError) else "no file can have this name"
    return UserError(
        f"{path} could not be written: {why}.",
        "Choose another folder, or free some space and save again; nothing was changed.",
    )
