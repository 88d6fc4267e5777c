"""Cine: plays the frames of a study at the speed at which they were recorded."""

from PySide6.QtCore import QObject, QTimer, Signal

from csamoe_desktop.session.frame_cache import FrameCache
from csamoe_desktop.session.navigation import Navigation
from csamoe_desktop.session.scene import Scene

_DEFAULT_SECONDS = 0.1


class Cine(QObject):
    """Plays the current study in a loop, until paused or until another study or frame is chosen."""

    playingChanged = Signal(bool)

    def __init__(self, scene: Scene, navigation: Navigation, frames: FrameCache) -> None:
        super().__init__(scene)
        self._scene = scene
        self._navigation = navigation
        self._frames = frames
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._step)
        scene.studyChanged.connect(self.pause)
        # The next frame cannot be decoded. Pausing avoids repeating the message ten times a second.
        scene.navigationCancelled.connect(self.pause)

    @property
    def playing(self) -> bool:
        """Whether it is playing."""
        return self._timer.isActive()

    @property
    def possible(self) -> bool:
        """Whether the study has more than one frame."""
        return self._scene.study is not None and self._scene.study.frame_count > 1

    def toggle(self) -> None:
        """Play or pause."""
        if self.playing:
            self.pause()
        elif self.possible and self._scene.study is not None:
            self._timer.start(round(1000 * (self._scene.study.frame_seconds or _DEFAULT_SECONDS)))
            self.playingChanged.emit(True)

    def pause(self) -> None:
        """Stop at the current frame."""
        if self.playing:
            self._timer.stop()
            self._navigation.cancel()
            self.playingChanged.emit(False)

    def go_to(self, index: int) -> None:
        """Pause and go to frame `index`."""
        self.pause()
        self._navigation.to_frame(index)

    def go_by(self, steps: int) -> None:
        """Pause and go forward or back by `steps` frames."""
        self.pause()
        self._navigation.by(steps)

    def _step(self) -> None:
        study, frame = self._scene.study, self._scene.frame
        if study is None or frame is None:
            self.pause()
        elif self._frames.awaited is None:
            # While the next frame is still being decoded, playing slows down; no frame is skipped.
            self._navigation.to_frame((frame.index + 1) % study.frame_count)
