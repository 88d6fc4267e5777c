"""The explanation of an AI result as plain numbers: `explain` computes it; window and report show it without torch."""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from csamoe_desktop.lesion.regions import Regions, on_frame

Map = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Explanation:
    """The explanation of one AI result. With a single expert, `left_out` and `alone` are empty.

    Attributes:
        left_out: the calibrated probability without each expert, by name.
        alone: the calibrated probability by each expert alone, by name.
        attention: each expert's map by name, float32 (rows, columns) of its last stage, scaled so that its largest value is
            1; all 0 if nothing that the expert saw speaks for the positive class.
    """

    left_out: dict[str, float]
    alone: dict[str, float]
    attention: dict[str, Map]

    def to_dict(self) -> dict[str, Any]:
        """Return it as `assess --json` prints it."""
        maps = {name: np.round(values.astype(np.float64), 3).tolist() for name, values in self.attention.items()}
        return {"left_out": self.left_out, "alone": self.alone, "attention": maps}


def attention_on_frame(
    attention: Map, expert: str, regions: Regions, frame_shape: tuple[int, int]
) -> tuple[Map, NDArray[np.bool_]]:
    """Return an expert's map on the frame, float32 (rows, columns) 0 to 1, and the region that the expert saw, bool.

    The region is the assessed part of the frame for the image expert, and the core or the boundary for the others. The map is 0
    outside the region.
    """
    size = regions.image.shape[0]
    region = {"core": regions.core, "boundary": regions.boundary}.get(expert, np.ones((size, size), bool))
    smooth = np.clip(cv2.resize(attention, (size, size), interpolation=cv2.INTER_CUBIC), 0, 1).astype(np.float32)
    return (
        on_frame(smooth * region, frame_shape, regions.part),
        on_frame(region, frame_shape, regions.part),
    )
