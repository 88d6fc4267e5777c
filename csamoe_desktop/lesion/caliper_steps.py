"""The calipers of one frame with undo, in a common sequence with the undo steps of the frame's mask.

Each step records the mask version at which it was made. A version returns after undo and redo, so a step is the next to
undo exactly when the mask is at its version: the latest change is undone first, whether stroke or caliper.
"""

from dataclasses import dataclass

from csamoe_desktop.lesion.calipers import Caliper

VERSIONS_EACH = 1_000_000
"""Size of the range of version numbers reserved for the mask of each lesion of a frame."""


@dataclass(frozen=True, slots=True)
class _Step:
    """The calipers before and after, and the version of the mask at that time."""

    version: int
    before: tuple[Caliper, ...]
    after: tuple[Caliper, ...]


class FrameCalipers:
    """Calipers in the order they were drawn; the first is number 1."""

    def __init__(self, now: tuple[Caliper, ...] = ()) -> None:
        """`now`: the initial calipers, without an undo step."""
        self._now = now
        self._done: list[_Step] = []
        self._undone: list[_Step] = []

    @property
    def now(self) -> tuple[Caliper, ...]:
        """The current calipers."""
        return self._now

    @property
    def untouched(self) -> bool:
        """Whether there are no calipers and no steps to undo or redo."""
        return not (self._now or self._done or self._undone)

    def change(self, calipers: tuple[Caliper, ...], version: int) -> None:
        """Replace the calipers as one step, with the mask at `version`."""
        if calipers != self._now:
            self._done.append(_Step(version, self._now, calipers))
            self._undone.clear()
            self._now = calipers

    def can_undo(self, version: int) -> bool:
        """Return whether the latest change on the frame was a caliper step, with the mask at `version`. A step made while
        another lesion was current counts as later than all strokes on this one."""
        return bool(self._done) and _follows(self._done[-1].version, version)

    def can_redo(self, version: int) -> bool:
        """Return whether the next change to redo is a caliper step, with the mask at `version`."""
        return bool(self._undone) and _follows(self._undone[-1].version, version)

    def undo(self) -> None:
        """Undo the last step.

        Raises:
            IndexError: there is nothing to undo.
        """
        step = self._done.pop()
        self._undone.append(step)
        self._now = step.before

    def redo(self) -> None:
        """Redo the step that was undone last.

        Raises:
            IndexError: there is nothing to redo.
        """
        step = self._undone.pop()
        self._done.append(step)
        self._now = step.after


def _follows(step: int, version: int) -> bool:
    """Return whether a step made at mask version `step` is the next one when the current mask is at `version`."""
    return step == version or step // VERSIONS_EACH != version // VERSIONS_EACH
