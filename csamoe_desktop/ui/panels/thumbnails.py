"""Thumbnails of frames, made one at a time in the worker, and only for visible frames."""

from collections import OrderedDict

import cv2
import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QImage, QPixmap

from csamoe_desktop.session.jobs import Outcome
from csamoe_desktop.session.session import Session
from csamoe_desktop.study.model import Study

THUMBNAILS = "thumbnails"
WIDTH, HEIGHT = 128, 96
"""Largest size of a thumbnail in pixels."""
_MOST_CACHED = 600
_MOST_WANTED = 60
"""Requests that may wait; older ones are for frames no longer visible."""


class Thumbnails(QObject):
    """The thumbnails made so far, and the requests for more."""

    ready = Signal(object, int)
    """The thumbnail of this frame of this study is ready."""

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._made: OrderedDict[tuple[int, int], QPixmap | None] = OrderedDict()
        # The references keep an id() from being reused while its thumbnails are cached.
        self._studies: dict[int, Study] = {}
        self._wanted: list[tuple[Study, int]] = []
        self._current: tuple[Study, int] | None = None

    def picture(self, study: Study, index: int) -> QPixmap | None:
        """Return the thumbnail of frame `index` of `study`, or None and request it; `ready` follows."""
        key = (id(study), index)
        if key in self._made:
            return self._made[key]
        if (study, index) != self._current:
            if (study, index) in self._wanted:
                self._wanted.remove((study, index))
            self._wanted = [*self._wanted[-_MOST_WANTED:], (study, index)]
            self._make_next()
        return None

    def forget_wishes(self) -> None:
        """Drop the open requests, and the thumbnails of closed studies."""
        self._wanted.clear()
        self._current = None
        self._session.jobs.cancel(THUMBNAILS)
        self._studies = {id(study): study for study in self._session.studies}
        for key in [key for key in self._made if key[0] not in self._studies]:
            del self._made[key]

    def _make_next(self) -> None:
        if not self._wanted or self._session.jobs.busy(THUMBNAILS):
            return
        # The latest request is for a frame that is visible now.
        study, index = self._current = self._wanted.pop()
        self._studies[id(study)] = study

        def made(image: QImage | None) -> None:
            self._current = None
            self._made[id(study), index] = None if image is None else QPixmap.fromImage(image)
            if len(self._made) > _MOST_CACHED:
                self._made.popitem(last=False)
            self.ready.emit(study, index)
            self._make_next()

        # A frame that cannot be decoded is reported when it is opened; here it just has no thumbnail.
        self._session.jobs.submit(
            THUMBNAILS,
            lambda job: shrunk(self._session.frames.decoded(study, index).pixels, study.scale_of(index).aspect),
            Outcome(made, lambda problem: made(None)),
        )


def shrunk(pixels: NDArray[np.uint8], aspect: float = 1.0) -> QImage:
    """Return `pixels` (rows, columns[, 3]), `aspect` times as high as wide, as an image that fits WIDTH x HEIGHT."""
    rows, columns = pixels.shape[:2]
    scale = min(WIDTH / columns, HEIGHT / (rows * aspect), 1.0)
    size = max(round(columns * scale), 1), max(round(rows * aspect * scale), 1)
    small = np.ascontiguousarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA))
    kind = QImage.Format.Format_Grayscale8 if small.ndim == 2 else QImage.Format.Format_RGB888
    return QImage(small.data, size[0], size[1], small.strides[0], kind).copy()
