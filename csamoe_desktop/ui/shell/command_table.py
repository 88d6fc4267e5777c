"""The table of commands: everything the user can do in the window, in the order of the menus."""

from collections.abc import Mapping

from csamoe_desktop.session.cine import Cine
from csamoe_desktop.session.session import Session
from csamoe_desktop.ui.canvas.canvas import Canvas
from csamoe_desktop.ui.canvas.overlay_switch import OverlaySwitch
from csamoe_desktop.ui.shell.file_dialogs import Files
from csamoe_desktop.ui.shell.menus.assessment import assessment_commands
from csamoe_desktop.ui.shell.menus.context import MenuContext, Pages
from csamoe_desktop.ui.shell.menus.edit import edit_commands
from csamoe_desktop.ui.shell.menus.file import file_commands
from csamoe_desktop.ui.shell.menus.help import help_commands
from csamoe_desktop.ui.shell.menus.lesion import lesion_commands
from csamoe_desktop.ui.shell.menus.tools import tool_commands
from csamoe_desktop.ui.shell.menus.view import view_commands
from csamoe_desktop.ui.widgets.actions import Command

MENUS = ("File", "Edit", "View", "Lesion", "Assessment", "Tools", "Help")
TOOLBAR = (
    "open", "", "window_level", "brush", "eraser", "smart_brush", "contour", "polygon", "livewire", "ellipse", "box",
    "propose", "move_mask", "caliper", "", "undo", "redo", "",
    "fit", "reset", "invert", "show_overlays", "", "import_mask", "assess", "export",
)  # fmt: skip

_RENAMED = {"own_read": "assessment", "skip_own_read": "skip_assessment"}
"""Former ids of commands, which settings files may still hold under `shortcuts`, and their present ids."""


def command_table(
    session: Session, canvas: Canvas, cine: Cine, overlays: OverlaySwitch, files: Files, pages: Pages
) -> tuple[Command, ...]:
    """Return every command, menu by menu."""
    context = MenuContext(session, canvas, cine, overlays, files, pages)
    return (
        *file_commands(context),
        *edit_commands(context),
        *view_commands(context),
        *lesion_commands(context),
        *assessment_commands(context),
        *tool_commands(context),
        *help_commands(context),
    )


def with_present_ids(shortcuts: Mapping[str, str]) -> dict[str, str]:
    """Return the shortcuts a user chose, by command id, with former ids replaced; a present id takes precedence."""
    former = {_RENAMED[name]: key for name, key in shortcuts.items() if name in _RENAMED}
    return former | {name: key for name, key in shortcuts.items() if name not in _RENAMED}
