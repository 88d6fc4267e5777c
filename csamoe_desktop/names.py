"""Names and texts from outside, as they can be shown and written: a file may be called anything, and a header may hold anything.

Python keeps the bytes of a name that is no text as lone surrogates (PEP 383). Such a name leads to its file as it is, but
no screen shows it and no UTF-8 file takes it: it is kept as it is and shown by `shown`.
"""

import codecs
import json
import unicodedata
from typing import Any

REPLACED = "\ufffd"
"""What stands for a letter that cannot be shown."""
LONGEST_NAME = 255
"""Of a file, in bytes: what Linux, macOS and Windows all take (Windows counts 255 letters)."""

SHOW_HALVES = "csamoe-show"
"""For `errors` of a stream of UTF-8, or of `str.encode`: half letters are written as the replacement character."""

_TURNING = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""What turns the direction of the letters after it: "gpj.exe" is then read as "exe.jpg"."""
_UNSHOWN = ("Cc", "Cs", "Zl", "Zp")
_RESERVED = frozenset(("con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in "0123456789¹²³")))
"""Names that Windows keeps for its devices, whatever suffix follows (Microsoft, "Naming Files, Paths, and Namespaces")."""
_FORBIDDEN = frozenset('<>:"/\\|?*' + REPLACED)
_CUT = "~"


def shown(text: object, keep_lines: bool = False) -> str:
    """Return a name or text with the replacement character for each letter that cannot be shown, on one line unless
    `keep_lines`: halves of letters, control characters, line ends, and what turns the direction of writing."""
    return "".join(_shown(letter, keep_lines) for letter in str(text))


def _shown(letter: str, keep_lines: bool) -> str:
    if keep_lines and letter in "\n\t":
        return letter
    return REPLACED if letter in _TURNING or unicodedata.category(letter) in _UNSHOWN else letter


def shown_name(name: str) -> str:
    """Return a file's name as `shown`; in quotation marks where nothing of it could be seen."""
    told = shown(name)
    return told if told.strip() else f'"{told}"'


def writable(told: Any) -> Any:
    """Return what JSON is made of with every text in it as UTF-8 takes it: half letters replaced, all else as it is."""
    if isinstance(told, str):
        return told.encode("utf-8", SHOW_HALVES).decode("utf-8") if not _sound(told) else told
    if isinstance(told, dict):
        return {writable(name): writable(value) for name, value in told.items()}
    return [writable(one) for one in told] if isinstance(told, list | tuple) else told


def lossless_json(told: Any, **how: Any) -> str:
    """Return JSON that UTF-8 takes and that gives the same texts again: half letters stand in it as escapes."""
    text = json.dumps(told, ensure_ascii=False, **how)
    return text if _sound(text) else json.dumps(told, ensure_ascii=True, **how)


def fitting_name(stem: str, ending: str, most_bytes: int = LONGEST_NAME) -> str:
    """Return a file name of `stem` and `ending` that every file system takes.

    A stem that is too long loses its middle, where names of one series are the same: "2024-01-01 Breast~IM0003". What
    cannot stand in a name on Windows is replaced by "_", and a name that Windows keeps for itself begins with "_".
    """
    stem = "".join("_" if letter in _FORBIDDEN else letter for letter in shown(stem))
    # What begins with a dot is hidden.
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
    """Return the beginning of `text` that takes at most `room` bytes, no letter cut in two and none left without its
    accents."""
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
    """Return whether two letters are shown as one: an accent, or a joiner between them."""
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
    # Bytes, as Python's UTF-8 takes no letter but ASCII for another here.
    return REPLACED.encode("utf-8") * (problem.end - problem.start), problem.end


codecs.register_error(SHOW_HALVES, _replace_halves)
