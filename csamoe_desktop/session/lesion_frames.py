"""The frames that lesions lie on, decoded and calibrated as they were when the lesions were marked."""

from csamoe_desktop.errors import UserError
from csamoe_desktop.session.calibration import HandCalibration
from csamoe_desktop.session.frame_cache import FrameCache
from csamoe_desktop.session.lesions import PlacedLesion
from csamoe_desktop.session.saved_frame import image_hash
from csamoe_desktop.study.model import Frame


class LesionFrames:
    """Finds the frame of a lesion that need not be in view; for workers."""

    def __init__(self, frames: FrameCache, calibration: HandCalibration) -> None:
        self._frames = frames
        self._calibration = calibration

    def frame_of(self, placed: PlacedLesion) -> Frame:
        """Return the frame a lesion is on, decoded now, with the scale the user gave it.

        Raises:
            UserError: it cannot be decoded, or is another image by now.
        """
        there = placed.frame < placed.study.frame_count
        frame = self._frames.decoded(placed.study, placed.frame, urgent=True) if there else None
        if frame is None or image_hash(placed.study, frame) != placed.work.image:
            raise UserError(
                f"{placed.where} is another image than the one {placed.work.title} was marked on.",
                "Open the file again, and mark and assess the lesion there.",
            )
        return self._calibration.applied(placed.study, frame, placed.work.image)
