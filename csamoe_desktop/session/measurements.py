"""Measures the current outline and derives proposed descriptors, in a worker: never on the GUI thread during a stroke.

On a frame of 8 megapixels this takes a tenth of a second, which would delay a brush visibly.
"""

from collections.abc import Callable
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
    """The size of an outline, the regularity of its margin, and what it proposes for the reader's assessment."""

    size: Size
    margin: Margin
    proposed: Proposed | None


_Key = tuple[EditedMask, int, Scale]
"""A mask, its version and the scale it is measured with."""


class Measurements(QObject):
    """Measures the current outline again whenever it, or its scale, changes."""

    changed = Signal()
    """`now` has a new value."""

    def __init__(self, scene: Scene, calibration: HandCalibration) -> None:
        super().__init__(scene)
        self._scene = scene
        self._results: WeakKeyDictionary[EditedMask, tuple[int, Scale, Measured]] = WeakKeyDictionary()
        self._running: _Key | None = None
        self._failed_key: _Key | None = None
        self._closed = False
        self._waiting: list[tuple[_Key, Callable[[Measured], None]]] = []
        scene.currentLesionChanged.connect(self._look)
        scene.resultChanged.connect(self._look)
        scene.strokeEnded.connect(self._look)
        calibration.changed.connect(self._look)

    @property
    def now(self) -> Measured | None:
        """The measurements of the current outline; None if nothing is marked, or while they are computed."""
        return None if (key := self._key()) is None else self._result(key)

    @property
    def under_way(self) -> bool:
        """Whether the current outline is changing or being measured: `changed` follows."""
        return (key := self._key()) is not None and key != self._failed_key and self._result(key) is None

    def when_measured(self, take: Callable[[Measured], None]) -> None:
        """Call `take` with the measurements of the current outline, at once or as soon as they are known; never if
        nothing is marked or the outline changes before.

        `take` is called too if another lesion has become current meanwhile: it knows which lesion it is for.
        """
        key = self._key()
        if key is not None and (measured := self._result(key)) is not None:
            take(measured)
        elif key is not None and self.under_way:
            self._waiting.append((key, take))

    def close(self) -> None:
        """Stop measuring; who still waits is given the measurements now."""
        self._serve_waiting(None)
        self._closed = True
        self._stop()

    def _key(self) -> _Key | None:
        mask, frame = self._scene.mask, self._scene.frame
        return None if mask is None or frame is None or mask.empty else (mask, mask.version, frame.scale)

    def _result(self, key: _Key) -> Measured | None:
        result = self._results.get(key[0])
        return result[2] if result is not None and result[:2] == key[1:] else None

    def _serve_waiting(self, current: _Key | None) -> None:
        """Give those their measurements now who wait for another outline than `current`: it is not measured in the
        worker any more. Those whose outline has changed wait in vain."""
        left = [(key, take) for key, take in self._waiting if key != current]
        self._waiting = [(key, take) for key, take in self._waiting if key == current]
        for (mask, version, scale), take in left:
            if mask.version == version and not mask.empty:
                take(_measured(mask.pixels, scale))

    def _look(self) -> None:
        key = self._key()
        self._serve_waiting(key)
        done = key is None or key == self._failed_key or self._result(key) is not None
        if self._closed or key is None or done or key[0].in_stroke:
            self._stop()
        elif self._running != key:
            self._running = key
            # A copy, as the user may draw on the mask meanwhile.
            pixels, scale = key[0].pixels.copy(), key[2]
            self._scene.jobs.submit(
                MEASURING,
                lambda job: _measured(pixels, scale),
                Outcome(lambda measured: self._done(key, measured), lambda problem: self._failed(key, problem)),
            )

    def _stop(self) -> None:
        if self._running is not None:
            self._running = None
            self._scene.jobs.cancel(MEASURING)

    def _done(self, key: _Key, measured: Measured) -> None:
        self._running = None
        self._results[key[0]] = (*key[1:], measured)
        waiting, self._waiting = self._waiting, []
        self.changed.emit()
        for wanted, take in waiting:
            if wanted == key:
                take(measured)

    def _failed(self, key: _Key, problem: BaseException) -> None:
        # Not tried again until the outline changes.
        self._running, self._failed_key = None, key
        self.changed.emit()
        self._scene.failed.emit(problem)


def _measured(pixels: Bool, scale: Scale) -> Measured:
    """Return the measurements of a mask that is not empty."""
    return Measured(measure(pixels, scale), describe_margin(pixels, scale), propose(pixels, scale))
