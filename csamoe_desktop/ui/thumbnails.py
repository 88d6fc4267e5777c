"""Small pictures of frames, made one at a time in the worker and only for what is looked at."""

from collections import OrderedDict

import cv2
import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QImage, QPixmap

from csamoe_desktop.study.model import Study
from csamoe_desktop.ui.jobs import Outcome
from csamoe_desktop.ui.session import Session

THUMBNAILS = "thumbnails"
WIDTH, HEIGHT = 128, 96
"""Of a thumbnail at most, in its own pixels."""
_KEPT = 600


class Thumbnails(QObject):
    """The pictures made so far, and those asked for; what another study asked for is forgotten."""

    ready = Signal(int)
    """The picture of this frame of the study in view is there."""

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._made: OrderedDict[tuple[int, int], QPixmap | None] = OrderedDict()
        self._studies: dict[int, Study] = {}
        self._wanted: list[int] = []
        self._in_hand: int | None = None
        session.studyChanged.connect(self._forget_wishes)

    def picture(self, index: int) -> QPixmap | None:
        """Return the picture of frame `index` of the study in view, or None and ask for it; `ready` follows."""
        study = self._session.study
        if study is None:
            return None
        key = (id(study), index)
        if key in self._made:
            return self._made[key]
        if index != self._in_hand:
            if index in self._wanted:
                self._wanted.remove(index)
            self._wanted.append(index)
            self._make_next()
        return None

    def _forget_wishes(self) -> None:
        self._wanted.clear()
        self._in_hand = None
        self._session.jobs.cancel(THUMBNAILS)
        self._studies = {id(study): study for study in self._session.studies}
        for key in [key for key in self._made if key[0] not in self._studies]:
            del self._made[key]

    def _make_next(self) -> None:
        study = self._session.study
        if study is None or not self._wanted or self._session.jobs.busy(THUMBNAILS):
            return
        # The one asked for last is the one in view now.
        index = self._in_hand = self._wanted.pop()

        def made(image: QImage | None) -> None:
            self._in_hand = None
            self._made[id(study), index] = None if image is None else QPixmap.fromImage(image)
            if len(self._made) > _KEPT:
                self._made.popitem(last=False)
            self.ready.emit(index)
            self._make_next()

        # A frame that cannot be decoded is told when it is opened; here it only has no picture.
        self._session.jobs.submit(
            THUMBNAILS,
            lambda job: shrunk(self._session.frames.decoded(study, index).pixels, study.scale_of(index).aspect),
            Outcome(made, lambda problem: made(None)),
        )


def shrunk(pixels: NDArray[np.uint8], aspect: float = 1.0) -> QImage:
    """Return `pixels` (rows, columns[, 3]), `aspect` times as high as wide, as a picture that fits WIDTH x HEIGHT."""
    rows, columns = pixels.shape[:2]
    scale = min(WIDTH / columns, HEIGHT / (rows * aspect), 1.0)
    size = max(round(columns * scale), 1), max(round(rows * aspect * scale), 1)
    small = np.ascontiguousarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA))
    kind = QImage.Format.Format_Grayscale8 if small.ndim == 2 else QImage.Format.Format_RGB888
    return QImage(small.data, size[0], size[1], small.strides[0], kind).copy()
