"""The frame in view with a tool in hand: which one it is, how large its brush is, and its steps of undo.

Nothing here reacts to the mouse; that is the canvas's.
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
    """The tools and the one that is chosen; a stroke in hand ends when another frame or lesion is in view, an open polygon or
    livewire stays with its lesion."""

    radiusChanged = Signal(int)
    """The brush in hand has another radius, in frame pixels."""
    toolChanged = Signal(object)
    """Another `Tool` is chosen."""
    stepsChanged = Signal()
    """What is in hand has its first step of undo or redo now, or its last one no more."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(session, parent)
        self._tools = make_tools(session, self._zooms)
        for tool in self._tools.values():
            self._area.addItem(tool.item, ignoreBounds=True)
        self._tool = Tool.WINDOW_LEVEL
        self._last_steps = (False, False)
        self._proposal_layer.set_drawing_check(lambda: self._unfinished_steps()[0])
        self._tool_lesion: LesionWork | None = None
        """The lesion that what is in hand belongs to."""
        session.leaving.connect(self._suspend_tool)
        session.currentLesionChanged.connect(self._lesion_left)
        session.lesionChanged.connect(self._lock_changed)

    @property
    def tool(self) -> Tool:
        """The tool of the left button."""
        return self._tool

    @property
    def brush_radius(self) -> int:
        """The radius of the brush in hand, in frame pixels; of the brush itself where no brush is."""
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
        """Choose the tool of the left button; what the last one had in hand ends, a polygon is forgotten."""
        self._interrupt_tool()
        if (last := self._tools.get(self._tool)) is not None:
            last.forget()
        changed, self._tool = tool is not self._tool, tool
        for name, one in self._tools.items():
            one.item.setVisible(name is tool)
        self._tool_changed()
        if changed:
            self.toolChanged.emit(tool)

    def set_brush_radius(self, radius: int) -> None:
        """Set the radius of the brush in hand, in frame pixels, kept between 1 and 200."""
        sized = self._sized()
        before = sized.radius
        sized.set_radius(radius)
        if sized.radius != before:
            self.radiusChanged.emit(sized.radius)

    def step_brush(self, steps: int) -> None:
        """Make the brush larger (or smaller) by steps that grow with it."""
        radius = self._sized().radius
        self.set_brush_radius(radius + steps * max(1, radius // 8))

    def cancel_tool(self) -> bool:
        """Take back the stroke or polygon in hand (Esc); return whether there was one."""
        tool = self._mask_tool()
        had = tool is not None and tool.cancel()
        self._emit_steps()
        return had

    def close_line(self) -> bool:
        """Close the polygon or livewire that is open in hand; return whether there is one."""
        tool = self._mask_tool()
        if tool is None or not tool.can_undo:
            return False
        tool.key(Qt.Key.Key_Return, False)
        self._emit_steps()
        return True

    # -- steps

    @property
    def can_undo(self) -> bool:
        """Whether there is a step to take back: on what is in hand, on the mask or with a caliper."""
        mask, calipers = self._session.mask, self._session.calipers
        there = calipers.can_undo or (mask is not None and mask.can_undo) or self._session.lesions.can_restore
        return self._unfinished_steps()[0] or there

    @property
    def can_redo(self) -> bool:
        """Whether a step that was taken back can be done again."""
        mask, calipers = self._session.mask, self._session.calipers
        return self._unfinished_steps()[1] or calipers.can_redo or (mask is not None and mask.can_redo)

    def undo(self) -> None:
        """Take back the last step on what is in hand (the last corner of an open polygon), else the session's."""
        tool = self._mask_tool()
        if tool is not None and tool.can_undo:
            tool.undo()
            self._emit_steps()
        else:
            self._session.mask_commands.undo()

    def redo(self) -> None:
        """Do the step taken back last again."""
        tool = self._mask_tool()
        if tool is not None and tool.can_redo:
            tool.redo()
            self._emit_steps()
        else:
            self._session.mask_commands.redo()

    # -- for whoever moves the tool

    def _mask_tool(self) -> MaskTool | None:
        """Return the tool that edits the mask, or None: window and level, or nothing to edit."""
        if self._session.frame is None or self._tool is Tool.WINDOW_LEVEL:
            return None
        return self._tools[self._tool]

    def _sized(self) -> BrushTool:
        """Return the brush whose size is changed now."""
        for sized in (self._tools.get(self._tool), self._tools[Tool.BRUSH]):
            if isinstance(sized, BrushTool):
                return sized
        raise AssertionError("the brush is no brush")

    def _busy(self) -> bool:
        tool = self._mask_tool()
        return tool is not None and tool.busy

    def _unfinished_steps(self) -> tuple[bool, bool]:
        """Return whether what is in hand has steps to undo, and to redo."""
        tool = self._mask_tool()
        return (False, False) if tool is None else (tool.can_undo, tool.can_redo)

    def _emit_steps(self) -> None:
        """The tool was used: what can be undone may be different."""
        if (steps := self._unfinished_steps()) != self._last_steps:
            self._last_steps = steps
            self._proposals_changed()
            self.stepsChanged.emit()

    def _interrupt_tool(self) -> None:
        """End what is in hand cleanly: the mouse, the focus or the frame goes."""
        if (tool := self._tools.get(self._tool)) is not None:
            tool.interrupt()
        self._update_outline()
        self._emit_steps()

    def _lesion_left(self) -> None:
        """Another lesion is at hand, or the same may not be changed: what was in hand stays with the last one, and what was
        left open on this one is in hand again."""
        self._interrupt_tool()
        self._suspend_tool()
        self._tool_lesion = self._session.work
        self._resume_tool()
        self._tool_changed()

    def _suspend_tool(self) -> None:
        """Let what is open stay with its lesion."""
        if (tool := self._tools.get(self._tool)) is not None:
            if self._tool_lesion is not None and (unfinished := tool.suspend()) is not None:
                self._tool_lesion.unfinished = self._tool, unfinished
            tool.forget()

    def _resume_tool(self) -> None:
        """Take in hand what was left open on the lesion at hand."""
        work = self._session.work
        if work is not None and work.unfinished is not None and not work.locked:
            tool, unfinished = Tool(work.unfinished[0]), work.unfinished[1]
            work.unfinished = None
            if tool is not self._tool:
                self.set_tool(tool)
            self._tools[tool].resume(unfinished)
            self._emit_steps()

    def _lock_changed(self) -> None:
        """Let go of what would change a lesion that has just been locked; go on with it once it is unlocked."""
        if self._session.work is not None and self._session.work.locked and self._tool in EDITING:
            self._lesion_left()
        else:
            self._resume_tool()

    def _in_stroke(self) -> bool:
        return self._busy()

    def _tool_changed(self) -> None:
        """Another tool is in hand, or the same on something else."""
        self._emit_steps()
