"""Draws the line along the depth scale that calibrates a frame by hand."""

from collections.abc import Callable
from math import dist

from PySide6.QtWidgets import QGraphicsItem

from csamoe_desktop.errors import UserError
from csamoe_desktop.lesion.calipers import straightened
from csamoe_desktop.lesion.tools import Place
from csamoe_desktop.session.calibration import DrawnLine
from csamoe_desktop.session.lesion_work import LesionWork
from csamoe_desktop.session.session import Session
from csamoe_desktop.study.calibration import drawn_pixels
from csamoe_desktop.ui.tools.base import MaskTool
from csamoe_desktop.ui.tools.sketch import NOTHING, Sketch, SketchItem

_CLICK = 2.0
"""Frame pixels: a shorter line is a click and is dropped without a message."""


class CalibrateTool(MaskTool):
    """Press, drag, release; with Shift at 0, 45 or 90 degrees. The line stays visible until the next line or tool."""

    def __init__(self, session: Session, zoom: Callable[[], tuple[float, float]]) -> None:
        """`zoom` returns the screen pixels per frame pixel: vertical, horizontal."""
        self._sketch = SketchItem()
        self.item: QGraphicsItem = self._sketch
        self._session = session
        self._zoom = zoom
        self._straight = False
        self._work: LesionWork | None = None
        self._start: Place = (0.0, 0.0)
        self._end: Place = (0.0, 0.0)

    @property
    def busy(self) -> bool:
        """Whether a line is being drawn."""
        return self._work is not None and self._work is self._session.work

    def set_straight(self, held: bool) -> None:
        """Restrict the line to 0, 45 and 90 degrees, or not."""
        self._straight = held

    def press(self, at: Place, alt: bool) -> None:
        """Begin a line, which replaces the last one."""
        self._work = self._session.work
        self._start = self._end = at
        self._show()

    def move(self, at: Place | None, alt: bool) -> None:
        """Draw the line to here."""
        if self.busy and at is not None:
            self._end = straightened(self._start, at, self._zoom()) if self._straight else at
            self._show()

    def release(self) -> None:
        """Emit the line, or the reason why it cannot be used."""
        work, busy = self._work, self.busy
        self._work = None
        if work is None or not busy or dist(self._start, self._end) < _CLICK:
            self._sketch.show_sketch(NOTHING)
            return
        try:
            drawn_pixels(self._start, self._end)
        except UserError as problem:
            self._sketch.show_sketch(NOTHING)
            self._session.failed.emit(problem)
        else:
            self._session.calibration.drawn.emit(DrawnLine(self._start, self._end, work))

    def interrupt(self) -> None:
        """Discard an unfinished line."""
        if self._work is not None:
            self.cancel()

    def cancel(self) -> bool:
        """Discard the line."""
        was_busy = self.busy
        self._work = None
        self._sketch.show_sketch(NOTHING)
        return was_busy

    def _show(self) -> None:
        ends = [self._start, self._end]
        self._sketch.show_sketch(Sketch(lines=[ends], handles=ends))
