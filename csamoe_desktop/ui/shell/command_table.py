"""The table of commands: everything the user can do in the window, in the order of the menus."""

from typing import Protocol

from csamoe_desktop.session.cine import Cine
from csamoe_desktop.session.lesion_work import ResultState
from csamoe_desktop.session.reports import REPORTING
from csamoe_desktop.session.session import Session
from csamoe_desktop.ui.canvas.canvas import Canvas
from csamoe_desktop.ui.canvas.frame_view import OVERLAYS
from csamoe_desktop.ui.canvas.overlay_switch import OverlaySwitch
from csamoe_desktop.ui.shell.file_dialogs import Files
from csamoe_desktop.ui.tools.base import Tool
from csamoe_desktop.ui.widgets.actions import Command

MENUS = ("File", "Edit", "View", "Lesion", "Reading", "Tools", "Help")
TOOLBAR = (
    "open", "", "window_level", "brush", "eraser", "smart_brush", "contour", "polygon", "livewire", "ellipse", "box",
    "propose", "move_mask", "caliper", "", "undo", "redo", "",
    "fit", "reset", "invert", "show_overlays", "", "import_mask", "assess", "export",
)  # fmt: skip


class Pages(Protocol):
    """What the commands need of the window itself."""

    def say_no(self) -> bool: ...
    def calibrate(self) -> None: ...
    def describe_examination(self) -> None: ...
    def describe_lesion(self) -> None: ...
    def show_earlier_outlines(self) -> None: ...
    def show_views(self) -> None: ...
    def show_settings(self) -> None: ...
    def show_models(self) -> None: ...
    def show_comparison(self) -> None: ...
    def show_agreement(self) -> None: ...
    def show_keys(self) -> None: ...
    def show_about(self) -> None: ...
    def show_log(self) -> None: ...
    def close(self) -> bool: ...


def command_table(
    session: Session, canvas: Canvas, cine: Cine, overlays: OverlaySwitch, files: Files, pages: Pages
) -> tuple[Command, ...]:
    """Return every command."""
    corrections = session.mask_commands

    def image() -> bool:
        return session.frame is not None

    def marked() -> bool:
        return session.mask is not None and not session.mask.empty

    def several() -> bool:
        return cine.possible

    def running() -> bool:
        return session.shown_result.state is ResultState.RUNNING

    def last_frame() -> None:
        if session.study is not None:
            cine.go_to(session.study.frame_count - 1)

    def other_study(step: int) -> None:
        if session.study is not None:
            place = session.studies.index(session.study) + step
            session.navigation.to_study(session.studies[min(max(place, 0), len(session.studies) - 1)])

    def offered() -> bool:
        return bool(session.proposals.offered)

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
        Command("open_folder", "File.open", "Open &folder…", files.open_folder, ("Ctrl+Shift+O",),
                tip="Open every image in a folder and the folders in it"),
        Command("close_study", "File.study", "&Close study", files.close_study, ("Ctrl+W",), enabled=image),
        Command("export", "File.study", "&Export report…", files.export, ("Ctrl+E",), "export",
                enabled=lambda: session.shown_result.state is ResultState.DONE and not session.jobs.busy(REPORTING)),
        Command("copy_report", "File.study", "Copy &report as text", files.copy_report, ("Ctrl+Shift+C",), "copy",
                enabled=lambda: session.shown_result.state is ResultState.DONE),
        Command("examination", "File.study", "E&xamination…", pages.describe_examination, ("Ctrl+Shift+E",), "", image,
                tip="Say what the examination was made for, compared with, and how it was made"),
        Command("settings", "File.end", "&Settings…", pages.show_settings, ("Ctrl+,",), "settings"),
        Command("quit", "File.end", "&Quit", pages.close, ("Ctrl+Q",)),

        Command("undo", "Edit.steps", "&Undo", canvas.undo, ("Ctrl+Z",), "undo",
                enabled=lambda: canvas.can_undo),
        Command("redo", "Edit.steps", "&Redo", canvas.redo, ("Ctrl+Y", "Ctrl+Shift+Z"), "redo",
                enabled=lambda: canvas.can_redo),

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
        Command("show_regions", "View.overlays", "Core and boundar&y", overlays.toggle_regions, ("K",), "",
                image, overlays.regions_shown, True, "Show core and boundary as the model saw them, over the lesion"),
        *(overlay(name, f"{name.capitalize()} {'outline' if name == 'lesion' else ''}".strip()) for name in OVERLAYS),
        Command("attention", "View.overlays", "Where the next expert loo&ked", canvas.next_attention, ("M",), "",
                lambda: bool(canvas.attention.experts), lambda: bool(canvas.attention.expert), True,
                "Show where the whole image's, the core's, the boundary's expert looked, then none"),
        Command("next_frame", "View.frames", "&Next frame", lambda: cine.go_by(1), ("Right", "Down"), "", several,
                on_image=True),
        Command("previous_frame", "View.frames", "&Previous frame", lambda: cine.go_by(-1), ("Left", "Up"), "", several,
                on_image=True),
        Command("first_frame", "View.frames", "Fi&rst frame", lambda: cine.go_to(0), ("Home",), "first", several,
                on_image=True),
        Command("last_frame", "View.frames", "&Last frame", last_frame, ("End",), "last", several, on_image=True),
        Command("next_study", "View.frames", "Next st&udy", lambda: other_study(1), ("PgDown",), "",
                lambda: len(session.studies) > 1, on_image=True, tip="Show the study below in the list"),
        Command("previous_study", "View.frames", "Previous stud&y", lambda: other_study(-1), ("PgUp",), "",
                lambda: len(session.studies) > 1, on_image=True, tip="Show the study above in the list"),
        Command("cine", "View.frames", "&Cine", cine.toggle, ("C",), "play", several, lambda: cine.playing, True,
                "Play the frames, or pause"),

        Command("import_mask", "Lesion", "&Import mask…", files.choose_mask, ("Ctrl+M",), "import_mask", image,
                tip="Take the outline from a mask file"),
        Command("export_mask", "Lesion", "E&xport mask…", files.export_mask, ("Ctrl+Shift+M",), "", marked,
                tip="Write the outline as a mask file"),
        Command("accept_proposal", "Lesion.proposal", "&Accept the proposed outline",
                lambda: canvas.close_line() or session.proposals.accept(), ("Enter", "Return"), "",
                lambda: offered() or session.line_open(), on_image=True, tip="Make the proposed outline yours"),
        Command("next_proposal", "Lesion.proposal", "&Next proposal", session.proposals.select_next, ("Tab",), "",
                lambda: len(session.proposals.offered) > 1, on_image=True, tip="Select the next proposed outline"),
        Command("look_for_lesions", "Lesion.proposal", "&Look for lesions", session.proposals.look, (), "", image,
                tip="Propose outlines on the whole image"),
        Command("fill_holes", "Lesion.correct", "&Fill holes", corrections.fill_holes, ("Ctrl+H",), "", marked,
                tip="Mark what the outline encloses too"),
        Command("smooth_mask", "Lesion.correct", "&Smooth outline", corrections.smooth, ("Ctrl+T",), "", marked,
                tip="Round the outline's burrs; how the area changes is said"),
        Command("keep_largest", "Lesion.correct", "&Keep the largest piece", corrections.keep_largest, ("Ctrl+L",), "",
                marked, tip="Remove every piece but the largest"),
        Command("copy_to_next", "Lesion.correct", "C&opy to the next frame", corrections.copy_to_next, ("Ctrl+Right",),
                "", lambda: corrections.can_copy_on, tip="Go to the next frame with this outline"),
        Command("new_lesion", "Lesion.list", "&New lesion", session.lesions.add, ("N",), "add", image,
                on_image=True, tip="Mark another lesion on this image"),
        Command("next_lesion", "Lesion.list", "Ne&xt lesion", session.lesions.choose_next, ("J",), "",
                lambda: len(session.lesions.there) > 1, on_image=True, tip="Take the next lesion of this image in hand"),
        Command("describe_lesion", "Lesion.list", "&Describe lesion…", pages.describe_lesion, ("Ctrl+D",), "describe",
                image, tip="Name it, say where it lies, and which other outline is the same lesion"),
        Command("views", "Lesion.list", "&Views side by side…", pages.show_views, ("Ctrl+Shift+V",), "views",
                lambda: session.lesions.has_views, tip="See all views of this lesion with their readings"),
        Command("lesion_shown", "Lesion.list", "&Shown", session.lesions.toggle_shown, (), "", image,
                lambda: session.work is not None and session.work.shown, tip="Show the outline at hand, or hide it"),
        Command("lesion_locked", "Lesion.list", "&Locked", session.lesions.toggle_locked, ("Ctrl+K",), "", image,
                lambda: session.work is not None and session.work.locked, tip="Keep the outline at hand as it is"),
        Command("delete_lesion", "Lesion.list", "Dele&te lesion", session.lesions.remove, ("Ctrl+Shift+Del",), "clear",
                lambda: marked() or len(session.lesions.there) > 1, tip="Remove the lesion at hand from the list"),
        Command("restore_lesion", "Lesion.list", "&Restore the deleted lesion", session.lesions.restore, (), "",
                lambda: session.lesions.can_restore, tip="Bring back the lesion of this image that was deleted last"),
        Command("earlier_outlines", "Lesion.list", "E&arlier outlines…", pages.show_earlier_outlines, (), "", image,
                tip="Bring back an outline of this image that had to make way for another"),
        Command("clear_mask", "Lesion", "&Clear outline", session.mask_commands.clear, ("Ctrl+Del",), "clear", marked),

        Command("assess", "Reading", "&Assess", session.assessments.assess, ("Ctrl+Return", "Ctrl+Enter"), "assess",
                lambda: not session.model.missing and (marked() or (image() and not session.model.needs_outline)),
                tip="Read the marked lesion with the model"),
        Command("own_read", "Reading.own", "&Own read", session.assessments.want, ("Ctrl+R",), "", image,
                tip="Go to your BI-RADS category; its digit and letter choose it"),
        Command("confirm_next", "Reading.own", "Con&firm the next proposed term", session.assessments.confirm_next,
                ("Ctrl+G",), "", marked, tip="Take over the size as measured on the outline, then one term after the other"),
        Command("confirm_proposed", "Reading.own", "Confirm a&ll that is proposed", lambda: session.assessments.confirm(),
                ("Ctrl+Shift+G",), "", marked, tip="Take over all that is proposed from the outline, as the panel shows it"),
        Command("skip_own_read", "Reading.own", "S&kip the own read", session.assessments.skip, ("Ctrl+Shift+R",), "",
                lambda: session.shown_result.hidden, tip="See the AI's reading without one of your own; that is recorded"),
        Command("agreement", "Reading.own", "A&greement…", pages.show_agreement,
                tip="See your own reads against the AI's and your final ones"),
        Command("cancel_reading", "Reading", "&Cancel the reading", session.assessing.cancel, (), "cancel", running),
        Command("models", "Reading.models", "&Models…", pages.show_models,
                tip="See the models with their figures, and choose the one that reads"),
        Command("compare", "Reading.models", "C&ompare models…", pages.show_comparison, ("Ctrl+Shift+Return",), "",
                lambda: image() and not session.shown_result.hidden, tip="See several models' readings of this lesion side by side"),

        tool(Tool.WINDOW_LEVEL, "&Window and level", "W", "Drag: window and level"),
        tool(Tool.BRUSH, "&Brush", "B", "Brush: paint the lesion, with Alt erase"),
        tool(Tool.ERASER, "&Eraser", "E", "Eraser: take away from the outline"),
        tool(Tool.SMART, "S&mart brush", "G", "Smart brush: paint only what looks like the place you begin at"),
        tool(Tool.CONTOUR, "&Freehand contour", "F", "Contour: drag around the lesion, with Alt cut out"),
        tool(Tool.POLYGON, "&Polygon", "P", "Polygon: click around the lesion, Enter closes; drag, insert, Delete corners"),
        tool(Tool.LIVEWIRE, "&Livewire", "L", "Livewire: click along the edge, the line follows it; Enter closes"),
        tool(Tool.ELLIPSE, "Ell&ipse", "R", "Ellipse: drag from corner to corner, with Alt cut out"),
        tool(Tool.BOX, "Outline in a bo&x", "X", "Box: drag around a lesion, its outline is found by its grey values"),
        tool(Tool.MOVE, "Mo&ve and scale", "V", "Move: drag the outline, or a handle to scale it"),
        tool(Tool.PROPOSE, "Pr&opose an outline", "A", "Propose: click on a lesion or drag a box, Enter accepts"),
        tool(Tool.CALIPER, "C&aliper", "D", "Caliper: drag from end to end, Shift keeps it straight; Delete removes it"),
        Command("calibrate", "Tools.millimetres", "Calibrate along the &depth scale…", pages.calibrate, (), "", image,
                lambda: canvas.tool is Tool.CALIBRATE, tip="Draw along the depth scale and say how long that is"),
        Command("remove_calibration", "Tools.millimetres", "&Remove the calibration by hand",
                session.calibration.remove, (), "", lambda: session.calibration.there,
                tip="Go back to the file's own calibration, or to pixels"),
        Command("larger_brush", "Tools.brush", "&Larger brush", lambda: canvas.step_brush(1), ("]",), on_image=True),
        Command("smaller_brush", "Tools.brush", "&Smaller brush", lambda: canvas.step_brush(-1), ("[",), on_image=True),
        Command("cancel_tool", "Tools.brush", "&Cancel what is in hand",
                lambda: pages.say_no() or canvas.cancel_tool() or session.proposals.dismiss(), ("Esc",), on_image=True,
                tip="Answer a question with no; else take back the stroke or polygon in hand, or drop what is proposed"),

        Command("keys", "Help", "&Keys and mouse", pages.show_keys, ("F1",), "keys"),
        Command("log", "Help", "Open the &log's folder", pages.show_log),
        Command("about", "Help", "&About CSA-MoE Desktop", pages.show_about),
    )  # fmt: skip
