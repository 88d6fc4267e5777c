"""The names of all tools, and the interface that the canvas calls.

A tool changes the session's mask with the pure functions of `lesion/`. Places are continuous (row, column) on the
frame, as in `lesion/tools.py`.
"""

from enum import StrEnum

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGraphicsItem

from csamoe_desktop.lesion.tools import Place


class Tool(StrEnum):
    """What the left button does; the other buttons pan and zoom with every tool."""

    WINDOW_LEVEL = "window_level"
    BRUSH = "brush"
    ERASER = "eraser"
    SMART = "smart_brush"
    CONTOUR = "contour"
    POLYGON = "polygon"
    LIVEWIRE = "livewire"
    ELLIPSE = "ellipse"
    BOX = "box"
    MOVE = "move_mask"
    PROPOSE = "propose"
    CALIPER = "caliper"
    CALIBRATE = "calibrate"


EDITING = frozenset(Tool) - {Tool.WINDOW_LEVEL, Tool.PROPOSE, Tool.CALIPER, Tool.CALIBRATE}
"""The tools that change the mask. Tool.PROPOSE is not one: its outline changes the mask only once accepted."""


class MaskTool:
    """The interface of a tool, with methods that do nothing.

    `item` draws the tool's lines and handles, in frame pixels. A `busy` tool has unfinished work, which Esc cancels.
    """

    item: QGraphicsItem

    @property
    def busy(self) -> bool:
        """Whether a stroke or polygon is unfinished."""
        return False

    @property
    def can_undo(self) -> bool:
        """Whether the tool has a step of its own to undo: one that is not yet a step of the mask."""
        return False

    @property
    def can_redo(self) -> bool:
        """Whether the tool has a step of its own to redo."""
        return False

    def cursor(self) -> Qt.CursorShape | None:
        """Return the shape of the mouse cursor; None: the crosshair."""
        return None

    def set_pressure(self, pressure: float) -> None:
        """Set the pressure of the stylus, above 0 up to 1; 1 for a mouse. Called before `press` and `move`."""

    def set_straight(self, held: bool) -> None:
        """Set whether Shift is held, which keeps lines straight. Called before `press` and `move`."""

    def press(self, at: Place, alt: bool) -> None:
        """Handle a press of the left button."""

    def double_press(self, at: Place, alt: bool) -> None:
        """Handle the second press of a double click; the first one was passed to `press`."""
        self.press(at, alt)

    def move(self, at: Place | None, alt: bool) -> None:
        """Handle a move of the mouse, with the button down or up; None: the mouse is outside the canvas."""

    def release(self) -> None:
        """Handle the release of the left button."""

    def key(self, key: int, alt: bool) -> bool:
        """Handle a key; return whether the tool used it."""
        return False

    def interrupt(self) -> None:
        """End the stroke cleanly when the mouse or the frame is lost."""

    def cancel(self) -> bool:
        """Cancel unfinished work; return whether there was any."""
        return False

    def take_back(self) -> None:
        """Undo the effect of the current press only: it was the first finger of a pinch."""
        self.cancel()

    def undo(self) -> None:
        """Undo the last step of the tool, if `can_undo`."""

    def redo(self) -> None:
        """Redo the last undone step of the tool, if `can_redo`."""

    def suspend(self) -> object | None:
        """Return the open polygon or livewire, for `resume` when its lesion is current again; None if none is open."""
        return None

    def resume(self, unfinished: object) -> None:
        """Continue with what `suspend` returned."""

    def forget(self) -> None:
        """Discard unfinished work: another tool or frame has been chosen."""
        self.cancel()
