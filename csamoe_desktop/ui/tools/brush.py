"""Brush and eraser, and the smart brush, which paints only pixels similar to those where the stroke began."""

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
    """Paints; erases if it is the eraser or if Alt is held as the stroke begins. One stroke is one step of undo."""

    def __init__(self, session: Session, radius: int, erases: bool = False, smart: bool = False) -> None:
        """`erases`: this is the eraser. `smart`: the ring is dotted, as not everything inside it is painted."""
        self._ring = RingItem(smart)
        self.item: QGraphicsItem = self._ring
        self._erases = erases
        self._session = session
        self._mask: EditedMask | None = None
        self._last: Place = (0.0, 0.0)
        self._value = True
        self._pressure = 1.0
        self._accepted_proposal = False
        """Whether the current stroke began on a proposal and so accepted it."""
        self.set_radius(radius)

    @property
    def busy(self) -> bool:
        """Whether a stroke is in progress, and has not been undone or replaced meanwhile."""
        return self._mask is not None and self._mask is self._session.mask and self._mask.in_stroke

    @property
    def radius(self) -> int:
        """The radius, in widths of a frame pixel."""
        return self._radius

    def set_radius(self, radius: int) -> None:
        """Set the radius in frame pixels, limited to 1..200."""
        self._radius = min(max(radius, LEAST_RADIUS), GREATEST_RADIUS)
        self._ring.set_radius(self._reach())

    def step(self, steps: int) -> None:
        """Make the brush larger (or smaller) by steps that grow with its radius."""
        self.set_radius(self._radius + steps * max(1, self._radius // 8))

    def set_pressure(self, pressure: float) -> None:
        """Scale the radius by the pressure of the stylus: the full radius at 1."""
        if pressure != self._pressure:
            self._pressure = pressure
            self._ring.set_radius(self._reach())

    def press(self, at: Place, alt: bool) -> None:
        """Begin a stroke."""
        self._accepted_proposal = self._session.proposals.accept_at(at, self._reach())
        self._mask = self._session.mask_editor.begin()
        if self._mask is None:
            return
        self._value = not (self._erases or alt)
        self._last = at
        self._begin(at)
        self._paint(at)

    def move(self, at: Place | None, alt: bool) -> None:
        """Move the ring here, and continue the current stroke."""
        self._ring.place(at, erases=not self._value if self.busy else self._erases or alt)
        if self.busy and at is not None:
            self._paint(at)

    def release(self) -> None:
        """End the stroke."""
        self.interrupt()

    def interrupt(self) -> None:
        """End the current stroke where it is, on the mask it began on."""
        if self._mask is not None:
            self._session.mask_editor.end(self._mask)
        self._mask = None
        # The stylus may be lifted over another tool, and the next stroke here may come from the mouse.
        self.set_pressure(1.0)

    def cancel(self) -> bool:
        """Cancel the current stroke."""
        if not self.busy or self._mask is None:
            return False
        mask, self._mask = self._mask, None
        self._session.mask_editor.cancel(mask)
        return True

    def take_back(self) -> None:
        """Undo the current stroke, and the acceptance of the proposal that it began on."""
        mask = self._session.mask
        if self.cancel() and self._accepted_proposal and mask is not None:
            self._session.mask_editor.apply(EditedMask.undo)

    def forget(self) -> None:
        """End the stroke where it is; what was painted stays."""
        self.interrupt()

    def _begin(self, at: Place) -> None:
        """Prepare a stroke that begins here."""

    def _covered(self, start: Place, end: Place) -> tuple[Box, Bool]:
        """Return the box and the pixels inside it that a move from `start` to `end` covers."""
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
    """A brush that paints only pixels with grey values similar to those where the stroke began."""

    def __init__(self, session: Session, radius: int) -> None:
        super().__init__(session, radius, smart=True)
        self._tone = Tone(0.0, 255.0)

    def _begin(self, at: Place) -> None:
        if (frame := self._session.frame) is not None:
            self._tone = tone_at(grey(frame.pixels), at, self._reach(), frame.scale.aspect)

    def _covered(self, start: Place, end: Place) -> tuple[Box, Bool]:
        frame = self._session.frame
        assert frame is not None, "a mask without a frame"
        return smart_brush(grey(frame.pixels), self._tone, start, end, self._reach(), frame.scale.aspect)
