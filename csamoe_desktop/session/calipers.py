"""The calipers on the frame in view: which there are, which is selected, and the one in hand."""

from PySide6.QtCore import QObject, Signal

from csamoe_desktop.lesion.calipers import Caliper
from csamoe_desktop.session.scene import Scene


class Calipers(QObject):
    """The session's calipers. They are kept with the frame's work; what is in hand or selected is the view's only."""

    changed = Signal()
    """The calipers on the frame in view are others."""
    shown = Signal()
    """What is to be drawn is another: one was selected, or the one in hand moved."""

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self._scene = scene
        self._selected: int | None = None
        self._held: tuple[int | None, Caliper] | None = None
        scene.frameChanged.connect(self._frame_changed)

    @property
    def kept(self) -> tuple[Caliper, ...]:
        """The calipers on the frame in view, number 1 first."""
        work = self._scene.work
        return () if work is None else work.calipers.now

    @property
    def drawn(self) -> tuple[Caliper, ...]:
        """The calipers as they are drawn: with the one in hand where it is now."""
        kept = self.kept
        if self._held is None:
            return kept
        place, caliper = self._held
        return (*kept, caliper) if place is None else (*kept[:place], caliper, *kept[place + 1 :])

    @property
    def selected(self) -> int | None:
        """The place among `drawn` of the one that is selected or in hand."""
        if self._held is None:
            return self._selected
        return len(self.kept) if self._held[0] is None else self._held[0]

    @property
    def holding(self) -> bool:
        """Whether one is in hand."""
        return self._held is not None

    def select(self, place: int | None) -> None:
        """Select the caliper at `place`, or none."""
        if place != self._selected:
            self._selected = place
            self.shown.emit()

    def hold(self, place: int | None, caliper: Caliper) -> None:
        """Draw the caliper at `place` (None: a new one) as `caliper`, as long as it is in hand."""
        if self._held != (place, caliper):
            self._held = (place, caliper)
            self.shown.emit()

    def put_down(self) -> None:
        """Keep the one in hand as it is now, and select it."""
        if self._held is not None:
            drawn, selected = self.drawn, self.selected
            self._held = None
            self._change(drawn, selected)

    def let_go(self) -> bool:
        """Forget the one in hand: it is where it was, or not at all; return whether there was one."""
        if self._held is None:
            return False
        self._held = None
        self.shown.emit()
        return True

    def remove_selected(self) -> bool:
        """Remove the selected one, and return whether there was one."""
        place = self._selected
        if place is None or self._held is not None:
            return False
        self._change((*self.kept[:place], *self.kept[place + 1 :]), None)
        return True

    @property
    def can_undo(self) -> bool:
        """Whether the last thing done on the frame was done with a caliper."""
        work = self._scene.work
        return work is not None and (self.holding or work.calipers.can_undo(work.mask.version))

    @property
    def can_redo(self) -> bool:
        """Whether the next thing to be done again is a caliper's."""
        work = self._scene.work
        return work is not None and not self.holding and work.calipers.can_redo(work.mask.version)

    def undo(self) -> bool:
        """Take back what was done last, if that was done with a caliper; return whether it was."""
        work = self._scene.work
        if work is None or not self.can_undo:
            return False
        if not self.let_go():
            work.calipers.undo()
            self._changed()
        return True

    def redo(self) -> bool:
        """Do again what was taken back, if that was done with a caliper; return whether it was."""
        work = self._scene.work
        if work is None or not self.can_redo:
            return False
        work.calipers.redo()
        self._changed()
        return True

    def _change(self, calipers: tuple[Caliper, ...], selected: int | None) -> None:
        work = self._scene.work
        if work is not None:
            work.calipers.change(calipers, work.mask.version)
            self._changed(selected)

    def _changed(self, selected: int | None = None) -> None:
        self._selected = selected
        self.shown.emit()
        self.changed.emit()

    def _frame_changed(self) -> None:
        self._held = None
        self._changed()
