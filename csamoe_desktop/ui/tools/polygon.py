"""The polygon: clicked vertex by vertex, and its vertices can be moved, inserted and deleted before it closes and after."""

from collections.abc import Callable
from math import hypot

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGraphicsItem

from csamoe_desktop.lesion.history import EditedMask
from csamoe_desktop.lesion.tools import Box, Place, polygon
from csamoe_desktop.session.session import Session
from csamoe_desktop.ui.tools.base import MaskTool
from csamoe_desktop.ui.tools.sketch import CLOSE_BY, NOTHING, Sketch, SketchItem, on_image

_STILL = 3.0
"""Screen pixels: a press that moves less is a click."""


class PolygonTool(MaskTool):
    """Fills a polygon; with Alt held as it closes, cuts it out. Until then each change of a vertex is a step of its own.

    Once closed it is one step of undo, and stays so however its vertices are moved; they are there until the mask is
    changed in another way.
    """

    def __init__(self, session: Session, zoom: Callable[[], tuple[float, float]]) -> None:
        """`zoom` returns the screen pixels a frame pixel has, down and across."""
        self._sketch = SketchItem()
        self.item: QGraphicsItem = self._sketch
        self._session = session
        self._zoom = zoom
        self._vertices: list[Place] = []
        self._closed = False
        self._cut = False
        self._mask: EditedMask | None = None
        """What the vertex in hand, or the closed polygon, is drawn on."""
        self._version = 0
        """Of the mask with this closed polygon in it."""
        self._stepped = False
        """Whether filling it was a step of undo: it may have changed nothing."""
        self._mouse: Place | None = None
        self._held: int | None = None
        self._from: Place = (0.0, 0.0)
        self._before: list[Place] = []
        self._done: list[list[Place]] = []
        """The vertices before each step on the open polygon."""
        self._undone: list[list[Place]] = []
        session.maskChanged.connect(lambda box: self._check())

    @property
    def busy(self) -> bool:
        """Whether there is a vertex not yet part of a closed polygon, or one is being moved."""
        return self._held is not None or (bool(self._vertices) and not self._closed)

    @property
    def can_undo(self) -> bool:
        """Whether the open polygon has a step, or one in hand."""
        return not self._closed and bool(self._done or self._changing)

    @property
    def can_redo(self) -> bool:
        """Whether a step of it was taken back and nothing was done since."""
        return not self._closed and bool(self._undone) and not self._changing

    @property
    def vertices(self) -> tuple[Place, ...]:
        """The vertices so far, or those of the polygon closed last."""
        return tuple(self._vertices)

    def press(self, at: Place, alt: bool) -> None:
        """Take hold of a vertex, insert one on an edge, or add one; an unmoved click on the first one closes."""
        if self._session.mask is None:
            return
        at = on_image(at, self._session.mask.pixels.shape)
        if self._closed and self._mask is not self._session.mask:
            self._start_again()
        self._mask = self._session.mask
        self._cut = self._cut if self._closed else alt
        self._before, self._from = list(self._vertices), at
        self._held = self._vertex_at(at)
        if self._held is None and (edge := self._edge_at(at)) is not None:
            self._vertices.insert(edge + 1, at)
            self._held = edge + 1
        elif self._held is None:
            if self._closed:
                self._start_again()
                self._before, self._cut = [], alt
            self._vertices.append(at)
            self._held = len(self._vertices) - 1
        self._show(at)

    def double_press(self, at: Place, alt: bool) -> None:
        """Close; the first press of the two has added the last vertex."""
        if self._closed:
            self.press(at, alt)
            return
        self._cut = alt
        self._close()
        self._show(at)

    def move(self, at: Place | None, alt: bool) -> None:
        """Draw the line to the mouse, or move the vertex in hand."""
        if self._held is not None and at is not None and self._session.mask is not None:
            at = on_image(at, self._session.mask.pixels.shape)
            if self._moved(at):
                self._vertices[self._held] = at
        self._show(at)

    def release(self) -> None:
        """Let the vertex go: close where it was a click on the first one, draw again where one of a closed one moved."""
        held, self._held = self._held, None
        if held is None:
            return
        if self._vertices != self._before:
            self._draw_again() if self._closed else self._step()
        elif held == 0 and not self._closed:
            self._close()
        self._show(self._mouse)

    def key(self, key: int, alt: bool) -> bool:
        """Enter closes; Delete and Backspace remove the vertex under the mouse, Backspace elsewhere the last one."""
        if not self._vertices:
            return False
        under = None if self._mouse is None else self._vertex_at(self._mouse)
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and not self._closed:
            self._cut = alt
            self._close()
        elif key in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace) and under is not None:
            self._remove(under)
        elif key == Qt.Key.Key_Backspace and not self._closed:
            self._remove(len(self._vertices) - 1)
        else:
            return False
        self._show(self._mouse)
        return True

    def settle(self) -> None:
        """Let go of a vertex and hide the line to the mouse; the vertices stay. Nothing closes, and on another mask, or one
        that is locked by now, nothing changes."""
        work = self._session.work
        if work is None or work.mask is not self._mask or work.locked:
            self.take_back()
        elif self._changing:
            self.release()
        self._held = None
        self._show(None)

    def cancel(self) -> bool:
        """Put back a vertex that is being moved; else forget the vertices."""
        if self._held is not None and self._closed:
            self._vertices, self._held = self._before, None
            self._show(self._mouse)
            return True
        had = bool(self._vertices)
        self._start_again()
        self._show(None)
        return had

    def take_back(self) -> None:
        """Put the vertices back to where they were before the press."""
        if self._held is not None:
            self._vertices, self._held = self._before, None
            self._show(None)

    def undo(self) -> None:
        """Take back the last vertex that was added, moved or deleted on the open polygon."""
        if self._changing:
            self._step()
        self._held = None
        if self._done:
            self._undone.append(self._vertices)
            self._vertices = self._done.pop()
        self._show(self._mouse)

    def redo(self) -> None:
        """Do the step taken back last again."""
        self._held = None
        if self._undone:
            self._done.append(self._vertices)
            self._vertices = self._undone.pop()
        self._show(self._mouse)

    def put_by(self) -> object | None:
        """Return the open polygon, with its steps."""
        if self._closed or not self._vertices:
            return None
        return list(self._vertices), self._cut, list(self._done), list(self._undone)

    def go_on(self, put_by: object) -> None:
        """Open that polygon again, on the lesion at hand."""
        assert isinstance(put_by, tuple)
        self._start_again()
        self._vertices, self._cut, self._done, self._undone = put_by
        self._mask = self._session.mask
        self._show(None)

    def forget(self) -> None:
        """Forget the vertices."""
        self._start_again()
        self._show(None)

    def _start_again(self) -> None:
        self._vertices, self._held, self._closed = [], None, False
        self._done, self._undone = [], []

    @property
    def _changing(self) -> bool:
        """Whether a vertex in hand is new, or somewhere else by now."""
        return self._held is not None and self._vertices != self._before

    def _step(self) -> None:
        """The vertices were changed: from what they were before is a step."""
        self._done.append(self._before)
        self._undone.clear()

    def _remove(self, place: int) -> None:
        if self._closed and len(self._vertices) <= 3:
            return
        if self._changing and not self._closed:
            self._step()
        self._before = list(self._vertices)
        del self._vertices[place]
        self._held = None
        self._draw_again() if self._closed else self._step()

    def _moved(self, at: Place) -> bool:
        return self._vertices != self._before or self._apart(at, self._from) > _STILL

    def _close(self) -> None:
        """Fill or cut out, one step of undo; fewer than three vertices wait for more."""
        if len(self._vertices) > 2:
            self._held = None
            self._fill()

    def _draw_again(self) -> None:
        """Fill what the vertices are now in the place of what they were."""
        mask = self._session.mask
        if mask is None or mask is not self._mask or mask.version != self._version:
            return
        self._fill(again=self._stepped)

    def _fill(self, again: bool = False) -> None:
        """Fill or cut out what the vertices enclose; `again`: in the place of the step before."""
        mask, frame = self._session.mask, self._session.frame
        if mask is None or frame is None:
            return

        def fill(mask: EditedMask) -> Box | None:
            before = mask.undo() if again else None
            mask.begin()
            changed = mask.paint(*polygon(frame.shape, self._vertices), not self._cut)
            self._stepped = mask.end()
            self._closed, self._mask, self._version = True, mask, mask.version
            self._done, self._undone = [], []
            return changed if before is None else before.joined(changed) if changed is not None else before

        self._session.mask_editor.apply(fill)

    def _check(self) -> None:
        """Forget a closed polygon whose mask was changed in another way, and an open one of which nothing was left."""
        mask = self._session.mask
        if not self._vertices:
            self._undone.clear()
        if self._closed and (mask is None or mask is not self._mask or mask.version != self._version):
            self._start_again()
            self._show(self._mouse)

    def _vertex_at(self, at: Place) -> int | None:
        near = [(self._apart(at, vertex), place) for place, vertex in enumerate(self._vertices)]
        apart, place = min(near, default=(CLOSE_BY + 1, 0))
        return place if apart <= CLOSE_BY else None

    def _edge_at(self, at: Place) -> int | None:
        """Return the place of the vertex before the edge that `at` lies on, or None."""
        count = len(self._vertices)
        nearest, best = CLOSE_BY, None
        for place in range(count if self._closed else count - 1):
            one, other = self._vertices[place], self._vertices[(place + 1) % count]
            down, across = self._zoom()
            along = (other[0] - one[0]) * down, (other[1] - one[1]) * across
            to = (at[0] - one[0]) * down, (at[1] - one[1]) * across
            length = along[0] ** 2 + along[1] ** 2
            share = min(max((to[0] * along[0] + to[1] * along[1]) / length, 0.0), 1.0) if length else 0.0
            apart = hypot(to[0] - share * along[0], to[1] - share * along[1])
            if apart <= nearest:
                nearest, best = apart, place
        return best

    def _apart(self, one: Place, other: Place) -> float:
        """Return how far two places are apart, in screen pixels."""
        down, across = self._zoom()
        return hypot((one[0] - other[0]) * down, (one[1] - other[1]) * across)

    def _show(self, at: Place | None) -> None:
        self._mouse = at
        vertices = self._vertices
        if not vertices:
            self._sketch.show_sketch(NOTHING)
            return
        meant = self._held if self._held is not None else None if at is None else self._vertex_at(at)
        dashed: list[Place] = []
        if not self._closed and at is not None and self._held is None:
            dashed = [vertices[-1], vertices[0] if meant == 0 and len(vertices) > 2 else at]
            if len(vertices) > 1:
                dashed.append(vertices[0])
        solid = [*vertices, vertices[0]] if self._closed else vertices
        self._sketch.show_sketch(
            Sketch(
                lines=[solid],
                dashed=[dashed],
                handles=vertices,
                first=not self._closed,
                meant=-1 if meant is None else meant,
            )
        )
