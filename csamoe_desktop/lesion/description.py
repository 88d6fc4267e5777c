"""The reader's description of a lesion: its name and location. Nothing in it is measured or guessed."""

import dataclasses
import uuid
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Self

MOST_DISTANCE_MM = 200.0
LONGEST_NAME = 60


class Side(StrEnum):
    """The breast that the lesion is in."""

    UNSAID = ""
    RIGHT = "right"
    LEFT = "left"


class View(StrEnum):
    """The orientation of the probe on this image."""

    UNSAID = ""
    RADIAL = "radial"
    ANTIRADIAL = "antiradial"
    TRANSVERSE = "transverse"
    LONGITUDINAL = "longitudinal"


OF_THE_LESION = ("name", "side", "clock", "distance_mm")
"""The fields that hold in every view of a lesion; the orientation of the probe belongs to each view."""
OF_THE_IMAGE = ("side",)
"""The fields that hold for every lesion on an image."""


@dataclass(frozen=True, slots=True)
class Description:
    """The reader's description of one lesion on one image.

    Attributes:
        name: the reader's name for it, or "" to use its number on the image.
        side: the breast that it is in.
        clock: the position on the breast's clock face, 1 to 12, or None.
        distance_mm: the distance from the nipple, or None.
        view: the orientation of the probe.
        identity: identifies the lesion: outlines with the same identity on two images are two views of one lesion.
    """

    name: str = ""
    side: Side = Side.UNSAID
    clock: int | None = None
    distance_mm: float | None = None
    view: View = View.UNSAID
    identity: str = field(default_factory=lambda: uuid.uuid4().hex)

    def __post_init__(self) -> None:
        if self.clock is not None and not 1 <= self.clock <= 12:
            raise ValueError(f"a clock position of {self.clock}")
        if self.distance_mm is not None and not 0 <= self.distance_mm <= MOST_DISTANCE_MM:
            raise ValueError(f"a distance of {self.distance_mm} mm from the nipple")
        if len(self.name) > LONGEST_NAME:
            raise ValueError("a name too long")

    @property
    def said(self) -> bool:
        """Whether the reader has described anything."""
        return bool(self.name or self.side or self.clock or self.distance_mm is not None or self.view)

    @property
    def said_of_lesion(self) -> bool:
        """Whether the reader has described anything about this lesion alone; side and view hold for the whole image."""
        return bool(self.name or self.clock or self.distance_mm is not None)

    def agreeing(
        self, before: "Description", now: "Description", names: tuple[str, ...] = OF_THE_LESION
    ) -> "Description":
        """Return this description updated for a change from `before` to `now` in another view of the same lesion: a field
        that changed there changes here too, unless this view has a different value of its own."""
        empty = Description()
        new = {
            name: getattr(now, name)
            for name in names
            if getattr(now, name) != getattr(before, name)
            and getattr(self, name) in (getattr(empty, name), getattr(before, name))
        }
        return dataclasses.replace(self, **new)

    def title(self, number: int) -> str:
        """Return the lesion's name; `number` is its number on the image."""
        return self.name or f"Lesion {number}"

    def place(self) -> str:
        """Return its location, such as "right breast, 10 o'clock, 40 mm from the nipple", or ""."""
        return ", ".join(
            filter(
                None,
                (
                    f"{self.side.value} breast" if self.side else "",
                    f"{self.clock} o'clock" if self.clock else "",
                    f"{self.distance_mm:g} mm from the nipple" if self.distance_mm is not None else "",
                ),
            )
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the description as stored and as in a JSON report."""
        return {
            "name": self.name,
            "side": self.side.value,
            "clock": self.clock,
            "distance_mm": self.distance_mm,
            "view": self.view.value,
            "identity": self.identity,
        }

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> Self:
        """Return the description from the result of `to_dict`.

        Raises:
            ValueError, TypeError, KeyError: it is not such a result.
        """
        clock, distance = stored["clock"], stored["distance_mm"]
        return cls(
            name=str(stored["name"]),
            side=Side(stored["side"]),
            clock=None if clock is None else int(clock),
            distance_mm=None if distance is None else float(distance),
            view=View(stored["view"]),
            identity=str(stored["identity"]),
        )
