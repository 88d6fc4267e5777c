"""Goes to another frame or study: at once if it is quick, otherwise when its image is decoded; until then nothing
changes."""

from collections.abc import Callable, Sequence

from csamoe_desktop.errors import UserError
from csamoe_desktop.session.autosaver import Autosaver
from csamoe_desktop.session.calibration import HandCalibration
from csamoe_desktop.session.frame_cache import FrameCache
from csamoe_desktop.session.scene import Scene
from csamoe_desktop.study.model import Frame, Study

Then = Callable[[], None]


def _nothing() -> None:
    pass


class Navigation:
    """The current frame: study, frame and lesions change together, before any signal is emitted."""

    def __init__(self, scene: Scene, frames: FrameCache, autosaver: Autosaver, calibration: HandCalibration) -> None:
        self._scene = scene
        self._frames = frames
        self._autosaver = autosaver
        self._calibration = calibration
        # Drawing cancels a pending change of frame.
        scene.drawn.connect(self.cancel)

    def show(self, study: Study | None, frame: Frame | None, listed: bool = False) -> None:
        """Show a frame, or nothing; `listed`: the list of open studies has changed too."""
        scene = self._scene
        scene.leaving.emit()
        self._frames.forget()
        study_changed = listed or study is not scene.study
        image_changed = False
        scene.study, scene.frame, scene.frame_lesions = study, frame, None
        if study is not None and frame is not None:
            scene.frame_lesions, image_changed = self._autosaver.open_frame(study, frame)
            scene.frame = self._calibration.applied(study, frame, scene.frame_lesions.image)
        if study_changed:
            scene.studyChanged.emit()
        scene.frameChanged.emit()
        scene.emit_current_lesion_changed()
        if image_changed and study is not None and frame is not None:
            name = f"Frame {frame.index + 1} of {study.name}" if study.frame_count > 1 else study.name
            scene.noted.emit(
                f"{name} is a different image now. The outline of the earlier image is saved and comes back with that image."
            )

    def to_study(self, study: Study) -> None:
        """Go to a study's first frame."""
        if study is self._scene.study:
            self.cancel()
        else:
            self._to(study, 0, _nothing, False)

    def to_frame(self, index: int, then: Then = _nothing, by_steps: bool = False) -> None:
        """Go to a frame of the current study, and call `then`; `by_steps`: after the frame that is being decoded."""
        study, frame = self._scene.study, self._scene.frame
        if study is None:
            return
        index = min(max(index, 0), study.frame_count - 1)
        if frame is None or frame.index != index:
            self._to(study, index, then, by_steps)
        else:
            self.cancel()
            then()

    def by(self, steps: int) -> None:
        """Go forward or back by `steps` frames, counted from the frame that is being decoded if there is one."""
        awaited, frame = self._frames.awaited, self._scene.frame
        if awaited is not None and awaited[0] is self._scene.study:
            self.to_frame(awaited[1] + steps, by_steps=True)
        elif frame is not None:
            self.to_frame(frame.index + steps)

    def to_first(self, studies: Sequence[Study]) -> None:
        """Go to the first of `studies` that can be shown, after the current one was closed."""
        problems: list[BaseException] = []
        for index, study in enumerate(studies):
            try:
                frame = self._frames.at_once(study, 0)
            except UserError as problem:
                problems.append(problem)
                continue
            if frame is None:
                self.show(None, None, True)
                self._to_first_when_decoded(study, studies[index + 1 :])
            else:
                self.show(study, frame, True)
            break
        else:
            self.show(None, None, True)
        for failure in problems:
            self._scene.failed.emit(failure)

    def cancel(self) -> None:
        """Cancel going to another frame."""
        if self._frames.forget():
            self._scene.navigationCancelled.emit()

    def _to(self, study: Study, index: int, then: Then, by_steps: bool) -> None:
        frames = self._frames

        def came(frame: Frame) -> None:
            self.show(study, frame, False)
            then()

        def failed(problem: BaseException) -> None:
            frames.forget()
            self._scene.failed.emit(problem)
            self._scene.navigationCancelled.emit()

        try:
            frame = frames.at_once(study, index)
        except UserError as problem:
            failed(problem)
            return
        if frame is not None:
            came(frame)
        else:
            frames.want(study, index, came, failed, by_steps)

    def _to_first_when_decoded(self, study: Study, others: Sequence[Study]) -> None:
        def failed(problem: BaseException) -> None:
            self.to_first(others)
            self._scene.failed.emit(problem)

        self._frames.want(study, 0, lambda frame: self.show(study, frame, False), failed)
