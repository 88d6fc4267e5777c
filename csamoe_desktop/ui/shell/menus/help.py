"""The Help menu: keys, log, and the page on the program."""

from csamoe_desktop.ui.shell.menus.context import MenuContext
from csamoe_desktop.ui.widgets.actions import Command


def help_commands(context: MenuContext) -> tuple[Command, ...]:
    """Return the commands of the Help menu in its order."""
    pages = context.pages
    return (
        Command("keys", "Help", "&Keys and mouse", pages.show_keys, ("F1",), "keys"),
        Command("log", "Help", "Open the &log folder", pages.show_log),
        Command("about", "Help", "&About CSA-MoE Desktop", pages.show_about),
    )
