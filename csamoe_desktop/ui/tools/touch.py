"""Handles touch on the canvas: one finger works like the mouse, two fingers pan and zoom the image and never draw."""

from math import hypot
from typing import Protocol

from PySide6.QtCore import QEvent, QObject, QPointF, Qt
from PySide6.QtGui import QEventPoint, QGuiApplication, QInputDevice, QMouseEvent, QTouchEvent
from PySide6.QtWidgets import QWidget

_PINCH_DELAY = 300
"""Milliseconds: if a second finger touches within this time after the first, the gesture was a pinch from the start."""
_CLICK_TOLERANCE = 6.0
"""Screen pixels: a finger that moves no farther has not begun to draw; if it is lifted, it has clicked."""

_TOUCHES = (QEvent.Type.TouchBegin, QEvent.Type.TouchUpdate, QEvent.Type.TouchEnd, QEvent.Type.TouchCancel)
_MOUSE = (
    QEvent.Type.MouseButtonPress,
    QEvent.Type.MouseButtonDblClick,
    QEvent.Type.MouseMove,
    QEvent.Type.MouseButtonRelease,
)
_LEFT, _NONE = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton


class TouchTarget(Protocol):
    """The interface through which `Touch` controls the canvas."""

    def draw(self, pressure: float, event: QMouseEvent) -> None:
        """Handle a finger as the mouse event `event`, with this pressure (above 0, up to 1)."""

    def take_back(self) -> None:
        """Undo what the finger that is down has drawn: a second finger showed that it was not a stroke."""

    def pinch(self, factor: float, around: QPointF, step: QPointF) -> None:
        """Enlarge the image by `factor` around a position in the viewport, and move it by `step`, in screen pixels."""

    def lift(self) -> None:
        """Handle that the last finger has been lifted."""


class Touch(QObject):
    """Watches a widget for touch events. Mouse events that the system derives from them are dropped, or every stroke
    would be drawn twice.

    A finger draws from where it touched, but only once it has moved or is lifted, as two fingers never touch at exactly
    the same time. This is an event filter instead of the canvas's `viewportEvent`, as an exception in a handler called
    from there ends the program.
    """

    def __init__(self, widget: QWidget, target: TouchTarget, parent: QObject) -> None:
        super().__init__(parent)
        self._widget = widget
        self._target = target
        self._touch_seen = False
        """Whether there has been any touch event; until then no mouse event is dropped."""
        self._places: dict[int, QPointF] = {}
        """Positions of the fingers that are down, by their number."""
        self._down_at: QPointF | None = None
        """Where a single finger touched that has not begun to draw yet."""
        self._drawing = False
        self._since = 0
        """Time of the first touch, in milliseconds."""
        self._pinched: tuple[frozenset[int], QPointF, float] | None = None
        """The fingers of the last pinch event, their centre and their mean distance from it."""
        self._last_click: tuple[int, QPointF] | None = None
        widget.setAttribute(Qt.WidgetAttribute.WA_AcceptTouchEvents)
        widget.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Handle touch events, and drop mouse events that the system derives from them."""
        kind = event.type()
        if kind in _MOUSE and isinstance(event, QMouseEvent):
            return self._touch_seen and event.source() is not Qt.MouseEventSource.MouseEventNotSynthesized
        if kind not in _TOUCHES or not isinstance(event, QTouchEvent):
            return False
        event.accept()
        self._touch_seen = True
        if kind is QEvent.Type.TouchCancel:
            # The system has used the touch for a gesture of its own.
            if self._drawing:
                self._target.take_back()
            self._reset()
        else:
            self._follow(event)
        return True

    def _follow(self, event: QTouchEvent) -> None:
        if event.type() is QEvent.Type.TouchBegin:
            self._places.clear()
        lifted = None
        for point in event.points():
            if point.state() is QEventPoint.State.Released:
                lifted = point
                self._places.pop(point.id(), None)
            elif point.state() is not QEventPoint.State.Stationary or point.id() not in self._places:
                self._places[point.id()] = point.position()
        if len(self._places) > 1:
            self._pinch(event)
        elif self._places:
            self._pinched = None
            self._draw(event, next(point for point in event.points() if point.id() in self._places))
        else:
            if lifted is not None and (self._down_at is not None or self._drawing):
                self._end(event, lifted)
            self._reset()

    def _draw(self, event: QTouchEvent, point: QEventPoint) -> None:
        """Handle a single finger."""
        at = self._places[point.id()]
        if event.type() is QEvent.Type.TouchBegin:
            self._down_at, self._since = at, event.timestamp()
        elif self._down_at is not None:
            moved = hypot(at.x() - self._down_at.x(), at.y() - self._down_at.y())
            if moved > _CLICK_TOLERANCE:
                self._begin(event, point, self._down_at)
        if self._drawing:
            self._send(event, point, QEvent.Type.MouseMove, at)

    def _begin(self, event: QTouchEvent, point: QEventPoint, at: QPointF) -> None:
        hints, kind = QGuiApplication.styleHints(), QEvent.Type.MouseButtonPress
        if self._last_click is not None:
            time, position = self._last_click
            distance = hypot(at.x() - position.x(), at.y() - position.y())
            if self._since - time <= hints.mouseDoubleClickInterval() and distance <= hints.touchDoubleTapDistance():
                kind = QEvent.Type.MouseButtonDblClick
        # A third click begins a new pair.
        self._last_click = (self._since, at) if kind is QEvent.Type.MouseButtonPress else None
        self._down_at, self._drawing = None, True
        self._send(event, point, kind, at)

    def _end(self, event: QTouchEvent, point: QEventPoint) -> None:
        """Handle the lift of a single finger."""
        if self._down_at is not None:
            self._begin(event, point, self._down_at)
        else:
            self._send(event, point, QEvent.Type.MouseMove, point.position())
        self._send(event, point, QEvent.Type.MouseButtonRelease, point.position())

    def _pinch(self, event: QTouchEvent) -> None:
        """Handle two or more fingers."""
        places = list(self._places.values())
        centre = sum(places, QPointF()) / len(places)
        spread = sum(hypot(place.x() - centre.x(), place.y() - centre.y()) for place in places) / len(places)
        if self._drawing:
            if event.timestamp() - self._since <= _PINCH_DELAY:
                self._target.take_back()
            else:
                self._send(event, event.points()[0], QEvent.Type.MouseButtonRelease, places[0])
        # A finger that stays down after a pinch does not draw.
        self._down_at, self._drawing, self._last_click = None, False, None
        fingers = frozenset(self._places)
        if self._pinched is not None and self._pinched[0] == fingers:
            _, last_centre, last_spread = self._pinched
            # When fingers are close together, the ratio of their distances is too imprecise for a zoom.
            factor = spread / last_spread if min(spread, last_spread) > _CLICK_TOLERANCE else 1.0
            self._target.pinch(factor, centre, centre - last_centre)
        self._pinched = fingers, centre, spread

    def _reset(self) -> None:
        self._places.clear()
        self._down_at, self._drawing, self._pinched = None, False, None
        self._target.lift()

    def _send(self, event: QTouchEvent, point: QEventPoint, kind: QEvent.Type, at: QPointF) -> None:
        released, moved = kind is QEvent.Type.MouseButtonRelease, kind is QEvent.Type.MouseMove
        global_position = QPointF(self._widget.mapToGlobal(at))
        button, held = _NONE if moved else _LEFT, _NONE if released else _LEFT
        as_mouse = QMouseEvent(kind, at, global_position, button, held, event.modifiers())
        self._target.draw(pressure_of(event.device(), point), as_mouse)


def pressure_of(device: QInputDevice | None, point: QEventPoint) -> float:
    """Return the pressure of a finger, above 0 up to 1; 1 if the screen does not report it or the finger is lifted."""
    if device is None or not device.capabilities() & QInputDevice.Capability.Pressure:
        return 1.0
    return min(float(point.pressure()), 1.0) or 1.0
