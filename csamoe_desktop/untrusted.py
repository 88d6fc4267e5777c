"""Reads files from untrusted sources: only regular files of a limited size, and JSON strictly.

JSON (RFC 8259) is read without Python's extensions: no NaN, no Infinity, no number outside a float64 or a 64-bit integer, no
duplicate key, and no nesting that exhausts the stack.
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
"""Maximum nesting of lists and objects; the program's own files are eight deep."""


def open_limited(file: Path, most_bytes: int) -> BufferedReader:
    """Open a regular file of at most `most_bytes` for reading, without blocking on a pipe or a device. (`files.open_plain` is
    for images of any size and raises UserError.)

    Args:
        file: the file, or a link to one.
        most_bytes: the largest size accepted.

    Raises:
        OSError: it is missing, cannot be read, or is not a regular file (ENOTSUP).
        ValueError: it is too large, or its name is impossible.
    """
    handle = os.open(file, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    try:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.ENOTSUP, "it is not a regular file", str(file))
        if status.st_size > most_bytes:
            raise ValueError(f"it is too large ({status.st_size:,} bytes)")
        return os.fdopen(handle, "rb")
    except BaseException:
        os.close(handle)
        raise


def inside(file: Path, folder: Path) -> bool:
    """Return whether `file` is in `folder`, with the links of both followed."""
    return file.resolve().parent == folder.resolve()


def read_plain(file: Path, most_bytes: int) -> bytes:
    """Return the content of a regular file.

    Raises:
        OSError, ValueError: as for `open_limited`.
    """
    with open_limited(file, most_bytes) as opened:
        # Checked again, as a file may grow while it is read.
        data = opened.read(most_bytes + 1)
    if len(data) > most_bytes:
        raise ValueError("it is too large")
    return data


def is_plain(file: Path, links: bool = True) -> bool:
    """Return whether `file` is an existing regular file, whatever its name; `links`: also if reached through a link."""
    try:
        status = file.stat() if links else file.lstat()
    except (OSError, ValueError):
        return False
    return stat.S_ISREG(status.st_mode)


def read_json(file: Path, most_bytes: int) -> Any:
    """Return the content of a regular file with JSON.

    Raises:
        OSError: as for `open_limited`.
        ValueError: as for `open_limited`, or it is not strict JSON in UTF-8; the message says why.
    """
    return parse_json(read_plain(file, most_bytes).decode("utf-8-sig"))


def parse_json(text: str) -> Any:
    """Return the content of strict JSON.

    Raises:
        ValueError: it is not strict JSON; the message says why.
    """
    try:
        content = json.loads(
            text, parse_constant=_no_number, parse_float=_float, parse_int=_int, object_pairs_hook=_each_key_once
        )
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    # Deeply nested data that can just be read would exhaust the stack when it is written or copied.
    level = [content]
    for _ in range(DEEPEST):
        level = [inner for value in level if isinstance(value, dict | list) for inner in _inner(value)]
        if not level:
            return content
    raise ValueError("it is nested too deeply")


def is_text(value: Any, longest: int = 20_000) -> bool:
    """Return whether `value` is text that is valid as UTF-8, without control characters except tabs and line ends."""
    if not isinstance(value, str) or len(value) > longest:
        return False
    return not any(
        "\ud800" <= letter <= "\udfff" or "\x7f" <= letter <= "\x9f" or (letter < " " and letter not in "\t\n\r")
        for letter in value
    )


def one_line(text: str, most: int = 200) -> str:
    """Return `text` on one line for the screen: characters that move the cursor or start a line are shown as a box."""
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


def _inner(value: dict[str, Any] | list[Any]) -> list[Any]:
    return list(value.values()) if isinstance(value, dict) else value


def _no_number(name: str) -> Any:
    raise ValueError(f"{name} is not a number")


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
    entries = dict(pairs)
    if len(entries) != len(pairs):
        names = [name for name, _ in pairs]
        duplicate = next(name for name in entries if names.count(name) > 1)
        raise ValueError(f"the entry {one_line(duplicate, 40)!r} appears twice")
    return entries
