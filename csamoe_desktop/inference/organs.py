"""The words that name the examined organ in a file, in several languages: the table resources/guard/organs.json.

A word in the table matches a whole word; a word that ends in a star matches all words that begin with it. A Chinese, Japanese or
Korean word matches anywhere in the text, as these are written without spaces. Case, accents and the characters that join words
(`_`, `/`, `^`, a capital inside a word) are ignored.
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
    """Words with the same meaning, compiled to one pattern."""

    pattern: re.Pattern[str]

    def among(self, text: str) -> bool:
        """Return whether `text` contains one of the words."""
        return any(self.pattern.search(f" {plain(form)} ") for form in (text, _CAPITAL_WITHIN.sub(" ", text)))


@dataclass(frozen=True, slots=True)
class Organ:
    """An examined organ other than the breast: its name, its words, words that only hint at it, and its codes."""

    name: str
    words: Words
    hints: Words | None
    codes: frozenset[str]


@dataclass(frozen=True, slots=True)
class Organs:
    """The table: words for the breast, the other organs, and words for the human species."""

    breast: Words
    organs: tuple[Organ, ...]
    human: Words


def plain(text: str) -> str:
    """Return text in lower case without accents, its words separated by single spaces."""
    decomposed = unicodedata.normalize("NFKD", text.casefold().replace("œ", "oe").replace("ł", "l").replace("ø", "o"))
    bare = "".join(letter for letter in decomposed if not unicodedata.combining(letter) or _is_cjk(letter))
    # Hangul and kana are composed again, as they are in the table.
    return " ".join(_NO_LETTER.sub(" ", unicodedata.normalize("NFKC", bare)).split())


@cache
def load_organs() -> Organs:
    """Return the table.

    Raises:
        UserError: the table is missing or damaged.
    """
    file = paths.resources() / "guard" / "organs.json"
    try:
        table = json.loads(file.read_text(encoding="utf-8"))
        if table["format"] != FORMAT:
            raise ValueError(f"format {table['format']!r}")
        return Organs(
            breast=_words(table["breast"]),
            organs=tuple(
                Organ(
                    organ["name"],
                    _words(organ["words"]),
                    _words(table["perhaps"][organ["name"]]) if organ["name"] in table["perhaps"] else None,
                    frozenset(organ["codes"]),
                )
                for organ in table["organs"]
            ),
            human=_words(table["human"]),
        )
    except (OSError, ValueError, KeyError, TypeError) as problem:
        raise UserError(f"The table {file} cannot be used: {problem}.", "Install the program again.") from problem


def _words(words: list[str]) -> Words:
    patterns = []
    for word in words:
        is_beginning = word.endswith("*")
        bare = re.escape(plain(word.rstrip("*")))
        if any(_is_cjk(letter) for letter in word):
            patterns.append(bare)
        else:
            patterns.append(f" {bare}" if is_beginning else f" {bare} ")
    if not patterns:
        raise ValueError("no words")
    return Words(re.compile("|".join(patterns)))


def _is_cjk(letter: str) -> bool:
    """Return whether a letter is Chinese, Japanese or Korean, or a kana mark."""
    return "\u1100" <= letter <= "\u11ff" or "\u2e80" <= letter <= "\u9fff" or "\uac00" <= letter <= "\ud7af"
