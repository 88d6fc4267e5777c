"""The File menu: opening, exporting, settings, quitting."""

from csamoe_desktop.session.reports import REPORTING
from csamoe_desktop.ui.shell.menus.context import MenuContext
from csamoe_desktop.ui.widgets.actions import Command


def file_commands(context: MenuContext) -> tuple[Command, ...]:
    """Return the commands of the File menu in its order."""
    session, files, pages = context.session, context.files, context.pages
    return (
        Command("open", "File.open", "&Open…", files.open, ("Ctrl+O",), "open", tip="Open images or cine loops"),
        Command("open_folder", "File.open", "Open &folder…", files.open_folder, ("Ctrl+Shift+O",),
                tip="Open all images in a folder and its subfolders"),
        Command("close_study", "File.study", "&Close study", files.close_study, ("Ctrl+W",), enabled=context.has_frame),
        Command("export", "File.study", "&Export report…", files.export, ("Ctrl+E",), "export",
                enabled=lambda: context.has_result() and not session.jobs.busy(REPORTING)),
        Command("copy_report", "File.study", "Copy report as &text", files.copy_report, ("Ctrl+Shift+C",), "copy",
                enabled=context.has_result),
        Command("examination", "File.study", "E&xamination…", pages.describe_examination, ("Ctrl+Shift+E",),
                enabled=context.has_frame, tip="Enter the indication, comparison and technique of the examination"),
        Command("settings", "File.end", "&Settings…", pages.show_settings, ("Ctrl+,",), "settings"),
        Command("quit", "File.end", "&Quit", pages.close, ("Ctrl+Q",)),
    )  # fmt: skip
