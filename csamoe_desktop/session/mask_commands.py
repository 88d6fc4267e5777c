"""Commands on a whole mask: import it, fill its holes, smooth it, keep its largest piece, copy it to the next frame."""

from pathlib import Path

import numpy as np

from csamoe_desktop.errors import UserError
from csamoe_desktop.lesion.corrections import fill_holes, largest_piece, smooth
from csamoe_desktop.lesion.files.formats import read_mask
from csamoe_desktop.lesion.files.planes import FramePlace
from csamoe_desktop.lesion.history import Bool, EditedMask
from csamoe_desktop.lesion.mask import Author, LesionMask
from csamoe_desktop.lesion.measure import area_words
from csamoe_desktop.session.calipers import Calipers
from csamoe_desktop.session.lesion_work import LesionWork
from csamoe_desktop.session.lesions import Lesions
from csamoe_desktop.session.mask_editor import MaskEditor
from csamoe_desktop.session.navigation import Navigation
from csamoe_desktop.session.scene import Scene


class MaskCommands:
    """Each command is one step of undo and reports its effect: the new area, or that there was nothing to do."""

    def __init__(
        self, scene: Scene, editor: MaskEditor, lesions: Lesions, calipers: Calipers, navigation: Navigation
    ) -> None:
        self._scene = scene
        self._editor = editor
        self._lesions = lesions
        self._calipers = calipers
        self._navigation = navigation

    def import_from(self, path: Path, resize: bool = False, another: bool = False) -> None:
        """Replace the current mask by the one in the file `path`; one step of undo.

        Raises:
            MaskOfAnotherImage: the file names another image, and `another` is not set.
            MaskSizeMismatch: its size is not the frame's, and `resize` is not set.
            UserError: it cannot be read, or is empty.
        """
        scene = self._scene
        if scene.study is None or scene.frame is None or scene.mask is None:
            raise UserError("There is no image for the mask.", "Open a study first.")
        if self._lesions.refuses():
            return
        place = FramePlace(scene.frame.index, scene.study.frame_count)
        imported = read_mask(path, scene.frame.shape, resize, scene.study.path.name, place, another)
        self._editor.apply(lambda mask: mask.replace(imported.pixels, Author.IMPORTED, path.name, imported.notes))
        for note in imported.notes:
            scene.noted.emit(note)

    def undo(self) -> None:
        """Undo the last step: on the current mask, with a caliper, or the deletion of a lesion."""
        mask = self._scene.mask
        if self._lesions.deleted_last or not (self._calipers.can_undo or (mask and mask.can_undo)):
            self._lesions.restore()
        elif not self._calipers.undo():
            self._editor.apply(EditedMask.undo)

    def redo(self) -> None:
        """Redo the step that was undone last."""
        mask = self._scene.mask
        if not self._calipers.redo() and mask is not None and mask.can_redo:
            self._editor.apply(EditedMask.redo)

    def clear(self) -> None:
        """Remove the current mask; one step of undo."""
        mask = self._scene.mask
        if mask is not None and not mask.empty:
            self._editor.apply(lambda mask: mask.replace(np.zeros_like(mask.pixels), Author.NONE))

    def fill_holes(self) -> None:
        """Fill the holes inside the outline."""
        if (mask := self._scene.mask) is not None:
            self._draw(fill_holes(mask.pixels), "Holes filled", "The outline has no holes.")

    def smooth(self) -> None:
        """Smooth the outline."""
        if (mask := self._scene.mask) is not None:
            smoothed = smooth(mask.pixels, aspect=self._scene.aspect)
            if not smoothed.any():
                self._scene.noted.emit("The outline is too small to smooth.")
                return
            self._draw(smoothed, "Outline smoothed", "The outline is already smooth.")

    def keep_largest(self) -> None:
        """Remove all pieces but the largest."""
        if (mask := self._scene.mask) is not None:
            largest, pieces = largest_piece(mask.pixels)
            removed = pieces - 1
            done = f"{removed} smaller {'piece' if removed == 1 else 'pieces'} removed"
            self._draw(largest, done, "The outline is a single piece.")

    @property
    def can_copy_on(self) -> bool:
        """Whether there is an outline and a next frame."""
        study, frame, mask = self._scene.study, self._scene.frame, self._scene.mask
        if study is None or frame is None or mask is None:
            return False
        return not mask.empty and frame.index + 1 < study.frame_count

    def copy_to_next(self) -> None:
        """Go to the next frame and copy this outline to it; undo restores what was drawn there."""
        frame, mask, work = self._scene.frame, self._scene.mask, self._scene.work
        if frame is None or mask is None or work is None or not self.can_copy_on:
            return
        copied, number = mask.finished(), frame.index + 1
        self._navigation.to_frame(frame.index + 1, lambda: self._copy_here(copied, number, work))

    def _copy_here(self, copied: LesionMask, number: int, work: LesionWork) -> None:
        """Copy the outline of `work`, drawn on frame `number`, to the current frame."""
        scene, frame = self._scene, self._scene.frame
        if frame is None or frame.shape != copied.pixels.shape:
            scene.noted.emit(f"The outline was not copied: this frame and frame {number} differ in size.")
            return
        self._lesions.choose_for_copy(work, copied.pixels)
        present = scene.mask
        if present is None or self._lesions.refuses():
            return
        replaced = not present.empty and not np.array_equal(present.pixels, copied.pixels)
        self._editor.apply(lambda mask: mask.replace(copied.pixels, copied.author, copied.source, copied.notes))
        self._lesions.link(work)
        if replaced:
            self._scene.noted.emit(
                f"The outline of frame {number} replaced the outline of this frame. Undo restores the earlier outline."
            )

    def _draw(self, pixels: Bool, done: str, unchanged: str) -> None:
        """Replace the mask's pixels and report how the area changed."""
        mask, frame = self._scene.mask, self._scene.frame
        if mask is None or frame is None or mask.empty or self._lesions.refuses():
            return
        before, spacing = mask.count, frame.scale.of(mask.pixels)
        if self._editor.apply(lambda mask: mask.redraw(pixels)) is None:
            self._scene.noted.emit(unchanged)
            return
        after = mask.count
        share = 100 * (after / before - 1)
        self._scene.noted.emit(
            f"{done}: area {area_words(before, spacing)} before, {area_words(after, spacing)} now ({share:+.1f} %)."
        )
