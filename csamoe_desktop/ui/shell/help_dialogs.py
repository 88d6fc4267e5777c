"""The pages of the Help menu: keys and mouse, from the table of commands, and the page on the program."""

from html import escape

from PySide6.QtWidgets import QDialog, QDialogButtonBox, QTextBrowser, QVBoxLayout, QWidget

from csamoe_desktop import __version__, paths
from csamoe_desktop.report.content.blocks import MANAGEMENT, NOTICE
from csamoe_desktop.ui.shell.command_table import MENUS
from csamoe_desktop.ui.widgets import theme
from csamoe_desktop.ui.widgets.actions import Actions, shown

_MOUSE = (
    ("Left button", "The chosen tool; window and level where none is chosen"),
    ("Middle button", "Move the image"),
    ("Right button", "Zoom"),
    ("Wheel", "Frames"),
    ("Ctrl + wheel", "Zoom at the mouse"),
    ("Shift + wheel", "Size of the chosen brush"),
    ("Alt + left button", "Brushes: erase. Freehand, polygon, livewire, ellipse, box: cut out"),
    ("Double click, Enter", "Polygon, livewire: close; proposal: accept"),
    ("Backspace", "Polygon, livewire: remove the last point"),
    ("Drag a corner or an edge", "Polygon: move the corner, or insert one"),
    ("Delete", "Polygon: remove the corner under the mouse"),
    ("Shift + left button", "Caliper: draw a straight line; with Alt: do not snap the ends"),
    ("Drop a file", "Open it; with Shift: import it as a mask"),
)
_ABOUT = (
    "A second reading of breast ultrasound. Like a radiologist, the network looks at whole image, tumour core and "
    + "boundary: it has an expert for each, and a gate that weighs the three.",
    "It runs on this computer only: no image leaves it.",
    "Outlines, comments and your assessments are stored as you work. Of an AI result only category and probability are "
    + "stored: export a report to save it in full.",
)


def keys_page(actions: Actions) -> str:
    """Return the page of keys as HTML: every command that has a key, menu by menu, with its id; then the mouse."""
    parts = []
    for menu in MENUS:
        rows = [
            (", ".join(shown(key) for key in actions.keys[command.id]), command.plain_text, command.id)
            for command in actions.commands
            if command.menu.partition(".")[0] == menu and actions.keys[command.id]
        ]
        if rows:
            parts.append(_table(menu, rows))
    parts.append(_table("Mouse", [(*row, "") for row in _MOUSE]))
    parts.append(
        f"<p>To change a key, enter the word in the right column and the new key under <i>shortcuts</i> in "
        f"{escape(str(paths.settings_file()))}, for example {{&quot;assess&quot;: &quot;F5&quot;}}.</p>"
    )
    return "".join(parts)


def keys_dialog(actions: Actions, parent: QWidget) -> QDialog:
    """Return the page of keys as a dialog, not yet shown."""
    return _page("Keys and mouse", keys_page(actions), parent, 640, 640)


def about_dialog(models: str, parent: QWidget) -> QDialog:
    """Return the page on the program as a dialog, not yet shown; `models` is a sentence on model and compute device."""
    parts = [f"<h2>CSA-MoE Desktop {escape(__version__)}</h2>", f"<p><b>{NOTICE}. {MANAGEMENT}.</b></p>"]
    parts += [f"<p>{escape(sentence)}</p>" for sentence in (*_ABOUT, models)]
    return _page("About CSA-MoE Desktop", "".join(parts), parent, 480, 360)


def _page(title: str, html: str, parent: QWidget, width: int, height: int) -> QDialog:
    dialog = QDialog(parent)
    dialog.setWindowTitle(title)
    page = QTextBrowser()
    page.setHtml(html)
    buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
    buttons.rejected.connect(dialog.reject)
    column = QVBoxLayout(dialog)
    column.setContentsMargins(*[theme.GRID * 2] * 4)
    column.setSpacing(theme.GRID)
    column.addWidget(page)
    column.addWidget(buttons)
    dialog.resize(width, height)
    return dialog


def _table(title: str, rows: list[tuple[str, str, str]]) -> str:
    muted = theme.colours().muted
    lines = "".join(
        f'<tr><td width="160" style="color:{muted}">{escape(key)}</td><td width="260">{escape(effect)}</td>'
        f'<td style="color:{muted}">{escape(name)}</td></tr>'
        for key, effect, name in rows
    )
    return f"<h4>{escape(title)}</h4><table cellpadding='3'>{lines}</table>"
