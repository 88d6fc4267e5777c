"""The program's own fonts, so that paper and window look the same on every machine: Latin, Greek, Cyrillic, Hebrew, Arabic,
Chinese, Japanese, Korean, and the scripts of South and South-East Asia. What no font has is said in words, never a box."""

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
"""In the order in which a glyph is looked for; for QFont.setFamilies."""

_FEW = 2
"""So many letters of a run that no font has are told by their codes."""
_NOT_DRAWN = ("Cc", "Cf", "Zl", "Zp", "Zs", "Cs")

_application: QGuiApplication | None = None
_registered: list[int] = []


def register_fonts() -> tuple[str, ...]:
    """Make the shipped fonts known to Qt, once, and return FAMILIES.

    Fonts need a QGuiApplication: on the command line, where there is none, an offscreen one is made and kept.
    A font file that is missing is logged; Qt then takes the machine's nearest.
    """
    global _application
    if QGuiApplication.instance() is None:
        _application = QGuiApplication(["csamoe-desktop", "-platform", "offscreen"])
    if _registered and all(QFontDatabase.applicationFontFamilies(known) for known in _registered):
        return FAMILIES
    # What a font lacks is looked for in the next one; Qt says so on the terminal for each.
    QLoggingCategory.setFilterRules("qt.text.font.db=false")
    _registered.clear()
    _has_glyph.cache_clear()
    for name in FILES:
        file = paths.resources() / "fonts" / name
        known = QFontDatabase.addApplicationFont(str(file))
        if known < 0:
            _log.warning("font not loaded: %s", file)
        else:
            _registered.append(known)
    return FAMILIES


def printable(words: str) -> str:
    """Return `words` with what stands for letters that no font has: "[U+20000]" for one or two, "[Tibetan × 5]" for more."""
    if words.isascii():
        return words
    runs: list[list[str]] = []
    for letter in words:
        if runs and _drawable(runs[-1][-1]) == _drawable(letter):
            runs[-1].append(letter)
        else:
            runs.append([letter])
    return "".join("".join(run) if _drawable(run[0]) else _instead(run) for run in runs)


def missing_scripts(words: str) -> tuple[str, ...]:
    """Return the scripts of those letters in `words` that no font has, such as ("Tibetan",)."""
    return tuple(dict.fromkeys(_script(letter) for letter in words if not _drawable(letter)))


def _instead(run: list[str]) -> str:
    if len(run) <= _FEW:
        return "".join(f"[U+{ord(letter):04X}]" for letter in run)
    return f"[{_script(run[0])} × {len(run)}]"


def _script(letter: str) -> str:
    """Return the name of a letter's script in English, as the standard's names of letters begin with it."""
    word = re.split(r"[\s-]", unicodedata.name(letter, ""))[0].capitalize()
    if unicodedata.category(letter)[0] in "SC":
        return "symbol"
    return {"Cjk": "Han", "": "unknown"}.get(word, word)


def _drawable(letter: str) -> bool:
    return letter.isascii() or unicodedata.category(letter) in _NOT_DRAWN or _has_glyph(letter)


@cache
def _has_glyph(letter: str) -> bool:
    """Return whether any font that Qt would take has a glyph for a letter, the machine's own among them."""
    if QGuiApplication.instance() is None:
        register_fonts()
    font = QFont()
    font.setFamilies(list(FAMILIES))
    return bool(QFontMetrics(font).inFontUcs4(ord(letter)))
