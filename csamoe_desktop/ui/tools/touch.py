"""Fingers on the canvas: one draws with the tool in hand as the mouse does, two move and zoom the image and never draw."""

from math import hypot
from typing import Protocol

from PySide6.QtCore import QEvent, QObject, QPointF, Qt
from PySide6.QtGui import QEventPoint, QGuiApplication, QInputDevice, QMouseEvent, QTouchEvent
from PySide6.QtWidgets import QWidget

_SOON = 300
"""Milliseconds: a second finger that comes down this soon after the first was hovered from the beginning."""
_STILL = 6.0
"""Screen pixels: a finger that moves less has not begun to draw; it is a click if it comes up."""

_TOUCHES = (QEvent.Type.TouchBegin, QEvent.Type.TouchUpdate, QEvent.Type.TouchEnd, QEvent.Type.TouchCancel)
_MOUSE = (
    QEvent.Type.MouseButtonPress,
    QEvent.Type.MouseButtonDblClick,
    QEvent.Type.MouseMove,
    QEvent.Type.MouseButtonRelease,
)
_LEFT, _NONE = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton


class TouchTarget(Protocol):
    """What fingers do to: the canvas."""

    def draw(self, pressure: float, event: QMouseEvent) -> None:
        """A finger did what `event` says of a mouse, pressing this hard, above 0 to 1."""

    def take_back(self) -> None:
        """What the finger that is down has drawn was not hovered."""

    def pinch(self, factor: float, around: QPointF, step: QPointF) -> None:
        """Two fingers enlarge the image by `factor` around a place in the viewport, and move it by `step`."""

    def lift(self) -> None:
        """No finger is down any more."""


class Touch(QObject):
    """Watches a widget for fingers. Mouse events that the system makes up from them are dropped: they would draw twice.

    A finger draws from where it came down, but not before it has moved or come up: two fingers never quite come down at
    once. A filter, not the canvas's own `viewportEvent`: an exception in a handler called from there ends the program.
    """

    def __init__(self, widget: QWidget, target: TouchTarget, parent: QObject) -> None:
        super().__init__(parent)
        self._widget = widget
        self._target = target
        self._touch_seen = False
        """Whether there was ever a finger: without a touch screen all mouse events are taken."""
        self._places: dict[int, QPointF] = {}
        """Where the fingers are that are down, by their number."""
        self._down_at: QPointF | None = None
        """Where the one finger came down that has not begun to draw yet."""
        self._drawing = False
        self._since = 0
        self._pinched: tuple[frozenset[int], QPointF, float] | None = None
        """Which fingers pinched last, their middle and how far apart they were."""
        self._last_click: tuple[int, QPointF] | None = None
        widget.setAttribute(Qt.WidgetAttribute.WA_AcceptTouchEvents)
        widget.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Take fingers, and drop what the system makes up from them."""
        kind = event.type()
        if kind in _MOUSE and isinstance(event, QMouseEvent):
            return self._touch_seen and event.source() is not Qt.MouseEventSource.MouseEventNotSynthesized
        if kind not in _TOUCHES or not isinstance(event, QTouchEvent):
            return False
        event.accept()
        self._touch_seen = True
        if kind is QEvent.Type.TouchCancel:
            # The system took the fingers for something else.
            if self._drawing:
                self._target.take_back()
            self._reset()
        else:
            self._follow(event)
        return True

    def _follow(self, event: QTouchEvent) -> None:
        if event.type() is QEvent.Type.TouchBegin:
            self._places.clear()
        came_up = None
        for point in event.points():
            if point.state() is QEventPoint.State.Released:
                came_up = point
                self._places.pop(point.id(), None)
            elif point.state() is not QEventPoint.State.Stationary or point.id() not in self._places:
                self._places[point.id()] = point.position()
        if len(self._places) > 1:
            self._pinch(event)
        elif self._places:
            self._pinched = None
            self._draw(event, next(point for point in event.points() if point.id() in self._places))
        else:
            if came_up is not None and (self._down_at is not None or self._drawing):
                self._end(event, came_up)
            self._reset()

    def _draw(self, event: QTouchEvent, point: QEventPoint) -> None:
        """One finger is down."""
        at = self._places[point.id()]
        if event.type() is QEvent.Type.TouchBegin:
            self._down_at, self._since = at, event.timestamp()
        elif self._down_at is not None and hypot(at.x() - self._down_at.x(), at.y() - self._down_at.y()) > _STILL:
            self._begin(event, point, self._down_at)
        if self._drawing:
            self._send(event, point, QEvent.Type.MouseMove, at)

    def _begin(self, event: QTouchEvent, point: QEventPoint, at: QPointF) -> None:
        hints, kind = QGuiApplication.styleHints(), QEvent.Type.MouseButtonPress
        if self._last_click is not None:
            when, where = self._last_click
            apart = hypot(at.x() - where.x(), at.y() - where.y())
            if self._since - when <= hints.mouseDoubleClickInterval() and apart <= hints.touchDoubleTapDistance():
                kind = QEvent.Type.MouseButtonDblClick
        # The third click is none of a pair again.
        self._last_click = (self._since, at) if kind is QEvent.Type.MouseButtonPress else None
        self._down_at, self._drawing = None, True
        self._send(event, point, kind, at)

    def _end(self, event: QTouchEvent, point: QEventPoint) -> None:
        """The one finger comes up."""
        if self._down_at is not None:
            self._begin(event, point, self._down_at)
        else:
            self._send(event, point, QEvent.Type.MouseMove, point.position())
        self._send(event, point, QEvent.Type.MouseButtonRelease, point.position())

    def _pinch(self, event: QTouchEvent) -> None:
        """Several fingers are down."""
        places = list(self._places.values())
        middle = sum(places, QPointF()) / len(places)
        apart = sum(hypot(one.x() - middle.x(), one.y() - middle.y()) for one in places) / len(places)
        if self._drawing:
            if event.timestamp() - self._since <= _SOON:
                self._target.take_back()
            else:
                self._send(event, event.points()[0], QEvent.Type.MouseButtonRelease, places[0])
        # What is left of them does not draw.
        self._down_at, self._drawing, self._last_click = None, False, None
        fingers = frozenset(self._places)
        if self._pinched is not None and self._pinched[0] == fingers:
            _, before, was_apart = self._pinched
            # Fingers side by side say nothing of the size.
            factor = apart / was_apart if min(apart, was_apart) > _STILL else 1.0
            self._target.pinch(factor, middle, middle - before)
        self._pinched = fingers, middle, apart

    def _reset(self) -> None:
        self._places.clear()
        self._down_at, self._drawing, self._pinched = None, False, None
        self._target.lift()

    def _send(self, event: QTouchEvent, point: QEventPoint, kind: QEvent.Type, at: QPointF) -> None:
        released, moved = kind is QEvent.Type.MouseButtonRelease, kind is QEvent.Type.MouseMove
        where = QPointF(self._widget.mapToGlobal(at))
        button, held = _NONE if moved else _LEFT, _NONE if released else _LEFT
        as_mouse = QMouseEvent(kind, at, where, button, held, event.modifiers())
        self._target.draw(pressure_of(event.device(), point), as_mouse)


def pressure_of(device: QInputDevice | None, point: QEventPoint) -> float:
    """Return how hard a finger presses, above 0 to 1; 1 where the screen does not tell, and as it comes up."""
    if device is None or not device.capabilities() & QInputDevice.Capability.Pressure:
        return 1.0
    return min(float(point.pressure()), 1.0) or 1.0
