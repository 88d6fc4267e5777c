"""What is done to a whole mask at once by a command: fill its holes, smooth it, keep its largest piece, copy it on."""

import numpy as np

from csamoe_desktop.lesion.corrections import fill_holes, largest_piece, smooth
from csamoe_desktop.lesion.history import Bool
from csamoe_desktop.lesion.mask import LesionMask
from csamoe_desktop.lesion.measure import area_words
from csamoe_desktop.session.lesion_work import LesionWork
from csamoe_desktop.session.session import Session


class Corrections:
    """Each is one step of undo, and says what came of it: the new area, or that there was nothing to do."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def fill_holes(self) -> None:
        """Fill what the outline encloses."""
        if (mask := self._session.mask) is not None:
            self._draw(fill_holes(mask.pixels), "Holes filled", "The outline has no holes.")

    def smooth(self) -> None:
        """Round the outline's burrs."""
        if (mask := self._session.mask) is not None:
            smoothed = smooth(mask.pixels, aspect=self._session.aspect)
            if not smoothed.any():
                self._session.noted.emit("The outline is too small to be smoothed.")
                return
            self._draw(smoothed, "Outline smoothed", "The outline is smooth already.")

    def keep_largest(self) -> None:
        """Remove all pieces but the largest."""
        if (mask := self._session.mask) is not None:
            kept, pieces = largest_piece(mask.pixels)
            removed = pieces - 1
            done = f"{removed} smaller {'piece' if removed == 1 else 'pieces'} removed"
            self._draw(kept, done, "The outline is in one piece.")

    @property
    def can_copy_on(self) -> bool:
        """Whether there is an outline, and a frame after this one."""
        study, frame, mask = self._session.study, self._session.frame, self._session.mask
        if study is None or frame is None or mask is None:
            return False
        return not mask.empty and frame.index + 1 < study.frame_count

    def copy_to_next(self) -> None:
        """Go to the next frame with this one's outline; what was drawn there comes back by undo."""
        frame, mask, work = self._session.frame, self._session.mask, self._session.work
        if frame is None or mask is None or work is None or not self.can_copy_on:
            return
        copied, number = mask.finished(), frame.index + 1
        self._session.show_frame(frame.index + 1, lambda: self._copy_here(copied, number, work))

    def _copy_here(self, copied: LesionMask, number: int, work: LesionWork) -> None:
        """Put a copy of the outline of `work`, on frame `number`, on the frame that came into view."""
        session, frame = self._session, self._session.frame
        if frame is None or frame.shape != copied.pixels.shape:
            session.noted.emit(f"This frame has another size than frame {number}: its outline was not copied.")
            return
        session.lesions.make_room(work, copied.pixels)
        there = session.mask
        if there is None or session.lesions.refuses():
            return
        replaced = not there.empty and not np.array_equal(there.pixels, copied.pixels)
        there.replace(copied.pixels, copied.author, copied.source, copied.notes)
        session.lesions.link(work)
        session.mask_edited(None)
        if replaced:
            self._session.noted.emit(
                f"The outline of frame {number} took the place of this frame's own; undo brings it back."
            )

    def _draw(self, pixels: Bool, done: str, idle: str) -> None:
        """Put these pixels in the mask's place and say how the area changed."""
        mask, frame = self._session.mask, self._session.frame
        if mask is None or frame is None or mask.empty or self._session.lesions.refuses():
            return
        before, spacing = mask.count, frame.scale.of(mask.pixels)
        changed = mask.redraw(pixels)
        if changed is None:
            self._session.noted.emit(idle)
            return
        self._session.mask_edited(changed)
        after = mask.count
        share = 100 * (after / before - 1)
        self._session.noted.emit(
            f"{done}: area {area_words(before, spacing)} before, {area_words(after, spacing)} now ({share:+.1f} %)."
        )
