"""An editable mask with undo and redo: one stroke is one step, and a step stores only the patch that it changed.

A patch is the exclusive-or of before and after inside the changed box, so undo and redo are the same operation. It is packed
to bits and deflated, as a stroke across the whole frame changes few of the pixels in its box.
"""

import zlib
from collections import deque
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from csamoe_desktop.lesion.mask import Author, LesionMask
from csamoe_desktop.lesion.tools import NOWHERE, Box

Bool = NDArray[np.bool_]
STEPS = 200


@dataclass(frozen=True, slots=True)
class _State:
    """The state of a mask apart from its pixels."""

    author: Author
    source: str
    notes: tuple[str, ...]
    version: int
    count: int


@dataclass(frozen=True, slots=True)
class _Step:
    """One undo step: the box, its changed pixels (packed), and the state before and after."""

    box: Box
    changed: bytes
    before: _State
    after: _State


class EditedMask:
    """The mask of one lesion on one frame, initially empty."""

    def __init__(self, shape: tuple[int, int], first_version: int = 0) -> None:
        """`first_version`: the version of the empty mask; later versions count up from it."""
        self._pixels = np.zeros(shape, bool)
        self._state = _State(Author.NONE, "", (), first_version, 0)
        self._versions = first_version
        self._done: deque[_Step] = deque(maxlen=STEPS)
        self._undone: list[_Step] = []
        self._stroke: tuple[Bool, _State] | None = None
        self._stroke_box = NOWHERE
        self._stroke_values: set[bool] = set()
        self._strokes = 0

    @property
    def pixels(self) -> Bool:
        """The mask, bool (rows, columns), as a read-only view: it changes in place with every stroke."""
        view = self._pixels.view()
        view.flags.writeable = False
        return view

    @property
    def author(self) -> Author:
        """How the mask was made; `Author.NONE` while it is empty."""
        return self._state.author

    @property
    def source(self) -> str:
        """The name of the file it was imported from, or of the model that proposed it, or ""."""
        return self._state.source

    @property
    def notes(self) -> tuple[str, ...]:
        """What the import guessed or changed, one sentence each."""
        return self._state.notes

    @property
    def version(self) -> int:
        """A number for this exact state: new with every change, and the earlier number again after undo and redo."""
        return self._state.version

    @property
    def empty(self) -> bool:
        """Whether no pixel is set."""
        return self._state.count == 0

    @property
    def count(self) -> int:
        """How many pixels are set."""
        return self._state.count

    @property
    def in_stroke(self) -> bool:
        """Whether a stroke is in progress."""
        return self._stroke is not None

    @property
    def strokes(self) -> int:
        """How many strokes were begun; it tells one stroke from the next."""
        return self._strokes

    @property
    def can_undo(self) -> bool:
        """Whether there is a step, or a stroke in progress, to undo."""
        return bool(self._done) or self._stroke_changed

    @property
    def can_redo(self) -> bool:
        """Whether a step was undone and nothing was changed since."""
        return bool(self._undone) and not self._stroke_changed

    def finished(self) -> LesionMask:
        """Return a copy as a finished mask."""
        return LesionMask(self._pixels.copy(), self.author, self.source, self.notes)

    def begin(self) -> None:
        """Begin a stroke (after ending the one in progress, if its end was missed)."""
        self.end()
        self._strokes += 1
        self._stroke = (self._pixels.copy(), self._state)
        self._stroke_box = NOWHERE
        self._stroke_values = set()

    def paint(self, box: Box, region: Bool, value: bool) -> Box | None:
        """Set (`value` true) or clear the pixels of `region` (bool, the box's shape) inside a stroke.

        Returns:
            The box around the pixels that changed, or None.

        Raises:
            RuntimeError: no stroke is in progress.
        """
        if self._stroke is None:
            raise RuntimeError("painting outside a stroke")
        inside = self._pixels[box.slices]
        changed = region & (inside != value)
        changed_box = _around(box, changed)
        if changed_box is None:
            return None
        inside[changed] = value
        self._stroke_values.add(value)
        self._stroke_box = self._stroke_box.joined(changed_box)
        count = self._state.count + int(np.count_nonzero(changed)) * (1 if value else -1)
        self._state = self._painted(count)
        return changed_box

    def end(self) -> bool:
        """End the stroke; return whether it changed anything and therefore is an undo step."""
        if self._stroke is None:
            return False
        (pixels, state), box = self._stroke, self._stroke_box
        self._stroke = None
        changed = pixels[box.slices] ^ self._pixels[box.slices]
        if not changed.any():
            self._state = state
            return False
        self._keep(box, changed, state)
        return True

    def cancel(self) -> Box | None:
        """Discard the stroke in progress; return the box that changed, or None."""
        if self._stroke is None:
            return None
        (pixels, state), box = self._stroke, self._stroke_box
        self._stroke = None
        self._state = state
        if box.empty:
            return None
        self._pixels[box.slices] = pixels[box.slices]
        return box

    def replace(self, pixels: Bool, author: Author, source: str = "", notes: tuple[str, ...] = ()) -> Box | None:
        """Replace the pixels (bool, the same shape) as one step; an empty mask has no author.

        `notes` are what the import from `source` guessed or changed; they stay with the mask as `source` does.

        Returns:
            The box around the pixels that changed, empty where only the author did; None, and no step, where nothing did.

        Raises:
            ValueError: the shape differs.
        """
        if pixels.shape != self._pixels.shape:
            raise ValueError(f"a mask of {pixels.shape} in the place of one of {self._pixels.shape}")
        self.end()
        count = int(np.count_nonzero(pixels))
        if not count:
            author, source, notes = Author.NONE, "", ()
        changed = self._pixels ^ pixels
        box = _around(Box(0, 0, *changed.shape), changed)
        if box is None and (author, source, notes) == (self.author, self.source, self.notes):
            return None
        before = self._state
        self._state = _State(author, source, notes, self._new_version(), count)
        self._pixels[...] = pixels
        box = box or NOWHERE
        self._keep(box, changed[box.slices], before)
        return box

    def redraw(self, pixels: Bool) -> Box | None:
        """Redraw the mask as these pixels (bool, the same shape) in one stroke, so that an imported mask counts as edited.

        Returns:
            The box around the pixels that changed, or None, without an undo step, if none did.

        Raises:
            ValueError: the shape differs.
        """
        if pixels.shape != self._pixels.shape:
            raise ValueError(f"a mask of {pixels.shape} in the place of one of {self._pixels.shape}")
        self.begin()
        whole = Box(0, 0, *pixels.shape)
        # Set before clearing: a mask that is empty in between would lose its author and source.
        added = self.paint(whole, pixels, True)
        removed = self.paint(whole, ~pixels, False)
        self.end()
        return removed.joined(added) if removed is not None else added

    def undo(self) -> Box:
        """Undo the stroke in progress or the last step; return the box that changed.

        Raises:
            IndexError: there is nothing to undo.
        """
        self.end()
        step = self._done.pop()
        self._undone.append(step)
        return self._flip(step, step.before)

    def redo(self) -> Box:
        """Redo the step that was undone last; return the box that changed.

        Raises:
            IndexError: there is nothing to redo.
        """
        self.end()
        step = self._undone.pop()
        self._done.append(step)
        return self._flip(step, step.after)

    @property
    def _stroke_changed(self) -> bool:
        if self._stroke is None:
            return False
        if len(self._stroke_values) < 2:
            # A stroke that only sets or only clears cannot cancel itself out; this is called with every move, so avoid
            # comparing pixels.
            return bool(self._stroke_values)
        where = self._stroke_box.slices
        return not np.array_equal(self._stroke[0][where], self._pixels[where])

    def _painted(self, count: int) -> _State:
        """Return the state after painting: an imported or proposed mask keeps its source until it is empty."""
        if not count:
            return _State(Author.NONE, "", (), self._new_version(), 0)
        author = self.author.once_drawn_on
        if author is Author.DRAWN:
            return _State(author, "", (), self._new_version(), count)
        return _State(author, self.source, self.notes, self._new_version(), count)

    def _new_version(self) -> int:
        self._versions += 1
        return self._versions

    def _keep(self, box: Box, changed: Bool, before: _State) -> None:
        self._undone.clear()
        self._done.append(_Step(box, zlib.compress(np.packbits(changed).tobytes(), 1), before, self._state))

    def _flip(self, step: _Step, state: _State) -> Box:
        inside = self._pixels[step.box.slices]
        bits = np.frombuffer(zlib.decompress(step.changed), np.uint8)
        inside ^= np.unpackbits(bits, count=inside.size).astype(bool).reshape(inside.shape)
        self._state = state
        return step.box


def _around(box: Box, changed: Bool) -> Box | None:
    """Return the smallest box around the true pixels of `changed`, which covers `box`; None if there are none."""
    rows = np.flatnonzero(changed.any(axis=1))
    if not rows.size:
        return None
    columns = np.flatnonzero(changed.any(axis=0))
    return Box(
        box.top + int(rows[0]), box.left + int(columns[0]), box.top + int(rows[-1]) + 1, box.left + int(columns[-1]) + 1
    )
