"""Files that somebody else may have made: opened only where they are plain files of a bearable size, JSON read strictly.

JSON (RFC 8259) is read without what Python adds to it: no NaN, no Infinity, no number beyond what a float64 or a 64-bit
integer holds, no key twice, and no nesting that exhausts the stack.
"""

import errno
import json
import math
import os
import stat
from io import BufferedReader
from pathlib import Path
from typing import Any

DEEPEST = 64
"""So many lists and tables may lie in one another; ours lie eight deep."""


def open_limited(file: Path, most_bytes: int) -> BufferedReader:
    """Open a plain file of at most `most_bytes` for reading; a pipe or a device is not waited for. (`files.open_plain` is for
    images of any size, and refuses in words.)

    Args:
        file: the file, or a link to one.
        most_bytes: it may hold.

    Raises:
        OSError: it is missing, may not be read, or is no plain file (ENOTSUP).
        ValueError: it is too large, or its name is no file's.
    """
    handle = os.open(file, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    try:
        facts = os.fstat(handle)
        if not stat.S_ISREG(facts.st_mode):
            raise OSError(errno.ENOTSUP, "it is no plain file", str(file))
        if facts.st_size > most_bytes:
            raise ValueError(f"it is too large ({facts.st_size:,} bytes)")
        return os.fdopen(handle, "rb")
    except BaseException:
        os.close(handle)
        raise


def inside(file: Path, folder: Path) -> bool:
    """Return whether `file`, links followed, lies in `folder`, links followed."""
    return file.resolve().parent == folder.resolve()


def read_plain(file: Path, most_bytes: int) -> bytes:
    """Return what a plain file holds.

    Raises:
        OSError, ValueError: as `open_limited`.
    """
    with open_limited(file, most_bytes) as opened:
        # Not trusting the size either: a file may grow while it is read.
        data = opened.read(most_bytes + 1)
    if len(data) > most_bytes:
        raise ValueError("it is too large")
    return data


def is_plain(file: Path, links: bool = True) -> bool:
    """Return whether `file` is a plain file that is there, whatever it is called; `links`: one that a link leads to is."""
    try:
        facts = file.stat() if links else file.lstat()
    except (OSError, ValueError):
        return False
    return stat.S_ISREG(facts.st_mode)


def read_json(file: Path, most_bytes: int) -> Any:
    """Return what the JSON in a plain file says.

    Raises:
        OSError: as `open_limited`.
        ValueError: as `open_limited`, or it is no strict JSON in UTF-8; why, in words.
    """
    return parse_json(read_plain(file, most_bytes).decode("utf-8-sig"))


def parse_json(text: str) -> Any:
    """Return what strict JSON says.

    Raises:
        ValueError: it is none; why, in words.
    """
    try:
        told = json.loads(
            text, parse_constant=_no_number, parse_float=_float, parse_int=_int, object_pairs_hook=_each_key_once
        )
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    # What is read just so would exhaust the stack of who writes or copies it.
    level = [told]
    for _ in range(DEEPEST):
        level = [inner for one in level if isinstance(one, dict | list) for inner in _inner(one)]
        if not level:
            return told
    raise ValueError("it is nested too deeply")


def is_text(value: Any, longest: int = 20_000) -> bool:
    """Return whether `value` is text that can be written as UTF-8, without control characters but tabs and line ends."""
    if not isinstance(value, str) or len(value) > longest:
        return False
    return not any(
        "\ud800" <= letter <= "\udfff" or "\x7f" <= letter <= "\x9f" or (letter < " " and letter not in "\t\n\r")
        for letter in value
    )


def one_line(text: str, most: int = 200) -> str:
    """Return `text` for a line on the screen: what would move the cursor or begin a line is shown as a box."""
    shown = "".join(letter if letter.isprintable() else "\N{WHITE SQUARE}" for letter in text[: most + 1])
    return shown if len(shown) <= most else f"{shown[:most]}\N{HORIZONTAL ELLIPSIS}"


def is_number(value: Any, low: float = -math.inf, high: float = math.inf) -> bool:
    """Return whether `value` is a finite number (no bool) from `low` to `high`."""
    return (
        isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) and low <= value <= high
    )


def is_count(value: Any, low: int = 0, high: int = 2**53) -> bool:
    """Return whether `value` is a whole number (no bool, no float) from `low` to `high`."""
    return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high


def _inner(one: dict[str, Any] | list[Any]) -> list[Any]:
    return list(one.values()) if isinstance(one, dict) else one


def _no_number(name: str) -> Any:
    raise ValueError(f"{name} is no number")


def _float(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise ValueError(f"the number {digits[:20]} is too large")
    return value


def _int(digits: str) -> int:
    if len(digits) > 20 or abs(value := int(digits)) >= 2**63:
        raise ValueError(f"the number {digits[:20]} is too large")
    return value


def _each_key_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    told = dict(pairs)
    if len(told) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in told if names.count(name) > 1)
        raise ValueError(f"the entry {one_line(twice, 40)!r} stands there twice")
    return told
