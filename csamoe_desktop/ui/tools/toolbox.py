"""Makes all tools of a canvas."""

from collections.abc import Callable

from csamoe_desktop.session.session import Session
from csamoe_desktop.ui.tools.base import MaskTool, Tool
from csamoe_desktop.ui.tools.brush import BrushTool, SmartBrushTool
from csamoe_desktop.ui.tools.calibrate import CalibrateTool
from csamoe_desktop.ui.tools.caliper import CaliperTool
from csamoe_desktop.ui.tools.dragged import BoxTool, ContourTool, EllipseTool
from csamoe_desktop.ui.tools.livewire import LivewireTool
from csamoe_desktop.ui.tools.move import MoveTool
from csamoe_desktop.ui.tools.polygon import PolygonTool
from csamoe_desktop.ui.tools.propose import ProposeTool


def make_tools(session: Session, zoom: Callable[[], tuple[float, float]]) -> dict[Tool, MaskTool]:
    """Return all tools; `zoom` returns the screen pixels per frame pixel: vertical, horizontal."""
    settings = session.settings
    return {
        Tool.BRUSH: BrushTool(session, settings.brush_radius),
        Tool.ERASER: BrushTool(session, settings.eraser_radius, erases=True),
        Tool.SMART: SmartBrushTool(session, settings.smart_radius),
        Tool.CONTOUR: ContourTool(session),
        Tool.POLYGON: PolygonTool(session, zoom),
        Tool.LIVEWIRE: LivewireTool(session, zoom),
        Tool.ELLIPSE: EllipseTool(session),
        Tool.BOX: BoxTool(session),
        Tool.MOVE: MoveTool(session, zoom),
        Tool.PROPOSE: ProposeTool(session, zoom),
        Tool.CALIPER: CaliperTool(session, zoom),
        Tool.CALIBRATE: CalibrateTool(session, zoom),
    }
