"""Tools of one drag: the freehand contour, the ellipse, and the box in which an outline is found."""

from math import cos, pi, sin

from PySide6.QtWidgets import QGraphicsItem

from csamoe_desktop.inference.bundle import has_outliner
from csamoe_desktop.lesion.grabcut import NothingFound, outline_in_box
from csamoe_desktop.lesion.history import Bool, EditedMask
from csamoe_desktop.lesion.regions import grey
from csamoe_desktop.lesion.tools import Box, Place, ellipse, polygon
from csamoe_desktop.session.jobs import Outcome
from csamoe_desktop.session.session import Session
from csamoe_desktop.ui.tools.base import MaskTool
from csamoe_desktop.ui.tools.sketch import NOTHING, Sketch, SketchItem, rectangle

OUTLINING = "outlining"
"""The lane in which a box's outline is found."""


class DragTool(MaskTool):
    """Press, drag, release: one step of undo; with Alt held at the end it cuts out."""

    def __init__(self, session: Session) -> None:
        self._sketch = SketchItem()
        self.item: QGraphicsItem = self._sketch
        self._session = session
        self._mask: EditedMask | None = None
        self._way: list[Place] = []
        self._cut = False

    @property
    def busy(self) -> bool:
        """Whether a drag is in hand."""
        return self._mask is not None and self._mask is self._session.mask

    def press(self, at: Place, alt: bool) -> None:
        """Begin."""
        self._mask = self._session.mask
        self._way, self._cut = [at], alt

    def move(self, at: Place | None, alt: bool) -> None:
        """Go on."""
        if not self.busy:
            return
        self._cut = alt
        if at is not None and at != self._way[-1]:
            self._way.append(at)
            self._sketch.show_sketch(self._drawn())

    def release(self) -> None:
        """Draw what the drag went around."""
        mask, frame = self._mask, self._session.frame
        if mask is None:
            return
        self._mask = None
        self._sketch.show_sketch(NOTHING)
        if frame is None or mask is not self._session.mask or len(self._way) < 2:
            return
        self._finish(mask, frame.shape)

    def settle(self) -> None:
        """End as if the button had come up here: what was drawn is not lost."""
        self.release()

    def cancel(self) -> bool:
        """Forget the drag."""
        had = self.busy
        self._mask = None
        self._sketch.show_sketch(NOTHING)
        return had

    def _drawn(self) -> Sketch:
        """Return what is in hand as it is drawn."""
        raise NotImplementedError

    def _covered(self, shape: tuple[int, int]) -> tuple[Box, Bool]:
        """Return what of the frame the drag went around."""
        raise NotImplementedError

    def _finish(self, mask: EditedMask, shape: tuple[int, int]) -> None:
        self._session.mask_editor.draw(self._covered(shape), not self._cut)


class ContourTool(DragTool):
    """A line drawn freely around the lesion, filled as the button comes up."""

    def _drawn(self) -> Sketch:
        return Sketch(lines=[self._way], dashed=[[self._way[-1], self._way[0]]])

    def _covered(self, shape: tuple[int, int]) -> tuple[Box, Bool]:
        return polygon(shape, self._way)


class EllipseTool(DragTool):
    """An ellipse in the rectangle from where the drag began to where it ends."""

    def _drawn(self) -> Sketch:
        one, other = self._way[0], self._way[-1]
        return Sketch(lines=[around(one, other)], dashed=[rectangle(one, other)])

    def _covered(self, shape: tuple[int, int]) -> tuple[Box, Bool]:
        return ellipse(shape, self._way[0], self._way[-1])


class BoxTool(DragTool):
    """A box around a lesion, whose outline is then found in the worker; the box stays drawn until it is."""

    @property
    def busy(self) -> bool:
        """Whether a box is being drawn, or its outline is being found."""
        return super().busy or self._session.jobs.busy(OUTLINING)

    def press(self, at: Place, alt: bool) -> None:
        """Begin a box in the place of one whose outline is still being found."""
        self._session.jobs.cancel(OUTLINING)
        super().press(at, alt)

    def move(self, at: Place | None, alt: bool) -> None:
        """Go on with the box being drawn."""
        if self._mask is not None:
            super().move(at, alt)

    def cancel(self) -> bool:
        """Forget the box, and what is being found in it."""
        finding = self._session.jobs.cancel(OUTLINING)
        return super().cancel() or finding

    def _drawn(self) -> Sketch:
        return Sketch(lines=[rectangle(self._way[0], self._way[-1])])

    def _box(self, shape: tuple[int, int]) -> Box:
        rows, columns = (
            sorted(min(max(round(end), 0), size) for end in ends)
            for ends, size in zip(zip(self._way[0], self._way[-1], strict=True), shape, strict=True)
        )
        return Box(rows[0], columns[0], rows[1], columns[1])

    def _finish(self, mask: EditedMask, shape: tuple[int, int]) -> None:
        frame = self._session.frame
        box = self._box(shape)
        if frame is None or box.empty:
            return
        pixels, version, value = frame.pixels, mask.version, not self._cut
        aspect = frame.scale.aspect
        self._sketch.show_sketch(Sketch(dashed=[rectangle(self._way[0], self._way[-1])]))

        def done(found: Bool) -> None:
            self._sketch.show_sketch(NOTHING)
            if mask is not self._session.mask or mask.version != version:
                return
            self._session.mask_editor.draw((Box(0, 0, *shape), found), value)

        def failed(problem: BaseException) -> None:
            self._sketch.show_sketch(NOTHING)
            here = mask is self._session.mask and mask.version == version
            if not isinstance(problem, NothingFound) or not has_outliner() or not value or not here:
                self._session.failed.emit(problem)
                return
            self._session.noted.emit(
                "Nothing in the box stands out from its surroundings: the outline proposed there is the network's."
            )
            self._session.proposals.look_in((box.top, box.left, box.bottom, box.right))

        self._session.jobs.submit(
            OUTLINING, lambda job: outline_in_box(grey(pixels), box, aspect), Outcome(done, failed)
        )


def around(one: Place, other: Place) -> list[Place]:
    """Return the closed line of the ellipse in the rectangle between two corners."""
    middle = (one[0] + other[0]) / 2, (one[1] + other[1]) / 2
    half = (other[0] - one[0]) / 2, (other[1] - one[1]) / 2
    turns = [2 * pi * step / 96 for step in range(97)]
    return [(middle[0] + half[0] * sin(turn), middle[1] + half[1] * cos(turn)) for turn in turns]
