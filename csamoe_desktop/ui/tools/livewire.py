"""The livewire: a line that follows the lesion's edge from click to click."""

from collections.abc import Callable
from math import hypot

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGraphicsItem

from csamoe_desktop.lesion.livewire import Livewire
from csamoe_desktop.lesion.regions import grey
from csamoe_desktop.lesion.tools import Place, polygon
from csamoe_desktop.ui.mask_tools import MaskTool
from csamoe_desktop.ui.session import Session
from csamoe_desktop.ui.tools.sketch import CLOSE_BY, NOTHING, Sketch, SketchItem


class LivewireTool(MaskTool):
    """Fills what the wire goes around, one step of undo; with Alt held as it closes, cuts it out."""

    def __init__(self, session: Session, zoom: Callable[[], tuple[float, float]]) -> None:
        """`zoom` returns the screen pixels a frame pixel has, down and across."""
        self._sketch = SketchItem()
        self.item: QGraphicsItem = self._sketch
        self._session = session
        self._zoom = zoom
        self._wire: Livewire | None = None
        self._anchors: list[Place] = []
        self._legs: list[list[Place]] = []
        """From each anchor to the next."""
        self._mouse: Place | None = None

    @property
    def busy(self) -> bool:
        """Whether there is an anchor."""
        return bool(self._anchors)

    @property
    def anchors(self) -> tuple[Place, ...]:
        """The places clicked so far."""
        return tuple(self._anchors)

    def press(self, at: Place, alt: bool) -> None:
        """Fix the wire here, or close on the first anchor."""
        frame = self._session.frame
        if frame is None or self._session.mask is None:
            return
        if self._closes(at):
            self._close(alt)
        elif not self._anchors:
            self._wire = Livewire(grey(frame.pixels))
            self._anchor(at)
        elif self._wire is not None and at != self._anchors[-1]:
            self._legs.append(self._wire.path(at))
            self._anchor(at)
        self._show(at)

    def double_press(self, at: Place, alt: bool) -> None:
        """Close; the first press of the two has fixed the last anchor."""
        self._close(alt)
        self._show(at)

    def move(self, at: Place | None, alt: bool) -> None:
        """Draw the wire to the mouse."""
        self._show(at)

    def key(self, key: int, alt: bool) -> bool:
        """Enter closes, Backspace takes back the last anchor."""
        if not self._anchors:
            return False
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._close(alt)
        elif key == Qt.Key.Key_Backspace:
            self._anchors.pop()
            if self._legs:
                self._legs.pop()
            if self._anchors and self._wire is not None:
                self._wire.start(self._anchors[-1])
        else:
            return False
        self._show(self._mouse)
        return True

    def settle(self) -> None:
        """Hide the wire to the mouse; the anchors stay."""
        self._show(None)

    def cancel(self) -> bool:
        """Forget the wire."""
        had = self.busy
        self._anchors, self._legs, self._wire = [], [], None
        self._show(None)
        return had

    def _anchor(self, at: Place) -> None:
        self._anchors.append(at)
        if self._wire is not None:
            self._wire.start(at)

    def _closes(self, at: Place | None) -> bool:
        # Two anchors enclose something: the wire does not go straight.
        if at is None or len(self._anchors) < 2:
            return False
        down, across = self._zoom()
        row, column = self._anchors[0]
        return hypot((at[0] - row) * down, (at[1] - column) * across) <= CLOSE_BY

    def _close(self, cut: bool) -> None:
        mask, frame = self._session.mask, self._session.frame
        if mask is None or frame is None or self._wire is None or len(self._anchors) < 2:
            return
        way = [place for leg in (*self._legs, self._wire.path(self._anchors[0])) for place in leg]
        mask.begin()
        changed = mask.paint(*polygon(frame.shape, way), not cut)
        mask.end()
        self.cancel()
        if changed is not None:
            self._session.mask_edited(changed)

    def _show(self, at: Place | None) -> None:
        self._mouse = at
        if not self._anchors:
            self._sketch.show_sketch(NOTHING)
            return
        closes = self._closes(at)
        dashed = []
        if at is not None and self._wire is not None:
            dashed.append(self._wire.path(self._anchors[0] if closes else at))
        self._sketch.show_sketch(
            Sketch(lines=self._legs, dashed=dashed, handles=self._anchors, first=True, meant=0 if closes else -1)
        )
