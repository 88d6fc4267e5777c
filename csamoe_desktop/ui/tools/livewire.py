"""The livewire: a line that follows the edge of the lesion from click to click."""

from collections.abc import Callable
from math import hypot

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGraphicsItem

from csamoe_desktop.lesion.livewire import Livewire
from csamoe_desktop.lesion.regions import grey
from csamoe_desktop.lesion.tools import Place, polygon
from csamoe_desktop.session.session import Session
from csamoe_desktop.ui.tools.base import MaskTool
from csamoe_desktop.ui.tools.sketch import CLOSE_BY, NOTHING, Sketch, SketchItem, on_image


class LivewireTool(MaskTool):
    """Fills the area inside the wire, as one step of undo; with Alt held as it closes, cuts the area out."""

    def __init__(self, session: Session, zoom: Callable[[], tuple[float, float]]) -> None:
        """`zoom` returns the screen pixels per frame pixel: vertical, horizontal."""
        self._sketch = SketchItem()
        self.item: QGraphicsItem = self._sketch
        self._session = session
        self._zoom = zoom
        self._wire: Livewire | None = None
        self._anchors: list[Place] = []
        self._legs: list[list[Place]] = []
        """The lines from each anchor to the next."""
        self._undone: list[tuple[Place, list[Place]]] = []
        """Undone anchors, each with the leg that led to it."""
        self._pressed = False
        """Whether the current press has placed an anchor."""
        session.maskChanged.connect(lambda box: self._check())
        self._mouse: Place | None = None

    @property
    def busy(self) -> bool:
        """Whether a wire is open."""
        return bool(self._anchors)

    @property
    def can_undo(self) -> bool:
        """Whether there is an anchor."""
        return bool(self._anchors)

    @property
    def can_redo(self) -> bool:
        """Whether an anchor has been undone and none placed since."""
        return bool(self._undone)

    @property
    def anchors(self) -> tuple[Place, ...]:
        """The places clicked so far."""
        return tuple(self._anchors)

    def press(self, at: Place, alt: bool) -> None:
        """Place an anchor here, or close the wire on the first anchor."""
        frame = self._session.frame
        if frame is None or self._session.mask is None:
            return
        at = on_image(at, frame.shape)
        if self._closes(at):
            self._close(alt)
        elif not self._anchors:
            self._wire = Livewire(grey(frame.pixels), frame.scale.aspect)
            self._place_anchor(at)
        elif self._wire is not None and at != self._anchors[-1]:
            self._legs.append(self._wire.path(at))
            self._place_anchor(at)
        self._show(at)

    def double_press(self, at: Place, alt: bool) -> None:
        """Close the wire; the first press of the double click has placed the last anchor."""
        self._close(alt)
        self._show(at)

    def move(self, at: Place | None, alt: bool) -> None:
        """Draw the wire to the mouse."""
        self._show(at)

    def release(self) -> None:
        """End the press; its anchor stays."""
        self._pressed = False

    def key(self, key: int, alt: bool) -> bool:
        """Close the wire with Enter, remove the last anchor with Backspace."""
        if not self._anchors:
            return False
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._close(alt)
        elif key == Qt.Key.Key_Backspace:
            self.undo()
        else:
            return False
        self._show(self._mouse)
        return True

    def interrupt(self) -> None:
        """Hide the wire to the mouse; the anchors stay."""
        self._pressed = False
        self._show(None)

    def cancel(self) -> bool:
        """Discard the wire."""
        was_busy = self.busy
        self._anchors, self._legs, self._undone, self._wire, self._pressed = [], [], [], None, False
        self._show(None)
        return was_busy

    def suspend(self) -> object | None:
        """Return the open wire with its steps of undo and redo; None if no wire is open."""
        if not self._anchors:
            return None
        return self._wire, list(self._anchors), list(self._legs), list(self._undone)

    def resume(self, unfinished: object) -> None:
        """Continue the wire that `suspend` returned, on the current lesion."""
        assert isinstance(unfinished, tuple)
        self._wire, self._anchors, self._legs, self._undone = unfinished
        self._show(None)

    def take_back(self) -> None:
        """Remove the anchor that the current press has placed."""
        if self._pressed:
            self.undo()
            self._undone.pop()
        self._pressed = False
        self._show(None)

    def undo(self) -> None:
        """Undo the last anchor."""
        if self._anchors:
            self._undone.append((self._anchors.pop(), self._legs.pop() if self._legs else []))
            self._pressed = False
        if self._anchors and self._wire is not None:
            self._wire.start(self._anchors[-1])
        self._show(self._mouse)

    def redo(self) -> None:
        """Place the last undone anchor again."""
        if self._undone:
            at, leg = self._undone.pop()
            if self._anchors:
                self._legs.append(leg)
            self._add_anchor(at)
        self._show(self._mouse)

    def _check(self) -> None:
        """Clear the steps of redo when the mask changes and no wire is open."""
        if not self._anchors:
            self._undone.clear()

    def _place_anchor(self, at: Place) -> None:
        self._add_anchor(at)
        self._undone.clear()
        self._pressed = True

    def _add_anchor(self, at: Place) -> None:
        self._anchors.append(at)
        if self._wire is not None:
            self._wire.start(at)

    def _closes(self, at: Place | None) -> bool:
        # Two anchors are enough to enclose an area, as the wire is not straight.
        if at is None or len(self._anchors) < 2:
            return False
        down, across = self._zoom()
        row, column = self._anchors[0]
        return hypot((at[0] - row) * down, (at[1] - column) * across) <= CLOSE_BY

    def _close(self, cut: bool) -> None:
        mask, frame = self._session.mask, self._session.frame
        if mask is None or frame is None or self._wire is None or len(self._anchors) < 2:
            return
        places = [place for leg in (*self._legs, self._wire.path(self._anchors[0])) for place in leg]
        self.cancel()
        self._session.mask_editor.draw(polygon(frame.shape, places), not cut)

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
            Sketch(lines=self._legs, dashed=dashed, handles=self._anchors, first=True, hovered=0 if closes else -1)
        )
