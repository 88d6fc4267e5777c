"""The words by which a file says what was examined, in several languages: the table resources/guard/organs.json.

A word of the table stands for itself; one that ends in a star for all that begins so; one of Chinese, Japanese or Korean
for any place that it stands in, as these are written without spaces. Case, accents and what joins words (`_`, `/`, `^`, a
capital in mid-word) do not count.
"""

import json
import re
import unicodedata
from dataclasses import dataclass
from functools import cache

from csamoe_desktop import paths
from csamoe_desktop.errors import UserError

FORMAT = 1

_CAPITAL_WITHIN = re.compile(r"(?<=[a-zà-ÿ])(?=[A-Z])")
_NO_LETTER = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True)
class Words:
    """Words that mean one thing: phrases as they stand, beginnings, and parts."""

    pattern: re.Pattern[str]

    def among(self, text: str) -> bool:
        """Return whether `text` holds one of them."""
        return any(self.pattern.search(f" {plain(one)} ") for one in (text, _CAPITAL_WITHIN.sub(" ", text)))


@dataclass(frozen=True, slots=True)
class Organ:
    """Something that is examined and is no breast: its name, words, the words that hint at it, and its codes."""

    name: str
    words: Words
    hints: Words | None
    codes: frozenset[str]


@dataclass(frozen=True, slots=True)
class Organs:
    """The table: the words of the breast, those of all else, and those of man."""

    breast: Words
    organs: tuple[Organ, ...]
    human: Words


def plain(text: str) -> str:
    """Return text in small letters without accents, its words parted by one space."""
    apart = unicodedata.normalize("NFKD", text.casefold().replace("œ", "oe").replace("ł", "l").replace("ø", "o"))
    bare = "".join(one for one in apart if not unicodedata.combining(one) or _east(one))
    # Hangul and kana are put together again, as the table has them.
    return " ".join(_NO_LETTER.sub(" ", unicodedata.normalize("NFKC", bare)).split())


@cache
def load_organs() -> Organs:
    """Return the table.

    Raises:
        UserError: it is missing or not in order.
    """
    file = paths.resources() / "guard" / "organs.json"
    try:
        told = json.loads(file.read_text(encoding="utf-8"))
        if told["format"] != FORMAT:
            raise ValueError(f"format {told['format']!r}")
        return Organs(
            breast=_words(told["breast"]),
            organs=tuple(
                Organ(
                    one["name"],
                    _words(one["words"]),
                    _words(told["perhaps"][one["name"]]) if one["name"] in told["perhaps"] else None,
                    frozenset(one["codes"]),
                )
                for one in told["organs"]
            ),
            human=_words(told["human"]),
        )
    except (OSError, ValueError, KeyError, TypeError) as problem:
        raise UserError(f"The table {file} cannot be used: {problem}.", "Install the program anew.") from problem


def _words(told: list[str]) -> Words:
    parts = []
    for word in told:
        beginning = word.endswith("*")
        bare = re.escape(plain(word.rstrip("*")))
        if any(_east(one) for one in word):
            parts.append(bare)
        else:
            parts.append(f" {bare}" if beginning else f" {bare} ")
    if not parts:
        raise ValueError("no words")
    return Words(re.compile("|".join(parts)))


def _east(letter: str) -> bool:
    """Return whether a letter is Chinese, Japanese or Korean, or a mark of kana."""
    return "\u1100" <= letter <= "\u11ff" or "\u2e80" <= letter <= "\u9fff" or "\uac00" <= letter <= "\ud7af"
