"""A pen's events on the canvas: taken as they come, as the mouse's they would say nothing of how hard it presses."""

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QMouseEvent, QPointingDevice, QTabletEvent

_KINDS = {
    QEvent.Type.TabletPress: QEvent.Type.MouseButtonPress,
    QEvent.Type.TabletMove: QEvent.Type.MouseMove,
    QEvent.Type.TabletRelease: QEvent.Type.MouseButtonRelease,
}


class Stylus(QObject):
    """Watches a widget and tells each of a pen's events: its pressure, 1 where it does not touch, and as the mouse's.

    A filter, not the canvas's own `viewportEvent`: an exception in a handler called from there ends the program.
    """

    def __init__(self, deliver: Callable[[float, QMouseEvent], None], parent: QObject) -> None:
        super().__init__(parent)
        self._deliver = deliver

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Take a pen's events."""
        if event.type() not in _KINDS or not isinstance(event, QTabletEvent):
            return False
        event.accept()
        held = event.modifiers()
        if event.pointerType() == QPointingDevice.PointerType.Eraser:
            # The pen's other end erases, as Alt does.
            held |= Qt.KeyboardModifier.AltModifier
        touches = event.type() is not QEvent.Type.TabletRelease and event.buttons() != Qt.MouseButton.NoButton
        as_mouse = QMouseEvent(
            _KINDS[event.type()], event.position(), event.globalPosition(), event.button(), event.buttons(), held
        )
        self._deliver(event.pressure() if touches else 1.0, as_mouse)
        return True
