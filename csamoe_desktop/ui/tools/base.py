"""What every tool of the left button is called, and what the canvas asks of one; the tools themselves are in `ui/tools/`.

A tool works on the session's mask with the pure functions of `lesion/`, and tells the session of each change. Places
are continuous (row, column) on the frame, as in `lesion/tools.py`.
"""

from enum import StrEnum

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGraphicsItem

from csamoe_desktop.lesion.tools import Place


class Tool(StrEnum):
    """What the left button does; panning and zooming are the other buttons' in every tool."""

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
"""The tools that change the mask; with a proposal that is done on accepting it."""


class MaskTool:
    """What the canvas asks of a tool that edits the mask; this one does nothing.

    `item` is what the tool draws, in frame pixels. `busy` is whether it has something in hand, which Esc cancels.
    """

    item: QGraphicsItem

    @property
    def busy(self) -> bool:
        """Whether a stroke or polygon is in hand."""
        return False

    @property
    def can_undo(self) -> bool:
        """Whether `undo` would take back a step of its own: one that is not yet a step of the mask."""
        return False

    @property
    def can_redo(self) -> bool:
        """Whether `redo` would do one again."""
        return False

    def cursor(self) -> Qt.CursorShape | None:
        """Return the mouse's shape; None: the crosshair."""
        return None

    def set_pressure(self, pressure: float) -> None:
        """A pen presses this hard, above 0 to 1; 1 for a mouse. Told before `press` and `move`."""

    def set_straight(self, held: bool) -> None:
        """Shift is held: what is drawn is to keep straight. Told before `press` and `move`."""

    def press(self, at: Place, alt: bool) -> None:
        """The left button went down."""

    def double_press(self, at: Place, alt: bool) -> None:
        """The left button went down a second time at once; a first `press` came before."""
        self.press(at, alt)

    def move(self, at: Place | None, alt: bool) -> None:
        """The mouse is somewhere else, the button down or not; None: outside the canvas."""

    def release(self) -> None:
        """The left button came up."""

    def key(self, key: int, alt: bool) -> bool:
        """A key went down; return whether the tool took it."""
        return False

    def interrupt(self) -> None:
        """The mouse or the frame is taken away: leave everything in order."""

    def cancel(self) -> bool:
        """Take back what is in hand; return whether there was anything."""
        return False

    def take_back(self) -> None:
        """The press that is still down was not hovered: undo what it did, and no more."""
        self.cancel()

    def undo(self) -> None:
        """Take back the last step, where `can_undo`."""

    def redo(self) -> None:
        """Do the step taken back last again, where `can_redo`."""

    def suspend(self) -> object | None:
        """Return what is open, to be gone on with by `resume` when its lesion is at hand again; None where nothing is."""
        return None

    def resume(self, suspend: object) -> None:
        """Take in hand again what `suspend` returned."""

    def forget(self) -> None:
        """Another tool or another frame is there: nothing in hand counts any more."""
        self.cancel()
