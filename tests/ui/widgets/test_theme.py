"""The themes' colours and style sheet."""

import dataclasses
from pathlib import Path
from string import Template

import pytest
from PySide6.QtGui import QColor, QIcon
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from csamoe_desktop import paths
from csamoe_desktop.settings import THEMES
from csamoe_desktop.ui.widgets import theme

ICONS = sorted((paths.resources() / "icons").glob("*.svg"))


def luminance(colour: str) -> float:
    """Relative luminance (WCAG 2.1)."""
    told = QColor(colour)
    channels = [one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in told.getRgbF()[:3]]
    return 0.2126 * channels[0] + 0.7152 * channels[1] + 0.0722 * channels[2]


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("name", THEMES)
def test_every_type_colour_can_be_read_on_every_surface_it_stands_on(name: str) -> None:
    colours = theme.colours_of(name)
    for surface in (colours.window, colours.panel, colours.field, colours.raised, colours.accent_quiet):
        assert contrast(colours.text, surface) >= 7
    for surface in (colours.window, colours.panel, colours.field, colours.raised):
        assert contrast(colours.muted, surface) >= 4.5
        assert contrast(colours.attention, surface) >= 4.5
    assert contrast(colours.on_accent, colours.accent) >= 4.5
    assert contrast(colours.accent, colours.panel) >= 4.5
    assert contrast(colours.disabled, colours.panel) >= 2.5, "stale figures are greyed, not gone"


def test_the_canvas_is_dark_in_every_theme() -> None:
    assert {theme.colours_of(name).canvas for name in THEMES} == {"#111111"}


@pytest.mark.parametrize("name", THEMES)
def test_the_sheet_has_no_colour_of_its_own(name: str, qapp: QApplication) -> None:
    sheet = (paths.resources() / "themes" / "window.qss").read_text(encoding="utf-8")
    told = dataclasses.asdict(theme.colours_of(name))
    filled = Template(sheet).substitute(told, base="10", figure="17", folder="x")
    assert "$" not in filled
    assert "#" not in sheet.replace("#column", "")
    theme.apply(qapp, name, 11)
    assert theme.colours() == theme.colours_of(name)
    assert qapp.font().pointSize() == 11


@pytest.mark.parametrize("file", ICONS, ids=lambda file: file.stem)
def test_every_icon_is_drawn_in_the_colour_asked_for(file: Path, qapp: QApplication) -> None:
    image = theme.pixmap(file.stem, "#ff00ff", 24, 4).toImage()
    assert (image.width(), image.height()) == (96, 96)
    solid = [image.pixelColor(x, y) for x in range(96) for y in range(96) if image.pixelColor(x, y).alpha() == 255]
    assert len(solid) > 20
    if file.stem != "app":
        assert {colour.name() for colour in solid} == {"#ff00ff"}


def test_disabled_and_checked_icons_differ_and_are_sharp_at_every_scale(qapp: QApplication) -> None:
    theme.apply(qapp, "dark", 10)
    made = theme.icon("brush")
    normal = made.pixmap(20, QIcon.Mode.Normal, QIcon.State.Off).toImage()
    assert normal != made.pixmap(20, QIcon.Mode.Disabled, QIcon.State.Off).toImage()
    assert normal != made.pixmap(20, QIcon.Mode.Normal, QIcon.State.On).toImage()
    assert {size.width() for size in made.availableSizes()} >= {20, 40, 60}


def test_a_label_never_reads_markup(qtbot: QtBot) -> None:
    made = theme.label("<b>Name</b>")
    qtbot.addWidget(made)
    plain = theme.label("Name")
    qtbot.addWidget(plain)
    assert made.sizeHint().width() > plain.sizeHint().width()
