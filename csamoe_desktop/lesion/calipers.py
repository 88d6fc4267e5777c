"""Calipers: distances between two places on a frame and the snapping of their ends, as pure functions.

Places are continuous (row, column) on the frame, as in `tools`. Angles and distances are computed after multiplying both axes
by a `scale` (down, across), such as the screen pixels of a frame pixel: the screen shows frames in their true proportions,
so that a right angle on the screen is a right angle in the tissue.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import atan2, cos, hypot, pi, sin

import numpy as np
from numpy.typing import NDArray

from csamoe_desktop.lesion.outline import outlines
from csamoe_desktop.lesion.tools import Bool, Place
from csamoe_desktop.study.scale import AnyScale, Spacing, spacing_of

SNAPS_WITHIN = 8.0
"""Screen pixels (the unit of `scale`): an end this near to an outline or a right angle snaps to it."""

Edges = NDArray[np.float64]
"""The straight segments of an outline, (segments, 2, 2): both ends as (row, column)."""

_LONG_ENOUGH = 3 * SNAPS_WITHIN
"""A caliper shorter than this is always near a right angle, so it does not snap to one."""


@dataclass(frozen=True, slots=True)
class Caliper:
    """Two places on a frame, as (row, column)."""

    start: Place
    end: Place

    @property
    def middle(self) -> Place:
        """Halfway between them."""
        return (self.start[0] + self.end[0]) / 2, (self.start[1] + self.end[1]) / 2

    def length(self, scale: Place = (1.0, 1.0)) -> float:
        """Return the distance between its ends in the unit of `scale`; without one in pixels, taken as square."""
        return _apart(self.start, self.end, scale)

    def spacing(self, scale: AnyScale) -> Spacing:
        """Return the spacing along it, by the scale of its frame."""
        return spacing_of(scale, (self.start, self.end))

    def words(self, scale: AnyScale) -> str:
        """Return its length, such as "14.2 mm", or "182 px" if the frame's scale has no millimetres for it."""
        spacing = self.spacing(scale)
        return f"{self.length((spacing.row, spacing.column)):.{1 if spacing.in_mm else 0}f} {spacing.unit}"


@dataclass(frozen=True, slots=True, eq=False)
class Snapping:
    """What the ends of a caliper snap to.

    Attributes:
        scale: the size of a frame pixel in screen pixels, down and across.
        edges: the edges of the outline.
        others: the calipers that it may snap to a right angle with.
        across: the caliper on whose middle it began, with which it always makes a right angle.
        straight: whether it is held at 0, 45 or 90 degrees, which takes precedence over right angles.
    """

    scale: Place
    edges: Edges = field(default_factory=lambda: np.zeros((0, 2, 2)))
    others: Sequence[Caliper] = ()
    across: Caliper | None = None
    straight: bool = False


def by_source(calipers: Sequence[Caliper], scale: AnyScale) -> list[tuple[str, Spacing]]:
    """Return the number and length of every caliper, such as "1: 14.2 mm, 2: 9.1 mm", grouped with their spacing: one group
    for each run of calipers with the same source, or with the same reason for no millimetres."""
    groups: list[tuple[str, Spacing]] = []
    for number, caliper in enumerate(calipers, 1):
        words, spacing = f"{number}: {caliper.words(scale)}", caliper.spacing(scale)
        if groups and groups[-1][1].words == spacing.words:
            groups[-1] = (f"{groups[-1][0]}, {words}", spacing)
        else:
            groups.append((words, spacing))
    return groups


def edges_of(mask: Bool) -> Edges:
    """Return the straight segments of the outline of `mask` (bool, (rows, columns)), along the edges of its pixels."""
    pieces = [
        np.stack([line, np.roll(line, -1, axis=0)], axis=1)[..., ::-1].astype(np.float64) for line in outlines(mask)
    ]
    return np.concatenate(pieces) if pieces else np.zeros((0, 2, 2))


def first_end(at: Place, snapping: Snapping) -> tuple[Place, bool]:
    """Return where a caliper that is begun at `at` begins, and whether it snapped to the outline."""
    near = _nearest(snapping.edges, at, snapping.scale)
    return (at, False) if near is None else (near, True)


def other_end(at: Place, fixed: Place, snapping: Snapping) -> tuple[Place, bool]:
    """Return where the end of a caliper that is dragged to `at` is placed while the other end stays at `fixed`, and whether
    it snapped to the outline.

    A held direction (straight, or at a right angle to another caliper) comes first; along it, the end snaps to a crossing
    with the outline. Without a held direction it snaps to the nearest place on the outline.
    """
    scale = snapping.scale
    if snapping.straight:
        held: Place | None = straightened(fixed, at, scale)
    elif snapping.across is not None:
        held = squared(snapping.across, fixed, at, scale)
    else:
        held = _right_angle(at, fixed, snapping)
    if held is None:
        near = _nearest(snapping.edges, at, scale)
        return (at, False) if near is None else (near, True)
    crossed = _crossing(snapping.edges, fixed, held, scale)
    return (held, False) if crossed is None else (crossed, True)


def straightened(fixed: Place, at: Place, scale: Place) -> Place:
    """Return the place nearest to `at` on a line through `fixed` at 0, 45 or 90 degrees to the rows."""
    down, across = (at[0] - fixed[0]) * scale[0], (at[1] - fixed[1]) * scale[1]
    angle = round(atan2(down, across) / (pi / 4)) * (pi / 4)
    along = down * sin(angle) + across * cos(angle)
    return fixed[0] + along * sin(angle) / scale[0], fixed[1] + along * cos(angle) / scale[1]


def squared(caliper: Caliper, fixed: Place, at: Place, scale: Place) -> Place:
    """Return the place nearest to `at` on the line through `fixed` at a right angle to `caliper`; `at` if the caliper has no
    length."""
    down, across = _vector(caliper.start, caliper.end, scale)
    length = hypot(down, across)
    if not length:
        return at
    normal = (-across / length, down / length)
    to = _vector(fixed, at, scale)
    along = to[0] * normal[0] + to[1] * normal[1]
    return fixed[0] + along * normal[0] / scale[0], fixed[1] + along * normal[1] / scale[1]


def distance_to(caliper: Caliper, at: Place, scale: Place) -> float:
    """Return the distance of `at` from the line between a caliper's ends, in the unit of `scale`."""
    places = _feet(np.array([[caliper.start, caliper.end]]), at, scale)
    return _apart((float(places[0, 0]), float(places[0, 1])), at, scale)


def _right_angle(at: Place, fixed: Place, snapping: Snapping) -> Place | None:
    """Return the place near `at` that makes a right angle with the nearest other caliper that is crossed or touched, or
    None."""
    best, nearest = None, SNAPS_WITHIN
    if _apart(fixed, at, snapping.scale) < _LONG_ENOUGH:
        return None
    for other in snapping.others:
        held = squared(other, fixed, at, snapping.scale)
        apart = _apart(held, at, snapping.scale)
        if apart <= nearest and _meets(other, fixed, held, snapping.scale):
            best, nearest = held, apart
    return best


def _meets(other: Caliper, start: Place, end: Place, scale: Place) -> bool:
    """Return whether the line from `start` to `end`, at a right angle to `other`, comes within snapping distance of it."""
    down, across = _vector(other.start, other.end, scale)
    length = hypot(down, across)
    if not length:
        return False
    to_start, to_end = _vector(other.start, start, scale), _vector(other.start, end, scale)
    along = (to_start[0] * down + to_start[1] * across) / length
    if not -SNAPS_WITHIN <= along <= length + SNAPS_WITHIN:
        return False
    sides = sorted((to[0] * across - to[1] * down) / length for to in (to_start, to_end))
    return sides[0] <= SNAPS_WITHIN and sides[1] >= -SNAPS_WITHIN


def _nearest(edges: Edges, at: Place, scale: Place) -> Place | None:
    """Return the place on the edges nearest to `at`, or None if it is beyond the snapping distance."""
    if not len(edges):
        return None
    places = _feet(edges, at, scale)
    apart = np.hypot(*((places - at) * scale).T)
    best = int(apart.argmin())
    return (float(places[best, 0]), float(places[best, 1])) if apart[best] <= SNAPS_WITHIN else None


def _feet(edges: Edges, at: Place, scale: Place) -> NDArray[np.float64]:
    """Return the place on each edge, (edges, 2), nearest to `at`."""
    start, run = edges[:, 0], edges[:, 1] - edges[:, 0]
    length = ((run * scale) ** 2).sum(axis=1)
    share = ((np.asarray(at) - start) * scale * (run * scale)).sum(axis=1) / np.where(length == 0, 1.0, length)
    return np.asarray(start + np.clip(share, 0.0, 1.0)[:, None] * run)


def _crossing(edges: Edges, fixed: Place, held: Place, scale: Place) -> Place | None:
    """Return the crossing of the line from `fixed` through `held` with an edge that is nearest to `held`, or None if it is
    beyond the snapping distance."""
    way = np.subtract(held, fixed)
    if not len(edges) or not way.any():
        return None
    start, run = edges[:, 0] - fixed, edges[:, 1] - edges[:, 0]
    turn = way[0] * run[:, 1] - way[1] * run[:, 0]
    safe = np.where(turn == 0, 1.0, turn)
    on_edge = (start[:, 0] * way[1] - start[:, 1] * way[0]) / safe
    on_way = (start[:, 0] * run[:, 1] - start[:, 1] * run[:, 0]) / safe
    crossed = on_way[(turn != 0) & (on_edge >= 0) & (on_edge <= 1) & (on_way > 0)]
    if not crossed.size:
        return None
    share = float(crossed[np.abs(crossed - 1).argmin()])
    place = (fixed[0] + share * float(way[0]), fixed[1] + share * float(way[1]))
    return place if _apart(place, held, scale) <= SNAPS_WITHIN else None


def _vector(start: Place, end: Place, scale: Place) -> Place:
    return (end[0] - start[0]) * scale[0], (end[1] - start[1]) * scale[1]


def _apart(start: Place, end: Place, scale: Place) -> float:
    return hypot(*_vector(start, end, scale))
