"""The cases a network was trained on, as its fused feature shows them: how near a reading lies, and what the nearest were.

A bundle may keep them in cases.safetensors: features and labels, no images. `csamoe-desktop cases` writes them.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from csamoe_desktop.errors import UserError
from csamoe_desktop.files import write_whole
from csamoe_desktop.inference.bundle import Bundle
from csamoe_desktop.networks.cards import ModelCard
from csamoe_desktop.untrusted import inside

CASES = "cases.safetensors"
NEAREST = 20
"""So many of the nearest are looked at."""

_MOST_BYTES = 500_000_000
_FARTHEST = 2.0
"""One minus a cosine is never more."""

Features = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Nearest:
    """What the nearest known cases of a reading were.

    Attributes:
        count: how many were looked at.
        positive: how many of them were of the positive class.
        distance: their mean distance, one minus the cosine of the features.
        limit: 99 % of the validation images lie within it.
    """

    count: int
    positive: int
    distance: float
    limit: float

    @property
    def unlike(self) -> bool:
        """Whether the reading lies farther from all that the network knows than nearly every validation image."""
        return self.distance > self.limit

    def to_dict(self) -> dict[str, Any]:
        """Return it as `assess --json` prints it."""
        return {"count": self.count, "positive": self.positive, "distance": self.distance, "limit": self.limit}


class KnownCases:
    """The features [N, C] of the training images, whether each was of the positive class [N], and the limit."""

    def __init__(self, features: Features, positive: NDArray[np.bool_], limit: float = float("nan")) -> None:
        self._features = _unit(features)
        self._positive = positive
        self.limit = limit

    @property
    def width(self) -> int:
        """How many numbers a feature has."""
        return int(self._features.shape[1])

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._features)

    def nearest(self, feature: NDArray[Any]) -> Nearest:
        """Return what the nearest cases of a feature [C] were."""
        apart = 1 - self._features @ _unit(np.asarray(feature, np.float32)[None])[0]
        count = min(NEAREST, len(apart))
        places = np.argpartition(apart, count - 1)[:count]
        # Rounding may leave a distance to itself just below nothing.
        distance = max(0.0, float(apart[places].mean()))
        return Nearest(count, int(self._positive[places].sum()), distance, self.limit)


def read_cases(bundle: Bundle) -> KnownCases | None:
    """Return the cases kept in a bundle, or None where it keeps none.

    Raises:
        UserError: the file is damaged, or was made with other weights.
    """
    file = bundle.folder / CASES
    if not file.is_file():
        return None
    refusal = foreign_cases(bundle.card)
    try:
        if not inside(file, bundle.folder) or file.stat().st_size > _MOST_BYTES:
            raise refusal
        with safe_open(file, framework="numpy") as opened:
            told = opened.metadata() or {}
            features, positive = opened.get_tensor("features"), opened.get_tensor("positive")
        limit = float(told["limit"])
    except (SafetensorError, OSError, KeyError, ValueError, TypeError, RuntimeError, MemoryError) as problem:
        raise refusal from problem
    if (
        told.get("weights_sha256") != bundle.card.sha256
        or features.ndim != 2
        or positive.shape != features.shape[:1]
        or not features.size
        or not np.isfinite(np.asarray(features, np.float32)).all()
        or not np.isin(positive, (0, 1)).all()
        or not 0 < limit <= _FARTHEST
    ):
        raise refusal
    return KnownCases(features.astype(np.float32), positive.astype(bool), limit)


def foreign_cases(card: ModelCard) -> UserError:
    """Return the refusal of known cases that are damaged, or another network's."""
    return UserError(
        f"The known cases of {card.name} do not belong to its weights.", "Copy the whole model folder again."
    )


def write_cases(bundle: Bundle, features: Features, positive: NDArray[np.bool_], limit: float) -> Path:
    """Keep the cases in the bundle, in half precision, and return their file."""
    file = bundle.folder / CASES
    tensors: dict[str, NDArray[Any]] = {
        "features": np.ascontiguousarray(_unit(features), np.float16),
        "positive": positive.astype(np.uint8),
    }
    told = {"limit": repr(limit), "weights_sha256": bundle.card.sha256}
    write_whole(file, lambda path: save_file(tensors, path, told))
    return file


def _unit(features: Features) -> Features:
    lengths = np.linalg.norm(features, axis=1, keepdims=True)
    return np.asarray(features / np.maximum(lengths, 1e-12), np.float32)
