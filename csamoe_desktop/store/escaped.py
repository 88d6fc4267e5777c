"""Texts that SQLite does not take, as it takes them, without a loss: the name of a mask's file may be of any bytes.

SQLite's texts are UTF-8, and Python keeps what is none in half letters (PEP 383). Such a text is kept with Python's escapes,
in ASCII, behind a mark that no typed text begins with, in the column where it belongs.
"""

import dataclasses

from csamoe_desktop.names import shown
from csamoe_desktop.store.lesions import StoredLesion

_MARK = "\x1a"


def escaped(text: str) -> str:
    """Return `text` as the store takes it: as it is wherever that goes."""
    if "\0" not in text and not text.startswith(_MARK):
        try:
            text.encode("utf-8")
        except UnicodeEncodeError:
            pass
        else:
            return text
    return _MARK + text.encode("unicode_escape").decode("ascii")


def unescaped(text: str) -> str:
    """Return what `escaped` was given; a text that is spoilt as it is."""
    if not text.startswith(_MARK):
        return text
    try:
        return text[len(_MARK) :].encode("ascii").decode("unicode_escape")
    except UnicodeError:
        return text


def lesion_escaped(kept: StoredLesion) -> StoredLesion:
    """Return a lesion whose texts the store takes."""
    description = kept.description
    if description is not None and escaped(description.name) != description.name:
        # Its length is limited; it is typed, and what cannot be shown was never typed.
        description = dataclasses.replace(description, name=shown(description.name))
    return dataclasses.replace(
        kept,
        source=escaped(kept.source),
        notes=tuple(map(escaped, kept.notes)),
        comment=escaped(kept.comment),
        description=description,
    )


def lesion_unescaped(kept: StoredLesion) -> StoredLesion:
    """Return a lesion with its texts as they were before `lesion_escaped`."""
    return dataclasses.replace(
        kept,
        source=unescaped(kept.source),
        notes=tuple(map(unescaped, kept.notes)),
        comment=unescaped(kept.comment),
    )
