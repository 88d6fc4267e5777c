"""Moves and scales the whole mask by dragging it or one of the handles around it."""

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

CUT_OFF = "Part of the outline was moved outside the image and has been cut off. Undo to restore it."
_MIN_SIZE = 2.0
"""Smallest side of a scaled mask, in frame pixels."""
# Positions as shares of the extent (vertical, horizontal): a corner scales both axes alike, the middle of a side one.
_HANDLES = ((0.0, 0.0), (0.0, 0.5), (0.0, 1.0), (0.5, 1.0), (1.0, 1.0), (1.0, 0.5), (1.0, 0.0), (0.5, 0.0))
_SHAPES = (
    Qt.CursorShape.SizeFDiagCursor,
    Qt.CursorShape.SizeVerCursor,
    Qt.CursorShape.SizeBDiagCursor,
    Qt.CursorShape.SizeHorCursor,
)


class MoveTool(MaskTool):
    """Moves or scales the mask; one drag is one step of undo, and Esc during the drag cancels it."""

    def __init__(self, session: Session, zoom: Callable[[], tuple[float, float]]) -> None:
        """`zoom` returns the screen pixels per frame pixel: vertical, horizontal."""
        self._sketch = SketchItem()
        self.item: QGraphicsItem = self._sketch
        self._session = session
        self._zoom = zoom
        self._mask: EditedMask | None = None
        self._handle: int | None = None
        self._pressed_at: Place = (0.0, 0.0)
        self._start: Extent | None = None
        self._end: Extent | None = None
        self._lines: list[list[Place]] = []
        self._extent_of: tuple[object, int] = (None, -1)
        """The mask and its version that the extent `_start` belongs to."""
        session.maskChanged.connect(lambda box: self._show())

    @property
    def busy(self) -> bool:
        """Whether a drag is in progress."""
        return self._mask is not None and self._mask is self._session.mask

    def cursor(self) -> Qt.CursorShape | None:
        """Return arrows in the directions of a drag from here."""
        return Qt.CursorShape.SizeAllCursor if self._handle is None else _SHAPES[self._handle % 4]

    def press(self, at: Place, alt: bool) -> None:
        """Grab a handle, or the mask anywhere inside the handles."""
        mask, extent = self._session.mask, self._extent()
        if mask is None or extent is None:
            return
        self._handle = self._handle_at(at)
        if self._handle is None and not (extent.top <= at[0] <= extent.bottom and extent.left <= at[1] <= extent.right):
            return
        self._mask, self._pressed_at, self._end = mask, at, extent
        self._lines = [places_of(points[:, ::-1]) for points in outlines(mask.pixels)]

    def move(self, at: Place | None, alt: bool) -> None:
        """Move the outline with the mouse."""
        if at is not None and self.busy and self._start is not None:
            self._end = self._dragged(self._start, at)
        elif at is not None:
            self._handle = self._handle_at(at)
        self._show()

    def release(self) -> None:
        """Move or scale the mask to where its outline has been dragged."""
        mask, start, end = self._mask, self._start, self._end
        self._mask, self._end, self._lines = None, None, []
        if mask is not None and mask is self._session.mask and start is not None and end is not None and end != start:
            self._session.mask_editor.apply(lambda mask: mask.redraw(moved(mask.pixels, start, end)))
            rows, columns = mask.pixels.shape
            if end.top < 0 or end.left < 0 or end.bottom > rows or end.right > columns:
                self._session.noted.emit(CUT_OFF)
        self._show()

    def interrupt(self) -> None:
        """End the drag here."""
        self.release()

    def cancel(self) -> bool:
        """Cancel the drag; the mask stays where it was."""
        was_busy = self.busy
        self._mask, self._end, self._lines, self._handle = None, None, [], None
        self._show()
        return was_busy

    def _extent(self) -> Extent | None:
        """Return the extent of the mask, or None if it is empty; computed again only after the mask has changed."""
        mask = self._session.mask
        state = (mask, -1 if mask is None else mask.version)
        if state != self._extent_of:
            box = None if mask is None else box_of(mask.pixels)
            self._extent_of, self._start = state, None if box is None else Extent(*map(float, box))
        return self._start

    def _handle_at(self, at: Place) -> int | None:
        extent = self._extent()
        if extent is None:
            return None
        down, across = self._zoom()
        candidates = [
            (hypot((at[0] - row) * down, (at[1] - column) * across), handle)
            for handle, (row, column) in enumerate(_handles(extent))
        ]
        distance, handle = min(candidates)
        return handle if distance <= CLOSE_BY else None

    def _dragged(self, start: Extent, at: Place) -> Extent:
        """Return the new extent of the mask with the mouse here."""
        if self._handle is None:
            # Only by whole pixels, so that the mask keeps its exact shape.
            rows, columns = round(at[0] - self._pressed_at[0]), round(at[1] - self._pressed_at[1])
            return Extent(start.top + rows, start.left + columns, start.bottom + rows, start.right + columns)
        down_side, across_side = _HANDLES[self._handle]
        height, width = start.bottom - start.top, start.right - start.left
        down = (at[0] - self._pressed_at[0]) * (2 * down_side - 1) / height
        across = (at[1] - self._pressed_at[1]) * (2 * across_side - 1) / width
        if down_side != 0.5 and across_side != 0.5:
            down = across = (down * height**2 + across * width**2) / (height**2 + width**2)
        height, width = max(height * (1 + down), _MIN_SIZE), max(width * (1 + across), _MIN_SIZE)
        top, bottom = (start.bottom - height, start.bottom) if down_side == 0 else (start.top, start.top + height)
        left, right = (start.right - width, start.right) if across_side == 0 else (start.left, start.left + width)
        return Extent(top, left, bottom, right)

    def _show(self) -> None:
        # Every change of the mask by any tool calls this: a hidden tool must not spend time on the mask.
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
            for line in self._lines:
                points = (np.asarray(line) - (start.top, start.left)) * (down, across) + (end.top, end.left)
                lines.append(places_of(np.vstack([points, points[:1]])))
        frame = rectangle((end.top, end.left), (end.bottom, end.right))
        hovered = -1 if self._handle is None else self._handle
        self._sketch.show_sketch(
            Sketch(lines=lines, dashed=[frame], handles=_handles(end), hovered=hovered, square=True)
        )


def _handles(extent: Extent) -> list[Place]:
    height, width = extent.bottom - extent.top, extent.right - extent.left
    return [(extent.top + down * height, extent.left + across * width) for down, across in _HANDLES]
