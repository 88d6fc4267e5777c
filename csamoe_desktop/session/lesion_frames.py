"""The frames of lesions, decoded and calibrated, after a check that they are the images on which the lesions were
marked."""

from csamoe_desktop.errors import UserError
from csamoe_desktop.session.calibration import HandCalibration
from csamoe_desktop.session.frame_cache import FrameCache
from csamoe_desktop.session.lesions import PlacedLesion
from csamoe_desktop.session.saved_frame import image_hash
from csamoe_desktop.study.model import Frame


class LesionFrames:
    """Finds the frame of a lesion that need not be current; for workers."""

    def __init__(self, frames: FrameCache, calibration: HandCalibration) -> None:
        self._frames = frames
        self._calibration = calibration

    def frame_of(self, placed: PlacedLesion) -> Frame:
        """Return the frame of a lesion, decoded now, with its scale by hand if there is one.

        Raises:
            UserError: it cannot be decoded, or is a different image now.
        """
        exists = placed.frame < placed.study.frame_count
        frame = self._frames.decoded(placed.study, placed.frame, urgent=True) if exists else None
        if frame is None or image_hash(placed.study, frame) != placed.work.image:
            raise UserError(
                f"{placed.where} is a different image now: {placed.work.title} was not marked on it.",
                "Open the file again, then mark and assess the lesion there.",
            )
        return self._calibration.applied(placed.study, frame, placed.work.image)
