"""Turning to another frame or study: at once where it is quick, else when its image is decoded. Until then all stays."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from csamoe_desktop.errors import UserError
from csamoe_desktop.study.model import Frame, Study

if TYPE_CHECKING:
    from csamoe_desktop.session.session import Session

Show = Callable[[Study | None, Frame | None, bool], None]
Then = Callable[[], None]


def _nothing() -> None:
    pass


class Turning:
    """`show` brings a frame into view, all of it in one go; its last argument is whether the list of studies changed."""

    def __init__(self, session: "Session", show: Show) -> None:
        self._session = session
        self._show = show

    def to_study(self, study: Study) -> None:
        """Turn to a study's first frame."""
        if study is self._session.study:
            self.stay()
        else:
            self._to(study, 0, _nothing, False)

    def to_frame(self, index: int, then: Then = _nothing, by_steps: bool = False) -> None:
        """Turn to a frame of the study in view, and call `then`; `by_steps`: past the one that was to come."""
        study, frame = self._session.study, self._session.frame
        if study is None:
            return
        index = min(max(index, 0), study.frame_count - 1)
        if frame is None or frame.index != index:
            self._to(study, index, then, by_steps)
        else:
            self.stay()
            then()

    def by(self, steps: int) -> None:
        """Turn some frames on or back, from the one that is to come where there is one."""
        awaited, frame = self._session.frames.awaited, self._session.frame
        if awaited is not None and awaited[0] is self._session.study:
            self.to_frame(awaited[1] + steps, by_steps=True)
        elif frame is not None:
            self.to_frame(frame.index + steps)

    def to_first(self, studies: Sequence[Study]) -> None:
        """Turn to the first of `studies` that can be shown, now that the one in view is closed."""
        problems: list[BaseException] = []
        for place, study in enumerate(studies):
            try:
                frame = self._session.frames.at_once(study, 0)
            except UserError as problem:
                problems.append(problem)
                continue
            if frame is None:
                self._show(None, None, True)
                self._to_first_when_decoded(study, studies[place + 1 :])
            else:
                self._show(study, frame, True)
            break
        else:
            self._show(None, None, True)
        for told in problems:
            self._session.failed.emit(told)

    def stay(self) -> None:
        """Let what is in view stay, whatever was to come."""
        if self._session.frames.forget():
            self._session.stayed.emit()

    def _to(self, study: Study, index: int, then: Then, by_steps: bool) -> None:
        frames = self._session.frames

        def came(frame: Frame) -> None:
            self._show(study, frame, False)
            then()

        def failed(problem: BaseException) -> None:
            frames.forget()
            self._session.failed.emit(problem)
            self._session.stayed.emit()

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
            self._session.failed.emit(problem)

        self._session.frames.want(study, 0, lambda frame: self._show(study, frame, False), failed)
