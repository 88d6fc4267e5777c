"""The calipers on the current frame: which there are, which is selected, and which is being drawn or moved."""

from PySide6.QtCore import QObject, Signal

from csamoe_desktop.lesion.calipers import Caliper
from csamoe_desktop.session.scene import Scene


class Calipers(QObject):
    """The session's calipers. They are stored with the frame's work; selection and dragging are part of the display
    only."""

    changed = Signal()
    """The calipers on the current frame changed."""
    shown = Signal()
    """The drawing changed: another caliper is selected, or the caliper being dragged moved."""

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self._scene = scene
        self._selected: int | None = None
        self._dragged: tuple[int | None, Caliper] | None = None
        scene.frameChanged.connect(self._frame_changed)

    @property
    def on_frame(self) -> tuple[Caliper, ...]:
        """The calipers on the current frame, number 1 first, without the changes of a drag in progress."""
        work = self._scene.work
        return () if work is None else work.calipers.now

    @property
    def drawn(self) -> tuple[Caliper, ...]:
        """The calipers as drawn: the one being dragged is at its present position."""
        calipers = self.on_frame
        if self._dragged is None:
            return calipers
        index, caliper = self._dragged
        return (*calipers, caliper) if index is None else (*calipers[:index], caliper, *calipers[index + 1 :])

    @property
    def selected(self) -> int | None:
        """The index in `drawn` of the caliper that is selected or being dragged."""
        if self._dragged is None:
            return self._selected
        return len(self.on_frame) if self._dragged[0] is None else self._dragged[0]

    @property
    def dragging(self) -> bool:
        """Whether a caliper is being dragged."""
        return self._dragged is not None

    def select(self, place: int | None) -> None:
        """Select the caliper at index `place`, or none."""
        if place != self._selected:
            self._selected = place
            self.shown.emit()

    def drag(self, place: int | None, caliper: Caliper) -> None:
        """Draw the caliper at index `place` (None: a new one) as `caliper` while it is dragged."""
        if self._dragged != (place, caliper):
            self._dragged = (place, caliper)
            self.shown.emit()

    def finish_drag(self) -> None:
        """Finish the drag: take over the caliper as it is now and select it."""
        if self._dragged is not None:
            drawn, selected = self.drawn, self.selected
            self._dragged = None
            self._change(drawn, selected)

    def cancel_drag(self) -> bool:
        """Cancel the drag: the caliper returns to its former position, a new one disappears. Return whether there
        was a drag."""
        if self._dragged is None:
            return False
        self._dragged = None
        self.shown.emit()
        return True

    def remove_selected(self) -> bool:
        """Remove the selected caliper; return whether there was one."""
        index = self._selected
        if index is None or self._dragged is not None:
            return False
        self._change((*self.on_frame[:index], *self.on_frame[index + 1 :]), None)
        return True

    @property
    def can_undo(self) -> bool:
        """Whether the last step on the frame was made with a caliper."""
        work = self._scene.work
        return work is not None and (self.dragging or work.calipers.can_undo(work.mask.version))

    @property
    def can_redo(self) -> bool:
        """Whether the next step to redo was made with a caliper."""
        work = self._scene.work
        return work is not None and not self.dragging and work.calipers.can_redo(work.mask.version)

    def undo(self) -> bool:
        """Undo the last step if it was made with a caliper; return whether it was."""
        work = self._scene.work
        if work is None or not self.can_undo:
            return False
        if not self.cancel_drag():
            work.calipers.undo()
            self._changed()
        return True

    def redo(self) -> bool:
        """Redo the step undone last if it was made with a caliper; return whether it was."""
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

    def look_again(self) -> None:
        """Update the display: another window has changed the calipers in the store."""
        self._changed(self._selected)

    def _frame_changed(self) -> None:
        self._dragged = None
        self._changed()
