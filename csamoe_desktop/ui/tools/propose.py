"""Asking for an outline with the mouse: a click picks a proposal or looks there, a box is looked in."""

from collections.abc import Callable
from math import ceil, floor

from csamoe_desktop.lesion.tools import Place
from csamoe_desktop.session.session import Session
from csamoe_desktop.ui.tools.base import MaskTool
from csamoe_desktop.ui.tools.sketch import NOTHING, Sketch, SketchItem, rectangle

_LEAST_BOX = 5.0
"""Screen pixels: a box that is smaller in both directions is a click."""


class ProposeTool(MaskTool):
    """Draws nothing itself: what it asks for is offered, and Enter or a double click accepts it."""

    def __init__(self, session: Session, zoom: Callable[[], tuple[float, float]]) -> None:
        """`zoom` returns the screen pixels a frame pixel has, down and across."""
        self.item: SketchItem = SketchItem()
        self._session = session
        self._zoom = zoom
        self._start: Place | None = None
        self._end: Place = (0.0, 0.0)

    @property
    def busy(self) -> bool:
        """Whether a box is in hand."""
        return self._start is not None

    def press(self, at: Place, alt: bool) -> None:
        """Begin a box, or a click."""
        self._start = self._end = at

    def double_press(self, at: Place, alt: bool) -> None:
        """Accept the proposal under the mouse; the first press of the two has selected it."""
        proposals = self._session.proposals
        if proposals.select_at(floor(at[0]), floor(at[1])):
            proposals.accept()

    def move(self, at: Place | None, alt: bool) -> None:
        """Drag the box."""
        if self._start is not None and at is not None:
            self._end = at
            self._show()

    def release(self) -> None:
        """Look in the box; where it was only a click, pick the proposal there or look there."""
        if self._start is None:
            return
        (top, bottom), (left, right) = (sorted(ends) for ends in zip(self._start, self._end, strict=True))
        boxed = self._boxed()
        self.interrupt()
        proposals = self._session.proposals
        if boxed:
            proposals.look_in((floor(top), floor(left), ceil(bottom), ceil(right)))
        elif not proposals.select_at(floor(top), floor(left)):
            proposals.look_at(floor(top), floor(left))

    def interrupt(self) -> None:
        """Forget the box."""
        self._start = None
        self._show()

    def cancel(self) -> bool:
        """Forget the box."""
        had = self.busy
        self.interrupt()
        return had

    def _boxed(self) -> bool:
        if self._start is None:
            return False
        down, across = self._zoom()
        high, wide = abs(self._end[0] - self._start[0]) * down, abs(self._end[1] - self._start[1]) * across
        return max(high, wide) >= _LEAST_BOX

    def _show(self) -> None:
        if self._start is None or not self._boxed():
            self.item.show_sketch(NOTHING)
        else:
            self.item.show_sketch(Sketch(dashed=[rectangle(self._start, self._end)]))
