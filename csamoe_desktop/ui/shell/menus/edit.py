"""The Edit menu: undo and redo."""

from csamoe_desktop.ui.shell.menus.context import MenuContext
from csamoe_desktop.ui.widgets.actions import Command


def edit_commands(context: MenuContext) -> tuple[Command, ...]:
    """Return the commands of the Edit menu in its order."""
    canvas = context.canvas
    return (
        Command("undo", "Edit.steps", "&Undo", canvas.undo, ("Ctrl+Z",), "undo", enabled=lambda: canvas.can_undo),
        Command("redo", "Edit.steps", "&Redo", canvas.redo, ("Ctrl+Y", "Ctrl+Shift+Z"), "redo",
                enabled=lambda: canvas.can_redo),
    )  # fmt: skip
