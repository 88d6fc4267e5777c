"""What a lesion is called and where it lies, as the reader says it; nothing of it is measured or guessed."""

import dataclasses
import uuid
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Self

MOST_DISTANCE_MM = 200.0
LONGEST_NAME = 60


class Side(StrEnum):
    """Of which breast."""

    UNSAID = ""
    RIGHT = "right"
    LEFT = "left"


class View(StrEnum):
    """How the probe was held on this image."""

    UNSAID = ""
    RADIAL = "radial"
    ANTIRADIAL = "antiradial"
    TRANSVERSE = "transverse"
    LONGITUDINAL = "longitudinal"


OF_THE_LESION = ("name", "side", "clock", "distance_mm")
"""What is true of a lesion in every view; how the probe was held is each view's own."""
OF_THE_IMAGE = ("side",)
"""What is true of every lesion on an image."""


@dataclass(frozen=True, slots=True)
class Description:
    """One lesion on one image in the reader's words.

    Attributes:
        name: what the reader calls it, or "": then it is called by its number on the image.
        side: of which breast.
        clock: the position on the breast's clock face, 1 to 12, or None.
        distance_mm: from the nipple, or None.
        view: how the probe was held.
        identity: the lesion itself: what is marked on two images under one identity is one lesion in two views.
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
        """Whether the reader has said anything."""
        return bool(self.name or self.side or self.clock or self.distance_mm is not None or self.view)

    @property
    def said_of_lesion(self) -> bool:
        """Whether the reader has said anything that is not true of every lesion on the image, as side and view are."""
        return bool(self.name or self.clock or self.distance_mm is not None)

    def agreeing(
        self, before: "Description", now: "Description", names: tuple[str, ...] = OF_THE_LESION
    ) -> "Description":
        """Return this description of another view of a lesion, of which was said `before` and is said `now`: what is new
        there holds here too, unless something else was said here."""
        unsaid = Description()
        new = {
            name: getattr(now, name)
            for name in names
            if getattr(now, name) != getattr(before, name)
            and getattr(self, name) in (getattr(unsaid, name), getattr(before, name))
        }
        return dataclasses.replace(self, **new)

    def title(self, number: int) -> str:
        """Return what the lesion is called; `number` is its number on the image."""
        return self.name or f"Lesion {number}"

    def place(self) -> str:
        """Return where it lies, such as "right breast, 10 o'clock, 40 mm from the nipple", or ""."""
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
        """Return it as the store and a JSON report hold it."""
        return {
            "name": self.name,
            "side": self.side.value,
            "clock": self.clock,
            "distance_mm": self.distance_mm,
            "view": self.view.value,
            "identity": self.identity,
        }

    @classmethod
    def from_dict(cls, told: dict[str, Any]) -> Self:
        """Return what `to_dict` gave.

        Raises:
            ValueError, TypeError, KeyError: it is something else.
        """
        clock, distance = told["clock"], told["distance_mm"]
        return cls(
            name=str(told["name"]),
            side=Side(told["side"]),
            clock=None if clock is None else int(clock),
            distance_mm=None if distance is None else float(distance),
            view=View(told["view"]),
            identity=str(told["identity"]),
        )
