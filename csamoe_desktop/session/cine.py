"""Cine: the frames of a study shown one after the other, at the pace they were recorded."""

from PySide6.QtCore import QObject, QTimer, Signal

from csamoe_desktop.session.session import Session

_USUAL_SECONDS = 0.1


class Cine(QObject):
    """Plays the study in view, round and round, until paused or until another study or frame is asked for."""

    playingChanged = Signal(bool)

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._step)
        session.studyChanged.connect(self.pause)
        # The next frame could not be decoded: it was said once, and need not be said ten times a second.
        session.stayed.connect(self.pause)

    @property
    def playing(self) -> bool:
        """Whether it plays."""
        return self._timer.isActive()

    @property
    def possible(self) -> bool:
        """Whether there is more than one frame."""
        return self._session.study is not None and self._session.study.frame_count > 1

    def toggle(self) -> None:
        """Play, or pause."""
        if self.playing:
            self.pause()
        elif self.possible and self._session.study is not None:
            self._timer.start(round(1000 * (self._session.study.frame_seconds or _USUAL_SECONDS)))
            self.playingChanged.emit(True)

    def pause(self) -> None:
        """Stay at the frame in view."""
        if self.playing:
            self._timer.stop()
            self._session.stay()
            self.playingChanged.emit(False)

    def go_to(self, index: int) -> None:
        """Pause at frame `index`."""
        self.pause()
        self._session.show_frame(index)

    def go_by(self, steps: int) -> None:
        """Pause, and go some frames on or back."""
        self.pause()
        self._session.step_frames(steps)

    def _step(self) -> None:
        study, frame = self._session.study, self._session.frame
        if study is None or frame is None:
            self.pause()
        elif self._session.frames.awaited is None:
            # Else the next one is still being decoded: it plays slower rather than leave any out.
            self._session.show_frame((frame.index + 1) % study.frame_count)
