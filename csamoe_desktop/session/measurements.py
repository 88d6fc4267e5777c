"""What the outline in view measures and proposes, found out in a worker: never on the GUI thread while a stroke is in hand.

On a frame of 8 megapixels all this takes a tenth of a second, which a brush would be seen to wait for.
"""

from dataclasses import dataclass
from weakref import WeakKeyDictionary

from PySide6.QtCore import QObject, Signal

from csamoe_desktop.lesion.history import Bool, EditedMask
from csamoe_desktop.lesion.margin import Margin, describe_margin
from csamoe_desktop.lesion.measure import Size, measure
from csamoe_desktop.reader.assessment import Proposed, propose
from csamoe_desktop.session.calibration import HandCalibration
from csamoe_desktop.session.jobs import Outcome
from csamoe_desktop.session.scene import Scene
from csamoe_desktop.study.scale import Scale

MEASURING = "measuring"


@dataclass(frozen=True, slots=True)
class Measured:
    """How large an outline is, how smooth, and what it proposes for the reader's own read."""

    size: Size
    margin: Margin
    proposed: Proposed | None


_Key = tuple[EditedMask, int, Scale]
"""A mask, its version and the scale it is measured with."""


class Measurements(QObject):
    """Measures the outline in view anew whenever it, or its millimetres, changed."""

    changed = Signal()
    """`now` is there."""

    def __init__(self, scene: Scene, calibration: HandCalibration) -> None:
        super().__init__(scene)
        self._scene = scene
        self._known: WeakKeyDictionary[EditedMask, tuple[int, Scale, Measured]] = WeakKeyDictionary()
        self._in_hand: _Key | None = None
        self._given_up: _Key | None = None
        self._closed = False
        scene.currentLesionChanged.connect(self._look)
        scene.resultChanged.connect(self._look)
        scene.strokeEnded.connect(self._look)
        calibration.changed.connect(self._look)

    @property
    def now(self) -> Measured | None:
        """What the outline in view measures; None where nothing is marked, or it is still being found out."""
        return None if (key := self._key()) is None else self._found(key)

    @property
    def under_way(self) -> bool:
        """Whether the outline in view changes, or is still being measured: `changed` follows."""
        return (key := self._key()) is not None and key != self._given_up and self._found(key) is None

    def at_once(self) -> Measured | None:
        """Return what the outline in view measures, waiting for it; None where nothing is marked, or a stroke has
        changed it."""
        if (key := self._key()) is None:
            return None
        if (found := self._found(key)) is None and not key[0].in_stroke:
            found = _measured(key[0].pixels, key[2])
            self._known[key[0]] = (*key[1:], found)
        return found

    def close(self) -> None:
        """Measure nothing any more."""
        self._closed = True
        self._stop()

    def _key(self) -> _Key | None:
        mask, frame = self._scene.mask, self._scene.frame
        return None if mask is None or frame is None or mask.empty else (mask, mask.version, frame.scale)

    def _found(self, key: _Key) -> Measured | None:
        known = self._known.get(key[0])
        return known[2] if known is not None and known[:2] == key[1:] else None

    def _look(self) -> None:
        key = self._key()
        done = key is None or key == self._given_up or self._found(key) is not None
        if self._closed or key is None or done or key[0].in_stroke:
            self._stop()
        elif self._in_hand != key:
            self._in_hand = key
            # The mask is drawn on meanwhile.
            pixels, scale = key[0].pixels.copy(), key[2]
            self._scene.jobs.submit(
                MEASURING,
                lambda job: _measured(pixels, scale),
                Outcome(lambda found: self._done(key, found), lambda problem: self._failed(key, problem)),
            )

    def _stop(self) -> None:
        if self._in_hand is not None:
            self._in_hand = None
            self._scene.jobs.cancel(MEASURING)

    def _done(self, key: _Key, found: Measured) -> None:
        self._in_hand = None
        self._known[key[0]] = (*key[1:], found)
        self.changed.emit()

    def _failed(self, key: _Key, problem: BaseException) -> None:
        # Not tried again before the outline is another one.
        self._in_hand, self._given_up = None, key
        self.changed.emit()
        self._scene.failed.emit(problem)


def _measured(pixels: Bool, scale: Scale) -> Measured:
    """Return what a mask that is not empty measures."""
    return Measured(measure(pixels, scale), describe_margin(pixels, scale), propose(pixels, scale))
