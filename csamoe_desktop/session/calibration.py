"""Calibration by hand: the user gives a frame, or a whole study, its scale by drawing a line along the depth scale.

The scale belongs to the image, not to its file. It is not stored anywhere and lasts until the program ends.
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
    """A line along the depth scale: its ends (row, column), and a lesion of the frame on which it was drawn."""

    start: Place
    end: Place
    work: LesionWork


class _StudyKey(NamedTuple):
    """Identifies a study with its pixel size, so that a new file exported under the same name is recognised."""

    path: Path
    instance: str
    frames: int
    shape: tuple[int, int]


class HandCalibration(QObject):
    """The calibrations by hand. A frame's own calibration takes precedence; that of its study applies to frames
    without one."""

    changed = Signal()
    """The scale of the current frame changed."""
    drawn = Signal(object)
    """A `DrawnLine` long enough to calibrate by was drawn."""

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self._scene = scene
        self._frames: dict[str, Scale] = {}
        self._studies: dict[_StudyKey, Scale] = {}

    def applied(self, study: Study, frame: Frame, image: str) -> Frame:
        """Return `frame`, whose image hash is `image`, with its scale by hand if there is one."""
        scale = self.scale_of(study, frame.index, image, frame.shape)
        return frame if scale == frame.scale else dataclasses.replace(frame, scale=scale)

    def scale_of(self, study: Study, index: int, image: str, shape: tuple[int, int]) -> Scale:
        """Return the scale in use for frame `index` of `study`, which has this image hash and shape."""
        own, by_user = study.scale_of(index), self._frames.get(image)
        if by_user is None and not own.calibrated:
            by_user = self._studies.get(_study_key(study, shape))
        return own if by_user is None else by_user

    @property
    def by_hand(self) -> bool:
        """Whether the current frame is calibrated by hand."""
        frame = self._scene.frame
        return frame is not None and frame.scale.by_hand

    def file_spacing(self, line: DrawnLine | None = None) -> Spacing | None:
        """Return the spacing that the file gives for the current frame where `line` is drawn, or, without a line,
        for all calibrated parts; None if it gives no millimetres there."""
        spacing = file_spacing(self.file_scale, None if line is None else (line.start, line.end))
        return spacing if spacing.in_mm else None

    def spacing_by(self, line: DrawnLine, length: float) -> Spacing:
        """Return the spacing of the current frame if `line` is `length` millimetres long.

        Raises:
            UserError: the line is too short, or no ultrasound image has pixels of this size.
        """
        own, ends = self.file_scale, (line.start, line.end)
        rows = line.work.mask.pixels.shape[0]
        return by_hand(*ends, length, file_spacing(own, ends), depth_at(own, ends, rows))

    @property
    def file_scale(self) -> Scale:
        """The scale that the file gives for the current frame."""
        study, frame = self._scene.study, self._scene.frame
        return Scale() if study is None or frame is None else study.scale_of(frame.index)

    @property
    def others(self) -> int:
        """The number of other frames of the current study that the file does not calibrate."""
        study = self._scene.study
        if study is None or self.file_scale.calibrated:
            return 0
        return sum(not study.scale_of(index).calibrated for index in range(study.frame_count)) - 1

    def calibrate(self, line: DrawnLine, length: float, all_frames: bool = False) -> None:
        """Calibrate the current frame by `line`, which is `length` millimetres long; with `all_frames`, also every
        frame of its study without its own calibration.

        Raises:
            UserError: the line is too short, no image has pixels of this size, or another frame is current.
        """
        scene = self._scene
        study, frame, work = scene.study, scene.frame, scene.work
        if study is None or frame is None or work is None or work.image != line.work.image:
            raise UserError(
                "Another image is current now; nothing was calibrated.",
                "Go back to your image and draw the line again.",
            )
        # Add to an earlier calibration by hand: the two sides of a split screen are calibrated one after the other.
        before = self.file_scale if all_frames else self._frames.get(work.image, self.file_scale)
        scale = calibrated_by_hand(before, (line.start, line.end), self.spacing_by(line, length))
        if all_frames and self.others:
            self._studies[_study_key(study, frame.shape)] = scale
            self._frames.pop(work.image, None)
        else:
            self._frames[work.image] = scale
        self._show(study, frame, work)

    def remove(self) -> None:
        """Remove the calibration by hand of the current frame: its own, otherwise that of its study."""
        scene = self._scene
        study, frame, work = scene.study, scene.frame, scene.work
        if study is None or frame is None or work is None or not self.by_hand:
            return
        if self._frames.pop(work.image, None) is not None:
            message = "The calibration by hand was removed from this frame"
        else:
            self._studies.pop(_study_key(study, frame.shape), None)
            message = "The calibration by hand was removed from all frames of this study that used it"
        self._show(study, frame, work)
        now = self.file_scale if scene.frame is None else scene.frame.scale
        source = now.common.words if now.common.in_mm else f"measured by {now.words()}"
        scene.noted.emit(f"{message}. {f'The image is {source} again' if now.calibrated else 'Sizes are in pixels'}.")

    def _show(self, study: Study, frame: Frame, work: LesionWork) -> None:
        self._scene.frame = self.applied(study, frame, work.image)
        self.changed.emit()


def _study_key(study: Study, shape: tuple[int, int]) -> _StudyKey:
    return _StudyKey(study.path, study.facts.instance_uid, study.frame_count, shape)
