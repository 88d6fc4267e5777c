"""The program's fonts, so that reports and window look the same on every computer: Latin, Greek, Cyrillic, Hebrew, Arabic,
Chinese, Japanese, Korean, and the scripts of South and South-East Asia. A character that no font has is printed as its code
or script name, never as an empty box."""

import logging
import re
import unicodedata
from functools import cache

from PySide6.QtCore import QLoggingCategory
from PySide6.QtGui import QFont, QFontDatabase, QFontMetrics, QGuiApplication

from csamoe_desktop import paths

_log = logging.getLogger(__name__)

_SCRIPTS = ("Thai", "Devanagari", "Bengali", "Tamil", "Lao", "Khmer", "Myanmar")
FILES = (
    "DejaVuSans.ttf",
    "DejaVuSans-Bold.ttf",
    "wqy-microhei.ttc",
    *(f"NotoSans{script}-Regular.ttf" for script in _SCRIPTS),
)
FAMILIES = ("DejaVu Sans", "WenQuanYi Micro Hei", *(f"Noto Sans {script}" for script in _SCRIPTS))
"""In the order of the search for a glyph; for QFont.setFamilies."""

_FEW = 2
"""Up to this length, a run of characters that no font has is printed as codes."""
_NOT_DRAWN = ("Cc", "Cf", "Zl", "Zp", "Zs", "Cs")

_application: QGuiApplication | None = None
_registered: list[int] = []


def register_fonts() -> tuple[str, ...]:
    """Register the shipped fonts with Qt, once, and return FAMILIES.

    Fonts need a QGuiApplication; on the command line, where there is none, an offscreen one is created and kept alive.
    A missing font file is logged; Qt then uses the closest font of the computer.
    """
    global _application
    if QGuiApplication.instance() is None:
        _application = QGuiApplication(["csamoe-desktop", "-platform", "offscreen"])
    if _registered and all(QFontDatabase.applicationFontFamilies(number) for number in _registered):
        return FAMILIES
    # Qt logs every search for a missing glyph in the next font: silence it.
    QLoggingCategory.setFilterRules("qt.text.font.db=false")
    _registered.clear()
    _has_glyph.cache_clear()
    for name in FILES:
        file = paths.resources() / "fonts" / name
        number = QFontDatabase.addApplicationFont(str(file))
        if number < 0:
            _log.warning("font not loaded: %s", file)
        else:
            _registered.append(number)
    return FAMILIES


def printable(words: str) -> str:
    """Return `words` with characters that no font has replaced: "[U+20000]" for one or two, "[Tibetan × 5]" for more."""
    if words.isascii():
        return words
    runs: list[list[str]] = []
    for letter in words:
        if runs and _drawable(runs[-1][-1]) == _drawable(letter):
            runs[-1].append(letter)
        else:
            runs.append([letter])
    return "".join("".join(run) if _drawable(run[0]) else _substitute(run) for run in runs)


def missing_scripts(words: str) -> tuple[str, ...]:
    """Return the scripts of the characters in `words` that no font has, such as ("Tibetan",)."""
    return tuple(dict.fromkeys(_script(letter) for letter in words if not _drawable(letter)))


def _substitute(run: list[str]) -> str:
    if len(run) <= _FEW:
        return "".join(f"[U+{ord(letter):04X}]" for letter in run)
    return f"[{_script(run[0])} × {len(run)}]"


def _script(letter: str) -> str:
    """Return the English name of a character's script: the first word of its Unicode name."""
    word = re.split(r"[\s-]", unicodedata.name(letter, ""))[0].capitalize()
    if unicodedata.category(letter)[0] in "SC":
        return "symbol"
    return {"Cjk": "Han", "": "unknown"}.get(word, word)


def _drawable(letter: str) -> bool:
    return letter.isascii() or unicodedata.category(letter) in _NOT_DRAWN or _has_glyph(letter)


@cache
def _has_glyph(letter: str) -> bool:
    """Return whether any font that Qt would use, including those of the computer, has a glyph for a character."""
    if QGuiApplication.instance() is None:
        register_fonts()
    font = QFont()
    font.setFamilies(list(FAMILIES))
    return bool(QFontMetrics(font).inFontUcs4(ord(letter)))
