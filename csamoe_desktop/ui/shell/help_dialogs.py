"""The pages of the Help menu: keys and mouse, made from the table of commands, and what this program is."""

from html import escape

from PySide6.QtWidgets import QDialog, QDialogButtonBox, QTextBrowser, QVBoxLayout, QWidget

from csamoe_desktop import __version__, paths
from csamoe_desktop.report.content.sections import MANAGEMENT, NOTICE
from csamoe_desktop.ui.shell.command_table import MENUS
from csamoe_desktop.ui.widgets import theme
from csamoe_desktop.ui.widgets.actions import Actions, shown

_MOUSE = (
    ("Left button", "The tool chosen; window and level where none is"),
    ("Middle button", "Move the image"),
    ("Right button", "Zoom"),
    ("Wheel", "Frames"),
    ("Ctrl + wheel", "Zoom at the mouse"),
    ("Shift + wheel", "Size of the brush in hand"),
    ("Alt + left button", "Brushes: erase. Contour, polygon, livewire, ellipse, box: cut out"),
    ("Double click, Enter", "Polygon, livewire: close; on a proposal: accept it"),
    ("Backspace", "Polygon, livewire: take back the last point"),
    ("Drag a corner or an edge", "Polygon: move the corner, or put one in"),
    ("Delete", "Polygon: remove the corner under the mouse"),
    ("Shift + left button", "Caliper: keep it straight; Alt: its ends snap to nothing"),
    ("Drop a file", "Open it; with Shift: import it as the mask"),
)
_ABOUT = (
    "A second reading of breast ultrasound in the radiologist's own order: whole image, tumour core, boundary. "
    + "Three experts of one network look at one each, and a gate joins them.",
    "It runs on this computer alone: no image leaves it.",
    "Outlines, comments and your own reads are kept on it as you work; of an AI reading, the report is what lasts.",
)


def keys_page(actions: Actions) -> str:
    """Return the page of keys as HTML: every command that has one, menu by menu, with its id, then the mouse."""
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
        f"<p>To change a key, write the word at the right and the new key under <i>shortcuts</i> in "
        f"{escape(str(paths.settings_file()))}, such as {{&quot;assess&quot;: &quot;F5&quot;}}.</p>"
    )
    return "".join(parts)


def keys_dialog(actions: Actions, parent: QWidget) -> QDialog:
    """Return the page of keys as a dialog, not yet open."""
    return _page("Keys and mouse", keys_page(actions), parent, 640, 640)


def about_dialog(models: str, parent: QWidget) -> QDialog:
    """Return the page on the program as a dialog, not yet open; `models` says which model reads."""
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
        f'<tr><td width="160" style="color:{muted}">{escape(key)}</td><td width="260">{escape(what)}</td>'
        f'<td style="color:{muted}">{escape(name)}</td></tr>'
        for key, what, name in rows
    )
    return f"<h4>{escape(title)}</h4><table cellpadding='3'>{lines}</table>"
