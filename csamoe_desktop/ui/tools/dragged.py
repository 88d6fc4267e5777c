"""Tools used with a single drag: freehand outline, ellipse, and a box in which an outline is found."""

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
"""The job lane that finds the outline in a box."""


class DragTool(MaskTool):
    """Press, drag, release: one step of undo. With Alt held at the end the area is cut out."""

    def __init__(self, session: Session) -> None:
        self._sketch = SketchItem()
        self.item: QGraphicsItem = self._sketch
        self._session = session
        self._mask: EditedMask | None = None
        self._path: list[Place] = []
        self._cut = False

    @property
    def busy(self) -> bool:
        """Whether a drag is in progress."""
        return self._mask is not None and self._mask is self._session.mask

    def press(self, at: Place, alt: bool) -> None:
        """Begin the drag."""
        self._mask = self._session.mask
        self._path, self._cut = [at], alt

    def move(self, at: Place | None, alt: bool) -> None:
        """Continue the drag."""
        if not self.busy:
            return
        self._cut = alt
        if at is not None and at != self._path[-1]:
            self._path.append(at)
            self._sketch.show_sketch(self._drawn())

    def release(self) -> None:
        """Fill the area that the drag enclosed."""
        mask, frame = self._mask, self._session.frame
        if mask is None:
            return
        self._mask = None
        self._sketch.show_sketch(NOTHING)
        if frame is None or mask is not self._session.mask or len(self._path) < 2:
            return
        self._finish(mask, frame.shape)

    def interrupt(self) -> None:
        """End the drag as if the button were released here: what was drawn stays."""
        self.release()

    def cancel(self) -> bool:
        """Discard the drag."""
        was_busy = self.busy
        self._mask = None
        self._sketch.show_sketch(NOTHING)
        return was_busy

    def _drawn(self) -> Sketch:
        """Return the sketch of the current drag."""
        raise NotImplementedError

    def _covered(self, shape: tuple[int, int]) -> tuple[Box, Bool]:
        """Return the box and the pixels inside it that the drag enclosed."""
        raise NotImplementedError

    def _finish(self, mask: EditedMask, shape: tuple[int, int]) -> None:
        self._session.mask_editor.draw(self._covered(shape), not self._cut)


class ContourTool(DragTool):
    """A freehand line around the lesion, filled when the button is released."""

    def _drawn(self) -> Sketch:
        return Sketch(lines=[self._path], dashed=[[self._path[-1], self._path[0]]])

    def _covered(self, shape: tuple[int, int]) -> tuple[Box, Bool]:
        return polygon(shape, self._path)


class EllipseTool(DragTool):
    """An ellipse in the rectangle from the start of the drag to its end."""

    def _drawn(self) -> Sketch:
        start, end = self._path[0], self._path[-1]
        return Sketch(lines=[ellipse_outline(start, end)], dashed=[rectangle(start, end)])

    def _covered(self, shape: tuple[int, int]) -> tuple[Box, Bool]:
        return ellipse(shape, self._path[0], self._path[-1])


class BoxTool(DragTool):
    """A box around a lesion, whose outline is then found in a worker; the box stays visible until then."""

    @property
    def busy(self) -> bool:
        """Whether a box is being drawn, or its outline is being found."""
        return super().busy or self._session.jobs.busy(OUTLINING)

    def press(self, at: Place, alt: bool) -> None:
        """Begin a box; the search in a previous box is cancelled."""
        self._session.jobs.cancel(OUTLINING)
        super().press(at, alt)

    def move(self, at: Place | None, alt: bool) -> None:
        """Continue the box."""
        if self._mask is not None:
            super().move(at, alt)

    def cancel(self) -> bool:
        """Discard the box and cancel the search in it."""
        was_searching = self._session.jobs.cancel(OUTLINING)
        return super().cancel() or was_searching

    def _drawn(self) -> Sketch:
        return Sketch(lines=[rectangle(self._path[0], self._path[-1])])

    def _box(self, shape: tuple[int, int]) -> Box:
        rows, columns = (
            sorted(min(max(round(end), 0), size) for end in ends)
            for ends, size in zip(zip(self._path[0], self._path[-1], strict=True), shape, strict=True)
        )
        return Box(rows[0], columns[0], rows[1], columns[1])

    def _finish(self, mask: EditedMask, shape: tuple[int, int]) -> None:
        frame = self._session.frame
        box = self._box(shape)
        if frame is None or box.empty:
            return
        pixels, version, value = frame.pixels, mask.version, not self._cut
        aspect = frame.scale.aspect
        self._sketch.show_sketch(Sketch(dashed=[rectangle(self._path[0], self._path[-1])]))

        def done(outline: Bool) -> None:
            self._sketch.show_sketch(NOTHING)
            if mask is not self._session.mask or mask.version != version:
                return
            self._session.mask_editor.draw((Box(0, 0, *shape), outline), value)

        def failed(problem: BaseException) -> None:
            self._sketch.show_sketch(NOTHING)
            unchanged = mask is self._session.mask and mask.version == version
            if not isinstance(problem, NothingFound) or not has_outliner() or not value or not unchanged:
                self._session.failed.emit(problem)
                return
            self._session.noted.emit(
                "Nothing in the box stands out from its surroundings. The network searches it for an outline instead."
            )
            self._session.proposals.look_in((box.top, box.left, box.bottom, box.right))

        self._session.jobs.submit(
            OUTLINING, lambda job: outline_in_box(grey(pixels), box, aspect), Outcome(done, failed)
        )


def ellipse_outline(corner: Place, opposite: Place) -> list[Place]:
    """Return the closed line of the ellipse in the rectangle between two corners."""
    centre = (corner[0] + opposite[0]) / 2, (corner[1] + opposite[1]) / 2
    half = (opposite[0] - corner[0]) / 2, (opposite[1] - corner[1]) / 2
    angles = [2 * pi * step / 96 for step in range(97)]
    return [(centre[0] + half[0] * sin(angle), centre[1] + half[1] * cos(angle)) for angle in angles]
