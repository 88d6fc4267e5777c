"""Brush and eraser, and the smart brush that takes only what looks like the place where the stroke began."""

from PySide6.QtWidgets import QGraphicsItem

from csamoe_desktop.lesion.history import Bool, EditedMask
from csamoe_desktop.lesion.regions import grey
from csamoe_desktop.lesion.smart_brush import Tone, smart_brush, tone_at
from csamoe_desktop.lesion.tools import Box, Place, brush
from csamoe_desktop.session.session import Session
from csamoe_desktop.ui.tools.base import MaskTool
from csamoe_desktop.ui.tools.ring import RingItem

LEAST_RADIUS, GREATEST_RADIUS = 1, 200


class BrushTool(MaskTool):
    """Paints, or erases where it is the eraser or Alt is held as the stroke begins; one stroke is one step of undo."""

    def __init__(self, session: Session, radius: int, erases: bool = False, seeks: bool = False) -> None:
        """`erases`: it is the eraser. `seeks`: the ring says that not all in it is painted."""
        self._ring = RingItem(seeks)
        self.item: QGraphicsItem = self._ring
        self._erases = erases
        self._session = session
        self._mask: EditedMask | None = None
        self._last: Place = (0.0, 0.0)
        self._value = True
        self._pressure = 1.0
        self._took_up = False
        """Whether the stroke in hand began on a proposal, and so accepted it."""
        self.set_radius(radius)

    @property
    def busy(self) -> bool:
        """Whether a stroke is in hand: not if it was taken back or replaced by others meanwhile."""
        return self._mask is not None and self._mask is self._session.mask and self._mask.in_stroke

    @property
    def radius(self) -> int:
        """In widths of a frame pixel."""
        return self._radius

    def set_radius(self, radius: int) -> None:
        """Set the radius in frame pixels, kept between its limits."""
        self._radius = min(max(radius, LEAST_RADIUS), GREATEST_RADIUS)
        self._ring.set_radius(self._reach())

    def step(self, steps: int) -> None:
        """Make it larger (or smaller) by steps that grow with it."""
        self.set_radius(self._radius + steps * max(1, self._radius // 8))

    def set_pressure(self, pressure: float) -> None:
        """Draw as wide as the pen presses: with all of the radius at 1."""
        if pressure != self._pressure:
            self._pressure = pressure
            self._ring.set_radius(self._reach())

    def press(self, at: Place, alt: bool) -> None:
        """Begin a stroke."""
        self._took_up = self._session.proposals.take_up(at, self._reach())
        self._mask = self._session.mask_editor.begin()
        if self._mask is None:
            return
        self._value = not (self._erases or alt)
        self._last = at
        self._begin(at)
        self._paint(at)

    def move(self, at: Place | None, alt: bool) -> None:
        """Bring the ring here, and the stroke in hand too."""
        self._ring.place(at, erases=not self._value if self.busy else self._erases or alt)
        if self.busy and at is not None:
            self._paint(at)

    def release(self) -> None:
        """End the stroke."""
        self.settle()

    def settle(self) -> None:
        """End the stroke in hand where it is, on the mask it began on."""
        if self._mask is not None:
            self._session.mask_editor.end(self._mask)
        self._mask = None
        # The pen may come up over another tool: the next stroke here may be the mouse's.
        self.set_pressure(1.0)

    def cancel(self) -> bool:
        """Take back the stroke in hand."""
        if not self.busy or self._mask is None:
            return False
        mask, self._mask = self._mask, None
        self._session.mask_editor.cancel(mask)
        return True

    def take_back(self) -> None:
        """Take back the stroke in hand, and the proposal that it began on."""
        mask = self._session.mask
        if self.cancel() and self._took_up and mask is not None:
            self._session.mask_editor.apply(EditedMask.undo)

    def forget(self) -> None:
        """Keep the stroke: it was ended where it was."""
        self.settle()

    def _begin(self, at: Place) -> None:
        """A stroke begins here."""

    def _covered(self, start: Place, end: Place) -> tuple[Box, Bool]:
        """Return what of the frame the way from `start` to `end` covers."""
        frame = self._session.frame
        assert frame is not None, "a mask without a frame"
        return brush(frame.shape, start, end, self._reach(), frame.scale.aspect)

    def _reach(self) -> int:
        return max(round(self._radius * self._pressure), LEAST_RADIUS)

    def _paint(self, at: Place) -> None:
        mask = self._mask
        if mask is None:
            return
        covered = self._covered(self._last, at)
        self._last = at
        self._session.mask_editor.paint(mask, covered, self._value)


class SmartBrushTool(BrushTool):
    """A brush that takes only what has the grey values of the place where the stroke began."""

    def __init__(self, session: Session, radius: int) -> None:
        super().__init__(session, radius, seeks=True)
        self._tone = Tone(0.0, 255.0)

    def _begin(self, at: Place) -> None:
        if (frame := self._session.frame) is not None:
            self._tone = tone_at(grey(frame.pixels), at, self._reach(), frame.scale.aspect)

    def _covered(self, start: Place, end: Place) -> tuple[Box, Bool]:
        frame = self._session.frame
        assert frame is not None, "a mask without a frame"
        return smart_brush(grey(frame.pixels), self._tone, start, end, self._reach(), frame.scale.aspect)
