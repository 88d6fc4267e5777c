"""The polygon: drawn vertex by vertex; vertices can be moved, inserted and deleted before and after it is closed."""

from collections.abc import Callable
from math import hypot

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGraphicsItem

from csamoe_desktop.lesion.history import EditedMask
from csamoe_desktop.lesion.tools import Box, Place, polygon
from csamoe_desktop.session.session import Session
from csamoe_desktop.ui.tools.base import MaskTool
from csamoe_desktop.ui.tools.sketch import CLOSE_BY, NOTHING, Sketch, SketchItem, on_image

_CLICK_TOLERANCE = 3.0
"""Screen pixels: a press that moves no farther is a click."""


class PolygonTool(MaskTool):
    """Fills a polygon; with Alt held as it closes, cuts the area out.

    While the polygon is open, each change of a vertex is a step of undo. Once closed, the polygon is one step, even if
    its vertices are moved afterwards. The vertices can be changed until the mask is changed in another way.
    """

    def __init__(self, session: Session, zoom: Callable[[], tuple[float, float]]) -> None:
        """`zoom` returns the screen pixels per frame pixel: vertical, horizontal."""
        self._sketch = SketchItem()
        self.item: QGraphicsItem = self._sketch
        self._session = session
        self._zoom = zoom
        self._vertices: list[Place] = []
        self._closed = False
        self._cut = False
        self._mask: EditedMask | None = None
        """The mask that the polygon is drawn on."""
        self._version = 0
        """The version of the mask that contains the closed polygon."""
        self._stepped = False
        """Whether filling the polygon changed the mask and so was a step of undo."""
        self._mouse: Place | None = None
        self._held: int | None = None
        self._pressed_at: Place = (0.0, 0.0)
        self._before: list[Place] = []
        self._done: list[list[Place]] = []
        """The vertices before each step on the open polygon."""
        self._undone: list[list[Place]] = []
        session.maskChanged.connect(lambda box: self._check())

    @property
    def busy(self) -> bool:
        """Whether the polygon is open or a vertex is being moved."""
        return self._held is not None or (bool(self._vertices) and not self._closed)

    @property
    def can_undo(self) -> bool:
        """Whether the open polygon has a step to undo, finished or not."""
        return not self._closed and bool(self._done or self._changing)

    @property
    def can_redo(self) -> bool:
        """Whether a step of the open polygon has been undone and nothing changed since."""
        return not self._closed and bool(self._undone) and not self._changing

    @property
    def vertices(self) -> tuple[Place, ...]:
        """The vertices of the open polygon, or of the polygon closed last."""
        return tuple(self._vertices)

    def press(self, at: Place, alt: bool) -> None:
        """Grab a vertex, insert one on an edge or add one; a click on the first vertex closes the polygon."""
        if self._session.mask is None:
            return
        at = on_image(at, self._session.mask.pixels.shape)
        if self._closed and self._mask is not self._session.mask:
            self._clear()
        self._mask = self._session.mask
        self._cut = self._cut if self._closed else alt
        self._before, self._pressed_at = list(self._vertices), at
        self._held = self._vertex_at(at)
        if self._held is None and (edge := self._edge_at(at)) is not None:
            self._vertices.insert(edge + 1, at)
            self._held = edge + 1
        elif self._held is None:
            if self._closed:
                self._clear()
                self._before, self._cut = [], alt
            self._vertices.append(at)
            self._held = len(self._vertices) - 1
        self._show(at)

    def double_press(self, at: Place, alt: bool) -> None:
        """Close the polygon; the first press of the double click has added the last vertex."""
        if self._closed:
            self.press(at, alt)
            return
        self._cut = alt
        self._close()
        self._show(at)

    def move(self, at: Place | None, alt: bool) -> None:
        """Draw the line to the mouse, or move the grabbed vertex."""
        if self._held is not None and at is not None and self._session.mask is not None:
            at = on_image(at, self._session.mask.pixels.shape)
            if self._moved(at):
                self._vertices[self._held] = at
        self._show(at)

    def release(self) -> None:
        """Release the vertex: close after a click on the first one, or fill a closed polygon again after a move."""
        held, self._held = self._held, None
        if held is None:
            return
        if self._vertices != self._before:
            self._draw_again() if self._closed else self._step()
        elif held == 0 and not self._closed:
            self._close()
        self._show(self._mouse)

    def key(self, key: int, alt: bool) -> bool:
        """Close with Enter; remove the vertex under the mouse with Delete or Backspace, else the last by Backspace."""
        if not self._vertices:
            return False
        hovered = None if self._mouse is None else self._vertex_at(self._mouse)
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and not self._closed:
            self._cut = alt
            self._close()
        elif key in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace) and hovered is not None:
            self._remove(hovered)
        elif key == Qt.Key.Key_Backspace and not self._closed:
            self._remove(len(self._vertices) - 1)
        else:
            return False
        self._show(self._mouse)
        return True

    def interrupt(self) -> None:
        """Release the vertex and hide the line to the mouse; the vertices stay and an open polygon stays open. If the
        mask is another one or locked by now, the vertex goes back to where it was."""
        work = self._session.work
        if work is None or work.mask is not self._mask or work.locked:
            self.take_back()
        elif self._changing:
            self.release()
        self._held = None
        self._show(None)

    def cancel(self) -> bool:
        """Put back the vertex of a closed polygon that is being moved; otherwise discard the polygon."""
        if self._held is not None and self._closed:
            self._vertices, self._held = self._before, None
            self._show(self._mouse)
            return True
        had_vertices = bool(self._vertices)
        self._clear()
        self._show(None)
        return had_vertices

    def take_back(self) -> None:
        """Put the vertices back to where they were before the press."""
        if self._held is not None:
            self._vertices, self._held = self._before, None
            self._show(None)

    def undo(self) -> None:
        """Undo the last change of a vertex of the open polygon."""
        if self._changing:
            self._step()
        self._held = None
        if self._done:
            self._undone.append(self._vertices)
            self._vertices = self._done.pop()
        self._show(self._mouse)

    def redo(self) -> None:
        """Redo the last undone change of a vertex."""
        self._held = None
        if self._undone:
            self._done.append(self._vertices)
            self._vertices = self._undone.pop()
        self._show(self._mouse)

    def suspend(self) -> object | None:
        """Return the open polygon with its steps of undo and redo; None if no polygon is open."""
        if self._closed or not self._vertices:
            return None
        return list(self._vertices), self._cut, list(self._done), list(self._undone)

    def resume(self, unfinished: object) -> None:
        """Continue the polygon that `suspend` returned, on the current lesion."""
        assert isinstance(unfinished, tuple)
        self._clear()
        self._vertices, self._cut, self._done, self._undone = unfinished
        self._mask = self._session.mask
        self._show(None)

    def forget(self) -> None:
        """Discard the vertices."""
        self._clear()
        self._show(None)

    def _clear(self) -> None:
        self._vertices, self._held, self._closed = [], None, False
        self._done, self._undone = [], []

    @property
    def _changing(self) -> bool:
        """Whether the grabbed vertex is new or has been moved."""
        return self._held is not None and self._vertices != self._before

    def _step(self) -> None:
        """Record a step of undo after a change of the vertices."""
        self._done.append(self._before)
        self._undone.clear()

    def _remove(self, index: int) -> None:
        if self._closed and len(self._vertices) <= 3:
            return
        if self._changing and not self._closed:
            self._step()
        self._before = list(self._vertices)
        del self._vertices[index]
        self._held = None
        self._draw_again() if self._closed else self._step()

    def _moved(self, at: Place) -> bool:
        return self._vertices != self._before or self._distance(at, self._pressed_at) > _CLICK_TOLERANCE

    def _close(self) -> None:
        """Fill or cut out the polygon as one step of undo; with fewer than three vertices it stays open."""
        if len(self._vertices) > 2:
            self._held = None
            self._fill()

    def _draw_again(self) -> None:
        """Fill the closed polygon again after its vertices have changed, replacing the previous fill."""
        mask = self._session.mask
        if mask is None or mask is not self._mask or mask.version != self._version:
            return
        self._fill(again=self._stepped)

    def _fill(self, again: bool = False) -> None:
        """Fill or cut out the polygon; `again`: replace the previous step of undo."""
        mask, frame = self._session.mask, self._session.frame
        if mask is None or frame is None:
            return

        def fill(mask: EditedMask) -> Box | None:
            undone = mask.undo() if again else None
            mask.begin()
            changed = mask.paint(*polygon(frame.shape, self._vertices), not self._cut)
            self._stepped = mask.end()
            self._closed, self._mask, self._version = True, mask, mask.version
            self._done, self._undone = [], []
            return changed if undone is None else undone.joined(changed) if changed is not None else undone

        self._session.mask_editor.apply(fill)

    def _check(self) -> None:
        """After a change of the mask: discard a closed polygon if the change was not its own, and clear the steps of
        redo if there are no vertices."""
        mask = self._session.mask
        if not self._vertices:
            self._undone.clear()
        if self._closed and (mask is None or mask is not self._mask or mask.version != self._version):
            self._clear()
            self._show(self._mouse)

    def _vertex_at(self, at: Place) -> int | None:
        candidates = [(self._distance(at, vertex), index) for index, vertex in enumerate(self._vertices)]
        distance, index = min(candidates, default=(CLOSE_BY + 1, 0))
        return index if distance <= CLOSE_BY else None

    def _edge_at(self, at: Place) -> int | None:
        """Return the index of the vertex before the edge that `at` lies on, or None."""
        count = len(self._vertices)
        nearest, best = CLOSE_BY, None
        for index in range(count if self._closed else count - 1):
            start, end = self._vertices[index], self._vertices[(index + 1) % count]
            down, across = self._zoom()
            edge = (end[0] - start[0]) * down, (end[1] - start[1]) * across
            offset = (at[0] - start[0]) * down, (at[1] - start[1]) * across
            squared_length = edge[0] ** 2 + edge[1] ** 2
            projection = offset[0] * edge[0] + offset[1] * edge[1]
            share = min(max(projection / squared_length, 0.0), 1.0) if squared_length else 0.0
            distance = hypot(offset[0] - share * edge[0], offset[1] - share * edge[1])
            if distance <= nearest:
                nearest, best = distance, index
        return best

    def _distance(self, first: Place, second: Place) -> float:
        """Return the distance of two places in screen pixels."""
        down, across = self._zoom()
        return hypot((first[0] - second[0]) * down, (first[1] - second[1]) * across)

    def _show(self, at: Place | None) -> None:
        self._mouse = at
        vertices = self._vertices
        if not vertices:
            self._sketch.show_sketch(NOTHING)
            return
        hovered = self._held if self._held is not None else None if at is None else self._vertex_at(at)
        dashed: list[Place] = []
        if not self._closed and at is not None and self._held is None:
            dashed = [vertices[-1], vertices[0] if hovered == 0 and len(vertices) > 2 else at]
            if len(vertices) > 1:
                dashed.append(vertices[0])
        solid = [*vertices, vertices[0]] if self._closed else vertices
        self._sketch.show_sketch(
            Sketch(
                lines=[solid],
                dashed=[dashed],
                handles=vertices,
                first=not self._closed,
                hovered=-1 if hovered is None else hovered,
            )
        )
