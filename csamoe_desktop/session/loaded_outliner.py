"""The network that proposes outlines, as the window's worker uses it: loaded when first needed, stopped when not."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from csamoe_desktop.inference.bundle import find_outliner
from csamoe_desktop.lesion.propose import Finder
from csamoe_desktop.lesion.regions import Part
from csamoe_desktop.session.jobs import Job

if TYPE_CHECKING:
    from csamoe_desktop.inference.outliner import Outliner


class LoadedOutliner:
    """The network that proposes, loaded by the first that needs it, in the one thread of its lane."""

    def __init__(self) -> None:
        self._loaded: tuple[str, Outliner] | None = None

    def get(self, device: str, job: Job) -> "Outliner":
        """Return it on the device asked for.

        Raises:
            UserError: it is missing or damaged, or there is no such device.
            Cancelled: nobody waits for it any more.
        """
        if self._loaded is not None and self._loaded[0] == device:
            return self._loaded[1]
        job.progress(0.0, "Starting PyTorch")
        # Importing torch takes seconds: here, where nobody waits for the window.
        from csamoe_desktop.inference.loading import load_outliner

        job.progress(0.5, "Loading the model")
        outliner = load_outliner(find_outliner(), device)
        self._loaded = (device, outliner)
        return outliner


class Heeding:
    """A finder that looks no more once its job is cancelled: a proposal takes two looks."""

    def __init__(self, finder: Finder, job: Job) -> None:
        self._finder = finder
        self._job = job

    def logits(self, pixels: NDArray[np.uint8], parts: Sequence[Part] | None = None) -> list[NDArray[np.float32]]:
        """Look, as the finder does.

        Raises:
            Cancelled: the job was cancelled.
        """
        self._job.progress(0.5, "Looking for lesions")
        return self._finder.logits(pixels, parts)
