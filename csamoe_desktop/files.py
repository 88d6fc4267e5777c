"""Writing files so that a failed write leaves no half file: a temporary neighbour, then a rename."""

import os
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

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
