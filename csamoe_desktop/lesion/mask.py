"""A lesion's mask as the program passes it on: its pixels, who made it and from what."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray


class Author(StrEnum):
    """Who made a mask, as the panel and the report say it."""

    DRAWN = "drawn"
    IMPORTED = "imported"
    EDITED = "imported, then edited"
    PROPOSED = "proposed, accepted"
    CORRECTED = "proposed, then corrected"
    NONE = "none"

    @property
    def once_drawn_on(self) -> "Author":
        """Who made a mask of this author's after the reader has drawn on it and something of it is left."""
        return _DRAWN_ON.get(self, Author.DRAWN)


_DRAWN_ON = {
    Author.IMPORTED: Author.EDITED,
    Author.EDITED: Author.EDITED,
    Author.PROPOSED: Author.CORRECTED,
    Author.CORRECTED: Author.CORRECTED,
}


@dataclass(frozen=True, slots=True, eq=False)
class LesionMask:
    """A finished mask.

    Attributes:
        pixels: bool (rows, columns), the frame's shape.
        author: who made it.
        source: the name of the file it was imported from, or of the model that proposed it, or "".
        notes: what was guessed or changed when it was imported, one sentence each.
    """

    pixels: NDArray[np.bool_]
    author: Author
    source: str = ""
    notes: tuple[str, ...] = ()
