"""The canvas: the frame in view with the mouse and the keys on it.

The mouse does not go through pyqtgraph's scene, which thins moves out and waits for five pixels before a drag begins:
a stroke needs every move from the first pixel on.
"""

from enum import Enum, auto
from math import floor

from PySide6.QtCore import QEvent, QPointF, Qt, Signal
from PySide6.QtGui import (
    QEnterEvent,
    QFocusEvent,
    QHideEvent,
    QKeyEvent,
    QMouseEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QWidget

from csamoe_desktop.lesion.tools import Place
from csamoe_desktop.ui.frame_view import FrameView
from csamoe_desktop.ui.mask_tools import MaskTool, Tool
from csamoe_desktop.ui.session import Session
from csamoe_desktop.ui.tools.brush import BrushTool
from csamoe_desktop.ui.tools.pen import Pen
from csamoe_desktop.ui.tools.sketch import crosshair
from csamoe_desktop.ui.tools.toolbox import make_tools

_NOTCH = 120
"""What one notch of a wheel turns, in Qt's eighths of a degree."""
_ENTER = (Qt.Key.Key_Return, Qt.Key.Key_Enter)
_ZOOM_A_NOTCH = 1.2
_ZOOM_A_PIXEL = 1.01


class _Drag(Enum):
    """What the button that is down does."""

    NONE = auto()
    TOOL = auto()
    WINDOW = auto()
    PAN = auto()
    ZOOM = auto()


_BUTTONS = {
    Qt.MouseButton.LeftButton: _Drag.TOOL,
    Qt.MouseButton.MiddleButton: _Drag.PAN,
    Qt.MouseButton.RightButton: _Drag.ZOOM,
}


class Canvas(FrameView):
    """Left button: the tool chosen by `set_tool`; middle: pan; right: zoom; wheel: frames, with Ctrl zoom."""

    hovered = Signal(int, int, str)
    """Row, column and value of the pixel under the mouse, such as "137" or "12, 40, 200"; (-1, -1, "") off the frame."""
    radiusChanged = Signal(int)
    """The brush in hand has another radius, in frame pixels."""
    toolChanged = Signal(object)
    """Another `Tool` is chosen."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(session, parent)
        self._tools = make_tools(session, self._zooms)
        for tool in self._tools.values():
            self._area.addItem(tool.item, ignoreBounds=True)
        self._tool = Tool.WINDOW_LEVEL
        self._drag = _Drag.NONE
        self._pressed = QPointF()
        self._mouse: QPointF | None = None
        self._wheel = 0
        self.viewport().setMouseTracking(True)
        self.viewport().installEventFilter(Pen(self._pen, self))
        self._area.sigRangeChanged.connect(lambda *_: self._follow_mouse())
        session.frameChanged.connect(self._taken_away)
        self.hovered.connect(lambda row, column, value: session.proposals.hover(row, column))
        self.set_tool(Tool.WINDOW_LEVEL)

    # -- tools

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
        self._let_go()
        if (last := self._tools.get(self._tool)) is not None:
            last.forget()
        changed, self._tool = tool is not self._tool, tool
        for name, one in self._tools.items():
            one.item.setVisible(name is tool)
        self._follow_mouse()
        self._show_cursor()
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
        return tool is not None and tool.cancel()

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

    def _let_go(self) -> None:
        """End what is in hand cleanly: the mouse, the focus or the frame goes."""
        self._drag = _Drag.NONE
        if (tool := self._tools.get(self._tool)) is not None:
            tool.settle()
        self._outline.settle()

    def _taken_away(self) -> None:
        """Another frame is in view: what was in hand belongs to the last one."""
        self._let_go()
        if (tool := self._tools.get(self._tool)) is not None:
            tool.forget()
        self._follow_mouse()
        self._show_cursor()

    def _hurries(self) -> bool:
        return self._busy()

    def _show_cursor(self) -> None:
        if self._drag is _Drag.PAN:
            self.viewport().setCursor(Qt.CursorShape.ClosedHandCursor)
        elif (tool := self._mask_tool()) is None:
            self.viewport().setCursor(Qt.CursorShape.ArrowCursor)
        elif (shape := tool.cursor()) is not None:
            self.viewport().setCursor(shape)
        else:
            self.viewport().setCursor(crosshair(self.viewport().devicePixelRatioF()))

    # -- mouse and keys

    def _follow_mouse(self, alt: bool = False, shift: bool = False) -> None:
        """Tell the tool, and everyone, what on the frame is under the mouse: it moved, or the frame did."""
        at = None if self._mouse is None else self.frame_place(self._mouse)
        if (tool := self._mask_tool()) is not None:
            tool.set_straight(shift)
            tool.move(at, alt)
            if tool.cursor() is not None:
                self._show_cursor()
        self._tell_pixel(at)

    def _tell_pixel(self, at: Place | None) -> None:
        frame = self._session.frame
        if frame is not None and at is not None:
            row, column = floor(at[0]), floor(at[1])
            if 0 <= row < frame.shape[0] and 0 <= column < frame.shape[1]:
                value = frame.pixels[row, column]
                self.hovered.emit(row, column, ", ".join(str(int(one)) for one in value.reshape(-1)))
                return
        self.hovered.emit(-1, -1, "")

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begin what the button does, unless another button is at work."""
        event.accept()
        if self._session.frame is None or self._drag is not _Drag.NONE:
            return
        self._drag = _BUTTONS.get(event.button(), _Drag.NONE)
        self._pressed = self._mouse = event.position()
        if self._drag is _Drag.TOOL:
            tool = self._mask_tool()
            if tool is not None:
                tool.set_straight(_shift(event))
            if tool is None:
                self._drag = _Drag.WINDOW
            elif event.type() == QEvent.Type.MouseButtonDblClick:
                tool.double_press(self.frame_place(event.position()), _alt(event))
            else:
                tool.press(self.frame_place(event.position()), _alt(event))
        self._show_cursor()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """A second press at once: a press like another, only the polygon makes more of it."""
        self.mousePressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Go on with what the button does."""
        event.accept()
        if self._drag is not _Drag.NONE and event.buttons() == Qt.MouseButton.NoButton:
            self._let_go()  # the release went elsewhere
        step = QPointF() if self._mouse is None else event.position() - self._mouse
        self._mouse = event.position()
        if self._drag is _Drag.WINDOW:
            self.set_window(self._window.dragged(step.x(), step.y()))
        elif self._drag is _Drag.PAN:
            self._fitted = False
            down, across = self._zooms()
            self._area.translateBy(x=-step.x() / across, y=-step.y() / down)
        elif self._drag is _Drag.ZOOM:
            self.zoom_by(_ZOOM_A_PIXEL ** -step.y(), self._pressed)
        self._follow_mouse(_alt(event), _shift(event))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """End what the button did."""
        event.accept()
        if _BUTTONS.get(event.button()) not in (self._drag, _Drag.TOOL if self._drag is _Drag.WINDOW else None):
            return
        if self._drag is _Drag.TOOL and (tool := self._mask_tool()) is not None:
            tool.release()
            self._outline.settle()
        self._drag = _Drag.NONE
        self._show_cursor()

    def _pen(self, pressure: float, event: QMouseEvent) -> None:
        """A pen did what `event` says, pressing this hard."""
        if (tool := self._mask_tool()) is not None:
            tool.set_pressure(pressure)
        if event.type() is QEvent.Type.MouseButtonPress:
            self.setFocus(Qt.FocusReason.MouseFocusReason)
            self.mousePressEvent(event)
        elif event.type() is QEvent.Type.MouseMove:
            self.mouseMoveEvent(event)
        else:
            self.mouseReleaseEvent(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Wheel: frames, none while something is in hand; with Ctrl: zoom at the mouse; with Shift: the brush's size."""
        event.accept()
        # Alt, and on some systems Shift, turn the wheel sideways.
        turned = event.angleDelta().y() or event.angleDelta().x()
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.zoom_by(_ZOOM_A_NOTCH ** (turned / _NOTCH), event.position())
            return
        self._wheel += turned
        notches = int(self._wheel / _NOTCH)
        self._wheel -= notches * _NOTCH
        if not notches:
            return
        if event.modifiers() & Qt.KeyboardModifier.ShiftModifier and isinstance(self._mask_tool(), BrushTool):
            self.step_brush(notches)
        elif self._session.frame is not None and not self._busy():
            self._session.show_frame(self._session.frame.index - notches)

    def event(self, event: QEvent) -> bool:
        """Keep Enter for what is in hand: the window accepts a proposed outline with it."""
        asked = isinstance(event, QKeyEvent) and event.type() is QEvent.Type.ShortcutOverride and event.key() in _ENTER
        if asked and self._busy():
            event.accept()
            return True
        return bool(super().event(event))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Give the tool in hand Esc, Enter and Backspace; all other keys are the window's."""
        tool = self._mask_tool()
        if event.key() == Qt.Key.Key_Escape and self.cancel_tool():
            return
        if tool is not None and tool.key(event.key(), _alt(event)):
            return
        self._held_turned(event, True)
        event.ignore()

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        """Show that Alt no longer erases, or Shift no longer keeps straight."""
        self._held_turned(event, False)
        event.ignore()

    def _held_turned(self, event: QKeyEvent, held: bool) -> None:
        if event.key() == Qt.Key.Key_Alt:
            self._follow_mouse(held, _shift(event))
        elif event.key() == Qt.Key.Key_Shift:
            self._follow_mouse(_alt(event), held)

    def enterEvent(self, event: QEnterEvent) -> None:
        """Bring the ring to where the mouse comes in."""
        self._mouse = event.position()
        self._follow_mouse()
        super().enterEvent(event)

    def leaveEvent(self, event: QEvent) -> None:
        """End the stroke in hand and take the ring away."""
        self._let_go()
        self._mouse = None
        self._follow_mouse()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """End the stroke in hand."""
        self._let_go()
        super().focusOutEvent(event)

    def hideEvent(self, event: QHideEvent) -> None:
        """End the stroke in hand."""
        self._let_go()
        super().hideEvent(event)


def _alt(event: QMouseEvent | QKeyEvent) -> bool:
    return bool(event.modifiers() & Qt.KeyboardModifier.AltModifier)


def _shift(event: QMouseEvent | QKeyEvent) -> bool:
    return bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
