"""The calipers of one frame with their undo, in one row with the steps of the frame's mask.

Each step notes the mask's version it was made at. A version is the same again after undo and redo, so a step is the next
one to take back exactly when the mask is at its version: what was done last is undone first, be it stroke or caliper.
"""

from dataclasses import dataclass

from csamoe_desktop.lesion.calipers import Caliper

VERSIONS_EACH = 1_000_000
"""So many versions the mask of each lesion of a frame has for itself."""


@dataclass(frozen=True, slots=True)
class _Step:
    """The calipers before and after, and the version of the mask meanwhile."""

    version: int
    before: tuple[Caliper, ...]
    after: tuple[Caliper, ...]


class FrameCalipers:
    """Calipers in the order they were drawn; the first is number 1."""

    def __init__(self, now: tuple[Caliper, ...] = ()) -> None:
        """`now`: those there are, with no step behind them."""
        self._now = now
        self._done: list[_Step] = []
        self._undone: list[_Step] = []

    @property
    def now(self) -> tuple[Caliper, ...]:
        """The calipers there are."""
        return self._now

    @property
    def untouched(self) -> bool:
        """Whether there are none, and none to bring back."""
        return not (self._now or self._done or self._undone)

    def change(self, calipers: tuple[Caliper, ...], version: int) -> None:
        """Put these in the place of those there are, as one step, while the mask is at `version`."""
        if calipers != self._now:
            self._done.append(_Step(version, self._now, calipers))
            self._undone.clear()
            self._now = calipers

    def can_undo(self, version: int) -> bool:
        """Return whether the last thing done on the frame was a step here, the mask being at `version`; what was done as
        another lesion was at hand came after all that was done on this one before."""
        return bool(self._done) and _follows(self._done[-1].version, version)

    def can_redo(self, version: int) -> bool:
        """Return whether the next thing to be done again is a step here, the mask being at `version`."""
        return bool(self._undone) and _follows(self._undone[-1].version, version)

    def undo(self) -> None:
        """Take back the last step.

        Raises:
            IndexError: there is none.
        """
        step = self._done.pop()
        self._undone.append(step)
        self._now = step.before

    def redo(self) -> None:
        """Do the step taken back last again.

        Raises:
            IndexError: there is none.
        """
        step = self._undone.pop()
        self._done.append(step)
        self._now = step.after


def _follows(step: int, version: int) -> bool:
    """Return whether a step made at the mask version `step` is the next one with the mask at hand at `version`."""
    return step == version or step // VERSIONS_EACH != version // VERSIONS_EACH
