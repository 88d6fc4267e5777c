"""How the window looks: a table of colours a theme (resources/themes), one style sheet, one recoloured icon set."""

import dataclasses
import html
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from string import Template

from PySide6.QtCore import QByteArray, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QIcon, QPainter, QPalette, QPixmap
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QApplication, QLabel, QWidget

from csamoe_desktop import paths
from csamoe_desktop.names import shown

GRID = 8
"""Every distance in the window is a multiple or a half of this, in device-independent pixels."""
FIGURE_SCALE = 1.7
"""The larger of the two type sizes in panels, as a multiple of the base size."""
_ICON = 20
_RATIOS = (1, 2, 3)


@dataclass(frozen=True, slots=True)
class Colours:
    """A theme's colours, each as #rrggbb: surfaces, type on them, the one accent, and the overlays' own."""

    canvas: str
    window: str
    panel: str
    field: str
    raised: str
    border: str
    text: str
    muted: str
    disabled: str
    accent: str
    on_accent: str
    accent_quiet: str
    attention: str
    lesion: str
    core: str
    boundary: str


@cache
def colours_of(name: str) -> Colours:
    """Return the colours of the theme `name` (dark or light)."""
    told = json.loads((_folder() / f"{name}.json").read_text(encoding="utf-8"))
    return Colours(**told)


def colours() -> Colours:
    """Return the colours in use."""
    return colours_of(_in_use())


def apply(application: QApplication, name: str, font_size: int) -> None:
    """Dress the application in the theme `name`, its base type `font_size` points."""
    chosen = colours_of(name)
    application.setProperty("csamoeTheme", name)
    font = application.font()
    font.setPointSize(font_size)
    # Digits of one width: numbers that change under the eye must not jump.
    font.setFeature(QFont.Tag("tnum"), 1)
    application.setFont(font)
    application.setPalette(_palette(chosen))
    sheet = Template((_folder() / "window.qss").read_text(encoding="utf-8"))
    sizes = {"base": str(font_size), "figure": str(round(font_size * FIGURE_SCALE))}
    application.setStyleSheet(sheet.substitute(dataclasses.asdict(chosen), folder=_folder().as_posix(), **sizes))


def icon(name: str) -> QIcon:
    """Return the icon `name` in the colours in use: normal, disabled and checked."""
    chosen = colours()
    made = QIcon()
    for mode, state, colour in (
        (QIcon.Mode.Normal, QIcon.State.Off, chosen.text),
        (QIcon.Mode.Normal, QIcon.State.On, chosen.accent),
        (QIcon.Mode.Disabled, QIcon.State.Off, chosen.disabled),
        (QIcon.Mode.Disabled, QIcon.State.On, chosen.disabled),
    ):
        for ratio in _RATIOS:
            made.addPixmap(pixmap(name, colour, _ICON, ratio), mode, state)
    return made


def pixmap(name: str, colour: str, size: int = _ICON, ratio: float = 2) -> QPixmap:
    """Return the icon `name` drawn in one colour, `size` device-independent pixels wide."""
    source = (paths.resources() / "icons" / f"{name}.svg").read_text(encoding="utf-8")
    drawing = QSvgRenderer(QByteArray(source.replace("currentColor", colour).encode()))
    drawn = QPixmap(round(size * ratio), round(size * ratio))
    drawn.setDevicePixelRatio(ratio)
    drawn.fill(Qt.GlobalColor.transparent)
    painter = QPainter(drawn)
    drawing.render(painter, QRectF(0, 0, size, size))
    painter.end()
    return drawn


def application_icon() -> QIcon:
    """Return the program's own icon, in its own colours."""
    made = QIcon()
    for size in (16, 24, 32, 48, 64, 128, 256):
        made.addPixmap(pixmap("app", "#ffffff", size, 1))
    return made


def label(text: str = "", role: str = "", wrap: bool = False) -> QLabel:
    """Return a label in one of the style sheet's roles: heading, muted, attention, figure, or plain."""
    made = QLabel(text)
    made.setWordWrap(wrap)
    # Names and sentences come from files: they are shown as they are, never as markup.
    made.setTextFormat(Qt.TextFormat.PlainText)
    set_role(made, role)
    return made


def tip(text: str) -> str:
    """Return a text with names from outside for a tooltip, which takes markup: letter by letter, and none that cannot be
    shown."""
    told = shown(text, keep_lines=True)
    return f"<p style='white-space: pre'>{html.escape(told)}</p>" if "<" in told else told


def set_role(widget: QWidget, role: str) -> None:
    """Give `widget` another role in the style sheet."""
    if widget.property("role") != role:
        widget.setProperty("role", role)
        widget.style().unpolish(widget)
        widget.style().polish(widget)


def _palette(chosen: Colours) -> QPalette:
    palette = QPalette()
    for role, colour in (
        (QPalette.ColorRole.Window, chosen.window),
        (QPalette.ColorRole.WindowText, chosen.text),
        (QPalette.ColorRole.Base, chosen.field),
        (QPalette.ColorRole.AlternateBase, chosen.panel),
        (QPalette.ColorRole.Text, chosen.text),
        (QPalette.ColorRole.PlaceholderText, chosen.muted),
        (QPalette.ColorRole.Button, chosen.raised),
        (QPalette.ColorRole.ButtonText, chosen.text),
        (QPalette.ColorRole.ToolTipBase, chosen.raised),
        (QPalette.ColorRole.ToolTipText, chosen.text),
        (QPalette.ColorRole.Highlight, chosen.accent),
        (QPalette.ColorRole.HighlightedText, chosen.on_accent),
        (QPalette.ColorRole.Link, chosen.accent),
    ):
        palette.setColor(role, QColor(colour))
    for role in (QPalette.ColorRole.WindowText, QPalette.ColorRole.Text, QPalette.ColorRole.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, role, QColor(chosen.disabled))
    return palette


def _in_use() -> str:
    application = QApplication.instance()
    name = application.property("csamoeTheme") if application else None
    return name if isinstance(name, str) else "dark"


def _folder() -> Path:
    return paths.resources() / "themes"
