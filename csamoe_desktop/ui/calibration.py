"""Calibration by hand: the spacing the user gave a frame, or a whole study, by drawing along the depth scale.

It lasts until the program ends, and is the image's, not its file's: it is not written anywhere.
"""

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from PySide6.QtCore import QObject, Signal

from csamoe_desktop.errors import UserError
from csamoe_desktop.lesion.tools import Place
from csamoe_desktop.study.calibration import by_hand
from csamoe_desktop.study.model import Frame, Spacing, Study
from csamoe_desktop.ui.reading import LesionWork

if TYPE_CHECKING:
    from csamoe_desktop.ui.session import Session


@dataclasses.dataclass(frozen=True, slots=True)
class DrawnLine:
    """A line along the depth scale, its ends (row, column), and the work on a lesion of the frame it was drawn on."""

    start: Place
    end: Place
    work: LesionWork


class _Which(NamedTuple):
    """What tells a study with its pixel size from any other, a file exported anew under its name too."""

    path: Path
    instance: str
    frames: int
    shape: tuple[int, int]


class HandCalibration(QObject):
    """What the user calibrated. A frame's own goes before its study's, and the study's is for frames without any."""

    changed = Signal()
    """The frame in view has another spacing."""
    drawn = Signal(object)
    """A `DrawnLine` is long enough to calibrate by."""

    def __init__(self, session: "Session") -> None:
        super().__init__(session)
        self._session = session
        self._frames: dict[str, Spacing] = {}
        self._studies: dict[_Which, Spacing] = {}

    def applied(self, study: Study, frame: Frame, image: str) -> Frame:
        """Return `frame`, whose image hash is `image`, with the spacing the user gave it, where there is one."""
        spacing = self.spacing_of(study, image, frame.shape)
        return frame if spacing == frame.spacing else dataclasses.replace(frame, spacing=spacing)

    def spacing_of(self, study: Study, image: str, shape: tuple[int, int]) -> Spacing | None:
        """Return the spacing in use of the frame of `study` with this image hash and shape."""
        given = self._frames.get(image)
        if given is None and study.spacing is None:
            given = self._studies.get(_which(study, shape))
        return study.spacing if given is None else given

    @property
    def there(self) -> bool:
        """Whether the frame in view is calibrated by hand."""
        frame = self._session.frame
        return frame is not None and frame.spacing is not None and frame.spacing.by_hand

    @property
    def file_spacing(self) -> Spacing | None:
        """The spacing that the file itself gives the frame in view."""
        return None if self._session.study is None else self._session.study.spacing

    @property
    def others(self) -> int:
        """How many more frames the study in view has that its file does not calibrate."""
        study = self._session.study
        return 0 if study is None or study.spacing is not None else study.frame_count - 1

    def calibrate(self, line: DrawnLine, length: float, all_frames: bool = False) -> None:
        """Take `line` for `length` millimetres on the frame in view; with `all_frames` on every frame of its study that
        has no calibration of its own, too.

        Raises:
            UserError: the line is too short, no image has such pixels, or another frame is in view.
        """
        session = self._session
        study, frame, work = session.study, session.frame, session.work
        if study is None or frame is None or work is None or work.image != line.work.image:
            raise UserError(
                "Another image has come into view; nothing was calibrated.",
                "Go back to yours, and draw the line again.",
            )
        spacing = by_hand(line.start, line.end, length, study.spacing)
        if all_frames and self.others:
            self._studies[_which(study, frame.shape)] = spacing
            self._frames.pop(work.image, None)
        else:
            self._frames[work.image] = spacing
        self._show(study, frame, work)

    def remove(self) -> None:
        """Remove the calibration of the frame in view: its own, else its study's."""
        session = self._session
        study, frame, work = session.study, session.frame, session.work
        if study is None or frame is None or work is None or not self.there:
            return
        if self._frames.pop(work.image, None) is not None:
            told = "The calibration by hand of this frame was removed"
        else:
            self._studies.pop(_which(study, frame.shape), None)
            told = "The calibration by hand was removed from all frames of this study that had it"
        self._show(study, frame, work)
        now = None if session.frame is None else session.frame.spacing
        session.noted.emit(f"{told}; {'sizes are in pixels' if now is None else f'it is {now.words} again'}.")

    def _show(self, study: Study, frame: Frame, work: LesionWork) -> None:
        self._session.frame = self.applied(study, frame, work.image)
        self.changed.emit()


def _which(study: Study, shape: tuple[int, int]) -> _Which:
    return _Which(study.path, study.facts.instance_uid, study.frame_count, shape)
