"""Moves and scales the whole mask: drag it, or one of the handles around it."""

from collections.abc import Callable
from math import hypot

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGraphicsItem

from csamoe_desktop.lesion.corrections import Extent, box_of, moved
from csamoe_desktop.lesion.history import EditedMask
from csamoe_desktop.lesion.outline import outlines
from csamoe_desktop.lesion.tools import Place
from csamoe_desktop.session.session import Session
from csamoe_desktop.ui.tools.base import MaskTool
from csamoe_desktop.ui.tools.sketch import CLOSE_BY, NOTHING, Sketch, SketchItem, places_of, rectangle

CUT_OFF = "Part of the outline would lie outside the image and was cut off; undo brings it back."
_SMALLEST = 2.0
"""Frame pixels a mask is scaled down to at most."""
# Of the extent, down and across: a corner scales both ways alike, the middle of a side one way.
_HANDLES = ((0.0, 0.0), (0.0, 0.5), (0.0, 1.0), (0.5, 1.0), (1.0, 1.0), (1.0, 0.5), (1.0, 0.0), (0.5, 0.0))
_SHAPES = (
    Qt.CursorShape.SizeFDiagCursor,
    Qt.CursorShape.SizeVerCursor,
    Qt.CursorShape.SizeBDiagCursor,
    Qt.CursorShape.SizeHorCursor,
)


class MoveTool(MaskTool):
    """One drag is one step of undo; Esc while dragging leaves the mask where it was."""

    def __init__(self, session: Session, zoom: Callable[[], tuple[float, float]]) -> None:
        """`zoom` returns the screen pixels a frame pixel has, down and across."""
        self._sketch = SketchItem()
        self.item: QGraphicsItem = self._sketch
        self._session = session
        self._zoom = zoom
        self._mask: EditedMask | None = None
        self._handle: int | None = None
        self._from: Place = (0.0, 0.0)
        self._start: Extent | None = None
        self._end: Extent | None = None
        self._lines: list[list[Place]] = []
        self._known: tuple[object, int] = (None, -1)
        session.maskChanged.connect(lambda box: self._show())

    @property
    def busy(self) -> bool:
        """Whether a drag is in hand."""
        return self._mask is not None and self._mask is self._session.mask

    def cursor(self) -> Qt.CursorShape | None:
        """Return arrows the way a drag would go."""
        return Qt.CursorShape.SizeAllCursor if self._handle is None else _SHAPES[self._handle % 4]

    def press(self, at: Place, alt: bool) -> None:
        """Take hold of a handle, or of the mask anywhere within them."""
        mask, extent = self._session.mask, self._extent()
        if mask is None or extent is None:
            return
        self._handle = self._handle_at(at)
        if self._handle is None and not (extent.top <= at[0] <= extent.bottom and extent.left <= at[1] <= extent.right):
            return
        self._mask, self._from, self._end = mask, at, extent
        self._lines = [places_of(points[:, ::-1]) for points in outlines(mask.pixels)]

    def move(self, at: Place | None, alt: bool) -> None:
        """Bring the mask's outline along."""
        if at is not None and self.busy and self._start is not None:
            self._end = self._dragged(self._start, at)
        elif at is not None:
            self._handle = self._handle_at(at)
        self._show()

    def release(self) -> None:
        """Put the mask where its outline is."""
        mask, start, end = self._mask, self._start, self._end
        self._mask, self._end, self._lines = None, None, []
        if mask is not None and mask is self._session.mask and start is not None and end is not None and end != start:
            self._session.mask_editor.apply(lambda mask: mask.redraw(moved(mask.pixels, start, end)))
            rows, columns = mask.pixels.shape
            if end.top < 0 or end.left < 0 or end.bottom > rows or end.right > columns:
                self._session.noted.emit(CUT_OFF)
        self._show()

    def settle(self) -> None:
        """End the drag here."""
        self.release()

    def cancel(self) -> bool:
        """Leave the mask where it was."""
        had = self.busy
        self._mask, self._end, self._lines, self._handle = None, None, [], None
        self._show()
        return had

    def _extent(self) -> Extent | None:
        """Return what the mask covers, or None; looked for again only where the mask is another."""
        mask = self._session.mask
        known = (mask, -1 if mask is None else mask.version)
        if known != self._known:
            box = None if mask is None else box_of(mask.pixels)
            self._known, self._start = known, None if box is None else Extent(*map(float, box))
        return self._start

    def _handle_at(self, at: Place) -> int | None:
        extent = self._extent()
        if extent is None:
            return None
        down, across = self._zoom()
        near = [
            (hypot((at[0] - row) * down, (at[1] - column) * across), place)
            for place, (row, column) in enumerate(_handles(extent))
        ]
        apart, place = min(near)
        return place if apart <= CLOSE_BY else None

    def _dragged(self, start: Extent, at: Place) -> Extent:
        """Return where the mask comes with the mouse here."""
        if self._handle is None:
            # By whole pixels, so that the mask keeps its shape to the pixel.
            rows, columns = round(at[0] - self._from[0]), round(at[1] - self._from[1])
            return Extent(start.top + rows, start.left + columns, start.bottom + rows, start.right + columns)
        down_side, across_side = _HANDLES[self._handle]
        high, wide = start.bottom - start.top, start.right - start.left
        down = (at[0] - self._from[0]) * (2 * down_side - 1) / high
        across = (at[1] - self._from[1]) * (2 * across_side - 1) / wide
        if down_side != 0.5 and across_side != 0.5:
            down = across = (down * high**2 + across * wide**2) / (high**2 + wide**2)
        high, wide = max(high * (1 + down), _SMALLEST), max(wide * (1 + across), _SMALLEST)
        top, bottom = (start.bottom - high, start.bottom) if down_side == 0 else (start.top, start.top + high)
        left, right = (start.right - wide, start.right) if across_side == 0 else (start.left, start.left + wide)
        return Extent(top, left, bottom, right)

    def _show(self) -> None:
        # Told of every change by any tool: a hidden one does not look at the mask.
        start = self._extent() if self._sketch.isVisible() else None
        if start is None:
            self._sketch.show_sketch(NOTHING)
            return
        end = self._end or start
        lines: list[list[Place]] = []
        if end != start:
            down, across = (
                (end.bottom - end.top) / (start.bottom - start.top),
                (end.right - end.left) / (start.right - start.left),
            )
            for one in self._lines:
                points = (np.asarray(one) - (start.top, start.left)) * (down, across) + (end.top, end.left)
                lines.append(places_of(np.vstack([points, points[:1]])))
        frame = rectangle((end.top, end.left), (end.bottom, end.right))
        meant = -1 if self._handle is None else self._handle
        self._sketch.show_sketch(Sketch(lines=lines, dashed=[frame], handles=_handles(end), meant=meant, square=True))


def _handles(extent: Extent) -> list[Place]:
    high, wide = extent.bottom - extent.top, extent.right - extent.left
    return [(extent.top + down * high, extent.left + across * wide) for down, across in _HANDLES]
