"""Makes names and texts from outside safe to show and to write: file names and headers can contain anything.

Python represents the bytes of a file name that is not text as lone surrogates (PEP 383). Such a name still opens its file,
but cannot be shown or written as UTF-8, so it is stored unchanged and shown with `shown`.
"""

import codecs
import json
import unicodedata
from typing import Any

REPLACED = "\ufffd"
"""Shown in place of a letter that cannot be shown."""
LONGEST_NAME = 255
"""Longest file name in bytes that Linux, macOS and Windows all accept (Windows counts 255 letters)."""

SHOW_HALVES = "csamoe-show"
"""Value for `errors` of a UTF-8 stream or of `str.encode`: writes lone surrogates as the replacement character."""

_TURNING = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Characters that change the writing direction: with them "gpj.exe" is displayed as "exe.jpg"."""
_UNSHOWN = ("Cc", "Cs", "Zl", "Zp")
_RESERVED = frozenset(("con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in "0123456789¹²³")))
"""Names reserved by Windows for devices, with any suffix (Microsoft, "Naming Files, Paths, and Namespaces")."""
_FORBIDDEN = frozenset('<>:"/\\|?*' + REPLACED)
_CUT = "~"


def shown(text: object, keep_lines: bool = False) -> str:
    """Return a name or text with the replacement character for each letter that cannot be shown: lone surrogates, control
    characters, line ends (unless `keep_lines`), and marks that change the writing direction."""
    return "".join(_shown(letter, keep_lines) for letter in str(text))


def _shown(letter: str, keep_lines: bool) -> str:
    if keep_lines and letter in "\n\t":
        return letter
    return REPLACED if letter in _TURNING or unicodedata.category(letter) in _UNSHOWN else letter


def shown_name(name: str) -> str:
    """Return a file's name as `shown`, in quotation marks if it would be invisible."""
    name = shown(name)
    return name if name.strip() else f'"{name}"'


def writable(value: Any) -> Any:
    """Return JSON data with every text in it valid as UTF-8: lone surrogates are replaced, everything else is unchanged."""
    if isinstance(value, str):
        return value.encode("utf-8", SHOW_HALVES).decode("utf-8") if not _sound(value) else value
    if isinstance(value, dict):
        return {writable(name): writable(entry) for name, entry in value.items()}
    return [writable(entry) for entry in value] if isinstance(value, list | tuple) else value


def lossless_json(value: Any, **options: Any) -> str:
    """Return JSON that is valid UTF-8 and preserves every text: lone surrogates are written as escapes."""
    text = json.dumps(value, ensure_ascii=False, **options)
    return text if _sound(text) else json.dumps(value, ensure_ascii=True, **options)


def fitting_name(stem: str, ending: str, most_bytes: int = LONGEST_NAME) -> str:
    """Return a file name of `stem` and `ending` that every file system accepts.

    A stem that is too long loses its middle, which names of a series have in common: "2024-01-01 Breast~IM0003".
    Characters that Windows forbids are replaced by "_", and "_" is put before names that Windows reserves.
    """
    stem = "".join("_" if letter in _FORBIDDEN else letter for letter in shown(stem))
    # A name that begins with a dot would be hidden.
    stem = stem.strip("._ ") and stem.strip(". ")
    stem = stem or "lesion"
    if f"{stem}{ending}".split(".")[0].strip().casefold() in _RESERVED:
        stem = f"_{stem}"
    room = most_bytes - len(ending.encode("utf-8", "replace"))
    if len(stem.encode()) > room:
        tail = _last(stem, room // 3)
        stem = _first(stem, room - len(tail.encode()) - len(_CUT)) + _CUT + tail
    return stem + ending


def _first(text: str, room: int) -> str:
    """Return the beginning of `text` in at most `room` bytes, without splitting a letter or removing its accents."""
    cut = text.encode()[:room].decode("utf-8", "ignore")
    while cut and len(cut) < len(text) and _joined(cut[-1], text[len(cut)]):
        cut = cut[:-1]
    return cut.rstrip(". ")


def _last(text: str, room: int) -> str:
    cut = text.encode()[-room:].decode("utf-8", "ignore") if room > 0 else ""
    while cut and len(cut) < len(text) and _joined(text[len(text) - len(cut) - 1], cut[0]):
        cut = cut[1:]
    return cut.lstrip(". ")


def _joined(before: str, after: str) -> bool:
    """Return whether two characters are shown as one: an accent, or a joiner between them."""
    return "\u200d" in (before, after) or unicodedata.category(after) in ("Mn", "Mc", "Me", "Sk") or after == "\ufe0f"


def _sound(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _replace_halves(problem: UnicodeError) -> tuple[bytes, int]:
    if not isinstance(problem, UnicodeEncodeError):
        raise problem
    # Bytes, as Python's UTF-8 encoder accepts only ASCII text as a replacement here.
    return REPLACED.encode("utf-8") * (problem.end - problem.start), problem.end


codecs.register_error(SHOW_HALVES, _replace_halves)
