"""The program's own fonts, so that paper and window look the same on every machine, in Latin and in Chinese."""

import logging

from PySide6.QtGui import QFontDatabase, QGuiApplication

from csamoe_desktop import paths

_log = logging.getLogger(__name__)

FILES = ("DejaVuSans.ttf", "DejaVuSans-Bold.ttf", "wqy-microhei.ttc")
FAMILIES = ("DejaVu Sans", "WenQuanYi Micro Hei")
"""In the order in which a glyph is looked for; for QFont.setFamilies."""

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
    _registered.clear()
    for name in FILES:
        file = paths.resources() / "fonts" / name
        known = QFontDatabase.addApplicationFont(str(file))
        if known < 0:
            _log.warning("font not loaded: %s", file)
        else:
            _registered.append(known)
    return FAMILIES
