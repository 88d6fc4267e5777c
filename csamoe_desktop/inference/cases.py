"""The training images nearest to a lesion, by the network's fused feature: their labels and their distance.

A bundle may have the features and labels of its training images in cases.safetensors, without the images.
`csamoe-desktop cases` writes this file.
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
"""The number of nearest training images that are used."""

_MOST_BYTES = 500_000_000
_FARTHEST = 2.0
"""The largest possible value of one minus a cosine."""

Features = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Nearest:
    """The training images nearest to a lesion.

    Attributes:
        count: the number of training images used.
        positive: how many of them are of the positive class.
        distance: their mean distance, one minus the cosine of the features.
        limit: the distance within which 99 % of the validation images lie.
    """

    count: int
    positive: int
    distance: float
    limit: float

    @property
    def unlike(self) -> bool:
        """Whether the lesion is farther from the training images than 99 % of the validation images."""
        return self.distance > self.limit

    def to_dict(self) -> dict[str, Any]:
        """Return it as `assess --json` prints it."""
        return {"count": self.count, "positive": self.positive, "distance": self.distance, "limit": self.limit}


class KnownCases:
    """The features [N, C] of the training images, whether each is of the positive class [N], and the distance limit."""

    def __init__(self, features: Features, positive: NDArray[np.bool_], limit: float = float("nan")) -> None:
        self._features = _unit(features)
        self._positive = positive
        self.limit = limit

    @property
    def width(self) -> int:
        """The length C of a feature."""
        return int(self._features.shape[1])

    def __len__(self) -> int:
        """Return the number N of training images."""
        return len(self._features)

    def nearest(self, feature: NDArray[Any]) -> Nearest:
        """Return the training images nearest to a feature [C]."""
        distances = 1 - self._features @ _unit(np.asarray(feature, np.float32)[None])[0]
        count = min(NEAREST, len(distances))
        places = np.argpartition(distances, count - 1)[:count]
        # Rounding can make the distance of a feature to itself slightly negative.
        distance = max(0.0, float(distances[places].mean()))
        return Nearest(count, int(self._positive[places].sum()), distance, self.limit)


def read_cases(bundle: Bundle) -> KnownCases | None:
    """Return the training features in a bundle, or None if it has none.

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
            metadata = opened.metadata() or {}
            features, positive = opened.get_tensor("features"), opened.get_tensor("positive")
        limit = float(metadata["limit"])
    except (SafetensorError, OSError, KeyError, ValueError, TypeError, RuntimeError, MemoryError) as problem:
        raise refusal from problem
    if (
        metadata.get("weights_sha256") != bundle.card.sha256
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
    """Return the error for training features that are damaged or belong to another network."""
    return UserError(
        f"The file {CASES} of {card.name} is damaged or does not belong to its weights.",
        "Copy the whole model folder again.",
    )


def write_cases(bundle: Bundle, features: Features, positive: NDArray[np.bool_], limit: float) -> Path:
    """Write the training features into the bundle, in half precision, and return the file."""
    file = bundle.folder / CASES
    tensors: dict[str, NDArray[Any]] = {
        "features": np.ascontiguousarray(_unit(features), np.float16),
        "positive": positive.astype(np.uint8),
    }
    metadata = {"limit": repr(limit), "weights_sha256": bundle.card.sha256}
    write_whole(file, lambda path: save_file(tensors, path, metadata))
    return file


def _unit(features: Features) -> Features:
    lengths = np.linalg.norm(features, axis=1, keepdims=True)
    return np.asarray(features / np.maximum(lengths, 1e-12), np.float32)
