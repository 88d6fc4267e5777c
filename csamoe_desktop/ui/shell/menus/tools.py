"""The Tools menu: the drawing tools, calibration by hand, and the size of the brush."""

from csamoe_desktop.ui.shell.menus.context import MenuContext
from csamoe_desktop.ui.tools.base import Tool
from csamoe_desktop.ui.widgets.actions import Command


def tool_commands(context: MenuContext) -> tuple[Command, ...]:
    """Return the commands of the Tools menu in its order."""
    return (*_choice_commands(context), *_calibration_commands(context), *_brush_commands(context))


def _choice_commands(context: MenuContext) -> tuple[Command, ...]:
    canvas = context.canvas

    def tool(chosen: Tool, text: str, key: str, tip: str) -> Command:
        return Command(
            chosen.value, "Tools.choose", text, lambda: canvas.set_tool(chosen), (key,), chosen.value,
            checked=lambda: canvas.tool is chosen, on_image=True, tip=tip,
        )  # fmt: skip

    return (
        tool(Tool.WINDOW_LEVEL, "&Window and level", "W", "Window and level: drag"),
        tool(Tool.BRUSH, "&Brush", "B", "Brush: paint the lesion; hold Alt to erase"),
        tool(Tool.ERASER, "&Eraser", "E", "Eraser: remove from the outline"),
        tool(Tool.SMART, "S&mart brush", "G", "Smart brush: paint only tissue that looks like the starting point"),
        tool(Tool.CONTOUR, "&Freehand outline", "F", "Freehand: drag around the lesion; hold Alt to cut out"),
        tool(Tool.POLYGON, "&Polygon", "P",
             "Polygon: click around the lesion, close with Enter; drag, insert or delete corners"),
        tool(Tool.LIVEWIRE, "&Livewire", "L", "Livewire: click along the edge, the line follows it; close with Enter"),
        tool(Tool.ELLIPSE, "Ell&ipse", "R", "Ellipse: drag from corner to corner; hold Alt to cut out"),
        tool(Tool.BOX, "Outline in a bo&x", "X", "Box: drag around a lesion to outline it by its grey values"),
        tool(Tool.MOVE, "Mo&ve and scale", "V", "Move: drag the outline, or drag a handle to scale it"),
        tool(Tool.PROPOSE, "Pr&opose an outline", "A",
             "Propose: click on a lesion or drag a box around it, accept with Enter"),
        tool(Tool.CALIPER, "C&aliper", "D",
             "Caliper: drag from end to end; hold Shift for a straight line; Delete removes it"),
    )  # fmt: skip


def _calibration_commands(context: MenuContext) -> tuple[Command, ...]:
    canvas, calibration = context.canvas, context.session.calibration
    return (
        Command("calibrate", "Tools.millimetres", "Calibrate along the &depth scale…", context.pages.calibrate,
                enabled=context.has_frame, checked=lambda: canvas.tool is Tool.CALIBRATE,
                tip="Draw a line along the depth scale and enter its length"),
        Command("remove_calibration", "Tools.millimetres", "&Remove the calibration by hand", calibration.remove,
                enabled=lambda: calibration.by_hand, tip="Use the file's own scale again, or pixels where it has none"),
    )  # fmt: skip


def _brush_commands(context: MenuContext) -> tuple[Command, ...]:
    canvas, pages, proposals = context.canvas, context.pages, context.session.proposals
    return (
        Command("larger_brush", "Tools.brush", "Lar&ger brush", lambda: canvas.step_brush(1), ("]",), on_image=True),
        Command("smaller_brush", "Tools.brush", "&Smaller brush", lambda: canvas.step_brush(-1), ("[",), on_image=True),
        Command("cancel_tool", "Tools.brush", "&Cancel the current action",
                lambda: pages.answer_no() or canvas.cancel_tool() or proposals.dismiss(), ("Esc",), on_image=True,
                tip="Answer a question with no; otherwise cancel the stroke or polygon, or dismiss the proposal"),
    )  # fmt: skip
