"""What the reader says of the examination as a whole, in words of their own: what it was made for, what its images were
compared with, and how they were made."""

import dataclasses
from dataclasses import dataclass
from typing import Any

from csamoe_desktop.errors import UserError
from csamoe_desktop.wording import Wording

MOST_CHARACTERS = 1000
"""In each of the three: about ten lines of the paper."""


@dataclass(frozen=True, slots=True)
class Examination:
    """The head of a report, each part free text of several lines, "" where nothing is said.

    Attributes:
        indication: what the examination was made for.
        comparison: the earlier examinations that it was compared with.
        technique: how its images were made.

    Raises:
        UserError: one of them has more than MOST_CHARACTERS.
    """

    indication: str = ""
    comparison: str = ""
    technique: str = ""

    def __post_init__(self) -> None:
        for name, told in self.to_dict().items():
            if len(told) > MOST_CHARACTERS:
                raise UserError(
                    f"The {name} has {len(told)} characters.", f"A report takes up to {MOST_CHARACTERS} of them."
                )

    @property
    def given(self) -> bool:
        """Whether anything is said."""
        return any(told.strip() for told in self.to_dict().values())

    def to_dict(self) -> dict[str, str]:
        """Return the three by their names."""
        return dataclasses.asdict(self)


def examination_from(told: Any) -> Examination:
    """Return what `to_dict` told.

    Raises:
        ValueError: it is something else, or too long.
    """
    names = [one.name for one in dataclasses.fields(Examination)]
    if not isinstance(told, dict) or not all(isinstance(told.get(name), str) for name in names):
        raise ValueError("an examination has three texts")
    try:
        return Examination(*(told[name] for name in names))
    except UserError as problem:
        raise ValueError(problem.message) from problem


def usual_technique(say: Wording) -> str:
    """Return the technique that is proposed to a reader who has none of their own."""
    return say("B-mode ultrasound, single images")
