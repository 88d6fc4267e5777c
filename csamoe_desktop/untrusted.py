"""Files that somebody else may have written: only plain ones are opened, none larger than expected, and JSON is read strictly."""

import json
import math
import os
import stat
from pathlib import Path
from typing import Any, BinaryIO

DEEPEST = 64
"""So many lists and objects may lie in one another; ours lie eight deep."""
_MOST_DIGITS = 20


def open_plain(path: Path, most_bytes: int, folder: Path | None = None) -> BinaryIO:
    """Return the file `path`, opened to be read.

    A pipe or a device is never waited for. With `folder`, the file must lie in it when all links have been followed.

    Raises:
        OSError: it is missing, no plain file, larger than `most_bytes`, or lies elsewhere.
    """
    if folder is not None and not _lies_in(path, folder):
        raise OSError(f"{path.name} is a link to a place outside its folder")
    # Without O_NONBLOCK, opening a pipe waits for somebody who writes to it.
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    try:
        found = os.fstat(handle)
        if not stat.S_ISREG(found.st_mode):
            raise OSError(f"{path.name} is no plain file")
        if found.st_size > most_bytes:
            raise OSError(f"{path.name} is too large ({found.st_size:,} bytes, at most {most_bytes:,})")
        return os.fdopen(handle, "rb")
    except BaseException:
        os.close(handle)
        raise


def read_plain(path: Path, most_bytes: int, folder: Path | None = None) -> bytes:
    """Return the bytes of the file `path`; see `open_plain`.

    Raises:
        OSError: as `open_plain`; also where it grew meanwhile.
    """
    with open_plain(path, most_bytes, folder) as opened:
        read = opened.read(most_bytes + 1)
    if len(read) > most_bytes:
        raise OSError(f"{path.name} is too large (at most {most_bytes:,} bytes)")
    return read


def is_plain(path: Path, links: bool = True) -> bool:
    """Return whether `path` is a plain file, whatever it is called; `links`: one that a link leads to is."""
    try:
        found = path.stat() if links else path.lstat()
    except (OSError, ValueError):
        return False
    return stat.S_ISREG(found.st_mode)


def strict_json(data: bytes | str) -> Any:
    """Return what `data` holds as JSON.

    Raises:
        ValueError: it is no JSON; it names an entry twice, holds a number that is none (NaN, Infinity, 1e999) or has
            more than 20 digits before its point, or lies more than DEEPEST deep.
    """
    text = data if isinstance(data, str) else data.decode("utf-8")
    try:
        told = json.loads(
            text, object_pairs_hook=_once_each, parse_constant=_no_number, parse_float=_finite, parse_int=_whole
        )
    except RecursionError as problem:
        raise ValueError("its entries lie too deep in one another") from problem
    level = [told]
    for _ in range(DEEPEST):
        level = [inner for one in level if isinstance(one, dict | list) for inner in _inside(one)]
        if not level:
            return told
    raise ValueError("its entries lie too deep in one another")


def is_plain_name(name: str) -> bool:
    """Return whether `name` can be a file's or folder's own name on every system, and is no path."""
    return (
        0 < len(name) <= 100
        and name not in (".", "..")
        and name == name.strip()
        and name.isprintable()
        and not any(character in '/\\:*?"<>|' for character in name)
    )


def one_line(text: str, most: int = 200) -> str:
    """Return `text` for a line on the screen: what would move the cursor or begin a line is shown as a box."""
    shown = "".join(character if character.isprintable() else "\N{WHITE SQUARE}" for character in text[: most + 1])
    return shown if len(shown) <= most else f"{shown[:most]}\N{HORIZONTAL ELLIPSIS}"


def _lies_in(path: Path, folder: Path) -> bool:
    try:
        return path.resolve(strict=True).is_relative_to(folder.resolve(strict=True))
    except (RuntimeError, ValueError) as problem:  # links in a circle; a name with a NUL in it
        raise OSError(f"{path.name} leads nowhere") from problem


def _inside(one: dict[str, Any] | list[Any]) -> list[Any]:
    return list(one.values()) if isinstance(one, dict) else one


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    told = dict(pairs)
    if len(told) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"it says {one_line(twice, 40)!r} twice")
    return told


def _no_number(name: str) -> float:
    raise ValueError(f"{name} is no number")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{one_line(text, 40)} is too large a number")
    return number


def _whole(text: str) -> int:
    if len(text) > _MOST_DIGITS:
        raise ValueError(f"{one_line(text, 40)} is too large a number")
    return int(text)
