"""Requests a proposal with the mouse: a click selects a proposal or searches there, a box searches inside it."""

from collections.abc import Callable
from math import ceil, floor

from csamoe_desktop.lesion.tools import Place
from csamoe_desktop.session.session import Session
from csamoe_desktop.ui.tools.base import MaskTool
from csamoe_desktop.ui.tools.sketch import NOTHING, Sketch, SketchItem, rectangle

_MIN_BOX = 5.0
"""Screen pixels: a drag that is shorter in both directions is a click."""


class ProposeTool(MaskTool):
    """Requests proposals; Enter or a double click accepts one. The tool itself does not change the mask."""

    def __init__(self, session: Session, zoom: Callable[[], tuple[float, float]]) -> None:
        """`zoom` returns the screen pixels per frame pixel: vertical, horizontal."""
        self.item: SketchItem = SketchItem()
        self._session = session
        self._zoom = zoom
        self._start: Place | None = None
        self._end: Place = (0.0, 0.0)

    @property
    def busy(self) -> bool:
        """Whether a box is being drawn."""
        return self._start is not None

    def press(self, at: Place, alt: bool) -> None:
        """Begin a box, or a click."""
        self._start = self._end = at

    def double_press(self, at: Place, alt: bool) -> None:
        """Accept the proposal under the mouse; the first press of the double click has selected it."""
        proposals = self._session.proposals
        if proposals.select_at(floor(at[0]), floor(at[1])):
            proposals.accept()

    def move(self, at: Place | None, alt: bool) -> None:
        """Drag the box."""
        if self._start is not None and at is not None:
            self._end = at
            self._show()

    def release(self) -> None:
        """Search in the box; after a click, select the proposal there or search there."""
        if self._start is None:
            return
        (top, bottom), (left, right) = (sorted(ends) for ends in zip(self._start, self._end, strict=True))
        is_box = self._is_box()
        self.interrupt()
        proposals = self._session.proposals
        if is_box:
            proposals.look_in((floor(top), floor(left), ceil(bottom), ceil(right)))
        elif not proposals.select_at(floor(top), floor(left)):
            proposals.look_at(floor(top), floor(left))

    def interrupt(self) -> None:
        """Discard the box."""
        self._start = None
        self._show()

    def cancel(self) -> bool:
        """Discard the box."""
        was_busy = self.busy
        self.interrupt()
        return was_busy

    def _is_box(self) -> bool:
        if self._start is None:
            return False
        down, across = self._zoom()
        height, width = abs(self._end[0] - self._start[0]) * down, abs(self._end[1] - self._start[1]) * across
        return max(height, width) >= _MIN_BOX

    def _show(self) -> None:
        if self._start is None or not self._is_box():
            self.item.show_sketch(NOTHING)
        else:
            self.item.show_sketch(Sketch(dashed=[rectangle(self._start, self._end)]))
