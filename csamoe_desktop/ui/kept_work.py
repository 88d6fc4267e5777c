"""The work on the frames of the open studies: kept with its file and frame as long as the image there is the same."""

import hashlib
from pathlib import Path

import numpy as np

from csamoe_desktop.lesion.history import EditedMask
from csamoe_desktop.study.model import Frame, Study
from csamoe_desktop.ui.reading import FrameWork


class KeptWork:
    """Masks, readings and comments of frames, in view or not."""

    def __init__(self) -> None:
        self._there: dict[tuple[Path, int], FrameWork] = {}
        self._aside: dict[tuple[Path, int, str], FrameWork] = {}

    def bring(self, study: Study, frame: Frame) -> tuple[FrameWork, bool]:
        """Return the work on a frame that comes into view, and whether other work had to make way for it.

        A file may be exported anew under its old name. What was done on another image is put aside then, and is back
        when that image is.
        """
        self._there = {key: work for key, work in self._there.items() if not work.untouched}
        key, image = (study.path, frame.index), image_hash(study, frame)
        there = self._there.get(key)
        if there is not None and there.image == image:
            return there, False
        if there is not None:
            self._aside[(*key, there.image)] = there
        work = self._aside.pop((*key, image), None) or FrameWork(EditedMask(frame.shape), image)
        self._there[key] = work
        return work, there is not None

    def get(self, study: Study, index: int) -> FrameWork | None:
        """Return the work on a frame as it was last in view, or None."""
        return self._there.get((study.path, index))

    def forget(self, study: Study) -> None:
        """Forget all work on a study."""
        self._there = {key: work for key, work in self._there.items() if key[0] != study.path}
        self._aside = {key: work for key, work in self._aside.items() if key[0] != study.path}

    def unreported(self, study: Study | None = None) -> tuple[int, int]:
        """Return how many outlines and how many comments no report holds, of one study or of all."""
        works = [
            work
            for kept in (self._there, self._aside)
            for key, work in kept.items()
            if study is None or key[0] == study.path
        ]
        return sum(work.outline_unreported for work in works), sum(work.comment_unreported for work in works)


def image_hash(study: Study, frame: Frame) -> str:
    """Return what tells a frame's image from any other: a hash of its SOP instance UID, shape and pixels."""
    digest = hashlib.sha256(f"{study.facts.instance_uid} {frame.pixels.shape}".encode())
    digest.update(np.ascontiguousarray(frame.pixels).data)
    return digest.hexdigest()
