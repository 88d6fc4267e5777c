"""The only way to change the current mask: it checks the lock, makes one step of undo, and emits each signal once."""

from collections.abc import Callable

from csamoe_desktop.lesion.history import Bool, EditedMask
from csamoe_desktop.lesion.tools import Box
from csamoe_desktop.session.lesions import Lesions
from csamoe_desktop.session.scene import Scene

Change = Callable[[EditedMask], Box | None]
"""Changes a mask and returns the box around the change, or None if nothing changed."""


class MaskEditor:
    """Changes the mask of the current lesion, at once (`apply`) or stroke by stroke (`begin`, `paint`, `end`,
    `cancel`).

    `maskChanged` of the scene follows every change, `strokeEnded` every complete step.
    """

    def __init__(self, scene: Scene, lesions: Lesions) -> None:
        self._scene = scene
        self._lesions = lesions

    def apply(self, change: Change) -> Box | None:
        """Change the mask in one step of undo. A locked lesion is not changed, and the user is told.

        Returns:
            The box around what changed; None if nothing changed, or the lesion is locked.
        """
        mask = self._scene.mask
        if mask is None or self._lesions.refuses():
            return None
        before, interrupts = mask.version, mask.in_stroke
        box = change(mask)
        if box is None and mask.version == before:
            if interrupts and not mask.in_stroke:
                # The change itself was none, but it ended the stroke in progress.
                self._scene.emit_stroke_ended()
            return None
        self._scene.emit_mask_changed(box)
        return box

    def draw(self, covered: tuple[Box, Bool], value: bool) -> Box | None:
        """Set (`value` true) or clear the pixels `covered`, a box and bool pixels of its shape, in one step of undo.

        Returns:
            The box around the pixels that changed; None if none changed, or the lesion is locked.
        """

        def change(mask: EditedMask) -> Box | None:
            mask.begin()
            changed = mask.paint(*covered, value)
            mask.end()
            return changed

        return self.apply(change)

    def begin(self) -> EditedMask | None:
        """Begin a stroke and return its mask; None if there is no mask, or its lesion is locked."""
        mask = self._scene.mask
        if mask is None or self._lesions.refuses():
            return None
        mask.begin()
        return mask

    def paint(self, mask: EditedMask, covered: tuple[Box, Bool], value: bool) -> None:
        """Set or clear the pixels `covered`, as in `draw`, within the stroke begun on `mask`."""
        changed = mask.paint(*covered, value)
        if changed is not None:
            self._scene.emit_mask_changed(changed)

    def end(self, mask: EditedMask) -> None:
        """End the stroke begun on `mask` if it is still in progress: one step of undo."""
        if mask.in_stroke:
            mask.end()
            self._scene.emit_stroke_ended()

    def cancel(self, mask: EditedMask) -> None:
        """Take back the stroke in progress on `mask`, as if it had never begun."""
        box = mask.cancel()
        self._scene.emit_mask_changed(box)
