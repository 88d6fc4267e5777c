"""The livewire: a line that follows the lesion's edge from click to click."""

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
        self._undone: list[tuple[Place, list[Place]]] = []
        """Anchors taken back, each with the leg that led to it."""
        self._pressed = False
        """Whether the button that is down has fixed an anchor."""
        session.maskChanged.connect(lambda box: self._check())
        self._mouse: Place | None = None

    @property
    def busy(self) -> bool:
        """Whether there is an anchor."""
        return bool(self._anchors)

    @property
    def can_undo(self) -> bool:
        """Whether there is an anchor."""
        return bool(self._anchors)

    @property
    def can_redo(self) -> bool:
        """Whether an anchor was taken back and none fixed since."""
        return bool(self._undone)

    @property
    def anchors(self) -> tuple[Place, ...]:
        """The places clicked so far."""
        return tuple(self._anchors)

    def press(self, at: Place, alt: bool) -> None:
        """Fix the wire here, or close on the first anchor."""
        frame = self._session.frame
        if frame is None or self._session.mask is None:
            return
        at = on_image(at, frame.shape)
        if self._closes(at):
            self._close(alt)
        elif not self._anchors:
            self._wire = Livewire(grey(frame.pixels), frame.scale.aspect)
            self._fix(at)
        elif self._wire is not None and at != self._anchors[-1]:
            self._legs.append(self._wire.path(at))
            self._fix(at)
        self._show(at)

    def double_press(self, at: Place, alt: bool) -> None:
        """Close; the first press of the two has fixed the last anchor."""
        self._close(alt)
        self._show(at)

    def move(self, at: Place | None, alt: bool) -> None:
        """Draw the wire to the mouse."""
        self._show(at)

    def release(self) -> None:
        """What was fixed stays."""
        self._pressed = False

    def key(self, key: int, alt: bool) -> bool:
        """Enter closes, Backspace takes back the last anchor."""
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

    def settle(self) -> None:
        """Hide the wire to the mouse; the anchors stay."""
        self._pressed = False
        self._show(None)

    def cancel(self) -> bool:
        """Forget the wire."""
        had = self.busy
        self._anchors, self._legs, self._undone, self._wire, self._pressed = [], [], [], None, False
        self._show(None)
        return had

    def put_by(self) -> object | None:
        """Return the open wire, with its steps."""
        if not self._anchors:
            return None
        return self._wire, list(self._anchors), list(self._legs), list(self._undone)

    def go_on(self, put_by: object) -> None:
        """Open that wire again, on the lesion at hand."""
        assert isinstance(put_by, tuple)
        self._wire, self._anchors, self._legs, self._undone = put_by
        self._show(None)

    def take_back(self) -> None:
        """Take back the anchor that the press has fixed."""
        if self._pressed:
            self.undo()
            self._undone.pop()
        self._pressed = False
        self._show(None)

    def undo(self) -> None:
        """Take back the last anchor."""
        if self._anchors:
            self._undone.append((self._anchors.pop(), self._legs.pop() if self._legs else []))
            self._pressed = False
        if self._anchors and self._wire is not None:
            self._wire.start(self._anchors[-1])
        self._show(self._mouse)

    def redo(self) -> None:
        """Fix the anchor taken back last again."""
        if self._undone:
            at, leg = self._undone.pop()
            if self._anchors:
                self._legs.append(leg)
            self._anchor(at)
        self._show(self._mouse)

    def _check(self) -> None:
        """Forget a wire of which nothing was left when the mask is changed in another way."""
        if not self._anchors:
            self._undone.clear()

    def _fix(self, at: Place) -> None:
        self._anchor(at)
        self._undone.clear()
        self._pressed = True

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
        self.cancel()
        self._session.mask_editor.draw(polygon(frame.shape, way), not cut)

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
