"""The table of commands: everything the user can do in the window, in the order of the menus."""

from typing import Protocol

from csamoe_desktop.ui.actions import Command
from csamoe_desktop.ui.canvas import Canvas
from csamoe_desktop.ui.cine import Cine
from csamoe_desktop.ui.files import Files
from csamoe_desktop.ui.frame_view import OVERLAYS
from csamoe_desktop.ui.mask_tools import Tool
from csamoe_desktop.ui.overlay_switch import OverlaySwitch
from csamoe_desktop.ui.reading import ReadingState
from csamoe_desktop.ui.session import REPORTING, Session

MENUS = ("File", "Edit", "View", "Lesion", "Reading", "Tools", "Help")
TOOLBAR = (
    "open", "", "window_level", "brush", "eraser", "polygon", "", "undo", "redo", "",
    "fit", "reset", "invert", "show_overlays", "", "import_mask", "assess", "export",
)  # fmt: skip


class Pages(Protocol):
    """What the commands need of the window itself."""

    def show_settings(self) -> None: ...
    def show_keys(self) -> None: ...
    def show_about(self) -> None: ...
    def show_log(self) -> None: ...
    def close(self) -> bool: ...


def command_table(
    session: Session, canvas: Canvas, cine: Cine, overlays: OverlaySwitch, files: Files, pages: Pages
) -> tuple[Command, ...]:
    """Return every command."""

    def image() -> bool:
        return session.frame is not None

    def marked() -> bool:
        return session.mask is not None and not session.mask.empty

    def several() -> bool:
        return cine.possible

    def running() -> bool:
        return session.reading_state is ReadingState.RUNNING

    def last_frame() -> None:
        if session.study is not None:
            cine.go_to(session.study.frame_count - 1)

    def tool(chosen: Tool, text: str, key: str, tip: str) -> Command:
        return Command(
            chosen.value, "Tools.choose", text, lambda: canvas.set_tool(chosen), (key,), chosen.value,
            checked=lambda: canvas.tool is chosen, on_image=True, tip=tip,
        )  # fmt: skip

    def overlay(name: str, text: str) -> Command:
        return Command(
            f"show_{name}", "View.overlays", text, lambda: overlays.toggle(name),
            checked=lambda: overlays.shown(name),
        )  # fmt: skip

    return (
        Command("open", "File.open", "&Open…", files.open, ("Ctrl+O",), "open", tip="Open images or cine loops"),
        Command("close_study", "File.study", "&Close study", files.close_study, ("Ctrl+W",), enabled=image),
        Command("export", "File.study", "&Export PDF report…", files.export, ("Ctrl+E",), "export",
                enabled=lambda: session.reading_state is ReadingState.DONE and not session.jobs.busy(REPORTING)),
        Command("copy_report", "File.study", "Copy &report as text", files.copy_report, ("Ctrl+Shift+C",), "copy",
                enabled=lambda: session.reading_state is ReadingState.DONE),
        Command("settings", "File.end", "&Settings…", pages.show_settings, ("Ctrl+,",), "settings"),
        Command("quit", "File.end", "&Quit", pages.close, ("Ctrl+Q",)),

        Command("undo", "Edit.steps", "&Undo", session.undo, ("Ctrl+Z",), "undo",
                enabled=lambda: session.mask is not None and session.mask.can_undo),
        Command("redo", "Edit.steps", "&Redo", session.redo, ("Ctrl+Y", "Ctrl+Shift+Z"), "redo",
                enabled=lambda: session.mask is not None and session.mask.can_redo),

        Command("fit", "View.image", "&Fit", canvas.fit, ("=",), "fit", image, on_image=True,
                tip="Show the whole image"),
        Command("reset", "View.image", "&Reset", canvas.reset, ("Space",), "reset", image, on_image=True,
                tip="Show the image as it was opened: whole, its own greys"),
        Command("invert", "View.image", "&Invert", lambda: canvas.set_inverted(not canvas.window_level.inverted),
                ("I",), "invert", image, lambda: canvas.window_level.inverted, True, "Show black as white"),
        Command("hide_overlays", "View.overlays", "&Hide overlays while held", overlays.hold, ("H",), "",
                image, on_image=True, tip="Hide outline, core and boundary for as long as the key is held"),
        Command("show_overlays", "View.overlays", "&Overlays", overlays.toggle_all, ("O",), "overlays",
                checked=overlays.any_shown, on_image=True, tip="Show outline, core and boundary, or none of them"),
        *(overlay(name, f"{name.capitalize()} {'outline' if name == 'lesion' else ''}".strip()) for name in OVERLAYS),
        Command("next_frame", "View.frames", "&Next frame", lambda: cine.go_by(1), ("Right", "Down"), "", several,
                on_image=True),
        Command("previous_frame", "View.frames", "&Previous frame", lambda: cine.go_by(-1), ("Left", "Up"), "", several,
                on_image=True),
        Command("first_frame", "View.frames", "Fi&rst frame", lambda: cine.go_to(0), ("Home",), "first", several,
                on_image=True),
        Command("last_frame", "View.frames", "&Last frame", last_frame, ("End",), "last", several, on_image=True),
        Command("cine", "View.frames", "&Cine", cine.toggle, ("C",), "play", several, lambda: cine.playing, True,
                "Play the frames, or pause"),

        Command("import_mask", "Lesion", "&Import mask…", files.choose_mask, ("Ctrl+M",), "import_mask", image,
                tip="Take the outline from a mask file"),
        Command("clear_mask", "Lesion", "&Clear outline", session.clear_mask, ("Ctrl+Del",), "clear", marked),

        Command("assess", "Reading", "&Assess", session.assess, ("Ctrl+Return", "Ctrl+Enter"), "assess", marked,
                tip="Read the marked lesion with the model"),
        Command("cancel_reading", "Reading", "&Cancel the reading", session.cancel_assessment, (), "cancel", running),

        tool(Tool.WINDOW_LEVEL, "&Window and level", "W", "Drag: window and level"),
        tool(Tool.BRUSH, "&Brush", "B", "Brush: paint the lesion, with Alt erase"),
        tool(Tool.ERASER, "&Eraser", "E", "Eraser: take away from the outline"),
        tool(Tool.POLYGON, "&Polygon", "P", "Polygon: click around the lesion, Enter closes"),
        Command("larger_brush", "Tools.brush", "&Larger brush", lambda: canvas.step_brush(1), ("]",), on_image=True),
        Command("smaller_brush", "Tools.brush", "&Smaller brush", lambda: canvas.step_brush(-1), ("[",), on_image=True),
        Command("cancel_tool", "Tools.brush", "&Cancel what is in hand", canvas.cancel_tool, ("Esc",), on_image=True,
                tip="Take back the stroke or polygon in hand"),

        Command("keys", "Help", "&Keys and mouse", pages.show_keys, ("F1",), "keys"),
        Command("log", "Help", "Open the &log's folder", pages.show_log),
        Command("about", "Help", "&About CSA-MoE Desktop", pages.show_about),
    )  # fmt: skip
