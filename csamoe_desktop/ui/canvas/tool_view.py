"""The frame view with its tools: the current tool, the size of its brush, and its own steps of undo.

Mouse and keyboard are handled in `canvas`.
"""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QWidget

from csamoe_desktop.session.lesion_work import LesionWork
from csamoe_desktop.session.session import Session
from csamoe_desktop.ui.canvas.frame_view import FrameView
from csamoe_desktop.ui.tools.base import EDITING, MaskTool, Tool
from csamoe_desktop.ui.tools.brush import BrushTool
from csamoe_desktop.ui.tools.toolbox import make_tools


class ToolView(FrameView):
    """All tools and the current one.

    When another frame or lesion becomes current, an unfinished stroke ends; an open polygon or livewire is stored with
    its lesion and continues when that lesion is current again.
    """

    radiusChanged = Signal(int)
    """The new radius of the current brush, in frame pixels."""
    toolChanged = Signal(object)
    """The new `Tool`."""
    stepsChanged = Signal()
    """The current tool has got its first step of undo or redo, or lost its last one."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(session, parent)
        self._tools = make_tools(session, self._zooms)
        for tool in self._tools.values():
            self._area.addItem(tool.item, ignoreBounds=True)
        self._tool = Tool.WINDOW_LEVEL
        self._last_steps = (False, False)
        self._proposal_layer.set_drawing_check(lambda: self._unfinished_steps()[0])
        self._tool_lesion: LesionWork | None = None
        """The lesion that the unfinished work of the tool belongs to."""
        session.leaving.connect(self._suspend_tool)
        session.currentLesionChanged.connect(self._lesion_left)
        session.lesionChanged.connect(self._lock_changed)

    @property
    def tool(self) -> Tool:
        """The tool of the left button."""
        return self._tool

    @property
    def brush_radius(self) -> int:
        """The radius of the current brush, in frame pixels; of the plain brush if the current tool has no radius."""
        return self._sized().radius

    def radius_of(self, tool: Tool) -> int:
        """Return the radius of brush, eraser or smart brush, in frame pixels.

        Raises:
            ValueError: the tool has none.
        """
        if isinstance(sized := self._tools.get(tool), BrushTool):
            return sized.radius
        raise ValueError(f"{tool} has no radius")

    def set_tool(self, tool: Tool) -> None:
        """Choose the tool of the left button; a stroke of the previous tool ends, its open polygon is discarded."""
        self._interrupt_tool()
        if (previous := self._tools.get(self._tool)) is not None:
            previous.forget()
        changed, self._tool = tool is not self._tool, tool
        for name, mask_tool in self._tools.items():
            mask_tool.item.setVisible(name is tool)
        self._tool_changed()
        if changed:
            self.toolChanged.emit(tool)

    def set_brush_radius(self, radius: int) -> None:
        """Set the radius of the current brush, in frame pixels, limited to 1..200."""
        sized = self._sized()
        before = sized.radius
        sized.set_radius(radius)
        if sized.radius != before:
            self.radiusChanged.emit(sized.radius)

    def step_brush(self, steps: int) -> None:
        """Make the brush larger (or smaller) by steps that grow with its radius."""
        radius = self._sized().radius
        self.set_brush_radius(radius + steps * max(1, radius // 8))

    def cancel_tool(self) -> bool:
        """Cancel the unfinished stroke or polygon (Esc); return whether there was one."""
        tool = self._mask_tool()
        cancelled = tool is not None and tool.cancel()
        self._emit_steps()
        return cancelled

    def close_line(self) -> bool:
        """Close the open polygon or livewire; return whether there is one."""
        tool = self._mask_tool()
        if tool is None or not tool.can_undo:
            return False
        tool.key(Qt.Key.Key_Return, False)
        self._emit_steps()
        return True

    # -- steps

    @property
    def can_undo(self) -> bool:
        """Whether there is a step to undo: of the current tool, of the mask or of a caliper."""
        mask, calipers = self._session.mask, self._session.calipers
        in_session = calipers.can_undo or (mask is not None and mask.can_undo) or self._session.lesions.can_restore
        return self._unfinished_steps()[0] or in_session

    @property
    def can_redo(self) -> bool:
        """Whether there is a step to redo."""
        mask, calipers = self._session.mask, self._session.calipers
        return self._unfinished_steps()[1] or calipers.can_redo or (mask is not None and mask.can_redo)

    def undo(self) -> None:
        """Undo the last step of the tool (such as the last corner of an open polygon), else of the session."""
        tool = self._mask_tool()
        if tool is not None and tool.can_undo:
            tool.undo()
            self._emit_steps()
        else:
            self._session.mask_commands.undo()

    def redo(self) -> None:
        """Redo the last undone step of the tool, else of the session."""
        tool = self._mask_tool()
        if tool is not None and tool.can_redo:
            tool.redo()
            self._emit_steps()
        else:
            self._session.mask_commands.redo()

    # -- the current tool

    def _mask_tool(self) -> MaskTool | None:
        """Return the current tool, or None for window and level or if no frame is open."""
        if self._session.frame is None or self._tool is Tool.WINDOW_LEVEL:
            return None
        return self._tools[self._tool]

    def _sized(self) -> BrushTool:
        """Return the current brush, or the plain brush if the current tool has no radius."""
        for sized in (self._tools.get(self._tool), self._tools[Tool.BRUSH]):
            if isinstance(sized, BrushTool):
                return sized
        raise AssertionError("the brush tool is not a BrushTool")

    def _busy(self) -> bool:
        tool = self._mask_tool()
        return tool is not None and tool.busy

    def _unfinished_steps(self) -> tuple[bool, bool]:
        """Return whether the unfinished work of the tool has steps to undo, and to redo."""
        tool = self._mask_tool()
        return (False, False) if tool is None else (tool.can_undo, tool.can_redo)

    def _emit_steps(self) -> None:
        """Emit `stepsChanged` if the tool's steps have appeared or run out."""
        if (steps := self._unfinished_steps()) != self._last_steps:
            self._last_steps = steps
            self._proposals_changed()
            self.stepsChanged.emit()

    def _interrupt_tool(self) -> None:
        """End the stroke cleanly: mouse, focus or frame are lost."""
        if (tool := self._tools.get(self._tool)) is not None:
            tool.interrupt()
        self._update_outline()
        self._emit_steps()

    def _lesion_left(self) -> None:
        """Suspend the tool's work on the previous lesion, and resume unfinished work on the current one.

        Called when another lesion becomes current or the current one has been locked.
        """
        self._interrupt_tool()
        self._suspend_tool()
        self._tool_lesion = self._session.work
        self._resume_tool()
        self._tool_changed()

    def _suspend_tool(self) -> None:
        """Store an open polygon or livewire with its lesion."""
        if (tool := self._tools.get(self._tool)) is not None:
            if self._tool_lesion is not None and (unfinished := tool.suspend()) is not None:
                self._tool_lesion.unfinished = self._tool, unfinished
            tool.forget()

    def _resume_tool(self) -> None:
        """Continue the polygon or livewire that was left open on the current lesion."""
        work = self._session.work
        if work is not None and work.unfinished is not None and not work.locked:
            tool, unfinished = Tool(work.unfinished[0]), work.unfinished[1]
            work.unfinished = None
            if tool is not self._tool:
                self.set_tool(tool)
            self._tools[tool].resume(unfinished)
            self._emit_steps()

    def _lock_changed(self) -> None:
        """Suspend the tool when its lesion has been locked, and resume it when the lesion is unlocked."""
        if self._session.work is not None and self._session.work.locked and self._tool in EDITING:
            self._lesion_left()
        else:
            self._resume_tool()

    def _in_stroke(self) -> bool:
        return self._busy()

    def _tool_changed(self) -> None:
        """Update after a change of the tool or of what it works on."""
        self._emit_steps()
