"""Calibration by hand: the scale the user gave a frame, or a whole study, by drawing along the depth scale.

It lasts until the program ends, and is the image's, not its file's: it is not written anywhere.
"""

import dataclasses
from pathlib import Path
from typing import NamedTuple

from PySide6.QtCore import QObject, Signal

from csamoe_desktop.errors import UserError
from csamoe_desktop.lesion.tools import Place
from csamoe_desktop.session.lesion_work import LesionWork
from csamoe_desktop.session.scene import Scene
from csamoe_desktop.study.calibration import by_hand, calibrated_by_hand, depth_at, file_spacing
from csamoe_desktop.study.model import Frame, Scale, Spacing, Study


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
    """The frame in view has another scale."""
    drawn = Signal(object)
    """A `DrawnLine` is long enough to calibrate by."""

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self._scene = scene
        self._frames: dict[str, Scale] = {}
        self._studies: dict[_Which, Scale] = {}

    def applied(self, study: Study, frame: Frame, image: str) -> Frame:
        """Return `frame`, whose image hash is `image`, with the scale the user gave it, where there is one."""
        scale = self.scale_of(study, frame.index, image, frame.shape)
        return frame if scale == frame.scale else dataclasses.replace(frame, scale=scale)

    def scale_of(self, study: Study, index: int, image: str, shape: tuple[int, int]) -> Scale:
        """Return the scale in use of frame `index` of `study`, with this image hash and shape."""
        own, given = study.scale_of(index), self._frames.get(image)
        if given is None and not own.calibrated:
            given = self._studies.get(_which(study, shape))
        return own if given is None else given

    @property
    def there(self) -> bool:
        """Whether the frame in view is calibrated by hand."""
        frame = self._scene.frame
        return frame is not None and frame.scale.by_hand

    def file_spacing(self, line: DrawnLine | None = None) -> Spacing | None:
        """Return what the file itself says of the frame in view where a line is drawn, or, without one, of all that it
        calibrates; None where it gives no millimetres there."""
        found = file_spacing(self.file_scale, None if line is None else (line.start, line.end))
        return found if found.in_mm else None

    def spacing_by(self, line: DrawnLine, length: float) -> Spacing:
        """Return the spacing of the frame in view by a line that is `length` millimetres long.

        Raises:
            UserError: the line is too short, or no ultrasound image has such pixels.
        """
        own, ends = self.file_scale, (line.start, line.end)
        rows = line.work.mask.pixels.shape[0]
        return by_hand(*ends, length, file_spacing(own, ends), depth_at(own, ends, rows))

    @property
    def file_scale(self) -> Scale:
        """What the file itself says of the frame in view."""
        study, frame = self._scene.study, self._scene.frame
        return Scale() if study is None or frame is None else study.scale_of(frame.index)

    @property
    def others(self) -> int:
        """How many more frames the study in view has that its file does not calibrate."""
        study = self._scene.study
        if study is None or self.file_scale.calibrated:
            return 0
        return sum(not study.scale_of(index).calibrated for index in range(study.frame_count)) - 1

    def calibrate(self, line: DrawnLine, length: float, all_frames: bool = False) -> None:
        """Take `line` for `length` millimetres on the frame in view; with `all_frames` on every frame of its study that
        has no calibration of its own, too.

        Raises:
            UserError: the line is too short, no image has such pixels, or another frame is in view.
        """
        scene = self._scene
        study, frame, work = scene.study, scene.frame, scene.work
        if study is None or frame is None or work is None or work.image != line.work.image:
            raise UserError(
                "Another image has come into view; nothing was calibrated.",
                "Go back to yours, and draw the line again.",
            )
        # On what was calibrated by hand before: a split screen may be calibrated on one side and then on the other.
        before = self.file_scale if all_frames else self._frames.get(work.image, self.file_scale)
        scale = calibrated_by_hand(before, (line.start, line.end), self.spacing_by(line, length))
        if all_frames and self.others:
            self._studies[_which(study, frame.shape)] = scale
            self._frames.pop(work.image, None)
        else:
            self._frames[work.image] = scale
        self._show(study, frame, work)

    def remove(self) -> None:
        """Remove the calibration of the frame in view: its own, else its study's."""
        scene = self._scene
        study, frame, work = scene.study, scene.frame, scene.work
        if study is None or frame is None or work is None or not self.there:
            return
        if self._frames.pop(work.image, None) is not None:
            told = "The calibration by hand of this frame was removed"
        else:
            self._studies.pop(_which(study, frame.shape), None)
            told = "The calibration by hand was removed from all frames of this study that had it"
        self._show(study, frame, work)
        now = self.file_scale if scene.frame is None else scene.frame.scale
        again = now.common.words if now.common.in_mm else f"measured by {now.words()}"
        scene.noted.emit(f"{told}; {f'it is {again} again' if now.calibrated else 'sizes are in pixels'}.")

    def _show(self, study: Study, frame: Frame, work: LesionWork) -> None:
        self._scene.frame = self.applied(study, frame, work.image)
        self.changed.emit()


def _which(study: Study, shape: tuple[int, int]) -> _Which:
    return _Which(study.path, study.facts.instance_uid, study.frame_count, shape)
