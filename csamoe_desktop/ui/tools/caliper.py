"""The caliper: measures a distance by dragging; its ends can be moved afterwards."""

from collections.abc import Callable
from math import hypot

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGraphicsItem

from csamoe_desktop.lesion.calipers import (
    SNAPS_WITHIN,
    Caliper,
    Edges,
    Snapping,
    distance_to,
    edges_of,
    first_end,
    other_end,
)
from csamoe_desktop.lesion.tools import Place
from csamoe_desktop.session.session import Session
from csamoe_desktop.ui.tools.base import MaskTool
from csamoe_desktop.ui.tools.sketch import CLOSE_BY, NOTHING, Sketch, SketchItem

_CLICK_TOLERANCE = 3.0
"""Screen pixels: a press that moves no farther is a click, and a caliper must be longer."""


class CaliperTool(MaskTool):
    """Draws calipers and moves their ends; a click selects one, Delete removes it.

    The view draws the calipers with every tool; this tool draws only the dot where an end would be.
    """

    def __init__(self, session: Session, zoom: Callable[[], tuple[float, float]]) -> None:
        """`zoom` returns the screen pixels per frame pixel: vertical, horizontal."""
        self._sketch = SketchItem()
        self.item: QGraphicsItem = self._sketch
        self._session = session
        self._zoom = zoom
        self._straight = False
        self._index: int | None = None
        """Index of the caliper whose end is dragged; None: a new caliper."""
        self._fixed: Place | None = None
        """The end that stays; None: nothing is dragged."""
        self._pressed_at: Place = (0.0, 0.0)
        self._across: Caliper | None = None
        """The caliper that a new one begins on the middle of, at a right angle."""
        self._edges_of: tuple[object, int] = (None, -1)
        """The mask and its version that `_edges` belongs to."""
        self._edges: Edges | None = None
        session.frameChanged.connect(lambda: self._drop())

    @property
    def busy(self) -> bool:
        """Whether a caliper is being drawn or moved."""
        return self._fixed is not None

    def set_straight(self, held: bool) -> None:
        """Restrict the line to 0, 45 and 90 degrees, or not."""
        self._straight = held

    def press(self, at: Place, alt: bool) -> None:
        """Grab an end or begin a caliper; one that begins on the middle of another is drawn at a right angle to it."""
        if self._session.work is None:
            return
        self._pressed_at, self._across = at, None
        grabbed = self._end_at(at)
        if grabbed is not None:
            self._index, is_second = grabbed
            caliper = self._session.calipers.on_frame[self._index]
            self._fixed = caliper.start if is_second else caliper.end
            self._session.calipers.select(self._index)
        else:
            self._index = None
            self._across = None if alt else self._middle_at(at)
            self._fixed = first_end(at, self._snapping(alt))[0] if self._across is None else self._across.middle

    def move(self, at: Place | None, alt: bool) -> None:
        """Move the dragged end here, or show where a caliper would begin."""
        if self._fixed is None or at is None:
            self._hint(at, alt)
            return
        calipers = self._session.calipers
        if not calipers.dragging and self._distance(at, self._pressed_at) <= _CLICK_TOLERANCE:
            return
        end, snapped = other_end(self._inside(at), self._fixed, self._snapping(alt))
        calipers.drag(self._index, Caliper(self._fixed, end))
        self._dot(end if snapped else None)

    def release(self) -> None:
        """Finish the caliper; after a click, select the one under the mouse."""
        fixed, calipers = self._fixed, self._session.calipers
        self._fixed = None
        self._dot(None)
        if calipers.dragging:
            held = calipers.drawn[calipers.selected or 0]
            if held.length(self._zoom()) > _CLICK_TOLERANCE:
                calipers.finish_drag()
            else:
                calipers.cancel_drag()
        elif fixed is not None:
            calipers.select(self._under(self._pressed_at))

    def key(self, key: int, alt: bool) -> bool:
        """Remove the selected caliper with Delete or Backspace."""
        if key in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            return self._session.calipers.remove_selected()
        return False

    def interrupt(self) -> None:
        """Finish the caliper as it is."""
        if self._fixed is not None:
            self.release()
        self._dot(None)

    def cancel(self) -> bool:
        """Put the dragged end back, or discard the new caliper; clear the selection."""
        calipers = self._session.calipers
        cancelled = self._fixed is not None or calipers.selected is not None
        self._drop()
        calipers.select(None)
        return cancelled

    def forget(self) -> None:
        """Discard unfinished work and clear the selection."""
        self.cancel()

    def _drop(self) -> None:
        self._session.calipers.cancel_drag()
        self._fixed = None
        self._dot(None)

    def _hint(self, at: Place | None, alt: bool) -> None:
        """Show the end that a press would grab, or where on the outline a caliper would begin."""
        if at is None:
            self._dot(None)
        elif (hovered := self._end_at(at)) is not None:
            index, is_second = hovered
            caliper = self._session.calipers.on_frame[index]
            self._dot(caliper.end if is_second else caliper.start, hovered=True)
        elif not alt and (crossed := self._middle_at(at)) is not None:
            self._dot(crossed.middle)
        else:
            start, snapped = first_end(at, self._snapping(alt))
            self._dot(start if snapped else None)

    def _dot(self, at: Place | None, hovered: bool = False) -> None:
        self._sketch.show_sketch(NOTHING if at is None else Sketch(handles=[at], hovered=0 if hovered else -1))

    def _snapping(self, alt: bool) -> Snapping:
        """Return what ends snap to: nothing with Alt held; Shift keeps the line straight in either case."""
        if alt:
            return Snapping(self._zoom(), straight=self._straight)
        others = [caliper for index, caliper in enumerate(self._session.calipers.on_frame) if index != self._index]
        return Snapping(self._zoom(), self._outline(), others, self._across, self._straight)

    def _outline(self) -> Edges:
        """Return the edges of the outline; they are traced again only after the mask has changed."""
        mask = self._session.mask
        state = (mask, -1 if mask is None else mask.version)
        if self._edges is None or state != self._edges_of:
            self._edges_of = state
            self._edges = Snapping((1.0, 1.0)).edges if mask is None or mask.empty else edges_of(mask.pixels)
        return self._edges

    def _end_at(self, at: Place) -> tuple[int, bool] | None:
        """Return the index of the caliper whose end is under the mouse, and whether it is the second end; of equally
        near ones the caliper drawn last."""
        candidates = [
            (self._distance(at, end), -index, is_second)
            for index, caliper in enumerate(self._session.calipers.on_frame)
            for is_second, end in ((False, caliper.start), (True, caliper.end))
        ]
        distance, negative_index, is_second = min(candidates, default=(CLOSE_BY + 1, 0, False))
        return (-negative_index, is_second) if distance <= CLOSE_BY else None

    def _middle_at(self, at: Place) -> Caliper | None:
        calipers = self._session.calipers.on_frame
        candidates = [(self._distance(at, caliper.middle), -index) for index, caliper in enumerate(calipers)]
        distance, negative_index = min(candidates, default=(SNAPS_WITHIN + 1, 0))
        return calipers[-negative_index] if distance <= SNAPS_WITHIN else None

    def _under(self, at: Place) -> int | None:
        zoom = self._zoom()
        calipers = self._session.calipers.on_frame
        candidates = [(distance_to(caliper, at, zoom), -index) for index, caliper in enumerate(calipers)]
        distance, negative_index = min(candidates, default=(CLOSE_BY + 1, 0))
        return -negative_index if distance <= CLOSE_BY else None

    def _inside(self, at: Place) -> Place:
        """Return the place on the frame nearest to `at`."""
        frame = self._session.frame
        rows, columns = (0, 0) if frame is None else frame.shape
        return min(max(at[0], 0.0), float(rows)), min(max(at[1], 0.0), float(columns))

    def _distance(self, first: Place, second: Place) -> float:
        """Return the distance of two places in screen pixels."""
        down, across = self._zoom()
        return hypot((first[0] - second[0]) * down, (first[1] - second[1]) * across)
