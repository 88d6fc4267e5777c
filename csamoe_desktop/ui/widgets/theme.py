"""The look of the window: a colour table per theme (resources/themes), one style sheet, and one recoloured icon set."""

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
"""Distances in the window are multiples of this or of its half, in device-independent pixels."""
FIGURE_SCALE = 1.7
"""The larger of the two font sizes in panels, as a multiple of the base size."""
_ICON = 20
_RATIOS = (1, 2, 3)


@dataclass(frozen=True, slots=True)
class Colours:
    """A theme's colours, each as #rrggbb: surfaces, text, the accent, and the overlays."""

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
    return Colours(**json.loads((_folder() / f"{name}.json").read_text(encoding="utf-8")))


def colours() -> Colours:
    """Return the colours of the current theme."""
    return colours_of(_in_use())


def apply(application: QApplication, name: str, font_size: int) -> None:
    """Apply the theme `name` to the application, with a base font of `font_size` points."""
    chosen = colours_of(name)
    application.setProperty("csamoeTheme", name)
    font = application.font()
    font.setPointSize(font_size)
    # Tabular digits, so that changing numbers do not jump.
    font.setFeature(QFont.Tag("tnum"), 1)
    application.setFont(font)
    application.setPalette(_palette(chosen))
    sheet = Template((_folder() / "window.qss").read_text(encoding="utf-8"))
    sizes = {"base": str(font_size), "figure": str(round(font_size * FIGURE_SCALE))}
    application.setStyleSheet(sheet.substitute(dataclasses.asdict(chosen), folder=_folder().as_posix(), **sizes))


def icon(name: str) -> QIcon:
    """Return the icon `name` in the current colours: normal, disabled and checked."""
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
    """Return the program's icon, in its own colours."""
    made = QIcon()
    for size in (16, 24, 32, 48, 64, 128, 256):
        made.addPixmap(pixmap("app", "#ffffff", size, 1))
    return made


def label(text: str = "", role: str = "", wrap: bool = False) -> QLabel:
    """Return a label in one of the style sheet's roles: heading, muted, attention, figure, or plain."""
    made = QLabel(text)
    made.setWordWrap(wrap)
    # Texts may come from files: never interpret them as markup.
    made.setTextFormat(Qt.TextFormat.PlainText)
    set_role(made, role)
    return made


def tip(text: str) -> str:
    """Return a text from a file for use as a tooltip: markup is escaped, and characters that cannot be shown are replaced."""
    plain = shown(text, keep_lines=True)
    return f"<p style='white-space: pre'>{html.escape(plain)}</p>" if "<" in plain else plain


def set_role(widget: QWidget, role: str) -> None:
    """Set the role of `widget` in the style sheet."""
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
