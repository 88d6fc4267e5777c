"""A lesion's finished mask: its pixels, how it was made, and from what."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray


class Author(StrEnum):
    """How a mask was made, in the words of the panel and the report."""

    DRAWN = "drawn"
    IMPORTED = "imported"
    EDITED = "imported, then edited"
    PROPOSED = "proposed, accepted"
    CORRECTED = "proposed, then corrected"
    NONE = "none"

    @property
    def once_drawn_on(self) -> "Author":
        """The author of the mask after the reader has drawn on it without emptying it."""
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
        author: how it was made.
        source: the name of the file it was imported from, or of the model that proposed it, or "".
        notes: what the import guessed or changed, one sentence each.
    """

    pixels: NDArray[np.bool_]
    author: Author
    source: str = ""
    notes: tuple[str, ...] = ()
