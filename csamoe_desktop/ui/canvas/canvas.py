"""The canvas: the current frame, with mouse and keyboard input.

Mouse events bypass pyqtgraph's scene, which drops moves and waits for five pixels before a drag begins: a stroke needs
every move from the first pixel on.
"""

from enum import Enum, auto
from math import floor

from PySide6.QtCore import QEvent, QPointF, Qt, Signal
from PySide6.QtGui import QEnterEvent, QFocusEvent, QHideEvent, QKeyEvent, QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QWidget

from csamoe_desktop.lesion.tools import Place
from csamoe_desktop.session.session import Session
from csamoe_desktop.ui.canvas.tool_view import ToolView
from csamoe_desktop.ui.canvas.window_level import WindowLevel
from csamoe_desktop.ui.tools.base import EDITING, Tool
from csamoe_desktop.ui.tools.brush import BrushTool
from csamoe_desktop.ui.tools.sketch import crosshair
from csamoe_desktop.ui.tools.stylus import Stylus
from csamoe_desktop.ui.tools.touch import Touch

_NOTCH = 120
"""One notch of the wheel, in Qt's eighths of a degree."""
_ENTER = (Qt.Key.Key_Return, Qt.Key.Key_Enter)
_ZOOM_PER_NOTCH = 1.2
_CLICK_TOLERANCE = 3
"""Screen pixels: a mouse that moves no farther between press and release has clicked, not dragged."""
_ZOOM_PER_PIXEL = 1.01


class _Drag(Enum):
    """What the pressed button does."""

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


class Canvas(ToolView):
    """Left button: the tool chosen by `set_tool`; middle: pan; right: zoom; wheel: frames, with Ctrl zoom.

    One finger acts as the left button; two fingers pan and zoom.
    """

    hovered = Signal(int, int, str)
    """Row, column and value of the pixel under the mouse, such as "137" or "12, 40, 200"; (-1, -1, "") outside the
    frame."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(session, parent)
        self._drag = _Drag.NONE
        self._pressed = QPointF()
        self._mouse: QPointF | None = None
        self._wheel = 0
        self._window_before = WindowLevel()
        self.viewport().setMouseTracking(True)
        self.viewport().installEventFilter(Stylus(self.draw, self))
        Touch(self.viewport(), self, self)
        self._area.sigRangeChanged.connect(lambda *_: self._follow_mouse())
        self.hovered.connect(lambda row, column, value: session.proposals.hover(row, column))
        self.set_tool(Tool.WINDOW_LEVEL)
        session.tool_busy, session.line_open = self.is_busy, lambda: self._unfinished_steps()[0]

    # -- state

    def is_busy(self) -> bool:
        """Return whether a button is down or a tool has unfinished work."""
        return self._drag is not _Drag.NONE or self._busy()

    def _interrupt_tool(self) -> None:
        self._drag = _Drag.NONE
        super()._interrupt_tool()

    def _tool_changed(self) -> None:
        self._follow_mouse()
        self._show_cursor()
        super()._tool_changed()

    def _show_cursor(self) -> None:
        if self._drag is _Drag.PAN:
            self.viewport().setCursor(Qt.CursorShape.ClosedHandCursor)
        elif (tool := self._mask_tool()) is None:
            self.viewport().setCursor(Qt.CursorShape.ArrowCursor)
        elif (shape := tool.cursor()) is not None:
            self.viewport().setCursor(shape)
        else:
            self.viewport().setCursor(crosshair(self.viewport().devicePixelRatioF()))

    # -- mouse

    def _follow_mouse(self, alt: bool = False, shift: bool = False) -> None:
        """Tell the tool and emit `hovered` for the place under the mouse, after the mouse or the frame moved."""
        at = None if self._mouse is None else self.frame_place(self._mouse)
        if (tool := self._mask_tool()) is not None:
            tool.set_straight(shift)
            tool.move(at, alt)
            if tool.cursor() is not None:
                self._show_cursor()
        self._emit_pixel(at)

    def _emit_pixel(self, at: Place | None) -> None:
        frame = self._session.frame
        if frame is not None and at is not None:
            row, column = floor(at[0]), floor(at[1])
            if 0 <= row < frame.shape[0] and 0 <= column < frame.shape[1]:
                value = frame.pixels[row, column]
                self.hovered.emit(row, column, ", ".join(str(int(channel)) for channel in value.reshape(-1)))
                return
        self.hovered.emit(-1, -1, "")

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begin the action of the button, unless another button is down."""
        event.accept()
        if self._session.frame is None or self._drag is not _Drag.NONE:
            return
        self._drag = _BUTTONS.get(event.button(), _Drag.NONE)
        self._pressed = self._mouse = event.position()
        if self._drag is _Drag.TOOL and self._tool in EDITING and self._session.lesions.refuses():
            self._drag = _Drag.NONE
        if self._drag is _Drag.TOOL:
            tool = self._mask_tool()
            if tool is not None:
                tool.set_straight(_shift(event))
            if tool is None and event.type() == QEvent.Type.MouseButtonDblClick and self._accept_at(event.position()):
                self._drag = _Drag.NONE
            elif tool is None:
                self._drag, self._window_before = _Drag.WINDOW, self._window
            elif event.type() == QEvent.Type.MouseButtonDblClick:
                tool.double_press(self.frame_place(event.position()), _alt(event))
            else:
                tool.press(self.frame_place(event.position()), _alt(event))
            self._emit_steps()
        self._show_cursor()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Handle a double click: a press that also closes a polygon or accepts a proposal."""
        self.mousePressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Continue the action of the pressed button."""
        event.accept()
        if self._drag is not _Drag.NONE and event.buttons() == Qt.MouseButton.NoButton:
            self._interrupt_tool()  # another widget received the release
        step = QPointF() if self._mouse is None else event.position() - self._mouse
        self._mouse = event.position()
        if self._drag is _Drag.WINDOW:
            self.set_window(self._window.dragged(step.x(), step.y()))
        elif self._drag is _Drag.PAN:
            self.pan_by(step)
        elif self._drag is _Drag.ZOOM:
            self.zoom_by(_ZOOM_PER_PIXEL ** -step.y(), self._pressed)
        self._follow_mouse(_alt(event), _shift(event))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """End the action of the button."""
        event.accept()
        if _BUTTONS.get(event.button()) not in (self._drag, _Drag.TOOL if self._drag is _Drag.WINDOW else None):
            return
        if self._drag is _Drag.TOOL and (tool := self._mask_tool()) is not None:
            tool.release()
            self._update_outline()
            self._emit_steps()
        if self._drag is _Drag.WINDOW and (event.position() - self._pressed).manhattanLength() <= _CLICK_TOLERANCE:
            self._choose_lesion(self.frame_place(event.position()))
        self._drag = _Drag.NONE
        self._show_cursor()

    def _accept_at(self, position: QPointF) -> bool:
        """Accept the proposal under the mouse; return whether there is one."""
        row, column = (floor(coordinate) for coordinate in self.frame_place(position))
        proposals = self._session.proposals
        return proposals.select_at(row, column) and proposals.accept()

    def _choose_lesion(self, at: Place) -> None:
        """Make the lesion at this place the current one, if there is one."""
        row, column = floor(at[0]), floor(at[1])
        for work in self._session.lesions.on_frame:
            rows, columns = work.mask.pixels.shape
            if work.shown and 0 <= row < rows and 0 <= column < columns and work.mask.pixels[row, column]:
                self._session.lesions.choose(work)
                return

    # -- stylus and touch (`tools.touch.TouchTarget`)

    def draw(self, pressure: float, event: QMouseEvent) -> None:
        """Handle a stylus or finger as the mouse event `event`, with this pressure (above 0, up to 1)."""
        if (tool := self._mask_tool()) is not None:
            tool.set_pressure(pressure)
        if event.type() in (QEvent.Type.MouseButtonPress, QEvent.Type.MouseButtonDblClick):
            self.setFocus(Qt.FocusReason.MouseFocusReason)
            self.mousePressEvent(event)
        elif event.type() is QEvent.Type.MouseMove:
            self.mouseMoveEvent(event)
        else:
            self.mouseReleaseEvent(event)

    def take_back(self) -> None:
        """Undo what the finger that is down has drawn: a second finger showed that it was not a stroke."""
        if self._drag is _Drag.WINDOW:
            self.set_window(self._window_before)
        elif self._drag is _Drag.TOOL and (tool := self._mask_tool()) is not None:
            tool.take_back()
            tool.set_pressure(1.0)
        self._interrupt_tool()

    def pinch(self, factor: float, around: QPointF, step: QPointF) -> None:
        """Enlarge the image by `factor` around a position in the viewport, and move it by `step`, in screen pixels."""
        self._mouse = None
        self.pan_by(step)
        if factor != 1.0:
            self.zoom_by(factor, around)

    def lift(self) -> None:
        """Clear the mouse position when no finger is down; unfinished work stays."""
        self._mouse = None
        self._follow_mouse()

    # -- wheel and keys

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Change the frame, unless a tool has unfinished work; with Ctrl, zoom at the mouse; with Shift, resize the
        brush."""
        event.accept()
        # With Alt, and on some systems with Shift, Qt reports the wheel as horizontal.
        angle = event.angleDelta().y() or event.angleDelta().x()
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.zoom_by(_ZOOM_PER_NOTCH ** (angle / _NOTCH), event.position())
            return
        self._wheel += angle
        notches = int(self._wheel / _NOTCH)
        self._wheel -= notches * _NOTCH
        if not notches:
            return
        if event.modifiers() & Qt.KeyboardModifier.ShiftModifier and isinstance(self._mask_tool(), BrushTool):
            self.step_brush(notches)
        elif not self._busy():
            self._session.navigation.by(-notches)

    def event(self, event: QEvent) -> bool:
        """Reserve Enter for unfinished work of a tool; otherwise the window accepts a proposal with it."""
        is_enter = (
            isinstance(event, QKeyEvent) and event.type() is QEvent.Type.ShortcutOverride and event.key() in _ENTER
        )
        if is_enter and self._busy():
            event.accept()
            return True
        return bool(super().event(event))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Pass Esc, Enter and Backspace to the current tool; leave all other keys to the window."""
        tool = self._mask_tool()
        if event.key() == Qt.Key.Key_Escape and self.cancel_tool():
            return
        if tool is not None and tool.key(event.key(), _alt(event)):
            self._emit_steps()
            return
        self._modifier_changed(event, True)
        event.ignore()

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        """Update the tool when Alt or Shift is released."""
        self._modifier_changed(event, False)
        event.ignore()

    def _modifier_changed(self, event: QKeyEvent, held: bool) -> None:
        if event.key() == Qt.Key.Key_Alt:
            self._follow_mouse(held, _shift(event))
        elif event.key() == Qt.Key.Key_Shift:
            self._follow_mouse(_alt(event), held)

    def enterEvent(self, event: QEnterEvent) -> None:
        """Show the ring where the mouse enters."""
        self._mouse = event.position()
        self._follow_mouse()
        super().enterEvent(event)

    def leaveEvent(self, event: QEvent) -> None:
        """End the current stroke and hide the ring."""
        self._interrupt_tool()
        self._mouse = None
        self._follow_mouse()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """End the current stroke."""
        self._interrupt_tool()
        super().focusOutEvent(event)

    def hideEvent(self, event: QHideEvent) -> None:
        """End the current stroke."""
        self._interrupt_tool()
        super().hideEvent(event)


def _alt(event: QMouseEvent | QKeyEvent) -> bool:
    return bool(event.modifiers() & Qt.KeyboardModifier.AltModifier)


def _shift(event: QMouseEvent | QKeyEvent) -> bool:
    return bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
