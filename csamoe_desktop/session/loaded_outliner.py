"""The network that proposes outlines, as the window's worker uses it: loaded when first needed, stopped when
cancelled."""

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
    """The network that proposes outlines, loaded by the first job that needs it, in the one thread of its lane."""

    def __init__(self) -> None:
        self._loaded: tuple[str, Outliner] | None = None

    def get(self, device: str, job: Job) -> "Outliner":
        """Return the network on the given device.

        Raises:
            UserError: it is missing or damaged, or there is no such device.
            Cancelled: the job was cancelled.
        """
        if self._loaded is not None and self._loaded[0] == device:
            return self._loaded[1]
        job.progress(0.0, "Starting PyTorch")
        # Importing torch takes seconds: it happens here, in a worker, and not at the start.
        from csamoe_desktop.inference.loading import load_outliner

        job.progress(0.5, "Loading the model")
        outliner = load_outliner(find_outliner(), device)
        self._loaded = (device, outliner)
        return outliner


class CancellableFinder:
    """A finder that stops when its job is cancelled: a proposal takes two runs of the network."""

    def __init__(self, finder: Finder, job: Job) -> None:
        self._finder = finder
        self._job = job

    def logits(self, pixels: NDArray[np.uint8], parts: Sequence[Part] | None = None) -> list[NDArray[np.float32]]:
        """Run the network, as the finder does.

        Raises:
            Cancelled: the job was cancelled.
        """
        self._job.progress(0.5, "Looking for lesions")
        return self._finder.logits(pixels, parts)
