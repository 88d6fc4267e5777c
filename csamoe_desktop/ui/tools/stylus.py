"""Handles a stylus on the canvas: converts its tablet events to mouse events and keeps the pressure."""

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QMouseEvent, QPointingDevice, QTabletEvent

_KINDS = {
    QEvent.Type.TabletPress: QEvent.Type.MouseButtonPress,
    QEvent.Type.TabletMove: QEvent.Type.MouseMove,
    QEvent.Type.TabletRelease: QEvent.Type.MouseButtonRelease,
}


class Stylus(QObject):
    """Watches a widget and passes each stylus event on as its pressure (1 while it does not touch) and a mouse event.

    This is an event filter instead of the canvas's `viewportEvent`, as an exception in a handler called from there ends
    the program.
    """

    def __init__(self, deliver: Callable[[float, QMouseEvent], None], parent: QObject) -> None:
        super().__init__(parent)
        self._deliver = deliver

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Handle stylus events."""
        if event.type() not in _KINDS or not isinstance(event, QTabletEvent):
            return False
        event.accept()
        held = event.modifiers()
        if event.pointerType() == QPointingDevice.PointerType.Eraser:
            # The eraser end of the stylus works like Alt.
            held |= Qt.KeyboardModifier.AltModifier
        touches = event.type() is not QEvent.Type.TabletRelease and event.buttons() != Qt.MouseButton.NoButton
        as_mouse = QMouseEvent(
            _KINDS[event.type()], event.position(), event.globalPosition(), event.button(), event.buttons(), held
        )
        self._deliver(event.pressure() if touches else 1.0, as_mouse)
        return True
