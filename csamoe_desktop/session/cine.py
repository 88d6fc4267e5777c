"""Cine: the frames of a study shown one after the other, at the pace they were recorded."""

from PySide6.QtCore import QObject, QTimer, Signal

from csamoe_desktop.session.frame_cache import FrameCache
from csamoe_desktop.session.navigation import Navigation
from csamoe_desktop.session.scene import Scene

_USUAL_SECONDS = 0.1


class Cine(QObject):
    """Plays the study in view, round and round, until paused or until another study or frame is asked for."""

    playingChanged = Signal(bool)

    def __init__(self, scene: Scene, navigation: Navigation, frames: FrameCache) -> None:
        super().__init__(scene)
        self._scene = scene
        self._navigation = navigation
        self._frames = frames
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._step)
        scene.studyChanged.connect(self.pause)
        # The next frame could not be decoded: it was said once, and need not be said ten times a second.
        scene.stayed.connect(self.pause)

    @property
    def playing(self) -> bool:
        """Whether it plays."""
        return self._timer.isActive()

    @property
    def possible(self) -> bool:
        """Whether there is more than one frame."""
        return self._scene.study is not None and self._scene.study.frame_count > 1

    def toggle(self) -> None:
        """Play, or pause."""
        if self.playing:
            self.pause()
        elif self.possible and self._scene.study is not None:
            self._timer.start(round(1000 * (self._scene.study.frame_seconds or _USUAL_SECONDS)))
            self.playingChanged.emit(True)

    def pause(self) -> None:
        """Stay at the frame in view."""
        if self.playing:
            self._timer.stop()
            self._navigation.stay()
            self.playingChanged.emit(False)

    def go_to(self, index: int) -> None:
        """Pause at frame `index`."""
        self.pause()
        self._navigation.to_frame(index)

    def go_by(self, steps: int) -> None:
        """Pause, and go some frames on or back."""
        self.pause()
        self._navigation.by(steps)

    def _step(self) -> None:
        study, frame = self._scene.study, self._scene.frame
        if study is None or frame is None:
            self.pause()
        elif self._frames.awaited is None:
            # Else the next one is still being decoded: it plays slower rather than leave any out.
            self._navigation.to_frame((frame.index + 1) % study.frame_count)
