"""The caliper: a distance dragged from one place to another, whose ends can be moved afterwards."""

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

_STILL = 3.0
"""Screen pixels: a press that moves less is a click, and a shorter caliper is none."""


class CaliperTool(MaskTool):
    """Draws calipers and moves their ends; a click selects one, Delete removes it.

    The calipers are drawn by the view, in whatever tool; this draws only the dot that says where an end would be.
    """

    def __init__(self, session: Session, zoom: Callable[[], tuple[float, float]]) -> None:
        """`zoom` returns the screen pixels a frame pixel has, down and across."""
        self._sketch = SketchItem()
        self.item: QGraphicsItem = self._sketch
        self._session = session
        self._zoom = zoom
        self._straight = False
        self._place: int | None = None
        """Of the caliper in hand; None: a new one."""
        self._fixed: Place | None = None
        """The end that stays; None: nothing is in hand."""
        self._pressed_at: Place = (0.0, 0.0)
        self._across: Caliper | None = None
        self._known: tuple[object, int] = (None, -1)
        self._edges: Edges | None = None
        session.frameChanged.connect(lambda: self._drop())

    @property
    def busy(self) -> bool:
        """Whether a caliper is in hand, or about to be."""
        return self._fixed is not None

    def set_straight(self, held: bool) -> None:
        """Keep to 0, 45 and 90 degrees, or not."""
        self._straight = held

    def press(self, at: Place, alt: bool) -> None:
        """Take hold of an end, or begin a caliper: on another one's middle at a right angle to it."""
        if self._session.work is None:
            return
        self._pressed_at, self._across = at, None
        taken = self._end_at(at)
        if taken is not None:
            self._place, which = taken
            caliper = self._session.calipers.kept[self._place]
            self._fixed = caliper.start if which else caliper.end
            self._session.calipers.select(self._place)
        else:
            self._place = None
            self._across = None if alt else self._middle_at(at)
            self._fixed = first_end(at, self._snapping(alt))[0] if self._across is None else self._across.middle

    def move(self, at: Place | None, alt: bool) -> None:
        """Bring the end in hand here, or show where one would begin."""
        if self._fixed is None or at is None:
            self._hint(at, alt)
            return
        calipers = self._session.calipers
        if not calipers.holding and self._distance(at, self._pressed_at) <= _STILL:
            return
        end, snapped = other_end(self._inside(at), self._fixed, self._snapping(alt))
        calipers.hold(self._place, Caliper(self._fixed, end))
        self._dot(end if snapped else None)

    def release(self) -> None:
        """Keep the caliper in hand; after a click, select the one under the mouse."""
        fixed, calipers = self._fixed, self._session.calipers
        self._fixed = None
        self._dot(None)
        if calipers.holding:
            held = calipers.drawn[calipers.selected or 0]
            if held.length(self._zoom()) > _STILL:
                calipers.put_down()
            else:
                calipers.let_go()
        elif fixed is not None:
            calipers.select(self._under(self._pressed_at))

    def key(self, key: int, alt: bool) -> bool:
        """Delete and Backspace remove the selected caliper."""
        if key in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            return self._session.calipers.remove_selected()
        return False

    def interrupt(self) -> None:
        """Keep the caliper in hand as it is."""
        if self._fixed is not None:
            self.release()
        self._dot(None)

    def cancel(self) -> bool:
        """Put the end in hand back, or forget the new caliper; else select none."""
        calipers = self._session.calipers
        had = self._fixed is not None or calipers.selected is not None
        self._drop()
        calipers.select(None)
        return had

    def forget(self) -> None:
        """Select none."""
        self.cancel()

    def _drop(self) -> None:
        self._session.calipers.let_go()
        self._fixed = None
        self._dot(None)

    def _hint(self, at: Place | None, alt: bool) -> None:
        """Show what a press would take hold of, or where on the outline a caliper would begin."""
        if at is None:
            self._dot(None)
        elif (taken := self._end_at(at)) is not None:
            place, which = taken
            caliper = self._session.calipers.kept[place]
            self._dot(caliper.end if which else caliper.start, hovered=True)
        elif not alt and (other := self._middle_at(at)) is not None:
            self._dot(other.middle)
        else:
            begins, snapped = first_end(at, self._snapping(alt))
            self._dot(begins if snapped else None)

    def _dot(self, at: Place | None, hovered: bool = False) -> None:
        self._sketch.show_sketch(NOTHING if at is None else Sketch(handles=[at], hovered=0 if hovered else -1))

    def _snapping(self, alt: bool) -> Snapping:
        """Return what ends snap to: with Alt held nothing, but Shift keeps straight still."""
        if alt:
            return Snapping(self._zoom(), straight=self._straight)
        others = [one for place, one in enumerate(self._session.calipers.kept) if place != self._place]
        return Snapping(self._zoom(), self._outline(), others, self._across, self._straight)

    def _outline(self) -> Edges:
        """Return the outline's edges, followed again only where the mask is another."""
        mask = self._session.mask
        known = (mask, -1 if mask is None else mask.version)
        if self._edges is None or known != self._known:
            self._known = known
            self._edges = Snapping((1.0, 1.0)).edges if mask is None or mask.empty else edges_of(mask.pixels)
        return self._edges

    def _end_at(self, at: Place) -> tuple[int, bool] | None:
        """Return the caliper whose end is under the mouse, and whether it is the later end; the one drawn last first."""
        near = [
            (self._distance(at, end), -place, which)
            for place, caliper in enumerate(self._session.calipers.kept)
            for which, end in ((False, caliper.start), (True, caliper.end))
        ]
        apart, place, which = min(near, default=(CLOSE_BY + 1, 0, False))
        return (-place, which) if apart <= CLOSE_BY else None

    def _middle_at(self, at: Place) -> Caliper | None:
        near = [(self._distance(at, one.middle), -place) for place, one in enumerate(self._session.calipers.kept)]
        apart, place = min(near, default=(SNAPS_WITHIN + 1, 0))
        return self._session.calipers.kept[-place] if apart <= SNAPS_WITHIN else None

    def _under(self, at: Place) -> int | None:
        scale = self._zoom()
        near = [(distance_to(one, at, scale), -place) for place, one in enumerate(self._session.calipers.kept)]
        apart, place = min(near, default=(CLOSE_BY + 1, 0))
        return -place if apart <= CLOSE_BY else None

    def _inside(self, at: Place) -> Place:
        """Return the place on the frame nearest to `at`."""
        frame = self._session.frame
        rows, columns = (0, 0) if frame is None else frame.shape
        return min(max(at[0], 0.0), float(rows)), min(max(at[1], 0.0), float(columns))

    def _distance(self, one: Place, other: Place) -> float:
        """Return how far two places are apart, in screen pixels."""
        down, across = self._zoom()
        return hypot((one[0] - other[0]) * down, (one[1] - other[1]) * across)
