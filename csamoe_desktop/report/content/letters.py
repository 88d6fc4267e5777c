"""Text from files and users, made fit for a report: clean letters, capitals, quotations of a model card."""

import unicodedata

from csamoe_desktop.names import shown
from csamoe_desktop.wording import Wording


def capital(words: str) -> str:
    """Return the text with its first letter capitalised."""
    return words[:1].upper() + words[1:]


def clean(text: str, keep_lines: bool = False) -> str:
    """Return `text` without control characters (a file may hold any), on one line unless `keep_lines`."""
    lines = [
        " ".join(shown("".join(" " if unicodedata.category(letter) == "Cc" else letter for letter in line)).split())
        for line in text.splitlines()
    ]
    return "\n".join(lines).strip("\n") if keep_lines else " ".join(line for line in lines if line)


def card_words(text: str, say: Wording) -> str:
    """Return a text of a model card in the report's language, or quoted in English where there is no translation."""
    english = clean(text)
    translation = say.translate(english)
    has_words = any(letter.isascii() and letter.isalpha() for letter in english)
    if translation != english or say.language == "en" or not has_words:
        return translation
    return say("“{words}” (quoted from the model card)", words=english)
