"""The mouse in a mask: what the brush, the eraser and the polygon make of presses and moves, and how they look meanwhile.

A tool works on the session's mask with the pure functions of `lesion/tools.py`, and tells the session of each change.
Places are continuous (row, column) on the frame, as there.
"""

from collections.abc import Callable
from enum import StrEnum
from math import hypot

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

from csamoe_desktop.lesion.history import EditedMask
from csamoe_desktop.lesion.tools import Place, brush, polygon
from csamoe_desktop.ui.overlays import HALO, WHITE, line
from csamoe_desktop.ui.session import Session

LEAST_RADIUS, GREATEST_RADIUS = 1, 200

_DARK = QColor(0, 0, 0, 200)
_LEAST_RING = 4.0
"""Screen pixels: a ring is never drawn smaller."""
_CLOSE_BY = 9.0
"""Screen pixels: a click this near to the first vertex means it."""
_EVERYWHERE = QRectF(-1e6, -1e6, 2e6, 2e6)


class Tool(StrEnum):
    """What the left button does; panning and zooming are the other buttons' in every tool."""

    WINDOW_LEVEL = "window_level"
    BRUSH = "brush"
    ERASER = "eraser"
    POLYGON = "polygon"


class MaskTool:
    """What the canvas asks of a tool that edits the mask; this one does nothing.

    `item` is what the tool draws, in frame pixels. `busy` is whether it has something in hand, which Esc cancels.
    """

    item: QGraphicsItem

    @property
    def busy(self) -> bool:
        """Whether a stroke or polygon is in hand."""
        return False

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

    def settle(self) -> None:
        """The mouse or the frame is taken away: leave everything in order."""

    def cancel(self) -> bool:
        """Take back what is in hand; return whether there was anything."""
        return False


class BrushTool(MaskTool):
    """Paints, or erases where it is the eraser or Alt is held as the stroke begins; one stroke is one step of undo."""

    def __init__(self, session: Session, radius: int) -> None:
        self.item: RingItem = RingItem()
        self.erases = False
        self._session = session
        self._mask: EditedMask | None = None
        self._last: Place = (0.0, 0.0)
        self._value = True
        self.set_radius(radius)

    @property
    def busy(self) -> bool:
        """Whether a stroke is in hand: not if it was taken back or replaced by others meanwhile."""
        return self._mask is not None and self._mask is self._session.mask and self._mask.in_stroke

    @property
    def radius(self) -> int:
        """In frame pixels."""
        return self._radius

    def set_radius(self, radius: int) -> None:
        """Set the radius in frame pixels, kept between its limits."""
        self._radius = min(max(radius, LEAST_RADIUS), GREATEST_RADIUS)
        self.item.set_radius(self._radius)

    def press(self, at: Place, alt: bool) -> None:
        """Begin a stroke."""
        self._mask = self._session.mask
        if self._mask is None:
            return
        self._mask.begin()
        self._value = not (self.erases or alt)
        self._last = at
        self._paint(at)

    def move(self, at: Place | None, alt: bool) -> None:
        """Bring the ring here, and the stroke in hand too."""
        self.item.place(at, erases=not self._value if self.busy else self.erases or alt)
        if self.busy and at is not None:
            self._paint(at)

    def release(self) -> None:
        """End the stroke."""
        self.settle()

    def settle(self) -> None:
        """End the stroke in hand where it is, on the mask it began on."""
        if self._mask is not None:
            self._mask.end()
        self._mask = None

    def cancel(self) -> bool:
        """Take back the stroke in hand."""
        if not self.busy or self._mask is None:
            return False
        box = self._mask.cancel()
        self._mask = None
        self._session.mask_edited(box)
        return True

    def _paint(self, at: Place) -> None:
        mask = self._mask
        if mask is None:
            return
        rows, columns = mask.pixels.shape
        changed = mask.paint(*brush((rows, columns), self._last, at, self._radius), self._value)
        self._last = at
        if changed is not None:
            self._session.mask_edited(changed)


class PolygonTool(MaskTool):
    """Fills a polygon clicked vertex by vertex; with Alt held as it closes, cuts it out."""

    def __init__(self, session: Session, zoom: Callable[[], tuple[float, float]]) -> None:
        """`zoom` returns the screen pixels a frame pixel has, down and across."""
        self.item: PolygonItem = PolygonItem()
        self._session = session
        self._zoom = zoom
        self._vertices: list[Place] = []

    @property
    def busy(self) -> bool:
        """Whether there is a vertex."""
        return bool(self._vertices)

    @property
    def vertices(self) -> tuple[Place, ...]:
        """The vertices so far."""
        return tuple(self._vertices)

    def press(self, at: Place, alt: bool) -> None:
        """Add a vertex, or close on the first one."""
        if self._session.mask is None:
            return
        if self._closes(at):
            self._close(alt)
        elif not self._vertices or at != self._vertices[-1]:
            self._vertices.append(at)
        self._show(at)

    def double_press(self, at: Place, alt: bool) -> None:
        """Close; the first press of the two has added the last vertex."""
        self._close(alt)
        self._show(at)

    def move(self, at: Place | None, alt: bool) -> None:
        """Draw the line to the mouse."""
        self._show(at)

    def key(self, key: int, alt: bool) -> bool:
        """Enter closes, Backspace removes the last vertex."""
        if not self._vertices:
            return False
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._close(alt)
        elif key == Qt.Key.Key_Backspace:
            self._vertices.pop()
        else:
            return False
        self._show(self.item.mouse)
        return True

    def settle(self) -> None:
        """Hide the line to the mouse; the vertices stay."""
        self._show(None)

    def cancel(self) -> bool:
        """Forget the vertices."""
        had = self.busy
        self._vertices.clear()
        self._show(None)
        return had

    def _closes(self, at: Place | None) -> bool:
        if at is None or len(self._vertices) < 3:
            return False
        down, across = self._zoom()
        row, column = self._vertices[0]
        return hypot((at[0] - row) * down, (at[1] - column) * across) <= _CLOSE_BY

    def _close(self, cut: bool) -> None:
        """Fill or cut out, one step of undo; fewer than three vertices wait for more."""
        mask = self._session.mask
        if mask is None or len(self._vertices) < 3:
            return
        rows, columns = mask.pixels.shape
        mask.begin()
        changed = mask.paint(*polygon((rows, columns), self._vertices), not cut)
        mask.end()
        self._vertices.clear()
        if changed is not None:
            self._session.mask_edited(changed)

    def _show(self, at: Place | None) -> None:
        self.item.show_polygon(self._vertices, at, self._closes(at))


class RingItem(QGraphicsItem):
    """The brush's ring: exactly what a click would cover, dashed where it would erase."""

    def __init__(self) -> None:
        super().__init__()
        self._at: Place | None = None
        self._erases = False
        self._radius = 1

    def set_radius(self, radius: int) -> None:
        """Draw another size, in frame pixels."""
        self.prepareGeometryChange()
        self._radius = radius

    def place(self, at: Place | None, erases: bool) -> None:
        """Draw the ring here, or nowhere."""
        self.prepareGeometryChange()
        self._at, self._erases = at, erases
        self.update()

    def boundingRect(self) -> QRectF:
        """Return the ring's square with room for its line and its least size."""
        if self._at is None:
            return QRectF()
        scene = self.sceneTransform()
        room = _LEAST_RING + 4
        across = self._radius + room / max(abs(scene.m11()), 1e-6)
        down = self._radius + room / max(abs(scene.m22()), 1e-6)
        row, column = self._at
        return QRectF(column - across, row - down, 2 * across, 2 * down)

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        """Paint it: dark and light together, to be seen on any tissue."""
        if self._at is None:
            return
        # The brush sits on whole pixels, and so does its ring.
        row, column = (int(place // 1) + 0.5 for place in self._at)
        world = painter.worldTransform()
        centre = world.map(QPointF(column, row))
        across = max((self._radius - 0.5) * abs(world.m11()), _LEAST_RING)
        down = max((self._radius - 0.5) * abs(world.m22()), _LEAST_RING)
        painter.save()
        painter.resetTransform()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for pen in (line(_DARK, 3.5), line(WHITE, 1.5, (4.0, 3.0) if self._erases else ())):
            painter.setPen(pen)
            painter.drawEllipse(centre, across, down)
        painter.restore()


class PolygonItem(QGraphicsItem):
    """A polygon in the making: its edges, vertices, and a dashed line to the mouse and back to the first vertex."""

    def __init__(self) -> None:
        super().__init__()
        self.mouse: Place | None = None
        self._vertices: list[Place] = []
        self._closes = False

    def show_polygon(self, vertices: list[Place], mouse: Place | None, closes: bool) -> None:
        """Draw these vertices and the mouse; `closes`: a click now closes."""
        self.prepareGeometryChange()
        self._vertices, self.mouse, self._closes = list(vertices), mouse, closes
        self.update()

    def boundingRect(self) -> QRectF:
        """Return everywhere: vertices may lie outside the frame, and there are few."""
        return _EVERYWHERE if self._vertices else QRectF()

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        """Paint it."""
        if not self._vertices:
            return
        world = painter.worldTransform()
        corners = [world.map(QPointF(column, row)) for row, column in self._vertices]
        painter.save()
        painter.resetTransform()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        edges = QPainterPath(corners[0])
        for corner in corners[1:]:
            edges.lineTo(corner)
        for pen in (line(_DARK, 4), line(WHITE, 2)):
            painter.setPen(pen)
            painter.drawPath(edges)
        if self.mouse is not None:
            rubber = QPainterPath(corners[-1])
            rubber.lineTo(corners[0] if self._closes else world.map(QPointF(self.mouse[1], self.mouse[0])))
            if len(corners) > 1:
                rubber.lineTo(corners[0])
            for pen in (line(HALO, 2.5), line(WHITE, 1.2, (4.0, 4.0))):
                painter.setPen(pen)
                painter.drawPath(rubber)
        painter.setPen(line(_DARK, 1.5))
        painter.setBrush(WHITE)
        for place, corner in enumerate(corners):
            size = 6.0 if place == 0 and self._closes else 4.5 if place == 0 else 3.0
            painter.drawEllipse(corner, size, size)
        painter.restore()
