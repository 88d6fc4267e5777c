"""The reader's free text on the examination as a whole: indication, comparison and technique."""

import dataclasses
from dataclasses import dataclass
from typing import Any

from csamoe_desktop.errors import UserError
from csamoe_desktop.wording import Wording

MOST_CHARACTERS = 1000
"""In each of the three texts: about ten lines of the printed report."""


@dataclass(frozen=True, slots=True)
class Examination:
    """Indication, comparison and technique: free text of several lines each, or "".

    Attributes:
        indication: the reason for the examination.
        comparison: the earlier examinations used for comparison.
        technique: how the images were acquired.

    Raises:
        UserError: a text is longer than MOST_CHARACTERS.
    """

    indication: str = ""
    comparison: str = ""
    technique: str = ""

    def __post_init__(self) -> None:
        for name, text in self.to_dict().items():
            if len(text) > MOST_CHARACTERS:
                raise UserError(f"The {name} has {len(text)} characters.", f"Shorten it to {MOST_CHARACTERS} or fewer.")

    @property
    def given(self) -> bool:
        """Whether any of the texts is filled in."""
        return any(text.strip() for text in self.to_dict().values())

    def to_dict(self) -> dict[str, str]:
        """Return the three texts by name."""
        return dataclasses.asdict(self)


def examination_from(stored: Any) -> Examination:
    """Return the examination that `to_dict` stored.

    Raises:
        ValueError: the value has another form, or a text is too long.
    """
    names = [field.name for field in dataclasses.fields(Examination)]
    if not isinstance(stored, dict) or not all(isinstance(stored.get(name), str) for name in names):
        raise ValueError("an examination has three texts")
    try:
        return Examination(*(stored[name] for name in names))
    except UserError as problem:
        raise ValueError(problem.message) from problem


def usual_technique(say: Wording) -> str:
    """Return the technique that is suggested to a reader who has not set a default."""
    return say("B-mode ultrasound, single images")
