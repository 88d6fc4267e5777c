"""Why a model gave its result, as plain numbers: `explain` finds them, window and report show them without torch."""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from csamoe_desktop.lesion.regions import Regions, on_frame

Map = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Explanation:
    """Why, of one reading. With a single expert there is nothing to leave out: `left_out` and `alone` are then empty.

    Attributes:
        left_out: the calibrated probability without each expert, by name.
        alone: the calibrated probability by each expert alone, by name.
        attention: each expert's map by name, float32 (rows, columns) of its last stage, 0 to 1, its own largest value
            being 1; all 0 where nothing it saw speaks for the positive class.
    """

    left_out: dict[str, float]
    alone: dict[str, float]
    attention: dict[str, Map]

    def to_dict(self) -> dict[str, Any]:
        """Return it as `assess --json` prints it."""
        maps = {name: np.round(one.astype(np.float64), 3).tolist() for name, one in self.attention.items()}
        return {"left_out": self.left_out, "alone": self.alone, "attention": maps}


def attention_on_frame(
    attention: Map, expert: str, regions: Regions, frame_shape: tuple[int, int]
) -> tuple[Map, NDArray[np.bool_]]:
    """Return an expert's map on the frame, float32 (rows, columns) 0 to 1, and the region it looked at, bool: the part
    read for the image expert, core or boundary for theirs. Outside its region an expert saw nothing, so nothing is shown."""
    size = regions.image.shape[0]
    region = {"core": regions.core, "boundary": regions.boundary}.get(expert, np.ones((size, size), bool))
    smooth = np.clip(cv2.resize(attention, (size, size), interpolation=cv2.INTER_CUBIC), 0, 1).astype(np.float32)
    return (
        on_frame(smooth * region, frame_shape, regions.part),
        on_frame(region, frame_shape, regions.part),
    )
