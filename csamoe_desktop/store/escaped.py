"""Escapes texts that SQLite cannot store, without loss; for example, a mask file's name may contain any bytes.

SQLite stores UTF-8, but Python represents undecodable bytes as lone surrogates (PEP 383). Such a text is stored in its
column as ASCII with Python's escapes, after a mark that no typed text begins with.
"""

import dataclasses

from csamoe_desktop.names import shown
from csamoe_desktop.store.lesions import StoredLesion

_MARK = "\x1a"


def escaped(text: str) -> str:
    """Return `text` in a form that the store accepts; unchanged where possible."""
    if "\0" not in text and not text.startswith(_MARK):
        try:
            text.encode("utf-8")
        except UnicodeEncodeError:
            pass
        else:
            return text
    return _MARK + text.encode("unicode_escape").decode("ascii")


def unescaped(text: str) -> str:
    """Return the text before `escaped`; a spoilt text is returned unchanged."""
    if not text.startswith(_MARK):
        return text
    try:
        return text[len(_MARK) :].encode("ascii").decode("unicode_escape")
    except UnicodeError:
        return text


def lesion_escaped(kept: StoredLesion) -> StoredLesion:
    """Return a lesion with texts that the store accepts."""
    description = kept.description
    if description is not None and escaped(description.name) != description.name:
        # Its length is limited, so it is not escaped: characters that cannot be shown were never typed.
        description = dataclasses.replace(description, name=shown(description.name))
    return dataclasses.replace(
        kept,
        source=escaped(kept.source),
        notes=tuple(map(escaped, kept.notes)),
        comment=escaped(kept.comment),
        description=description,
    )


def lesion_unescaped(kept: StoredLesion) -> StoredLesion:
    """Return a lesion with its texts before `lesion_escaped`."""
    return dataclasses.replace(
        kept,
        source=unescaped(kept.source),
        notes=tuple(map(unescaped, kept.notes)),
        comment=unescaped(kept.comment),
    )
